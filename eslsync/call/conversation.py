"""One call's control connection, as its handler uses it: commands, replies, events and waits.

Commands go out and replies come back; events arrive and wait for their turn. All events and
callbacks belong to the handler's thread. Events queue in ``backlog``; a blocking call takes them
from there in order, runs their callbacks, and returns when it reaches the one it waits for.
While a callback runs, later events wait; only blocking calls inside the callback look at them.

`Ending` decides how a conversation ends.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection, Sequence
from itertools import count
from queue import Empty, SimpleQueue
from threading import get_ident
from typing import TYPE_CHECKING, TypeVar

from ..callables import check_returned
from ..clock import REAL, Clock, Deadline, sooner
from ..wire.exceptions import (
    CommandError,
    Disconnected,
    ESLError,
    Hangup,
    ProtocolError,
    TimeoutError,
    in_a_log,
)
from ..wire.message import (
    NOT_FOUND,
    ConnectReply,
    DisconnectNotice,
    Event,
    LogData,
    Message,
    Reply,
)
from ..wire.protocol import encode_command
from ..wire.redaction import Redactor
from .backlog import Backlog
from .callbacks import Callback, Callbacks, HangupCallback
from .connection import ALWAYS_WANTED, Arrived, Connection, Inbox, NothingMore, Pending
from .ending import Ending, Stage
from .job import Jobs
from .leg import Leg
from .posted import POSTED, Posts
from .subscription import Subscription, unknown_event
from .typeahead import TypeAhead
from .watching import Wait, Watcher, described, too_late

if TYPE_CHECKING:
    from .execution import UnderWay

__all__ = ["Conversation", "Late", "Ready"]

logger = logging.getLogger("eslsync")

T = TypeVar("T")

#: The maximum number of events, and of their bytes, that wait for their turn while a callback
#: runs. Beyond either, the oldest is dropped, counted and logged. An average event is 5 KB.
MAX_BACKLOG = 1000
MAX_BACKLOG_BYTES = 8 * 1024 * 1024
#: Messages up to this late (seconds) still count as on time (clock rounding).
IN_TIME = 0.001
#: Events that can end or change any wait, and so are noted when they arrive.
TELLING = frozenset({"BACKGROUND_JOB", "CHANNEL_EXECUTE_COMPLETE", POSTED, *ALWAYS_WANTED})
#: Those that are kept until a wait takes them.
KEPT = frozenset({"DTMF", POSTED})
#: What a socket without async can't do: FreeSWITCH reads the channel only while an application
#: runs, and sends its events afterwards (recordings 06a, 06h).
LATE_ON_SYNC = {
    "DTMF": "a digit arrives when the next application has read it; use play_and_get_digits",
    **dict.fromkeys(
        ("TALK", "NOTALK", "DETECTED_SPEECH", "DETECTED_TONE"),
        "what the caller says is heard only while an application runs, and told after it: use one",
    ),
    "CHANNEL_HANGUP_COMPLETE": "CHANNEL_HANGUP_COMPLETE never comes; use on_hangup",
}
#: The maximum number of unread events while the handler sleeps, and while it works. The legs'
#: states in them are rarely asked for, so they are read in batches.
MAX_RECENT = 4
MAX_RECENT_AT_WORK = 20

UP, OVER = Stage.UP, Stage.OVER


class Late(Exception):
    """The deadline of a wait has passed. Private, because callbacks may raise queue.Empty."""


#: Returns what a wait returns, or None to go on waiting. Called with None at first, then with each
#: event in its turn.
Ready = Callable[["Event | None"], "T | None"]


class Conversation:
    """One control connection, as the handler's thread uses it."""

    # Slots, since a dict of this many would be slow and large.
    __slots__ = (
        "_awaited",
        "_items",
        "_mark",
        "_numbers",
        "_thread",
        "_warned",
        "_watcher",
        "arrived",
        "backlog",
        "callbacks",
        "clock",
        "connection",
        "context",
        "dropped",
        "ending",
        "full",
        "hangup_callbacks",
        "ids",
        "inside",
        "jobs",
        "legs",
        "logger",
        "own",
        "posts",
        "recent",
        "redact",
        "subscription",
        "typeahead",
        "under_way",
    )

    def __init__(
        self, connection: Connection, clock: Clock, redact: Redactor | None = None
    ) -> None:
        self.connection = connection
        self.clock = clock
        self.redact = redact or Redactor()
        #: The library's logger, with the call's uuid in each record (``record.uuid``).
        self.logger: logging.LoggerAdapter[logging.Logger]
        self.logger = logging.LoggerAdapter(logger, {"uuid": None})
        self._thread = get_ident()
        self._awaited: object = None  # what the handler waits for
        self._watcher: Watcher | None = None

        #: The reply to ``connect``: the channel's data at the start.
        self.context = ConnectReply(b"")
        #: True if this socket may use every command (the word ``full`` in the dialplan).
        self.full = False
        self.subscription = Subscription()
        #: The leg on this socket; without a uuid until the switch has answered ``connect``.
        self.own = Leg(self, "", Event(b""))
        #: Our own leg and those added to the filter, by uuid.
        self.legs: dict[str, Leg] = {}
        self.ending = Ending(self.own, clock, self.subscription)
        #: The prefix of the ids of our applications and jobs (see `new_id`).
        self.ids = ""
        self._numbers = count(1)
        self.jobs = Jobs(self)
        #: Applications sent and not completed, in that order, by their Application-UUID.
        self.under_way: dict[str, UnderWay] = {}

        # Taken from the connection at once, and looked at one by one.
        self._items: deque[Arrived] = deque()
        #: The serial of the last event that arrived.
        self.arrived = 0
        #: The last events, not yet read for the legs' states and variables.
        self.recent: deque[Event] = deque()
        self._mark = 0  # inside a callback: serial of the last event an earlier wait saw
        #: Events that wait for their turn.
        self.backlog = Backlog(MAX_BACKLOG, MAX_BACKLOG_BYTES)
        self.typeahead = TypeAhead(self)
        self.posts = Posts(self)
        self.callbacks = Callbacks()
        #: Callbacks for the hangup that have not been called.
        self.hangup_callbacks: list[HangupCallback] = []
        #: The event whose callback runs; None while none does.
        self.inside: Event | None = None
        #: The number of events dropped because too many waited for their turn, or for a wait.
        self.dropped = 0
        self._warned: set[str] = set()

    @property
    def uuid(self) -> str:
        """The uuid of the leg on this socket."""
        return self.own.uuid

    @property
    def waiting_for(self) -> str | None:
        """What the handler waits for now, as text; None while it runs."""
        what = self._awaited
        return None if what is None else described(what)

    @property
    def in_callback(self) -> bool:
        """True while a callback or a digit handler runs."""
        return self.inside is not None

    def watch(self, watcher: Watcher | None) -> None:
        """Tell ``watcher`` when a wait begins or ends: see `Session.watch`."""
        self.check_thread()
        self._watcher = watcher

    # Threads and time

    def in_its_thread(self) -> bool:
        """True in the handler's thread."""
        return get_ident() == self._thread

    def check_thread(self) -> None:
        """Raise RuntimeError in any thread but the handler's."""
        if get_ident() != self._thread:
            raise RuntimeError(
                "only the handler's thread may wait for events: in other threads send commands, "
                "or execute applications with block=False"
            )

    def deadline(self, timeout: float | None) -> Deadline | None:
        """The moment ``timeout`` seconds from now."""
        return None if timeout is None else self.clock.deadline(timeout)

    def left(self, deadline: Deadline | None) -> float | None:
        """Seconds until the deadline, 0 if it has passed."""
        return self.clock.left(deadline)

    # Commands and replies

    def new_id(self) -> str:
        """Return an id for an application or a job of ours, which its event will contain.

        It begins with the channel's uuid and the Event-Sequence of the reply to ``connect``,
        since a transfer away and back makes another session of the same channel.
        """
        return f"{self.ids}/{next(self._numbers)}"

    def command(
        self,
        line: str,
        headers: Sequence[tuple[str, str]] = (),
        timeout: float | None = None,
        body: str = "",
    ) -> Reply:
        """Send a command and wait for its reply. Raises CommandError if that is a failure."""
        reply = self.exchange(line, headers, timeout, body)
        if not reply.ok and reply.refuses(line):
            raise self.refused(Pending(self.redact, line, headers), reply)
        self.subscription.note(line)
        return reply

    def api(self, command: str, timeout: float | None = None) -> str:
        """Run an api command and return what it printed: see `Session.api`."""
        return self.command(f"api {command}", timeout=timeout).text

    def getvar(self, name: str, timeout: float | None) -> str | None:
        """Return a variable by the command ``getvar``: see `Session.getvar`."""
        reply = self.exchange(f"getvar {name}", timeout=timeout)
        return None if reply.text == NOT_FOUND else reply.text

    def expect(self, event: str, leg: Leg | None) -> None:
        """Raise RuntimeError if an event about a leg (None: any, or none) would never arrive.

        An event that may be about no channel is let through the filters from now on.
        """
        if event == POSTED:
            return
        subscription = self.subscription
        if leg is None and subscription.filtered:
            opening = subscription.needed(event)
            if opening is not None:
                self.command(opening)
        subscription.check(event, None if leg is None else leg.uuid)
        if not subscription.is_async and event in LATE_ON_SYNC:
            self.warn_sync(LATE_ON_SYNC[event])

    def warn_sync(self, what: str) -> None:
        """Log once what this socket can't do, since it is not async."""
        if what not in self._warned:
            self._warned.add(what)
            self.logger.warning(
                "this socket is not async: %s, or write async behind its address in the dialplan, "
                "as in host:port async full",
                what,
            )

    def subscribe_to(self, *names: str) -> None:
        """Subscribe to the events among these that do not come yet."""
        missing = self.subscription.missing(*names)
        if missing:
            self.command(self.subscription.event(" ".join(sorted(missing))))

    def say(self, lines: Sequence[str], deadline: Deadline | None) -> None:
        """Send several commands at once, and wait for all their replies.

        Raises CommandError for the first that is refused.
        """
        if not lines:
            return
        sent = [Pending(self.redact, line, quiet=True) for line in lines]
        sent[-1].quiet = False  # its reply is the last to arrive
        self.connection.send(b"".join(map(encode_command, lines)), *sent)
        self.own_reply(sent[-1], deadline)
        for line, pending in zip(lines, sent, strict=True):
            if pending.reply is not None and not pending.reply.ok:
                raise self.refused(pending, pending.reply)
            self.subscription.note(line)

    def refused(self, command: Pending, reply: Reply) -> CommandError:
        """The error to raise for a command that was refused."""
        hint = ""
        if reply.text == NOT_FOUND and not self.full:
            hint = (
                "this socket may use only a few commands (recording 08c): "
                'write "full" behind its address in the dialplan, as in host:port async full'
            )
        elif reply.text == "-ERR no keywords supplied":
            hint = unknown_event(str(command))
        return CommandError(str(command), reply, reply.text, hint)

    def exchange(
        self,
        line: str,
        headers: Sequence[tuple[str, str]] = (),
        timeout: float | None = None,
        body: str = "",
    ) -> Reply:
        """Send a command, wait for its reply, and return that even if it is ``-ERR``."""
        if get_ident() == self._thread:
            deadline = self.deadline(timeout)
            return self.own_reply(self.send(line, headers, body), deadline)
        inbox: Inbox = SimpleQueue()
        pending = self.send(line, headers, body, inbox)
        return self._other_threads_reply(pending, inbox, REAL.deadline(timeout))

    def send(
        self,
        line: str,
        headers: Sequence[tuple[str, str]] = (),
        body: str = "",
        inbox: Inbox | None = None,
        *,
        quiet: bool = False,
    ) -> Pending:
        """Send a command without waiting for its reply. Other threads pass their ``inbox``."""
        data = encode_command(line, headers, body.encode("utf-8", "surrogateescape"))
        if line[:4].lower() == "exit":  # FreeSWITCH ignores the rest (mod_event_socket.c)
            self.ending.note_exit()
        if inbox is None and self.ending.failure is not None:
            self.raise_if_over()
        pending = Pending(self.redact, line, headers, inbox, quiet)
        self.connection.send(data, pending)
        return pending

    def own_reply(self, pending: Pending, deadline: Deadline | None) -> Reply:
        """Wait for the reply to a command of the handler's thread."""
        before, self._awaited = self._awaited, pending
        watched, ending = None, self.ending
        over = ending.stage is OVER
        try:
            if self._watcher is not None:
                watched = self._begins(pending, deadline, self.own, ())
            while not pending.told:
                if ending.failure is not None:
                    self.raise_if_over()
                if ending.stage is OVER:
                    last: float | None = ending.last_reply(over)
                else:
                    last = None
                try:
                    self.collect(sooner(deadline, last), ())
                except Late:
                    if last is None or (deadline is not None and deadline <= last):
                        raise
                    self.raise_if_over()
        except Late:
            raise too_late(pending, deadline, self.own) from None
        finally:
            self._awaited = before
            if watched is not None:
                self._ends(watched)
        assert pending.reply is not None
        return pending.reply

    def _other_threads_reply(
        self, pending: Pending, inbox: Inbox, deadline: Deadline | None
    ) -> Reply:
        try:
            reply = REAL.get(inbox, deadline)
        except Empty:
            raise too_late(pending, deadline, self.own) from None
        if isinstance(reply, NothingMore):
            why = reply.reason
            raise Disconnected(f"no reply to {str(pending)!r}: {why}") from why
        return reply

    def post(self, value: object) -> bool:
        """Wake the handler with a value, in any thread: see `Session.post`."""
        return self.ending.stage is not OVER and self.posts.post(value)

    # Arrivals

    def _next(
        self,
        deadline: float | None,
        wanted: Collection[str] | None = None,
        leg: Leg | None = None,
        *,
        skips: bool = False,
    ) -> Event | None:
        """Look at the next thing that arrived; wait for it until ``deadline``.

        Returns an event, for the caller to handle, or None if it was something else. Sleeps
        through events that are neither ``wanted`` (None: all are) nor have a callback; with
        ``skips`` these count as having had their turn. Raises `Late` if nothing arrived in time;
        what arrived later is left for the next call. With ``leg``, raises Hangup once the call
        or that leg has ended.
        """
        until, ending = deadline, self.ending
        if ending.stage is not UP or (leg is not None and leg.hangup_event is not None):
            if leg is not None:
                self.raise_if_gone(leg)
            until = ending.limit(deadline, leg)
        elif leg is not None and ending.failure is not None:
            self.raise_if_over()
        wakes = self.callbacks.wake_for(wanted) if self.callbacks else wanted
        items, recent = self._items, self.recent
        try:
            if not items:
                if len(recent) > MAX_RECENT:
                    self.read_recent()
                items.extend(self.connection.take(wakes, until))
            while items:
                # Otherwise a wait would last as long as there is something to look at.
                if until is not None and items[0][0] > until + IN_TIME:
                    raise Empty
                _, item = items.popleft()
                if not isinstance(item, Event):
                    self._see(item)
                    return None
                name = item.quick_name or item.name
                self.arrived = item.serial = self.arrived + 1
                recent.append(item)
                if name in TELLING:
                    self._keep_books(item, name)
                elif skips and wakes is not None and name not in wakes:
                    continue
                return item
        except Empty:
            ending.note_silence(until)
            if leg is not None:
                self.raise_if_gone(leg)
            if until == deadline:
                raise Late from None
        except ProtocolError as error:  # a malformed event, found when its name is read
            raise self.redact.error(error) from None
        return None

    def _see(self, item: Pending | NothingMore | Message) -> None:
        """Note an arrived item that is not an event."""
        if isinstance(item, Pending):
            item.told = True
            if item.quiet:  # refused
                self.under_way.pop(item.execution, None)
        elif isinstance(item, NothingMore):
            self.ending.note_failure(item.reason)
        elif isinstance(item, DisconnectNotice):
            self.ending.note_notice(item)
        elif isinstance(item, LogData) and self.logger.isEnabledFor(logging.DEBUG):
            for line in item.body.rstrip("\n").split("\n"):
                self.logger.debug("%s", in_a_log(self.redact(line)))

    def _keep_books(self, event: Event, name: str) -> None:
        """Note at once what an event says; its callbacks wait for their turn."""
        if name == "CHANNEL_EXECUTE_COMPLETE":
            under_way = self.under_way.pop(event.late_header("Application-UUID"), None)
            if under_way is not None:
                under_way.event = event
                under_way.leg.has_completed = True
                if under_way.leg.hangup_serial is not None:
                    under_way.leg.ended.append(under_way)
            elif event.late_header("Application") == "socket":
                leg = self.legs.get(event.uuid or "")
                if leg is not None:
                    leg.left_socket = True
        elif name == "BACKGROUND_JOB":
            self.jobs.complete(event)
        elif name != POSTED:
            leg = self.legs.get(event.uuid or "")
            if leg is not None and name == "DTMF":
                event.collected = leg.collects_digits
                if event.collected:
                    leg.last_collected = event.digit
            elif leg is not None:
                self.ending.note_hangup(leg, event)

    def collect(self, deadline: float | None, wanted: Collection[str] | None = None) -> None:
        """Look at the next thing that arrives; queue an event for its turn.

        Raises `Late` at the deadline.
        """
        event = self._next(deadline, wanted)
        if event is not None:
            self._keep(event)

    def pull(self) -> None:
        """Look at what has arrived already, without waiting and without running callbacks."""
        self.check_thread()
        self.pull_until(self.clock.now())

    def pull_until(self, deadline: float | None) -> None:
        """Look at what arrives until the deadline, without running callbacks."""
        try:
            while True:
                self.collect(deadline)
        except Late:
            pass

    def read_recent(self) -> None:
        """Note what the last events said of the legs' states and variables."""
        if self.recent:
            events = [*self.recent]
            events.reverse()
            for leg in self.legs.values():
                leg.read(events)
            self.recent.clear()

    def unread(self) -> list[Event]:
        """The unread events, and those not yet taken, the last first; for other threads.

        Takes no lock and removes nothing: signal handlers may ask.
        """
        # in the order in which events move on: one that moves meanwhile is seen twice, not missed
        untaken = self.connection.untaken
        items = [item for _, item in self._items.copy()]
        items = [*self.recent.copy(), *items, *untaken]
        events = []
        for item in reversed(items):
            try:
                if isinstance(item, Event) and item.name:
                    events.append(item)
            except ProtocolError:
                pass  # the handler's own wait will raise it
        return events

    def _keep(self, event: Event) -> None:
        self.backlog.append(event)
        while self.backlog.overfull:
            self._drop_one()

    def _drop_one(self) -> None:
        """Drop the oldest event that is no digit and has no callback, or else the oldest."""
        for event in self.backlog:
            if event.name not in KEPT and not self.callbacks.of(event):
                break
        else:
            event = self.backlog[0]
        self.backlog.remove(event)
        self.dropped += 1
        if self.dropped == 1:
            self.logger.warning(
                "more than %d events or %d bytes of them wait for a callback to return; "
                "dropping the oldest, %s first",
                MAX_BACKLOG,
                MAX_BACKLOG_BYTES,
                event.name,
            )

    # Waiting

    def until(
        self,
        what: object,
        ready: Ready[T],
        deadline: Deadline | None,
        leg: Leg | None = None,
        wanted: Collection[str] | None = None,
    ) -> T:
        """Take events in their turn until ``ready`` returns something; return that.

        ``what`` describes what is waited for (see `Wait.what`); ``wanted`` names the events that
        can end the wait, None for any. Raises TimeoutError at the deadline, and Hangup when the
        call or ``leg`` ends.
        """
        if get_ident() != self._thread:
            self.check_thread()
        before, self._awaited = self._awaited, what
        leg = leg or self.own
        watched = None
        result: T | None
        try:
            if self._watcher is not None:
                watched = self._begins(what, deadline, leg, wanted)
            if self.inside is not None:
                result = self._look_until(ready, deadline, leg, wanted)
            else:
                result = ready(None)
            while result is None:
                if self.backlog:
                    event: Event | None = self.backlog.popleft()
                else:
                    event = self._next(deadline, wanted, leg, skips=True)
                if event is not None:
                    self._mark = event.serial
                    if self.callbacks or event.quick_name in KEPT:
                        self._dispatch(event)
                result = ready(event)
        except Late:
            raise too_late(what, deadline, leg) from None
        finally:
            self._awaited = before
            if watched is not None:
                self._ends(watched)
        if len(self.recent) > MAX_RECENT_AT_WORK:
            self.read_recent()
        self._mark = self.arrived
        return result

    def _look_until(
        self, ready: Ready[T], deadline: Deadline | None, leg: Leg, wanted: Collection[str] | None
    ) -> T:
        """As `until`, inside a callback: events are looked at, and keep their turn for later."""
        result = ready(None)
        for event in tuple(self.backlog):
            if result is None and event.serial > self._mark:
                result = ready(event)
        while result is None:
            arrived = self._next(deadline, wanted, leg)
            if arrived is not None:
                self._keep(arrived)
            result = ready(arrived)
        return result

    def _begins(
        self,
        what: object,
        deadline: Deadline | None,
        leg: Leg,
        wanted: Collection[str] | None,
    ) -> tuple[Watcher, Wait]:
        """Tell the watcher that a wait begins. Return both, since the watcher may be replaced."""
        watcher = self._watcher
        assert watcher is not None
        wait = Wait(what, leg, self.clock.now(), deadline, wanted, self.inside)
        watcher.begins(wait)
        return watcher, wait

    def _ends(self, watched: tuple[Watcher, Wait]) -> None:
        watcher, wait = watched
        watcher.ends(wait)

    def _dispatch(self, event: Event) -> None:
        """Run the callbacks of an event whose turn has come."""
        is_digit = event.quick_name == "DTMF" and not event.collected
        callbacks: Sequence[Callback] = self.callbacks.of(event) if self.callbacks else ()
        if event.quick_name == POSTED:
            if POSTED not in self.callbacks.names:
                self.posts.keep(event)
            else:
                self.posts.had()
        if not (callbacks or is_digit):
            return
        awaited, self._awaited = self._awaited, None
        self.inside = event
        try:
            for callback in callbacks:
                check_returned("the callback", callback(event))
            leg = self.legs.get(event.uuid or "") if is_digit else None
            if leg is not None:
                leg.run_digit_handler(event)
        except Hangup:
            self.inside = None
            if self.ending.stage is OVER:  # the call's own hangup, not another leg's
                self._dispatch_rest()
            raise
        finally:
            self.inside = None
            self._awaited = awaited
        if is_digit:
            self.typeahead.keep(event)

    def _dispatch_rest(self) -> None:
        """Dispatch the events that still wait when the call has ended, except digits."""
        while self.backlog:
            event = self.backlog.popleft()
            if event.name != "DTMF":
                self._mark = event.serial
                try:
                    self._dispatch(event)
                except Hangup:
                    pass  # told already
        self.tell_hangup()

    def tell_hangup(self) -> None:
        """Call every hangup callback, once the call is over.

        Logs their exceptions, and re-raises the first.
        """
        failure: BaseException | None = None
        while self.hangup_callbacks:
            try:
                check_returned("the callback", self.hangup_callbacks.pop(0)(self.hangup()))
            except BaseException as error:
                self.logger.exception("an on_hangup callback failed")
                failure = failure or error
        if failure is not None:
            raise failure

    # The end of a call

    def raise_if_gone(self, leg: Leg) -> None:
        """Raise Hangup if the call is over, or this leg of it; Disconnected as `raise_if_over`."""
        ending = self.ending
        if ending.stage is OVER or ending.failure is not None:
            self.raise_if_over()
        if ending.has_gone(leg):
            assert leg.hangup_event is not None
            raise Hangup(leg.hangup_event.hangup_cause, leg.hangup_event, leg.outcomes)

    def raise_if_over(self) -> None:
        """Raise Hangup if the call is over, Disconnected (or why) if only the connection is."""
        if self.ending.is_over:
            hangup = self.hangup()
            if self.inside is None and self.in_its_thread():
                self._dispatch_rest()
            try:
                raise hangup
            finally:
                del hangup  # breaks a reference cycle that would keep the whole call alive
        self.ending.raise_failure()

    def await_end(
        self, leg: Leg, error: ESLError, another: Callable[[], bool] = lambda: False
    ) -> None:
        """Wait for the hangup event of a leg that a command did not find, and raise Hangup.

        Raises ``error`` if none comes. Returns once ``another`` leg turns out to be the gone one.
        """
        if self.in_its_thread():
            deadline = self.deadline(self.ending.patience(False))
            try:
                self.until("the end of the leg", lambda _: another() or None, deadline, leg)
                return
            except TimeoutError:
                pass
        raise error

    def hangup(self) -> Hangup:
        """The Hangup to raise, now that the call has ended."""
        hangup = self.ending.hangup(self._ask_hangup_cause)
        hangup.outcomes = self.own.outcomes
        return hangup

    def _ask_hangup_cause(self) -> str:
        """Ask for the cause that no event gave (sync socket, ``events=False``); "" for none.

        A lingering switch answers, but its notice may come one or two ticks of 20 ms before the
        channel knows its own cause.
        """
        for _ in range(3):
            try:
                return self.command("getvar hangup_cause", timeout=5.0).text
            except CommandError:
                self.pull_until(self.deadline(0.05))
            except ESLError:
                break
        return ""

"""What is said on one call's control connection, and what waits for it.

Commands go out and replies come back; events arrive, and wait their turn. All events and
callbacks belong to the handler's thread. An event that arrives stands in ``_backlog``; a
blocking call takes events from there in order of event, runs their callbacks, and returns when
it comes to the one it waits for. While a callback runs, later events wait; only the blocking
calls made inside the callback look at them.

How a conversation ends: ``_over`` is set when the call has ended and all has been said of it
(CHANNEL_HANGUP_COMPLETE, or a notice where that never comes); ``_failed`` when the connection has
ended or was cut. Every wait looks at both, and none goes on after either.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Sequence
from itertools import count
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from ..clock import REAL, Clock, sooner
from ..wire.enums import HangupCause
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
    ApiResponse,
    CommandReply,
    ConnectReply,
    DisconnectNotice,
    Event,
    LogData,
    Message,
)
from ..wire.protocol import encode_command
from ..wire.redaction import Redactor
from .backlog import Backlog
from .connection import ALWAYS_WANTED, Arrived, Connection, End, Outcome, Pending
from .job import Job
from .subscription import Subscription

if TYPE_CHECKING:
    from ..channel import Channel
    from .execution import Execution
    from .leg import Leg

__all__ = ["Conversation", "Stopped"]

logger = logging.getLogger("eslsync")

T = TypeVar("T")
Callback = Callable[[Event], Any]
HangupCallback = Callable[[Hangup], Any]

#: Events that wait their turn while a callback runs, and their bytes; beyond either the oldest
#: is dropped, and that is counted and logged. A mean event is 5 KB.
MAX_BACKLOG = 1000
MAX_BACKLOG_BYTES = 8 * 1024 * 1024
#: What comes so many seconds after a deadline has met it still: clocks round.
IN_TIME = 0.001
#: Events that change what a wait may come to, and so are looked at when they arrive.
TELLING = frozenset({"BACKGROUND_JOB", "CHANNEL_EXECUTE_COMPLETE", *ALWAYS_WANTED})
#: Events that are kept to be asked what they tell of the legs, while the handler sleeps and while
#: it works; few ever are.
MAX_RECENT = 4
MAX_RECENT_AT_WORK = 20
#: Digits that nobody has asked for yet, and the bytes of their events.
MAX_DIGITS = 100
MAX_DIGITS_BYTES = 1024 * 1024
#: Seconds that CHANNEL_HANGUP_COMPLETE is waited for after the first word of a hangup. It
#: comes within milliseconds, or not at all (when the app has taken it off its events).
#: A reply that was due before the hangup has as long.
HANGUP_COMPLETE_TIMEOUT = 5.0
#: Seconds that the connection lasts after the hangup, and with it every wait, when
#: ``Outbound(linger=True)`` leaves it to us. (A bare `linger` lasts for ever: 12e.)
LINGER = 60
#: What FreeSWITCH's own count of these seconds may be late (recording 01a), and a moment more.
LINGER_GRACE = 5.0


class Stopped(Disconnected):
    """`Outbound.stop` has cut this call short."""


class Late(Exception):
    """The deadline of a wait has passed. Nobody else raises it: `queue.Empty`, callbacks may."""


#: Tells whether a wait is over: asked once with None, then with each event as it is its turn.
Ready = Callable[["Event | None"], "T | None"]


class Conversation:
    """One control connection, as the handler's thread sees it; a `Session` in all but name."""

    # So many that a dict of them would be slow and large; users' own go into one.
    __slots__ = (
        "__dict__",
        "__weakref__",
        "_arrived",
        "_backlog",
        "_callbacks",
        "_cause",
        "_clock",
        "_connection",
        "_digits",
        "_executions",
        "_exiting",
        "_failed",
        "_full",
        "_hangup_callbacks",
        "_hangup_complete_due",
        "_ids",
        "_in_callback",
        "_items",
        "_jobs",
        "_leaving",
        "_legs",
        "_linger",
        "_mark",
        "_numbers",
        "_over",
        "_over_since",
        "_recent",
        "_redact",
        "_subscription",
        "_thread",
        "_waiting_for",
        "channel",
        "context",
        "dropped",
        "logger",
    )

    #: The call leg that is on this socket.
    channel: Channel
    #: What the switch said of the channel at the start: the reply to ``connect``.
    context: ConnectReply

    def __init__(
        self, connection: Connection, clock: Clock, redact: Redactor | None = None
    ) -> None:
        #: The library's logger, with the call's uuid in each record (``record.uuid``).
        self.logger: logging.LoggerAdapter[logging.Logger]
        self.logger = logging.LoggerAdapter(logger, {"uuid": None})
        #: Events that were dropped because too many waited for their turn, or for a wait.
        self.dropped = 0
        self.context = ConnectReply(b"")
        self._connection = connection
        self._clock = clock
        self._redact = redact or Redactor()
        self._thread = threading.get_ident()
        self._waiting_for: object = None  # its text, or what gives that when somebody asks
        self._numbers = count(1)
        self._ids = ""  # what the names begin with that we give to applications and jobs
        self._jobs: dict[str, Job] = {}
        # Sent and not completed, in that order, by their Application-UUID.
        self._executions: dict[str, Execution[Any]] = {}
        self._legs: dict[str, Channel] = {}  # by uuid: ours, and those whose events we let through

        # What has been taken in one piece, and is looked at one by one.
        self._items: deque[Arrived] = deque()
        self._arrived = 0  # serial of the last event that arrived
        # The last of these, of which nobody has asked what they tell of the legs.
        self._recent: deque[Event] = deque()
        self._mark = 0  # inside a callback: serial of the last event an earlier wait saw
        self._backlog = Backlog(MAX_BACKLOG, MAX_BACKLOG_BYTES)
        self._digits = Backlog(MAX_DIGITS, MAX_DIGITS_BYTES)
        self._callbacks: list[tuple[str, Callback]] = []  # in order of registration
        self._hangup_callbacks: list[HangupCallback] = []  # those that have not been called
        self._in_callback = False

        # How the switch serves us, and how the call ends.
        #: May this socket use every command? (the word ``full`` in the dialplan)
        self._full = False
        self._subscription = Subscription(is_async=False)  # nothing, until it is asked for
        self._over = False
        self._linger: float = 0.0  # seconds that the switch stays connected after the hangup
        self._over_since: float | None = None  # when a wait first saw that the call is over
        self._failed: ESLError | None = None
        self._exiting = False
        self._leaving = False  # the handler has ended
        self._hangup_complete_due: float | None = None
        self._cause: str | None = None

    @property
    def uuid(self) -> str:
        """The channel's uuid."""
        return self.channel.uuid

    @property
    def hangup_event(self) -> Event | None:
        """CHANNEL_HANGUP_COMPLETE, or CHANNEL_HANGUP until that is in; None while the call is up.

        It is there after a Hangup, in ``finally`` as well as in what `on_hangup` calls: its
        ``hangup_cause``, ``billsec``, ``duration`` and ``variables`` tell how the call went.
        """
        return self.channel.hangup_event

    @property
    def waiting_for(self) -> str | None:
        """What the handler waits for now; None while it runs.

        An event's name, a state, an application, or the command whose reply is due.
        """
        what = self._waiting_for
        return None if what is None else str(what)

    # The wire

    def _new_id(self) -> str:
        """For an application or a job of ours, by which its event is known.

        Event-Sequence tells it from those of an earlier session on the same channel, as there
        is after a transfer away and back.
        """
        return f"{self._ids}/{next(self._numbers)}"

    def _deadline(self, timeout: float | None) -> float | None:
        return None if timeout is None else self._clock.deadline(timeout)

    def _left(self, deadline: float | None) -> float | None:
        """Seconds until then."""
        return None if deadline is None else max(0.0, deadline - self._clock.now())

    def _command(
        self,
        line: str,
        headers: Sequence[tuple[str, str]] = (),
        timeout: float | None = None,
        body: str = "",
    ) -> CommandReply | ApiResponse:
        """Send a command and wait for its reply. Raises CommandError if that is ``-ERR``."""
        reply = self._exchange(line, headers, timeout, body)
        if not reply.ok:
            raise self._refused(Pending(self._redact, line, headers), reply)
        self._subscription.note(line)
        return reply

    def _say(self, lines: Sequence[str], deadline: float | None) -> None:
        """Send several commands at once, and wait for all their replies.

        Raises CommandError for the first that is refused.
        """
        if not lines:
            return
        sent = [Pending(self._redact, line, quiet=True) for line in lines]
        sent[-1].quiet = False  # it is waited for, and with it all are answered
        self._connection.send(b"".join(map(encode_command, lines)), *sent)
        self._own_reply(sent[-1], deadline)
        for line, pending in zip(lines, sent, strict=True):
            if pending.reply is not None and not pending.reply.ok:
                raise self._refused(pending, pending.reply)
            self._subscription.note(line)

    def _refused(self, command: Pending, reply: CommandReply | ApiResponse) -> CommandError:
        return CommandError(str(command), reply, reply.text, self._reason(reply))

    def _reason(self, reply: CommandReply | ApiResponse) -> str:
        """What else there is to say of a command that was refused."""
        if reply.text == "-ERR command not found" and not self._full:
            return (
                "this socket may use only a few commands (recording 08c): "
                'write "full" behind its address in the dialplan, as in host:port async full'
            )
        return ""

    def _exchange(
        self,
        line: str,
        headers: Sequence[tuple[str, str]] = (),
        timeout: float | None = None,
        body: str = "",
    ) -> CommandReply | ApiResponse:
        """Send a command and wait for its reply, whatever that says."""
        if threading.get_ident() == self._thread:
            deadline = self._deadline(timeout)
            return self._own_reply(self._send(line, headers, body), deadline)
        inbox: SimpleQueue[Outcome] = SimpleQueue()
        pending = self._send(line, headers, body, inbox)
        return self._other_threads_reply(pending, inbox, REAL.deadline(timeout))

    def _send(
        self,
        line: str,
        headers: Sequence[tuple[str, str]] = (),
        body: str = "",
        inbox: SimpleQueue[Outcome] | None = None,
        *,
        quiet: bool = False,
    ) -> Pending:
        """Send a command, and wait for nothing; without ``inbox``, in the handler's thread."""
        data = encode_command(line, headers, body.encode("utf-8", "surrogateescape"))
        if line[:4].lower() == "exit":  # whatever follows (mod_event_socket.c, parse_command)
            self._exiting = True
        if inbox is None and self._failed is not None:
            self._raise_if_over()
        pending = Pending(self._redact, line, headers, inbox, quiet)
        self._connection.send(data, pending)
        return pending

    def _own_reply(self, pending: Pending, deadline: float | None) -> CommandReply | ApiResponse:
        before, self._waiting_for = self._waiting_for, pending
        patience = self._linger + LINGER_GRACE if self._over else HANGUP_COMPLETE_TIMEOUT
        try:
            while not pending.told:
                if self._failed is not None:
                    self._raise_if_over()
                last = self._over_for(patience)
                try:
                    self._collect(sooner(deadline, last), ())
                except Late:
                    if last is None or (deadline is not None and deadline <= last):
                        raise
                    self._raise_if_over()
        except Late:
            raise TimeoutError(f"no reply to {str(pending)!r} in time") from None
        finally:
            self._waiting_for = before
        assert pending.reply is not None
        return pending.reply

    def _over_for(self, seconds: float) -> float | None:
        """When the call will have been over for so long; None while it is up."""
        if not self._over:
            return None
        if self._over_since is None:
            self._over_since = self._clock.now()
        return self._over_since + seconds

    def _other_threads_reply(
        self, pending: Pending, inbox: SimpleQueue[Outcome], deadline: float | None
    ) -> CommandReply | ApiResponse:
        try:
            outcome = REAL.get(inbox, deadline)
        except Empty:
            raise TimeoutError(f"no reply to {str(pending)!r} in time") from None
        if isinstance(outcome, End):
            why = outcome.reason
            raise Disconnected(f"no reply to {str(pending)!r}: {why}") from why
        return outcome

    def _next(
        self,
        deadline: float | None,
        wanted: Collection[str] | None = None,
        leg: Leg | None = None,
        *,
        skips: bool = False,
    ) -> Event | None:
        """Look at the next thing that arrived; wait for it until ``deadline``.

        Sleeps through events that are not ``wanted`` (None: all are), and that no callback is
        there for; where it ``skips``, these have had their turn. Returns an event, which the
        caller sees to; None if it was something else. Raises `Late` if nothing came by
        then; what came later is left for the next to look. With ``leg`` it raises Hangup when
        the call has ended, or that leg has.
        """
        until = deadline
        if leg is not None:
            if self._over or self._failed is not None or leg.hangup_event is not None:
                self._raise_if_gone(leg)
            if leg._gone_by is not None:
                until = sooner(until, leg._gone_by)
        due = self._hangup_complete_due
        if due is not None and not self._over:
            until = sooner(until, due)
        listens = self._listens(wanted) if self._callbacks else wanted
        items, recent = self._items, self._recent
        try:
            if not items:
                if len(recent) > MAX_RECENT:
                    self._read_recent()
                items.extend(self._connection.take(listens, until))
            while items:
                # Or else a wait would last as long as there is always something to look at.
                if until is not None and items[0][0] > until + IN_TIME:
                    raise Empty
                _, item = items.popleft()
                if not isinstance(item, Event):
                    self._see(item)
                    return None
                name = item._name or item.name
                self._arrived = item._serial = self._arrived + 1
                recent.append(item)
                if name in TELLING:
                    self._keep_books(item, name)
                elif skips and listens is not None and name not in listens:
                    continue
                return item
        except Empty:
            if until == due:
                self._over = True
            if leg is not None:
                self._raise_if_gone(leg)
            if until == deadline:
                raise Late from None
        except ProtocolError as error:  # an event that has no name
            raise self._redact.error(error) from None
        return None

    def _see(self, item: Pending | End | Message) -> None:
        """Keep the books of what arrived and is no event."""
        if isinstance(item, Pending):
            item.told = True
            if item.quiet:  # refused
                self._executions.pop(item.execution, None)
        elif isinstance(item, End):
            # The handler that stop cuts may have ended by itself; the connection still works.
            if not (self._leaving and isinstance(item.reason, Stopped)):
                # After a cut, its real end may come; after that, nothing.
                if self._failed is None or isinstance(self._failed, Stopped):
                    self._failed = item.reason
        elif isinstance(item, DisconnectNotice):
            self._notice(item)
        elif isinstance(item, LogData) and self.logger.isEnabledFor(logging.DEBUG):
            for line in item.body.rstrip("\n").split("\n"):
                self.logger.debug("%s", in_a_log(self._redact(line)))

    def _listens(self, wanted: Collection[str] | None) -> Collection[str] | None:
        """The events to wake up for: those that are wanted, and those with a callback."""
        names = {name.partition(" ")[0] for name, _ in self._callbacks}
        return None if wanted is None or "ALL" in names else names.union(wanted)

    def _collect(self, deadline: float | None, wanted: Collection[str] | None = None) -> None:
        """As `_next`, and an event is put where it waits for its turn."""
        event = self._next(deadline, wanted)
        if event is not None:
            self._keep(event)

    def _keep(self, event: Event) -> None:
        self._backlog.append(event)
        while self._backlog.overfull:
            self._drop_one()

    def _pull_available(self) -> None:
        """Look at what has arrived already, without waiting and without running callbacks."""
        self._check_thread()
        self._pull_until(self._clock.now())

    def _pull_until(self, deadline: float | None) -> None:
        try:
            while True:
                self._collect(deadline)
        except Late:
            pass

    def _keep_books(self, event: Event, name: str) -> None:
        """Of what an event says, at once; its callbacks wait their turn."""
        if name == "CHANNEL_EXECUTE_COMPLETE":
            execution = self._executions.pop(event._near_end("Application-UUID"), None)
            if execution is not None:
                execution.event = event
                execution._leg._has_completed = True
            elif event._near_end("Application") == "socket":
                leg = self._legs.get(event.uuid or "")
                if leg is not None:
                    leg._left_socket = True
        elif name == "BACKGROUND_JOB":
            job = self._jobs.pop(event.get("Job-UUID", ""), None)
            if job is not None:
                job.event = event
        else:
            leg = self._legs.get(event.uuid or "")
            if leg is not None and name == "DTMF":
                event._collected = leg._collects_digits
                if event._collected:
                    leg._last_collected = event.digit
            elif leg is not None:
                leg._note_hangup(event)
                self._note_hangup(leg, complete=name == "CHANNEL_HANGUP_COMPLETE")

    def _read_recent(self) -> None:
        """See what the last events have told of the legs' states and variables."""
        if self._recent:
            events = [*self._recent]
            events.reverse()
            for leg in self._legs.values():
                leg._read(events)
            self._recent.clear()

    def _unread(self) -> list[Event]:
        """The same from outside, whether the handler has looked or not; the last first.

        Without a lock, and taking nothing away: a signal's handler may ask.
        """
        # in the order in which they move on: what moves meanwhile is seen twice, and not missed
        untaken = self._connection.untaken
        items = [item for _, item in self._items.copy()]
        items = [*self._recent.copy(), *items, *untaken]
        events = []
        for item in reversed(items):
            try:
                if isinstance(item, Event) and item.name:
                    events.append(item)
            except ProtocolError:
                pass  # the handler's wait will say
        return events

    def _in_its_thread(self) -> bool:
        return threading.get_ident() == self._thread

    def _note_hangup(self, leg: Leg, complete: bool) -> None:
        if leg is self.channel:
            self._expect_hangup_complete()
            self._over = self._over or complete
        elif complete or not self._subscription.hangups:
            leg._gone_by = self._clock.now()
        else:
            leg._gone_by = self._clock.now() + HANGUP_COMPLETE_TIMEOUT

    def _drop_one(self) -> None:
        """Make room: the oldest event that is no digit and has no callback, if there is one."""
        for event in self._backlog:
            if event.name != "DTMF" and not self._callbacks_for(event):
                break
        else:
            event = self._backlog[0]
        self._backlog.remove(event)
        self.dropped += 1
        if self.dropped == 1:
            self.logger.warning(
                "more than %d events or %d bytes of them wait for a callback to return; "
                "dropping the oldest, %s first",
                MAX_BACKLOG,
                MAX_BACKLOG_BYTES,
                event.name,
            )

    def _notice(self, notice: DisconnectNotice) -> None:
        if notice.lingers:
            # It may come before CHANNEL_HANGUP_COMPLETE, and even before CHANNEL_HANGUP (02c).
            if self._subscription.hangups:
                self._expect_hangup_complete()
            else:
                self._over = True
        elif not self._exiting:
            self._over = True

    def _expect_hangup_complete(self) -> None:
        if self._hangup_complete_due is None and not self._over:
            self._hangup_complete_due = self._clock.now() + HANGUP_COMPLETE_TIMEOUT

    # Waiting

    def _check_thread(self) -> None:
        if threading.get_ident() != self._thread:
            raise RuntimeError(
                "events belong to the handler's thread: in other threads send commands, or "
                "execute applications with block=False"
            )

    def _until(
        self,
        what: object,
        ready: Ready[T],
        deadline: float | None,
        leg: Leg | None = None,
        wanted: Collection[str] | None = None,
    ) -> T:
        """Take events as it is their turn until ``ready`` gives something; return that.

        ``wanted`` names the events that it can come from; None if any can. Raises Hangup when
        the call ends, or ``leg`` does.
        """
        if threading.get_ident() != self._thread:
            self._check_thread()
        before, self._waiting_for = self._waiting_for, what
        leg = leg or self.channel
        result: T | None
        try:
            if self._in_callback:
                result = self._look_until(ready, deadline, leg, wanted)
            else:
                result = ready(None)
            while result is None:
                if self._backlog:
                    event: Event | None = self._backlog.popleft()
                else:
                    event = self._next(deadline, wanted, leg, skips=True)
                if event is not None:
                    self._mark = event._serial
                    if self._callbacks or event._name == "DTMF":
                        self._dispatch(event)
                result = ready(event)
        except Late:
            raise TimeoutError(f"{what} did not come in time") from None
        finally:
            self._waiting_for = before
        if len(self._recent) > MAX_RECENT_AT_WORK:
            self._read_recent()
        self._mark = self._arrived
        return result

    def _look_until(
        self, ready: Ready[T], deadline: float | None, leg: Leg, wanted: Collection[str] | None
    ) -> T:
        """As `_until`, inside a callback: what is looked at stays, and its turn comes later."""
        result = ready(None)
        for event in tuple(self._backlog):
            if result is None and event._serial > self._mark:
                result = ready(event)
        while result is None:
            arrived = self._next(deadline, wanted, leg)
            if arrived is not None:
                self._keep(arrived)
            result = ready(arrived)
        return result

    def _dispatch(self, event: Event) -> None:
        """It is this event's turn: run its callbacks."""
        is_digit = event._name == "DTMF" and not event._collected
        callbacks = self._callbacks_for(event) if self._callbacks else ()
        if not (callbacks or is_digit):
            return
        waiting_for, self._waiting_for = self._waiting_for, None
        self._in_callback = True
        try:
            for callback in callbacks:
                callback(event)
            leg = self._legs.get(event.uuid or "") if is_digit else None
            if leg is not None:
                leg._run_digit_handler(event)
        except Hangup:
            self._in_callback = False
            if self._over:  # and not another leg's alone
                self._dispatch_rest()
            raise
        finally:
            self._in_callback = False
            self._waiting_for = waiting_for
        if is_digit:
            self._digits.append(event)
            while self._digits.overfull:
                self._digits.popleft()
                self.dropped += 1
                self.logger.warning(
                    "more than %d digits typed ahead; dropping the oldest", MAX_DIGITS
                )

    def _dispatch_rest(self) -> None:
        """The call has ended: what still waits its turn is told, digits apart."""
        while self._backlog:
            event = self._backlog.popleft()
            if event.name != "DTMF":
                self._mark = event._serial
                try:
                    self._dispatch(event)
                except Hangup:
                    pass  # told already
        self._tell_hangup()

    def _tell_hangup(self) -> None:
        """The call has ended, and all that was said of it is in: every callback is called.

        What the first raises is raised again; what others raise is in the log as well.
        """
        failure: BaseException | None = None
        while self._hangup_callbacks:
            try:
                self._hangup_callbacks.pop(0)(self._hangup())
            except BaseException as error:
                self.logger.exception("an on_hangup callback failed")
                failure = failure or error
        if failure is not None:
            raise failure

    def _callbacks_for(self, event: Event) -> list[Callback]:
        keys = {event.name, "ALL"}
        if event.name == "CUSTOM":
            keys.add(f"CUSTOM {event.get('Event-Subclass')}")
        return [callback for key, callback in self._callbacks if key in keys]

    # The end of a call

    def _raise_if_gone(self, leg: Leg) -> None:
        """Raise Hangup if the call is over, or this leg of it; Disconnected as `_raise_if_over`."""
        if self._over or self._failed is not None:
            self._raise_if_over()
        event = leg.hangup_event
        if event is not None and leg._gone_by is not None and self._clock.now() >= leg._gone_by:
            raise Hangup(event.hangup_cause, event)

    def _await_end(
        self, leg: Leg, error: ESLError, another: Callable[[], bool] = lambda: False
    ) -> None:
        """A command found that there is no such leg: raise its Hangup, whose word is on its way.

        Raises ``error`` if none comes. Returns if ``another`` turns out to have been meant.
        """
        if threading.get_ident() == self._thread:
            try:
                end = self._deadline(HANGUP_COMPLETE_TIMEOUT)
                self._until("the end of the leg", lambda _: another() or None, end, leg)
                return
            except TimeoutError:
                pass
        raise error

    def _raise_if_over(self) -> None:
        """Raise Hangup if the call is over, Disconnected (or why) if only the connection is."""
        if self._over or (self._failed is not None and self.hangup_event is not None):
            hangup = self._hangup()
            if not self._in_callback and threading.get_ident() == self._thread:
                self._dispatch_rest()
            try:
                raise hangup
            finally:
                del hangup  # or else it would hold itself, and all of the call, in a circle
        if self._failed is not None:
            # A new exception each time, so that tracebacks don't pile up on one.
            raise type(self._failed)(*self._failed.args)

    def _hangup(self) -> Hangup:
        self._over = True
        if self.hangup_event is None and self._cause is None:
            self._cause = ""  # the question itself may end here, too
            self._cause = self._ask_hangup_cause()
        event = self.hangup_event
        cause = self._cause if event is None else event.get("Hangup-Cause")
        return Hangup(HangupCause.known(cause), event)

    def _ask_hangup_cause(self) -> str:
        """No event told us (a sync socket, ``events=False``), but a lingering switch answers.

        Its notice may come a tick or two of 20 ms before the channel knows its own cause.
        """
        for _ in range(3):
            try:
                return self._command("getvar hangup_cause", timeout=5.0).text
            except CommandError:
                self._pull_until(self._deadline(0.05))
            except ESLError:
                break
        return ""

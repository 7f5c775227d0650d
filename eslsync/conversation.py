"""What is said on one call's control connection, and what waits for it.

Commands go out and replies come back; events arrive, and wait their turn. All events and
callbacks belong to the handler's thread. An event that arrives stands in ``_backlog``; a
blocking call takes events from there in order of arrival, runs their callbacks, and returns when
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
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .backlog import Backlog
from .clock import REAL, Clock, sooner
from .connection import Answer, Connection, End, Item, Pending
from .enums import HangupCause
from .exceptions import (
    CommandError,
    Disconnected,
    ESLError,
    Hangup,
    ProtocolError,
    TimeoutError,
    in_a_log,
)
from .job import Job
from .message import ApiResponse, CommandReply, ConnectReply, DisconnectNotice, Event, LogData
from .protocol import encode_command
from .redaction import Redactor, Shown

if TYPE_CHECKING:
    from .channel import Channel
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


class Arrival(NamedTuple):
    """An event, with its place in the order of arrival."""

    serial: int
    event: Event
    collected: bool  # a digit that belongs to a running play_and_get_digits or read


#: Tells whether a wait is over: asked once with None, then with each arrival as it is its turn.
Ready = Callable[["Arrival | None"], "T | None"]


class Conversation:
    """One control connection, as the handler's thread sees it; a `Session` in all but name."""

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
        # For what commands in other threads change as well: numbers, subscriptions, and what
        # has been sent of applications (see docs/threads.md).
        self._books = threading.Lock()
        self._numbered = 0
        self._jobs: dict[str, Job] = {}
        self._legs: dict[str, Channel] = {}  # by uuid: ours, and those whose events we let through

        # What came off the inbox in one piece, and is looked at one by one.
        self._items: deque[Item] = deque()
        self._read_at = 0.0
        self._arrived = 0  # serial of the last event that arrived
        self._mark = 0  # inside a callback: serial of the last event an earlier wait saw
        self._backlog = Backlog[Arrival](
            lambda arrival: arrival.event, MAX_BACKLOG, MAX_BACKLOG_BYTES
        )
        self._digits = Backlog[Event](lambda event: event, MAX_DIGITS, MAX_DIGITS_BYTES)
        self._callbacks: list[tuple[str, Callback]] = []  # in order of registration
        self._hangup_callbacks: list[HangupCallback] = []  # those that have not been called
        self._in_callback = False

        # How the switch serves us, and how the call ends.
        self._events_on = False
        self._subscribed: set[str] = set()  # the names that `event` was sent with
        self._filtered = False
        self._tells_completion = False
        self._tells_hangup_complete = False
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
        with self._books:
            self._numbered += 1
            return f"{self.uuid}/{self.context.get('Event-Sequence')}/{self._numbered}"

    def _deadline(self, timeout: float | None) -> float | None:
        return self._clock.deadline(timeout)

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
            command = self._redact.command(line, headers)
            raise CommandError(command, reply, reply.text, self._reason(reply))
        self._note_subscription(line)
        return reply

    @property
    def _full(self) -> bool:
        """May this socket use every command? (the word ``full`` in the dialplan)"""
        return self.context.get("Control") == "full"

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
        data = encode_command(line, headers, body.encode("utf-8", "surrogateescape"))
        command = Shown(self._redact, line, headers)
        deadline = self._deadline(timeout)
        ours = threading.get_ident() == self._thread
        if line.split()[0].lower() == "exit":
            self._exiting = True
        if ours:
            if self._failed is not None:
                self._raise_if_over()
            pending = self._connection.send(data, command, self._connection.inbox)
            return self._own_reply(pending, deadline)
        pending = self._connection.send(data, command, SimpleQueue())
        return self._other_threads_reply(pending, REAL.deadline(timeout))

    def _note_subscription(self, line: str) -> None:
        """Keep the books of what the switch will tell from now on."""
        verb = line.split()[0].lower()
        with self._books:
            if verb == "filter":
                self._filtered = True
            elif verb == "noevents":
                self._events_on = self._tells_completion = self._tells_hangup_complete = False
                self._subscribed.clear()
            elif verb in ("event", "myevents"):
                names = line.upper().split()
                everything = verb == "myevents" or "ALL" in names
                self._events_on = True
                self._subscribed.update(names[2:])
                if everything or "CHANNEL_EXECUTE_COMPLETE" in names:
                    self._tells_completion = True
                # a sync socket never tells of it (06a)
                if everything or "CHANNEL_HANGUP_COMPLETE" in names:
                    self._tells_hangup_complete = self.context.get("Socket-Mode") == "async"

    def _own_reply(self, pending: Pending, deadline: float | None) -> CommandReply | ApiResponse:
        before, self._waiting_for = self._waiting_for, pending.command
        patience = self._linger + LINGER_GRACE if self._over else HANGUP_COMPLETE_TIMEOUT
        try:
            while pending.reply is None:
                if self._failed is not None:
                    self._raise_if_over()
                last = self._over_for(patience)
                try:
                    self._pull(sooner(deadline, last))
                except Empty:
                    if last is None or (deadline is not None and deadline <= last):
                        raise
                    self._raise_if_over()
        except Empty:
            raise TimeoutError(f"no reply to {str(pending.command)!r} in time") from None
        finally:
            self._waiting_for = before
        return pending.reply

    def _over_for(self, seconds: float) -> float | None:
        """When the call will have been over for so long; None while it is up."""
        if not self._over:
            return None
        if self._over_since is None:
            self._over_since = self._clock.now()
        return self._over_since + seconds

    def _other_threads_reply(
        self, pending: Pending, deadline: float | None
    ) -> CommandReply | ApiResponse:
        try:
            [item] = REAL.get(pending.inbox, deadline).items
        except Empty:
            raise TimeoutError(f"no reply to {str(pending.command)!r} in time") from None
        if isinstance(item, Answer):
            return item.reply
        assert isinstance(item, End)
        raise Disconnected(f"no reply to {str(pending.command)!r}: {item.reason}") from item.reason

    def _pull(self, deadline: float | None) -> Arrival | None:
        """Look at the next thing that arrived; wait for it until ``deadline``.

        Returns it if it was an event (it then stands at the end of the backlog as well), None
        if it was something else. Raises `queue.Empty` if nothing came by then; what came later
        is left for the next to look.
        """
        first = sooner(None if self._over else self._hangup_complete_due, deadline)
        try:
            if not self._items:
                batch = self._clock.get(self._connection.inbox, first)
                self._connection.taken(batch.size)
                self._items.extend(batch.items)
                self._read_at = batch.at
            # Or else a wait would last as long as there is always something to look at.
            if first is not None and self._read_at > first + IN_TIME:
                raise Empty
        except Empty:
            if first == deadline:
                raise
            self._over = True
            return None
        item = self._items.popleft()
        if isinstance(item, Event) and not isinstance(item, ConnectReply):
            return self._arrive(item)
        if isinstance(item, Answer):
            item.pending.reply = item.reply
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
        return None

    def _had_its_turn(self, serial: int) -> bool:
        return not self._backlog or self._backlog.first.serial > serial

    def _pull_available(self) -> None:
        """Look at what has arrived already, without waiting and without running callbacks."""
        self._check_thread()
        self._pull_until(self._clock.now())

    def _pull_until(self, deadline: float | None) -> None:
        try:
            while True:
                self._pull(deadline)
        except Empty:
            pass

    def _arrive(self, event: Event) -> Arrival:
        """Keep the books of what an event says, at once; its callbacks wait their turn."""
        self._arrived += 1
        try:
            name = event.name
        except ProtocolError as error:
            raise self._redact.error(error) from None
        collected = False
        leg = self._legs.get(event.uuid or "")
        if leg is not None:
            collected = name == "DTMF" and leg._collects_digits
            leg._note(event, self._arrived, collected)
            if leg.hangup_event is event:
                self._note_hangup(leg, complete=name == "CHANNEL_HANGUP_COMPLETE")
        elif name == "BACKGROUND_JOB":
            job = self._jobs.pop(event.get("Job-UUID", ""), None)
            if job is not None:
                job.event = event
        arrival = Arrival(self._arrived, event, collected)
        self._backlog.append(arrival)
        while self._backlog.overfull:
            self._drop_one()
        return arrival

    def _note_hangup(self, leg: Leg, complete: bool) -> None:
        if leg is self.channel:
            self._expect_hangup_complete()
            self._over = self._over or complete
        elif complete or not self._tells_hangup_complete:
            leg._gone_by = self._clock.now()
        else:
            leg._gone_by = self._clock.now() + HANGUP_COMPLETE_TIMEOUT

    def _drop_one(self) -> None:
        """Make room: the oldest event that is no digit and has no callback, if there is one."""
        for arrival in self._backlog:
            if arrival.event.name != "DTMF" and not self._callbacks_for(arrival.event):
                break
        else:
            arrival = self._backlog.first
        self._backlog.remove(arrival)
        self.dropped += 1
        if self.dropped == 1:
            self.logger.warning(
                "more than %d events or %d bytes of them wait for a callback to return; "
                "dropping the oldest, %s first",
                MAX_BACKLOG,
                MAX_BACKLOG_BYTES,
                arrival.event.name,
            )

    def _notice(self, notice: DisconnectNotice) -> None:
        if notice.lingers:
            # It may come before CHANNEL_HANGUP_COMPLETE, and even before CHANNEL_HANGUP (02c).
            if self._tells_hangup_complete:
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
        self, what: str, ready: Ready[T], deadline: float | None, leg: Leg | None = None
    ) -> T:
        """Take events as it is their turn until ``ready`` gives something; return that.

        Raises Hangup when the call ends, or ``leg`` does.
        """
        self._check_thread()
        before, self._waiting_for = self._waiting_for, what
        try:
            result = self._take_until(ready, deadline, leg or self.channel)
        except Empty:
            raise TimeoutError(f"{what} did not come in time") from None
        finally:
            self._waiting_for = before
        self._mark = self._arrived
        return result

    def _take_until(self, ready: Ready[T], deadline: float | None, leg: Leg) -> T:
        result = ready(None)
        if self._in_callback:
            for arrival in tuple(self._backlog):
                if result is None and arrival.serial > self._mark:
                    result = ready(arrival)
        while result is None:
            if self._backlog and not self._in_callback:
                arrival = self._backlog.popleft()
                self._dispatch(arrival)
                result = ready(arrival)
                continue
            self._raise_if_gone(leg)
            try:
                pulled = self._pull(sooner(deadline, leg._gone_by))
            except Empty:
                self._raise_if_gone(leg)
                if deadline is None or self._clock.now() < deadline:
                    continue
                raise
            if self._in_callback:
                result = ready(pulled)
        return result

    def _dispatch(self, arrival: Arrival) -> None:
        """It is this event's turn: run its callbacks."""
        event = arrival.event
        waiting_for, self._waiting_for = self._waiting_for, None
        self._mark = arrival.serial
        callbacks = self._callbacks_for(event)
        is_digit = event.name == "DTMF" and not arrival.collected
        self._in_callback = True
        try:
            for callback in callbacks:
                callback(event)
            leg = self._legs.get(event.uuid or "")
            if is_digit and leg is not None:
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
            arrival = self._backlog.popleft()
            if arrival.event.name != "DTMF":
                try:
                    self._dispatch(arrival)
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
        if not self._callbacks:
            return []
        keys = {event.name, "ALL"}
        if event.name == "CUSTOM":
            keys.add(f"CUSTOM {event.get('Event-Subclass')}")
        return [callback for key, callback in self._callbacks if key in keys]

    # The end of a call

    def _raise_if_gone(self, leg: Leg) -> None:
        """Raise Hangup if the call is over, or this leg of it; Disconnected as `_raise_if_over`."""
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
            raise hangup
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

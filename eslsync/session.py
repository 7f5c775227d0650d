"""A call, as the handler is given it: commands, events, and how it is taken and given back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, overload

from .channel import Channel
from .clock import Clock
from .connection import Connection
from .conversation import Callback, Conversation, Stopped
from .enums import ChannelState, check_event_name
from .exceptions import Disconnected, ESLError, Hangup, ProtocolError
from .job import Job
from .message import ApiResponse, CommandReply, ConnectReply, Event

__all__ = ["Session"]

CallbackT = TypeVar("CallbackT", bound=Callback)

#: Seconds that a peer has for the handshake (connect, linger, filter, event), each command.
HANDSHAKE_TIMEOUT = 10.0
#: Seconds for the last command before a call is given back.
GIVE_BACK_TIMEOUT = 5.0

#: What blocking calls and the end of a call rest on, whatever ``events=[...]`` names.
NEEDED_EVENTS = ("CHANNEL_EXECUTE_COMPLETE", "CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE", "DTMF")


class Session(Conversation):
    """A call, as the switch put it in our hands; given to the handler.

    Methods may be used in the handler's thread and its callbacks. In other threads, commands
    and their replies work; whatever waits for an event is a RuntimeError there.
    """

    def __init__(self, connection: Connection, clock: Clock) -> None:
        super().__init__(connection, clock)
        # Nobody's, until the switch has answered `connect`.
        self.channel = Channel(self, "", Event(b""))
        self._hears_jobs = False

    def __repr__(self) -> str:
        return f"<Session {self.channel.uuid} {self.channel.state}>"

    # Commands

    def send(self, command: str, *, timeout: float | None = None) -> CommandReply | ApiResponse:
        """Send a command line, such as ``"filter Unique-ID <uuid>"``; wait for its reply.

        Raises CommandError if the reply is ``-ERR ...``, ValueError for line breaks in the
        command, TimeoutError after ``timeout`` seconds (a late reply is dropped), and Hangup
        or Disconnected if the connection ends first.
        """
        return self._command(command, timeout=timeout)

    def sendmsg(
        self,
        call_command: str,
        headers: Mapping[str, str] | None = None,
        *,
        uuid: str | None = None,
        timeout: float | None = None,
    ) -> CommandReply:
        """Send ``sendmsg`` with ``call-command: <call_command>`` and more headers.

        For the call's own channel, or for the one that ``uuid`` names. The reply ``+OK`` means
        that FreeSWITCH has queued the message, and no more (recording 08a); `Channel.execute`
        waits for the application itself. Raises what `send` raises.
        """
        line = f"sendmsg {uuid}" if uuid else "sendmsg"
        all_headers = {"call-command": call_command, **(headers or {})}
        reply = self._command(line, tuple(all_headers.items()), timeout)
        if not isinstance(reply, CommandReply):
            raise ProtocolError("an api response to a sendmsg", reply.head)
        return reply

    def api(self, command: str, *, timeout: float | None = None) -> str:
        """Run an api command; return what it printed, without the last line break.

        It holds back every other reply and event of this call until it is done (recording
        09f): for what takes time, use `bgapi`. Raises CommandError if it printed ``-ERR`` or
        ``-USAGE``, and what `send` raises.
        """
        return self._command(f"api {command}", timeout=timeout).text

    def bgapi(self, command: str, *, timeout: float | None = None) -> Job:
        """Start an api command in the background; its `Job` waits for the result.

        ``timeout`` (seconds) is for the reply that it has started. Raises what `send` raises.
        """
        if not self._hears_jobs:
            if self._filtered or not self._events_on:
                # A filter on Unique-ID hides BACKGROUND_JOB; this lets our own through (09g).
                # Where there is none, or myevents (05i), a first filter would hide the rest.
                self.send(f"filter Job-Owner-UUID {self.uuid}", timeout=timeout)
            self.send("event plain BACKGROUND_JOB", timeout=timeout)
            self._hears_jobs = True
        job = Job(self, command, self._new_id())
        self._jobs[job.uuid] = job
        try:
            self._command(f"bgapi {command}", (("Job-UUID", job.uuid),), timeout)
        except BaseException:
            self._jobs.pop(job.uuid, None)
            raise
        return job

    def filter(self, header: str, value: str) -> None:
        """Let events through whose ``header`` is ``value``, besides those let through already.

        Filters are ORed; a leading ``-`` on the value excludes, and ``/.../`` is a regular
        expression (recording 14e). Raises what `send` raises.
        """
        self.send(f"filter {header} {value}")

    # Events

    @overload
    def on(self, event: str) -> Callable[[CallbackT], CallbackT]: ...

    @overload
    def on(self, event: str, callback: CallbackT) -> CallbackT: ...

    def on(self, event: str, callback: CallbackT | None = None) -> Any:
        """Call ``callback(event)`` for every event of that name; also a decorator.

        ``event`` is an event name, ``"CUSTOM <subclass>"``, or ``"ALL"``. Callbacks run on the
        handler's thread while it is inside a blocking call, one at a time, in order of arrival
        of the events and then of registration. What a callback raises, the blocking call raises.
        """
        check_event_name(event.partition(" ")[0])

        def register(callback: CallbackT) -> CallbackT:
            self._callbacks.append((event, callback))
            return callback

        return register if callback is None else register(callback)

    def wait(self, event: str | ChannelState, timeout: float | None = None) -> Event:
        """Wait for an event of any leg, by name, or for the channel to reach a state.

        As `Channel.wait`, but for events of whatever channel, or of none.
        """
        return self._wait(event, timeout, None)

    def events(self, timeout: float | None = None) -> Iterator[Event]:
        """Every event from now on, in order of arrival, until the call ends.

        Raises TimeoutError when none comes for ``timeout`` seconds.
        """
        while True:
            try:
                event = self.wait("ALL", timeout)
            except (Hangup, Disconnected):
                return
            yield event

    # What Outbound does around the handler

    def _connect(self) -> None:
        """Take the call.

        Raises Disconnected if the peer only looked in (a health check), ProtocolError if it is
        no switch.
        """
        reply = self._command("connect", timeout=HANDSHAKE_TIMEOUT)
        ids = (reply.get("Unique-ID", ""), reply.get("Event-Sequence", "0"))
        if not isinstance(reply, ConnectReply) or not all(map(str.isprintable, ids)) or not ids[0]:
            raise ProtocolError("the answer to connect is not a channel's data", reply.head)
        self.context = reply
        self.channel = Channel(self, reply["Unique-ID"], reply)
        self.log.extra = {"uuid": self.uuid}

    def _prepare(self, events: bool | Sequence[str], linger: bool | int) -> None:
        """Have the switch linger, and tell of events, before the handler begins."""
        if linger is not False and self._full:
            line = "linger" if linger is True else f"linger {linger}"
            self._command(line, timeout=HANDSHAKE_TIMEOUT)
        if events is not False:
            self._subscribe("all" if events is True else event_list([*events, *NEEDED_EVENTS]))

    @property
    def _full(self) -> bool:
        """May this socket use every command? (the word ``full`` in the dialplan)"""
        return self.context.get("Control") == "full"

    def _subscribe(self, events: str) -> None:
        if self._full:
            self._command(f"filter Unique-ID {self.uuid}", timeout=HANDSHAKE_TIMEOUT)
            self._command(f"event plain {events}", timeout=HANDSHAKE_TIMEOUT)
        else:
            # `event` is refused without `full`, and myevents serves (recording 08c)
            self._command("myevents", timeout=HANDSHAKE_TIMEOUT)

    def _close(self) -> None:
        """The handler has ended: give the call back if it is still up, and close in order."""
        self._callbacks.clear()
        self._leaving = True
        try:
            if isinstance(self._failed, Stopped):
                self._failed = None
            self._give_back()
            self.log.info("call given back to the dialplan")
        except Hangup as hangup:
            self.log.info("%s", hangup)
        except ESLError as error:
            self.log.info("connection closed: %s", error)
        finally:
            self._connection.close()

    def _give_back(self) -> None:
        """Make the channel safe to leave. Raises Hangup if the call has ended instead."""
        self._pull_available()
        if self._over or self.hangup_event is not None:
            raise self._hangup()
        self._raise_if_over()
        self.channel._digit_handlers.clear()
        if self.channel._has_completed:
            return
        # A close within a moment of connect leaves the caller parked for ever, with nobody in
        # control (recording 14b2). An application that has completed is proof that the channel
        # is past that moment.
        if not self._tells_completion:
            self._subscribe("CHANNEL_EXECUTE_COMPLETE")
        self.channel.execute("set", "eslsync_gave_back=true", timeout=GIVE_BACK_TIMEOUT)


def event_list(names: Sequence[str]) -> str:
    """The arguments of ``event``: each name once, and subclasses last, after one CUSTOM."""
    once = dict.fromkeys(names)
    custom = [name for name in once if name.partition(" ")[0] == "CUSTOM"]
    plain = [check_event_name(name) for name in once if name not in custom]
    subclasses = [word for name in custom for word in name.split()[1:]]
    return " ".join([*plain, *(["CUSTOM", *subclasses] if custom else [])])

"""A call, as the handler is given it: commands, events, and how it is taken and given back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, overload

from .applications.bridging import called_with
from .arguments import variable_block, variable_name, word
from .channel import Channel
from .clock import Clock
from .connection import Connection
from .conversation import Callback, Conversation, Expected, HangupCallback, Stopped
from .enums import check_event_name
from .exceptions import CommandError, Disconnected, ESLError, Hangup, ProtocolError
from .job import Job
from .leg import Leg
from .message import ApiResponse, CommandReply, ConnectReply, Event, Format

__all__ = ["Session"]

CallbackT = TypeVar("CallbackT", bound=Callback)
HangupCallbackT = TypeVar("HangupCallbackT", bound=HangupCallback)

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
        self._format: Format = "plain"
        self._hears_jobs = False
        self._originated: list[Channel] = []

    def __repr__(self) -> str:
        return f"<Session {self.channel.uuid} {self.channel.state}>"

    # Commands

    def send(
        self,
        command: str,
        headers: Mapping[str, str] | None = None,
        body: str = "",
        *,
        timeout: float | None = None,
    ) -> CommandReply | ApiResponse:
        """Send a command, such as ``"filter Unique-ID <uuid>"``; wait for its reply.

        Raises CommandError if the reply is ``-ERR ...``, ValueError for line breaks in the
        command or a header, TimeoutError after ``timeout`` seconds (a late reply is dropped),
        and Hangup or Disconnected if the connection ends first.
        """
        return self._command(command, tuple((headers or {}).items()), timeout, body)

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
            self.send(f"event {self._format} BACKGROUND_JOB", timeout=timeout)
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

    def filter_delete(self, header: str, value: str | None = None) -> None:
        """Take a filter back: this one, or all of the header; ``"all"`` for every one (14e).

        Without ``value``, all of that header. Raises what `send` raises.
        """
        self.send(f"filter delete {header}" + ("" if value is None else f" {value}"))

    def getvar(self, name: str, *, timeout: float | None = None) -> str | None:
        """The command ``getvar``: a variable of the channel on the socket; None if not set.

        It works on every socket, and after the hangup, but a value is cut at 511 bytes and
        must not hold a line break (recordings 07e, 14f): see `Channel.get_variable`. Raises
        what `send` raises, CommandError apart.
        """
        reply = self._exchange(f"getvar {variable_name(name)}", timeout=timeout)
        return None if reply.text == "-ERR command not found" else reply.text

    def linger(self, seconds: int | None = None) -> None:
        """Keep the connection open after the hangup: so many seconds, or until it is closed.

        The library has it done at the start, unless ``Outbound(linger=False)``. Raises what
        `send` raises (recordings 12e, 01a).
        """
        self.send("linger" if seconds is None else f"linger {int(seconds)}")

    def nolinger(self) -> None:
        """Have the switch close the connection at the hangup. Raises what `send` raises."""
        self.send("nolinger")

    def divert_events(self, on: bool = True) -> None:
        """Send events here that would go to an embedded script (``divert_events``; 05c).

        Raises what `send` raises.
        """
        self.send(f"divert_events {'on' if on else 'off'}")

    def myevents(self) -> None:
        """Subscribe to the channel's own events (``myevents``), a choice of the switch's.

        PLAYBACK_*, RECORD_*, CUSTOM and more are not among them (recording 05a). The library
        subscribes at the start, see `Outbound`. Raises what `send` raises: CommandError where
        it has been done before.
        """
        self.send(self._myevents)

    def log(self, level: str | int = "debug") -> None:
        """Have the switch's log sent here as well (``log``; recording 12i).

        The lines go to the library's logger, at its level DEBUG. Raises what `send` raises.
        """
        self.send(f"log {level}")

    def nolog(self) -> None:
        """The switch's log no longer (``nolog``). Raises what `send` raises."""
        self.send("nolog")

    def sendevent(
        self,
        name: str,
        headers: Mapping[str, str] | None = None,
        body: str = "",
        *,
        timeout: float | None = None,
    ) -> None:
        """Fire an event of one's own (``sendevent``; recording 09d).

        ``"CUSTOM <subclass>"`` names a custom event. One with the Unique-ID of a channel that
        is up is handed to that channel's session instead of to everybody (mod_event_socket.c,
        parse_command). Raises ValueError for a name that FreeSWITCH doesn't know, and what
        `send` raises.
        """
        name, _, subclass = name.partition(" ")
        check_event_name(name)
        first = {"Event-Subclass": subclass} if subclass else {}
        self.send(f"sendevent {name}", {**first, **(headers or {})}, body, timeout=timeout)

    def resume(self) -> None:
        """Have the dialplan go on when the connection ends, cutting what runs then (``resume``).

        It goes on without that as well, but what runs and what is queued is finished first
        (recordings 12b, 12c, 12q). Raises what `send` raises.
        """
        self.send("resume")

    def exit(self) -> None:
        """Leave: the dialplan goes on with the call, and this connection ends (``exit``; 12g).

        What runs and what is queued is finished first. A handler that just returns does the
        same. Nothing can be sent afterwards. Raises what `send` raises.
        """
        self._make_safe_to_leave()
        self.send("exit")

    # Other legs

    def originate(
        self,
        dial_string: str,
        *,
        variables: Mapping[str, str] | None = None,
        ring_timeout: float | None = None,
        caller_id_name: str | None = None,
        caller_id_number: str | None = None,
        timeout: float | None = None,
    ) -> Channel:
        """Call somebody else (bgapi ``originate``); wait until they answer; return their leg.

        The leg is parked, with a state, waits and callbacks of its own; the applications that
        its methods execute run there. For the dial string, ``variables``, ``ring_timeout`` and
        the caller id see `Channel.bridge`. Early media is no answer, unless ``variables`` has
        ignore_early_media "false".

        A leg that is still up when the handler ends, and that is not bridged to another, is
        hung up then. Raises CommandError when nobody takes the call (its ``cause`` says why:
        USER_BUSY, NO_ANSWER), TimeoutError after ``timeout`` seconds, and Hangup or
        Disconnected when the call ends first; what rings is hung up then as well. It needs
        `full` in the dialplan's ``socket`` entry (CommandError), and events (RuntimeError).
        Recording 13d; mod_commands.c, originate_function.
        """
        self._check_thread()
        self._check_told("the answer")
        deadline = self._deadline(timeout)
        leg = self._add_leg(self.api("create_uuid", timeout=self._left(deadline)))
        block = variable_block(
            called_with(
                {"ignore_early_media": "true", **(variables or {}), "origination_uuid": leg.uuid},
                ring_timeout,
                caller_id_name,
                caller_id_number,
            )
        )
        try:
            command = f"originate {word(block + dial_string)} &park()"
            job = self.bgapi(command, timeout=self._left(deadline))
            uuid = job._wait(deadline).removeprefix("+OK ")
        except CommandError:
            raise  # there is no leg
        except BaseException:
            self._kill(leg.uuid)
            raise
        # Of several that were called, only the first has the uuid that we gave.
        leg = self.leg(uuid)
        self._originated.append(leg)
        return leg

    def leg(self, uuid: str) -> Channel:
        """The leg of that uuid, such as the one that a bridge was answered by.

        From then on its events come as well, and the applications of its methods run there.
        Raises CommandError if there is no such channel, or without `full` in the dialplan's
        ``socket`` entry.
        """
        known = self._legs.get(uuid)
        if known is not None:
            return known
        leg = self._add_leg(uuid)
        leg._latest = leg._known = Event(self.api(f"uuid_dump {uuid}").encode())
        return leg

    def _add_leg(self, uuid: str) -> Channel:
        """From now on, the events of that leg are let through, and belong to it."""
        if self._filtered:
            self.filter("Unique-ID", uuid)
        leg = self._legs[uuid] = Channel(self, uuid, Event(b""))
        return leg

    def _kill(self, uuid: str) -> None:
        """Hang another leg up, if it is there still."""
        try:
            self._exchange(f"api uuid_kill {uuid}", timeout=GIVE_BACK_TIMEOUT)
        except ESLError as error:
            self.logger.debug("%s could not be hung up: %s", uuid, error)

    def _ask_variable(self, leg: Leg, name: str, timeout: float | None) -> str | None:
        if self._full:
            reply = self._exchange(f"api uuid_getvar {leg.uuid} {name}", timeout=timeout)
            if reply.body == "_undef_":
                return None
            if reply.body != "-ERR No such channel!\n":
                return reply.body
            if leg is not self.channel:
                raise CommandError(f"api uuid_getvar {leg.uuid} {name}", reply, reply.body.strip())
        # A channel that has hung up is no channel to the api, and to getvar still is one.
        return self.getvar(name, timeout=timeout)

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

    def on_hangup(self, callback: HangupCallbackT) -> HangupCallbackT:
        """A decorator: call the function once, with the `Hangup`, when the call has ended.

            @session.on_hangup
            def bill(hangup): ...

        All that was said of it is in by then: see ``session.hangup_event``. It is called in
        the handler's thread: by the blocking call that raises Hangup, or after the handler has
        returned. A call that is given back to the dialplan goes on, and nothing is called.
        """
        self._hangup_callbacks.append(callback)
        return callback

    def wait(self, event: Expected, timeout: float | None = None) -> Event:
        """Wait for an event of any leg, by name, or for the channel to reach a state.

        As `Channel.wait`, but for events of whatever channel, or of none.
        """
        return self._wait(event, timeout, None)

    def events(self, *names: str, timeout: float | None = None) -> Iterator[Event]:
        """Every event of these names, or every one at all, until the call ends.

        In order of arrival, from the first look at it on. Raises TimeoutError when none comes
        for ``timeout`` seconds.
        """
        while True:
            try:
                event = self.wait(names or "ALL", timeout)
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
        self._legs[self.uuid] = self.channel
        self.logger.extra = {"uuid": self.uuid}

    def _prepare(self, events: bool | Sequence[str], linger: bool | int, format: Format) -> None:
        """Have the switch linger, and tell of events, before the handler begins."""
        self._format = format
        if linger is not False and self._full:
            line = "linger" if linger is True else f"linger {linger}"
            self._command(line, timeout=HANDSHAKE_TIMEOUT)
        if events is not False:
            self._subscribe("all" if events is True else event_list([*events, *NEEDED_EVENTS]))

    @property
    def _myevents(self) -> str:
        return "myevents" if self._format == "plain" else f"myevents {self._format}"

    def _subscribe_to(self, *names: str) -> None:
        """Have these events told as well, where they are not yet."""
        missing = [] if "ALL" in self._subscribed else set(names) - self._subscribed
        if missing:
            self.send(f"event {self._format} {' '.join(sorted(missing))}")

    def _subscribe(self, events: str) -> None:
        if self._full:
            self._command(f"filter Unique-ID {self.uuid}", timeout=HANDSHAKE_TIMEOUT)
            self._command(f"event {self._format} {events}", timeout=HANDSHAKE_TIMEOUT)
        else:
            # `event` is refused without `full`, and myevents serves (recording 08c)
            self._command(self._myevents, timeout=HANDSHAKE_TIMEOUT)

    def _close(self) -> None:
        """The handler has ended: give the call back if it is still up, and close in order."""
        self._callbacks.clear()
        self._leaving = True
        try:
            if isinstance(self._failed, Stopped):
                self._failed = None
            for leg in self._originated:
                self._leave(leg)
            self._give_back()
        except Hangup as hangup:
            self.logger.info("%s", hangup)
            self._tell_hangup()
        except ESLError as error:
            self.logger.info("connection closed: %s", error)
        finally:
            self._connection.close()

    def _leave(self, leg: Channel) -> None:
        """Hang up a leg that we have called, unless it is somebody else's by now."""
        self._pull_available()
        try:
            if leg.is_up and self._ask_variable(leg, "bridge_to", GIVE_BACK_TIMEOUT) is None:
                self._kill(leg.uuid)
        except CommandError:
            pass  # it has gone by itself

    def _give_back(self) -> None:
        """Give the call back to the dialplan. Raises Hangup if it has ended instead."""
        self._pull_available()
        if self._over or self.hangup_event is not None:
            if self._hangup_callbacks:
                self._until("the end of the call", lambda _: None, None)
            raise self._hangup()
        self._raise_if_over()
        self.channel._digit_handlers.clear()
        if self.channel._out_of_dialplan:
            self._leave_bridged()
            return
        self._make_safe_to_leave()
        self.logger.info("call given back to the dialplan")

    def _leave_bridged(self) -> None:
        """There is no dialplan to give the call back to: it ends with its bridge, or now.

        It would be parked for ever, with nobody in control.
        """
        uuid = self.uuid
        self.api(f"uuid_setvar {uuid} park_after_bridge false", timeout=GIVE_BACK_TIMEOUT)
        if self._ask_variable(self.channel, "bridge_to", GIVE_BACK_TIMEOUT) is None:
            self._kill(uuid)
            self._until("the end of the call", lambda _: None, self._deadline(GIVE_BACK_TIMEOUT))
        self.logger.info("call left to its bridge")

    def _make_safe_to_leave(self) -> None:
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

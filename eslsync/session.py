"""A call, as the handler is given it: commands, legs, events and waits."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, overload

from .applications.bridging import called_with
from .call.callbacks import CallbackT, HangupCallbackT
from .call.conversation import Conversation
from .call.handover import Handover
from .call.job import Job
from .call.leg import Leg
from .call.waiting import Expected, wait_for
from .call.watching import Watcher
from .channel import Channel
from .wire.arguments import (
    check_header,
    check_name,
    check_uuid,
    check_value,
    variable_name,
)
from .wire.declared import Declaration
from .wire.enums import check_event_name
from .wire.exceptions import Disconnected, Hangup, ProtocolError
from .wire.message import ApiResponse, CommandReply, ConnectReply, Event

__all__ = ["Session"]


class Session:
    """A call, as the switch put it in our hands; given to the handler.

    Methods may be used in the handler's thread and its callbacks. In other threads, commands
    and their replies work; whatever waits for an event raises RuntimeError there. A program may
    keep attributes of its own on it.
    """

    def __init__(self, conversation: Conversation, handover: Handover) -> None:
        self._conversation = conversation
        self._handover = handover
        self._channels: dict[Leg, Channel] = {}
        #: The call leg that is on this socket.
        self.channel: Channel = self._channel(conversation.own)

    def __repr__(self) -> str:
        return f"<Session {self.uuid} {self.channel.state}>"

    @property
    def uuid(self) -> str:
        """The channel's uuid."""
        return self._conversation.own.uuid

    @property
    def context(self) -> ConnectReply:
        """What the switch said of the channel at the start: the reply to ``connect``."""
        return self._conversation.context

    @property
    def logger(self) -> logging.LoggerAdapter[logging.Logger]:
        """The library's logger, with the call's uuid in each record (``record.uuid``)."""
        return self._conversation.logger

    @property
    def dropped(self) -> int:
        """Events that were dropped because too many waited for their turn, or for a wait."""
        return self._conversation.dropped

    @property
    def caller_number(self) -> str:
        """The caller's number (Caller-Caller-ID-Number); empty if it is not known."""
        return self.context.get("Caller-Caller-ID-Number", "")

    @property
    def caller_name(self) -> str:
        """The caller's name (Caller-Caller-ID-Name); empty if it is not known."""
        return self.context.get("Caller-Caller-ID-Name", "")

    @property
    def destination(self) -> str:
        """The number that was called (Caller-Destination-Number)."""
        return self.context.get("Caller-Destination-Number", "")

    @property
    def hangup_event(self) -> Event | None:
        """CHANNEL_HANGUP_COMPLETE, or CHANNEL_HANGUP until that is in; None while the call is up.

        It is there after a Hangup, in ``finally`` as well as in what `on_hangup` calls: its
        ``hangup_cause``, ``billsec``, ``duration`` and ``variables`` tell how the call went.
        """
        return self._conversation.own.hangup_event

    @property
    def waiting_for(self) -> str | None:
        """What the handler waits for now; None while it runs.

        An event's name, a state, an application, or the command whose reply is due.
        """
        return self._conversation.waiting_for

    def watch(self, watcher: Watcher | None) -> None:
        """Tell ``watcher`` of every wait of the handler's: for tools that test or draw handlers.

        ``watcher.begins(wait)`` is called as a wait begins and ``watcher.ends(wait)`` when it is
        over or has raised, both in the handler's thread, where ``sys._getframe`` is the
        handler's own stack. The `Wait` says what is waited for, on which leg, since when and
        until when, and inside which callback; waits inside a callback are told between the
        beginning and the end of the wait that runs it. Waits for replies are told as well;
        what needs no reply or event is no wait. What the watcher raises, the wait raises.

        There is one watcher: another replaces it, None ends it. What handlers have registered,
        and what was typed ahead, can be asked meanwhile: see ``channel.leg`` (``digit_handlers``,
        ``collecting``, ``typed_ahead()``, ``conversation.callbacks``, ``conversation.legs``).
        Raises RuntimeError in another thread.
        """
        self._conversation.watch(watcher)

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

        The command is FreeSWITCH's own language, and is sent as it is; so are the values of
        headers, but an empty one is none to FreeSWITCH.

        Raises CommandError if the reply is ``-ERR ...``, ValueError for line breaks and NUL in
        the command or a header, NUL in the body, and a header that FreeSWITCH would read as
        another, TimeoutError after ``timeout`` seconds (a late reply is dropped), and Hangup or
        Disconnected if the connection ends first.
        """
        for name, value in (headers or {}).items():
            check_header(name, value)
        if "\0" in body:
            raise ValueError("NUL can't be sent: FreeSWITCH takes it for the end of the body")
        return self._conversation.command(command, tuple((headers or {}).items()), timeout, body)

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
        line = f"sendmsg {check_uuid(uuid)}" if uuid else "sendmsg"
        all_headers = {"call-command": call_command, **(headers or {})}
        for name, value in all_headers.items():
            check_header(name, value)
        reply = self._conversation.command(line, tuple(all_headers.items()), timeout)
        if not isinstance(reply, CommandReply):
            raise ProtocolError("an api response to a sendmsg")
        return reply

    def api(self, command: str, *, timeout: float | None = None) -> str:
        """Run an api command; return what it printed, without the last line break.

        The command is in FreeSWITCH's own language, and is sent as it is. FreeSWITCH takes off
        the blanks at its ends; a line break or NUL in it is a ValueError.

        It holds back every other reply and event of this call until it is done (recording
        09f): for what takes time, use `bgapi`. Raises CommandError if it printed ``-ERR`` or
        ``-USAGE``, and what `send` raises.
        """
        return self._conversation.api(command, timeout)

    def bgapi(self, command: str, *, timeout: float | None = None) -> Job:
        """Start an api command in the background; its `Job` waits for the result.

        The command is as for `api`.
        ``timeout`` (seconds) is for the reply that it has started. Raises what `send` raises.
        """
        return self._conversation.jobs.start(command, timeout)

    def filter(self, header: str, value: str) -> None:
        """Let events through whose ``header`` is ``value``, besides those let through already.

        Filters are ORed; a leading ``-`` on the value excludes, and ``/.../`` is a regular
        expression (recording 14e); otherwise letter case doesn't matter. Raises ValueError for
        a header of several words and an empty value, and what `send` raises.
        """
        self.send(f"filter {_header(header)} {_filtered(value)}")

    def filter_delete(self, header: str, value: str | None = None) -> None:
        """Take a filter back: this one, or all of the header; ``"all"`` for every one (14e).

        Without ``value``, all of that header. Raises what `send` raises.
        """
        words = ["filter delete", _header(header)]
        if value is not None:
            words.append(_filtered(value))
        self.send(" ".join(words))

    def getvar(self, name: str, *, timeout: float | None = None) -> str | None:
        """The command ``getvar``: a variable of the channel on the socket; None if not set.

        It works on every socket, and after the hangup, but a value is cut at 511 bytes and
        must not hold a line break (recordings 07e, 14f): see `Channel.get_variable`. Raises
        what `send` raises, CommandError apart.
        """
        return self._conversation.getvar(variable_name(name), timeout)

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
        self.send(self._conversation.subscription.myevents)

    def log(self, level: str | int = "debug") -> None:
        """Have the switch's log sent here as well (``log``; recording 12i).

        The lines go to the library's logger, at its level DEBUG. Raises what `send` raises.
        """
        self.send(f"log {check_name('level', str(level), ' ')}")

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
        self._conversation.check_thread()
        self._handover.give_back()
        self.send("exit")

    # Other legs

    @Declaration("originate", api=True)
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
        Disconnected when the call ends first; what rings is hung up then as well. (The switch
        goes on to what stands behind a ``|`` even so: give these a ``ring_timeout``. And with
        ``Outbound(linger=False)`` nothing can be hung up any more once the caller has gone.) It
        needs ``full`` in the dialplan's ``socket`` entry (CommandError), and events (RuntimeError).
        Recording 13d; mod_commands.c, originate_function.
        """
        variables = called_with(
            {"ignore_early_media": "true", **(variables or {})},
            ring_timeout,
            caller_id_name,
            caller_id_number,
        )
        leg = self._handover.added_legs.originate(dial_string, variables, timeout)
        return self._channel(leg)

    @Declaration("uuid_dump", api=True)
    def leg(self, uuid: str) -> Channel:
        """The leg of that uuid, such as the one that a bridge was answered by.

        From then on its events come as well, and the applications of its methods run there.
        Raises CommandError if there is no such channel, or without ``full`` in the dialplan's
        ``socket`` entry.
        """
        return self._channel(self._handover.added_legs.look_up(uuid))

    def _channel(self, leg: Leg) -> Channel:
        """The channel of a leg: the same each time."""
        return self._channels.setdefault(leg, Channel(leg))

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
            self._conversation.check_thread()
            self._conversation.callbacks.append((event, callback))
            return callback

        return register if callback is None else register(callback)

    def on_hangup(self, callback: HangupCallbackT) -> HangupCallbackT:
        """A decorator: call the function once, with the `Hangup`, when the call has ended.

            @session.on_hangup
            def bill(hangup): ...

        All that was said of it is in by then: see ``session.hangup_event``. It is called in
        the handler's thread: by the blocking call that raises Hangup, or after the handler has
        returned. Nothing is called where the call goes on, given back to the dialplan, nor where
        only the connection ended (Disconnected), and nobody knows how the call did.
        """
        self._conversation.check_thread()
        self._conversation.hangup_callbacks.append(callback)
        return callback

    def wait(self, event: Expected, timeout: float | None = None) -> Event:
        """Wait for an event of any leg, by name, or for the channel to reach a state.

        As `Channel.wait`, but for events of whatever channel, or of none.
        """
        return wait_for(self._conversation, event, timeout, None)

    def events(self, *names: str, timeout: float | None = None) -> Iterator[Event]:
        """Every event of these names, or every one at all, until the call ends.

        In order of arrival, from the first look at it on, those included that arrive while the
        loop does something else. Raises TimeoutError when none comes for ``timeout`` seconds,
        and RuntimeError inside a callback.
        """
        conversation = self._conversation
        if conversation.in_callback:
            raise RuntimeError("events can't be iterated inside a callback: wait for one there")
        arrived: deque[Event] = deque()
        callbacks = [(name, arrived.append) for name in dict.fromkeys(names or ("ALL",))]
        for name, keep in callbacks:
            self.on(name, keep)
        try:
            while True:
                try:
                    deadline = conversation.deadline(timeout)
                    conversation.until("an event", lambda _: True if arrived else None, deadline)
                except (Hangup, Disconnected):
                    yield from arrived
                    return
                yield arrived.popleft()
        finally:
            conversation.callbacks[:] = [
                each for each in conversation.callbacks if each not in callbacks
            ]


def _header(name: str) -> str:
    check_header(name, "x")
    if name.lower() in ("add", "delete"):
        raise ValueError(f"filter: FreeSWITCH takes the header {name!r} for an order")
    return name


def _filtered(value: str) -> str:
    if not value:
        raise ValueError("filter: an empty value")
    return check_value(value)

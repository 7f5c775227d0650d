"""A call, as the handler gets it: commands, legs, events and waits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, overload
from weakref import WeakValueDictionary

from .applications.bridging import called_with
from .bounds import ITERATED
from .call.backlog import Backlog
from .call.callbacks import CallbackT, HangupCallbackT
from .call.conversation import Conversation
from .call.handover import Handover
from .call.handwritten import note
from .call.job import Job
from .call.leg import Leg
from .call.observed import ANY_EVENT
from .call.taken_away import sending
from .call.waiting import Expected, check_event, wait_for
from .call.watching import Watcher
from .callables import check_function
from .channel import Channel
from .checked import checked
from .numbers import whole_seconds
from .wire.arguments import (
    check_header,
    check_line,
    check_name,
    check_uuid,
    check_value,
    variable_name,
)
from .wire.commands import check_api, check_call_command, check_command
from .wire.declared import Declaration
from .wire.event_names import EVENT_NAMES, parse_event
from .wire.exceptions import Disconnected, Hangup, ProtocolError
from .wire.message import ApiResponse, CommandReply, ConnectReply, Event
from .wire.texts import sendable

__all__ = ["Session"]


@checked
class Session:
    """A call that the switch has handed over; the handler's argument.

    Use its methods in the handler's thread and its callbacks. In other threads, commands and
    their replies work; methods that wait for an event raise RuntimeError. A handler may set
    attributes on it. Where a method takes ``timeout``, it raises TimeoutError after so many
    seconds; None waits as long as it takes, which is until the call ends at the latest.
    """

    def __init__(self, conversation: Conversation, handover: Handover) -> None:
        self._conversation = conversation
        self._handover = handover
        # Of other legs, once there are any: an empty dictionary takes 0.7 KB.
        self._channels: WeakValueDictionary[Leg, Channel] | None = None
        #: The call leg on this socket.
        self.channel: Channel = Channel(conversation.own)

    def __repr__(self) -> str:
        return f"<Session {self.uuid} {self.channel.state}>"

    if not TYPE_CHECKING:  # a type checker knows that there are no other attributes

        def __getattr__(self, name: str) -> NoReturn:
            where = f": write session.channel.{name}" if hasattr(Channel, name) else ""
            raise AttributeError(f"a Session has no {name!r}{where}", name=name, obj=self)

    @property
    def uuid(self) -> str:
        """The channel's uuid."""
        return self._conversation.uuid

    @property
    def context(self) -> ConnectReply:
        """The reply to ``connect``: the channel's data at the start."""
        return self._conversation.context

    @property
    def logger(self) -> logging.LoggerAdapter[logging.Logger]:
        """The library's logger, with the call's uuid in each record (``record.uuid``)."""
        return self._conversation.logger

    @property
    def dropped(self) -> int:
        """The number of events, digits and results dropped because too many were not taken.

        docs/guides/production.md#limits has the limits.
        """
        return self._conversation.losses.total

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
        """CHANNEL_HANGUP_COMPLETE, or CHANNEL_HANGUP until that arrives; None while it is up.

        Read it after a Hangup, in ``finally`` or in an `on_hangup` callback: its
        ``hangup_cause``, ``billsec``, ``duration`` and ``variables`` describe the call.
        """
        return self._conversation.own.hangup_event

    @property
    def waiting_for(self) -> str | None:
        """The target of the handler's current wait, as text; None while it runs.

        An event's name, a state, an application, or the command whose reply is due.
        """
        return self._conversation.waiting_for

    def watch(self, watcher: Watcher | None) -> None:
        """Report every wait of the handler to ``watcher``; for tools that test or draw handlers.

        Calls ``watcher.begins(wait)`` as a wait begins, and ``watcher.ends(wait)`` when it is over
        or raises, both in the handler's thread and below the method that waits. The `Wait` has
        its target, leg, start, deadline, and the callback it is inside; waits in a callback begin
        and end within the wait that runs it. Waits for replies are included. An exception of the
        watcher propagates from the wait.

        A session has one watcher: another replaces it, None removes it. For registered handlers
        and digits typed ahead, see these attributes of ``channel.leg``:
        ``digit_handlers``, ``collecting``, ``typed_ahead()``, ``conversation.callbacks`` and
        ``conversation.legs``. ``conversation.on_expected`` may be set to a function: it is called
        with each event, ``"CUSTOM <subclass>"`` among them, that the handler waits for or
        registers a callback for, and with ``"BACKGROUND_JOB <Job-UUID>"`` when it looks at a job;
        ``conversation.on_end`` likewise, with each Hangup, Transferred and Disconnected that is
        about to be raised.
        Raises RuntimeError in another thread, and TypeError for what is no `Watcher`.
        """
        if watcher is not None:
            for name in ("begins", "ends"):
                if not hasattr(watcher, name):
                    what = type(watcher).__name__
                    raise TypeError(
                        f"watch: a watcher has begins() and ends(), and {what} lacks {name}"
                    )
                check_function(name, getattr(watcher, name))
        self._conversation.watch(watcher)

    # Commands

    def send(
        self,
        command: str,
        headers: Mapping[str, str | bytes] | None = None,
        body: str | bytes = "",
        *,
        timeout: float | None = None,
    ) -> CommandReply | ApiResponse:
        """Send a command, such as ``"filter Unique-ID <uuid>"``; wait for its reply.

        The command is in FreeSWITCH's syntax, and sent unchanged, as are the headers' values;
        FreeSWITCH drops empty headers.

        Raises CommandError if the reply is ``-ERR ...``; ValueError for line breaks or NUL in the
        command or a header, NUL in the body, and a header that FreeSWITCH would read as another;
        TimeoutError after ``timeout`` seconds (a late reply is dropped); and Hangup or
        Disconnected if the connection ends first.
        """
        check_command(command, headers)
        given, body = _sendable(headers), sendable(body)
        if "\0" in body:
            raise ValueError("a body can't contain NUL: FreeSWITCH takes it for the body's end")
        if command[:6].lower() == "bgapi " and self._conversation.subscription.on:
            self._conversation.jobs.hear(timeout)
        with sending(self._conversation, command, given):
            reply = self._conversation.commands.run(command, tuple(given.items()), timeout, body)
        note(self._conversation, command, given)
        return reply

    def sendmsg(
        self,
        call_command: str,
        headers: Mapping[str, str | bytes] | None = None,
        *,
        uuid: str | None = None,
        timeout: float | None = None,
    ) -> CommandReply:
        """Send ``sendmsg`` with ``call-command: <call_command>`` and more headers.

        It goes to the call's own channel, or to the one with ``uuid``. The reply ``+OK`` only
        means that FreeSWITCH has queued the message (recording 08a); `Channel.execute` waits for
        the application itself. Raises what `send` raises, and ProtocolError for another answer.
        """
        check_call_command(call_command)
        line = f"sendmsg {check_uuid(uuid)}" if uuid else "sendmsg"
        all_headers = _sendable({"call-command": call_command, **(headers or {})})
        with sending(self._conversation, line, all_headers):
            reply = self._conversation.commands.run(line, tuple(all_headers.items()), timeout)
        if not isinstance(reply, CommandReply):
            raise ProtocolError("an api response to a sendmsg")
        note(self._conversation, line, all_headers)
        return reply

    def api(self, command: str, *, timeout: float | None = None) -> str:
        """Run an api command; return what it printed, without the last line break.

        The command is in FreeSWITCH's syntax, and sent unchanged; FreeSWITCH strips blanks from
        its ends. Until it is done, every other reply and event of this call has to wait
        (recording 09f): use `bgapi` for slow commands. Raises CommandError if it printed a
        failure (``-ERR ...``, ``-USAGE ...``, ``-OK`` or ``!err!``; a value may begin like one),
        and what `send` raises. A command that printed nothing returns "" (28a).
        """
        check_api(command)
        with sending(self._conversation, f"api {command}"):
            printed = self._conversation.commands.api(command, timeout)
        note(self._conversation, f"api {command}")
        return printed

    def bgapi(self, command: str, *, timeout: float | None = None) -> Job:
        """Start an api command in the background; its `Job` waits for the result.

        The command is as for `api`; ``timeout`` (seconds) is for the reply that says it started.
        Raises what `send` raises.
        """
        check_api(command)
        with sending(self._conversation, f"bgapi {command}"):
            job = self._conversation.jobs.start(command, timeout)
        note(self._conversation, f"bgapi {command}")
        return job

    def filter(self, header: str, value: str) -> None:
        """Also let through events whose ``header`` has this ``value``.

        Filters are ORed; a value that begins with ``-`` excludes, and ``/.../`` is a regular
        expression (recording 14e); other values match in any letter case. Raises ValueError for
        a header of several words, an empty value, or an Event-Name that FreeSWITCH doesn't have,
        and what `send` raises.
        """
        name = value.lstrip("+- ")
        if header.lower() == "event-name" and name[:1] != "/" and name.upper() not in EVENT_NAMES:
            parse_event(name)
        self.send(f"filter {_header(header)} {_filtered(value)}")

    def filter_delete(self, header: str, value: str | None = None) -> None:
        """Remove a filter; without ``value`` every filter of that header; ``"all"``: all (14e).

        Raises what `send` raises.
        """
        words = ["filter delete", _header(header)]
        if value is not None:
            words.append(_filtered(value))
        self.send(" ".join(words))

    def getvar(self, name: str, *, timeout: float | None = None) -> str | None:
        """Return the variable ``name`` of the channel on the socket (``getvar``), or None.

        Works on every socket, and after the hangup, but FreeSWITCH cuts the value at 511 bytes,
        and it must not contain a line break (recordings 07e, 14f): see `Channel.get_variable`.
        Raises what `send` raises, except CommandError.
        """
        return self._conversation.commands.getvar(variable_name(name), timeout)

    def linger(self, seconds: float | None = None) -> None:
        """Keep the connection open after the hangup, for ``seconds`` or until closed.

        The library sends it at the start, unless ``Outbound(linger=False)`` (recordings 12e, 01a).
        They are rounded up to whole ones. Raises what `send` raises.
        """
        many = "" if seconds is None else f" {whole_seconds('linger: seconds', seconds)}"
        self.send(f"linger{many}")

    def nolinger(self) -> None:
        """Have the switch close the connection at the hangup. Raises what `send` raises."""
        self.send("nolinger")

    def divert_events(self, on: bool = True) -> None:
        """Receive events that would go to an embedded script (``divert_events on``; 05c).

        With ``on=False``, no longer. Raises what `send` raises.
        """
        self.send(f"divert_events {'on' if on else 'off'}")

    def myevents(self) -> None:
        """Subscribe to the channel's events that the switch chooses (``myevents``).

        They exclude PLAYBACK_*, RECORD_*, CUSTOM and more (recording 05a). The library
        subscribes at the start, see `Outbound`. Raises what `send` raises: CommandError if
        it was sent before.
        """
        self.send(self._conversation.subscription.myevents)

    def log(self, level: str | int = "debug") -> None:
        """Receive the switch's log (``log``; recording 12i).

        Its lines go to the library's logger, at level DEBUG. Raises what `send` raises.
        """
        self.send(f"log {check_name('level', str(level), ' ')}")

    def nolog(self) -> None:
        """Stop receiving the switch's log (``nolog``). Raises what `send` raises."""
        self.send("nolog")

    def sendevent(
        self,
        name: str,
        headers: Mapping[str, str | bytes] | None = None,
        body: str | bytes = "",
        *,
        timeout: float | None = None,
    ) -> None:
        """Fire an event (``sendevent``; recording 09d).

        ``"CUSTOM <subclass>"`` names a custom event; ``headers`` and ``body`` are its own. An event
        with the Unique-ID of a channel that is up goes to that channel's session instead of to
        everybody (mod_event_socket.c, parse_command). Raises ValueError for a name that FreeSWITCH
        doesn't know, and what `send` raises.
        """
        name, subclass = parse_event(name)
        first = {"Event-Subclass": subclass} if subclass else {}
        self.send(f"sendevent {name}", {**first, **(headers or {})}, body, timeout=timeout)

    def resume(self) -> None:
        """Let the dialplan cut the running application when the connection ends (``resume``).

        The dialplan then continues. Without ``resume`` it continues, too, but finishes running
        and queued applications first (recordings 12b, 12c, 12q). The library sends it itself if
        something still runs when the handler ends. Not for a socket without ``async``, where it
        leaves the caller in CS_RESET for ever (51b). Raises what `send` raises.
        """
        self.send("resume")

    def exit(self) -> None:
        """Give the call back to the dialplan, and end this connection (``exit``; 12g).

        FreeSWITCH finishes running and queued applications first (12c, 12k): a prompt started with
        ``block=False`` plays to its end. What would never end (``local_stream://``, ``echo``) is
        broken off, as everything is when a handler just returns.
        Nothing can be sent afterwards. Raises what `send` raises.
        """
        self._conversation.check_thread()
        self._handover.give_back(breaks_off=False)
        self.send("exit")

    # Other legs

    @Declaration("originate", api=True)
    def originate(
        self,
        dial_string: str,
        *,
        variables: Mapping[str, str | bytes] | None = None,
        ring_timeout: float | None = None,
        caller_id_name: str | bytes | None = None,
        caller_id_number: str | bytes | None = None,
        timeout: float | None = None,
    ) -> Channel:
        """Call somebody else (bgapi ``originate``); wait until they answer; return their leg.

        The leg is parked, with its own state, waits and callbacks; its methods execute
        applications there. ``dial_string``, ``variables``, ``ring_timeout`` (seconds),
        ``caller_id_name`` and ``caller_id_number`` are those of `Channel.bridge`. Early media does
        not count as an answer, unless ``variables`` sets ignore_early_media to "false".

        When the handler ends, the leg is hung up unless it is bridged to another.

        Raises CommandError when nobody takes the call (its ``cause`` says why: USER_BUSY,
        NO_ANSWER), TimeoutError after ``timeout`` seconds, and Hangup or Disconnected when the
        call ends first. In the last two cases, ringing legs are hung up; but the switch still
        tries phones after a ``|`` (limit that by ``ring_timeout``), and with
        ``Outbound(linger=False)`` nothing can be hung up once the caller has gone. It needs
        ``full`` in the dialplan's ``socket`` entry (else CommandError), and events (else
        RuntimeError). Recording 13d; mod_commands.c, originate_function.
        """
        called = called_with(
            {"ignore_early_media": "true", **(variables or {})},
            ring_timeout,
            caller_id_name,
            caller_id_number,
        )
        leg = self._handover.added_legs.originate(dial_string, called, timeout)
        return self._channel(leg)

    @Declaration("uuid_dump", api=True)
    def leg(self, uuid: str) -> Channel:
        """Return the leg with this uuid, such as the one that answered a bridge.

        From then on its events arrive, too, and its methods execute applications there, until it
        has ended and another leg is added.
        Raises CommandError if there is no such channel, or without ``full`` in the dialplan's
        ``socket`` entry.
        """
        return self._channel(self._handover.added_legs.look_up(uuid))

    def _channel(self, leg: Leg) -> Channel:
        """The channel of a leg, the same object each time."""
        if leg.is_own:
            return self.channel
        if self._channels is None:
            self._channels = WeakValueDictionary()
        return self._channels.setdefault(leg, Channel(leg))

    # Events

    @overload
    def on(self, event: str) -> Callable[[CallbackT], CallbackT]: ...

    @overload
    def on(self, event: str, callback: CallbackT) -> CallbackT: ...

    def on(self, event: str, callback: CallbackT | None = None) -> Any:
        """Call ``callback(event)`` for every event of that name; also a decorator.

        ``event`` is an event name, ``"CUSTOM <subclass>"``, or ``"ALL"``. Callbacks run on the
        handler's thread while it is inside a blocking call, one at a time, in the order in which
        events arrived and callbacks were registered. An exception of a callback propagates from
        the blocking call (docs/reference/errors.md#exceptions-of-callbacks). Events that may be
        about no channel pass the call's filter from now on. Raises ValueError for an unknown event,
        and RuntimeError for one that would never arrive.
        """
        check_event(event)

        def register(callback: CallbackT) -> CallbackT:
            check_function("a callback for on()", callback)
            self._conversation.check_thread()
            self._conversation.expect(event, None)
            self._conversation.callbacks.append((event, callback))
            return callback

        return register if callback is None else register(callback)

    def on_hangup(self, callback: HangupCallbackT) -> HangupCallbackT:
        """A decorator: call ``callback`` once, with the `Hangup`, when the call has ended.

            @session.on_hangup
            def bill(hangup): ...

        It runs in the handler's thread, once the call's final events have arrived (see
        `hangup_event`): inside the blocking call that raises Hangup, or after the handler has
        returned. It does not run if the call is given back to the dialplan, or if only the
        connection ended (Disconnected).
        """
        check_function("a callback for on_hangup", callback)
        self._conversation.check_thread()
        self._conversation.turns.hangup_callbacks.append(callback)
        return callback

    def wait(self, event: Expected, timeout: float | None = None) -> Event:
        """Wait for an event of any leg, by name, or for the channel to reach a state.

        As `Channel.wait`, but for events about any channel, or about none, such as HEARTBEAT or
        ``"CUSTOM sofia::register"``; these pass the call's filter from now on.
        """
        return wait_for(self._conversation, event, timeout, None)

    def post(self, value: Any = None) -> bool:
        """Wake the handler with a value, from any thread: a web request, a push, a worker.

        ``session.wait("POSTED")`` returns an event whose ``value`` it is; callbacks registered
        with ``session.on("POSTED")`` get that event, while the handler is inside any blocking
        call. A wait for several, such as ``session.wait(["POSTED", "DTMF"])``, ends with the
        first. Values are kept in order until a wait takes them, or a callback has had them. They
        never leave the program: the switch knows nothing of them, and no subscription is needed.

        Returns False if nobody will take it, since the call has ended or was given back; True if
        it is queued, which a hangup may still overtake. Never waits, also while the handler sends a
        command or runs a callback. Raises queue.Full if the handler has not taken 1000 values.
        """
        return self._conversation.post(value)

    def events(self, *names: str, timeout: float | None = None) -> Iterator[Event]:
        """Iterate over the events of these names, or over all events, until the call ends.

        In order of arrival, from the first iteration on; events that arrive while the loop does
        something else are included. Raises TimeoutError when none arrives for
        ``timeout`` seconds, and RuntimeError inside a callback, or for an event that would never
        arrive.
        """
        conversation = self._conversation
        if conversation.in_callback:
            raise RuntimeError("events() can't be used inside a callback: wait for one event there")
        for name in names or ("ALL",):
            conversation.expect(name, None)
        return self._events(names, timeout)

    def _events(self, names: tuple[str, ...], timeout: float | None) -> Iterator[Event]:
        conversation = self._conversation
        arrived = Backlog(ITERATED)

        def keep(event: Event) -> None:
            arrived.append(event)
            while arrived.overfull:
                conversation.losses.count(ITERATED, arrived.popleft().name)

        def next_one() -> Event | None:
            while arrived:
                event = arrived.popleft()
                if conversation.typeahead.has(event):  # no wait has taken the digit meanwhile
                    return event
            return None

        callbacks = [(name, keep) for name in dict.fromkeys(names or ("ALL",))]
        for name, _ in callbacks:
            self.on(name, keep)
        try:
            while True:
                try:
                    deadline = conversation.deadline(timeout)
                    event = conversation.until(ANY_EVENT, lambda _: next_one(), deadline)
                except (Hangup, Disconnected):
                    while (event := next_one()) is not None:  # type: ignore[assignment]
                        yield event
                    return
                conversation.typeahead.taken(event)
                yield event
        finally:
            conversation.callbacks[:] = [
                each for each in conversation.callbacks if each not in callbacks
            ]


def _sendable(headers: Mapping[str, str | bytes] | None) -> dict[str, str]:
    """The headers as they are sent. Raises ValueError for one that FreeSWITCH would change."""
    given = {name: sendable(value) for name, value in (headers or {}).items()}
    for name, value in given.items():
        check_header(name, value)
    return given


def _header(name: str) -> str:
    check_header(name, "x")
    if name.lower() in ("add", "delete"):
        raise ValueError(
            f"filter: FreeSWITCH takes the header {name!r} for a subcommand; filter by another"
        )
    return name


def _filtered(value: str) -> str:
    if not value:
        raise ValueError("filter: the value must not be empty")
    return check_value(check_line(sendable(value)))

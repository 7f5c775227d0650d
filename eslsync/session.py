"""A call, as the handler is given it: commands, events, and how it is taken and given back."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, overload

from .applications.bridging import called_with
from .call.commands import Commands
from .call.connection import Connection
from .call.conversation import LINGER, Callback, HangupCallback, Late, Stopped
from .call.subscription import Subscription
from .call.waiting import Expected
from .channel import Channel
from .clock import Clock
from .wire.arguments import check_line, check_uuid, variable_block, word
from .wire.declared import Declaration
from .wire.enums import HangupCause, check_event_name
from .wire.exceptions import CommandError, Disconnected, ESLError, Hangup, ProtocolError
from .wire.message import ConnectReply, Event, Format
from .wire.redaction import Redactor

__all__ = ["Session"]

CallbackT = TypeVar("CallbackT", bound=Callback)
HangupCallbackT = TypeVar("HangupCallbackT", bound=HangupCallback)

#: Seconds that a peer has for the answer to `connect`, and then for the rest of the handshake.
HANDSHAKE_TIMEOUT = 10.0
#: Seconds for all that is said before a call is given back, or after it was refused.
GIVE_BACK_TIMEOUT = 5.0

#: The variable that all legs have which one `originate` has called.
MARK = "eslsync_originate"

#: What blocking calls and the end of a call rest on, whatever ``events=[...]`` names.
NEEDED_EVENTS = ("CHANNEL_EXECUTE_COMPLETE", "CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE", "DTMF")


class Session(Commands):
    """A call, as the switch put it in our hands; given to the handler.

    Methods may be used in the handler's thread and its callbacks. In other threads, commands
    and their replies work; whatever waits for an event is a RuntimeError there.
    """

    __slots__ = ("_began", "_leave_by", "_limited", "_originated")

    def __init__(
        self, connection: Connection, clock: Clock, redact: Redactor | None = None
    ) -> None:
        super().__init__(connection, clock, redact)
        # Nobody's, until the switch has answered `connect`.
        self.channel = Channel(self, "", Event(b""))
        self._originated: list[Channel] = []
        self._began = clock.now()
        self._leave_by: float | None = None  # when giving back has to be done
        self._limited = False  # the switch is to hang up, and can be told not to

    def __repr__(self) -> str:
        return f"<Session {self.channel.uuid} {self.channel.state}>"

    @property
    def caller_number(self) -> str:
        """Who calls: the number (Caller-Caller-ID-Number); empty where nobody says."""
        return self.context.get("Caller-Caller-ID-Number", "")

    @property
    def caller_name(self) -> str:
        """Who calls: the name (Caller-Caller-ID-Name); empty where nobody says."""
        return self.context.get("Caller-Caller-ID-Name", "")

    @property
    def destination(self) -> str:
        """The number that was called (Caller-Destination-Number)."""
        return self.context.get("Caller-Destination-Number", "")

    def exit(self) -> None:
        """Leave: the dialplan goes on with the call, and this connection ends (``exit``; 12g).

        What runs and what is queued is finished first. A handler that just returns does the
        same. Nothing can be sent afterwards. Raises what `send` raises.
        """
        self._check_thread()
        self._lift_limit()
        self._leave_legs()
        self._give_back()
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
        self._check_thread()
        self._subscription.check("the answer")
        deadline = self._deadline(timeout)
        called = called_with(
            {"ignore_early_media": "true", **(variables or {})},
            ring_timeout,
            caller_id_name,
            caller_id_number,
        )
        if not dial_string:
            raise ValueError("originate: an empty dial string")
        check_line(variable_block(called) + dial_string)
        leg = self._add_leg(named(self.api("create_uuid", timeout=self._left(deadline))))
        block = variable_block({**called, "origination_uuid": leg.uuid, MARK: leg.uuid})
        command = f"originate {word(block + dial_string)} &park()"
        self._originated.append(leg)
        try:
            job = self.bgapi(command, timeout=self._left(deadline))
            uuid = job._wait(deadline).removeprefix("+OK ")
        except CommandError:
            self._originated.remove(leg)  # there is none
            self._forget_leg(leg)
            raise
        except BaseException:
            self._kill_all(leg.uuid)
            raise
        if uuid != leg.uuid:  # of several that were called, only the first has our uuid
            self._originated.remove(leg)
            self._forget_leg(leg)
            leg = self._add_leg(named(uuid))
            self._originated.append(leg)
        self._look_at(leg)
        return leg

    @Declaration("uuid_dump", api=True)
    def leg(self, uuid: str) -> Channel:
        """The leg of that uuid, such as the one that a bridge was answered by.

        From then on its events come as well, and the applications of its methods run there.
        Raises CommandError if there is no such channel, or without ``full`` in the dialplan's
        ``socket`` entry.
        """
        self._check_thread()
        known = self._legs.get(uuid)
        if known is not None:
            return known
        self._subscription.check("its hangup")
        leg = self._add_leg(check_uuid(uuid))
        try:
            self._look_at(leg)
        except CommandError:
            self._forget_leg(leg)
            raise
        return leg

    def _look_at(self, leg: Channel) -> None:
        """Ask for what no event has told yet."""
        if leg.is_up and not leg._latest.name:
            data = Event(self.api(f"uuid_dump {leg.uuid}").encode("utf-8", "surrogateescape"))
            if not leg._latest.name:
                leg._told_state = leg._told_variables = data

    def _forget_leg(self, leg: Channel) -> None:
        del self._legs[leg.uuid]
        if self._subscription.filtered:
            self.filter_delete("Unique-ID", leg.uuid)

    def _add_leg(self, uuid: str) -> Channel:
        """From now on, the events of that leg are let through, and belong to it."""
        if self._subscription.filtered:
            self.filter("Unique-ID", uuid)
        self._read_recent()  # what came before is none of what we are told of it
        leg = self._legs[uuid] = Channel(self, uuid, Event(b""))
        return leg

    def _kill_all(self, mark: str) -> None:
        """Hang up every leg that an originate has called by now."""
        try:
            self._exchange(f"api hupall NORMAL_CLEARING {MARK} {mark}", timeout=self._last_words)
        except ESLError as error:
            self.logger.debug("what rings could not be hung up: %s", error)

    def _kill(self, uuid: str) -> None:
        """Hang another leg up, if it is there still."""
        try:
            self._exchange(f"api uuid_kill {uuid}", timeout=self._last_words)
        except ESLError as error:
            self.logger.debug("%s could not be hung up: %s", uuid, error)

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
            self._check_thread()
            self._callbacks.append((event, callback))
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
        self._check_thread()
        self._hangup_callbacks.append(callback)
        return callback

    def wait(self, event: Expected, timeout: float | None = None) -> Event:
        """Wait for an event of any leg, by name, or for the channel to reach a state.

        As `Channel.wait`, but for events of whatever channel, or of none.
        """
        return self._wait(event, timeout, None)

    def events(self, *names: str, timeout: float | None = None) -> Iterator[Event]:
        """Every event of these names, or every one at all, until the call ends.

        In order of arrival, from the first look at it on, those included that arrive while the
        loop does something else. Raises TimeoutError when none comes for ``timeout`` seconds,
        and RuntimeError inside a callback.
        """
        if self._in_callback:
            raise RuntimeError("events can't be iterated inside a callback: wait for one there")
        arrived: deque[Event] = deque()
        callbacks = [(name, arrived.append) for name in dict.fromkeys(names or ("ALL",))]
        for name, keep in callbacks:
            self.on(name, keep)
        try:
            while True:
                try:
                    self._until(
                        "an event", lambda _: True if arrived else None, self._deadline(timeout)
                    )
                except (Hangup, Disconnected):
                    yield from arrived
                    return
                yield arrived.popleft()
        finally:
            self._callbacks = [each for each in self._callbacks if each not in callbacks]

    # What Outbound does around the handler

    def _connect(self) -> None:
        """Take the call.

        Raises Disconnected if the peer only looked in (a health check), ProtocolError if it is
        no switch.
        """
        reply = self._command("connect", timeout=HANDSHAKE_TIMEOUT)
        ids = (reply.get("Unique-ID", ""), reply.get("Event-Sequence", "0"))
        if not isinstance(reply, ConnectReply) or not all(map(str.isprintable, ids)) or not ids[0]:
            what = "the answer to connect is not a channel's data"
            raise ProtocolError(what, self._redact.data(reply.head))
        self.context = reply
        self.channel = Channel(self, reply["Unique-ID"], reply)
        self._legs[self.uuid] = self.channel
        self._ids = "/".join(ids)
        self._full = reply._near_end("Control") == "full"
        self._subscription = Subscription(is_async=reply._near_end("Socket-Mode") == "async")
        self.logger.extra = {"uuid": self.uuid}

    def _prepare(
        self,
        events: bool | Sequence[str],
        linger: bool | int,
        format: Format,
        max_duration: float | None,
    ) -> None:
        """Have the switch linger, and tell of events, before the handler begins."""
        self._format = format
        deadline = self._deadline(HANDSHAKE_TIMEOUT)
        commands = []
        if linger is not False and self._full:
            self._linger = LINGER if linger is True else linger
            commands.append(f"linger {self._linger}")
        if events is not False:
            told = "all" if events is True else event_list([*events, *NEEDED_EVENTS])
            commands += self._asking_for(told)
        self._say(commands, deadline)
        if max_duration is not None:
            self._limit(max_duration, deadline)
        if self._connection.cut_by is not None:
            raise self._connection.cut_by  # the handler need not begin

    def _asking_for(self, events: str) -> list[str]:
        """The commands that have the switch tell of these events."""
        if self._full:
            return [f"filter Unique-ID {self.uuid}", f"event {self._format} {events}"]
        # `event` is refused without ``full``, and myevents serves (recording 08c)
        return [self._myevents]

    def _limit(self, seconds: float, deadline: float | None) -> None:
        """Have the switch hang up after so many seconds, whatever the handler does by then.

        By the switch's own clock: not even a handler that is stuck can hold its caller. What is
        to come in N seconds comes N - 1 to N + 0.5 seconds from now (recording 27c).
        """
        when, cause = f"+{math.ceil(seconds) + 1}", HangupCause.ALLOTTED_TIMEOUT
        if self._full:
            # In a group of its own: sched_hangup's is the channel's, which others use as well.
            command = f"sched_api {when} {self._limit_group} uuid_kill {self.uuid} {cause}"
            self.api(command, timeout=self._left(deadline))
        else:
            argument = f"{when} {cause}"
            self.channel.execute(
                "sched_hangup", argument, block=False, timeout=self._left(deadline)
            )
        self._limited = self._full

    def _lift_limit(self) -> None:
        """What the dialplan does with the call is not the handler's, and has no limit of ours."""
        if self._limited:
            self._limited = False
            try:
                self._exchange(f"api sched_del {self._limit_group}", timeout=self._last_words)
            except ESLError as error:  # it finds no such channel, then
                self.logger.debug("the limit of the call's duration stays: %s", error)

    @property
    def _limit_group(self) -> str:
        return f"eslsync/{self.uuid}"

    def _refuse(self, cause: HangupCause) -> None:
        """Hang up, and let the switch close: a close of ours might overtake the hangup (14b2)."""
        deadline = self._deadline(GIVE_BACK_TIMEOUT)
        self.sendmsg("hangup", {"hangup-cause": str(cause)}, timeout=GIVE_BACK_TIMEOUT)
        try:
            while self._failed is None:
                self._collect(deadline)
        except Late:
            pass

    @property
    def _last_words(self) -> float:
        """Seconds for the next command of those that a call is left with."""
        return GIVE_BACK_TIMEOUT if self._leave_by is None else self._left(self._leave_by) or 0.0

    def _close(self) -> None:
        """The handler has ended: give the call back if it is still up, and close in order."""
        self._callbacks.clear()
        for leg in self._legs.values():
            leg._digit_handlers.clear()
        self._leaving = True
        self._leave_by = self._deadline(GIVE_BACK_TIMEOUT)
        try:
            if isinstance(self._failed, Stopped):
                self._failed = None
            self._lift_limit()
            self._leave_legs()
            self._give_back()
        except Hangup as hangup:
            self.logger.info("%s", hangup)
            self._tell_hangup_at_last()
        except ESLError as error:
            self.logger.info("connection closed: %s", error)
        except Exception:  # noqa: BLE001 - an on_hangup callback's: in the log, and nobody's else
            self.logger.debug("connection closed")
        finally:
            self._connection.close()

    def _leave_legs(self) -> None:
        if self._originated:
            self._pull_available()
        while self._originated:
            self._leave(self._originated.pop(0))

    def _leave(self, leg: Channel) -> None:
        """Hang up a leg that we have called, unless it is somebody else's by now."""
        try:
            if not leg.is_up:
                return
            if self._ask_variable(leg, "bridge_to", self._last_words) is None:
                self._kill(leg.uuid)
            elif leg._leaves_dialplan:
                command = f"uuid_setvar {leg.uuid} park_after_bridge false"
                self.api(command, timeout=self._last_words)
        except ESLError as error:  # it has gone by itself, say
            self.logger.debug("%s is left: %s", leg.uuid, error)

    def _tell_hangup_at_last(self) -> None:
        try:
            self._tell_hangup()
        except Exception:  # noqa: BLE001 - the handler has returned: nobody else could be told
            self.logger.debug("an on_hangup callback has failed, as said above")

    def _give_back(self) -> None:
        """Give the call back to the dialplan. Raises Hangup if it has ended instead."""
        if not self._over or self.hangup_event is None:
            self._pull_available()
        if self._over or self.hangup_event is not None:
            if self._hangup_callbacks:
                self._until("the end of the call", lambda _: None, None, wanted=())
            raise self._hangup()
        self._raise_if_over()
        self.channel._digit_handlers.clear()
        if self.channel._left_socket and self.channel._leaves_dialplan:
            self._leave_bridged()
            return
        self.channel._put_back(self._last_words)
        self._make_safe_to_leave()
        self.logger.info("call given back to the dialplan")

    def _leave_bridged(self) -> None:
        """There is no dialplan to give the call back to: it ends with its bridge, or now.

        It would be parked for ever, with nobody in control.
        """
        uuid = self.uuid
        self.api(f"uuid_setvar {uuid} park_after_bridge false", timeout=self._last_words)
        if self._ask_variable(self.channel, "bridge_to", self._last_words) is None:
            self._kill(uuid)
            end = self._deadline(self._last_words)
            self._until("the end of the call", lambda _: None, end, wanted=())
        self.logger.info("call left to its bridge")

    def _make_safe_to_leave(self) -> None:
        if self.channel._has_completed:
            return
        # A close within a moment of connect leaves the caller parked for ever, with nobody in
        # control (recording 14b2). An application that has completed is proof that the channel
        # is past that moment.
        if not self._subscription.completions:
            events = self._asking_for("CHANNEL_EXECUTE_COMPLETE")
            self._say(events, self._deadline(self._last_words))
        self.channel.execute("set", "eslsync_gave_back=true", timeout=self._last_words)


def named(uuid: str) -> str:
    """The uuid itself. Raises ProtocolError where the switch named what can be none."""
    try:
        return check_uuid(uuid)
    except ValueError:
        said = uuid.encode("utf-8", "surrogateescape")
        raise ProtocolError("the answer is not a channel's uuid", said) from None


def event_list(names: Sequence[str]) -> str:
    """The arguments of ``event``: each name once, and subclasses last, after one CUSTOM."""
    once = dict.fromkeys(names)
    custom = [name for name in once if name.partition(" ")[0] == "CUSTOM"]
    plain = [check_event_name(name) for name in once if name not in custom]
    subclasses = [word for name in custom for word in name.split()[1:]]
    return " ".join([*plain, *(["CUSTOM", *subclasses] if custom else [])])

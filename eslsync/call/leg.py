"""A call leg: its state, its events, and how an application is executed on it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NoReturn, TypeVar, overload

from ..wire.arguments import (
    DIGITS,
    check_header_value,
    check_name,
    check_value,
    literal,
    multiset_arguments,
)
from ..wire.declared import declared
from ..wire.enums import AnswerState, CallState, ChannelState
from ..wire.exceptions import CommandError, ProtocolError
from ..wire.message import ApiResponse, Event
from .execution import Execution

if TYPE_CHECKING:
    from ..session import Session
    from .waiting import Expected

__all__ = ["Leg"]

T = TypeVar("T")
CallbackT = TypeVar("CallbackT", bound=Callable[[Event], Any])
DigitHandler = Callable[[str], Any]
DigitHandlerT = TypeVar("DigitHandlerT", bound=DigitHandler)

#: The channel's states in the order that a call passes through the last of them.
STATES = list(ChannelState)


class Setting(NamedTuple):
    """A variable that a method has set: to what, and what it was before."""

    value: str
    before: str | None


class Leg:
    """A leg of a call; what `Channel` has besides the applications."""

    def __init__(self, session: Session, uuid: str, context: Event) -> None:
        self.uuid = uuid
        #: CHANNEL_HANGUP_COMPLETE, or CHANNEL_HANGUP until that is in; None while it is up.
        self.hangup_event: Event | None = None
        self._session = session
        self._told_state = context
        self._told_variables = context
        self._hangup_serial: int | None = None  # of the first word of its end
        self._gone_by: float | None = None  # another leg than the call's own: when all is said
        self._has_completed = False
        self._left_socket = False  # it is up, and its socket application has ended
        self._leaves_dialplan = False  # for a bridge with another leg; nothing else will have it
        self._digit_handlers: dict[str | None, DigitHandler] = {}
        self._collecting = False  # digits are for get_digits, and not for their handlers
        self._last_collected: str | None = None  # the last digit that an application collected
        self._settings: dict[str, Setting] = {}  # variables that methods have set for themselves
        self._lock = threading.Lock()  # for those: other threads execute applications as well

    def __repr__(self) -> str:
        return f"<Channel {self.uuid} {self.state}>"

    @property
    def state(self) -> ChannelState:
        """The channel's state, as the last event that arrived told it (Channel-State)."""
        state = self._latest.channel_state
        return state if isinstance(state, ChannelState) else ChannelState.NEW

    @property
    def call_state(self) -> CallState | str | None:
        """How the call stands, as the last event that arrived told it (Channel-Call-State)."""
        return self._latest.call_state

    @property
    def answer_state(self) -> AnswerState | str | None:
        """Answered, early, ringing or hung up, as the last event told it (Answer-State)."""
        return self._latest.answer_state

    @property
    def is_up(self) -> bool:
        """Is the leg not known to have hung up?"""
        return self.hangup_event is None

    # Executing

    @overload
    def execute(
        self,
        application: str,
        argument: str = ...,
        *,
        lock: bool = ...,
        block: Literal[True] = ...,
        timeout: float | None = ...,
    ) -> Event | None: ...

    @overload
    def execute(
        self,
        application: str,
        argument: str = ...,
        *,
        lock: bool = ...,
        block: Literal[False],
        timeout: float | None = ...,
    ) -> Execution[Event | None]: ...

    def execute(
        self,
        application: str,
        argument: str = "",
        *,
        lock: bool = False,
        block: bool = True,
        timeout: float | None = None,
    ) -> Event | Execution[Event | None] | None:
        """Execute a dialplan application, any of FreeSWITCH's.

        The argument is the dialplan's own language: ``${...}`` in it is expanded, and
        ``${system(...)}`` is run. (The methods that are named for an application send text as
        it is, and nothing in it is expanded.)

        Waits for its CHANNEL_EXECUTE_COMPLETE and returns that event; callbacks run meanwhile.
        With ``block=False`` it waits for the reply only and returns an `Execution`. With
        ``Outbound(events=False)`` nobody tells of completion: it returns None at the reply.

        What is sent while another application runs is run inside it, which then resumes; under
        ``lock=True`` (event-lock) whatever arrives while this application runs queues instead
        (recordings 07a, 07b, 07f). An application that FreeSWITCH doesn't know ends the call
        (08b).

        Raises Hangup if the leg has hung up or does so first, TimeoutError after ``timeout``
        seconds (the application goes on), CommandError if FreeSWITCH refuses the command,
        ValueError for line breaks in an argument.
        """
        check_application(application)
        return self._execute(application, argument, itself, lock, block, timeout)

    def _do(self, application: str, argument: str, timeout: float | None) -> None:
        """Execute with an argument that is meant as it is; wait for its end."""
        self._execute(application, as_it_is(argument), lambda event: None, timeout=timeout)

    def _run(
        self,
        application: str,
        argument: str,
        result: Callable[[Event], T],
        lock: bool,
        timeout: float | None,
    ) -> T:
        """As `_do`, for an application whose outcome stands in its completion."""
        if not self._session._subscription.completions:
            raise RuntimeError(
                f"{application}: the outcome would never be told, since the call was taken with "
                "events=False"
            )

        def told(event: Event | None) -> T:
            assert event is not None
            return result(event)

        return self._execute(application, as_it_is(argument), told, lock, timeout=timeout)

    @overload
    def _execute(
        self,
        application: str,
        argument: str,
        result: Callable[[Event | None], T],
        lock: bool = ...,
        *,
        timeout: float | None = ...,
    ) -> T: ...

    @overload
    def _execute(
        self,
        application: str,
        argument: str,
        result: Callable[[Event | None], T],
        lock: bool = ...,
        block: bool = ...,
        timeout: float | None = ...,
    ) -> T | Execution[T]: ...

    def _execute(
        self,
        application: str,
        argument: str,
        result: Callable[[Event | None], T],
        lock: bool = False,
        block: bool = True,
        timeout: float | None = None,
    ) -> T | Execution[T]:
        session = self._session
        if block:
            session._check_thread()
        deadline = None if timeout is None else session._deadline(timeout)
        if session._over or session._failed is not None or self.hangup_event is not None:
            session._raise_if_gone(self)
        execution = Execution(self, application, session._new_id(), result, lock)
        self._send(execution, argument, timeout, quiet=block and session._subscription.completions)
        try:
            return execution._wait(deadline) if block else execution
        finally:
            if self._settings and declared(application).sets and not execution._refused:
                self._note_set(argument)

    def _send(
        self, execution: Execution[Any], argument: str, timeout: float | None, quiet: bool
    ) -> None:
        """Send it; wait for the reply, unless it is ``quiet``: then only a refusal is told."""
        session = self._session
        if argument.startswith((" ", "ARRAY::")):  # what else none can be, every command is
            check_header_value("execute-app-arg", argument)
        headers = [("call-command", "execute"), ("execute-app-name", execution.application)]
        if argument:
            headers.append(("execute-app-arg", argument))
        if execution._lock:
            headers.append(("event-lock", "true"))
        headers.append(("Event-UUID", execution.uuid))
        if session._subscription.completions:
            session._executions[execution.uuid] = execution
        try:
            if quiet:
                execution._pending = session._send(self._line, headers, quiet=True)
                execution._pending.execution = execution.uuid
            else:
                self._sendmsg(headers, timeout)
        except BaseException:  # refused, or nobody knows whether it has been taken
            session._executions.pop(execution.uuid, None)
            raise

    def _note_set(self, argument: str) -> None:
        """What the handler sets itself is no longer to be put back."""
        with self._lock:
            self._settings = {
                name: value
                for name, value in self._settings.items()
                if not re.search(rf"\b{name}(=|,|$)", argument)
            }

    @property
    def _line(self) -> str:
        """The command for a message to it."""
        return "sendmsg" if self is self._session.channel else f"sendmsg {self.uuid}"

    @property
    def _own(self) -> bool:
        """Is it the leg that is on the socket?"""
        return self is self._session.channel

    def _sendmsg(self, headers: list[tuple[str, str]], timeout: float | None) -> None:
        """Send it a message, and wait for the reply. Raises Hangup where that leg has gone."""
        try:
            reply = self._session._command(self._line, headers, timeout)
        except CommandError as error:
            self._raise_refused(error)
        if isinstance(reply, ApiResponse):
            raise ProtocolError("an api response to a sendmsg")

    def _raise_refused(self, error: CommandError) -> NoReturn:
        if self._own or "invalid session id" not in error.text:
            raise error
        self._session._await_end(self, error)
        raise error

    def _api(self, command: str, timeout: float | None) -> None:
        """An api command about this leg. Raises Hangup where that has gone."""
        try:
            self._session.api(command, timeout=timeout)
        except CommandError as error:
            if not any(each in error.text.lower() for each in ("no such channel", "invalid uuid")):
                raise
            self._session._await_end(self, error)

    def _setting(self, timeout: float | None, **variables: str | None) -> None:
        """Set variables that an application looks at; None puts back what we have changed.

        They are the channel's, so they are set when they differ from what they were set to.
        What is sent after that is run after it, so its completion need not be awaited.
        """
        ours = dict(self._settings)
        known = self._known.variables
        kept: dict[str, Setting] = {}
        changed: dict[str, str | None] = {}
        for name, value in variables.items():
            was = ours.get(name)
            before = as_it_was(known.get(name)) if was is None else was.before
            if value is not None:
                kept[name] = Setting(check_value(value), before)
                if was is None or was.value != value:
                    changed[name] = value
            elif was is not None:
                changed[name] = before
        self._put(changed, timeout)
        with self._lock:
            # what another thread has set meanwhile is no longer ours
            others = {n: s for n, s in self._settings.items() if n not in variables}
            self._settings = others | kept

    def _put(self, variables: dict[str, str | None], timeout: float | None) -> None:
        new = {name: value for name, value in variables.items() if value is not None}
        commands = [("unset", name) for name in variables if name not in new]
        if len(new) == 1:
            [(name, value)] = new.items()
            commands.append(("set", f"{name}={literal(value)}"))
        elif new:
            commands += [("multiset", argument) for argument in multiset_arguments(new)]
        session = self._session
        deadline = session._deadline(timeout)
        for application, argument in commands:
            left = session._left(deadline)
            self.execute(application, as_it_is(argument), block=False, timeout=left)

    def _put_back(self, timeout: float | None) -> None:
        """Leave the channel's variables as they were before methods have set them."""
        self._setting(timeout, **dict.fromkeys(self._settings))

    # Events

    def wait(self, event: Expected, timeout: float | None = None) -> Event:
        """Wait for an event of this leg, by name, or for the channel to reach a state.

        Returns the event. ``"CUSTOM <subclass>"`` waits for a custom event. A list of names and
        states waits for the first of them, and a function of an event for the first of which it
        says True.

        - A digit that was pressed before satisfies ``wait("DTMF")`` (type-ahead), and its
          `on_dtmf` handlers have run by the time it returns. Inside a callback it takes the
          digit for itself: its handlers don't run.
        - Any other event counts if it arrived since the last blocking call returned.
        - A state that is reached already returns at once.

        Raises TimeoutError after ``timeout`` seconds, Hangup when the leg hangs up (unless it is
        the hangup that was waited for), Disconnected when the connection ends.
        """
        return self._session._wait(event, timeout, self)

    @overload
    def on(self, event: str) -> Callable[[CallbackT], CallbackT]: ...

    @overload
    def on(self, event: str, callback: CallbackT) -> CallbackT: ...

    def on(self, event: str, callback: CallbackT | None = None) -> Any:
        """As `Session.on`, for the events of this leg alone."""

        def register(callback: CallbackT) -> CallbackT:
            def of_this_leg(event: Event) -> None:
                if event.uuid == self.uuid:
                    callback(event)

            self._session.on(event, of_this_leg)
            return callback

        return register if callback is None else register(callback)

    def on_dtmf(self, digit: str | None = None) -> Callable[[DigitHandlerT], DigitHandlerT]:
        """A decorator: call the function with each digit pressed, or with that one alone.

            @channel.on_dtmf("1")
            def option1(digit): ...

        The handler for a digit takes precedence over the one for any; registering again
        replaces. Handlers run on the handler's thread while it is inside a blocking call, one
        at a time. A digit of another leg never runs them, nor does one that is pressed while
        play_and_get_digits, read or get_digits runs: it belongs to those.
        """
        if callable(digit):
            raise TypeError("write @channel.on_dtmf() with parentheses, or name a digit")
        if digit is not None and (len(digit) != 1 or digit.upper() not in DIGITS):
            raise ValueError(f"a digit is one of {DIGITS}, not {digit!r}")
        key = None if digit is None else digit.upper()

        def register(handler: DigitHandlerT) -> DigitHandlerT:
            self._session._check_thread()
            self._digit_handlers[key] = handler
            return handler

        return register

    onDTMF = on_dtmf  # noqa: N815 - the name that dialplan people know

    # The session's side

    @property
    def _under_way(self) -> list[Execution[Any]]:
        """What has been sent and has not completed, in that order."""
        sent = list(self._session._executions.values())
        return [each for each in sent if each._leg is self]

    @property
    def _collects_digits(self) -> bool:
        for each in tuple(self._session._executions.values()):
            if each._leg is self and declared(each.application).collects:
                return True
        return False

    def _before_hangup(self, serial: int) -> bool:
        """An application that completes after the hangup was ended by it."""
        return self._hangup_serial is None or serial < self._hangup_serial

    def _note_hangup(self, event: Event) -> None:
        self.hangup_event = event
        self._hangup_serial = self._hangup_serial or event._serial

    def _found(self, events: Iterable[Event]) -> tuple[Event | None, Event | None]:
        """The last that told the state, and the variables; ``events`` begin with the last."""
        state = variables = None
        for event in events:
            tells_state = state is None and event.name.startswith("CHANNEL_")
            if variables is not None and not tells_state:
                continue
            if event.uuid == self.uuid:
                if tells_state and event.get("Channel-State") in STATES:
                    state = event
                if variables is None and event.has_variables:
                    variables = event
        return state, variables

    def _read(self, events: Iterable[Event]) -> None:
        """Keep them. In the handler's thread."""
        state, variables = self._found(events)
        if state is not None:
            self._told_state = state
        if variables is not None:
            self._told_variables = variables

    def _told(self) -> tuple[Event, Event]:
        session = self._session
        if session._in_its_thread():
            session._read_recent()
            return self._told_state, self._told_variables
        state, variables = self._found(session._unread())
        return (
            self._told_state if state is None else state,
            self._told_variables if variables is None else variables,
        )

    @property
    def _latest(self) -> Event:
        """The last event that told the channel's state."""
        return self._told()[0]

    @property
    def _known(self) -> Event:
        """The last event that told the channel's variables."""
        return self._told()[1]

    def _reached(self, state: ChannelState) -> Event | None:
        """The event that told of the state, if the channel is in it (or, for an end, past it)."""
        now = self.state
        past = state.is_hangup and STATES.index(now) >= STATES.index(state)
        return self._latest if now is state or past else None

    def _run_digit_handler(self, event: Event) -> None:
        if not self._digit_handlers or self._collecting:
            return
        digit = event.get("DTMF-Digit", "")
        handler = self._digit_handlers.get(digit.upper()) or self._digit_handlers.get(None)
        if handler is not None:
            handler(digit)


@lru_cache(maxsize=256)
def check_application(application: str) -> None:
    check_name("application", application, " ")


def itself(event: Event | None) -> Event | None:
    return event


def as_it_was(value: str | None) -> str | None:
    """What a variable can be put back to: a value that no command can hold, it can't be."""
    return value if value is None or value.isprintable() else None


def as_it_is(argument: str) -> str:
    """An application's argument that is read as it is, whatever stands in it.

    Raises ValueError where that can't be had.
    """
    check_value(argument)
    if argument.startswith(" "):
        raise ValueError(
            f"FreeSWITCH takes off the blanks that an argument begins with: {argument!r}"
        )
    if argument.startswith("%") and "[" in argument[1:3]:
        # switch_core_session.c, switch_core_session_exec: variables for this application alone
        raise ValueError(f"FreeSWITCH takes {argument[:3]!r} at the start for variables")
    return literal(argument)

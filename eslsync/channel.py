"""A call leg: FreeSWITCH's dialplan applications as blocking methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from .enums import ChannelState, HangupCause
from .exceptions import Hangup
from .message import Event

if TYPE_CHECKING:
    from .session import Session

__all__ = ["Channel", "Execution"]

CallbackT = TypeVar("CallbackT", bound=Callable[[Event], Any])
DigitHandler = Callable[[str], Any]
DigitHandlerT = TypeVar("DigitHandlerT", bound=DigitHandler)

DIGITS = "0123456789*#ABCD"

#: Applications that take the digits pressed while they run.
COLLECTORS = frozenset({"play_and_get_digits", "read"})

#: The channel's states in the order that a call passes through the last of them.
STATES = list(ChannelState)


class Execution:
    """An application on its way: queued, running or completed."""

    def __init__(self, channel: Channel, application: str, uuid: str) -> None:
        self.application = application
        self.uuid = uuid
        #: Its CHANNEL_EXECUTE_COMPLETE, once that has arrived.
        self.event: Event | None = None
        self._serial = 0
        self._channel = channel
        self._session = channel._session

    @property
    def done(self) -> bool:
        """Has it completed? (With ``events=False`` nobody tells, and it counts as done.)"""
        if not self._session._tells_completion:
            return True
        self._session._pull_available()
        return self.event is not None

    def wait(self, timeout: float | None = None) -> Event | None:
        """Wait until it has completed; return its CHANNEL_EXECUTE_COMPLETE.

        Callbacks run meanwhile. With ``events=False`` it returns None at once. Raises
        TimeoutError after ``timeout`` seconds (the application goes on), and Hangup or
        Disconnected when the call ends first.
        """
        return self._wait(self._session._deadline(timeout))

    def _wait(self, deadline: float | None) -> Event | None:
        session = self._session
        if not session._tells_completion:
            session._check_thread()
            return None

        def ready(_: object) -> Event | None:
            if not session._before_hangup(self._serial):
                return None
            # Inside a callback nothing else has its turn; outside, what came before comes first.
            if session._in_callback or session._had_its_turn(self._serial):
                return self.event
            return None

        return session._until(self.application, ready, deadline)

    def __repr__(self) -> str:
        state = "completed" if self.event is not None else "on its way"
        return f"<Execution {self.application} {state}>"


class Channel:
    """The call leg that a session controls."""

    def __init__(self, session: Session, uuid: str, context: Event) -> None:
        self.uuid = uuid
        self._session = session
        self._latest = context  # the last event that told the channel's state
        self._executions: dict[str, Execution] = {}
        self._has_completed = False
        self._digit_handlers: dict[str | None, DigitHandler] = {}
        self._terminators: str | None = None

    def __repr__(self) -> str:
        return f"<Channel {self.uuid} {self.state}>"

    @property
    def state(self) -> ChannelState:
        """The channel's state, as the last event that arrived told it."""
        name = self._latest.get("Channel-State")
        return ChannelState(name) if name in STATES else ChannelState.NEW

    # Applications

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
    ) -> Execution: ...

    @overload
    def execute(
        self,
        application: str,
        argument: str = ...,
        *,
        lock: bool = ...,
        block: bool,
        timeout: float | None = ...,
    ) -> Event | Execution | None: ...

    def execute(
        self,
        application: str,
        argument: str = "",
        *,
        lock: bool = False,
        block: bool = True,
        timeout: float | None = None,
    ) -> Event | Execution | None:
        """Execute a dialplan application, any of FreeSWITCH's.

        Waits for its CHANNEL_EXECUTE_COMPLETE and returns that event; callbacks run meanwhile.
        With ``block=False`` it waits for the reply only and returns an `Execution`. With
        ``Outbound(events=False)`` nobody tells of completion: it returns None at the reply.

        What is sent while another application runs is run inside it, which then resumes; under
        ``lock=True`` (event-lock) whatever arrives while this application runs queues instead
        (recordings 07a, 07b, 07f). An application that FreeSWITCH doesn't know ends the call
        (08b).

        Raises Hangup if the call has ended or ends first, TimeoutError after ``timeout``
        seconds (the application goes on), CommandError if FreeSWITCH refuses the command,
        ValueError for line breaks in an argument.
        """
        session = self._session
        if block:
            session._check_thread()
        deadline = session._deadline(timeout)
        if session._over:
            session._raise_if_over()
        execution = Execution(self, application, session._new_id())
        headers = {"execute-app-name": application}
        if argument:
            headers["execute-app-arg"] = argument
        if lock:
            headers["event-lock"] = "true"
        headers["Event-UUID"] = execution.uuid
        if session._tells_completion:
            self._executions[execution.uuid] = execution
        try:
            session.sendmsg("execute", headers, timeout=timeout)
        except BaseException:
            self._executions.pop(execution.uuid, None)
            raise
        return execution._wait(deadline) if block else execution

    def answer(self, *, timeout: float | None = None) -> None:
        """Answer the call (application ``answer``); wait until it is answered.

        Raises what `execute` raises.
        """
        self.execute("answer", timeout=timeout)

    def hangup(self, cause: HangupCause | str = HangupCause.NORMAL_CLEARING) -> None:
        """End the call (application ``hangup``) and wait until it has ended.

        Returns once the final event is in (``session.hangup_event``), or at once if the call
        has ended already. Behind an application that runs under ``lock=True``, the hangup
        waits for its end. Raises Disconnected if the connection ends without a hangup.
        """
        session = self._session
        session._check_thread()
        try:
            self.execute("hangup", str(cause))
            session._until("the end of the call", lambda _: None, None)
        except Hangup:
            pass

    @overload
    def playback(
        self,
        file: str,
        *,
        terminators: str | None = ...,
        lock: bool = ...,
        block: Literal[True] = ...,
        timeout: float | None = ...,
    ) -> Event | None: ...

    @overload
    def playback(
        self,
        file: str,
        *,
        terminators: str | None = ...,
        lock: bool = ...,
        block: Literal[False],
        timeout: float | None = ...,
    ) -> Execution: ...

    def playback(
        self,
        file: str,
        *,
        terminators: str | None = None,
        lock: bool = False,
        block: bool = True,
        timeout: float | None = None,
    ) -> Event | Execution | None:
        """Play a file, tone or stream (application ``playback``); wait for its end.

        ``terminators`` are the keys that cut it ("12#", "any", "" for none); the switch's own
        default is ``*``. The event returned tells in Application-Response how it went:
        ``FILE PLAYED`` (also when a key cut it) or ``FILE NOT FOUND``. For ``lock``, ``block``,
        ``timeout`` and what it raises see `execute`.
        """
        self._set_terminators(terminators, timeout)
        return self.execute("playback", file, lock=lock, block=block, timeout=timeout)

    def _set_terminators(self, terminators: str | None, timeout: float | None) -> None:
        """playback_terminators is the channel's, so it is set when a playback differs.

        What is sent after it is run after it, so its completion need not be awaited.
        """
        if terminators == self._terminators:
            return
        if terminators is None:
            self.execute("unset", "playback_terminators", block=False, timeout=timeout)
        else:
            variable = f"playback_terminators={terminators or 'none'}"
            self.execute("set", variable, block=False, timeout=timeout)
        self._terminators = terminators

    @overload
    def say(
        self,
        text: str,
        kind: str = ...,
        method: str = ...,
        *,
        module: str = ...,
        gender: str | None = ...,
        lock: bool = ...,
        block: Literal[True] = ...,
        timeout: float | None = ...,
    ) -> Event | None: ...

    @overload
    def say(
        self,
        text: str,
        kind: str = ...,
        method: str = ...,
        *,
        module: str = ...,
        gender: str | None = ...,
        lock: bool = ...,
        block: Literal[False],
        timeout: float | None = ...,
    ) -> Execution: ...

    def say(
        self,
        text: str,
        kind: str = "number",
        method: str = "pronounced",
        *,
        module: str = "en",
        gender: str | None = None,
        lock: bool = False,
        block: bool = True,
        timeout: float | None = None,
    ) -> Event | Execution | None:
        """Say a number, a date, a spelling ... from recorded pieces (application ``say``).

        ``kind`` is number, items, currency, name_spelled, current_date_time, telephone_number
        and so on, ``method`` pronounced, iterated or counted, ``module`` the language, with a
        dialect as ``"en:us"`` (recording 11n). Raises ValueError for text that is empty or that
        FreeSWITCH would take apart; for the rest see `execute`.
        """
        for name, word in (("kind", kind), ("method", method), ("module", module)):
            if not word or " " in word:
                raise ValueError(f"say: {name} is one word, not {word!r}")
        if not text or "'" in text or "\\" in text:
            raise ValueError(f"say: FreeSWITCH can't be handed this text: {text!r}")
        words = [module, kind, method, *([gender] if gender else [])]
        # FreeSWITCH splits the argument at blanks; quotes hold the text together.
        argument = " ".join([*words, f"'{text}'" if " " in text else text])
        return self.execute("say", argument, lock=lock, block=block, timeout=timeout)

    def sleep(self, seconds: float, *, timeout: float | None = None) -> None:
        """Do nothing on the channel for so long (application ``sleep``).

        A digit ends it, unless the variable sleep_eat_digits is set (recording 11f). Raises
        what `execute` raises.
        """
        if seconds < 0:
            raise ValueError(f"can't sleep for {seconds} seconds")
        self.execute("sleep", str(round(seconds * 1000)), timeout=timeout)

    def set(self, name: str, value: str, *, timeout: float | None = None) -> None:
        """Set a channel variable (application ``set``). Raises what `execute` raises."""
        if not name or "=" in name or name != name.strip():
            raise ValueError(f"not a variable's name: {name!r}")
        self.execute("set", f"{name}={value}", timeout=timeout)

    # Events

    def wait(self, event: str | ChannelState, timeout: float | None = None) -> Event:
        """Wait for an event of this leg, by name, or for the channel to reach a state.

        Returns the event. ``"CUSTOM <subclass>"`` waits for a custom event.

        - A digit that was pressed before satisfies ``wait("DTMF")`` (type-ahead), and its
          `on_dtmf` handlers have run by the time it returns. Inside a callback it takes the
          digit for itself: its handlers don't run.
        - Any other event counts if it arrived since the last blocking call returned.
        - A state that is reached already returns at once.

        Raises TimeoutError after ``timeout`` seconds, Hangup when the call ends (unless it is
        the hangup that was waited for), Disconnected when the connection does.
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
        at a time. Digits pressed while play_and_get_digits or read runs belong to those.
        """
        if callable(digit):
            raise TypeError("write @channel.on_dtmf() with parentheses, or name a digit")
        if digit is not None and (len(digit) != 1 or digit.upper() not in DIGITS):
            raise ValueError(f"a digit is one of {DIGITS}, not {digit!r}")
        key = None if digit is None else digit.upper()

        def register(handler: DigitHandlerT) -> DigitHandlerT:
            self._digit_handlers[key] = handler
            return handler

        return register

    onDTMF = on_dtmf  # noqa: N815 - the name that dialplan people know

    def flush_digits(self) -> None:
        """Forget the digits that were pressed and that no wait has taken."""
        self._session._forget_digits(self)

    # The session's side

    @property
    def _collects_digits(self) -> bool:
        return any(each.application in COLLECTORS for each in self._executions.values())

    def _note(self, event: Event, serial: int) -> None:
        """Keep the books of an event of this leg."""
        name = event.name
        if name.startswith("CHANNEL_") and event.get("Channel-State") in STATES:
            self._latest = event
        if name == "CHANNEL_EXECUTE_COMPLETE":
            execution = self._executions.pop(event.get("Application-UUID", ""), None)
            if execution is not None:
                execution.event = event
                execution._serial = serial
                self._has_completed = True

    def _reached(self, state: ChannelState) -> Event | None:
        """The event that told of the state, if the channel is in it (or, for an end, past it)."""
        now = self.state
        past = state.is_hangup and STATES.index(now) >= STATES.index(state)
        return self._latest if now is state or past else None

    def _run_digit_handler(self, event: Event) -> None:
        digit = event.get("DTMF-Digit", "")
        handler = self._digit_handlers.get(digit.upper()) or self._digit_handlers.get(None)
        if handler is not None:
            handler(digit)

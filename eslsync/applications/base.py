"""The part of a channel that all applications share: its state, waits and callbacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, overload

from ..call.callbacks import CallbackT, DigitHandlerT, OfLeg
from ..call.execution import Execution
from ..call.leg import Leg, check_application
from ..call.waiting import Expected, check_event, wait_for
from ..callables import check_function
from ..checked import checked
from ..wire.arguments import DIGITS
from ..wire.commands import check_execute
from ..wire.enums import AnswerState, CallState, ChannelState
from ..wire.message import Event
from ..wire.texts import sendable

__all__ = ["Applications", "itself"]


@checked
class Applications:
    """The base of the families of applications; `Channel` combines them all."""

    def __init__(self, leg: Leg) -> None:
        #: The leg that the methods work on. Use it to write a method for another application:
        #: ``self.leg.do("loop_playback", "+2 music.wav", timeout)``.
        self.leg = leg
        self._conversation = leg.conversation  # which a leg knows only weakly later

    def __repr__(self) -> str:
        return f"<Channel {self.uuid} {self.state}>"

    @property
    def uuid(self) -> str:
        """The channel's uuid (Unique-ID)."""
        return self.leg.uuid

    @property
    def hangup_event(self) -> Event | None:
        """CHANNEL_HANGUP_COMPLETE, or CHANNEL_HANGUP until that arrives; None while it is up."""
        return self.leg.hangup_event

    @property
    def state(self) -> ChannelState:
        """The channel's state in the last event that arrived (Channel-State)."""
        return self.leg.state

    @property
    def call_state(self) -> CallState | str | None:
        """The state of the call in the last event (Channel-Call-State)."""
        return self.leg.latest.call_state

    @property
    def answer_state(self) -> AnswerState | str | None:
        """Answered, early, ringing or hung up, by the last event (Answer-State)."""
        return self.leg.latest.answer_state

    @property
    def is_up(self) -> bool:
        """True until a hangup event for this leg has arrived."""
        return self.leg.hangup_event is None

    # Executing

    @overload
    def execute(
        self,
        application: str,
        argument: str | bytes = ...,
        *,
        lock: bool = ...,
        block: Literal[True] = ...,
        timeout: float | None = ...,
    ) -> Event | None: ...

    @overload
    def execute(
        self,
        application: str,
        argument: str | bytes = ...,
        *,
        lock: bool = ...,
        block: Literal[False],
        timeout: float | None = ...,
    ) -> Execution[Event | None]: ...

    def execute(
        self,
        application: str,
        argument: str | bytes = "",
        *,
        lock: bool = False,
        block: bool = True,
        timeout: float | None = None,
    ) -> Event | Execution[Event | None] | None:
        """Execute any dialplan application of FreeSWITCH.

        FreeSWITCH expands the argument as in a dialplan: ``${...}`` is replaced, and
        ``${system(...)}`` is run. (The methods named after an application quote text, and
        FreeSWITCH expands nothing in it.)

        Waits for its CHANNEL_EXECUTE_COMPLETE and returns that event; callbacks run meanwhile.
        With ``block=False`` it waits for the reply only and returns an `Execution`. With
        ``Outbound(events=False)``, where no completion comes, it returns None at the reply.

        An application that is sent while another one runs interrupts it, and that resumes
        afterwards; with ``lock=True`` (event-lock), applications sent while this one runs queue
        instead (recordings 07a, 07b, 07f). An application that FreeSWITCH doesn't know ends
        the call (08b).

        Raises Hangup if the leg has hung up or hangs up first, TimeoutError after ``timeout``
        seconds (the application continues), CommandError if FreeSWITCH refuses the command, and
        ValueError for NUL in an argument. An argument of several lines travels as the command's
        body (07e).
        """
        check_execute(application, argument)
        check_application(application)
        return self.leg.execute(application, sendable(argument), itself, lock, block, timeout)

    # Events

    def wait(self, event: Expected, timeout: float | None = None) -> Event:
        """Wait for an event of this leg, by name, or for the channel to reach a state.

        Returns the event. ``"CUSTOM <subclass>"`` waits for a custom event. A list of names and
        states waits for the first of them, and a function of an event for the first event for
        which it returns True.

        - A digit that was pressed before satisfies ``wait("DTMF")`` (type-ahead), and its
          `on_dtmf` handlers have run by the time the wait returns. A wait inside a callback
          takes the digit, and its handlers don't run.
        - Any other event counts if it arrived since the last blocking call began: after
          `answer`, ``wait("CHANNEL_ANSWER")`` returns at once. A wait that returns at once is no
          such call. One event satisfies one wait.
        - A state that the channel is in already, or a hangup that already happened, satisfies
          the wait at once.

        Raises TimeoutError after ``timeout`` seconds, Hangup when the leg hangs up (unless the
        wait is for that), Disconnected when the connection ends, ValueError for an unknown event,
        and RuntimeError for one that would never arrive (docs/reference/errors.md).
        """
        leg = self.leg
        return wait_for(leg.conversation, event, timeout, leg)

    @overload
    def on(self, event: str) -> Callable[[CallbackT], CallbackT]: ...

    @overload
    def on(self, event: str, callback: CallbackT) -> CallbackT: ...

    def on(self, event: str, callback: CallbackT | None = None) -> Any:
        """As `Session.on`, for events of this leg only: calls ``callback`` with each."""
        check_event(event)
        conversation, uuid = self.leg.conversation, self.uuid

        def register(callback: CallbackT) -> CallbackT:
            check_function("a callback for on()", callback)
            conversation.check_thread()
            conversation.expect(event, self.leg)
            conversation.callbacks.append((event, OfLeg(uuid, callback)))
            return callback

        return register if callback is None else register(callback)

    def on_dtmf(self, digit: str | None = None) -> Callable[[DigitHandlerT], DigitHandlerT]:
        """A decorator: call the function with each digit pressed, or only with ``digit``.

            @channel.on_dtmf("1")
            def option1(digit): ...

        The handler for a digit takes precedence over the one for any digit; registering again
        replaces. Digit handlers run on the handler's thread while it is inside a blocking call,
        one at a time. Digits of another leg never run them, nor do digits pressed while
        play_and_get_digits, read or get_digits collects them. Raises ValueError for what is no
        digit, and TypeError if the parentheses are missing.
        """
        if callable(digit):
            raise TypeError("write @channel.on_dtmf() with parentheses, or name a digit")
        if digit is not None and (len(digit) != 1 or digit.upper() not in DIGITS):
            raise ValueError(f"on_dtmf: a digit is one of {DIGITS}, not {digit!r}")
        key = None if digit is None else digit.upper()

        def register(handler: DigitHandlerT) -> DigitHandlerT:
            check_function("a handler for on_dtmf()", handler)
            self.leg.conversation.check_thread()
            self.leg.conversation.expect("DTMF", self.leg)
            self.leg.digit_handlers[key] = handler
            return handler

        return register

    onDTMF = on_dtmf  # noqa: N815 - the name that dialplan people know


def itself(event: Event | None) -> Event | None:
    """The result of `execute`: the event itself."""
    return event

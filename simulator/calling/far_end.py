"""A far end by hand: its phone is answered, and its keys are pressed, when a test says so."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from eslsync import HangupCause
from eslsync.checked import checked

from .call import GAP, check_cause, failed
from .given import check_keys, check_seconds
from .other_legs import CalledLeg, Deed, Deeds
from .simulation import Simulation

__all__ = ["FarEnd"]

#: Has pytest show the lines of the failing test, not these.
__tracebackhide__ = True

#: Simulated seconds that `FarEnd.answer` and `FarEnd.reject` wait for a call.
RING_TIMEOUT = 60.0


@checked
class FarEnd:
    """Whom a handler calls, by hand; made by `FreeSwitch.far_end`.

    Each verb is about the last call to it that is up, or, if there is a ``number``, about that
    one of the calls to it; the first is 1.
    """

    def __init__(self, simulation: Simulation, dial_string: str, number: int | None = None) -> None:
        self._simulation = simulation
        self._dial_string = dial_string
        self._number = number

    def __repr__(self) -> str:
        return f"<FarEnd {self._dial_string}{'' if self._number is None else f' {self._number}'}>"

    def answer(self, *, timeout: float = RING_TIMEOUT) -> None:
        """Answer, as soon as it is called.

        Raises CallFailed if it is not called within ``timeout`` simulated seconds, or before all
        calls have ended.
        """
        self._wait_for_call("answer", timeout)
        self._do("answer", lambda called: called.leg.pick_up())

    def reject(
        self, cause: HangupCause | str = HangupCause.USER_BUSY, *, timeout: float = RING_TIMEOUT
    ) -> None:
        """Reject the call with a cause, as soon as it is called. Raises as `answer` does."""
        check_cause(cause)
        self._wait_for_call("reject", timeout)
        self._do("reject", lambda called: called.leg.refuse(str(cause)))

    def press(self, digits: str, *, gap: float = GAP) -> None:
        """Press keys, ``gap`` simulated seconds apart; return when the last is pressed.

        Raises CallFailed if it has not answered, or its call has ended.
        """
        check_keys(digits)
        check_seconds("press: gap", gap)
        for index, key in enumerate(digits):
            self._do("press", partial(_press, key), key, delay=gap if index else 0.0)

    def hangup(self, cause: HangupCause | str = HangupCause.NORMAL_CLEARING) -> None:
        """Hang up. Raises CallFailed if it has not answered, or its call has ended."""
        check_cause(cause)
        self._do("hangup", lambda called: called.leg.caller_hangs_up(str(cause)))

    def say_nothing(self, seconds: float) -> None:
        """Let ``seconds`` of simulated time pass, or less if all calls end."""
        check_seconds("say_nothing", seconds)
        self._simulation.run(self._is_over, seconds)
        for line in self._simulation.legs.lines:
            line.awaited = True

    # Inside

    def _wait_for_call(self, verb: str, timeout: float) -> None:
        check_seconds(f"{verb}: timeout", timeout)
        self._simulation.run(
            lambda: self._find(ringing=True) is not None or self._is_over(), timeout
        )

    def _find(self, *, ringing: bool) -> CalledLeg | None:
        for each in self._simulation.legs.to(self._dial_string, self._number):
            if each.leg.is_called if ringing else each.leg.is_taken:
                return each
        return None

    def _is_over(self) -> bool:
        return all(line.ended for line in self._simulation.legs.lines)

    def _do(
        self,
        verb: Deeds,
        action: Callable[[CalledLeg], None],
        keys: str = "",
        *,
        delay: float = 0.0,
    ) -> None:
        """Have the far end do something in ``delay`` seconds; return when it is done."""
        ringing = verb in ("answer", "reject")
        done: list[bool] = []

        def act() -> None:
            called = self._find(ringing=ringing)
            if called is None:
                lacks = "rings" if ringing else "is answered and up"
                what = f"{verb} {keys!r}" if keys else verb.replace("hangup", "hang up")
                why = f"{self._dial_string} can't {what}: no call to it {lacks}"
                raise failed(self._simulation.legs.owner(None), why)
            called.line.awaited = False
            noted = len(called.line.transcript.entries_raw)
            called.done.append(Deed(noted, called.leg.now, verb, keys))
            action(called)
            done.append(True)

        self._simulation.later(delay, act)
        self._simulation.run(lambda: bool(done), None)


def _press(key: str, called: CalledLeg) -> None:
    called.leg.press_keys(key)

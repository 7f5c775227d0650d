"""How a call ends, with its legs and its connection. Everything that changes that state is here.

A call ends in two steps: the first sign of the hangup, and the last, CHANNEL_HANGUP_COMPLETE,
after which nothing follows. On a sync socket, or with ``events=False``, either may be missing.
The connection ends independently, before or after. No wait outlives the call or the connection.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Protocol

from ..clock import Clock, sooner
from ..wire.enums import HangupCause
from ..wire.exceptions import Disconnected, ESLError, Hangup
from ..wire.message import DisconnectNotice, Event
from .subscription import Subscription

__all__ = ["HANGUP_COMPLETE_TIMEOUT", "LINGER", "Ending", "Sign", "Stage", "Stopped"]

#: Seconds to wait for CHANNEL_HANGUP_COMPLETE after the first sign of a hangup. It comes within
#: milliseconds, or never (if the app has unsubscribed from it). A reply that was due before the
#: hangup has as long.
HANGUP_COMPLETE_TIMEOUT = 5.0
#: Seconds that the connection outlasts the hangup with ``Outbound(linger=True)``. (After a bare
#: `linger` the switch would never close: 12e.)
LINGER = 60
#: Seconds for all commands before a call is given back, or after it was refused.
GIVE_BACK_TIMEOUT = 5.0
#: Seconds by which the end of FreeSWITCH's linger may be late (recording 01a), and some more.
LINGER_GRACE = 5.0


class Stopped(Disconnected):
    """`Outbound.stop` has cut this call."""


class Stage(Enum):
    """How far a call has ended."""

    UP = "up"
    ENDING = "ending"  #: the first sign of the hangup is in, CHANNEL_HANGUP_COMPLETE is awaited
    OVER = "over"  #: no more events of the call will come

    __hash__ = object.__hash__  # Enum's own is written in Python


class Sign(Enum):
    """A sign of a call's end."""

    HANGUP = "CHANNEL_HANGUP of the call's own leg"
    COMPLETE = "CHANNEL_HANGUP_COMPLETE of it"
    LINGERS = "the notice that the switch lingers, with CHANNEL_HANGUP_COMPLETE to come"
    NOTICE = "any other disconnect notice, unless our own `exit` caused it"
    SILENCE = "HANGUP_COMPLETE_TIMEOUT has passed since the first sign"
    TOLD = "a Hangup is raised"

    __hash__ = object.__hash__


UP, ENDING, OVER = Stage

#: The stage that each sign leads to; other signs change nothing. The notice that the switch
#: lingers may come before CHANNEL_HANGUP_COMPLETE, and even before CHANNEL_HANGUP (recording 02c).
TRANSITIONS: dict[Stage, dict[Sign, Stage]] = {
    UP: {
        Sign.HANGUP: ENDING,
        Sign.LINGERS: ENDING,
        Sign.COMPLETE: OVER,
        Sign.NOTICE: OVER,
        Sign.TOLD: OVER,
    },
    ENDING: {
        Sign.COMPLETE: OVER,
        Sign.NOTICE: OVER,
        Sign.SILENCE: OVER,
        Sign.TOLD: OVER,
    },
    OVER: {},
}


class Ends(Protocol):
    """The attributes of a leg that its end sets."""

    #: CHANNEL_HANGUP_COMPLETE, or CHANNEL_HANGUP until that is in; None while the leg is up.
    hangup_event: Event | None
    #: The serial of the first hangup event.
    hangup_serial: int | None
    #: For any leg but the call's own: when its last event counts as received.
    gone_by: float | None


class Ending:
    """The end of one call and of its connection. Belongs to the handler's thread."""

    __slots__ = (
        "_cause",
        "_clock",
        "_exiting",
        "_leave_by",
        "_over_since",
        "_own",
        "_subscription",
        "due",
        "failure",
        "linger",
        "stage",
        "undisturbed",
    )

    def __init__(self, own: Ends, clock: Clock, subscription: Subscription) -> None:
        self._own = own
        self._clock = clock
        self._subscription = subscription
        self.stage = UP
        #: True until the first sign of an end: of the call, of a leg, or of the connection.
        self.undisturbed = True
        #: While ENDING: when to stop waiting for CHANNEL_HANGUP_COMPLETE.
        self.due: float | None = None
        #: Why the connection has ended, or was cut (`Stopped`); None while it works.
        self.failure: ESLError | None = None
        #: Seconds that the switch stays connected after the hangup.
        self.linger: float = 0.0
        self._exiting = False  # `exit` was sent: the notice that follows is not the call's end
        self._leave_by: float | None = None  # set once the handler ends: the time to give back by
        self._over_since: float | None = None  # when a wait first saw that the call is over
        self._cause: str | None = None  # the switch's answer, if no event gave the cause

    # Changes

    def _heard(self, sign: Sign) -> None:
        stage = TRANSITIONS[self.stage].get(sign)
        if stage is not None:
            self.stage = stage
            self.undisturbed = False
            if stage is ENDING:
                self.due = self._clock.now() + HANGUP_COMPLETE_TIMEOUT

    def note_hangup(self, leg: Ends, event: Event) -> None:
        """Note a hangup event of a leg."""
        leg.hangup_event = event
        self.undisturbed = False
        leg.hangup_serial = leg.hangup_serial or event.serial
        complete = event.name == "CHANNEL_HANGUP_COMPLETE"
        if leg is self._own:
            self._heard(Sign.COMPLETE if complete else Sign.HANGUP)
        elif complete or not self._subscription.hangups:
            leg.gone_by = self._clock.now()
        else:
            leg.gone_by = self._clock.now() + HANGUP_COMPLETE_TIMEOUT

    def note_notice(self, notice: DisconnectNotice) -> None:
        """Note a disconnect notice."""
        if notice.lingers:
            self._heard(Sign.LINGERS if self._subscription.hangups else Sign.NOTICE)
        elif not self._exiting:
            self._heard(Sign.NOTICE)

    def note_failure(self, reason: ESLError) -> None:
        """Note that the connection has ended, or was cut.

        A cut may be followed by the real end, which is final. A cut is ignored once the handler
        has ended: the connection works, and the call is being given back.
        """
        if self._leave_by is not None and isinstance(reason, Stopped):
            return
        if self.failure is None or isinstance(self.failure, Stopped):
            self.failure = reason
            self.undisturbed = False

    def note_exit(self) -> None:
        """Note that the command ``exit`` is about to be sent."""
        self._exiting = True

    def note_leaving(self) -> None:
        """Note that the handler has ended, and the call is about to be given back."""
        self._leave_by = self._clock.now() + GIVE_BACK_TIMEOUT
        if isinstance(self.failure, Stopped):
            self.failure = None

    def note_silence(self, until: float | None) -> None:
        """Note that nothing arrived until ``until``."""
        if until == self.due:
            self._heard(Sign.SILENCE)

    def hangup(self, ask: Callable[[], str]) -> Hangup:
        """Return the Hangup to raise. If no event gave the cause, calls ``ask`` for it, once."""
        self._heard(Sign.TOLD)
        if self._own.hangup_event is None and self._cause is None:
            self._cause = ""  # asking may itself end here
            self._cause = ask()
        event = self._own.hangup_event  # it may have arrived before the answer
        cause = self._cause if event is None else event.get("Hangup-Cause")
        return Hangup(HangupCause.known(cause), event)

    # Questions

    @property
    def cause(self) -> HangupCause | str | None:
        """Why the call has hung up, as far as it was told."""
        event = self._own.hangup_event
        return None if event is None else event.hangup_cause

    @property
    def exiting(self) -> bool:
        """True once ``exit`` was sent: the handler gives the call back itself."""
        return self._exiting

    @property
    def is_over(self) -> bool:
        """True once the call has hung up and its last event has arrived, or can't arrive."""
        return self.stage is OVER or (
            self.failure is not None and self._own.hangup_event is not None
        )

    def has_gone(self, leg: Ends) -> bool:
        """True once the last event of a leg, other than the call's own, counts as received."""
        return (
            leg.hangup_event is not None
            and leg.gone_by is not None
            and self._clock.now() >= leg.gone_by
        )

    def limit(self, until: float | None, leg: Ends | None) -> float | None:
        """When a wait must look again: at ``until``, or earlier if an end is due before."""
        if leg is not None and leg.gone_by is not None:
            until = sooner(until, leg.gone_by)
        return sooner(until, self.due) if self.stage is ENDING else until

    def patience(self, over: bool) -> float:
        """Seconds to wait for a reply, to a command sent after the call was ``over`` or before."""
        return self.linger + LINGER_GRACE if over else HANGUP_COMPLETE_TIMEOUT

    def last_reply(self, over: bool) -> float:
        """The moment when that patience ends, counted from when a wait first saw the end."""
        if self._over_since is None:
            self._over_since = self._clock.now()
        return self._over_since + self.patience(over)

    def last_words(self) -> float:
        """Seconds for the next of the commands that give a call back."""
        if self._leave_by is None:
            return GIVE_BACK_TIMEOUT
        return max(0.0, self._leave_by - self._clock.now())

    def raise_failure(self) -> None:
        """Raise the reason why the connection has ended, if it has."""
        if self.failure is not None:
            # A new exception each time, so that tracebacks don't pile up on one.
            raise type(self.failure)(*self.failure.args)

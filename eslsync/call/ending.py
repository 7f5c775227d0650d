"""How a call ends, with its legs and its connection. Whatever changes that state stands here.

A call ends in two steps: the first word of the hangup, and the last, CHANNEL_HANGUP_COMPLETE,
with which everything has been said. A sync socket or ``events=False`` may skip either. The
connection ends for itself, before or after. Every wait looks at both, and none outlives either.
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

#: Seconds to wait for CHANNEL_HANGUP_COMPLETE after the first word of a hangup. It comes within
#: milliseconds, or not at all (the app has taken it off its events). A reply that was due
#: before the hangup has as long.
HANGUP_COMPLETE_TIMEOUT = 5.0
#: Seconds that the connection, and with it every wait, outlasts the hangup when
#: ``Outbound(linger=True)`` leaves it to us. (A bare `linger` lasts for ever: 12e.)
LINGER = 60
#: Seconds for all that is said before a call is given back, or after it was refused.
GIVE_BACK_TIMEOUT = 5.0
#: Seconds by which FreeSWITCH may count its linger late (recording 01a), and a moment more.
LINGER_GRACE = 5.0


class Stopped(Disconnected):
    """`Outbound.stop` has cut this call short."""


class Stage(Enum):
    """How far a call has ended."""

    UP = "up"
    ENDING = "ending"  #: the first word of the hangup is in, CHANNEL_HANGUP_COMPLETE is awaited
    OVER = "over"  #: all that will ever be said of the call is in


class Sign(Enum):
    """What tells of a call's end."""

    HANGUP = "CHANNEL_HANGUP of the call's own leg"
    COMPLETE = "CHANNEL_HANGUP_COMPLETE of it"
    LINGERS = "the notice that the switch lingers, with CHANNEL_HANGUP_COMPLETE to come"
    NOTICE = "any other disconnect notice, unless our own `exit` brought it"
    SILENCE = "HANGUP_COMPLETE_TIMEOUT has passed since the first word"
    TOLD = "a Hangup is raised"


UP, ENDING, OVER = Stage

#: What each sign makes of a call. The notice that the switch lingers may come before
#: CHANNEL_HANGUP_COMPLETE, and even before CHANNEL_HANGUP (recording 02c).
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
    """What is kept of a leg's end, on the leg."""

    #: CHANNEL_HANGUP_COMPLETE, or CHANNEL_HANGUP until that is in; None while the leg is up.
    hangup_event: Event | None
    #: The serial of the first of these.
    hangup_serial: int | None
    #: For another leg than the call's own: when everything has been said of it.
    gone_by: float | None


class Ending:
    """How one call ends, and its connection. Belongs to the handler's thread."""

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
    )

    def __init__(self, own: Ends, clock: Clock, subscription: Subscription) -> None:
        self._own = own
        self._clock = clock
        self._subscription = subscription
        self.stage = UP
        #: While ENDING: when to stop waiting for CHANNEL_HANGUP_COMPLETE.
        self.due: float | None = None
        #: Why the connection has ended, or was cut (`Stopped`); None while it works.
        self.failure: ESLError | None = None
        #: Seconds that the switch stays connected after the hangup.
        self.linger: float = 0.0
        self._exiting = False  # `exit` was sent: the notice that follows is not the call's end
        self._leave_by: float | None = None  # the handler has ended: when giving back must be done
        self._over_since: float | None = None  # when a wait first saw that the call is over
        self._cause: str | None = None  # what the switch answered, where no event told

    # What changes it

    def _heard(self, sign: Sign) -> None:
        before = self.stage
        self.stage = TRANSITIONS[before].get(sign, before)
        if self.stage is ENDING and before is UP:
            self.due = self._clock.now() + HANGUP_COMPLETE_TIMEOUT

    def note_hangup(self, leg: Ends, event: Event) -> None:
        """A hangup event of a leg has arrived."""
        leg.hangup_event = event
        leg.hangup_serial = leg.hangup_serial or event.serial
        complete = event.name == "CHANNEL_HANGUP_COMPLETE"
        if leg is self._own:
            self._heard(Sign.COMPLETE if complete else Sign.HANGUP)
        elif complete or not self._subscription.hangups:
            leg.gone_by = self._clock.now()
        else:
            leg.gone_by = self._clock.now() + HANGUP_COMPLETE_TIMEOUT

    def note_notice(self, notice: DisconnectNotice) -> None:
        """A disconnect notice has arrived."""
        if notice.lingers:
            self._heard(Sign.LINGERS if self._subscription.hangups else Sign.NOTICE)
        elif not self._exiting:
            self._heard(Sign.NOTICE)

    def note_failure(self, reason: ESLError) -> None:
        """The connection has ended, or was cut.

        After a cut its real end may come; after that, nothing. A cut of a handler that has
        ended meanwhile counts for nothing: its connection works, and the call is given back.
        """
        if self._leave_by is not None and isinstance(reason, Stopped):
            return
        if self.failure is None or isinstance(self.failure, Stopped):
            self.failure = reason

    def note_exit(self) -> None:
        """The command ``exit`` is about to be sent."""
        self._exiting = True

    def note_leaving(self) -> None:
        """The handler has ended, and the call is about to be given back."""
        self._leave_by = self._clock.now() + GIVE_BACK_TIMEOUT
        if isinstance(self.failure, Stopped):
            self.failure = None

    def note_silence(self, until: float | None) -> None:
        """Nothing came until then."""
        if until == self.due:
            self._heard(Sign.SILENCE)

    def hangup(self, ask: Callable[[], str]) -> Hangup:
        """What to raise: the call has ended. Where no event says why, ``ask`` does, once."""
        self._heard(Sign.TOLD)
        event = self._own.hangup_event
        if event is None and self._cause is None:
            self._cause = ""  # the question itself may end here, too
            self._cause = ask()
        cause = self._cause if event is None else event.get("Hangup-Cause")
        return Hangup(HangupCause.known(cause), event)

    # What can be asked

    @property
    def is_over(self) -> bool:
        """True once all is said of the call, or its hangup is known and the connection is gone."""
        return self.stage is OVER or (
            self.failure is not None and self._own.hangup_event is not None
        )

    def has_gone(self, leg: Ends) -> bool:
        """True once all is said of another leg than the call's own."""
        return (
            leg.hangup_event is not None
            and leg.gone_by is not None
            and self._clock.now() >= leg.gone_by
        )

    def limit(self, until: float | None, leg: Ends | None) -> float | None:
        """When a wait of ``leg`` must look again: ``until``, unless an end is due before."""
        if leg is not None:
            until = sooner(until, leg.gone_by)
        return sooner(until, self.due) if self.stage is ENDING else until

    def patience(self, over: bool) -> float:
        """Seconds that a reply may take which was asked for before or after the call was over."""
        return self.linger + LINGER_GRACE if over else HANGUP_COMPLETE_TIMEOUT

    def last_reply(self, over: bool) -> float:
        """The same as a moment, from when a wait first saw that the call is over."""
        if self._over_since is None:
            self._over_since = self._clock.now()
        return self._over_since + self.patience(over)

    def last_words(self) -> float:
        """Seconds for the next command of those that a call is left with."""
        if self._leave_by is None:
            return GIVE_BACK_TIMEOUT
        return max(0.0, self._leave_by - self._clock.now())

    def raise_failure(self) -> None:
        """Raise why the connection has ended, if it has."""
        if self.failure is not None:
            # A new exception each time, so that tracebacks don't pile up on one.
            raise type(self.failure)(*self.failure.args)

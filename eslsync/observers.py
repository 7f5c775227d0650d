"""What observers of an `Outbound` are told: the moments of its calls.

Metrics, traces and the like stand on this. An observer is any subclass of `Observer`, passed as
``Outbound(observers=[...])``. For each call, moments come in the order in which they happen::

    taken  began  (application_began  application_ended
                   wait_began  wait_ended  digit  answered  hung_up  failed  cut)*
    given_back?  ended

and instead, for a call that is not taken, only ``turned_away``. Every application and wait that has
begun also ends, and after ``ended`` nothing is told of the call.

A thread of the server calls the methods one at a time, those of one call in their order. So neither
an exception of an observer (it is logged) nor its slowness holds up a call: `PENDING` moments may
wait, and further ones are dropped, counted and logged, except ``taken`` and ``ended``. With
simulated time they are called inline, in the call's thread, so that a test sees the same on every
run.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Literal

from .wire.enums import HangupCause

__all__ = [
    "PENDING",
    "End",
    "Kind",
    "ObservedApplication",
    "ObservedCall",
    "ObservedWait",
    "Observer",
    "Outcome",
    "Reason",
]

#: The maximum number of moments that observers have not been told of.
PENDING = 10_000

#: How a handler ended: it returned; Hangup, Transferred, Disconnected (or ProtocolError) unwound
#: it; `stop` cut it; it was stuck in code of its own, and `stop` left it behind; it raised
#: something else; or it was never called, since the switch refused the first commands or the call
#: had ended.
End = Literal[
    "returned", "hangup", "transferred", "disconnected", "cut", "stuck", "failed", "not called"
]
#: How an application or a wait ended. "dropped": the call ended, or was given back, before.
Outcome = Literal[
    "completed", "timeout", "refused", "hangup", "transferred", "disconnected", "failed", "dropped"
]
#: The kinds of waits.
Kind = Literal["event", "state", "job", "bridge"]
#: Why a call was turned away: its switch is not among ``allow``, or there are ``max_calls``.
Reason = Literal["stranger", "full"]


class ObservedCall:
    """A call, as observers know it. Values that ``redact`` hides are hidden here, too."""

    __slots__ = (
        "caller",
        "connected",
        "destination",
        "epoch",
        "runs_since",
        "sip_call_id",
        "switch",
        "uuid",
    )

    def __init__(
        self,
        uuid: str,
        caller: str,
        destination: str,
        sip_call_id: str,
        switch: str,
        connected: float,
        epoch: float,
    ) -> None:
        self.uuid = uuid
        self.caller = caller  #: the caller's number
        self.destination = destination  #: the number that was called
        #: SIP's Call-ID of the caller's leg (the variable sip_call_id); empty for other callers.
        self.sip_call_id = sip_call_id
        self.switch = switch  #: the host of the switch
        #: When it connected, in seconds on the call's clock, as all times here.
        self.connected = connected
        #: Add it to such a time for the seconds since 1970.
        self.epoch = epoch
        #: Since when its handler, or a callback, has been running code of its own; None while it
        #: waits in one of eslsync's methods, and before and after it. Changes; any thread may look.
        self.runs_since: float | None = None

    def wall(self, at: float) -> float:
        """The time ``at`` of this call as seconds since 1970."""
        return self.epoch + at

    def __repr__(self) -> str:
        return f"<ObservedCall {self.uuid}>"


class ObservedApplication:
    """One run of an application."""

    __slots__ = ("began", "leg", "name", "uuid")

    def __init__(self, name: str, uuid: str, leg: str, began: float) -> None:
        self.name = name
        self.uuid = uuid  #: its Application-UUID
        self.leg = leg  #: the uuid of the leg that it runs on
        self.began = began  #: when it was sent

    def __repr__(self) -> str:
        return f"<ObservedApplication {self.name} {self.uuid}>"


class ObservedWait:
    """One wait of the handler for something other than an application or a command's reply."""

    __slots__ = ("began", "kind", "what")

    def __init__(self, what: str, began: float, kind: Kind = "event") -> None:
        #: What for, without a value that could be anything: "DTMF", "CUSTOM", "CS_HANGUP", "DTMF
        #: or CHANNEL_HANGUP", "condition", "job", "bridge".
        self.what = what
        self.began = began
        self.kind = kind

    def __repr__(self) -> str:
        return f"<ObservedWait {self.what}>"


class Observer:
    """Told of the moments of calls. Override what you want to know; the rest does nothing.

    ``call`` is which one, ``application`` and ``wait`` what in it. ``at`` is when it happened, in
    seconds on the call's clock: use differences, or `ObservedCall.wall`. ``outcome`` is an
    `Outcome`, ``how`` an `End`, ``reason`` a `Reason`, ``cause`` FreeSWITCH's for a hangup, and
    ``error`` what was raised. No digit that a caller pressed is in any of it.
    """

    def observes(self) -> bool:
        """False to be told nothing, so that calls cost nothing more: no tracer is set up, say.

        Asked when a server starts, after the functions of `Outbound.on_start`.
        """
        return True

    def taken(self, call: ObservedCall, at: float) -> None:
        """The server has taken the call: it is counted in, and its handler will be called."""

    def turned_away(self, call: ObservedCall, reason: Reason, at: float) -> None:
        """The call was turned away; nothing else is told of it."""

    def began(self, call: ObservedCall, at: float) -> None:
        """The handler is called now."""

    def application_began(
        self, call: ObservedCall, application: ObservedApplication, at: float
    ) -> None:
        """An application was sent to a leg of the call."""

    def application_ended(
        self, call: ObservedCall, application: ObservedApplication, outcome: Outcome, at: float
    ) -> None:
        """Its completion has arrived, or never will.

        With ``events=False`` no completion comes, and it ends as it begins.
        """

    def wait_began(self, call: ObservedCall, wait: ObservedWait, at: float) -> None:
        """The handler, or a callback of it, begins to wait."""

    def wait_ended(
        self, call: ObservedCall, wait: ObservedWait, outcome: Outcome, at: float
    ) -> None:
        """The wait has ended."""

    def digit(self, call: ObservedCall, at: float) -> None:
        """A caller or far end has pressed a key. Which one is not told."""

    def answered(self, call: ObservedCall, after: float, at: float) -> None:
        """The call's own leg is known to be answered.

        That was ``after`` so many seconds of the leg, by the switch's own clock
        (Caller-Channel-Answered-Time and Caller-Channel-Created-Time in its events).
        """

    def hung_up(self, call: ObservedCall, cause: HangupCause | str, at: float) -> None:
        """The call's own leg has hung up."""

    def failed(self, call: ObservedCall, error: BaseException, at: float) -> None:
        """The handler has raised, other than by the end of its call.

        Also an exception of its own that the end of the call has replaced, in a ``finally`` for
        instance; and, after it has returned, of a callback of `Session.on_hangup`.
        """

    def cut(self, call: ObservedCall, at: float) -> None:
        """`Outbound.stop` has cut the call."""

    def given_back(self, call: ObservedCall, at: float) -> None:
        """The call was given back to the dialplan, still up."""

    def ended(self, call: ObservedCall, how: End, at: float) -> None:
        """The server has finished with the call."""

    def handling(self, call: ObservedCall) -> AbstractContextManager[object] | None:
        """A context manager to run the handler in, such as a tracer's; None for none.

        The one method that is called in the call's thread: it must be quick. What it raises is
        logged, and it can't swallow the handler's exception.
        """
        return None

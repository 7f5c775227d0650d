"""Applications that control the call itself: answer, hang up, transfer, sleep, hold."""

from __future__ import annotations

from typing import Literal

from ..checked import checked
from ..numbers import milliseconds, whole_seconds
from ..wire.arguments import check_line, word
from ..wire.declared import Declaration
from ..wire.enums import HangupCause
from ..wire.exceptions import Hangup
from ..wire.shown import did_you_mean, in_quotes
from .base import Applications

__all__ = ["ControlApplications"]

WhichLeg = Literal["aleg", "bleg", "both"]


@checked
class ControlApplications(Applications):
    @Declaration("answer", prepares=True)
    def answer(self, *, timeout: float | None = None) -> None:
        """Answer the call (application ``answer``); wait until it is answered.

        Raises what `execute` raises.
        """
        self.leg.do("answer", "", timeout)

    @Declaration("pre_answer")
    def pre_answer(self, *, timeout: float | None = None) -> None:
        """Play prompts before the answer, as early media (application ``pre_answer``).

        Raises what `execute` raises.
        """
        self.leg.do("pre_answer", "", timeout)

    @Declaration("ring_ready")
    def ring_ready(self, *, timeout: float | None = None) -> None:
        """Signal ringing to the caller (application ``ring_ready``; recording 10i).

        Raises what `execute` raises.
        """
        self.leg.do("ring_ready", "", timeout)

    @Declaration("hangup")
    def hangup(
        self,
        cause: HangupCause | str = HangupCause.NORMAL_CLEARING,
        *,
        timeout: float | None = None,
    ) -> None:
        """End the leg (application ``hangup``) and wait until it has ended.

        Returns once its last event has arrived (``hangup_event``), or at once if it has ended
        already. While an application runs with ``lock=True``, the hangup waits for its end.
        Otherwise a channel that hasn't hung up within 3 seconds, since it is calling somebody or
        is stuck, is ended by the api ``uuid_kill``; without ``full`` in the dialplan, this waits
        on.

        A ``sip_reason`` that a far end has left is unset first, or the caller's carrier would be
        told that far end's cause; one that the handler or the dialplan has set is kept.

        Raises TimeoutError after ``timeout`` seconds (the leg hangs up all the same),
        Transferred if somebody else has taken the leg away, Disconnected if the connection ends
        without a hangup, ValueError for a cause that FreeSWITCH doesn't know.
        """
        name = _cause(cause)
        try:
            self.leg.hang_up(name, timeout)
        except Hangup as hangup:
            if not self.leg.is_own and (hangup.event is None or hangup.event.uuid != self.uuid):
                raise  # the call itself has ended, not this leg

    @Declaration("sleep")
    def sleep(self, seconds: float, *, timeout: float | None = None) -> None:
        """Pause the channel for ``seconds`` (application ``sleep``).

        A digit ends it, unless the variable sleep_eat_digits is set (recording 11f). Raises
        what `execute` raises.
        """
        self.leg.do("sleep", milliseconds("sleep: seconds", seconds), timeout)

    @Declaration("park")
    def park(self, *, timeout: float | None = None) -> None:
        """Park the channel (application ``park``).

        On an async socket the leg is parked already, and this returns at once (recording 11k).
        Any other leg stays parked until a transfer, bridge or hangup; an application that is
        sent to it meanwhile runs inside. Raises what `execute` raises.
        """
        self.leg.do("park", "", timeout)

    @Declaration("transfer", sends=True)
    def transfer(
        self,
        extension: str,
        dialplan: str | None = None,
        context: str | None = None,
        *,
        leg: WhichLeg = "aleg",
        timeout: float | None = None,
    ) -> None:
        """Send the channel to an extension of the dialplan (application ``transfer``).

        ``leg`` says which leg goes: this one, the one it is bridged to ("bleg"), or both. The
        connection stays open: the channel's events arrive until its end, but applications
        wait until the dialplan lets them run (recording 12a). Raises what `execute` raises.
        """
        argument = " ".join([*_flag(leg), _target(extension, dialplan, context)])
        self.leg.borrowed.put_back(timeout)
        self.leg.do("transfer", argument, timeout)
        self.leg.leaves_dialplan = False

    @Declaration("deflect", sends=True)
    def deflect(self, target: str, *, timeout: float | None = None) -> None:
        """Send an answered SIP call to another URI, by REFER (application ``deflect``).

        ``target`` is a SIP URI. The far end calls it, and hangs up here. Raises Hangup then, and
        what `execute` raises. Channels other than SIP ignore it (mod_dptools.c,
        deflect_function).
        """
        self.leg.do("deflect", target, timeout)

    @Declaration("redirect", sends=True)
    def redirect(self, target: str, *, timeout: float | None = None) -> None:
        """Send an unanswered SIP call to another URI, by 302 (application ``redirect``).

        ``target`` is a SIP URI. The call ends here: raises Hangup, and what `execute` raises.
        Channels other than SIP ignore it (mod_dptools.c, redirect_function).
        """
        self.leg.do("redirect", target, timeout)

    @Declaration("execute_extension", sends=True)
    def execute_extension(
        self,
        extension: str,
        dialplan: str | None = None,
        context: str | None = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Run the applications of another extension and return (``execute_extension``).

        Waits until the last one has completed. Raises what `execute` raises.
        """
        argument = _target(extension, dialplan, context)
        self.leg.borrowed.put_back(timeout)
        self.leg.do("execute_extension", argument, timeout)

    @Declaration("sched_hangup")
    def sched_hangup(
        self,
        seconds: float,
        cause: HangupCause | str = HangupCause.ALLOTTED_TIMEOUT,
        *,
        timeout: float | None = None,
    ) -> None:
        """Schedule a hangup of the channel in ``seconds`` (application ``sched_hangup``).

        FreeSWITCH counts whole seconds of the epoch, so the hangup comes up to 1 s earlier; 0
        hangs up now, with ``cause``. Returns at once. Raises what `execute` raises.
        """
        when = whole_seconds("sched_hangup: seconds", seconds)
        self.leg.do("sched_hangup", f"+{when} {_cause(cause)}", timeout)

    @Declaration("sched_transfer")
    def sched_transfer(
        self,
        seconds: float,
        extension: str,
        dialplan: str | None = None,
        context: str | None = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Schedule a transfer of the channel (application ``sched_transfer``).

        ``seconds`` are as for `sched_hangup`; for the rest see `transfer`. Returns at once.
        Raises what `execute` raises.
        """
        target = _target(extension, dialplan, context)
        when = whole_seconds("sched_transfer: seconds", seconds)
        self.leg.do("sched_transfer", f"+{when} {target}", timeout)

    @Declaration("hold")
    def hold(self, display: str = "", *, timeout: float | None = None) -> None:
        """Put the far end on hold (application ``hold``): CHANNEL_HOLD (recording 262).

        ``display`` is a text for its phone to show meanwhile (mod_sofia.c). Raises what `execute`
        raises.
        """
        self.leg.do("hold", display, timeout)

    @Declaration("unhold")
    def unhold(self, *, timeout: float | None = None) -> None:
        """Take the far end off hold (application ``unhold``): CHANNEL_UNHOLD.

        Raises what `execute` raises.
        """
        self.leg.do("unhold", "", timeout)

    @Declaration("uuid_break", api=True)
    def break_(self, *, everything: bool = False, timeout: float | None = None) -> None:
        """Break off the running application (api ``uuid_break``; recording 11f).

        With ``everything``, drop queued applications, too, which then never complete: a wait for
        one lasts until its timeout or the end of the call. Waits for the reply only;
        `Execution.stop` waits for the end. Raises Hangup if the leg has hung up, and what
        `Session.api` raises.
        """
        self.leg.api(f"uuid_break {self.uuid}{' all' if everything else ''}", timeout)
        if everything:
            self.leg.drop_queued()


def _cause(cause: HangupCause | str) -> str:
    """The cause's name. Raises ValueError for one that FreeSWITCH would replace."""
    known = HangupCause.known(check_line(cause).upper())
    if not isinstance(known, HangupCause):
        meant = did_you_mean(cause.upper(), HangupCause.__members__)
        raise ValueError(
            f"FreeSWITCH has no hangup cause {in_quotes(cause)}{meant or '; see HangupCause'}"
        )
    return str(known)


def _target(extension: str, dialplan: str | None, context: str | None) -> str:
    if not extension or extension.lower() in ("-bleg", "-both"):
        raise ValueError(f"an extension can't be empty, -bleg or -both: {in_quotes(extension)}")
    words = [extension]
    if dialplan is not None or context is not None:
        words.append(dialplan or "XML")
    if context is not None:
        words.append(context)
    return " ".join(map(word, words))


def _flag(leg: WhichLeg) -> list[str]:
    if leg not in ("aleg", "bleg", "both"):
        raise ValueError(f"transfer: leg must be 'aleg', 'bleg' or 'both', not {leg!r}")
    return [] if leg == "aleg" else [f"-{leg}"]

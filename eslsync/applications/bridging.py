"""Applications that connect legs: bridge, attended transfer, conference, queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from ..call.leg import as_it_is
from ..checked import checked, renamed
from ..clock import Deadline, sooner
from ..numbers import whole_seconds
from ..wire.arguments import check_digits, check_file, check_name, check_uuid, with_variables, word
from ..wire.declared import Declaration
from ..wire.enums import AnswerState, HangupCause
from ..wire.exceptions import CommandError, TimeoutError
from ..wire.message import Event, number
from ..wire.outcomes import Bridged
from ..wire.shown import in_quotes
from ..wire.texts import sendable
from .base import Applications
from .playing import File

__all__ = ["BridgingApplications"]

#: Restores the variables that a bridge with another leg has set.
NO_BRIDGE = {"park_after_bridge": None, "uuid_bridge_park_on_cancel": None}
#: Variables of the dialplan that take the caller away after a bridge, and values that don't
#: (switch_ivr_bridge.c, switch_ivr_multi_threaded_bridge).
AFTER_BRIDGE = {
    "park_after_bridge": "false",
    "park_after_early_bridge": "false",
    "transfer_after_bridge": "",
    "transfer_after_early_bridge": "",
}
#: The variables that tell the outcome of a bridge.
OUTCOMES = ("bridge_hangup_cause", "originate_disposition", "originate_failed_cause")
#: Seconds for a bridge of two legs that are up to begin; it takes some ticks of 20 ms.
BEGIN_TIMEOUT = 5.0


@checked
class BridgingApplications(Applications):
    @Declaration("bridge", joins=True)
    def bridge(
        self,
        to: str | Applications,
        *,
        variables: Mapping[str, str | bytes] | None = None,
        ring_timeout: float | None = None,
        caller_id_name: str | bytes | None = None,
        caller_id_number: str | bytes | None = None,
        ringback: File | None = None,
        hangup_on_fail: bool = False,
        hangup_after: bool = False,
        lock: bool = False,
        timeout: float | None = None,
    ) -> Bridged:
        """Connect the caller with somebody else (application ``bridge``); wait for the end.

        ``to`` is a dial string, such as ``"user/1000"``, with ``,`` between phones to ring at
        once and ``|`` between phones to try one after the other (in FreeSWITCH's syntax, but
        without expansion); or another leg that is up, see below. ``variables`` are set on all
        called legs (docs/reference/calls.md#other-legs), which ring for ``ring_timeout`` seconds
        (FreeSWITCH counts whole ones: recording 10c; default 60) and see ``caller_id_name`` and
        ``caller_id_number``; the caller hears ``ringback`` meanwhile (a file or a tone; variables
        ringback and transfer_ringback).

        Returns a `Bridged` once the far end has hung up, or nobody took the call.
        The caller stays up, unless ``hangup_on_fail`` passes the far end's cause on (recordings
        10a, 10j), or ``hangup_after`` is given (10b). A park_after_bridge or transfer_after_bridge
        of the dialplan waits until the call is given back; one that the handler sets takes the
        caller away.

        Raises Hangup when the caller hangs up, while it rings or later (10d, 10e), which has the
        outcome as ``hangup.bridged``, TimeoutError after ``timeout`` seconds (the bridge
        continues), ValueError for an empty dial string and for options that can't be given,
        RuntimeError with ``events=False``, and what `execute` raises.

        With another leg, for instance one that `Session.originate` called, the two hear each
        other until one hangs up (api ``uuid_bridge``). Then no option for dial strings can be
        given, the caller must have been answered, and the socket in the dialplan must be
        ``async``. Any playback to the caller ends. The bridge takes the caller out of the
        dialplan: when the handler ends, the caller is hung up, not given back (recordings 202,
        213).
        """
        if isinstance(to, Applications):
            options = (variables, ring_timeout, caller_id_name, caller_id_number, ringback)
            if any(option is not None for option in options) or hangup_on_fail or lock:
                raise ValueError(
                    "bridge: with a leg, the only options are hangup_after and timeout"
                )
            return self._bridge_leg(to, hangup_after, timeout)
        called = called_with(variables or {}, ring_timeout, caller_id_name, caller_id_number)
        if not to:
            raise ValueError("bridge: the dial string is empty; name an endpoint: user/1000")
        dial_string = with_variables(called, to)
        as_it_is(dial_string)
        if ringback is not None:
            ringback = check_file(ringback)
        self.leg.borrowed.set(
            timeout,
            continue_on_fail="false" if hangup_on_fail else "true",
            hangup_after_bridge="true" if hangup_after else "false",
            uuid_bridge_park_on_cancel=None,
            ringback=ringback,
            transfer_ringback=ringback,
            **self._stay_after_bridge(),
        )
        before = self._forget_outcomes(timeout)

        def outcome(event: Event) -> Bridged:
            return bridged(event, before, self.leg.bridge_event)

        return self.leg.run("bridge", dial_string, outcome, lock, timeout)

    def _stay_after_bridge(self) -> dict[str, str | None]:
        """The variables that keep the leg in its socket after a bridge.

        They suspend those of the dialplan; what the handler has set itself counts.
        """
        leg = self.leg
        given, known = leg.conversation.context.variables, leg.known.variables
        variables: dict[str, str | None] = {"park_after_bridge": None}
        for name, value in AFTER_BRIDGE.items() if leg.is_own else ():
            inherited = given.get(name)
            if inherited and (name in leg.borrowed.ours or known.get(name) == inherited):
                variables[name] = value
        return variables

    def _forget_outcomes(self, timeout: float | None) -> str | None:
        """Unset what an earlier bridge has left; return the leg that it was to.

        FreeSWITCH sets these variables only if there is something to tell.
        """
        known = self.leg.known.variables
        stale = [name for name in OUTCOMES if name in known]
        if stale:
            self.leg.start("multiunset", " ".join(stale), timeout)
        return known.get("last_bridge_to")

    def _bridge_leg(
        self, other: Applications, hangup_after: bool, timeout: float | None
    ) -> Bridged:
        conversation = self.leg.conversation
        deadline = conversation.deadline(timeout)
        since = self._prepare_to_leave(hangup_after, timeout)
        try:
            command = f"uuid_bridge {self.uuid} {other.uuid}"
            conversation.commands.api(command, conversation.left(deadline))
        except CommandError as error:
            if other.is_up:
                if "invalid uuid" not in error.text.lower():
                    raise
                conversation.await_end(self.leg, error, lambda: not other.is_up)
            self.leg.borrowed.set(timeout, **NO_BRIDGE)
            return not_bridged(other.hangup_event)
        return self._until_back(since, deadline, other)

    def _prepare_to_leave(self, hangup_after: bool, timeout: float | None) -> int:
        """Have the leg park after a bridge, which takes it out of its socket application.

        Returns the number of events that have arrived so far.
        """
        conversation = self.leg.conversation
        conversation.check_thread()
        conversation.raise_if_gone(self.leg)
        if not conversation.subscription.is_async:
            raise RuntimeError('bridging two legs needs an async socket: "async" in the dialplan')
        if self.answer_state not in (AnswerState.ANSWERED, AnswerState.EARLY):
            # the bridge would hang up both (recording 213)
            raise RuntimeError(
                "answer the call before bridging it to another leg; otherwise both hang up"
            )
        conversation.subscribe_to("CHANNEL_BRIDGE", "CHANNEL_UNBRIDGE", "CHANNEL_PARK")
        # Otherwise the dialplan continues, or hangs up (recordings 201, 202), even when the
        # other leg hangs up just before the bridge (switch_ivr_bridge.c).
        park = "false" if hangup_after else "true"
        self.leg.borrowed.set(
            timeout,
            park_after_bridge=park,
            uuid_bridge_park_on_cancel=park,
            hangup_after_bridge="true" if hangup_after else "false",
        )
        self.leg.leaves_dialplan = True
        conversation.arrivals.pull()
        return conversation.arrivals.count

    def _until_back(
        self, since: int, deadline: Deadline | None, other: Applications | None = None
    ) -> Bridged:
        """Wait until the leg is bridged, then until the bridge is over and the leg is parked."""
        conversation = self.leg.conversation

        def one_of(*names: str) -> Callable[[Event | None], Event | None]:
            def ready(event: Event | None) -> Event | None:
                if event is None or event.serial <= since:
                    return None
                return event if event.uuid == self.uuid and event.name in names else None

            return ready

        begun = one_of("CHANNEL_BRIDGE", "CHANNEL_PARK")
        begins = sooner(conversation.deadline(BEGIN_TIMEOUT), deadline)
        try:
            event = conversation.until("the beginning of a bridge", begun, begins, self.leg)
        except TimeoutError:
            self.leg.borrowed.set(conversation.left(deadline), **NO_BRIDGE)
            raise
        outcome = not_bridged(other.hangup_event if other is not None else None)

        def at_hangup(hangup: Event | None) -> Bridged:
            if event.name == "CHANNEL_BRIDGE" and hangup is not None:
                return bridged_to(event.get("Bridge-B-Unique-ID"), hangup, self.leg.bridge_event)
            return outcome

        with self.leg.tells_at_hangup(at_hangup):
            while event.name != "CHANNEL_PARK":
                over = one_of("CHANNEL_UNBRIDGE", "CHANNEL_PARK")
                event = conversation.until("the end of a bridge", over, deadline, self.leg)
                if event.name == "CHANNEL_UNBRIDGE":
                    outcome = bridged_to(
                        event.get("Bridge-B-Unique-ID"), event, self.leg.bridge_event
                    )
        self.leg.borrowed.set(conversation.left(deadline), **NO_BRIDGE)
        return outcome

    @Declaration("att_xfer", joins=True, sends=True)
    def att_xfer(self, dial_string: str, *, timeout: float | None = None) -> bool:
        """Transfer the other side with consultation (application ``att_xfer``).

        A bridged leg calls ``dial_string`` while the other side is on hold. If this leg hangs up
        after the answer, FreeSWITCH connects the other two. If the callee hangs up, or this leg
        presses ``#`` (attxfer_cancel_key), this leg returns to the other side. ``*`` hangs up
        this leg (attxfer_hangup_key), ``0`` connects all three (attxfer_conf_key). Returns True
        if the other side was handed over (att_xfer_result; mod_dptools.c, att_xfer_function).
        Raises what `execute` raises, and RuntimeError with ``events=False``.

        The remaining legs are bridged anew: a `bridge` that the handler waits for completes,
        though its two sides may go on talking (recording 251).
        """

        def handed_over(event: Event) -> bool:
            return event.variables.get("att_xfer_result") == "success"

        return self.leg.run("att_xfer", dial_string, handed_over, False, timeout)

    @Declaration("eavesdrop", joins=True)
    @renamed(leg="uuid")
    def eavesdrop(self, uuid: Applications | str, *, timeout: float | None = None) -> None:
        """Listen in on another channel until it ends (application ``eavesdrop``).

        ``uuid`` is the channel's, or the channel, or "all". With the keys 1, 2, 3 and 0 the
        listener speaks to one side, the other, both or none (mod_dptools.c,
        eavesdrop_function). Raises what `execute` raises.
        """
        self.leg.do("eavesdrop", _uuid(uuid), timeout)

    @Declaration("intercept", joins=True)
    @renamed(leg="uuid")
    def intercept(
        self, uuid: Applications | str, *, bleg: bool = False, timeout: float | None = None
    ) -> Bridged:
        """Take over another channel (application ``intercept``), and be bridged to it.

        The leg it was bridged to is hung up with PICKED_OFF. With ``bleg``, take over that leg
        instead (mod_dptools.c, intercept_function; recordings 221, 223). ``uuid`` is the channel's,
        or the channel. Waits until one of the two hangs up, and returns a `Bridged`, as `bridge`
        with another leg does, with the same consequences. Raises TimeoutError if no bridge
        begins within 5 seconds, or ``timeout``, and what `bridge` raises.
        """
        conversation = self.leg.conversation
        other = _uuid(uuid)
        deadline = conversation.deadline(timeout)
        since = self._prepare_to_leave(False, timeout)
        self.leg.do(
            "intercept", f"{'-bleg ' if bleg else ''}{word(other)}", conversation.left(deadline)
        )
        return self._until_back(since, deadline)

    # its argument: name@profile+pin+flags{...} (mod_conference.c, conference_function)
    @Declaration("conference", joins=True, untold=True, before_pin=r"[^+\n]*\+(?!flags\{)")
    def conference(
        self,
        name: str,
        profile: str = "default",
        *,
        pin: str | None = None,
        flags: str = "",
        timeout: float | None = None,
    ) -> None:
        """Join a conference and stay until the caller leaves it (application ``conference``).

        ``name`` is the conference's, and ``profile`` one of conference.conf.xml. Callers are asked
        for ``pin`` first. ``flags`` are FreeSWITCH's, with ``|`` between them, such as
        "mute|deaf|moderator". Its events are ``"CUSTOM conference::maintenance"`` (recording 11e);
        control it from outside with ``session.api("conference NAME ...")``. Raises ValueError for
        text that FreeSWITCH would split, and what `execute` raises.
        """
        told = {"its name": name, "profile": profile, "pin": pin or "", "flags": flags}
        for what, text in told.items():
            if set("@+{} ") & set(text):
                raise ValueError(
                    f"conference: blanks, @, +, {{ and }} would split {what}; leave them out"
                )
        if not name:
            raise ValueError("conference: its name is empty; any word names one")
        if name.lower().startswith("bridge:"):
            raise ValueError(f"conference: a name can't begin with bridge: {in_quotes(name)}")
        words = f"{name}@{profile}"
        if pin is not None:
            words += f"+{check_digits(pin)}"
        if flags:
            words += f"+flags{{{flags}}}"
        self.leg.do("conference", words, timeout)

    @Declaration("valet_park", joins=True, untold=True)
    def valet_park(
        self,
        lot: str,
        extension: str,
        *more: str,
        timeout: float | None = None,
    ) -> None:
        """Park the caller in a slot, or fetch the one parked there (``valet_park``).

        ``extension`` is a slot, or a way to find one, with ``more`` words for that:
        ``valet_park("lot", "6001")`` parks the caller if 6001 is free, and otherwise bridges
        them to the caller parked there. ``valet_park("lot", "auto", "in", "6001", "6099")``
        takes a free slot, ``"out"`` an occupied one, ``"ask"`` asks the caller for it. Returns
        for a parked caller when they are fetched, or leave (valet_parking_timeout,
        valet_parking_orbit_exten); for a fetching one, at once. The two are then bridged
        outside of the dialplan's ``socket``, after which the dialplan continues
        (mod_valet_parking.c; recordings 21k, 21l). Raises ValueError for text that FreeSWITCH
        would split, and what `execute` raises.
        """
        # These also reach an inline dialplan, which executes them.
        words = [check_name("valet_park's word", each, " ,'\\${}^") for each in (lot, extension)]
        self.leg.do("valet_park", " ".join([*words, *map(word, more)]), timeout)

    @Declaration("fifo", joins=True, untold=True)
    def fifo(
        self,
        name: str,
        way: Literal["in", "out"] = "in",
        *,
        wait: bool = True,
        announce: File | None = None,
        music: File | None = None,
        timeout: float | None = None,
    ) -> None:
        """Wait in a queue, or serve one (application ``fifo``).

        ``name`` is the queue's, and ``way`` the side. ``"in"``: the caller hears ``music`` until
        somebody takes the call, who hears ``announce``, or until the caller leaves
        (fifo_orbit_exten, the exit key). It returns as they begin to talk: what the handler
        executes then ends their conversation, and the variable fifo_status is WAITING (34h), not
        ABORTED or TIMEOUT (21i). ``"out"``: be bridged to the one who has waited longest; if
        nobody waits, return, or with ``wait`` hear
        ``music`` until somebody does. Its events are ``"CUSTOM fifo::info"`` (mod_fifo.c,
        fifo_function). Raises ValueError for text that FreeSWITCH would split, and what
        `execute` raises.
        """
        check_name("fifo", name, ",!'\\")
        if name.strip(" ") != name:
            raise ValueError(f"fifo: a name can't begin or end with a blank: {in_quotes(name)}")
        if way not in ("in", "out"):
            raise ValueError(f"fifo: way must be 'in' or 'out', not {way!r}")
        words = [word(name), way]
        if way == "out":
            words.append("wait" if wait else "nowait")
        if announce is not None or music is not None:
            words.append("undef" if announce is None else word(check_file(announce)))
        if music is not None:
            words.append(word(check_file(music)))
        self.leg.do("fifo", " ".join(words), timeout)


def _uuid(leg: Applications | str) -> str:
    return leg.uuid if isinstance(leg, Applications) else check_uuid(leg)


def called_with(
    variables: Mapping[str, str | bytes],
    ring_timeout: float | None,
    caller_id_name: str | bytes | None,
    caller_id_number: str | bytes | None,
) -> dict[str, str]:
    """The variables to set on called legs."""
    ring = None if ring_timeout is None else whole_seconds("ring_timeout", ring_timeout)
    own = {
        "origination_caller_id_name": caller_id_name,
        "origination_caller_id_number": caller_id_number,
        "originate_timeout": None if ring is None else str(ring),
    }
    given = {name: value for name, value in own.items() if value is not None}
    return {name: sendable(value) for name, value in {**variables, **given}.items()}


def bridged(event: Event, before: str | None, begun: Event | None) -> Bridged:
    """The outcome of a bridge, from its completion (recordings 10a to 10j).

    ``before`` is the leg of the bridge before. If it is still the last, nobody was connected: the
    far end may have answered a caller who was on their way elsewhere. ``begun`` is the last
    CHANNEL_BRIDGE.
    """
    variables = event.variables
    uuid = variables.get("last_bridge_to")
    if uuid is not None and uuid != before:
        return bridged_to(uuid, event, begun)
    cause = variables.get("originate_disposition")
    if cause in (None, "SUCCESS", "failure"):  # none with campon, "failure" with :_:
        cause = variables.get("originate_failed_cause")
    return Bridged(False, HangupCause.known(cause), None, 0.0)


def bridged_to(uuid: str | None, event: Event, begun: Event | None) -> Bridged:
    """The outcome of a bridge, from an event of the remaining leg, and its beginning.

    A transfer gives the leg a new profile, in which it was never bridged (recording 33b).
    """
    began = number(event.get("Caller-Channel-Bridged-Time", ""))
    if not began and begun is not None:
        began = number(begun.get("Event-Date-Timestamp", ""))
    now = number(event.get("Event-Date-Timestamp", ""))
    return Bridged(
        True,
        HangupCause.known(event.variables.get("bridge_hangup_cause")),
        uuid,
        (now - began) / 1_000_000 if began and now is not None else 0.0,
        event.variables.get("bridge_channel"),
    )


def not_bridged(hangup: Event | None) -> Bridged:
    """The outcome if the other leg hung up before the bridge began."""
    return Bridged(False, None if hangup is None else hangup.hangup_cause, None, 0.0)

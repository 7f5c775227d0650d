"""Legs to far ends: how they are called, and how they behave.

A far end behaves as its `Endpoint` says. `bridge` and the like call its leg for another channel,
the api command `originate` for none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eslsync import CallState, HangupCause

from ..clockwork.threads import SECOND, Steps, Thread
from . import answering
from .arguments import atoi, holds_variables
from .channel import Channel
from .dialplan import transfer
from .digits import Digit
from .endpoint_modules import (
    NOT_MODELLED,
    OTHERS,
    TECHNOLOGIES,
    no_such_endpoint,
    nobody_in,
    wrong_sip_address,
)
from .executing import parse_all_events
from .incoming import incoming
from .known_options import note_option
from .known_variables import note_variable
from .profile import Profile, Times
from .races import FirstStates
from .spelling import misspelt
from .state_machine import end_session, run_session
from .states import State
from .variables import is_true
from .versions import SIP_REASON

if TYPE_CHECKING:
    from .switch import Extension, Switch

__all__ = [
    "Endpoint",
    "FarEnds",
    "FarLeg",
    "dial",
    "reaches",
    "taken_by_dialplan",
]

#: The cause of a call to an unknown far end, by technology.
NOT_THERE = {
    "loopback": "NO_ROUTE_DESTINATION",
    "sofia": "NORMAL_TEMPORARY_FAILURE",
    "user": "SUBSCRIBER_ABSENT",
    "group": "NO_ROUTE_DESTINATION",
}

#: The number of steps that a leg's thread has gone through when the far end's first signal comes.
SEEN: dict[FirstStates, int] = {"before": 4, "created": 2, "after": 0, "never": 0}
CREATED = SEEN["created"]

#: The caller's number if no channel calls.
NO_NUMBER = "0000000000"

#: The status with which a SIP far end refuses a call, by cause.
SIP_STATUS = {
    cause: status
    for status, causes in {
        403: "OUTGOING_CALL_BARRED INCOMING_CALL_BARRED BEARERCAPABILITY_NOTAUTH",
        404: "UNALLOCATED_NUMBER NO_ROUTE_TRANSIT_NET NO_ROUTE_DESTINATION",
        408: "NO_USER_RESPONSE",
        410: "NUMBER_CHANGED REDIRECTION_TO_NEW_DESTINATION",
        428: "NO_IDENTITY",
        429: "BAD_IDENTITY_INFO",
        437: "UNSUPPORTED_CERTIFICATE",
        438: "INVALID_IDENTITY",
        483: "EXCHANGE_ROUTING_ERROR",
        484: "INVALID_NUMBER_FORMAT INVALID_URL INVALID_GATEWAY",
        486: "USER_BUSY",
        487: "ORIGINATOR_CANCEL",
        488: "BEARERCAPABILITY_NOTIMPL INCOMPATIBLE_DESTINATION",
        501: "FACILITY_REJECTED FACILITY_NOT_IMPLEMENTED SERVICE_NOT_IMPLEMENTED",
        502: "DESTINATION_OUT_OF_ORDER INVALID_PROFILE",
        503: "REQUESTED_CHAN_UNAVAIL NORMAL_CIRCUIT_CONGESTION NETWORK_OUT_OF_ORDER"
        " NORMAL_TEMPORARY_FAILURE SWITCH_CONGESTION GATEWAY_DOWN BEARERCAPABILITY_NOTAVAIL",
        504: "RECOVERY_ON_TIMER_EXPIRE",
        600: "BUSY_EVERYWHERE",
        603: "CALL_REJECTED DECLINE REJECT_ALL",
        604: "DOES_NOT_EXIST_ANYWHERE",
        606: "NOT_ACCEPTABLE",
        607: "UNWANTED",
    }.items()
    for cause in causes.split()
}


@dataclass(frozen=True)
class Endpoint:
    """The behaviour of a far end. Times are in seconds.

    ``answers_after`` counts from the call (None: never), ``hangs_up_after`` and ``presses``
    (seconds, keys) from the answer, as does ``transfers`` (seconds, extension): the far end's
    phone sends the other side of its bridge there (REFER). ``rejects`` is a hangup cause.
    ``hangs_up_on`` are keys with which it hangs up when it hears them, as what plays until ``*``
    does.
    ``taken_by`` is called with the leg and returns another call, which answers and hangs up for
    the far end.
    """

    answers_after: float | None = 0.0
    hangs_up_after: float | None = None
    hangs_up_on: str = ""
    rejects: str | None = None
    rings: bool = False
    no_route: bool = False
    cause: str = "NORMAL_CLEARING"
    presses: Sequence[tuple[float, str]] = ()
    transfers: tuple[float, str] | None = None
    taken_by: Callable[[FarLeg], Channel] | None = None


class FarEnds:
    """The far ends that a switch can call, by dial string, or `OTHERS`."""

    def __init__(self, switch: Switch) -> None:
        self.endpoints: dict[str, Endpoint] = {}
        #: More users of the directory, as ``<user>@<domain>``; they can't be called.
        self.users: frozenset[str] = frozenset()
        #: Called with each dial string, the leg or the cause of the failure, and who calls.
        self.on_dial: Callable[[str, FarLeg | str, Channel | None], None] | None = None


def taken_by_dialplan(
    switch: Switch, destination: str, dialplan: Extension
) -> Callable[[FarLeg], Channel]:
    """An `Endpoint.taken_by`: a call to this very switch, which runs the dialplan."""

    def take(leg: FarLeg) -> Channel:
        channel = incoming(
            switch,
            caller_number=leg.profile.caller_id_number,
            caller_name=leg.profile.caller_id_name,
            destination=destination,
            context=leg.profile.context,
        )
        channel.run_extension(dialplan)
        switch.scheduler.at(switch.scheduler.now, channel.start)
        return channel

    return take


class FarLeg(Channel):
    """A leg to a far end."""

    def __init__(
        self, switch: Switch, profile: Profile, far_end: Endpoint, technology: str
    ) -> None:
        super().__init__(
            switch, profile, endpoint="loopback" if technology == "loopback" else "sofia"
        )
        self.far_end = far_end
        self.technology = technology
        self.caller: Channel | None = None  # the channel that calls
        self.far: Channel | None = None  # the call that takes it, if one does
        self.other_half = ""  # the uuid of a loopback leg's other one
        self.left = False  # the far end hung up, and not the switch
        self.rang = False  # it has signalled ringing
        self.taken_early = False  # what calls it goes on, though it is not answered
        self.blocked = False  # CF_BLOCK_STATE: it is not called yet
        self.meanwhile: Steps[None] | None = None  # to be done before it is connected
        self.when_rings: Callable[[], None] | None = None
        self.picked_up = False  # somebody answers it by hand
        self.confirm_key = ""  # what it has to press to take the call
        self.outcome_in: FirstStates = "before"
        self.steps_seen = 0  # of the first ones of its thread
        #: Called with keys that the far end presses, and with keys that it hears.
        self.on_press: Callable[[str], None] | None = None
        #: Called with the extension that the far end transfers the other side to.
        self.on_transfer: Callable[[str], None] | None = None
        self.on_key_heard: Callable[[str], None] | None = None
        self.state = State.INIT
        self.running_state = State.NONE
        self.callstate = CallState.DOWN
        self.thread = Thread(switch.scheduler, _run_leg(self))

    def hangup(self, cause: str = "NORMAL_CLEARING") -> None:
        if self.endpoint == "sofia" and self.up:
            status = 200 if self.answered else SIP_STATUS.get(cause, 480)
            self.set("proto_specific_hangup_cause", f"sip:{status}")
        super().hangup(cause)

    def caller_hangs_up(self, cause: str = "NORMAL_CLEARING") -> None:
        """Refuse the call, or hang up, as the far end."""
        self.left = self.left or self.up
        super().caller_hangs_up(cause)

    @property
    def is_called(self) -> bool:
        """True while the far end's phone rings, unless another call answers for it."""
        began = self.running_state is not State.NONE and not self.blocked
        return began and self.up and self.far is None and not self.is_taken

    @property
    def is_taken(self) -> bool:
        """True while the far end is connected: it has answered, and nobody has hung up."""
        return self.up and (self.answered or self.picked_up)

    def pick_up(self) -> None:
        """Answer, as the far end."""
        self.picked_up = True
        self.thread.wake(self.now)

    def refuse(self, cause: str) -> None:
        """Refuse the call, as the far end; by SIP with its own cause in the Reason header, too."""
        if self.technology == "sofia" and self.switch.version.has(SIP_REASON):
            reason = HangupCause(self.switch.cause(cause))
            for each in (self, self.caller):
                if each is not None:
                    each.set("sip_reason", f'Q.850;cause={reason.code};text="{reason}"')
        self.caller_hangs_up(cause)

    def press_keys(self, keys: str) -> None:
        """Press keys, as the far end."""
        if self.on_press is not None and self.up:
            self.on_press(keys)
        for key in keys:
            self.press(key)

    def send_digit(self, digit: Digit, *, unfiltered: bool = False) -> None:
        """Let the far end hear a key that the other side of the bridge pressed."""
        ends = digit.key in self.far_end.hangs_up_on
        if self.far is None and not ends:
            return
        if not unfiltered and self.filters.take_sent(digit):
            return
        if self.on_key_heard is not None:
            self.on_key_heard(digit.key)
        if self.far is not None:
            self.far.queue_digit(digit, unfiltered=unfiltered)
        elif self.up and self.answered:
            cause = self.far_end.cause
            self.switch.scheduler.at(self.tick(), lambda: self.caller_hangs_up(cause))


# --- the leg's session thread


def _run_leg(leg: FarLeg) -> Steps[None]:
    """Ring; once answered, run as any other channel."""
    while leg.blocked and leg.up:
        yield None
    if leg.up:
        yield from _be_called(leg)
    if leg.up:
        yield from run_session(leg)
    else:
        yield from end_session(leg)


def _be_called(leg: FarLeg) -> Steps[None]:
    """Go through INIT, ROUTING and CONSUME_MEDIA while the far end rings, and the outcome.

    A far end that answers at once may do so before the leg's thread has gone through its first
    states (recordings 05b and 240, 260).
    """
    began = leg.now
    far_end, caller = leg.far_end, leg.caller
    leg.set_running_state(State.INIT)
    if leg.other_half:
        leg.set("other_loopback_leg_uuid", leg.other_half)
        leg.set("loopback_leg", "A")
    leg.state = State.ROUTING
    at_once = far_end.rejects is not None or (
        far_end.answers_after == 0 and not (far_end.rings or far_end.taken_by or leg.confirm_key)
    )
    usual: FirstStates = "before" if caller is None or not at_once else "never"
    leg.outcome_in = leg.switch.races.first_states(leg.uuid, usual)
    _see_first_states(leg, SEEN[leg.outcome_in])
    if caller is None or far_end.rejects is not None:
        yield from _wait(leg, leg.tick())
    yield from _ring_until_answered(leg, began)
    if leg.up and not leg.taken_early:
        yield from answering.mark_answered(leg)
        if caller is not None:
            caller.poke()
    _see_the_rest(leg)
    asked = False
    asleep = State.ROUTING if leg.outcome_in == "never" else State.CONSUME_MEDIA
    while leg.state is asleep:
        if leg.meanwhile is None:
            yield None  # until the originating side moves it on
        else:
            asked = True
            _schedule_far_end(leg)
            steps, leg.meanwhile = leg.meanwhile, None
            yield from steps
    _see_first_states(leg, CREATED)
    if leg.up:
        if not asked:
            _schedule_far_end(leg)
    elif caller is not None:
        caller.poke()


def _see_first_states(leg: FarLeg, number: int) -> None:
    """Go through so many of the first steps of a leg's thread."""
    for step in range(leg.steps_seen, number):
        leg.steps_seen += 1
        if step == 0:
            leg.fire("CHANNEL_CREATE")
        elif step == 1:
            leg.fire("CHANNEL_ORIGINATE")
        elif step == 2:
            leg.set_running_state(State.ROUTING)
        else:
            leg.state = State.CONSUME_MEDIA
            leg.set_running_state(State.CONSUME_MEDIA)


def _see_the_rest(leg: FarLeg) -> None:
    """Go through the rest of the first steps, once the far end has rung or answered."""
    if leg.up and leg.outcome_in != "never":
        _see_first_states(leg, SEEN["before"])


def _ring_until_answered(leg: FarLeg, began: int) -> Steps[None]:
    far_end = leg.far_end
    if far_end.no_route and far_end.rejects is not None:
        leg.caller_hangs_up(far_end.rejects)
    elif far_end.rejects is not None:
        leg.refuse(far_end.rejects)
    if far_end.rings and leg.up:
        yield from _ring(leg)
    if far_end.taken_by is not None and leg.up:
        yield from _until_taken(leg, far_end.taken_by(leg))
    elif far_end.answers_after is None:
        yield from _wait(leg, None)
    else:
        yield from _wait(leg, began + round(far_end.answers_after * SECOND))


def _ring(leg: FarLeg) -> Steps[None]:
    """Ring, as far as the one who calls can tell (switch_channel_perform_mark_ring_ready_value)."""
    _stamp_both(leg, progress=leg.now)
    yield from answering.mark_ringing(leg)
    leg.rang = True
    _see_the_rest(leg)
    if leg.when_rings is not None:
        leg.when_rings()


def _stamp_both(leg: FarLeg, **times: int) -> None:
    """Note a time for the leg and for the one who calls."""
    leg.stamp(**times)
    if leg.caller is not None and leg.other_profile is not None:
        if "progress" not in times or not leg.caller.profile.times.progress:
            leg.caller.stamp(**times)
        noted = leg.other_profile.times._replace(**times)
        leg.other_profile = leg.other_profile._replace(times=noted)


def _until_taken(leg: FarLeg, far: Channel) -> Steps[None]:
    """Wait until the call at the far end answers; each of the two hangs up with the other."""
    leg.far = far
    far.when_sent = leg.queue_digit
    far.when_early.append(leg.thread.run)
    far.when_answered.append(lambda: _answered_by(leg))
    far.when_down.append(lambda: leg.caller_hangs_up(far.hangup_cause or leg.far_end.cause))
    leg.when_down.append(lambda: far.caller_hangs_up(leg.hangup_cause or "NORMAL_CLEARING"))
    while leg.up and not _is_taken(leg, far):
        if far.ring_ready and not leg.rang:
            yield from _ring(leg)
            _tell_caller(leg)
        if far.early_media and not leg.early_media:
            _stamp_both(leg, progress_media=leg.now)
            yield from answering.mark_pre_answered(leg)
            _see_the_rest(leg)
            _tell_caller(leg)
        yield from parse_all_events(leg)
        if not _is_taken(leg, far):
            yield None


def _is_taken(leg: FarLeg, far: Channel) -> bool:
    return far.answered or leg.taken_early


def _answered_by(leg: FarLeg) -> None:
    """Answer the leg, since its far end does."""
    if not leg.taken_early:
        leg.poke()
    elif leg.up and not leg.answered:
        Thread(leg.switch.scheduler, _answer_late(leg)).run()


def _answer_late(leg: FarLeg) -> Steps[None]:
    yield from answering.mark_answered(leg)
    if leg.partner is not None:
        leg.partner.poke()


def _tell_caller(leg: FarLeg) -> None:
    if leg.caller is not None:
        leg.caller.poke()


def _wait(leg: FarLeg, until: int | None) -> Steps[None]:
    while leg.up and (until is None or leg.now < until):
        yield from parse_all_events(leg)
        if leg.picked_up:
            return
        if leg.up:
            yield until


def _schedule_far_end(leg: FarLeg) -> None:
    """Schedule the far end's actions after the answer, whatever becomes of its leg."""
    far_end, at = leg.far_end, leg.switch.scheduler.at
    for after, keys in far_end.presses:
        at(leg.now + round(after * SECOND), lambda keys=keys: leg.press_keys(keys))  # type: ignore[misc]
    if far_end.transfers is not None:
        after, extension = far_end.transfers
        at(leg.now + round(after * SECOND), lambda: _transfer(leg, extension))
    if far_end.hangs_up_after is not None:
        after = far_end.hangs_up_after
        at(leg.now + round(after * SECOND), lambda: leg.caller_hangs_up(far_end.cause))


def _transfer(leg: FarLeg, extension: str) -> None:
    """Send the other side of the bridge elsewhere (sofia_handle_sip_i_refer)."""
    other = leg.switch.locate(leg.get("bridge_to") or "")
    if leg.up and other is not None:
        if leg.on_transfer is not None:
            leg.on_transfer(extension)
        transfer(other, extension)


# --- calling


def dial(
    switch: Switch,
    target: str,
    variables: dict[str, str],
    caller: Channel | None = None,
    whose: Channel | None = None,
    *,
    early_ok: bool = True,
) -> FarLeg | str:
    """Begin to call one far end; return its leg, or the cause if the call can't begin.

    ``whose`` is the channel whose profile the leg has, if it is not the ``caller``'s; ``early_ok``
    is False if early media does not count as an answer.
    """
    outcome = _dial(switch, target, variables, caller, whose)
    if isinstance(outcome, FarLeg):
        _tell_origin(outcome, variables, early_ok=early_ok)
    on_dial = switch.state(FarEnds).on_dial
    if on_dial is not None:
        on_dial(target, outcome, caller)
    leg = outcome if isinstance(outcome, FarLeg) else caller
    for name, value in variables.items():
        note_variable(switch, leg, name, value)
    return outcome


def _dial(
    switch: Switch,
    target: str,
    variables: dict[str, str],
    caller: Channel | None,
    whose: Channel | None,
) -> FarLeg | str:
    technology, _, rest = target.partition("/")
    technology = technology.lower()
    if technology not in TECHNOLOGIES:
        if technology in NOT_MODELLED:
            note_option(switch, caller, f"dial {technology}/")
        else:
            switch.refused(f"the endpoint {technology}/", caller, no_such_endpoint(target))
        return "CHAN_NOT_IMPLEMENTED"
    if caller is not None and _forwards(caller) <= 0:
        return "EXCHANGE_ROUTING_ERROR"
    if technology == "sofia" and misspelt(rest.partition("/")[0], ["gateway"], shortest=6):
        why = "there is no such SIP profile (did you mean 'sofia/gateway/'?)"
        switch.refused(f"the endpoint sofia/{rest.partition('/')[0]}/", caller, why)
    if why := nobody_in(technology, rest):
        switch.refused(f"the dial string {target}", caller, why)
    if technology == "error":
        return switch.cause(rest, caller)
    far_ends = switch.state(FarEnds).endpoints
    endpoint = far_ends.get(target, far_ends.get(OTHERS))
    if endpoint is None and technology in ("user", "group"):
        return NOT_THERE[technology]  # not in the directory: no leg is created
    if endpoint is None and technology == "sofia":
        wrong = wrong_sip_address(rest)
        if wrong is not None:
            return wrong
    if endpoint is None or endpoint.no_route:
        cause = NOT_THERE.get(technology, "NO_ROUTE_DESTINATION")
        endpoint = Endpoint(rejects=cause, no_route=True)
    given = variables.get("origination_uuid", "")
    uuid = given if given and switch.locate(given) is None else switch.uuid()
    profile = _profile(switch, uuid, technology, rest, variables, caller or whose)
    leg = FarLeg(switch, profile, endpoint, technology)
    leg.caller = caller
    switch.channels[leg.uuid] = leg
    switch.sessions += 1
    from_uuid = caller.uuid if caller is not None and technology == "loopback" else ""
    leg.variables.set_all(
        {
            "direction": "outbound",
            "is_outbound": "true",
            "session_id": str(switch.sessions),
            "read_codec": leg.codec.name,
            "read_rate": leg.codec.rate,
            "write_codec": leg.codec.name,
            "write_rate": leg.codec.rate,
            "loopback_from_uuid": from_uuid,
            "channel_name": leg.name,
            "uuid": leg.uuid,
            "call_uuid": leg.uuid,
        }
    )
    switch.sessions += technology == "loopback"  # the leg's other half
    if uuid == given:
        # a uuid that is in use is ignored (recording 260)
        leg.fire("CHANNEL_UUID", first=(("Old-Unique-ID", switch.uuid()),))
    if caller is not None:
        leg.other_type = "originator"
        leg.other_profile = caller.profile._replace(
            profile_index="", transfer_source="", times=Times()
        )
    leg.fire("CHANNEL_OUTGOING", variables=False)
    # once the leg is there
    leg.profile = leg.profile._replace(
        callee_id_name=variables.get("origination_callee_id_name") or leg.profile.callee_id_name,
        callee_id_number=(
            variables.get("origination_callee_id_number") or leg.profile.callee_id_number
        ),
    )
    return leg


def reaches(switch: Switch, target: str) -> bool:
    """True if a call to a far end gets so far that its caller is let hear it."""
    technology = target.partition("/")[0].lower()
    known = switch.state(FarEnds).endpoints.keys()
    return technology == "loopback" or not known.isdisjoint((target, OTHERS))


def _forwards(caller: Channel) -> int:
    """How often a leg that a channel calls may be passed on (max_forwards)."""
    forwards = caller.get("max_forwards")
    return atoi(forwards) - 1 if forwards else 70


def _profile(
    switch: Switch,
    uuid: str,
    technology: str,
    rest: str,
    variables: dict[str, str],
    caller: Channel | None,
) -> Profile:
    now = switch.scheduler.now
    context = ""
    if technology == "loopback":
        # loopback/<number>/<context>/<dialplan> (mod_loopback.c, channel_outgoing_channel)
        number, _, rest = rest.partition("/")
        context = rest.partition("/")[0]
        name, callee = f"loopback/{number}-a", context or "default"
        context = context.partition("/")[0]
    else:
        number = re.split(r"[@/]", rest.partition("/")[2] or rest)[0]
        name, callee = f"{technology}/{rest}", number
    name = variables.get("origination_channel_name") or name
    given_name = variables.get("origination_caller_id_name")
    given_number = variables.get("origination_caller_id_number")
    given_ani = variables.get("origination_ani")
    if caller is not None:
        given_name = given_name or caller.get("effective_caller_id_name")
        given_number = given_number or caller.get("effective_caller_id_number")
        given_ani = given_ani or caller.get("effective_ani")
    if caller is None:
        # (recordings 05f and 13d)
        number_or_none = given_number or NO_NUMBER
        own = Profile("", "", caller_id_name=given_name or "", caller_id_number=number_or_none)
        own = own._replace(
            orig_caller_id_name=own.caller_id_name,
            orig_caller_id_number=own.caller_id_number,
            ani=own.caller_id_number,
            source="mod_loopback" if technology == "loopback" else "mod_sofia",
        )
    else:
        own = caller.profile
    return Profile(
        uuid=uuid,
        channel_name=name,
        direction="outbound",
        logical_direction="outbound",
        dialplan="xml",
        caller_id_name=own.caller_id_name if given_name is None else given_name,
        caller_id_number=own.caller_id_number if given_number is None else given_number,
        orig_caller_id_name=own.orig_caller_id_name,
        orig_caller_id_number=own.orig_caller_id_number,
        callee_id_name="Outbound Call",
        callee_id_number=callee,
        ani=given_ani or own.ani,
        rdnis=own.rdnis,
        destination_number=number,
        source=own.source,
        context=context or own.context,
        times=Times(profile_created=now, created=now),
    )


def _tell_origin(leg: FarLeg, variables: dict[str, str], *, early_ok: bool) -> None:
    """Set the variables that say who originates the leg, and how."""
    technology, caller = leg.technology, leg.caller
    early = "true" if early_ok else "false"
    told = [*variables.items(), ("originate_early_media", early)]
    if caller is not None:
        told = [
            ("max_forwards", str(_forwards(caller))),
            ("originator_codec", f"{leg.codec.name}@{leg.codec.rate}h@20i"),
            ("originator", caller.uuid),
            ("signal_bond", caller.uuid),
            ("call_uuid", caller.uuid),
            *variables.items(),
            ("originate_early_media", early),
            ("originating_leg_uuid", caller.uuid),
        ]
    nested = is_true(variables.get("origination_nested_vars"))
    for name, value in (*told, ("originate_endpoint", technology)):
        if technology == "loopback" and name.startswith("group_confirm_"):
            continue  # channel_on_init passes them on to the other half
        if nested or not holds_variables(value):  # else refused, with a line in the log
            leg.set(name, value)
    if caller is not None:
        leg.call_uuid = caller.uuid
    if technology == "loopback":
        leg.other_half = leg.switch.uuid()

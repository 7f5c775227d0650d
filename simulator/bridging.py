"""Far ends, and the bridge application: calling them, and being connected to them.

`originate` follows switch_ivr_originate.c and `connect` switch_ivr_bridge.c, as far as the
recordings of group 10 show them. How a far end behaves is told by an `Endpoint`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import ivr
from .applications import application
from .arguments import atoi, variables_of
from .channel import CallState, Channel, Profile, State, Times
from .threads import SECOND, Steps
from .variables import is_true

if TYPE_CHECKING:
    from .switch import Switch

__all__ = ["Endpoint", "Leg"]

#: Endpoint modules that there are; a dial string of any other is CHAN_NOT_IMPLEMENTED.
TECHNOLOGIES = frozenset({"error", "group", "loopback", "sofia", "user", "verto"})

#: DIALSTATUS, where it is not the cause's own name.
DIALSTATUS = {
    "USER_BUSY": "BUSY",
    "NO_ANSWER": "NOANSWER",
    "ORIGINATOR_CANCEL": "CANCEL",
    "failure": "INVALIDARGS",
}

#: What becomes of a call to somewhere that is not there, by technology.
NOT_THERE = {
    "loopback": "NO_ROUTE_DESTINATION",
    "sofia": "NORMAL_TEMPORARY_FAILURE",
    "user": "SUBSCRIBER_ABSENT",
}

#: How a SIP far end says why it doesn't take a call.
SIP_STATUS = {
    "UNALLOCATED_NUMBER": 404,
    "USER_BUSY": 486,
    "NO_USER_RESPONSE": 408,
    "NO_ANSWER": 480,
    "CALL_REJECTED": 603,
    "NORMAL_TEMPORARY_FAILURE": 503,
    "ORIGINATOR_CANCEL": 487,
}

#: Hangup causes that a bridge which fails never passes on to its caller.
NO_REASON_TO_HANG_UP = frozenset({"NO_ANSWER", "NO_USER_RESPONSE", "ORIGINATOR_CANCEL"})


@dataclass(frozen=True)
class Endpoint:
    """How a far end behaves. Times are in seconds.

    ``answers_after`` counts from being called (None: never), ``hangs_up_after`` and ``presses``
    (seconds, keys) from the answer; ``rejects`` is a cause.
    """

    answers_after: float | None = 0.0
    hangs_up_after: float | None = None
    rejects: str | None = None
    rings: bool = False
    no_route: bool = False
    cause: str = "NORMAL_CLEARING"
    presses: Sequence[tuple[float, str]] = ()


class Leg(Channel):
    """A leg to a far end."""

    def __init__(
        self, switch: Switch, profile: Profile, endpoint: Endpoint, technology: str
    ) -> None:
        self.far_end = endpoint
        self.joined = False  # told by the bridge that it is connected
        super().__init__(
            switch, profile, endpoint="loopback" if technology == "loopback" else "sofia"
        )
        self.state = State.INIT
        self.running_state = State.NONE
        self.callstate = CallState.DOWN

    def hangup(self, cause: str = "NORMAL_CLEARING") -> None:
        if self.endpoint == "sofia" and self.up:
            status = 200 if self.answered else SIP_STATUS.get(cause, 480)
            self.set("proto_specific_hangup_cause", f"sip:{status}")
        super().hangup(cause)

    def _run(self) -> Steps[None]:
        """Do as the far end does: ring, answer, press keys, hang up."""
        caller = self.partner
        assert caller is not None
        self.call_uuid = caller.uuid
        self.set_running_state(State.INIT)
        far_end, began = self.far_end, self.now
        if far_end.rejects is not None:
            yield from self._wait(self.tick())
            self.hangup(far_end.rejects)
        if self.is_up():
            self.state = State.ROUTING
        if far_end.rings and self.is_up():
            self.stamp(progress=self.now)
            caller.stamp(progress=self.now)
            self.fire("CHANNEL_PROGRESS")
            self.set_callstate(CallState.RINGING)
        if far_end.answers_after is None:
            yield from self._wait(None)
        else:
            yield from self._wait(began + round(far_end.answers_after * SECOND))
        if self.is_up():
            self.mark_answered()
            caller.poke()
            answered = self.now
            while self.is_up() and not self.joined:
                yield None
            yield from self._be_bridged(answered)
        caller.poke()
        while self.joined and self.partner is not None:
            yield None  # the bridge comes apart first (recording 05b)
        self._hang_up()
        self._report()
        yield from self._until_released()
        self._destroy()

    def _be_bridged(self, answered: int) -> Steps[None]:
        if self.up:
            self.fire("CHANNEL_CREATE")
            self.fire("CHANNEL_ORIGINATE")
            self.set_running_state(State.EXCHANGE_MEDIA)
        for after, keys in self.far_end.presses:
            yield from self._wait(answered + round(after * SECOND))
            for key in keys if self.up else "":
                self.press(key)
        if self.far_end.hangs_up_after is None:
            yield from self._wait(None)
        else:
            yield from self._wait(answered + round(self.far_end.hangs_up_after * SECOND))
        if self.up:
            self.hangup(self.far_end.cause)

    def is_up(self) -> bool:
        return self.up

    def _wait(self, until: int | None) -> Steps[None]:
        while self.up and (until is None or self.now < until):
            yield until


def dial(channel: Channel, target: str, variables: dict[str, str]) -> Leg | str:
    """Begin to call one far end; the cause, where it can't even be tried."""
    switch = channel.switch
    technology, _, rest = target.partition("/")
    technology = technology.lower()
    if technology not in TECHNOLOGIES:
        return "CHAN_NOT_IMPLEMENTED"
    if technology == "error":
        return switch.cause(rest)
    endpoint = switch.endpoints.get(target)
    if endpoint is None or endpoint.no_route:
        endpoint = Endpoint(rejects=NOT_THERE.get(technology, "NO_ROUTE_DESTINATION"))
    leg = Leg(switch, _profile(channel, technology, rest, variables), endpoint, technology)
    leg.partner = channel
    switch.channels[leg.uuid] = leg
    switch.sessions += 1
    _describe(leg, channel, technology, variables)
    switch.sessions += technology == "loopback"  # the leg on its other side
    if "origination_uuid" in variables:
        leg.fire("CHANNEL_UUID", first=(("Old-Unique-ID", switch.uuid()),))
    leg.other_type = "originator"
    leg.other_profile = replace(channel.profile, profile_index="", times=Times())
    leg.fire("CHANNEL_OUTGOING", variables=False)
    return leg


def _profile(channel: Channel, technology: str, rest: str, variables: dict[str, str]) -> Profile:
    caller = channel.profile
    now = channel.now
    if technology == "loopback":
        number, _, context = rest.partition("/")
        name, callee = f"loopback/{number}-a", context or "default"
    else:
        number = re.split(r"[@/]", rest.partition("/")[2] or rest)[0]
        name, callee = f"{technology}/{rest}", number
    return Profile(
        uuid=variables.get("origination_uuid") or channel.switch.uuid(),
        channel_name=name,
        direction="outbound",
        logical_direction="outbound",
        dialplan="xml",
        caller_id_name=variables.get("origination_caller_id_name", caller.caller_id_name),
        caller_id_number=variables.get("origination_caller_id_number", caller.caller_id_number),
        orig_caller_id_name=caller.orig_caller_id_name,
        orig_caller_id_number=caller.orig_caller_id_number,
        callee_id_name="Outbound Call",
        callee_id_number=callee,
        ani=caller.ani,
        destination_number=number,
        source=caller.source,
        context=caller.context,
        times=Times(profile_created=now, created=now),
    )


def _describe(leg: Leg, channel: Channel, technology: str, variables: dict[str, str]) -> None:
    """The variables that an outbound leg comes into the world with."""
    for name, value in (
        ("direction", "outbound"),
        ("is_outbound", "true"),
        ("session_id", str(leg.switch.sessions)),
        ("read_codec", leg.codec.name),
        ("read_rate", leg.codec.rate),
        ("write_codec", leg.codec.name),
        ("write_rate", leg.codec.rate),
        ("loopback_from_uuid", channel.uuid if technology == "loopback" else ""),
        ("channel_name", leg.name),
        ("uuid", leg.uuid),
        ("call_uuid", leg.uuid),
    ):
        leg.set(name, value)


def _describe_origin(
    leg: Leg, channel: Channel, technology: str, variables: dict[str, str]
) -> None:
    """What it is told about who has it called."""
    for name, value in (
        ("max_forwards", "70"),
        ("originator_codec", f"{leg.codec.name}@{leg.codec.rate}h@20i"),
        ("originator", channel.uuid),
        ("signal_bond", channel.uuid),
        ("call_uuid", channel.uuid),
        *variables.items(),
        ("ignore_early_media", channel.get("ignore_early_media") or ""),
        ("originate_early_media", "false"),
        ("originating_leg_uuid", channel.uuid),
        ("originate_endpoint", technology),
    ):
        leg.set(name, value)
    if technology == "loopback":
        leg.set("other_loopback_leg_uuid", leg.switch.uuid())
        leg.set("loopback_leg", "A")


def originate(channel: Channel, data: str) -> Steps[Leg | str]:
    """Call far ends until one answers: ``|`` between those to be tried one after the other,
    ``,`` between those to be tried at once. Returns the leg, or the cause of the failure.
    """
    variables, targets = variables_of(data)
    channel.set("originate_disposition", "failure")
    channel.set("DIALSTATUS", DIALSTATUS["failure"])
    if channel.answered:
        channel.set_callstate(CallState.RING_WAIT)
    else:
        channel.pre_answer()
    outcome: Leg | str = "NORMAL_TEMPORARY_FAILURE"
    for alternative in targets.split("|"):
        outcome = yield from _try(channel, alternative, variables)
        if isinstance(outcome, Leg) or not channel.up:
            break
    if isinstance(outcome, Leg):
        _succeeded(channel, outcome)
        return outcome
    if channel.up:
        channel.set_callstate(CallState.ACTIVE)
    channel.set("originate_disposition", outcome)
    channel.set("DIALSTATUS", DIALSTATUS.get(outcome, outcome))
    for uuid, cause in channel.failed_legs:
        channel.variables.push("originate_causes", f"{uuid};{cause}")
    channel.failed_legs.clear()
    return outcome


def _try(channel: Channel, targets: str, variables: dict[str, str]) -> Steps[Leg | str]:
    """Call one group of far ends at once."""
    began = channel.now
    limit = variables.get("originate_timeout") or channel.get("call_timeout")
    # seconds are those of the epoch (recording 10c: 3 of them are 2.95)
    until = (began // SECOND + (atoi(limit) if limit else 60)) * SECOND
    legs: list[Leg] = []
    cause = "NORMAL_TEMPORARY_FAILURE"
    for target in _split_targets(targets):
        own, target = variables_of(target)
        merged = {**variables, **own}
        leg = dial(channel, target, merged)
        if isinstance(leg, str):
            cause = leg
            continue
        _describe_origin(leg, channel, target.partition("/")[0], merged)
        channel.set("originate_signal_bond", leg.uuid)
        callee = leg.profile
        channel.variables.push(
            "originated_legs", f"{leg.uuid};{callee.callee_id_name};{callee.callee_id_number}"
        )
        legs.append(leg)
    for leg in legs:
        leg.start()
    while legs:
        answered = next((leg for leg in legs if leg.answered and leg.up), None)
        if answered is not None:
            for leg in legs:
                if leg is not answered:
                    leg.hangup("LOSE_RACE")
            return answered
        for leg in [leg for leg in legs if not leg.up]:
            cause = leg.hangup_cause or cause
            channel.failed_legs.append((leg.uuid, cause))
            legs.remove(leg)
        if not channel.up or channel.now >= until:
            cause = "ORIGINATOR_CANCEL" if not channel.up else "NO_ANSWER"
            for leg in legs:
                channel.failed_legs.append((leg.uuid, cause))
                leg.partner = channel if channel.up else None
                leg.hangup(cause)
            return cause
        if not legs:
            break
        yield from channel.frames(until)
    return cause


def _split_targets(targets: str) -> list[str]:
    """At commas, but not at those inside brackets."""
    return re.split(r",(?![^\[{<]*[\]}>])", targets)


def _succeeded(channel: Channel, leg: Leg) -> None:
    if not channel.answered:
        channel.answer()
    channel.set("originate_signal_bond", None)
    callee = leg.profile
    sofia = leg.endpoint == "sofia"
    if sofia:
        callee = replace(
            callee,
            callee_id_name=callee.destination_number,
            callee_id_number=callee.destination_number,
            network_addr=re.sub(r".*@|:\d+$", "", leg.name),
        )
        channel.profile = replace(
            channel.profile,
            callee_id_name=callee.callee_id_name,
            callee_id_number=callee.callee_id_number,
        )
    channel.other_type = "originatee"
    channel.other_profile = replace(callee, logical_direction="inbound", profile_index="")
    channel.set("originate_disposition", "SUCCESS")
    channel.set("DIALSTATUS", "SUCCESS")
    for uuid, cause in channel.failed_legs:
        channel.variables.push("originate_causes", f"{uuid};{cause}")
    channel.failed_legs.clear()
    channel.variables.push("originate_causes", f"{leg.uuid};NONE")
    channel.set_callstate(CallState.ACTIVE)


def connect(channel: Channel, leg: Leg) -> Steps[None]:
    """Both legs hear each other until one goes (switch_ivr_multi_threaded_bridge)."""
    about = (("Bridge-A-Unique-ID", channel.uuid), ("Bridge-B-Unique-ID", leg.uuid))
    channel.partner = leg
    leg.state = State.EXCHANGE_MEDIA
    channel.stamp(bridged=channel.now)
    leg.stamp(bridged=channel.now)
    channel.set("signal_bond", leg.uuid)
    channel.fire("CHANNEL_BRIDGE", first=about)
    leg.set("call_uuid", channel.uuid)
    for one, other in ((channel, leg), (leg, channel)):
        one.set("bridge_to", other.uuid)
        one.set("last_bridge_to", other.uuid)
        one.set("bridge_channel", other.name)
        one.set("bridge_uuid", other.uuid)
        one.set("signal_bond", other.uuid)
    leg.joined = True
    leg.thread.run()
    assert channel.other_profile is not None
    channel.set("last_sent_callee_id_name", channel.other_profile.callee_id_name)
    channel.set("last_sent_callee_id_number", channel.other_profile.callee_id_number)
    leg.set("last_sent_callee_id_name", channel.profile.caller_id_name)
    leg.set("last_sent_callee_id_number", channel.profile.caller_id_number)
    while channel.is_ready() and leg.up and not ivr.take_break(channel):
        yield from ivr.parse_all_events(channel)
        if channel.digits:
            digit = channel.take_digit()
            leg.queue_digit(digit)
        while leg.digits:
            leg.take_digit()
        if channel.is_ready() and leg.up:
            yield from channel.frames(None)
    channel.partner = None
    leg.partner = None
    for one in (channel, leg):
        one.set("bridge_to", None)
    cause = (channel.hangup_cause if not channel.up else leg.hangup_cause) or "NORMAL_CLEARING"
    channel.set("bridge_hangup_cause", cause)
    leg.call_uuid = leg.uuid
    leg.set("call_uuid", leg.uuid)
    channel.fire("CHANNEL_UNBRIDGE", first=about)
    if leg.up:
        leg.hangup(cause)
    leg.thread.wake(channel.now)
    if channel.up and is_true(channel.get("hangup_after_bridge")):
        channel.hangup(cause)


@application("bridge", nomedia=True)
def bridge(channel: Channel, data: str) -> Steps[None]:
    if not data:
        return
    outcome = yield from originate(channel, data)
    if isinstance(outcome, Leg):
        yield from connect(channel, outcome)
        return
    channel.set("originate_failed_cause", outcome)
    _pass_on(channel, outcome)


def _pass_on(channel: Channel, cause: str) -> None:
    """Hang the caller up with the far end's cause, or not (switch_channel_handle_cause)."""
    if not channel.up:
        return
    go_on = channel.get("continue_on_fail")
    failures = channel.get("failure_causes")
    if failures and not _named(cause, failures):
        return
    if go_on and (is_true(go_on) or _named(cause, go_on)):
        return
    if not go_on and not failures and cause in NO_REASON_TO_HANG_UP:
        return
    if not channel.reset_by_transfer and channel.state is not State.ROUTING:
        channel.hangup(cause)


def _named(cause: str, names: str) -> bool:
    """Is a cause in a list of names and numbers?"""
    return any(name.strip().upper() == cause for name in names.split(",") if name.strip())


@application("ring_ready", nomedia=True)
def ring_ready(channel: Channel, data: str) -> None:
    """Tell the caller that it rings (switch_channel_perform_mark_ring_ready_value)."""
    if channel.up and not channel.media_ready and not channel.ring_ready:
        channel.ring_ready = True
        channel.stamp(progress=channel.now)
        channel.fire("CHANNEL_PROGRESS")

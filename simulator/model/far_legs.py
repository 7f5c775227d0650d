"""Legs to far ends: calling them, and how they behave.

A far end is told how to behave by an `Endpoint`. Its leg is called for another channel, by
`bridge` and its like, or for nobody, by the api command `originate`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..clockwork.threads import SECOND, Scheduler, Steps
from . import ivr
from .api import api, usage
from .arguments import atoi, separate, variables_of
from .channel import Channel, Digit
from .ivr import FRAME
from .profile import Profile, Times
from .states import CallState, State
from .variables import is_true

if TYPE_CHECKING:
    from .switch import Switch

__all__ = ["Endpoint", "Leg", "Seen", "dial"]

#: Is a leg seen in its first states before the far end answers or refuses, after that, or never?
Seen = Literal["before", "after", "never"]

#: Endpoint modules that there are; a dial string of any other is CHAN_NOT_IMPLEMENTED.
TECHNOLOGIES = frozenset({"error", "group", "loopback", "sofia", "user", "verto"})

#: What becomes of a call to somewhere that is not there, by technology.
NOT_THERE = {
    "loopback": "NO_ROUTE_DESTINATION",
    "sofia": "NORMAL_TEMPORARY_FAILURE",
    "user": "SUBSCRIBER_ABSENT",
}

#: Who calls, where nobody does.
NO_NUMBER = "0000000000"

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


@dataclass(frozen=True)
class Endpoint:
    """How a far end behaves. Times are in seconds.

    ``answers_after`` counts from being called (None: never), ``hangs_up_after`` and ``presses``
    (seconds, keys) from the answer; ``rejects`` is a cause. ``taken_by``: another call takes
    it, and is told the leg; it does as that call does.
    """

    answers_after: float | None = 0.0
    hangs_up_after: float | None = None
    rejects: str | None = None
    rings: bool = False
    no_route: bool = False
    cause: str = "NORMAL_CLEARING"
    presses: Sequence[tuple[float, str]] = ()
    taken_by: Callable[[Leg], Channel] | None = None


class Leg(Channel):
    """A leg to a far end."""

    def __init__(
        self, switch: Switch, profile: Profile, endpoint: Endpoint, technology: str
    ) -> None:
        self.far_end = endpoint
        self.caller: Channel | None = None  # for whom it is called
        self.far: Channel | None = None  # the call that takes it, where one does
        self.left = False  # did the far end hang up, and not the switch?
        self.rang = False  # has it said that it rings?
        self.when_rings: Callable[[], None] | None = None
        #: told of keys that the far end presses, and of those that it hears
        self.on_press: Callable[[str], None] | None = None
        self.on_key_heard: Callable[[str], None] | None = None
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

    def caller_hangs_up(self, cause: str = "NORMAL_CLEARING") -> None:
        """The far end doesn't take the call, or puts the phone down."""
        self.left = self.left or self.up
        super().caller_hangs_up(cause)

    def _run(self) -> Steps[None]:
        """Be called; once answered, a channel like any other."""
        if self.caller is not None:
            self.call_uuid = self.caller.uuid
        yield from self._be_called()
        if self.up:
            yield from super()._run()
        else:
            yield from self._end()

    def _be_called(self) -> Steps[None]:
        """INIT, ROUTING, CONSUME_MEDIA, while the far end rings; and what comes after those.

        A far end that answers at once may do so before the leg's thread has seen its first
        states (recordings 05b and 240, 260).
        """
        began = self.now
        far_end, caller = self.far_end, self.caller
        self.set_running_state(State.INIT)
        at_once = far_end.rejects is not None or (
            far_end.answers_after == 0 and not far_end.rings and far_end.taken_by is None
        )
        seen: Seen = "before" if caller is None or not at_once else "never"
        races = self.switch.seen_first.get(self.uuid)
        if races and at_once:
            seen = races.popleft()
        if seen == "before":
            self._see_first_states()
        else:
            self.state = State.ROUTING
        asleep = self.state
        if caller is None or far_end.rejects is not None:
            yield from self._wait(self.tick())
        if far_end.rings and caller is not None:
            caller.stamp(progress=self.now)
            assert self.other_profile is not None
            times = self.other_profile.times._replace(progress=self.now)
            self.other_profile = self.other_profile._replace(times=times)
        yield from self._ring_until_answered(began)
        if self.up:
            self.mark_answered()
            if caller is not None:
                caller.poke()
        if seen == "after" and self.up:
            self._see_first_states()
            asleep = self.state
        while self.state is asleep:
            yield None  # what becomes of it is told by who has it called
        if seen == "never" or (seen == "after" and not self.answered):
            self._see_creation()
        if self.up:
            self._schedule_far_end()
        elif caller is not None:
            caller.poke()

    def _see_first_states(self) -> None:
        self.state = State.ROUTING
        self._see_creation()
        self.set_running_state(State.ROUTING)
        self.state = State.CONSUME_MEDIA
        self.set_running_state(State.CONSUME_MEDIA)

    def _see_creation(self) -> None:
        self.fire("CHANNEL_CREATE")
        self.fire("CHANNEL_ORIGINATE")

    def _ring_until_answered(self, began: int) -> Steps[None]:
        far_end = self.far_end
        if far_end.rejects is not None:
            self.caller_hangs_up(far_end.rejects)
        if far_end.rings and self.up:
            self.stamp(progress=self.now)
            self.fire("CHANNEL_PROGRESS")
            self.set_callstate(CallState.RINGING)
            self.rang = True
            if self.when_rings is not None:
                self.when_rings()
        if far_end.taken_by is not None and self.up:
            yield from self._until_taken(far_end.taken_by(self))
        elif far_end.answers_after is None:
            yield from self._wait(None)
        else:
            yield from self._wait(began + round(far_end.answers_after * SECOND))

    def _until_taken(self, far: Channel) -> Steps[None]:
        """Another call is at the far end: it answers, and each hangs up with the other."""
        self.far = far
        far.when_sent = self.queue_digit
        far.when_answered.append(self.poke)
        far.when_down.append(lambda: self.caller_hangs_up(far.hangup_cause or self.far_end.cause))
        self.when_down.append(lambda: far.caller_hangs_up(self.hangup_cause or "NORMAL_CLEARING"))
        while self.up and not far.answered:
            yield from ivr.parse_all_events(self)
            yield None

    def send_digit(self, digit: Digit) -> None:
        """The other side of the bridge pressed a key, which the far end hears."""
        if self.far is not None:
            if self.on_key_heard is not None:
                self.on_key_heard(digit.key)
            self.far.queue_digit(digit)

    def _schedule_far_end(self) -> None:
        """What it does once it has answered, whatever becomes of its leg here."""
        far_end, at = self.far_end, self.switch.scheduler.at
        for after, keys in far_end.presses:
            at(self.now + round(after * SECOND), lambda keys=keys: self._press(keys))  # type: ignore[misc]
        if far_end.hangs_up_after is not None:
            after = far_end.hangs_up_after
            at(self.now + round(after * SECOND), lambda: self.caller_hangs_up(far_end.cause))

    def _press(self, keys: str) -> None:
        if self.on_press is not None and self.up:
            self.on_press(keys)
        for key in keys:
            self.press(key)

    def _wait(self, until: int | None) -> Steps[None]:
        while self.up and (until is None or self.now < until):
            yield from ivr.parse_all_events(self)
            if self.up:
                yield until


def dial(
    switch: Switch, target: str, variables: dict[str, str], caller: Channel | None = None
) -> Leg | str:
    """Begin to call one far end; the cause, where it can't even be tried."""
    outcome = _dial(switch, target, variables, caller)
    if switch.on_dial is not None:
        switch.on_dial(target, outcome, caller)
    return outcome


def _dial(
    switch: Switch, target: str, variables: dict[str, str], caller: Channel | None
) -> Leg | str:
    technology, _, rest = target.partition("/")
    technology = technology.lower()
    if technology not in TECHNOLOGIES:
        return "CHAN_NOT_IMPLEMENTED"
    if technology == "error":
        return switch.cause(rest)
    endpoint = switch.endpoints.get(target)
    if endpoint is None and technology == "user":
        return NOT_THERE[technology]  # not in the directory: there is no leg at all
    if endpoint is None or endpoint.no_route:
        endpoint = Endpoint(rejects=NOT_THERE.get(technology, "NO_ROUTE_DESTINATION"))
    given = variables.get("origination_uuid", "")
    uuid = given if given and switch.locate(given) is None else switch.uuid()
    profile = _profile(switch, uuid, technology, rest, variables, caller)
    leg = Leg(switch, profile, endpoint, technology)
    leg.caller = caller
    switch.channels[leg.uuid] = leg
    switch.sessions += 1
    from_uuid = caller.uuid if caller is not None and technology == "loopback" else ""
    for name, value in (
        ("direction", "outbound"),
        ("is_outbound", "true"),
        ("session_id", str(switch.sessions)),
        ("read_codec", leg.codec.name),
        ("read_rate", leg.codec.rate),
        ("write_codec", leg.codec.name),
        ("write_rate", leg.codec.rate),
        ("loopback_from_uuid", from_uuid),
        ("channel_name", leg.name),
        ("uuid", leg.uuid),
        ("call_uuid", leg.uuid),
    ):
        leg.set(name, value)
    switch.sessions += technology == "loopback"  # the leg on its other side
    if uuid == given:
        # one that is in use is left to whom it is of, without a word (recording 260)
        leg.fire("CHANNEL_UUID", first=(("Old-Unique-ID", switch.uuid()),))
    if caller is not None:
        leg.other_type = "originator"
        leg.other_profile = caller.profile._replace(profile_index="", times=Times())
    leg.fire("CHANNEL_OUTGOING", variables=False)
    _tell_origin(leg, technology, variables, caller)
    return leg


def _profile(
    switch: Switch,
    uuid: str,
    technology: str,
    rest: str,
    variables: dict[str, str],
    caller: Channel | None,
) -> Profile:
    now = switch.scheduler.now
    if technology == "loopback":
        number, _, context = rest.partition("/")
        name, callee = f"loopback/{number}-a", context or "default"
    else:
        number = re.split(r"[@/]", rest.partition("/")[2] or rest)[0]
        name, callee = f"{technology}/{rest}", number
    given_name = variables.get("origination_caller_id_name")
    given_number = variables.get("origination_caller_id_number")
    if caller is None:
        # recordings 05f and 13d
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
        ani=own.ani,
        destination_number=number,
        source=own.source,
        context=own.context,
        times=Times(profile_created=now, created=now),
    )


def _tell_origin(
    leg: Leg, technology: str, variables: dict[str, str], caller: Channel | None
) -> None:
    """What a leg is told about who has it called, and how."""
    early = "false" if is_true(variables.get("ignore_early_media")) else "true"
    told = [*variables.items(), ("originate_early_media", early)]
    if caller is not None:
        told = [
            ("max_forwards", "70"),
            ("originator_codec", f"{leg.codec.name}@{leg.codec.rate}h@20i"),
            ("originator", caller.uuid),
            ("signal_bond", caller.uuid),
            ("call_uuid", caller.uuid),
            *variables.items(),
            ("ignore_early_media", caller.get("ignore_early_media") or ""),
            ("originate_early_media", "false"),
            ("originating_leg_uuid", caller.uuid),
        ]
    for name, value in (*told, ("originate_endpoint", technology)):
        leg.set(name, value)
    if technology == "loopback":
        leg.set("other_loopback_leg_uuid", leg.switch.uuid())
        leg.set("loopback_leg", "A")


def split_targets(targets: str) -> list[str]:
    """At commas, but not at those inside brackets."""
    return re.split(r",(?![^\[{<]*[\]}>])", targets)


ORIGINATE_SYNTAX = (
    "<call url> <exten>|&<application_name>(<app_args>) [<dialplan>] [<context>] "
    "[<cid_name>] [<cid_num>] [<timeout_sec>]"
)


@api("originate")
def originate(switch: Switch, argument: str) -> Steps[str]:
    """Call somebody, and send the leg to an application or an extension (recording 13d)."""
    words = separate(argument, " ", 10)
    if not 2 <= len(words) <= 7:
        return usage(ORIGINATE_SYNTAX)
    words = ["" if word.lower() == "undef" else word for word in words] + [""] * 5
    target, extension, dialplan, context, name, number, timeout = words[:7]
    variables, targets = variables_of(target)
    if name:
        variables.setdefault("origination_caller_id_name", name)
    if number:
        variables.setdefault("origination_caller_id_number", number)
    limit = variables.get("originate_timeout") or timeout
    outcome = yield from _reach(switch, targets, variables, atoi(limit) if limit else 60)
    if not isinstance(outcome, Leg):
        return f"-ERR {outcome}\n"
    if extension.startswith("&") and len(extension) > 1:
        application, _, data = extension[1:].partition(")")[0].partition("(")
        outcome.run_extension([(application, data)])
        outcome.state = State.EXECUTE
        outcome.thread.wake(outcome.now)
    else:
        switch.transfer(outcome, extension, dialplan or "XML", context or "default")
    return f"+OK {outcome.uuid}\n"


def _reach(
    switch: Switch, targets: str, variables: dict[str, str], seconds: int
) -> Steps[Leg | str]:
    """The leg that answers, or why none does: ``|`` one after the other, ``,`` at once."""
    cause = "NORMAL_TEMPORARY_FAILURE"
    for alternative in targets.split("|"):
        until = (switch.scheduler.now // SECOND + seconds) * SECOND
        legs = []
        for target in split_targets(alternative):
            own, target = variables_of(target)
            leg = dial(switch, target, {**variables, **own})
            if isinstance(leg, Leg):
                legs.append(leg)
                leg.start()
            else:
                cause = leg
        began = switch.scheduler.now
        while legs:
            answered = next((leg for leg in legs if leg.answered and leg.up), None)
            late = switch.scheduler.now >= until
            for leg in legs:
                if leg is not answered and (answered is not None or late):
                    leg.hangup("LOSE_RACE" if answered is not None else "NO_ANSWER")
            if answered is not None:
                return answered
            cause = next((leg.cause for leg in legs if leg.cause), cause)
            legs = [leg for leg in legs if leg.up]
            if legs:
                yield from _wait_for_news(switch.scheduler, legs, began, until)
    return cause


def _wait_for_news(
    scheduler: Scheduler, legs: Sequence[Leg], began: int, until: int
) -> Steps[None]:
    """Wait until a leg is answered or hung up, or it is late; frames count from ``began``.

    (FreeSWITCH looks at each frame. A minute of ringing is 3,000 of them.)
    """

    def frame(moment: int) -> int:
        return began + -(-(moment - began) // FRAME) * FRAME

    due = frame(until)
    thread = scheduler.running

    def news() -> None:
        nonlocal due
        due = frame(scheduler.now)
        if thread is not None:
            thread.wake(due)

    hooks = [hooks for leg in legs for hooks in (leg.when_answered, leg.when_down)]
    for each in hooks:
        each.append(news)
    try:
        while scheduler.now < due:
            yield due
    finally:
        for each in hooks:
            each.remove(news)

"""Keys that do something whatever else the channel does: ``bind_digit_action``.

A channel has a digit machine for its own keys and one for those of its peer. It takes every digit,
and waits until its digits match a binding, match none, or no more come (switch_ivr_async.c,
switch_ivr_dmachine_ping). Digits that match none go back to the channel.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from eslsync.wire.separation import separate

from ..clockwork.threads import MILLISECOND
from ..model import executing
from ..model.arguments import atoi
from ..model.digits import dtmf_string
from ..model.events import QueuedEvent
from ..model.patterns import check_pattern, search, substitute
from ..model.tables import application

if TYPE_CHECKING:
    from ..clockwork.agenda import Timer
    from ..model.channel import Channel
    from ..model.digits import Digit
    from ..model.events import Headers
    from ..model.switch import Switch

__all__: list[str] = []

Target = Literal["self", "peer"]
Match = Literal["none", "exact", "partial", "both", "never"]

#: Milliseconds until a sequence is complete.
DIGIT_TIMEOUT = 1500
#: The most digits of a regular expression.
LONGEST = 511


@dataclass
class _Binding:
    digits: str  #: or a regular expression
    is_regex: bool
    first_match: bool
    is_priority: bool
    replacement: str | None
    action: str
    value: str
    target: str  #: whose channel does it: "self", "peer" or "both"

    def matched(self, channel: Channel, digits: str) -> str | None:
        """The digits that the action is told, if the regular expression matches."""
        found = search(channel.switch, channel, self.digits, digits)
        if found is None or self.replacement is None:
            return None if found is None else digits
        return substitute(found, self.replacement)


@dataclass
class _Realm:
    bindings: list[_Binding] = field(default_factory=list)
    terminators: str = ""


class DigitMachine:
    """What a channel's keys are bound to, and the digits that were pressed so far."""

    def __init__(self, channel: Channel, target: Target) -> None:
        self._channel = channel
        self._target = target
        get = channel.get
        timeout = get("bind_digit_digit_timeout")
        self._digit_timeout = DIGIT_TIMEOUT if timeout is None else atoi(timeout)
        self._input_timeout = atoi(get("bind_digit_input_timeout"))
        self.realms: dict[str, _Realm] = {}
        self.realm: _Realm | None = None
        self._longest = 0
        self._digits = ""
        self._timer: Timer | None = None
        self._wait()

    def bind(self, realm: str, digits: str, action: str, value: str, target: str) -> None:
        bindings = self.realms.setdefault(realm, _Realm()).bindings
        written, first = digits.removeprefix("="), digits.startswith("=")
        is_regex = written.startswith("~")
        pattern, doubled, replacement = written.removeprefix("~").partition("~~")
        if is_regex:
            check_pattern(self._channel.switch, self._channel, pattern)
        flags = re.match(r"(?i:exec|api:)\[([^\]]*)\]:", action)
        new = _Binding(
            pattern if is_regex else written,
            is_regex,
            first,
            flags is not None and "P" in flags[1],
            replacement if is_regex and doubled else None,
            action,
            value,
            target,
        )
        for at, old in enumerate(bindings):
            if (old.is_regex and old.digits == digits[1:]) or old.digits == digits:
                # the first binding stays as it was, but for what it does
                old.action, old.value, old.target = action, value, target
                bindings[at] = old
                break
        else:
            bindings.append(new)
            self.realm = self.realms[realm]
            self._longest = LONGEST if is_regex else max(self._longest, len(digits))
        terminators = self._channel.get("bda_terminators")
        if terminators is not None and self.realm is not None:
            self.realm.terminators = terminators

    def clear(self, realm: str) -> None:
        cleared = self.realms.pop(realm, None)
        if cleared is self.realm:
            self.realm = None

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def feed(self, digit: Digit) -> None:
        if len(self._digits) < self._longest:
            self._digits += digit.key
            self._ping(timed_out=False)

    # Its decisions

    def _wait(self) -> None:
        """Look again when no more digits are awaited."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        timeout = self._digit_timeout if self._digits else self._input_timeout
        if timeout:
            due = self._channel.now + (timeout + 1) * MILLISECOND
            self._timer = self._channel.switch.scheduler.at(due, self._time_out)

    def _time_out(self) -> None:
        if self._channel.up:
            self._ping(timed_out=True)

    def _ping(self, *, timed_out: bool) -> None:
        match, binding, digits = self._match(timed_out)
        timed_out = timed_out or match == "never"
        if match == "exact" or (match == "both" and timed_out):
            assert binding is not None
            self._forget()
            self._act(binding, digits)
        elif timed_out or (match == "none" and len(self._digits) == self._longest):
            failed = self._digits
            self._forget()
            self._give_back(failed)
        else:
            self._wait()

    def _forget(self) -> None:
        self._digits = ""
        self._wait()

    def _match(self, timed_out: bool) -> tuple[Match, _Binding | None, str]:
        """How the digits match, the binding, and the digits to tell
        (switch_ivr_dmachine_check_match).
        """
        if not self._digits or self.realm is None:
            return "none", None, ""
        digits, bindings = self._digits, self.realm.bindings
        matched: dict[int, str] = {}
        possible = exactly = 0
        expressions = False
        for binding in bindings:
            if binding.is_regex:
                expressions = True
                possible += 1
                found = binding.matched(self._channel, digits)
                if found is not None:
                    matched[id(binding)] = found
                    if binding.first_match:
                        break
            elif binding.digits.startswith(digits):
                possible += 1
                exactly += binding.digits == digits
        for terminator in self.realm.terminators:
            if terminator in digits:
                digits = digits[: digits.rindex(terminator)]
                self._digits = digits
                timed_out = True
                break
        best: Match = "none"
        exact: _Binding | None = None
        both = False
        for binding in bindings:
            if binding.is_regex:
                if id(binding) in matched:
                    decided = binding.first_match or (binding.is_priority and not exactly)
                    if decided or timed_out or len(bindings) == 1:
                        best, exact = "exact", binding
                        break
                    best = "partial"
                continue
            begins = binding.digits.startswith(digits)
            eager = binding.first_match or binding.is_priority
            if exact is None and binding.digits == digits:
                if eager or not expressions or timed_out:
                    best, exact = "exact", binding
                    if eager or len(digits) == self._longest:
                        break
            if len(binding.digits) != len(digits) and begins:
                best = "partial" if exact is None else "both"
                both = exact is not None
        if not possible:
            best = "never"
        if exact is not None and (best == "exact" or (timed_out and both)):
            return "exact", exact, matched.get(id(exact), digits)
        return best, exact, digits

    # What it does

    def _act(self, binding: _Binding, digits: str) -> None:
        """Execute an application or api command, or only tell (digit_action_callback)."""
        channel = self._channel
        peer = channel.bonded
        doers = [peer or channel] if binding.target in ("peer", "both") else [channel]
        if binding.target == "both" and peer is not None:
            doers.append(channel)
        for doer in doers:
            self._do(doer, binding, digits)

    def _do(self, channel: Channel, binding: _Binding, digits: str) -> None:
        channel.set("last_matching_digits", digits)
        flags, name = "", binding.action
        found = re.fullmatch(r"(?i:exec)(?:\[([^\]]*)\])?:(.*)", name, re.DOTALL)
        if found is not None:
            flags, name = found[1] or "", found[2]
        is_api = found is None and name.lower().startswith("api:")
        if is_api:
            name = name[len("api:") :]
        own = [(name, binding.value), ("digits", digits)]
        if found is not None:
            own.append(("execute", "blocking" if "i" in flags else "non-blocking"))
        _tell(channel, own)
        if found is not None:
            if "i" in flags:
                # runs on the thread that brings the digit, inside whatever runs there
                channel.switch.not_modelled("option", "bind_digit_action exec[i]", channel)
            holds = binding.target != "both" and "H" not in flags
            executing.broadcast(channel, f"{name}::{binding.value}", hold=holds)
        elif is_api:
            answer = channel.switch.api_now(name, binding.value)
            channel.set("bind_digit_action_api_result", answer)

    def _give_back(self, digits: str) -> None:
        """Tell that no binding matches, and pass the digits on (digit_nomatch_action_callback)."""
        channel = self._channel
        if self._target == "peer":
            channel = channel.bonded or channel
        channel.set("last_non_matching_digits", digits)
        _tell(channel, [("digits", digits)])
        for digit in dtmf_string(digits):
            channel.queue_digit(digit, unfiltered=True)


def _tell(channel: Channel, own: Headers) -> None:
    """Send the channel an event without a name, which is a CHANNEL_DATA."""
    switch = channel.switch
    channel.queue_event(QueuedEvent("CHANNEL_DATA", switch.identity, channel.now, 0, own=own))


class DigitMachines:
    """The digit machines of a switch's channels, by uuid and by whose keys they take."""

    def __init__(self, switch: Switch) -> None:
        self._machines: dict[tuple[str, Target], DigitMachine] = {}
        switch.when_destroyed.append(self._forget)

    def get(self, channel: Channel, target: Target) -> DigitMachine | None:
        return self._machines.get((channel.uuid, target))

    def make(self, channel: Channel, target: Target) -> DigitMachine:
        """The channel's machine, which is made if there is none."""
        machine = self.get(channel, target)
        if machine is None:
            machine = self._machines[channel.uuid, target] = DigitMachine(channel, target)
            self._install(channel, target, machine)
        return machine

    def remove(self, channel: Channel, target: Target) -> None:
        machine = self._machines.pop((channel.uuid, target), None)
        if machine is not None:
            machine.close()
            self._install(channel, target, None)

    def _install(self, channel: Channel, target: Target, machine: DigitMachine | None) -> None:
        feed = None if machine is None else machine.feed
        if target == "self":
            channel.filters.received_by = feed
        else:
            channel.filters.sent_by = feed

    def _forget(self, channel: Channel) -> None:
        self.remove(channel, "self")
        self.remove(channel, "peer")


def _targets(name: str) -> tuple[Target, ...]:
    match name.lower():
        case "peer":
            return ("peer",)
        case "both":
            return ("peer", "self")
        case _:
            return ("self",)


@application("bind_digit_action", needs_data=True, recordings="29c", nomedia=True)
def bind_digit_action(channel: Channel, data: str) -> None:
    """``<realm>,<digits>|~<regex>,<action>[,<value>[,<whose keys>[,<whose channel>]]]``."""
    words = separate(data, ",", 6)
    if len(words) < 3 or not all(words[:3]):
        return
    realm, digits, action, value, whose, doer, *_ = (*words, "", "", "")
    machines = channel.switch.state(DigitMachines)
    for target in _targets(whose):
        machines.make(channel, target).bind(realm, digits, action, value, doer.lower())


@application(
    "digit_action_set_realm",
    recordings="29c",
    nomedia=True,
)
def digit_action_set_realm(channel: Channel, data: str) -> None:
    """``<realm>[,<whose keys>]``: from now on the bindings of this realm count."""
    realm, _, whose = data.partition(",")
    machine = channel.switch.state(DigitMachines).get(channel, _targets(whose)[0])
    if machine is not None and realm in machine.realms:
        machine.realm = machine.realms[realm]
    else:
        executing.refuse(channel, f"nothing is bound in the realm {realm!r}")


@application("clear_digit_action", needs_data=True, recordings="29c", nomedia=True)
def clear_digit_action(channel: Channel, data: str) -> None:
    """``<realm>|all[,<whose keys>]``."""
    if not data:
        return
    realm, _, whose = data.partition(",")
    machines = channel.switch.state(DigitMachines)
    for target in _targets(whose):
        machine = machines.get(channel, target)
        if machine is not None and realm.lower() in ("", "all"):
            machines.remove(channel, target)
        elif machine is not None:
            machine.clear(realm)

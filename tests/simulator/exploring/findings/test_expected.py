"""Rules that calls break, found in all calls; and rules that no call can break."""

from __future__ import annotations

from pathlib import Path

import pytest

from eslsync import Channel, Session
from simulator import Exploration, explore
from simulator.exploring.findings.finding import Finding
from simulator.scripts.script import Script

PIN = "4711"


def bank(session: Session) -> None:
    """Takes any PIN of the right length; 2 leads to the wrong prompt, 3 out without a word."""
    channel = session.channel
    channel.answer()
    for _ in range(3):  # one try too many
        if len(channel.get_digits("bank/pin", min=4, max=4)) == len(PIN):
            menu(channel)
            break
    channel.hangup()


def menu(channel: Channel) -> None:
    key = channel.get_digits("bank/menu", regexp="[123]")
    if key == "1":
        channel.playback("bank/balance")
    elif key == "2":
        channel.playback("bank/loans")
    elif key == "3":
        return
    channel.playback("bank/goodbye")


def only_hangs_up(session: Session) -> None:
    session.channel.answer()
    session.channel.hangup()


def told(exploration: Exploration, kind: str = "expected") -> list[str]:
    return [finding.text for finding in exploration.findings if finding.kind == kind]


#: Rules that calls break, and what is told of each.
BROKEN = {
    "at most 2 tries at bank/pin": "a call hears bank/pin 3 times",
    f"no call hears balance before it enters {PIN}": "a call hears balance",
    "key 2 at menu leads to balance": "a call ends after 2 without that: we hang up",
    "every call that hears menu hears goodbye": "a call ends without that: we hang up",
    "no call that hears balance is hung up by us": "a call is hung up by us",
}


HOLD = [
    "at most 3 tries at bank/pin",
    "no call hears balance before it hears menu",
    "key 1 at menu leads to balance",
    "every call is hung up by us",
    "every call that hears balance hears goodbye",
    "every call that enters 9876 hears menu",
]
#: Rules that no call can break, and why.
IDLE = {
    "no call hears menu before it hears menu": "it holds whatever calls do",
    "every call that hears menu hears menu or hears goodbye": "it holds whatever calls do",
    "every call hears godbye or hears bank/pin": "no call hears godbye; did you mean bank/",
    "at most 3 tries at code": "no call hears code",
    "key 9 at menu leads to goodbye": "no call presses 9",
    "key # at balance leads to goodbye": "no call presses # at balance",
    "every answered bridge is recorded": "no call is bridged",
    "no call hears secret": "the handler names no secret",
    "no call that is transferred hears goodbye": "no call is transferred",
}


@pytest.fixture(scope="module")
def explored() -> Exploration:
    return explore(bank, keys="123", expect=[*BROKEN, *HOLD, *IDLE])


@pytest.mark.parametrize("rule", BROKEN)
def test_a_rule_that_a_call_breaks_is_told_with_the_call(rule: str, explored: Exploration) -> None:
    first = next(each for each in explored.findings if each.rule == rule)
    assert (first.kind, first.text) == ("expected", f"{rule}: {BROKEN[rule]}")
    assert first.place is not None
    assert first.place.function in ("bank", "menu")


def test_rules_that_hold_are_counted(explored: Exploration) -> None:
    rules = len(BROKEN) + len(HOLD) + len(IDLE)
    assert f"{len(HOLD)} of {rules} rules hold" in str(explored)
    assert not {each.rule for each in explored.findings} & set(HOLD), str(explored)


def test_digits_that_a_rule_names_are_tried(explored: Exploration) -> None:
    assert "9876" in {edge.label for edge in explored.edges}


def test_one_rule_is_counted_as_one() -> None:
    found = explore(only_hangs_up, keys="", expect=["every call is hung up by us"])
    assert "1 of 1 rule holds" in str(found)


def test_the_way_is_the_shortest_and_its_script_fails(
    tmp_path: Path, explored: Exploration
) -> None:
    rule = "every call that hears menu hears goodbye"
    finding = next(each for each in explored.findings if each.rule == rule)
    assert finding.way is not None
    assert [step.verb for step in finding.way.steps if step.verb == "press"] == ["press", "press"]
    script = explored.script(finding, tmp_path)
    assert script is not None
    with pytest.raises(AssertionError, match="did not hear 'goodbye'"):
        Script.parse(script).run(bank)


def test_what_a_path_of_two_known_parts_breaks_is_found() -> None:
    """The second visit of the menu is no new situation: only the graph has calls of both."""

    def shop(session: Session) -> None:
        channel = session.channel
        channel.answer()
        while (key := channel.get_digits("shop/menu", regexp="[12]")) != "":
            channel.playback("shop/offers" if key == "1" else "shop/order")
        channel.hangup()

    found = explore(shop, keys="12", expect=["no call that hears offers hears order"])
    [finding] = [each for each in found.findings if each.kind == "expected"]
    assert finding.way is not None
    pressed = [str(step.options["digits"]) for step in finding.way.steps if step.verb == "press"]
    assert sorted(pressed) == ["1", "2"]


def test_rules_that_no_call_can_break_are_told(explored: Exploration) -> None:
    findings = {each.rule: each for each in explored.findings if each.kind == "idle-rule"}
    assert findings.keys() == IDLE.keys()
    for rule, why in IDLE.items():
        assert why in findings[rule].text


def shop(session: Session) -> None:
    """Asks for one key; 2 leads to music that never ends."""
    channel = session.channel
    channel.answer()
    key = channel.get_digits("shop/menu", max=1)
    if key == "1":
        channel.playback("shop/sales")
    while key == "2":
        channel.playback("shop/music")
    channel.hangup()


#: A rule of each form whose condition comes true in no call, and why.
NEVER = {
    "every call that enters 9876 hears menu": "no call enters 9876: nobody is asked for 4 digits",
    "every call hears menu or enters 9876": "no call enters 9876: nobody is asked for 4 digits",
    "every call that says help hears menu": "no call says help",
    "every call that hears music is hung up by us": "no call that hears music ends otherwise than",
    "no call enters 9876": "no call enters 9876: nobody is asked for 4 digits (at most for 1)",
    "no call says help": "no call says help",
    "no call that enters 9876 hears sales": "no call enters 9876",
    "no call hears sales before it enters 98": "no call enters 98: nobody is asked for 2 digits",
    "no call that hears music hears sales before it hears menu":
        "no call that hears music hears sales",
    "key 2 at menu leads to sales": "no call that presses 2 at menu hears sales",
    "at most 2 tries at code": "no call hears code",
    "every answered bridge is recorded": "no call is bridged",
}  # fmt: skip


def test_a_rule_whose_condition_comes_true_in_no_call_is_told() -> None:
    hold = [
        "every call that enters 1 hears sales",
        "every call that enters 2 hears music",  # also if it does not end
        "key 2 leads to music",
    ]
    broken = "no call enters 1"
    found = explore(shop, keys="12", expect=[*NEVER, *hold, broken]).findings
    idle = {each.rule: each.text for each in found if each.kind == "idle-rule"}
    assert idle.keys() == NEVER.keys()
    for rule, why in NEVER.items():
        assert why in idle[rule]
    assert {each.rule for each in found if each.kind == "expected"} - NEVER.keys() == {broken}


def test_what_is_no_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="is no rule"):
        explore(bank, expect=["no call hears goodbye before it is answered by hand"])


def test_findings_name_their_rule_and_can_be_allowed(explored: Exploration) -> None:
    found: list[Finding] = explored.findings
    assert {each.rule for each in found if each.kind == "expected"} == BROKEN.keys()
    rule = ["every call is given back"]
    assert told(explore(only_hangs_up, keys="", expect=rule))
    assert not told(explore(only_hangs_up, keys="", expect=rule, allow=["expected"]))

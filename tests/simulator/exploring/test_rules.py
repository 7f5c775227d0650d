"""Sentences about all calls: what they mean, and what is no rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator import explore
from simulator.exploring.rules import RuleError, begin, follow, read_rules, rules_in
from simulator.exploring.stories import Happening
from tests.simulator.exploring.test_stories import story
from tests.support.cases import for_each


def broken(sentence: str, *happenings: str) -> str | None:
    """What a rule says of a story, each happening written as `hears menu`."""
    [rule] = rules_in([sentence])
    return follow(rule, begin(rule), story(*happenings)).broken


@for_each(
    ("sentence", "holds", "breaks"),
    [
        (
            "every call hears goodbye or is transferred to 2000",
            ["hears office/goodbye; hung up by us", "transferred 2000; given back"],
            ["hears menu; hung up by us", "transferred 2001; given back", "hears hello; ended"],
        ),
        (
            "every call that hears closed is recorded",
            ["hears open; hung up by us", "recording; hears closed; hung up by us"],
            ["hears closed; hung up by us"],
        ),
        (
            "every call is hung up by us",
            ["answered; hung up by us"],
            ["answered; given back", "answered; ended"],
        ),
        (
            "no call that hears closed is bridged",
            ["bridged user/1000; hung up by us", "hears closed; hung up by us"],
            ["hears closed; bridged user/1000", "bridged user/1000; hears closed"],
        ),
        (
            "no call hears balance before it enters 4711 or enters 4712",
            ["presses 4711; hears balance", "presses 4712#; hears balance", "hears menu; ended"],
            ["presses 4710; hears balance", "presses 47110; hears balance", "hears balance"],
        ),
        (
            "every call that says 'human resources' hears bye",
            ["says billing; ended", "says human resources; hears bye; ended"],
            ["says human resources; ended"],
        ),
        (
            "no call hears secret before it says please",
            ["says please; hears secret", "hears menu; ended"],
            ["says something else; hears secret", "hears secret; says please"],
        ),
        (
            "no call hears secret",
            ["hears menu; hung up by us"],
            ["hears menu; hears secret"],
        ),
        (
            "no call enters 4711",
            ["presses 4710; hears menu", "presses 47110; hears menu", "hears menu; ended"],
            ["presses 4711; hears menu", "presses 4711#"],
        ),
        (
            "key 2 at menu leads to sales or a transfer or a hangup",
            [
                "hears menu; presses 2; hears wait; hears sales",
                "hears menu; presses 2; transferred 2000",
                "hears menu; presses 2; hung up by us",
                "hears menu; presses 1; hears balance; hung up by us",
                "hears menu; presses 2; hears wait; presses 1; hears menu",
                "hears other; presses 2; hears menu",
            ],
            ["hears menu; presses 2; hears wait; hears menu", "hears menu; presses 2; given back"],
        ),
        (
            "key * leads to a recording",
            ["presses *; recording", "presses 1; hears menu; presses *; hears menu; ended"],
            ["hears welcome; presses *; ended"],
        ),
        (
            "at most 2 tries at pin",
            ["hears bank/pin; hears wrong; hears bank/pin.wav; hears goodbye"],
            ["hears bank/pin; hears bank/pin; hears wrong; hears bank/pin"],
        ),
        (
            "every answered bridge is recorded",
            ["recording; bridged user/1000; recorded", "hears busy; hung up by us"],
            ["bridged user/1000", "recording; recorded; bridged user/1000"],
        ),
    ],
)
def test_a_rule_is_what_it_reads_like(sentence: str, holds: list[str], breaks: list[str]) -> None:
    for each in holds:
        assert broken(sentence, *each.split("; ")) is None, each
    for each in breaks:
        assert broken(sentence, *each.split("; ")), each


def test_a_call_whose_handler_raises_or_whose_caller_hangs_up_breaks_no_rule_by_its_end() -> None:
    assert broken("every call hears goodbye", "answered", "hears menu") is None


def test_a_key_typed_as_part_of_an_entry_leads_nowhere() -> None:
    assert broken("key 2 at pin leads to sales", "hears pin", "presses 2345", "ended") is None


def test_a_prompt_of_several_files_is_one_prompt() -> None:
    [rule] = rules_in(["key 1 at press leads to sales"])
    pieces = (Happening("hears", "press.wav"), Happening("hears", "digits/1.wav", goes_on=True))
    mark = follow(rule, begin(rule), (*pieces, *story("presses 1", "hung up by us")))
    assert mark.broken


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("somebody hears goodbye", "first comes every call, no call, key, at most"),
        ("every call goodbye", "after 'every call' comes 'hears', 'enters'"),
        ("every call hears", "after 'every call hears' comes a prompt, but it ends"),
        ("every call hears a and b", "comes the end, not 'and b'"),
        ("every call enters pin", "'pin' are not keys"),
        ("key two at menu leads to sales", "'two' is not a key"),
        ("key 2 at menu goes to sales", "after 'key 2 at menu' comes 'leads to'"),
        ("at most three tries at pin", "'three' is not a number of tries"),
    ],
)
def test_a_sentence_that_is_no_rule_is_refused_with_what_is_wrong(sentence: str, why: str) -> None:
    with pytest.raises(RuleError) as refused:
        rules_in([sentence])
    assert why in str(refused.value)


def test_a_file_has_a_rule_on_each_line_and_errors_name_the_line(tmp_path: Path) -> None:
    file = tmp_path / "office.expect"
    file.write_text("# Rules.\n\nevery call hears goodbye\nkey # leads to sales\n")
    assert [rule.text for rule in read_rules(file)] == [
        "every call hears goodbye",
        "key # leads to sales",
    ]
    file.write_text("\nevery call\n")
    with pytest.raises(RuleError, match=r"office\.expect:2: 'every call' is no rule"):
        read_rules(file)
    with pytest.raises(RuleError, match="No such file"):
        read_rules(tmp_path / "none.expect")


HANDLER = """
def handler(session):
    session.channel.answer()
    session.channel.playback("hello")
    session.channel.hangup()
"""


def test_a_file_without_a_rule_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "office.expect"
    path.write_text("# every call hears goodbye\n")
    with pytest.raises(RuleError, match=r"office\.expect has no rule"):
        read_rules(path)


def test_the_rules_beside_a_file_are_taken_unless_others_are_given(tmp_path: Path) -> None:
    file = tmp_path / "office.py"
    file.write_text(HANDLER)
    assert not explore(file, keys="1", workers=1).rules
    (tmp_path / "office.expect").write_text("every call hears hello\n")
    found = explore(file, keys="1", workers=1)
    assert list(found.rules) == ["every call hears hello"]
    assert "1 of 1 rule holds" in str(found)
    assert not explore(file, keys="1", workers=1, expect=()).rules
    other = explore(file, keys="1", workers=1, expect=["every call is given back"])
    assert "0 of 1 rule holds" in str(other)
    assert [each.kind for each in other.findings] == ["expected", "idle-rule"]


@pytest.mark.parametrize("suffix", [".expects", ".expected", ".EXPECT"])
def test_a_file_of_rules_whose_name_is_nearly_right_is_not_passed_over(
    tmp_path: Path, suffix: str
) -> None:
    file = tmp_path / "office.py"
    file.write_text(HANDLER)
    (tmp_path / f"office{suffix}").write_text("every call hears hello\n")
    with pytest.raises(RuleError, match=r"name it office\.expect"):
        explore(file, keys="1", workers=1)

"""Callers, numbers called and variables that the code compares with literals."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from eslsync import Session
from simulator import explore
from simulator.exploring.facts import Facts
from simulator.exploring.source import HandlerSource
from simulator.exploring.trees import Tree

KNOWN = {"2001": "anna", "2002": "otto"}
AUSTRIAN = re.compile(r"\+43[0-9]{5,}")


def has_a_way_for_each(session: Session) -> None:
    channel = session.channel
    channel.answer()
    match session.destination:
        case "5001" | "5002":
            channel.transfer("destination")
    number = session.caller_number
    if number == "1999":
        channel.transfer("equal")
    if KNOWN.get(number):
        channel.transfer("table")
    if AUSTRIAN.fullmatch(number):
        channel.transfer("pattern")
    if number.startswith(("+39", "+41")):
        channel.transfer("beginning")
    if session.caller_number[-2:] == "77":
        channel.transfer("end")
    if "spam" in (session.caller_name or "").lower():
        channel.transfer("name")
    if session.context.get("variable_sip_h_X-Tier") in ("gold", "silver"):
        channel.transfer("header")
    if channel.variables.get("language") == "de":
        channel.transfer("variable")
    if channel.get_variable("vip"):
        channel.transfer("any")
    if channel.get_digits("menu", regexp="[12]") == "1" and is_local(session):
        channel.transfer("menu")
    channel.hangup()


def is_local(session: Session) -> bool:
    return session.caller_number[:4] == "0043"


def test_calls_are_made_with_what_the_code_compares_facts_with() -> None:
    exploration = explore(has_a_way_for_each, keys="1", allow=["transfer-lost", "answer"])
    exploration.check()
    assert set(exploration.transfers) == {
        "destination", "equal", "table", "pattern", "beginning", "end", "name", "header",
        "variable", "any", "menu",
    }  # fmt: skip


def test_circumstances_that_are_given_stay() -> None:
    circumstances = [{"caller": "1000", "variables": {"language": "fr"}}]
    exploration = explore(has_a_way_for_each, keys="1", circumstances=circumstances)
    assert "variable" not in exploration.transfers
    assert "equal" not in exploration.transfers
    assert "header" in exploration.transfers


@pytest.mark.parametrize(
    ("test", "values"),
    [
        ("session.caller_number in {'1', '2'}", ["1", "2"]),
        ("'9' == session.destination", ["9"]),
        ("int(session.caller_number) >= 70", ["70", "71", "69"]),
        ("TABLE[session.caller_number]", ["8"]),
        ("session.destination not in TABLE", ["8"]),
        ("re.match(r'^0800', session.caller_number)", ["0800"]),
        ("session.caller_number.endswith('7')", ["12345678907"]),
        ("channel.variables['x']", ["true"]),
        ("session.uuid == '1'", []),
    ],
)
def test_the_values_at_which_a_comparison_turns(test: str, values: list[str]) -> None:
    tree = ast.parse(f"def handler(session):\n    if {test}:\n        pass\n")
    table = ast.parse("{'8': 1}", mode="eval").body

    def lookup(node: ast.expr) -> ast.expr | None:
        return table if isinstance(node, ast.Name) and node.id == "TABLE" else None

    found = Facts(Tree(tree)).questions(lookup)
    assert [value for each in found.get((2, 4), []) for value in each.values] == values


def test_the_questions_of_a_file_are_found_once_and_again_if_it_has_been_edited(
    tmp_path: Path,
) -> None:
    file = tmp_path / "office.py"
    text = "def one(session):\n    return session.destination == '5001'\ndef other(session): ...\n"
    file.write_text(text)
    questions = HandlerSource(file, "one").questions()
    assert questions
    assert HandlerSource(file, "other").questions() is questions
    file.write_text(text.replace("5001", "5002"))
    assert HandlerSource(file, "one").questions() != questions


def knows_the_usual_call(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.playback("welcome")
    if session.destination == "5000":
        channel.transfer("sales")
    elif session.destination == "5001":
        channel.transfer("care")
    else:
        channel.transfer("nobody")


def knows_two_languages(session: Session) -> None:
    session.channel.answer()
    language = session.channel.variables.get("language", "en")
    session.channel.playback({"de": "de/hello", "en": "en/hello"}[language])
    session.channel.hangup()


def test_a_comparison_that_the_usual_call_fulfils_hides_none_after_it() -> None:
    exploration = explore(knows_the_usual_call, keys="1", allow=["transfer-lost"])
    exploration.check()
    assert set(exploration.transfers) == {"sales", "care", "nobody"}


def test_a_variable_also_has_a_value_that_the_code_does_not_know() -> None:
    (finding,) = explore(knows_two_languages, keys="1").findings
    assert "KeyError: 'other'" in finding.text

"""Calls of a caller without a number that need not be made, and those that must."""

from __future__ import annotations

import textwrap
from pathlib import Path

from simulator import Exploration, explore

#: What each key leads to depends on who calls, in another way.
LATE = """
class Customer:
    def __init__(self, session):
        self.session = session

    @property
    def number(self):
        return int(self.session.caller_number)


def handler(session):
    channel, customer = session.channel, Customer(session)
    channel.answer()
    key = channel.get_digits("menu", regexp="[1234]")
    if key == "1":
        customer.number
    elif key == "2":
        channel.execute("set", "who=${caller_id_number}")
        int(channel.get_variable("who"))
    elif key == "3":
        @session.on_hangup
        def journal(hangup):
            int(dict(session.context)["Caller-ANI"])
        channel.playback("recorded")
    elif key == "4" and session.context.get("Caller-Caller-ID-Name") == "anonymous":
        channel.get_digits("second menu", regexp="[1]")
        raise RuntimeError(f"nobody {customer}")
    channel.hangup()
"""
#: The caller's number is looked at in no call.
NEVER = """
def handler(session):
    session.channel.answer()
    key = session.channel.get_digits("menu", regexp="[12]")
    session.channel.playback("one" if key == "1" else "other")
    if key == "9":
        session.channel.set("who", session.caller_number)
    session.channel.hangup()
"""
#: The same, and the handler might look at all of an event.
BYTES = NEVER.replace('session.channel.set("who"', 'print(session.context.raw); set("who"')


def explored(folder: Path, code: str, keys: str) -> Exploration:
    app = folder / "office.py"
    app.write_text(textwrap.dedent(code), encoding="utf-8")
    return explore(app, keys=keys, workers=1, allow=["unplayed"])


def of_callers(exploration: Exploration) -> tuple[list[str], list[str]]:
    """The situations of the usual caller, and of the one without a number."""
    spots = [(node.root, node.situation.key) for node in exploration.nodes]
    return [key for root, key in spots if not root], [key for root, key in spots if root]


def test_what_depends_on_who_calls_is_found_however_late(tmp_path: Path) -> None:
    exploration = explored(tmp_path, LATE, "1234")
    lines = {each.place.line for each in exploration.findings if each.place is not None}
    planted = {
        n for n, line in enumerate(LATE.splitlines(), 1) if "int(" in line or "raise" in line
    }
    assert lines == planted, str(exploration)
    usual, nobody = of_callers(exploration)
    assert set(usual) < set(nobody)  # the second menu


def test_a_call_in_which_nothing_looks_at_who_calls_is_made_once(tmp_path: Path) -> None:
    exploration = explored(tmp_path, NEVER, "1")
    usual, nobody = of_callers(exploration)
    assert usual == nobody
    twice = explored(tmp_path, BYTES, "1")
    assert of_callers(twice) == (usual, nobody)
    assert twice.calls == 2 * exploration.calls


def test_callers_of_whom_none_is_the_usual_one_are_all_tried(tmp_path: Path) -> None:
    app = tmp_path / "office.py"
    app.write_text(NEVER.replace('"9"', '"1"'), encoding="utf-8")
    callers = [{"caller": each} for each in ("5", "6")]
    exploration = explore(app, keys="1", workers=1, circumstances=callers)
    assert exploration.calls == 2 * explore(app, keys="1", workers=1, circumstances=[{}]).calls

"""The findings as SARIF: what the standard and code-scanning pages require."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eslsync import Session
from simulator import Exploration, explore
from simulator.exploring.findings.families import KINDS
from simulator.exploring.sarif import as_sarif


def breaks(session: Session) -> None:
    channel = session.channel
    channel.answer()
    key = channel.get_digits("menu")
    if key == "2":
        raise KeyError("two")
    channel.playback("bye")
    channel.hangup()


@pytest.fixture
def exploration(tmp_path: Path) -> Exploration:
    found = explore(breaks, keys="12", calls=6)
    found.save_map(tmp_path / "map.json")
    text = (tmp_path / "map.json").read_text(encoding="utf-8")
    (tmp_path / "map.json").write_text(text.replace('"bye"', '"goodbye"'), encoding="utf-8")
    found.compare(tmp_path / "map.json")
    return found


def test_each_finding_and_change_is_a_result_at_a_line(exploration: Exploration) -> None:
    log = json.loads(as_sarif(exploration))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [*KINDS, "changed"]
    results: list[dict[str, Any]] = run["results"]
    assert [(each["ruleId"], each["level"]) for each in results] == [
        ("raises", "error"), ("stopped", "note"), ("changed", "warning"),
    ]  # fmt: skip
    for each in results:
        assert rules[each["ruleIndex"]]["id"] == each["ruleId"]
        assert each["message"]["text"]
        (where,) = each["locations"]
        physical = where["physicalLocation"]
        assert physical["artifactLocation"]["uri"] == "tests/simulator/exploring/test_sarif.py"
        assert physical["region"]["startLine"] >= breaks.__code__.co_firstlineno
        assert len(each["partialFingerprints"]["eslsync/v1"]) == 32
    assert "press: " in results[0]["message"]["markdown"]


HANDLER = """
def handler(session):
    session.channel.answer()
    raise KeyError("two")
"""


def test_a_fingerprint_is_the_same_wherever_the_lines_have_moved(tmp_path: Path) -> None:
    prints = []
    for name, text in (("a.py", HANDLER), ("b.py", f"import os\n\n{HANDLER}")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        results = json.loads(as_sarif(explore(tmp_path / name, workers=1)))["runs"][0]["results"]
        prints.append([each["partialFingerprints"]["eslsync/v1"] for each in results])
    assert prints[0] == prints[1] != []

"""The report as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from eslsync import Session
from simulator import explore
from simulator.exploring.reports import as_json
from simulator.scripts.script import Script
from tests.support.places import ROOT


def breaks(session: Session) -> None:
    channel = session.channel
    channel.answer()
    if channel.get_digits("menu") == "2":
        raise KeyError("two")
    channel.playback("bye")
    channel.hangup()


def test_a_finding_has_its_kind_place_and_a_script_that_shows_it(tmp_path: Path) -> None:
    exploration = explore(breaks, keys="12", expect=["every call hears bye"])
    exploration.save_map(tmp_path / "map.json")
    exploration.compare(tmp_path / "map.json")
    report = json.loads(as_json(exploration))
    assert (report["format"], report["version"]) == ("eslsync explore report", 1)
    assert (report["calls"], report["situations"], report["status"]) == (exploration.calls, 2, 0)
    assert report["review"]["changes"] == []
    assert report["rules"] == [{"rule": "every call hears bye", "holds": True}]
    (finding,) = report["findings"]
    assert (finding["kind"], finding["text"]) == ("raises", "KeyError: 'two'")
    assert finding["place"] == {
        "file": Path(__file__).relative_to(ROOT).as_posix(),
        "line": breaks.__code__.co_firstlineno + 4,
        "function": "breaks",
    }
    assert finding["spot"] == {"number": 1, "title": "menu"}
    (tmp_path / "a.call.yaml").write_text(finding["script"], encoding="utf-8")
    steps = Script.read(tmp_path / "a.call.yaml").steps
    assert [step.verb for step in steps] == ["hear", "press", "wait"]

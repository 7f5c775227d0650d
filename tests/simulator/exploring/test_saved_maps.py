"""Saved maps: their text, and reading them."""

from __future__ import annotations

from pathlib import Path

import pytest

from eslsync import Session
from simulator import explore
from simulator.exploring import saved_maps
from simulator.exploring.saved_maps import SavedMapError


def menu(session: Session) -> None:
    channel = session.channel
    channel.answer()
    if channel.get_digits("menü", timeout=3.0) == "1":
        channel.playback(f"/tmp/{session.uuid}.wav")
    channel.hangup()


SAVED = """{
 "format": "eslsync explore map",
 "version": 1,
 "tried": {"circumstances": [], "entries": [], "keys": "123", "seed": 0, "sounds": false},
 "starts": [
    {"does": [""], "to": 0, "kind": "silence", "notices": ["is answered"]}],
 "points": [
  {"point": 0, "what": "menü",
   "turns": [
    {"does": ["silence"], "ends": "hangs up", "kind": "silence", "seconds": 3.0},
    {"does": ["1"], "to": 1},
    {"does": ["2", "3"], "ends": "hangs up"},
    {"does": ["1 during the prompt"], "to": 1, "kind": "early"}]},
  {"point": 1, "what": "/tmp/….wav",
   "turns": [
    {"does": ["silence"], "ends": "hangs up", "kind": "silence"},
    {"does": ["1"], "ends": "hangs up", "kind": "other", "seconds": 2.0}]}
 ],
 "findings": []
}
"""


def test_a_map_has_what_callers_can_do_and_nothing_else(tmp_path: Path) -> None:
    exploration = explore(menu, keys="123")
    exploration.save_map(tmp_path / "map.json")
    assert (tmp_path / "map.json").read_text(encoding="utf-8") == SAVED
    assert saved_maps.read(tmp_path / "map.json") == exploration.behaviour
    exploration.compare(tmp_path / "map.json")
    exploration.check()
    assert str(exploration).endswith(f"nothing has changed since {tmp_path / 'map.json'}")


def test_what_was_not_tried_may_have_changed(tmp_path: Path) -> None:
    explore(menu, keys="1", calls=3).save_map(tmp_path / "map.json")
    exploration = explore(menu, keys="1", calls=3, against=tmp_path / "map.json")
    assert exploration.status == 0
    assert "\nnothing that was tried has changed since " in str(exploration)


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", SAVED.replace('"version": 1', '"version": 2'),
        SAVED.replace('"to": 1', '"to": 9'), SAVED.replace('"early"', '"late"'),
    ],
)  # fmt: skip
def test_what_is_no_map_is_told_before_anything_is_explored(text: str, tmp_path: Path) -> None:
    (tmp_path / "map.json").write_text(text, encoding="utf-8")
    with pytest.raises(SavedMapError, match="is no map that"):
        explore(menu, against=tmp_path / "map.json")


def test_a_map_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SavedMapError, match="No such file"):
        explore(menu, against=tmp_path / "map.json")

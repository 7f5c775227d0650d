"""The calls in which look-ups go wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from eslsync import Session
from eslsync.loading import LoadError
from simulator import explore
from simulator.exploring.back_ends import Asked, interrupted, is_from_a_trial, spoilt
from simulator.exploring.parts import PartError
from simulator.scripts.script import Script


def test_a_call_goes_wrong_in_five_ways_each_of_them_a_script() -> None:
    call = {"caller": "1002", "outside": ["crm.lookup"]}
    asked = Asked("crm.lookup", 2, (), at_end=False)
    wrong = [made for _, made in spoilt(call, asked)] + [*interrupted(call, asked)]
    assert [is_from_a_trial(each) for each in wrong] == [False, False, False, True, True]
    for each in wrong:
        Script("crm.py", call=each)
        assert each["outside"][0] == "crm.lookup"
        assert str(each["outside"][1]["at"]).startswith("2")
    assert call["outside"] == ["crm.lookup"]


def test_after_a_hangup_it_only_fails() -> None:
    asked = Asked("crm.lookup", 1, (), at_end=True)
    assert [how for how, _ in spoilt({}, asked)] == ["fails"]


def test_what_is_not_there_is_refused_at_once() -> None:
    with pytest.raises(LoadError, match=r"there is no crm\.lookup"):
        explore(lambda session: None, outside=["crm.lookup"])
    with pytest.raises(TypeError, match="outside: each must be a str"):
        explore(lambda session: None, outside=[print])  # type: ignore[list-item]


def lookup() -> str:
    return "ada"


def greeting(session: Session) -> None:
    session.channel.answer()
    session.channel.playback(f"hello/{lookup()}")
    session.channel.hangup()


def test_parts_know_of_look_ups(tmp_path: Path) -> None:
    part, outside = tmp_path / "a.part", [f"{__name__}.lookup"]
    explore(greeting, keys="1", outside=outside, shard=(1, 1)).save_part(part)
    merged = explore(greeting, keys="1", outside=outside, merge=[part])
    assert str(merged) == str(explore(greeting, keys="1", outside=outside))
    with pytest.raises(PartError, match="is a part of another exploration"):
        explore(greeting, keys="1", merge=[part])

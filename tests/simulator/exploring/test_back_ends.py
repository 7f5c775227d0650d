"""The calls in which look-ups go wrong."""

from __future__ import annotations

import pytest

from eslsync.loading import LoadError
from simulator import explore
from simulator.exploring.back_ends import Asked, interrupted, is_from_a_trial, spoilt
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
    with pytest.raises(TypeError, match="outside has names"):
        explore(lambda session: None, outside=[print])  # type: ignore[list-item]

"""What the handler uses of FreeSWITCH that the simulated switch does not model."""

from __future__ import annotations

from eslsync import Session
from simulator import Exploration, explore
from tests.support.explored import found


def hears_a_voice(session: Session) -> None:
    session.channel.answer()
    session.channel.execute("vad_test")
    session.channel.playback("goodbye")
    session.channel.hangup()


def test_what_is_not_modelled_makes_an_exploration_incomplete() -> None:
    exploration = explore(hears_a_voice, keys="1")
    [lack] = exploration.findings
    assert lack.kind == "not-modelled"
    assert lack.text.startswith("the application vad_test (mod_dptools) had no effect")
    assert lack.place is not None
    assert lack.place.function == "hears_a_voice"
    assert exploration.verdict == "incomplete: 1 not-modelled"
    assert "1 not modelled (vad_test)" in str(exploration)


def test_it_may_be_allowed_by_name_or_with_its_kind() -> None:
    assert not explore(hears_a_voice, keys="1", allow_unmodelled=["vad_test"]).findings
    assert not explore(hears_a_voice, keys="1", allow=["not-modelled"]).findings
    assert found(explore(hears_a_voice, keys="1", allow_unmodelled=["curl"])) == ["not-modelled"]


def test_an_exploration_says_what_it_stands_on(tries: Exploration) -> None:
    assert {part.name for part in tries.stands_on.parts} >= {"answer", "playback"}
    assert f"stands on {tries.stands_on}" in str(tries)

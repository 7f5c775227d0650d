"""A call whose caller is a person: it can be stood at, gone on with, and gone back in."""

from __future__ import annotations

import pytest

from eslsync import Session
from simulator.phone.player import Move, Player
from simulator.scripts.script import Script
from tests.support.places import EXAMPLES

IVR = Script(str(EXAMPLES / "ivr.py"))
SECOND = 1_000_000


def test_time_passes_as_far_as_it_is_told_to() -> None:
    with Player(IVR) as player:
        assert player.now == 0
        player.pass_to(SECOND)
        assert player.now == SECOND
        assert [each.name for each in player.plays] == ["ivr/ivr-welcome"]
        assert player.where == "ivr.py:30 in handler waits for playback"
        player.pass_to(SECOND // 2)  # is past
        assert player.now == SECOND


def test_skip_leads_to_the_next_thing_that_shows() -> None:
    with Player(IVR) as player:
        moments = []
        while not player.ended:
            player.skip()
            moments.append(player.now / SECOND)
        assert moments == sorted(set(moments))
        assert player.hung_up


def test_a_step_back_stands_at_the_same_call_and_goes_on_otherwise() -> None:
    with Player(IVR) as player:
        player.pass_to(3 * SECOND)
        before = str(player.transcript)
        player.make("press", "1")
        player.pass_to(5 * SECOND)
        with player.back(3 * SECOND) as again:
            assert str(again.transcript) == before
            assert again.now == 3 * SECOND
            assert again.moves == []
            again.make("press", "2")
            again.pass_to(5 * SECOND)
            assert "presses 2" in str(again.transcript)
            with again.back(4 * SECOND) as third:
                assert third.moves == [Move(3 * SECOND, "press", "2")]
        assert "presses 2" not in str(player.transcript)


@pytest.mark.parametrize("hangs_up", [True, False])
def test_its_script_plays_the_same_call(hangs_up: bool) -> None:
    with Player(IVR) as player:
        player.pass_to(2_345_678)
        player.make("press", "1")
        player.pass_to(4 * SECOND)
        if hangs_up:
            player.make("hangup")
        while not player.ended:
            player.skip()
        script = player.script()
        ladder = player.call.ladder()
    made = Script.parse(script.dump()).run()
    assert made.ladder() == ladder


def test_what_is_done_after_the_end_is_not_done() -> None:
    with Player(IVR) as player:
        player.make("hangup")
        player.make("press", "1")
        player.make("hangup")
        assert player.moves == [Move(0, "hangup")]
        player.pass_to(SECOND)
        player.make("press", "1")
        assert player.moves == [Move(0, "hangup")]
        player.pass_to(60 * SECOND)
        assert player.ended
        assert player.where == ""


def test_a_handler_that_raises_ends_the_call_and_shows_its_exception() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        raise ValueError("no prompt")

    with Player(Script("none.py"), handler) as player:
        while not player.ended and player.next_due is not None:
            player.skip()
        assert isinstance(player.call.error, ValueError)

"""A caller script before the telephone: played once, and then gone on from, and gone back in."""

from __future__ import annotations

import pytest

from eslsync import Session
from simulator.clockwork.threads import SECOND
from simulator.phone.player import Move, Player
from simulator.phone.rehearsing import rehearse
from simulator.scripts.script import Script, ScriptError, Step
from tests.support.places import EXAMPLES

IVR = Script(
    str(EXAMPLES / "ivr.py"),
    [
        Step("hear", {"prompt": "ivr/ivr-welcome"}),
        Step("press", {"digits": "12", "when_asked": True}),
        Step("hear", {"prompt": "ivr/ivr-option-1"}),
        Step("hangup"),
    ],
    expect={"heard": ["something else"]},
)


def test_a_call_stands_where_its_script_ends_and_goes_on_as_the_script_plays_it() -> None:
    done = rehearse(IVR, IVR.load())
    assert not done.failed
    assert [(each.verb, each.keys) for each in done.moves] == [("press", "1"), ("press", "2")]
    with Player(IVR, moves=done.moves, stands=done.stands) as player:
        assert player.now == done.stands > done.moves[-1].at
        assert not player.hung_up  # the last step is left out
        player.make("hangup")
        while not player.ended:
            player.skip()
        ladder = player.call.ladder()
        script = player.script()
    assert Script(IVR.handler, IVR.steps).run().ladder() == ladder
    assert not script.expect


def test_a_script_that_can_not_be_played_stands_where_it_failed() -> None:
    steps = [Step("say_nothing", {"seconds": 1}), Step("hear", {"prompt": "nobody", "timeout": 1})]
    done = rehearse(Script(IVR.handler, steps), IVR.load())
    assert "did not hear 'nobody'" in done.failed
    assert "\n" not in done.failed
    assert done.stands == 2 * SECOND


def test_what_a_caller_did_beside_the_steps_is_a_move_too() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback("long")

    steps = [
        Step("hangup_after", {"seconds": 1}),
        Step("press", {"digits": "56"}),
        Step("say_nothing", {"seconds": 3}),
    ]
    done = rehearse(Script("none.py", steps), handler)
    assert done.moves == [
        Move(0, "press", "5"),
        Move(SECOND // 5, "press", "6"),
        Move(SECOND, "hangup"),
    ]


def test_a_step_that_no_telephone_can_do_is_named() -> None:
    script = Script(IVR.handler, [Step("transfer", {"extension": "2000"})])
    with pytest.raises(ScriptError, match="the telephone has no transfer"):
        rehearse(script, IVR.load())

"""A caller script before the telephone: played once, and then gone on from, and gone back in."""

from __future__ import annotations

import pytest

from eslsync import Session
from simulator.clockwork.threads import SECOND
from simulator.model.endpoint_modules import OTHERS
from simulator.phone.player import BY_HAND, Move, Player
from simulator.phone.rehearsing import rehearse
from simulator.scripts.script import Script, ScriptError, Step
from tests.support.cases import for_each
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
        Step("talk", {"seconds": 0.3333}),
        Step("say_nothing", {"seconds": 3}),
    ]
    done = rehearse(Script("none.py", steps), handler)
    assert done.moves == [
        Move(0, "press", "5"),
        Move(SECOND // 5, "press", "6"),
        Move(SECOND // 5, "talk", seconds=0.3333),
        Move(SECOND, "hangup"),
    ]


REFUSED = Step("reject", {"cause": "CALL_REJECTED"})


@for_each(
    ("step", "why"),
    [
        (Step("transfer", {"extension": "2000"}), "the telephone has no transfer"),
        (Step("at", {"far_end": "user/1", "steps": [REFUSED]}), "the telephone gives no cause"),
        (Step("hangup_after", {"seconds": 1, "cause": "USER_BUSY"}), "gives no cause"),
        (Step("talk", {"seconds": 1, "words": "yes"}), "gives no words"),
        (Step("says", {"words": "yes"}), "has no says"),
    ],
)
def test_a_step_that_no_telephone_can_do_is_named(step: Step, why: str) -> None:
    with pytest.raises(ScriptError, match=why):
        rehearse(Script(IVR.handler, [step]), IVR.load())


def test_prompts_are_as_long_as_they_are_heard() -> None:
    script = Script(IVR.handler, [Step("hear", {"prompt": "ivr/ivr-welcome"})])
    usual = rehearse(script, IVR.load()).stands
    longer = rehearse(script, IVR.load(), lambda prompt: 5.0).stands
    assert longer == usual + 3 * SECOND


def test_what_was_done_at_a_far_end_is_done_there_again() -> None:
    script = Script(
        str(EXAMPLES / "screening.py"),
        [
            Step("hear", {"prompt": "voicemail/vm-record_name1"}),
            Step("press", {"digits": "#"}),
            Step("at", {"far_end": "user/1000", "steps": [Step("answer")]}),
            Step("say_nothing", {"seconds": 2.5}),
            Step("press", {"digits": "0"}),
            Step("at", {"far_end": "user/1000", "steps": [Step("press", {"digits": "1"})]}),
            Step("expect", {"what": "CHANNEL_BRIDGE"}),
        ],
        call={"endpoints": {OTHERS: BY_HAND}},
    )
    done = rehearse(script, script.load())
    assert [(each.verb, each.keys, each.line) for each in done.moves] == [
        ("press", "#", 1),
        ("answer", "", 2),
        ("press", "0", 1),
        ("press", "1", 2),
    ]
    with Player(script, moves=done.moves, stands=done.stands) as player:
        assert [each.phase for each in player.lines] == ["up"]
        assert player.call.bridged == ["user/1000"]
        assert player.moves == done.moves

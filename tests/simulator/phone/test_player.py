"""A call whose caller is a person: it can be stood at, gone on with, and gone back in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from eslsync import Session
from simulator.model.endpoint_modules import OTHERS
from simulator.phone.player import BY_HAND, FarLine, Move, Player, Recording, Verb
from simulator.phone.rehearsing import rehearse
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


def test_somebody_talks_on_and_is_recorded_and_the_script_has_it() -> None:
    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        channel.record("/tmp/said.wav", silence_threshold=200, silence_seconds=3, terminators="#")
        channel.playback("/tmp/said.wav")
        channel.hangup()

    with Player(Script("none.py"), handler) as player:
        while not player.recordings:
            player.skip()
        assert player.recordings == [Recording("/tmp/said.wav", 40_000)]
        for _ in range(11):  # a voice is heard every 0.5 s
            player.talk(0.8)
            player.pass_to(player.now + SECOND // 2)
        player.make("press", "5")  # is no terminator, and ends what they say for a moment
        player.talk(0.8)
        player.pass_to(10 * SECOND)
        assert player.recordings[0].ended == 9_340_000
        assert [(each.verb, each.seconds) for each in player.moves] == [
            *(("talk", 5.5), ("press", 0), ("talk", 0.8))
        ]
        while not player.ended:
            player.skip()
        whole = str(player.transcript)
        assert "talks for 5.5 s" in whole
        assert str(player.script().run(handler).transcript) == whole
    # in the midst of what was said, to go on otherwise
    with player.back(3 * SECOND) as again:
        before = str(again.transcript)
        assert whole.startswith(before)
        assert again.moves == [Move(40_000, "talk", seconds=5.5)]
        again.make("press", "#")
        assert again.moves[0].seconds == 2.96
        again.pass_to(10 * SECOND)
        assert again.recordings == [Recording("/tmp/said.wav", 40_000, 3_020_000)]
        assert str(again.script().run(handler).transcript).startswith(str(again.transcript)[:-200])


def test_a_handler_that_raises_ends_the_call_and_shows_its_exception() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        raise ValueError("no prompt")

    with Player(Script("none.py"), handler) as player:
        while not player.ended and player.next_due is not None:
            player.skip()
        assert isinstance(player.call.error, ValueError)


# Far ends

ALL_BY_HAND = {"endpoints": {OTHERS: BY_HAND}}
SCREENING = Script(str(EXAMPLES / "screening.py"), call=ALL_BY_HAND)
RING_TWO = Script(str(EXAMPLES / "ring_two.py"), call=ALL_BY_HAND)
OPERATOR = Script(str(EXAMPLES / "attended_transfer.py"), call=ALL_BY_HAND)


def to_the_end(player: Player) -> str:
    while not player.ended:
        player.skip()
    return player.call.ladder()


def ring_the_owner(player: Player) -> None:
    """Say a name, and have the owner's phone ring for 3 s."""
    player.pass_to(3 * SECOND)
    player.make("press", "#")
    player.pass_to(6_012_345)


def phases(player: Player) -> list[tuple[str, str, str]]:
    return [(each.dial_string, each.phase, each.cause) for each in player.lines]


def accept(player: Player) -> None:
    """The owner hears who calls, accepts, and hangs up."""
    player.make("answer", line=2)
    player.pass_to(11 * SECOND)
    player.make("press", "1", 2)
    player.pass_to(30 * SECOND)
    player.make("hangup", line=2)


def reject(player: Player) -> None:
    player.make("reject", line=2)


def ring(player: Player) -> None:
    """Nobody answers."""


def leave_first(player: Player) -> None:
    """The caller hangs up, and then the owner, who hears the menu."""
    player.make("answer", line=2)
    player.pass_to(7 * SECOND)
    player.make("hangup")
    player.make("hangup", line=2)


@pytest.mark.parametrize(
    ("does", "shows"),
    [
        (accept, "bridged to user/1000"),
        (reject, "user/1000 rejects: USER_BUSY"),
        (ring, "hangs up user/1000 NO_ANSWER"),
        (leave_first, "caller → switch  hangs up"),
    ],
)
def test_a_far_end_is_played_by_hand_and_the_script_plays_the_same_call(
    does: Callable[[Player], None], shows: str
) -> None:
    with Player(SCREENING) as player:
        ring_the_owner(player)
        assert player.lines == [FarLine(2, "user/1000", "1001", "rings", "", [])]
        does(player)
        ladder = to_the_end(player)
        assert [each.phase for each in player.lines] == ["ended"]
        assert shows in str(player.transcript)
        script = player.script()
    assert Script.parse(script.dump()).run().ladder() == ladder


def test_moves_in_the_very_moments_in_which_things_happen() -> None:
    with Player(OPERATOR) as player:
        player.make("press", "1")  # before the handler has begun
        player.make("press", "2")
        while not player.lines:
            player.skip()
        player.make("answer", line=2)
        player.make("press", "3")
        player.skip()
        player.make("press", "12", 2)  # 0.2 s apart
        for key in "45":
            player.make("press", key)
            player.skip()
        player.make("press", "3#*", 2)
        player.make("hangup", line=2)
        ladder = to_the_end(player)
        moves, script = player.moves, player.script()
    assert all(len(each.keys) < 2 for each in moves)
    assert Script.parse(script.dump()).run().ladder() == ladder
    assert rehearse(script, script.load()).moves == moves
    with Player(OPERATOR, moves=moves) as again:
        assert to_the_end(again) == ladder


def test_what_a_far_end_hears_is_known() -> None:
    with Player(SCREENING) as player:
        ring_the_owner(player)
        player.make("answer", line=2)
        player.pass_to(9_540_000)
        [line] = player.lines
    assert line.phase == "up"
    said, name, asks = line.heard
    assert (said.name, said.how, said.began, said.played) == (
        *("ivr/ivr-call_from", "ended", 6_040_000),
        2 * SECOND,
    )
    assert name.name.endswith("-name.wav")
    assert (asks.how, asks.began, asks.since, asks.played) == ("plays", 9_040_000, 9_040_000, 0)


def test_a_step_back_before_the_answer_and_an_answer_later() -> None:
    with Player(SCREENING) as player:
        ring_the_owner(player)
        before = str(player.transcript)
        accept(player)
        player.pass_to(31 * SECOND)
        with player.back(6_012_345) as again:
            assert str(again.transcript) == before
            assert phases(again) == [("user/1000", "rings", "")]
            again.pass_to(8 * SECOND)
            again.make("answer", line=2)
            again.pass_to(9 * SECOND)
            assert str(again.transcript).startswith(before)
            with again.back(8_500_000) as third:
                assert third.moves == again.moves
                assert phases(third) == [("user/1000", "up", "")]


def test_of_a_ring_group_whoever_answers_has_the_call() -> None:
    with Player(RING_TWO) as player:
        player.pass_to(4 * SECOND)
        assert [each.number for each in player.lines] == [2, 3]
        player.make("answer", line=3)
        player.pass_to(6 * SECOND)
        assert phases(player) == [
            ("user/1000", "ended", "LOSE_RACE"),
            ("user/1001", "up", ""),
        ]
        player.make("hangup", line=3)
        ladder = to_the_end(player)
        script = player.script()
    assert Script.parse(script.dump()).run().ladder() == ladder


def test_each_call_to_a_far_end_is_a_line_of_its_own() -> None:
    with Player(OPERATOR) as player:
        player.pass_to(SECOND)
        player.make("answer", line=2)
        player.pass_to(2 * SECOND)
        player.make("press", "123", 2)
        player.pass_to(3 * SECOND)
        player.make("hangup", line=2)
        player.pass_to(4 * SECOND)
        player.make("reject", line=3)
        player.pass_to(8 * SECOND)
        player.make("answer", line=4)
        player.pass_to(9 * SECOND)
        assert phases(player) == [
            ("user/1000", "ended", "NORMAL_CLEARING"),
            ("user/123", "ended", "USER_BUSY"),
            ("user/1000", "up", ""),
        ]
        player.make("hangup", line=4)
        ladder = to_the_end(player)
        script = player.script()
    assert Script.parse(script.dump()).run().ladder() == ladder


@pytest.mark.parametrize(("moment", "becomes"), [(-1, "up"), (0, "ended")])
def test_an_answer_in_the_moment_in_which_the_ringing_ends_comes_too_late(
    moment: int, becomes: str
) -> None:
    with Player(RING_TWO) as player:
        while not (player.lines and player.lines[0].phase == "ended"):
            player.skip()
        ends = player.now
        with player.back(ends + moment) as again:
            assert [each.phase for each in again.lines] == ["rings" if moment else "ended"] * 2
            again.make("answer", line=2)
            again.pass_to(ends + SECOND)
            assert again.lines[0].phase == becomes
            assert len(again.moves) == (moment < 0)


@pytest.mark.parametrize(
    ("verb", "line"), [("answer", 3), ("answer", 1), ("press", 2), ("hangup", 2)]
)
def test_what_a_line_can_not_do_is_not_done(verb: Verb, line: int) -> None:
    with Player(SCREENING) as player:
        ring_the_owner(player)
        player.make(verb, "1" if verb == "press" else "", line)
        assert [each.verb for each in player.moves] == ["press"]
        assert phases(player) == [("user/1000", "rings", "")]


def test_a_far_end_that_is_described_behaves_so_by_itself() -> None:
    ends = {"user/1000": {"rejects": "USER_BUSY"}, OTHERS: BY_HAND}
    with Player(replace(RING_TWO, call={"endpoints": ends})) as player:
        player.pass_to(4 * SECOND)
        assert phases(player) == [("user/1001", "rings", "")]


def test_without_a_description_nobody_is_there() -> None:
    with Player(replace(RING_TWO, call={})) as player:
        player.pass_to(4 * SECOND)
        assert player.lines == []
        assert "can't call user/1000: SUBSCRIBER_ABSENT" in str(player.transcript)


def test_a_recording_of_the_call_is_what_its_caller_said_also_after_a_step_back() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback("/tmp/message.wav")  # nobody has said it yet
        session.channel.record("/tmp/message.wav", limit=5)
        session.channel.playback("/tmp/message.wav")
        session.channel.hangup()

    def captions(player: Player) -> list[str]:
        return [player.caption(each, {}) for each in player.prompts]

    with Player(Script("none.py"), handler) as player:
        player.pass_to(20 * SECOND)
        assert captions(player) == ["message", "(what you said)"]
        began = player.prompts[-1].began
    with player.back(began) as again:
        assert captions(again) == ["message", "(what you said)"]

"""Which situations are told apart."""

from __future__ import annotations

from eslsync import Session
from simulator import explore
from simulator.exploring.situations import Situation


def counts_to_itself(session: Session) -> None:
    session.channel.answer()
    turns = {"so far": 0.5}
    while turns["so far"] < 3:
        turns["so far"] += 1
        session.channel.playback("music")
    session.channel.playback("goodbye")
    session.channel.hangup()


def test_a_key_function_may_tell_situations_apart() -> None:
    def key(situation: Situation) -> object:
        return situation.prompt, round(situation.time)

    assert len(explore(counts_to_itself, keys="1").nodes) == 2
    assert len(explore(counts_to_itself, keys="1", key=key).nodes) == 4

"""What a caller hears while a bridge rings."""

from __future__ import annotations

import pytest

from eslsync import Session
from simulator import FreeSwitch

TONE = "%(2000,4000,440,480)"


def bridges(session: Session) -> None:
    session.channel.answer()
    session.channel.bridge("user/1000", ringback=TONE)


def test_ringback_is_heard_from_the_ringing_to_the_answer() -> None:
    with FreeSwitch() as switch:
        switch.endpoint("user/1000", rings=True, answers_after=3.0, hangs_up_after=1.0)
        call = switch.call(bridges)
        call.hear(TONE, start=True)
        assert call.duration < 0.5
        call.hear(TONE)
        assert call.duration == pytest.approx(3.1, abs=0.2)
        call.wait()
    assert call.heard == [TONE]
    assert f"◀─ {TONE} ─" in call.ladder()


def test_it_ends_when_nobody_answers_too() -> None:
    with FreeSwitch() as switch:
        switch.endpoint("user/1000", rings=True, answers_after=None)
        call = switch.call(bridges)
        call.hear(TONE)
        call.wait()
    assert call.heard == [TONE]


def test_who_does_not_say_that_it_rings_makes_no_ringback_unless_it_is_instant() -> None:
    def at_once(session: Session) -> None:
        session.channel.set("instant_ringback", "true")
        bridges(session)

    heard = []
    for handler in (bridges, at_once):
        with FreeSwitch() as switch:
            switch.endpoint("user/1000", answers_after=3.0, hangs_up_after=1.0)
            call = switch.call(handler)
            call.wait()
        heard.append(call.heard)
    assert heard == [[], [TONE]]


@pytest.mark.parametrize("answered", [True, False])
def test_each_ringback_is_for_those_who_are_answered_or_not(answered: bool) -> None:
    def handler(session: Session) -> None:
        if answered:
            session.channel.answer()
        session.channel.set("ringback", "/ring/early.wav")
        session.channel.set("transfer_ringback", "/ring/late.wav")
        session.channel.execute("bridge", "user/1000")

    with FreeSwitch() as switch:
        switch.endpoint("user/1000", rings=True, answers_after=3.0, hangs_up_after=1.0)
        call = switch.call(handler)
        call.wait()
    assert call.heard == ["/ring/late.wav" if answered else "/ring/early.wav"]

"""The fault "stop": the app's server is stopped during a call, as in a deploy."""

from __future__ import annotations

import random
import time

import pytest

from eslsync import Disconnected, Outbound, Session
from examples import ivr, pin
from simulator import Call, CallFailed, Fault, FreeSwitch, SimulationError, sweep

SORRY = [("playback", "ivr/sorry")]


def choose(call: Call) -> None:
    call.hear("ivr/ivr-welcome", start=True)
    call.press("3")
    call.hear("ivr/ivr-option-3")
    call.wait()


def test_a_stop_gives_the_call_back_to_the_dialplan_and_the_next_caller_finds_nobody() -> None:
    with FreeSwitch(raises=False) as switch:
        call = switch.call(ivr.handler, faults=[Fault("stop", "PLAYBACK_START")], after=SORRY)
        call.hear("ivr/sorry")
        call.wait()
        late = switch.call(ivr.handler, after=SORRY)
        late.wait()
    assert isinstance(call.error, Disconnected)
    assert call.given_back
    assert call.faults == (Fault("stop", "PLAYBACK_START"),)
    assert "is stopped" in call.ladder()
    assert late.heard == ["ivr/sorry"]
    assert not late.taken


def test_a_stop_before_the_handler_begins_keeps_it_from_beginning() -> None:
    begun: list[Session] = []
    for step in range(1, 7):  # connect, linger, filter
        with FreeSwitch() as switch:
            call = switch.call(begun.append, faults=[Fault("stop", step)], after=SORRY)
            call.wait()
        assert call.heard == ["ivr/sorry"]
    assert not begun


def test_a_stop_at_any_step_gives_the_same_transcript_each_time() -> None:
    def transcript(step: int) -> str:
        with FreeSwitch(raises=False) as switch:
            call = switch.call(ivr.handler, faults=[Fault("stop", step)], after=SORRY)
            try:
                choose(call)
            except CallFailed:
                call.wait()
        return str(call.transcript)

    for step in range(1, 43, 3):
        once = transcript(step)
        assert "is stopped" in once
        assert transcript(step) == once


def test_a_handler_that_is_cut_can_clean_up() -> None:
    cleaned: list[bool] = []

    def careful(session: Session) -> None:
        try:
            session.channel.answer()
            session.channel.playback("ivr/ivr-welcome")
        finally:
            time.sleep(3.0)
            cleaned.append(session.channel.is_up)

    with FreeSwitch(raises=False) as switch:
        switch.call(careful, faults=[Fault("stop", "PLAYBACK_START")]).wait()
    assert cleaned == [True]


def test_a_handler_that_outlasts_stop_is_reported() -> None:
    def slow(session: Session) -> None:
        try:
            session.channel.answer()
            session.channel.playback("ivr/ivr-welcome")
        finally:
            time.sleep(7.0)

    said = r"1 handler\(s\) still ran 6 s after Outbound.stop"
    with pytest.raises(SimulationError, match=said), FreeSwitch(raises=False) as switch:
        switch.call(slow, faults=[Fault("stop", "PLAYBACK_START")]).wait()
    result = sweep(Call.wait, slow, faults=["stop"], every=12)
    assert not result.outcomes[0].wrong  # at the first step the handler has not begun
    assert all("still ran 6 s after" in str(outcome) for outcome in result.wrong)
    assert result.wrong


def test_another_program_cannot_be_stopped() -> None:
    with FreeSwitch(real_time=True) as switch, pytest.raises(ValueError, match="another program"):
        switch.dial("127.0.0.1:5000", faults=[Fault("stop", 1)])


def test_stops_work_in_real_time_too() -> None:
    with FreeSwitch(real_time=True, raises=False, prompts={"ivr/ivr-welcome": 0.1}) as switch:
        call = switch.call(ivr.handler, faults=[Fault("stop", "PLAYBACK_START")])
        call.wait()
    assert isinstance(call.error, Disconnected)


#: How many stops; `benchmarks/sweep.py` has one at every message.
STOPS = 40


def test_several_calls_can_be_stopped_at_any_moment() -> None:
    """Up to three callers in different places; the stop at one's step cuts them all."""
    chance = random.Random(2026)
    stopped = cut = 0
    for _ in range(STOPS):
        handler, keys = chance.choice([(ivr.handler, "1234"), (pin.handler, "1234#12")])
        # Outbound: what is needed and no more, which makes the calls shorter
        app = Outbound(handler, events=["DTMF"])
        with FreeSwitch(raises=False, seed=chance.randrange(1000)) as switch:
            faults = [Fault("stop", chance.randint(1, 40), optional=True)]
            calls = [switch.call(app, faults=faults, after=SORRY)]
            for _ in range(chance.randrange(3)):
                calls[0].say_nothing(chance.uniform(0.0, 2.0))
                calls.append(switch.call(app, after=SORRY))
            for call in calls:
                try:
                    call.press(chance.choice(keys))
                except CallFailed:
                    pass  # it has ended already
            for call in calls:
                call.wait()
        if not calls[0].faults:
            continue
        stopped += 1
        for call in calls:
            assert call.error is None or isinstance(call.error, Disconnected)
            # stop said that it cut a call whose handler was told so
            assert call.error is None or call.uuid in {each.uuid for each in switch.cut}
            # cut or turned away, a call goes on in the dialplan
            assert call.heard[-1:] == ["ivr/sorry"] or "execute hangup" in str(call.transcript)
            cut += call.error is not None
    assert stopped > STOPS * 0.5
    assert cut > STOPS * 0.5

"""The options of a sweep."""

from __future__ import annotations

import datetime
import gc
import logging
import socket
import time

import pytest

from eslsync import Session
from examples import basic
from examples.ivr import handler
from simulator import Call, sweep
from simulator.calling.faults import KINDS, OF_LOOK_UPS
from simulator.calling.sweeps import FaultRun, Sweep
from simulator.scripts.script import Script, Step


def press_one(call: Call) -> None:
    call.press("1", when_asked=True)
    call.wait()


def test_every_third_step_is_every_third_of_all() -> None:
    whole = sweep(Call.wait, basic.handler, faults=["hangup", "refuse"])
    some = sweep(Call.wait, basic.handler, faults=["hangup", "refuse"], every=3)
    for kind in ("hangup", "refuse"):
        all_steps = [each.fault.step for each in whole.outcomes if each.fault.kind == kind]
        assert [each.fault.step for each in some.outcomes if each.fault.kind == kind] == (
            all_steps[::3]
        )


def test_a_step_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="sweep: every must be at least 1, not 0"):
        sweep(press_one, handler, every=0)


def test_the_calls_of_a_sweep_begin_when_it_says() -> None:
    seen: set[tuple[datetime.datetime, float]] = set()

    def looks(session: Session) -> None:
        began = datetime.datetime.now()
        session.channel.answer()
        session.channel.playback("welcome")
        seen.add((began, (datetime.datetime.now() - began).total_seconds()))
        session.channel.hangup()

    result = sweep(Call.wait, looks, faults=["hangup"], start="2026-01-05T17:30:00")
    assert not result.wrong
    assert seen == {(datetime.datetime(2026, 1, 5, 17, 30), 2.04)}
    assert datetime.datetime.now().year > 2025


def test_a_swept_script_brings_its_circumstances_along() -> None:
    script = Script.parse(
        "handler: ivr.py\n"
        "call:\n"
        '  caller: "42"\n'
        "  start: 2026-01-05T23:00:00\n"
        "  variables: {colour: blue}\n"
        "  before: [answer, {playback: hello}]\n"
        "  after: [{playback: goodbye}]\n"
        "steps: [hear: hello, hear: goodbye, wait]\n"
    )
    seen: set[tuple[str | None, str | None, int]] = set()

    def gives_back(session: Session) -> None:
        channel = session.channel
        number, colour = channel.get_variable("caller_id_number"), channel.get_variable("colour")
        seen.add((number, colour, datetime.datetime.now().hour))

    result = sweep(script.play, gives_back, faults=["hangup"])
    assert result.outcomes
    assert not result.wrong
    assert seen == {("42", "blue", 23)}


def test_applications_around_the_socket_are_heard_in_a_swept_script() -> None:
    heard: list[list[str]] = []

    class Watched(Script):
        def play(self, call: Call) -> None:
            try:
                super().play(call)
            finally:
                heard.append(call.heard)

    script = Watched(
        "ivr.py",
        [Step("wait")],
        call={"before": ["answer", {"playback": "hello"}], "after": [{"playback": "goodbye"}]},
    )
    sweep(script.play, lambda session: None, faults=["refuse"], every=5)
    assert heard[0] == ["hello", "goodbye"]


# Two faults at once


def pairs_of(seed: int) -> list[FaultRun]:
    result = sweep(press_one, handler, faults=KINDS, every=1000, pairs=10, seed=seed)
    assert not result.wrong, str(result)
    return result.outcomes[len(KINDS) - len(OF_LOOK_UPS) :]


def test_pairs_are_two_faults_of_one_call_which_the_seed_chooses() -> None:
    pairs = pairs_of(seed=1)
    assert len(pairs) == 10
    for outcome in pairs:
        first, second = (int(fault.step) for fault in outcome.faults)
        assert first < second
        assert str(outcome).startswith(f"{outcome.faults[0]} and {outcome.faults[1]} (")
    assert [each.faults for each in pairs_of(seed=1)] == [each.faults for each in pairs]
    assert [each.faults for each in pairs_of(seed=2)] != [each.faults for each in pairs]


def test_a_second_fault_that_never_came_is_reported_separately() -> None:
    result = sweep(Call.wait, basic.handler, faults=["drop"], every=1000, pairs=10)
    # after a connection is gone, nothing is said on it any more
    assert [len(outcome.missed) for outcome in result.outcomes] == [0, *[1] * 10]
    assert "two, one missed    10" in str(result)
    result = sweep(Call.wait, basic.handler, faults=["split"], every=1000, pairs=10)
    assert not any(outcome.missed for outcome in result.outcomes)
    assert "two at once    10" in str(result)


def test_a_script_that_fails_without_a_fault_fails_the_sweep() -> None:
    with pytest.raises(AssertionError, match="fails even without a fault: did not hear 'welcom'"):
        sweep(lambda call: call.hear("welcom"), handler)


def test_a_sweep_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="sweep: name at least one kind of fault"):
        sweep(Call.wait, basic.handler, faults=[])
    script = Script("basic.py", [Step("wait")], call={"before": [{"hangup": "USER_BUSY"}]})
    with pytest.raises(AssertionError, match="the call did not reach the handler"):
        sweep(script.play, basic.handler)


def test_a_negative_number_of_pairs_is_refused() -> None:
    with pytest.raises(ValueError, match="sweep: pairs must be at least 0, not -1"):
        sweep(press_one, handler, pairs=-1)


# Leaks


def test_a_descriptor_left_open_is_reported() -> None:
    left: list[socket.socket] = []

    def keeps(session: Session) -> None:
        left.append(socket.socket())
        session.channel.answer()

    result = sweep(Call.wait, keeps, faults=["hangup"], every=5)
    assert result.wrong
    assert all("left behind: socket:[" in str(outcome) for outcome in result.wrong)
    for each in left:
        each.close()


def test_objects_left_in_memory_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.calling.leaks.MOMENT", 0.1)  # they are never let go of
    seen: list[Session] = []

    def remembers(session: Session) -> None:
        seen.append(session)
        session.channel.answer()

    result = sweep(Call.wait, remembers, faults=["delay"], every=10)
    [first, *others] = result.wrong
    assert others
    assert "left in memory: " in str(first)
    assert "1 Session" in str(first)
    assert not sweep(Call.wait, remembers, faults=["delay"], every=10, memory=False).wrong


@pytest.mark.parametrize("frozen", [False, True])
def test_garbage_collection_is_left_as_it_was(frozen: bool) -> None:
    gc.unfreeze()
    if frozen:
        gc.freeze()
    assert not sweep(Call.wait, handler, faults=["hangup"], every=10).wrong
    assert (gc.get_freeze_count() > 0) is frozen


def test_a_log_that_keeps_its_records_is_no_leak(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("desk")

    def logs(session: Session) -> None:
        log.warning("call %s", session)
        try:
            session.channel.playback("welcome")
        except Exception:
            log.exception("the call of %s failed", session)
            raise

    result = sweep(Call.wait, logs, faults=["hangup", "refuse"], every=3)
    assert not result.wrong, str(result)
    assert "Traceback" in caplog.text
    assert "Hangup" in caplog.text


def test_a_failure_that_was_only_logged_counts_as_wrong() -> None:
    def careless(session: Session) -> None:
        @session.on_hangup
        def bill(_: object) -> None:
            raise LookupError("no such customer")

        session.channel.answer()
        time.sleep(1.0)  # and nobody who waits would be told of a hangup

    result = sweep(Call.wait, careless, faults=["hangup"])
    assert "logged: an on_hangup callback failed" in {outcome.wrong for outcome in result.wrong}


def test_a_sweep_that_would_try_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"every=1000 leaves out all but the first of the \d+"):
        sweep(Call.wait, handler, every=1000)


def test_a_sweep_is_not_asserted_by_itself() -> None:
    with pytest.raises(TypeError, match="wrong"):
        assert Sweep()

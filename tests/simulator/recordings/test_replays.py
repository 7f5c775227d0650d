"""A handler run again, against the switch of a recording."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from eslsync import CommandError, Outbound, Session, TimeoutError
from examples.ivr import handler as ivr
from simulator import Call, FreeSwitch, SimulationError, replay
from simulator.recordings.replays import Difference, Replay
from tests.support.patience import lose_patience
from tests.support.peer import PATIENCE
from tests.support.places import RECORDINGS

Handler = Callable[[Session], object]


def record(
    folder: Path,
    handler: Handler,
    script: Callable[[Call], object] = lambda call: None,
    *,
    redact: tuple[str, ...] = (),
    far_ends: dict[str, dict[str, Any]] | None = None,
    **options: Any,
) -> Path:
    """Make a simulated call and return its recording."""
    with FreeSwitch(raises=False) as switch:
        for dial_string, behaviour in (far_ends or {}).items():
            switch.endpoint(dial_string, **behaviour)
        call = switch.call(Outbound(handler, record=folder, redact=redact, **options))
        script(call)
        call.wait()
    [path] = folder.iterdir()
    return path


def press_1(call: Call) -> None:
    call.press("1", when_asked=True)


def menu(welcome: str = "welcome", sales: str = "sales", timeout: float = 5.0) -> Handler:
    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        channel.playback(welcome)
        try:
            digit = channel.wait("DTMF", timeout=timeout).digit
        except TimeoutError:
            channel.playback("nobody")
        else:
            channel.playback(sales if digit == "1" else "support")
        channel.hangup()

    return handler


def said(replay: Replay) -> list[str]:
    return [str(each) for each in replay.differences]


def test_the_same_handler_replays_without_differences(tmp_path: Path) -> None:
    done = replay(record(tmp_path, ivr, press_1), ivr)
    assert done.differences == []
    assert done.same
    assert done.remarks == []
    assert done.outcome is None
    assert str(done) == "as recorded; 8 commands"


def test_one_changed_prompt_is_named(tmp_path: Path) -> None:
    path = record(tmp_path, menu(), press_1)
    done = replay(path, menu(sales="sales-2"))
    assert done.differences == [Difference(2.06, 7, "played sales-2", "sales")]
    assert str(done) == (
        "2.060 s, command 7: it played sales-2 where sales was recorded\n1 difference; 8 commands"
    )


def test_several_differences_are_named_in_one_run(tmp_path: Path) -> None:
    path = record(tmp_path, menu(), press_1)
    assert said(replay(path, menu(welcome="hello", sales="sales-2"))) == [
        "0.020 s, command 6: it played hello where welcome was recorded",
        "2.060 s, command 7: it played sales-2 where sales was recorded",
    ]


def test_the_handler_sees_the_time_of_the_recording(tmp_path: Path) -> None:
    path = record(tmp_path, menu(), press_1)
    seen: list[datetime] = []

    def handler(session: Session) -> None:
        seen.append(datetime.now())
        menu()(session)
        seen.append(datetime.now())

    assert replay(path, handler).same
    assert [str(each) for each in seen] == ["2026-01-05 09:00:00", "2026-01-05 09:00:04.100000"]


def test_a_replay_ends_where_the_handler_does_something_else_altogether(tmp_path: Path) -> None:
    path = record(tmp_path, menu(), press_1)

    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback("welcome")
        session.channel.wait("DTMF")
        session.channel.execute("bridge", "user/1000")
        session.channel.playback("after that, nobody knows")

    assert said(replay(path, handler)) == [
        "2.060 s, command 7: it executed bridge user/1000 where playback sales was recorded"
    ]


def test_a_handler_that_ends_sooner_is_reported(tmp_path: Path) -> None:
    path = record(tmp_path, menu(), press_1)

    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback("welcome")

    assert said(replay(path, handler)) == [
        "2.040 s, command 7: it ended where playback sales was recorded"
    ]


def test_a_handler_that_does_more_is_reported(tmp_path: Path) -> None:
    def leaves(session: Session) -> None:
        session.channel.answer()
        session.channel.playback("welcome")

    def goes_on(session: Session) -> None:
        leaves(session)
        session.channel.playback("more")

    assert said(replay(record(tmp_path, leaves), goes_on)) == [
        "2.040 s, command 6: it played more where nothing more was recorded"
    ]


def test_a_handler_that_waits_for_ever_is_reported(tmp_path: Path) -> None:
    path = record(tmp_path, menu(), press_1)

    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback("welcome")
        session.channel.wait("DTMF")
        session.channel.wait("DTMF")

    assert said(replay(path, handler)) == [
        "2.060 s, command 7: it waits for DTMF where playback sales was recorded"
    ]


def test_a_handler_that_waits_where_it_had_ended_is_reported(tmp_path: Path) -> None:
    def leaves(session: Session) -> None:
        session.channel.answer()

    def waits(session: Session) -> None:
        session.channel.answer()
        session.channel.wait("DTMF")

    assert said(replay(record(tmp_path, leaves), waits)) == [
        "0.020 s, command 5: it waits for DTMF where nothing more was recorded"
    ]


def test_a_handler_that_raises_is_reported(tmp_path: Path) -> None:
    path = record(tmp_path, menu(), press_1)

    def handler(session: Session) -> None:
        session.channel.answer()
        raise KeyError("2")

    done = replay(path, handler)
    assert said(done) == [
        "0.020 s, command 6: it raised KeyError: '2' where playback welcome was recorded"
    ]
    assert isinstance(done.outcome, KeyError)


def test_a_shorter_timeout_is_reported_where_it_expires(tmp_path: Path) -> None:
    path = record(tmp_path, menu(), lambda call: call.press_after(6, "1"))
    assert replay(path, menu()).same
    assert said(replay(path, menu(timeout=1.0))) == [
        "3.040 s, command 7: it played nobody where sales was recorded"
    ]


def test_a_later_command_is_only_a_remark(tmp_path: Path) -> None:
    path = record(tmp_path, menu(), press_1)

    def handler(session: Session) -> None:
        time.sleep(2)
        menu()(session)

    done = replay(path, handler)
    assert done.same
    assert done.remarks == ["2.000 s, command 5: execute answer came 2.0 s later than recorded"]


def test_new_uuids_stand_for_the_recorded_ones(tmp_path: Path) -> None:
    """The ids of applications and jobs differ if something was asked before."""

    def handler(session: Session, first: str = "") -> None:
        session.channel.answer()
        if first:
            session.channel.execute("set", first)
        assert session.bgapi("status").wait().startswith("UP ")
        other = session.originate("user/1000")
        assert other.playback("ivr/hello")
        session.channel.bridge(other)
        session.channel.hangup()

    def asks_for_itself(session: Session) -> None:
        session.channel.leg.conversation.commands.new_id()
        handler(session)

    far_ends = {"user/1000": {"answers_after": 1.0, "hangs_up_after": 5.0}}
    path = record(tmp_path, handler, far_ends=far_ends)
    assert replay(path, handler).same
    assert replay(path, asks_for_itself).differences == []


@pytest.mark.parametrize("format", ["plain", "json", "xml"])
def test_every_event_format_can_be_replayed(tmp_path: Path, format: Any) -> None:
    path = record(tmp_path, menu(), press_1, format=format)
    assert replay(path, Outbound(menu(), format=format)).same
    assert replay(path, menu()).same, "events are what the recorded switch has sent"
    assert len(replay(path, menu(sales="x")).differences) == 1


def test_another_outbounds_preparations_are_reported(tmp_path: Path) -> None:
    """How it subscribes makes no difference; what it does with the call does."""
    path = record(tmp_path, menu(), press_1)
    assert replay(path, Outbound(menu(), linger=False, max_call_duration=60)).same
    folder = tmp_path / "short"
    folder.mkdir()
    short = record(folder, menu(), press_1, linger=False, max_call_duration=60)
    assert replay(short, menu()).same


def test_redacted_values_are_reported(tmp_path: Path) -> None:
    path = record(tmp_path, menu(), press_1, redact=("DTMF",))
    done = replay(path, menu())
    assert said(done) == ["2.060 s, command 7: it played support where sales was recorded"]
    [remark] = [each for each in done.remarks if "redacted" in each]
    assert remark.endswith("and the handler was given *** for it")
    # who does not look at the digit does the same
    assert replay(path, menu(sales="support")).differences[0].recorded == "sales"


def test_a_truncated_recording_is_replayed_up_to_its_end(tmp_path: Path) -> None:
    def talks(session: Session) -> None:
        session.channel.answer()
        for _ in range(40):
            session.channel.set("text", "x" * 2000)

    path = record(tmp_path, talks, record_limit=100_000)
    done = replay(path, talks)
    assert "the recording is not whole: it would be over record_limit=100000" in done.remarks
    assert done.differences == []
    assert 5 < done.commands < 40


def test_a_stuck_handler_fails_the_replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eslsync.serving.server.CUT_TIMEOUT", 0.01)
    monkeypatch.setattr("eslsync.serving.server.LAST_TIMEOUT", 0.01)
    path = record(tmp_path, menu(), press_1)
    release = threading.Event()

    def handler(session: Session) -> None:
        lose_patience(0.3)
        release.wait()  # a database, say

    try:
        with pytest.raises(SimulationError, match="a database, say"):
            replay(path, handler, patience=PATIENCE)
    finally:
        release.set()


# Recordings of a real switch


def plays_and_hangs_up(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("ivr/ivr-welcome.wav")
    session.channel.hangup()


def asks_for_the_status(session: Session) -> None:
    plays_and_hangs_up(session)
    assert session.api("status").startswith("UP ")


def plays_long(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("ivr/ivr-long.wav")


def asks(session: Session) -> None:
    session.channel.answer()
    given = "1 1 3 3000 # ivr/ivr-please_enter.wav ivr/ivr-invalid.wav choice [1-3]"
    completed = session.channel.execute("play_and_get_digits", given)
    assert completed is not None
    assert completed.variables["choice"] == "2"
    session.channel.hangup()


def misses_a_file(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("ivr/no-such-file.wav")
    session.channel.execute("log", "INFO hi")
    session.channel.execute("no_such_app", "x")


@pytest.mark.parametrize(
    ("name", "handler"),
    [
        ("01a", asks_for_the_status),
        ("01b", plays_and_hangs_up),
        ("02a", plays_long),
        ("06c", Outbound(plays_long, events=False)),  # not async
        ("03e", asks),
        ("16", plays_long),
    ],
)
def test_handlers_replay_recordings_of_a_real_switch(
    name: str, handler: Handler | Outbound
) -> None:
    [path] = RECORDINGS.glob(f"{name}_*.jsonl")
    done = replay(path, handler)
    assert done.differences == []
    # it was asked half a second after the hangup
    assert done.remarks == ["1.569 s, command 8: api status came 0.5 s sooner than recorded"] * (
        name == "01a"
    )


def test_a_prompt_that_the_real_switch_was_not_asked_for_is_named() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback("ivr/ivr-short.wav")

    [path] = RECORDINGS.glob("02a_*.jsonl")
    [difference] = replay(path, handler).differences
    assert (difference.found, difference.recorded) == (
        "played ivr/ivr-short.wav",
        "ivr/ivr-long.wav",
    )


def test_a_recorded_refusal_is_replayed() -> None:
    def handler(session: Session) -> None:
        for command in ("bogus", "bogus with args"):
            with pytest.raises(CommandError, match="command not found"):
                session.send(command)

    [path] = RECORDINGS.glob("08a_*.jsonl")
    assert replay(path, handler).differences[0].found == "ended"


@pytest.mark.parametrize("name", ["13a", "08d", "14a"])
def test_recordings_that_no_handler_made_are_refused(name: str) -> None:
    [path] = RECORDINGS.glob(f"{name}_*.jsonl")
    with pytest.raises(ValueError, match="not of a call that a handler had"):
        replay(path, ivr)

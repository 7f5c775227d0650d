"""Recording, and playing what was recorded.

Recordings 11a to 11d and 21a to 21d; mod_dptools.c, record_function, and switch_ivr_async.c,
switch_ivr_record_session_event.
"""

from __future__ import annotations

import pytest

from eslsync import Session
from simulator import FreeSwitch
from tests.support.model_call import ModelCall

MESSAGE = "/var/voicemail/message.wav"


def test_a_message_is_recorded_until_a_key_and_played_back_as_long_as_it_was() -> None:
    def voicemail(session: Session) -> None:
        session.channel.answer()
        session.channel.set("playback_terminators", "#")
        session.channel.execute("record", f"{MESSAGE} 60")
        session.channel.playback(MESSAGE)
        session.channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(voicemail)
        call.expect("record")
        call.say_nothing(7.0)
        call.press("5#")
        began = call.duration
        call.hear(MESSAGE)
        assert call.duration - began == pytest.approx(7.2, abs=0.1)
        call.wait()


def test_a_test_can_say_how_long_a_recording_lasts() -> None:
    call = ModelCall(prompts={MESSAGE: 1.0}).answered()
    call.execute("record", f"{MESSAGE} 5")
    call.wait(7.0)
    call.execute("playback", MESSAGE)
    call.wait(1.2)
    assert call.completed.get("Application-Response") == "FILE PLAYED"


def test_a_file_that_was_not_recorded_does_not_exist() -> None:
    call = ModelCall(only_known=True).answered()
    call.execute("playback", MESSAGE)
    call.wait(0.1)
    assert call.completed.get("Application-Response") == "FILE NOT FOUND"
    call.execute("record", f"{MESSAGE} 1")
    call.wait(2.5)
    call.execute("playback", MESSAGE)
    call.wait(2.5)
    assert call.completed.get("Application-Response") == "FILE PLAYED"


@pytest.mark.parametrize(
    ("argument", "audible", "exhausted", "seconds"),
    [("20 200 2", False, "true", 2), ("20 200", False, "true", 3), ("2 200 2", True, "false", 2)],
)
def test_silence_ends_a_recording(
    argument: str, audible: bool, exhausted: str, seconds: int
) -> None:
    call = ModelCall().answered()
    call.channel.tone = 440.0 if audible else None
    call.execute("record", f"{MESSAGE} {argument}")
    call.wait(4.0)
    assert call.completed.get("Application") == "record"
    assert call.variable("silence_hits_exhausted") == exhausted
    assert call.variable("record_seconds") == str(seconds)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("greeting.wav", "/usr/share/freeswitch/sounds/en/us/callie/greeting.wav"),
        ("/tmp/greeting", "/tmp/greeting.L16"),
    ],
)
def test_a_recordings_path_depends_on_its_name(name: str, path: str) -> None:
    call = ModelCall().answered()
    call.execute("record", f"{name} 1")
    call.wait(3.0)
    assert [each.get("Record-File-Path") for each in call.events("RECORD_STOP")] == [path]


def test_a_key_restarts_the_limit() -> None:
    # switch_ivr_record_file_event: record_restart_limit_on_dtmf
    call = ModelCall().answered()
    call.execute("set", "record_restart_limit_on_dtmf=true")
    call.execute("record", f"{MESSAGE} 3", event_lock="true")
    call.wait(2.5)
    call.channel.press("1")
    call.wait(2.5)
    assert call.completed.get("Application") == "set"
    call.wait(2.0)
    assert call.completed.get("Application") == "record"


def test_record_sessions_limit_counts_whole_seconds_of_the_epoch() -> None:
    # recording 21d: +2 is over with the second second's beginning
    call = ModelCall().answered()
    call.execute("record_session", f"{MESSAGE} +2 {{who=me}}")
    call.wait(2.5)
    [stop] = call.events("RECORD_STOP")
    assert stop.get("Record-Completion-Cause") == "success-maxtime"
    assert stop.get("Recording-Variable-who") == "me"
    assert stop.time == pytest.approx(2.0, abs=0.01)


def test_two_recordings_stop_together_in_reverse_order() -> None:
    call = ModelCall().answered()
    for path in ("/tmp/a.wav", "/tmp/b.wav"):
        call.execute("record_session", path)
        call.execute("record_session", path)  # already: nothing comes of it
    call.wait(1.0)
    call.execute("stop_record_session", "all")
    call.wait(0.1)
    stops = [each.get("Record-File-Path") for each in call.events("RECORD_STOP")]
    assert stops == ["/tmp/a.wav", "/tmp/b.wav"]
    gone = [each.get("Media-Bug-Target") for each in call.events("MEDIA_BUG_STOP")]
    assert gone == ["/tmp/b.wav", "/tmp/a.wav"]


@pytest.mark.parametrize(
    ("variables", "cause"),
    [
        ("RECORD_MIN_SEC=30", "input-too-short"),
        ("RECORD_INITIAL_TIMEOUT_MS=500", "no-input-timeout"),
    ],
)
def test_a_recording_too_short_or_silent_says_so(variables: str, cause: str) -> None:
    # switch_ivr_async.c, record_callback
    call = ModelCall().answered()
    call.execute("set", variables)
    call.execute("record_session", MESSAGE)
    call.wait(1.0)
    call.execute("stop_record_session", MESSAGE)
    call.wait(0.1)
    [stop] = call.events("RECORD_STOP")
    assert stop.get("Record-Completion-Cause") == cause


def test_uuid_record_starts_and_stops_recordings() -> None:
    call = ModelCall().answered()
    uuid = call.channel.uuid

    def answer(what: str) -> str:
        before = len(call.sent)
        call.send(f"api uuid_record {uuid} {what}")
        call.wait(0.1)
        return next(each.body for each in call.sent[before:] if each.lane == "answer")

    assert answer(f"stop {MESSAGE}") == "-ERR Cannot stop record session!\n"
    assert answer(f"start {MESSAGE}") == "+OK Success\n"
    assert answer(f"mask {MESSAGE}") == "+OK Success\n"
    assert answer("mask /tmp/other.wav") == "-ERR Cannot mask recording session!\n"
    assert answer("stop all") == "+OK Success\n"
    assert answer(f"nonsense {MESSAGE}").startswith("-USAGE")


# --- what variables have done


@pytest.mark.parametrize("application", ["record", "record_session"])
def test_something_is_done_as_a_recording_starts_and_stops(application: str) -> None:
    got: list[str | None] = []

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        for name, value in {
            "execute_on_record_start": "set started=1",
            "api_on_record_start": "uuid_setvar ${uuid} told 1",
            "execute_on_record_stop": "set stopped=1",
            "record_post_process_exec_api": "uuid_setvar:${uuid} processed 1",
        }.items():
            channel.execute("set", f"{name}=" + value.replace("${", "\\${"))
        if application == "record":
            channel.execute("record", "/tmp/a.wav 1")
        else:
            channel.execute("record_session", "/tmp/a.wav")
            channel.sleep(1.0)
            channel.execute("stop_record_session", "/tmp/a.wav")
        names = ("started", "told", "stopped", "processed")
        got.extend(channel.get_variable(name) for name in names)

    with FreeSwitch() as switch:
        switch.call(handler).wait()
    assert got == ["1"] * 4


def test_a_pause_is_left_out_of_the_recording() -> None:
    call = ModelCall().answered()
    call.execute("record_session", "/tmp/paused.wav")
    call.wait(2.0)
    call.execute("record_session_pause", "/tmp/paused.wav")
    call.wait(3.0)
    call.execute("record_session_resume", "/tmp/paused.wav")
    call.wait(1.0)
    call.execute("stop_record_session", "/tmp/paused.wav")
    call.wait(0.1)
    assert call.variable("record_seconds") in ("2", "3")

"""Applications that record."""

from __future__ import annotations

from typing import Any

import pytest

from eslsync import Channel, Digits, Event
from simulator import Call
from tests.support.asking import ask, recorded_words, words_of
from tests.support.evidence import stands_on

MESSAGE = "/tmp/message.wav"


@stands_on("11a_record_app", "record")
def test_record_returns_how_long_it_is() -> None:
    recorded = ask(lambda channel: channel.record(MESSAGE, limit=2)).value
    assert (recorded.file, recorded.terminator) == (MESSAGE, None)
    assert 2 <= recorded.seconds <= 3  # more than two seconds of the epoch


@stands_on("11a_record_app", "record")
def test_record_is_written_as_it_was_recorded() -> None:
    [file, limit] = recorded_words("11a", "record")
    words = words_of("record", lambda channel: channel.record(file, limit=1.5))
    assert words == [file, limit]


@stands_on("mod_dptools.c, record_function", "record")
def test_a_key_ends_the_message_and_is_reported() -> None:
    def caller(call: Call) -> None:
        call.say_nothing(5)
        call.press("1#")

    recorded = ask(lambda channel: channel.record(MESSAGE, terminators="#"), caller).value
    assert recorded.terminator == "#"
    assert recorded.seconds == pytest.approx(5.2, abs=0.1)


@stands_on("mod_dptools.c, record_function", "record")
def test_the_key_that_ended_one_message_is_not_reported_for_the_next() -> None:
    def question(channel: Channel) -> list[str | None]:
        return [channel.record(MESSAGE, limit=3, terminators="#").terminator for _ in range(2)]

    def caller(call: Call) -> None:
        call.say_nothing(1)
        call.press("#")

    assert ask(question, caller).value == ["#", None]


@stands_on("mod_dptools.c, record_function", "record")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, []),
        ({"limit": 60}, ["60"]),
        ({"silence_threshold": 200}, ["0", "200"]),
        ({"silence_threshold": 200, "silence_seconds": 3}, ["0", "200", "3"]),
        ({"limit": 60, "silence_threshold": 200, "silence_seconds": 2.5}, ["60", "200", "3"]),
    ],
)
def test_omitted_parameters_do_not_move_the_others(
    options: dict[str, Any], words: list[str]
) -> None:
    def question(channel: Channel) -> None:
        channel.record("/tmp/of O'Brien.wav", **options)

    def caller(call: Call) -> None:
        call.say_nothing(1)
        call.press("*")

    assert words_of("record", question, caller=caller) == ["/tmp/of O'Brien.wav", *words]


@stands_on("11a_record_app", "record")
def test_silence_seconds_need_a_threshold() -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(ValueError, match="silence_threshold"):
            channel.record(MESSAGE, silence_seconds=3)
        channel.record(MESSAGE, limit=1)

    ask(question)


@stands_on("11c_record_session_stop", "record_session")
@stands_on("11c_record_session_stop", "stop_record_session")
@pytest.mark.parametrize("which", [(), (MESSAGE,)])
def test_a_conversation_is_recorded_until_it_is_stopped(which: tuple[str, ...]) -> None:
    events: list[tuple[str, str]] = []

    def note(event: Event) -> None:
        events.append((event.name, event["Record-File-Path"]))

    def question(channel: Channel) -> float:
        channel.on("RECORD_START", note)
        channel.on("RECORD_STOP", note)
        channel.record_session(MESSAGE)
        channel.playback("ivr/ivr-welcome")
        channel.stop_record_session(*which)
        channel.sleep(1)
        return float(channel.variables["record_seconds"])

    assert ask(question).value == 2.0
    assert events == [("RECORD_START", MESSAGE), ("RECORD_STOP", MESSAGE)]


@stands_on("11c_record_session_stop", "record_session")
@stands_on("11c_record_session_stop", "stop_record_session")
def test_record_session_is_written_as_recorded() -> None:
    [file] = recorded_words("11c", "record_session")
    assert words_of("record_session", lambda channel: channel.record_session(file)) == [file]
    [file] = recorded_words("11c", "stop_record_session")
    assert words_of("stop_record_session", lambda c: c.stop_record_session(file)) == [file]


@stands_on("11d_record_session_hangup", "record_session")
def test_the_hangup_ends_the_recording() -> None:
    stopped: list[Event] = []

    def question(channel: Channel) -> None:
        channel.on("RECORD_STOP", stopped.append)
        channel.record_session(MESSAGE)
        channel.sleep(3)

    ask(question)
    [event] = stopped
    assert event["Record-File-Path"] == MESSAGE


@stands_on("mod_dptools.c, record_session_function", "record_session")
def test_a_recording_may_have_a_limit() -> None:
    def question(channel: Channel) -> str:
        channel.record_session(MESSAGE, limit=4.2)
        return channel.wait("RECORD_STOP")["Record-Completion-Cause"]

    asked = ask(question)
    assert asked.value == "success-maxtime"
    assert asked.call.duration == pytest.approx(5, abs=0.2)
    assert words_of("record_session", question) == [MESSAGE, "+5"]


@stands_on("21a_record_ended_by_digits", "record")
def test_the_key_that_ended_a_message_does_not_answer_the_next_question() -> None:
    def question(channel: Channel) -> Digits:
        assert channel.record(MESSAGE, terminators="any").terminator == "1"
        return channel.get_digits("ivr/keep_it", timeout=1)

    def caller(call: Call) -> None:
        call.expect("record")
        call.press("1")
        call.hear("ivr/keep_it")

    assert ask(question, caller).value.timed_out

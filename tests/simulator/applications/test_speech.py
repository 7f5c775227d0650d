"""Speech recognition: what the caller says reaches the handler (recordings 29a, 29b)."""

from __future__ import annotations

import json

import pytest

from eslsync import Session
from simulator import FreeSwitch

DATA = "ivr/question detect:vosk default"
QUESTION = {"ivr/question": 2.0}


def asked(*results: str | None, data: str = DATA, switch: FreeSwitch) -> list[str | None]:
    """What play_and_detect_speech results in, for a caller who says these one after the other.

    None says nothing; an empty text is speech whose words are not told.
    """
    found: list[str | None] = []

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        for _ in results:
            channel.execute("play_and_detect_speech", data)
            found.append(channel.get_variable("detect_speech_result"))
        channel.hangup()

    with switch:
        call = switch.call(handler)
        for words in results:
            if words is None:
                call.say_nothing(8.0)
            else:
                call.say_nothing(0.5)
                call.talk(1.0, words)
                call.say_nothing(1.0)
        call.wait()
    return found


def test_the_handler_gets_the_callers_words() -> None:
    (result,) = asked("yes", switch=FreeSwitch(prompts=QUESTION))
    assert json.loads(result or "") == {"grammar": "default", "text": "yes", "confidence": 87.3}


def test_speech_without_words_has_a_result_as_well() -> None:
    (result,) = asked("", switch=FreeSwitch(prompts=QUESTION))
    assert json.loads(result or "")["text"] == "agent"


def test_words_that_are_a_result_of_another_engine_arrive_as_they_are() -> None:
    xml = '<result grammar="default"><interpretation confidence="90"><input>yes</input>'
    assert asked(xml, switch=FreeSwitch(prompts=QUESTION)) == [xml]


def test_each_question_gets_its_own_answer_and_silence_gets_none() -> None:
    results = asked("one", None, "two", switch=FreeSwitch(prompts=QUESTION))
    read = [json.loads(each or "") for each in results]
    assert [each["text"] for each in read] == ["one", "", "two"]
    assert read[1]["error"] == "no_input"


def test_speech_cuts_the_prompt() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.execute("play_and_detect_speech", DATA)
        session.channel.hangup()

    with FreeSwitch(prompts={"ivr/question": 60.0}) as switch:
        call = switch.call(handler)
        call.say_nothing(1.0)
        call.talk(1.0, "yes")
        call.wait()
    assert call.duration == pytest.approx(2.8, abs=0.2)


def test_an_engine_that_is_not_there_is_refused() -> None:
    assert asked(None, switch=FreeSwitch(recognizers=("test",))) == [None]


@pytest.mark.parametrize(
    ("data", "response"),
    [
        ("ivr/question", "USAGE ERROR"),
        ("ivr/question detect:vosk", "USAGE ERROR"),
        ("ivr/question detect:other default", "ASR INIT ERROR"),
        ("ivr/question detect:vosk {open", "GRAMMAR ERROR"),
    ],
)
def test_the_response_says_what_is_wrong(data: str, response: str) -> None:
    found: list[str | None] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        done = session.channel.execute("play_and_detect_speech", data)
        found.append(None if done is None else done["Application-Response"])
        session.channel.hangup()

    allow = ["play_and_detect_speech"]  # its usage, which the response tells, too
    with FreeSwitch(prompts=QUESTION, recognizers=("vosk",), allow_unmodelled=allow) as switch:
        switch.call(handler).wait()
    assert found == [response]


def test_a_digit_is_a_result() -> None:
    found: list[str | None] = []

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        channel.set("playback_terminators", "#")
        channel.execute("play_and_detect_speech", DATA)
        found.append(channel.get_variable("detect_speech_result"))
        channel.hangup()

    with FreeSwitch(prompts=QUESTION) as switch:
        call = switch.call(handler)
        call.say_nothing(1.0)
        call.press("1#")
        call.wait()
    assert found == ["DIGIT: #"]


def test_detect_speech_tells_the_words_by_an_event() -> None:
    heard: list[tuple[str, str]] = []

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        channel.execute("detect_speech", "vosk default default")
        for _ in range(2):
            event = session.wait("DETECTED_SPEECH", timeout=10.0)
            heard.append((event["Speech-Type"], event.body))
        channel.execute("detect_speech", "stop")
        channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.say_nothing(1.0)
        call.talk(1.0, "operator")
        call.wait()
    assert [what for what, _ in heard] == ["begin-speaking", "detected-speech"]
    assert json.loads(heard[1][1])["text"] == "operator"


def test_a_recognizer_that_is_paused_hears_nothing_until_it_is_resumed() -> None:
    heard: list[str] = []

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        channel.execute("detect_speech", "vosk default default")
        channel.execute("detect_speech", "pause")
        channel.sleep(3)
        channel.execute("detect_speech", "resume")
        session.wait("DETECTED_SPEECH", timeout=10.0)
        heard.append(session.wait("DETECTED_SPEECH", timeout=10.0).body)
        channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.say_nothing(0.5)
        call.talk(1.0, "lost")
        call.say_nothing(3.0)
        call.talk(1.0, "found")
        call.wait()
    assert [json.loads(each)["text"] for each in heard] == ["found"]

"""Speech recognition: what the caller says reaches the handler (recordings 29a, 29b, 53)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eslsync import Session
from simulator import CallFailed, FreeSwitch
from simulator.scripts.script import Script, ScriptError, run_script
from tests.support.cases import for_each

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


def heard_by(recognizers: Any, *said: str) -> list[str]:
    """What a handler understands of these, one after the other, with two grammars in turn."""
    found: list[str] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        for number in range(len(said)):
            grammar = ("departments", "yes_no")[number % 2]
            speech = session.channel.play_and_detect_speech("ivr/question", "Vosk", grammar)
            found.append(speech.response if speech.failed else str(speech))
        session.channel.hangup()

    with FreeSwitch(prompts=QUESTION, recognizers=recognizers) as switch:
        call = switch.call(handler)
        for words in said:
            call.says(words, when_asked=True)
        call.wait()
    return found


@pytest.mark.parametrize(
    ("recognizers", "understood"),
    [
        (None, ["Billing", "yes"]),
        (["vosk"], ["Billing", "yes"]),
        ({"vosk": None}, ["Billing", "yes"]),
        ({"vosk": ["billing"]}, ["billing", ""]),
        ({"vosk": {"departments": ["billing", "yes"], "yes_no": ["no"]}}, ["billing", ""]),
        ({"vosk": lambda words, grammar: words + grammar}, ["Billingdepartments", "yesyes_no"]),
        ({"vosk": lambda words, grammar: '{"text": "it"}'}, ["it", "it"]),
        ({"vosk": lambda words, grammar: None}, ["", ""]),
    ],
)
def test_what_an_engine_understands_is_given(recognizers: Any, understood: list[str]) -> None:
    assert heard_by(recognizers, "Billing", "yes") == understood


@for_each(
    ("recognizers", "wrong"),
    [
        ("vosk", "recognizers must be a mapping, a list or None, not str: put it in brackets"),
        ({"vosk": "billing"}, "recognizers: vosk must be a list, .*, not str: put it in brackets"),
        (
            {"vosk": {"departments": "billing"}},
            "recognizers: vosk: departments must be a list, not str",
        ),
        ({"vosk": 7}, "recognizers: vosk must be a list, .*, not int"),
        ({"": ["billing"]}, "must not be empty"),
    ],
)
def test_a_recognizer_that_understands_nothing_possible_is_refused(
    recognizers: Any, wrong: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=wrong):
        FreeSwitch(recognizers=recognizers)


def test_who_speaks_before_anybody_listens_is_not_heard() -> None:
    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        channel.sleep(2)
        assert channel.play_and_detect_speech("ivr/question", "vosk", "departments").timed_out
        channel.hangup()

    with FreeSwitch(prompts=QUESTION) as switch:
        call = switch.call(handler)
        call.says("billing")
        call.wait()


def test_nobody_listens_or_the_call_has_ended() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.sleep(5000)
        session.channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(handler)
        with pytest.raises(CallFailed, match=r"can't say 'billing': nobody listened within 3600 s"):
            call.says("billing", when_asked=True)
        call.wait()
        with pytest.raises(CallFailed, match=r"can't say 'billing': the call has ended"):
            call.says("billing")


def test_it_takes_as_long_as_it_takes_to_say() -> None:
    lasted: list[float] = []
    with FreeSwitch() as switch:
        call = switch.call(lambda session: session.channel.sleep(60))
        for words, seconds in (("yes", None), ("that is a long story", None), ("yes", 3.0)):
            began = switch.now
            call.says(words, seconds=seconds)
            lasted.append(round(switch.now - began, 2))
    assert lasted == [0.61, 1.8, 3.0]


SCRIPT = """
handler: {file}
call:
  prompts: {{ivr/question: 2}}
  recognizers: {recognizers}
steps:
  - says: {{words: billing, when_asked: true}}
  - hear: ivr/billing
"""
HANDLER = """
def handler(session):
    session.channel.answer()
    speech = session.channel.play_and_detect_speech("ivr/question", "vosk", "departments")
    session.channel.playback(f"ivr/{speech or 'nothing'}")
    session.channel.hangup()
"""


@pytest.mark.parametrize(
    ("recognizers", "heard"),
    [
        ("[vosk]", "billing"),
        ("{vosk: [billing, sales]}", "billing"),
        ("{vosk: {departments: [billing]}}", "billing"),
        ("{vosk: [sales]}", "nothing"),
    ],
)
def test_a_script_has_both(recognizers: str, heard: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(HANDLER)
    path = tmp_path / "a.call.yaml"
    text = SCRIPT.format(file="app.py", recognizers=recognizers).replace("billing\n", f"{heard}\n")
    path.write_text(text)
    script = Script.read(path)
    assert Script.parse(script.dump(), path) == script
    assert run_script(path).heard == ["ivr/question", f"ivr/{heard}"]


def test_a_script_says_what_a_recognizer_takes() -> None:
    text = SCRIPT.format(file="app.py", recognizers="{vosk: billing}")
    with pytest.raises(ScriptError, match=r"vosk in recognizers of call takes a list"):
        Script.parse(text)

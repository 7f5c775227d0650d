"""Applications that listen, and what they return: `Speech` and `Recognition`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from eslsync import Channel, Hangup, Speech, TimeoutError
from simulator import Call, FreeSwitch
from tests.support.asking import ask, recorded_words, words_of
from tests.support.evidence import stands_on

QUESTION = "ivr/question"
LONG = {QUESTION: 10.0}
ENGINES = {"vosk": ["billing", "sales"]}
TIMED: Mapping[str, str | float] = {"start-input-timers": False, "no-input-timeout": 2000}


def listen(channel: Channel, **options: Any) -> Speech:
    return channel.play_and_detect_speech(QUESTION, "vosk", "departments", **options)


def says(words: str) -> Any:
    return lambda call: call.says(words, when_asked=True)


# play_and_detect_speech


@stands_on("53a_detect_speech_timers", "play_and_detect_speech")
def test_what_the_caller_says_is_returned_and_cuts_the_prompt() -> None:
    asked = ask(listen, says("billing"), prompts=LONG, recognizers=ENGINES)
    speech = asked.value
    assert speech == "billing"
    assert (speech.timed_out, speech.terminator, speech.failed) == (False, None, False)
    assert (speech.confidence, speech.response) == (87.3, "DONE")
    assert speech.result == '{"grammar": "departments", "text": "billing", "confidence": 87.300000}'
    assert asked.call.duration < 3


@stands_on("53a_detect_speech_timers", "play_and_detect_speech")
@pytest.mark.parametrize(
    ("parameters", "seconds"), [({"no-input-timeout": 2000}, 2.0), (TIMED, 12.0)]
)
def test_silence_is_counted_from_the_beginning_of_the_prompt_or_from_its_end(
    parameters: Mapping[str, str | float], seconds: float
) -> None:
    asked = ask(lambda channel: listen(channel, parameters=parameters), prompts=LONG)
    assert asked.value == ""
    assert asked.value.timed_out
    assert seconds <= asked.call.duration < seconds + 0.3


@stands_on("29a_play_and_detect_speech", "play_and_detect_speech")
def test_what_is_not_understood_is_empty_and_not_timed_out() -> None:
    speech = ask(listen, says("pizza"), prompts=LONG, recognizers=ENGINES).value
    assert speech == ""
    assert not speech.timed_out
    assert not speech.failed


@stands_on("53d_detect_speech_keys", "play_and_detect_speech")
@pytest.mark.parametrize(
    ("terminators", "pressed", "ends"),
    [
        ("any", "7", True),
        ("12", "2", True),
        ("12", "3", False),
        ("", "*", False),
        (None, "*", False),
    ],
)
def test_a_key_among_the_terminators_ends_it(
    terminators: str | None, pressed: str, ends: bool
) -> None:
    def caller(call: Call) -> None:
        call.hear(QUESTION, start=True)
        call.press(pressed)

    speech = ask(
        lambda channel: listen(channel, terminators=terminators, parameters=TIMED),
        caller,
        prompts={QUESTION: 2.0},
    ).value
    assert speech == ""
    assert speech.terminator == (pressed if ends else None)
    assert speech.timed_out is not ends


@stands_on("53d_detect_speech_keys", "play_and_detect_speech")
def test_the_key_that_ended_it_satisfies_no_later_wait() -> None:
    def question(channel: Channel) -> bool:
        listen(channel, terminators="1")
        with pytest.raises(TimeoutError):
            channel.wait("DTMF", timeout=1.0)
        return True

    def caller(call: Call) -> None:
        call.hear(QUESTION, start=True)
        call.press("1")

    assert ask(question, caller, prompts=LONG).value


@stands_on("53b_detect_speech_hangup", "play_and_detect_speech")
@stands_on("53c_detect_speech_hangup_waiting", "play_and_detect_speech")
@pytest.mark.parametrize("words", [None, "billing"])
def test_a_hangup_meanwhile_is_raised(words: str | None) -> None:
    raised: list[Hangup] = []

    def question(channel: Channel) -> None:
        try:
            listen(channel)
        except Hangup as hangup:
            raised.append(hangup)
            raise

    def handler(session: Any) -> None:
        session.channel.answer()
        question(session.channel)

    with FreeSwitch(prompts=LONG) as switch:
        call = switch.call(handler)
        call.hear(QUESTION, start=True)
        if words is not None:
            call.says(words)
        call.hangup()
    assert len(raised) == 1


@stands_on("29a_play_and_detect_speech", "play_and_detect_speech")
@pytest.mark.parametrize(
    ("engine", "grammar", "response"),
    [
        ("other", "departments", "ASR INIT ERROR"),
        ("vosk", "people", "GRAMMAR ERROR"),
    ],
)
def test_what_cannot_be_done_is_a_failure(engine: str, grammar: str, response: str) -> None:
    speech: list[Speech] = []

    def handler(session: Any) -> None:
        session.channel.answer()
        speech.append(session.channel.play_and_detect_speech(QUESTION, engine, grammar))
        session.channel.hangup()

    recognizers = {"vosk": {"departments": ["billing"]}}
    with FreeSwitch(recognizers=recognizers, prompts=LONG) as switch:
        switch.call(handler).wait()
    assert speech[0].failed
    assert speech[0].response == response
    assert not speech[0].timed_out


@stands_on("53a_detect_speech_timers", "play_and_detect_speech")
def test_the_argument_is_written_as_it_was_recorded() -> None:
    words = words_of(
        "play_and_detect_speech",
        lambda channel: channel.play_and_detect_speech(
            "ivr/ivr-short.wav",
            "test",
            "departments",
            parameters={"start-input-timers": False, "no-input-timeout": 2000},
        ),
    )
    assert words == recorded_words("53a", "play_and_detect_speech", 1)


@stands_on("mod_dptools.c, play_and_detect_speech_function", "play_and_detect_speech")
@pytest.mark.parametrize(
    "grammar", ["two words", "it's", "a,b=c", "${uuid}", "back\\slash", "<g/>"]
)
@pytest.mark.parametrize("value", ["a, b", "don't", "x=y ", "two  blanks"])
def test_grammar_and_parameters_arrive_as_they_are(grammar: str, value: str) -> None:
    understood: list[tuple[str, str]] = []

    def understand(words: str, grammar: str) -> str:
        understood.append((words, grammar))
        return "yes"

    def handler(session: Any) -> None:
        session.channel.answer()
        session.channel.play_and_detect_speech(
            QUESTION, "vosk", grammar, parameters={"result": value}
        )
        session.channel.hangup()

    with FreeSwitch(prompts=LONG, recognizers={"vosk": understand}) as switch:
        call = switch.call(handler)
        call.says("anything", when_asked=True)
        call.wait()
    assert understood == [(value, grammar)]  # mod_test's parameter `result` stands for the words


@stands_on("mod_dptools.c, play_and_detect_speech_function", "play_and_detect_speech")
@pytest.mark.parametrize(
    ("file", "engine", "grammar", "parameters"),
    [
        ("detect:me", "vosk", "g", None),
        ("", "vosk", "g", None),
        ("a", "", "g", None),
        ("a", "vo sk", "g", None),
        ("a", "stop", "g", None),
        ("a", "vosk", " ", None),
        ("a", "vosk", "g", {"x": "{"}),
    ],
)
def test_what_freeswitch_would_take_apart_is_refused(
    file: str, engine: str, grammar: str, parameters: Mapping[str, str | float] | None
) -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(ValueError, match=r"."):
            channel.play_and_detect_speech(file, engine, grammar, parameters=parameters)
        listen(channel, timeout=20.0)

    ask(question, says("billing"), prompts=LONG)


@stands_on("53a_detect_speech_timers", "play_and_detect_speech")
def test_words_are_hidden_where_digits_are() -> None:
    speech = ask(listen, says("one two three"), prompts=LONG).value
    assert repr(speech) == "<Speech: 3 words>"
    assert repr(speech.result) == f"<{len(speech.result)} characters>"
    assert repr(Speech("sales", hidden=False)) == "Speech('sales')"
    assert repr(Speech("", terminator="1", response="ERROR", hidden=False)) == (
        "Speech('', terminator='1', response='ERROR')"
    )


# detect_speech


@stands_on("53e_detect_speech_commands", "detect_speech")
def test_a_prompt_is_played_while_it_listens() -> None:
    def question(channel: Channel) -> Speech:
        recognition = channel.detect_speech("vosk", "departments")
        channel.playback(QUESTION)
        return recognition.wait(timeout=1.0)

    def caller(call: Call) -> None:
        call.hear(QUESTION, start=True)
        call.says("sales")

    asked = ask(question, caller, prompts={QUESTION: 5.0}, recognizers=ENGINES)
    assert asked.value == "sales"
    assert asked.call.duration == pytest.approx(5.1, abs=0.2)


@stands_on("29b_detect_speech", "detect_speech")
def test_each_answer_is_returned_once_though_a_parked_channel_tells_it_twice() -> None:
    def question(channel: Channel) -> list[str]:
        with channel.detect_speech("vosk", "departments", parameters=TIMED) as recognition:
            found = [str(recognition.wait())]
            recognition.resume()
            found.append(str(recognition.wait(timeout=10.0)))
            recognition.resume()
            recognition.start_input_timers()
            assert recognition.wait(timeout=10.0).timed_out
        assert recognition.wait(timeout=1.0).failed  # it was stopped
        return found

    def caller(call: Call) -> None:
        call.says("sales", when_asked=True)
        call.says("billing", when_asked=True)

    assert ask(question, caller, recognizers=ENGINES).value == ["sales", "billing"]


@stands_on("53e_detect_speech_commands", "detect_speech")
def test_its_commands() -> None:
    def question(channel: Channel) -> list[str]:
        sent: list[str] = []
        channel.on(
            "CHANNEL_EXECUTE",
            lambda event: sent.append(event.get("Application-Data", "")),
        )
        recognition = channel.detect_speech("vosk", "two words", "first")
        recognition.grammar("sales", "second", parameters={"no-input-timeout": 900})
        recognition.param("no-input-timeout", 800)
        recognition.pause()
        recognition.resume()
        assert recognition.wait(timeout=2.0).timed_out
        recognition.command("grammarsalloff")
        recognition.stop()
        return sent[1:]

    assert ask(question).value == [
        "vosk 'two words' first",
        "grammar {no-input-timeout=900}sales second",
        "param no-input-timeout 800",
        "pause",
        "resume",
        "grammarsalloff",
        "stop",
    ]


@stands_on("53h_detect_speech_hangup_async", "detect_speech")
def test_a_hangup_ends_its_wait() -> None:
    def handler(session: Any) -> None:
        session.channel.answer()
        recognition = session.channel.detect_speech("vosk", "departments")
        with pytest.raises(Hangup), recognition:
            recognition.wait()

    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.say_nothing(1.0)
        call.hangup()


@stands_on("switch_ivr_async.c, switch_ivr_detect_speech", "detect_speech")
def test_it_needs_an_async_socket() -> None:
    def handler(session: Any) -> None:
        session.channel.answer()
        with pytest.raises(RuntimeError, match="async"):
            session.channel.detect_speech("vosk", "departments")
        session.channel.execute("detect_speech", "vosk departments departments")
        session.channel.hangup()

    with FreeSwitch() as switch:
        switch.call(handler, socket="full").wait()

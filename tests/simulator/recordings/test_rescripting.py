"""A recorded call becomes a script, which makes the same call again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eslsync import CommandError, Outbound, Session, TimeoutError
from examples.ivr import handler as ivr
from simulator import Call, FreeSwitch, replay
from simulator.recordings.reading import Recording
from simulator.recordings.rescripting import script_of
from simulator.scripts.script import Script, ScriptError
from tests.support.cases import for_each
from tests.support.places import EXAMPLES, RECORDINGS
from tests.support.recorded import various

Handler = Callable[[Session], object]


def both(
    folder: Path,
    handler: Handler,
    script: Callable[[Call], object] = lambda call: None,
    *,
    far_ends: dict[str, dict[str, Any]] | None = None,
    prompts: dict[str, float] | None = None,
    start: str | None = None,
    recognizers: Any = None,
    **call: Any,
) -> tuple[Call, Script, Call]:
    """Make a call; return it, the script made from its recording, and the script's call."""
    with FreeSwitch(prompts=prompts, start=start, recognizers=recognizers, raises=False) as switch:
        for dial_string, behaviour in (far_ends or {}).items():
            switch.endpoint(dial_string, **behaviour)
        first = switch.call(Outbound(handler, record=folder, redact=()), **call)
        script(first)
        first.wait()
    [path] = folder.iterdir()
    made = script_of(Recording.read(path), "handler.py")
    assert Script.parse(made.dump()) == made
    return first, made, made.run(handler)


def pressed(call: Call) -> list[tuple[float, str]]:
    """The keys and the hangup, each with its time."""
    return [
        (entry.time, entry.text)
        for entry in call.transcript.entries
        if entry.sender == "caller" and entry.text.startswith(("presses ", "hangs up "))
    ]


def assert_same(one: Call, other: Call) -> None:
    assert other.heard == one.heard
    assert other.cause == one.cause
    assert other.duration == pytest.approx(one.duration, abs=0.05)
    assert [text for _, text in pressed(other)] == [text for _, text in pressed(one)]
    for (moment, _), (again, _) in zip(pressed(one), pressed(other), strict=True):
        assert again == pytest.approx(moment, abs=0.021), "a frame"


def steps(script: Script) -> list[tuple[str, Any]]:
    return [(step.verb, dict(step.options)) for step in script.steps]


def test_a_recorded_ivr_call_becomes_a_script(tmp_path: Path) -> None:
    one, script, other = both(tmp_path, ivr, lambda call: call.press("1", when_asked=True))
    assert_same(one, other)
    assert script.dump() == (
        """\
handler: handler.py
call:
  caller: "1001"
  destination: "5000"
  start: "2026-01-05T09:00:00"
steps:
  - hear: ivr/ivr-welcome
  - press: "1"
  - hear: ivr/ivr-option-1
  - wait
expect:
  cause: NORMAL_CLEARING
  heard:
    - ivr/ivr-welcome
    - ivr/ivr-option-1
"""
    )


def test_pressing_during_a_prompt_and_hanging_up_are_kept(tmp_path: Path) -> None:
    def caller(call: Call) -> None:
        call.hear("ivr/ivr-welcome", start=True)
        call.say_nothing(1.2)
        call.press("2")
        call.hear("ivr/ivr-option-2", start=True)
        call.say_nothing(0.7)
        call.hangup("USER_BUSY")

    one, script, other = both(tmp_path, ivr, caller, prompts={"ivr/ivr-welcome": 4.0})
    assert_same(one, other)
    assert steps(script) == [
        ("hear", {"prompt": "ivr/ivr-welcome", "start": True}),
        ("say_nothing", {"seconds": 1.2}),
        ("press", {"digits": "2"}),
        ("hear", {"prompt": "ivr/ivr-option-2", "start": True}),
        ("say_nothing", {"seconds": 0.7}),
        ("hangup", {"cause": "USER_BUSY"}),
    ]


def test_keys_in_a_row_and_single_keys_are_kept(tmp_path: Path) -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.get_digits("pin", min=4)
        session.channel.get_digits(min=3)
        session.channel.hangup()

    def caller(call: Call) -> None:
        call.hear("pin")
        call.press("1234")
        call.say_nothing(1.0)
        call.press("56", gap=0.6)
        call.say_nothing(3.0)
        call.press("7")

    one, script, other = both(tmp_path, handler, caller)
    assert_same(one, other)
    assert [options for verb, options in steps(script) if verb == "press"] == [
        {"digits": "1234"},
        {"digits": "56", "gap": 0.6},
        {"digits": "7"},
    ]


def test_the_lengths_of_prompts_are_kept(tmp_path: Path) -> None:
    lengths = {"short": 0.5, "long": 7.5, "cut": 30.0}

    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback("short")
        session.channel.playback("long")
        session.channel.playback("usual")
        session.channel.playback("cut", terminators="#")
        session.channel.hangup()

    def caller(call: Call) -> None:
        call.hear("cut", start=True)
        call.say_nothing(9)
        call.press("#")

    one, script, other = both(tmp_path, handler, caller, prompts=lengths)
    assert_same(one, other)
    prompts = script.call["prompts"]
    assert isinstance(prompts, dict)
    assert prompts["short"] == 0.5
    assert prompts["long"] == 7.5
    assert "usual" not in prompts
    assert prompts["cut"] > 9, "at least what was heard of it"


def test_the_time_of_day_and_the_caller_are_kept(tmp_path: Path) -> None:
    def handler(session: Session) -> None:
        from datetime import datetime

        session.channel.answer()
        session.channel.playback("open" if datetime.now().hour < 18 else "closed")
        session.channel.playback(session.caller_name)
        session.channel.playback(session.destination)
        session.channel.hangup()

    one, script, other = both(
        tmp_path,
        handler,
        start="2026-03-04T18:30:00",
        caller="2002",
        caller_name="Jürgen",
        destination="7000",
        socket="async",
    )
    assert other.heard == one.heard == ["closed", "Jürgen", "7000"]
    assert script.call["socket"] == "async"


@pytest.mark.parametrize(
    "behaviour",
    [
        {"answers_after": 3.0, "hangs_up_after": 5.0},
        {"rejects": "USER_BUSY"},
        {"answers_after": None},
    ],
)
def test_the_behaviour_of_far_ends_is_kept(tmp_path: Path, behaviour: dict[str, Any]) -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        bridged = session.channel.bridge("user/1000", ring_timeout=10)
        session.channel.playback("thanks" if bridged.answered else "sorry")
        session.channel.hangup()

    one, script, other = both(tmp_path, handler, far_ends={"user/1000": behaviour})
    assert_same(one, other)
    assert other.bridged == one.bridged
    told = {name: "never" if value is None else value for name, value in behaviour.items()}
    assert script.call["endpoints"] == {"user/1000": told}


def test_legs_that_the_handler_originates_are_kept(tmp_path: Path) -> None:
    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        try:
            desk = session.originate("user/1000", timeout=20)
        except CommandError as error:
            channel.playback(f"not {error.cause}")
            desk = session.originate("user/1001", timeout=20)
        desk.playback("whisper")
        desk.wait("DTMF", timeout=10)
        channel.bridge(desk)
        channel.playback("goodbye")
        channel.hangup()

    busy = {"rejects": "USER_BUSY"}
    answers = {"rings": True, "answers_after": 2.0, "presses": [(4.0, "1")], "hangs_up_after": 9.0}
    far_ends: dict[str, dict[str, Any]] = {"user/1000": busy, "user/1001": answers}
    one, script, other = both(tmp_path, handler, far_ends=far_ends)
    assert_same(one, other)
    assert one.heard == ["not USER_BUSY", "goodbye"]
    assert script.call["endpoints"] == {
        "user/1000": busy,
        "user/1001": {**answers, "presses": [{"after": 4.0, "digits": "1"}]},
    }


def test_files_played_as_one_are_kept(tmp_path: Path) -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback(["press.wav", "digits/1.wav", "sales.wav"], terminators="#")
        session.channel.say("12")
        session.channel.hangup()

    def caller(call: Call) -> None:
        call.hear("digits/1")
        call.say_nothing(0.5)
        call.press("#")

    one, script, other = both(tmp_path, handler, caller)
    assert one.outcome is None
    assert_same(one, other)
    assert "heard" not in script.expect, "the recording does not tell all of it"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.call.yaml")), ids=lambda path: path.name)
def test_calls_to_the_examples_become_scripts(path: Path, tmp_path: Path) -> None:
    """Each call is recorded, replays without differences, and is made again by its script."""
    written = Script.read(path)
    handler = written.load()
    assert not isinstance(handler, (Outbound, str))
    one = written.run(Outbound(handler, record=tmp_path, redact=()))
    recordings = [Recording.read(each) for each in sorted(tmp_path.iterdir())]
    if len(recordings) > 1:
        return  # callers meet, and what one of them does depends on another
    [recording] = recordings
    assert replay(recording, handler).differences == []
    other = script_of(recording, written.handler, written.name).run(handler)
    assert other.cause == one.cause
    assert other.duration == pytest.approx(one.duration, abs=0.1)
    ringback = {each for each in one.heard if each.startswith("%(")}  # of that, no event tells
    assert other.heard == [each for each in one.heard if each not in ringback]


def test_a_silent_caller_becomes_a_script(tmp_path: Path) -> None:
    one, script, other = both(tmp_path, ivr)
    assert_same(one, other)
    assert steps(script)[-1] == ("wait", {})
    assert script.expect["heard"] == ["ivr/ivr-welcome", "ivr/ivr-timeout"]


def test_the_script_fails_where_the_handler_does_something_else(tmp_path: Path) -> None:
    def other_handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        channel.playback("ivr/ivr-welcome")
        try:
            channel.wait("DTMF", timeout=10)
        except TimeoutError:
            pass
        channel.playback("ivr/ivr-option-9")
        channel.hangup()

    _, script, _ = both(tmp_path, ivr, lambda call: call.press("1", when_asked=True))
    with pytest.raises(AssertionError, match="did not hear 'ivr/ivr-option-1'"):
        script.run(other_handler)


def test_redacted_keys_cannot_be_pressed(tmp_path: Path) -> None:
    with FreeSwitch() as switch:
        call = switch.call(Outbound(ivr, record=tmp_path))
        call.press("1", when_asked=True)
        call.wait()
    [path] = tmp_path.iterdir()
    with pytest.raises(ScriptError, match="keys that were pressed are redacted"):
        script_of(Recording.read(path), "handler.py")


# What the caller says


def which_department(**parameters: float) -> Handler:
    """A handler that asks until it knows, three times at most, and tells what it has heard."""

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        for _ in range(3):
            speech = channel.play_and_detect_speech(
                "ask", "vosk", "departments", terminators="0", parameters=parameters
            )
            channel.playback(f"heard/{speech}/{speech.confidence}/{speech.terminator}")
            if speech.terminator or (speech and (speech.confidence or 0) > 0.5):
                break
        channel.playback("bye")
        channel.hangup()

    return handler


def during_the_question(call: Call) -> None:
    call.hear("ask", start=True)
    call.say_nothing(0.5)
    call.says("Sales", seconds=2.0)


def silence_and_nonsense(call: Call) -> None:
    call.hear("heard//0.0/None")
    call.hear("ask")
    call.say_nothing(0.3)
    call.says("good morning to you", seconds=2.0)
    call.hear("ask")
    call.says("billing")


def hangs_up(call: Call) -> None:
    call.hear("ask", start=True)
    call.say_nothing(1.0)
    call.hangup_after(0.5)
    call.says("sales", seconds=2.0)


def presses(call: Call) -> None:
    call.hear("ask", start=True)
    call.say_nothing(0.5)
    call.says("well", seconds=0.6)
    call.press("0")


def only_presses(call: Call) -> None:
    call.hear("ask", start=True)
    call.press("0")


#: What a caller does, what the handler sets of the engine, and what of it is in the script.
SPOKEN: dict[str, tuple[Callable[[Call], object], dict[str, float], list[tuple[str, Any]]]] = {
    "the prompt is cut": (
        during_the_question,
        {},
        [("says", {"words": "sales", "seconds": pytest.approx(2.0, abs=0.02)})],
    ),
    "not understood": (
        silence_and_nonsense,
        {"no-input-timeout": 4000},
        [("talk", {"seconds": pytest.approx(1.4, abs=0.03)}), ("says", {"words": "billing"})],
    ),
    "another silence ends it": (
        during_the_question,
        {"vad-silence-ms": 1500, "vad-voice-ms": 200},
        [("says", {"words": "sales", "seconds": pytest.approx(2.0, abs=0.02)})],
    ),
    "they talk for too long": (
        during_the_question,
        {"speech-timeout": 500},
        [("says", {"words": "sales", "seconds": pytest.approx(0.1, abs=0.05)})],
    ),
    "they hang up": (hangs_up, {}, [("talk", {"seconds": pytest.approx(0.5, abs=0.03)})]),
    "they press a key": (presses, {}, [("talk", {"seconds": pytest.approx(0.6, abs=0.03)})]),
    "they only press a key": (only_presses, {}, []),
}


@pytest.mark.parametrize("case", SPOKEN)
def test_what_the_caller_says_is_kept(case: str, tmp_path: Path) -> None:
    caller, parameters, said = SPOKEN[case]
    understands = {"vosk": {"departments": ["sales", "billing"]}}
    prompts = {"ask": 3.0}
    handler = which_department(**parameters)
    one, script, other = both(tmp_path, handler, caller, recognizers=understands, prompts=prompts)
    assert one.heard[0] == "ask"
    assert_same(one, other)
    assert [step for step in steps(script) if step[0] in ("says", "talk")] == said
    words = [options["words"] for _, options in said if "words" in options]
    assert script.call["recognizers"] == {"vosk": {"departments": words}}


UNSURE = '{"text": "sales", "confidence": 0.25}'
NLSML = '<result><interpretation confidence="0.8"><input>sales &amp; more</input>'
NO_MATCH = "<result><nomatch/></result>"


def test_answers_of_any_engine_are_kept(tmp_path: Path) -> None:
    """An engine that is not sure, or has a form of its own, answers so again."""
    answers = iter([UNSURE, NO_MATCH, NLSML])

    def caller(call: Call) -> None:
        for _ in range(3):
            call.says("sales and more", when_asked=True)

    one, script, other = both(
        tmp_path, which_department(), caller, recognizers={"vosk": lambda *_: next(answers)}
    )
    assert one.heard == [
        *("ask", "heard/sales/0.25/None"),
        *("ask", "heard//None/None"),
        *("ask", "heard/sales & more/0.8/None", "bye"),
    ]
    assert_same(one, other)
    words = [options["words"] for verb, options in steps(script) if verb == "says"]
    assert words == [UNSURE, NO_MATCH, NLSML]


def test_what_a_recognizer_hears_in_the_background_is_kept(tmp_path: Path) -> None:
    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        with channel.detect_speech("vosk", "yes_no", "first") as recognition:
            channel.playback("music")
            channel.playback(f"first/{recognition.wait()}")
            recognition.resume()
            channel.playback(f"then/{recognition.wait(timeout=20)}")
            recognition.grammar("numbers", parameters={"no-input-timeout": 2000})
            recognition.resume()
            channel.playback(f"last/{recognition.wait(timeout=20).timed_out}")
        channel.hangup()

    def caller(call: Call) -> None:
        call.hear("music", start=True)
        call.say_nothing(0.7)
        call.says("yes", seconds=0.5)
        call.hear("first/yes")
        call.says("no", when_asked=True)

    one, script, other = both(tmp_path, handler, caller, prompts={"music": 4.0})
    assert one.heard == ["music", "first/yes", "then/no", "last/True"]
    assert_same(one, other)
    assert script.call["recognizers"] == {"vosk": {"yes_no": ["yes", "no"], "numbers": []}}


def test_engines_and_grammars_that_are_not_there_are_missing_again(tmp_path: Path) -> None:
    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        for engine, grammar in (("none", "any"), ("vosk", "unknown"), ("vosk", "known")):
            said = channel.play_and_detect_speech("ask", engine, grammar)
            channel.playback(f"{engine}/{said.response}/{said}")
        channel.hangup()

    one, script, other = both(
        tmp_path,
        handler,
        lambda call: call.says("hello", when_asked=True),
        recognizers={"vosk": {"known": ["hello"]}},
    )
    assert one.heard[:2] == ["none/ASR INIT ERROR/", "vosk/GRAMMAR ERROR/"]
    assert_same(one, other)
    assert script.call["recognizers"] == {"vosk": {"known": ["hello"]}}


def test_redacted_words_cannot_be_said(tmp_path: Path) -> None:
    with FreeSwitch() as switch:
        app = Outbound(which_department(), record=tmp_path, redact=["detect_speech_result"])
        call = switch.call(app)
        call.says("sales", when_asked=True)
        call.wait()
    [path] = tmp_path.iterdir()
    with pytest.raises(ScriptError, match="what the caller said is redacted"):
        script_of(Recording.read(path), "handler.py")


# Recordings of a real switch


def test_a_call_by_a_real_caller_becomes_a_script(tmp_path: Path) -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        given = "1 1 3 3000 # ivr/ivr-please_enter.wav ivr/ivr-invalid.wav choice [1-3]"
        session.channel.execute("play_and_get_digits", given)
        session.channel.hangup()

    [path] = RECORDINGS.glob("03e_*.jsonl")
    script = script_of(Recording.read(path), "handler.py")
    call = script.run(handler)
    assert call.variable("choice") == "2"
    assert call.duration == pytest.approx(5.598, abs=0.1)


@pytest.mark.thorough
@for_each("name", various())
def test_a_recording_of_a_call_becomes_a_script(name: str) -> None:
    recording = Recording.read(RECORDINGS / f"{name}.jsonl")
    if recording.connect is None:
        with pytest.raises(ScriptError, match="not of a call"):
            script_of(recording, "handler.py")
    else:
        script = script_of(recording, "handler.py")
        assert Script.parse(script.dump()) == script


def test_what_the_caller_says_is_said_until_they_do_something_else() -> None:
    [path] = RECORDINGS.glob("29a_*")
    recording = Recording.read(path)
    *_, last, press, _ = recording.circumstances["actions"]
    last["talk"] = 30
    steps = script_of(recording, "handler.py").steps
    talks = [each.options["seconds"] for each in steps if each.verb == "talk"]
    assert talks == [1.5, pytest.approx(press["at"] - last["at"], abs=0.05)]

"""Applications that play, and what they return: `Played` and `Execution`."""

from __future__ import annotations

from functools import partial

import pytest

from eslsync import Channel, Execution, Hangup, Played, TimeoutError
from simulator import Call
from tests.support.asking import ask, recorded_words, words_of
from tests.support.evidence import stands_on

LONG = {"ivr/ivr-long": 10.0}


# playback


@stands_on("01a_basic_playback_hangup", "playback")
def test_playback_returns_when_the_file_is_over() -> None:
    asked = ask(lambda channel: channel.playback("ivr/ivr-welcome"))
    assert asked.value == Played("FILE PLAYED", None, 2.0)
    assert not asked.value.failed
    assert 2.0 <= asked.call.duration < 2.2
    assert words_of("playback", lambda c: c.playback("ivr/ivr-welcome.wav")) == recorded_words(
        "01a", "playback"
    )


@stands_on("03a_dtmf_during_playback", "playback")
def test_a_star_cuts_a_file_and_other_keys_do_not() -> None:
    def caller(call: Call) -> None:
        call.hear("ivr/ivr-long", start=True)
        call.press("12*")

    played = ask(lambda channel: channel.playback("ivr/ivr-long"), caller, prompts=LONG).value
    assert played.terminator == "*"
    assert played.response == "FILE PLAYED"
    assert played.seconds == pytest.approx(0.7, abs=0.3)  # heard; 2.048 s were read ahead


@stands_on("mod_dptools.c, on_dtmf", "playback")
@pytest.mark.parametrize(
    ("terminators", "pressed", "cut"),
    [
        ("12", "2", True),
        ("12", "*", False),
        ("any", "7", True),
        ("", "*", False),
        ("none", "*", False),
    ],
)
def test_the_keys_that_cut_are_chosen(terminators: str, pressed: str, cut: bool) -> None:
    def caller(call: Call) -> None:
        call.hear("ivr/ivr-long", start=True)
        call.press(pressed)

    played = ask(
        lambda channel: channel.playback("ivr/ivr-long", terminators=terminators),
        caller,
        prompts=LONG,
    ).value
    assert played.terminator == (pressed if cut else None)


@stands_on("mod_dptools.c, playback_function", "playback")
def test_the_key_that_cut_one_file_is_not_reported_for_the_next() -> None:
    def question(channel: Channel) -> list[str | None]:
        files = ("ivr/ivr-long", "ivr/ivr-welcome")
        return [channel.playback(file, terminators="1").terminator for file in files]

    def caller(call: Call) -> None:
        call.hear("ivr/ivr-long", start=True)
        call.press("1")

    assert ask(question, caller, prompts=LONG).value == ["1", None]


@stands_on("mod_dptools.c, on_dtmf", "playback")
def test_terminators_of_one_prompt_do_not_apply_to_the_next() -> None:
    def question(channel: Channel) -> list[str | None]:
        channel.set("playback_terminators", "9")  # the handler's own choice
        first = channel.playback("ivr/ivr-long", terminators="1").terminator
        return [first, channel.playback("ivr/ivr-long").terminator]

    def caller(call: Call) -> None:
        for _ in range(2):
            call.hear("ivr/ivr-long", start=True)
            call.press("1")
            call.press("*")
        call.press("9")

    assert ask(question, caller, prompts=LONG).value == ["1", "9"]


@stands_on("08b_unknown_app_and_missing_file", "playback")
def test_a_missing_file_is_reported_without_raising() -> None:
    nowhere = "local_stream://nowhere"
    asked = ask(lambda channel: channel.playback(nowhere), allow=[f"playback {nowhere}"])
    played = asked.value
    assert played == Played("FILE NOT FOUND", None, None)
    assert played.failed


@stands_on("11o_playback_kinds", "playback")
def test_tones_silence_and_several_files_can_be_played() -> None:
    kinds = [
        "tone_stream://%(200,100,440);loops=2",
        "silence_stream://400",
        "file_string://ivr/ivr-short.wav!ivr/ivr-beep.wav",
    ]

    def question(channel: Channel) -> list[str]:
        return [channel.playback(kind).response for kind in kinds]

    asked = ask(question)
    assert asked.value == ["FILE PLAYED"] * 3
    for number, kind in enumerate(kinds):
        words = words_of("playback", partial(Channel.playback, file=kind))
        assert words == recorded_words("11o", "playback", number)


@stands_on("mod_dptools.c, playback_function", "playback")
@pytest.mark.parametrize(
    "file", ["greetings of O'Brien.wav", "a ${uuid} b", "back\\slash and \\n", "tab\there", "50%"]
)
def test_a_files_name_is_passed_on_unchanged(file: str) -> None:
    asked = ask(lambda channel: channel.playback(file))
    assert asked.call.heard == [file]


@stands_on("02a_caller_hangs_up_mid_playback", "playback")
def test_a_caller_can_hang_up_during_a_prompt() -> None:
    def question(channel: Channel) -> str:
        with pytest.raises(Hangup) as hangup:
            channel.playback("ivr/ivr-long")
        return str(hangup.value.cause)

    asked = ask(question, lambda call: call.hangup_after(3), prompts=LONG)
    assert asked.value == "NORMAL_CLEARING"
    assert asked.call.duration == pytest.approx(3, abs=0.1)


@stands_on("07a_event_lock_three_playbacks", "playback")
def test_under_a_lock_prompts_are_heard_one_after_the_other() -> None:
    def question(channel: Channel) -> None:
        for number in (1, 2):
            channel.playback(f"ivr/ivr-option-{number}", lock=True, block=False)
        channel.playback("ivr/ivr-option-3")

    asked = ask(question)
    assert asked.call.heard == ["ivr/ivr-option-1", "ivr/ivr-option-2", "ivr/ivr-option-3"]
    assert asked.call.duration > 6.0


@stands_on("07b_no_event_lock_three_playbacks", "playback")
def test_without_a_lock_a_prompt_interrupts_the_one_before() -> None:
    def question(channel: Channel) -> list[bool]:
        outer = channel.playback("ivr/ivr-long", block=False)
        inner = channel.playback("ivr/ivr-welcome", block=False)
        inner.wait()
        before = outer.done
        outer.wait()
        return [before, outer.done]

    assert ask(question, prompts=LONG).value == [False, True]


@stands_on("07g_set_during_playback_event_lock", "playback")
def test_a_timeout_leaves_the_prompt_playing() -> None:
    def question(channel: Channel) -> Played:
        with pytest.raises(TimeoutError):
            channel.playback("ivr/ivr-long", timeout=3)
        execution = channel.playback("ivr/ivr-welcome", block=False)
        return execution.wait()

    asked = ask(question, prompts=LONG)
    assert asked.call.heard == ["ivr/ivr-long", "ivr/ivr-welcome"]
    assert asked.value.response == "FILE PLAYED"


# block=False, and stop()


@stands_on("mod_dptools.c, break_function", "playback")
def test_stop_ends_the_music_and_tells_how_long_it_was() -> None:
    def question(channel: Channel) -> Played:
        music = channel.playback("moh/music", block=False)
        channel.execute("info")
        channel.wait(lambda event: event.name == "DTMF")
        return music.stop()

    def caller(call: Call) -> None:
        call.say_nothing(5)
        call.press("1")

    asked = ask(question, caller, prompts={"moh/music": 60.0})
    assert asked.value.response == "FILE PLAYED"
    assert asked.value.terminator is None
    assert 5 <= asked.call.duration < 5.3


@stands_on("mod_dptools.c, break_function", "playback")
def test_stopping_an_ended_prompt_returns_its_result() -> None:
    def question(channel: Channel) -> list[Played]:
        music = channel.playback("ivr/ivr-welcome", block=False)
        return [music.wait(), music.stop(), music.stop()]

    asked = ask(question)
    assert asked.value == [Played("FILE PLAYED", None, 2.0)] * 3


@stands_on("mod_dptools.c, break_function", "playback")
def test_a_queued_prompt_can_be_stopped_unheard() -> None:
    def question(channel: Channel) -> Played:
        channel.playback("ivr/ivr-welcome", lock=True, block=False)
        music = channel.playback("moh/music", block=False)
        return music.stop()

    asked = ask(question, prompts={"moh/music": 60.0})
    assert asked.value.response == "FILE PLAYED"
    assert asked.call.duration < 2.3


@stands_on("mod_dptools.c, break_function", "playback")
def test_a_callback_may_stop_what_the_handler_waits_for() -> None:
    def question(channel: Channel) -> list[Played]:
        music = channel.playback("moh/music", block=False)
        stopped: list[Played] = []

        @channel.on_dtmf("5")
        def stop(digit: str) -> None:
            stopped.append(music.stop())

        return [music.wait(), *stopped]

    def caller(call: Call) -> None:
        call.say_nothing(4)
        call.press("5")

    asked = ask(question, caller, prompts={"moh/music": 60.0})
    one, other = asked.value
    assert one == other
    assert asked.call.duration < 4.3


@stands_on("07f_execute_during_running_app", "playback")
def test_stop_refuses_where_it_would_end_another_application() -> None:
    def question(channel: Channel) -> list[str]:
        music = channel.playback("moh/music", block=False)
        inner = channel.playback("ivr/ivr-welcome", block=False)
        with pytest.raises(RuntimeError, match="would end playback") as refused:
            music.stop()
        inner.wait()
        return [str(refused.value), music.stop().response]

    assert ask(question, prompts={"moh/music": 60.0}).value[1] == "FILE PLAYED"


@stands_on("07a_event_lock_three_playbacks", "playback")
def test_stop_refuses_under_a_lock() -> None:
    def question(channel: Channel) -> Execution[Played]:
        music = channel.playback("ivr/ivr-welcome", lock=True, block=False)
        with pytest.raises(RuntimeError, match="lock"):
            music.stop()
        music.wait()
        return music

    assert repr(ask(question).value) == "<Execution playback completed>"


@stands_on("02a_caller_hangs_up_mid_playback", "playback")
def test_a_hangup_ends_a_stop_too() -> None:
    def question(channel: Channel) -> None:
        channel.playback("ivr/ivr-long", lock=True, block=False)
        music = channel.playback("moh/music", block=False)
        with pytest.raises(Hangup):
            music.stop()

    asked = ask(question, lambda call: call.hangup_after(3), prompts=LONG)
    assert asked.call.heard == ["ivr/ivr-long"]


# say, speak, phrase, broadcast


@stands_on("11n_say_phrase_speak", "say")
def test_say_is_heard_and_written_as_recorded() -> None:
    def question(channel: Channel) -> None:
        channel.say("123")
        channel.say("907", method="iterated")
        channel.say("ab1", "name_spelled")

    asked = ask(question)
    assert asked.call.heard[0] == "digits/1.wav"
    said = [
        words_of("say", lambda channel: channel.say("123")),
        words_of("say", lambda channel: channel.say("907", method="iterated")),
        words_of("say", lambda channel: channel.say("ab1", "name_spelled")),
    ]
    assert said == [recorded_words("11n", "say", number) for number in range(3)]


@stands_on("11n_say_phrase_speak", "say")
def test_a_key_cuts_what_is_said() -> None:
    def caller(call: Call) -> None:
        call.say_nothing(0.5)
        call.press("1")

    asked = ask(lambda channel: channel.say("123456", terminators="1"), caller)
    assert asked.value.terminator == "1"
    assert asked.value.response == "_none_"


@stands_on("mod_dptools.c, say_function", "say")
def test_say_keeps_its_words_apart() -> None:
    def question(channel: Channel) -> None:
        channel.say("two words", "name_spelled", gender="feminine", module="en:us")

    words = words_of("say", question)
    assert words == ["en:us", "name_spelled", "pronounced", "feminine", "two words"]


@stands_on("11p_speak_flite", "speak")
def test_speak_is_heard_and_written_as_recorded() -> None:
    def question(channel: Channel) -> None:
        channel.speak("hello there, press one", "kal", "flite")

    assert ask(question, engines=["flite"]).call.heard == ["hello there, press one"]
    assert words_of("speak", question, engines=["flite"]) == recorded_words("11p", "speak")


@stands_on("11p_speak_flite", "speak")
@pytest.mark.parametrize(
    "text", ["50% off, ${uuid}", "it's here", "a \\ b", "<speak>\n one\n two\n</speak>"]
)
def test_speak_says_a_text_as_it_is(text: str) -> None:
    def question(channel: Channel) -> None:
        channel.multiset({"tts_engine": "flite", "tts_voice": "slt"})
        channel.speak(text)

    assert ask(question, engines=["flite"]).call.heard == [text]


@stands_on("11n_say_phrase_speak", "phrase")
def test_an_unknown_phrase_is_reported_as_failed() -> None:
    allow = ["phrase nope", "phrase saydigits"]
    assert ask(lambda channel: channel.phrase("nope"), allow=allow).value.failed
    said = words_of("phrase", lambda channel: channel.phrase("saydigits", "42"), allow=allow)
    assert said == recorded_words("11n", "phrase", 1)


@stands_on("11n_say_phrase_speak", "phrase")
def test_a_phrase_plays_what_the_macro_says() -> None:
    asked = ask(
        lambda channel: channel.phrase("greet", "1"),
        phrases={"greet": [("play-file", "ivr/ivr-welcome")]},
    )
    assert asked.value == Played("PHRASE PLAYED", None, None)
    assert asked.call.heard == ["ivr/ivr-welcome"]


@stands_on("11m_uuid_broadcast", "broadcast")
def test_a_broadcast_is_heard_while_something_else_is_done() -> None:
    def question(channel: Channel) -> None:
        channel.broadcast("ivr/ivr-short")
        channel.sleep(3)

    assert ask(question).call.heard == ["ivr/ivr-short"]


@stands_on("mod_commands.c, uuid_broadcast_function", "broadcast")
def test_both_legs_of_a_bridge_hear_a_broadcast() -> None:
    def question(channel: Channel) -> None:
        @channel.on("CHANNEL_BRIDGE")
        def bridged(event: object) -> None:
            channel.broadcast("ivr/two words", "both")

        channel.bridge("user/1000")

    asked = ask(question, endpoints={"user/1000": {"hangs_up_after": 9.0}})
    assert asked.call.heard == ["ivr/two words"]
    assert "user/1000 hears ivr/two words" in [each.text for each in asked.call.transcript.entries]

"""Collecting digits, sending them, forgetting them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from eslsync import Channel, Digits, DTMFSource, Hangup, TimeoutError
from simulator import Call
from simulator.model import asking
from tests.support.asking import ask, recorded_words, words_of
from tests.support.evidence import stands_on

ENTER = "ivr/ivr-enter"
WRONG = "ivr/ivr-invalid"
LONG = {ENTER: 10.0}


def press(keys: str, *, after: float = 0.0, prompt: str = ENTER) -> Callable[[Call], None]:
    """Press keys that many seconds after a prompt began."""

    def caller(call: Call) -> None:
        call.hear(prompt, start=True)
        call.say_nothing(after)
        call.press(keys)

    return caller


# get_digits


@stands_on("03g_type_ahead_into_pagd", "playback")
def test_a_caller_who_types_ahead_hears_no_prompt() -> None:
    def question(channel: Channel) -> Digits:
        channel.playback("ivr/ivr-welcome")
        return channel.get_digits(ENTER, min=4)

    asked = ask(question, press("1234", prompt="ivr/ivr-welcome"))
    assert asked.value == "1234"
    assert asked.call.heard == ["ivr/ivr-welcome"]


@stands_on("03g_type_ahead_into_pagd", "playback")
def test_part_of_the_digits_may_be_typed_ahead() -> None:
    def question(channel: Channel) -> Digits:
        channel.playback("ivr/ivr-welcome")
        return channel.get_digits(ENTER, min=4)

    def caller(call: Call) -> None:
        call.hear("ivr/ivr-welcome", start=True)
        call.press("12")
        call.hear("ivr/ivr-welcome")
        call.press("34")

    asked = ask(question, caller)
    assert asked.value == "1234"
    assert asked.call.heard == ["ivr/ivr-welcome"]


@stands_on("mod_dptools.c, on_dtmf", "get_digits")
def test_the_first_digit_cuts_the_prompt() -> None:
    asked = ask(lambda c: c.get_digits(ENTER, min=3), press("123", after=2), prompts=LONG)
    assert asked.value == "123"
    assert asked.call.duration < 3


@stands_on("mod_dptools.c, on_dtmf", "get_digits")
def test_without_barge_in_the_prompt_is_played_out() -> None:
    def question(channel: Channel) -> Digits:
        return channel.get_digits(ENTER, min=3, barge_in=False)

    asked = ask(question, press("1*3", after=2), prompts=LONG)
    assert asked.value == "1*3"
    assert 10 <= asked.call.duration < 10.3


@stands_on("mod_dptools.c, on_dtmf", "get_digits")
@pytest.mark.parametrize(
    ("options", "pressed", "digits", "terminator"),
    [
        ({"min": 1, "max": 9}, "12#", "12", "#"),
        ({"min": 1, "max": 9, "terminators": "*#"}, "12*", "12", "*"),
        ({"min": 1, "max": 4, "terminators": ""}, "12#*", "12#*", None),
        ({"min": 2}, "12", "12", None),
        ({}, "7", "7", None),
        ({"min": 0, "max": 5}, "#", "", "#"),
    ],
)
def test_max_and_terminators_end_the_entry(
    options: dict[str, Any], pressed: str, digits: str, terminator: str | None
) -> None:
    collected = ask(lambda c: c.get_digits(ENTER, **options), press(pressed)).value
    assert (collected, collected.terminator, collected.timed_out) == (digits, terminator, False)


@stands_on("mod_dptools.c, on_dtmf", "get_digits")
@pytest.mark.parametrize(
    ("options", "pressed", "seconds", "digits"),
    [
        ({}, "", 7.0, ""),  # the prompt, and five seconds for the first digit
        ({"timeout": 1.5}, "", 3.5, ""),
        ({"max": 3, "timeout": 3}, "1", 3.0, "1"),
        ({"max": 3, "timeout": 9, "digit_timeout": 2}, "1", 2.0, "1"),
        ({"max": 3, "timeout": 9, "digit_timeout": 2}, "12", 2.2, "12"),
        ({"min": 3, "timeout": 9, "digit_timeout": 2}, "12", 2.2, ""),
    ],
)
def test_timeout_and_digit_timeout_limit_the_entry(
    options: dict[str, Any], pressed: str, seconds: float, digits: str
) -> None:
    def caller(call: Call) -> None:
        call.hear(ENTER, start=True)
        if pressed:
            call.press(pressed)

    asked = ask(lambda channel: channel.get_digits(ENTER, **options), caller)
    assert asked.value == digits
    assert asked.value.timed_out is not bool(digits)
    assert asked.call.duration == pytest.approx(seconds, abs=0.2)


@stands_on("mod_dptools.c, on_dtmf", "get_digits")
@pytest.mark.parametrize(
    "valid",
    [{"regexp": "[1-3]"}, {"valid": lambda digits: digits in "123"}],
    ids=["regexp", "valid"],
)
def test_an_invalid_entry_is_asked_for_again(valid: Any) -> None:
    def question(channel: Channel) -> Digits:
        return channel.get_digits(ENTER, tries=3, invalid_file=WRONG, **valid)

    def caller(call: Call) -> None:
        call.hear(ENTER, start=True)
        call.press("9")
        call.hear(WRONG)
        call.hear(ENTER, start=True)
        call.press("2")

    asked = ask(question, caller)
    assert asked.value == "2"
    assert asked.value.invalid == ""
    assert asked.call.heard == [ENTER, WRONG, ENTER]


@stands_on("mod_dptools.c, on_dtmf", "get_digits")
def test_a_pattern_must_match_all_digits() -> None:
    collected = ask(lambda c: c.get_digits(ENTER, min=4, regexp="^[0-9]{2}$"), press("1234")).value
    assert collected == ""
    assert (collected.invalid, collected.timed_out) == ("1234", False)


@stands_on("mod_dptools.c, on_dtmf", "get_digits")
def test_after_the_last_try_nothing_is_played_and_the_result_says_why() -> None:
    def question(channel: Channel) -> Digits:
        return channel.get_digits(
            ENTER, min=2, tries=2, invalid_file=WRONG, timeout=1, regexp="^00$"
        )

    def caller(call: Call) -> None:
        call.hear(ENTER, start=True)
        call.press("99")

    asked = ask(question, caller)
    assert asked.value == Digits(timed_out=True)
    assert (asked.value.timed_out, asked.value.invalid) == (True, "")
    assert asked.call.heard == [ENTER, WRONG, ENTER]


@stands_on("mod_dptools.c, on_dtmf", "get_digits")
def test_digits_pressed_while_the_invalid_prompt_plays_are_for_the_next_try() -> None:
    def question(channel: Channel) -> Digits:
        return channel.get_digits(ENTER, tries=2, invalid_file=WRONG, regexp="[1-3]")

    def caller(call: Call) -> None:
        call.hear(ENTER, start=True)
        call.press("9")
        call.hear(WRONG, start=True)
        call.press("2")

    asked = ask(question, caller)
    assert asked.value == "2"
    assert asked.call.heard == [ENTER, WRONG]


@stands_on("mod_dptools.c, on_dtmf", "get_digits")
def test_digit_handlers_do_not_run_for_collected_digits() -> None:
    told: list[str] = []

    def question(channel: Channel) -> Digits:
        channel.on_dtmf()(told.append)
        digits = channel.get_digits(ENTER, min=2)
        channel.wait("DTMF")
        return digits

    assert ask(question, press("123")).value == "12"
    assert told == ["3"]


@stands_on("mod_dptools.c, on_dtmf", "get_digits")
def test_digit_handlers_run_again_after_a_failed_collection() -> None:
    told: list[str] = []

    def question(channel: Channel) -> None:
        channel.on_dtmf()(told.append)

        def fail(digits: str) -> bool:
            raise LookupError(digits)

        with pytest.raises(LookupError, match="1"):
            channel.get_digits(ENTER, valid=fail)
        assert channel.wait("DTMF").digit == "1"  # not lost, but no handler runs for it
        channel.wait("DTMF")

    ask(question, press("12"))
    assert told == ["2"]


@stands_on("mod_dptools.c, on_dtmf", "get_digits")
def test_a_digit_handler_may_collect_more_digits() -> None:
    told: list[str] = []

    def question(channel: Channel) -> None:
        @channel.on_dtmf("1")
        def number(digit: str) -> None:
            told.append(channel.get_digits(ENTER, min=3))

        @channel.on_dtmf("2")
        def other(digit: str) -> None:
            told.append(digit)

        channel.playback("ivr/ivr-menu")

    def caller(call: Call) -> None:
        call.hear("ivr/ivr-menu", start=True)
        call.press("1")
        call.hear(ENTER, start=True)
        call.press("222")

    ask(question, caller, prompts={"ivr/ivr-menu": 5.0})
    assert told == ["222"]


@stands_on("mod_dptools.c, on_dtmf", "get_digits")
def test_a_digit_handler_may_collect_digits_pressed_right_after() -> None:
    told: list[str] = []

    def question(channel: Channel) -> None:
        @channel.on_dtmf("*")
        def number(digit: str) -> None:
            channel.playback("ivr/ivr-beep")
            told.append(channel.get_digits(ENTER, min=3))

        channel.playback("ivr/ivr-menu", terminators="none")

    asked = ask(question, press("*123", prompt="ivr/ivr-menu"), prompts={"ivr/ivr-menu": 5.0})
    assert told == ["123"]
    assert asked.call.heard == ["ivr/ivr-menu", "ivr/ivr-beep"]


@stands_on("mod_dptools.c, on_dtmf", "get_digits")
@pytest.mark.parametrize("after", [1.0, 4.0])
def test_a_caller_can_hang_up_while_digits_are_collected(after: float) -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(Hangup):
            channel.get_digits(ENTER, min=4)

    asked = ask(question, lambda call: call.hangup_after(after))
    assert asked.call.duration == pytest.approx(after, abs=0.1)


@stands_on("mod_dptools.c, on_dtmf", "get_digits")
@pytest.mark.parametrize(
    "options",
    [
        {"min": 3, "max": 2},
        {"min": -1},
        {"max": 0},
        {"max": 128},
        {"tries": 0},
        {"terminators": "x"},
    ],
)
def test_impossible_collections_are_refused(options: dict[str, Any]) -> None:
    def question(channel: Channel) -> None:
        for method in (channel.get_digits, channel.play_and_get_digits):
            with pytest.raises(ValueError, match=r"."):
                method(ENTER, **options)
        channel.get_digits(ENTER)

    ask(question)


# play_and_get_digits


@stands_on("mod_dptools.c, on_dtmf", "get_digits")
def test_a_hash_behind_a_complete_entry_does_not_answer_the_next_question() -> None:
    def question(channel: Channel) -> list[str]:
        return [
            channel.get_digits(ENTER, min=4),
            channel.get_digits("ivr/amount", min=1, max=5),
        ]

    def caller(call: Call) -> None:
        call.hear(ENTER, start=True)
        call.press("1234#")
        call.hear("ivr/amount")
        call.press("50#")

    assert ask(question, caller, prompts=LONG).value == ["1234", "50"]


@stands_on("mod_dptools.c, on_dtmf", "get_digits")
def test_keys_behind_an_invalid_entry_do_not_count_as_the_next_one() -> None:
    def question(channel: Channel) -> Digits:
        channel.playback("ivr/ivr-welcome")
        return channel.get_digits(ENTER, min=4, tries=2, invalid_file=WRONG, regexp="^0.*$")

    def caller(call: Call) -> None:
        call.hear("ivr/ivr-welcome", start=True)
        call.press("12345678")
        call.hear(WRONG)
        call.press("0000")

    assert ask(question, caller, prompts=LONG).value == "0000"


@stands_on("mod_dptools.c, on_dtmf", "get_digits")
def test_digit_handlers_do_not_run_during_the_invalid_prompt() -> None:
    ran: list[str] = []

    def question(channel: Channel) -> Digits:
        channel.on_dtmf()(ran.append)
        return channel.get_digits(ENTER, tries=2, regexp="1", invalid_file=WRONG)

    def caller(call: Call) -> None:
        call.hear(ENTER, start=True)
        call.press("9")
        call.hear(WRONG, start=True)
        call.press("1")

    assert ask(question, caller, prompts=LONG).value == "1"
    assert ran == []


@stands_on("mod_dptools.c, on_dtmf", "get_digits")
def test_a_single_digit_may_be_the_hash() -> None:
    def question(channel: Channel) -> Digits:
        return channel.get_digits(ENTER, regexp="[12#]")

    assert ask(question, press("#")).value == "#"


@stands_on("11o_playback_kinds", "get_digits")
def test_a_prompt_may_be_several_files() -> None:
    def question(channel: Channel) -> Digits:
        return channel.get_digits(["ivr/a.wav", "digits/1.wav", "ivr/c.wav"], timeout=2)

    asked = ask(question, lambda call: call.wait())
    assert asked.value.timed_out
    assert asked.call.heard == ["ivr/a.wav", "digits/1.wav", "ivr/c.wav"]


@pytest.mark.parametrize("files", [[], ["a.wav", ""], ["a!b.wav", "c.wav"], ["a", "b.wav"]])
@stands_on("11o_playback_kinds", "playback")
def test_files_that_cannot_be_played_in_a_row_are_refused(files: list[str]) -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(ValueError, match="in a row"):
            channel.playback(files)
        channel.playback(["a.wav", "b.wav"])

    ask(question)


@stands_on("03c_pagd_valid", "play_and_get_digits")
def test_play_and_get_digits_returns_a_matching_digit() -> None:
    def question(channel: Channel) -> Digits:
        return channel.play_and_get_digits(
            ENTER, tries=3, timeout=3, invalid_file=WRONG, regexp="[1-3]"
        )

    asked = ask(question, press("2"))
    assert asked.value == "2"
    assert repr(asked.value) == "<Digits: 1 digit>"
    assert asked.call.heard == [ENTER]


@stands_on("03c_pagd_valid", "play_and_get_digits")
@stands_on("03d_pagd_timeout", "play_and_get_digits")
@stands_on("14g_pagd_transfer_on_failure", "play_and_get_digits")
@pytest.mark.parametrize(
    ("recording", "options"),
    [
        ("03c", {"tries": 3, "timeout": 3}),
        ("03d", {"tries": 2, "timeout": 1, "digit_timeout": 2}),
        ("03e", {"tries": 3, "timeout": 3}),
    ],
)
def test_play_and_get_digits_is_written_as_recorded(
    recording: str, options: dict[str, Any]
) -> None:
    def question(channel: Channel) -> None:
        channel.play_and_get_digits(
            "ivr/ivr-please_enter.wav",
            invalid_file="ivr/ivr-invalid.wav",
            regexp="[1-3]",
            **options,
        )

    words = words_of("play_and_get_digits", question)
    assert words[7] == "eslsync_digits"
    words[7] = "choice"
    assert words == recorded_words(recording, "play_and_get_digits")


OPTIONS: dict[str, tuple[object, str, object]] = {
    "file": ("ivr/two words", "file", "silence"),
    "max": (7, "most", 2),
    "digit_timeout": (2.5, "digit_timeout", 0),
    "terminators": ("*#", "terminators", "#"),
    "invalid_file": ("ivr/that was wrong", "bad_input_file", ""),
    "regexp": (r"^(\d\d| '*)$", "regex", ""),
    "transfer_on_failure": ("2000 XML sales", "transfer_on_failure", ""),
}


@stands_on("mod_dptools.c, play_and_get_digits_function", "play_and_get_digits")
def test_omitted_parameters_do_not_shift_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[dict[str, Any]] = []

    def asked_for(channel: object, **arguments: Any) -> Any:
        read.append(arguments)
        yield from ()

    monkeypatch.setattr(asking, "play_and_get_digits", asked_for)
    given = [
        {name for name, is_given in zip(OPTIONS, choice, strict=True) if is_given}
        for choice in product([False, True], repeat=len(OPTIONS))
    ]

    def question(channel: Channel) -> None:
        for names in given:
            options: dict[str, Any] = {name: OPTIONS[name][0] for name in names}
            channel.play_and_get_digits(min=2, tries=4, timeout=9, **options)

    ask(question)
    for names, arguments in zip(given, read, strict=True):
        expected = {
            "least": 2,
            "tries": 4,
            "timeout": 9000,
            "variable": "eslsync_digits",
            **{
                meant: value if n in names else default
                for n, (value, meant, default) in OPTIONS.items()
            },
        }
        if "digit_timeout" in names:
            expected["digit_timeout"] = 2500
        elif "transfer_on_failure" in names:
            expected["digit_timeout"] = 9000  # which is its default
        assert arguments == expected


@stands_on("mod_dptools.c, play_and_get_digits_function", "play_and_get_digits", "read")
def test_no_terminators_means_none() -> None:
    def question(channel: Channel) -> list[Digits]:
        collectors = (channel.play_and_get_digits, channel.read)
        return [each(ENTER, min=2, max=3, terminators="") for each in collectors]

    def caller(call: Call) -> None:
        for _ in range(2):
            call.hear(ENTER, start=True)
            call.press("1#*")

    assert ask(question, caller).value == ["1#*", "1#*"]


@stands_on("03d_pagd_timeout", "play_and_get_digits")
def test_pressing_nothing_times_out() -> None:
    def question(channel: Channel) -> Digits:
        return channel.play_and_get_digits(
            ENTER, tries=2, timeout=1, invalid_file=WRONG, regexp="[1-3]"
        )

    asked = ask(question)
    assert asked.value == ""
    assert (asked.value.timed_out, asked.value.invalid) == (True, "")
    assert asked.call.heard == [ENTER, WRONG, ENTER, WRONG]


@stands_on("03e_pagd_invalid_then_valid", "play_and_get_digits")
def test_invalid_digits_are_reported() -> None:
    def question(channel: Channel) -> list[Digits]:
        return [
            channel.play_and_get_digits(ENTER, regexp="[1-3]", invalid_file=WRONG),
            channel.play_and_get_digits(ENTER, regexp="[1-3]", timeout=1),
        ]

    asked = ask(question, press("9"))
    first, second = asked.value
    assert (first, first.invalid, first.timed_out) == ("", "9", False)
    assert (second, second.invalid, second.timed_out) == ("", "", True)


@stands_on("03e_pagd_invalid_then_valid", "play_and_get_digits")
def test_invalid_digits_of_an_earlier_try_are_forgotten_after_a_valid_one() -> None:
    def question(channel: Channel) -> Digits:
        return channel.play_and_get_digits(ENTER, tries=3, regexp="[1-3]", invalid_file=WRONG)

    def caller(call: Call) -> None:
        call.hear(ENTER, start=True)
        call.press("9")
        call.hear(WRONG)
        call.hear(ENTER, start=True)
        call.press("2")

    digits = ask(question, caller).value
    assert (digits, digits.invalid) == ("2", "")


@stands_on("mod_dptools.c, play_and_get_digits_function", "play_and_get_digits")
def test_invalid_digits_of_an_earlier_try_are_forgotten_after_silence() -> None:
    def question(channel: Channel) -> Digits:
        return channel.play_and_get_digits(ENTER, tries=2, timeout=1, regexp="[1-3]")

    digits = ask(question, press("9")).value
    assert (digits, digits.invalid, digits.timed_out) == ("", "", True)


@stands_on("03g_type_ahead_into_pagd", "play_and_get_digits")
def test_freeswitch_loses_digits_that_were_typed_ahead() -> None:
    def question(channel: Channel) -> Digits:
        channel.playback("ivr/ivr-welcome")
        return channel.play_and_get_digits(ENTER, timeout=1)

    assert ask(question, press("1", prompt="ivr/ivr-welcome")).value == ""


@stands_on("14g_pagd_transfer_on_failure", "play_and_get_digits")
def test_a_caller_who_fails_is_transferred() -> None:
    def question(channel: Channel) -> Digits:
        digits = channel.play_and_get_digits(
            ENTER, timeout=1, transfer_on_failure="elsewhere XML default"
        )
        channel.wait("CHANNEL_HANGUP")
        return digits

    asked = ask(question, extensions={"^elsewhere$": [("playback", "ivr/goodbye")]})
    assert asked.value.timed_out
    assert asked.call.heard == [ENTER, "ivr/goodbye"]


@stands_on("03c_pagd_valid", "play_and_get_digits")
@stands_on("03j_read_app", "read")
def test_digit_handlers_do_not_run_for_digits_that_freeswitch_collects() -> None:
    told: list[str] = []

    def question(channel: Channel) -> list[Digits]:
        channel.on_dtmf()(told.append)
        collected = [channel.play_and_get_digits(ENTER), channel.read(ENTER)]
        with pytest.raises(TimeoutError):
            channel.wait("DTMF", timeout=1)
        return collected

    def caller(call: Call) -> None:
        for key in "12":
            call.hear(ENTER, start=True)
            call.press(key)

    assert ask(question, caller).value == ["1", "2"]
    assert told == []


@stands_on("03c_pagd_valid", "play_and_get_digits")
def test_a_caller_can_hang_up_while_freeswitch_collects() -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(Hangup):
            channel.play_and_get_digits(ENTER, tries=3)

    ask(question, lambda call: call.hangup_after(3))


# read


@stands_on("03j_read_app", "read")
def test_read_reports_its_own_terminator() -> None:
    def question(channel: Channel) -> list[Digits]:
        options: dict[str, Any] = {"min": 1, "max": 4}
        return [
            channel.read(ENTER, timeout=4, **options),
            channel.read(ENTER, timeout=1, **options),
        ]

    first, second = ask(question, press("12#")).value
    assert (first, first.terminator, first.timed_out) == ("12", "#", False)
    assert (second, second.terminator, second.timed_out) == ("", None, True)


@stands_on("03j_read_app", "read")
def test_read_is_written_as_recorded() -> None:
    def question(channel: Channel) -> None:
        channel.read("ivr/ivr-please_enter.wav", min=1, max=4, timeout=4)

    words = words_of("read", question)
    assert words[3] == "eslsync_digits"
    words[3] = "pin"
    assert words == recorded_words("03j", "read")


@stands_on("mod_dptools.c, read_function", "read")
def test_read_has_its_own_time_between_digits() -> None:
    def question(channel: Channel) -> Digits:
        return channel.read(min=1, max=4, timeout=8, digit_timeout=1.5)

    def caller(call: Call) -> None:
        call.press("12", when_asked=True)

    asked = ask(question, caller)
    assert asked.value == "12"
    assert asked.call.duration == pytest.approx(1.8, abs=0.2)


# send_dtmf and the like


@stands_on("13d_inbound_originate_park_sendmsg", "send_dtmf")
def test_send_dtmf_sends_digits_to_the_far_end() -> None:
    assert words_of("send_dtmf", lambda c: c.send_dtmf("5", duration=0.025)) == ["5@25"]
    assert words_of("send_dtmf", lambda c: c.send_dtmf("12w#")) == ["12w#"]


@stands_on("11l_misc_apps", "send_dtmf", "queue_dtmf")
def test_send_dtmf_is_written_as_recorded() -> None:
    assert words_of("send_dtmf", lambda c: c.send_dtmf("123", duration=0.1)) == (
        recorded_words("11l", "send_dtmf")
    )
    assert words_of("queue_dtmf", lambda c: c.queue_dtmf("45")) == (
        recorded_words("11l", "queue_dtmf")
    )


@stands_on("11l_misc_apps", "send_dtmf")
@pytest.mark.parametrize("digits", ["", "12x", "1@2", "1 2"])
def test_send_dtmf_refuses_anything_but_digits(digits: str) -> None:
    def question(channel: Channel) -> None:
        for method in (channel.send_dtmf, channel.queue_dtmf, channel.recv_dtmf):
            with pytest.raises(ValueError, match="digits"):
                method(digits)
        channel.send_dtmf("1")

    ask(question)


@stands_on("14k_uuid_recv_dtmf", "recv_dtmf")
def test_recv_dtmf_acts_as_if_digits_had_been_pressed() -> None:
    def question(channel: Channel) -> list[object]:
        channel.recv_dtmf("45", duration=0.0375)
        events = [channel.wait("DTMF") for _ in range(2)]
        return [*(event.digit for event in events), events[0].dtmf_source]

    assert ask(question).value == ["4", "5", DTMFSource.APP]


@stands_on("11l_misc_apps", "start_dtmf", "stop_dtmf")
def test_start_dtmf_listens_for_tones() -> None:
    def question(channel: Channel) -> None:
        channel.start_dtmf()
        channel.stop_dtmf()

    assert ask(question).call.duration < 0.3


@stands_on("11l_misc_apps", "flush_dtmf")
def test_flush_dtmf_forgets_digits_here_and_in_freeswitch() -> None:
    def question(channel: Channel) -> str | None:
        channel.playback("ivr/ivr-welcome")
        channel.flush_dtmf()
        with pytest.raises(TimeoutError):
            channel.wait("DTMF", timeout=1)
        return None

    ask(question, press("12", prompt="ivr/ivr-welcome"))


@stands_on("03a_dtmf_during_playback", "playback")
def test_flush_digits_forgets_what_was_typed_ahead() -> None:
    def question(channel: Channel) -> Digits:
        channel.playback("ivr/ivr-welcome")
        channel.flush_digits()
        return channel.get_digits(ENTER, timeout=1)

    asked = ask(question, press("12", prompt="ivr/ivr-welcome"))
    assert asked.value.timed_out
    assert asked.call.heard == ["ivr/ivr-welcome", ENTER]


# The same for all that collect


RULES: dict[str, Any] = {"max": 4, "tries": 2, "timeout": 1, "invalid_file": WRONG}


@stands_on("03e_pagd_invalid_then_valid", "play_and_get_digits")
@pytest.mark.parametrize(
    ("rules", "keys"),
    [
        ({"regexp": "^[1-3]$"}, "2"),
        ({"regexp": "^[1-3]$"}, "9"),
        ({"regexp": "[1-3]"}, "92"),  # which FreeSWITCH finds anywhere
        ({"regexp": "^[1-3]$", "min": 2, "tries": 1}, ""),
        ({"min": 2, "tries": 1}, "1"),
        ({"min": 2, "tries": 1}, "1#"),
        ({"min": 0, "tries": 1}, ""),
        ({"min": 0, "tries": 1}, "#"),
        ({"min": 0, "tries": 1, "terminators": "none"}, "1"),
        ({"min": 0, "tries": 1, "terminators": ""}, "1"),
    ],
)
def test_the_same_arguments_mean_the_same_to_all_that_collect(
    rules: dict[str, Any], keys: str
) -> None:
    def told(method: str) -> object:
        def question(channel: Channel) -> Digits:
            collected: Digits = getattr(channel, method)(ENTER, **{**RULES, **rules})
            return collected

        asked = ask(question, press(keys) if keys else lambda call: call.wait())
        found = asked.value
        return str(found), str(found.invalid), found.timed_out, found.terminator

    assert told("get_digits") == told("play_and_get_digits")


@stands_on("03a_dtmf_during_playback", "playback")
@pytest.mark.parametrize(
    ("old", "why"),
    [
        ({"prompt": ENTER}, "prompt is named file now"),
        ({"invalid": WRONG}, "invalid is named invalid_file now"),
        ({"valid": "[12]"}, r"write regexp='\^\(\?:\[12\]\)\$'"),
        ({"regexp": "["}, "regexp is no regular expression"),
    ],
)
def test_what_get_digits_does_not_take_is_told_before_it_begins(
    old: dict[str, Any], why: str
) -> None:
    def question(channel: Channel) -> None:
        with pytest.raises((TypeError, ValueError), match=why):
            channel.get_digits(**old)
        channel.playback(ENTER)

    assert ask(question).call.heard == [ENTER]

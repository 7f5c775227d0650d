"""Applications that steer the call: answer, hang up, transfer, wait."""

from __future__ import annotations

import math
import re
import time
from contextlib import suppress

import pytest

from eslsync import AnswerState, Channel, Event, Hangup, HangupCause, Session, TimeoutError
from simulator import Call, FreeSwitch
from simulator.clockwork.threads import SECOND, Steps
from simulator.model.channel import Channel as ModelChannel
from tests.support.asking import ask, recorded_words, words_of
from tests.support.evidence import stands_on


@stands_on("01a_basic_playback_hangup", "answer")
def test_answer_returns_when_the_call_is_answered() -> None:
    def question(channel: Channel) -> list[AnswerState | str | None]:
        before = channel.answer_state
        channel.answer()
        return [before, channel.answer_state]

    asked = ask(question, answer=False)
    assert asked.value == [AnswerState.RINGING, AnswerState.ANSWERED]
    assert asked.call.answered


@stands_on("11l_misc_apps", "pre_answer")
def test_a_prompt_can_be_heard_before_the_answer() -> None:
    def question(channel: Channel) -> AnswerState | str | None:
        channel.pre_answer()
        channel.playback("ivr/ivr-welcome")
        return channel.answer_state

    asked = ask(question, answer=False)
    assert asked.value is AnswerState.EARLY
    assert asked.call.heard == ["ivr/ivr-welcome"]
    assert not asked.call.answered


@stands_on("10i_bridge_pre_answer_ring_ready", "ring_ready")
def test_ring_ready_tells_the_caller_that_it_rings() -> None:
    def caller(call: Call) -> None:
        call.expect("CHANNEL_PROGRESS")

    asked = ask(lambda channel: channel.ring_ready(), caller, answer=False)
    assert not asked.call.answered


@stands_on("01a_basic_playback_hangup", "hangup")
def test_hangup_returns_when_the_call_is_over_and_the_handler_goes_on() -> None:
    def question(channel: Channel) -> tuple[bool, Event | None]:
        channel.hangup()
        channel.hangup("USER_BUSY")  # too late
        return channel.is_up, channel.hangup_event

    up, event = ask(question).value
    assert not up
    assert event is not None
    assert event.name == "CHANNEL_HANGUP_COMPLETE"
    assert event.hangup_cause is HangupCause.NORMAL_CLEARING


@stands_on("14j_playback_before_answer", "hangup")
@pytest.mark.parametrize("cause", [HangupCause.USER_BUSY, "USER_BUSY"])
def test_a_call_is_turned_down_with_a_cause(cause: HangupCause | str) -> None:
    asked = ask(lambda channel: channel.hangup(cause), answer=False)
    assert asked.call.cause is HangupCause.USER_BUSY
    assert not asked.call.answered
    assert words_of("hangup", lambda channel: channel.hangup(cause)) == recorded_words(
        "14j_playback_before_answer", "hangup"
    )


@stands_on("switch_channel.c, switch_channel_str2cause", "hangup")
@pytest.mark.parametrize(
    ("cause", "said"),
    [("busy", "did you mean 'USER_BUSY'?"), ("x", "see HangupCause"), ("", "see HangupCause")],
)
def test_a_cause_that_freeswitch_does_not_know_is_refused(cause: str, said: str) -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(ValueError, match=re.escape(f"hangup cause {cause!r}; {said}")):
            channel.hangup(cause)
        channel.hangup("USER_BUSY")

    assert ask(question, answer=False).call.cause is HangupCause.USER_BUSY


@stands_on("11f_sleep_and_break", "sleep")
def test_sleep_lasts_its_seconds() -> None:
    asked = ask(lambda channel: channel.sleep(1.5))
    assert 1.5 <= asked.call.duration < 1.6
    assert words_of("sleep", lambda channel: channel.sleep(1.5)) == recorded_words("11f", "sleep")


@stands_on("11f_sleep_and_break", "sleep")
@pytest.mark.parametrize(("eat", "seconds"), [(None, 1.0), ("true", 5.0)])
def test_a_digit_ends_sleep_unless_it_is_eaten(eat: str | None, seconds: float) -> None:
    def question(channel: Channel) -> None:
        if eat is not None:
            channel.set("sleep_eat_digits", eat)
        channel.sleep(5)

    def caller(call: Call) -> None:
        call.say_nothing(1.0)
        call.press("1")

    assert ask(question, caller).call.duration == pytest.approx(seconds, abs=0.2)


@stands_on("11k_park", "park")
def test_park_returns_at_once_where_the_channel_is_parked_already() -> None:
    assert ask(lambda channel: channel.park()).call.duration < 0.2


@stands_on("12a_transfer_app", "transfer")
def test_a_transferred_call_leaves_but_its_events_still_arrive() -> None:
    def question(channel: Channel) -> HangupCause | str | None:
        channel.transfer("elsewhere")
        return channel.wait("CHANNEL_HANGUP_COMPLETE").hangup_cause

    elsewhere = [("playback", "ivr/elsewhere"), ("hangup", "USER_BUSY")]
    asked = ask(question, extensions={"^elsewhere$": elsewhere})
    assert asked.value is HangupCause.USER_BUSY
    assert asked.call.heard == ["ivr/elsewhere"]


@stands_on("12a_transfer_app", "transfer")
def test_transfer_is_written_as_it_was_recorded() -> None:
    def question(channel: Channel) -> None:
        channel.transfer("bye1500", "XML", "default")

    assert words_of("transfer", question) == recorded_words("12a", "transfer")


@stands_on("mod_dptools.c, transfer_function", "transfer")
@pytest.mark.parametrize(("leg", "first"), [("bleg", ["-bleg"]), ("both", ["-both"])])
def test_transfer_can_name_the_leg_and_the_context(leg: str, first: list[str]) -> None:
    def question(channel: Channel) -> None:
        channel.transfer("2000", context="sales team", leg=leg)  # type: ignore[arg-type]

    assert words_of("transfer", question) == [*first, "2000", "XML", "sales team"]


@stands_on("mod_dptools.c, exe_function", "execute_extension")
def test_another_extensions_applications_are_run_and_the_handler_goes_on() -> None:
    def question(channel: Channel) -> None:
        channel.execute_extension("greet", context="sales")
        channel.playback("ivr/after")

    sent = words_of("execute_extension", question, allow=["execute_extension greet"])
    assert sent == ["greet", "XML", "sales"]
    asked = ask(question, extensions={"^greet$": [("playback", "ivr/ivr-welcome")]})
    assert asked.call.heard == ["ivr/ivr-welcome", "ivr/after"]


@stands_on("11l_misc_apps", "sched_hangup")
def test_sched_hangup_hangs_up_after_its_seconds() -> None:
    def question(channel: Channel) -> None:
        channel.sched_hangup(29.5)
        channel.wait("CHANNEL_HANGUP")

    asked = ask(question)
    assert asked.call.cause is HangupCause.ALLOTTED_TIMEOUT
    assert 29.0 <= asked.call.duration <= 30.1
    words = words_of("sched_hangup", question)
    assert words[:1] == recorded_words("11l", "sched_hangup")  # whose default is our cause


@stands_on("switch_channel.c, switch_channel_perform_hangup", "hangup")
def test_hangup_ends_a_channel_that_is_stuck() -> None:
    def stuck(channel: ModelChannel, data: str) -> Steps[None]:
        until = channel.now + 60 * SECOND
        while channel.now < until:  # a script that looks at nothing
            yield until

    took: list[float] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.execute("lua", "stuck.lua", block=False)
        began = time.monotonic()
        session.channel.hangup("USER_BUSY")
        took.append(time.monotonic() - began)

    with FreeSwitch(applications={"lua": stuck}) as switch:
        call = switch.call(handler)
        call.wait()
    assert call.cause == "USER_BUSY"
    assert took[0] < 8.5


def reasons(version: str, *, before: str = "", socket: str = "async full") -> list[str]:
    """What a handler sends on about sip_reason when it hangs up after a busy SIP far end."""

    def handler(session: Session) -> None:
        if before:
            session.channel.set("sip_reason", before)
        session.channel.set("continue_on_fail", "true")
        session.channel.bridge("sofia/gateway/carrier/100")
        session.channel.hangup("NORMAL_CLEARING")

    with FreeSwitch(version=version) as switch:
        switch.endpoint("sofia/gateway/carrier/100", rejects="USER_BUSY")
        call = switch.call(handler, socket=socket)
        call.wait()
        assert call.cause == "NORMAL_CLEARING"
        executed = [entry.text for entry in call.transcript.entries if "sip_reason" in entry.text]
    return executed


@stands_on("mod_sofia.c, sofia_on_hangup", "hangup", "bridge")
def test_hangup_does_not_send_on_the_reason_of_a_far_end() -> None:
    assert any("unset" in each for each in reasons("1.11"))
    assert any("unset" in each for each in reasons("1.11", socket="full"))
    # it has nothing to unset, and costs nothing
    assert reasons("1.10") == []


@stands_on("mod_sofia.c, sofia_on_hangup", "hangup", "set")
def test_hangup_keeps_a_reason_that_the_handler_has_set() -> None:
    assert not any("unset" in each for each in reasons("1.11", before="SIP;cause=603"))


@stands_on("switch_ivr.c, switch_ivr_parse_event", "hangup")
def test_hangup_waits_for_an_application_under_a_lock() -> None:
    def question(channel: Channel) -> None:
        channel.playback("ivr/ivr-long", lock=True, block=False)
        channel.hangup()

    asked = ask(question, prompts={"ivr/ivr-long": 20.0})
    assert asked.call.duration > 20


@stands_on("mod_dptools.c, sched_transfer_function", "sched_transfer")
def test_sched_transfer_transfers_after_its_seconds() -> None:
    def question(channel: Channel) -> None:
        channel.sched_transfer(3, "playback:ivr/elsewhere,hangup", "inline")
        channel.playback("ivr/ivr-long")
        channel.wait("CHANNEL_HANGUP")

    asked = ask(question, prompts={"ivr/ivr-long": 60.0, "ivr/elsewhere": 1.0})
    assert asked.call.heard == ["ivr/ivr-long", "ivr/elsewhere"]
    assert asked.call.duration == pytest.approx(4.0, abs=1.1)


@stands_on("262_hold_apps", "hold", "unhold")
def test_hold_passes_its_text_on() -> None:
    told: list[str] = []

    def question(channel: Channel) -> None:
        channel.on("CHANNEL_HOLD", lambda event: told.append(event.name))
        channel.hold("one moment")
        channel.unhold()

    ask(question)
    assert told == ["CHANNEL_HOLD"]
    assert words_of("hold", question) == ["one", "moment"]


@stands_on("11f_sleep_and_break", "break_")
@pytest.mark.parametrize("everything", [False, True])
def test_break_ends_the_running_application_and_optionally_queued_ones(everything: bool) -> None:
    def question(channel: Channel) -> list[bool]:
        first = channel.playback("ivr/ivr-long", lock=True, block=False)
        second = channel.playback("ivr/ivr-short", block=False)
        channel.wait("PLAYBACK_START")
        channel.break_(everything=everything)
        first.wait()
        with suppress(TimeoutError):
            second.wait(5)
        return [first.done, second.done]

    asked = ask(question, prompts={"ivr/ivr-long": 9.0, "ivr/ivr-short": 0.5})
    assert asked.value == [True, not everything]
    assert asked.call.heard == ["ivr/ivr-long", "ivr/ivr-short"][: 1 if everything else 2]


@stands_on("mod_dptools.c, deflect_function", "deflect")
def test_deflect_passes_its_target_on() -> None:
    assert words_of("deflect", lambda channel: channel.deflect("sip:2000@192.0.2.9")) == [
        "sip:2000@192.0.2.9"
    ]


@stands_on("mod_dptools.c, redirect_function", "redirect")
def test_a_call_is_redirected_before_the_answer() -> None:
    def question(channel: Channel) -> None:
        channel.redirect("sip:2000@192.0.2.9")

    assert words_of("redirect", question, answer=False) == ["sip:2000@192.0.2.9"]


@stands_on("02a_caller_hangs_up_mid_playback", "playback")
def test_an_application_after_the_hangup_raises_it_again_with_its_cause() -> None:
    causes: list[HangupCause | str | None] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        for _ in range(2):
            try:
                session.channel.playback("ivr/ivr-long")
            except Hangup as hangup:
                causes.append(hangup.cause)

    with FreeSwitch(prompts={"ivr/ivr-long": 30.0}) as switch:
        call = switch.call(handler)
        call.hear("ivr/ivr-long", start=True)
        call.hangup("USER_BUSY")
    assert causes == [HangupCause.USER_BUSY] * 2


# seconds


@stands_on("mod_dptools.c, sleep_function", "sleep")
def test_milliseconds_are_rounded_to_whole_ones() -> None:
    assert words_of("sleep", lambda channel: channel.sleep(0.0016)) == ["2"]


@stands_on("mod_dptools.c, sched_hangup_function", "sched_hangup")
def test_whole_seconds_are_rounded_up() -> None:
    def question(channel: Channel) -> None:
        channel.sched_hangup(1.2)

    assert words_of("sched_hangup", question)[0] == "+2"


@stands_on("mod_dptools.c, sleep_function", "sleep")
@pytest.mark.parametrize(
    ("seconds", "error"),
    [
        (-1.0, "sleep: seconds must be at least 0 s, not -1.0"),
        (math.inf, "sleep: seconds must be a finite number of seconds, 0 or more, not inf"),
        (math.nan, "sleep: seconds must be a finite number of seconds, 0 or more, not nan"),
    ],
)
def test_negative_and_infinite_times_are_refused(seconds: float, error: str) -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(ValueError, match=re.escape(error)):
            channel.sleep(seconds)
        channel.sleep(0.0)

    assert words_of("sleep", question) == ["0"]


@stands_on("mod_dptools.c, play_and_get_digits_function", "play_and_get_digits")
def test_the_caller_has_at_least_a_second() -> None:
    error = "play_and_get_digits: timeout must be at least 1 s, not 0.5"

    def question(channel: Channel) -> None:
        with pytest.raises(ValueError, match=re.escape(error)):
            channel.play_and_get_digits("ivr/menu", timeout=0.5)
        channel.play_and_get_digits("ivr/menu", timeout=1.0)

    assert words_of("play_and_get_digits", question)[3] == "1000"

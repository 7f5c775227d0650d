"""Ringing, early media and the answer, and what variables have run then."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eslsync import Session
from simulator import Call, FreeSwitch


def call_to(handler: Callable[[Session], object], **variables: str) -> Call:
    with FreeSwitch() as switch:
        switch.endpoint("user/1000", rings=True, answers_after=2.0, hangs_up_after=1.0)
        call = switch.call(handler, variables=variables)
        call.wait()
    return call


def test_an_application_is_executed_before_the_answer_completes() -> None:
    def handler(session: Session) -> None:
        session.channel.set("execute_on_answer", "playback ivr/ivr-welcome")
        session.channel.answer()
        session.channel.playback("ivr/ivr-thanks")

    call = call_to(handler)
    assert call.heard == ["ivr/ivr-welcome", "ivr/ivr-thanks"]
    assert call.duration == pytest.approx(4.0, abs=0.3)  # the answer took two seconds


def test_each_variable_of_the_name_counts_and_each_element() -> None:
    def handler(session: Session) -> None:
        channel = session.channel
        channel.set("execute_on_answer_2", "set second=yes")
        channel.push("execute_on_answer", "set first=yes")
        channel.push("execute_on_answer", "set third=yes")
        channel.answer()
        got.extend(channel.get_variable(name) for name in ("first", "second", "third"))

    got: list[str | None] = []
    call_to(handler)
    assert got == ["yes"] * 3


def test_an_application_can_be_queued_instead() -> None:
    def handler(session: Session) -> None:
        session.channel.set("execute_on_answer", "playback::ivr/ivr-welcome")
        session.channel.answer()
        answered.append(call_time())
        session.wait("CHANNEL_EXECUTE_COMPLETE", timeout=5.0)

    answered: list[float] = []
    with FreeSwitch() as switch:

        def call_time() -> float:
            return call.duration

        call = switch.call(handler)
        call.wait()
    assert call.heard == ["ivr/ivr-welcome"]
    assert answered[0] < 0.5


@pytest.mark.parametrize("variable", ["api_on_answer", "api_on_media"])
def test_an_api_command_is_run_at_the_answer(variable: str) -> None:
    def handler(session: Session) -> None:
        session.channel.set(variable, "uuid_setvar ${uuid} mark there")
        session.channel.answer()
        got.append(session.channel.get_variable("mark"))

    got: list[str | None] = []
    call_to(handler)
    assert got == ["there"]


@pytest.mark.parametrize("variable", ["execute_on_media", "execute_on_pre_answer"])
def test_early_media_comes_before_the_answer(variable: str) -> None:
    def handler(session: Session) -> None:
        session.channel.set(variable, "playback ivr/ivr-welcome")
        session.channel.pre_answer()
        session.channel.answer()

    call = call_to(handler)
    assert call.heard == ["ivr/ivr-welcome"]


def test_ringing_has_its_own() -> None:
    def handler(session: Session) -> None:
        session.channel.set("execute_on_ring", "set rang=yes")
        session.channel.ring_ready()
        got.append(session.channel.get_variable("rang"))

    got: list[str | None] = []
    call_to(handler)
    assert got == ["yes"]


def test_a_far_end_has_its_own() -> None:
    def handler(session: Session) -> None:
        ring = "api_on_ring='uuid_setvar ${uuid} b 2',origination_nested_vars=true"
        hooks = f"{{execute_on_answer='set a=1',{ring}}}"
        leg = session.api(f"originate {hooks}user/1000 &park").removeprefix("+OK ").strip()
        got.extend(session.api(f"uuid_getvar {leg} {name}") for name in "ab")

    got: list[str] = []
    call_to(handler)
    assert got == ["1", "2"]


def test_the_answer_is_delayed() -> None:
    def handler(session: Session) -> None:
        session.channel.set("answer_delay", "1500")
        session.channel.answer()
        session.channel.hangup()

    assert call_to(handler).duration == pytest.approx(1.5, abs=0.2)


def test_a_heartbeat_that_is_switched_off_does_not_beat() -> None:
    def handler(session: Session) -> None:
        session.channel.set("enable_heartbeat_events", setting)
        session.channel.answer()
        session.on("SESSION_HEARTBEAT", lambda event: beats.append(setting))
        session.send("event plain SESSION_HEARTBEAT")
        session.channel.sleep(130.0)

    beats: list[str] = []
    for setting in ("false", "true"):  # noqa: B007
        call_to(handler)
    assert beats == ["true", "true"]

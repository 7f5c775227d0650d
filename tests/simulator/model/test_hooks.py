"""Api commands that run once a call has ended."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from eslsync import Session
from simulator import FreeSwitch


def ended(value: str, variable: str = "api_hangup_hook") -> str | None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.set("mark", "mine")
        session.channel.set(variable, value)
        session.channel.playback("ivr/ivr-welcome")

    def reader(session: Session) -> None:
        got.append(session.api("global_getvar"))

    got: list[str] = []
    with FreeSwitch(allow_unmodelled=["the command nonsense"]) as switch:
        call = switch.call(handler)
        call.hear("ivr/ivr-welcome", start=True)
        call.hangup("USER_BUSY")
        call.wait()
        switch.call(reader).wait()
    return dict(line.partition("=")[::2] for line in got[0].splitlines()).get("ended")


@pytest.mark.parametrize("variable", ["api_hangup_hook", "api_reporting_hook"])
@pytest.mark.parametrize("separator", [" ", "::"])
def test_a_hook_knows_how_the_call_ended(variable: str, separator: str) -> None:
    hook = f"global_setvar{separator}ended=${{Hangup-Cause}}/${{hangup_cause}}/${{mark}}"
    assert ended(hook, variable) == "USER_BUSY/USER_BUSY/mine"


def test_an_unknown_command_does_nothing() -> None:
    assert ended("nonsense ${uuid}") is None


def test_the_event_that_tells_of_it_has_no_name() -> None:
    told: list[dict[str, str]] = []

    def handler(session: Session) -> None:
        @session.on("ALL")
        def anything(event: Mapping[str, str]) -> None:
            if "Event-Name" not in event:
                told.append(dict(event))

        session.channel.answer()
        session.channel.set("api_hangup_hook", "global_setvar ended=1")
        session.channel.hangup()
        session.wait("CHANNEL_HANGUP_COMPLETE")

    with FreeSwitch() as switch:
        switch.call(handler).wait()
    (event,) = told
    assert event["API-Command"] == "global_setvar"
    assert event["hangup_cause"] == event["variable_hangup_cause"] == "NORMAL_CLEARING"

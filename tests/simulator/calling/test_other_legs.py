"""Other legs than the caller's in the ladder and the transcript."""

from __future__ import annotations

import re

from eslsync import Session
from simulator import Call, FreeSwitch
from simulator.calling.freeswitch import simulation_of


def told(call: Call) -> list[str]:
    """Entries at the switch, and those that tell the caller of bridges."""
    entries = call.transcript.entries
    return [e.text for e in entries if e.sender == "switch" == e.receiver or "bridged" in e.text]


def bridging(session: Session, dial_string: str) -> None:
    session.channel.answer()
    session.channel.set("continue_on_fail", "true")
    session.channel.set("hangup_after_bridge", "false")
    session.channel.execute("bridge", dial_string)
    session.channel.hangup()


def test_of_two_that_ring_one_answers() -> None:
    with FreeSwitch() as switch:
        switch.endpoint("user/1000", rings=True, answers_after=9.0)
        switch.endpoint("user/1001", answers_after=2.0, hangs_up_after=1.0)
        call = switch.call(lambda session: bridging(session, "user/1000,user/1001,user/9"))
        call.wait()
    assert told(call) == [
        "calls user/1000",
        "calls user/1001",
        "can't call user/9: SUBSCRIBER_ABSENT",
        "user/1000 rings",
        "user/1001 answers",
        "hangs up user/1000 LOSE_RACE",
        "bridged to user/1001",
        "user/1001 hangs up NORMAL_CLEARING",
    ]
    assert call.bridged == ["user/1001"]
    assert simulation_of(switch).legs.dialled == {"user/1000", "user/1001", "user/9"}


def test_other_legs_are_drawn_at_the_switch() -> None:
    with FreeSwitch() as switch:
        switch.endpoint("user/1000", rejects="USER_BUSY")
        call = switch.call(lambda session: bridging(session, "user/1000"))
        call.wait()
    drawn = call.ladder()
    assert re.search(r"^    0\.080   │ +calls user/1000   │ +│$", drawn, re.MULTILINE)
    assert re.search(r"   │ +user/1000 rejects: USER_BUSY   │ +│$", drawn, re.MULTILINE)
    assert "├─ bridge completed: USER_BUSY ─" in drawn


def test_an_originated_leg_is_shown_in_the_call_of_its_app() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        if session.context["Caller-Caller-ID-Number"] == "2":
            session.send("api originate user/1000 &playback(ivr/hello)")
        session.channel.sleep(5.0)
        session.channel.hangup()

    with FreeSwitch() as switch:
        switch.endpoint("user/1000", rings=True, answers_after=1.0, presses=[(0.5, "1")])
        other = switch.call(handler, caller="1")
        call = switch.call(handler, caller="2")
        call.wait()
        other.wait()
    assert told(other) == []
    assert told(call) == [
        "calls user/1000",
        "user/1000 rings",
        "user/1000 answers",
        "user/1000 hears ivr/hello",
        "user/1000 presses 1",
        "hangs up user/1000 NORMAL_CLEARING",
    ]


def test_commands_for_another_leg_say_for_which() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.send("filter Unique-ID far")
        session.send("api originate {origination_uuid=far}user/1000 &park()")
        session.send(
            "sendmsg far",
            {
                "call-command": "execute",
                "execute-app-name": "playback",
                "execute-app-arg": "ivr/hello",
            },
        )
        session.send("api create_uuid")
        session.send(f"api uuid_exists {session.uuid}")
        session.send("api uuid_setvar far account 42")
        session.channel.sleep(5.0)
        session.channel.hangup()

    with FreeSwitch() as switch:
        switch.endpoint("user/1000")
        call = switch.call(handler)
        call.wait()
    assert "◀─ playback ivr/hello on user/1000 ─" in call.ladder()
    assert "◀─ create_uuid ─" in call.ladder()
    assert "◀─ api uuid_exists caller ─" in call.ladder()
    assert "◀─ api uuid_setvar user/1000 account 42 ─" in call.ladder()
    assert "├─ playback completed: FILE PLAYED on user/1000 ─" in call.ladder()

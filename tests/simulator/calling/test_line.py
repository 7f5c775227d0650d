"""A call seen from both ends, for the rest of the simulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from eslsync import Session
from simulator import Call, FreeSwitch
from simulator.calling.call import line_of

DOCS = Path(__file__).resolve().parents[3] / "docs"


def menu(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("welcome")
    session.channel.wait("DTMF")
    session.channel.execute("play_and_get_digits", "1 1 1 5000 # silence_stream://250")
    session.channel.hangup()


@pytest.mark.parametrize(("kind", "name"), [(Call, "call"), (FreeSwitch, "switch")])
def test_users_have_what_the_docs_describe_and_no_more(kind: type, name: str) -> None:
    page = (DOCS / "guides" / "testing.md").read_text(encoding="utf-8")
    public = {each for each in vars(kind) if not each.startswith("_")}
    undocumented = {
        each for each in public if f"{name}.{each}" not in page and f"`{each}(" not in page
    }
    assert not undocumented


def test_a_line_has_what_the_caller_notices() -> None:
    events: list[str] = []
    with FreeSwitch() as switch:
        call = switch.call(menu)
        line = line_of(call)
        line.watchers.append(lambda name, event: events.append(name))
        call.hear("welcome")
        assert [each.name for each in line.prompts] == ["welcome"]
        call.press("1")
        call.press("2", when_asked=True)
        call.wait()
    assert line_of(call).hung_up
    assert [name for _, name in line.fired if name in events] == events
    assert {"CHANNEL_ANSWER", "CHANNEL_HANGUP_COMPLETE"} < set(events)


def test_a_line_knows_whether_the_handler_waits_for_a_digit() -> None:
    with FreeSwitch() as switch:
        call = switch.call(menu)
        line = line_of(call)
        call.hear("welcome", start=True)
        assert not line.asks_for_digit()
        call.hear("welcome")
        call.say_nothing(0.1)
        assert line.asks_for_digit()  # wait("DTMF")
        call.press("1")
        call.expect("play_and_get_digits")
        call.say_nothing(0.1)
        assert line.asks_for_digit()  # an application that collects
        call.press("2")
        call.wait()


def test_what_a_caller_does_is_noted_and_a_hangup_only_once() -> None:
    with FreeSwitch() as switch:
        call = switch.call(menu)
        call.hear("welcome")
        line_of(call).hang_up("USER_BUSY")
        line_of(call).hang_up("NORMAL_CLEARING")
        call.wait()
    assert call.cause == "USER_BUSY"
    assert str(call.transcript).count("hangs up") == 2  # the caller's, and the switch's end of it

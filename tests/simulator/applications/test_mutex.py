"""One call at a time: mod_dptools.c, do_mutex."""

from __future__ import annotations

from eslsync import Session
from simulator import Call, FreeSwitch


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    if session.channel.get_variable("caller_id_number") == "1002":
        channel.set("mutex_feedback", "music")
    if session.channel.get_variable("caller_id_number") == "1003":
        channel.set("mutex_timeout", "2")
    channel.execute("mutex", "door")
    channel.playback("inside")
    channel.execute("mutex", "door off")
    channel.hangup()


def began(call: Call) -> float:
    """The second in which the caller passed the door."""
    for line in str(call.transcript).splitlines():
        if "plays inside" in line:
            return float(line.split()[0])
    raise AssertionError(f"the caller never passed:\n{call.transcript}")


def test_the_second_call_hears_music_until_the_first_is_done() -> None:
    with FreeSwitch(prompts={"inside": 10.0, "music": 100.0}) as switch:
        first = switch.call(handler, caller="1001")
        first.hear("inside", start=True)
        second = switch.call(handler, caller="1002")
        second.hear("music", start=True)
        second.hear("inside")
        second.wait()
    assert second.heard == ["music", "inside"]
    assert 9.0 < began(second) < 11.0


def test_a_call_that_waits_too_long_goes_on() -> None:
    with FreeSwitch(prompts={"inside": 10.0}) as switch:
        first = switch.call(handler, caller="1001")
        first.hear("inside", start=True)
        third = switch.call(handler, caller="1003")
        third.hear("inside", start=True)
        assert 1.5 < began(third) < 2.5
        first.hangup()
        third.hangup()


def test_a_caller_who_hangs_up_lets_the_next_one_pass() -> None:
    with FreeSwitch(prompts={"inside": 10.0}) as switch:
        first = switch.call(handler, caller="1001")
        first.hear("inside", start=True)
        second = switch.call(handler, caller="1004")
        second.say_nothing(1.0)
        first.hangup()
        second.hear("inside", start=True)
        second.hangup()
    assert began(second) < 2.0

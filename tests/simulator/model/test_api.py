"""API commands answer in the words of the switch."""

from __future__ import annotations

import random

import pytest

from simulator.applications import API_COMMANDS, APPLICATIONS
from tests.support.model_call import ModelCall


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("version", "FreeSWITCH Version 1.10.12-release~64bit ( 64bit)\n"),
        ("no_such_command x", "-ERR no_such_command Command not found!\n"),
        ("echo hello", "hello"),
        ("strftime %Y", "2026"),
        ("msleep 0", "+OK"),
        ("global_getvar nothing", "-ERR no reply\n"),
        ("global_setvar a=1", "+OK"),
        ("expand echo ${{nothing}}x", "x"),
        ("uuid_exists {uuid}", "true"),
        ("uuid_exists nobody", "false"),
        ("uuid_getvar {uuid} caller_id_number", "1001"),
        ("uuid_getvar {uuid} nothing", "_undef_"),
        ("uuid_getvar nobody x", "-ERR No such channel!\n"),
        ("uuid_setvar {uuid} a b c", "+OK\n"),
        ("uuid_kill nobody", "-ERR No such channel!\n"),
        ("uuid_kill {uuid} USER_BUSY", "+OK\n"),
        ("uuid_break {uuid} all", "+OK\n"),
        ("uuid_broadcast nobody a.wav", "-ERR invalid uuid\n"),
        ("originate nowhere &park", "-ERR CHAN_NOT_IMPLEMENTED\n"),
        ("toupper abc", "ABC"),
        ("cond 3 > 2 ? yes : no", "yes"),
        ("regex 123|^1(.)", "true"),
        ("show channels count", "\n1 total.\n"),
    ],
)
def test_words(command: str, answer: str) -> None:
    call = ModelCall()
    call.send("connect")
    assert call.send("api " + command.format(uuid=call.channel.uuid)) == answer


def test_status_counts() -> None:
    call = ModelCall()
    call.send("connect")
    call.wait(90061)
    lines = call.send("api status").split("\n")
    assert lines[0].startswith("UP 0 years, 1 day, 1 hour, 1 minute, 1 second, ")
    assert lines[2] == "2 session(s) since startup"


def test_uuid_setvar_is_seen_at_once() -> None:
    call = ModelCall()
    call.send("connect")
    call.send(f"api uuid_setvar {call.channel.uuid} a b c")
    assert call.send("getvar a") == "b c"
    call.send(f"api uuid_setvar {call.channel.uuid} a")
    assert call.send("getvar a") == "-ERR command not found"


def test_originate_sends_the_leg_on_and_tells_its_uuid() -> None:
    call = ModelCall().answered()
    call.endpoint("user/1000", answers_after=1.0, presses=[(0.5, "7")])
    call.send("bgapi originate {origination_uuid=mine}user/1000 &playback(silence_stream://-1)")
    call.wait(3)
    (job,) = call.events("BACKGROUND_JOB")
    assert job.body == "+OK mine\n"
    leg = call.switch.channels["mine"]
    assert leg.digits_dialed == "7"
    assert [each.prompt for each in leg.heard] == ["silence_stream://-1"]
    assert leg.profile.caller_id_number == "1000"  # who was called is now who calls


@pytest.mark.parametrize(
    ("behaviour", "answer"),
    [
        ({"rejects": "USER_BUSY"}, "-ERR USER_BUSY\n"),
        ({"answers_after": None}, "-ERR NO_ANSWER\n"),
        ({"no_route": True}, "-ERR SUBSCRIBER_ABSENT\n"),
    ],
)
def test_originate_tells_why_nobody_answered(behaviour: dict[str, object], answer: str) -> None:
    call = ModelCall().answered()
    call.endpoint("user/1000", **behaviour)
    call.send("bgapi originate user/1000 &park")
    call.wait(70)
    assert [each.body for each in call.events("BACKGROUND_JOB")] == [answer]


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_sent_the_switch_goes_on(seed: int) -> None:
    """Any application and any api command, with good and bad arguments, at any time."""
    chance = random.Random(seed)
    options = ("async full", "full", "async", "")
    call = ModelCall(socket=f"127.0.0.1:5000 {chance.choice(options)}".strip())
    call.endpoint("user/1000", answers_after=0.5, hangs_up_after=1.0)
    call.send("connect")
    call.send(chance.choice(["event plain all", "event json all", "event xml all", "myevents"]))
    arguments = ["", "1", "a.wav", "1 2 3 4 5 6 7", "a=${b}", "'", "\\", "user/1000", "+1 x"]
    for _ in range(40):
        what = chance.random()
        argument = chance.choice(arguments)
        if what < 0.5:
            lock = chance.choice(["true", "false"])
            call.execute(chance.choice(list(APPLICATIONS)), argument, event_lock=lock)
        elif what < 0.8:
            uuid = chance.choice(["", call.channel.uuid + " "])
            call.send(f"bgapi {chance.choice(list(API_COMMANDS))} {uuid}{argument}")
        elif what < 0.98:
            call.channel.press(chance.choice("0123456789*#"))
        else:
            call.channel.caller_hangs_up()
        call.wait(chance.random())
    call.channel.caller_hangs_up()
    call.wait(120)
    assert not call.channel.up

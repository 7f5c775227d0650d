"""Applications and api commands, by name."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from simulator import applications
from simulator.applications import API_COMMANDS, APPLICATIONS
from simulator.model.tables import api, application
from tests.support.cases import for_each
from tests.support.model_call import ModelCall


@for_each(
    ("command", "answer"),
    [
        ("version", "FreeSWITCH Version 1.11.3-dev~64bit ( 64bit)\n"),
        ("no_such_command x", "-ERR no_such_command Command not found!\n"),
        ("echo hello", "hello"),
        ("echo", "-ERR no reply\n"),
        ("eval ${{nothing}}", "-ERR no reply\n"),
        ("md5", "!err!"),
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
def test_api_commands_answer_in_the_switchs_words(command: str, answer: str) -> None:
    call = ModelCall()
    call.send("connect")
    assert call.send("api " + command.format(uuid=call.channel.uuid)) == answer


@for_each("seed", range(40))
def test_the_switch_survives_anything_it_is_sent(seed: int) -> None:
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


def test_every_file_of_the_applications_is_loaded() -> None:
    folder = Path(applications.__file__).parent
    assert {f"{applications.__name__}.{file.stem}" for file in folder.glob("[!_]*.py")} <= set(
        sys.modules
    )


def test_a_name_is_registered_once_with_evidence() -> None:
    with pytest.raises(ValueError, match="there are two applications 'answer'"):
        application("answer", recordings="01a")(lambda channel, data: None)
    with pytest.raises(ValueError, match="there are two api commands 'status'"):
        api("status", recordings="01a")(lambda switch, argument: "")
    with pytest.raises(ValueError, match="'new' needs evidence: recordings= or source="):
        application("new")

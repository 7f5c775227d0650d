"""Answering, hanging up, parking, transferring: as applications, and by uuid."""

from __future__ import annotations

import pytest

from eslsync import Session
from simulator import FreeSwitch
from simulator.model.states import State
from tests.support.model_call import ModelCall

EXTENSIONS = {
    "greet": [("playback", "greeting.wav"), ("set", "greeted=yes")],
    "busy": [("hangup", "USER_BUSY")],
}


def api(call: ModelCall, command: str) -> str:
    answer = call.send("api " + command.format(uuid=call.channel.uuid))
    call.wait(0.2)
    return answer


@pytest.mark.parametrize(
    ("data", "cause"), [("", "NORMAL_CLEARING"), ("17", "USER_BUSY"), ("USER_BUSY", "USER_BUSY")]
)
def test_hangup_has_a_cause_by_name_or_number(data: str, cause: str) -> None:
    call = ModelCall().answered()
    call.execute("hangup", data)
    call.wait(0.2)
    assert call.channel.hangup_cause == cause


def test_another_extension_runs_and_the_call_goes_on_here() -> None:
    call = ModelCall(extensions=EXTENSIONS, prompts={"greeting.wav": 1.0}).answered()
    call.execute("execute_extension", "greet XML default")
    call.wait(2)
    assert call.completed.get("Application") == "execute_extension"
    assert call.variable("greeted") == "yes"
    assert call.channel.up


def test_uuid_transfer_sends_the_call_elsewhere() -> None:
    call = ModelCall(extensions=EXTENSIONS).answered()
    assert api(call, "uuid_transfer {uuid} busy") == "+OK\n"
    assert call.channel.hangup_cause == "USER_BUSY"


def test_echo_lasts_until_something_breaks_it_off() -> None:
    call = ModelCall().answered()
    call.execute("echo")
    call.wait(60)
    assert call.completed.get("Application") == "answer"
    assert api(call, "uuid_break {uuid}") == "+OK\n"
    assert call.completed.get("Application") == "echo"


def test_uuid_park_takes_the_call_out_of_the_dialplan() -> None:
    call = ModelCall(incoming={"after": [("hangup", "")]}).answered()
    assert api(call, "uuid_park {uuid}").startswith("+OK")
    call.wait(60)
    assert call.channel.state is State.PARK


@pytest.mark.parametrize(
    ("command", "cause"),
    [("hupall", "MANAGER_REQUEST"), ("hupall USER_BUSY", "USER_BUSY")],
)
def test_hupall_hangs_up_everybody(command: str, cause: str) -> None:
    call = ModelCall().answered()
    assert api(call, command).startswith("+OK")
    assert call.channel.hangup_cause == cause
    assert api(call, "uuid_exists {uuid}") == "false"


def test_the_dialplan_continues_after_a_socket_if_a_variable_says_so() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.set("socket_resume", "true")

    with FreeSwitch() as switch:
        call = switch.call(handler, after=[("playback", "goodbye")])
        call.hear("goodbye")

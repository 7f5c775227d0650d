"""redirect, respond, deflect: recordings 21p, 21q (loopback); mod_sofia.c,
sofia_receive_message (SIP).
"""

from __future__ import annotations

from tests.support.cases import for_each
from tests.support.model_call import ModelCall


@for_each(
    ("application", "argument", "cause"),
    [
        ("redirect", "sip:1@example.com", "NORMAL_UNSPECIFIED"),
        ("redirect", "sip:1@example.com USER_BUSY", "USER_BUSY"),
        ("respond", "486 Busy Here", "USER_BUSY"),
        ("respond", "404", "UNALLOCATED_NUMBER"),
        ("respond", "", "INCOMPATIBLE_DESTINATION"),
        ("respond", "183 Progress", None),
        ("respond", "302 sip:1@example.com", "NORMAL_UNSPECIFIED"),
        ("deflect", "sip:1@example.com", "BLIND_TRANSFER"),
    ],
)
def test_an_unanswered_sip_call_can_be_redirected(
    application: str, argument: str, cause: str | None
) -> None:
    call = ModelCall()
    call.channel.endpoint = "sofia"
    call.send("connect")
    call.execute(application, argument)
    call.wait(0.2)
    assert call.channel.hangup_cause == cause


def test_an_answered_call_can_be_deflected_but_not_redirected() -> None:
    call = ModelCall()
    call.channel.endpoint = "sofia"
    call.answered()
    call.execute("redirect", "sip:1@example.com")
    call.execute("respond", "488")
    call.wait(0.2)
    assert call.channel.up
    before = len(call.sent)
    call.send(f"api uuid_deflect {call.channel.uuid} sip:1@example.com")
    assert call.sent[before].body == "+OK:SIP/2.0 202 Accepted\n"
    assert call.channel.hangup_cause == "BLIND_TRANSFER"


def test_on_a_loopback_channel_only_deflect_has_an_effect_and_waits() -> None:
    call = ModelCall().answered()
    call.execute("redirect", "sip:1@example.com")
    call.execute("respond", "486 Busy")
    call.execute("deflect", "sip:1@example.com")
    call.wait(9.0)
    assert call.completed.get("Application") == "respond"
    call.wait(2.0)
    assert call.completed.get("Application") == "deflect"
    assert call.channel.up
    for command in ("uuid_deflect", "uuid_redirect"):
        before = len(call.sent)
        call.send(f"api {command} {call.channel.uuid} sip:1@x")
        call.send(f"api {command} nobody sip:1@x")
        call.send(f"api {command}")
        answers = [each.body for each in call.sent[before:] if each.lane == "answer"]
        assert answers == ["+OK:\n", "-ERR No such channel nobody!\n", "-USAGE: <uuid> <uri>\n"]

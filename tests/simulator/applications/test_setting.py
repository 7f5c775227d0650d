"""Variables by api command."""

from __future__ import annotations

from tests.support.model_call import ModelCall


def test_uuid_setvar_is_seen_at_once() -> None:
    call = ModelCall()
    call.send("connect")
    call.send(f"api uuid_setvar {call.channel.uuid} a b c")
    assert call.send("getvar a") == "b c"
    call.send(f"api uuid_setvar {call.channel.uuid} a")
    assert call.send("getvar a") == "-ERR command not found"

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


def test_an_element_is_read_of_an_array_alone() -> None:
    call = ModelCall().answered()
    for name, data in (
        ("set", "plain=x"),
        ("push", "list=a"),
        ("push", "list=b"),
        ("push", "one=a"),
        ("set", "read=<${plain[0]}><${list[1]}><${list[2]}><${list[-1]}><${one[0]}>"),
    ):
        call.execute(name, data)
    call.wait(0.5)
    assert call.variable("read") == "<><b><><ARRAY::a|:b><a>"
    assert call.send("getvar list[1]") == "-ERR command not found"

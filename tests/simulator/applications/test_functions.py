"""Api commands that only work on text and time."""

from __future__ import annotations

from tests.support.cases import for_each
from tests.support.model_call import ModelCall


@for_each(
    ("command", "answer"),
    [
        ("tolower ABC", "abc"),
        ("md5 abc", "900150983cd24fb0d6963f7d28e17f72"),
        ("url_encode a b&c", "a%20b%26c"),
        ("eval ${caller_id_number}x", "x"),  # of no channel
        ("regex 123|^1(.)|$1-$0", "2-12"),
        ("regex abc|^1(.)|$1", "abc"),  # what doesn't match stays
        ("regex abc|(", "false"),
        ("cond abc == abc ? yes : no", "yes"),
        ("cond 10 < 9 ? yes : no", "no"),
        ("cond abcd > xyz ? longer : not", "longer"),  # texts by their lengths
        ("cond what", "-ERR"),
        ("strepoch", "1767603600"),
        ("strepoch 2026-01-05 09:00:01", "1767603601"),
        ("strepoch tomorrow", "0"),
    ],
)
def test_each_function_answers(command: str, answer: str) -> None:
    call = ModelCall()
    call.send("connect")
    assert call.send(f"api {command}") == answer


def test_msleep_answers_when_its_time_is_over() -> None:
    call = ModelCall()
    call.send("connect")
    assert call.send("api msleep 1500") == ""
    call.wait(1.4)
    assert not [each for each in call.sent if each.body == "+OK"]
    call.wait(0.2)
    assert [each for each in call.sent if each.body == "+OK"]


def test_texts_are_expanded_by_the_headers_of_an_event() -> None:
    call = ModelCall().answered()
    call.channel.set("name", "Alice")
    uuid = call.channel.uuid
    assert call.send(f"api eval uuid:{uuid} ${{variable_name}} ${{Unique-ID}}") == f"Alice {uuid}"
    assert call.send(f"api expand uuid:{uuid} echo ${{variable_name}}") == "Alice"
    assert call.send("api eval ${Event-Name}${variable_name}") == "CHANNEL_DATA"
    assert call.send("api expand echo ${API-Command}") == "expand"
    assert call.send("api expand nosuch") == "INVALID COMMAND!\n-ERR Cannot execute command\n"
    assert call.send("api escape a b$c") == "a\\sb\\$c"


def test_one_event_tells_of_expand_and_of_what_it_runs() -> None:
    call = ModelCall().answered()
    call.send("event plain API")
    call.send(f"api expand uuid:{call.channel.uuid} echo hello")
    call.wait(0.1)
    [event] = call.events("API")
    names = [value for key, value in event.headers if key == "API-Command"]
    assert names == ["expand", "echo"]
    assert event.get("Unique-ID") == call.channel.uuid


@for_each(
    ("command", "answer"),
    [
        ("coalesce ,b", "b"),
        ("coalesce ^^:a:b", "a"),
        ("coalesce", "-USAGE: [^^<delim>]<value1>,<value2>,...\n"),
        ("getenv HOME", "_undef_"),
        ("strmicroepoch x", "0"),
    ],
)
def test_small_answers_of_a_real_switch(command: str, answer: str) -> None:
    assert ModelCall().answered().send(f"api {command}") == answer


def test_the_version_can_be_asked_for_in_short() -> None:
    call = ModelCall().answered()
    assert call.send("api version short") == call.switch.version.build.partition(" ")[0] + "\n"

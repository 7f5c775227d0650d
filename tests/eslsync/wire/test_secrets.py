"""What a call has told to be secret is hidden wherever it stands from then on."""

from __future__ import annotations

import json
import sys
import threading
import urllib.parse
from collections.abc import Callable
from types import FrameType

import pytest

from eslsync.wire.message import Event
from eslsync.wire.protocol import quote
from eslsync.wire.redaction import HIDDEN, Redactor
from eslsync.wire.secrets import Secrets
from tests.support.cases import for_each

CODE = "73519"


def secrets(*names: str) -> Secrets:
    return Secrets(Redactor(names or ("DTMF", "pin")))


def execute(application: str, argument: str) -> tuple[str, list[tuple[str, str]]]:
    return "sendmsg", [
        ("call-command", "execute"),
        ("execute-app-name", application),
        ("execute-app-arg", argument),
    ]


@for_each(
    ("application", "argument"),
    [
        ("set", f"pin={CODE}"),
        ("SET", f"PIN={CODE}"),
        ("export", f"nolocal:pin={CODE}"),
        ("bridge_export", f"pin={CODE}"),
        ("multiset", f"^^,a=1,pin={CODE},b=2"),
        ("multiset", f"^^:pin={CODE}:b=2"),
        ("multiset", f"pin={CODE} b=2"),
        ("set_global", f"pin={CODE}"),
        ("push", f"pin={CODE}"),
        ("hash", f"insert/realm/pin/{CODE}"),
        ("db", f"insert/realm/pin/{CODE}"),
        ("bridge", f"{{a=1,pin={CODE}}}user/1000"),
        ("bridge", f"[pin={CODE}]user/1000,user/1001"),
        ("bridge", f"<pin='{CODE}'>user/1000:_:user/1001"),
        ("transfer", f"'set:pin={CODE},park' inline"),
        ("transfer", f"'m:^:set:pin={CODE}^park:' inline"),
        ("execute_extension", f"set:pin={CODE},hangup inline"),
        ("playback", f"say:${{set(pin={CODE})}}"),
        ("send_dtmf", CODE),
        ("send_dtmf", f"{CODE}@200"),
        ("Queue_DTMF", f"w{CODE}W"),
        ("transfer", f"'send_dtmf:{CODE},park' inline"),
        ("set", f"execute_on_answer=send_dtmf {CODE}"),
        ("sched_broadcast", f"+1 send_dtmf::{CODE} aleg"),
        ("conference", f"room@default+{CODE}"),
        ("conference", f"room+{CODE}+flags{{mute}}"),
        ("CONFERENCE", f"room+{CODE}@default"),
        ("transfer", f"'conference:room@default+{CODE}' inline"),
        ("set", f"supplied_pin={CODE}"),
    ],
)
def test_what_an_application_is_told_is_secret(application: str, argument: str) -> None:
    hidden = secrets()
    hidden.sent(*execute(application, argument))
    assert CODE not in hidden.command(*execute(application, argument))
    assert hidden(f"-ERR no such thing as {CODE}!") == "-ERR no such thing as ***!"


@for_each(
    "command",
    [
        f"api uuid_setvar 0-1-2 pin {CODE}",
        f"bgapi uuid_setvar 0-1-2 pin {CODE}",
        f"api uuid_setvar_multi 0-1-2 a=1;pin={CODE};b=2",
        f"api global_setvar pin={CODE}",
        f"api hash insert/realm/pin/{CODE}",
        f"api db insert/realm/pin/{CODE}",
        f"api uuid_send_dtmf 0-1-2 {CODE}@100",
        f"api uuid_recv_dtmf 0-1-2 {CODE}",
        f"api uuid_broadcast 0-1-2 send_dtmf::{CODE} aleg",
        f"api uuid_broadcast 0-1-2 'set::pin={CODE}' both",
        f"api sched_api +1 none uuid_send_dtmf 0-1-2 {CODE}",
        f"api sched_broadcast +1 0-1-2 send_dtmf::{CODE}",
        f"api originate {{pin={CODE}}}user/1000 &park",
        f"api originate user/1000 &send_dtmf({CODE})",
        f"api originate user/1000 &conference(room@default+{CODE})",
        f"api uuid_transfer 0-1-2 'set:pin={CODE},park' inline",
        f"api conference room pin {CODE}",
        f"api conference room dtmf all {CODE}",
        f"api expand set_global pin={CODE}",
    ],
)
def test_what_the_api_is_told_is_secret(command: str) -> None:
    hidden = secrets()
    hidden.sent(command, ())
    assert CODE not in hidden.command(command, ())
    assert hidden(f"-USAGE: {CODE}") == "-USAGE: ***"


@for_each(
    ("application", "argument"),
    [
        ("play_and_get_digits", r"4 4 3 5000 # a.wav b.wav code \d+"),
        ("play_and_get_digits", r"4 4 3 5000 # 'say:Enter your code' '' code \d+"),
        ("play_and_get_digits", r"4 4 3 5000 # say:it\'s\syours '' 'code' \d+"),
        ("play_and_get_digits", "^^:4:4:3:5000:#:a.wav:b.wav:code:x"),
        ("Play_And_Get_Digits", "4 4 3 5000 # ${find(a b)} ${x y} code ."),
        ("read", "4 4 'ivr/please enter.wav' code 5000 #"),
        ("READ", "4   4 a.wav  CODE 5000 #"),
        ("read", "^^|4|4|a b.wav|code|5000|#"),
        ("read", "4 4 a.wav code[0] 5000 #"),
        ("transfer", "'read:4 4 a.wav code 5000 #,park' inline"),
        ("set", "execute_on_answer=read 4 4 a.wav code 5000 #"),
        ("execute_extension", "read:4 4 a.wav code 5000 # inline"),
    ],
)
def test_the_variable_that_digits_are_collected_into_is_secret(
    application: str, argument: str
) -> None:
    hidden = secrets()
    hidden.sent(*execute(application, argument))
    assert hidden.header("variable_code", CODE) == "***"
    assert hidden.header("variable_Code_invalid", CODE) == "***"
    assert hidden.header("variable_barcode", CODE) == CODE
    hidden.event([("Event-Name", "CHANNEL_EXECUTE_COMPLETE"), ("variable_code", CODE)])
    assert hidden(f"playback digits/{CODE}.wav") == "playback digits/***.wav"


def test_an_event_tells_what_the_dialplan_collects() -> None:
    hidden = secrets()
    headers = [
        ("Event-Name", "CHANNEL_EXECUTE_COMPLETE"),
        ("variable_my code", CODE),
        ("Application", "READ"),
        ("Application-Data", "4 4 a.wav 'my code' 5000 #"),
    ]
    hidden.event(headers)
    assert hidden.header("variable_my code", CODE) == "***"
    assert hidden.header("variable_copy", f"<{CODE}>") == "<***>"


@pytest.mark.parametrize("question", ["getvar pin", "api uuid_getvar 0-1-2 pin", "api eval ${pin}"])
def test_an_answer_is_secret(question: str) -> None:
    hidden = secrets()
    hidden.answered(question, CODE)
    assert hidden(f"user/{CODE}@host") == "user/***@host"


def test_keys_are_secret_once_they_are_pressed() -> None:
    hidden = secrets()
    assert hidden(f"set account={CODE}") == f"set account={CODE}"
    for digit in f"1{CODE}#":
        hidden.pressed("0-1-2", digit)
    for each in ("set account={}", "user/{}@host", "pin%3D{}", "db select/pins/{}", "-ERR {}#"):
        assert CODE not in hidden(each.format(CODE))
    # in another order, or inside of a longer number, they are others
    assert hidden("91537 173519000") == "91537 173519000"


def test_the_ways_to_write_a_value_make_no_difference() -> None:
    hidden = secrets("password")
    hidden.sent(*execute("set", r"password=it\'s \$ecret"))
    for each in ("it's $ecret", quote("it's $ecret"), quote(quote("it's $ecret"))):
        assert "ecret" not in hidden(f"a {each} b")
    hidden = secrets()
    hidden.sent(*execute("set", f"pin={CODE}"))
    encoded = "".join(f"%{ord(each):02x}" for each in CODE)
    assert hidden(f"a=1&b={encoded}&c=2") == "a=1&b=%2A%2A%2A&c=2".replace("%2A", "*")


def test_short_values_do_not_blank_the_rest() -> None:
    hidden = secrets()
    for pin in ("7", "42", "735"):
        hidden.sent(*execute("set", f"pin={pin}"))
    text = "Event-Sequence: 42\n7 of 735 took 42.5 s"
    assert hidden(text) == text
    assert hidden.header("variable_copy", "42") == "***"
    assert hidden.header("variable_seconds", "42.5") == "42.5"
    assert hidden.header("execute-app-arg", "copy=735", "set") == "copy=***"
    assert hidden.header("execute-app-arg", "copy=7", "set") == "copy=7"
    assert hidden("sendmsg execute set pin=7") == "sendmsg execute set pin=***"


def test_the_switchs_own_facts_stay() -> None:
    hidden = secrets()
    hidden.sent(*execute("set", "pin=1234"))
    for name in ("Event-Sequence", "Unique-ID", "Content-Length", "Event-Date-Timestamp"):
        assert hidden.header(name, "1234") == "1234"
    uuid = "ab12cd34-1234-4321-1234-abcdef123456"
    hidden.sent(f"api uuid_send_dtmf {uuid} 4321", ())
    assert hidden(f"uuid_kill {uuid}") == f"uuid_kill {uuid}"
    assert hidden("17 1234567 91234 x1234 1234y") == "17 1234567 91234 x*** ***y"


def test_ordinary_words_are_no_secrets() -> None:
    hidden = secrets("flag")
    hidden.event([("variable_flag", "true")])
    assert hidden("set other=true") == "set other=true"


def test_what_is_known_is_bounded_and_the_newest_is_kept() -> None:
    hidden = secrets()
    for number in range(10_000, 10_110):
        hidden.sent(*execute("set", f"pin={number}"))
        hidden.sent(*execute("read", f"1 4 a.wav name{number} 5000 #"))
    assert hidden("x 10109 and 10000 y") == "x *** and 10000 y"
    assert hidden.header("variable_name10109", "5") == "***"
    assert hidden.header("variable_name10000", "5") == "5"
    assert hidden.may_tell(b"getvar name10109")
    assert not hidden.may_tell(b"getvar name10000")


def test_without_names_nothing_is_learned() -> None:
    hidden = Secrets(Redactor(()))
    hidden.sent(*execute("send_dtmf", CODE))
    hidden.pressed("x", CODE)
    assert hidden(f"pin={CODE}") == f"pin={CODE}"


def in_json(text: str) -> str:
    return json.dumps({"body": text})


def in_json_of_utf8(text: str) -> str:
    return json.dumps({"body": text}, ensure_ascii=False)


def in_percents(text: str) -> str:
    return urllib.parse.quote(text, safe="")


@for_each("times", [1, 2, 3, 4])
@for_each("encode", [in_json, in_json_of_utf8, in_percents])
@for_each("value", ["4711", '47 11"x\\y', "pässwörd-lang", "token&more=1"])
def test_what_is_encoded_again_and_again_is_hidden(
    value: str, encode: Callable[[str], str], times: int
) -> None:
    hides = secrets("pin")
    named, known, other = f"pin={value}", value, "other"
    if encode is not in_percents:
        named = json.dumps({"pin": value})
    for _ in range(times):
        named, known, other = encode(named), encode(known), encode(other)
    assert HIDDEN in hides(named)
    assert not any(part in hides(named) for part in value.split('"'))
    hides.sent("send", [("pin", value)])
    assert HIDDEN in hides(f"told {known}")
    assert hides(f"told {other}") == f"told {other}"


def test_a_number_is_known_after_hundreds_of_other_keys() -> None:
    hides = secrets("DTMF")
    for digit in CODE + "123*567#90" * 90:
        hides.pressed("a leg", digit)
    assert hides(f"told {CODE}") == f"told {HIDDEN}"
    assert hides("told 73510") == "told 73510"


def test_a_variable_named_by_another_thread_meanwhile_is_read_from_then_on() -> None:
    hidden = secrets()
    hidden.sent(*execute("read", "4 4 a.wav first 5000 #"))

    def collect_another(frame: FrameType, event: str, _: object) -> None:
        if event == "return" and frame.f_code.co_name == "_learnt_from":
            sys.setprofile(None)
            collects = "read", "4 4 a.wav second 5000 #"
            other = threading.Thread(target=hidden.sent, args=execute(*collects))
            other.start()
            other.join()

    sys.setprofile(collect_another)
    try:
        hidden.read(Event(b"Event-Name: X\nvariable_first: 51973\n\n"))
    finally:
        sys.setprofile(None)
    hidden.read(Event(f"Event-Name: X\nvariable_second: {CODE}\n\n".encode()))
    assert hidden(f"51973 {CODE}") == f"{HIDDEN} {HIDDEN}"

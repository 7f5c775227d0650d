"""Events as JSON and XML: the same as in plain, and errors where they are malformed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from eslsync.exceptions import ProtocolError
from eslsync.protocol import Event, JsonEvent, XmlEvent
from tests.support.cases import for_each
from tests.support.recorded import recording


def as_json(**fields: object) -> JsonEvent:
    return JsonEvent(json.dumps(fields, ensure_ascii=False).encode())


def as_xml(headers: str, rest: str = "") -> XmlEvent:
    return XmlEvent(f"<event>\n  <headers>\n{headers}  </headers>\n{rest}</event>\n".encode())


@pytest.mark.parametrize("kind", [JsonEvent, XmlEvent])
def test_an_array_variable_is_the_same_in_json_and_xml(kind: type[Event]) -> None:
    arrays = [
        each
        for each in recording("09g").events()
        if type(each) is kind and each.get("variable_arr", "one") != "one"
    ]
    assert arrays
    for each in arrays:
        assert each["variable_arr"] == 'ARRAY::one|:two "q"'
        assert each.get_all("variable_arr") == ["one", 'two "q"']


@pytest.mark.parametrize("kind", [JsonEvent, XmlEvent])
def test_the_body_is_the_same_in_json_and_xml(kind: type[Event]) -> None:
    [job] = [each for each in recording("09g").events("BACKGROUND_JOB") if type(each) is kind]
    assert job.body == "FreeSWITCH Version 1.10.12-release~64bit ( 64bit)\n"
    assert job["Content-Length"] == str(len(job.body))
    assert "_body" not in job


def test_an_event_in_json_or_xml_without_a_body_has_an_empty_one() -> None:
    assert as_json(a="b").body == ""
    assert as_xml("<a>b</a>").body == ""


def test_a_body_does_not_say_which_channel_an_event_is_about() -> None:
    event = as_xml("    <Unique-ID>other</Unique-ID>\n", "  <body>\nUnique-ID: ours\n</body>\n")
    assert event.is_about("other")
    assert not event.is_about("ours")


# The same event out of plain, JSON and XML


@pytest.mark.parametrize("name", ["09b", "09c"])
def test_a_call_is_the_same_in_json_and_xml(name: str) -> None:
    told = [
        (
            each.name,
            each.get("Application"),
            each.get("Application-Data"),
            each.get("DTMF-Digit"),
            each.get("Playback-File-Path"),
            each.get("Hangup-Cause"),
            each.variables.get("socket_host"),
        )
        for each in recording(name).events()
    ]
    prompt, path = "ivr/ivr-prompt.wav", "/srv/fs/sounds/ivr/ivr-prompt.wav"
    ended, here, full = "NORMAL_CLEARING", "127.0.0.1", "127.0.0.1:5000 async full"
    assert told == [
        ("CHANNEL_EXECUTE", "answer", None, None, None, None, here),
        ("CHANNEL_ANSWER", None, None, None, None, None, here),
        ("CHANNEL_CALLSTATE", None, None, None, None, None, None),
        ("CHANNEL_EXECUTE_COMPLETE", "answer", None, None, None, None, here),
        ("CHANNEL_EXECUTE", "playback", prompt, None, None, None, here),
        ("PLAYBACK_START", None, None, None, path, None, here),
        ("DTMF", None, None, "1", None, None, None),
        ("PLAYBACK_STOP", None, None, None, path, None, here),
        ("CHANNEL_EXECUTE_COMPLETE", "playback", prompt, None, None, None, here),
        ("PRIVATE_COMMAND", None, None, None, None, None, None),
        ("CHANNEL_EXECUTE", "hangup", None, None, None, None, here),
        ("CHANNEL_HANGUP", None, None, None, None, ended, here),
        ("CHANNEL_EXECUTE_COMPLETE", "hangup", None, None, None, ended, here),
        ("PRIVATE_COMMAND", None, None, None, None, ended, None),
        ("CHANNEL_UNPARK", None, None, None, None, ended, here),
        ("CHANNEL_EXECUTE_COMPLETE", "socket", full, None, None, ended, here),
        ("CHANNEL_STATE", None, None, None, None, ended, None),
        ("CHANNEL_CALLSTATE", None, None, None, None, ended, None),
        ("CHANNEL_STATE", None, None, None, None, ended, None),
        ("CHANNEL_HANGUP_COMPLETE", None, None, None, None, ended, here),
    ]


def test_an_event_has_the_same_headers_in_the_same_order_in_json_and_xml() -> None:
    in_json, in_xml = recording("09b").events(), recording("09c").events()
    assert [list(each) for each in in_json] == [list(each) for each in in_xml]
    assert {type(each) for each in in_json} == {JsonEvent}
    assert {type(each) for each in in_xml} == {XmlEvent}


def test_an_event_has_the_same_headers_in_the_same_order_in_plain_and_json() -> None:
    in_plain, in_json, *_ = recording("13a").events("HEARTBEAT")
    assert type(in_plain) is Event
    assert type(in_json) is JsonEvent
    assert list(in_plain) == list(in_json)
    same = set(in_plain) - {"Up-Time", "Uptime-msec", "Idle-CPU"}
    same = {name for name in same if not name.startswith(("Event-Date", "Event-Sequence"))}
    assert {name: in_plain[name] for name in same} == {name: in_json[name] for name in same}


# Malformed events


MALFORMED = [
    (JsonEvent(b"no"), "an event is not JSON"),
    (JsonEvent(b""), "an event is not JSON"),
    (JsonEvent(b'{"a": "b"'), "an event is not JSON"),
    (JsonEvent(b"[" * 200_000), "an event is not JSON"),
    (JsonEvent(b'{"a":' * 200_000), "an event is not JSON"),
    (JsonEvent(b"[]"), "an event's JSON is not an object"),
    (JsonEvent(b'"text"'), "an event's JSON is not an object"),
    (JsonEvent(b'{"a": 1}'), "an event's JSON holds more than text"),
    (JsonEvent(b'{"a": {"b": "c"}}'), "an event's JSON holds more than text"),
    (JsonEvent(b'{"a": [["b"]]}'), "an event's JSON holds more than text"),
    (JsonEvent(b'{"_body": ["b"]}'), "an event's JSON holds more than text"),
    (JsonEvent(rb'{"a": "\ud800"}'), "an event's JSON holds half a surrogate pair"),
    (JsonEvent(rb'{"a": ["b", "\uDBFF"]}'), "an event's JSON holds half a surrogate pair"),
    (JsonEvent(rb'{"_body": "\ud800"}'), "an event's JSON holds half a surrogate pair"),
    (XmlEvent(b""), "an event is not XML"),
    (XmlEvent(b"<event>"), "an event is not XML"),
    (XmlEvent(b"<event><headers><a b></headers></event>"), "an event is not XML"),
    (XmlEvent(b"<event>\0</event>"), "an event is not XML"),
    (
        XmlEvent(b'<!DOCTYPE a [<!ENTITY b "c">]><event><headers><a>&b;</a></headers></event>'),
        "an event's XML declares a document type",
    ),
]


@for_each(("malformed", "message"), MALFORMED)
@for_each(
    "look",
    [
        pytest.param(lambda each: each.name, id="name"),
        pytest.param(lambda each: each["Unique-ID"], id="item"),
        pytest.param(lambda each: each.get("Unique-ID"), id="get"),
        pytest.param(lambda each: "Unique-ID" in each, id="in"),
        pytest.param(lambda each: list(each), id="iteration"),
        pytest.param(lambda each: each.get_all("a"), id="get_all"),
        pytest.param(lambda each: dict(each.variables), id="variables"),
        pytest.param(lambda each: each.body, id="body"),
    ],
)
def test_reading_a_malformed_event_is_a_protocol_error(
    malformed: Event, message: str, look: Callable[[Event], object]
) -> None:
    with pytest.raises(ProtocolError) as caught:
        look(malformed)
    assert str(caught.value).startswith(message)
    assert caught.value.data == malformed.content[:200]


def test_escapes_of_json_that_are_text_are_read() -> None:
    event = JsonEvent(rb'{"a": "\u0041\n\ud83d\ude00", "_body": "\u00e9"}')
    assert event["a"] == "A\n\N{GRINNING FACE}"
    assert event.body == "\u00e9"

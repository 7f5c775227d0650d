"""Events as the switch writes them, in each format."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest

from eslsync.protocol import Event, Parser
from simulator.model.events import Block, Identity, QueuedEvent, SwitchEvent

IDENTITY = Identity("c0")
SECOND = 1_000_000


def fired(*own: tuple[str, str], **more: Any) -> SwitchEvent:
    return SwitchEvent("CHANNEL_ANSWER", IDENTITY, 1_767_603_600 * SECOND, 7, own=own, **more)


def received(event: SwitchEvent, format: Any) -> Event:
    """The event as the library reads it."""
    [message] = Parser().feed(event.packet(format))
    assert isinstance(message, Event)
    return message


@pytest.mark.parametrize("format", ["plain", "json", "xml"])
def test_the_library_reads_what_the_switch_wrote(format: str) -> None:
    event = fired(("X-Text", "ä: 100 % & <more>"), ("variable_x", "1"), body=b"a\nb")
    read = received(event, format)
    assert read.name == "CHANNEL_ANSWER"
    assert read["X-Text"] == "ä: 100 % & <more>"
    assert read.variables["x"] == "1"
    assert read.body == "a\nb"
    assert read["Event-Date-GMT"] == "Mon, 05 Jan 2026 09:00:00 GMT"
    assert read["Event-Calling-Function"] == "switch_channel_perform_mark_answered"
    assert read["Event-Sequence"] == "7"


def test_an_encoded_value_is_not_encoded_again_except_in_json() -> None:
    event = fired(("X-Text", "%41"))
    assert [received(event, format)["X-Text"] for format in ("plain", "xml", "json")] == [
        "A",
        "A",
        "%41",
    ]


def test_an_empty_value_is_undef_in_plain_events() -> None:
    assert b"X-Text: _undef_\n" in fired(("X-Text", "")).packet("plain")


def test_an_array_is_one_value_in_plain_a_list_in_json_and_several_elements_in_xml() -> None:
    event = fired(("variable_arr", "ARRAY::a|:b"))
    assert b"variable_arr: ARRAY%3A%3Aa%7C%3Ab\n" in event.packet("plain")
    fields = json.loads(event.packet("json").partition(b"\n\n")[2])
    assert fields["variable_arr"] == ["a", "b"]
    root = ElementTree.fromstring(event.packet("xml").partition(b"\n\n")[2])
    assert [each.text for each in root.iter("variable_arr")] == ["a", "b"]


def test_a_header_is_found_in_any_letter_case_wherever_it_stands() -> None:
    block = Block([("Caller-ANI", "1001")], prefix="caller-")
    event = fired(("X-Own", "o"), blocks=[block], before=[("Job-Command", "msleep")])
    found = [event.get(name) for name in ("CALLER-ani", "x-own", "job-command", "event-name")]
    assert found == ["1001", "o", "msleep", "CHANNEL_ANSWER"]
    assert event.get("core-uuid") == "c0"
    assert event.get("No-Such-Header") is None


def test_an_event_out_of_a_channels_queue_has_only_its_own_headers() -> None:
    event = QueuedEvent("CUSTOM", IDENTITY, 0, 0, own=[("Event-Subclass", "my::event")])
    assert list(event.headers()) == [("Event-Subclass", "my::event")]
    assert event.get("Event-Name") is None

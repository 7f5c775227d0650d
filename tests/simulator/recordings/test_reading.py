"""Recordings are read as they were written: who said what, and when."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.recordings.reading import Recording, described
from tests.support.places import RECORDINGS


def written(tmp_path: Path, *lines: dict[str, Any]) -> Path:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


FIRST = {"recording": 1, "name": "a"}
REPLY = "Content-Type: command/reply\nReply-Text: +OK\n\n"


def test_messages_are_assembled_from_the_pieces_received(tmp_path: Path) -> None:
    recording = Recording.read(
        written(
            tmp_path,
            FIRST,
            {"t": 0.0, "from": "app", "data": "connect\n\n"},
            {"t": 0.1, "from": "switch", "data": REPLY[:20]},
            {"t": 0.2, "from": "switch", "data": REPLY[20:] + REPLY},
            {"t": 0.3, "from": "app", "eof": True},
            {"t": 0.4, "from": "switch", "eof": True},
        )
    )
    assert [(each.time, each.get("Reply-Text")) for each in recording.switch] == [
        (0.2, "+OK"),
        (0.2, "+OK"),
    ]
    assert b"".join(each.raw for each in recording.switch).decode() == REPLY * 2
    assert recording.app == [(0.0, b"connect\n\n", 0), (0.3, None, 2)]
    assert recording.closed
    assert recording.ended == 0.4


def test_a_truncated_recording_says_why(tmp_path: Path) -> None:
    recording = Recording.read(
        written(tmp_path, FIRST, {"t": 1.0, "truncated": "the disk is full"})
    )
    assert recording.truncated == "the disk is full"


@pytest.mark.parametrize("first", [{}, {"recording": 2}, {"t": 0.0, "from": "app", "data": ""}])
def test_a_file_that_does_not_begin_as_a_recording_is_refused(
    first: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="line 1 does not begin"):
        Recording.read(written(tmp_path, first))


def test_events_of_the_far_half_of_a_loopback_are_others() -> None:
    [path] = RECORDINGS.glob("05f_*.jsonl")
    recording = Recording.read(path)
    assert recording.connect is not None
    lanes = {each.lane for each in recording.switch}
    assert {"answer", "event", "others"} <= lanes
    ours = recording.connect.get("Unique-ID")
    others = {each.get("Unique-ID") for each in recording.switch if each.lane == "others"}
    assert ours not in others


@pytest.mark.parametrize(
    ("uuid", "direction", "lane"),
    [
        ("ours", "inbound", "event"),
        ("another", "inbound", "others"),
        ("a leg", "outbound", "event"),
        ("asked for", "inbound", "event"),
    ],
)
def test_another_callers_event_that_passes_a_filter_is_not_the_calls(
    uuid: str, direction: str, lane: str, tmp_path: Path
) -> None:
    connect = "Event-Name: CHANNEL_DATA\nUnique-ID: ours\nContent-Type: command/reply\n\n"
    event = f"Event-Name: DTMF\nUnique-ID: {uuid}\nCall-Direction: {direction}\n\n"
    path = written(
        tmp_path,
        FIRST,
        {"t": 0.0, "from": "app", "data": "connect\n\n"},
        {"t": 0.0, "from": "switch", "data": connect},
        {"t": 0.1, "from": "app", "data": "filter Unique-ID asked for\n\n"},
        {
            "t": 0.2,
            "from": "switch",
            "data": f"Content-Length: {len(event)}\nContent-Type: text/event-plain\n\n{event}",
        },
    )
    recording = Recording.read(path)
    assert recording.connect is not None
    assert recording.switch[-1].lane == lane


@pytest.mark.parametrize(
    "body",
    [
        "Event-Name: DTMF\nDTMF-Digit: %31\n",
        '{"Event-Name":"DTMF","DTMF-Digit":"1"}',
        "<event>\n  <headers>\n    <Event-Name>DTMF</Event-Name>\n"
        "    <DTMF-Digit>1</DTMF-Digit>\n  </headers>\n</event>\n",
    ],
    ids=["plain", "json", "xml"],
)
def test_an_event_in_a_body_is_the_same_in_each_format(body: str, tmp_path: Path) -> None:
    data = f"Content-Type: api/response\nContent-Length: {len(body)}\n\n{body}"
    path = written(tmp_path, FIRST, {"t": 0.0, "from": "switch", "data": data})
    [answer] = Recording.read(path).switch
    assert described(answer).headers == [("Event-Name", "DTMF"), ("DTMF-Digit", "1")]


def test_a_notebook_shows_the_ladder_of_a_recording() -> None:
    recording = Recording.read(RECORDINGS / "02a_caller_hangs_up_mid_playback.jsonl")
    assert recording._repr_svg_() == recording.ladder("svg")


def test_headers_that_events_repeat_are_held_once(tmp_path: Path) -> None:
    event = "Event-Name: HEARTBEAT\nCore-UUID: 1%202\n\n"
    said = f"Content-Length: {len(event)}\nContent-Type: text/event-plain\n\n{event}"
    line = {"t": 0.0, "from": "switch", "data": said}
    first, second = Recording.read(written(tmp_path, FIRST, line, line)).switch
    assert first.headers == [("Event-Name", "HEARTBEAT"), ("Core-UUID", "1 2")]
    assert all(one is other for one, other in zip(first.headers, second.headers, strict=True))

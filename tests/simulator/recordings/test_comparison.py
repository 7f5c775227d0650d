"""Whatever is changed in a recording, the comparison notices."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator.recordings.conformance import check
from tests.support.places import RECORDINGS


def changed(tmp_path: Path, name: str, change: Callable[[list[dict[str, Any]]], None]) -> Path:
    """A changed copy of a recording."""
    lines = [json.loads(line) for line in (RECORDINGS / f"{name}.jsonl").read_text().splitlines()]
    change(lines)
    path = tmp_path / f"{name}.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def by_message(lines: list[dict[str, Any]]) -> None:
    """One message of the switch to a line, so that a test can move it."""
    out = []
    for line in lines:
        if line.get("from") != "switch" or "data" not in line:
            out.append(line)
            continue
        pieces = line["data"].split("Content-Length: ")
        pieces = [pieces[0], *("Content-Length: " + piece for piece in pieces[1:])]
        events = [piece for piece in pieces if "text/event-plain" in piece]
        if len(events) == len([piece for piece in pieces if piece]):
            out += [{**line, "data": piece} for piece in events]
        else:
            out.append(line)
    lines[:] = out


def event_lines(lines: list[dict[str, Any]], name: str) -> list[int]:
    label = f"\nEvent-Name: {name}\n"
    return [at for at, line in enumerate(lines) if label in line.get("data", "")]


#: What the events of applications have that are executed after a bridge.
AFTER_BRIDGE = ("Event-Name: CHANNEL_EXECUTE\n", "variable_last_bridge_to: ")
RECORDING = "12n_app_closes_socket_idle_parked"


def test_a_changed_reply_is_noticed(tmp_path: Path) -> None:
    def change(lines: list[dict[str, Any]]) -> None:
        for line in lines:
            if "+OK event listener enabled plain" in line.get("data", ""):
                line["data"] = line["data"].replace("enabled plain", "enabled xml")

    assert not check(changed(tmp_path, RECORDING, change)).conforms


def test_a_missing_reply_is_noticed(tmp_path: Path) -> None:
    def change(lines: list[dict[str, Any]]) -> None:
        lines[:] = [line for line in lines if "+OK filter added" not in line.get("data", "")]

    assert not check(changed(tmp_path, RECORDING, change)).conforms


@pytest.mark.parametrize("name", ["CHANNEL_EXECUTE", "CHANNEL_ANSWER", "CHANNEL_EXECUTE_COMPLETE"])
def test_a_missing_event_is_noticed(tmp_path: Path, name: str) -> None:
    def change(lines: list[dict[str, Any]]) -> None:
        by_message(lines)
        del lines[event_lines(lines, name)[0]]

    assert not check(changed(tmp_path, RECORDING, change)).conforms


def test_an_extra_event_is_noticed(tmp_path: Path) -> None:
    def change(lines: list[dict[str, Any]]) -> None:
        by_message(lines)
        at = event_lines(lines, "CHANNEL_CALLSTATE")[0]
        lines.insert(at, dict(lines[at]))

    assert not check(changed(tmp_path, RECORDING, change)).conforms


def test_two_swapped_events_are_noticed(tmp_path: Path) -> None:
    def change(lines: list[dict[str, Any]]) -> None:
        by_message(lines)
        first = event_lines(lines, "CHANNEL_ANSWER")[0]
        second = event_lines(lines, "CHANNEL_CALLSTATE")[0]
        lines[first]["data"], lines[second]["data"] = lines[second]["data"], lines[first]["data"]

    assert not check(changed(tmp_path, RECORDING, change)).conforms


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Answer-State: answered", "Answer-State: ringing"),
        ("Caller-ANI: 1001", "Caller-ANI: 1002"),
        ("variable_endpoint_disposition: ANSWER", "variable_endpoint_disposition: OTHER"),
        ("Application: answer", "Application: anser"),
        ("Channel-Call-State-Number: 4", "Channel-Call-State-Number: 5"),
    ],
)
def test_a_changed_header_is_noticed(tmp_path: Path, old: str, new: str) -> None:
    def change(lines: list[dict[str, Any]]) -> None:
        # in the events only: what the connect reply says is given
        for line in lines:
            if "text/event-plain" in line.get("data", ""):
                line["data"] = replaced(line["data"], old, new)

    assert not check(changed(tmp_path, RECORDING, change)).conforms


def replaced(data: str, old: str, new: str) -> str:
    """Replace ``old`` by ``new``, and correct each Content-Length."""
    out = []
    for piece in data.split("Content-Length: "):
        length, newline, rest = piece.partition("\n")
        count = rest.count(old)
        if newline and length.isdigit() and count:
            length = str(int(length) + count * (len(new) - len(old)))
        out.append(length + newline + rest.replace(old, new))
    return "Content-Length: ".join(out)


def test_a_late_event_is_noticed(tmp_path: Path) -> None:
    """Replies and events may only swap places within a moment."""

    def change(lines: list[dict[str, Any]]) -> None:
        by_message(lines)
        at = event_lines(lines, "PLAYBACK_STOP")[0]
        event = lines.pop(at)
        before = next(
            place for place, line in enumerate(lines) if "playback" in line.get("data", "")
        )
        lines.insert(before, {**event, "t": lines[before]["t"]})

    assert not check(changed(tmp_path, "03a_dtmf_during_playback", change)).conforms


@pytest.mark.parametrize(("seconds", "conforms"), [(1, True), (100, False)])
def test_the_time_of_a_transfer_is_about_the_same(
    tmp_path: Path, seconds: int, conforms: bool
) -> None:
    def change(lines: list[dict[str, Any]]) -> None:
        for line in lines:
            if "data" in line:
                line["data"] = re.sub(
                    r"(?<=Transfer-Source: )\d+",
                    lambda second: str(int(second[0]) + seconds),
                    line["data"],
                )

    path = changed(tmp_path, "44h_transfer_bleg", change)
    assert path.read_text() != (RECORDINGS / path.name).read_text()
    assert check(path).conforms is conforms


def test_keys_pass_the_filters_all_or_none(tmp_path: Path) -> None:
    def one_is_taken(lines: list[dict[str, Any]]) -> None:
        by_message(lines)
        del lines[event_lines(lines, "DTMF")[-1]]

    name = "42h_unfiltered_keys"
    assert check(RECORDINGS / f"{name}.jsonl").left_out["how keys were pressed"] == 1
    assert not check(changed(tmp_path, name, one_is_taken)).conforms


def test_a_listener_who_does_not_leave_is_noticed(tmp_path: Path) -> None:
    def stays(lines: list[dict[str, Any]]) -> None:
        for line in lines:
            if "data" in line:
                line["data"] = line["data"].replace("MEDIA_BUG_STOP", "MEDIA_BUG_STAY")

    assert not check(changed(tmp_path, "42g_eavesdrop_hung_up", stays)).conforms


@pytest.mark.parametrize("dropped", [False, True])
@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("35j_att_xfer_success", "variable_bridge_hangup_cause"),
        ("44h_transfer_bleg", "variable_call_uuid"),
    ],
)
def test_the_order_of_what_is_known_of_a_bridges_end_is_a_race(
    tmp_path: Path, name: str, variable: str, dropped: bool
) -> None:
    def change(lines: list[dict[str, Any]]) -> None:
        by_message(lines)
        for line in lines:
            data = line.get("data", "")
            found = re.search(rf"{variable}: .*\n", data)
            if found is None or not all(each in data for each in AFTER_BRIDGE):
                continue
            at = data.index("Content-Length")
            head, body = data[:at], data[at:].replace(found[0], "", 1)
            if not dropped:
                body = body.replace("variable_direction: ", found[0] + "variable_direction: ", 1)
                line["data"] = head + body
            else:
                length = int(body.split(": ", 1)[1].split("\n", 1)[0])
                line["data"] = head + body.replace(str(length), str(length - len(found[0])), 1)

    path = changed(tmp_path, name, change)
    assert path.read_text() != (RECORDINGS / path.name).read_text()
    assert check(path).conforms is not dropped


def in_event(lines: list[dict[str, Any]], name: str, old: str, new: str) -> None:
    """Change the first event of this name that has ``old``."""
    by_message(lines)
    line = next(lines[at] for at in event_lines(lines, name) if old in lines[at]["data"])
    line["data"] = replaced(line["data"], old, new)


def another_session(lines: list[dict[str, Any]]) -> None:
    in_event(lines, "CHANNEL_DESTROY", "variable_session_id: 73", "variable_session_id: 74")


def another_call(lines: list[dict[str, Any]]) -> None:
    """An event long before the bridge is of the call of another leg."""
    uuid = "12345678-0042-4000-8000-000000000001"
    data = next(line["data"] for line in lines if "Channel-Call-UUID: " in line.get("data", ""))
    own = data.split("Channel-Call-UUID: ", 1)[1].split("\n", 1)[0]
    old = f"Channel-Call-UUID: {own}"
    in_event(lines, "CHANNEL_EXECUTE", old, f"Channel-Call-UUID: {uuid}")


def another_state(lines: list[dict[str, Any]]) -> None:
    """A leg is somewhere else altogether as it is bridged."""
    by_message(lines)
    where = "Channel-State: CS_CONSUME_MEDIA\n"
    calls = event_lines(lines, "CHANNEL_CALLSTATE")
    line = next(lines[at] for at in calls if where in lines[at]["data"])
    line["data"] = replaced(line["data"], "Channel-State-Number: 5", "Channel-State-Number: 4")


def unknown_held(lines: list[dict[str, Any]]) -> None:
    """A leg that is still up does not know which leg waits."""
    in_event(lines, "CHANNEL_BRIDGE", "variable_soft_holding_uuid: ", "variable_soft_holding: ")


def rang_later(lines: list[dict[str, Any]]) -> None:
    in_event(lines, "CHANNEL_BRIDGE", "Channel-Progress-Time: 1", "Channel-Progress-Time: 2")


def another_cause(lines: list[dict[str, Any]]) -> None:
    in_event(lines, "CHANNEL_HANGUP", "Hangup-Cause: LOSE_RACE", "Hangup-Cause: NO_ANSWER")


def one_loop_less(lines: list[dict[str, Any]]) -> None:
    by_message(lines)
    name = "CHANNEL_EXECUTE_COMPLETE"
    del lines[next(at for at in event_lines(lines, name) if "total_loops" in lines[at]["data"])]


def one_beat_less(lines: list[dict[str, Any]]) -> None:
    by_message(lines)
    del lines[event_lines(lines, "SESSION_HEARTBEAT")[0]]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "what", "change"),
    [
        ("42b_tone_loops_cut", "numbers that the switch counts on", another_session),
        ("42k_uuid_bridge_hangup", "a leg's call as its bridge begins or ends", another_call),
        ("44o_broadcast_music", "a leg's call as its bridge begins or ends", another_state),
        ("35j_att_xfer_success", "what a leg that hung up in att_xfer knows", unknown_held),
        ("35g_ringback", "the first ring and the ringback", rang_later),
        ("44j_answer_before_busy", "the first of two far ends", another_cause),
        ("07l_event_uuid_variants", "loops of about half a second", one_loop_less),
        ("34f_heartbeat", "a heartbeat beside another event", one_beat_less),
    ],
)
def test_beside_what_is_left_out_a_difference_is_noticed(
    tmp_path: Path, name: str, what: str, change: Callable[[list[dict[str, Any]]], None]
) -> None:
    report = check(RECORDINGS / f"{name}.jsonl")
    assert report.conforms
    assert report.left_out[what]
    path = changed(tmp_path, name, change)
    assert path.read_text() != (RECORDINGS / path.name).read_text()
    assert not check(path).conforms

"""Calls as recordings: what is in the files, what is not, and what a bad disk costs."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable
from errno import EACCES, ENOSPC
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from eslsync import Event, Outbound, Session
from eslsync.clock import REAL
from eslsync.protocol import ApiResponse, Command, CommandParser, CommandReply, Message, Parser
from eslsync.serving.outbound import RECORD_LIMIT
from eslsync.serving.recorder import Note, Recorder
from eslsync.wire.redaction import Redactor
from examples.ivr import handler as ivr
from simulator import Call, FreeSwitch
from tests.support.peer import PATIENCE
from tests.support.servers import dialled, messages, serving

#: Pressed, sent or set. (A name, so that no traceback shows the digits in a line of code.)
DIGITS = "8642"


def calls_in(folder: Path) -> list[list[dict[str, Any]]]:
    """The recordings in a folder, in order of their names, as lists of lines."""
    return [
        [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
        for path in sorted(folder.iterdir())
    ]


def said_by(side: str, lines: list[dict[str, Any]]) -> bytes:
    pieces = (line["data"] for line in lines if line.get("from") == side and "data" in line)
    return "".join(pieces).encode("latin-1")


def of_switch(lines: list[dict[str, Any]]) -> list[Message]:
    return Parser().feed(said_by("switch", lines))


def of_app(lines: list[dict[str, Any]]) -> list[Command]:
    return CommandParser().feed(said_by("app", lines))


def play(
    app: Callable[[Session], object] | Outbound,
    script: Callable[[Call], object] = lambda call: None,
    **options: Any,
) -> Call:
    with FreeSwitch(raises=False) as switch:
        call = switch.call(app, **options)
        script(call)
        call.wait()
    return call


def press_1(call: Call) -> None:
    call.press("1", when_asked=True)


# What is recorded


def test_a_call_is_written_as_it_went(tmp_path: Path) -> None:
    call = play(Outbound(ivr, record=tmp_path, redact=()), press_1, caller_name="Jürgen")
    [lines] = calls_in(tmp_path)
    raw = [
        (now, sender, what) for now, sender, _, what in call.transcript.entries_raw
        if isinstance(what, bytes)
    ]  # fmt: skip
    assert said_by("switch", lines) == b"".join(data for _, who, data in raw if who == "switch")
    assert said_by("app", lines) == b"".join(data for _, who, data in raw if who == "app")
    # in virtual time: to the microsecond, from the connection on
    began = raw[0][0]
    digit = next(line for line in lines if "\nDTMF-Digit: 1\n" in line.get("data", ""))
    noted = next(now for now, _, data in raw if b"\nDTMF-Digit: 1\n" in data)
    assert digit["t"] == (noted - began) / 1_000_000 == 2.06
    assert [line for line in lines if "eof" in line] == [
        {"t": 4.1, "from": "app", "eof": True},
        {"t": 4.1, "from": "switch", "eof": True},
    ]
    assert lines[0]["recording"] == 1
    assert lines[0]["mode"] == "outbound"
    assert lines[0]["destination"] == "5000"
    assert lines[0]["socket"] == "127.0.0.1:5000 async full"
    assert lines[0]["caller"] == {"number": "1001", "name": "Jürgen", "by": "loopback"}
    assert lines[0]["redacted"] == []


def test_the_same_call_is_written_the_same_way(tmp_path: Path) -> None:
    for folder in "one", "other":
        play(Outbound(ivr, record=tmp_path / folder), press_1)
    [one], [other] = (list((tmp_path / folder).iterdir()) for folder in ("one", "other"))
    assert one.name == other.name
    assert one.read_bytes() == other.read_bytes()


def test_a_recordings_name_tells_time_and_call_and_is_unique(tmp_path: Path) -> None:
    calls = [play(Outbound(ivr, record=tmp_path)) for _ in range(2)]
    assert calls[0].uuid == calls[1].uuid
    stem = f"20260105T090000Z_{calls[0].uuid}"
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"{stem}.jsonl", f"{stem}_2.jsonl"]
    assert [lines[0]["name"] for lines in calls_in(tmp_path)] == [stem, f"{stem}_2"]


@pytest.mark.skipif(os.name != "posix", reason="permissions are the POSIX ones")
def test_only_the_owner_may_read_a_recording(tmp_path: Path) -> None:
    play(Outbound(ivr, record=tmp_path / "new" / "folder"))
    [path] = (tmp_path / "new" / "folder").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600


def test_calls_at_once_are_recorded_in_separate_files(tmp_path: Path) -> None:
    app = Outbound(ivr, record=tmp_path)
    with FreeSwitch() as switch:
        calls = [switch.call(app, caller=str(1000 + number)) for number in range(30)]
        for number, call in enumerate(calls):
            call.press_after(0.5 + number / 100, str(1 + number % 4))
        for call in calls:
            call.wait()
    recorded = {lines[0]["caller"]["number"]: lines for lines in calls_in(tmp_path)}
    assert len(recorded) == 30
    for number in range(30):
        lines = recorded[str(1000 + number)]
        assert {event.uuid for event in of_switch(lines) if isinstance(event, Event)} == {
            calls[number].uuid
        }
        played = [each.get("execute-app-arg") for each in of_app(lines)]
        assert f"ivr/ivr-option-{1 + number % 4}" in played


def test_strangers_and_health_checks_are_not_recorded(tmp_path: Path) -> None:
    closed: dict[str, Any] = {"record": tmp_path, "allow": ["192.0.2.1"]}
    with serving(ivr, **closed) as app, dialled(app, name="04a") as stranger:
        stranger.connect()
        stranger.serve("sendmsg")
        stranger.end()
        stranger.hear_end()
    with serving(ivr, record=tmp_path) as app, dialled(app) as check:
        check.hear("connect")
        check.end()
        check.hear_end()
    assert list(tmp_path.iterdir()) == []


# What is not


def asks_for_digits(session: Session) -> None:
    """Send digits and a password in every way that puts them on the wire."""
    channel = session.channel
    channel.answer()
    channel.playback("ivr/ivr-welcome", terminators="*")
    channel.play_and_get_digits("enter", min=4)
    channel.get_digits("enter", min=4)
    channel.execute("read", "4 4 enter.wav code 5000")
    channel.execute("play_and_get_digits", r"4 4 1 3000 # enter.wav wrong.wav choice ^0+$")
    channel.set("y", "z")
    channel.set("pin", DIGITS)
    channel.get_variable("pin")
    session.api(f"uuid_setvar {session.uuid} pin {DIGITS}")
    session.api(f"uuid_getvar {session.uuid} pin")
    session.api(f"uuid_dump {session.uuid}")
    session.bgapi(f"uuid_getvar {session.uuid} pin").wait()
    session.send("nonsense", {"pin": DIGITS})


def press_digits(call: Call) -> None:
    for _ in range(4):
        call.press(DIGITS, when_asked=True)


@pytest.mark.parametrize("format", ["plain", "json", "xml"])
def test_redacted_values_are_nowhere_in_the_file_and_the_rest_is_there(
    tmp_path: Path, format: Any
) -> None:
    for folder, redact in (("all", ()), ("less", ("DTMF", "pin"))):
        app = Outbound(asks_for_digits, format=format, redact=redact, record=tmp_path / folder)
        play(app, press_digits)
    [everything], [less] = calls_in(tmp_path / "all"), calls_in(tmp_path / "less")
    assert DIGITS in json.dumps(everything)
    assert DIGITS not in json.dumps(less)
    assert less[0]["redacted"] == ["DTMF", "pin"]
    events = [each for each in of_switch(less) if isinstance(each, Event)]
    assert [each.digit for each in events if each.name == "DTMF"] == ["***"] * 16
    # the recording still parses, and nothing else is missing
    assert_same_but_for_stars(of_switch(less), of_switch(everything))
    theirs = [(each.line, each.headers, each.body) for each in of_app(everything)]
    for ours, (line, headers, body) in zip(of_app(less), theirs, strict=True):
        assert same(ours.line, line)
        assert [name for name, _ in ours.headers] == [name for name, _ in headers]
        assert all(same(a, b) for (_, a), (_, b) in zip(ours.headers, headers, strict=True))
        assert ours.body == body


def assert_same_but_for_stars(ours: list[Message], theirs: list[Message]) -> None:
    hidden = 0
    for one, other in zip(ours, theirs, strict=True):
        assert type(one) is type(other)
        assert list(one) == list(other)
        for name, value in other.items():
            assert same(one[name], value) or name == "Content-Length", name
            hidden += one[name] != value
        assert same(one.body, other.body) or "\nvariable_pin: ***\n" in one.body
        if isinstance(one, (CommandReply, ApiResponse)):
            assert isinstance(other, type(one))
            assert one.ok == other.ok
    assert hidden > 10


def same(ours: str, theirs: str) -> bool:
    """True if the texts differ only in values hidden behind a name."""
    return ours == theirs or (ours.endswith("***") and theirs.startswith(ours.removesuffix("***")))


# Bounds


def talks_much(session: Session) -> None:
    for _ in range(100):
        session.channel.set("text", "x" * 2000)


def test_a_long_recording_says_that_it_is_cut(tmp_path: Path) -> None:
    call = play(Outbound(talks_much, record=tmp_path, record_limit=100_000))
    assert call.outcome is None
    [path] = tmp_path.iterdir()
    assert 80_000 < path.stat().st_size <= 100_000
    [lines] = calls_in(tmp_path)
    assert lines[-1]["truncated"] == "it would be over record_limit=100000"
    assert lines[-1]["t"] >= lines[-2]["t"] > 0
    assert len(of_app(lines)) < 100


def test_a_limit_too_small_for_a_call_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="record_limit must be at least 65536"):
        Outbound(ivr, record=tmp_path, record_limit=1000)


def test_bytes_held_until_a_connection_is_a_call_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eslsync.serving.recorder.MAX_HELD", 100)
    assert play(Outbound(ivr, record=tmp_path), press_1).outcome is None
    assert list(tmp_path.iterdir()) == []


# Disks


def test_a_folder_that_cannot_be_written_costs_no_call(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    app = Outbound(ivr, record=tmp_path / "file")
    with FreeSwitch() as switch:
        for _ in range(3):
            call = switch.call(app)
            call.wait()
            assert call.heard == ["ivr/ivr-welcome", "ivr/ivr-timeout"]
    told = [each for each in messages(caplog, logging.WARNING) if "recorded" in each]
    assert len(told) == 1, "for three calls"
    assert "a call is not recorded: " in told[0]
    assert str(tmp_path / "file") in told[0]


def test_a_disk_that_fails_midway_leaves_whole_lines(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that is removed while the call is up is not created again."""

    def handler(session: Session) -> None:
        session.channel.answer()
        while not list(tmp_path.iterdir()):
            session.channel.playback("silence")  # until the other thread has come to write
        [path] = tmp_path.iterdir()
        path.rename(tmp_path / "taken")
        ivr(session)

    call = play(Outbound(handler, record=tmp_path))
    assert call.outcome is None
    [lines] = calls_in(tmp_path)
    assert of_app(lines)[0].line == "connect"
    assert [each for each in messages(caplog, logging.WARNING) if "not recorded" in each]


class Disk:
    """A disk with so much room, in place of `os` and `open` in the recorder."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
        self.room = room
        self.used = threading.Event()
        monkeypatch.setattr("eslsync.serving.recorder.open", self.open, raising=False)

    def open(self, path: Path, mode: str, buffering: int) -> Any:
        disk, file = self, FileIO(path, mode.replace("b", ""))

        class Limited:
            def __enter__(self) -> Limited:
                return self

            def __exit__(self, *exception: object) -> None:
                file.close()

            def seek(self, *where: int) -> int:
                return file.seek(*where)

            def truncate(self, *size: int) -> int:
                return file.truncate(*size)

            def write(self, data: bytes) -> int:
                disk.used.set()
                larger = file.tell() + len(data) - os.fstat(file.fileno()).st_size
                if larger > disk.room:
                    if not disk.room:
                        raise OSError(ENOSPC, os.strerror(ENOSPC))
                    data = data[: len(data) - (larger - disk.room)]
                    larger = disk.room
                disk.room -= max(larger, 0)
                return file.write(data)

        return Limited()


def test_a_full_disk_is_told_once_and_cut_recordings_say_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, "eslsync")
    play(Outbound(ivr, record=tmp_path / "one"))
    [path] = (tmp_path / "one").iterdir()
    Disk(monkeypatch, int(path.stat().st_size * 2.5))
    app = Outbound(ivr, record=tmp_path / "calls")
    with FreeSwitch() as switch:
        for call in [switch.call(app) for _ in range(8)]:
            call.wait()
            assert call.heard == ["ivr/ivr-welcome", "ivr/ivr-timeout"]
    told = [each for each in messages(caplog, logging.WARNING) if "recorded" in each]
    assert len(told) == 1, told
    assert "No space left on device" in told[0]
    assert str(tmp_path / "calls") in told[0]
    recorded = calls_in(tmp_path / "calls")  # which are lines of JSON
    assert 1 <= len(recorded) <= 8
    for lines in recorded:
        assert of_app(lines)[0].line == "connect"
        whole = {line["from"] for line in lines if "eof" in line} == {"app", "switch"}
        cut = lines[-1].get("truncated", "") == "it could not be written: No space left on device"
        assert whole is not cut
        assert not any("truncated" in line for line in lines[:-1])


def test_calls_are_recorded_again_once_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, "eslsync")
    disk = Disk(monkeypatch, 0)
    app = Outbound(ivr, record=tmp_path)
    with FreeSwitch() as switch:
        for room in (0, 10_000_000, 0):
            disk.room = room
            disk.used.clear()
            switch.call(app).wait()
            assert disk.used.wait(PATIENCE)
            if room:  # this call's recording is whole before the next call begins
                while not any("again; lost" in each for each in messages(caplog, logging.INFO)):
                    disk.used.clear()
                    switch.call(app).wait()
                    assert disk.used.wait(PATIENCE)
    told = [each for each in messages(caplog, logging.WARNING) if "recorded" in each]
    assert len(told) == 2, told
    again = [each for each in messages(caplog, logging.INFO) if "again; lost" in each]
    assert again == ["calls are recorded again; lost or cut until now: 1"]
    assert all("eof" in lines[-1] or "truncated" in lines[-1] for lines in calls_in(tmp_path))


def test_each_cause_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    causes = iter([ENOSPC, ENOSPC, EACCES, ENOSPC, EACCES])

    def fails(path: Path, mode: str, buffering: int) -> Any:
        cause = next(causes)
        raise OSError(cause, os.strerror(cause), str(path))

    monkeypatch.setattr("eslsync.serving.recorder.open", fails, raising=False)
    app = Outbound(ivr, record=tmp_path)
    with FreeSwitch() as switch:
        for _ in range(5):
            switch.call(app).wait()
    told = [each for each in messages(caplog, logging.WARNING) if "recorded" in each]
    assert [("No space" in each, "Permission" in each) for each in told] == [
        (True, False),
        (False, True),
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_recording_says_so_if_the_disk_was_too_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eslsync.serving.recorder.MAX_WAITING", 3000)
    call = play(Outbound(ivr, record=tmp_path), press_1)
    assert call.heard == ["ivr/ivr-welcome", "ivr/ivr-option-1"]
    recorded = calls_in(tmp_path)
    assert all(lines[-1]["truncated"] == "the disk was too slow" for lines in recorded)


def test_a_handler_that_stops_the_server_is_recorded_to_its_end(tmp_path: Path) -> None:
    def handler(session: Session) -> None:
        app.stop(timeout=0)
        session.channel.set("said", "after that")

    with serving(handler, record=tmp_path) as app, dialled(app) as peer:
        peer.handshake()
        peer.run("set", "said=after that")
        peer.end()
        peer.hear_end()
    for thread in threading.enumerate():  # it ends with the handler that has stopped the server
        if thread.name == "eslsync-recorder":
            thread.join(PATIENCE)
    [lines] = calls_in(tmp_path)
    assert of_app(lines)[-1].get("execute-app-arg") == "said=after that"
    assert (lines[-1]["from"], lines[-1]["eof"]) == ("switch", True)


def test_a_note_costs_the_same_however_many_wait_for_the_call_to_be_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighed = 0

    def count(note: Note) -> int:
        nonlocal weighed
        weighed += 1
        return len(note.data or b"")

    monkeypatch.setattr(Note, "weight", property(count))
    recorder = Recorder(str(tmp_path), Redactor(), RECORD_LIMIT)
    tape = recorder.tape(REAL)
    for _ in range(100):
        tape.note("switch", b"x")
    for_a_hundred, weighed = weighed, 0
    for _ in range(900):
        tape.note("switch", b"x")
    recorder.stop()
    assert weighed <= 9 * for_a_hundred

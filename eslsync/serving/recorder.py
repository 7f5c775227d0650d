"""Recordings of calls: the bytes of each call's connection, in a file of JSON lines.

The threads that read and send only queue the bytes; a separate thread writes them to disk. A
disk that is slow, full or gone costs recordings, never a call.
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

from .. import forks
from ..clock import Clock, here
from ..logs import logger
from ..wire.exceptions import ProtocolError
from ..wire.message import ConnectReply, number
from ..wire.protocol import MAX_HEADERS, Parser
from ..wire.redaction import Redactor
from ..wire.shown import in_a_log
from .redacted import Redacted

__all__ = ["Recorder", "Tape"]

Side = Literal["app", "switch"]

#: Bytes of a recording reserved for a last line that says why it is truncated.
LAST_LINE = 200
#: The characters of it that say why.
MAX_WHY = 120
#: The number of lines, at the end, whose places are known: together they have room for that one.
LAST_LINES = 16
#: Maximum bytes of all calls that wait to be written; and the bytes added for each note.
MAX_WAITING = 32 * 1024 * 1024
NOTE_WEIGHT = 256
#: Maximum bytes of a connection not yet known to be a call: the reply to `connect`.
MAX_HELD = MAX_HEADERS + 64 * 1024
#: Seconds that `stop` waits for the rest to be written.
STOP_TIMEOUT = 5.0
#: Maximum names to try for a file, if others of that name exist.
MAX_NAMESAKES = 1000


class Note(NamedTuple):
    """Bytes that a side has sent; b"": it has ended. None: the bytes were too many to keep."""

    tape: Tape
    at: float
    side: Side
    data: bytes | None

    @property
    def weight(self) -> int:
        return len(self.data or b"") + NOTE_WEIGHT


class Tape:
    """The bytes of one connection. Nothing is written before `admit`."""

    def __init__(self, recorder: Recorder, clock: Clock, file: RecordingFile) -> None:
        self.file = file
        #: The notes until `admit`, and their weight; None after it.
        self.held: list[Note] | None = []
        self.weight = 0
        #: True once notes are no longer needed.
        self.done = False
        self._recorder = recorder
        self._clock = clock
        self._began = clock.now()

    def note(self, side: Side, data: bytes) -> None:
        """Note that ``side`` has sent ``data``, or ended (b""). Any thread; never blocks."""
        if not self.done:
            self._recorder.put(Note(self, self._clock.now() - self._began, side, data))

    def admit(self) -> None:
        """Start writing: the connection is an accepted call."""
        self._recorder.release(self)


class Recorder:
    """Writes the recordings of one server's calls into a folder."""

    def __init__(self, folder: str, redactor: Redactor, limit: int) -> None:
        self._folder = Path(folder)
        self._redactor = redactor
        self._limit = limit
        self._gate = forks.gate()
        # The writer's only: the causes of failures that were logged, and the recordings that were
        # cut or lost. Both are forgotten when a later recording has become whole.
        self._causes: set[int | None] = set()
        self._lost = 0
        # Under this lock:
        self._changed = threading.Condition(forks.lock())
        self._notes: list[Note] = []
        self._waiting = 0  # bytes
        self._stopping = False
        self.thread = threading.Thread(target=self._run, name="eslsync-recorder", daemon=True)
        self.thread.start()

    def tape(self, clock: Clock) -> Tape:
        """A tape for a new connection."""
        return Tape(self, clock, RecordingFile(self._folder, self._redactor, self._limit))

    def stop(self) -> None:
        """Write the remaining notes, and end; give up on the disk after STOP_TIMEOUT seconds."""
        with here.busy, self._changed:
            self._stopping = True
            self._changed.notify()
        self.thread.join(STOP_TIMEOUT)
        if self.thread.is_alive():
            logger.error("the disk is stuck: recordings in %s are incomplete", self._folder)

    def let_go(self) -> None:
        """In a forked child, where nobody writes."""
        self._stopping = True
        self._notes.clear()

    # Any thread

    def put(self, note: Note) -> None:
        with self._changed:
            held = note.tape.held
            if held is None:
                self._append(note)
            elif note.tape.weight < MAX_HELD:
                held.append(note)
                note.tape.weight += note.weight
            else:
                note.tape.done = True
                held.clear()

    def release(self, tape: Tape) -> None:
        with self._changed:
            for note in tape.held or ():
                self._append(note)
            tape.held = None

    def _append(self, note: Note) -> None:
        if self._stopping or note.tape.done:
            return
        if self._waiting + note.weight > MAX_WAITING:
            note.tape.done = True
            note = note._replace(data=None)
        self._waiting += note.weight
        self._notes.append(note)
        self._changed.notify()

    # The writer's thread

    def _run(self) -> None:
        with here.busy:
            while self._write_next():
                pass

    def _write_next(self) -> bool:
        """Wait for notes, and write them; False when there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._notes or self._stopping)
            notes, self._notes = self._notes, []
            stopping = self._stopping
        tapes: dict[Tape, list[Note]] = {}
        for note in notes:
            tapes.setdefault(note.tape, []).append(note)
        for tape, its in tapes.items():
            self._write(tape, its)
        written = sum(note.weight for note in notes)
        with self._changed:
            self._waiting -= written
        return not stopping

    def _write(self, tape: Tape, notes: list[Note]) -> None:
        file = tape.file
        if not file.begun:
            file.lost_before = self._lost
        try:
            with self._gate:
                whole = file.write(notes)
            if whole and self._lost and file.lost_before == self._lost:
                logger.info("calls are recorded again; lost or cut until now: %d", self._lost)
                self._causes.clear()
                self._lost = 0
        except OSError as error:
            self._lost += 1
            known = error.errno in self._causes
            self._causes.add(error.errno)
            logger.log(
                logging.DEBUG if known else logging.WARNING,
                "a call is not recorded: %s (told once, until calls are recorded again)",
                in_a_log(str(error)),
            )
            file.complete = True
        except Exception:  # a bug of ours costs one recording, not the others
            logger.exception("a call is not recorded")
            file.complete = True
        tape.done = tape.done or file.complete


class RecordingFile:
    """A recording's file. It is not kept open, so that a call needs one descriptor, its socket.

    Its first line describes the call, so the reply to ``connect`` creates the file.
    """

    def __init__(self, folder: Path, redactor: Redactor, limit: int) -> None:
        #: True once nothing is added to it any more.
        self.complete = False
        #: The number of recordings that were lost before it began.
        self.lost_before = 0
        self._folder = folder
        self._redactor = redactor
        self._redacted = Redacted(redactor) if redactor.names else None
        self._limit = limit
        self._path: Path | None = None
        self._parser = Parser()  # for the reply to `connect`
        self._lines: list[bytes] = []  # to be written
        self._size = 0  # bytes written, and of those lines
        self._starts: deque[int] = deque(maxlen=LAST_LINES)  # of the last lines written
        self._ended: set[Side] = set()

    @property
    def begun(self) -> bool:
        """True once the file is created."""
        return self._path is not None

    def write(self, notes: list[Note]) -> bool:
        """Add to the file; True if the recording is whole now.

        Raises OSError if it could not be written. What the file has then says so, if possible; a
        file without any line is removed.
        """
        for note in notes:
            if not self.complete:
                self._take(note)
        if self._path is None or not self._lines:
            return False
        start = self._size - sum(map(len, self._lines))
        try:
            append(self._path, b"".join(self._lines))
        except OSError as error:
            self._lines.clear()
            with suppress(OSError):
                self._cut(self._path, start, notes[-1].at, error)
            raise
        for line in self._lines:
            self._starts.append(start)
            start += len(line)
        self._lines.clear()
        return len(self._ended) == 2

    def _cut(self, path: Path, end: int, at: float, error: OSError) -> None:
        """Say that the file ends too early: behind its end, or on a full disk over it."""
        if not end:
            path.unlink()
            return
        why = f"it could not be written: {error.strerror}"
        line = encoded({"t": round(at, 6), "truncated": why[:MAX_WHY]})
        try:
            append(path, line)
        except OSError:
            room = [start for start in self._starts if start and start + len(line) <= end]
            if room:
                append(path, line, room[-1])
            else:  # its first line alone tells nothing
                path.unlink()

    def _take(self, note: Note) -> None:
        at, data = round(note.at, 6), note.data
        if data is None:
            self._truncate(at, "the disk was too slow")
            return
        if data and self._redacted is not None:
            try:
                data = (self._redacted.app if note.side == "app" else self._redacted.switch)(data)
            except ProtocolError:
                self._truncate(
                    at, "what follows is not a message, and may contain what is redacted"
                )
                return
            if not data:
                return  # the rest of the message is missing
        if self._path is None and note.side == "switch":
            self._begin(data)
        said = {"data": data.decode("latin-1")} if data else {"eof": True}
        if not data:
            self._ended.add(note.side)
        line = encoded({"t": at, "from": note.side, **said})
        if self._size + len(line) > self._limit - LAST_LINE:
            self._truncate(at, f"it would be over record_limit={self._limit}")
        else:
            self._add(line)

    def _add(self, line: bytes) -> None:
        self._lines.append(line)
        self._size += len(line)

    def _truncate(self, at: float, why: str) -> None:
        self._add(encoded({"t": at, "truncated": why}))
        self.complete = True

    def _begin(self, data: bytes) -> None:
        """Create the file, with its first line, once the reply to ``connect`` is complete."""
        reply = next((m for m in self._parser.feed(data) if isinstance(m, ConnectReply)), None)
        if reply is None:
            return
        self._path = create(self._folder, stem(reply))
        first = encoded(circumstances(reply, self._path.stem, self._redactor.names))
        self._lines.insert(0, first)
        self._size += len(first)


def circumstances(reply: ConnectReply, name: str, redacted: tuple[str, ...]) -> dict[str, Any]:
    """The first line: the switch's data about the call."""
    driver = reply.get("Channel-Source", "").removeprefix("mod_")
    number_dialled = reply.get("Caller-Destination-Number", "")
    caller = reply.get("Caller-Caller-ID-Number", "")
    return {
        "recording": 1,
        "switch": "FreeSWITCH",
        "name": name,
        "about": f"{caller} calls {number_dialled}, as eslsync recorded it",
        "mode": "outbound",
        "destination": number_dialled,
        "socket": reply.get("variable_current_application_data", ""),
        "caller": {
            "number": caller,
            "name": reply.get("Caller-Caller-ID-Name", ""),
            "by": {"sofia": "sip"}.get(driver, driver),
        },
        "redacted": list(redacted),
    }


def stem(reply: ConnectReply) -> str:
    """The name of a call's file: the time it was taken (UTC, by the switch's clock), its uuid."""
    date = (number(reply.get("Event-Date-Timestamp", "")) or 0) / 1_000_000
    uuid = re.sub(r"[^0-9A-Za-z-]", "_", reply.get("Unique-ID", ""))[:64]
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(date))}_{uuid}"


def create(folder: Path, stem: str) -> Path:
    """Create a new file that only its owner can read. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for count in range(1, MAX_NAMESAKES):
        path = folder / (f"{stem}.jsonl" if count == 1 else f"{stem}_{count}.jsonl")
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            continue
        return path
    raise FileExistsError(f"{path} exists, and so do {MAX_NAMESAKES - 2} others of its name")


def append(path: Path, data: bytes, start: int | None = None) -> None:
    """Add to a file, all or nothing; with ``start``, in place of what is there from there on.

    Raises OSError, which names the file, also if the file is gone.
    """
    with open(path, "r+b", buffering=0) as file:
        end = file.seek(0, os.SEEK_END) if start is None else file.seek(start)
        try:
            left = memoryview(data)
            while left:
                left = left[file.write(left) :]
            file.truncate()
        except OSError as error:
            error.filename = error.filename or str(path)
            if start is None:
                with suppress(OSError):
                    file.truncate(end)
            raise


def encoded(line: dict[str, Any]) -> bytes:
    return json.dumps(line).encode() + b"\n"

"""A call whose socket another thread reads: messages come from a queue, and decode lazily."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache
from queue import SimpleQueue
from urllib.parse import unquote

from .framing import Frames
from .listening import close
from .running import FLOOD, FLOOD_SUBCLASS, PROMPT


class Message:
    """Keeps its bytes, and decodes headers when asked for one."""

    __slots__ = ("raw",)

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    @property
    def is_reply(self) -> bool:
        return self.raw.startswith(b"Content-Type: command/reply")

    def get(self, name: str) -> str | None:
        before = line_start(name)
        start = self.raw.find(before)
        if start < 0:
            return None
        return decode(self.raw[start + len(before) : self.raw.find(b"\n", start + 1)])


@lru_cache(maxsize=1000)
def line_start(name: str) -> bytes:
    return f"\n{name}: ".encode()


@lru_cache(maxsize=1000)
def decode(value: bytes) -> str:
    return unquote(value.decode())


class Call:
    """The handler's side of a call; its reader calls `feed`."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._frames = Frames()
        #: The messages of each read; None at the end.
        self._queue: SimpleQueue[list[bytes] | None] = SimpleQueue()
        self._messages = self._take()
        self._executed = 0
        self._uuid = ""

    def feed(self, data: bytes) -> None:
        """Take bytes in the reader's thread; none at the end."""
        self._queue.put(self._frames.feed(data) if data else None)

    def _take(self) -> Iterator[Message]:
        while (batch := self._queue.get()) is not None:
            for raw in batch:
                yield Message(raw)

    def prepare(self) -> None:
        self.sock.sendall(b"connect\n\n")
        self._uuid = next(self._messages).get("Unique-ID") or ""
        self.command("linger 60")
        self.command(f"filter Unique-ID {self._uuid}")
        self.command("event plain all")

    def command(self, command: str) -> None:
        self.sock.sendall(f"{command}\n\n".encode())
        for message in self._messages:
            if message.is_reply:
                assert (message.get("Reply-Text") or "").startswith("+OK")
                return
        raise EOFError

    def execute(self, application: str, argument: str = "") -> Message:
        uuid = self.start(application, argument)
        while (event := self.wait("CHANNEL_EXECUTE_COMPLETE")).get("Application-UUID") != uuid:
            pass
        return event

    def start(self, application: str, argument: str) -> str:
        self._executed += 1
        uuid = f"{self._uuid}/{self._executed}"
        lines = ["sendmsg", "call-command: execute", f"execute-app-name: {application}"]
        if argument:
            lines.append(f"execute-app-arg: {argument}")
        self.command("\n".join([*lines, f"Event-UUID: {uuid}"]))
        return uuid

    def wait(self, name: str) -> Message:
        for message in self._messages:
            if message.get("Event-Name") == name:
                return message
        raise EOFError

    def close(self) -> None:
        """Close our side, and wait until the reader sees the switch close its own."""
        close(self.sock)
        for _ in self._messages:
            pass
        self.sock.close()


def life(call: Call) -> None:
    call.execute("answer")
    call.execute("playback", PROMPT)
    call.start("hangup", "NORMAL_CLEARING")
    call.wait("CHANNEL_HANGUP_COMPLETE")


def command(call: Call) -> None:
    while True:
        call.execute("playback", PROMPT)


def flood(call: Call) -> None:
    while True:
        call.execute("playback", PROMPT)
        for _ in range(FLOOD):
            while call.wait("CUSTOM").get("Event-Subclass") != FLOOD_SUBCLASS:
                pass


def held(call: Call) -> None:
    call.execute("answer")
    call.execute("set", "greeted=true")
    while True:
        call.wait("DTMF")
        call.execute("playback", PROMPT)


def deaf(call: Call) -> None:
    call.execute("playback", PROMPT)
    threading.Event().wait()


HANDLERS: dict[str, Callable[[Call], None]] = {
    "life": life,
    "command": command,
    "flood": flood,
    "held": held,
    "deaf": deaf,
}


def handle(call: Call, handler: Callable[[Call], None]) -> None:
    try:
        call.prepare()
        handler(call)
    except (EOFError, OSError):
        pass
    finally:
        call.close()


def parse(pieces: list[bytes]) -> int:
    """Parse bytes into messages."""
    frames, messages = Frames(), 0
    for piece in pieces:
        for raw in frames.feed(piece):
            Message(raw)
            messages += 1
    return messages

"""A blocking loop, one thread per call, that reads its socket where it waits and decodes nothing.

It finds what it needs in the bytes. All others are compared with it.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator

from .framing import Frames, parse
from .listening import close, listen
from .running import FLOOD, PROMPT, run, stay

_UUID = re.compile(rb"\nUnique-ID: ([^\n]+)")
REPLY = b"Content-Type: command/reply"
#: An event's name is in one of its first lines.
BEGINNING = 160


class Call:
    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._messages = self._read()
        self._executed = 0
        self._uuid = b""

    def _read(self) -> Iterator[bytes]:
        frames = Frames()
        while data := self._sock.recv(65536):
            yield from frames.feed(data)

    def prepare(self) -> None:
        self._sock.sendall(b"connect\n\n")
        found = _UUID.search(next(self._messages))
        assert found is not None
        self._uuid = found[1]
        self.command(b"linger 60")
        self.command(b"filter Unique-ID %b" % self._uuid)
        self.command(b"event plain all")

    def command(self, command: bytes) -> None:
        self._sock.sendall(command + b"\n\n")
        for message in self._messages:
            if message.startswith(REPLY):
                assert b"\nReply-Text: +OK" in message
                return
        raise EOFError

    def execute(self, application: bytes, argument: bytes = b"") -> bytes:
        uuid = self.start(application, argument)
        complete = b"\nApplication-UUID: %b\n" % uuid
        while complete not in (event := self.wait(b"\nEvent-Name: CHANNEL_EXECUTE_COMPLETE\n")):
            pass
        return event

    def start(self, application: bytes, argument: bytes) -> bytes:
        self._executed += 1
        uuid = b"%b/%d" % (self._uuid, self._executed)
        name = b"\nexecute-app-name: %b" % application
        if argument:
            name += b"\nexecute-app-arg: %b" % argument
        self.command(b"sendmsg\ncall-command: execute%b\nEvent-UUID: %b" % (name, uuid))
        return uuid

    def wait(self, line: bytes) -> bytes:
        for message in self._messages:
            if message.find(line, 0, BEGINNING) >= 0:
                return message
        raise EOFError

    def close(self) -> None:
        close(self._sock)
        for _ in self._messages:
            pass
        self._sock.close()


def life(call: Call) -> None:
    call.execute(b"answer")
    call.execute(b"playback", PROMPT.encode())
    call.start(b"hangup", b"NORMAL_CLEARING")
    call.wait(b"\nEvent-Name: CHANNEL_HANGUP_COMPLETE\n")


def command(call: Call) -> None:
    while True:
        call.execute(b"playback", PROMPT.encode())


def flood(call: Call) -> None:
    while True:
        call.execute(b"playback", PROMPT.encode())
        for _ in range(FLOOD):
            event = call.wait(b"\nEvent-Name: CUSTOM\n")
            assert event.find(b"\nEvent-Subclass: bench%3A%3Aflood\n", 0, BEGINNING) >= 0


def held(call: Call) -> None:
    call.execute(b"answer")
    call.execute(b"set", b"greeted=true")
    while True:
        call.wait(b"\nEvent-Name: DTMF\n")
        call.execute(b"playback", PROMPT.encode())


def deaf(call: Call) -> None:
    call.execute(b"playback", PROMPT.encode())
    threading.Event().wait()


HANDLERS: dict[str, Callable[[Call], None]] = {
    "life": life,
    "command": command,
    "flood": flood,
    "held": held,
    "deaf": deaf,
}


def serve(workload: str) -> None:
    handler = HANDLERS[workload]

    def take(sock: socket.socket) -> None:
        call = Call(sock)
        try:
            call.prepare()
            handler(call)
        except (EOFError, OSError):
            pass
        finally:
            call.close()

    stay(listen(take))


if __name__ == "__main__":
    run(serve, parse)

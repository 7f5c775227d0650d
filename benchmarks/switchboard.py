"""The switch's end of many calls over loopback: bytes made beforehand, and one epoll loop.

It is as cheap as possible, because it shares the machine with the contestant. Its messages are cut
from recording 03h, a SIP call that an app answers, plays a file to and hangs up. Here the prompt
has two files, and all events that carry variables carry one more, from the dialplan, which makes 25
events with a mean of 5.2 KB.
"""

from __future__ import annotations

import re
import select
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from eslsync.protocol import DisconnectNotice, Event, Framer, quote  # noqa: E402  # noqa: E402
from tests.support.recorded import recording  # noqa: E402

RECORDING = "03h"
#: The reply to every command but `connect`.
REPLIES = 6
#: Seconds within which an app must send what is due.
PATIENCE = 30.0
#: A variable as a dialplan may set it: 0.9 KB as sent.
CONTRACTS = ", ".join(f'{{"contract": {4711 + n}, "open": true}}' for n in range(13))
VARIABLE = f"\nvariable_customer: {quote(f'[{CONTRACTS}]')}\n".encode()

_APPLICATION_UUID = re.compile(rb"(?<=\nApplication-UUID: )[^\n]+")
_EVENT_UUID = re.compile(rb"\nEvent-UUID: ([^\n]+)")
_APPLICATION = re.compile(rb"\nexecute-app-name: ([^\n]+)")


def reply(text: bytes = b"+OK") -> bytes:
    return b"Content-Type: command/reply\nReply-Text: %b\n\n" % text


class Silence(Exception):
    """An app did not send what was due."""


class Packet(NamedTuple):
    """An event, split where its application's uuid belongs."""

    parts: list[bytes]
    size: int

    @classmethod
    def of(cls, content: bytes) -> Packet:
        parts = _APPLICATION_UUID.split(content)
        return cls(parts, sum(map(len, parts)))

    def render(self, application_uuid: bytes = b"") -> bytes:
        length = self.size + len(application_uuid) * (len(self.parts) - 1)
        head = b"Content-Length: %d\nContent-Type: text/event-plain\n\n" % length
        return head + application_uuid.join(self.parts)


class Words:
    """The switch's messages in a call, in pieces."""

    def __init__(self) -> None:
        recorded = recording(RECORDING)
        whole = Framer(lambda head, body: (head, body)).feed(recorded.switch_bytes)
        said = list(zip(recorded.messages(), whole, strict=True))
        #: The answer to ``connect``.
        self.context = said[0][1][0] + b"\n\n"
        #: Placeholder for the uuid of a call, of the same length.
        self.uuid = said[0][0]["Unique-ID"].encode()
        events = [(m.name, body) for m, (_, body) in said[1:] if isinstance(m, Event)]
        park, *answer = events[: [name for name, _ in events].index("CHANNEL_EXECUTE_COMPLETE") + 1]
        rest = events[len(answer) + 1 :]
        stop = [name for name, _ in rest].index("PLAYBACK_STOP")
        done = [name for name, _ in rest].index("CHANNEL_EXECUTE_COMPLETE")
        playback, hangup = rest[: done + 1], rest[done + 1 :]
        playback[stop:stop] = [rest[stop], rest[1]]  # the first of two files ends there
        #: The first event, which says that the call is ours.
        self.park = Packet.of(enlarged(park[1]))
        #: The events of an application, from its start to its end.
        self.runs = {
            name: [Packet.of(enlarged(body)) for _, body in run]
            for name, run in [(b"answer", answer), (b"playback", playback), (b"hangup", hangup)]
        }
        #: The events of an application with none between start and end.
        self.bare_run = [self.runs[b"playback"][0], self.runs[b"playback"][-1]]
        self.digit = Packet.of(next(body for name, body in events if name == "DTMF"))
        custom = b"Event-Subclass: bench%3A%3Aflood\nEvent-Name: CUSTOM"
        #: An event that is waited for by its name: 5.1 KB.
        self.flood = Packet.of(park[1].replace(b"Event-Name: CHANNEL_PARK", custom))
        #: The events of what a call does before it is held: ten with `park`, of 5.2 KB.
        self.before_held = {
            b"answer": self.runs[b"answer"],
            b"set": [self.bare_run[0], *[self.flood] * 3, self.bare_run[1]],
        }
        self.lingers = next(
            head + b"\n\n" + body
            for message, (head, body) in said
            if isinstance(message, DisconnectNotice) and message.lingers
        )

    @property
    def messages(self) -> int:
        """The number of messages in a `call`."""
        return 1 + REPLIES + len(self.events) + 1

    @property
    def events(self) -> list[bytes]:
        """All the events of a call."""
        runs = [self.park, *(packet for run in self.runs.values() for packet in run)]
        return [packet.render(self.uuid) for packet in runs]

    @property
    def call(self) -> bytes:
        """All messages of the switch in a call."""
        return b"".join([self.context, *[reply()] * REPLIES, *self.events, self.lingers])


def enlarged(content: bytes) -> bytes:
    return content.replace(b"\nvariable_direction", VARIABLE + b"variable_direction", 1)


class Call:
    """The switch's side of a call: it takes commands and sends their messages."""

    def __init__(self, board: Switchboard, sock: socket.socket, uuid: bytes) -> None:
        self.board = board
        self.sock = sock
        self.uuid = uuid
        self.commands = 0  # applications that the app has executed
        self.closed = False
        self.unsent = b""
        self._heard = b""

    def say(self, *packets: bytes) -> None:
        """Send bytes; keep those that the socket does not take."""
        ours = self.board.words.uuid
        for data in [b"".join(packets)] if self.board.bursts else packets:
            data = data.replace(ours, self.uuid)
            if self.unsent:
                self.unsent += data
            else:
                self._push(data)

    def _push(self, data: bytes) -> None:
        try:
            sent = self.sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # the app has gone: its end will be read
        was, self.unsent = self.unsent, data[sent:]
        if bool(was) != bool(self.unsent):
            self.board.watch(self)

    def ready(self, events: int) -> None:
        if events & select.EPOLLOUT:
            self._push(self.unsent)
        if events & ~select.EPOLLOUT:
            self._hear()

    def _hear(self) -> None:
        try:
            data = self.sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        *commands, self._heard = (self._heard + data).split(b"\n\n")
        for command in commands:
            self._obey(command)

    def _obey(self, command: bytes) -> None:
        words = self.board.words
        application = _APPLICATION.search(command)
        if application is not None:
            self.commands += 1
            found = _EVENT_UUID.search(command)
            self.board.on_execute(self, application[1], found[1] if found else self.uuid)
        elif command == b"connect":
            self.say(words.context)
        elif command.startswith(b"event plain"):
            self.say(reply(), words.park.render())
            self.board.prepared += 1
        elif command == b"exit":
            self.say(reply(b"+OK bye"))
            self.close()
        else:
            self.say(reply())

    def run(self, packets: list[Packet], application_uuid: bytes, *more: bytes) -> None:
        """Run an application in no time: send all its events."""
        self.say(reply(), *(each.render(application_uuid) for each in packets), *more)

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.board.forget(self)
            self.sock.close()


class Switchboard:
    """All calls to one port, in one thread."""

    def __init__(self, words: Words, port: int, *, bursts: bool = False) -> None:
        self.words = words
        #: True to send everything that is due at once, not message by message as FreeSWITCH does.
        self.bursts = bursts
        self.calls: dict[int, Call] = {}
        #: Number of calls so far: begun, ready for the handler, and over.
        self.dialled = self.prepared = self.ended = 0
        #: Called when an app executes an application, with the call, its name and its uuid.
        self.on_execute: Callable[[Call, bytes, bytes], None] = self.run_all
        self._port = port
        self._epoll = select.epoll()

    def dial(self) -> Call:
        self.dialled += 1
        uuid = b"%08x%b" % (self.dialled, self.words.uuid[8:])
        sock = socket.create_connection(("127.0.0.1", self._port))
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        call = self.calls[sock.fileno()] = Call(self, sock, uuid)
        self._epoll.register(sock, select.EPOLLIN)
        return call

    def watch(self, call: Call) -> None:
        writes = select.EPOLLOUT if call.unsent else 0
        self._epoll.modify(call.sock, select.EPOLLIN | writes)

    def forget(self, call: Call) -> None:
        del self.calls[call.sock.fileno()]
        self._epoll.unregister(call.sock)
        self.ended += 1

    def step(self, timeout: float) -> bool:
        """Serve the sockets that are ready; False if there were none."""
        ready = self._epoll.poll(timeout)
        for descriptor, events in ready:
            call = self.calls.get(descriptor)
            if call is not None:
                call.ready(events)
        return bool(ready)

    def serve(self) -> None:
        """Wait for the next bytes."""
        if not self.step(PATIENCE):
            raise Silence(f"nothing for {PATIENCE:g} s; {len(self.calls)} calls are up")

    def serve_until(self, done: Callable[[], bool]) -> None:
        while not done():
            self.serve()

    def run_all(self, call: Call, application: bytes, uuid: bytes) -> None:
        """Answer an application as in a whole call."""
        last = (self.words.lingers,) if application == b"hangup" else ()
        call.run(self.words.runs[application], uuid, *last)

    def __enter__(self) -> Switchboard:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for call in tuple(self.calls.values()):
            call.close()
        self._epoll.close()

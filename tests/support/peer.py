"""The switch's end of a control connection, played by a test.

Its messages are cut from a recording, with the recorded uuids. The test decides their order:
`Peer.settle` waits until the handler has taken everything that was sent and waits for more.
"""

from __future__ import annotations

import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from eslsync import Outbound, Session
from eslsync.clock import Clock
from eslsync.clock import Peer as Address
from eslsync.protocol import (
    Command,
    CommandParser,
    DisconnectNotice,
    Event,
    Framer,
    encode_message,
    quote,
)
from tests.support.recorded import recording

T = TypeVar("T")

#: Seconds after which something counts as never happening, however slow the machine.
PATIENCE = 30.0


class Watched(Clock):
    """Real time, and a way to know that a handler has taken everything and waits for more."""

    def __init__(self) -> None:
        #: Seconds that this clock is ahead. A test adds to it to let time pass at once; those
        #: who already wait don't notice (see `pass_time`).
        self.ahead = 0.0
        self._changed = threading.Condition()
        self._serving: dict[int, Address] = {}
        self._received: Counter[Address] = Counter()
        self._waiting: set[Address] = set()

    def begun(self, peer: Address) -> None:
        self._serving[threading.get_ident()] = peer

    def received(self, peer: Address, size: int) -> None:
        with self._changed:
            self._received[peer] += size
            self._waiting.discard(peer)
            self._changed.notify_all()

    def get(self, inbox: SimpleQueue[T], deadline: float | None) -> T:
        peer = self._serving.get(threading.get_ident())
        if peer is None:  # in a thread of the handler's own
            return super().get(inbox, deadline)
        with self._changed:
            while True:
                left = None if deadline is None else deadline - self.now()
                try:
                    return inbox.get_nowait()
                except Empty:
                    if left is not None and left <= 0:
                        raise
                self._waiting.add(peer)
                self._changed.notify_all()
                self._changed.wait(left)
                self._waiting.discard(peer)

    def now(self) -> float:
        return super().now() + self.ahead

    def pass_time(self, seconds: float) -> None:
        """Let that much time pass, for those who already wait as well."""
        with self._changed:
            self.ahead += seconds
            self._changed.notify_all()

    def arrived(self, peer: Address, sent: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._received[peer] >= sent, PATIENCE)

    def taken(self, peer: Address) -> int:
        """The number of bytes that have been read from that peer."""
        return self._received[peer]

    def settle(self, peer: Address, sent: int) -> None:
        with self._changed:
            assert self._changed.wait_for(
                lambda: peer in self._waiting and self._received[peer] >= sent, PATIENCE
            )


def reply(text: str) -> bytes:
    """A reply to a command."""
    return encode_message([("Content-Type", "command/reply"), ("Reply-Text", text)])


def response(text: str) -> bytes:
    """The response to an ``api`` command that printed ``text``."""
    body = text.encode()
    return encode_message(
        [("Content-Type", "api/response"), ("Content-Length", str(len(body)))], body
    )


def event(headers: Mapping[str, str], body: str = "") -> bytes:
    """An event that no recording holds."""
    length = {"Content-Length": str(len(body.encode()))} if body else {}
    lines = [f"{name}: {quote(value)}\n" for name, value in {**headers, **length}.items()]
    return as_event(("".join(lines) + "\n" + body).encode())


def as_event(content: bytes) -> bytes:
    return encode_message(
        [("Content-Length", str(len(content))), ("Content-Type", "text/event-plain")], content
    )


def changed(packet: bytes, headers: Mapping[str, str]) -> bytes:
    """An event with other values in some of its headers."""
    content = packet.partition(b"\n\n")[2]
    for name, value in headers.items():
        line = f"{name}: {quote(value)}".encode()
        content, count = re.subn(rb"(?m)^%s: .*$" % name.encode(), lambda _: line, content)  # noqa: B023
        assert count == 1, name
    return as_event(content)


class Peer:
    """One control connection, from the switch's end, in the words of one recording."""

    def __init__(
        self, app: Outbound, name: str = "03a", clock: Watched | None = None, host: str = ""
    ) -> None:
        self.app = app
        # How the handler ended.
        self.raised: BaseException | None = None
        self.returned: Any = None
        self.ended = threading.Event()
        packets = Framer(lambda head, body: head + b"\n\n" + body)
        self._said = list(
            zip(
                recording(name).messages(),
                packets.feed(recording(name).switch_bytes),
                strict=True,
            )
        )
        self.context, self.connect_reply = self._said[0]
        self.uuid = self.context["Unique-ID"]
        self.clock = clock or Watched()
        self._sent = 0
        self._has_ended = False
        self._parser = CommandParser()
        self._heard: list[Command] = []
        self.sock = socket.create_connection((host or app.host, app.port), timeout=PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.address: Address = self.sock.getsockname()

    # hearing

    def hear(self, line: str | None = None) -> Command:
        """Return the next command; it must be this one."""
        while not self._heard:
            data = self.sock.recv(65536)
            assert data, f"the app has ended where {line!r} was expected"
            self._heard += self._parser.feed(data)
        command = self._heard.pop(0)
        assert line in (None, command.line), command
        return command

    def commands(self, data: bytes) -> list[Command]:
        """The commands that these bytes complete, for a test that reads the socket itself."""
        return self._parser.feed(data)

    def hear_nothing(self) -> None:
        """Check that neither a command nor an end is on its way."""
        self.sock.setblocking(False)
        try:
            assert self._heard == []
            assert self.sock.recv(1, socket.MSG_PEEK) is None
        except BlockingIOError:
            self.sock.settimeout(PATIENCE)

    def hear_end(self) -> list[Command]:
        """Return the commands that still come, up to an orderly end by the app."""
        while data := self.sock.recv(65536):
            self._heard += self._parser.feed(data)
        assert not self._parser.rest
        heard, self._heard = self._heard, []
        return heard

    def await_handler(self) -> None:
        """Wait until the handler has ended."""
        assert self.ended.wait(PATIENCE)

    # saying

    def say(self, *packets: bytes) -> None:
        data = b"".join(packets)
        self._sent += len(data)
        self.sock.sendall(data)

    def settle(self) -> None:
        """Wait until the handler has taken everything, and waits for more."""
        self.clock.settle(self.address, self._sent)

    def arrived(self) -> None:
        """Wait until everything has been read, whether or not the handler takes it."""
        self.clock.arrived(self.address, self._sent)

    def end(self) -> None:
        """Close our sending side."""
        if not self._has_ended:
            self._has_ended = True
            self._sent += 1
            self.sock.shutdown(socket.SHUT_WR)  # raises if the app has reset the connection

    def reset(self) -> None:
        self._sent += 1
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    # both

    def serve(self, line: str, text: str = "+OK") -> Command:
        """Hear this command and reply to it."""
        command = self.hear(line)
        self.say(reply(text))
        return command

    def connect(self) -> None:
        self.hear("connect")
        self.say(self.connect_reply)

    def handshake(self) -> None:
        """Serve what `Outbound` sends by itself (``events=True, linger=True``, ``full``)."""
        self.connect()
        self.serve("linger 60")
        self.serve(f"filter Unique-ID {self.uuid}")
        self.serve("event plain all")

    def execute(self, application: str, argument: str | None = None) -> str:
        """Hear the command to execute this, and accept it; return its Event-UUID."""
        command = self.serve("sendmsg")
        assert command.get("execute-app-name") == application
        assert argument in (None, command.get("execute-app-arg"))
        uuid = command.get("Event-UUID")
        assert uuid
        return uuid

    def run(self, application: str, argument: str | None = None) -> None:
        """As `execute`; and let it complete at once."""
        self.say(self.completed(application, self.execute(application, argument)))

    def resume(self) -> None:
        """Hear that the application that still runs must not hold the caller."""
        self.serve("resume")
        self.execute("unset", "socket_resume")

    def is_given_back(self) -> None:
        """Connect, and check that the call is given back before any handler has it."""
        self.connect()
        self.serve(f"filter Unique-ID {self.uuid}")
        self.serve("event plain CHANNEL_EXECUTE_COMPLETE")
        self.run("set")
        assert self.hear_end() == []
        self.end()

    # what it can say

    def event(
        self, name: str, headers: Mapping[str, str] | None = None, nth: int = 0, **where: str
    ) -> bytes:
        """A recorded event of that name, with other values in some of its headers."""
        found = [
            packet
            for message, packet in self._said[1:]
            if isinstance(message, Event)
            and message.name == name
            and all(message.get(key) == value for key, value in where.items())
        ]
        return changed(found[nth], headers or {})

    def completed(self, application: str, uuid: str) -> bytes:
        headers = {"Application": application, "Application-UUID": uuid}
        return self.event("CHANNEL_EXECUTE_COMPLETE", headers)

    def digit(self, digit: str) -> bytes:
        return self.event("DTMF", {"DTMF-Digit": digit})

    def tail(self) -> list[bytes]:
        """Everything from CHANNEL_HANGUP on, except the last message."""
        names = [getattr(message, "name", "") for message, _ in self._said]
        start = names.index("CHANNEL_HANGUP")
        return [packet for _, packet in self._said[start:-1]]

    def notice(self, *, lingers: bool) -> bytes:
        [found] = [
            packet
            for message, packet in self._said
            if isinstance(message, DisconnectNotice) and message.lingers == lingers
        ]
        return found


@contextmanager
def call(
    handler: Callable[[Session], Any],
    *,
    name: str = "03a",
    events: bool | list[str] = True,
    linger: bool | int = True,
) -> Iterator[Peer]:
    """Call that handler. Yields the switch's end, which knows afterwards how the handler ended."""
    clock = Watched()

    def kept(session: Session) -> None:
        try:
            peer.returned = handler(session)
        except BaseException as error:
            peer.raised = error
            raise
        finally:
            peer.ended.set()

    with Outbound(kept, port=0, clock=clock, events=events, linger=linger) as app:
        peer = Peer(app, name, clock)
        try:
            yield peer
            if peer.sock.fileno() >= 0:
                peer.end()
                peer.hear_end()
        except AssertionError as error:
            raise (peer.raised or error) from error  # what went wrong first
        finally:
            peer.sock.close()
    if isinstance(peer.raised, AssertionError):
        raise peer.raised


def quiet_call(handler: Callable[[Session], Any]) -> AbstractContextManager[Peer]:
    """As `call`, but `Outbound` sends nothing besides `connect` by itself."""
    return call(handler, events=False, linger=False)

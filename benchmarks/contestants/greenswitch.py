"""greenswitch (gevent): a greenlet per call, which blocks in its own way.

Its handler waits for an application by name. It can't wait for other events, so a callback queues
them.
"""

from __future__ import annotations

import gevent.monkey

gevent.monkey.patch_all()

import io  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
import greenswitch  # noqa: E402
from gevent.event import AsyncResult, Event  # noqa: E402
from gevent.queue import Queue  # noqa: E402
from greenswitch.esl import ESLProtocol  # noqa: E402

from .running import FLOOD, FLOOD_SUBCLASS, PROMPT, announce, run  # noqa: E402

#: greenswitch's default is 100.
MAX_CALLS = 100_000


def kept(session: Any, name: str) -> Any:
    """A queue of the events of that name."""
    events = Queue()
    session.register_handle(name, events.put)
    return events


def life(session: Any) -> None:
    ended = kept(session, "CHANNEL_HANGUP_COMPLETE")
    session.call_command("answer", block=True)
    session.call_command("playback", PROMPT, block=True)
    session.hangup()
    ended.get()


def command(session: Any) -> None:
    while True:
        session.call_command("playback", PROMPT, block=True)


def flood(session: Any) -> None:
    events = kept(session, FLOOD_SUBCLASS)
    while True:
        session.call_command("playback", PROMPT, block=True)
        for _ in range(FLOOD):
            events.get()


def held(session: Any) -> None:
    digits = kept(session, "DTMF")
    session.call_command("answer", block=True)
    session.call_command("set", "greeted=true", block=True)
    while True:
        digits.get()
        session.call_command("playback", PROMPT, block=True)


def deaf(session: Any) -> None:
    session.call_command("playback", PROMPT, block=True)
    Event().wait()


HANDLERS: dict[str, Callable[[Any], None]] = {
    "life": life,
    "command": command,
    "flood": flood,
    "held": held,
    "deaf": deaf,
}


def free_port() -> int:
    """Choose a free port, because the server takes port 0 for none."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def serve(workload: str) -> None:
    port = free_port()

    class Application:
        """What greenswitch is given to run a call."""

        def __init__(self, session: Any) -> None:
            self.session = session

        def run(self) -> None:
            session = self.session
            session.linger(60)
            session.send(f"filter Unique-ID {session.uuid}")
            session.send("event plain all")
            HANDLERS[workload](session)

    server = greenswitch.OutboundESLServer("127.0.0.1", port, Application, MAX_CALLS)
    gevent.spawn(server.listen)
    while not server._running:  # there is no public way to know that it listens
        gevent.sleep(0.01)
    announce(port)
    gevent.socket.wait_read(sys.stdin.fileno())


def parse(pieces: list[bytes]) -> int:
    """Run its reader, which puts events on a queue."""
    protocol = ESLProtocol()
    protocol.sock_file = io.BytesIO(b"".join(pieces))
    protocol._commands_sent = replies = [AsyncResult()] * MAX_CALLS
    protocol.receive_events()
    events: int = protocol._esl_event_queue.qsize()
    return MAX_CALLS - len(replies) + events


if __name__ == "__main__":
    run(serve, parse)

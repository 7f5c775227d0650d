"""eslsync itself."""

from __future__ import annotations

import threading
from collections.abc import Callable

from eslsync import Outbound, Session
from eslsync.protocol import Parser

from .running import FLOOD, FLOOD_SUBCLASS, PROMPT, run, stay


def life(session: Session) -> None:
    session.channel.execute("answer")
    session.channel.execute("playback", PROMPT)
    session.channel.hangup()


def command(session: Session) -> None:
    while True:
        session.channel.execute("playback", PROMPT)


def flood(session: Session) -> None:
    while True:
        session.channel.execute("playback", PROMPT)
        for _ in range(FLOOD):
            session.wait(f"CUSTOM {FLOOD_SUBCLASS}")


def held(session: Session) -> None:
    session.channel.execute("answer")
    session.channel.execute("set", "greeted=true")
    while True:
        session.channel.wait("DTMF")
        session.channel.execute("playback", PROMPT)


def deaf(session: Session) -> None:
    session.channel.execute("playback", PROMPT)
    threading.Event().wait()


HANDLERS: dict[str, Callable[[Session], None]] = {
    "life": life,
    "command": command,
    "flood": flood,
    "held": held,
    "deaf": deaf,
}


def serve(workload: str) -> None:
    server = Outbound(HANDLERS[workload], port=0)
    server.start(block=False)
    stay(server.port)


def parse(pieces: list[bytes]) -> int:
    parser = Parser()
    return sum(len(parser.feed(piece)) for piece in pieces)


if __name__ == "__main__":
    run(serve, parse)

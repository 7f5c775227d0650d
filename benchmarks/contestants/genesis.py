"""genesis (asyncio, with uvloop, as it recommends): a task per call.

Its `wait` takes the next event of a name. Where none may be missed, a callback queues them.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from genesis import Outbound, use_uvloop
from genesis.protocol import Protocol

from .running import FLOOD, FLOOD_SUBCLASS, PROMPT, announce, run

#: Seconds, longer than any wait here.
LONG = 3600.0


def kept(session: Any, name: str) -> asyncio.Queue[Any]:
    """A queue of the events of that name."""
    events: asyncio.Queue[Any] = asyncio.Queue()

    async def keep(event: Any) -> None:
        events.put_nowait(event)

    session.on(name, keep)
    return events


async def life(session: Any) -> None:
    ended = kept(session, "CHANNEL_HANGUP_COMPLETE")
    await session.sendmsg("execute", "answer", block=True)
    await session.sendmsg("execute", "playback", PROMPT, block=True)
    await session.channel.hangup()
    await ended.get()


async def command(session: Any) -> None:
    while True:
        await session.sendmsg("execute", "playback", PROMPT, block=True)


async def flood(session: Any) -> None:
    events = kept(session, FLOOD_SUBCLASS)
    while True:
        await session.sendmsg("execute", "playback", PROMPT, block=True)
        for _ in range(FLOOD):
            await events.get()


async def held(session: Any) -> None:
    await session.sendmsg("execute", "answer", block=True)
    await session.sendmsg("execute", "set", "greeted=true", block=True)
    while True:
        await session.channel.wait("DTMF", timeout=LONG)
        await session.sendmsg("execute", "playback", PROMPT, block=True)


async def deaf(session: Any) -> None:
    await session.sendmsg("execute", "playback", PROMPT, block=True)
    await asyncio.Event().wait()


HANDLERS: dict[str, Callable[[Any], Awaitable[None]]] = {
    "life": life,
    "command": command,
    "flood": flood,
    "held": held,
    "deaf": deaf,
}


async def serve_until_end(workload: str) -> None:
    server = Outbound(HANDLERS[workload], "127.0.0.1", 0)
    await server.start(block=False)
    announce(server.server.sockets[0].getsockname()[1])
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), over.set)
    await over.wait()


def serve(workload: str) -> None:
    use_uvloop()
    asyncio.run(serve_until_end(workload))


async def read(pieces: list[bytes]) -> int:
    """What its reader does, which puts messages on a queue."""
    protocol = Protocol()
    protocol.reader = asyncio.StreamReader()
    for piece in pieces:
        protocol.reader.feed_data(piece)
    protocol.reader.feed_eof()
    protocol.is_connected = True
    await protocol.handler()
    messages: int = protocol.events.qsize() - 1  # the last says that it is over
    return messages


def parse(pieces: list[bytes]) -> int:
    return asyncio.run(read(pieces))


if __name__ == "__main__":
    run(serve, parse)

"""The IVR of examples/ivr.py, written with `genesis` (asyncio).

pip install genesis
python genesis_ivr.py --port 5000
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Any

from genesis import Outbound  # type: ignore[import-not-found,import-untyped,unused-ignore]
from genesis.exceptions import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    TimeoutError,
)

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--timeout", type=float, default=10.0, help="seconds to wait for a key")
options = parser.parse_args()


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


async def ivr(session: Any) -> None:
    channel = session.channel
    await channel.answer()

    @channel.on_dtmf("1")  # type: ignore[untyped-decorator]
    async def option_1(digit: str) -> None:
        await channel.playback("ivr/ivr-option-1")
        say("option 1 has been played")

    @channel.on_dtmf("2")  # type: ignore[untyped-decorator]
    async def option_2(digit: str) -> None:
        await channel.playback("ivr/ivr-option-2")
        say("option 2 has been played")

    reply = await channel.playback("ivr/ivr-welcome")
    say(f"playback returns {reply.get('Reply-Text') or reply.get('Application-Response')}")
    try:
        event = await channel.wait("DTMF", timeout=options.timeout)
        say(f"wait returns {event['DTMF-Digit']}")
    except TimeoutError:
        await channel.playback("ivr/ivr-timeout")
        await channel.hangup()


async def handler(session: Any) -> None:
    try:
        await ivr(session)
    except BaseException as error:
        say(f"the handler is ended by {type(error).__name__}: {error}")
        raise
    say("the handler returns")


async def main() -> None:
    server = Outbound(handler, "127.0.0.1", options.port)
    await server.start(block=False)
    print(server.server.sockets[0].getsockname()[1], flush=True)
    await server.server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

"""The switch's end of many calls over loopback, in real time, with the bytes of a recording.

python benchmarks/load.py 5000 --calls 1000 --at-once 200

calls the app on that port, and holds 200 calls at a time. It prints a line of JSON now and then,
and one at the end. It is the other side of `soak.py --real`; `probes.py` uses its calls.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import socket
import struct
import sys
import uuid
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from eslsync.protocol import Command, CommandParser, DisconnectNotice, Event, Framer, encode_message  # noqa: E402  # noqa: E402
from tests.support.recorded import recording  # noqa: E402

#: Seconds within which an app must close the connection of a call that has ended.
PATIENCE = 30.0


class Words:
    """What a switch says in one call, cut from a recording."""

    def __init__(self, name: str = "03a") -> None:
        whole = Framer(lambda head, body: head + b"\n\n" + body).feed(recording(name).switch_bytes)
        said = list(zip(recording(name).messages(), whole, strict=True))
        self.context = said[0][1]
        self.uuid = said[0][0]["Unique-ID"].encode()  # which every call replaces by its own
        names = [getattr(message, "name", "") for message, _ in said]
        self._events = {
            message.name: packet for message, packet in said[1:] if isinstance(message, Event)
        }
        hangup = names.index("CHANNEL_HANGUP")
        self.tail = b"".join(
            packet
            for message, packet in said[hangup:]
            if not isinstance(message, DisconnectNotice) or message.lingers
        )

    def event(self, event: str, **headers: str) -> bytes:
        """Return the event of that name, with some headers replaced (write _ for -)."""
        content = self._events[event].partition(b"\n\n")[2]
        for name, value in headers.items():
            line = f"{name.replace('_', '-')}: {value}".encode()
            content = re.sub(rb"(?m)^%b: .*$" % line.partition(b":")[0], line, content)
        return encode_message(
            [("Content-Length", str(len(content))), ("Content-Type", "text/event-plain")], content
        )


def reply(text: str) -> bytes:
    return encode_message([("Content-Type", "command/reply"), ("Reply-Text", text)])


class SwitchCall(asyncio.Protocol):
    """One call: it answers the app's commands, and completes applications at once."""

    def __init__(self, words: Words, on_end: Callable[[], None] = lambda: None) -> None:
        self.words = words
        self.uuid = str(uuid.uuid4()).encode()
        self.on_end = on_end
        #: Called with each application that the app executes.
        self.on_execute: Callable[[str], None] = lambda application: None
        self.commands = 0
        self.over = False  # hung up, or broken
        self.closed = False  # the switch's side is
        self.refuses = 0  # the command that is refused, by its number
        self._parser = CommandParser()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        for command in self._parser.feed(data):
            self.commands += 1
            self._obey(command)

    def eof_received(self) -> None:
        self.over = True

    def connection_lost(self, error: Exception | None) -> None:
        self.over = self.closed = True
        self.on_end()

    def say(self, packet: bytes) -> None:
        if not self.closed:
            self.transport.write(packet.replace(self.words.uuid, self.uuid))

    def press(self, digit: str) -> None:
        if not self.over:
            self.say(self.words.event("DTMF", DTMF_Digit=digit))

    def hang_up(self) -> None:
        if not self.over:
            self.over = True
            self.say(self.words.tail)

    def close(self) -> None:
        """Close the connection without a message."""
        self.over = self.closed = True
        self.transport.write_eof()

    def reset(self) -> None:
        self.over = self.closed = True
        sock = self.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def babble(self) -> None:
        """Send bytes that are not event socket, and close."""
        self.say(b"HTTP/1.1 400 Bad Request\n\n")
        self.close()

    def _obey(self, command: Command) -> None:
        if command.line == "connect":
            self.say(self.words.context)
        elif self.commands == self.refuses:
            self.say(reply("-ERR refused on purpose"))
        else:
            self.say(reply("+OK"))
            application = command.get("execute-app-name") or command.get("call-command")
            if application == "hangup":
                self.hang_up()
            elif application is not None and not self.over:
                self._execute(application, command.get("Event-UUID") or "")

    def _execute(self, application: str, uuid: str) -> None:
        self.on_execute(application)
        for event in ("CHANNEL_EXECUTE", "CHANNEL_EXECUTE_COMPLETE"):
            self.say(self.words.event(event, Application=application, Application_UUID=uuid))


# A soak's callers


class Load:
    """Random callers and faults; as one call ends, the next begins."""

    def __init__(self, port: int, calls: int, at_once: int, every: int, seed: int) -> None:
        self.port, self.calls, self.every = port, calls, every
        self.chance = random.Random(seed)
        self.words = Words()
        self.places = asyncio.Semaphore(at_once)
        self.up = self.ended = 0
        self.count: Counter[str] = Counter()

    async def run(self) -> None:
        callers = set()
        for number in range(self.calls):
            await self.places.acquire()
            caller = asyncio.create_task(self.call(number))
            callers.add(caller)
            caller.add_done_callback(callers.discard)
        await asyncio.gather(*callers)
        print(json.dumps({"ended": self.ended, "count": self.count}), flush=True)

    async def call(self, number: int) -> None:
        loop, chance = asyncio.get_running_loop(), self.chance
        over = asyncio.Event()
        self.up += 1
        try:
            _, call = await loop.create_connection(
                lambda: SwitchCall(self.words, over.set), "127.0.0.1", self.port
            )
            stays = chance.uniform(0.1, 2.5)
            ends = chance.choice([*["hang_up"] * 7, "close", "reset", "babble"])
            if chance.random() < 0.1:
                call.refuses = chance.randint(2, 8)
            if chance.random() < 0.02:
                stays = 0.0  # before it has said anything
            for _ in range(chance.randrange(10)):
                loop.call_later(chance.uniform(0.0, stays), call.press, chance.choice("123*#"))
            loop.call_later(stays, partial(self.end, call, ends))
            try:
                await asyncio.wait_for(over.wait(), stays + PATIENCE)
            except asyncio.TimeoutError:
                self.count[f"never let go of after {ends}"] += 1
                call.transport.abort()
            self.count[ends] += 1
        except OSError as error:
            self.count[f"not taken: {error}"] += 1
        finally:
            self.places.release()
            self.up -= 1
            self.ended += 1
            if self.ended % self.every == 0:
                print(json.dumps({"ended": self.ended, "up": self.up}), flush=True)

    @staticmethod
    def end(call: SwitchCall, how: str) -> None:
        if not call.over:
            getattr(call, how)()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("port", type=int, help="on 127.0.0.1")
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=200)
    parser.add_argument("--every", type=int, default=100, help="calls from line to line")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    load = Load(options.port, options.calls, options.at_once, options.every, options.seed)
    asyncio.run(load.run())


if __name__ == "__main__":
    main()

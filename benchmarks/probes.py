"""Health checks beside live calls: whether the calls notice a probe every millisecond.

python benchmarks/probes.py                              # ten seconds, five times
python benchmarks/probes.py --seconds 1 --rounds 1       # a short one

Three processes: the server (an Outbound whose handler plays each digit that is pressed), the
switch's end of 100 calls, which presses digits, and a prober that connects and closes at once.
Rounds with and without probes take turns. The exit status is 1 if a call or a digit is lost, a
probe is refused, the server logs a line at INFO or above, or a thread or descriptor is left.
Numbers and how to read them: benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import multiprocessing
import os
import random
import socket
import statistics
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.load import SwitchCall, Words  # noqa: E402
from eslsync import Outbound, Session  # noqa: E402

#: Seconds between the digits of a call.
GAP = 0.5
#: Seconds after which anything that should be immediate has failed.
PATIENCE = 10.0


# The server


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    while True:
        channel.playback(f"digits/{channel.wait('DTMF').digit}")


class Lines(logging.Handler):
    """Keeps the log records."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.kept: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.append(f"{record.levelname}: {record.getMessage()}")


def serve(pipe: Connection) -> None:
    """Send the port; then, for each request, what was logged; until told to stop."""
    lines, logger = Lines(), logging.getLogger("eslsync")
    logger.addHandler(lines)
    logger.setLevel(logging.INFO)
    with Outbound(handler, port=0) as app:
        pipe.send(app.port)
        while pipe.recv():
            pipe.send(lines.kept)
            lines.kept = []


# The probes


def probe(pipe: Connection, port: int, every: float) -> None:
    """For each request, probe for so many seconds, and send the number of failures."""
    while seconds := pipe.recv():
        count, failed, began = round(seconds / every), 0, time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, began + number * every - time.monotonic()))
            try:
                socket.create_connection(("127.0.0.1", port), PATIENCE).close()
            except OSError:
                failed += 1
        pipe.send((count, failed, time.monotonic() - began))


# The calls


@dataclass
class Round:
    """The figures of one round. Times are in seconds."""

    probes: int = 0
    failed: int = 0  #: probes
    took: float = 0.0
    cpu: float = 0.0  #: the server's
    answers: list[float] = field(default_factory=list)  #: from a digit to the next command
    unanswered: int = 0


class Caller:
    """One call that stays up and notes how long each digit takes."""

    def __init__(self, call: SwitchCall) -> None:
        self.call = call
        self.ready = asyncio.Event()  # the handler has answered and waits for digits
        self.pressed: deque[float] = deque()  # when those not answered yet were sent
        self.answers: list[float] = []
        call.on_execute = self.execute

    def execute(self, application: str) -> None:
        self.ready.set()
        if self.pressed:
            self.answers.append(time.monotonic() - self.pressed.popleft())

    async def go_on(self, seconds: float) -> None:
        """Press a key every now and then, for so long, whether or not the last was answered."""
        until = time.monotonic() + seconds
        await asyncio.sleep(random.uniform(0.0, GAP))
        while time.monotonic() < until:
            self.pressed.append(time.monotonic())
            self.call.press(random.choice("123456789"))
            await asyncio.sleep(GAP)
        deadline = time.monotonic() + PATIENCE
        while self.pressed and time.monotonic() < deadline:
            await asyncio.sleep(0.01)


class Bench:
    """The calls, with a server and a prober in processes of their own."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.callers: list[Caller] = []
        self.wrong: list[str] = []

    def run(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.server_pipe, server_end = context.Pipe()
        server = context.Process(target=serve, args=(server_end,), daemon=True)
        server.start()
        self.server = psutil.Process(server.pid)
        self.port: int = self.server_pipe.recv()
        self.prober_pipe, prober_end = context.Pipe()
        every = self.options.every / 1000
        prober = context.Process(target=probe, args=(prober_end, self.port, every), daemon=True)
        prober.start()
        try:
            asyncio.run(self.measure())
        finally:
            self.prober_pipe.send(0)
            self.server_pipe.send(False)
            prober.join(PATIENCE)
            server.join(3 * PATIENCE)

    async def measure(self) -> None:
        options = self.options
        print(
            f"{options.calls} calls, a probe every {options.every:g} ms for {options.seconds:g} s, "
            f"{options.rounds} rounds of each; {machine()}"
        )
        await self.begin()
        self.logged()  # that they have begun
        before = self.held()
        quiet: list[Round] = []
        probed: list[Round] = []
        for _ in range(options.rounds):  # in turn, so that other work on the machine affects both
            quiet.append(await self.round(probes=False))
            probed.append(await self.round(probes=True))
        after = await self.settled(before)
        lines = self.logged()
        report(quiet, probed)
        print(f"threads and descriptors: {before} before, {after} after")
        print(f"log lines: {len(lines)}")
        for what, count in {
            "calls are lost": sum(caller.call.over for caller in self.callers),
            "digits were never answered": sum(each.unanswered for each in quiet + probed),
            "probes failed": sum(each.failed for each in probed),
            "threads and descriptors are left": sum(after) - sum(before),
            f"lines were logged, the first one: {lines[:1]}": len(lines),
        }.items():
            if count > 0:
                self.wrong.append(f"{count} {what}")
        for caller in self.callers:
            caller.call.hang_up()

    async def begin(self) -> None:
        loop, words = asyncio.get_running_loop(), Words()
        for _ in range(self.options.calls):
            _, call = await loop.create_connection(
                partial(SwitchCall, words), "127.0.0.1", self.port
            )
            self.callers.append(Caller(call))
        for caller in self.callers:
            await asyncio.wait_for(caller.ready.wait(), PATIENCE)
        await self.round(probes=False, seconds=1.0)  # warm

    async def round(self, *, probes: bool, seconds: float | None = None) -> Round:
        seconds = seconds or self.options.seconds
        result, began, cpu = Round(), time.monotonic(), self.cpu()
        pressing = [asyncio.create_task(caller.go_on(seconds)) for caller in self.callers]
        if probes:
            self.prober_pipe.send(seconds)
        await asyncio.gather(*pressing)
        if probes:
            done = await asyncio.to_thread(self.prober_pipe.recv)
            result.probes, result.failed, result.took = done
        result.cpu = (self.cpu() - cpu) / (time.monotonic() - began)
        for caller in self.callers:
            result.answers += caller.answers
            caller.answers = []
            result.unanswered += len(caller.pressed)
        return result

    def cpu(self) -> float:
        times = self.server.cpu_times()
        return times.user + times.system

    def held(self) -> tuple[int, int]:
        return self.server.num_threads(), self.server.num_fds()

    async def settled(self, before: tuple[int, int]) -> tuple[int, int]:
        """Threads and descriptors, when the last probe is gone."""
        deadline = time.monotonic() + PATIENCE
        while self.held() > before and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        return self.held()

    def logged(self) -> list[str]:
        self.server_pipe.send(True)
        lines: list[str] = self.server_pipe.recv()
        return lines


# The results


def report(quiet: Sequence[Round], probed: Sequence[Round]) -> None:
    print("ms from a digit to the next command   digits   median     99 %    worst")
    for name, rounds in (("without probes", quiet), ("with", probed)):
        answers = sorted(answer * 1000 for each in rounds for answer in each.answers)
        middle, late, last = quantile(answers, 0.5), quantile(answers, 0.99), answers[-1]
        print(f"{name:36} {len(answers):8} {middle:8.2f} {late:8.2f} {last:8.2f}")
    for name, part in (("medians", 0.5), ("99 %", 0.99)):
        ratios = [
            quantile(sorted(one.answers), part) / quantile(sorted(other.answers), part)
            for one, other in zip(probed, quiet, strict=True)
        ]
        print(
            f"with / without, {name}: {statistics.median(ratios):.2f} "
            f"(rounds: {', '.join(f'{ratio:.2f}' for ratio in ratios)})"
        )
    count, took = sum(each.probes for each in probed), sum(each.took for each in probed)
    costs = [
        (one.cpu - other.cpu) * one.took / one.probes * 1e6
        for one, other in zip(probed, quiet, strict=True)
    ]
    print(f"probes: {count} in {took:.1f} s, {count / took:.0f} a second")
    print(
        f"the server's CPU: {statistics.median(each.cpu for each in quiet):.1%} of a core without, "
        f"{statistics.median(each.cpu for each in probed):.1%} with; "
        f"{statistics.median(costs):.0f} us a probe"
    )


def quantile(ordered: Sequence[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def machine() -> str:
    load = ", ".join(f"{each:.2f}" for each in os.getloadavg())
    return f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {load}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=100, help="default: 100")
    parser.add_argument("--seconds", type=float, default=10.0, help="of a round (default: 10)")
    parser.add_argument("--rounds", type=int, default=5, help="of each kind (default: 5)")
    parser.add_argument("--every", type=float, default=1.0, help="ms between probes (default: 1)")
    bench = Bench(parser.parse_args())
    bench.run()
    for line in bench.wrong:
        print(f"WRONG: {line}")
    sys.exit(bool(bench.wrong))


if __name__ == "__main__":
    main()

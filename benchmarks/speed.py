"""CPU that calls cost: eslsync beside loops written by hand, and beside other libraries.

python benchmarks/speed.py --rounds 5 --picture docs/speed.svg

calls each contestant in a process of its own, in turn, round by round, and prints tables: how many
times the CPU of the loop that reads inline each has used, the median of the rounds and in brackets
the least and the most. Linux only.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.contestants.running import FLOOD  # noqa: E402
from benchmarks.switchboard import Call, Switchboard, Words  # noqa: E402

#: Who is measured, and the package that this needs.
CONTESTANTS = {
    "inline": "eslsync",
    "threaded": "eslsync",
    "one_reader": "eslsync",
    "eslsync": "eslsync",
    "greenswitch": "greenswitch",
    "genesis": "genesis",
}
BASE = "inline"
#: Seconds that a contestant may be silent.
PATIENCE = 30.0
#: The kernel's number for the CPU time of all threads of a process (CPUCLOCK_SCHED).
CPUCLOCK_SCHED = 2


class Contestant:
    """A contestant's process, which serves one workload."""

    def __init__(self, name: str, workload: str) -> None:
        command = [sys.executable, "-m", f"benchmarks.contestants.{name}", workload]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        self.pid = self._process.pid
        self.port = int(self._process.stdout.readline())

    def cpu(self) -> float:
        """CPU seconds of all its threads until now, as the kernel counts them (nanoseconds).

        Another process's clock is read by its number, as clock_getcpuclockid(3) makes it.
        """
        return time.clock_gettime((~self.pid << 3) | CPUCLOCK_SCHED)

    def settled_cpu(self) -> float:
        """The same once it has nothing left to do."""
        deadline = time.monotonic() + 1.0
        was = self.cpu()
        while time.monotonic() < deadline:
            time.sleep(0.01)
            now = self.cpu()
            if now == was:
                break
            was = now
        return was

    def __enter__(self) -> Contestant:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()


class Effort(NamedTuple):
    """How much of everything is done for one figure."""

    seconds: float  # after which no more is begun
    calls: int
    commands: int
    floods: int


FULL = Effort(seconds=5.0, calls=300, commands=2000, floods=20)
SHORT = Effort(seconds=0.5, calls=30, commands=200, floods=2)


class Silence(Exception):
    """A contestant does not say what it should."""


def serve_until(board: Switchboard, done: Callable[[], bool]) -> None:
    while not done():
        if not board.step(PATIENCE):
            raise Silence(f"nothing for {PATIENCE:g} s: {board.ended} calls of {board.dialled}")


# Workloads: what one thing has cost, in seconds of CPU


def lives(contestant: Contestant, board: Switchboard, effort: Effort, at_once: int) -> float:
    """Whole calls."""

    def call(calls: int, seconds: float) -> int:
        first, until = board.dialled, time.monotonic() + seconds
        while True:
            if board.dialled - first < calls and time.monotonic() < until:
                while len(board.calls) < at_once and board.dialled - first < calls:
                    board.dial()
            if not board.calls:
                return board.dialled - first
            ended = board.ended
            serve_until(board, lambda: board.ended > ended)

    call(max(2 * at_once, 10), effort.seconds / 5)
    before = contestant.settled_cpu()
    calls = call(effort.calls, effort.seconds)
    return (contestant.settled_cpu() - before) / calls


def commands(contestant: Contestant, board: Switchboard, effort: Effort) -> float:
    """One application after the other, until each has completed."""
    board.on_execute = lambda call, _, uuid: call.run(board.words.bare_run, uuid)
    call = board.dial()
    warm = effort.commands // 10
    serve_until(board, lambda: call.commands >= warm)
    first, before, until = call.commands, contestant.cpu(), time.monotonic() + effort.seconds
    last = first + effort.commands
    serve_until(board, lambda: call.commands >= last or time.monotonic() > until)
    return (contestant.cpu() - before) / (call.commands - first)


def floods(contestant: Contestant, board: Switchboard, effort: Effort) -> float:
    """Events as fast as they are taken, each of which is waited for."""
    event = board.words.flood.render()

    def flood(call: Call, _: bytes, uuid: bytes) -> None:
        call.run(board.words.bare_run, uuid, *[event] * FLOOD)

    board.on_execute = flood
    call = board.dial()
    serve_until(board, lambda: call.commands >= 2)
    first, before, until = call.commands, contestant.cpu(), time.monotonic() + effort.seconds
    last = first + effort.floods
    serve_until(board, lambda: call.commands >= last or time.monotonic() > until)
    return (contestant.cpu() - before) / (call.commands - first) / FLOOD


def parsing(name: str, words: Words) -> float:
    """The bytes of a call, in pieces of 64 KB, without a socket."""
    size, whole = 64 * 1024, words.call * 10
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    told = subprocess.run(
        [sys.executable, "-m", f"benchmarks.contestants.{name}", "parsing"],
        cwd=ROOT,
        input=b"".join(b"%08d%b" % (len(piece), piece) for piece in pieces),
        stdout=subprocess.PIPE,
        check=True,
    )
    return float(told.stdout)


class Workload(NamedTuple):
    title: str
    unit: str
    target: float  # how many times the inline loop's CPU eslsync may use
    serves: str  # the contestants' name for it
    measure: Callable[[Contestant, Switchboard, Effort], float] | None


WORKLOADS = {
    "life": Workload(
        "a call's life, alone",
        "call",
        2.0,
        "life",
        lambda contestant, board, effort: lives(contestant, board, effort, 1),
    ),
    "life50": Workload(
        "a call's life, 50 at once",
        "call",
        1.8,
        "life",
        lambda contestant, board, effort: lives(contestant, board, effort, 50),
    ),
    "command": Workload("a command and its completion", "command", 1.7, "command", commands),
    "flood": Workload("a flood, each event waited for", "event", 2.0, "flood", floods),
    "parsing": Workload("parsing alone", "event", 1.5, "parsing", None),
}


def measure(name: str, workload: Workload, words: Words, effort: Effort, each: bool) -> float:
    if workload.measure is None:
        return parsing(name, words)
    with Contestant(name, workload.serves) as contestant:
        board = Switchboard(words, contestant.port, each=each)
        try:
            return workload.measure(contestant, board, effort)
        finally:
            board.close()


# Tables


def spread(values: Sequence[float], digits: int = 2) -> str:
    low, mid, high = min(values), statistics.median(values), max(values)
    return f"{mid:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


Figures = dict[str, dict[str, list[float]]]  # by workload and contestant: one for each round


def table(figures: Figures, names: Sequence[str]) -> str:
    """Ratios to the inline loop of the same round; what that has used, in the last line."""
    workloads = [WORKLOADS[key] for key in figures]
    rows = [["", *(each.title for each in workloads)], ["---"] * (len(workloads) + 1)]
    for name in names:
        cells = []
        for by_name in figures.values():
            pairs = zip(by_name[name], by_name[BASE], strict=True)
            cells.append(spread([cost / base for cost, base in pairs]))
        rows.append([name.replace("_", " "), *cells])
    rows.append(["eslsync is to reach", *(f"{each.target:.1f}" for each in workloads)])
    base = [
        f"{spread([cost * 1e6 for cost in figures[key][BASE]], 1)} us a {WORKLOADS[key].unit}"
        for key in figures
    ]
    rows.append([f"{BASE}, CPU", *base])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--only", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--contestants", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--each", action="store_true", help="send each message for itself")
    parser.add_argument("--short", action="store_true", help="a few seconds, for CI")
    options = parser.parse_args()
    names = ["inline", "eslsync"] if options.short else list(options.contestants)
    for name in tuple(names):
        if find_spec(CONTESTANTS[name]) is None:
            print(f"{name} is left out: it is not installed (pip install '.[bench]')")
            names.remove(name)
    if BASE not in names:
        names.insert(0, BASE)
    words = Words()
    effort = SHORT if options.short else FULL
    figures: Figures = {key: {name: [] for name in names} for key in options.only}
    for number in range(options.rounds):
        for key in options.only:
            for name in names:
                cost = measure(name, WORKLOADS[key], words, effort, options.each)
                figures[key][name].append(cost)
                told = f"{key} {name}: {cost * 1e6:.1f} us"
                print(f"round {number + 1}: {told}", file=sys.stderr, flush=True)
    print(table(figures, names))


if __name__ == "__main__":
    main()

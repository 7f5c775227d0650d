"""Every example, with every fault at every step, and with two faults at once.

python benchmarks/sweep.py                      # all of it: some minutes on two cores
python benchmarks/sweep.py --example waiting    # the scripts of one
python benchmarks/sweep.py --seconds 20         # as many steps as fit into 20 s per script
python benchmarks/sweep.py --pairs 1000         # runs with two faults at once, per script

The calls are those of the scripts beside the examples, each script in a process of its own.
docs/guides/faults.md explains the tables. The exit status is 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import gc
import logging
import math
import multiprocessing
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from eslsync.loading import load_handler  # noqa: E402
from simulator import sweep  # noqa: E402
from simulator.calling.faults import KINDS, FaultKind  # noqa: E402
from simulator.calling.leaks import descriptors  # noqa: E402
from simulator.calling.sweeps import FaultRun  # noqa: E402
from simulator.scripts.script import Script  # noqa: E402

EXAMPLES = ROOT / "examples"
EXPECTED = ("returned", "Hangup", "Disconnected")
#: Where a killed app may leave its callers: that is up to the dialplan, which is empty here.
STAYS = ("park", "playback", "socket")
#: Other exceptions that a fault may cause.
EXPLAINED: dict[FaultKind, str] = {
    "refuse": "CommandError",
    "delay": "TimeoutError",
    "lose": "TimeoutError",
}


@dataclass
class Held:
    """The resources that a process holds."""

    threads: int
    descriptors: int
    objects: int
    kilobytes: int  #: of memory; 0 if the system doesn't say

    @classmethod
    def now(cls) -> Held:
        gc.collect()
        pages = Path("/proc/self/statm")
        size = os.sysconf("SC_PAGE_SIZE") // 1024
        memory = int(pages.read_text().split()[1]) * size if pages.exists() else 0
        objects = len(gc.get_objects())
        return cls(threading.active_count(), len(descriptors()), objects, memory)


@dataclass
class Swept:
    """One script, swept."""

    name: str
    steps: int
    every: int
    endings: Counter[tuple[str, str]]  #: by row of the table and ending
    wrong: list[tuple[str, str]]  #: the row, and what was wrong
    seconds: float  #: of CPU
    before: Held
    after: Held

    @property
    def runs(self) -> int:
        return sum(self.endings.values())


def sweep_script(path: Path, pairs: int, seconds: float | None) -> Swept:
    """Sweep an example by a script."""
    # The library logs each failure that is provoked.
    logging.getLogger("eslsync").setLevel(logging.CRITICAL + 1)
    script = Script.read(path)
    handler = load_handler(path.parent / script.handler)
    began = time.process_time()
    # Run each kind once, to create what is created once, and to learn the cost of a run.
    first = sweep(script.play, handler, faults=KINDS, every=sys.maxsize, pairs=1)
    cost = (time.process_time() - began) / len(first.outcomes)
    every = 1
    if seconds is not None:
        left = max(seconds - pairs * cost, cost)
        every = max(1, math.ceil(first.steps * len(KINDS) * cost / left))
    before = Held.now()
    began = time.process_time()
    result = sweep(
        script.play, handler, faults=KINDS, every=every, pairs=pairs, allow_stranded=STAYS
    )
    took = time.process_time() - began
    endings = Counter((each.row, each.ending) for each in result.outcomes)
    wrong = [(each.row, str(each)) for each in result.outcomes if each.wrong or is_odd(each)]
    steps = result.steps
    del first, result
    name = path.name.removesuffix(".call.yaml")
    return Swept(name, steps, every, endings, wrong, took, before, Held.now())


def is_odd(outcome: FaultRun) -> bool:
    """True if the handler raised an exception that the fault doesn't explain."""
    explained = {EXPLAINED.get(fault.kind) for fault in outcome.faults}
    ending = outcome.ending
    if isinstance(outcome.raised, RuntimeError):  # of a callback (docs/reference/errors.md)
        ending = type(outcome.raised.__cause__).__name__
    return ending not in (*EXPECTED, *explained)


def by_script(swept: Sequence[Swept]) -> list[list[str]]:
    rows = [
        [
            *("script", "messages", "runs", "wrong", "CPU s"),
            *("threads", "descriptors", "objects", "memory, MB"),
        ]
    ]
    for each in swept:
        before, after = each.before, each.after
        rows.append(
            [
                each.name,
                str(each.steps),
                str(each.runs),
                str(len(each.wrong)),
                f"{each.seconds:.0f}",
                f"{before.threads} → {after.threads}",
                f"{before.descriptors} → {after.descriptors}",
                f"{before.objects} → {after.objects}",
                f"{before.kilobytes / 1024:.1f} → {after.kilobytes / 1024:.1f}",
            ]
        )
    return rows


def by_fault(swept: Sequence[Swept]) -> list[list[str]]:
    count: Counter[tuple[str, str]] = sum((each.endings for each in swept), Counter())
    wrong = Counter(row for each in swept for row, _ in each.wrong)
    endings = sorted({ending for _, ending in count})
    rows = [["fault", "runs", *endings, "wrong"]]
    for name in dict.fromkeys(row for row, _ in count):
        numbers = [count[name, ending] for ending in endings]
        rows.append([name, str(sum(numbers)), *(str(n or "") for n in numbers), str(wrong[name])])
    total = [sum(count[key] for key in count if key[1] == ending) for ending in endings]
    rows.append(["all", str(sum(total)), *map(str, total), str(sum(wrong.values()))])
    return rows


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """A Markdown table that is readable as plain text."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for number, row in enumerate(rows):
        cells = [
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print(f"| {' | '.join(cells)} |")
        if number == 0:
            lines = ["-" * width for width in widths]
            print(f"| {lines[0]} | {' | '.join(f'{line[1:]}:' for line in lines[1:])} |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--example", help="only this one's scripts", metavar="NAME")
    parser.add_argument("--pairs", type=int, default=200, help="runs with two faults, a script")
    parser.add_argument("--seconds", type=float, help="CPU time a script, about")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    paths = sorted(EXAMPLES.glob(f"{options.example or ''}*.call.yaml"))
    if not paths:
        parser.error(f"no script examples/{options.example}*.call.yaml")
    task = partial(sweep_script, pairs=options.pairs, seconds=options.seconds)
    # Not forked, because that would count the parent's memory.
    context = multiprocessing.get_context("spawn")
    with context.Pool(options.processes, maxtasksperchild=1) as pool:
        swept = []
        for each in pool.imap(task, paths):
            swept.append(each)
            print(f"{each.name}: {each.runs} runs, {len(each.wrong)} wrong", file=sys.stderr)
    print_table(by_fault(swept))
    print()
    print_table(by_script(swept))
    wrong = [f"{each.name}: {what}" for each in swept for _, what in each.wrong]
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

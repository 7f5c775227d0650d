"""What calls cost: eslsync beside loops written by hand, and beside other libraries.

python benchmarks/speed.py --rounds 5 --picture docs/speed.svg

calls each contestant in turn, in a process of its own, round by round, and prints Markdown tables.
CPU is told as a ratio to the loop that reads inline, in the same round: the median of the rounds,
and in brackets the least and the most. Linux only.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.speed_tables import (  # noqa: E402
    BASE,
    Results,
    deaf_table,
    held_table,
    ratio_table,
    ratios,
)
from benchmarks.switchboard import Words  # noqa: E402
from benchmarks.workloads import FULL, LINES, SHORT, deaf, held  # noqa: E402

#: Who is measured, by the module in contestants/; those of other libraries by the same name.
BY_HAND = ["inline", "threaded", "one_reader"]
LIBRARIES = ["eslsync", "greenswitch", "genesis"]
HELD = {"held1000": 1000, "held5000": 5000}
#: Rounds in which these take part: they take long.
HELD_ROUNDS = 2
#: Times its target that a ratio may be in a short run: what a busy machine does to a second's
#: measurement is less.
FAR_OFF = 2.0

T = TypeVar("T")


def tell(number: int, workload: str, name: str, figure: object) -> None:
    print(f"round {number}: {workload}, {name}: {figure}", file=sys.stderr, flush=True)


def present(names: list[str]) -> list[str]:
    """Those that can run here; says which can't."""
    missing = [name for name in names if name in LIBRARIES and find_spec(name) is None]
    for name in missing:
        print(f"left out, since it is not installed: {name} (pip install '.[peers]')")
    return [name for name in names if name not in missing]


def run(workloads: list[str], names: list[str], rounds: int, short: bool, bursts: bool) -> Results:
    words, results = Words(), Results(names)
    for number in range(1, rounds + 1):
        for workload in workloads:
            if workload not in LINES and number > HELD_ROUNDS:
                continue
            for name in names:
                if workload in LINES:
                    effort = SHORT if short else FULL
                    cost = LINES[workload].measure(name, words, effort, bursts)
                    results.cpu.setdefault(workload, {}).setdefault(name, []).append(cost)
                    tell(number, workload, name, f"{cost * 1e6:.1f} us")
                elif workload in HELD:
                    calls = held(name, words, HELD[workload])
                    results.held.setdefault(workload, {}).setdefault(name, []).append(calls)
                    tell(number, workload, name, calls)
                else:
                    flooded = deaf(name, words)
                    results.deaf.setdefault(name, []).append(flooded)
                    tell(number, workload, name, flooded)
    return results


def main() -> int:
    everything = [*LINES, *HELD, "deaf"]
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument(
        "--only",
        nargs="+",
        choices=everything,
        metavar="WORKLOAD",
        help=f"of {', '.join(everything)}",
    )
    parser.add_argument(
        "--contestants",
        nargs="+",
        choices=[*BY_HAND, *LIBRARIES],
        metavar="NAME",
        help=f"of {', '.join([*BY_HAND, *LIBRARIES])}",
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--bursts",
        action="store_true",
        help="send all that is due at once, where a switch sends each message for itself",
    )
    parser.add_argument("--picture", type=Path, help="draw the tables to this file (.svg, .png)")
    parser.add_argument(
        "--short",
        action="store_true",
        help=f"some seconds, eslsync alone beside {BASE}; fails only if it is far off",
    )
    options = parser.parse_args()
    names = present(options.contestants or ([] if options.short else [*BY_HAND, *LIBRARIES]))
    names = list(dict.fromkeys([BASE, *(names or ["eslsync"])]))
    workloads = options.only or ([*LINES] if options.short else everything)
    rounds = 3 if options.short else options.rounds
    results = run(workloads, names, rounds, options.short, options.bursts)
    for text in (ratio_table(results), held_table(results), deaf_table(results)):
        if text:
            print(f"\n{text}")
    if options.picture:
        from benchmarks.speed_picture import draw  # matplotlib takes its time

        draw(results, options.picture)
    return 1 if options.short and far_off(results) else 0


def far_off(results: Results) -> bool:
    """Is any ratio so far off that no noise explains it? Says which."""
    found = False
    for workload in results.cpu:
        ratio = statistics.median(ratios(results, workload, "eslsync"))
        if ratio > FAR_OFF * LINES[workload].target:
            found = True
            title, target = LINES[workload].title, LINES[workload].target
            print(f"far off: {title}: {ratio:.1f} times {BASE}; the target is {target}")
    return found


if __name__ == "__main__":
    sys.exit(main())

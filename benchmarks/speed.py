"""The cost of calls: eslsync, loops written by hand, and other libraries.

python benchmarks/speed.py --rounds 5 --picture docs/internals/speed.svg

calls each contestant in turn, in a process of its own, round by round, and prints Markdown tables.
CPU is a ratio to the loop that reads inline, in the same round: the median of the rounds, with
minimum and maximum in brackets. Linux only.
"""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.holding import deaf, held  # noqa: E402
from benchmarks.measuring import cpu, instructions  # noqa: E402
from benchmarks.speed_tables import (  # noqa: E402
    BASE,
    Results,
    cost_table,
    deaf_table,
    held_table,
)
from benchmarks.switchboard import Words  # noqa: E402
from benchmarks.workloads import WORKLOADS  # noqa: E402

#: The modules in contestants/. Those for other libraries have the libraries' names.
BY_HAND = ["inline", "threaded", "one_reader"]
LIBRARIES = ["eslsync", "greenswitch", "genesis"]
HELD = {"held1000": 1000, "held5000": 5000}
EVERYTHING = [*WORKLOADS, *HELD, "deaf"]
#: Rounds of held calls, which take long and vary little.
HELD_ROUNDS = 2
SHORT_ROUNDS = 3


def main() -> None:
    options = arguments()
    missing = [name for name in options.contestants if name in LIBRARIES and not find_spec(name)]
    for name in missing:
        print(f"left out, since it is not installed: {name} (pip install '.[peers]')")
    names = dict.fromkeys([BASE, *options.contestants])
    results = run([name for name in names if name not in missing], options)
    for text in (cost_table(results), held_table(results), deaf_table(results)):
        if text:
            print(f"\n{text}")
    if options.picture:
        from benchmarks.speed_picture import draw  # needs matplotlib

        draw(results, options.picture)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    add = parser.add_argument
    all_names = [*BY_HAND, *LIBRARIES]
    add("--only", nargs="+", choices=EVERYTHING, metavar="WORKLOAD", help=", ".join(EVERYTHING))
    add("--contestants", nargs="+", choices=all_names, metavar="NAME", help=", ".join(all_names))
    add("--rounds", type=int)
    add("--bursts", action="store_true", help="send all that is due at once, not each message")
    add("--instructions", action="store_true", help="count those (valgrind), and not CPU time")
    add("--picture", type=Path, metavar="FILE", help="draw it, too (.svg or .png)")
    add("--short", action="store_true", help="half a minute: eslsync and the inline loop")
    options = parser.parse_args()
    counted = [*WORKLOADS] if options.short or options.instructions else EVERYTHING
    options.only = options.only or counted
    options.contestants = options.contestants or (["eslsync"] if options.short else all_names)
    options.rounds = options.rounds or (SHORT_ROUNDS if options.short else 5)
    return options


def run(names: list[str], options: argparse.Namespace) -> Results:
    """In each round, measure every contestant in turn with every workload."""
    words, results = Words(), Results(names, "instructions" if options.instructions else "CPU")

    def measure(key: str, name: str) -> object:
        if key in HELD:
            held_ = held(name, words, HELD[key])
            results.held.setdefault(key, {}).setdefault(name, []).append(held_)
            return held_
        if key == "deaf":
            deaf_ = deaf(name, words)
            results.deaf.setdefault(name, []).append(deaf_)
            return deaf_
        if options.instructions:
            cost = instructions(name, WORKLOADS[key], words, bursts=options.bursts)
        else:
            cost = cpu(name, WORKLOADS[key], words, short=options.short, bursts=options.bursts)
        results.costs.setdefault(key, {}).setdefault(name, []).append(cost)
        return f"{cost:,.0f} instructions" if options.instructions else f"{cost * 1e6:.1f} us"

    for number in range(1, options.rounds + 1):
        for key in options.only:
            for name in names if key in WORKLOADS or number <= HELD_ROUNDS else []:
                told = f"round {number}: {key}, {name}: {measure(key, name)}"
                print(told, file=sys.stderr, flush=True)
    return results


if __name__ == "__main__":
    main()

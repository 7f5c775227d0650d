"""What observers cost: instructions of whole calls, in user space, without any and with each.

python benchmarks/observing.py

Instructions don't jitter, but take valgrind, and minutes. Each call answers, plays a prompt and
hangs up; what the observers do on their own thread counts as well. Prints a Markdown table.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.contestants.observed import KINDS  # noqa: E402
from benchmarks.measuring import instructions  # noqa: E402
from benchmarks.switchboard import Words  # noqa: E402
from benchmarks.workloads import WORKLOADS  # noqa: E402


def main() -> None:
    words, base = Words(), 0.0
    print("| observers | thousand instructions a call | more than without |\n|---|---|---|")
    for kind in KINDS:
        os.environ["OBSERVERS"] = kind
        cost = instructions("observed", WORKLOADS["life"], words, bursts=False)
        base = base or cost
        more = "" if kind == "none" else f"{cost / base - 1:+.1%}"
        print(f"| {kind} | {cost / 1e3:,.0f} | {more} |", flush=True)


if __name__ == "__main__":
    main()

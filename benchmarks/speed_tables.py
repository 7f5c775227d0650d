"""The results of `speed.py` as Markdown tables."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.holding import Deaf, Held
from benchmarks.workloads import WORKLOADS

#: The contestant with which all are compared.
BASE = "inline"

#: eslsync's targets for held calls: bytes per call, and seconds to the slowest 1 %.
HELD_MEMORY = 50_000
HELD_SLOWEST = {1000: 0.35, 5000: 1.5}


@dataclass
class Results:
    """By workload and contestant: one figure for each round."""

    names: list[str]
    counted: str  # of costs
    costs: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    held: dict[str, dict[str, list[Held]]] = field(default_factory=dict)
    deaf: dict[str, list[Deaf]] = field(default_factory=dict)


def ratios(results: Results, workload: str, name: str) -> list[float]:
    """CPU as a multiple of the base's, in each round."""
    costs = results.costs[workload]
    return [cost / base for cost, base in zip(costs[name], costs[BASE], strict=True)]


def spread(values: Iterable[float]) -> str:
    """Median, and minimum and maximum if they differ."""
    ordered = sorted(values)
    least, middle, most = short(ordered[0]), short(statistics.median(ordered)), short(ordered[-1])
    return middle if least == most else f"{middle} ({least} to {most})"


def short(value: float) -> str:
    """Round to about three digits."""
    if value == math.inf:
        return "too late"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def title(name: str) -> str:
    return f"**{name}**" if name == "eslsync" else name.replace("_", " ")


def cost_table(results: Results) -> str:
    if not results.costs:
        return ""
    lines = [WORKLOADS[workload] for workload in results.costs]
    rows = [
        [title(name), *(spread(ratios(results, workload, name)) for workload in results.costs)]
        for name in results.names
        if name != BASE
    ]
    scale, what = (1e6, "us") if results.counted == "CPU" else (1e-3, "thousand")
    base = [
        f"{spread(cost * scale for cost in costs[BASE])} {what} a {WORKLOADS[workload].unit}"
        for workload, costs in results.costs.items()
    ]
    targets = [f"{line.target:.1f}" for line in lines]
    return markdown(
        [f"{results.counted}, times that of inline", *(line.title for line in lines)],
        [["inline itself", *base], *rows, ["target of eslsync", *targets]],
    )


def held_table(results: Results) -> str:
    rows = []
    for by_name in results.held.values():
        for name in results.names:
            every = by_name[name]
            calls = every[0].calls
            rows.append(
                [
                    f"{calls:,}",
                    title(name),
                    spread(each.memory / 1000 for each in every),
                    spread(each.set_up for each in every),
                    f"{every[-1].threads:,}",
                    spread(each.idle * 100 for each in every),
                    spread(each.median * 1000 for each in every),
                    spread(each.slowest * 1000 for each in every),
                ]
            )
        limit = [f"{HELD_MEMORY / 1000:.0f}", "", "", "0", "", short(HELD_SLOWEST[calls] * 1000)]
        rows.append([f"{calls:,}", "target of eslsync", *limit])
    head = ["calls held", "", "KB a call", "set up, s", "threads", "idle, % of a core"]
    return markdown([*head, "digit, ms", "its slowest 1 %"], rows) if rows else ""


def deaf_table(results: Results) -> str:
    rows = [
        [
            title(name),
            spread(each.sent / 1e6 for each in every),
            spread(each.memory / 1e6 for each in every),
        ]
        for name, every in results.deaf.items()
    ]
    head = ["a handler that takes nothing", "MB taken off the switch", "MB of memory"]
    return markdown(head, rows) if rows else ""

"""The results of `speed.py` as a picture."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib

matplotlib.use("svg")

from matplotlib import pyplot
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from benchmarks.speed_tables import (
    BASE,
    HELD_MEMORY,
    HELD_SLOWEST,
    Results,
    ratios,
    short,
)
from benchmarks.switchboard import PATIENCE
from benchmarks.workloads import WORKLOADS

INK, QUIET, TARGET = "#444444", "#8a8a8a", "#111111"
COLORS = {
    "inline": "#6e6e6e",
    "threaded": "#9c9c9c",
    "one_reader": "#c4c4c4",
    "eslsync": "#c8553d",
    "greenswitch": "#6a9f73",
    "genesis": "#1b6ca8",
}
#: The fraction of its row that a bar fills.
BAR = 0.82


class Group(NamedTuple):
    """Bars side by side: each contestant's figures, and eslsync's target."""

    title: str
    figures: dict[str, list[float]]
    target: float


def draw(results: Results, file: Path) -> None:
    """Draw CPU on the left, held calls on the right."""
    matplotlib.rcParams.update(
        {
            "font.family": "DejaVu Sans",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": QUIET,
            "axes.titlesize": 10,
            "axes.titlelocation": "left",
            "xtick.color": INK,
            "ytick.color": INK,
            "svg.hashsalt": "speed",  # the same figures give the same file
        }
    )
    left: Any
    right: Any
    figure: Any = pyplot.figure(figsize=(10.5, 6.2), layout="constrained")
    if results.costs and results.held:
        left, right = figure.subfigures(1, 2, width_ratios=[5, 4])
    else:
        left = right = figure
    if results.costs:
        plot = left.subplots()
        plot.set_title(f"{results.counted}, times that of the hand-written loop that reads {BASE}")
        bars(plot, cost_groups(results), log=True, start=1.0)
    if results.held:
        memory, slowest = right.subplots(2, 1)
        memory.set_title("memory of a held call, KB")
        bars(memory, held_groups(results, "memory", 1e-3, dict.fromkeys(HELD_SLOWEST, HELD_MEMORY)))
        slowest.set_title("a digit to each at once: slowest 1 %, ms")
        bars(slowest, held_groups(results, "slowest", 1e3, HELD_SLOWEST), log=True, start=10.0)
    names(figure, results.names)
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None, dpi=150)


def cost_groups(results: Results) -> list[Group]:
    names = [name for name in results.names if name != BASE]
    return [
        Group(
            WORKLOADS[workload].title.replace(", ", ",\n").replace(" and ", "\nand "),
            {name: ratios(results, workload, name) for name in names},
            WORKLOADS[workload].target,
        )
        for workload in results.costs
    ]


def held_groups(
    results: Results, what: str, scale: float, targets: dict[int, float]
) -> list[Group]:
    groups = []
    for by_name in results.held.values():
        calls = by_name[BASE][0].calls
        figures = {
            name: [getattr(each, what) * scale for each in every] for name, every in by_name.items()
        }
        groups.append(Group(f"{calls:,}\nheld", figures, targets[calls] * scale))
    return groups


def bars(plot: Any, groups: Sequence[Group], *, log: bool = False, start: float = 0.0) -> None:
    """Draw horizontal bars from the top: medians, minimum, maximum, and targets."""
    told = [v for group in groups for values in group.figures.values() for v in values]
    longest = max(filter(math.isfinite, told))
    end = start * (longest / start) ** 1.2 if log else longest * 1.15
    if log:
        plot.set_xscale("log")
    plot.set_xlim(start, end)
    middles, at = [], 0.0
    for group in groups:
        middles.append(at + (len(group.figures) - 1) / 2)
        for name, values in group.figures.items():
            if max(values) < math.inf:
                bar(plot, at, name, values, group.target if name == "eslsync" else None)
            else:
                plot.barh(at, end, BAR, color=COLORS[name])
                beside(plot, at, end, f"not within {PATIENCE:g} s ", "right")
            at += 1.0
        at += 0.8
    plot.set_ylim(at - 1.0, -0.8)
    plot.set_yticks(middles, [group.title for group in groups])
    plot.tick_params(axis="y", length=0)
    plot.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    plot.grid(axis="x", color="#e6e6e6", linewidth=0.8)
    plot.set_axisbelow(True)


def bar(plot: Any, at: float, name: str, values: Sequence[float], target: float | None) -> None:
    middle, end = statistics.median(values), max(values)
    plot.barh(at, middle, BAR, color=COLORS[name])
    plot.plot([min(values), end], [at, at], color=INK, linewidth=0.9)
    if target is not None:
        plot.plot([target] * 2, [at - 0.6, at + 0.6], color=TARGET, linewidth=1.6)
        end = max(end, target)
    beside(plot, at, end, f" {short(middle)}", "left")


def beside(plot: Any, at: float, end: float, text: str, side: str) -> None:
    plot.text(end, at, text, ha=side, va="center", fontsize=8, color=INK)


def names(figure: Any, contestants: Sequence[str]) -> None:
    marks = [Patch(color=COLORS[name], label=name.replace("_", " ")) for name in contestants]
    target = Line2D([], [], color=TARGET, linewidth=1.6, label="target of eslsync")
    figure.legend(handles=[*marks, target], loc="outside lower center", ncols=7, frameon=False)

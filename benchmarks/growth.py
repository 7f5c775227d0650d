"""What one more costs when there are many: calls in a switch, menus explored, events recorded.

python benchmarks/growth.py                                # up to 1,000 calls and events
python benchmarks/growth.py --most 10000 --events 100000 --menus 10 100 1000 3000
python benchmarks/growth.py --picture docs/guides/growth.svg

Each size is ten times the one before. Figures are CPU time by the number, in all processes and
threads; what grows as it should costs the same at each size. The sizes take turns, and the table
has the median of the rounds. Numbers: benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.explore import cpu_seconds, measure  # noqa: E402
from eslsync import Session  # noqa: E402
from simulator import FreeSwitch  # noqa: E402
from simulator.recordings.reading import Recording  # noqa: E402

#: Calls that are up at once, and then the next ones come: each has a thread and two descriptors.
AT_ONCE = 100
#: A recorded call, of which one event is repeated.
CALL = ROOT / "tests/recordings/01a_basic_playback_hangup.jsonl"


def handler(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("welcome")
    session.channel.hangup()


def calls(number: int) -> int:
    """So many calls of one switch."""
    with FreeSwitch() as switch:
        for begun in range(0, number, AT_ONCE):
            some = [switch.call(handler) for _ in range(min(AT_ONCE, number - begun))]
            for call in some:
                call.wait()
    return number


def menus(number: int) -> int:
    """The calls of an exploration of so many menus."""
    return measure(number, 1).calls


def events(number: int) -> int:
    """A recorded call that repeats some of its events until there are so many, which is read."""
    lines = CALL.read_text(encoding="utf-8").splitlines()
    piece = next(line for line in reversed(lines) if "Event-Name: CHANNEL_EXECUTE\\n" in line)
    at, several = lines.index(piece), piece.count("Event-Name: ")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "long.jsonl")
        with file.open("w", encoding="utf-8") as long:
            long.writelines(f"{line}\n" for line in lines[:at])
            long.writelines(f"{piece}\n" for _ in range(-(-number // several)))
            long.writelines(f"{line}\n" for line in lines[at:])
        recording = Recording.read(file)
    assert len(recording.switch) >= number
    return len(recording.switch)


#: What grows: what is counted, and the action.
GROWS: dict[str, tuple[str, Callable[[int], int]]] = {
    "calls": ("calls in one switch: a call", calls),
    "menus": ("menus explored: a call of theirs", menus),
    "events": ("events in a recording: an event", events),
}


def cost(action: Callable[[int], int], number: int) -> float:
    """CPU milliseconds of one."""
    gc.collect()
    before = cpu_seconds()
    units = action(number)
    return (cpu_seconds() - before) / units * 1000


def sizes(most: int) -> list[int]:
    return [10**power for power in range(1, len(str(most)))]


def draw(results: dict[str, dict[int, list[float]]], file: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "eslsync"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.4, 3.6), layout="constrained")
    for (name, costs), sign in zip(results.items(), "os^", strict=False):
        one = {number: statistics.median(each) for number, each in costs.items()}
        least = min(one.values())
        axes.semilogx(list(one), [each / least for each in one.values()], f"{sign}-", label=name)
        for number, each in one.items():
            axes.annotate(
                f"{each:.2g} ms", (number, each / least), (0, 6), textcoords="offset points",
                ha="center", fontsize="small",
            )  # fmt: skip
    axes.set_ylim(0)
    axes.set_xlabel("calls, menus, events")
    axes.set_ylabel("CPU of one, times the least")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.minorticks_off()
    axes.grid(True, which="major", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(file, metadata={"Date": None})


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--most", type=int, default=1000, help="calls (default: 1000)")
    parser.add_argument("--events", type=int, default=1000, help="the most (default: 1000)")
    parser.add_argument("--menus", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args(arguments)
    numbers = {
        "calls": sizes(options.most), "menus": options.menus, "events": sizes(options.events),
    }  # fmt: skip
    for name, (_, action) in GROWS.items():  # the first of a process takes longer
        action(numbers[name][0])
    results: dict[str, dict[int, list[float]]] = {name: {} for name in GROWS}
    for _ in range(options.rounds):
        for name, (_, action) in GROWS.items():
            for number in numbers[name]:
                results[name].setdefault(number, []).append(cost(action, number))
    for name, (title, _) in GROWS.items():
        print(f"\n{title:36} {'CPU ms':>9} {'min to max':>17} {'times the first':>16}")
        first, *_ = (statistics.median(each) for each in results[name].values())
        for number, each in results[name].items():
            middle = statistics.median(each)
            spread = f"{min(each):.3f} to {max(each):.3f}"
            print(f"{number:36,} {middle:9.3f} {spread:>17} {middle / first:16.2f}", flush=True)
    if options.picture:
        draw(results, options.picture)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Twenty thousand calls in one process, 200 at a time, and what they leave behind.

python benchmarks/soak.py                            # both soaks below, one after the other
python benchmarks/soak.py --simulated                # random callers and faults, virtual time
python benchmarks/soak.py --real                     # the library alone, over loopback
python benchmarks/soak.py --picture docs/internals/soak.svg    # both, and a picture (matplotlib)
python benchmarks/soak.py --calls 1000               # a short one

Prints a line every 250 calls. The exit status is 1 if memory grows with the calls, if a thread, a
descriptor or a call is left, or if a handler raised an exception that is not eslsync's own. Numbers
and how to read them: benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import math
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from eslsync import ESLError, HangupCause, Outbound, Session, TimeoutError  # noqa: E402
from examples import (  # noqa: E402
    attended_transfer,
    business_hours,
    conference,
    consent,
    ivr,
    pin,
    ring_two,
    screening,
    voicemail,
    waiting,
)
from simulator import Call, FreeSwitch  # noqa: E402
from simulator.calling.faults import KINDS, OF_LOOK_UPS, Fault  # noqa: E402
from simulator.calling.freeswitch import simulation_of  # noqa: E402

CALLS, AT_ONCE = 20_000, 200
#: The fraction of the calls after which the process has allocated everything it needs once.
WARM_UP = 0.1
#: Maximum growth of the process in KB per thousand calls, by soak. Keeping one event of each call
#: would be 3000. The simulated switch uses 100 KB per call that is up, and a process keeps the most
#: memory that it needed at once.
BOUNDS = {"simulated": 1000.0, "real": 100.0}
#: Maximum objects (memory blocks of at most 512 bytes) that a call may leave.
BLOCKS = 1.0
#: In runs of fewer calls the first ones weigh too much, and growth is not judged.
LONG_ENOUGH = 10_000


# Measuring


@dataclass(frozen=True)
class Point:
    """The process after some number of calls."""

    calls: int  #: that have ended
    up: int  #: that are up
    rss: float  #: MB that the process has in memory
    blocks: int  #: memory blocks of Python's objects
    threads: int
    descriptors: int
    garbage: int  #: objects so far that only the cyclic collector found
    seconds: float  #: since the first call


@dataclass(frozen=True)
class Result:
    """A soak's curve, and everything that went wrong."""

    name: str
    at_once: int
    points: list[Point]
    endings: dict[str, int]  #: how handlers ended, and how often
    wrong: list[str]

    @property
    def measured(self) -> list[Point]:
        """The points after the warm-up and before the last calls run out."""
        last = self.points[-1].calls
        begin, end = WARM_UP * last, last - self.at_once
        return [point for point in self.points if begin <= point.calls <= end]


class Meter:
    """Looks at its own process."""

    def __init__(self) -> None:
        self.process = psutil.Process()
        self.began = now()

    def point(self, calls: int, up: int) -> Point:
        """Measure after a collection.

        Otherwise the collector's rare last generation would decide what is measured.
        """
        gc.collect()
        return Point(
            calls=calls,
            up=up,
            rss=self.process.memory_info().rss / 1e6,
            blocks=sys.getallocatedblocks(),
            threads=self.process.num_threads(),
            descriptors=self.process.num_fds() if hasattr(self.process, "num_fds") else 0,
            garbage=sum(each["collected"] for each in gc.get_stats()),
            seconds=now() - self.began,
        )


def now() -> float:
    """Real time, from a clock that freezegun doesn't freeze while a FreeSwitch is entered."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def is_expected(error: BaseException | None) -> bool:
    """True for the library's own exceptions, and for a callback's (docs/reference/errors.md)."""
    if isinstance(error, RuntimeError):
        error = error.__cause__
    return error is None or isinstance(error, ESLError)


class Complaints(logging.Handler):
    """Keeps exceptions in the log that are not the library's own: there should be none."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if not is_expected(error):
            self.found.append(f"{record.getMessage()}: {error!r}")


# Simulated: random callers, handlers and faults, in virtual time


def talkative(session: Session) -> None:
    """A handler that does a bit of everything."""
    channel, chance = session.channel, random.Random(session.uuid)
    heard: list[str] = []
    channel.answer()

    @channel.on_dtmf("9")
    def interrupt(digit: str) -> None:
        channel.playback("ivr/ivr-one_moment_please")

    channel.on_dtmf()(heard.append)
    for _ in range(chance.randint(1, 8)):
        match chance.randrange(6):
            case 0:
                channel.playback("ivr/ivr-welcome", terminators="any", lock=chance.random() < 0.5)
            case 1:
                channel.get_digits("ivr/ivr-enter_ext", max=3, timeout=5.0)
            case 2:
                channel.record("/tmp/soak.wav", limit=5, terminators="#")
            case 3:
                try:
                    channel.wait("DTMF", timeout=4.0)
                except TimeoutError:
                    channel.say("42")
            case 4:
                channel.set("soak", "x" * chance.randint(1, 400))
                session.send("getvar soak")
            case 5:
                session.bgapi("status").wait(5.0)
    channel.hangup()


HANDLERS: dict[str, Callable[[Session], object]] = {
    "attended_transfer": attended_transfer.handler,
    "business_hours": business_hours.handler,
    "conference": conference.handler,
    "consent": consent.handler,
    "ivr": ivr.handler,
    "pin": pin.handler,
    "ring_two": ring_two.handler,
    "screening": screening.handler,
    "talkative": talkative,
    "voicemail": voicemail.handler,
    "waiting": waiting.handler,
}


def handler(session: Session) -> None:
    """One server for all handlers; the number dialled selects one."""
    HANDLERS[session.destination](session)


#: Events that may be repeated or lost. (Without certain others a handler can't continue: a leg
#: whose answer was lost can't be bridged, for example.)
EVENTS = "CHANNEL_EXECUTE_COMPLETE DTMF PLAYBACK_STOP CHANNEL_HANGUP".split()
#: Keys that a caller may press: some have a meaning in an example, the others are random.
KEYS = ["1", "2", "3", "*", "#", "1234#", "1", "4711#", "5", "9"]
#: Simulated seconds: until a caller hangs up (mean and maximum), between two looks at who has, and
#: for which a handler may continue afterwards.
MEAN, LONGEST, LOOK, PATIENCE = 7.0, 60.0, 0.25, 120.0


@dataclass
class Caller:
    """A call that is up, and the latest time at which its caller hangs up."""

    call: Call
    hangs_up: float
    about: str


class Simulated:
    """Random callers of random handlers, with random faults, all from one seed."""

    name = "simulated"

    def __init__(self, calls: int, at_once: int, seed: int) -> None:
        self.calls, self.at_once = calls, at_once
        self.chance = random.Random(seed)
        self.seed = seed
        self.up: list[Caller] = []
        self.made = self.ended = 0
        self.endings: Counter[str] = Counter()
        self.wrong: list[str] = []

    def run(self, meter: Meter, every: int) -> Iterator[Point]:
        yield meter.point(0, 0)
        with FreeSwitch(seed=self.seed, patience=60.0, raises=False) as switch:
            while self.ended < self.calls:
                while len(self.up) < self.at_once and self.made < self.calls:
                    self.begin(switch)
                before = self.ended // every
                simulation_of(switch).run(lambda: False, LOOK)
                self.look(switch.now)
                if self.ended // every > before:
                    yield meter.point(self.ended, len(self.up))
        yield meter.point(self.ended, 0)

    def begin(self, switch: FreeSwitch) -> None:
        chance = self.chance
        self.far_end(switch)
        which, faults = chance.choice(list(HANDLERS)), self.faults()
        call = switch.call(
            handler, caller=str(chance.randint(1000, 1999)), destination=which, faults=faults
        )
        stays = min(chance.expovariate(1 / MEAN), LONGEST)
        call.hangup_after(stays, chance.choice(["NORMAL_CLEARING", "USER_BUSY"]))
        for _ in range(chance.randrange(8)):
            call.press_after(chance.uniform(0.0, stays), chance.choice(KEYS))
        self.made += 1
        about = f"call {self.made} of {which} ({', '.join(map(str, faults)) or 'no fault'})"
        self.up.append(Caller(call, switch.now + stays, about))

    def faults(self) -> list[Fault]:
        """None for most calls; one, or two at once, for the others."""
        return [self.fault() for _ in range(self.chance.choice([0, 0, 0, 1, 1, 2]))]

    def fault(self) -> Fault:
        kind = self.chance.choice(
            [kind for kind in KINDS if kind not in ("stop", *OF_LOOK_UPS)]  # for the 200 others
        )
        if kind in ("repeat", "lose"):
            return Fault(kind, self.chance.choice(EVENTS), optional=True)
        step, seconds = self.chance.randint(1, 80), self.chance.random()
        return Fault(kind, step, seconds, optional=True)

    def far_end(self, switch: FreeSwitch) -> None:
        """Now and then, change the behaviour of a far end."""
        chance = self.chance
        who = chance.choice(["user/1000", "user/1001", "user/123"])
        rings, answers = chance.random() < 0.5, chance.choice([0.0, 2.0, 5.0, None])
        if chance.random() < 0.3:
            switch.endpoint(who, rejects=chance.choice([HangupCause.USER_BUSY, "NO_ANSWER"]))
        elif answers is None:
            switch.endpoint(who, rings=rings, answers_after=None)
        else:
            talks = chance.uniform(1.0, 30.0)
            pressed = chance.uniform(0.5, min(talks, 10.0)), chance.choice(["1", "3", "123", "*"])
            switch.endpoint(
                who, rings=rings, answers_after=answers, hangs_up_after=talks, presses=[pressed]
            )

    def look(self, moment: float) -> None:
        """Forget callers who have hung up and whose handlers have ended."""
        still: list[Caller] = []
        for caller in self.up:
            if not caller.call.ended:
                if moment < caller.hangs_up + PATIENCE:
                    still.append(caller)
                    continue
                self.wrong.append(f"{caller.about} never ended")
            self.ended += 1
            outcome, error = caller.call.outcome, caller.call.error
            self.endings["returned" if outcome is None else type(outcome).__name__] += 1
            if not is_expected(error):
                self.wrong.append(f"{caller.about}: {error!r}")
        self.up = still


# Real: the library alone, in real time; the calls come from another process


def real_handler(session: Session) -> None:
    """Answer, and play what the caller presses, for a while."""
    channel = session.channel
    channel.answer()
    for _ in range(10):
        try:
            channel.playback(f"digits/{channel.wait('DTMF', timeout=1.0).digit}")
        except TimeoutError:
            channel.playback("ivr/ivr-timeout")
    channel.hangup()


class Real:
    """An `Outbound` in this process, called over loopback by `load.py` in another one."""

    name = "real"

    def __init__(self, calls: int, at_once: int, seed: int) -> None:
        self.calls, self.at_once, self.seed = calls, at_once, seed
        self.endings: Counter[str] = Counter()
        self.wrong: list[str] = []

    def run(self, meter: Meter, every: int) -> Iterator[Point]:
        with Outbound(self.handler, port=0) as app:
            socket.create_connection(("127.0.0.1", app.port)).close()
            self.settle(meter, app)
            yield meter.point(0, 0)
            options = {"calls": self.calls, "at-once": self.at_once, "seed": self.seed}
            words = [f"--{name}={value}" for name, value in options.items()]
            command = [sys.executable, str(ROOT / "benchmarks/load.py"), str(app.port), *words]
            with subprocess.Popen(
                [*command, f"--every={every}"], stdout=subprocess.PIPE, text=True
            ) as load:
                assert load.stdout is not None
                for line in load.stdout:
                    said = json.loads(line)
                    if "count" not in said:
                        yield meter.point(said["ended"], said["up"])
                        continue
                    bad = {name: n for name, n in said["count"].items() if " " in name}
                    self.wrong += [f"{count} calls {how}" for how, count in bad.items()]
            if load.returncode:
                self.wrong.append(f"load.py failed: {load.returncode}")
            self.settle(meter, app)
            yield meter.point(self.calls, len(app.calls))

    @staticmethod
    def settle(meter: Meter, app: Outbound) -> None:
        """Wait until the last threads have ended."""
        deadline = now() + PATIENCE
        while now() < deadline and (app.calls or meter.process.num_threads() > FEW_THREADS):
            time.sleep(0.05)

    def handler(self, session: Session) -> None:
        outcome = "returned"
        try:
            real_handler(session)
        except Exception as error:
            outcome = type(error).__name__
            raise
        finally:
            self.endings[outcome] += 1


#: Threads of a server without calls: this one, the acceptor and the reader.
FEW_THREADS = 3


# Running and judging a soak


def soak(load: Simulated | Real) -> Result:
    """Run it, and print its curve."""
    every = max(load.at_once // 4, load.calls // 80)
    complaints, logger = Complaints(), logging.getLogger("eslsync")
    logger.addHandler(complaints)
    logger.propagate = False
    print(f"{load.name}: {load.calls} calls, {load.at_once} at a time; {machine()}")
    print("   calls     up   RSS MB   memory blocks  threads  descriptors  garbage/call  calls/s")
    points: list[Point] = []
    shown: Point | None = None
    for point in load.run(Meter(), every):
        points.append(point)
        if shown is None or point.up == 0 or point.calls - shown.calls >= load.calls // 20:
            print(row(point, shown), flush=True)
            shown = point
    wrong = load.wrong + complaints.found
    return Result(load.name, load.at_once, points, dict(load.endings.most_common()), wrong)


def row(point: Point, last: Point | None) -> str:
    rate = garbage = ""
    if last is not None and point.calls > last.calls:
        calls = point.calls - last.calls
        rate = f"{calls / (point.seconds - last.seconds):.0f}"
        garbage = f"{(point.garbage - last.garbage) / calls:.0f}"
    return (
        f"{point.calls:8} {point.up:6} {point.rss:8.1f} {point.blocks:15} {point.threads:8} "
        f"{point.descriptors:12} {garbage:>13} {rate:>8}"
    )


def slope(points: Sequence[Point], what: str) -> tuple[float, float]:
    """The growth of a value with each call, and its standard error."""
    calls = [float(point.calls) for point in points]
    values = [float(getattr(point, what)) for point in points]
    line = statistics.linear_regression(calls, values)
    off = [y - line.slope * x - line.intercept for x, y in zip(calls, values, strict=True)]
    spread = sum((x - statistics.fmean(calls)) ** 2 for x in calls)
    return line.slope, math.sqrt(sum(y * y for y in off) / (len(points) - 2) / spread)


def judge(result: Result) -> list[str]:
    """Print the results; return what is wrong."""
    first, last, measured = result.points[0], result.points[-1], result.measured
    wrong = list(result.wrong)
    print("handlers: " + ", ".join(f"{count} {how}" for how, count in result.endings.items()))
    if len(measured) > 2:
        short = last.calls < LONG_ENOUGH
        for what, unit, scale, bound in (
            ("rss", "KB a thousand calls", 1e6, BOUNDS[result.name]),
            ("blocks", "objects a call", 1.0, BLOCKS),
        ):
            grows, error = (each * scale for each in slope(measured, what))
            allowed = "too few calls to judge that" if short else f"{bound:g} allowed"
            print(
                f"grows by {grows:+.3g} {unit} (standard error {error:.2g}; {allowed}) "
                f"after the first {measured[0].calls}"
            )
            if not short and grows - 2 * error > bound:
                wrong.append(f"it grows by {grows:.3g} {unit}")
    for what in ("threads", "descriptors"):
        before, after = getattr(first, what), getattr(last, what)
        print(f"{what}: {before} before, {after} after")
        if after > before:
            wrong.append(f"{after - before} {what} are left")
    for line in wrong[:20]:
        print(f"WRONG: {line}")
    if len(wrong) > 20:
        print(f"WRONG: and {len(wrong) - 20} more")
    return wrong


def machine() -> str:
    load = ", ".join(f"{each:.2f}" for each in os.getloadavg())
    return f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {load}"


# The picture


TITLES = {"simulated": "simulated switch and library", "real": "library alone, real sockets"}
MEMORY, THREADS, QUIET = "#1b6ca8", "#c8553d", "#8a8a8a"


def draw(results: Sequence[Result], file: Path) -> None:
    """Memory above, threads below; a column for each soak."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update(
        {
            "font.family": "DejaVu Sans",
            "font.size": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": QUIET,
            "xtick.color": "#444444",
            "ytick.color": "#444444",
            "svg.hashsalt": "soak",  # the same figures give the same file
        }
    )
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        2, len(results), figsize=(4.6 * len(results), 4.6), sharex="col", squeeze=False
    )
    for column, result in enumerate(results):
        memory, threads = axes[0][column], axes[1][column]
        calls = [point.calls for point in result.points]
        rss = [point.rss for point in result.points]
        counts = [point.threads for point in result.points]
        tops = {memory: max(rss) * 1.3, threads: max(counts) * 1.3}
        grows = slope(result.measured, "rss")[0] * 1e6
        memory.plot(calls, rss, color=MEMORY, linewidth=1.8)
        memory.set_title(TITLES[result.name], fontsize=11, loc="left", pad=10)
        label(memory, calls[-1], tops[memory] * 0.97, MEMORY, f"{grows:+.0f} KB in 1,000 calls")
        threads.axhline(result.at_once, color=QUIET, linewidth=0.9, linestyle=(0, (4, 3)))
        threads.plot(calls, counts, color=THREADS, linewidth=1.8)
        label(threads, calls[-1], tops[threads] * 0.97, QUIET, f"{result.at_once} calls at a time")
        before_after = f"{counts[0]} before, {counts[-1]} after"
        label(threads, calls[-1] * 0.97, tops[threads] * 0.17, THREADS, before_after)
        threads.set_xlabel("calls made")
        threads.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        for each, top in tops.items():
            each.axvspan(0, result.measured[0].calls, color="#f3f3f3", linewidth=0)
            each.grid(axis="y", color="#e6e6e6", linewidth=0.8)
            each.set_axisbelow(True)
            each.set_xlim(0, calls[-1] * 1.02)
            each.set_ylim(0, top)
        warm = result.measured[0].calls * 1.15
        label(memory, warm, tops[memory] * 0.17, QUIET, "warm-up", "left")
    axes[0][0].set_ylabel("memory, MB")
    axes[1][0].set_ylabel("threads")
    figure.tight_layout(h_pad=1.5, w_pad=2.5)
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None, dpi=200)


def label(axes: Any, x: float, y: float, color: str, text: str, side: str = "right") -> None:
    """Draw text with its upper corner at a point, in front of the grid."""
    behind = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    axes.text(x, y, text, color=color, ha=side, va="top", bbox=behind, zorder=3)


# The command line


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--simulated", action="store_true", help="only that soak")
    parser.add_argument("--real", action="store_true", help="only that soak")
    parser.add_argument("--calls", type=int, default=CALLS, help=f"default: {CALLS}")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help=f"default: {AT_ONCE}")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random")
    parser.add_argument("--picture", type=Path, help="draw the curves into this file")
    parser.add_argument("--save", type=Path, help="keep the figures in this file (JSON)")
    parser.add_argument(
        "--load", type=Path, nargs="+", help="run nothing; judge and draw such files"
    )
    options = parser.parse_args()
    if options.load:
        results = [loaded(file) for file in options.load]
        failed = sum(len(judge(result)) for result in results) > 0
    elif options.simulated != options.real:
        result = one_soak(options)
        results, failed = [result], bool(judge(result))
        if options.save:
            options.save.write_text(json.dumps(asdict(result)) + "\n", encoding="utf-8")
    else:
        results, failed = both_soaks(options)
    if options.picture:
        draw(results, options.picture)
    sys.exit(failed)


def one_soak(options: argparse.Namespace) -> Result:
    """In this process."""
    if options.real:
        return soak(Real(options.calls, options.at_once, options.seed))
    if hasattr(os, "sched_setaffinity"):
        # One core, because only one thread runs at a time: see benchmarks/simulator.py.
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    return soak(Simulated(options.calls, options.at_once, options.seed))


def both_soaks(options: argparse.Namespace) -> tuple[list[Result], bool]:
    """Run each in a process of its own, without the memory of another."""
    results, failed = [], False
    with tempfile.TemporaryDirectory() as folder:
        for name in ("simulated", "real"):
            file = Path(folder, name)
            words = [f"--{each}={vars(options)[each.replace('-', '_')]}" for each in SHARED]
            command = [sys.executable, __file__, f"--{name}", f"--save={file}", *words]
            failed |= subprocess.run(command).returncode != 0
            results.append(loaded(file))
            print()
    return results, failed


SHARED = ("calls", "at-once", "seed")


def loaded(file: Path) -> Result:
    kept: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return Result(**{**kept, "points": [Point(**point) for point in kept["points"]]})


if __name__ == "__main__":
    main()

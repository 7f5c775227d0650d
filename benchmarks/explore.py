"""How fast handlers are explored: calls per second per core, against their size.

python benchmarks/explore.py                                  # ten menus, in one process
python benchmarks/explore.py --menus 10 100 1000 --workers 2  # more of them: see growth.py
python benchmarks/explore.py --bank --workers 2               # an IVR of the size that banks have
python benchmarks/explore.py --profile                        # where the time goes

Seconds are those of the whole exploration; calls per second per core are by CPU time, of all
processes. Numbers and how to read them: benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import resource
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from simulator import explore  # noqa: E402

#: Choices in each menu, while there are menus left to choose from.
CHOICES = 4

HANDLER = '''
from eslsync import Channel, Session

MENUS = {menus}


def handler(session: Session) -> None:
    session.channel.answer()
    menu(session.channel, 1)
    session.channel.playback("goodbye")
    session.channel.hangup()


def menu(channel: Channel, number: int) -> None:
    """Up to four menus below, a text on 8, back on 9."""
    while True:
        key = channel.play_and_get_digits(f"menu-{{number}}", regexp="[1-489]", tries=2)
        if not key or key == "9":
            return
        if key == "8":
            channel.playback(f"text-{{number}}", terminators="none")
            continue
        below = {choices} * (number - 1) + int(key) + 1
        if below > MENUS:
            channel.playback("no-such-choice", terminators="none")
            continue
        menu(channel, below)
'''


#: What `--bank` explores.
BANK = ROOT / "benchmarks/ivrs/large/telephone_bank.py"


@dataclass
class Result:
    menus: int  #: or spots, of another handler
    situations: int
    calls: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """Calls per second per core."""
        return self.calls / self.cpu


def cpu_seconds() -> float:
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def explored(file: Path, workers: int) -> Result:
    """An exploration of a file in which nothing is wrong."""
    before = cpu_seconds()
    found = explore(file, calls=None, workers=workers)
    cpu = cpu_seconds() - before
    assert found.complete
    assert not found.findings, str(found)
    spots = len(found.map.spots)
    return Result(spots, len(found.nodes), found.calls, found.seconds, cpu)


def measure(menus: int, workers: int) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "menus.py"
        file.write_text(HANDLER.format(menus=menus, choices=CHOICES), encoding="utf-8")
        return replace(explored(file, workers), menus=menus)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--menus", type=int, nargs="+", default=[10])
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--bank", action="store_true")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    if options.profile:
        profile = cProfile.Profile()
        profile.runcall(measure, options.menus[0], 1)
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        return
    print(f"{os.cpu_count()} cores, {options.workers} processes")
    size = "spots" if options.bank else "menus"
    print(f"{size:>6} {'situations':>11} {'calls':>8} {'seconds':>9} {'calls/s/core':>13}")
    for menus in [0] if options.bank else options.menus:
        workers = options.workers
        result = explored(BANK, workers) if options.bank else measure(menus, workers)
        print(
            f"{result.menus:6} {result.situations:11} {result.calls:8} {result.seconds:9.1f} "
            f"{result.rate:13.0f}"
        )


if __name__ == "__main__":
    main()

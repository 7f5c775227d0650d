"""What a workload costs a contestant, in CPU seconds or in instructions."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.contestants.process import ROOT, Contestant, command
from benchmarks.switchboard import Switchboard, Words
from benchmarks.workloads import Workload

#: Bytes per piece for parsers, as one read returns them under load.
PIECE = 64 * 1024
PARSED_CALLS = 10
#: Seconds after which a figure begins no further run.
LIMIT = 3.0
#: The warm-up, and a short run, do one part in so many.
PART = 5
#: Repetitions under valgrind, which takes fifty times as long.
FEW = {"call": 10, "command": 50, "event": 1, "message": 3}

_INSTRUCTIONS = re.compile(r"I +refs: +([\d,]+)")


@contextmanager
def facing(
    name: str, handler: str, words: Words, *, bursts: bool = False, under: Sequence[str] = ()
) -> Iterator[tuple[Contestant, Switchboard]]:
    """Run a contestant and its callers. Its process ends before the calls do."""
    with (
        Contestant(name, handler, under) as contestant,
        Switchboard(words, contestant.port, bursts=bursts) as board,
    ):
        try:
            yield contestant, board
        finally:
            contestant.end()


def cpu(name: str, workload: Workload, words: Words, *, short: bool, bursts: bool) -> float:
    """CPU seconds of one unit."""
    if workload.play is None:
        return float(parse(name, words))
    part = -(-workload.times // PART)
    count, seconds = (part, LIMIT / PART) if short else (workload.times, LIMIT)
    with facing(name, workload.handler, words, bursts=bursts) as (contestant, board):
        play = workload.play(board)
        play(part, LIMIT / PART)
        before = contestant.settled_cpu()
        done = play(count, seconds)
        return (contestant.settled_cpu() - before) / done / workload.units


def parse(name: str, words: Words, *times: str, under: Sequence[str] = ()) -> str:
    """Let a contestant parse the bytes of calls in pieces, without a socket; return its output."""
    whole = words.call * PARSED_CALLS
    pieces = [whole[start : start + PIECE] for start in range(0, len(whole), PIECE)]
    return subprocess.run(
        [*under, *command(name, "parsing", *times)],
        cwd=ROOT,
        input=b"".join(b"%08d%b" % (len(piece), piece) for piece in pieces),
        stdout=subprocess.PIPE,
        check=True,
    ).stdout.decode()


def instructions(name: str, workload: Workload, words: Words, *, bursts: bool) -> float:
    """User-space instructions of one unit: the difference between a long and a short run."""
    few = FEW[workload.unit]
    counts = [_all_instructions(name, workload, words, times, bursts) for times in (few, 3 * few)]
    units = workload.units if workload.play else PARSED_CALLS * words.messages
    return (counts[1] - counts[0]) / (2 * few) / units


def _all_instructions(name: str, workload: Workload, words: Words, times: int, bursts: bool) -> int:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        under = ["valgrind", "--tool=cachegrind", "--cache-sim=no", f"--log-file={log}"]
        under.append("--cachegrind-out-file=/dev/null")
        if workload.play is None:
            parse(name, words, str(times), under=under)
        else:
            with facing(name, workload.handler, words, bursts=bursts, under=under) as (_, board):
                workload.play(board)(times, 3600.0)
        found = _INSTRUCTIONS.search(log.read_text())
        assert found is not None, f"valgrind has counted nothing:\n{log.read_text()}"
        return int(found[1].replace(",", ""))

"""What all contestants have in common: how they run, and the handlers' workloads.

python -m benchmarks.contestants.NAME WORKLOAD

takes calls in a process of its own. It prints its port, and serves until its standard input ends.
With the workload "parsing" it reads pieces of bytes from there (each after a length of 8 digits),
and prints the CPU seconds per message.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable

PROMPT = "ivr/ivr-welcome"
#: Events of a flood, after which the handler asks for the next flood.
FLOOD = 1000
FLOOD_SUBCLASS = "bench::flood"
#: CPU seconds for which parsing is measured.
PARSING = 0.4

#: Serves a workload until standard input ends.
Serve = Callable[[str], None]
#: Parses pieces of bytes; returns the number of messages.
Parse = Callable[[list[bytes]], int]


def run(serve: Serve, parse: Parse) -> None:
    """Run a contestant's process."""
    workload, *times = sys.argv[1:]
    if workload == "parsing":
        print(seconds_of(parse, read_pieces(), *map(int, times)), flush=True)
    else:
        serve(workload)


def announce(port: int) -> None:
    """Print the port, once the contestant listens."""
    print(port, flush=True)


def stay(port: int) -> None:
    """Wait for the end of standard input while other threads serve."""
    announce(port)
    sys.stdin.read()


def read_pieces() -> list[bytes]:
    pieces = []
    while length := sys.stdin.buffer.read(8):
        pieces.append(sys.stdin.buffer.read(int(length)))
    return pieces


def seconds_of(parse: Parse, pieces: list[bytes], times: int = 0) -> float:
    """CPU seconds per message: the minimum of many runs, which nothing disturbed."""
    best, until = math.inf, time.process_time() + PARSING
    done = 0
    while done < times or (not times and time.process_time() < until):
        start = time.process_time()
        messages = parse(pieces)
        best = min(best, (time.process_time() - start) / messages)
        done += 1
    return best

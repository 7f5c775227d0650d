"""What all contestants have in common: how they are run, and what there is to handle.

python -m benchmarks.contestants.NAME WORKLOAD

takes calls in a process of its own. It prints its port, and serves until its standard input ends.
With the workload "parsing" it reads pieces of bytes there (a length of 8 digits before each), and
prints how many seconds of CPU a message has cost.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable

PROMPT = "ivr/ivr-welcome"
#: Events of a flood: each is waited for, and then the next flood is asked for.
FLOOD = 1000
FLOOD_SUBCLASS = "bench::flood"
#: Seconds of CPU that parsing is measured for.
PARSING = 0.4

#: Serves that workload until its standard input ends.
Serve = Callable[[str], None]
#: Understands what arrives in such pieces; the number of messages.
Parse = Callable[[list[bytes]], int]


def run(serve: Serve, parse: Parse) -> None:
    """Be a contestant."""
    workload, *times = sys.argv[1:]
    if workload == "parsing":
        print(seconds_of(parse, read_pieces(), *map(int, times)), flush=True)
    else:
        serve(workload)


def announce(port: int) -> None:
    """It is listened on."""
    print(port, flush=True)


def stay(port: int) -> None:
    """Other threads serve."""
    announce(port)
    sys.stdin.read()


def read_pieces() -> list[bytes]:
    pieces = []
    while length := sys.stdin.buffer.read(8):
        pieces.append(sys.stdin.buffer.read(int(length)))
    return pieces


def seconds_of(parse: Parse, pieces: list[bytes], times: int = 0) -> float:
    """CPU seconds a message: the least of many times, since that is what nothing has disturbed."""
    best, until = math.inf, time.process_time() + PARSING
    done = 0
    while done < times or (not times and time.process_time() < until):
        start = time.process_time()
        messages = parse(pieces)
        best = min(best, (time.process_time() - start) / messages)
        done += 1
    return best

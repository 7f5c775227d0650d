"""Held calls, and a handler that takes nothing: memory, and the delay of a digit."""

from __future__ import annotations

import math
import resource
import statistics
import time
from typing import NamedTuple

from benchmarks.measuring import facing
from benchmarks.switchboard import PATIENCE, Call, Silence, Switchboard, Words
from benchmarks.workloads import hold

#: Calls made before memory is first measured, so that what is allocated once is there.
FIRST_CALLS = 10
#: Seconds for which held calls are left alone.
IDLE = 3.0
#: Maximum bytes sent to a handler that takes nothing.
DEAF_BYTES = 100 * 1024 * 1024
#: Seconds without progress after which the switch counts as held back.
HELD_BACK = 1.0


class Held(NamedTuple):
    """Figures of held calls. Times are in seconds, memory in bytes."""

    calls: int
    set_up: float  # until all were
    memory: float  # of a call
    threads: int
    idle: float  # CPU seconds a second
    median: float  # from a digit to the handler's next command, when all get one at once
    slowest: float  # the slowest 1 %: what 99 % were within


def held(name: str, words: Words, calls: int) -> Held:
    """Hold calls whose handlers wait for a digit, then send each one a digit at once.

    The next command is not answered, so that only the digits cause the delay.
    """
    raise_limit()
    with facing(name, "held", words) as (contestant, board):
        hold(board, FIRST_CALLS)
        contestant.settled_cpu()
        before, start = contestant.memory(), time.monotonic()
        hold(board, FIRST_CALLS + calls)
        set_up = time.monotonic() - start
        contestant.settled_cpu(PATIENCE)
        memory = (contestant.memory() - before) / calls
        threads, cpu, start = contestant.threads(), contestant.cpu(), time.monotonic()
        time.sleep(IDLE)
        idle = (contestant.cpu() - cpu) / (time.monotonic() - start)
        late = _press_all(board)
    return Held(calls, set_up, memory, threads, idle, statistics.median(late), percentile(late, 99))


def _press_all(board: Switchboard) -> list[float]:
    """Seconds that each handler took; infinite for those that took too long."""
    pressed: dict[Call, float] = {}
    late: list[float] = []

    def answered(call: Call, application: bytes, uuid: bytes) -> None:
        late.append(time.monotonic() - pressed[call])

    board.on_execute = answered
    digit = board.words.digit.render()
    calls = list(board.calls.values())
    until = time.monotonic() + PATIENCE
    for call in calls:
        pressed[call] = time.monotonic()
        call.say(digit)
    try:
        board.serve_until(lambda: len(late) == len(calls) or time.monotonic() > until)
    except Silence:
        pass
    return late + [math.inf] * (len(calls) - len(late))


def percentile(values: list[float], percent: int) -> float:
    return sorted(values)[len(values) * percent // 100]


def raise_limit() -> None:
    """Raise the soft limit of descriptors, which contestants inherit, to the hard one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Deaf(NamedTuple):
    """Bytes sent to a handler that takes nothing, and the memory they cost."""

    sent: int
    memory: int  # at most, more than before


def deaf(name: str, words: Words) -> Deaf:
    event = words.flood.render()
    with facing(name, "deaf", words) as (contestant, board):
        board.on_execute = lambda call, _, uuid: call.run(words.bare_run, uuid)
        call = board.dial()
        board.serve_until(lambda: call.commands > 0)
        contestant.settled_cpu()
        before, sent = contestant.memory(), 0
        while sent < DEAF_BYTES:
            call.say(event * 20)
            sent += 20 * len(event)
            while call.unsent and board.step(HELD_BACK):
                pass
            if call.unsent:
                break
        sent -= len(call.unsent)
        contestant.settled_cpu(PATIENCE)
        return Deaf(sent, contestant.peak_memory() - before)

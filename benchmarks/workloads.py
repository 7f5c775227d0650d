"""The workloads whose CPU is measured: a call, a command, an event, a message.

A workload runs for some time to warm up, and then as often as is measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from benchmarks.contestants.running import FLOOD
from benchmarks.switchboard import Call, Switchboard

#: Maximum calls at a time that are not held yet.
RINGING = 50

#: Runs a workload so many times, or for so many seconds if that is less; returns how many times.
Play = Callable[[int, float], int]


def lives(at_once: int, board: Switchboard) -> Play:
    """Whole calls; as one ends, the next begins."""

    def play(count: int, seconds: float) -> int:
        first, until = board.dialled, time.monotonic() + seconds

        def begins() -> bool:
            begun = board.dialled - first
            return begun < count and (begun == 0 or time.monotonic() < until)

        while board.calls or begins():
            while len(board.calls) < at_once and begins():
                board.dial()
            board.serve()
        return board.dialled - first

    return play


def executions(answer: Callable[[Call, bytes], None], board: Switchboard) -> Play:
    """Applications of one call, one after the other."""
    asked: list[tuple[Call, bytes]] = []
    board.on_execute = lambda call, application, uuid: asked.append((call, uuid))
    board.dial()
    board.serve_until(lambda: bool(asked))

    def play(count: int, seconds: float) -> int:
        done, until = 0, time.monotonic() + seconds
        while done < count and (done == 0 or time.monotonic() < until):
            answer(*asked.pop())
            board.serve_until(lambda: bool(asked))
            done += 1
        return done

    return play


def complete(call: Call, uuid: bytes) -> None:
    call.run(call.board.words.bare_run, uuid)


def complete_and_flood(call: Call, uuid: bytes) -> None:
    complete(call, uuid)
    call.say(call.board.words.flood.render() * FLOOD)


def hold(board: Switchboard, calls: int) -> None:
    """Dial until so many calls have answered and set a variable, and wait for a digit."""
    held = len(board.calls)

    def run(call: Call, application: bytes, uuid: bytes) -> None:
        nonlocal held
        call.run(board.words.before_held[application], uuid)
        held += application == b"set"

    board.on_execute = run
    while held < calls:
        while board.dialled < min(calls, held + RINGING):
            board.dial()
        board.serve()


def unheeded(board: Switchboard) -> Play:
    """Floods for a handler that waits for a digit, which comes behind them."""
    asked: list[tuple[Call, bytes]] = []
    hold(board, 1)
    [call] = board.calls.values()
    board.on_execute = lambda call, application, uuid: asked.append((call, uuid))
    flood = board.words.flood.render() * FLOOD
    digit = board.words.digit.render()

    def play(count: int, seconds: float) -> int:
        done, until = 0, time.monotonic() + seconds
        while done < count and (done == 0 or time.monotonic() < until):
            call.say(flood, digit)
            board.serve_until(lambda: bool(asked))
            complete(*asked.pop())
            done += 1
        return done

    return play


class Workload(NamedTuple):
    title: str
    unit: str
    target: float  # how many times the CPU of the inline loop eslsync may use
    handler: str  # the contestants' name for it
    play: Callable[[Switchboard], Play] | None  # None: without calls
    times: int
    units: int = 1  # in each of these


WORKLOADS = {
    "life": Workload("a call's life, alone", "call", 2.0, "life", partial(lives, 1), 200),
    "life50": Workload("50 at once", "call", 1.8, "life", partial(lives, 50), 300),
    "command": Workload(
        "a command and its completion",
        "command",
        1.7,
        "command",
        partial(executions, complete),
        2000,
    ),
    "flood": Workload(
        "a flood, each event waited for",
        "event",
        2.0,
        "flood",
        partial(executions, complete_and_flood),
        20,
        FLOOD,
    ),
    "unheeded": Workload(
        "a flood while it waits for a digit", "event", 2.0, "held", unheeded, 20, FLOOD
    ),
    "parsing": Workload("parsing alone", "message", 1.5, "parsing", None, 1),
}

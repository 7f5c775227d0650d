"""What contestants are measured with: each function is one figure, of one process."""

from __future__ import annotations

import math
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from benchmarks.contestants.process import ROOT, Contestant, command
from benchmarks.contestants.running import FLOOD
from benchmarks.switchboard import Call, Switchboard, Words

#: Seconds that a contestant may be silent, where it is to say something.
PATIENCE = 30.0
#: Bytes that parsers are given at once, as one read brings them under load.
PIECE = 64 * 1024
#: Calls that may be in their handshakes at one time, where many are to be held.
RINGING = 50
#: Calls that a process has before its memory is looked at: what it needs once is there.
FIRST_CALLS = 10
#: Seconds that held calls are left alone.
IDLE = 3.0
#: Bytes that a handler is sent which takes nothing, if nothing holds the switch back.
DEAF_BYTES = 100 * 1024 * 1024
#: Seconds after which the switch is held back, where nothing was taken.
HELD_BACK = 1.0


class Effort(NamedTuple):
    """How much is done for one figure."""

    seconds: float  # after which nothing more is begun
    calls: int
    commands: int
    floods: int


FULL = Effort(seconds=3.0, calls=200, commands=2000, floods=20)
SHORT = Effort(seconds=0.5, calls=50, commands=400, floods=3)


@contextmanager
def facing(
    name: str, workload: str, words: Words, *, bursts: bool = False
) -> Iterator[tuple[Contestant, Switchboard]]:
    """A contestant and who calls it. Its process ends before the calls do."""
    with (
        Contestant(name, workload) as contestant,
        Switchboard(words, contestant.port, bursts=bursts) as board,
    ):
        try:
            yield contestant, board
        finally:
            contestant.kill()


class Silence(Exception):
    """A contestant did not say what it should have said."""


def serve(board: Switchboard, patience: float = PATIENCE) -> None:
    """Wait for somebody to say something, and answer."""
    if not board.step(patience):
        raise Silence(f"nothing for {patience:g} s; of {board.dialled} calls {board.ended} over")


def serve_until(board: Switchboard, done: Callable[[], bool]) -> None:
    while not done():
        serve(board)


# CPU seconds of one thing


def life(contestant: Contestant, board: Switchboard, effort: Effort, at_once: int) -> float:
    """A call from its first byte to the last; as one ends, the next begins."""

    def call(calls: int, seconds: float) -> int:
        first, until = board.dialled, time.monotonic() + seconds

        def begins() -> bool:
            begun = board.dialled - first
            return begun < calls and (begun == 0 or time.monotonic() < until)

        while board.calls or begins():
            while len(board.calls) < at_once and begins():
                board.dial()
            serve(board)
        return board.dialled - first

    call(max(2 * at_once, FIRST_CALLS), effort.seconds / 5)
    before = contestant.settled_cpu()
    calls = call(effort.calls, effort.seconds)
    return (contestant.settled_cpu() - before) / calls


def a_command(contestant: Contestant, board: Switchboard, effort: Effort) -> float:
    """An application, from its command to its completion; one after the other, in one call."""
    board.on_execute = lambda call, _, uuid: call.run(board.words.bare_run, uuid)
    return _executions(contestant, board, effort.commands // 10, effort.commands, effort.seconds)


def flood(contestant: Contestant, board: Switchboard, effort: Effort) -> float:
    """An event; they come as fast as they are taken, and the handler waits for each by its name."""
    event = board.words.flood.render()

    def send(call: Call, _: bytes, uuid: bytes) -> None:
        call.run(board.words.bare_run, uuid)
        call.say(event * FLOOD)

    board.on_execute = send
    return _executions(contestant, board, 2, effort.floods, effort.seconds) / FLOOD


def _executions(
    contestant: Contestant, board: Switchboard, warm_up: int, count: int, seconds: float
) -> float:
    call = board.dial()
    serve_until(board, lambda: call.commands >= warm_up)
    first, before, until = call.commands, contestant.cpu(), time.monotonic() + seconds
    serve_until(
        board,
        lambda: (
            call.commands >= first + count or (call.commands > first and time.monotonic() > until)
        ),
    )
    return (contestant.cpu() - before) / (call.commands - first)


def parsing(name: str, words: Words) -> float:
    """A message of a whole call, without a socket."""
    whole = words.call * 10
    pieces = [whole[start : start + PIECE] for start in range(0, len(whole), PIECE)]
    told = subprocess.run(
        command(name, "parsing"),
        cwd=ROOT,
        input=b"".join(b"%08d%b" % (len(piece), piece) for piece in pieces),
        stdout=subprocess.PIPE,
        check=True,
    )
    return float(told.stdout)


class Line(NamedTuple):
    """What is measured in CPU seconds of one thing."""

    title: str
    unit: str
    target: float  # how many times the CPU of the inline loop eslsync may use
    measure: Callable[[str, Words, Effort, bool], float]


def _served(
    workload: str, measure: Callable[[Contestant, Switchboard, Effort], float]
) -> Callable[[str, Words, Effort, bool], float]:
    def measure_one(name: str, words: Words, effort: Effort, bursts: bool) -> float:
        with facing(name, workload, words, bursts=bursts) as (contestant, board):
            return measure(contestant, board, effort)

    return measure_one


LINES = {
    "life": Line(
        "a call's life, alone",
        "call",
        2.0,
        _served("life", lambda contestant, board, effort: life(contestant, board, effort, 1)),
    ),
    "life50": Line(
        "50 at once",
        "call",
        1.8,
        _served("life", lambda contestant, board, effort: life(contestant, board, effort, 50)),
    ),
    "command": Line("a command and its completion", "command", 1.7, _served("command", a_command)),
    "flood": Line("a flood, each event waited for", "event", 2.0, _served("flood", flood)),
    "parsing": Line(
        "parsing alone", "message", 1.5, lambda name, words, effort, bursts: parsing(name, words)
    ),
}


# Held calls, and handlers that take nothing


class Held(NamedTuple):
    """How many calls are held; times in seconds, memory in bytes."""

    calls: int
    set_up: float  # until all were
    memory: float  # of a call
    threads: int
    idle: float  # CPU seconds a second
    median: float  # from a digit to the handler's next command, when all get one at once
    slowest: float  # the slowest 1 %: what 99 % were within


def held(name: str, words: Words, calls: int) -> Held:
    """Calls whose handlers wait for a digit; then each gets one, at once.

    The next command is not answered, so that each is as late as it is for the digits alone.
    """
    raise_limit()
    with facing(name, "held", words) as (contestant, board):
        board.on_execute = lambda call, application, uuid: None
        _hold(board, FIRST_CALLS)
        contestant.settled_cpu()
        before, start = contestant.memory(), time.monotonic()
        _hold(board, FIRST_CALLS + calls)
        set_up = time.monotonic() - start
        contestant.settled_cpu(PATIENCE)
        memory = (contestant.memory() - before) / calls
        threads, cpu, start = contestant.threads(), contestant.cpu(), time.monotonic()
        time.sleep(IDLE)
        idle = (contestant.cpu() - cpu) / (time.monotonic() - start)
        late = _press_all(board)
    return Held(calls, set_up, memory, threads, idle, statistics.median(late), percentile(late, 99))


def _hold(board: Switchboard, calls: int) -> None:
    while board.prepared < calls:
        while board.dialled < min(calls, board.prepared + RINGING):
            board.dial()
        serve(board)


def _press_all(board: Switchboard) -> list[float]:
    """Seconds that each handler takes; infinite, of those that took too long."""
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
        serve_until(board, lambda: len(late) == len(calls) or time.monotonic() > until)
    except Silence:
        pass
    return late + [math.inf] * (len(calls) - len(late))


def percentile(values: list[float], percent: int) -> float:
    return sorted(values)[len(values) * percent // 100]


def raise_limit() -> None:
    """As many descriptors as we may have; contestants inherit that."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Deaf(NamedTuple):
    """What a handler that takes nothing was sent, in bytes, and what that has cost."""

    sent: int
    memory: int  # at most, more than before


def deaf(name: str, words: Words) -> Deaf:
    event = words.flood.render()
    with facing(name, "deaf", words) as (contestant, board):
        board.on_execute = lambda call, _, uuid: call.run(words.bare_run, uuid)
        call = board.dial()
        serve_until(board, lambda: call.commands > 0)
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

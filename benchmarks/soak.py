"""Twenty thousand calls in one process, 200 at a time: what stays of them?

python benchmarks/soak.py                            # both soaks below, one after the other
python benchmarks/soak.py --simulated                # random callers and faults, virtual time
python benchmarks/soak.py --real                     # the library alone, over loopback
python benchmarks/soak.py --picture docs/soak.svg    # both, and a picture (matplotlib)
python benchmarks/soak.py --calls 1000               # a short one

Prints a line every so many calls, and exits with 1 if memory grows with the calls, if a thread, a
descriptor or a call is left, or if a handler raised what is not eslsync's own. Numbers and how to
read them: benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

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
from simulator.faults import EVENT_ONLY, KINDS, Fault  # noqa: E402

CALLS, AT_ONCE = 20_000, 200
#: Calls after which the process has all that it will need: a tenth of them.
WARM_UP = 0.1
#: KB that a thousand calls may leave. One event that is kept of each would be 5000.
BOUND = 100.0


# What is measured


@dataclass(frozen=True)
class Point:
    """The process, after so many calls."""

    calls: int  #: that have ended
    up: int  #: that are up
    rss: float  #: MB that the process has in memory
    blocks: int  #: pieces of memory that Python's objects have
    threads: int
    descriptors: int
    seconds: float  #: since the first call


@dataclass(frozen=True)
class Result:
    """A soak's curve, and all that went wrong."""

    name: str
    points: list[Point]
    endings: dict[str, int]  #: how handlers ended, and how often
    wrong: list[str]

    @property
    def measured(self) -> list[Point]:
        """The points after the warm-up, while calls are up."""
        warm = WARM_UP * self.points[-1].calls
        return [point for point in self.points[1:-1] if point.calls >= warm and point.up]


class Meter:
    """Looks at its own process."""

    def __init__(self) -> None:
        self.process = psutil.Process()
        self.began = now()

    def point(self, calls: int, up: int) -> Point:
        return Point(
            calls=calls,
            up=up,
            rss=self.process.memory_info().rss / 1e6,
            blocks=sys.getallocatedblocks(),
            threads=self.process.num_threads(),
            descriptors=self.process.num_fds() if hasattr(self.process, "num_fds") else 0,
            seconds=now() - self.began,
        )


def now() -> float:
    """Real time: what freezegun leaves alone, while a FreeSwitch holds all other clocks."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


class Complaints(logging.Handler):
    """Keeps what the library logs that should never happen: exceptions not its own."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not isinstance(error, ESLError):
            self.found.append(f"{record.getMessage()}: {error!r}")


def listen_to_the_log() -> Complaints:
    complaints, logger = Complaints(), logging.getLogger("eslsync")
    logger.addHandler(complaints)
    logger.propagate = False
    return complaints


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
    """One server for them all, as the number that was dialled says."""
    HANDLERS[session.destination](session)


#: Events that may come twice or never.
EVENTS = "CHANNEL_ANSWER CHANNEL_EXECUTE_COMPLETE DTMF PLAYBACK_STOP CHANNEL_HANGUP".split()
#: Keys that a caller may press: some mean something to an example, the others are random.
KEYS = ["1", "2", "3", "*", "#", "1234#", "1", "4711#", "5", "9"]
#: Simulated seconds: the longest call, the pause between two looks at who has hung up, and how
#: long a handler may go on after its caller has gone.
LONGEST, LOOK, PATIENCE = 30.0, 0.25, 120.0


@dataclass
class Caller:
    """A call that is up, and when its caller hangs up at the latest."""

    call: Call
    hangs_up: float
    about: str


class Simulated:
    """Random callers of random handlers, with random faults; all of it from one seed."""

    def __init__(self, calls: int, at_once: int, seed: int) -> None:
        self.calls, self.at_once = calls, at_once
        self.chance = random.Random(seed)
        self.seed = seed
        self.up: list[Caller] = []
        self.made = self.ended = 0
        self.endings: Counter[str] = Counter()
        self.wrong: list[str] = []

    def run(self, every: int) -> Iterator[tuple[int, int]]:
        """Yields how many calls have ended and how many are up, after ``every`` calls."""
        options = {"seed": self.seed, "patience": 60.0, "raises": False}
        with FreeSwitch(**options) as switch:
            while self.ended < self.calls:
                while len(self.up) < self.at_once and self.made < self.calls:
                    self.begin(switch)
                before = self.ended // every
                switch.run(lambda: False, LOOK)
                self.look(switch.now)
                if self.ended // every > before:
                    yield self.ended, len(self.up)

    def begin(self, switch: FreeSwitch) -> None:
        chance = self.chance
        self.far_end(switch)
        which, faults = chance.choice(list(HANDLERS)), self.faults()
        call = switch.call(
            handler, caller=str(chance.randint(1000, 1999)), destination=which, faults=faults
        )
        stays = chance.uniform(0.0, LONGEST)
        call.hangup_after(stays, chance.choice(["NORMAL_CLEARING", "USER_BUSY"]))
        for _ in range(chance.randrange(8)):
            call.press_after(chance.uniform(0.0, stays), chance.choice(KEYS))
        self.made += 1
        about = f"call {self.made} of {which} ({', '.join(map(str, faults)) or 'no fault'})"
        self.up.append(Caller(call, switch.now + stays, about))

    def faults(self) -> list[Fault]:
        """None for most; one, or two at once."""
        return [self.fault() for _ in range(self.chance.choice([0, 0, 0, 1, 1, 2]))]

    def fault(self) -> Fault:
        kind = self.chance.choice(KINDS)
        if kind in EVENT_ONLY:
            return Fault(kind, self.chance.choice(EVENTS))
        return Fault(kind, self.chance.randint(1, 80), seconds=self.chance.random())

    def far_end(self, switch: FreeSwitch) -> None:
        """Now and then, somebody who is called behaves otherwise than before."""
        chance = self.chance
        who = chance.choice(["user/1000", "user/1001", "user/123"])
        if chance.random() < 0.3:
            switch.endpoint(who, rejects=chance.choice([HangupCause.USER_BUSY, "NO_ANSWER"]))
        else:
            switch.endpoint(
                who,
                rings=chance.random() < 0.5,
                answers_after=chance.choice([0.0, 2.0, 5.0, None]),
                hangs_up_after=chance.uniform(1.0, 30.0),
                presses=[(chance.uniform(0.5, 10.0), chance.choice(["1", "3", "123", "*"]))],
            )

    def look(self, moment: float) -> None:
        """Let go of those who have hung up and whose handlers have ended."""
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
            if error is not None and not isinstance(error, ESLError):
                self.wrong.append(f"{caller.about}: {error!r}")
        self.up = still

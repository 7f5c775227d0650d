"""Callers at a steady rate, each of whom presses a key after a while, and what becomes of each."""

from __future__ import annotations

import heapq
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable

from benchmarks.switchboard import Call, Switchboard, Words

#: Seconds for which the last calls may go on.
PATIENCE = 60.0
#: Seconds after which a call presses a key, at least and at most.
HOLDS = (0.2, 1.0)
#: What became of a call that its handler has hung up in its last line.
HANDLED = "handled"
REFUSED = "refused"
RESET = "reset"


class Callers(Switchboard):
    """One epoll loop that calls a port, and counts how calls ended."""

    def __init__(self, words: Words, port: int, holds: tuple[float, float] = HOLDS) -> None:
        super().__init__(words, port)
        self.on_execute = self._executed
        self.results: Counter[str] = Counter()
        self.delays: list[float] = []  # seconds from connecting to the handler's first command
        self._holds = holds
        self._chance = random.Random(0)
        self._begun: dict[Call, float] = {}
        self._ran: dict[Call, set[bytes]] = {}  # applications of the calls that are up
        self._due: list[tuple[float, int, Call]] = []  # keys
        self._order = itertools.count()

    def __enter__(self) -> Callers:
        return self

    @property
    def waiting(self) -> int:
        """The number of calls whose handlers wait for a key."""
        return len(self._due)

    def call(self) -> None:
        begun = time.monotonic()
        try:
            call = self.dial()
        except ConnectionRefusedError:
            self.results[REFUSED] += 1
            return
        except OSError:
            self.results[RESET] += 1
            return
        self._begun[call], self._ran[call] = begun, set()

    def call_steadily(self, rate: float, done: Callable[[], bool]) -> None:
        """Begin that many calls a second until ``done()``, which is asked often; see all out."""
        start, calls = time.monotonic(), 0
        while not done():
            due = start + calls / rate
            while due <= time.monotonic():
                self.call()
                calls += 1
                due = start + calls / rate
            self.turn(due - time.monotonic())
        self.see_out()

    def see_out(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while self.calls and time.monotonic() < deadline:
            self.turn(0.1)
        for call in tuple(self.calls.values()):
            self._ran.pop(call, None)
            self.results["not ended"] += 1
            call.close()

    def turn(self, timeout: float) -> None:
        """Serve what comes within that time, or until the next key is due."""
        if self._due:
            timeout = min(timeout, self._due[0][0] - time.monotonic())
        self.step(max(0.0, timeout))
        while self._due and self._due[0][0] <= time.monotonic():
            self._press(heapq.heappop(self._due)[2])

    def press_all(self) -> None:
        """Press the key of every call now."""
        due, self._due = self._due, []
        for _, _, call in due:
            self._press(call)

    def _press(self, call: Call) -> None:
        if not call.closed:
            call.say(self.words.digit.render())

    def forget(self, call: Call) -> None:
        super().forget(call)
        ran = self._ran.pop(call, None)
        if ran is None:
            return
        if b"hangup" in ran:
            self.results[HANDLED] += 1
        elif b"answer" in ran:
            self.results["cut"] += 1
        else:
            self.results["given back" if ran else RESET] += 1

    def _executed(self, call: Call, application: bytes, uuid: bytes) -> None:
        if application == b"answer":
            now = time.monotonic()
            self.delays.append(now - self._begun.pop(call))
            due = now + self._chance.uniform(*self._holds)
            heapq.heappush(self._due, (due, next(self._order), call))
        self._ran[call].add(application)
        last = (self.words.lingers,) if application == b"hangup" else ()
        call.run(self.words.runs.get(application, self.words.bare_run), uuid, *last)

"""Back ends that take time and fail: functions outside of the call, in simulated time.

A handler asks a database or an HTTP service by a function, which returns at once in a test. Here
its calls, look-ups in short, take seconds of the call, raise, or never return.
"""

from __future__ import annotations

import random
import re
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from types import FrameType
from typing import Any

from ..clockwork.held_threads import Child
from ..clockwork.real_time import RealTime
from ..clockwork.virtual_time import World
from ..ladders.transcript import LookUp
from ..model.events import SwitchEvent
from .faults import OF_LOOK_UPS, Fault
from .given import check_seconds
from .library_errors import not_there, timeout_of, too_late
from .line import Line, NeverReturned
from .replacing import Replaced, replaced

__all__ = ["At", "Fails", "Function", "Outside", "Takes"]

#: Has pytest show the lines of the failing test, not these.
__tracebackhide__ = True

Function = Callable[..., Any]
#: Seconds, the least and the most of them, or None for ever.
Takes = float | tuple[float, float] | None
#: An exception or its class; True for that of the function's library; or one of these, or None, for
#: each call.
Failure = BaseException | type[BaseException] | bool
Fails = Failure | Sequence[Failure | None] | None
#: The calls meant: a number, numbers, or a text such as "2-4" or "2-". None for all.
At = int | Collection[int] | str | None

#: Seconds that a look-up takes at least during which something else happens.
DURING = 1.0
AN_HOUR = 3600.0
#: More calls than anybody makes.
LAST = 1_000_000_000
RANGE = re.compile(r"(\d+)(-?)(\d*)")


class Outside:
    """The functions that are outside of a switch's calls."""

    def __init__(self, world: World | RealTime, lines: Mapping[str, Line], seed: int) -> None:
        self._world = world
        self._lines = lines
        self._seed = seed
        self._backends: dict[Replaced, _Backend] = {}
        #: Called with the frame of each look-up, the function's name, and the number of the call.
        self.on_asked: Callable[[FrameType, str, int], None] | None = None

    def add(
        self, function: Function | str, *, takes: Takes, fails: Fails, at: At, optional: bool
    ) -> None:
        """See `FreeSwitch.outside`."""
        rule = _Rule(_seconds(takes), _failures(fails), _calls(at), optional)
        if takes is None and rule.fails != (None,):
            raise ValueError("outside: what never returns (takes=None) can't fail, too")
        if at is not None and isinstance(fails, Sequence):
            raise ValueError("outside: fails has a list, by the number of the call; leave at out")
        stands = replaced(function)
        backend = self._backends.get(stands)
        if at is not None and backend is None and (rule.takes, rule.fails) == ((0, 0), (None,)):
            raise ValueError("outside: say what happens to the calls in at, by takes or fails")
        if backend is None:
            chance = random.Random(f"{self._seed} {stands.name}")
            backend = _Backend(self, stands.name, chance, self._world, self._lines)
            stands.add(backend)
            self._backends[stands] = backend
        backend.rules.append(rule)

    def close(self) -> None:
        """Let every function be again what it was."""
        for stands, backend in self._backends.items():
            stands.remove(backend)

    def never_asked(self) -> str | None:
        """What was to happen to a call that never came, in words; None if all has happened."""
        for backend in self._backends.values():
            for rule in backend.rules:
                if not rule.used and not rule.optional:
                    return backend.why_not(rule)
        return None


@dataclass
class _Rule:
    """What some calls of a function do."""

    takes: tuple[float, float] | None  #: at least, at most; None for ever
    fails: tuple[Failure | None, ...]  #: by the call's number, if there are several
    at: tuple[range, ...]  #: the calls meant
    optional: bool
    used: bool = False

    def is_for(self, number: int) -> bool:
        return any(number in each for each in self.at)

    def failure(self, number: int) -> Failure | None:
        if len(self.fails) == 1:
            return self.fails[0]
        return self.fails[number - 1] if number <= len(self.fails) else None


@dataclass
class _Answer:
    """What one call does."""

    number: int = 0
    seconds: float | None = 0.0  #: None for ever
    error: BaseException | None = None  #: raised then, in place of the function's call


@dataclass
class _Backend:
    """A function outside, as the handlers of one switch meet it."""

    outside: Outside
    name: str
    chance: random.Random
    world: World | RealTime
    lines: Mapping[str, Line]
    rules: list[_Rule] = field(default_factory=list)
    calls: int = 0

    def is_here(self) -> bool:
        return self._line() is not None

    def _line(self) -> Line | None:
        """The call whose handler runs in the current thread, or has started it."""
        here: int | None = threading.get_ident()
        is_left = False
        if isinstance(self.world, World):
            participant = self.world.participant()
            is_left = isinstance(participant, Child)  # or its call may be over; then the last one
            while isinstance(participant, Child):
                participant = participant.parent
            if participant is None:
                return None
            here = participant.thread.ident
        lines = list(self.lines.values())
        own = (line for line in lines if line.served_by == here)
        return next(own, lines[-1] if is_left and lines else None)

    def answer(self, function: Function, args: Any, kwargs: Any) -> Any:
        line, answer = self._asked(function, args, kwargs)
        if answer.seconds is None:
            _never_return(self.name, self.world, line)
        elif answer.seconds and isinstance(self.world, World):
            self.world.sleep(answer.seconds)
        elif answer.seconds:
            time.sleep(answer.seconds)
        if answer.error is not None:
            raise answer.error
        return function(*args, **kwargs)

    async def answer_later(self, function: Function, args: Any, kwargs: Any) -> Any:
        import asyncio  # whoever gets here has loaded it

        line, answer = self._asked(function, args, kwargs)
        if answer.seconds is None:
            loop = asyncio.get_running_loop()
            never: asyncio.Future[None] = loop.create_future()
            over = NeverReturned(f"{self.name} never returned")
            end = partial(loop.call_soon_threadsafe, never.set_exception, over)
            with _at_hangup(line, end):
                while not never.done():  # a loop for which nothing is due counts as stuck
                    await asyncio.wait([never], timeout=AN_HOUR)
            never.result()
        elif answer.seconds:
            await asyncio.sleep(answer.seconds)
        if answer.error is not None:
            raise answer.error
        return await function(*args, **kwargs)

    def _asked(self, function: Function, args: Any, kwargs: Any) -> tuple[Line, _Answer]:
        """The call that a look-up belongs to, and its answer."""
        line = self._line()
        assert line is not None
        limit = timeout_of(function, args, kwargs)
        answer = _Answer()
        # On the world's thread, so that it is noted after what the handler has sent before.
        self.world.do(lambda: self._begin(line, function, limit, answer))
        if self.outside.on_asked is not None:
            self.outside.on_asked(sys._getframe(), self.name, answer.number)
        return line, answer

    def _begin(self, line: Line, function: Function, limit: float | None, answer: _Answer) -> None:
        """Decide what a call does, and note it."""
        self.calls += 1
        answer.number = self.calls
        for rule in self.rules:
            if rule.is_for(self.calls):
                rule.used = True
                answer.seconds = None if rule.takes is None else self._drawn(*rule.takes)
                answer.error = self._error(rule.failure(self.calls), function)
        fault = None if line.tap is None else line.tap.looks_up(LookUp(self._told(answer)))
        if fault is not None:
            self._spoil(answer, fault, function)
        told = self._told(answer)
        if limit is not None and (answer.seconds is None or answer.seconds > limit):
            answer.seconds, answer.error = limit, too_late(self.name, function, limit)
            told += f", but its timeout is {limit:g} s"
        line.note("app", LookUp(told))

    def _spoil(self, answer: _Answer, fault: Fault, function: Function) -> None:
        if fault.kind not in OF_LOOK_UPS:
            if answer.seconds is not None:
                answer.seconds = max(answer.seconds, DURING)
            return
        answer.seconds, answer.error = (
            {"slow": fault.lasts, "hang": None}.get(fault.kind, 0.0),
            None,
        )
        if fault.kind == "fail":
            answer.error = not_there(self.name, function)

    def _drawn(self, least: float, most: float) -> float:
        return least if least == most else round(self.chance.uniform(least, most), 3)

    def _error(self, failure: Failure | None, function: Function) -> BaseException | None:
        if failure is True:
            return not_there(self.name, function)
        if isinstance(failure, type):
            return _made(failure, f"{self.name} failed on purpose")
        return failure.with_traceback(None) if isinstance(failure, BaseException) else None

    def _told(self, answer: _Answer) -> str:
        """The answer in words. (Not the arguments, which may be secret.)"""
        if answer.seconds is None:
            return f"{self.name} never returns"
        if answer.error is not None:
            after = f" after {answer.seconds:g} s" if answer.seconds else ""
            return f"{self.name} fails{after}: {type(answer.error).__name__}"
        return f"{self.name} takes {answer.seconds:g} s" if answer.seconds else f"asks {self.name}"

    def why_not(self, rule: _Rule) -> str:
        """Why a rule was for no call."""
        if self.calls:
            times = "once" if self.calls == 1 else f"{self.calls} times"
            first = min(each.start for each in rule.at)
            return f"outside: {self.name} was called {times}, so call {first} never came"
        return (
            f"outside: no handler called {self.name}; one that has imported it under another name "
            "(from ... import ...) is reached by that name in its own module, or if the function "
            "itself is given. Where a call may do without it, say optional=True"
        )


def _never_return(name: str, world: World | RealTime, line: Line) -> None:
    """Wait until the call is over; what the handler would do then, it never does."""
    over: BaseException = NeverReturned(f"{name} never returned")
    if isinstance(world, World):
        if isinstance(world.participant(), Child):
            over = SystemExit()  # ends a thread without a word
        participant = world.participant()
        if participant is not None and not line.hung_up:
            with _at_hangup(line, partial(world.end_wait, participant, over)):
                world.sleep(None)
    elif not line.hung_up:
        waits: SimpleQueue[None] = SimpleQueue()
        with _at_hangup(line, partial(waits.put, None)):
            waits.get()
    raise over


@contextmanager
def _at_hangup(line: Line, action: Callable[[], object]) -> Iterator[None]:
    """Run ``action`` when the call is hung up, on the world's thread."""

    def noticed(name: str, event: SwitchEvent) -> None:
        if name == "CHANNEL_HANGUP":
            action()

    line.watchers.append(noticed)
    try:
        yield
    finally:
        line.watchers.remove(noticed)


# What a test passes


def _seconds(takes: Takes) -> tuple[float, float] | None:
    """The least and the most seconds; None for ever."""
    if takes is None:
        return None
    pair = takes if isinstance(takes, tuple) else (takes, takes)
    if len(pair) != 2:
        raise ValueError(f"outside: takes is seconds, or the least and the most, not {takes!r}")
    for each in pair:
        check_seconds("outside: takes", each)
    if pair[0] > pair[1]:
        raise ValueError(f"outside: takes is the least and the most seconds, not {takes!r}")
    return pair


def _failures(fails: Fails) -> tuple[Failure | None, ...]:
    """What the calls fail with; the only one is for all of them."""
    listed = isinstance(fails, Sequence)
    failures = tuple(fails) if isinstance(fails, Sequence) else (fails,)
    for each in failures:
        kind = each if isinstance(each, type) else type(each)
        if not issubclass(kind, BaseException) and each is not None and each is not True:
            raise TypeError(
                "outside: fails is an exception, its class, True for that of the library, or a "
                f"list of these by the number of the call, not {each!r}"
            )
        if isinstance(each, type):
            _made(each, "")
    if listed and not any(failures):
        raise ValueError("outside: the list in fails has no exception")
    return (*failures, None) if listed else failures


def _made(kind: type[BaseException], why: str) -> BaseException:
    """An exception of a class, with ``why`` as its message if it takes one."""
    for arguments in [(why,), ()]:
        try:
            return kind(*arguments)
        except TypeError as error:
            refused = error
    raise TypeError(
        f"outside: fails has a class that can't be called without arguments ({refused}): give an "
        f"exception, as in fails={kind.__name__}(...)"
    )


def _calls(at: At) -> tuple[range, ...]:
    """The numbers of the calls meant, from 1."""
    if at is None:
        return (range(1, LAST),)
    if isinstance(at, str):
        found = RANGE.fullmatch(at)
        if not found:
            raise ValueError(
                f"outside: at is a call's number, or a text like '2-4' or '2-', not {at!r}"
            )
        first, dash, last = found.groups()
        parts = [range(int(first), (int(last) if last else LAST if dash else int(first)) + 1)]
    else:
        numbers: list[Any] = [*at] if isinstance(at, Collection) else [at]
        for each in numbers:
            if not isinstance(each, int) or isinstance(each, bool):
                raise TypeError(f"outside: at has the numbers of calls, from 1, not {each!r}")
        parts = [range(each, each + 1) for each in numbers]
    if not parts or any(len(each) == 0 or each.start < 1 for each in parts):
        raise ValueError(f"outside: at has the numbers of calls, from 1, not {at!r}")
    return tuple(parts)

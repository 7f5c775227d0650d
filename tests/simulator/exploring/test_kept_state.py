"""What a handler's module keeps from call to call, and where that can't be known."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest

from eslsync.loading import AppName
from simulator import explore
from simulator.clockwork.frozen import standing_still
from simulator.exploring.handlers import Explored
from simulator.exploring.kept_state import keeps_elsewhere, state_of
from simulator.exploring.trees import Tree


def loaded(code: str) -> tuple[ModuleType, dict[str, Any]]:
    module = ModuleType("office")
    with patch.dict(sys.modules, office=module):  # dataclasses look it up
        exec(compile(code, "office.py", "exec"), vars(module))
    return module, vars(module)


PLAIN_MODULE = """
from __future__ import annotations
import logging, re
from collections import deque
from dataclasses import dataclass
from datetime import date
from enum import Enum
from threading import Lock
from typing import Literal, NamedTuple
from eslsync import Channel, Session

Key = Literal["1", "2"]
NUMBERS = {"sales": ["1000", "1001"], "night": None}
HOLIDAYS = frozenset([date(2026, 12, 25)])
DIGITS = re.compile("[0-9]+")
log = logging.getLogger("office")
lock, queue, names = Lock(), deque(["a"]), {"one"}

class Day(Enum):
    OPEN = 1

class Desk(NamedTuple):
    number: str

@dataclass
class Office:
    desk: Desk
    calls: int = 0
    today = Day.OPEN
    def busy(self, but=()):
        return self.calls
    @property
    def first(self):
        return self.desk
    @staticmethod
    def spare(extra=[]):
        return extra

office = Office(Desk("1000"))

def counted():
    count = 0
    def count_one():
        nonlocal count
        count += 1
    return count_one

count_one = counted()

def handler(session: Session, seen=[]) -> None:
    session.channel.answer()
"""
CHANGES = {
    "a name": "calls = 0",
    "another value": "NUMBERS = {}",
    "part of a mapping": "NUMBERS['sales'].append('1002')",
    "part of a deque": "queue.popleft()",
    "part of a set": "names.add('two')",
    "a lock that is held": "lock.acquire()",
    "an attribute of an object": "office.calls += 1",
    "an attribute of a class": "Office.today = None",
    "a default": "handler.__defaults__[0].append(1)",
    "a default of a method": "Office.spare().append(1)",
    "an attribute of a function": "handler.calls = 1",
    "what a function encloses": "count_one()",
    "another function": "handler = counted",
    "the type of a number": "NUMBERS['night'] = 0; office.calls = False",
}


def test_what_is_not_changed_is_equal() -> None:
    module, _ = loaded(PLAIN_MODULE)
    state = state_of(module)
    assert state is not None
    assert state_of(module) == state
    assert not keeps_elsewhere(Tree(ast.parse(PLAIN_MODULE)))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_noticed(change: str) -> None:
    module, names = loaded(PLAIN_MODULE)
    state = state_of(module)
    exec(change, names)
    assert state_of(module) not in (None, state)


def test_what_contains_itself_is_compared_too() -> None:
    module, names = loaded("ring = [[]]; ring[0].append(ring)")
    state = state_of(module)
    assert state_of(module) == state
    names["ring"][0].append(1)
    assert state_of(module) != state


UNKNOWN = {
    "a generator": "def numbers():\n  yield 1\nnumber = numbers()",
    "an iterator in C": "import itertools\nnumber = itertools.count()",
    "a cache": "import functools\n@functools.cache\ndef looked_up(): pass",
    "an object of a library": "import threading\nlocal = threading.local()",
    "one with more than attributes": "import threading\nclass L(threading.local): pass\nx = L()",
    "a method of such an object": "import random\nroll = random.Random(1).random",
    "an object with slots": "class Slots:\n  __slots__ = ('calls',)\nslots = Slots()",
    "a set of objects": "class Desk: pass\ndesks = {Desk()}",
}


@pytest.mark.parametrize("code", UNKNOWN.values(), ids=UNKNOWN)
def test_the_state_of_what_cannot_be_compared_is_unknown(code: str) -> None:
    assert state_of(loaded(code)[0]) is None


@pytest.mark.parametrize(
    "code",
    [
        "import sqlite3",
        "from pathlib import Path",
        "from .desks import free",
        "def handler(session):\n  import crm",
        "def handler(session):\n  open('count', 'a')",
        "import time\ndef handler(session):\n  time.calls = 1",
        "from eslsync import Channel\ndef handler(session):\n  Channel.calls = 1",
        "def handler(session):\n  session.__dict__",
        "def handler(session):\n  type(session).calls = 1",
    ],
)
def test_code_that_may_keep_something_elsewhere(code: str) -> None:
    assert keeps_elsewhere(Tree(ast.parse(code)))


def test_dates_are_compared_while_clocks_are_frozen() -> None:
    with standing_still(None):
        module, names = loaded("from datetime import date\ndays = {date(2026, 5, 1)}")
        state = state_of(module)
        assert state is not None
        assert state_of(module) == state
        names["days"].add(names["date"](2026, 5, 2))
        assert state_of(module) not in (None, state)


def test_a_file_tells_after_each_call_whether_it_keeps_something(tmp_path: Path) -> None:
    file = tmp_path / "office.py"
    file.write_text("calls = []\ndef handler(session): calls.append(1)\n", encoding="utf-8")
    explored = Explored(None, AppName.of(file))
    handler: Any = explored.fresh()
    assert not explored.keeps()
    handler(None)
    assert explored.keeps()
    explored.fresh()
    assert not explored.keeps()


def test_later_calls_are_not_made_where_nothing_is_kept(tmp_path: Path) -> None:
    """Not even with a thread, which would be left to them."""
    file = tmp_path / "office.py"
    begins = "import threading, time\ndef handler(session):\n  session.channel.answer()\n"
    file.write_text(f"{begins}  session.channel.hangup()\n", encoding="utf-8")
    search = explore(file, keys="1", workers=1)._search
    assert search is not None
    assert not search.keeps
    lives_on = "threading.Thread(target=time.sleep, args=(90,), daemon=True).start()"
    file.write_text(f"{begins}  {lives_on}\n  session.channel.hangup()\n", encoding="utf-8")
    search = explore(file, keys="1", workers=1)._search
    assert search is not None
    assert search.keeps

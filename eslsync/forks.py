"""What a forked child has of its parent: copies of its descriptors and locks, but not its threads.

A call, a port or a file belongs to the process that opened it. In a child of `os.fork` (which
`multiprocessing` may use), everything that has registered here lets go of what it had: it closes
its descriptors without a word to the peer, and every wait on it ends. So a child neither speaks on
its parent's calls nor keeps them, or the port, alive; it can have an `Outbound` of its own.

A child that begins another program (`subprocess`) has nothing of this: Python closes the
descriptors.
"""

from __future__ import annotations

import os
import threading
from typing import Protocol
from weakref import WeakSet

__all__ = ["gate", "lock", "register"]

#: Seconds that a fork waits for descriptors that are being opened. Only a disk that hangs takes
#: longer; then the child keeps that one file open.
GATE_TIMEOUT = 1.0


class Inherited(Protocol):
    """What a forked child inherits, and can't use."""

    def let_go(self) -> None:
        """In the child, in its only thread: close descriptors, and end waits."""


_locks: WeakSet[threading.Lock] = WeakSet()
_gates: WeakSet[threading.Lock] = WeakSet()
_inherited: WeakSet[Inherited] = WeakSet()
_making = threading.Lock()  # a gate
_closed: list[threading.Lock] = []  # the gates that are closed for the fork


def lock() -> threading.Lock:
    """A lock that a forked child finds free, even if a thread of the parent holds it."""
    made = threading.Lock()
    _locks.add(made)
    return made


def gate() -> threading.Lock:
    """A lock to hold while descriptors are opened and stored, since no fork happens meanwhile."""
    made = threading.Lock()
    with _making:
        _gates.add(made)
    return made


def register(inherited: Inherited) -> None:
    """Call ``inherited.let_go()`` in every child that is forked while it exists."""
    _inherited.add(inherited)


def _before() -> None:
    if _making.acquire(timeout=GATE_TIMEOUT):
        _closed.append(_making)
        _closed.extend(each for each in _gates if each.acquire(timeout=GATE_TIMEOUT))


def _in_parent() -> None:
    while _closed:
        _closed.pop().release()


def _in_child() -> None:
    _closed.clear()
    for each in (_making, *_gates, *_locks):
        # Not release(): a thread of the parent may have got it, though locked() is still False.
        each._at_fork_reinit()  # type: ignore[attr-defined]
    for inherited in list(_inherited):
        inherited.let_go()
    _inherited.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)

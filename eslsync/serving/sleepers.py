"""How quickly Linux finds the thread to wake, among thousands that sleep.

It looks for it in a table of all threads that sleep. Since Linux 6.16, each process has a table of
its own, of 16 slots on two cores. With 5,000 calls held there are 300 threads in a slot, and to
look through them takes up to half of the CPU time that a key takes, pressed on all of them. A
process may ask for a larger table, which changes nothing else.
"""

from __future__ import annotations

import sys

__all__ = ["make_room"]

#: The slots to ask for, each of 64 bytes in the kernel: about one for each thread.
SLOTS = 4096
#: linux/prctl.h
PR_FUTEX_HASH, SET_SLOTS, GET_SLOTS = 78, 1, 2


def make_room() -> None:
    """Have Linux use a table of at least `SLOTS`. Does nothing on other systems, or older ones."""
    if 0 <= slots() < SLOTS:
        _prctl(SET_SLOTS, SLOTS)


def slots() -> int:
    """The size of the process's table; 0 if it has none yet, negative if it can't have one."""
    return _prctl(GET_SLOTS, 0)


def _prctl(what: int, number: int) -> int:
    if sys.platform != "linux":
        return -1
    try:
        from ctypes import CDLL, c_ulong  # not needed to import eslsync, nor in a simulation

        given = [c_ulong(each) for each in (what, number, 0, 0)]
        return int(CDLL(None).prctl(PR_FUTEX_HASH, *given))
    except (ImportError, OSError, AttributeError):  # a Python, or a system, without
        return -1

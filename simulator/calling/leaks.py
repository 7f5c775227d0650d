"""Finds leaks of some work: threads, open descriptors, objects."""

from __future__ import annotations

import gc
import os
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterable

from eslsync.clock import REAL
from eslsync.stacks import stack_of

from ..clockwork.held_threads import Left

__all__ = ["descriptors", "objects_since_freeze", "threads_left"]

#: Seconds for threads to end: simulated ones for those of handlers, then real ones. They take
#: milliseconds; the margin is for a busy machine.
GRACE = 10.0
#: Real seconds for a thread that has ended to let go of its objects, and between looks.
MOMENT, LOOK_INTERVAL = 1.0, 0.01


def threads_left(
    before: Iterable[threading.Thread], grace: float = GRACE, *, ended: Iterable[Left] = ()
) -> list[str]:
    """The threads that run now and are not in ``before``: the name and the stack of each.

    They have ``grace`` real seconds to end. ``ended`` are those that simulations had to end.
    """
    new = [thread for thread in threading.enumerate() if thread not in set(before)]
    deadline = time.monotonic() + grace
    for thread in new:
        thread.join(max(0.0, deadline - time.monotonic()))
    said = [f"{thread.name}\n{_stack(thread)}" for thread in new if thread.is_alive()]
    return said + [f"{each.name}\n{''.join(traceback.format_list(each.stack))}" for each in ended]


def _stack(thread: threading.Thread) -> str:
    return "".join(traceback.format_list(stack_of(thread))) or "  (it has just ended)\n"


def descriptors() -> dict[int, str]:
    """The open descriptors of this process, described; empty if the system can't list them."""
    folder = next(filter(os.path.isdir, ("/proc/self/fd", "/dev/fd")), None)
    found: dict[int, str] = {}
    for name in os.listdir(folder) if folder else ():
        try:
            found[int(name)] = os.readlink(f"{folder}/{name}")
        except FileNotFoundError:
            pass  # the listing's own
        except OSError:
            found[int(name)] = f"descriptor {name}"  # /dev/fd gives no target
    return found


def objects_since_freeze(*packages: str, but: tuple[type, ...] = ()) -> Counter[str]:
    """Count the objects of these packages' types created since `gc.freeze`, by type.

    If there are some, looks again for up to `MOMENT`: a thread that has ended, and is listed no
    more, may still be letting go of what it had.

    Excludes the types in ``but``. This is cheap: the collector skips frozen objects.
    """
    deadline = REAL.now() + MOMENT
    while True:
        gc.collect()
        left = Counter(
            type(each).__name__
            for each in gc.get_objects()
            if type(each).__module__.partition(".")[0] in packages
            and not issubclass(type(each), but)
        )
        if not left or REAL.now() > deadline:
            return left
        REAL.pause(LOOK_INTERVAL)

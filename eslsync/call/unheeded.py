"""The end of a call that its handler does not heed.

``except Exception`` in a loop catches every Hangup, and a loop may consist of methods that return
at once after the end. Such a handler is told of in the log, once, and each further Hangup or return
takes longer, so that it doesn't take a processor from the other calls.
"""

from __future__ import annotations

import logging
import threading
from typing import Protocol

from ..clock import Clock
from ..stacks import place, users_stack

__all__ = ["Unheeded"]

#: The handler meets the end so many times before it is logged: its ``finally`` blocks and
#: ``except`` clauses may each do so.
PATIENCE = 10
#: Seconds of the first pause, which doubles each time, and of the longest.
FIRST_PAUSE = 0.001
LONGEST_PAUSE = 0.25


class Met(Protocol):
    """A leg whose end the handler may meet."""

    #: How often it has.
    met_end: int


class Unheeded:
    """Counts how often the handler has met the end of its call, or of a leg; on its thread."""

    __slots__ = ("_clock", "_logger", "_pause", "_told")

    def __init__(self, clock: Clock, logger: logging.LoggerAdapter[logging.Logger]) -> None:
        self._clock = clock
        self._logger = logger
        self._pause = FIRST_PAUSE
        self._told = False

    def count(self, leg: Met) -> None:
        """The end of a leg is about to be raised, or a method to return at once, once more."""
        leg.met_end += 1
        if leg.met_end < PATIENCE:
            return
        if not self._told:
            self._told = True
            stack = users_stack(threading.current_thread(), waits=True)
            self._logger.warning(
                "the handler goes on after the end of its call, which it has met %d times, now at "
                "%s; except Exception catches Hangup, too",
                leg.met_end,
                place(stack[-1]) if stack else "an unknown place",
            )
        self._clock.pause(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

"""Threads that a handler has started, and that run on after its call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from traceback import FrameSummary

from eslsync.stacks import stack_of

from ..clockwork.held_threads import Left
from .attempts import AttemptOutcome, Trouble
from .whereabouts import Place, is_own

__all__ = ["LeftThreads"]

#: Real seconds that a thread of the handler may run on after the call.
GRACE = 0.5


class LeftThreads:
    """Looks for the threads that each call of a handler leaves.

    Those that let the process end count if each call leaves another: a worker for all calls,
    which the first starts, is no fault. ``one_process``: the handler keeps its state from call to
    call.
    """

    def __init__(self, *, one_process: bool) -> None:
        self._one_process = one_process
        #: The functions of threads that ran on after a call; True if they did so for long.
        self._known: dict[tuple[str, str], bool] = {}

    def look(
        self, before: Iterable[threading.Thread], ended: Iterable[Left], outcome: AttemptOutcome
    ) -> None:
        """Note what a call has left in its outcome.

        ``before`` are the threads of before the call, and ``ended`` those of the handler that its
        simulation has ended.
        """
        for each in ended:
            outcome.keeps = True
            self._look_at(each.stack, each.daemon, outcome, lambda _: True)
        for thread in set(threading.enumerate()) - set(before):

            def runs_on(grace: float, thread: threading.Thread = thread) -> bool:
                thread.join(grace)
                return thread.is_alive()

            self._look_at(stack_of(thread), thread.daemon, outcome, runs_on)

    def _look_at(
        self,
        stack: Sequence[FrameSummary],
        daemon: bool,
        outcome: AttemptOutcome,
        runs_on: Callable[[float], bool],
    ) -> None:
        own = [each for each in stack if is_own(each.filename)]
        if not own:
            return
        outcome.keeps = True
        which = own[0].filename, own[0].name
        is_known = self._known.get(which)  # None if it is the first one
        self._known.setdefault(which, False)
        if daemon and (is_known is None or not self._one_process):
            return
        if runs_on(0 if is_known else GRACE):
            self._known[which] = True
            place = Place(own[0].filename, own[0].lineno or 0, own[0].name)
            text = "a thread that the handler has started runs on after the call"
            outcome.troubles.append(Trouble("outlives", text, place, at_hangup=False))

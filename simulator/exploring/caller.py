"""Makes the calls of an exploration.

Each call has a new switch, begins from nothing, and so takes the same course each time. Only the
server that the switch calls may be that of the call before (`simulator.calling.servers`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from eslsync import Outbound
from eslsync.loading import Handler

from ..model.evidence import StandsOn
from ..scripts.script import Script
from .attempts import Attempt, AttemptOutcome
from .boundaries import Turns
from .left_threads import LeftThreads
from .lines import Lines
from .making import Making
from .observer import Observer
from .probes import Ran, Spot
from .situations import Situation
from .surroundings import errors_kept, no_exit, same_randomness
from .troubles import troubles_logged
from .whereabouts import Place

__all__ = ["Caller"]

#: Real seconds of patience with handlers at lines that have used up the full patience before.
KNOWN_PATIENCE = 0.2


@dataclass
class Caller:
    """Makes calls to a handler."""

    app: Callable[[], Handler | Outbound]
    #: True if the last call may have changed what later ones meet in the same process.
    keeps: Callable[[], bool] = lambda: True
    key: Callable[[Situation], object] | None = None
    patience: float | None = 5.0
    base: Path = Path()  #: the folder of files named in circumstances
    lines: Lines | None = None
    ran: Ran = field(default_factory=Ran)
    turns: Turns | None = None
    questions: frozenset[Spot] = frozenset()  #: statements that depend on facts about the call
    #: What its calls used of FreeSWITCH.
    stands_on: StandsOn = field(default_factory=StandsOn)
    #: Lines of the handler at which it has used up the patience.
    stuck: set[Place] = field(default_factory=set)
    #: True if each outcome tells all that ran and was used, not only what no other has told.
    tells_all: bool = False
    #: True to notice in the usual caller's calls when something depends on who calls.
    notices_looks: bool = False
    one_process: bool = False  #: True if the handler keeps its state from call to call

    def __post_init__(self) -> None:
        self._left = LeftThreads(one_process=self.one_process)

    def make(self, attempt: Attempt, *, draw: bool = False) -> AttemptOutcome:
        """Make one call; ``draw`` its ladder, too."""
        self.ran.begin()
        with errors_kept() as log, same_randomness(), no_exit():
            patience = self.patience
            if self.stuck and patience is not None:
                patience = min(patience, KNOWN_PATIENCE)
            outcome = self._make(attempt, log, patience, draw=draw)
            if outcome.slow and patience != self.patience and not self.stuck & outcome.stuck_at:
                # It may only be slow: it gets the full patience at a line that is not known.
                outcome = self._make(attempt, log, self.patience, draw=draw)
            self.stuck |= outcome.stuck_at
        outcome.keeps = outcome.keeps or self.keeps()
        outcome.asks = self.questions & self.ran.now
        outcome.ran = frozenset(self.ran.now) if self.tells_all else self.ran.new()
        if not self.tells_all:
            outcome.stands_on = tuple(filter(self.stands_on.use, outcome.stands_on))
        if self.lines is not None:
            outcome.lines = self.lines.new()
        return outcome

    def _make(
        self,
        attempt: Attempt,
        log: Sequence[logging.LogRecord],
        patience: float | None,
        *,
        draw: bool,
    ) -> AttemptOutcome:
        making = Making(
            attempt,
            Script("handler", call=attempt.call, path=self.base / "script"),
            Observer(attempt.call.get("endpoints", {}), self.key, self.turns),
            patience=patience,
            notices_looks=self.notices_looks and attempt.is_usual,
        )
        making.make(self.app, draw=draw)
        outcome = making.outcome
        if making.line.error is None:
            outcome.troubles += troubles_logged(log, at_hangup=making.closing)
        if outcome.slow:
            outcome.keeps = True  # the thread that is left is the handler's own
        else:
            self._left.look(making.threads, making.simulation.left, outcome)
        return outcome

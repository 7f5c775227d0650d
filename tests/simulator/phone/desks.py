"""A desk whose state a test can wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from simulator.phone.desk import Desk, Telephone
from simulator.phone.protocol import Command, Skip, Speed, State
from simulator.scripts.script import Script
from tests.support.peer import PATIENCE

__all__ = ["WatchedDesk", "desk_of"]


class WatchedDesk(Desk):
    """Wakes whoever waits for its state."""

    def __init__(self, telephone: Telephone) -> None:
        self._news = threading.Condition()
        super().__init__(telephone, self._wake)

    def __enter__(self) -> WatchedDesk:
        return self

    def _wake(self, changed: State) -> None:
        with self._news:
            self._news.notify_all()

    def until(self, holds: Callable[[State], object]) -> State:
        """The state once something holds of it."""
        with self._news:
            assert self._news.wait_for(lambda: holds(self.state), PATIENCE), self.state
            return {**self.state}

    def move(self, command: Command) -> State:
        """Do what the caller or a far end does; the state that tells of it."""
        made = len(self.state["moves"])
        self.do(command)
        return self.until(lambda state: len(state["moves"]) > made)

    def skip_until(self, holds: Callable[[State], object]) -> State:
        """The state once something holds of it, in one of the next moments.

        What was done before must have been told already, or it would be taken for a moment's.
        """
        self.do(Speed(0))
        self.until(lambda state: state["phase"] == "ended" or not state["speed"])
        for _ in range(100):
            before = self.until(
                lambda state: state["phase"] == "ended" or (state["where"] and state["ladder"])
            )
            if holds(before) or before["phase"] == "ended":
                break
            self.do(Skip())
            self.until(partial(is_another, before))
        return self.until(holds)


def is_another(before: State, state: State) -> bool:
    return state["phase"] == "ended" or state["ladder"] != before["ladder"]


def desk_of(file: object, **call: object) -> WatchedDesk:
    """The desk of calls to the handler in a file."""
    return WatchedDesk(Telephone(Script(str(file), call={"caller": "1001", **call})))

"""Tells the observers of a server of its calls' moments, on a thread of their own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from queue import SimpleQueue
from typing import Any

from ..clock import REAL, Clock, here
from ..logs import logger
from ..observers import PENDING, ObservedCall, Observer

__all__ = ["Observers"]

#: Seconds that a stopping server gives its observers for what they have not been told of.
STOP_TIMEOUT = 5.0

#: Told even if too many wait, so that whoever counts calls, or remembers them, forgets none.
ALWAYS = frozenset({"taken", "ended"})

#: One moment: the name of the observers' method, and its arguments. None is the end.
Moment = tuple[str, tuple[Any, ...]] | None


class Observers:
    """The observers of a server. Any thread may tell them something; it never waits."""

    def __init__(self, observers: Sequence[Observer], clock: Clock, name: str) -> None:
        self._observers = observers
        self._moments: SimpleQueue[Moment] = SimpleQueue()
        self._failed: set[tuple[Observer, str]] = set()  # logged already
        self._dropped = 0
        self._thread: threading.Thread | None = None
        if not clock.simulates:
            self._thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._thread.start()

    def tell(self, moment: str, *arguments: Any) -> None:
        """Have them told of a moment; at once in simulated time."""
        if self._thread is None:
            self._call(moment, arguments)
        elif self._moments.qsize() < PENDING or moment in ALWAYS:
            self._moments.put((moment, arguments))
        else:
            self._dropped += 1
            if self._dropped == 1:
                what = "observers are too slow: %d moments wait, and further ones are dropped"
                logger.warning(what, PENDING)

    @contextmanager
    def handling(self, call: ObservedCall) -> Iterator[None]:
        """Run the handler of this call inside of what observers want around it."""
        entered: list[tuple[Observer, AbstractContextManager[object]]] = []
        for observer in self._observers:
            try:
                around = observer.handling(call)
                if around is not None:
                    around.__enter__()
                    entered.append((observer, around))
            except BaseException:  # noqa: BLE001 - it must not hurt the call
                self._note_failure(observer, "handling")
        try:
            yield
        except BaseException as error:
            self._leave(entered, error)
            raise
        self._leave(entered, None)

    def _leave(
        self,
        entered: list[tuple[Observer, AbstractContextManager[object]]],
        error: BaseException | None,
    ) -> None:
        for observer, around in reversed(entered):
            try:
                if error is None:
                    around.__exit__(None, None, None)
                else:
                    around.__exit__(type(error), error, error.__traceback__)
            except BaseException as raised:  # noqa: BLE001 - it must not hurt the call
                if raised is not error:
                    self._note_failure(observer, "handling")

    def stop(self) -> None:
        """Tell them of what they have not been told of yet, and of no more."""
        if self._thread is not None:
            self._moments.put(None)
            self._thread.join(STOP_TIMEOUT)
            if self._thread.is_alive():
                logger.error(
                    "stop: an observer is stuck, and left behind with %d moments",
                    self._moments.qsize(),
                )
        if self._dropped:
            logger.warning("observers were not told of %d moments", self._dropped)

    def _run(self) -> None:
        with here.busy:  # an observer may stop the server, which would wait for this thread
            while (moment := REAL.get(self._moments, None)) is not None:
                self._call(*moment)
                del moment  # it may keep an exception, and so a call

    def _call(self, moment: str, arguments: tuple[Any, ...]) -> None:
        for observer in self._observers:
            try:
                getattr(observer, moment)(*arguments)
            except BaseException:  # noqa: BLE001 - it must hurt neither the call nor the others
                self._note_failure(observer, moment)

    def _note_failure(self, observer: Observer, moment: str) -> None:
        """Log what an observer has raised; once as an error for each of its methods."""
        known = (observer, moment) in self._failed
        self._failed.add((observer, moment))
        what = "an observer has failed, and the call goes on: %s.%s"
        level = logging.DEBUG if known else logging.ERROR
        logger.log(level, what, type(observer).__name__, moment, exc_info=True)

"""What the bounds of a call have dropped: counted, and each kind logged once."""

from __future__ import annotations

import logging

from ..bounds import Bound

__all__ = ["Losses"]


class Losses:
    """The losses of one call, on its handler's thread."""

    __slots__ = ("_logger", "_told", "total")

    def __init__(self, logger: logging.LoggerAdapter[logging.Logger]) -> None:
        self._logger = logger
        self._told: tuple[str, ...] = ()
        #: The number of things that were dropped, of all kinds.
        self.total = 0

    def count(self, bound: Bound, lost: object) -> None:
        """Count one thing that was dropped because there were too many of its kind."""
        self.total += 1
        self.tell(bound, lost)

    def tell(self, bound: Bound, lost: object) -> None:
        """Log, once, that a bound drops things."""
        if bound.what not in self._told:
            self._told += (bound.what,)
            self._logger.warning("%s; dropping the oldest, %s first", bound, lost)

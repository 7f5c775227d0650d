"""The events that the switch has been asked for."""

from __future__ import annotations

import threading

from ..wire.message import Format

__all__ = ["Subscription"]

#: The commands that change it.
VERBS = frozenset({"EVENT", "FILTER", "MYEVENTS", "NOEVENTS"})


class Subscription:
    """Which events arrive, derived from the commands that the switch accepted in any thread."""

    __slots__ = (
        "_lock",
        "_names",
        "completions",
        "filtered",
        "format",
        "hangups",
        "is_async",
        "on",
    )

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: set[str] = set()
        #: The format of events.
        self.format: Format = "plain"
        #: True for an async socket. On a sync one, a hangup's last event never comes (06a).
        self.is_async = False
        #: True while any events arrive.
        self.on = False
        #: True once a filter lets only some events through.
        self.filtered = False
        #: True while CHANNEL_EXECUTE_COMPLETE arrives, which blocking calls need.
        self.completions = False
        #: True while CHANNEL_HANGUP_COMPLETE arrives, the last sign of a hangup.
        self.hangups = False

    def note(self, line: str) -> None:
        """Note a command that the switch has accepted."""
        verb = line.split(None, 1)[0].upper()
        if verb not in VERBS:
            return
        names = line.upper().split()[1:]
        with self._lock:
            if verb == "FILTER":
                self.filtered = True
            elif verb == "NOEVENTS":
                self.on = self.completions = self.hangups = False
                self._names.clear()
            else:
                everything = verb == "MYEVENTS" or "ALL" in names
                self.on = True
                self._names.update(names[1:])  # the first word is the format
                self.completions |= everything or "CHANNEL_EXECUTE_COMPLETE" in names
                if everything or "CHANNEL_HANGUP_COMPLETE" in names:
                    self.hangups = self.is_async

    @property
    def myevents(self) -> str:
        """The command that subscribes to the events of the channel that the switch chooses."""
        return "myevents" if self.format == "plain" else f"myevents {self.format}"

    def event(self, names: str) -> str:
        """The command that subscribes to these events."""
        return f"event {self.format} {names}"

    def missing(self, *names: str) -> set[str]:
        """The events among these that no ``event`` has named yet."""
        with self._lock:
            return set() if "ALL" in self._names else set(names) - self._names

    def check(self, what: object) -> None:
        """Raise RuntimeError if a wait for ``what`` would last as long as the call."""
        if not self.on:
            raise RuntimeError(
                f"{what} would never arrive: the call was taken with events=False, and no "
                "`event` command has been sent since"
            )

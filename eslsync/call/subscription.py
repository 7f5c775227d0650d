"""Which events the switch has been asked for."""

from __future__ import annotations

import threading

from ..wire.message import Format

__all__ = ["Subscription"]

#: The commands that change it.
VERBS = frozenset({"EVENT", "FILTER", "MYEVENTS", "NOEVENTS"})


class Subscription:
    """Which events come, as the commands that the switch has taken say. Any thread sends those."""

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
        #: How the switch is to write events.
        self.format: Format = "plain"
        #: True for an async socket. On a sync one, a hangup's last event never comes (06a).
        self.is_async = False
        #: True once any events come.
        self.on = False
        #: True once a filter lets only some of them through.
        self.filtered = False
        #: True once CHANNEL_EXECUTE_COMPLETE comes, which blocking calls rest on.
        self.completions = False
        #: True once CHANNEL_HANGUP_COMPLETE comes, the last word of a hangup.
        self.hangups = False

    def note(self, line: str) -> None:
        """The switch has taken this command."""
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
        """The command that subscribes to the channel's own events, as the switch chooses them."""
        return "myevents" if self.format == "plain" else f"myevents {self.format}"

    def event(self, names: str) -> str:
        """The command that subscribes to these events."""
        return f"event {self.format} {names}"

    def missing(self, *names: str) -> set[str]:
        """Those of these events that no ``event`` has named yet."""
        with self._lock:
            return set() if "ALL" in self._names else set(names) - self._names

    def check(self, what: object) -> None:
        """Raise RuntimeError where a wait for ``what`` would last as long as the call."""
        if not self.on:
            raise RuntimeError(
                f"{what} would never arrive: the call was taken with events=False, and no "
                "`event` command has been sent since"
            )

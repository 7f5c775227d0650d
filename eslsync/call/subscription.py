"""What the switch has been asked to tell."""

from __future__ import annotations

import threading

__all__ = ["Subscription"]

#: The commands that change it.
VERBS = frozenset({"EVENT", "FILTER", "MYEVENTS", "NOEVENTS"})


class Subscription:
    """Which events come, by the commands that the switch has taken.

    Any thread may have sent them.
    """

    __slots__ = ("_is_async", "_lock", "_names", "completions", "filtered", "hangups", "on")

    def __init__(self, *, is_async: bool) -> None:
        self._is_async = is_async  # the socket; else a hangup's last event never comes (06a)
        self._lock = threading.Lock()
        self._names: set[str] = set()
        #: Do any events come?
        self.on = False
        #: Only those that a filter lets through?
        self.filtered = False
        #: CHANNEL_EXECUTE_COMPLETE, which blocking calls rest on?
        self.completions = False
        #: CHANNEL_HANGUP_COMPLETE, with which the end of a call has been told?
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
                self._names.update(names[1:])  # what comes before is the format
                self.completions |= everything or "CHANNEL_EXECUTE_COMPLETE" in names
                if everything or "CHANNEL_HANGUP_COMPLETE" in names:
                    self.hangups = self._is_async

    def missing(self, *names: str) -> set[str]:
        """Those of these events that no ``event`` has named yet."""
        with self._lock:
            return set() if "ALL" in self._names else set(names) - self._names

    def check(self, what: object) -> None:
        """Raises RuntimeError where a wait for it would last as long as the call."""
        if not self.on:
            raise RuntimeError(
                f"{what} would never come: the call was taken with events=False, and no "
                "`event` command has been sent since"
            )

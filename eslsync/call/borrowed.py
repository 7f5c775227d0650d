"""Channel variables that methods set for their application, and put back afterwards."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from .. import forks
from ..clock import Clock, check_may_wait, here
from ..wire.arguments import check_value, literal, multiset_arguments
from ..wire.message import Event
from ..wire.texts import sendable

__all__ = ["BorrowedVariables"]

#: Held for a moment, since other threads execute applications as well. One for all legs, which
#: seldom need it: a lock that forks know takes 240 bytes.
CHANGING = forks.lock()


class Lender(Protocol):
    """The leg that the variables belong to."""

    @property
    def known(self) -> Event: ...

    def start(self, application: str, argument: str, timeout: float | None) -> object: ...


class Borrowed(NamedTuple):
    """A variable that a method has set: its value, and the one before."""

    value: str
    before: str | None


class BorrowedVariables:
    """The variables of one leg that methods have set because an application reads them."""

    __slots__ = ("_clock", "_leg", "ours")

    def __init__(self, leg: Lender, clock: Clock) -> None:
        self._leg = leg
        self._clock = clock
        #: The variables to put back, by name.
        self.ours: dict[str, Borrowed] = {}

    def set(self, timeout: float | None, **variables: str | None) -> None:
        """Set these variables; None restores one that we have changed.

        They are set only if they differ from what we last set. FreeSWITCH executes in the order
        of sending, so their completion need not be awaited.
        """
        ours = dict(self.ours)
        kept: dict[str, Borrowed] = {}
        changed: dict[str, str | None] = {}
        for name, value in variables.items():
            was = ours.get(name)
            if value is None:
                if was is not None:
                    changed[name] = was.before
                continue
            before = self._now(name) if was is None else was.before
            kept[name] = Borrowed(check_value(value), before)
            if was is None or was.value != value:
                changed[name] = value
        if not (changed or kept):
            return
        self._send(changed, timeout)
        check_may_wait()
        with here.busy, CHANGING:
            # forget those that another thread has set meanwhile
            others = {n: s for n, s in self.ours.items() if n not in variables}
            self.ours = others | kept

    def to_put_back(self) -> list[tuple[str, str]]:
        """The applications that do so, with their arguments. Any thread."""
        return _applications({name: each.before for name, each in self.ours.items()})

    def put_back(self, timeout: float | None) -> None:
        """Restore every variable to what it was before methods set it."""
        self.set(timeout, **dict.fromkeys(self.ours))

    def forget(self, argument: str) -> None:
        """Stop restoring what this argument names: the handler sets it itself."""
        check_may_wait()
        with here.busy, CHANGING:
            self.ours = {
                name: value
                for name, value in self.ours.items()
                if not re.search(rf"\b{name}(=|,|$)", argument)
            }

    def _now(self, name: str) -> str | None:
        """The variable's value; None if no command can contain it, as it is unset then."""
        value = self._leg.known.variables.get(name)
        try:
            return None if value is None else check_value(sendable(value))
        except ValueError:
            return None

    def _send(self, variables: dict[str, str | None], timeout: float | None) -> None:
        deadline = self._clock.deadline(timeout)
        for application, argument in _applications(variables):
            self._leg.start(application, argument, self._clock.left(deadline))
            self.forget(argument)  # until all are sent: the next may be refused


def _applications(variables: Mapping[str, str | None]) -> list[tuple[str, str]]:
    """The applications that set these variables, or unset them, with their arguments."""
    new = {name: value for name, value in variables.items() if value is not None}
    applications = [("unset", name) for name in variables if name not in new]
    if len(new) == 1:
        [(name, value)] = new.items()
        applications.append(("set", f"{name}={literal(value)}"))
    elif new:
        applications += [("multiset", argument) for argument in multiset_arguments(new)]
    return applications

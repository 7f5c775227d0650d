"""Groups what differs in many recordings by its reason, as far as that can be seen.

A difference early in a call causes others later. So a recording counts for its first one, and
recordings whose first difference is of the same kind, about the same header or event, during the
same application or command, are one group.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .comparison import Kind, Mismatch, Report
from .reading import Sent

__all__ = ["Group", "grouped"]

#: The kinds, in words.
IN_WORDS: dict[Kind, str] = {
    "missing": "the simulated switch does not send",
    "extra": "only the simulated switch sends",
    "headers": "not the same headers",
    "value": "another value",
    "body": "another body",
    "type": "another Content-Type",
    "order": "another order",
    "end": "another end",
}


@dataclass(frozen=True)
class Group:
    """Recordings whose first difference is of the same kind."""

    kind: Kind
    what: str  #: the message or the headers
    during: str  #: the application that began last, or the answer
    recordings: tuple[str, ...]
    example: Mismatch

    def __str__(self) -> str:
        during = f", during {self.during}" if self.during else ""
        return f"{IN_WORDS[self.kind]}: {self.what}{during}"


def grouped(reports: Iterable[Report]) -> list[Group]:
    """The groups of the recordings that don't conform, the largest first."""
    found: dict[tuple[Kind, str, str], list[tuple[str, Mismatch]]] = {}
    for report in reports:
        if report.differences:
            first = min(report.differences, key=_moment)
            key = (first.kind, _what(first), _during(first, report.expected))
            found.setdefault(key, []).append((report.name, first))
    groups = [
        Group(*key, tuple(name for name, _ in each), each[0][1]) for key, each in found.items()
    ]
    return sorted(groups, key=lambda group: (-len(group.recordings), group.recordings))


def _moment(difference: Mismatch) -> float:
    return float("inf") if difference.message is None else difference.message.time


def _what(difference: Mismatch) -> str:
    message = difference.message
    if message is None:
        return difference.where
    if difference.kind in ("headers", "value"):
        return difference.what
    return " ".join(filter(None, (message.name or message.kind, message.get("Application"))))


def _during(difference: Mismatch, messages: Sequence[Sent]) -> str:
    """The application that ran last before a difference."""
    if difference.message is None:
        return ""
    began = [
        each.get("Application")
        for each in messages
        if each.name == "CHANNEL_EXECUTE" and each.time <= difference.message.time
    ]
    return began[-1] if began else ""

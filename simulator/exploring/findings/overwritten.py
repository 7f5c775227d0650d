"""Recordings that the next caller's replace."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from ...clockwork.frozen import start_of_time
from ...clockwork.threads import SECOND
from ..attempts import Attempt
from ..graph import Way
from ..search import Search
from ..whereabouts import Place
from .finding import Evidence, Finding

__all__ = ["KINDS", "find"]

KINDS = {
    "overwritten": "every call records into the same file",
}
#: Files that are tried, at most.
MOST = 24
#: What differs in the other call, so that a name made of it does.
OTHER = {"seed": 4711, "caller": "1007"}
LATER = 61


def find(evidence: Evidence) -> Iterator[Finding]:
    """Each file that another caller's call, with another uuid at another time, records, too."""
    search = evidence.search
    for file, way in list(search.recorded.items())[:MOST]:
        if file in _recorded_by_another(search, way):
            text = f"every call records into {file}: name the file after the call"
            yield Finding("overwritten", text, _place(search, way), way.then("hangup"))


def _recorded_by_another(search: Search, way: Way) -> frozenset[str]:
    call: dict[str, Any] = {**way.call, **OTHER}
    seconds = start_of_time(call.get("start")) / SECOND + LATER
    call["start"] = datetime.fromtimestamp(seconds, timezone.utc).replace(tzinfo=None).isoformat()
    return search.caller(covers=False).make(Attempt(call, way.steps)).recorded


def _place(search: Search, way: Way) -> Place | None:
    """The line where the first call to record the file was then."""
    for edge in search.edges:
        if edge.way == way:
            number = edge.target if isinstance(edge.target, int) else edge.source
            return None if number is None else search.nodes[number].situation.place
    return None

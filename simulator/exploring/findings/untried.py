"""What was not tried: as long as there is any of it, nothing can be said to be right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..actions import numbers_left_out, phrases_left_out
from ..graph import Node
from ..search import Search
from .finding import Evidence, Finding, many

__all__ = ["KINDS", "find"]

KINDS = {
    "stopped": "a limit, Ctrl-C, or the end of a worker process left actions untried",
    "cut": "situations, numbers and phrases that were not tried, since many at the same spot were",
    "astray": "the same steps led elsewhere the second time",
    "lost": "steps that explore itself could not take again",
    "untried": "the handler never waited for a caller, so there was nothing to try",
}
#: Situations that a finding names.
NAMED = 4


def find(evidence: Evidence) -> Iterator[Finding]:
    """What was left out, at each spot once."""
    search = evidence.search
    if search.stopped is not None:
        yield _stopped(search.stopped, search.open, search.due)
    elif not search.nodes and not search.incidents:
        yield Finding("untried", "the handler never waits: no caller has anything to do")
    for function in _outside(search):
        if function not in search.asked:
            text = f"no call asks {function}, so nothing was tried of what is outside"
            yield Finding("untried", text)
    for first, number in _by_spot(search.uncontinued):
        differ = "they differ only in variables from others there"
        text = f"{many(number, 'situation')} not explored at {first.title}: {differ}"
        yield Finding("cut", text, first.situation.place, node=first.number)
    for first, _ in _by_spot(search.crowded):
        for did, option, left in (
            ("enters", "--entry", numbers_left_out(first.situation, search.entries)),
            ("says", "--says", phrases_left_out(first.situation, search.entries)),
        ):
            if left:
                text = (
                    f"no caller {did} {_named(left)} at {first.title}: more are known than are "
                    f"tried; name those that matter with {option}"
                )
                yield Finding("cut", text, first.situation.place, node=first.number)
    varies = [node for node in search.strays if node.number not in search.repeatable]
    for first, number in _by_spot(varies):
        text = (
            f"{many(number, 'call')} led elsewhere the second time, at {first.title}: does the "
            "handler keep something from call to call, or act at random?"
        )
        yield Finding("astray", text, first.situation.place, first.here, node=first.number)
    for first, number in _by_spot(n for n in search.strays if n.number in search.repeatable):
        text = f"explore could not take its steps again in {many(number, 'call')}, at {first.title}"
        yield Finding("lost", text, first.situation.place, first.here, node=first.number)


def _outside(search: Search) -> list[str]:
    """The functions that are outside, each once."""
    listed = (each for way in search.circumstances for each in way.get("outside", ()))
    return list(dict.fromkeys(e if isinstance(e, str) else e["function"] for e in listed))


def _named(left: Sequence[str]) -> str:
    """The first of what was left out, and how many more there are."""
    return left[0] if len(left) == 1 else f"{left[0]} and {len(left) - 1} more"


def _stopped(why: str, nodes: list[Node], due: int) -> Finding:
    names = list(dict.fromkeys(node.title for node in nodes))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    where = f" at {', '.join(names[:NAMED])}{more}" if names else ""
    text = f"{why}; not tried: {many(due, 'action')}{where}"
    if not nodes:
        return Finding("stopped", text)
    return Finding("stopped", text, nodes[0].situation.place, node=nodes[0].number)


def _by_spot(nodes: Iterable[Node]) -> list[tuple[Node, int]]:
    """The first node at each spot, and the number of nodes there."""
    found: dict[str, tuple[Node, int]] = {}
    for node in nodes:
        first, number = found.get(node.situation.spot, (node, 0))
        found[node.situation.spot] = first, number + 1
    return list(found.values())

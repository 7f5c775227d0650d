"""Lines of the handler's file that no call ran, and prompts that no caller heard."""

from __future__ import annotations

from collections.abc import Iterator

from ..trees import tree_of
from ..unrun import unrun
from ..whereabouts import Place
from .finding import Evidence, Finding
from .prompts import unplayed

__all__ = ["KINDS", "find"]

KINDS = {
    "unreached": "lines that no call ran, and prompts, behind what explore can't bring about",
}


def find(evidence: Evidence) -> Iterator[Finding]:
    """Each run of lines once; of the prompts, those that no such lines name."""
    search, path = evidence.search, evidence.source.path
    if search.stopped is not None or not (search.nodes or search.incidents):
        return
    told = {each.place.line for each in evidence.found if each.place is not None}
    prompts = [
        (prompt, place) for prompt, place, up_to_callers in unplayed(evidence) if not up_to_callers
    ]
    tree, text = tree_of(str(path)), path.read_text(encoding="utf-8") if path.is_file() else ""
    for each in unrun(tree, text, evidence.source.handler, search.explored.ran):
        here = range(each.first, each.last + 1)
        if any(line in here or line in each.after for line in told):
            continue
        inside = [
            (prompt, place)
            for prompt, place in prompts
            if place is not None and (place.line in here or place.function in each.names)
        ]
        prompts = [prompt for prompt in prompts if prompt not in inside]
        if each.outside:
            line = Place(str(path), each.first, each.function)
            evidence.remarks.append(
                f"not tried: {each.behind} ({line}): only something outside raises that"
            )
            continue
        lines = f"line {each.first}" if len(here) == 1 else f"lines {each.first}-{each.last}"
        behind = f", behind `{each.behind}`" if each.behind else ""
        plays = f", which plays {', '.join(name for name, _ in inside)}" if inside else ""
        place = Place(str(path), each.first, each.function)
        yield Finding("unreached", f"no call runs {lines}{behind}{plays}", place)
    for prompt, where in prompts:
        text = f"no caller got to {prompt}: more decides than keys, far ends and times"
        yield Finding("unreached", text, where)

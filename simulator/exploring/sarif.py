"""The findings as SARIF 2.1.0, which code-scanning pages show: ``eslsync explore --sarif``."""

from __future__ import annotations

import json
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .behaviour import without_code
from .changes import Change
from .findings.families import INCOMPLETE, KINDS
from .reports import file_of
from .whereabouts import Place

if TYPE_CHECKING:
    from .exploration import Exploration

__all__ = ["as_sarif"]

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
#: The rule of what has changed since a map was saved, and its meaning.
CHANGED, MEANING = "changed", "callers hear or can do something else than in the saved map"


def as_sarif(exploration: Exploration) -> str:
    """The findings, and what has changed, each at a line of the handler."""
    kinds = {**KINDS, CHANGED: MEANING}
    order = list(kinds)
    found = [
        _result(exploration, each.kind, each.text, each.place, exploration.script(each), order)
        for each in exploration.findings
    ]
    if exploration.review is not None:
        found += [
            _result(exploration, CHANGED, str(each), *_of_change(exploration, each), order)
            for each in exploration.review.changes
            if each.kind not in ("finding", "incomplete")  # these are results already
        ]
    rules = [{"id": kind, "shortDescription": {"text": text}} for kind, text in kinds.items()]
    driver = {"name": "eslsync explore", "version": _version(), "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": found}
    sarif = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(sarif, indent=1, ensure_ascii=False) + "\n"


def _version() -> str:
    try:
        return version("eslsync")
    except PackageNotFoundError:
        return "unknown"


def _of_change(exploration: Exploration, change: Change) -> tuple[Place | None, str | None]:
    node = exploration.change_node(change)
    place = None if node is None else node.situation.place
    return place, exploration.change_script(change)


def _result(
    exploration: Exploration,
    kind: str,
    text: str,
    place: Place | None,
    script: str | None,
    order: list[str],
) -> dict[str, Any]:
    shows = "" if script is None else f"\n\nThis caller script shows it:\n\n{script}"
    marked = "" if script is None else f"\n\nThis caller script shows it:\n\n```yaml\n{script}```"
    function = "" if place is None else place.function
    which = blake2b(f"{kind} {function} {without_code(text)}".encode("utf-8", "replace"))
    result: dict[str, Any] = {
        "ruleId": kind,
        "ruleIndex": order.index(kind),
        "level": "note" if kind in INCOMPLETE else "warning" if kind == CHANGED else "error",
        "message": {"text": text + shows, "markdown": text + marked},
        # the same on each run, wherever the lines have moved
        "partialFingerprints": {"eslsync/v1": which.hexdigest()[:32]},
    }
    where = _location(exploration, place)
    if where is not None:
        result["locations"] = [where]
    return result


def _location(exploration: Exploration, place: Place | None) -> dict[str, Any] | None:
    """The place; for what has none, the beginning of the handler."""
    at = exploration.beginning if place is None else place
    if at is None:
        return None
    file: dict[str, Any] = {"uri": quote(file_of(at))}
    return {
        "physicalLocation": {"artifactLocation": file, "region": {"startLine": max(1, at.line)}},
        "logicalLocations": [{"name": at.function, "kind": "function"}],
    }

"""The report of an exploration as JSON, for other programs: ``eslsync explore --json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..scripts.nodes import shown
from .findings.families import INCOMPLETE
from .findings.finding import Finding
from .whereabouts import Place

if TYPE_CHECKING:
    from .exploration import Exploration

__all__ = ["as_json", "file_of"]

FORMAT, VERSION = "eslsync explore report", 1


def as_json(exploration: Exploration) -> str:
    """The report: for the same handler and options the same text."""
    return json.dumps(_report(exploration), indent=1, ensure_ascii=False) + "\n"


def file_of(place: Place) -> str:
    """A place's file, relative to the current folder if it is below, with slashes."""
    return Path(shown(Path(place.file))).as_posix()


def _report(exploration: Exploration) -> dict[str, Any]:
    review = exploration.review
    broken = {each.rule for each in exploration.findings}
    return {
        "format": FORMAT,
        "version": VERSION,
        "handler": exploration.title,
        "status": exploration.status,
        "verdict": exploration.verdict,
        "complete": exploration.complete,
        "stopped": exploration.stopped,
        "tried": dict(exploration.tried),
        "calls": exploration.calls,
        "situations": len(exploration.nodes),
        "spots": len(exploration.map.spots),
        "stands on": str(exploration.stands_on),
        "transfers": list(exploration.transfers),
        "remarks": list(exploration.remarks),
        "rules": [{"rule": each, "holds": each not in broken} for each in exploration.rules],
        "findings": [_finding(exploration, each) for each in exploration.findings],
        "allowed": [_finding(exploration, each) for each in exploration.allowed],
        "review": None
        if review is None
        else {
            "against": review.file,
            "findings as before": review.known,
            "changes": [
                {"kind": each.kind, "text": str(each), "script": exploration.change_script(each)}
                for each in review.changes
            ],
        },
        "lines not reached": {
            Path(shown(Path(file))).as_posix(): missed
            for file, (_, missed) in exploration.uncovered.items()
        },
    }


def _finding(exploration: Exploration, finding: Finding) -> dict[str, Any]:
    place = finding.place
    spot = None if finding.node is None else exploration.map.spot_of(finding.node)
    return {
        "kind": finding.kind,
        "text": finding.text,
        "incomplete": finding.kind in INCOMPLETE,
        "place": place and {"file": file_of(place), "line": place.line, "function": place.function},
        "spot": spot and {"number": spot.number, "title": spot.title},
        "rule": finding.rule,
        "script": exploration.script(finding),
    }

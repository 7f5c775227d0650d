"""A handler's behaviour as a file: ``eslsync explore --save``.

The file is JSON, one line for each group of turns, so that a version control system shows which
have changed. docs/guides/explore.md describes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from .. import files
from .behaviour import Behaviour, Point, Remark, Turn, TurnKind

__all__ = ["SavedMapError", "as_text", "parsed", "read", "save"]

FORMAT, VERSION = "eslsync explore map", 1
KINDS: Sequence[TurnKind] = get_args(TurnKind)


class SavedMapError(Exception):
    """A file is no saved map, or not one of these options."""


def save(behaviour: Behaviour, path: Path) -> None:
    """Write it. Raises OSError."""
    files.write(path, as_text(behaviour))


def read(path: Path) -> Behaviour:
    """The behaviour that a file contains. Raises SavedMapError."""
    try:
        return parsed(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SavedMapError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        raise SavedMapError(
            f"{path} is no map that `eslsync explore --save` of this version has written"
        ) from None


def parsed(text: str) -> Behaviour:
    """The behaviour that `as_text` has written. Raises what JSON and its fields raise."""
    return _behaviour(json.loads(text))


def as_text(behaviour: Behaviour) -> str:
    """The text of the file."""
    return "\n".join([*_lines(behaviour), ""])


def _lines(behaviour: Behaviour) -> Iterator[str]:
    yield "{"
    yield f' "format": {_json(FORMAT)},'
    yield f' "version": {VERSION},'
    yield f' "tried": {_json(dict(behaviour.tried))},'
    yield f' "starts": [{_rows(_groups(behaviour.starts))}],'
    yield ' "points": ['
    for number, point in enumerate(behaviour.points):
        partly = "" if point.whole else ', "partly": true'
        comma = "," if number < len(behaviour.points) - 1 else ""
        yield f'  {{"point": {number}, "what": {_json(point.what)}{partly},'
        yield f'   "turns": [{_rows(_groups(point.turns))}]}}{comma}'
    yield " ],"
    remarks = [
        {"kind": each.kind, "text": each.text, **({} if each.at is None else {"point": each.at})}
        for each in behaviour.remarks
    ]
    yield f' "findings": [{_rows(remarks)}]'
    yield "}"


def _rows(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(f"{',' if number else ''}\n    {_json(row)}" for number, row in enumerate(rows))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _groups(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """Turns of one kind that come to the same, together."""
    groups: dict[object, dict[str, Any]] = {}
    for turn in turns:
        leads = {"to": turn.to} if turn.to is not None else {"ends": turn.end}
        row: dict[str, Any] = {"does": [], **leads}
        if turn.kind != "key":
            row["kind"] = turn.kind
        if turn.notices:
            row["notices"] = list(turn.notices)
        if turn.seconds:
            row["seconds"] = turn.seconds
        if turn.far_end:
            row["far end"] = turn.far_end
        which = (turn.kind, turn.outcome, turn.seconds, turn.far_end)
        groups.setdefault(which, row)["does"].append(turn.does)
    return list(groups.values())


def _behaviour(data: Any) -> Behaviour:
    if (data["format"], data["version"]) != (FORMAT, VERSION):
        raise ValueError
    found = Behaviour(
        tuple(_turns(data["starts"])),
        tuple(
            Point(str(each["what"]), tuple(_turns(each["turns"])), not each.get("partly", False))
            for each in data["points"]
        ),
        tuple(Remark(each["kind"], each["text"], each.get("point")) for each in data["findings"]),
        tuple(sorted(data["tried"].items())),
    )
    for point in (Point("", found.starts), *found.points):
        for turn in point.turns:
            if turn.to is not None and not 0 <= turn.to < len(found.points):
                raise ValueError
    return found


def _turns(rows: Any) -> Iterator[Turn]:
    for row in rows:
        kind = row.get("kind", "key")
        if kind not in KINDS:
            raise ValueError
        for does in row["does"]:
            yield Turn(
                str(does),
                kind,
                tuple(map(str, row.get("notices", ()))),
                row.get("to"),
                str(row.get("ends", "")),
                float(row.get("seconds", 0.0)),
                str(row.get("far end", "")),
            )

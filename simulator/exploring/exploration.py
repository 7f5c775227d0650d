"""`explore`: every call that a handler can have, and what came of it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eslsync import Outbound
from eslsync.loading import Handler

from ..scripts.yaml import shown
from .actions import ALL_KEYS
from .attempts import Attempt
from .findings import KINDS, Finding, findings, kinds
from .graph import Edge, Node, Way
from .handlers import Explored
from .maps import Map, as_tree
from .search import Limits, Progress, Search
from .situations import Situation

__all__ = ["Exploration", "explore"]

#: Calls that are made, at most, unless it is told otherwise.
CALLS = 20_000
#: When somebody calls who asks whether it is open: besides Monday morning, in a Sunday's night.
AT_NIGHT = "2026-01-04T03:00:00"
#: Who calls, besides somebody with a number.
NOBODY = "anonymous"


@dataclass
class Exploration:
    """What was found. ``str()`` of it is a report: the map as a tree, and what is wrong."""

    nodes: list[Node]  #: the situations that callers come to, in the order of how far in
    edges: list[Edge]  #: what leads from one to another
    findings: list[Finding]  #: what is wrong, but for what is allowed
    calls: int  #: that were made
    seconds: float  #: of real time
    #: was all tried? Else why not: a limit, or Ctrl-C
    complete: bool
    stopped: str | None
    #: situations that were not gone on with: there were many at the same spot
    cut: int = 0
    #: with ``coverage=True``, by file: lines that can be run, and of those the ones that were not
    uncovered: dict[str, tuple[int, list[int]]] = field(default_factory=dict)
    #: ways on which the same steps led elsewhere: the handler does not do the same each time
    astray: list[Way] = field(default_factory=list)
    _explored: Explored = field(default_factory=lambda: Explored(None), repr=False)
    _search: Search | None = field(default=None, repr=False)

    @property
    def map(self) -> Map:
        """What was found, made small enough to be looked at."""
        assert self._search is not None
        return Map(self.nodes, self.edges, self.findings, self._search.keys)

    @property
    def title(self) -> str:
        """The handler's name."""
        return self._explored.title()

    def ladder(self, way: Way) -> str:
        """The call that goes a way, drawn as text."""
        return self._made(way)

    def _made(self, way: Way) -> str:
        assert self._search is not None
        attempt = Attempt(way.call, way.steps, hangs_up=True)
        return self._search.caller().make(attempt, draw=True).ladder

    def script(self, finding: Finding, folder: Path | None = None) -> str | None:
        """The caller script that shows it, as YAML; None where no caller can.

        ``folder`` is where it is to be: the handler's file is named from there.
        """
        if finding.way is None:
            return None
        about = "\n# ".join(str(finding).splitlines())
        return f"# {about}\n{self.way_script(finding.way, folder, finding.expect)}"

    def way_script(
        self, way: Way, folder: Path | None = None, expect: Mapping[str, object] | None = None
    ) -> str:
        """The caller script of a way, as YAML."""
        file = self._explored.file
        if file is None:
            handler = Path(self._explored.source().path)
            name: str | None = self._explored.title()
        else:
            handler, name = file, self._explored.name
        where = os.path.relpath(handler, folder or Path())
        return way.script(where, name, expect or {}).dump()

    def save_scripts(self, folder: Path) -> list[Path]:
        """Write a script for each finding that a caller can see; returns their files."""
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for number, finding in enumerate(self.findings, 1):
            script = self.script(finding, folder)
            if script is not None:
                name = re.sub(r"[^a-z0-9]+", "-", finding.kind)
                path = folder / f"{number:02}-{name}.call.yaml"
                path.write_text(script, encoding="utf-8")
                written.append(path)
        return written

    def __str__(self) -> str:
        return "\n".join(self.report())

    def report(self, *, with_map: bool = True) -> list[str]:
        """Its lines: the map as a tree, a summary, what is wrong, and lines nobody reaches."""
        lines = [*as_tree(self.map), ""] if with_map else []
        lines += self.summary.splitlines()
        if self.findings:
            lines.append("")
        for number, finding in enumerate(self.findings, 1):
            lines.append(f"{number}. {finding}")
        for file, (count, missed) in self.uncovered.items():
            lines += ["", _covered(file, count, missed)]
        return lines

    def dot(self) -> str:
        """The map in Graphviz' language."""
        from .pictures import as_dot

        return as_dot(self.map, self.title)

    def mermaid(self) -> str:
        """The map as a Mermaid flowchart."""
        from .pictures import as_mermaid

        return as_mermaid(self.map)

    def draw(self, file: Path) -> Path:
        """Draw the map, as the suffix says: .svg, .html, .dot, .mmd or .txt; returns the file.

        Without Graphviz, what should be SVG is written as Mermaid, beside it.
        """
        from .pictures import draw

        return draw(self, file)

    @property
    def summary(self) -> str:
        """In a line or two."""
        spots = _many(len(self.map.spots), "spot")
        said = f"{_many(len(self.nodes), 'situation')} at {spots}, {_many(self.calls, 'call')}; "
        if self.findings:
            count = kinds(self.findings)
            said += ", ".join(f"{number} {kind}" for kind, number in count.items())
        else:
            said += "nothing is wrong"
        if self.cut:
            said += (
                f"\n{_many(self.cut, 'situation')} not gone on with: they differ in variables only "
                "from many at the same spot"
            )
        if not self.complete:
            said += f"\nnot all was tried: stopped at {self.stopped}"
        if self.astray:
            said += (
                f"\n{_many(len(self.astray), 'call')} went elsewhere the second time: does the "
                "handler keep something from call to call, or do something at random?"
            )
        return said


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _covered(file: str, count: int, missed: Sequence[int]) -> str:
    if not missed:
        return f"{shown(Path(file))}: callers reach all of its {count} lines"
    runs: list[list[int]] = []
    for line in missed:
        if runs and line == runs[-1][-1] + 1:
            runs[-1].append(line)
        else:
            runs.append([line])
    said = ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
    return f"{shown(Path(file))}: no caller reaches {len(missed)} of {count} lines: {said}"


def explore(
    app: Handler | Outbound | str | Path,
    *,
    name: str | None = None,
    keys: str = ALL_KEYS,
    entries: Collection[str] = (),
    depth: int | None = None,
    calls: int | None = CALLS,
    seconds: float | None = None,
    seed: int = 0,
    key: Callable[[Situation], object] | None = None,
    circumstances: Sequence[Mapping[str, Any]] = (),
    base: str | Path = ".",
    sounds: str | Path | None = None,
    allow: Collection[str] = (),
    workers: int | None = None,
    coverage: bool = False,
    patience: float | None = 5.0,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Exploration:
    """Make every call that a handler can have, and look what is wrong.

    ``app`` is a handler, an `Outbound`, or the file of one, in which ``name`` says which it is.
    Of a file, each call has a handler that begins anew, and ``workers`` processes (default: as
    many as there are cores) make the calls; a function is called as it is, in this process.

    At each point where the handler waits, all that a caller can do there is tried: each of
    ``keys``, and where several digits are collected some that are valid, invalid, too few and
    ended early, and those of ``entries`` and of the code; silence; hanging up. Far ends that
    nobody describes answer, are busy, or don't answer. ``key(situation)`` may say which
    situations are the same. ``circumstances`` are those of a script's ``call`` section, one
    mapping for each way to call; what they name is looked for from ``base`` on.

    It stops after so many things done in one call (``depth``), ``calls``, or ``seconds`` of real
    time. Kinds of findings in ``allow`` are left out. With the same arguments, ``seconds`` apart,
    the result is the same, whatever ``workers`` there are. Raises `LoadError`
    for a file that has no handler.
    """
    unknown = sorted(set(allow) - set(KINDS))
    if unknown:
        raise ValueError(
            f"there is no kind of finding {unknown[0]!r}; there are {', '.join(KINDS)}"
        )
    of_file = isinstance(app, (str, Path))
    explored = Explored(None if of_file else app, Path(app) if of_file else None, name)  # type: ignore[arg-type]
    explored.prepare()
    source = explored.source()
    ways = [dict(each) for each in circumstances] or list(
        _circumstances(source.asks_time, source.asks_caller)
    )
    for way in ways:
        if sounds is not None:
            way.setdefault("sounds", str(Path(sounds).resolve()))
        if seed:
            way["seed"] = seed
    words = [*entries, *(word for word in source.words if word not in entries)]
    search = Search(
        explored,
        ways,
        "".join(dict.fromkeys(keys.upper())),
        words,
        Limits(depth, calls, seconds),
        workers=(os.cpu_count() or 1) if workers is None else workers,
        key=key,
        patience=patience,
        base=Path(base).resolve(),
        covers=coverage,
        progress=progress,
    )
    search.run()
    found = findings(search, source, None if sounds is None else Path(sounds))
    return Exploration(
        nodes=search.nodes,
        edges=search.edges,
        findings=[each for each in found if each.kind not in allow],
        calls=search.calls,
        seconds=search.seconds,
        complete=search.complete,
        stopped=search.stopped,
        cut=search.cut,
        uncovered=_uncovered(search) if coverage else {},
        astray=search.astray,
        _explored=explored,
        _search=search,
    )


def _circumstances(asks_time: bool, asks_caller: bool) -> Sequence[dict[str, Any]]:
    """How somebody calls, where nobody says: as other things matter to the handler."""
    ways: list[dict[str, Any]] = [{}]
    if asks_time:
        ways.append({"start": AT_NIGHT})
    if asks_caller:
        ways.append({"caller": NOBODY})
    return ways


def _uncovered(search: Search) -> dict[str, tuple[int, list[int]]]:
    from .lines import statements

    found: dict[str, tuple[int, list[int]]] = {}
    for file, run in sorted(search.lines.items()):
        lines = statements(file)
        found[file] = len(lines), [line for line in lines if line not in run]
    return found

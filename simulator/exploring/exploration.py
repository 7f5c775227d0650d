"""`explore`: every call that a handler can have, and the outcomes."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from eslsync import Outbound
from eslsync.callables import check_function
from eslsync.checked import checked
from eslsync.loading import AppName, Handler, LoadError
from eslsync.wire.arguments import KEYS
from eslsync.wire.shown import printable

from .. import files
from ..calling.given import has_sounds
from ..calling.replacing import replaced
from ..model.evidence import StandsOn
from ..scripts.nodes import shown
from . import parts, saved_maps
from .actions import Entries
from .attempts import Attempt
from .behaviour import Behaviour, behaviour_of
from .changes import Change, Review, review
from .findings import untried
from .findings.families import INCOMPLETE, check_kinds, findings, kinds, named
from .findings.finding import Evidence, Finding, many
from .findings.transfers import known_extensions
from .graph import Edge, Node, Way
from .handlers import Explored
from .imported import WhatToTry
from .maps import Map, as_tree
from .parts import Outcomes, Shard
from .rules import Rule, digits_in, extensions_in, phrases_in, read_rules, rules_beside, rules_in
from .search import Limits, Progress, Search
from .situations import Situation
from .whereabouts import Place

__all__ = ["Exploration", "explore"]

#: Maximum calls, by default.
CALLS = 20_000
#: The second caller of a handler that asks for the caller: one without a number.
NOBODY = "anonymous"


@dataclass(repr=False)
class Exploration:
    """The result of an exploration. ``str()`` is a report: the map as a tree, and the findings."""

    nodes: list[Node]  #: the situations that callers get into, the nearest first
    edges: list[Edge]  #: the actions that lead from one to another
    #: The problems, and what was not tried (`incomplete`), except what is allowed.
    findings: list[Finding]
    calls: int  #: the number of calls made
    seconds: float  #: of real time
    complete: bool  #: True if everything was tried
    stopped: str | None  #: the limit at which it stopped, or what interrupted it
    #: Situations that were not explored, since many at the same spot were.
    cut: int = 0
    allowed: list[Finding] = field(default_factory=list)  #: what was found, and is allowed
    #: With ``coverage=True``, by file: the number of lines, and the lines that were not run.
    uncovered: dict[str, tuple[int, list[int]]] = field(default_factory=dict)
    #: Ways whose steps led elsewhere the second time.
    astray: list[Way] = field(default_factory=list)
    #: The evidence for what its calls used of FreeSWITCH.
    stands_on: StandsOn = field(default_factory=StandsOn)
    #: The extensions that calls were transferred to, if nobody said which the dialplan has.
    transfers: list[str] = field(default_factory=list)
    #: What it left out or supposed, in sentences.
    remarks: list[str] = field(default_factory=list)
    #: The rules that calls had to keep.
    rules: Sequence[str] = ()
    #: What has changed since the map was saved that it was compared with.
    review: Review | None = None
    #: What it was to try: in a saved map.
    tried: Mapping[str, Any] = field(default_factory=dict)
    _explored: Explored = field(default_factory=lambda: Explored(None))
    _search: Search | None = None
    _points: Mapping[int, int] = field(default_factory=dict)
    _fingerprint: str = ""

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "an Exploration is neither true nor false: explore(...).check(), or .findings"
        )

    @property
    def map(self) -> Map:
        """The map: the situations and actions, reduced to a readable size."""
        assert self._search is not None
        return Map(self.nodes, self.edges, self.findings, self._search.keys)

    @property
    def behaviour(self) -> Behaviour:
        """What callers can do and then notice, without the code: what `save_map` saves."""
        return self._behaviour()[0]

    def _behaviour(self) -> tuple[Behaviour, Mapping[int, int]]:
        assert self._search is not None
        repeats = self._search.repeats
        return behaviour_of(self.nodes, self.edges, repeats, self.findings, self.tried)

    def save_map(self, file: Path) -> None:
        """Write what callers can do into a file, for ``explore(..., against=file)``."""
        saved_maps.save(self.behaviour, file)

    def save_part(self, file: Path) -> None:
        """Write the calls that a shard has made, for ``explore(..., merge=[file, ...])``.

        Raises ValueError if it is not a shard's.
        """
        assert self._search is not None
        if self._search.outcomes.kept is None:
            raise ValueError("only explore(..., shard=(number, of)) makes a part")
        parts.write(file, self._fingerprint, self._search.outcomes.kept)

    def compare(self, file: Path) -> None:
        """Set `review`: what has changed since `save_map` wrote the file.

        Raises SavedMapError, also if other things were tried.
        """
        behaviour, nodes = self._behaviour()
        self.review = review(shown(file), saved_maps.read(file), behaviour)
        self._points = nodes

    def change_node(self, change: Change) -> Node | None:
        """The situation in which a change is noticed."""
        return None if change.point is None else self.nodes[self._points[change.point]]

    def change_script(self, change: Change) -> str | None:
        """The caller script of the shortest way on which a change is noticed, as YAML."""
        node = self.change_node(change)
        if node is None:
            return None
        done = [edge.way for edge in node.edges if edge.label == change.does]
        return self.way_script(done[0] if done else node.here.then("hangup"))

    @property
    def beginning(self) -> Place | None:
        """The line at which the handler begins."""
        function = self._explored.function()
        code = getattr(function, "__code__", None)
        if code is None:
            return None
        return Place(code.co_filename, code.co_firstlineno, code.co_name)

    @property
    def title(self) -> str:
        """The handler's name."""
        return self._explored.title()

    def ladder(self, way: Way) -> str:
        """The call that takes a way, drawn as text."""
        return self._made(way)

    def _made(self, way: Way) -> str:
        assert self._search is not None
        attempt = Attempt(way.call, way.steps, hangs_up=True)
        return self._search.caller().make(attempt, draw=True).ladder

    def script(self, finding: Finding, folder: Path | None = None) -> str | None:
        """The caller script that shows a finding, as YAML; None if no caller can.

        The handler's file is named relative to ``folder``.
        """
        if finding.way is None:
            return None
        about = "\n# ".join(printable(str(finding), also="\n").split("\n"))
        return f"# {about}\n{self.way_script(finding.way, folder, finding.expect)}"

    def way_script(
        self, way: Way, folder: Path | None = None, expect: Mapping[str, object] | None = None
    ) -> str:
        """The caller script of a way, as YAML, for a file in ``folder``.

        ``expect`` are its expectations.
        """
        named = self._explored.named
        if named is None:
            named = AppName(str(self._explored.source().path), self._explored.title())
        return way.script(*named.beside(folder), expect or {}).dump()

    def save_scripts(self, folder: Path) -> list[Path]:
        """Write a script for each finding that a caller can show, into ``folder``; return them."""
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for number, finding in enumerate(self.findings, 1):
            script = self.script(finding, folder)
            if script is not None:
                name = re.sub(r"[^a-z0-9]+", "-", finding.kind)
                path = folder / f"{number:02}-{name}.call.yaml"
                files.write(path, script)
                written.append(path)
        return written

    def __str__(self) -> str:
        return "\n".join(self.report())

    def report(self, *, with_map: bool = True) -> list[str]:
        """Its lines: the map as a tree, if ``with_map``; a summary; findings; unreached lines."""
        lines = [*as_tree(self.map), ""] if with_map else []
        lines += [*self.summary.splitlines(), *_kept(self.rules, self.findings)]
        if self.findings:
            lines.append("")
        for number, finding in enumerate(self.findings, 1):
            lines.append(f"{number}. {finding}")
        if self.review is not None:
            lines += ["", *self.review.report()]
        for file, (count, missed) in self.uncovered.items():
            lines += ["", _covered(file, count, missed)]
        return [printable(line, also="\n") for line in lines]

    def dot(self) -> str:
        """The map in Graphviz's language."""
        from .pictures import as_dot

        return as_dot(self.map, self.title)

    def mermaid(self) -> str:
        """The map as a Mermaid flowchart."""
        from .pictures import as_mermaid

        return as_mermaid(self.map)

    def draw(self, file: Path) -> Path:
        """Draw the map as the suffix says (.svg, .html, .dot, .mmd or .txt); return the file."""
        from .pictures import draw

        return draw(self, file)

    def _repr_svg_(self) -> str:
        """The map, for notebooks (Jupyter)."""
        from .pictures import as_svg

        return as_svg(self.map, self.title)

    def __repr__(self) -> str:
        return f"<Exploration {self.title}: {self.summary.splitlines()[0]}>"

    @property
    def summary(self) -> str:
        """The result in a line or two."""
        spots = many(len(self.map.spots), "spot")
        situations = many(len(self.nodes), "situation")
        calls = many(self.calls, "call")
        said = f"{situations} at {spots}, {calls}; {self.verdict}\nstands on {self.stands_on}"
        if self.transfers:
            said += f"\ntransfers to {', '.join(self.transfers)}: not looked up in a dialplan"
        return "\n".join([said, *self.remarks])

    @property
    def unknown_extensions(self) -> list[str]:
        """The extensions of transfers of which nobody, no rule either, says that they are there."""
        named = extensions_in(rules_in(self.rules))
        return [each for each in self.transfers if each not in named]

    @property
    def incomplete(self) -> list[Finding]:
        """What was not tried, except what is allowed."""
        return [each for each in self.findings if each.kind in INCOMPLETE]

    @property
    def verdict(self) -> str:
        """The findings by their kinds; "nothing is wrong" only if all was tried."""
        faults = [each for each in self.findings if each.kind not in INCOMPLETE]
        said = [_counted(faults)] if faults else []
        if self.incomplete:
            said.append(f"incomplete: {_counted(self.incomplete)}")
        if not said:
            said = ["nothing else is wrong" if self.allowed else "nothing is wrong"]
            if self.unknown_extensions:
                said[0] += f", if the dialplan has {', '.join(self.unknown_extensions)}"
        if self.allowed:
            said[-1] += f" (allowed: {_counted(self.allowed)})"
        return "; ".join(said)

    def check(self) -> None:
        """Raise AssertionError, with the report, if anything is wrong or was not tried.

        If it was compared with a saved map: if anything has changed since.
        """
        __tracebackhide__ = True
        if self.status:
            raise AssertionError(str(self))

    @property
    def status(self) -> int:
        """The exit status of the command: 0 if all is well, 1, or 3 if only not all was tried.

        Of one that was compared with a saved map, only what has changed since counts.
        """
        if self.review is not None:
            return (3 if self.review.incomplete else 1) if self.review.changes else 0
        return (3 if self.findings == self.incomplete else 1) if self.findings else 0


def _counted(found: Sequence[Finding]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in kinds(found).items())


def _kept(rules: Sequence[str], found: Iterable[Finding]) -> list[str]:
    """How many rules hold, if there are any."""
    if not rules:
        return []
    count = sum(not any(each.rule == rule for each in found) for rule in rules)
    holds = "holds" if 1 in (count, len(rules)) else "hold"
    return [f"{count} of {many(len(rules), 'rule')} {holds}"]


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


@checked
def explore(
    app: Handler | Outbound | str | Path,
    *,
    name: str | None = None,
    keys: str = KEYS,
    entries: Collection[str] = (),
    says: Collection[str] = (),
    depth: int | None = None,
    calls: int | None = CALLS,
    seconds: float | None = None,
    seed: int | None = 0,
    key: Callable[[Situation], object] | None = None,
    circumstances: Sequence[Mapping[str, Any]] = (),
    base: str | Path = ".",
    sounds: str | Path | None = None,
    expect: str | Path | Sequence[str] | None = None,
    allow: Collection[str] = (),
    allow_unmodelled: Collection[str] = (),
    extensions: Collection[str] = (),
    outside: Collection[str] = (),
    against: str | Path | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    shard: tuple[int, int] | None = None,
    merge: Collection[str | Path] = (),
    coverage: bool = False,
    patience: float | None = 5.0,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Exploration:
    """Make every call that a handler can have, and report the problems.

    ``app`` is a handler, an `Outbound`, or names the file or module that defines one (``ivr.py``,
    ``office.app:handler``, or with ``name`` apart). The file is loaded anew for each call, and
    ``workers`` processes (default: one for each core) make the calls; a function is called in this
    process, and keeps its state. An ``executor`` makes the calls instead, in processes of its own,
    on other machines perhaps, which must find ``app`` under the same name. ``shard=(2, 4)`` makes
    the second of four parts, for `Exploration.save_part`; ``merge`` are the files of all parts.

    At each point where the handler waits, it tries every action of a caller: each of ``keys``;
    if several digits are collected, entries that are valid, invalid, too short and ended early,
    those in ``entries`` and numbers in the code; where it listens to what the caller says, ``says``
    and the phrases of the ``recognizers`` in ``circumstances``, or without those the texts that the
    code compares; something that nobody understands; silence; hanging up. Far ends without a
    description answer, are busy, or don't answer. Situations with an equal ``key(situation)``
    count as the same. ``circumstances`` are like a script's ``call`` section, one mapping for
    each way to call; paths in them are relative to ``base``.

    ``expect`` are rules that all calls must keep (docs/guides/explore.md), as sentences or a file
    of them; by default the file beside ``app``, if there is one: ``pin.expect`` for ``pin.py``.

    It stops at ``depth`` actions in one call, after ``calls``, or after ``seconds`` of real time.
    Kinds of findings in ``allow`` are left out; ``"incomplete"`` stands for those that say what
    was not tried. ``allow_unmodelled`` is that of `FreeSwitch`. ``outside`` names functions that
    the handler asks outside of the call (`FreeSwitch.outside`): look-ups that are slow, fail and
    never return are tried, and connections that break during each. ``extensions`` are those of the
    dialplan, numbers or regular expressions: transfers to others are reported. ``against`` is a
    file that `Exploration.save_map` has written: what has changed since is the result's
    `review`, and what `check` goes by. Without ``seconds``, the same arguments give the same
    result, for any number of ``workers``. With ``coverage``, lines that no call runs are in
    `Exploration.uncovered`; ``patience`` is that of `FreeSwitch`, in seconds; ``progress`` is told
    how far it is. Raises ValueError and TypeError for arguments that can't be, `LoadError` for a
    file without a handler, `RuleError` for a sentence that is no rule, and `SavedMapError` for a
    file that is no map, or one of an exploration with other ``keys``, ``entries``, ``says``,
    ``circumstances``, ``sounds`` or ``seed``.
    """
    check_kinds(allow)
    if against is not None:
        saved_maps.read(Path(against))  # now, not after all the calls
    if isinstance(app, (str, Path)):
        explored = Explored(None, AppName.of(app, name))
    else:
        explored = Explored(app)
    explored.prepare()
    if shard is not None and coverage:
        raise ValueError("a shard makes a part of the calls, so it can't tell the lines of all")
    if executor is not None and not explored.portable:
        raise TypeError(
            "explore(handler, executor=...): other processes can't load this function: name the "
            "file or the module that has it, as in explore('office.py:handler', executor=...)"
        )
    for what, function in (("key", key), ("progress", progress)):
        if function is not None:
            check_function(what, function)
    for each in outside:
        try:
            replaced(each)
        except (TypeError, ValueError) as error:
            raise LoadError(str(error)) from None
    source = explored.source()
    suggested = WhatToTry(source)
    ways = [dict(each) for each in circumstances] or _circumstances(suggested.asks_caller)
    for way in ways:
        if sounds is not None and has_sounds(Path(sounds)):
            way.setdefault("sounds", str(Path(sounds).resolve()))
        if seed:
            way["seed"] = seed
        if allow_unmodelled:
            way["allow_unmodelled"] = [*way.get("allow_unmodelled", ()), *allow_unmodelled]
        if outside:
            asked = [{"function": each, "optional": True} for each in outside]
            way["outside"] = [*asked, *way.get("outside", ())]
    tried = _tried(keys, entries, says, outside, circumstances, sounds, seed or 0)
    rules = _rules(expect, explored.file)
    entries = list(dict.fromkeys([*entries, *digits_in(rules)]))
    said = list(dict.fromkeys([*says, *phrases_in(rules)]))
    words = [*entries, *(word for word in suggested.words if word not in entries)]
    print_of = parts.fingerprint(
        _text(source.path), tried, words, suggested.beside, suggested.ends, suggested.moments,
        suggested.talks, suggested.causes, said, suggested.phrases, depth, calls, patience,
    )  # fmt: skip
    search = Search(
        explored,
        ways,
        "".join(dict.fromkeys(keys.upper())),
        Entries(words, suggested.beside, suggested.ends, said, suggested.phrases),
        Limits(depth, calls, seconds),
        turns=suggested.turns,
        moments=suggested.moments,
        questions=source.questions(),
        talks=suggested.talks,
        causes=suggested.causes,
        workers=(os.cpu_count() or 1) if workers is None else workers,
        executor=executor,
        outcomes=Outcomes(parts.merged(map(Path, merge), print_of), {} if shard else None),
        shard=Shard(*shard) if shard else None,
        notices_looks=len(ways) > 1 and explored.portable and not suggested.takes_bytes,
        key=key,
        patience=patience,
        base=Path(base).resolve(),
        covers=coverage,
        progress=progress,
    )
    folder = None if sounds is None else Path(sounds)
    evidence = Evidence(search, source, folder, tuple(extensions), rules)
    with explored.probing(), search.processes():
        search.run()
        with search.in_succession():
            found = list(untried.find(evidence)) if shard else findings(evidence)
    allowed = named(allow)
    exploration = Exploration(
        nodes=search.nodes,
        edges=search.edges,
        findings=[each for each in found if each.kind not in allowed],
        calls=search.calls,
        seconds=search.seconds,
        complete=search.complete,
        stopped=search.stopped,
        cut=len(search.uncontinued),
        allowed=[each for each in found if each.kind in allowed],
        rules=[rule.text for rule in rules],
        uncovered=_uncovered(search) if coverage else {},
        astray=search.astray,
        stands_on=search.stands_on,
        remarks=evidence.remarks,
        transfers=[] if known_extensions(evidence) else list(search.transfers),
        tried=tried,
        _fingerprint=print_of,
        _explored=explored,
        _search=search,
    )
    if against is not None:
        exploration.compare(Path(against))
    return exploration


def _text(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b""  # of an object, there may be none


def _tried(
    keys: str,
    entries: Collection[str],
    says: Collection[str],
    outside: Collection[str],
    circumstances: Sequence[Mapping[str, Any]],
    sounds: str | Path | None,
    seed: int,
) -> dict[str, Any]:
    """What the user says is to be tried, without the names of folders."""
    calls = [{k: v for k, v in call.items() if k != "sounds"} for call in circumstances]
    tried: dict[str, Any] = {"keys": keys, "entries": list(entries), "circumstances": calls}
    tried |= {"sounds": sounds is not None, "seed": seed}
    if says:
        tried["says"] = list(says)
    if outside:
        tried["outside"] = list(outside)
    plain: dict[str, Any] = json.loads(json.dumps(tried, default=str))
    return plain


def _rules(expect: str | Path | Sequence[str] | None, file: Path | None) -> list[Rule]:
    if expect is None:
        return [] if file is None else rules_beside(file)
    if isinstance(expect, (str, Path)):
        return read_rules(Path(expect))
    return rules_in(expect)


def _circumstances(asks_caller: bool) -> list[dict[str, Any]]:
    """The default ways to call, by what the handler asks for."""
    return [{}, {"caller": NOBODY}] if asks_caller else [{}]


def _uncovered(search: Search) -> dict[str, tuple[int, list[int]]]:
    from .lines import statements

    found: dict[str, tuple[int, list[int]]] = {}
    for file, run in sorted(search.lines.items()):
        lines = statements(file)
        found[file] = len(lines), [line for line in lines if line not in run]
    return found

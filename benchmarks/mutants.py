"""Faults seeded into IVRs: which does `explore` find, and which do tests, scripts and sweeps?

python benchmarks/mutants.py                         # all of them; goes on where it was stopped
python benchmarks/mutants.py --only pin --show       # those of one file, with what was found
python benchmarks/mutants.py --list                  # the faults, without looking for them
python benchmarks/mutants.py --ways explore --fresh  # one way to look, from the beginning

The IVRs are the examples and those in benchmarks/ivrs. Results are kept in --results, a file for
each mutant. What the columns mean: benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import logging
import multiprocessing
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.mutating import KINDS, Mutant, chosen, mutants_of, plain  # noqa: E402

#: The IVRs, by the name of their package, and the folder of their tests.
IVRS = {"examples": "tests/examples", "benchmarks.ivrs": "tests/benchmarks"}
#: The keys that callers press, where the IVR knows others than 1, 2 and 3.
KEYS = {"ivr": "1234*#", "bank": "1239*#"}
USUAL_KEYS = "123*#"
#: Most of one kind.
MOST = 11
#: Limits on an exploration: its calls, and the real seconds that a handler may be stuck.
CALLS, PATIENCE = 1500, 2.0
#: Real seconds after which a look is ended, and has found nothing; on a busy machine, take more.
LONGEST = 300.0
#: What the ways need, imported once for all processes.
NEEDED = ("hypothesis", "pytest", "simulator.pytest_plugin", "simulator.scripts.script")
#: Steps of a script at which sweeps put a fault.
SWEPT_STEPS = 8
#: Mutants that behave as the original does, and why.
EQUIVALENT: dict[str, str] = json.loads(
    (ROOT / "benchmarks" / "equivalent.json").read_text(encoding="utf-8")
)

#: What a way to look tells of a source.
Told = dict[str, object]


def files() -> list[tuple[str, Path]]:
    """The IVRs with their packages."""
    return [
        (package, path)
        for package in IVRS
        for path in sorted((ROOT / package.replace(".", "/")).glob("*.py"))
        if path.stem != "__init__"
    ]


@cache
def possible() -> list[Mutant]:
    """Those of all files: more than are looked for."""
    return [mutant for _, path in files() for mutant in mutants_of(path)]


def all_mutants() -> list[Mutant]:
    """Those that are looked for, and those that behave as the original does."""
    return chosen(possible(), MOST)


# Ways to look


def explored(package: str, path: Path, source: str) -> Told:
    """The findings of `explore`, and the map that it saves, without them."""
    from simulator import explore
    from simulator.exploring import saved_maps

    options: dict[str, object] = {}
    rules = ROOT / package.replace(".", "/") / f"{path.stem}.expect"
    if rules.exists() and "expect" in (explore.__kwdefaults__ or {}):
        options["expect"] = rules
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / path.name
        file.write_text(source, encoding="utf-8")
        found = explore(
            file,
            keys=KEYS.get(path.stem, USUAL_KEYS),
            calls=CALLS,
            workers=1,
            patience=PATIENCE,
            **options,  # type: ignore[arg-type]
        )
        findings = [
            [each.kind, without_numbers(each.text), each.place.function if each.place else ""]
            for each in found.findings
        ]
        ended = "complete" if found.complete else f"stopped at {found.stopped}"
        if found.astray:
            ended = "astray"
        return {
            "findings": findings,
            "map": saved_maps.as_text(replace(found.behaviour, remarks=())),
            "ended": ended,
            "calls": found.calls,
        }


def scripted(package: str, path: Path, source: str) -> Told:
    """The scripts beside it that fail."""
    from simulator.scripts.script import Script

    module = mutated(package, path, source)
    failed = []
    for file in scripts_of(path):
        try:
            Script.read(file).run(module.handler)
        except Exception as error:  # noqa: BLE001 (whatever a handler raises)
            failed.append(f"{file.name}: {type(error).__name__}")
    return {"failed": failed}


def swept(package: str, path: Path, source: str) -> Told:
    """The runs with a fault that go wrong, for scripts that pass without one."""
    from eslsync import Outbound
    from simulator import FreeSwitch, sweep
    from simulator.scripts.script import Script

    module = mutated(package, path, source)
    wrong = []
    for file in scripts_of(path):
        script = Script.read(file)
        app = Outbound(module.handler, events=["DTMF"])
        options, circumstances = script.circumstances()
        try:
            with FreeSwitch(**options) as switch:
                call = switch.call(app, **circumstances)
                script.set_up(call)
                script.play(call)
        except Exception:  # noqa: BLE001 (the script alone has found it)
            continue
        steps = sum(1 for _ in call.transcript.entries_raw)
        try:
            result = sweep(script.play, app, every=max(1, steps // (4 * SWEPT_STEPS)))
        except AssertionError:
            continue
        wrong += [without_numbers(each.wrong or "") for each in result.wrong]
    return {"failed": sorted(set(wrong))}


def tested(package: str, path: Path, source: str) -> Told:
    """The first test beside it that fails."""
    import pytest

    mutated(package, path, source)
    test = ROOT / IVRS[package] / f"test_{path.stem}.py"
    failed: list[str] = []

    class Keeper:
        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.failed:
                failed.append(report.nodeid.rpartition("::")[2])

        def pytest_collectreport(self, report: pytest.CollectReport) -> None:
            if report.failed:
                failed.append("collecting")

    arguments = ["-q", "-x", "-n0", "-p", "no:cacheprovider", "--no-header", f"--rootdir={ROOT}"]
    # The plugin of this project is loaded already.
    arguments += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    pytest.main([*arguments, "-c", str(ROOT / "pyproject.toml"), str(test)], [Keeper()])
    return {"failed": sorted(failed)}


#: The ways to look, by name.
WAYS: Mapping[str, Callable[[str, Path, str], Told]] = {
    "explore": explored,
    "script": scripted,
    "sweep": swept,
    "tests": tested,
}


def scripts_of(path: Path) -> list[Path]:
    """The scripts that name the file as their handler."""
    from simulator.scripts.script import Script

    scripts = sorted(path.parent.glob("*.call.yaml"))
    return [each for each in scripts if Script.read(each).handler == path.name]


def mutated(package: str, path: Path, source: str) -> ModuleType:
    """The source as the module that tests import."""
    name = f"{package}.{path.stem}"
    spec = importlib.util.spec_from_loader(name, loader=None, origin=str(path))
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    module.__file__ = str(path)
    sys.modules[name] = module
    folder: ModuleType = importlib.import_module(package)
    setattr(folder, path.stem, module)
    exec(compile(source, str(path), "exec"), vars(module))
    return module


def without_numbers(text: str) -> str:
    """A text with all numbers and addresses alike, to compare one run with another."""
    return re.sub(r"0x[0-9a-f]+|\d+(\.\d+)?", "N", text)


# Processes


def look(way: str, package: str, path: Path, source: str, kept: Path) -> None:
    """In a process of its own: look, and keep what was told."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    logging.disable(logging.CRITICAL) if way in ("script", "sweep") else None
    began = time.monotonic()
    try:
        told = WAYS[way](package, path, source)
    except Exception as error:  # noqa: BLE001 (a file that can't be loaded, for one)
        told = {"failed": [f"{type(error).__name__}: {error}"], "findings": None}
    told["seconds"] = round(time.monotonic() - began, 1)
    told["cpu"] = round(time.process_time(), 1)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(told), encoding="utf-8")
    os._exit(0)


#: The way, the package, the file, its source, and where to keep what was told.
Job = tuple[str, str, Path, str, Path]


def run(jobs: Iterable[Job], processes: int, longest: float) -> None:
    """Make the jobs that are not yet done, in so many processes, and end those that hang."""
    context = multiprocessing.get_context("fork")
    waiting = [job for job in jobs if not job[4].exists()]
    waiting.reverse()
    total, running = len(waiting), dict[BaseProcess, tuple[float, Path]]()
    while waiting or running:
        while waiting and len(running) < processes:
            job = waiting.pop()
            process: BaseProcess = context.Process(target=look, args=job)
            process.start()
            running[process] = (time.monotonic(), job[4])
        for process, (began, kept) in list(running.items()):
            process.join(0.05)
            if process.is_alive() and time.monotonic() - began > longest:
                process.kill()
                process.join()
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_text(
                    json.dumps({"failed": [], "findings": None, "ended": "by the limit"})
                )
            if not process.is_alive():
                del running[process]
                done = total - len(waiting) - len(running)
                print(f"\r{done} of {total}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


# The table


class Results:
    """What the ways told of the originals and the mutants."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, way: str, name: str) -> Path:
        return self.folder / way / f"{name.replace('/', '.')}.json"

    def told(self, way: str, name: str) -> Told:
        file = self.file(way, name)
        return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}

    def wrong_with(self, job: Job) -> str:
        """What is wrong with an original, looked at in one way; empty if nothing is."""
        way, _, path, _, kept = job
        told = json.loads(kept.read_text(encoding="utf-8"))
        if told.get("failed"):
            return f"{way} of {path.stem}: {', '.join(map(str, told['failed']))}"
        if way == "explore" and told.get("ended") != "complete":
            return f"explore of {path.stem}: {told.get('ended', 'not at all')}"
        if "seconds" not in told:
            return f"{way} of {path.stem}: ended by the limit in real time"
        return ""

    def limited(self, mutant: Mutant) -> list[str]:
        """The ways in which a limit in real time ended the look, or had a part in what it told."""
        ways = []
        for way in WAYS:
            told = self.told(way, mutant.name)
            findings = told.get("findings") or []
            assert isinstance(findings, list)
            if told.get("ended") == "by the limit" or any(row[0] == "stuck" for row in findings):
                ways.append(way)
        return ways

    def new_findings(self, mutant: Mutant) -> list[list[str]]:
        """The findings that the original doesn't have."""
        told = self.told("explore", mutant.name)
        if told.get("findings") is None:
            return [["can't be loaded", "", ""]] if told.get("failed") else []
        before = self.told("explore", f"{mutant.file}/original")
        known, now = _rows(before["findings"]), _rows(told["findings"])
        fresh = [row for row in now if row not in known]
        if told["ended"] != before["ended"]:
            fresh.append(["incomplete", str(told["ended"]), ""])
        return fresh

    def found_by(self, mutant: Mutant) -> set[str]:
        """The columns in which the mutant counts as found."""
        columns: set[str] = set()
        fresh = self.new_findings(mutant)
        alone = [row for row in fresh if row[0] not in ("expected", "idle-rule")]
        if alone:
            columns.add("explore")
        if any(row[2] in mutant.functions for row in alone):
            columns.add("in place")
        if fresh:
            columns.add("with rules")
        if any(row[2] in mutant.functions for row in fresh):
            columns.add("rules, in place")
        told = self.told("explore", mutant.name)
        before = self.told("explore", f"{mutant.file}/original")
        if told and _changed(before, told):
            columns.add("maps")
        for way in ("script", "sweep", "tests"):
            original = _failed(self.told(way, f"{mutant.file}/original"))
            if _failed(self.told(way, mutant.name)) - original:
                columns.add(way)
        return columns


def _changed(before: Told, now: Told) -> bool:
    """True if `explore --against` would tell a change of the map, findings aside."""
    from simulator.exploring import saved_maps
    from simulator.exploring.changes import changes

    if "map" not in now:
        return True  # can't be loaded
    return bool(changes(*(saved_maps.parsed(str(told["map"])) for told in (before, now))))


def _failed(told: Told) -> set[str]:
    failed = told.get("failed", [])
    assert isinstance(failed, list)
    return set(failed)


def _rows(findings: object) -> list[list[str]]:
    assert isinstance(findings, list)
    return findings


COLUMNS = ("explore", "in place", "with rules", "rules, in place", "sweep", "script", "tests")


def table(mutants: Sequence[Mutant], results: Results) -> list[str]:
    """What was found, by kind, as a table in Markdown."""
    columns = [*COLUMNS, "maps"]
    found = {mutant.name: results.found_by(mutant) for mutant in mutants}
    lines = [
        f"| fault | of | {' | '.join(columns)} |",
        f"|---|{'---:|' * (len(columns) + 1)}",
    ]
    for kind in [*KINDS, "all"]:
        rows = [mutant.name for mutant in mutants if kind in ("all", mutant.kind)]
        if rows:
            count = [sum(column in found[name] for name in rows) for column in columns]
            lines.append(f"| {kind} | {len(rows)} | {' | '.join(map(str, count))} |")
    names = [mutant.name for mutant in mutants]
    looked = {way: {name for name in names if results.told(way, name)} for way in WAYS}
    count = [len(looked.get(column, looked["explore"])) for column in columns]
    lines.append(f"| looked at | {len(names)} | {' | '.join(map(str, count))} |")
    everyone = set.intersection(*looked.values())
    nobody = [each for each in mutants if each.name in everyone and not found[each.name] - {"maps"}]
    lines += ["", f"Found by nobody ({len(nobody)}, of {len(everyone)} looked at in all ways):", ""]
    lines += [f"- {mutant.name}" for mutant in nobody]
    limited = {mutant.name: results.limited(mutant) for mutant in mutants}
    if any(limited.values()):
        lines += ["", "Ended by a limit in real time, which a busy machine reaches sooner:", ""]
        lines += [f"- {name}: {', '.join(ways)}" for name, ways in limited.items() if ways]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--results", type=Path, default=Path(tempfile.gettempdir(), "mutants"))
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--only", default="", help="mutants whose name begins so")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--longest", type=float, default=LONGEST, help="real seconds for a look")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--show", action="store_true", help="what was found of each")
    options = parser.parse_args()
    mutants = [
        each
        for each in all_mutants()
        if each.name.startswith(options.only) and each.name not in EQUIVALENT
    ]
    if options.list:
        for mutant in mutants:
            print(f"{mutant.name}\n{mutant.diff}\n")
        return
    results = Results(options.results)
    originals, jobs = list[Job](), list[Job]()
    for package, path in files():
        mine = [(mutant.name, mutant.source) for mutant in mutants if mutant.file == path.stem]
        if mine:
            mine.insert(0, (f"{path.stem}/original", plain(path)))
        for way in options.ways:
            for name, source in mine:
                kept = results.file(way, name)
                if options.fresh:
                    kept.unlink(missing_ok=True)
                job = (way, package, path, source, kept)
                (originals if name.endswith("/original") else jobs).append(job)
    for module in NEEDED:
        importlib.import_module(module)
    run(originals, options.processes, options.longest)
    wrong = [each for job in originals if (each := results.wrong_with(job))]
    if wrong:
        # Else what an original fails at would hide that its mutants do.
        sys.exit("\n".join(["The originals must pass, without a fault:", *wrong]))
    run(jobs, options.processes, options.longest)
    if options.show:
        for mutant in mutants:
            found = sorted(results.found_by(mutant))
            print(f"{mutant.name}: {', '.join(found) or 'nobody'}\n{mutant.diff}")
            for row in results.new_findings(mutant):
                print(f"    {row[0]}: {row[1]} ({row[2]})")
            print()
    print("\n".join(table(mutants, results)))


if __name__ == "__main__":
    main()

"""Faults by cosmic-ray, which knows nothing of IVRs: what finds those of three examples?

python benchmarks/operators.py           # all of them; goes on where it was stopped
python benchmarks/operators.py --table   # what operators.json has, without looking again

It needs cosmic-ray (pip install cosmic-ray). Sessions are kept in --folder. What the columns mean:
docs/guides/mutation.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "operators.json"
#: The configuration that docs/guides/mutation.md shows, for pin.py.
TOML = "cosmic-ray.toml"
CONFIGURATION = ROOT / "benchmarks" / TOML
#: What the caller of the sweep presses.
PRESSED = {"pin": "1234#1", "ivr": "1", "consent": "1"}
#: The keys that `explore` presses: those that these examples know, and one more.
KEYS = "12345*#"
COLUMNS = ("tests", "script", "explore", "rules", "against", "sweep")
#: With another operator here, importing the file serves calls.
GUARD = 'if __name__ == "__main__":'
#: Kinds of findings that only rules bring about.
OF_RULES = frozenset({"expected", "idle-rule"})
#: Real seconds for a command; a mutant that takes longer is found.
LONGEST = 100.0
SWEEP = """\
import sys

from {name} import handler
from simulator import Call, sweep


def caller(call: Call) -> None:
    call.press("{keys}", when_asked={asked})
    call.wait()


result = sweep(caller, handler, every=4)
print(result)
sys.exit(bool(result.wrong))
"""


#: Commands, but for the file. Exploring takes one process, so that others have the machine, too.
PYTEST = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-rfE", "-p", "no:cacheprovider"]
EXPLORE = [sys.executable, "-m", "eslsync", "explore", "-q", "--workers", "1"]
COSMIC_RAY = [sys.executable, "-m", "cosmic_ray.cli"]
FILTER = [sys.executable, "-m"]


class Found(TypedDict):
    """A mutant, and the columns that found it."""

    operator: str
    diff: list[str]  #: the lines taken out and put in
    by: list[str]


def looked(name: str) -> list[str]:
    """The columns that find a fault in NAME.py in this folder."""
    found = []
    status, output = ran([*PYTEST, f"test_{name}.py", f"{name}.call.yaml"])
    summary = [line for line in output.splitlines() if line.startswith(("FAILED", "ERROR"))]
    for column, file in ("tests", f"test_{name}.py"), ("script", f"{name}.call.yaml"):
        if status is None or any(line.split()[1].startswith(file) for line in summary):
            found.append(column)
    report = Path("report.json")
    report.unlink(missing_ok=True)
    explored = [*EXPLORE, f"{name}.py", "--keys", KEYS]
    status, _ = ran([*explored, "--against", f"{name}.json", "--json", str(report)])
    kinds = {"ended"}
    if report.exists():
        told = json.loads(report.read_text(encoding="utf-8"))
        kinds = {each["kind"] for each in told["findings"]}
    found += ["explore"] * bool(kinds - OF_RULES)
    found += ["rules"] * bool(kinds)
    found += ["against"] * (status != 0)
    found += ["sweep"] * (ran([sys.executable, "swept.py"])[0] != 0)
    return found


def ran(command: Sequence[str]) -> tuple[int | None, str]:
    """The exit status of a command, None if it had to be ended, and what it wrote."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        output, _ = process.communicate(timeout=LONGEST)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None, ""
    return process.returncode, output


def prepare(name: str, folder: Path) -> None:
    """A folder as a user has it: the example, its test, its rules, its script, its saved map."""
    folder.mkdir(parents=True)
    for ending in ("py", "expect", "call.yaml"):
        shutil.copy(ROOT / "examples" / f"{name}.{ending}", folder)
    source = (folder / f"{name}.py").read_text(encoding="utf-8")
    source = source.replace(GUARD, f"{GUARD}  # pragma: no mutate")
    (folder / f"{name}.py").write_text(source, encoding="utf-8")
    test = (ROOT / "tests" / "examples" / f"test_{name}.py").read_text(encoding="utf-8")
    test = test.replace(f"from examples.{name} import", f"from {name} import")
    test = test.replace(f"from examples import {name}", f"import {name}")
    (folder / f"test_{name}.py").write_text(test, encoding="utf-8")
    swept = SWEEP.format(name=name, keys=PRESSED[name], asked=name != "ivr")
    (folder / "swept.py").write_text(swept, encoding="utf-8")
    configuration = CONFIGURATION.read_text(encoding="utf-8").replace("pin.py", f"{name}.py")
    look = f'test-command = "{sys.executable} {__file__} --look {name}"'
    configuration = re.sub(r"(?m)^test-command = .*$", look, configuration)
    configuration = re.sub(r"(?m)^timeout = .*$", f"timeout = {4 * LONGEST}", configuration)
    (folder / TOML).write_text(configuration, encoding="utf-8")
    in_(folder, *EXPLORE, f"{name}.py", "--keys", KEYS, "--save", f"{name}.json")
    in_(folder, *COSMIC_RAY, "init", TOML, "session.sqlite")
    in_(folder, *FILTER, "cosmic_ray.tools.filters.operators_filter", "session.sqlite", TOML)
    in_(folder, *FILTER, "cosmic_ray.tools.filters.pragma_no_mutate", "session.sqlite")
    # What the original doesn't pass can't tell a fault.
    in_(folder, *COSMIC_RAY, "baseline", TOML)


def in_(folder: Path, *command: str) -> str:
    return subprocess.run(command, cwd=folder, check=True, text=True, stdout=subprocess.PIPE).stdout


def results(folder: Path) -> list[Found]:
    """What a session has so far."""
    rows: list[Found] = []
    for line in in_(folder, *COSMIC_RAY, "dump", "session.sqlite").splitlines():
        item, result = json.loads(line)
        if result is None or result["test_outcome"] is None:
            continue
        diff = [each for each in result["diff"].splitlines() if re.match(r"[-+](?![-+])", each)]
        rows.append(
            {
                "operator": item["mutations"][0]["operator_name"].removeprefix("core/"),
                "diff": diff,
                "by": json.loads(result["output"].splitlines()[-1]),
            }
        )
    return rows


def table(found: Mapping[str, Sequence[Found]]) -> list[str]:
    """How many each column found, and what none did, in Markdown."""
    lines = [f"| example | mutants | {' | '.join(COLUMNS)} |", "|---|" + "---:|" * 7]
    everything = [row for rows in found.values() for row in rows]
    for name, rows in [*((f"`{name}`", rows) for name, rows in found.items()), ("all", everything)]:
        count = [sum(column in row["by"] for row in rows) for column in COLUMNS]
        lines.append(f"| {name} | {len(rows)} | {' | '.join(map(str, count))} |")
    lines += ["", "Found by nothing:", ""]
    for name, rows in found.items():
        lines += [f"- `{name}`: {change(row['diff'])}" for row in rows if not row["by"]]
    return lines


def change(diff: Sequence[str]) -> str:
    """A change of one line, as text."""
    out, put = (next((line[1:].strip() for line in diff if line[0] == sign), "") for sign in "-+")
    return f"`{out}` → `{put}`"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "operators"))
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--look", metavar="NAME", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.look:
        by = looked(options.look)
        print(json.dumps(by))
        sys.exit(bool(by))
    if not options.table:
        for name in PRESSED:
            if not (folder := options.folder / name).exists():
                prepare(name, folder)
            in_(folder, *COSMIC_RAY, "exec", TOML, "session.sqlite")
        kept = {name: results(options.folder / name) for name in PRESSED}
        RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print("\n".join(table(json.loads(RESULTS.read_text(encoding="utf-8")))))


if __name__ == "__main__":
    main()

"""docs/reference/modelled.md: what the simulated switch has of FreeSWITCH, and on what evidence.

It reads the recordings for the versions that each thing is held to.

python docs/make_modelled.py            # write it
python docs/make_modelled.py --check    # compare it
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from simulator.applications import API_COMMANDS, APPLICATIONS, without_effect
from simulator.model.evidence import Basis
from simulator.model.tables import ApiCommand, Application

PAGE = Path(__file__).parent / "reference/modelled.md"
TESTS = Path(__file__).parents[1] / "tests"
#: What FreeSWITCH 1.10.12 and 1.11.3-dev register: kind, module, name, and flags.
NAMES = TESTS / "simulator/model/names_of_freeswitch.txt"
RECORDINGS = TESTS / "recordings"
#: In a recording's JSON: an application that was executed, and a command that was run.
_APPLICATION = re.compile(r"\\nApplication: ([\w-]+)")
_API = [
    re.compile(rf"{begin}(\w+)")
    for begin in ('"data": "api ', '"data": "bgapi ', r"\\nAPI-Command: ")
]

TABLES: tuple[Mapping[str, Application | ApiCommand], ...] = (APPLICATIONS, API_COMMANDS)

HEAD = """# What is modelled of FreeSWITCH

`python docs/make_modelled.py` writes this page from the tables of the simulated switch, and a test
compares it.

FreeSWITCH 1.10.12 and 1.11.3-dev register {applications} applications and {api_commands} api
commands in all their modules. The simulated switch knows every one:

| | applications | api commands |
|---|---|---|
{counts}

What is *held to recordings* behaves as in those [recordings](../../tests/recordings/README.md) of
the version that heads the column; of many, the first three are named. No recording of 1.11.3-dev
shows something means that none was made: one model serves both versions, since what differs between
them [is known](../internals/conformance.md#versions). What was *read from source* names the
function there. What is *without effect* changes nothing in a call but its own events. What is
*yours to add* fails a call that uses it, unless you
[model or allow it](../guides/testing.md#what-is-not-modelled). A name that is not on this page is
unknown to FreeSWITCH: such an application hangs the call up.
"""


def modules() -> dict[tuple[str, str], str]:
    """The module of each name, by kind and name."""
    lines = [line.split() for line in NAMES.read_text(encoding="utf-8").splitlines()]
    return {(kind, name): module for kind, module, name, *_ in lines}


def standing(each: Application | ApiCommand) -> str:
    """What a model stands on, in the words of the page."""
    if each.evidence.basis is Basis.NOT_MODELLED:
        return "yours to add"
    if each.function.__module__ == without_effect.__name__:
        return "without effect"
    return str(each.evidence.basis.value)


def counts() -> Iterator[str]:
    words = ("held to recordings", "read from source", "without effect", "yours to add")
    tables = [[standing(each) for each in table.values()] for table in TABLES]
    for word in words:
        yield f"| {word} | {tables[0].count(word)} | {tables[1].count(word)} |"


def versions() -> dict[str, str]:
    """The version of FreeSWITCH that each recording was made of, by the recording's number."""
    found = {}
    for path in sorted(RECORDINGS.glob("*.jsonl")):
        with path.open(encoding="utf-8") as file:
            first = json.loads(file.readline())
        found[path.stem.partition("_")[0]] = first["switch"].removeprefix("FreeSWITCH ")
    return found


def recorded() -> dict[tuple[str, str], list[str]]:
    """The numbers of the recordings in which something is used, by kind and name."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in sorted(RECORDINGS.glob("*.jsonl")):
        text = path.read_text(encoding="utf-8")
        used = {("application", name) for name in _APPLICATION.findall(text)}
        used |= {("api", name) for pattern in _API for name in pattern.findall(text)}
        for each in used:
            found[each].append(path.stem.partition("_")[0])
    return found


def modelled(kind: str, table: Mapping[str, Application | ApiCommand]) -> Iterator[str]:
    where, made_of, found = modules(), versions(), recorded()
    lines = sorted(set(made_of.values()), key=lambda each: re.findall(r"\d+", each))
    yield f"| name | module | {' | '.join(lines)} | |\n|---|---|{'---|' * len(lines)}---|"
    for name in sorted(table):
        each = table[name]
        if each.evidence.basis is Basis.NOT_MODELLED:
            continue
        shown = dict.fromkeys([*each.evidence.recordings, *found[kind, name]])
        columns = [", ".join([n for n in shown if made_of[n] == line][:3]) for line in lines]
        about = "without effect" if standing(each) == "without effect" else each.evidence.source
        yield f"| `{name}` | {where[kind, name]} | {' | '.join(columns)} | {about} |"


def yours() -> Iterator[str]:
    found: dict[str, tuple[list[str], list[str]]] = {}
    for column, table in enumerate(TABLES):
        for each in table.values():
            if each.evidence.basis is Basis.NOT_MODELLED:
                found.setdefault(each.where, ([], []))[column].append(f"`{each.name}`")
    yield "| module | applications | api commands |\n|---|---|---|"
    for module in sorted(found):
        yield f"| {module} | " + " | ".join(" ".join(sorted(each)) for each in found[module]) + " |"


def page() -> str:
    kinds = [kind for kind, _ in modules()]
    head = HEAD.format(
        applications=kinds.count("application"),
        api_commands=kinds.count("api"),
        counts="\n".join(counts()),
    )
    parts = [
        head,
        "## Applications\n",
        *modelled("application", APPLICATIONS),
        "\n## Api commands\n",
        *modelled("api", API_COMMANDS),
        "\n## Yours to add\n",
        *yours(),
    ]
    return "\n".join(parts) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    if not parser.parse_args().check:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == page():
        return 0
    print(f"{PAGE} is not up to date: run python docs/make_modelled.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())

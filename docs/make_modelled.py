"""The page docs/modelled.md: what the simulated switch has of FreeSWITCH, and on what evidence.

python docs/make_modelled.py            # write it
python docs/make_modelled.py --check    # compare it
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from simulator.applications import API_COMMANDS, APPLICATIONS, without_effect
from simulator.model.evidence import Basis
from simulator.model.tables import ApiCommand, Application

PAGE = Path(__file__).parent / "modelled.md"
#: What FreeSWITCH 1.10.12 registers: kind, module, name, and flags of applications.
NAMES = Path(__file__).parents[1] / "tests/simulator/model/names_of_freeswitch.txt"

TABLES: tuple[Mapping[str, Application | ApiCommand], ...] = (APPLICATIONS, API_COMMANDS)

HEAD = """# What is modelled of FreeSWITCH

`python docs/make_modelled.py` writes this page from the tables of the simulated switch, and a test
compares it.

FreeSWITCH 1.10.12 registers {applications} applications and {api_commands} api commands in all
its modules. The simulated switch knows every one:

| | applications | api commands |
|---|---|---|
{counts}

What is *held to recordings* behaves as in those [recordings](../tests/recordings/README.md), of
which the first three are named. What was *read from source* names the function there. What is
*without effect* changes nothing in a call but its own events. What is *yours to add* fails a call
that uses it, unless you [model or allow it](testing.md#what-is-not-modelled). A name that is not on
this page is unknown to FreeSWITCH: such an application hangs the call up.
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


def modelled(kind: str, table: Mapping[str, Application | ApiCommand]) -> Iterator[str]:
    where = modules()
    yield "| name | module | |\n|---|---|---|"
    for name in sorted(table):
        each = table[name]
        if each.evidence.basis is Basis.NOT_MODELLED:
            continue
        proof = ", ".join(each.evidence.recordings[:3]) or each.evidence.source
        without = "without effect: " if standing(each) == "without effect" else ""
        yield f"| `{name}` | {where[kind, name]} | {without}{proof} |"


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

"""docs/reference/variables.md, written from the simulator's own lists and the recordings.

python docs/make_variables.py            # write docs/reference/variables.md
python docs/make_variables.py --check    # compare it
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from simulator.model.known_options import CONFERENCE_COMMANDS, CONFERENCE_FLAGS
from simulator.model.known_variables import READERS

PAGE = Path(__file__).parent / "reference/variables.md"
RECORDINGS = Path(__file__).parents[1] / "tests/recordings"
#: In a recording's JSON: a variable in an event; and one that an app sets.
_TOLD = re.compile(r"\\nvariable_(\w+)")
_SET = re.compile(r"\b([A-Za-z]\w+)=")

HEAD = """# Variables of FreeSWITCH

The core of FreeSWITCH and the modules of modelled applications read these variables to decide
what they do. The tables say what the simulated switch does about each, however a call sets it:
`channel.set`, `export`, a dial string, `switch.call(variables=)`, `uuid_setvar` and so on.

- **Modelled**: it does what it does in FreeSWITCH, as in recordings of the versions named, or as
  read from source. [One model serves all versions](../internals/conformance.md#versions).
- **Fails the call**: it would change what a caller or a program notices, and has no effect here. A
  call that sets it fails with `NotModelled`, unless its name is in `allow_unmodelled`
  ([Testing](../guides/testing.md#what-is-not-modelled)). Values that switch it off (`false`, `0`)
  are fine.
- **No effect here**: codecs, video, SIP messages, CDRs and logs, which simulated calls don't have.

`*` stands for the rest of a name, `=false` for the only value that matters. The list is
`simulator/model/known_variables.py`, and this page is written from it.
"""

OPTIONS = """
## Options

These options in arguments fail the call, too, each by the name in the second column:

| option | name |
|---|---|
"""

#: Options that no list has: what is written, and the name by which it is allowed.
SINGLE = (
    ("`conference bridge:<room>:<dial string>`", "conference bridge:"),
    ("`conference <room>@<profile>`, a profile of your own", "conference @mine"),
    ("`eavesdrop all`", "eavesdrop all"),
    ("`say` in another language than English", "say de"),
    ("`speak` with an engine that is not in `speech_engines=`", "speak flite"),
    ("`show`, except `show channels count` and `show calls count`", "show registrations"),
    ("a dial string with `:_:` and alternatives", ":_: with \\|"),
)


def code(names: str) -> str:
    return " ".join(f"`{name}`" for name in names.split())


def recorded() -> dict[str, set[str]]:
    """For each variable, the versions of FreeSWITCH of whose recordings it is in."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(RECORDINGS.glob("*.jsonl")):
        text = path.read_text(encoding="utf-8")
        version = text.partition('"switch": "FreeSWITCH ')[2].partition('"')[0]
        of_app = "\n".join(line for line in text.splitlines() if '"from": "app"' in line)
        for name in {*_TOLD.findall(text), *_SET.findall(of_app)}:
            found[name.lower()].add(version)
    return found


def by_proof(names: str, found: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Modelled variables, by the versions that they are held to."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in names.split():
        plain = name.partition("=")[0].lower()
        versions = set(found.get(plain, ()))
        if plain.endswith("*"):
            beginning = plain.rstrip("*")
            versions |= {v for each in found if each.startswith(beginning) for v in found[each]}
        groups[tuple(sorted(versions, key=lambda each: re.findall(r"\d+", each)))].append(name)
    for held_to in sorted(groups, key=lambda each: (-len(each), each)):
        proof = f"recorded of {' and '.join(held_to)}" if held_to else "from source"
        yield f"modelled, {proof}", " ".join(groups[held_to])


def page() -> str:
    lines = [HEAD]
    found = recorded()
    for reader in READERS:
        lines += [f"## {reader.who}\n", f"Read in {reader.source}.\n", "| | |", "|---|---|"]
        for title, names in (
            *by_proof(reader.modelled, found),
            ("fails the call", reader.not_modelled),
            ("no effect here", reader.unnoticed),
        ):
            if names:
                lines.append(f"| {title} | {code(names)} |")
        lines.append("")
    lines.append(OPTIONS.strip("\n"))
    lines += [f"| {what} | `{name}` |" for what, name in SINGLE]
    flags = code(" ".join(sorted(CONFERENCE_FLAGS)))
    commands = code(" ".join(sorted(CONFERENCE_COMMANDS)))
    lines.append(
        f"| `conference <room>+flags{{...}}` with {flags} | `conference +flags{{ghost}}` |"
    )
    lines.append(f"| `api conference <room>` {commands} | `conference floor` |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if "--check" not in sys.argv:
        PAGE.write_text(page())
    elif PAGE.read_text() != page():
        sys.exit("docs/reference/variables.md is not up to date: run python docs/make_variables.py")

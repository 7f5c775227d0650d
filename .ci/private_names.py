"""Count the uses of another module's private names, and fail on those that nobody has explained.

python .ci/private_names.py            # 0: every use is explained below
python .ci/private_names.py --list     # print every use

A name with one leading underscore belongs to the file that defines it. A use is an import of such
a name, or an attribute ``x._name`` (``self._name`` of a base class included) in a file that does
not define ``_name`` itself.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("eslsync", "simulator")

#: Why a use is right, by file and name. An entry that is not used any more fails, too.
EXPLAINED = {
    ("eslsync/clock.py", "_is_owned"): (
        "whether this thread holds an RLock: public only from Python 3.14 on (locked), but what "
        "threading.Condition asks of any lock"
    ),
    ("eslsync/forks.py", "_at_fork_reinit"): (
        "frees a lock in a forked child, whoever holds it in the parent, as Python's own modules do"
    ),
    ("eslsync/wire/enums.py", "_value2member_map_"): (
        "a word that is no member is common in events; Enum's call raises an exception for each"
    ),
    **{
        ("simulator/clockwork/held_pools.py", name): (
            "a pool of before a simulation, whose threads are real, is played by another like it"
        )
        for name in (
            "_max_workers",
            "_shutdown",
            "_thread_name_prefix",
            "_threads",
            "_work_queue",
        )
    },
    ("simulator/clockwork/held_waits.py", "_waiters"): (
        "a participant of virtual time waits in a Condition's own list, so anyone notifies it"
    ),
    ("simulator/clockwork/tricks.py", "_should_use_real_time"): (
        "freezegun gives real time to threads near their beginning"
    ),
    ("simulator/clockwork/tricks.py", "_get_module_attributes"): (
        "freezegun's own imports every module that is only imported on demand"
    ),
    ("simulator/clockwork/tricks.py", "_get_module_attributes_hash"): (
        "freezegun's own takes longer than a simulated call"
    ),
}

#: Names that Python documents, of named tuples, of `sys` and of `os`.
DOCUMENTED = {"_asdict", "_current_frames", "_exit", "_fields", "_getframe", "_make", "_replace"}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name.strip("_") != ""


def defined_names(tree: ast.Module) -> Iterator[str]:
    """Names that a file defines: functions, classes, variables, arguments, attributes, slots."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                yield name
            case ast.Assign(targets=[ast.Name(id="__slots__")], value=value):
                for each in ast.walk(value):
                    if isinstance(each, ast.Constant):
                        yield str(each.value)


def uses(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The line and the name of each use."""
    own = DOCUMENTED.union(defined_names(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            if is_private(node.attr) and node.attr not in own:
                yield node.lineno, node.attr
        elif isinstance(node, ast.ImportFrom):
            if node.level or (node.module or "").partition(".")[0] in PACKAGES:
                yield from ((node.lineno, a.name) for a in node.names if is_private(a.name))


def main() -> int:
    counts: Counter[str] = Counter()
    explained: set[tuple[str, str]] = set()
    failed = False
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            file = path.relative_to(ROOT).as_posix()
            for line, name in sorted(uses(ast.parse(path.read_text(encoding="utf-8")))):
                counts[package] += 1
                if (file, name) in EXPLAINED:
                    explained.add((file, name))
                else:
                    failed = True
                if "--list" in sys.argv or (file, name) not in EXPLAINED:
                    print(f"{file}:{line}: {name}")
    for file, name in EXPLAINED.keys() - explained:
        failed = True
        print(f"{file} does not use {name} any more: remove it from the explained ones")
    print(", ".join(f"{package}: {counts[package]} uses" for package in PACKAGES))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

"""Applications and api commands that FreeSWITCH has, and the simulated switch does not."""

from __future__ import annotations

import ast
import subprocess
import sys

from simulator.applications import API_COMMANDS, APPLICATIONS
from simulator.model.evidence import Part
from tests.support.model_call import ModelCall
from tests.support.places import ROOT


def test_one_that_is_not_modelled_is_reported_and_does_nothing() -> None:
    call = ModelCall().answered()
    used: list[Part] = []
    call.switch.on_used = lambda part, channel: used.append(part)
    call.execute("lua", "anything")
    call.wait(0.1)
    assert call.completed.get("Application") == "lua"
    assert call.completed.get("Application-Response") == "_none_"
    assert call.channel.up
    assert [(str(part), part.where, part.basis.value) for part in used] == [
        ("application lua", "mod_lua", "not modelled")
    ]


#: What FreeSWITCH 1.10.12 registers, by machine from its source: kind, module, name, and flags.
NAMES = [
    line.split()
    for line in (ROOT / "tests/simulator/model/names_of_freeswitch.txt").read_text().splitlines()
]


def test_every_name_of_freeswitch_is_known_and_no_other() -> None:
    tables = {"application": set(APPLICATIONS), "api": set(API_COMMANDS)}
    for kind, known in tables.items():
        assert known == {name for each, _, name, *_ in NAMES if each == kind}


def test_applications_need_media_and_run_on_zombies_as_in_freeswitch() -> None:
    for kind, _, name, *flags in NAMES:
        if kind == "application":
            ours = APPLICATIONS[name]
            assert (ours.nomedia, ours.zombie) == ("nomedia" in flags, "zombie" in flags), name


def test_what_is_not_modelled_names_its_module() -> None:
    where = {(kind, name): module for kind, module, name, *_ in NAMES}
    for kind, table in (("application", APPLICATIONS), ("api", API_COMMANDS)):
        for name, each in table.items():
            if each.where:
                assert each.where == where[kind, name]


def test_only_what_is_declared_so_does_nothing() -> None:
    folder = ROOT / "simulator" / "applications"
    empty = {
        (path.stem, node.name)
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        and any("application(" in ast.unparse(each) for each in node.decorator_list)
        and all(
            isinstance(each, ast.Pass)
            or (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
            for each in node.body
        )
    }
    assert empty == {("without_effect", "nothing")}


def test_the_page_lists_them() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "make_modelled.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout

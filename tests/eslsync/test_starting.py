"""`import eslsync` and the commands import only what they need, and so start fast."""

from __future__ import annotations

import ast
import inspect
import os
import subprocess
import sys
from functools import cache
from importlib import import_module
from types import ModuleType

import pytest

import eslsync
import simulator
from tests.support.places import ROOT

IVR = str(ROOT / "examples" / "ivr.py")


@cache
def loaded_by(code: str) -> set[str]:
    """The modules that a fresh Python has loaded after running the code."""
    # -S: what an editable install imports on its own account is none of ours.
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys\n{code}\nprint()\nprint(*sys.modules)"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def run(*arguments: str) -> str:
    return (
        "from eslsync.command_line.main import main\n"
        "try:\n"
        f"    main({arguments!r})\n"
        "except SystemExit as ended:\n"
        "    assert ended.code == 0"
    )


def test_import_eslsync_loads_none_of_its_modules() -> None:
    assert loaded_by("import eslsync") - loaded_by("import importlib") == {"eslsync"}


def test_import_simulator_loads_none_of_its_modules() -> None:
    assert loaded_by("import simulator") - loaded_by("import importlib") == {"simulator"}


def test_the_pytest_plugin_brings_little_to_runs_that_make_no_calls() -> None:
    brought = loaded_by("import pytest\nimport eslsync.pytest_plugin") - loaded_by("import pytest")
    assert brought == {
        "eslsync",
        "eslsync.own_simulator",
        "eslsync.pytest_plugin",
        "eslsync.wire",
        "eslsync.wire.keys",
    }


@pytest.mark.parametrize("package", [eslsync, simulator])
def test_every_name_is_imported_on_first_use_and_from_where_type_checkers_look(
    package: ModuleType,
) -> None:
    seen = {
        alias.name: f"{package.__name__}.{statement.module}"
        for statement in ast.walk(ast.parse(inspect.getsource(package)))
        if isinstance(statement, ast.ImportFrom) and statement.level
        for alias in statement.names
    }
    assert sorted(seen) == sorted(package.__all__)
    for name, module in seen.items():
        assert getattr(package, name) is getattr(import_module(module), name)
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match="'Inbound'"):
        getattr(package, "Inbound")  # noqa: B009 - as `from eslsync import Inbound` does


def test_outbound_loads_nothing_heavy() -> None:
    loaded = loaded_by("from eslsync import Outbound")
    assert "eslsync.serving.server" in loaded
    # (3.14's own logging has dataclasses, and so inspect and ast)
    assert (
        loaded - loaded_by("import logging")
        & {
            *("asyncio", "concurrent", "multiprocessing", "subprocess", "ssl", "email", "http"),
            *("dataclasses", "inspect", "ast", "difflib", "pathlib", "unittest", "argparse"),
            *("json", "xml", "pyexpat", "urllib", "ipaddress"),
            *("click", "colorlog", "freezegun", "yaml", "simulator"),
        }
        == set()
    )


def test_eslsync_serve_loads_nothing_of_the_simulated_switch() -> None:
    serve = run("serve", IVR, "--port", "0")
    loaded = loaded_by(
        f"import eslsync\neslsync.Outbound.start = lambda self, **options: None\n{serve}"
    )
    assert "eslsync.serving.server" in loaded
    # (3.14's own logging has dataclasses, and so inspect and ast)
    assert (
        loaded - loaded_by("import logging")
        & {
            *("asyncio", "concurrent", "multiprocessing", "ssl", "dataclasses", "unittest"),
            *("json", "xml", "colorlog", "freezegun", "yaml", "pytest", "importlib.metadata"),
            "simulator",
        }
        == set()
    )


def test_eslsync_call_loads_what_the_call_needs() -> None:
    loaded = loaded_by(run("call", IVR, "--press", "1"))
    assert "simulator.calling.freeswitch" in loaded
    # (asyncio and unittest come with freezegun)
    assert (
        loaded
        & {
            *("concurrent.futures.process", "multiprocessing", "tarfile", "unittest.async_case"),
            *("xml", "hashlib", "importlib.metadata"),
            *("colorlog", "yaml", "pytest", "_pytest", "hypothesis", "matplotlib", "psutil"),
            *(
                "simulator.scripts.script",
                "simulator.scripts.shapes",
                "simulator.calling.sweeps",
                "simulator.recordings.conformance",
            ),
        }
        == set()
    )


@pytest.mark.parametrize("package", [eslsync, simulator])
def test_dir_has_each_name_once(package: ModuleType) -> None:
    for name in package.__all__:
        getattr(package, name)
    assert len(dir(package)) == len(set(dir(package)))

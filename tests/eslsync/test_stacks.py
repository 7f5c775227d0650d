"""Reports and tracebacks show the user's lines and not ours."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

import eslsync
import simulator
from eslsync.stacks import TRIES, is_ours, parsed
from tests.support.cases import for_each

LIBRARY = Path(eslsync.__file__).parent
SIMULATOR = Path(simulator.__file__).parent


@pytest.mark.parametrize(
    "file",
    [LIBRARY / "session.py", LIBRARY / "call" / "leg.py", SIMULATOR / "calling" / "call.py"],
)
def test_files_of_both_packages_are_ours(file: Path) -> None:
    assert file.exists()
    assert is_ours(str(file))


@for_each(
    "file",
    [
        __file__,
        os.__file__,
        f"{LIBRARY}_extras{os.sep}ivr.py",  # a neighbour whose name begins like ours
        f"{LIBRARY.parent}{os.sep}simulators{os.sep}mine.py",
        "<string>",
    ],
)
def test_any_other_file_is_the_users(file: str) -> None:
    assert not is_ours(file)


def test_a_thread_that_parses_meanwhile_disturbs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    parse, failures = ast.parse, [SystemError("AST constructor recursion depth mismatch")] * 3

    def disturbed(source: str, file: str) -> ast.Module:
        if failures:
            raise failures.pop()
        return parse(source, file)

    monkeypatch.setattr(ast, "parse", disturbed)
    assert ast.dump(parsed("x = 1")) == ast.dump(parse("x = 1"))
    failures.extend([SystemError("it is broken")] * TRIES)
    with pytest.raises(SystemError, match="it is broken"):
        parsed("x = 1")


def test_what_is_no_python_is_refused() -> None:
    with pytest.raises(SyntaxError) as refused:
        parsed("x =", "ivr.py")
    assert refused.value.filename == "ivr.py"

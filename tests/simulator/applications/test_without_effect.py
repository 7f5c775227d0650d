"""Applications that change nothing but their own events."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable

import pytest

from simulator.applications import API_COMMANDS, APPLICATIONS, without_effect
from tests.support.model_call import ModelCall


@pytest.mark.parametrize("name", ["log", "eval", "info", "stop"])
def test_applications_without_effect_complete_and_the_call_goes_on(name: str) -> None:
    call = ModelCall().answered()
    call.execute(name, "anything")
    call.wait(0.1)
    assert call.completed.get("Application") == name
    assert call.completed.get("Application-Response") == "_none_"
    assert call.channel.up


def does_nothing(function: Callable[..., object]) -> bool:
    """True if a function has no statement but its docstring and ``pass``, and answers nothing."""
    [definition] = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(definition, ast.FunctionDef)
    return all(
        isinstance(each, ast.Pass)
        or (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
        or (isinstance(each, ast.Return) and ast.unparse(each) in ("return", "return ''"))
        for each in definition.body
    )


def test_what_does_nothing_is_declared_so() -> None:
    for table in (APPLICATIONS, API_COMMANDS):
        silent = {name for name, each in table.items() if does_nothing(each.function)}
        declared = {
            name
            for name, each in table.items()
            if not each.evidence.modelled or each.function.__module__ == without_effect.__name__
        }
        assert silent <= declared
    assert len(silent) > 100

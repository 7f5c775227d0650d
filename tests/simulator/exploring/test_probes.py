"""Probes in the handler's code."""

from __future__ import annotations

from typing import Any

from simulator.exploring.probes import Ran, probed, probing

SOURCE = '''"""A file."""
from __future__ import annotations

def handler(x: int) -> str:
    """Text."""
    sign = "plus" if x > 0 else "minus"
    try:
        match x:
            case 1:
                return sign
            case _:
                return sign * 2
    finally:
        x += 1
'''


def test_each_statement_and_branch_that_runs_is_noted_and_nothing_else_changes() -> None:
    ran = Ran()
    namespace: dict[str, Any] = {"__ran__": ran.now.add}
    exec(probed(SOURCE, "file"), namespace)
    assert namespace["handler"](1) == "plus"
    assert namespace["handler"].__doc__ == "Text."
    assert namespace["handler"].__annotations__ == {"x": "int", "return": "str"}
    assert sorted(ran.new()) == [(6, -12), (6, 4), (7, 4), (8, 8), (10, 16), (14, 8)]
    ran.begin()
    assert namespace["handler"](5) == "plusplus"
    assert sorted(ran.new()) == [(12, 16)]


def doubles(number: int) -> int:
    return helps(number)


def helps(number: int) -> int:
    return 2 * number


def test_functions_as_they_are_note_what_runs_for_a_while() -> None:
    ran = Ran()
    with probing(doubles, ran):  # type: ignore[arg-type]
        assert doubles(2) == 4
    assert len(ran.new()) == 2
    ran.begin()
    assert doubles(3) == 6
    assert not ran.new()

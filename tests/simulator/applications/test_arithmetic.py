"""Arithmetic by `expr`: asked of a real switch."""

from __future__ import annotations

from tests.support.cases import for_each
from tests.support.model_call import ModelCall


@for_each(
    ("expression", "value"),
    [
        ("1+2", "3"),
        ("1/2", "0.5"),
        ("2^3^2", "64"),
        ("-2^2", "4"),
        ("2-1-1", "0"),
        ("(1+2)*3", "9"),
        ("1.123456", "1.123456"),
        ("100000*1000", "100000000"),
        ("abc", "0"),
        ("a=3; a+1", "4"),
        ("1|2", "2"),
        ("min(4,2)+if(1,2,3)", "4"),
        ("mod(7,3)", "1"),
        ("7/0", "!err!"),
        ("1+", "!err!"),
        ("1 2", "!err!"),
        ("10 % 3", "!err!"),
        ("sqrt(1,2)", "!err!"),
        ("nosuch(1)", "!err!"),
        ("", "!err!"),
    ],
)
def test_expressions(expression: str, value: str) -> None:
    call = ModelCall().answered()
    assert call.send(f"api expr {expression}") == value

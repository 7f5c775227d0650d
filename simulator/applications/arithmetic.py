"""The api command `expr`: arithmetic (mod_expr's ExprEval)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..model.tables import api

if TYPE_CHECKING:
    from ..model.switch import Switch

__all__: list[str] = []

WRONG = "!err!"
_TOKEN = re.compile(r"\s*(\d+\.?\d*|\.\d+|[A-Za-z_]\w*|[-+*/^(),;=])")
CONSTANTS = {"M_PI": math.pi, "M_E": math.e}


def _truth(value: bool) -> float:
    return float(value)


#: The functions, with how many arguments they take; None: one or more.
FUNCTIONS: dict[str, tuple[int | None, Callable[..., float]]] = {
    "abs": (1, abs),
    "above": (2, lambda a, b: _truth(a > b)),
    "acos": (1, math.acos),
    "and": (2, lambda a, b: float(int(a) & int(b))),
    "asin": (1, math.asin),
    "atan": (1, math.atan),
    "avg": (None, lambda *each: sum(each) / len(each)),
    "below": (2, lambda a, b: _truth(a < b)),
    "ceil": (1, math.ceil),
    "cos": (1, math.cos),
    "equal": (2, lambda a, b: _truth(a == b)),
    "exp": (1, math.exp),
    "floor": (1, math.floor),
    "fpart": (1, lambda a: math.modf(a)[0]),
    "if": (3, lambda a, b, c: b if a else c),
    "ipart": (1, lambda a: math.modf(a)[1]),
    "ln": (1, math.log),
    "log": (1, math.log10),
    "max": (None, max),
    "min": (None, min),
    "mod": (2, math.fmod),
    "not": (1, lambda a: float(~int(a))),
    "or": (2, lambda a, b: float(int(a) | int(b))),
    "pow": (2, math.pow),
    "sin": (1, math.sin),
    "sqrt": (1, math.sqrt),
    "sum": (None, lambda *each: sum(each)),
    "tan": (1, math.tan),
}


@api("expr", source="mod_expr.c; recording 34j")
def expr(switch: Switch, argument: str) -> str:
    """``<expression>[;<expression> ...]``: the value of the last one, with up to ten decimals."""
    try:
        value = _Reader(argument.replace("|", ";")).all()
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return WRONG
    return f"{value:.10f}".rstrip("0").rstrip(".")


class _Reader:
    """Reads and evaluates expressions. Unset variables are 0; all operators group to the left."""

    def __init__(self, text: str) -> None:
        self._variables: dict[str, float] = {}
        self._tokens: list[str] = []
        text = text.strip()
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise ValueError(text)
            self._tokens.append(found[1])
            at = found.end()

    def _next(self, *wanted: str) -> str | None:
        if self._tokens and (not wanted or self._tokens[0] in wanted):
            return self._tokens.pop(0)
        return None

    def all(self) -> float:
        value = self._statement()
        while self._next(";"):
            if not self._tokens:
                break
            value = self._statement()
        if self._tokens:
            raise ValueError(self._tokens)
        return value

    def _statement(self) -> float:
        if self._tokens[1:2] == ["="]:
            name = self._tokens[0]
            del self._tokens[:2]
            self._variables[name] = value = self._sum()
            return value
        return self._sum()

    def _sum(self) -> float:
        value = self._product()
        while (sign := self._next("+", "-")) is not None:
            other = self._product()
            value = value + other if sign == "+" else value - other
        return value

    def _product(self) -> float:
        value = self._power()
        while (sign := self._next("*", "/")) is not None:
            other = self._power()
            value = value * other if sign == "*" else value / other
        return value

    def _power(self) -> float:
        value = self._signed()
        while self._next("^"):
            value = math.pow(value, self._signed())
        return value

    def _signed(self) -> float:
        sign = self._next("+", "-")
        return self._single() if sign is None else self._signed() * (-1 if sign == "-" else 1)

    def _single(self) -> float:
        token = self._next()
        if token is None:
            raise ValueError("nothing")
        if token == "(":
            value = self._sum()
            if not self._next(")"):
                raise ValueError("not closed")
            return value
        if token[0].isdigit() or token[0] == ".":
            return float(token)
        if self._tokens[:1] == ["("]:
            return self._call(token)
        return CONSTANTS.get(token, self._variables.get(token, 0.0))

    def _call(self, name: str) -> float:
        self._next("(")
        given = [self._sum()]
        while self._next(","):
            given.append(self._sum())
        count, function = FUNCTIONS[name]
        if not self._next(")") or count not in (None, len(given)):
            raise ValueError(name)
        return float(function(*given))

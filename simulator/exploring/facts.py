"""Facts about a call that code compares with literals: the caller, the number called, variables."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from ..model.known_variables import is_known
from ..model.spelling import misspelt
from .boundaries import Lookup, integers
from .probes import Spot, spot
from .trees import Tree

__all__ = ["USUAL", "Fact", "Facts", "Question", "Unset", "facts_of"]

#: Properties of a session, and headers of its context, by the option of a call that sets them.
PROPERTIES = {
    "caller_number": "caller", "caller_name": "caller_name", "destination": "destination",
    "Caller-Caller-ID-Number": "caller", "Caller-Caller-ID-Name": "caller_name",
    "Caller-Destination-Number": "destination",
}  # fmt: skip
#: Methods of texts that leave enough of them to compare.
PLAIN = frozenset("strip lstrip rstrip lower upper casefold removeprefix removesuffix".split())
#: Methods by which code sets variables of a channel, or has FreeSWITCH set them.
SETS = frozenset(
    "set multiset export execute send sendmsg api originate bridge play_and_get_digits read".split()
)
#: The fewest letters of a name that a slip may have made of another.
SHORTEST = 5
#: Values that one comparison is tried with, at most.
MOST = 16
#: What calls have that say nothing else, by the option.
USUAL = {"caller": "1001", "destination": "5000"}
#: The length that made-up numbers get, and their digits.
LONG, DIGITS = 11, "12345678901"


@dataclass(frozen=True)
class Fact:
    """A fact about a call: an option of it, or one of its variables."""

    option: str
    variable: str = ""

    def among(self, call: Mapping[str, Any]) -> bool:
        """True if the circumstances of a call say what it is."""
        return self.option in call and (not self.variable or self.variable in call[self.option])

    def given(self, call: Mapping[str, Any], value: str) -> dict[str, Any]:
        """The circumstances of a call, with this value."""
        if self.variable:
            value = {**call.get(self.option, {}), self.variable: value}  # type: ignore[assignment]
        return {**call, self.option: value}

    def __str__(self) -> str:
        return self.variable or self.option.replace("_", " ")


@dataclass(frozen=True)
class Question:
    """A fact that a statement depends on, and the values at which it may turn."""

    fact: Fact
    values: tuple[str, ...]


@dataclass(frozen=True)
class Unset:
    """A variable that code reads, and that neither it nor FreeSWITCH sets."""

    name: str
    line: int
    meant: str | None  #: a variable that the code sets and that a slip turned into this one


class Facts:
    """The names by which a file's code has facts, and what it does with them."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._assigned: set[str] = set()  # texts in which the code sets the channel's variables
        self._written: set[str] = set()  # names of keywords by which it does
        self._questions: Mapping[Spot, Sequence[Question]] | None = None
        given = [*self._given()]
        self._names: dict[str, Fact] = {}  # variables, parameters, attributes, functions
        for _ in range(3):  # from one name to the next
            for name, value in given:
                fact = self.fact(value)
                if fact is not None:
                    self._names.setdefault(name, fact)

    def _given(self) -> Iterator[tuple[str, ast.expr]]:
        """The names to which the code gives values; notes the variables that it sets."""
        functions = {node.name: node for node in self._tree.of(ast.FunctionDef)}
        for node in self._tree.of(*_GIVE):
            if isinstance(node, ast.FunctionDef):
                for each in self._tree.walk(node):
                    if isinstance(each, ast.Return) and each.value is not None:
                        yield node.name, each.value
            elif isinstance(node, ast.Call):
                name = _name_of(node.func)
                if name in SETS:
                    values = [*node.args, *(each.value for each in node.keywords)]
                    self._assigned |= {text for each in values for text in _texts(each)}
                    self._written |= {each.arg for each in node.keywords if each.arg}
                if name in functions:
                    yield from _arguments(node, functions[name])
            elif isinstance(node, _ASSIGN) and node.value is not None:
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    if name := _name_of(target):
                        yield name, node.value
                    elif isinstance(target, ast.Subscript):
                        self._assigned |= set(_texts(target.slice))

    @cached_property
    def unset(self) -> list[Unset]:
        """The variables that are read and nothing known sets, each once."""
        words = {word for text in self._assigned for word in re.findall(r"\w+", text)}
        own = words | self._written
        found: dict[str, Unset] = {}
        for node in self._tree.of(ast.Call, ast.Subscript):
            fact = self.fact(node)
            if fact is None or not fact.variable or fact.variable in found:
                continue
            name = fact.variable
            if name not in own and not is_known(name):
                # Names may differ in their last letters: line_a, line_b.
                others = sorted(each for each in own if each[:-1] != name[:-1])
                like = misspelt(name, others, shortest=SHORTEST)
                found[name] = Unset(name, node.lineno, like)
        return list(found.values())

    def questions(self, lookup: Lookup) -> Mapping[Spot, Sequence[Question]]:
        """The facts that statements depend on; ``lookup`` finds what the file's names stand for."""
        if self._questions is None:
            self._questions = self._asked(lookup)
        return self._questions

    def _asked(self, lookup: Lookup) -> dict[Spot, list[Question]]:
        found: dict[Spot, list[Question]] = {}
        read: dict[Fact, Spot] = {}  # variables, and the first statement that reads each
        # A comparison that the usual call fulfils hides those after it, so that the first in each
        # function is tried with the values of all.
        first: dict[tuple[ast.AST | None, Fact], tuple[Spot, dict[str, None]]] = {}
        for statement, expression in self._statements():
            here = spot(statement)
            values: dict[Fact, dict[str, None]] = {}
            for node in self._tree.walk(expression):
                for fact, value in _compared(node, self, lookup):
                    values.setdefault(fact, {})[value] = None
                fact_here = self.fact(node)
                if fact_here is not None and fact_here.variable:
                    read.setdefault(fact_here, here)
            for fact, several in values.items():
                which = self._tree.function_around(statement), fact
                where, others = first.get(which, (here, {}))
                first[which] = min(where, here), {**others, **several}
                found.setdefault(here, []).append(Question(fact, tuple(several)[:MOST]))
        for (_, fact), (where, several) in first.items():
            found[where] = [each for each in found[where] if each.fact != fact]
            every = (*tuple(several)[:MOST], *_none_of(fact, several))
            found[where].append(Question(fact, every))
        slips = {each.name for each in self.unset if each.meant}
        compared = {question.fact for each in found.values() for question in each}
        for fact, where in read.items():
            if fact not in compared and fact.variable not in self._assigned | slips:
                found.setdefault(where, []).append(Question(fact, ("true",)))
        return found

    def _statements(self) -> Iterator[tuple[ast.stmt, ast.expr]]:
        """The statements, each with the expressions that are its own."""
        for node in self._tree.nodes:
            if not isinstance(node, ast.stmt) or isinstance(node, _DEFINITIONS):
                continue
            for child in self._tree.below(node):
                if isinstance(child, ast.expr):
                    yield node, child
                elif isinstance(child, ast.withitem):
                    yield node, child.context_expr
            if isinstance(node, ast.Match):
                for case in node.cases:
                    for text in _texts_of_pattern(case.pattern):
                        test = ast.Compare(node.subject, [ast.Eq()], [text])
                        yield node, ast.copy_location(test, node.subject)

    def fact(self, node: ast.AST) -> Fact | None:
        """The fact that an expression is, or a plain text made of it."""
        if isinstance(node, (ast.Name, ast.Attribute)):
            name = _name_of(node)
            if isinstance(node, ast.Attribute) and name in PROPERTIES:
                return Fact(PROPERTIES[name])
            return self._names.get(name)
        if isinstance(node, ast.Subscript):
            return _looked_up(node.value, node.slice) or self._part(node)
        if isinstance(node, ast.NamedExpr):
            return self.fact(node.value)
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            return self.fact(node.values[0])
        if isinstance(node, ast.Call):
            name = _name_of(node.func)
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
            if name == "get_variable" and node.args:
                return _variable(node.args[0])
            if name == "get" and owner is not None and node.args:
                return _looked_up(owner, node.args[0])
            if name in PLAIN and owner is not None:
                return self.fact(owner)
            if name in ("str", "int") and node.args:
                return self.fact(node.args[0])
            return self._names.get(name)
        return None

    def _part(self, node: ast.Subscript) -> Fact | None:
        """A text's beginning or end is compared as the whole of it."""
        return self.fact(node.value) if isinstance(node.slice, (ast.Slice, ast.UnaryOp)) else None


@lru_cache(maxsize=16)  # as many as there are trees
def facts_of(tree: Tree) -> Facts:
    """Those of a file, whichever of its handlers is explored."""
    return Facts(tree)


def _none_of(fact: Fact, values: Mapping[str, None]) -> Iterator[str]:
    """A value beside those that the code knows, if the usual call may have one of them."""
    if fact.variable or USUAL.get(fact.option, "") in values:
        numbers = all(each.isdecimal() for each in values)
        yield DIGITS if numbers else "other"


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_ASSIGN = (ast.Assign, ast.AnnAssign, ast.NamedExpr)
_GIVE = (*_ASSIGN, ast.FunctionDef, ast.Call)


def _arguments(call: ast.Call, function: ast.FunctionDef) -> Iterator[tuple[str, ast.expr]]:
    """The parameters that a call gives values."""
    parameters = [each.arg for each in function.args.args]
    if parameters[:1] == ["self"]:
        del parameters[0]
    yield from zip(parameters, call.args, strict=False)
    yield from ((each.arg, each.value) for each in call.keywords if each.arg)


def _texts_of_pattern(pattern: ast.pattern) -> Iterator[ast.expr]:
    for node in ast.walk(pattern):
        if isinstance(node, ast.MatchValue):
            yield node.value


def _looked_up(owner: ast.expr, key: ast.expr) -> Fact | None:
    """The fact under a key of a channel's variables, or of a context or an event."""
    if _name_of(owner) == "variables":
        return _variable(key)
    for text in _texts(key):
        if text in PROPERTIES and "-" in text:
            return Fact(PROPERTIES[text])
        if text.startswith("variable_"):
            return Fact("variables", text.removeprefix("variable_"))
    return None


def _variable(name: ast.expr) -> Fact | None:
    return next((Fact("variables", text) for text in _texts(name)), None)


def _compared(node: ast.AST, known: Facts, lookup: Lookup) -> Iterator[tuple[Fact, str]]:
    """The facts that an expression compares, and values at which it turns."""
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        for side in sides:
            fact = known.fact(side)
            if fact is None:
                continue
            others = [other for other in sides if other is not side]
            for value in _values(others, lookup):
                yield fact, _whole(side, value)
    elif isinstance(node, ast.Subscript):
        fact = known.fact(node.slice)
        if fact is not None:
            yield from ((fact, value) for value in _values([node.value], lookup))
    elif isinstance(node, ast.Call):
        name = _name_of(node.func)
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        given = [known.fact(each) for each in node.args]
        if owner is not None and (fact := known.fact(owner)) is not None:
            for value in _values(node.args, lookup):
                if name == "startswith":
                    yield fact, _longer(value)
                elif name == "endswith":
                    yield fact, DIGITS[: max(0, LONG - len(value))] + value
        elif name == "get" and owner is not None and given[:1] != [None]:
            yield from ((f, v) for f in given[:1] if f for v in _values([owner], lookup))
        elif name in ("match", "fullmatch", "search"):
            fact = next(filter(None, given), None)
            patterns = [*node.args, *([] if owner is None else _compiled(owner, lookup))]
            if fact is not None:
                yield from ((fact, m) for p in _values(patterns, lookup) for m in _matching(p))


def _compiled(owner: ast.expr, lookup: Lookup) -> list[ast.expr]:
    """The arguments of the `re.compile` that a name stands for."""
    value = lookup(owner) if isinstance(owner, (ast.Name, ast.Attribute)) else owner
    return value.args[:1] if isinstance(value, ast.Call) else []


def _whole(side: ast.expr, value: str) -> str:
    """A text of which the compared part has a value."""
    if isinstance(side, ast.Subscript) and isinstance(side.slice, ast.Slice):
        return _longer(value) if side.slice.lower is None else DIGITS[: LONG - len(value)] + value
    return value


def _longer(beginning: str) -> str:
    return beginning + DIGITS[: max(0, LONG - len(beginning))]


def _matching(pattern: str) -> Iterator[str]:
    """A text that begins as the pattern does, and matches it, if one is found."""
    plain = re.match(r"\^?((?:\\?[+#*]|[\w ])*)", pattern.removeprefix(r"\A"))
    begins = "" if plain is None else plain[1].replace("\\", "")
    for beginning in (begins, begins[:-1]):
        for length in range(LONG + 5):
            text = beginning + (DIGITS * 2)[:length]
            try:
                if text and re.search(pattern, text):
                    yield text
                    return
            except re.error:
                return


def _values(nodes: Iterable[ast.expr], lookup: Lookup, deep: int = 3) -> Iterator[str]:
    """The texts that expressions can mean; a number, and those beside it."""
    for node in nodes:
        if isinstance(node, (ast.Name, ast.Attribute)):
            value = lookup(node)
            if value is not None and deep:
                yield from _values([value], lookup, deep - 1)
        elif isinstance(node, ast.Dict):
            yield from _values([key for key in node.keys if key is not None], lookup, deep)
        elif isinstance(node, ast.Constant) and not isinstance(node.value, str):
            for number in integers(node, lookup):
                yield from (str(each) for each in (number, number + 1, number - 1) if each >= 0)
        elif isinstance(node, ast.Call) and _name_of(node.func) in ("set", "frozenset", "tuple"):
            yield from _values(node.args, lookup, deep)
        else:
            yield from _texts(node)


def _texts(node: ast.expr) -> Iterator[str]:
    """The texts of a literal."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and node.value:
            yield node.value
    elif isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        for each in node.elts:
            yield from _texts(each)
    elif isinstance(node, ast.Dict):
        for key in node.keys:
            if key is not None:
                yield from _texts(key)


def _name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""

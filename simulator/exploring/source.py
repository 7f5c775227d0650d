"""A handler's source code: its prompts, the numbers to key in, its questions about the call."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from eslsync import Channel
from eslsync.wire.arguments import KEYS
from eslsync.wire.declared import Declaration, declaration_of, declared
from eslsync.wire.separation import separate

from .actions import COUNTING
from .boundaries import Numbers, Times, ends_in, integers, numbers_in, times_in
from .facts import Question, Unset, facts_of
from .probes import Spot
from .reach import Reach, keys_in
from .trees import Tree, innermost, tree_of
from .whereabouts import Place
from .who_calls import BYTES

__all__ = ["HandlerSource", "NamedPrompt"]

#: Maximum length of a number in the code to be tried as an entry.
LONGEST = 16
#: A text that somebody could say: a few words without digits.
SAID = re.compile(r"[^\W\d_]{2,}(?:[ '-][^\W\d_]+){0,6}")
#: Names that code uses to get the caller.
CALLERS = frozenset("caller_number caller_name".split())

#: Causes of far ends that refuse a call, except those of the far ends tried in any case.
REFUSALS = frozenset(
    """
    CALL_REJECTED DESTINATION_OUT_OF_ORDER FACILITY_REJECTED GATEWAY_DOWN INCOMPATIBLE_DESTINATION
    INVALID_NUMBER_FORMAT NETWORK_OUT_OF_ORDER NORMAL_CIRCUIT_CONGESTION NORMAL_TEMPORARY_FAILURE
    NO_ROUTE_DESTINATION NUMBER_CHANGED NO_USER_RESPONSE OUTGOING_CALL_BARRED
    RECOVERY_ON_TIMER_EXPIRE SERVICE_UNAVAILABLE SWITCH_CONGESTION UNALLOCATED_NUMBER
    USER_NOT_REGISTERED
    """.split()
)
#: Attributes by which code reads how long a bridge lasted.
LENGTHS = frozenset("seconds billsec".split())

Definition = ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class NamedPrompt:
    """A prompt, and the place where the code names it."""

    prompt: str
    place: Place
    #: True if only what is tried (keys, far ends, times) decides whether a caller hears it.
    up_to_callers: bool = True
    keys: Set[str] = frozenset()  #: the keys that decide, as far as the code names them


@dataclass(frozen=True)
class Uncalled:
    """A function for calls that nothing calls."""

    name: str
    place: Place
    prompts: tuple[str, ...]


class HandlerSource:
    """The parts of a handler's file that the handler can reach, by the names it uses."""

    def __init__(self, path: Path, handler: str) -> None:
        self.path = path
        self.handler = handler
        self.tree = tree = tree_of(path)
        self.constants = dict(_assigned(tree.module.body))
        self._attributes = dict(
            each for node in tree.of(ast.ClassDef) for each in _assigned(node.body)
        )
        self._reach = Reach(tree, self.constants)
        self._facts = facts_of(tree)
        #: The functions and classes that the handler can reach.
        self.parts = list(_reached(tree, handler, self.constants))
        self.nodes = [node for part in self.parts for node in tree.walk(part)]
        #: The nodes of the values of the file's global names.
        self.tables = [node for value in self.constants.values() for node in tree.walk(value)]
        self._strings = [
            node.value
            for node in [*self.nodes, *self.tables]
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]

    @classmethod
    def of(cls, function: object) -> HandlerSource:
        """The source of a function."""
        unwrapped = inspect.unwrap(function)  # type: ignore[arg-type]
        try:
            path = Path(inspect.getfile(unwrapped))
        except TypeError:
            path = Path()
        return cls(path, getattr(unwrapped, "__name__", ""))

    @cached_property
    def words(self) -> list[str]:
        """Texts that can be keyed in, such as PINs and extensions."""
        return sorted(
            {each for each in self._strings if 1 < len(each) <= LONGEST and set(each) <= set(KEYS)},
            key=lambda each: (len(each), each),
        )

    @property
    def phrases(self) -> list[str]:
        """What somebody could say among the texts that it compares with, or looks up in a table."""
        found: dict[str, None] = {}
        for node in self.nodes:
            values: list[ast.expr] = []
            if isinstance(node, ast.Compare):
                values = [node.left, *node.comparators]
                values += [key for each in node.comparators for key in self._keys_of(each)]
            elif isinstance(node, ast.MatchValue):
                values = [node.value]
            elif isinstance(node, ast.Subscript):
                values = self._keys_of(node.value)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                values = self._keys_of(node.func.value) if node.func.attr == "get" else []
            for value in values:
                for text, _ in self._texts_in(value):
                    if SAID.fullmatch(text) and not text.isupper():
                        found[text] = None
        return list(found)

    def _keys_of(self, node: ast.expr) -> list[ast.expr]:
        """The keys of a table."""
        table = self._value_of(node) or node
        return [key for key in table.keys if key] if isinstance(table, ast.Dict) else []

    @property
    def beside(self) -> list[str]:
        """Numbers to key in at which the code may turn, and what is beside its words.

        That is each number that it compares with, one less and one more; as many digits as it
        compares a length with, one fewer and one more; its words with a digit too few or too many.
        """
        numbers = numbers_in([*self.nodes, *self.tables], self._value_of)
        found: list[str] = []
        for number in sorted(numbers.values):
            found += [str(each) for each in (number, number + 1, number - 1) if each >= 0]
        for length in sorted(numbers.lengths):
            found += [(COUNTING * 2)[:each] for each in (length, length + 1, length - 1)]
        for word in self.words:
            if word.isdecimal():
                found += [word[:-1], word + COUNTING[0]]
        known = {*self.words, ""}
        return [each for each in dict.fromkeys(found) if each not in known and len(each) <= LONGEST]

    @property
    def ends(self) -> list[tuple[str, str]]:
        """What entries begin and end with that the code compares parts of entries with."""
        return list(dict.fromkeys(ends_in(self.nodes, self._value_of)))

    def counts(self) -> list[int]:
        """The numbers that it compares with what it keeps from call to call."""
        found: set[int] = set()
        for node in self.nodes:
            if isinstance(node, ast.Compare):
                sides = [node.left, *node.comparators]
                names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
                if names & self._reach.kept:
                    found |= {each for side in sides for each in integers(side, self._value_of)}
        return sorted(found)

    @property
    def talks(self) -> list[int]:
        """The seconds that it compares the length of a bridge with, one less and one more."""
        found: set[int] = set()
        for node in self.nodes:
            if isinstance(node, ast.Compare):
                sides = [node.left, *node.comparators]
                if any(isinstance(each, ast.Attribute) and each.attr in LENGTHS for each in sides):
                    found |= {each for side in sides for each in integers(side, self._value_of)}
        return [each for number in sorted(found) for each in (number - 1, number + 1) if each > 0]

    def questions(self) -> Mapping[Spot, Sequence[Question]]:
        """The facts about a call that its statements depend on."""
        return self._facts.questions(self._value_of)

    def unset(self) -> list[tuple[Unset, Place]]:
        """The variables that it reads and nothing known sets, each with its place."""
        lines = {getattr(node, "lineno", 0) for node in self.nodes}
        return [(each, self._place(each.line)) for each in self._facts.unset if each.line in lines]

    def _place(self, line: int) -> Place:
        function = self._around(line)
        return Place(str(self.path), line, "" if function is None else function.name)

    def numbers(self) -> Numbers:
        """The numbers that it compares."""
        return numbers_in(self.nodes, self._value_of)

    def times(self) -> Times:
        """The times that it asks for."""
        return times_in([*self.nodes, *self.tables], self._value_of)

    def _value_of(self, node: ast.expr) -> ast.expr | None:
        """The value that the file gives a name, or an attribute of a class."""
        if isinstance(node, ast.Name):
            return self.constants.get(node.id)
        return self._attributes.get(node.attr) if isinstance(node, ast.Attribute) else None

    @property
    def asks_caller(self) -> bool:
        """True if it asks for the caller."""
        return any(isinstance(node, ast.Attribute) and node.attr in CALLERS for node in self.nodes)

    @property
    def takes_bytes(self) -> bool:
        """True if it may look at the bytes of messages."""
        return any(isinstance(node, ast.Attribute) and node.attr in BYTES for node in self.nodes)

    @property
    def causes(self) -> list[str]:
        """The causes with which far ends may refuse calls that it looks for; none if for none.

        They are those that it compares or has in tables, besides the one of who rejects a call.
        """
        nodes = self.nodes
        if not any(isinstance(node, ast.Attribute) and node.attr == "cause" for node in nodes):
            return []
        compared = [node for node in nodes if isinstance(node, (ast.Compare, ast.MatchValue))]
        tables = [key for node in nodes if isinstance(node, ast.Dict) for key in node.keys if key]
        named: dict[str, None] = {"CALL_REJECTED": None}
        for part in [*compared, *tables, *self.constants.values()]:
            for node in self.tree.walk(part):
                name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "value", "")
                if isinstance(name, str) and name in REFUSALS:
                    named[name] = None
        return list(named)

    @cached_property
    def prompts(self) -> list[NamedPrompt]:
        """The prompts that the code names in calls that play, each once."""
        found: dict[str, NamedPrompt] = {}
        dicts = [each for each in [*self.nodes, *self.tables] if isinstance(each, ast.Dict)]
        tables = {text for each in dicts for key in each.keys if key for text in keys_in(key)}
        for part in self.parts:
            name = getattr(part, "name", "")
            for node in self.tree.walk(part):
                if isinstance(node, ast.Call):
                    for text, line in self._played(node):
                        place = Place(str(self.path), line, name)
                        if text not in found:
                            where = _literal(text, node)
                            up_to_callers = self._reach.is_up_to_callers(where or node)
                            keys = self._reach.keys_to(where or node)
                            if where is None:
                                keys |= tables
                            found[text] = NamedPrompt(text, place, up_to_callers, keys)
        return list(found.values())

    def uncalled(self) -> list[Uncalled]:
        """The functions for calls that the file never calls, or names otherwise."""
        found = []
        for function in self._reach.uncalled():
            calls = [node for node in self.tree.walk(function) if isinstance(node, ast.Call)]
            prompts = [text for call in calls for text, _ in self._played(call)]
            place = Place(str(self.path), function.lineno, function.name)
            found.append(Uncalled(function.name, place, tuple(dict.fromkeys(prompts))))
        return [each for each in found if each.name != self.handler]

    def texts(self) -> list[str]:
        """All strings in it."""
        return self._strings

    def compared(self, line: int) -> set[str]:
        """The keys in comparisons of the function around a line."""
        function = self._around(line)
        return set() if function is None else self._keys_in(function)

    def repeats(self, line: int) -> set[str]:
        """The keys at which the function around a line goes back on purpose.

        Code says so with `continue` or `return`, by calling the function again, or in the loop's
        condition.
        """
        function = self._around(line)
        found: set[str] = set()
        for node in self.tree.walk(function) if function is not None else ():
            if isinstance(node, ast.If) and _goes_back(node.body, function):
                found |= self._keys_in(node.test)
            elif isinstance(node, ast.match_case) and _goes_back(node.body, function):
                found |= self._keys_in(node.pattern)
            elif isinstance(node, ast.While) and not _negates(node.test):
                found |= self._keys_in(node.test)
        return found

    def _around(self, line: int) -> ast.FunctionDef | None:
        """The innermost function, of those that the handler can reach, that contains a line."""
        return innermost((n for n in self.nodes if isinstance(n, ast.FunctionDef)), line)

    def _keys_in(self, part: ast.AST) -> set[str]:
        """The keys in comparisons."""
        found: set[str] = set()
        for node in self.tree.walk(part):
            values: list[ast.expr] = []
            if isinstance(node, ast.Compare):
                values = [node.left, *node.comparators]
            elif isinstance(node, ast.MatchValue):
                values = [node.value]
            elif isinstance(node, ast.Dict):
                values = [key for key in node.keys if key is not None]
            for value in values:
                for text, _ in self._texts_in(value):
                    if len(text) == 1 and text in KEYS:
                        found.add(text)
        return found

    def _played(self, call: ast.Call) -> Iterator[tuple[str, int]]:
        if not isinstance(call.func, ast.Attribute):
            return
        name = call.func.attr
        if name == "execute":
            if len(call.args) > 1 and isinstance(call.args[0], ast.Constant):
                application = declared(str(call.args[0].value))
                for text, line in self._texts_in(call.args[1]):
                    for prompt in prompts_in(application, text):
                        yield prompt, line
            return
        method = getattr(Channel, name, None)
        prompts = declaration_of(method).prompts
        if method is None or not prompts:
            return
        places = list(inspect.signature(method).parameters)[1:]  # without self
        for parameter, argument in zip(places, call.args, strict=False):
            if parameter in prompts:
                yield from self._texts_in(argument)
        for keyword in call.keywords:
            if keyword.arg in prompts:
                yield from self._texts_in(keyword.value)

    def _texts_in(self, node: ast.expr, depth: int = 3) -> Iterator[tuple[str, int]]:
        """The possible strings of an expression, if literal or in a constant."""
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                yield node.value, node.lineno
        elif isinstance(node, ast.Name) and node.id in self.constants and depth:
            yield from self._texts_in(self.constants[node.id], depth - 1)
        elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            for each in node.elts:
                yield from self._texts_in(each, depth)
        elif isinstance(node, ast.Starred):
            yield from self._texts_in(node.value, depth)
        elif isinstance(node, ast.IfExp):
            yield from self._texts_in(node.body, depth)
            yield from self._texts_in(node.orelse, depth)
        elif isinstance(node, ast.BoolOp):
            for each in node.values:
                yield from self._texts_in(each, depth)
        elif isinstance(node, ast.Subscript) and depth:
            yield from self._values_of(node.value, depth)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and depth:
            if node.func.attr == "get":
                yield from self._values_of(node.func.value, depth)
                for each in node.args[1:]:
                    yield from self._texts_in(each, depth)

    def _values_of(self, node: ast.expr, depth: int) -> Iterator[tuple[str, int]]:
        """The values of a table in a lookup."""
        if isinstance(node, ast.Name) and node.id in self.constants:
            node = self.constants[node.id]
        if isinstance(node, ast.Dict):
            for value in node.values:
                yield from self._texts_in(value, depth - 1)
        elif isinstance(node, (ast.List, ast.Tuple)):
            yield from self._texts_in(node, depth - 1)


def _literal(text: str, part: ast.AST) -> ast.Constant | None:
    """Where a text stands in an expression; None if a name stands for it."""
    for node in ast.walk(part):
        if isinstance(node, ast.Constant) and node.value == text:
            return node
    return None


def prompts_in(application: Declaration, argument: str) -> Iterator[str]:
    """The prompts that an application plays, as named in its argument."""
    names = application.argument
    words = separate(argument, application.separator, len(names)) if len(names) > 1 else [argument]
    for name, word in zip(names, words, strict=False):
        if name in application.prompts and word:
            yield word


def _goes_back(body: Sequence[ast.stmt], function: ast.AST | None) -> bool:
    """True if these statements begin the loop, or the function, anew."""
    name = getattr(function, "name", None)
    return any(
        isinstance(node, (ast.Continue, ast.Return))
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name)
        or (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == name
        )
        for statement in body
        for node in ast.walk(statement)
    )


def _negates(test: ast.expr) -> bool:
    """True if a condition asks for anything else than what it names."""
    return any(isinstance(node, (ast.NotEq, ast.NotIn, ast.Not)) for node in ast.walk(test))


def _assigned(body: Sequence[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """The names that a file or a class assigns, and their values."""
    for node in body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node.value
                elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    for each, value in zip(target.elts, node.value.elts, strict=False):
                        if isinstance(each, ast.Name):
                            yield each.id, value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            if isinstance(node.target, ast.Name):
                yield node.target.id, node.value


def _reached(tree: Tree, handler: str, constants: Mapping[str, ast.expr]) -> Iterator[Definition]:
    """The functions and classes that a handler can reach by names, directly or indirectly."""
    definitions: dict[str, Definition] = {}
    for each in tree.module.body:
        if isinstance(each, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
            definitions[each.name] = each
    inside = [node for node in tree.of(ast.FunctionDef) if node.name == handler]
    if handler not in definitions:
        yield from inside[:1]
        names = {handler} if inside else set()
        waiting: list[ast.AST] = list(inside[:1])
    else:
        names, waiting = {handler}, [definitions[handler]]
        yield definitions[handler]
    while waiting:
        for node in tree.walk(waiting.pop()):
            name = node.id if isinstance(node, ast.Name) else None
            if name is None or name in names:
                continue
            names.add(name)
            if name in definitions:
                yield definitions[name]
                waiting.append(definitions[name])
            elif name in constants:
                waiting.append(constants[name])

"""Faults seeded into the source of an IVR, one at a time, modelled on those that people make.

Each operator makes one kind of fault, at each place where it can. `mutants_of` takes some of each
kind, spread over the file, so that the same file always gives the same mutants.
"""

from __future__ import annotations

import ast
import copy
import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

__all__ = ["KINDS", "Mutant", "chosen", "mutants_of", "plain"]

#: An edit of the tree that the operator was given.
Edit = Callable[[], object]
#: Gives the edits that make a kind of fault at a node.
Operator = Callable[["View", ast.AST], Iterator[Edit]]

#: The operators by their kind of fault.
KINDS: dict[str, Operator] = {}

DIGIT_CALLS = frozenset("get_digits play_and_get_digits read".split())
PLAYING = DIGIT_CALLS | {"playback", "broadcast"}
NUMERIC = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}


@dataclass(frozen=True)
class Mutant:
    """A source with one fault."""

    name: str  #: such as ``pin/one-try-too-many/ask_for_pin/1``
    file: str  #: the stem of the file's name
    kind: str
    source: str
    functions: tuple[str, ...]  #: the functions that the fault is in, or that use what it is in
    diff: str  #: the lines taken out and put in


def chosen(mutants: Sequence[Mutant], most: int) -> list[Mutant]:
    """At most so many of each kind, spread over the files."""
    kept = []
    for kind in KINDS:
        of_kind = [mutant for mutant in mutants if mutant.kind == kind]
        # The first of each file before the second of any.
        of_kind.sort(key=lambda mutant: int(mutant.name.rpartition("/")[2]))
        step = max(1.0, len(of_kind) / most)
        kept += [of_kind[int(i * step)] for i in range(min(most, len(of_kind)))]
    return kept


def mutants_of(path: Path, each: int = 2) -> list[Mutant]:
    """The mutants of a file, at most ``each`` of a kind."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    original = plain(path)
    mutants = []
    view = View(tree)
    for kind, operator in KINDS.items():
        found: dict[str, ast.AST] = {}
        for number, node in enumerate(view.nodes):
            for which, _ in enumerate(operator(view, node)):
                mine = View(ast.parse(text))
                place = mine.nodes[number]
                for place_of_edit, edit in enumerate(operator(mine, place)):
                    if place_of_edit == which:
                        edit()
                        break
                source = ast.unparse(mine.tree) + "\n"
                if source != original:
                    found.setdefault(source, node)
        # Spread over the file; the same text made twice counts once.
        sources = list(found)
        step = max(1, len(sources) / each)
        picked = [sources[int(i * step)] for i in range(min(each, len(sources)))]
        for count, source in enumerate(picked, 1):
            functions = view.functions(found[source])
            slug = re.sub(r"[^a-z]+", "-", kind.lower())
            name = f"{path.stem}/{slug}/{functions[0] if functions else 'module'}/{count}"
            diff = "\n".join(
                line
                for line in difflib.unified_diff(
                    original.splitlines(), source.splitlines(), lineterm="", n=0
                )
                if not line.startswith(("---", "+++", "@@"))
            )
            mutants.append(Mutant(name, path.stem, kind, source, functions, diff))
    return mutants


def plain(path: Path) -> str:
    """A file's source without comments, as the mutants have it."""
    return ast.unparse(ast.parse(path.read_text(encoding="utf-8"))) + "\n"


class View:
    """A tree, and who is inside whom."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.nodes = [node for part in _parts(tree) for node in ast.walk(part)]

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def constants(self) -> dict[str, ast.expr]:
        """The file's global names, and what they are set to."""
        return {
            target.id: node.value
            for node in self.tree.body
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }

    @cached_property
    def prompts(self) -> list[str]:
        """The sounds that are played by their names."""
        return sorted(
            {
                argument.value
                for node in self.nodes
                if called(node) in PLAYING
                for argument in getattr(node, "args", [])[:1]
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            }
        )

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """What a node is inside of, the nearest first."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def functions(self, node: ast.AST) -> tuple[str, ...]:
        """The functions around a node; for a global name, those that use it."""
        around = tuple(
            each.name for each in (node, *self.above(node)) if isinstance(each, ast.FunctionDef)
        )
        if around:
            return around
        names = {
            name.id
            for each in (node, *self.above(node))
            if isinstance(each, (ast.Assign, ast.AnnAssign))
            for name in ast.walk(each)
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
        }
        return tuple(
            each.name
            for each in ast.walk(self.tree)
            if isinstance(each, ast.FunctionDef)
            and any(isinstance(name, ast.Name) and name.id in names for name in ast.walk(each))
        )

    def loop(self, node: ast.AST) -> ast.For | ast.While | None:
        """The loop that a node is in."""
        for each in self.above(node):
            if isinstance(each, (ast.For, ast.While)):
                return each
            if isinstance(each, ast.FunctionDef):
                return None
        return None

    def replace(self, node: ast.stmt, *others: ast.stmt) -> None:
        """Put other statements in the place of one."""
        parent = self.parents[node]
        for name in ("body", "orelse", "finalbody"):
            block = getattr(parent, name, None)
            if isinstance(block, list) and node in block:
                at = block.index(node)
                block[at : at + 1] = others or ([ast.Pass()] if len(block) == 1 else [])
                if not block and name == "body":
                    block.append(ast.Pass())

    def is_key(self, node: ast.expr) -> bool:
        """True for a key, as text or by a global name."""
        if isinstance(node, ast.Name):
            node = self.constants.get(node.id, node)
        value = node.value if isinstance(node, ast.Constant) else None
        return isinstance(value, str) and len(value) == 1 and value in "0123456789*#"

    def add_global(self, text: str) -> None:
        """Put a statement after the imports."""
        last = max(
            number
            for number, node in enumerate(self.tree.body)
            if isinstance(node, (ast.Import, ast.ImportFrom))
        )
        self.tree.body.insert(last + 1, statement(text))


def _parts(tree: ast.Module) -> Iterator[ast.stmt]:
    """Everything but the file's own start."""
    for node in tree.body:
        if not isinstance(node, ast.If):
            yield node


def operator(kind: str) -> Callable[[Operator], Operator]:
    """Register an operator by its kind of fault; a kind may have several."""

    def register(make: Operator) -> Operator:
        before = KINDS.get(kind)

        def both(view: View, node: ast.AST) -> Iterator[Edit]:
            if before is not None:
                yield from before(view, node)
            yield from make(view, node)

        KINDS[kind] = both
        return make

    return register


# Small tools


def statement(text: str) -> ast.stmt:
    return ast.parse(text).body[0]


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def called(node: ast.AST) -> str:
    """The name of a called method or function."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def calls(node: ast.AST, *names: str) -> ast.Call | None:
    """The call, if a statement is nothing else."""
    if isinstance(node, ast.Expr) and called(node.value) in names:
        assert isinstance(node.value, ast.Call)
        return node.value
    return None


def is_callback(node: ast.AST, *of: str) -> bool:
    return isinstance(node, ast.FunctionDef) and any(
        (called(each) or getattr(each, "attr", "")) in of for each in node.decorator_list
    )


def is_silence(node: ast.AST) -> bool:
    """True for `if not digits`."""
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.UnaryOp)
        and isinstance(node.test.op, ast.Not)
        and isinstance(node.test.operand, ast.Name)
    )


def raising() -> ast.stmt:
    return statement("{}['fault']")


# The operators


@operator("exception on a branch")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.If) and not is_silence(node):
        yield lambda: node.body.insert(0, raising())
        if node.orelse and not isinstance(node.orelse[0], ast.If):
            yield lambda: node.orelse.insert(0, raising())


@operator("exception on silence")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.ExceptHandler) and "TimeoutError" in ast.unparse(node.type or node):
        yield lambda: node.body.insert(0, raising())
    if isinstance(node, ast.If) and is_silence(node):
        yield lambda: node.body.insert(0, raising())


@operator("exception in a callback")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.FunctionDef) and is_callback(node, "on_dtmf"):
        yield lambda: node.body.insert(0, raising())


@operator("exception swallowed")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.FunctionDef) and node in view.tree.body:
        branch = next((each for each in ast.walk(node) if isinstance(each, ast.If)), None)
        if branch is not None:

            def edit() -> None:
                branch.body.insert(0, raising())
                guard = statement("try:\n    pass\nexcept Exception:\n    pass")
                assert isinstance(guard, ast.Try)
                guard.body, node.body = node.body, [guard]

            yield edit


@operator("missing hangup")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Expr) and calls(node, "hangup"):
        yield lambda: view.replace(node, ast.Pass())


@operator("digits compared to int")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
        right = node.comparators[0]
        if isinstance(right, ast.Constant) and str(right.value).isdigit():
            yield lambda: setattr(right, "value", int(str(right.value)))
        elif isinstance(right, ast.Name) and right.id in view.constants and view.is_key(right):
            if "*" not in ast.unparse(view.constants[right.id]):
                yield lambda: node.comparators.__setitem__(0, expression(f"int({right.id})"))


@operator("loop without exit")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.For) and called(node.iter) == "range":
        yield lambda: view.replace(node, ast.While(expression("True"), node.body, []))
    if isinstance(node, (ast.Return, ast.Break)):
        loop = view.loop(node)
        if isinstance(loop, ast.While) and isinstance(loop.test, ast.Constant):
            yield lambda: view.replace(node, ast.Pass())
    if isinstance(node, ast.While) and not isinstance(node.test, ast.Constant):
        if isinstance(node.test, ast.Compare):
            yield lambda: setattr(node, "test", expression("True"))


@operator("wait without timeout")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Call) and called(node) in DIGIT_CALLS | {"wait"}:
        for keyword in node.keywords:
            if keyword.arg == "timeout" and called(node) == "wait":
                yield partial(node.keywords.remove, keyword)
            elif keyword.arg == "timeout":  # milliseconds, somebody thought
                text = f"{ast.unparse(keyword.value)} * 1000"
                yield partial(setattr, keyword, "value", expression(text))


@operator("Hangup swallowed")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, (ast.For, ast.While)):

        def edit() -> None:
            guard = statement("try:\n    pass\nexcept Exception:\n    pass")
            assert isinstance(guard, ast.Try)
            guard.body, node.body = node.body, [guard]

        yield edit
    if isinstance(node, ast.Raise) and node.exc is None:
        yield lambda: view.replace(node, ast.Pass())


@operator("work after the hangup raises")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.FunctionDef) and is_callback(node, "on_hangup"):
        yield lambda: node.body.insert(0, raising())
        yield lambda: node.body.insert(0, statement("session.channel.playback('beep')"))
    if isinstance(node, ast.Try) and node.finalbody:
        yield lambda: node.finalbody.insert(0, raising())


@operator("work after the hangup dropped")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.FunctionDef) and is_callback(node, "on_hangup"):
        yield lambda: node.body.__setitem__(slice(None), [ast.Pass()])
    if isinstance(node, ast.Try) and node.finalbody:
        yield lambda: node.finalbody.__setitem__(slice(None), [ast.Pass()])


@operator("transfer to an extension that isn't there")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Call) and called(node) == "transfer":
        text = f"{ast.unparse(node.args[0])} + '0'"
        yield lambda: node.args.__setitem__(0, expression(text))


@operator("transferred and hung up all the same")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    call = calls(node, "transfer")
    if isinstance(node, ast.Expr) and call is not None and isinstance(call.func, ast.Attribute):
        text = f"{ast.unparse(call.func.value)}.hangup()"
        yield lambda: view.replace(node, node, statement(text))


@operator("recording lost")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Expr) and calls(node, "record_session"):
        yield lambda: view.replace(node, ast.Pass())
    if isinstance(node, ast.FunctionDef) and is_callback(node, "on_hangup"):
        if any(called(each) == "record" for each in view.nodes):
            yield lambda: node.decorator_list.clear()
    if isinstance(node, ast.Expr) and called(node.value) == "record":
        yield lambda: view.replace(node, ast.Pass())


@operator("state kept between calls")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, (ast.Assign, ast.AnnAssign)) and node not in view.tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        value = node.value
        inside = view.functions(node)
        if not inside or not isinstance(target, ast.Name) or value is None:
            return
        if ast.unparse(value) in ("[]", "{}", "set()"):

            def keep() -> None:
                view.add_global("KEPT = {}")
                text = f"KEPT.setdefault({target.id!r}, {ast.unparse(value)})"
                node.value = expression(text)

            yield keep
        elif ast.unparse(value) == "0":

            def count_on() -> None:
                view.add_global(f"{target.id} = 0")
                view.replace(node, statement(f"global {target.id}"))

            yield count_on
    if isinstance(node, ast.FormattedValue) and ast.unparse(node.value).endswith(".uuid"):
        yield lambda: setattr(node, "value", expression("'call'"))


@operator("second answer, or none")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Expr) and calls(node, "answer"):
        yield lambda: view.replace(node)
        yield lambda: view.replace(node, node, copy.deepcopy(node))


@operator("boundary of the time of day")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id in ("time", "date") and node.args:
            last = node.args[-1]
            if isinstance(last, ast.Constant) and isinstance(last.value, int):
                now = last.value
                yield lambda: setattr(last, "value", now + 1)
    if isinstance(node, ast.Compare) and re.search(r"\.(time|weekday)\(\)", ast.unparse(node)):
        for number, each in enumerate(node.ops):
            if isinstance(each, NUMERIC):
                flipped = FLIPPED[type(each)]()
                yield partial(node.ops.__setitem__, number, flipped)


@operator("bridge's result ignored")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.If):
        for inner in ast.walk(node.test):
            if isinstance(inner, ast.Attribute) and inner.attr == "answered":
                for text in (f"{ast.unparse(inner)} or True", f"{ast.unparse(inner)} and False"):

                    def edit(inner: ast.Attribute = inner, text: str = text) -> None:
                        Exchange(inner, expression(text)).visit(node)

                    yield edit


class Exchange(ast.NodeTransformer):
    """Puts one expression in the place of another."""

    def __init__(self, old: ast.expr, new: ast.expr) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


@operator("wrong prompt")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Call) and called(node) in PLAYING and node.args:
        first = node.args[0]
        if isinstance(first, ast.Constant) and first.value in view.prompts:
            if len(view.prompts) > 1:
                at = view.prompts.index(first.value)
                other = view.prompts[(at + 1) % len(view.prompts)]
                yield lambda: setattr(first, "value", other)
        if isinstance(first, ast.JoinedStr) and isinstance(first.values[-1], ast.Constant):
            last = first.values[-1]
            yield lambda: setattr(last, "value", "/goodbye")


@operator("one try too many")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.keyword) and node.arg == "tries":
        text = f"{ast.unparse(node.value)} + 1"
        yield lambda: setattr(node, "value", expression(text))
    if isinstance(node, ast.For) and called(node.iter) == "range":
        call = node.iter
        assert isinstance(call, ast.Call)
        text_of_range = f"{ast.unparse(call.args[0])} + 1"
        yield lambda: call.args.__setitem__(0, expression(text_of_range))
    if isinstance(node, ast.While) and isinstance(node.test, ast.Compare):
        test = node.test
        if isinstance(test.ops[0], ast.Lt):
            yield lambda: test.ops.__setitem__(0, ast.LtE())


@operator("wrong PIN taken")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.keyword) and node.arg in ("valid", "regexp"):
        call = view.parents[node]
        assert isinstance(call, ast.Call)
        if isinstance(node.value, ast.Lambda):
            yield lambda: setattr(node.value, "body", expression("True"))
        else:
            yield lambda: call.keywords.remove(node)
    if isinstance(node, ast.Compare):
        left, right = node.left, node.comparators[0]
        names = f"{ast.unparse(left)} {ast.unparse(right)}".lower()
        if isinstance(node.ops[0], ast.Eq) and "pin" in names and "key" not in names:

            def as_long() -> None:
                node.left = expression(f"len({ast.unparse(left)})")
                node.comparators[0] = expression(f"len({ast.unparse(right)})")

            yield as_long
        if isinstance(node.ops[0], ast.In) and isinstance(right, ast.Name):
            if right.id in view.constants and isinstance(view.constants[right.id], ast.Dict):
                yield lambda: Exchange(node, left).visit(view.parents[node])


def _tests_key(view: View, node: ast.AST) -> bool:
    if not isinstance(node, ast.If):
        return False
    return any(
        isinstance(each, ast.Compare)
        and isinstance(each.ops[0], ast.Eq)
        and view.is_key(each.comparators[0])
        for each in ast.walk(node.test)
    )


@operator("dead key")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.If) and _tests_key(view, node):
        nothing = ast.Continue() if view.loop(node) else ast.Pass()
        yield lambda: node.body.__setitem__(slice(None), [nothing])
    if isinstance(node, ast.FunctionDef) and is_callback(node, "on_dtmf"):
        yield lambda: node.body.__setitem__(slice(None), [ast.Pass()])


@operator("missing option")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.If) and _tests_key(view, node):
        yield lambda: view.replace(node, *node.orelse)
    if isinstance(node, ast.FunctionDef) and is_callback(node, "on_dtmf"):
        yield lambda: view.replace(node, ast.Pass())
    if isinstance(node, ast.Dict) and len(node.keys) > 1:
        if all(key is not None and isinstance(key, ast.Constant) for key in node.keys):
            if all(len(str(getattr(key, "value", ""))) == 1 for key in node.keys):
                yield lambda: (node.keys.pop(), node.values.pop())
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if re.fullmatch(r"\[[0-9*#]{2,}\]", node.value):
            fewer = f"{node.value[:-2]}]"
            yield lambda: setattr(node, "value", fewer)


@operator("threshold off by one")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], NUMERIC):
        if not re.search(r"\.(time|weekday)\(\)", ast.unparse(node)):
            flipped = FLIPPED[type(node.ops[0])]()
            yield lambda: node.ops.__setitem__(0, flipped)
    if isinstance(node, ast.keyword) and node.arg in ("min", "max"):
        by = "+ 1" if node.arg == "min" else "- 1"
        text = f"{ast.unparse(node.value)} {by}"
        yield lambda: setattr(node, "value", expression(text))


@operator("finally skipped")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Try) and node.finalbody and not node.handlers:
        yield lambda: view.replace(node, *node.body, *node.finalbody)


@operator("wrong variable")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if not isinstance(node, ast.Call):
        return
    around = [each for each in view.above(node) if isinstance(each, ast.FunctionDef)]
    if not around:
        return
    local = sorted(
        {each.arg for each in around[0].args.args}
        | {
            each.id
            for each in ast.walk(around[0])
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
        }
    )
    for number, argument in enumerate(node.args):
        if isinstance(argument, ast.Name) and argument.id in local and len(local) > 1:
            at = local.index(argument.id)
            other = local[(at + 1) % len(local)]
            yield partial(node.args.__setitem__, number, ast.Name(other, ast.Load()))


@operator("swapped branches")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.If):
        yield lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), node.test))


@operator("return or break forgotten")
def _(view: View, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, (ast.Return, ast.Break)) and not isinstance(
        view.parents[node], ast.FunctionDef
    ):
        yield lambda: view.replace(node, ast.Pass())

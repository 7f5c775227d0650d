"""Names of the library in texts: whether there is what they name."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import eslsync

#: A variable's name in the pages' examples, and what is in it.
CLASSES = {
    "session": "Session",
    "channel": "Channel",
    "hangup": "Hangup",
    "app": "Outbound",
    "event": "Event",
    "digits": "Digits",
    "music": "Execution",
}


def missing(text: str) -> list[str]:
    """What is named in code as the library's, as in `Channel.bridge`, and isn't there."""
    wrong = []
    for code in re.findall(r"`([^`\n]+)`", text):
        for owner, name in re.findall(r"(?<![\w./])([A-Za-z]\w*)\.([a-zA-Z_]\w*)", code):
            home = class_of(owner)
            if home is not None and not has(home, name):
                wrong.append(code)
    return wrong


def refused(text: str) -> list[str]:
    """The calls of methods in code whose arguments their methods don't take."""
    wrong = []
    for code in re.findall(r"`([^`\n]+)`", text):
        try:
            tree = ast.parse(code)
        except SyntaxError:
            continue
        for method, call in calls(tree):
            signature = inspect.signature(method)
            named = {each.arg: each.value for each in call.keywords if each.arg is not None}
            try:
                signature.bind_partial(None, *call.args, **named)
            except TypeError as error:
                wrong.append(f"{code}: {error}")
    return wrong


def calls(tree: ast.AST) -> Iterator[tuple[Callable[..., Any], ast.Call]]:
    """Each call of the library in code, and the function that is called."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        function = call.func
        if isinstance(function, ast.Name) and function.id in eslsync.__all__:
            yield getattr(eslsync, function.id).__init__, call
        elif isinstance(function, ast.Attribute):
            owner = function.value
            name = getattr(owner, "id", getattr(owner, "attr", ""))
            home = class_of(name)
            if home is not None:
                yield inspect.getattr_static(home, function.attr), call


def class_of(owner: str) -> type | None:
    home = getattr(eslsync, CLASSES.get(owner, owner), None)
    return home if inspect.isclass(home) else None


def has(home: type, name: str) -> bool:
    """True if the class has such an attribute, or its instances do."""
    if hasattr(home, name):
        return True
    modules = {each.__module__ for each in home.__mro__} - {"builtins"}
    sources = [inspect.getsource(sys.modules[module]) for module in sorted(modules)]
    assigned = re.compile(rf"\bself\.{name}\b *[:=]|^    {name}: ", re.MULTILINE)
    return any(map(assigned.search, sources))

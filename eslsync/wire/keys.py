"""Keys that a caller has pressed, as text that doesn't show itself in a traceback's locals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Keys", "many", "revealed"]

#: How deep `revealed` looks into lists of lists.
DEPTH = 5


class Keys(str):
    """Keys that were pressed: a string whose `repr` says how many, not which.

    Programs that report errors send the `repr` of each variable in each frame, and callers type
    PINs. In everything else it is the string: ``str(keys)``, ``==``, slices and formatting.
    With ``hidden=False``, as in calls of ``Outbound(redact=())``, the `repr` is the string's.
    """

    hidden: bool = True

    def __new__(cls, keys: str = "", *, hidden: bool = True) -> Self:
        self = super().__new__(cls, keys)
        if not hidden:
            self.hidden = False
        return self

    def __repr__(self) -> str:
        return f"<{many(self, 'key')}>" if self.hidden else str.__repr__(self)


def many(keys: str, one: str) -> str:
    """How many keys: "4 digits"."""
    return f"{len(keys)} {one}{'' if len(keys) == 1 else 's'}"


def revealed(value: Any, depth: int = DEPTH) -> Any:
    """The value with plain strings in place of `Keys`, also in lists, tuples, sets and dicts.

    The same object if it has none.
    """
    if isinstance(value, Keys):
        return str(value)
    if not depth or not isinstance(value, (list, tuple, set, frozenset, dict)):
        return value
    parts = [*value, *value.values()] if isinstance(value, dict) else [*value]
    shown = [revealed(each, depth - 1) for each in parts]
    if all(each is part for each, part in zip(shown, parts, strict=True)):
        return value
    if isinstance(value, dict):
        half = len(value)
        return dict(zip(shown[:half], shown[half:], strict=True))
    make = getattr(type(value), "_make", tuple)  # a named tuple's
    return make(shown) if isinstance(value, tuple) else builtin(value)(shown)


def builtin(value: list[Any] | set[Any] | frozenset[Any]) -> type:
    """The built-in type that it is, or is derived from."""
    return next(each for each in (list, set, frozenset) if isinstance(value, each))

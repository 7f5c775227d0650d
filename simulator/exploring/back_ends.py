"""Look-ups of explored calls, and the calls in which they go wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .whereabouts import Place

__all__ = ["Asked", "Trial", "interrupted", "is_from_a_trial", "spoilt"]

#: Seconds that a slow look-up takes, one during which the connection breaks, and one that fails:
#: too few for a situation, but a handler that tries again for ever takes time.
SLOW, INTERRUPTED, FAILS = 30, 1.5, 0.05

#: What goes wrong with a look-up.
Trial = Literal["is slow", "fails", "never returns"]


@dataclass(frozen=True)
class Asked:
    """A look-up: a call of a function that is outside."""

    name: str  #: of the function
    number: int  #: among its calls
    places: tuple[Place, ...]  #: the handler's lines, the outermost first
    at_end: bool  #: True if the call had been hung up by then


def spoilt(call: Mapping[str, Any], asked: Asked) -> Iterator[tuple[Trial, Mapping[str, Any]]]:
    """The same call, with a look-up that is slow, that fails from then on, or never returns.

    After a hangup nobody waits for it, so there it only fails.
    """
    if not asked.at_end:
        yield "is slow", _with(call, asked, {"takes": SLOW, "at": asked.number})
    fails = {"takes": FAILS, "fails": "usual", "at": f"{asked.number}-"}
    yield "fails", _with(call, asked, fails)
    if not asked.at_end:
        yield "never returns", _with(call, asked, {"takes": "never", "at": asked.number})


def interrupted(call: Mapping[str, Any], asked: Asked) -> Iterator[Mapping[str, Any]]:
    """The same call, whose connection breaks, or whose server is stopped, during the look-up."""
    slow = _with(call, asked, {"takes": INTERRUPTED, "at": asked.number})
    step = f"{asked.name} takes {INTERRUPTED:g} s"
    for kind in ("drop", "stop"):
        yield {**slow, "faults": [*call.get("faults", ()), {kind: step}]}


def is_from_a_trial(call: Mapping[str, Any]) -> bool:
    """True for a call whose connection was to break during a look-up."""
    steps = [step for each in call.get("faults", ()) for step in each.values()]
    return any(str(step).endswith(f" takes {INTERRUPTED:g} s") for step in steps)


def _with(call: Mapping[str, Any], asked: Asked, options: Mapping[str, Any]) -> dict[str, Any]:
    function = {"function": asked.name, **options}
    return {**call, "outside": [*call.get("outside", ()), function]}

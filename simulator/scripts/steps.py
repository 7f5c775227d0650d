"""One step of a script: one of the caller's verbs, with its options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..calling.call import Call
from ..calling.far_end import FarEnd
from .shapes import ALONE, VERBS, Scalar, ScriptError, StepList, check, unknown

__all__ = ["Step"]


@dataclass(frozen=True)
class Step:
    """One action of the caller: a verb of `Call`, and its options by name.

    Some verbs are about others, who have their own ``steps``: ``call`` (another ``caller``
    calls), ``as`` (one of those callers continues) and ``at`` (a far end's steps are verbs of
    `FarEnd`). Raises ScriptError.
    """

    verb: str
    options: Mapping[str, object] = field(default_factory=dict)
    line: int | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.verb not in VERBS:
            raise ScriptError(unknown("there is no verb", self.verb, VERBS))
        shapes = VERBS[self.verb]
        for name, value in self.options.items():
            if name not in shapes:
                raise ScriptError(unknown(f"{self.verb} has no", name, shapes))
            what = f"{name} of {self.verb}"
            shape = shapes[name]
            check(what, value, shape)
            if isinstance(shape, StepList):
                if not isinstance(value, Sequence) or not all(isinstance(s, Step) for s in value):
                    raise ScriptError(f"{what} takes a list of steps, not {value!r}")
                for step in value if shape.verbs else ():
                    step._check_far_end(shape.verbs)
        needed, kind = next(iter(shapes.items()))
        if needed not in self.options and self.verb not in ALONE:
            assert isinstance(kind, Scalar)
            raise ScriptError(f"{self.verb} needs {needed}: {kind.is_what}")
        if isinstance(self.options.get("steps"), list):
            options = {**self.options, "steps": self.steps}
            object.__setattr__(self, "options", options)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of another caller."""
        steps = self.options.get("steps", ())
        assert isinstance(steps, Sequence)
        return tuple(steps)

    def play(self, whose: Call | FarEnd) -> None:
        """Run the verb in ``whose`` call, or at that far end; raises what the verb raises."""
        getattr(whose, self.verb)(**self.options)

    def _check_far_end(self, verbs: Mapping[str, Mapping[str, object]]) -> None:
        """Raise ScriptError for what a far end can't do."""
        if self.verb not in verbs:
            raise ScriptError(unknown("a far end has no verb", self.verb, verbs))
        for name in self.options:
            if name not in verbs[self.verb]:
                what = f"at a far end, {self.verb} has no"
                raise ScriptError(unknown(what, name, verbs[self.verb]))

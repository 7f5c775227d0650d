"""Parts of an exploration, made by several machines that don't know of each other.

All parts begin alike. As soon as there are enough situations, each part goes on with some of them
only, to the end, and writes down the outcomes of its calls. Whoever then explores with the parts
at hand (`explore(..., merge=...)`) does all that an exploration does, but makes only the calls
that no part has made: so the result is the same, byte for byte.
"""

from __future__ import annotations

import io
import json
import pickle
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from .attempts import Attempt, AttemptOutcome
from .spreading import Calling

__all__ = ["Outcomes", "PartError", "Shard", "merged", "write"]

FORMAT = b"eslsync explore part 1\n"
#: What an outcome may consist of, by module: a file may come from anywhere.
CLASSES = {
    "simulator.exploring.actions": {"Approach"},
    "simulator.exploring.attempts": {"AttemptOutcome", "BridgeEnd", "CallEnd", "Trouble"},
    "simulator.exploring.back_ends": {"Asked"},
    "simulator.exploring.situations": {"Collects", "Situation"},
    "simulator.exploring.stories": {"Happening"},
    "simulator.exploring.whereabouts": {"Place"},
    "simulator.model.evidence": {"Basis", "Evidence", "Part"},
    "simulator.scripts.steps": {"Step"},
    "builtins": {"frozenset", "set"},
}


class PartError(Exception):
    """A file is no part of this exploration."""


@dataclass(frozen=True)
class Shard:
    """Which part of an exploration to make. Raises ValueError for one that is none."""

    number: int  #: from 1 on
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise ValueError(
                f"there is no shard {self}: they are 1/{self.of} to {self.of}/{self.of}"
            )

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def shares_out(self, situations: Iterable[int]) -> frozenset[int] | None:
        """Those of the situations that are in this part; None if there are too few yet."""
        each = list(dict.fromkeys(situations))
        if len(each) < self.of:
            return None
        return frozenset(each[self.number - 1 :: self.of])


@dataclass
class Outcomes:
    """Outcomes by the attempt: those that parts have made, and those that are kept."""

    known: Mapping[str, AttemptOutcome] = field(default_factory=dict)
    kept: dict[str, AttemptOutcome] | None = None  #: None to keep none

    def of(self, calling: Calling) -> Calling:
        """Make only the attempts of which the outcome is not known."""
        if not self.known and self.kept is None:
            return calling
        return lambda attempts: self._made(attempts, calling)

    def _made(self, attempts: Sequence[Attempt], calling: Calling) -> Iterator[AttemptOutcome]:
        names = [_name(attempt) for attempt in attempts]
        pairs = zip(attempts, names, strict=True)
        made = calling([attempt for attempt, name in pairs if name not in self.known])
        for name in names:
            outcome = self.known[name] if name in self.known else next(made)
            if self.kept is not None:
                self.kept[name] = outcome
            yield outcome


def _name(attempt: Attempt) -> str:
    steps = [[(step.verb, step.options) for step in each] for each in (attempt.steps, attempt.act)]
    what = [attempt.call, steps, attempt.hangs_up, attempt.number, attempt.proven]
    text = json.dumps([what, sorted(attempt.known)], sort_keys=True, default=repr)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def fingerprint(*what: object) -> str:
    """A short text that stands for the handler's source, and for what is to be tried."""
    return blake2b(repr(what).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def write(path: Path, fingerprint: str, outcomes: Mapping[str, AttemptOutcome]) -> None:
    """Write a part. Raises OSError."""
    packed = pickle.dumps((fingerprint, dict(outcomes)), protocol=4)
    path.write_bytes(FORMAT + zlib.compress(packed))


def merged(paths: Iterable[Path], fingerprint: str) -> dict[str, AttemptOutcome]:
    """The outcomes of all parts. Raises PartError."""
    found: dict[str, AttemptOutcome] = {}
    for path in paths:
        theirs, outcomes = _read(path)
        if theirs != fingerprint:
            raise PartError(
                f"{path} is a part of another exploration: its handler, or what was to be tried "
                "there, is not the same. Make all parts, and merge them, with the same options"
            )
        for name, outcome in outcomes.items():
            found.setdefault(name, outcome)
    return found


def _read(path: Path) -> tuple[str, dict[str, AttemptOutcome]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PartError(f"{path}: {error.strerror}") from None
    if not content.startswith(FORMAT):
        raise PartError(f"{path} is no part that `eslsync explore --shard` of this version wrote")
    try:
        found = _Unpickler(io.BytesIO(zlib.decompress(content[len(FORMAT) :]))).load()
    except (zlib.error, pickle.UnpicklingError, EOFError, ValueError, TypeError) as error:
        raise PartError(f"{path}: {error}") from None
    fingerprint, outcomes = found
    return fingerprint, outcomes


class _Unpickler(pickle.Unpickler):
    """Makes nothing but what outcomes consist of."""

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        if name not in CLASSES.get(module, ()):
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a part")
        found: Callable[..., Any] = super().find_class(module, name)
        return found

"""One call to be made: what its caller does, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..scripts.steps import Step
from .actions import Approach
from .situations import Situation
from .whereabouts import Place

__all__ = ["Attempt", "AttemptOutcome", "CallEnd", "Trouble"]


@dataclass(frozen=True)
class Attempt:
    """What a caller does, in which circumstances; the last part is what is tried."""

    call: Mapping[str, Any]
    steps: tuple[Step, ...]
    act: tuple[Step, ...] = ()
    hangs_up: bool = False
    number: int = 0  #: of the application that runs where it is tried (see `Situation`)
    #: Keys of situations to pass by: the caller does nothing until there is another.
    known: frozenset[str] = frozenset()
    #: True to have less patience after the hangup: this handler is known to go on.
    hasty: bool = False


@dataclass(frozen=True)
class CallEnd:
    """How a call ended."""

    how: Literal["hangup", "raised", "given back", "left", "sent", "stuck", "for ever"]
    text: str


@dataclass(frozen=True)
class Trouble:
    """Something that went wrong in a call."""

    kind: str
    text: str
    place: Place | None
    at_hangup: bool  #: when the caller hung up, after all steps


@dataclass
class AttemptOutcome:
    """What came of it."""

    reached: Situation | None = None
    approach: Approach | None = None
    ended: CallEnd | None = None
    #: Prompts and applications that began between what was tried and what was reached.
    said: tuple[str, ...] = ()
    did: tuple[str, ...] = ()
    seconds: float = 0.0
    time: float = 0.0  #: when it was over
    troubles: list[Trouble] = field(default_factory=list)
    played: frozenset[str] = frozenset()
    #: Of those, the ones that the handler named itself (`say`, for one, names its own).
    files: frozenset[str] = frozenset()
    #: Commands for other legs, in which names of prompts may stand.
    elsewhere: bytes = b""
    recorded: frozenset[str] = frozenset()
    dialled: frozenset[str] = frozenset()
    waits_for_ever: bool = False
    up: bool = True  #: True if the call was up after the steps
    answered: bool = False
    slow: bool = False  #: True if the handler used up our patience
    #: True if it did not come where the steps lead: the handler varies from call to call.
    astray: bool = False
    ladder: str = ""
    #: Lines that were run for the first time, by file.
    lines: Mapping[str, frozenset[int]] = field(default_factory=dict)

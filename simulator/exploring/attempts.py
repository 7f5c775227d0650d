"""One call of an exploration: its caller's actions, and the outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..model.evidence import Part
from ..scripts.steps import Step
from .actions import Approach
from .back_ends import Asked
from .probes import Spot
from .situations import Situation
from .stories import Story
from .whereabouts import Place

__all__ = ["WHO", "Attempt", "AttemptOutcome", "BridgeEnd", "CallEnd", "Trouble"]

#: The circumstances that say who calls.
WHO = frozenset(("caller", "caller_name"))


@dataclass(frozen=True)
class Attempt:
    """A caller's actions and circumstances; the last action is the one to try."""

    call: Mapping[str, Any]
    steps: tuple[Step, ...]
    act: tuple[Step, ...] = ()
    hangs_up: bool = False
    number: int = 0  #: of the application that runs at that point (see `Situation`)
    #: The number of leading steps that an earlier call has taken.
    proven: int = 0
    #: Keys of situations to pass by: the caller does nothing until another comes.
    known: frozenset[str] = frozenset()

    @property
    def is_usual(self) -> bool:
        """True if the circumstances don't say who calls."""
        return not WHO & self.call.keys()


@dataclass(frozen=True)
class CallEnd:
    """The end of a call."""

    how: Literal["hangup", "raised", "given back", "left", "sent", "stuck", "for ever"]
    text: str


@dataclass(frozen=True)
class Trouble:
    """A problem in a call."""

    kind: str
    text: str
    place: Place | None
    at_hangup: bool  #: when the caller hung up, after all steps


@dataclass(frozen=True)
class BridgeEnd:
    """The end of an application `bridge`, and what the caller heard from there on."""

    place: Place | None
    answered: bool  #: True if somebody took the call
    up: bool  #: True if the caller had been answered before
    heard: tuple[str, ...]


@dataclass
class AttemptOutcome:
    """The outcome of an attempt."""

    reached: Situation | None = None
    approach: Approach | None = None
    ended: CallEnd | None = None
    left: str = (
        ""  #: the key of the situation in which the caller hung up, if that was all they did
    )
    #: Prompts and applications that began between the action and the situation reached.
    said: tuple[str, ...] = ()
    did: tuple[str, ...] = ()
    #: What happened, from the beginning of the call to the situation reached, or to its end.
    story: Story = ()
    #: The length of the story when the call began, and after each step.
    told: tuple[int, ...] = (0,)
    seconds: float = 0.0
    time: float = 0.0  #: when it was over
    troubles: list[Trouble] = field(default_factory=list)
    heard: tuple[str, ...] = ()  #: every prompt, in order
    played: frozenset[str] = frozenset()
    #: Those that the handler named itself (`say`, for one, chooses its own).
    files: frozenset[str] = frozenset()
    #: Commands for other legs, which may name prompts.
    elsewhere: bytes = b""
    recorded: frozenset[str] = frozenset()
    dialled: frozenset[str] = frozenset()
    #: Where the handler asked for the time of day, and how many seconds after the call began.
    clock: dict[tuple[Place, ...], float] = field(default_factory=dict)
    bridges: tuple[BridgeEnd, ...] = ()
    look_ups: tuple[Asked, ...] = ()
    #: The extensions that the call was transferred to, and where.
    transfers: tuple[tuple[str, Place | None], ...] = ()
    #: The handler's lines when it first looked at who calls; none if the switch did, for it. None
    #: if nobody did.
    looks: tuple[Place, ...] | None = None
    looks_at_end: bool = False  #: True if the caller had hung up by then, after all steps
    same: bool = False  #: True if it is that of another caller's call, which takes the same course
    waits_for_ever: bool = False
    up: bool = True  #: True if the call was up after the steps
    answered: bool = False
    slow: bool = False  #: True if the handler used up the patience
    stuck_at: frozenset[Place] = frozenset()  #: its lines then
    #: True if it did not get where the steps lead.
    astray: bool = False
    #: True if the handler took an entry that was to be made at every try.
    taken: bool = False
    #: True if it may have changed what later calls meet in the same process.
    keeps: bool = True
    ladder: str = ""
    #: What it used of FreeSWITCH, if this process has not told of it before.
    stands_on: tuple[Part, ...] = ()
    #: What is neither modelled nor allowed, and the handler's lines that used it.
    not_modelled: list[tuple[Part, Place | None]] = field(default_factory=list)
    #: The statements that ran and depend on facts about the call.
    asks: frozenset[Spot] = frozenset()
    #: What ran of the handler's own file for the first time in this process.
    ran: frozenset[Spot] = frozenset()
    #: Lines that were run for the first time, by file.
    lines: Mapping[str, frozenset[int]] = field(default_factory=dict)

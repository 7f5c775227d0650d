"""The graph of a handler: situations, and the actions that lead from one to another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import shorten
from typing import Any

from ..captions import caption_of_all
from ..ladders.rungs import ANY_UUID
from ..scripts.script import Script
from ..scripts.steps import Step
from .actions import ActionKind, Approach
from .attempts import Attempt, CallEnd
from .back_ends import Asked, Trial
from .situations import Situation
from .stories import Story

__all__ = ["Edge", "Node", "Way"]

#: Maximum characters of what several files say, in a title.
LONG = 48


@dataclass(frozen=True)
class Way:
    """A caller's actions and circumstances that lead somewhere."""

    call: Mapping[str, Any]
    steps: tuple[Step, ...]

    def then(self, *verbs: str | Step) -> Way:
        """The same way, with these steps added."""
        more = tuple(each if isinstance(each, Step) else Step(each) for each in verbs)
        return Way(self.call, self.steps + more)

    def script(self, handler: str, name: str | None, expect: Mapping[str, object]) -> Script:
        return Script(handler, self.steps, name, call=self.call, expect=expect)


@dataclass
class Node:
    """A situation that callers get into."""

    number: int
    situation: Situation
    way: Way  #: the shortest one there, up to the last action
    approach: Approach  #: the rest of it
    depth: int  #: actions on the way
    attempt: Attempt  #: the one that led there first
    root: int = 0  #: the circumstances, by their number among those explored
    edges: list[Edge] = field(default_factory=list)
    expanded: bool = False  #: True if something was tried here
    #: If only some keys were tried here, or none: a node at the same spot with all tried.
    like: int | None = None
    by: Edge | None = None  #: the first edge that led there
    dialled: frozenset[str] = frozenset()
    waits_for_ever: bool = False  #: True if nothing happens, however long the caller waits

    @property
    def here(self) -> Way:
        """The shortest way to be in this situation."""
        return Way(self.way.call, self.way.steps + self.approach.at)

    @property
    def title(self) -> str:
        """Its text in a picture."""
        situation = self.situation
        if situation.far_end is not None and situation.kind != "connected":
            if situation.kind == "digit":
                return f"{situation.far_end} is asked for a key"
            hears = f"{situation.application} {_target(situation.data)}".strip()
            return f"{situation.far_end}: {hears or situation.method}"
        if situation.kind == "connected":
            return f"{situation.application} {_target(situation.data)}".strip()
        if situation.kind == "record":
            return "record"
        if situation.prompt is not None:
            named = situation.kind in ("prompt", "digits", "speech")
            waits = "" if named else f" ({situation.method})"
            return f"{in_short(situation.prompt)}{waits}"
        if situation.kind == "digit":
            return "waits for a key"
        if situation.kind == "speech":
            return "listens"
        return situation.method or "waits"


def _target(data: str) -> str:
    """The far end that an application connects to, without the variables in front."""
    data = ANY_UUID.sub("…", data)
    return re.sub(r"^[{\[<][^}\]>]*[}\]>]", "", data)[:40]


def in_short(prompt: str) -> str:
    """A prompt's name; of several files played as one, what they say."""
    prompt = ANY_UUID.sub("…", prompt)
    scheme, colon, rest = prompt.partition("://")
    if colon and scheme == "file_string":
        said = shorten(caption_of_all(prompt, {}), LONG, placeholder=" …")
        return f'"{said}"' if "!" in rest else rest
    return prompt


@dataclass
class Edge:
    """An action of a caller, and where it leads."""

    source: int | None  #: the node's number; None for the beginning of the call
    target: int | CallEnd
    label: str
    what: ActionKind
    keys: str
    way: Way  #: the shortest one along this edge
    said: tuple[str, ...]  #: prompts on the way
    did: tuple[str, ...]  #: applications on the way
    seconds: float  #: its duration
    time: float  #: since the call began
    #: The far end whose behaviour was varied last, and how it behaves.
    far_end: tuple[str, str] | None = None
    answered: bool = True  #: True if the call was answered by then
    #: The look-up that went wrong last, and how.
    back_end: tuple[Asked, Trial] | None = None
    #: What happened between the last action before and the end of this one, and from there on,
    #: until the target was reached.
    story: Story = ()
    then: Story = ()

    @property
    def ends(self) -> CallEnd | None:
        return self.target if isinstance(self.target, CallEnd) else None

"""Where a call stands while its handler waits: what tells one situation from another.

Two situations are the same if the handler is at the same lines, the same application runs with
the same argument, and the variables that will still be read have the same values. Only small,
plain values count; docs/explore.md says where that can be wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Literal

from eslsync.call.leg import Collecting
from eslsync.wire.arguments import DIGITS
from eslsync.wire.declared import Declaration

from ..model.arguments import atoi, separate
from .whereabouts import Place

__all__ = ["Collects", "Situation", "SituationKind"]

#: What the handler waits for: several digits, a single one, the end of a prompt, of a recording,
#: of a conversation with somebody else, or anything else.
SituationKind = Literal["digits", "digit", "prompt", "record", "connected", "waits"]


@dataclass(frozen=True)
class Collects:
    """How digits are collected."""

    least: int
    most: int
    tries: int
    terminators: str
    #: A regular expression for valid digits, and whether all of the digits must match it.
    pattern: str | None = None
    whole: bool = False
    #: True where only a function of the handler's can tell.
    asks_handler: bool = False

    @classmethod
    def by_handler(cls, how: Collecting) -> Collects:
        """As `Channel.get_digits` does."""
        return cls(
            how.least,
            how.most,
            how.tries,
            how.terminators,
            how.valid if isinstance(how.valid, str) else None,
            whole=True,
            asks_handler=callable(how.valid),
        )

    @classmethod
    def by_application(cls, application: Declaration, argument: str) -> Collects:
        """As an application of FreeSWITCH's does."""
        names = application.argument
        words = dict(
            zip(names, separate(argument, application.separator, len(names)), strict=False)
        )
        least = max(application.fewest, atoi(words.get("min", "")))
        return cls(
            least,
            max(least, atoi(words.get("max", ""))),
            atoi(words.get("tries", "1")),
            "".join(key for key in words.get("terminators") or "#" if key in DIGITS),
            words.get("regexp") or None,
        )


@dataclass(frozen=True)
class Situation:
    """A point at which the handler waits, and time passes."""

    key: str  #: the same for situations that are the same
    spot: str  #: as `key`, whatever the variables are
    drawn: str  #: as `spot`; in a callback, whatever the handler waits for outside of it
    kind: SituationKind
    places: tuple[Place, ...]  #: the handler's lines, outermost first
    application: str  #: what runs on the channel, if anything
    data: str  #: its argument
    prompt: str | None  #: what the caller hears, as the code names it
    variables: Mapping[str, str]  #: plain ones that will still be read, by name
    time: float  #: seconds since the call began
    collects: Collects | None = None
    #: Keys that have handlers of their own (`on_dtmf`).
    handled: Set[str] = frozenset()
    #: While the handler asks for no key: the keys that may have an effect; None for any.
    listens: Set[str] | None = None
    #: The method that the handler is in.
    method: str = ""
    #: The far end whose leg the handler waits for.
    far_end: str | None = None
    far_seconds: float | None = None  #: since that far end answered
    #: How many applications had begun when the running one began; 0 if none runs.
    number: int = 0

    @property
    def place(self) -> Place | None:
        """The line that waits."""
        return self.places[-1] if self.places else None

    @property
    def asks(self) -> bool:
        """True if the handler waits for the caller's keys."""
        return self.kind in ("digits", "digit") and self.far_end is None

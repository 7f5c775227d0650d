"""Situations of a call while its handler waits, and the identity of each.

Two situations are the same if the handler is at the same lines, the same application runs with
the same argument, and the variables that will still be read have the same values. Only small,
plain values count; docs/guides/explore.md describes when that is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Literal

from eslsync.call.leg import Collecting
from eslsync.wire.arguments import DIGITS
from eslsync.wire.declared import Declaration
from eslsync.wire.separation import separate

from ..model.arguments import atoi
from .whereabouts import Place

__all__ = ["Collects", "Situation", "SituationKind"]

#: The target of the handler's wait: several digits, a single one, what the caller says, the end of
#: a prompt, of a recording, of a conversation with somebody else, or anything else.
SituationKind = Literal["digits", "digit", "speech", "prompt", "record", "connected", "waits"]


@dataclass(frozen=True)
class Collects:
    """The rules of a collection of digits."""

    least: int
    most: int
    tries: int
    terminators: str
    #: A regular expression that matches somewhere in valid digits.
    pattern: str | None = None
    #: True if only a function of the handler can decide.
    asks_handler: bool = False

    @classmethod
    def by_handler(cls, how: Collecting) -> Collects:
        """The rules of a running `Channel.get_digits`."""
        return cls(
            how.least,
            how.most,
            how.tries,
            how.terminators,
            how.regexp,
            asks_handler=how.valid is not None,
        )

    @classmethod
    def by_application(cls, application: Declaration, argument: str) -> Collects:
        """The rules of a FreeSWITCH application."""
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
    """A point at which the handler waits and time passes."""

    key: str  #: the same for situations that are the same
    spot: str  #: as `key`, whatever the variables are
    drawn: str  #: as `spot`; in a callback, regardless of the wait outside of it
    kind: SituationKind
    places: tuple[Place, ...]  #: the handler's lines, outermost first
    application: str  #: the one running on the channel, if any
    data: str  #: its argument
    prompt: str | None  #: the prompt that the caller hears, as named in the code
    variables: Mapping[str, str]  #: plain ones that will still be read, by name
    time: float  #: seconds since the call began
    collects: Collects | None = None
    #: Keys with handlers (`on_dtmf`).
    handled: Set[str] = frozenset()
    #: The keys that may have an effect while the handler asks for none; None for any.
    listens: Set[str] | None = None
    #: The method that the handler is in.
    method: str = ""
    #: The far end whose leg the handler waits for.
    far_end: str | None = None
    far_seconds: float | None = None  #: since that far end answered
    #: True if the prompt is only in the background: the handler does not wait for its end.
    background: bool = False
    #: True if a recognizer waits for the caller to speak; and the phrases that it understands, None
    #: if nobody has listed them.
    hears: bool = False
    phrases: tuple[str, ...] | None = None
    #: The number of applications begun when the running one began; 0 if none runs.
    number: int = 0

    @property
    def place(self) -> Place | None:
        """The line that waits."""
        return self.places[-1] if self.places else None

    @property
    def asks(self) -> bool:
        """True if the handler waits for the caller's keys, or for what they say."""
        return self.kind in ("digits", "digit", "speech") and self.far_end is None

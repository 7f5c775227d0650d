"""What the caller says, who listens to it, and what is understood."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple, Protocol

__all__ = ["Listens", "Speech", "Understands", "phrases_of"]

#: What an engine understands: these phrases; those of each grammar; or what a function makes of
#: the caller's words and the grammar, which is words, a result of the engine's own, or None. None
#: stands for an engine that understands everything.
Understands = (
    Collection[str] | Mapping[str, Collection[str]] | Callable[[str, str], str | None] | None
)


class Speech(NamedTuple):
    """What the caller said last, or says: from when to when, and the words if they are known."""

    began: int
    ended: int
    words: str = ""


class Listens(Protocol):
    """A recognizer of speech."""

    @property
    def listens(self) -> bool:
        """True while it waits for the caller to speak."""

    @property
    def phrases(self) -> Collection[str] | None:
        """What it understands now; None if nobody has listed that."""

    def caller_talks(self) -> None:
        """Notice that the caller begins to talk."""


def phrases_of(understands: Understands, grammar: str) -> Collection[str] | None:
    """The phrases that an engine understands by a grammar; None if nobody can list them."""
    if isinstance(understands, Mapping):
        return understands.get(grammar, ())
    return None if understands is None or callable(understands) else understands

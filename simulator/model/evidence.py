"""What the model of each thing in FreeSWITCH stands on: recordings, its source, or the user."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Literal

__all__ = ["YOURS", "Basis", "Evidence", "Kind", "Part", "StandsOn"]

#: The kinds of things in FreeSWITCH that a call may use. An option is part of an argument.
Kind = Literal["application", "api command", "variable", "option", "event", "argument"]
#: The kinds whose parts are counted; the others are only told if they had no effect.
COUNTED: tuple[Kind, ...] = ("application", "api command")


class Basis(Enum):
    """What a model stands on, in words."""

    RECORDED = "held to recordings"
    SOURCE = "read from source"
    YOURS = "yours"
    NOT_MODELLED = "not modelled"
    REFUSED = "refused by FreeSWITCH"

    __hash__ = object.__hash__


@dataclass(frozen=True)
class Evidence:
    """The evidence for a model.

    ``recordings`` are the numbers of recordings that show it; ``source`` is the FreeSWITCH source
    that it was read from, as "mod_dptools.c, sleep_function". Without either, it is the user's.
    """

    recordings: tuple[str, ...] = ()
    source: str = ""
    modelled: bool = True
    refused: bool = False  #: FreeSWITCH itself has no such thing

    @property
    def basis(self) -> Basis:
        if self.refused:
            return Basis.REFUSED
        if not self.modelled:
            return Basis.NOT_MODELLED
        if self.recordings:
            return Basis.RECORDED
        return Basis.SOURCE if self.source else Basis.YOURS


YOURS = Evidence()


@dataclass(frozen=True)
class Part:
    """One thing in FreeSWITCH that a call used, and the evidence for the model of it.

    ``where`` says where FreeSWITCH has it, or who reads it, as "mod_callcenter"; or, of what
    FreeSWITCH refuses, why.
    """

    kind: Kind
    name: str
    evidence: Evidence = YOURS
    where: str = ""

    @property
    def basis(self) -> Basis:
        return self.evidence.basis

    @property
    def has_effect(self) -> bool:
        """False if the handler asked for it, and it did nothing."""
        return self.basis not in (Basis.NOT_MODELLED, Basis.REFUSED)

    @property
    def lack(self) -> str:
        """Why it had no effect, in a sentence."""
        if self.basis is Basis.REFUSED:
            return f"FreeSWITCH refuses {self.name}, and goes on: {self.where}"
        where = f" ({self.where})" if self.where else ""
        return f"the simulated switch does not model the {self}{where}, which had no effect"

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class StandsOn:
    """What calls stood on. ``str()`` of it counts the applications and api commands they used.

    "14 applications: 12 held to recordings, 1 read from source, 1 yours"
    """

    def __init__(self, parts: Iterable[Part] = ()) -> None:
        self._parts: dict[tuple[Kind, str], Part] = {}
        self.add(parts)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Everything that was used, in the order of first use."""
        return tuple(self._parts.values())

    @property
    def not_modelled(self) -> tuple[Part, ...]:
        """What had no effect, since it is not modelled."""
        return tuple(part for part in self.parts if part.basis is Basis.NOT_MODELLED)

    @property
    def refused(self) -> tuple[Part, ...]:
        """What had no effect, since FreeSWITCH itself refuses it."""
        return tuple(part for part in self.parts if part.basis is Basis.REFUSED)

    def add(self, parts: Iterable[Part]) -> None:
        """Add what other calls used."""
        for part in parts:
            self.use(part)

    def use(self, part: Part) -> bool:
        """Add a part; False if it was used before."""
        key = part.kind, part.name
        if key in self._parts:
            return False
        self._parts[key] = part
        return True

    def __str__(self) -> str:
        said = [self._count(kind) for kind in COUNTED if any(p.kind == kind for p in self.parts)]
        others = [str(part) for part in self.not_modelled if part.kind not in COUNTED]
        if others:
            said.append(f"not modelled: {', '.join(others)}")
        if self.refused:
            said.append(f"refused: {', '.join(part.name for part in self.refused)}")
        return "; ".join(said) or "nothing of FreeSWITCH"

    def _count(self, kind: Kind) -> str:
        bases = Counter(part.basis for part in self.parts if part.kind == kind)
        number = bases.total()
        each = ", ".join(f"{bases[basis]} {basis.value}" for basis in Basis if bases[basis])
        missing = [part.name for part in self.not_modelled if part.kind == kind]
        names = f" ({', '.join(missing)})" if missing else ""
        return f"{number} {kind}{'' if number == 1 else 's'}: {each}{names}"

"""Facts about FreeSWITCH's dialplan applications, each declared once, on the method that runs it.

    @Declaration("playback", argument=("file",), prompts=("file",), plays=True)
    def playback(self, file, ...): ...

The owner of digits, redaction, ladders, the explorer and the documentation's table look it up
here: by the application's name (`declared`), or on the method (`declaration_of`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

__all__ = ["Declaration", "declaration_of", "declarations", "declared"]

MethodT = TypeVar("MethodT", bound=Callable[..., Any])


class Declaration:
    """Facts about an application; a decorator for the method that runs it."""

    # no dataclass: `import eslsync` would load inspect for it
    def __init__(
        self,
        name: str,
        *,
        api: bool = False,
        argument: tuple[str, ...] = (),
        separator: str = " ",
        prompts: tuple[str, ...] = (),
        plays: bool = False,
        untold: bool = False,
        collects: bool = False,
        fewest: int = 0,
        records: bool = False,
        listens: bool = False,
        joins: bool = False,
        sends: bool = False,
        prepares: bool = False,
        sets: bool = False,
        digits: bool = False,
        before_pin: str = "",
    ) -> None:
        #: FreeSWITCH's name for it.
        self.name = name
        #: True for a command of the api.
        self.api = api
        #: Names for the words of its argument, in order. One name stands for the whole argument.
        self.argument = argument
        #: The separator of these words.
        self.separator = separator
        #: The words of the argument, and parameters of the method, that name sounds to play.
        self.prompts = prompts
        #: True if it completes when a sound has been played.
        self.plays = plays
        #: True if it plays prompts that no PLAYBACK_START tells.
        self.untold = untold
        #: True if it takes the digits that are pressed while it runs.
        self.collects = collects
        #: The fewest digits it collects, even when asked for fewer.
        self.fewest = fewest
        #: True if it records the caller.
        self.records = records
        #: True if it listens to what the caller says.
        self.listens = listens
        #: True if the caller talks to others while it runs, and can leave at any time.
        self.joins = joins
        #: True if it transfers the call.
        self.sends = sends
        #: True if it only prepares later applications, and the caller notices nothing.
        self.prepares = prepares
        #: True if it sets or unsets channel variables.
        self.sets = sets
        #: True if its argument is digits, to be hidden like those that callers press.
        self.digits = digits
        #: A pattern of what stands before a PIN in its argument; empty if it takes none.
        self.before_pin = before_pin

    def __call__(self, method: MethodT) -> MethodT:
        """Declare the method, and the application if the method is named for it."""
        method.declaration = self  # type: ignore[attr-defined]
        if self.api or method.__name__.rstrip("_") == self.name:
            self.register()
        return method

    def register(self) -> None:
        """Declare the application itself; for one that has no method."""
        _applications[self.name] = self

    def place(self, word: str) -> int | None:
        """The index of a word in the argument; None if there is no such word."""
        return self.argument.index(word) if word in self.argument else None


_applications: dict[str, Declaration] = {}
_UNKNOWN = Declaration("")


@cache
def _methods_are_there() -> None:
    """Import the methods that declare: what is hidden must not depend on who imported them."""
    import_module("eslsync.session")


def declared(application: str) -> Declaration:
    """The declaration of an application, named in any letter case as FreeSWITCH allows
    (switch_loadable_module.c, application_hash); an empty declaration for an unknown one.
    """
    _methods_are_there()
    return _applications.get(application) or _applications.get(application.lower(), _UNKNOWN)


def declarations() -> tuple[Declaration, ...]:
    """All declarations, in order."""
    _methods_are_there()
    return tuple(_applications.values())


def declaration_of(method: object) -> Declaration:
    """The declaration of a method; an empty declaration for any other object."""
    found = getattr(method, "declaration", _UNKNOWN)
    return found if isinstance(found, Declaration) else _UNKNOWN

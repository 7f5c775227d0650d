"""Says how to get an extra whose libraries aren't installed."""

from __future__ import annotations

from types import TracebackType

__all__ = ["MissingExtra", "needs_extra"]


class MissingExtra(ModuleNotFoundError):
    """A library of an extra isn't installed; the message says how to install the extra."""


class needs_extra:  # noqa: N801 - it is used like a function
    """Imports of libraries that an extra brings.

        with needs_extra("prometheus", "eslsync.prometheus"):
            from prometheus_client import Counter

    Raises MissingExtra if one of them isn't installed. ``what`` is what needs it, as the user calls
    that: an option, a module.
    """

    def __init__(self, extra: str, what: str) -> None:
        self.extra = extra
        self.what = what

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if isinstance(error, ModuleNotFoundError):
            library = (error.name or "a library").partition(".")[0]
            said = f'{self.what} needs {library}: pip install "eslsync[{self.extra}]"'
            raise MissingExtra(said, name=error.name) from None

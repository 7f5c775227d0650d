"""The progress bar of `eslsync explore`."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

import click

from ..clockwork.tricks import real_seconds
from ..exploring.search import Progress

__all__ = ["Bar"]

#: Real seconds between two updates.
EVERY = 0.2


class Bar:
    """The calls made, out of those known to be needed."""

    def __enter__(self) -> Bar:
        self._shown = 0.0
        self._last: Progress | None = None
        self._bar: Any = click.progressbar(
            length=1,
            label="exploring",
            show_eta=False,
            show_percent=False,
            item_show_func=lambda _: self._words(),
            file=sys.stderr,
            width=24,
            hidden=not sys.stderr.isatty(),
        )
        self._bar.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._last is not None:
            self._put(self._last)
        self._bar.__exit__(kind, error, trace)

    def show(self, progress: Progress) -> None:
        self._last = progress
        now = real_seconds()
        if now - self._shown >= EVERY:
            self._shown = now
            self._put(progress)

    def _put(self, progress: Progress) -> None:
        self._bar.length = max(progress.known, 1)
        self._bar.pos = progress.calls
        self._bar.current_item = progress
        self._bar.render_progress()

    def _words(self) -> str:
        said = self._last
        if said is None:
            return ""
        return f"{said.nodes} nodes, {said.calls} calls, {said.rate:.0f} calls a second"

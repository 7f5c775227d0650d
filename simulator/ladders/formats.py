"""A call drawn as a ladder, in one of three formats."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

from .text import draw
from .transcript import Entry

__all__ = ["FORMATS", "LadderFormat", "drawn"]

#: Text for a terminal, a picture, and a diagram as text that many sites draw.
LadderFormat = Literal["text", "svg", "mermaid"]
FORMATS: tuple[LadderFormat, ...] = get_args(LadderFormat)


def drawn(
    entries: Iterable[Entry], format: LadderFormat = "text", *, title: str = "", about: str = ""
) -> str:
    """The ladder of a transcript's entries. Raises ValueError for any other format."""
    if format == "text":
        return draw(entries)
    if format == "svg":
        from .svg import svg

        return svg(entries, title=title, about=about)
    if format == "mermaid":
        from .mermaid import mermaid

        return mermaid(entries, title=title)
    raise ValueError(f"a ladder's format must be one of {', '.join(FORMATS)}, not {format!r}")

"""The map as an outline in SVG: boxes below each other, indented where the call can go on
differently. It needs no Graphviz, and is as wide as a page's column, whatever the map."""

from __future__ import annotations

from collections.abc import Sequence

from ..ladders.rungs import wrapped
from ..ladders.svg import width, written
from .attempts import CallEnd
from .labels import box, depends, ends_wrong, kind, legend, phrase, seconds
from .looks import COLUMN, FAULT, FONT, INK, LINK, LOOKS, QUIET, SMALL, framed, text
from .maps import Map, Spot, Street

__all__ = ["as_outline"]

MARGIN = 20
#: How far a street's target is to the right, and how often, at most.
INDENT, DEEPEST = 36, 11
#: How far the trunk of the streets from a box is to the right of its left edge.
TRUNK = 18
GAP, LINE, SMALL_LINE, PADDING = 10, 18, 16, 8
#: Maximum lines of a text.
MOST_LINES = 4


def as_outline(drawn: Map, title: str) -> str:
    """The map as an outline."""
    return Outline(drawn, title).document()


class Outline:
    """One drawing, from top to bottom."""

    def __init__(self, drawn: Map, title: str) -> None:
        self.drawn = drawn
        self.title = title
        self.y = 0.0  #: the foot of what is drawn
        self.body: list[str] = []
        self._lines: list[str] = []  # below the boxes
        self._seen: set[int] = set()
        self._later: list[int] = []  # spots that were too far to the right

    def document(self) -> str:
        self.y = MARGIN + FONT
        self.body.append(text(MARGIN, self.y, self.title, FONT + 1, bold=True))
        self.y += 4
        self._streets(self.drawn.starts, 0)
        while self._later:
            self.y += 2 * GAP
            self._spot(self.drawn.spots[self._later.pop(0)], 0)
        return framed(
            [*self._lines, *self.body], (COLUMN, self.y + GAP), self.title, legend(self.drawn)
        )

    def _spot(self, spot: Spot, depth: int) -> None:
        """Draw a spot, and what follows it."""
        while True:
            self._box(spot, depth)
            only = spot.streets[0] if len(spot.streets) == 1 else None
            if only is None or isinstance(only.target, CallEnd) or only.target in self._seen:
                return self._streets(spot.streets, depth)
            top, x = self.y, left(depth) + TRUNK
            self.y += GAP / 2
            self._label(phrase(spot.streets, only), x + 12, bold=True)
            self.y += GAP
            self._line(f"M{x:g} {top:g}V{self.y - 7:g}", only)
            self._lines.append(f'<path fill="{QUIET}" d="M{x:g} {self.y:g}l-4 -8h8Z"/>')
            spot = self.drawn.spots[only.target]
            self._seen.add(spot.number)

    def _streets(self, streets: Sequence[Street], depth: int) -> None:
        """Draw the streets from a spot, and what they lead to."""
        x, top, foot = left(depth) + TRUNK, self.y, self.y
        for street in streets:
            self.y += GAP
            foot = self.y + LINE / 2
            self._line(f"M{x:g} {foot - 6:g}q0 6 6 6H{left(depth + 1) - 4:g}", street)
            said = phrase(streets, street)
            target = street.target
            if isinstance(target, CallEnd):
                self._leaf(said, target.text, depth, FAULT if ends_wrong(target) else QUIET)
            elif target in self._seen:
                self._leaf(said, f"↩ {target}  {self._brief(target)}", depth, LINK, target)
            elif depth >= DEEPEST:
                self._seen.add(target)
                self._later.append(target)
                self._leaf(said, f"↓ {target}  {self._brief(target)}", depth, LINK, target)
            else:
                self._seen.add(target)
                if said:
                    self._label(said, left(depth + 1), bold=True)
                    self.y += 4
                self._spot(self.drawn.spots[target], depth + 1)
        if streets:
            self._line(f"M{x:g} {top:g}V{foot - 6:g}", None)

    def _brief(self, number: int) -> str:
        return box(self.drawn, self.drawn.spots[number]).says

    def _line(self, path: str, street: Street | None) -> None:
        wrong = street and isinstance(street.target, CallEnd) and ends_wrong(street.target)
        dashes = ' stroke-dasharray="5 3"' if street and depends(street) else ""
        self._lines.append(
            f'<path fill="none" stroke="{FAULT if wrong else QUIET}"{dashes} d="{path}"/>'
        )

    def _label(self, said: str, x: float, *, bold: bool = False) -> None:
        for line in fitted(said, COLUMN - MARGIN - x, FONT - 1) if said else []:
            self.y += LINE
            self.body.append(text(x, self.y - 5, line, FONT - 1, bold=bold))

    def _leaf(
        self, said: str, ends: str, depth: int, colour: str, number: int | None = None
    ) -> None:
        """A street's label, and where it leads, in a line if they fit."""
        x = left(depth + 1)
        there_is = COLUMN - MARGIN - x
        takes = wide(said, FONT - 1) + 10 if said else 0.0
        if takes + wide(ends, FONT - 1) > there_is:
            self._label(said, x, bold=True)
            said, takes = "", 0.0
        ends = fitted(ends, there_is - takes, FONT - 1, 1)[0]
        self.y += LINE
        target = "" if number is None else f' class="to" data-spot="s{number}"'
        self.body.append(
            f'<text font-size="{FONT - 1}" x="{x:g}" y="{self.y - 5:g}">'
            f'<tspan font-weight="bold" fill="{INK}">{written(said)}</tspan>'
            f'<tspan{target} fill="{colour}" dx="{10 if said else 0}">{written(ends)}</tspan>'
            "</text>"
        )

    def _box(self, spot: Spot, depth: int) -> None:
        x, top, there_is = left(depth), self.y, COLUMN - MARGIN - left(depth) - 2 * PADDING
        said = box(self.drawn, spot)
        lines = [
            (line, FONT, INK, spot.node.situation.asks)
            for line in fitted(said.says, there_is, FONT)
        ]
        below = " · ".join(filter(None, (str(spot.number), said.name, seconds(spot.time))))
        lines += [(line, SMALL, QUIET, False) for line in fitted(below, there_is, SMALL)]
        for finding in spot.findings:
            told = f"✖ {finding.kind}: {finding.text.splitlines()[0]}"
            lines += [(line, SMALL, FAULT, True) for line in fitted(told, there_is, SMALL)]
        fill, stroke = LOOKS["fault" if spot.findings else kind(spot)]
        self.y += PADDING - 2
        texts = []
        for line, size, colour, bold in lines:
            self.y += LINE if size == FONT else SMALL_LINE
            texts.append(text(x + PADDING, self.y - 4, line, size, colour, bold=bold))
        self.y += PADDING - 2
        takes = max(wide(line, size) for line, size, _, _ in lines) + 2 * PADDING
        place = spot.node.situation.place
        tip = f"<title>{written(str(place))}</title>" if place else ""
        self.body.append(
            f'<g class="node" id="s{spot.number}">{tip}<rect fill="{fill}" stroke="{stroke}" '
            f'stroke-width="{2 if spot.findings else 1.2}" x="{x:g}" y="{top:g}" '
            f'width="{takes:.1f}" height="{self.y - top:g}" rx="7"/>{"".join(texts)}</g>'
        )


def left(depth: int) -> float:
    return MARGIN + INDENT * depth


def wide(said: str, size: int) -> float:
    """The width of a text, be it bold or not."""
    return width(said) * size / 13


def fitted(said: str, room: float, size: int, most: int = MOST_LINES) -> list[str]:
    return wrapped(said, room, most, lambda each: wide(each, size), "…")

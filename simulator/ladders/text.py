"""A call drawn as a ladder in text: caller, switch and app, and their messages.

The bar to the left of the caller's line shows what the caller hears: a prompt begins, plays, is
paused while another plays inside it (further left), continues, ends or is cut. Silences of 0.5 s
or more are shown with their length.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from .rungs import (
    FILES,
    PAUSE,
    Prompts,
    RungKind,
    is_left,
    is_prompt,
    kind_of,
    same_time,
    shown,
    words,
    wrapped,
)
from .transcript import Entry

__all__ = ["ASCII", "BOX", "Glyphs", "RungKind", "Style", "draw"]

#: Default width of a ladder, in columns.
WIDTH = 100
#: Below so many columns, the lifelines are close together, and the texts beside them.
CLOSE = 60
#: Minimum columns between two lifelines.
NARROWEST = 18
#: Columns for what the caller hears, in a ladder that grows: a prompt, and one inside it.
DEPTH = 2
#: Maximum lines of a text, and of one that names several files to play.
MAX_LINES = 4
MAX_LINES_OF_FILES = 2
Style = Callable[[str, RungKind], str]


@dataclass(frozen=True)
class Glyphs:
    """The characters that a ladder is drawn with."""

    line: str
    life: str  #: a lifeline
    broken: str  #: a lifeline, during a silence
    to_left: str
    to_right: str
    from_left: str
    from_right: str
    begins: str
    plays: str
    paused: str
    ends: str
    cut: str
    trouble: str
    ellipsis: str

    def __str__(self) -> str:
        return "".join(vars(self).values())


BOX = Glyphs("─", "│", "┊", "◀", "▶", "├", "┤", "┏", "┃", "┆", "┗", "┻", "■", "…")
ASCII = Glyphs("-", "|", ":", "<", ">", "|", "|", "+", "#", ":", "+", "x", "x", "...")


def draw(
    entries: Iterable[Entry],
    *,
    width: int = WIDTH,
    glyphs: Glyphs = BOX,
    style: Style = lambda text, kind: text,
    grows: bool = False,
) -> str:
    """The ladder as lines of text, with the seconds since the call began at the left.

    It takes at most ``width`` columns, fewer if the texts are short; exactly so many if it
    ``grows``: then further entries only add lines. ``style(text, kind)`` may colour a piece, but
    must not change its width.
    """
    return "\n".join(Ladder(shown(entries), width, glyphs, style, grows=grows).lines())


class Ladder:
    """One drawing."""

    def __init__(
        self, entries: list[Entry], width: int, glyphs: Glyphs, style: Style, *, grows: bool
    ) -> None:
        self.entries = entries
        self.glyphs = glyphs
        self.style = style
        self.prompts = Prompts()
        self.depth = DEPTH if grows else Prompts.deepest(entries)
        self.close = width < CLOSE
        #: for texts, beside lifelines that are close together
        self.beside = max(width - len(self._stamp(0.0)) - self.depth - 8, NARROWEST)
        self.left, self.right = self._fixed(width) if grows else self._lanes(width)

    def _fixed(self, width: int) -> tuple[int, int]:
        """The widths of the two lanes, whatever their texts will be."""
        there_is = width - len(self._stamp(0.0)) - self.depth - 3 - 1
        left = max(there_is * 2 // 5, NARROWEST)
        return left, max(there_is - left, NARROWEST)

    def _lanes(self, width: int) -> tuple[int, int]:
        """The widths of the two lanes: enough for their texts, or a fair share of the width."""
        wanted = {True: NARROWEST, False: NARROWEST}
        for entry in self.entries:
            lane = is_left(entry)
            wanted[lane] = max(wanted[lane], columns(self._words(entry)) + 6)
        # three lifelines, and one column for the half of "app" that stands out
        there_is = width - len(self._stamp(0.0)) - self.depth - 3 - 1
        left = min(wanted[True], max(there_is - wanted[False], there_is * 2 // 5, NARROWEST))
        return left, min(wanted[False], max(there_is - left, NARROWEST))

    def lines(self) -> Iterator[str]:
        ahead = len(self._stamp(0.0)) + self.depth
        names = [(ahead, "caller"), (ahead + self.left + 1, "switch")]
        line = "s".rjust(len(self._stamp(0.0).rstrip()))
        for column, name in [*names, (ahead + self.left + self.right + 2, "app")]:
            line = line.ljust(column - (len(name) - 1) // 2) + name
        if self.close:
            line = (
                "s".rjust(len(self._stamp(0.0).rstrip())).ljust(ahead)
                + "c  s  a  caller, switch, app"
            )
        yield line
        previous: float | None = None
        for entry in self.entries:
            passed = 0.0 if previous is None else entry.time - previous
            if passed >= PAUSE:
                yield self._pause(passed)
            moment = None if same_time(entry.time, previous) else entry.time
            self.prompts.follow(entry)
            if entry.text.startswith("pauses ") and is_prompt(entry):
                continue  # the prompt that begins now shows it
            previous = entry.time
            yield from self._rung(entry, self._stamp(moment))
            self.prompts.settle()

    def _stamp(self, time: float | None) -> str:
        if self.close:
            return " " * 9 if time is None else f"{time:8.3f} "
        return " " * 11 if time is None else f"{time:9.3f}  "

    def _bars(self) -> str:
        bars = [getattr(self.glyphs, p.state) if p else " " for p in reversed(self.prompts.playing)]
        return self._styled("".join(bars)[-self.depth :].rjust(self.depth), "prompt")

    # Lines

    def _styled(self, text: str, kind: RungKind) -> str:
        return self.style(text, kind) if text.strip() else text

    def _line(self, stamp: str, lives: str, left: str, right: str) -> str:
        caller, switch, app = (self._styled(life, "line") for life in lives)
        return f"{self._styled(stamp, 'time')}{self._bars()}{caller}{left}{switch}{right}{app}"

    def _pause(self, seconds: float) -> str:
        text = f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.1f} min"
        if self.close:
            return self._close_line(self._stamp(None), self.glyphs.broken * 3, text, "time")
        middle = self._styled(text, "time") + " " * (self.left - len(text) - 3)
        return self._line(
            self._stamp(None), self.glyphs.broken * 3, f"   {middle}", " " * self.right
        )

    def _rung(self, entry: Entry, stamp: str) -> Iterator[str]:
        glyphs = self.glyphs
        left = is_left(entry)
        lane = self.left if left else self.right
        most = MAX_LINES
        if FILES.search(entry.text):
            most = 1 if is_prompt(entry) else MAX_LINES_OF_FILES
        room = self.beside if self.close else lane - 6
        kind = kind_of(entry)
        said = self._words(entry)
        if self.close and kind == "problem":
            said = f"{glyphs.trouble} {said}"
        lines = wrapped(said, room, most, columns, glyphs.ellipsis)
        arrow = not is_prompt(entry) or entry.text.startswith("plays ")
        if self.close:
            yield from self._close_rung(entry, stamp, lines, arrow)
            return
        lives = [glyphs.life] * 3
        for number, text in enumerate(lines):
            first = number == 0
            text = f" {text} "
            rest = lane - columns(text)
            if entry.sender == entry.receiver:
                mark = glyphs.trouble if first and kind == "problem" else " "
                drawn = " " * (rest - 2) + text + f"{mark} "
            elif not (first and arrow):
                drawn = "  " + text + " " * (rest - 2)
            elif entry.sender == ("caller" if left else "switch"):
                drawn = glyphs.line + text + glyphs.line * (rest - 2) + glyphs.to_right
                lives[0 if left else 1] = glyphs.from_left
            else:
                drawn = glyphs.to_left + glyphs.line + text + glyphs.line * (rest - 2)
                lives[1 if left else 2] = glyphs.from_right
            drawn = self._styled(drawn, kind)
            lanes = (drawn, " " * self.right) if left else (" " * self.left, drawn)
            yield self._line(stamp if first else self._stamp(None), "".join(lives), *lanes)
            lives = [glyphs.life] * 3
            self.prompts.settle()

    def _close_rung(self, entry: Entry, stamp: str, lines: list[str], arrow: bool) -> Iterator[str]:
        """A rung whose text is beside the lifelines."""
        glyphs, kind = self.glyphs, kind_of(entry)
        lives = [glyphs.life] * 3
        gaps = ["  ", "  "]
        if arrow and entry.sender != entry.receiver:
            left = is_left(entry)
            at = 0 if left else 1
            if entry.sender == ("caller" if left else "switch"):
                lives[at], gaps[at] = glyphs.from_left, glyphs.line + glyphs.to_right
            else:
                lives[at + 1], gaps[at] = glyphs.from_right, glyphs.to_left + glyphs.line
        for number, text in enumerate(lines):
            if number == 1:
                lives, gaps = [glyphs.life] * 3, ["  ", "  "]
            yield self._close_line(stamp, "".join(lives), text, kind, gaps)
            stamp = self._stamp(None)
            self.prompts.settle()

    def _close_line(
        self, stamp: str, lives: str, text: str, kind: RungKind, gaps: Sequence[str] = ("  ", "  ")
    ) -> str:
        one, two, three = (self._styled(life, "line") for life in lives)
        left, right = (self._styled(gap, kind) for gap in gaps)
        return (
            f"{self._styled(stamp, 'time')}{self._bars()}{one}{left}{two}{right}{three} "
            f"{self._styled(text, kind)}"
        )

    def _words(self, entry: Entry) -> str:
        text = words(entry)
        return text.encode("ascii", "replace").decode() if self.glyphs is ASCII else text


def columns(text: str) -> int:
    """The width of a text on a terminal, in columns."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in text
    )

"""A call drawn as a ladder in SVG: every leg has a lifeline, with a bar for each prompt it hears.

This writes SVG directly: it consists of lines and texts, and the work is to place them, which a
drawing library would leave to its user. It contains no scripts and no external fonts or styles;
colours follow the reader's light or dark scheme. Each arrowhead is drawn, because a shared
definition (``<marker>``) is lost when one page contains several pictures.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from eslsync.wire.shown import printable

from .rungs import PAUSE, Prompts, Span, is_prompt, kind_of, same_time, shown, span, words, wrapped
from .transcript import Entry

__all__ = ["svg"]

#: Sizes, in pixels.
MARGIN = 20
FONT = 13
LINE = 16
ROW = 26
GAP = 30  #: the height of a silence
HEAD = 30
TIMES = 62  #: the column of times
BAR = 9
NEAREST = 130  #: minimum distance of two lifelines
FARTHEST = 370  #: and the maximum
ARROW = 8
#: Maximum width, unless the lifelines would be too near: letters are legible in a column of 830.
WIDEST = 900
#: Where many lifelines are squeezed into that: their minimum distance, that of switch and app, and
#: maximum lines of a text.
SQUEEZED, NEAR_APP, MORE_LINES = 84, 170, 6
#: Maximum lines of a text.
MAX_LINES = 3
#: Maximum characters of a tooltip.
TOOLTIP = 300
#: Maximum rows before the lifelines are named at the foot, too.
LONG = 24

#: Looks that a legend explains if they occur: the class, and the meaning.
KEYS = {
    "bar": "a prompt",
    "bar paused": "a prompt is paused",
    "cut": "a prompt is cut",
    "broken": "time passes",
}

STYLE = """
.ladder { font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; }
.ladder .paper { fill: #ffffff; }
.ladder text { fill: #24292f; }
.ladder .title { font-weight: 600; font-size: 15px; }
.ladder .about, .ladder .time, .ladder .passes, .ladder .key { fill: #57606a; font-size: 12px; }
.ladder .time { font-variant-numeric: tabular-nums; }
.ladder .head { fill: #f3f5f7; stroke: #afb8c1; }
.ladder .name { font-weight: 600; }
.ladder .life { stroke: #8c959f; }
.ladder .broken, .ladder .like-broken { stroke: #8c959f; stroke-dasharray: 2 5; }
.ladder .line { stroke: #57606a; stroke-width: 1.4; fill: none; }
.ladder .tip { fill: #57606a; }
.ladder .caller text { fill: #0550ae; } .ladder .caller .line { stroke: #0969da; }
.ladder .caller .tip { fill: #0969da; }
.ladder .app text { fill: #116329; } .ladder .app .line { stroke: #1a7f37; }
.ladder .app .tip { fill: #1a7f37; }
.ladder .problem text { fill: #a40e26; } .ladder .problem .line { stroke: #cf222e; }
.ladder .problem .tip { fill: #cf222e; }
.ladder .prompt text { fill: #7d4e00; } .ladder .prompt .line { stroke: #bf8700; }
.ladder .prompt .tip { fill: #bf8700; }
.ladder .bar, .ladder .like-bar { fill: #f2cc60; stroke: #bf8700; }
.ladder .paused, .ladder .like-paused { fill: none; stroke: #bf8700; stroke-dasharray: 3 3; }
.ladder .cut, .ladder .like-cut { stroke: #cf222e; stroke-width: 2; }
.ladder .bridge .line { stroke: #8250df; stroke-width: 3; } .ladder .bridge .tip { fill: #8250df; }
.ladder .bridge text { fill: #6639ba; }
@media (prefers-color-scheme: dark) {
.ladder .paper { fill: #0d1117; }
.ladder text { fill: #e6edf3; }
.ladder .about, .ladder .time, .ladder .passes, .ladder .key { fill: #9aa4af; }
.ladder .head { fill: #161b22; stroke: #484f58; }
.ladder .life, .ladder .broken, .ladder .like-broken { stroke: #6e7681; }
.ladder .line { stroke: #8d96a0; } .ladder .tip { fill: #8d96a0; }
.ladder .caller text { fill: #79c0ff; } .ladder .app text { fill: #7ee787; }
.ladder .caller .line { stroke: #388bfd; } .ladder .caller .tip { fill: #388bfd; }
.ladder .app .line { stroke: #3fb950; } .ladder .app .tip { fill: #3fb950; }
.ladder .problem .line { stroke: #f85149; } .ladder .problem .tip { fill: #f85149; }
.ladder .prompt .line { stroke: #d29922; } .ladder .prompt .tip { fill: #d29922; }
.ladder .bridge .line { stroke: #a371f7; } .ladder .bridge .tip { fill: #a371f7; }
.ladder .cut, .ladder .like-cut { stroke: #f85149; }
.ladder .problem text { fill: #ffa198; } .ladder .prompt text { fill: #f2cc60; }
.ladder .bar:not(.paused), .ladder .like-bar { fill: #7d5700; }
.ladder .bridge text { fill: #d2a8ff; }
}
"""


def svg(entries: Iterable[Entry], *, title: str = "", about: str = "") -> str:
    """The ladder as an SVG document, with a title and a line about it if they are given."""
    return Drawing(shown(entries), title, about).document()


@dataclass
class Row:
    """Rungs side by side, at one moment."""

    time: float
    rungs: list[tuple[Entry, Span, list[str]]] = field(default_factory=list)
    #: Prompts that are paused by one that begins in this row.
    paused: list[Entry] = field(default_factory=list)

    @property
    def lines(self) -> int:
        return max((len(lines) for _, _, lines in self.rungs), default=1)


class Drawing:
    """One drawing."""

    def __init__(self, entries: list[Entry], title: str, about: str) -> None:
        self.title = title
        self.about = about
        self.entries = entries
        self.spans = [span(entry) for entry in self.entries]
        self.names = lanes(self.spans)
        self.depth = Prompts.deepest(self.entries) if "caller" in self.names else 0
        self.squeezed = False
        self.at = self._places()  # lifelines, from left to right
        self.rows = list(self._rows())

    # Layout

    def _places(self) -> dict[str, float]:
        """The places of the lifelines, spaced by the texts between them, within bounds."""
        wanted = [float(NEAREST)] * len(self.names)  # to the right of each
        for each in self.spans:
            left, right = sorted((self.names.index(each.start), self.names.index(each.end)))
            if left == right:  # beside a lifeline: on its left, but on the first one's right
                left, right = (max(0, left - 1), max(1, left)) if left else (0, 1)
            room = min(width(each.text) + 3 * ARROW, FARTHEST * (right - left)) / (right - left)
            for index in range(left, min(right, len(wanted))):
                wanted[index] = max(wanted[index], room)
        for index, (one, other) in enumerate(zip(self.names, self.names[1:], strict=False)):
            wanted[index] = max(wanted[index], (width(one) + width(other)) / 2 + 40)
        x = MARGIN + TIMES + self.depth * (BAR + 3) + max(24.0, width(self.names[0]) / 2 + 6)
        fits = squeezed(wanted[:-1], WIDEST - x - self._aside) + wanted[-1:]
        self.squeezed = fits != wanted
        places: dict[str, float] = {}
        for name, room in zip(self.names, fits, strict=True):
            places[name] = round(x) + 0.5  # lines are sharp there
            x += room
        return places

    def _rows(self) -> Iterator[Row]:
        """Entries in rows: those of one moment share a row if they don't overlap."""
        row: Row | None = None
        paused: list[Entry] = []
        for entry, where in zip(self.entries, self.spans, strict=True):
            if is_prompt(entry) and entry.text.startswith("pauses "):
                paused.append(entry)
                continue
            room = self._room(where)
            most = (MORE_LINES if self.squeezed else MAX_LINES) if draws(entry, where) else 1
            lines = wrapped(where.text, room, most, width, "…")
            left, right = sorted((self.at[where.start], self.at[where.end]))
            if row is not None and same_time(entry.time, row.time) and not is_prompt(entry):
                last = row.rungs[-1][1]
                edge = max(self.at[last.start], self.at[last.end])
                if edge <= left < right and last.start != last.end:
                    row.rungs.append((entry, where, lines))
                    continue
            if row is not None:
                yield row
            row = Row(entry.time, [(entry, where, lines)], paused)
            paused = []
        if row is not None:
            yield row

    def _room(self, where: Span) -> float:
        start, end = self.at[where.start], self.at[where.end]
        if start != end:
            return abs(end - start) - 2 * ARROW
        index = self.names.index(where.start)
        places = list(self.at.values())
        beside = places[index - 1] if index else places[min(1, len(places) - 1)]
        return max(abs(beside - start), NEAREST) - 2 * ARROW

    # Drawing

    def document(self) -> str:
        top = MARGIN
        head: list[str] = []
        for text, kind, size in ((self.title, "title", 20), (self.about, "about", 18)):
            for line in wrapped(text, self._width - 2 * MARGIN, 3, width, "…") if text else []:
                top += size
                head.append(label(MARGIN, top - 5, line, kind))
        if head:
            top += 10
        heads = self._heads()
        high = HEAD + (max(map(len, heads.values())) - 1) * LINE
        names = "".join(self._name(name, lines, top) for name, lines in heads.items())
        body, bottom = self._body(top + high)
        if len(self.rows) > LONG:
            names += "".join(self._name(name, lines, bottom) for name, lines in heads.items())
            bottom += high
        legend, bottom = self._legend(body, bottom)
        height = bottom + MARGIN
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" class="ladder" role="img" '
                f'width="{self._width:g}" height="{height:g}" '
                f'viewBox="0 0 {self._width:g} {height:g}">',
                f"<title>{written(self.title or 'A call')}</title>",
                f"<style>{STYLE}</style>",
                f'<rect class="paper" width="{self._width:g}" height="{height:g}" rx="6"/>',
                *head,
                *body,
                names,
                *legend,
                "</svg>\n",
            ]
        )

    def _legend(self, body: list[str], y: float) -> tuple[list[str], float]:
        """What the looks of bars and lines mean that occur, and its foot."""
        drawn, x, y = [], float(MARGIN), y + 20
        for kind, meaning in KEYS.items():
            if not any(f'class="{kind}"' in each for each in body):
                continue
            takes = 26 + width(meaning) + 16
            if x > MARGIN and x + takes > self._width - MARGIN:
                x, y = float(MARGIN), y + LINE + 4
            drawn.append(
                f'<rect class="like-{kind.split()[-1]}" x="{x + 5:g}" y="{y - 9:g}" '
                f'width="{BAR}" height="12" rx="2"/>'
                if kind.startswith("bar")
                else f'<path class="like-{kind}" d="M{x:g} {y - 3:g}h18"/>'
            )
            drawn.append(label(x + 24, y + 2, meaning, "key"))
            x += takes
        return drawn, y + 4 if drawn else y - 20

    @property
    def _width(self) -> float:
        return round(max(self.at.values()) + self._aside)

    @property
    def _aside(self) -> float:
        """What is to the right of the last lifeline."""
        return max(40.0, width(self.names[-1]) / 2 + 14) + MARGIN

    def _heads(self) -> dict[str, list[str]]:
        """The names of the lifelines, in lines."""
        if not self.squeezed:
            return {name: [name] for name in self.at}
        places = list(self.at.values())
        near = [other - one for one, other in itertools.pairwise(places)]
        room = [
            min(each) - 26 for each in zip([*near[:1], *near], [*near, *near[-1:]], strict=True)
        ]
        return {
            name: wrapped(name, each, MAX_LINES, width, "…")
            for name, each in zip(self.at, room, strict=True)
        }

    def _name(self, name: str, lines: list[str], y: float) -> str:
        wide = max(map(width, lines)) + 20
        x = self.at[name]
        texts = (
            label(x, y + 17 + at * LINE, each, "name", "middle") for at, each in enumerate(lines)
        )
        return (
            f'<rect class="head" x="{x - wide / 2:.1f}" y="{y:g}" width="{wide:.1f}" '
            f'height="{HEAD - 6 + (len(lines) - 1) * LINE}" rx="5"><title>{written(name)}</title>'
            f"</rect>{''.join(texts)}"
        )

    def _body(self, y: float) -> tuple[list[str], float]:
        drawn: list[str] = []
        lives: list[str] = []
        bars = Bars(self.at.get("caller", 0.0))
        y -= 6  # from the foot of the names on
        since = y  # where the lifelines were broken last
        before: float | None = None
        for row in self.rows:
            passed = 0.0 if before is None else row.time - before
            if passed >= PAUSE:
                lives.append(self._lives(since, y + 6, "life"))
                lives.append(self._lives(y + 6, y + GAP, "broken"))
                since = y + GAP
                drawn.append(
                    label(self.at[self.names[0]] + 10, y + GAP / 2 + 8, lasts(passed), "passes")
                )
                y += GAP
            y += ROW + (row.lines - 1) * LINE
            if not same_time(row.time, before):
                stamp = f"{row.time:.3f}"
                drawn.append(label(MARGIN + TIMES - 12, y + 4, stamp, "time", "end"))
            for entry in row.paused:
                drawn += bars.follow(entry, y)
            for entry, where, lines in row.rungs:
                drawn += bars.follow(entry, y)
                drawn.append(self._rung(entry, where, lines, y))
            before = row.time
        drawn += bars.end(y + 8)
        lives.append(self._lives(since, y + 14, "life"))
        return [*lives, *drawn], y + 14

    def _lives(self, top: float, bottom: float, kind: str) -> str:
        return "".join(
            f'<path class="{kind}" d="M{x:g} {top:g}V{bottom:g}"/>' for x in self.at.values()
        )

    def _rung(self, entry: Entry, where: Span, lines: list[str], y: float) -> str:
        start, end = self.at[where.start], self.at[where.end]
        kind: str = kind_of(entry)
        if where.mutual:
            kind = "bridge"
        elif where.start not in ("switch", "app"):
            kind = "caller"  # or another leg
        arrow = draws(entry, where)
        if start == end and where.start != self.names[0]:
            x, anchor, lift = start - 8, "end", 4.0  # left of its lifeline, where room is
        elif start == end:
            x, anchor, lift = start + 10, "start", 4.0
        elif not arrow:
            x, anchor, lift = min(start, end) + 10, "start", 2.0
        else:
            x, anchor, lift = (start + end) / 2, "middle", -5.0
        texts = [
            label(x, y + lift - (len(lines) - 1 - number) * LINE, line, "", anchor)
            for number, line in enumerate(lines)
        ]
        tooltip = written(f"{entry.time:.3f} s: {words(entry)[:TOOLTIP]}")
        drawn = [f'<g class="{kind}"><title>{tooltip}</title>']
        if arrow:
            towards = 1 if end > start else -1
            back = start + (towards * ARROW if where.mutual else 0)
            drawn.append(
                f'<path class="line" d="M{back:g} {y:g}H{end - towards * ARROW:g}"/>'
                + tip(end, y, towards)
                + (tip(start, y, -towards) if where.mutual else "")
            )
        top = y + lift - (len(lines) - 1) * LINE - LINE + 3
        return "".join([*drawn, self._cleared(lines, x, top, anchor), *texts, "</g>"])

    def _cleared(self, lines: list[str], x: float, top: float, anchor: str) -> str:
        """Paper behind a text that is on a lifeline."""
        wide = max(map(width, lines))
        left = x - wide * {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor]
        if not any(left < life < left + wide for life in self.at.values()):
            return ""
        return (
            f'<rect class="paper" x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" '
            f'height="{len(lines) * LINE}"/>'
        )


def squeezed(widths: list[float], room: float) -> list[float]:
    """The widths, reduced until all fit into the room: the last, that of switch and app, only
    after the others."""
    *others, last = widths
    level = max(others, default=0.0)
    while sum(min(each, level) for each in others) + last > room and level > SQUEEZED:
        level -= 1
    reduced = [min(each, level) for each in others]
    return [*reduced, max(min(last, room - sum(reduced)), min(last, NEAR_APP))]


class Bars:
    """The prompts that the caller hears, beside their lifeline, the innermost nearest."""

    def __init__(self, x: float) -> None:
        self.x = x
        self.prompts = Prompts()
        self.since: dict[int, float] = {}  # the top of a bar's current piece, by depth

    def follow(self, entry: Entry, y: float) -> Iterator[str]:
        if not is_prompt(entry):
            return
        before = self._states()
        self.prompts.follow(entry)
        for depth, state in self._states().items():
            if state != before.get(depth):
                yield from self._close(depth, before.get(depth), y, cut=state == "cut")
                self.since[depth] = y
        self.prompts.settle()

    def end(self, y: float) -> Iterator[str]:
        for depth, state in self._states().items():
            yield from self._close(depth, state, y, cut=False)

    def _states(self) -> dict[int, str]:
        return {depth: each.state for depth, each in enumerate(self.prompts.playing) if each}

    def _close(self, depth: int, state: str | None, y: float, *, cut: bool) -> Iterator[str]:
        """Draw the piece of a bar that ends here."""
        if state is None:
            return
        left = self.x - (depth + 1) * (BAR + 3)
        top = self.since[depth]
        kind = "bar paused" if state == "paused" else "bar"
        yield (
            f'<rect class="{kind}" x="{left:g}" y="{top:g}" width="{BAR}" '
            f'height="{max(y - top, 2):g}" rx="2"/>'
        )
        if cut:
            yield f'<path class="cut" d="M{left - 2:g} {y:g}h{BAR + 4}"/>'


def draws(entry: Entry, where: Span) -> bool:
    """True for an arrow. (The end of a prompt is written beside its bar.)"""
    return where.start != where.end and (not is_prompt(entry) or entry.text.startswith("plays "))


def lanes(spans: Iterable[Span]) -> list[str]:
    """The names of the lifelines: the caller, other legs, the switch and its app."""
    used = dict.fromkeys(name for each in spans for name in (each.start, each.end))
    others = [name for name in used if name not in ("caller", "switch", "app")]
    return [*(["caller"] if "caller" in used else []), *others, "switch", "app"]


def label(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    named = f' class="{kind}"' if kind else ""
    placed = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text{named} x="{x:.1f}" y="{y:.1f}"{placed}>{written(text)}</text>'


def written(text: str) -> str:
    """Text as XML has it: most control characters it can't have at all."""
    return escape(printable(text))


def tip(x: float, y: float, towards: int) -> str:
    """An arrowhead."""
    back = x - towards * (ARROW + 1)
    return f'<path class="tip" d="M{x:g} {y:g}L{back:g} {y - 4.5:g}V{y + 4.5:g}Z"/>'


def lasts(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.1f} min"


def width(text: str) -> float:
    """A text's width in pixels, estimated for a wide font, since the reader's is unknown."""
    return sum(WIDTHS.get(char, 0.62 if char.isascii() else 1.0) for char in text) * FONT


#: Characters that are much narrower or wider than others, in ems.
WIDTHS = {
    **dict.fromkeys("iljI.,:;'|![]()/ ft", 0.40),
    **dict.fromkeys("mwMW@%", 0.95),
    **dict.fromkeys("ABCDEGHKNOQRUVXY", 0.70),
    **dict.fromkeys("_LFSTPZ", 0.60),
}

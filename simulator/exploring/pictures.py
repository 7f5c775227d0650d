"""The map as a picture: DOT and SVG by Graphviz, or as an outline, and Mermaid."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eslsync.wire.shown import printable

from .. import files
from ..ladders.mermaid import escaped
from .attempts import CallEnd
from .labels import box, depends, ends_wrong, kind, legend, phrase, seconds
from .looks import FAULT, FONT, FONTS, INK, LOOKS, QUIET, SMALL, WIDEST, framed
from .maps import Map, Spot, Street, as_tree
from .outlines import as_outline

if TYPE_CHECKING:
    from .exploration import Exploration

__all__ = ["NoGraphviz", "as_dot", "as_flowchart", "as_mermaid", "as_svg", "draw"]

#: Maximum characters in a line of a box, and of what is beside an arrow.
WIDE, BESIDE = 26, 20
#: What Graphviz draws, and its size.
DRAWN = re.compile(r'viewBox="0.00 0.00 ([\d.]+) ([\d.]+)".*?>\n(<g .*</g>)\n</svg>', re.DOTALL)


class NoGraphviz(Exception):
    """Graphviz, or the package of that name, is not installed."""


def draw(exploration: Exploration, file: Path) -> Path:
    """Write the map in the format of the file's suffix; return the file written."""
    drawn = exploration.map
    if file.suffix == ".html":
        from .pages import as_html

        text = as_html(exploration)
    elif file.suffix == ".svg":
        text = as_svg(drawn, exploration.title)
    elif file.suffix == ".dot":
        text = as_dot(drawn, exploration.title)
    elif file.suffix == ".mmd":
        text = as_mermaid(drawn)
    else:
        text = "\n".join(map(printable, as_tree(drawn))) + "\n"
    files.write(file, text)
    return file


def as_svg(drawn: Map, title: str) -> str:
    """The map as SVG: a flowchart if Graphviz is there, and it fits into a column."""
    try:
        flowchart = as_flowchart(drawn, title)
    except NoGraphviz:
        flowchart = None
    return flowchart or as_outline(drawn, title)


def as_flowchart(drawn: Map, title: str) -> str | None:
    """The map as drawn by Graphviz; None if it is too wide for its letters to be legible in a
    page's column. Raises NoGraphviz."""
    try:
        import graphviz
    except ModuleNotFoundError as error:
        raise NoGraphviz from error
    try:
        svg: str = graphviz.Source(as_dot(drawn, title)).pipe(format="svg", encoding="utf-8")
    except graphviz.ExecutableNotFound as error:
        raise NoGraphviz from error
    found = DRAWN.search(svg)
    assert found is not None
    wide, high = float(found[1]), float(found[2])
    if wide > WIDEST:
        return None
    return framed([_of_graphviz(found[3])], (wide, high), title, legend(drawn))


def _of_graphviz(drawn: str) -> str:
    """Graphviz's drawing, without its paper, and with the texts of boxes in their middle.

    It puts the lines of a box where they would be in the middle in its own font.
    """
    drawn = re.sub(r"<!--.*?-->\n", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r'<polygon fill="white"[^\n]*\n', "", drawn, count=1)
    node = r'<g id="s\d+" class="node">.*?</g>\n</g>'
    return re.sub(node, _in_the_middle, drawn, flags=re.DOTALL)


def _in_the_middle(found: re.Match[str]) -> str:
    [path] = re.findall(r' d="M([^"]*)"', found[0])[:1]
    places = [float(each.partition(",")[0]) for each in re.findall(r"[-\d.]+,[-\d.]+", path)]
    middle = f'text-anchor="middle" x="{(min(places) + max(places)) / 2:.2f}"'
    return re.sub(r'text-anchor="start" x="[-\d.]+"', middle, found[0])


# Graphviz


def as_dot(drawn: Map, title: str) -> str:
    """The map in Graphviz's language."""
    return "\n".join(["digraph map {", *(f"  {line}" for line in _dot(drawn, title)), "}", ""])


def _dot(drawn: Map, title: str) -> Iterator[str]:
    font = f'fontname="{FONTS.partition(",")[0]}", fontcolor="{INK}"'
    yield f"graph [rankdir=TB, nodesep=0.25, ranksep=0.4, {font}, tooltip={_text(title)}]"
    yield f'node [shape=box, style="rounded,filled", {font}, fontsize={FONT}, margin="0.12,0.07"]'
    yield f'edge [{font}, fontsize={FONT - 1}, color="{QUIET}", arrowsize=0.7]'
    yield f'start [label={_text(title)}, shape=plaintext, style="", fontsize={FONT + 1}]'
    for street in drawn.starts:
        yield from _dot_street("start", drawn.starts, street)
    for spot in drawn.spots.values():
        yield _dot_spot(drawn, spot)
        for street in spot.streets:
            yield from _dot_street(f"s{spot.number}", spot.streets, street)


def _dot_spot(drawn: Map, spot: Spot) -> str:
    fill, line = LOOKS["fault" if spot.findings else kind(spot)]
    bold = "<b>{}</b>" if spot.node.situation.asks else "{}"
    said = box(drawn, spot)
    lines = [bold.format(_html(each)) for each in wrapped(said.says)]
    small = '<font point-size="{}" color="{}">{}</font>'
    lines += [small.format(SMALL, QUIET, _html(each)) for each in wrapped(said.name) if each]
    kinds = dict.fromkeys(finding.kind for finding in spot.findings)
    lines += [small.format(SMALL, FAULT, f"✖ {each}") for each in kinds]
    lines.append(small.format(SMALL, QUIET, seconds(spot.time)))
    tip = str(spot.node.situation.place or "")
    return (
        f's{spot.number} [id="s{spot.number}", label=<{"<br/>".join(lines)}>, '
        f'fillcolor="{fill}", color="{line}", penwidth={2 if spot.findings else 1.2}, '
        f"tooltip={_text(tip)}]"
    )


def _dot_street(source: str, streets: Sequence[Street], street: Street) -> Iterator[str]:
    looks = []
    said = phrase(streets, street)
    if said:
        looks.append(f"label={_text(' ' + _in_lines(said) + ' ')}")
    if depends(street):
        looks += ["style=dashed", 'tooltip="sometimes"']
    if isinstance(street.target, CallEnd):
        target = f"{source}_{_name(street.target.text)}"
        wrong = ends_wrong(street.target)
        yield (
            f'{target} [label={_text(street.target.text)}, shape=box, style="", penwidth=0, '
            f'margin="0.02,0.01", height=0.2, fontsize={SMALL}, '
            f'fontcolor="{FAULT if wrong else QUIET}"]'
        )
        if wrong:
            looks.append(f'color="{FAULT}"')
        looks.append("arrowhead=tee")
    else:
        target = f"s{street.target}"
    yield f"{source} -> {target} [{', '.join(looks)}]" if looks else f"{source} -> {target}"


def _name(text: str) -> str:
    return re.sub(r"\W+", "_", text, flags=re.ASCII)


def _text(text: str) -> str:
    """Text in quotes, which Graphviz reads for escapes and for HTML's entities."""
    text = printable(text, also="\n").replace("&", "&amp;")
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'


def _in_lines(label: str) -> str:
    return "\n".join(textwrap.wrap(label, BESIDE, break_long_words=False))


def _html(text: str) -> str:
    return html.escape(printable(text), quote=False)


def wrapped(title: str) -> list[str]:
    """A title in lines, broken at slashes and blanks."""
    pieces = re.findall(r"[^/ _-]*[/ _-]?", title)
    lines = [""]
    for piece in pieces:
        if len(lines[-1] + piece) > WIDE and lines[-1]:
            lines.append("")
        lines[-1] += piece
    return [line.strip() for line in lines if line.strip()] or [title]


# Mermaid


def as_mermaid(drawn: Map) -> str:
    """The map as a Mermaid flowchart, as GitHub draws it."""
    return "\n".join(["flowchart TD", *(f"  {line}" for line in _mermaid(drawn)), ""])


def _mermaid(drawn: Map) -> Iterator[str]:
    yield "start((call))"
    for street in drawn.starts:
        yield from _mermaid_street("start", drawn.starts, street)
    for spot in drawn.spots.values():
        said = box(drawn, spot)
        title = "<br/>".join(map(escaped, [*wrapped(said.says), *filter(None, [said.name])]))
        faults = "".join(f"<br/>✖ {each}" for each in dict.fromkeys(f.kind for f in spot.findings))
        shape = ("([", "])") if spot.node.situation.asks else ("[", "]")
        yield f's{spot.number}{shape[0]}"{title}{faults}<br/>{seconds(spot.time)}"{shape[1]}'
        yield f"class s{spot.number} {'fault' if spot.findings else kind(spot)}"
        for street in spot.streets:
            yield from _mermaid_street(f"s{spot.number}", spot.streets, street)
    for name, (fill, line) in LOOKS.items():
        yield f"classDef {name} fill:{fill},stroke:{line},color:{INK}"


def _mermaid_street(source: str, streets: Sequence[Street], street: Street) -> Iterator[str]:
    arrow = "-.->" if depends(street) else "-->"
    said = phrase(streets, street)
    label = f'|"{escaped(said)}"|' if said else ""
    if isinstance(street.target, CallEnd):
        name = f"{source}_{_name(street.target.text)}"
        yield f'{source} {arrow}{label} {name}["{escaped(street.target.text)}"]'
    else:
        yield f"{source} {arrow}{label} s{street.target}"

"""The looks of maps as pictures: colours, on light and on dark pages, the frame and the legend."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ..ladders.svg import label, width, written

__all__ = ["COLUMN", "DARK", "FAULT", "FONT", "FONTS", "INK", "LINK", "LOOKS", "PAPER", "QUIET"]
__all__ += ["SMALL", "WIDEST", "framed"]

#: The width of a page's column, in pixels, in which maps must be legible.
COLUMN = 830
#: Sizes of letters, in pixels: in boxes, and of what is beside; and the minimum, in a column.
FONT, SMALL, LEAST = 14, 12, 11
#: The maximum width of a picture, so that its smallest letters can be read in a column.
WIDEST = COLUMN * SMALL / LEAST
FONTS = "Helvetica, Arial, 'Liberation Sans', sans-serif"
PAPER, INK, QUIET, LINK = "#ffffff", "#1f2933", "#57606a", "#2457a7"
#: The looks of a spot, by the kind of its situation: fill and line.
LOOKS: dict[str, tuple[str, str]] = {
    "digits": ("#dbe9ff", "#2457a6"),
    "speech": ("#d6f0f3", "#1f7f8f"),
    "prompt": ("#fdfdfd", "#8a94a3"),
    "record": ("#efe4fb", "#7a4fb0"),
    "connected": ("#def3e4", "#2f8f55"),
    "waits": ("#f1f1ee", "#8a8f96"),
    "fault": ("#fde3e1", "#b3241a"),
}
FAULT = LOOKS["fault"][1]
#: The same colours on a dark page.
DARK = {
    PAPER: "#0d1117",
    INK: "#e6edf3",
    QUIET: "#a6b0bb",
    LINK: "#79b8ff",
    "#dbe9ff": "#12294d",
    "#2457a6": "#6ea8fe",
    "#d6f0f3": "#0d343b",
    "#1f7f8f": "#56c5d6",
    "#fdfdfd": "#1a2029",
    "#8a94a3": "#7d8894",
    "#efe4fb": "#31204b",
    "#7a4fb0": "#c09af5",
    "#def3e4": "#11331e",
    "#2f8f55": "#56d388",
    "#f1f1ee": "#2a2e33",
    "#8a8f96": "#8d9299",
    "#fde3e1": "#471613",
    "#b3241a": "#ff9b92",
}
MARGIN = 16
#: Of the legend: the height of a line, and of a sample's width.
LINE, SAMPLE = 22, 26


def framed(
    body: Sequence[str], size: tuple[float, float], title: str, legend: Mapping[str, str]
) -> str:
    """A picture on its paper, with the legend below."""
    wide, high = max(size[0], COLUMN / 2), size[1]
    explained, below = _legend(legend, wide - 2 * MARGIN, high + MARGIN)
    wide, high = round(wide), round(below + MARGIN)
    drawn = [
        f'<rect fill="{PAPER}" width="{wide}" height="{high}" rx="6"/>',
        f'<g transform="translate({(wide - size[0]) / 2:g} 0)">',
        *body,
        "</g>",
        '<g class="legend">',
        *explained,
        "</g>",
        "</svg>\n",
    ]
    colours = set(re.findall(r'(fill|stroke)="(#\w+)"', "\n".join(drawn)))
    dark = (f'.map [{name}="{light}"]{{{name}:{DARK[light]}}}' for name, light in sorted(colours))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'class="map" role="img" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" '
            f'font-family="{FONTS}">',
            f"<title>{written(title)}</title>",
            "<style>@media (prefers-color-scheme: dark) {",
            *dark,
            "}</style>",
            *drawn,
        ]
    )


def text(x: float, y: float, said: str, size: int, colour: str = INK, *, bold: bool = False) -> str:
    drawn = label(x, y, said, "")
    weight = ' font-weight="bold"' if bold else ""
    return drawn.replace("<text", f'<text font-size="{size}" fill="{colour}"{weight}', 1)


def _legend(legend: Mapping[str, str], wide: float, top: float) -> tuple[list[str], float]:
    """The legend, in lines of this width, and its foot."""
    drawn: list[str] = []
    x, y = 0.0, top + LINE / 2
    for name, meaning in legend.items():
        takes = SAMPLE + 8 + width(meaning) * SMALL / 13 + 18
        if x and x + takes > wide:
            x, y = 0.0, y + LINE
        drawn.append(f'<g class="{name}">{_sample(name, MARGIN + x, y)}')
        drawn.append(text(MARGIN + x + SAMPLE + 8, y + 4, meaning, SMALL, QUIET) + "</g>")
        x += takes
    return drawn, y + LINE / 2


def _sample(name: str, x: float, y: float) -> str:
    if name in LOOKS:
        fill, line = LOOKS[name]
        return (
            f'<rect fill="{fill}" stroke="{line}" x="{x:g}" y="{y - 7:g}" width="{SAMPLE}" '
            f'height="14" rx="4"/>'
        )
    if name == "time":
        return text(x, y + 4, "0.1 s", SMALL, QUIET)
    colour = FAULT if name == "wrong" else QUIET
    dashes = ' stroke-dasharray="5 3"' if name == "dashed" else ""
    return f'<path fill="none" stroke="{colour}"{dashes} d="M{x:g} {y:g}h{SAMPLE}"/>'

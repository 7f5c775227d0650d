"""Pictures (SVG) as they are seen: sizes in a column of a page, and colours in either scheme."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
#: The width of a page's column, in pixels.
COLUMN = 830
FILLED = ("rect", "path", "polygon")


class Drawn:
    """A parsed picture whose colours are attributes."""

    def __init__(self, svg: str) -> None:
        self.root = ElementTree.fromstring(svg)
        self.dark = dict(re.findall(r'\[fill="(#\w+)"\]\s*\{fill:(#\w+)\}', svg))

    @property
    def width(self) -> float:
        return float(self.root.attrib["viewBox"].split()[2])

    @property
    def texts(self) -> list[str]:
        return ["".join(each.itertext()) for each in self.root.iter(f"{SVG}text")]

    @property
    def in_legend(self) -> set[str]:
        """The names of what the legend explains."""
        [legend] = [each for each in self.root.iter(f"{SVG}g") if each.get("class") == "legend"]
        return {each.attrib["class"] for each in legend}

    @property
    def smallest(self) -> float:
        """The size of the smallest letters, in a column, in pixels."""
        sizes = (float(each.attrib["font-size"]) for each in self.root.iter(f"{SVG}text"))
        return min(sizes) * min(1.0, COLUMN / self.width)

    def contrasts(self) -> Iterator[tuple[str, float, float]]:
        """Each text, and its contrast to what is behind it, on a light page and on a dark one."""
        [paper, *_] = [each for each in self.root if each.tag == f"{SVG}rect"]
        yield from self._below(self.root, paper.attrib["fill"])

    def _below(
        self, element: ElementTree.Element, behind: str
    ) -> Iterator[tuple[str, float, float]]:
        if element.get("class") == "node":
            fills = (each.get("fill", "none") for each in element.iter() if _is_filled(each))
            behind = next((fill for fill in fills if fill != "none"), behind)
        for each in element:
            if each.tag in (f"{SVG}text", f"{SVG}tspan") and each.get("fill"):
                ink = each.attrib["fill"]
                light = contrast(ink, behind)
                dark = contrast(self.dark[ink], self.dark[behind])
                yield "".join(each.itertext()), light, dark
            yield from self._below(each, behind)


def _is_filled(element: ElementTree.Element) -> bool:
    return element.tag.removeprefix(SVG) in FILLED


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, as WCAG 2 defines it: from 1 to 21, and 4.5 can be read."""
    less, more = sorted((luminance(one), luminance(other)))
    return (more + 0.05) / (less + 0.05)


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

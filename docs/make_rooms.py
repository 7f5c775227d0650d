"""The picture of the rooms in docs/internals/design.md, drawn from the imports of the code.

python docs/make_rooms.py            # write docs/rooms.svg
python docs/make_rooms.py --check    # compare it, and the names in the page; look for circles

A room is a folder of a package, or a module beside the folders. It stands one row above the
highest room it imports from. An arrow is drawn from importer to imported, unless a longer way of
arrows says the same.
"""

from __future__ import annotations

import argparse
import itertools
import random
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]
PICTURE = Path(__file__).parent / "rooms.svg"
PAGE = Path(__file__).parent / "internals/design.md"

#: Pixels.
WIDTH, MARGIN, PANEL_GAP, PAD = 960, 6, 28, 12
ROW_GAP, BOX_GAP, HEAD, FOOT = 30, 8, 44, 44
#: The least width of a box.
NARROWEST = 88
#: Width that an arrow takes where it passes a row between boxes.
LANE = 14
#: Height of a box without its description, and of a line of that.
NAME, LINE = 32, 14
#: Pixels of a character in a description and in a name, and lines of a description.
CHARACTER, NAME_CHARACTER, LINES = 6.2, 7.6, 4
#: Orders from which the best is taken.
TRIES = 40
#: The longest row of which every order is tried.
ALL_ORDERS = 7

STYLE = """
.rooms { font: 11.5px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; }
.rooms text { fill: #57606a; text-anchor: middle; }
.rooms .panel { fill: #f6f8fa; stroke: #d0d7de; }
.rooms .package { font-size: 15px; font-weight: 600; fill: #24292f; text-anchor: start; }
.rooms .room { fill: #ffffff; stroke: #8c959f; }
.rooms .name { font-size: 12.5px; font-weight: 600; fill: #0550ae; }
.rooms .way { fill: none; stroke: #57606a; stroke-width: 1.3; }
.rooms .tip { fill: #57606a; }
.rooms .foot, .rooms .tip.between { fill: #768390; }
.rooms .way.between { stroke: #768390; }
@media (prefers-color-scheme: dark) {
.rooms text { fill: #9198a1; }
.rooms .panel { fill: #151b23; stroke: #3d444d; }
.rooms .package { fill: #f0f6fc; }
.rooms .room { fill: #0d1117; stroke: #656c76; }
.rooms .name { fill: #79c0ff; }
.rooms .way { stroke: #9198a1; }
.rooms .tip { fill: #9198a1; }
.rooms .foot { fill: #768390; }
}
"""

PACKAGES = ("eslsync", "simulator")
#: The most files that may import each other.
CIRCLE = 4
Edges = set[tuple[str, str]]


@dataclass
class Place:
    """Where a room stands, or where an arrow passes its row (``room`` is empty)."""

    row: int
    room: str = ""
    name: str = ""
    x: float = 0.0
    width: float = LANE
    about: list[str] = field(default_factory=list)


class Rooms:
    """The rooms of one package, and who imports whom."""

    def __init__(self, package: str, graph: grimp.ImportGraph) -> None:
        self.package = package
        self.names = {module.split(".")[1] for module in graph.find_descendants(package)}
        imports = [
            (importer.split("."), imported.split("."))
            for importer in graph.find_descendants(package)
            for imported in graph.find_modules_directly_imported_by(importer)
        ]
        self.edges: Edges = {
            (importer[1], imported[1])
            for importer, imported in imports
            if imported[0] == package and len(imported) > 1 and importer[1] != imported[1]
        }
        self.outside = {".".join(imported[:2]) for _, imported in imports if imported[0] != package}
        self.rows = rows(self.names, self.edges)

    def file(self, name: str) -> str:
        """The name as the listing of the package has it."""
        return f"{name}/" if (ROOT / self.package / name).is_dir() else f"{name}.py"

    def about(self, name: str, characters: int) -> list[str]:
        """The first line of the room's docstring, or as many of its clauses as fit into a box."""
        folder = ROOT / self.package / name
        file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
        first = file.read_text(encoding="utf-8").partition('"""')[2].partition('"""')[0]
        line = first.partition("\n")[0].partition(" (docs/")[0]
        line = line.strip().rstrip(".").replace("`", "")
        clauses = re.split(r"(?=[,:] )", line)
        for end in range(len(clauses), 0, -1):
            lines = textwrap.wrap("".join(clauses[:end]), characters, break_long_words=False)
            if len(lines) <= LINES:
                return lines
        return [*lines[: LINES - 1], lines[LINES - 1] + "…"]


def rows(names: Iterable[str], edges: Edges) -> dict[str, int]:
    """The row of each room, counted from the lowest; raises ValueError where there is a circle."""
    found: dict[str, int] = {}
    left = set(names)
    while left:
        ready = [
            name
            for name in left
            if all(imported in found for importer, imported in edges if importer == name)
        ]
        if not ready:
            raise ValueError(f"rooms import each other in a circle: {', '.join(sorted(left))}")
        for name in ready:
            below = [found[imported] for importer, imported in edges if importer == name]
            found[name] = max(below, default=-1) + 1
        left.difference_update(ready)
    return found


def reduced(edges: Edges) -> Edges:
    """Those that no longer way says (the transitive reduction)."""

    def leads(start: str, end: str) -> bool:
        return (start, end) in edges or any(
            leads(middle, end) for first, middle in edges if first == start
        )

    return {
        (importer, imported)
        for importer, imported in edges
        if not any(
            leads(middle, imported)
            for first, middle in edges
            if first == importer and middle != imported
        )
    }


class Panel:
    """One package's rooms, each with its place."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms
        self.upper = 0.0
        self.top = max(rooms.rows.values())
        self.lines: list[list[Place]] = [[] for _ in range(self.top + 1)]
        places = {}
        for name, row in sorted(rooms.rows.items()):
            places[name] = Place(row, name, rooms.file(name))
            self.lines[row].append(places[name])
        self.ways: list[list[Place]] = []
        for importer, imported in sorted(reduced(rooms.edges)):
            between = range(rooms.rows[importer] - 1, rooms.rows[imported], -1)
            passing = [Place(row) for row in between]
            for place in passing:
                self.lines[place.row].append(place)
            self.ways.append([places[importer], *passing, places[imported]])
        self.width = max(needed(line) for line in self.lines)
        self.order()

    def put(self, upper: float, width: float) -> None:
        """Place the panel, and fit the descriptions into its boxes."""
        self.upper, self.width = upper, width
        self.spread()
        for line in self.lines:
            for place in line:
                if place.room:
                    room = int((place.width - 8) / CHARACTER)
                    place.about = self.rooms.about(place.room, room)
        self.heights = [
            NAME + LINE * max(len(place.about) for place in line) for line in self.lines
        ]

    def order(self) -> None:
        """Order the rows so that few arrows cross: the best of some random beginnings."""
        found = []
        for seed in range(TRIES):
            for line in self.lines:
                random.Random(seed).shuffle(line)
            for down in (True, False) * 2:
                for line in reversed(self.lines) if down else self.lines:
                    self.spread()
                    line.sort(key=lambda place: self.middle(place, down))
            self.spread()
            found.append((self.crossings(), seed, [list(line) for line in self.lines]))
        self.lines = min(found)[2]
        for line in self.lines:
            self.spread()
            line[:] = self.ordered(line)

    def ordered(self, line: list[Place]) -> Iterable[Place]:
        """The best order of a row; of a long one, an order that no swap makes better."""
        if len(line) <= ALL_ORDERS:
            return min(itertools.permutations(line), key=self.length)
        best, order = self.length(line), line
        while True:
            swapped = [
                [*order[:a], order[b], *order[a + 1 : b], order[a], *order[b + 1 :]]
                for a, b in itertools.combinations(range(len(order)), 2)
            ]
            length, _, better = min(
                (self.length(each), at, each) for at, each in enumerate(swapped)
            )
            if length >= best:
                return order
            best, order = length, better

    def middle(self, place: Place, down: bool) -> float:
        """The mean position of the places above that have an arrow to this one, or below."""
        found = [
            (above if down else below).x
            for above, below in self.steps()
            if place is (below if down else above)
        ]
        return sum(found) / len(found) if found else place.x

    def length(self, line: Iterable[Place]) -> tuple[int, float]:
        """How many arrows cross with this order of a row, and how long they are."""
        self.place(line)
        return self.crossings()

    def crossings(self) -> tuple[int, float]:
        crossings = sum(
            1
            for a, b in itertools.combinations(self.steps(), 2)
            if a[0].row == b[0].row and (a[0].x - b[0].x) * (a[1].x - b[1].x) < 0
        )
        return crossings, sum((above.x - below.x) ** 2 for above, below in self.steps())

    def steps(self) -> Iterator[tuple[Place, Place]]:
        for way in self.ways:
            yield from itertools.pairwise(way)

    def spread(self) -> None:
        for line in self.lines:
            self.place(line)

    def place(self, line: Iterable[Place]) -> None:
        """Give each room the width of its name, and an equal share of what is left."""
        line = list(line)
        rooms = [place for place in line if place.room]
        free = self.width - needed(line)
        x = float(MARGIN + PAD)
        for place in line:
            if place.room:
                place.width = name_width(place) + free / len(rooms)
            place.x = x + place.width / 2
            x += place.width + BOX_GAP

    def y(self, place: Place) -> float:
        above = self.heights[place.row + 1 :]
        return self.upper + HEAD + sum(above) + len(above) * ROW_GAP

    def height(self) -> float:
        return HEAD + sum(self.heights) + self.top * ROW_GAP + PAD

    def draw(self) -> Iterator[str]:
        yield (
            f'<rect class="panel" x="{MARGIN}" y="{self.upper:.0f}" '
            f'width="{self.width:.0f}" height="{self.height():.0f}" rx="10"/>'
        )
        yield text("package", MARGIN + PAD, self.upper + 26, f"{self.rooms.package}/")
        for way in self.ways:
            yield from self.arrow(way)
        for line in self.lines:
            for place in line:
                if place.room:
                    yield from self.box(place)

    def box(self, place: Place) -> Iterator[str]:
        y, left = self.y(place), place.x - place.width / 2
        yield (
            f'<rect class="room" x="{left:.1f}" y="{y:.0f}" width="{place.width:.1f}" '
            f'height="{self.heights[place.row]}" rx="6"/>'
        )
        yield text("name", place.x, y + 19, place.name)
        for number, words in enumerate(place.about):
            yield text("about", place.x, y + 34 + LINE * number, words)

    def arrow(self, way: list[Place]) -> Iterator[str]:
        """From the importer's lower edge to the upper edge of what it imports."""
        first, *passing, last = way
        x, y = end_of(first, way[1]), self.y(first) + self.heights[first.row]
        path = f"M{x:.1f} {y:.0f}"
        for place in [*passing, last]:
            top = self.y(place)
            to = place.x if place is not last else end_of(last, way[-2])
            end = top - (6 if place is last else 0)
            middle = (y + end) / 2
            path += f" C{x:.1f} {middle:.0f} {to:.1f} {middle:.0f} {to:.1f} {end:.0f}"
            x, y = to, end
            if place is not last:
                y = top + self.heights[place.row]
                path += f" L{x:.1f} {y:.0f}"
        yield f'<path class="way" d="{path}"/>'
        yield f'<path class="tip" d="M{x:.1f} {y + 6:.0f} l-4 -8 h8 z"/>'


def name_width(place: Place) -> float:
    return max(len(place.name) * NAME_CHARACTER + 12, NARROWEST)


def needed(line: Iterable[Place]) -> float:
    """The least width of a panel for this row."""
    widths = [name_width(place) if place.room else LANE for place in line]
    return sum(widths) + BOX_GAP * (len(widths) - 1) + 2 * PAD


def end_of(room: Place, other: Place) -> float:
    """Where an arrow meets a room: as near to its other end as the box allows."""
    reach = room.width / 2 - 18
    return min(max(other.x, room.x - reach), room.x + reach)


def text(kind: str, x: float, y: float, words: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.0f}">{words}</text>'


def said(rooms: Rooms, other: str) -> str:
    """What a package imports of the other."""
    names = sorted(name.partition(".")[2] for name in rooms.outside - {other})
    public = ["its public names"] if other in rooms.outside else []
    return f"{rooms.package} imports of {other}: {', '.join([*public, *names]) or 'nothing'}"


def picture(graph: grimp.ImportGraph) -> str:
    library, simulator = Rooms("eslsync", graph), Rooms("simulator", graph)
    panels = [Panel(simulator), Panel(library)]
    width = max(WIDTH - 2 * MARGIN, *(panel.width for panel in panels))
    upper = float(MARGIN)
    for panel in panels:
        panel.put(upper, width)
        upper += panel.height() + PANEL_GAP
    wide, whole = 2 * MARGIN + width, upper - PANEL_GAP + MARGIN + FOOT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="rooms" role="img" width="{wide:.0f}" '
        f'height="{whole:.0f}" viewBox="0 0 {wide:.0f} {whole:.0f}">',
        "<title>The folders of both packages, and who imports whom</title>",
        f"<style>{STYLE}</style>",
    ]
    for panel in panels:
        lines += panel.draw()
    x, y = wide / 2, panels[1].upper - PANEL_GAP
    lines.append(f'<path class="way between" d="M{x:.1f} {y:.0f} v{PANEL_GAP - 4}"/>')
    lines.append(f'<path class="tip between" d="M{x:.1f} {y + PANEL_GAP:.0f} l-4 -8 h8 z"/>')
    for number, each in enumerate([said(simulator, "eslsync"), said(library, "simulator")]):
        lines.append(text("foot", wide / 2, whole - MARGIN - 22 + LINE * number, each))
    return "\n".join([*lines, "</svg>", ""])


def wrong_names() -> list[str]:
    """What the page names that does not exist, and the rooms that it does not name."""
    named = set(re.findall(r"`([\w.-]+(?:/[\w.-]*)+|\w+\.py)`", PAGE.read_text(encoding="utf-8")))
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    rooms = {
        path.relative_to(ROOT).as_posix().removesuffix("__init__.py")
        for path in files
        if path.parent.parent == ROOT
        or (path.name == "__init__.py" and path.parent.parent.parent == ROOT)
    }
    known = {path.name for path in files}
    return [
        *(
            f"{name} does not exist"
            for name in sorted(named - known)
            if "/" not in name or not (ROOT / name).exists()
        ),
        *(f"{name} is not named" for name in sorted(rooms - named)),
    ]


def circles(graph: grimp.ImportGraph) -> list[str]:
    """The circles of more files than `CIRCLE` that import each other."""
    below = {module: graph.find_upstream_modules(module) for module in graph.modules}
    found = {
        frozenset([module, *(each for each in below[module] if module in below[each])])
        for module in below
    }
    return [f"a circle: {', '.join(sorted(each))}" for each in found if len(each) > CIRCLE]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    sys.path.insert(0, str(ROOT))
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    now = picture(graph)
    if not parser.parse_args().check:
        PICTURE.write_text(now, encoding="utf-8")
        return
    wrong = [*(f"docs/internals/design.md: {each}" for each in wrong_names()), *circles(graph)]
    if now != PICTURE.read_text(encoding="utf-8"):
        wrong.append(
            "docs/rooms.svg is not what imports and docstrings say: run python docs/make_rooms.py"
        )
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()

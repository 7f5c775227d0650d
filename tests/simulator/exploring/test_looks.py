"""Maps as pictures can be read in a page's column, light and dark, and explain their looks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulator import Exploration
from simulator.exploring.looks import DARK, FAULT, INK, LINK, LOOKS, PAPER, QUIET
from simulator.exploring.outlines import as_outline
from simulator.exploring.pictures import NoGraphviz, as_flowchart
from tests.support.drawn import Drawn, contrast
from tests.support.places import ROOT

MAPS = sorted((ROOT / "docs" / "maps").glob("*.svg"))


@pytest.mark.parametrize("file", MAPS, ids=lambda file: file.stem)
def test_the_maps_of_the_docs_can_be_read_in_a_column_light_and_dark(file: Path) -> None:
    picture = Drawn(file.read_text(encoding="utf-8"))
    assert picture.smallest >= 11
    told = list(picture.contrasts())
    assert len(told) >= 5
    assert [each for each in told if min(each[1:]) < 4.5] == []


@pytest.mark.parametrize("name", LOOKS)
def test_any_box_can_be_read_and_seen_light_and_dark(name: str) -> None:
    fill, line = LOOKS[name]
    for ink in (INK, QUIET, FAULT):
        assert contrast(ink, fill) >= 4.5
        assert contrast(DARK[ink], DARK[fill]) >= 4.5
    assert contrast(line, PAPER) >= 3
    assert contrast(DARK[line], DARK[PAPER]) >= 3
    assert contrast(LINK, PAPER) >= 4.5
    assert contrast(DARK[LINK], DARK[PAPER]) >= 4.5


def pictures_of(exploration: Exploration) -> list[Drawn]:
    svgs = [as_outline(exploration.map, exploration.title)]
    try:
        svgs.append(as_flowchart(exploration.map, exploration.title) or "")
    except NoGraphviz:
        pass
    return [Drawn(svg) for svg in svgs]


def test_the_legend_explains_what_occurs_and_nothing_else(
    trap: Exploration, tries: Exploration
) -> None:
    for picture in pictures_of(tries):
        assert picture.in_legend == {"digits", "prompt", "time"}
        assert "asks for keys" in picture.texts
    for picture in pictures_of(trap):
        assert picture.in_legend == {"prompt", "fault", "time"}


def test_no_external_thing_is_named(trap: Exploration) -> None:
    svg = as_outline(trap.map, trap.title)
    assert not re.search(r"(href|src)=|url\(|@import", svg)

"""A map as an HTML page, which needs nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from eslsync import Session
from simulator import Exploration, explore
from simulator.exploring import pictures
from simulator.exploring.outlines import as_outline
from simulator.scripts.yaml import write
from tests.support.explored import without_graphviz
from tests.support.hostile import HOSTILE, TAME, Page


def test_a_page_needs_nothing_else_and_has_script_and_ladder_of_each_spot(
    trap: Exploration, tmp_path: Path
) -> None:
    page = trap.draw(tmp_path / "map.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=[\"']?http|@import|url\(", page)
    [data] = re.findall(r'<script type="application/json" id="spots">(.*)</script>', page)
    spots = json.loads(data)
    assert len(spots) == len(trap.map.spots)
    for number, spot in trap.map.spots.items():
        told = spots[f"s{number}"]
        assert f'id="s{number}"' in page or f'data-spot="s{number}"' in page
        assert told["title"] == spot.title
        assert "steps:" in told["script"]
        assert "calls 5000" in told["ladder"]
    [first] = spots["s1"]["findings"]
    assert "wait" in first["script"]


def test_without_graphviz_each_spot_of_a_page_can_still_be_clicked(
    trap: Exploration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "as_flowchart", without_graphviz)
    page = trap.draw(tmp_path / "map.html").read_text(encoding="utf-8")
    assert {f"s{number}" for number in trap.map.spots} == set(
        re.findall(r'class="node" id="(s\d+)"', page)
    )


@pytest.fixture(scope="module")
def hostile() -> Exploration:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback(HOSTILE)
        session.wait("DTMF")
        raise ValueError(f"{HOSTILE}\nand a line")

    return explore(handler, keys="1")


def test_hostile_text_stays_text_in_a_page(hostile: Exploration, tmp_path: Path) -> None:
    text = hostile.draw(tmp_path / "map.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.tags.count("script") == 2
    assert "b" not in page.tags[page.tags.index("svg") : page.tags.index("aside")]
    data, _ = page.scripts
    spots = json.loads(data)
    assert any(TAME in each["text"] for spot in spots.values() for each in spot["findings"])
    assert any(
        TAME in spot["ladder"].replace("\n", "") or "alert" in spot["ladder"]
        for spot in spots.values()
    )
    shown = "".join(page.shown)
    assert f"ValueError: {TAME}" in shown
    assert '"place"' not in shown


def test_hostile_text_stays_text_in_pictures_scripts_and_reports(
    hostile: Exploration, tmp_path: Path
) -> None:
    for svg in (hostile._repr_svg_(), as_outline(hostile.map, hostile.title)):
        root = ElementTree.fromstring(svg)
        names = {each.tag.rpartition("}")[2] for each in root.iter()}
        assert names <= {
            *("svg", "g", "title", "style", "rect", "text", "tspan"),
            *("path", "polygon", "ellipse", "a", "polyline"),
        }
        lines = ["".join(each.itertext()) for each in root.iter() if each.tag.endswith("text")]
        assert "alert(1)" in "".join(lines)
        assert "&lt;" in "".join(lines)
        assert all(each.isprintable() for each in lines)
    for each in (hostile.dot(), hostile.mermaid(), str(hostile)):
        assert each.replace("\n", "").isprintable()
    assert "<script" not in hostile.mermaid()
    assert TAME in str(hostile)
    for path in hostile.save_scripts(tmp_path / "calls"):
        script = path.read_text(encoding="utf-8")
        assert script.replace("\n", "").isprintable()
        assert yaml.safe_load(script)["steps"]
    data = {
        "prompt": HOSTILE,
        "lines": ["a\nb\x85c\u2028", "\ud800", "# no: [comment"],
        HOSTILE: "y",
    }
    assert yaml.safe_load(write(data)) == data
    assert write(data).replace("\n", "").isprintable()

"""A map as an outline, which fits into a page's column whatever the handler."""

from __future__ import annotations

import re

from eslsync import Session
from simulator import Exploration, explore
from simulator.exploring.outlines import as_outline
from tests.support.drawn import COLUMN, SVG, Drawn


def outline(exploration: Exploration) -> Drawn:
    return Drawn(as_outline(exploration.map, exploration.title))


def test_each_spot_has_a_box_and_ways_back_name_it(tries: Exploration) -> None:
    picture = outline(tries)
    boxes = [each.attrib["id"] for each in picture.root.iter() if each.get("class") == "node"]
    assert boxes == ["s1", "s2", "s3"]
    back = [each for each in picture.root.iter() if each.get("class") == "to"]
    assert [each.attrib["data-spot"] for each in back] == ["s1"]
    assert [each.text for each in back] == ["↩ 1  “menu”"]
    for said in ("“too-often”", "keys 1, 2", "3 · too-often · 22 s"):
        assert said in picture.texts


def menus(session: Session) -> None:
    """Each key leads deeper, with a long prompt."""
    session.channel.answer()
    for menu in range(7):
        if not session.channel.get_digits(f"menu/{menu}_of_{'many_words_that_go_on_' * 5}"):
            session.channel.playback(f"menu/nothing_at_{menu}")
    session.channel.hangup()


def test_an_outline_of_many_levels_is_as_wide_as_a_column() -> None:
    picture = outline(explore(menus, keys="1"))
    assert picture.width == COLUMN
    assert picture.smallest >= 11
    for each in picture.root.iter(f"{SVG}rect"):
        if each.get("x"):
            assert float(each.attrib["x"]) + float(each.attrib["width"]) <= COLUMN
    numbers = {each.attrib["id"] for each in picture.root.iter() if each.get("class") == "node"}
    assert len(numbers) == 14
    assert any(text.startswith("↓ ") for text in picture.texts), "what is too deep is below"
    assert not re.search(r"\d\.\d{3,}", "".join(picture.texts))

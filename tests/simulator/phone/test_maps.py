"""The map of an exploration, with which a call begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from eslsync import Session
from simulator import explore
from simulator.phone.maps import MapError, MapPage, read_map
from simulator.scripts.script import Script


def menu(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("menu")
    if session.wait("DTMF").digit == "1":
        session.channel.playback("one")
    session.channel.hangup()


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> MapPage:
    path = tmp_path_factory.mktemp("map") / "menu.html"
    return read_map(explore(menu, keys="12").draw(path))


def test_the_way_to_each_spot_is_a_script_of_the_handler_or_of_another(drawn: MapPage) -> None:
    assert set(drawn.ways) == set(range(1, len(drawn.ways) + 1))
    [one] = [each for each in drawn.ways if "press" in drawn.ways[each]][:1]
    script = drawn.script(one)
    assert "press" in [step.verb for step in script.steps]
    assert script.run(menu).heard[:1] == ["menu"]
    other = drawn.script(one, Script("office.app", name="handler"))
    assert (other.handler, other.name, other.steps) == ("office.app", "handler", script.steps)


def test_what_is_no_map_and_what_is_no_spot_is_told(drawn: MapPage, tmp_path: Path) -> None:
    with pytest.raises(MapError, match=f"has no spot 99; its last one is {len(drawn.ways)}"):
        drawn.script(99)
    for name, text in (
        ("page.html", "<p>no map</p>"),
        ("old.html", '<script type="application/json" id="spots">[1]</script>'),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(MapError, match=f"{name} is no map that"):
            read_map(tmp_path / name)
    with pytest.raises(MapError, match="No such file"):
        read_map(tmp_path / "none.html")

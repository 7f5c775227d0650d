"""A map as an HTML page, which needs nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

from simulator import Exploration


def test_a_page_needs_nothing_else_and_has_script_and_ladder_of_each_spot(
    trap: Exploration, tmp_path: Path
) -> None:
    page = trap.draw(tmp_path / "map.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=[\"']?http|@import|url\(", page)
    [data] = re.findall(r"^const spots = (.*);$", page, re.MULTILINE)
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

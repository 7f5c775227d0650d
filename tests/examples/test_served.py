"""Each example can be run as a program, and the dialplan points to it."""

from __future__ import annotations

import os
import re
import runpy
from pathlib import Path
from xml.etree import ElementTree

import pytest

from eslsync import Outbound
from tests.support.places import EXAMPLES


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=os.path.basename)
def test_an_example_serves_where_the_dialplan_sends_calls(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Outbound] = []
    monkeypatch.setattr(Outbound, "start", lambda self: started.append(self))
    runpy.run_path(str(path), run_name="__main__")
    [server] = started
    dialplan = ElementTree.parse(EXAMPLES / "dialplan.xml")
    actions = [(each.get("application"), each.get("data")) for each in dialplan.iter("action")]
    assert actions[0] == ("socket", f"{server.host}:{server.port} async full")
    assert actions[-1][0] == "hangup", "there is a fallback after socket"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=os.path.basename)
def test_an_example_says_how_to_run_it(path: Path) -> None:
    assert set(re.findall(r"examples/\w+\.py", path.read_text())) == {f"examples/{path.name}"}

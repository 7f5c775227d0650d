"""docs/how-to/deploy.md tells of the files that `eslsync new` writes."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from eslsync.command_line.new import PROJECT, texts
from tests.support.places import ROOT

PAGE = (ROOT / "docs" / "how-to" / "deploy.md").read_text(encoding="utf-8")
WRITTEN = texts("ivr")


def test_the_files_that_it_names_are_written() -> None:
    named = set(re.findall(r"deploy/([\w.]+)", PAGE.partition("## On the server")[2]))
    assert named == {file for file, folder in PROJECT.items() if folder == "deploy"}


def test_the_lines_of_the_dialplan_are_those_that_are_written() -> None:
    [shown] = re.findall(r"```xml\n(.*?)```", PAGE, re.DOTALL)
    lines = [each.attrib for each in ElementTree.fromstring(f"<part>{shown}</part>")]
    written = ElementTree.fromstring(WRITTEN["deploy/dialplan.xml"])
    assert lines == [each.attrib for each in written.iter("action")]


def test_what_it_says_of_the_unit_is_so() -> None:
    unit = WRITTEN["deploy/eslsync.service"]
    [drain] = re.findall(r"`ESLSYNC_DRAIN` seconds to end: (\d+)", PAGE)
    for line in (f"Environment=ESLSYNC_DRAIN={drain}", "Restart=always", "RestartSec=1"):
        assert line in unit.splitlines()
    assert "WorkingDirectory=/opt/ivr" in unit.splitlines()
    assert "ExecStart=/opt/ivr/venv/bin/eslsync serve ivr:app" in unit.splitlines()

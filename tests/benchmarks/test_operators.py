"""docs/guides/mutation.md: its figures are those that were kept, its commands do what it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.mutating import KINDS
from benchmarks.operators import CONFIGURATION, RESULTS, table
from tests.support.places import ROOT

PAGE = (ROOT / "docs" / "guides" / "mutation.md").read_text(encoding="utf-8")


def test_the_page_has_the_figures_that_were_kept() -> None:
    found = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert "\n".join(table(found)) in PAGE
    assert f"made {sum(map(len, found.values()))} mutants" in PAGE


def test_the_page_has_the_configuration_that_the_benchmark_runs_with() -> None:
    assert f"```toml\n{CONFIGURATION.read_text(encoding='utf-8')}```" in PAGE


def test_the_table_of_kinds_has_each_kind_and_its_sums() -> None:
    _, _, text = PAGE.partition("## Faults that people make")
    rows = re.findall(r"^\| (.+?) \| (\d+) \| (.+) \|$", text, re.MULTILINE)
    assert [kind for kind, _, _ in rows] == [*KINDS, "all"]
    *kinds, everything = ([int(of), *map(int, re.findall(r"\d+", rest))] for _, of, rest in rows)
    assert [sum(column) for column in zip(*kinds, strict=True)] == everything
    assert all(count <= row[0] for row in kinds for count in row)


IVR = """
TRIES = 2

def handler(session):
    session.channel.answer()
    session.channel.playback("ivr/ivr-welcome")
    if session.channel.get_digits("ivr/ivr-menu", tries=TRIES) == "1":
        session.channel.playback("ivr/ivr-one")
    session.channel.hangup()
"""
TEST = """
from pin import handler
from simulator import FreeSwitch

def test_1_leads_to_one():
    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.press("1", when_asked=True)
        call.hear("ivr/ivr-one")
"""


@pytest.mark.thorough
def test_the_commands_of_the_page_tell_what_a_test_misses(tmp_path: Path) -> None:
    scripts = str(Path(sys.executable).parent)
    path = os.pathsep.join([scripts, os.environ["PATH"]])
    if shutil.which("cosmic-ray", path=path) is None:
        pytest.skip("needs cosmic-ray (pip install cosmic-ray)")
    (tmp_path / "pin.py").write_text(IVR, encoding="utf-8")
    (tmp_path / "test_pin.py").write_text(TEST, encoding="utf-8")
    # Its other operators would only take time.
    configuration = CONFIGURATION.read_text(encoding="utf-8").replace(
        "exclude-operators = [", 'exclude-operators = ["core/(?!NumberR|AddNot)", '
    )
    (tmp_path / "cosmic-ray.toml").write_text(configuration, encoding="utf-8")
    environment = {**os.environ, "PATH": path}
    [block] = re.findall(r"^```sh\npip install cosmic-ray\n(.*?)^```", PAGE, re.DOTALL | re.M)
    for command in block.splitlines():
        ran = subprocess.run(
            command.split(), cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
    assert "+TRIES = 3" in ran.stdout  # no test of a caller who tries again
    assert "+    if not" not in ran.stdout

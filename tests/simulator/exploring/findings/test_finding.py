"""What a finding tells, and the script that shows it."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from eslsync.command_line.main import main
from simulator import Exploration
from tests.support.explored import (
    found,
)


def test_a_script_shows_each_fault(faulty: Exploration, tmp_path: Path) -> None:
    scripts = {path.name: path for path in faulty.save_scripts(tmp_path)}
    assert len(scripts) == len(faulty.findings) - found(faulty).count("unplayed")
    for name, path in scripts.items():
        ran = CliRunner().invoke(main, ["call", "--script", str(path)])
        # The call shows a key without effect, but no test can fail for it.
        assert ran.exit_code == (0 if "dead-key" in name else 1), ran.output
        if "raises" in name or "after-hangup" in name:
            assert re.search("KeyError|IndexError", ran.output)
        if "dead-key" in name:
            assert ran.output.count("─ main/menu") == 2


def test_scripts_take_the_shortest_way(faulty: Exploration) -> None:
    [dead] = [finding for finding in faulty.findings if finding.kind == "dead-key"]
    assert dead.way is not None
    assert [step.verb for step in dead.way.steps] == ["hear", "press", "say_nothing"]
    deep = [finding for finding in faulty.findings if finding.kind == "raises"][-1]
    assert deep.way is not None
    pressed = [step.options["digits"] for step in deep.way.steps if step.verb == "press"]
    assert pressed == ["1", "4711", "2", "1"]

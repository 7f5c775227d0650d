"""`eslsync record-switch`."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from tests.simulator.scenarios.test_performing import MENU
from tests.support.live_switch import live_switch
from tests.support.terminal import run, write


def test_scenarios_are_recorded_and_a_failure_does_not_stop_it(tmp_path: Path) -> None:
    lost = write(tmp_path, "before: [answer]\nsteps:\n  - close\n", "lost.yaml")
    menu = write(tmp_path, MENU.dump(), "menu.yaml")
    output = tmp_path / "recorded"
    with live_switch([MENU]) as switch:
        result = run("record-switch", lost, menu, "--port", str(switch.port), "--output", output)
    first, second, last = result.stdout.splitlines()
    assert first.startswith("lost: not recorded: the call to lost-")
    assert second.startswith("menu: ")
    assert second.endswith(f" s, {output / 'menu.jsonl'}")
    assert last == "1 of 2 were performed as they say"
    assert result.exit_code == 1
    result = run("conform", "--grouped", output / "menu.jsonl")
    assert result.stdout.startswith("menu: conforms\n1 of 1 conform: ")


def test_a_problem_is_told_and_the_recording_written(tmp_path: Path) -> None:
    vain = write(tmp_path, "patience: 0.1\nsteps:\n  - until: DTMF\n  - close\n", "vain.yaml")
    with live_switch() as switch:
        config = write(tmp_path, f"port: {switch.port}\n", "switch.yaml")
        result = run("record-switch", vain, "--config", config, "--output", tmp_path)
    assert f"  {vain}:3: waited 0.1 s for DTMF in vain\n" in result.stdout
    assert result.exit_code == 1
    assert (tmp_path / "vain.jsonl").exists()


def test_it_prints_the_dialplan(tmp_path: Path) -> None:
    own = write(tmp_path, "before: [answer]\nsteps:\n  - close\n", "own.yaml")
    result = run("record-switch", "--dialplan", own, "--listen", "10.0.0.9")
    expressions = [
        each.attrib["expression"]
        for each in ElementTree.fromstring(result.stdout).iter("condition")
    ]
    assert r"^own-(\d+)$" in expressions
    assert "10.0.0.9:$1 async full" in result.stdout


def test_what_can_not_be_read_is_refused(tmp_path: Path) -> None:
    wrong = write(tmp_path, "steps:\n  - clse\n", "wrong.yaml")
    result = run("record-switch", wrong)
    assert (result.exit_code, "wrong.yaml:2: there is no verb 'clse'" in result.stderr) == (2, True)
    assert run("record-switch").exit_code == 2
    assert run("record-switch", "--config", tmp_path / "no.yaml", wrong).exit_code == 2

"""`eslsync record-switch`."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from xml.etree import ElementTree

import pytest

from simulator.scenarios.live import Client
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
    # On a busy machine, what is recorded in real time may differ in its times.
    assert re.search(r"^[01] of 1 conform: \d+ messages", result.stdout, re.MULTILINE)


def test_a_problem_is_told_and_the_recording_written(tmp_path: Path) -> None:
    vain = write(tmp_path, "patience: 0.1\nsteps:\n  - until: DTMF\n  - close\n", "vain.yaml")
    with live_switch() as switch:
        config = write(tmp_path, f"port: {switch.port}\n", "switch.yaml")
        result = run("record-switch", vain, "--config", config, "--output", tmp_path)
    assert f"  {vain}:3: waited 0.1 s for DTMF in vain; no event" in result.stdout
    assert result.exit_code == 1
    assert (tmp_path / "vain.jsonl").exists()


def test_without_a_switch_it_stops_at_the_first(tmp_path: Path) -> None:
    paths = [write(tmp_path, "steps: [close]\n", name) for name in ("a.yaml", "b.yaml")]
    with live_switch(password="other") as switch:
        result = run("record-switch", *paths, "--port", str(switch.port), "--output", tmp_path)
    assert result.stdout == (
        f"127.0.0.1:{switch.port} refuses the password: it is in event_socket.conf.xml\n"
        "0 of 2 were performed as they say\n"
    )
    assert result.exit_code == 1


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_hangs_up_the_call(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = getattr(signal, name)
    handler = signal.signal(number, signal.default_int_handler if name == "SIGINT" else 0)
    said: list[str] = []
    asked = Client.api

    def api(client: Client, command: str) -> str:
        said.append(command)
        if command == "stop":
            signal.raise_signal(number)
        return asked(client, command)

    monkeypatch.setattr(Client, "api", api)
    text = "steps:\n  - app: {run: answer, wait: false}\n  - api: stop\n  - close\n"
    first, second = (write(tmp_path, text, name) for name in ("a.yaml", "b.yaml"))
    try:
        with live_switch() as switch:
            port = str(switch.port)
            result = run("record-switch", first, second, "--port", port, "--output", tmp_path)
        assert signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler)
    finally:
        signal.signal(number, handler)
    assert said[-1].startswith("uuid_kill ")
    assert result.stdout == (
        "interrupted; its call was hung up\n0 of 2 were performed as they say\n"
    )
    assert result.exit_code == 1


def test_scenarios_of_one_name_are_refused(tmp_path: Path) -> None:
    first = write(tmp_path, "steps: [close]\n", "a.yaml")
    second = write(tmp_path, "name: a\nsteps: [close]\n", "b.yaml")
    result = run("record-switch", first, second, "--output", tmp_path)
    assert f"{first} and {second} would both be a.jsonl" in result.stderr
    assert result.exit_code == 2


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

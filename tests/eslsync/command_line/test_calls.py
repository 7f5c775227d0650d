"""`eslsync calls`."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

from eslsync import Session
from simulator import FreeSwitch
from tests.support.places import ROOT
from tests.support.servers import dialled, nothing, runtime, serving
from tests.support.terminal import program, run, write

__all__ = ["runtime"]

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="Windows has no Unix sockets"),
    pytest.mark.usefixtures("programs_begin_warm"),
]


def asks(session: Session) -> None:
    session.channel.wait("DTMF")


def test_calls_are_listed_by_server(runtime: Path) -> None:
    idle = serving(nothing, inspection=True)
    with idle as other, serving(asks, inspection=True) as app, dialled(app) as peer:
        peer.handshake()
        peer.settle()
        server = f"{os.getpid()} (of {os.getppid()}) on 127.0.0.1 port"
        result = run("calls")
        assert result.exit_code == 0
        lines = result.stdout.splitlines()
        at = lines.index(f"{server} {app.port}: 1 call")
        assert re.fullmatch(
            rf"    {peer.uuid} from 1001 to 5000, [\d.]+ s, CS_EXECUTE: waits for DTMF, "
            r"at test_calls.py:\d+ in asks",
            lines[at + 1],
        )
        assert f"{server} {other.port}: 0 calls" in lines

        lines = run("calls", "-v").stdout.splitlines()
        at = lines.index(f"{server} {app.port}: 1 call")
        assert re.fullmatch(r" {8}test_calls.py:\d+ in asks", lines[at + 2])

        servers = json.loads(run("calls", "--json").stdout)
        assert {each["port"] for each in servers} == {app.port, other.port}
        [call] = [call for each in servers for call in each["calls"]]
        assert (call["uuid"], call["waiting_for"]) == (peer.uuid, "DTMF")
        peer.end()
        peer.hear_end()


def test_servers_are_chosen_by_their_pid_or_that_of_their_parent(runtime: Path) -> None:
    with serving(nothing, inspection=True) as app:
        for pid in (os.getpid(), os.getppid()):
            [server] = json.loads(run("calls", "--json", "--pid", str(pid)).stdout)
            assert server["port"] == app.port
        result = run("calls", "--pid", "1")
        assert result.exit_code == (0 if os.getppid() == 1 else 1)
        if result.exit_code:
            said = f"with the pid 1, or as its child; there are {os.getpid()}\n"
            assert result.stderr == f"no server of this user runs {said}"


def test_no_server_is_said(runtime: Path) -> None:
    result = run("calls", "--json")
    assert (result.exit_code, result.stdout) == (1, "[]\n")
    assert result.stderr == "no server of this user runs\n"


def test_a_folder_that_others_may_enter_is_said(runtime: Path) -> None:
    runtime.mkdir()
    runtime.chmod(0o755)
    result = run("calls")
    assert result.exit_code == 1
    assert f"chmod 700 {runtime}" in result.stderr


def test_a_system_without_unix_sockets_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_UNIX")
    result = run("calls")
    assert result.exit_code == 2
    assert "needs Unix sockets" in result.stderr


def test_a_stuck_handler_of_eslsync_serve_shows(runtime: Path, tmp_path: Path) -> None:
    app = write(
        tmp_path,
        "import threading\n"
        "def look_up():\n"
        "    threading.Event().wait()\n"
        "def handler(session):\n"
        "    session.channel.answer()\n"
        "    look_up()\n",
    )
    with subprocess.Popen(
        program("serve", str(app), "--port", "0"), cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        try:
            found = re.search(r"port (\d+)$", server.stderr.readline())
            assert found
            with FreeSwitch(real_time=True, raises=False) as switch:
                call = switch.dial(f"127.0.0.1:{found[1]}")
                for _ in range(500):
                    call.say_nothing(0.02)  # the handler's command is answered meanwhile
                    shown = run("calls", "-v", "--pid", str(server.pid)).stdout
                    if "look_up" in shown:
                        break
                server.kill()
        finally:
            server.kill()
            server.stderr.read()
    [_, line, *stack] = shown.splitlines()
    assert line.endswith("CS_EXECUTE: runs, at app.py:3 in look_up")
    assert [each.strip() for each in stack][:2] == ["app.py:6 in handler", "app.py:3 in look_up"]
    assert len(list(runtime.iterdir())) == 1
    assert run("calls").exit_code == 1
    assert list(runtime.iterdir()) == []

"""What systemd passes to a service, and is told by it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from eslsync.systemd import listen_sockets, notify, watchdog_interval
from tests.support.places import ROOT
from tests.support.servers import reserved
from tests.support.service_manager import (
    SOCKET_ACTIVATE,
    forget,
    needs_systemd,
    service_manager,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")

SHOW = """
import os, subprocess, sys
from eslsync.systemd import listen_sockets

show = "from eslsync.systemd import listen_sockets; print(listen_sockets())"
for name in (None, "calls", "another"):
    print([(each.getsockname(), each.get_inheritable()) for each in listen_sockets(name)])
subprocess.run([sys.executable, "-c", show])
if os.fork() == 0:
    print(listen_sockets(), flush=True)
    os._exit(0)
os.wait()
"""


@needs_systemd
def test_sockets_that_systemd_passes_are_this_processs_alone() -> None:
    first, second = reserved(), reserved()
    ports = [each.getsockname()[1] for each in (first, second)]
    options = [f"--listen=127.0.0.1:{port}" for port in ports]
    command = [SOCKET_ACTIVATE, *options, "--fdname=calls:metrics", sys.executable, "-uc", SHOW]
    with (
        first,
        second,
        subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as program,
    ):
        assert program.stdout is not None
        assert program.stderr is not None
        while "Listening on" not in program.stderr.readline():
            assert program.poll() is None
        program.stderr.readline()  # one for each port
        with socket.create_connection(("127.0.0.1", ports[0])):  # begins the program
            shown = program.stdout.read().splitlines()
    both = [(("127.0.0.1", port), False) for port in ports]
    assert shown == [str(both), str(both[:1]), "[]", "[]", "[]"]


def test_without_systemd_nothing_is_passed_and_nobody_is_told() -> None:
    assert listen_sockets() == []
    assert not notify("READY=1")
    assert watchdog_interval() is None


def test_systemd_is_told_and_children_are_not_taken_for_the_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with service_manager() as manager:
        monkeypatch.setenv("NOTIFY_SOCKET", manager.address)
        monkeypatch.setenv("WATCHDOG_USEC", "30000000")
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
        assert watchdog_interval() == 30.0
        assert notify("STATUS=loading", "MAINPID=1")
        assert manager.hear() == ["STATUS=loading", "MAINPID=1"]
        assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} & set(os.environ)
        child = os.fork()
        if child == 0:
            os._exit(notify("READY=1"))
        assert os.waitpid(child, 0)[1] == 0
        assert manager.rest() == []


def test_systemd_may_listen_on_an_abstract_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    with service_manager(f"@eslsync-test-{os.getpid()}") as manager:
        monkeypatch.setenv("NOTIFY_SOCKET", manager.address)
        assert notify("READY=1")
        assert manager.hear() == ["READY=1"]


def test_a_watchdog_of_another_process_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    with service_manager() as manager:
        monkeypatch.setenv("NOTIFY_SOCKET", manager.address)
        monkeypatch.setenv("WATCHDOG_USEC", "30000000")
        monkeypatch.setenv("WATCHDOG_PID", "1")
        assert watchdog_interval() is None


def test_who_can_not_be_told_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/notify")
    assert not notify("READY=1")
    assert not notify("STATUS=0 calls")
    forget()
    [record] = caplog.records
    assert "systemd can't be told (NOTIFY_SOCKET)" in record.getMessage()

"""A server as systemd sees it: ready, alive, stopping."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from eslsync import Outbound, Session
from eslsync.call.reader import Reader
from eslsync.serving.server import Server
from simulator import FreeSwitch
from tests.support.peer import PATIENCE, Watched
from tests.support.places import ROOT
from tests.support.servers import Beside, dialled, nothing, until
from tests.support.service_manager import (
    SOCKET_ACTIVATE,
    ServiceManager,
    needs_systemd,
    service_manager,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceManager]:
    """Who has started this process as a service."""
    with service_manager() as its:
        monkeypatch.setenv("NOTIFY_SOCKET", its.address)
        yield its


def hold(session: Session) -> None:
    session.channel.wait("CHANNEL_HANGUP")


def test_systemd_is_told_what_becomes_of_the_server(
    manager: ServiceManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eslsync.serving.service.LOOK_INTERVAL", 0.05)

    def work() -> None:
        assert manager.hear() == ["READY=1"]
        assert manager.hear() == ["STATUS=0 calls"]
        with dialled(app) as peer:
            peer.handshake()
            manager.hear_until("STATUS=1 call")
            os.kill(os.getpid(), signal.SIGTERM)
            stopping = manager.hear()
            assert stopping[0] == "STOPPING=1"
            assert re.fullmatch(r"EXTEND_TIMEOUT_USEC=\d{8}", stopping[1])
            assert manager.hear() == ["STATUS=stopping, 1 call"]
            assert manager.hear()[0].startswith("EXTEND_TIMEOUT_USEC=")  # again and again
            peer.say(*peer.tail(), peer.notice(lingers=False))
            peer.end()

    app = Outbound(hold, port=0, clock=Watched())
    working = Beside(work)
    app.start(drain=10 * PATIENCE)
    working.join()
    assert "STOPPING=1" not in manager.rest()


def test_a_stop_by_an_exception_is_told_too(manager: ServiceManager) -> None:
    def leave(number: int, frame: object) -> None:
        raise SystemExit

    def work() -> None:
        manager.hear_until("STATUS=0 calls")
        os.kill(os.getpid(), signal.SIGUSR2)

    before = signal.signal(signal.SIGUSR2, leave)
    try:
        app = Outbound(nothing, port=0)
        working = Beside(work)
        with pytest.raises(SystemExit):
            app.start(drain=1.0)
    finally:
        signal.signal(signal.SIGUSR2, before)
    working.join()
    assert manager.rest() == ["STOPPING=1", "EXTEND_TIMEOUT_USEC=16000000"]


def test_the_watchdog_starves_while_the_reader_hangs(
    manager: ServiceManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, is_hanging, go_on = threading.Event(), threading.Event(), threading.Event()
    take_turn = Reader.__dict__["_take_turn"]

    def hang(self: Reader) -> None:
        take_turn(self)
        if hangs.is_set():
            is_hanging.set()
            assert go_on.wait(PATIENCE)

    def work() -> None:
        manager.hear_until("WATCHDOG=1")
        hangs.set()
        assert is_hanging.wait(PATIENCE)
        until(lambda: not answers[-1])
        manager.rest()
        asked = len(answers)
        until(lambda: len(answers) > asked + 3)
        assert manager.rest() == []
        hangs.clear()
        go_on.set()
        manager.hear_until("WATCHDOG=1")
        app.stop()

    def responds(self: Server) -> bool:
        answers.append(its_responds(self))
        return answers[-1]

    answers: list[bool] = []
    its_responds = Server.responds
    monkeypatch.setattr(Server, "responds", responds)
    monkeypatch.setattr(Reader, "_take_turn", hang)
    monkeypatch.setenv("WATCHDOG_USEC", "20000")
    app = Outbound(nothing, port=0)
    working = Beside(work)
    app.start()
    working.join()


# The real systemd-socket-activate


APP = """
def handler(session):
    session.channel.answer()
    session.channel.playback("short")
    session.channel.hangup("SUBSCRIBER_ABSENT")
"""

#: Passes the socket on as systemd does: as descriptor 3, to the process of this number.
PASS = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""


def started(sock: socket.socket, manager: ServiceManager, app: Path) -> subprocess.Popen[bytes]:
    """`eslsync serve` as a service: whoever has started it keeps the socket as well."""
    activate = [SOCKET_ACTIVATE, "-E", f"NOTIFY_SOCKET={manager.address}"]
    serve = [sys.executable, "-m", "eslsync", "serve", str(app), "--port", "1"]
    return subprocess.Popen(
        [sys.executable, "-c", PASS, str(sock.fileno()), *activate, *serve],
        cwd=ROOT,
        pass_fds=[sock.fileno()],
        stderr=subprocess.PIPE,
    )


@needs_systemd
def test_a_restart_refuses_no_call(tmp_path: Path) -> None:
    def load() -> None:
        # its patience is for a service that starts while a call waits, too
        with FreeSwitch(real_time=True, patience=PATIENCE, prompts={"short": 0.05}) as switch:
            while not enough.is_set():
                calls = [switch.dial(f"127.0.0.1:{sock.getsockname()[1]}") for _ in range(8)]
                for call in calls:
                    call.wait()
                    causes.append(call.cause)

    app = tmp_path / "app.py"
    app.write_text(APP)
    causes: list[str | None] = []
    enough = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=100) as sock, service_manager() as manager:
        service = started(sock, manager, app)
        loading = Beside(load)  # its first call begins the service
        try:
            for _ in range(2):
                manager.hear_until("READY=1")
                causes.append("READY=1")
                until(lambda: causes[-5:].count("SUBSCRIBER_ABSENT") == 5)
                service.terminate()
                manager.hear_until("STOPPING=1")
                said = service.communicate()[1]
                assert service.returncode == 0, said
                service = started(sock, manager, app)
            enough.set()
            loading.join()
        finally:
            enough.set()
            service.terminate()
            service.communicate()
    assert set(causes) == {"SUBSCRIBER_ABSENT", "READY=1"}
    assert len(causes) > 20

"""deploy/haproxy.cfg in the real HAProxy, between simulated switches in real time and servers."""

from __future__ import annotations

import logging
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from eslsync import ESLError, HangupCause, Outbound, Session
from simulator import Call, FreeSwitch
from tests.support.peer import PATIENCE
from tests.support.places import ROOT
from tests.support.servers import Beside, messages, reserved, until

CONFIGURATION = ROOT / "deploy" / "haproxy.cfg"
#: The proxy's address, as the servers see it; the switch's is 127.0.0.1.
PROXY = "127.0.0.9"
#: Health checks all the time.
OFTEN = {"inter 2s": "inter 20ms"}
#: With what the dialplan hangs up after `socket`.
FALLBACK = HangupCause.NORMAL_TEMPORARY_FAILURE

pytestmark = pytest.mark.skipif(
    shutil.which("haproxy") is None, reason="HAProxy is not installed (apt-get install haproxy)"
)


class Proxy:
    """HAProxy with the project's configuration, in front of the ports of these servers."""

    def __init__(self, folder: Path, ports: list[int], changes: dict[str, str]) -> None:
        self._admin = str(folder / "admin.sock")
        app1, app2, sorry = ports
        with socket.create_server(("127.0.0.1", 0), backlog=100) as front:
            self.address = f"127.0.0.1:{front.getsockname()[1]}"
            text = CONFIGURATION.read_text(encoding="utf-8")
            for old, new in {
                "    user haproxy\n    group haproxy\n": "",  # only root can become that
                "bind :5000": f"bind fd@{front.fileno()}",
                "/run/haproxy/admin.sock": self._admin,
                "10.0.0.11:5000": f"127.0.0.1:{app1}",
                "10.0.0.12:5000": f"127.0.0.1:{app2}",
                "127.0.0.1:5999": f"127.0.0.1:{sorry}",
                "send-proxy-v2 ": f"source {PROXY} send-proxy-v2 ",
                **changes,
            }.items():
                assert text.count(old) == 1, old
                text = text.replace(old, new)
            file = folder / "haproxy.cfg"
            file.write_text(text, encoding="utf-8")
            self.process = subprocess.Popen(
                ["haproxy", "-W", "-db", "-f", file],  # as Debian's unit: a master and a worker
                pass_fds=[front.fileno()],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    @property
    def worker(self) -> str:
        """The process that answers on the stats socket; empty before it listens there."""
        try:
            return self.tell("show info").partition("\nPid: ")[2].partition("\n")[0]
        except (FileNotFoundError, ConnectionError):
            return ""

    def tell(self, command: str) -> str:
        """Give a command to the stats socket; return the answer."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(PATIENCE)
            sock.connect(self._admin)
            sock.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: sock.recv(65536), b"")).decode()

    def stats(self, server: str, column: str) -> str:
        names, *rows = (row.split(",") for row in self.tell("show stat").splitlines())
        [row] = [row for row in rows if row[:2] == ["eslsync", server]]
        return row[names.index(column)]

    def reload(self) -> None:
        """Begin a new worker, and wait for it; the old one ends with its calls."""
        # Its first worker serves before the master heeds signals: it loses those of till then.
        until(lambda: heeds(self.process.pid, signal.SIGUSR2))
        old = self.worker
        self.process.send_signal(signal.SIGUSR2)
        until(lambda: self.worker not in ("", old))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def heeds(pid: int, number: signal.Signals) -> bool:
    """True if a process of Linux has a handler for a signal, and doesn't hold it back."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    masks = {name: mask for name, _, mask in (line.partition(":\t") for line in lines)}
    blocked, caught = (int(masks[name], 16) >> number - 1 & 1 for name in ("SigBlk", "SigCgt"))
    return bool(caught and not blocked)


class Farm:
    """Two servers and the backup behind a proxy, and a switch in front of it."""

    def __init__(
        self,
        stack: ExitStack,
        folder: Path,
        *,
        allow: str = "127.0.0.1",
        ports: dict[str, int] | None = None,
        changes: dict[str, str] | None = None,
    ) -> None:
        self.served: list[str] = []
        self.endings: list[str] = []
        self.apps: dict[str, Outbound] = {}
        for name in ("app1", "app2", "sorry"):
            # which nobody else is given when it begins anew
            port = stack.enter_context(reserved()).getsockname()[1]
            self.apps[name] = Outbound(
                partial(self._handle, name), port=port, allow=[allow], proxy_protocol=[PROXY]
            )
            self.apps[name].start(block=False)
        stack.callback(self._stop)
        all_ports = {name: app.port for name, app in self.apps.items()} | (ports or {})
        self.proxy = Proxy(folder, [*all_ports.values()], changes or {})
        stack.callback(self.proxy.kill)
        self.switch = stack.enter_context(
            FreeSwitch(real_time=True, patience=PATIENCE, prompts={"ready": 0.02})
        )

    def _handle(self, name: str, session: Session) -> None:
        if name == "sorry":
            return  # gives the call back
        self.served.append(name)
        try:
            session.channel.answer()
            session.channel.playback("ready")
            session.channel.wait("DTMF")
            session.channel.hangup()
        except ESLError as error:
            self.endings.append(type(error).__name__)
            raise

    def _stop(self) -> None:
        for each in self.apps.values():
            each.stop(0.0)

    def restart(self, name: str) -> None:
        self.apps[name] = self.apps[name].replace(port=self.apps[name].port)
        self.apps[name].start(block=False)

    def call(self) -> Call:
        return self.switch.call(self.proxy.address, after=[("hangup", FALLBACK)])

    def begin(self) -> Call:
        """A call that a server has, and that waits for a key."""
        call = self.call()
        call.hear("ready")
        return call

    def finish(self, call: Call) -> None:
        call.press("1")
        call.wait()
        assert call.cause == HangupCause.NORMAL_CLEARING


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_the_configuration_is_valid() -> None:
    done = subprocess.run(
        ["haproxy", "-c", "-f", CONFIGURATION], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_calls_are_spread_and_a_health_check_is_no_call(
    stack: ExitStack, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Only the switch's address is in `allow`: it is not the proxy's that counts."""
    farm = Farm(stack, tmp_path)
    calls = [farm.begin() for _ in range(4)]
    assert sorted(farm.served) == ["app1", "app1", "app2", "app2"]
    until(lambda: farm.proxy.stats("app1", "check_status") == "L7OK")
    for call in calls:
        farm.finish(call)
    assert messages(caplog, logging.WARNING) == []


def test_a_switch_that_may_not_call_is_turned_away(stack: ExitStack, tmp_path: Path) -> None:
    farm = Farm(stack, tmp_path, allow=PROXY)
    call = farm.call()
    call.wait()
    assert call.cause == HangupCause.CALL_REJECTED
    assert farm.served == []


def test_a_dead_server_is_skipped(stack: ExitStack, tmp_path: Path) -> None:
    farm = Farm(stack, tmp_path)
    farm.apps["app1"].stop()
    for _ in range(3):
        farm.finish(farm.begin())
    assert farm.served == ["app2"] * 3


def test_without_servers_the_backup_gives_calls_back_to_the_dialplan(
    stack: ExitStack, tmp_path: Path
) -> None:
    farm = Farm(stack, tmp_path)
    farm.apps["app1"].stop()
    farm.apps["app2"].stop()
    for _ in range(2):
        call = farm.call()
        call.wait()
        assert call.cause == FALLBACK


def test_a_server_that_hangs_is_taken_out(stack: ExitStack, tmp_path: Path) -> None:
    """Its port still accepts; but nobody says `connect`."""
    hung = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    quick = {**OFTEN, "timeout check 2s": "timeout check 1s"}
    farm = Farm(stack, tmp_path, ports={"app1": hung.getsockname()[1]}, changes=quick)
    until(lambda: farm.proxy.worker != "")
    until(lambda: farm.proxy.stats("app1", "status") == "DOWN")
    for _ in range(2):
        farm.finish(farm.begin())
    assert farm.served == ["app2"] * 2


def test_a_rolling_restart_loses_no_call(
    stack: ExitStack, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    farm = Farm(stack, tmp_path, changes=OFTEN)
    for name, other in (("app1", "app2"), ("app2", "app1")):
        calls = [farm.begin(), farm.begin()]  # one on each
        farm.proxy.tell(f"set server eslsync/{name} state drain")
        farm.served.clear()
        farm.finish(farm.begin())
        stopping = Beside(farm.apps[name].stop)
        farm.finish(farm.begin())
        for call in calls:
            farm.finish(call)
        stopping.join()
        farm.finish(farm.begin())
        assert farm.served == [other] * 3
        farm.restart(name)
        farm.proxy.tell(f"set server eslsync/{name} state ready")
        until(lambda: farm.proxy.stats(name, "status") == "UP")  # noqa: B023
    assert messages(caplog, logging.WARNING) == []


def test_a_reload_of_the_proxy_leaves_calls_alone(stack: ExitStack, tmp_path: Path) -> None:
    farm = Farm(stack, tmp_path)
    call = farm.begin()
    farm.proxy.reload()
    farm.finish(farm.begin())
    farm.finish(call)
    assert farm.endings == []


def test_calls_of_a_proxy_that_is_killed_go_on_in_the_dialplan(
    stack: ExitStack, tmp_path: Path
) -> None:
    farm = Farm(stack, tmp_path)
    call = farm.begin()
    farm.proxy.kill()
    call.wait()
    assert call.cause == FALLBACK
    until(lambda: farm.endings == ["Disconnected"])

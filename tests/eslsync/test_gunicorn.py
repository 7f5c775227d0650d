"""The real gunicorn with eslsync's worker, called by a simulated switch in real time."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from eslsync import HangupCause
from simulator import Call, FreeSwitch
from tests.support.peer import PATIENCE
from tests.support.places import ROOT
from tests.support.servers import reserved, runtime, until
from tests.support.terminal import run

pytestmark = pytest.mark.usefixtures("programs_begin_warm")

__all__ = ["runtime"]

pytest.importorskip("gunicorn", reason="gunicorn is not installed (pip install '.[gunicorn]')")

CONFIGURATION = ROOT / "deploy" / "gunicorn.conf.py"
#: An IVR that says which worker has a call, and what of its handler and hooks has run.
IVR = """
import os
from eslsync import Outbound, Session

def note(what: str) -> None:
    with open("notes", "a") as notes:
        notes.write(f"{what} {os.getpid()}\\n")

def handler(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("ready")
    session.channel.wait("DTMF")
    note("handled")
    session.channel.hangup()

app = Outbound(handler)
app.on_start(lambda: note("on_start"))
app.on_stop(lambda: note("on_stop"))

def make_app(**options: object) -> Outbound:
    return Outbound(handler, **options)
"""
#: With what the dialplan hangs up after `socket`.
FALLBACK = HangupCause.NORMAL_TEMPORARY_FAILURE


class Gunicorn:
    """A running gunicorn in a folder with the IVR."""

    def __init__(self, folder: Path, *options: str, app: str = "ivr:app") -> None:
        self.folder = folder
        (folder / "ivr.py").write_text(IVR)
        self._reserved = reserved()
        self.port = int(self._reserved.getsockname()[1])
        command = [sys.executable, "-m", "gunicorn", "-k", "eslsync.gunicorn.Worker"]
        command += ["--bind", f"127.0.0.1:{self.port}", "--pid", "pid", "--log-file", "log"]
        command += ["--no-control-socket", *options, app]
        with (folder / "errors").open("w") as errors:
            self.process = subprocess.Popen(command, cwd=folder, stderr=errors)

    def __getitem__(self, name: str) -> str:
        file = self.folder / name
        return file.read_text() if file.exists() else ""

    def count(self, line: str) -> int:
        """The number of lines in the log that end so."""
        lines = (self["log"] + self["errors"]).splitlines()
        return sum(each.endswith(line) for each in lines)

    def listens(self, times: int) -> None:
        """Wait until so many workers have begun to listen."""
        until(lambda: self.count(f"listening on 127.0.0.1 port {self.port}") == times)

    def notes(self, what: str) -> list[str]:
        """The pids of the workers that have noted that."""
        lines = (line.split() for line in self["notes"].splitlines())
        return [pid for name, pid in lines if name == what]

    def tell(self, number: signal.Signals, *, new: bool = False) -> None:
        """Send the arbiter a signal, or the new one after USR2."""
        os.kill(int(self["pid.2" if new else "pid"] or self["pid"]), number)

    def ends(self) -> int:
        """Wait for its end; return its exit status."""
        self._reserved.close()
        return self.process.wait(PATIENCE)

    @property
    def refuses(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 0.05).close()
        except ConnectionError:
            return True
        except TimeoutError:
            pass  # barred; TCP would try again after 1 s
        return False


@contextmanager
def running(folder: Path, *options: str, app: str = "ivr:app") -> Iterator[Gunicorn]:
    server = Gunicorn(folder, *options, app=app)
    try:
        yield server
    finally:
        for pidfile in ("pid", "pid.2"):  # there are none if all went well
            if server[pidfile]:
                os.kill(int(server[pidfile]), signal.SIGQUIT)
        server.ends()


@pytest.fixture
def switch() -> Iterator[FreeSwitch]:
    with FreeSwitch(real_time=True, prompts={"ready": 0.01}) as switch:
        yield switch


def begin(switch: FreeSwitch, server: Gunicorn, calls: int) -> list[Call]:
    """Calls that handlers have, and that wait for a key."""
    address = f"127.0.0.1:{server.port}"
    begun = [switch.call(address, after=[("hangup", FALLBACK)]) for _ in range(calls)]
    for call in begun:
        call.hear("ready")
    return begun


def finish(calls: list[Call]) -> None:
    for call in calls:
        call.press("1")
    for call in calls:
        call.wait()
        assert call.cause == HangupCause.NORMAL_CLEARING


def shown(server: Gunicorn) -> list[dict[str, Any]]:
    """Its workers and their calls, as `eslsync calls` tells."""
    found: list[dict[str, Any]] = json.loads(
        run("calls", "--json", "--pid", server["pid"].strip()).stdout
    )
    return found


def test_a_reload_and_a_stop_lose_no_call(
    switch: FreeSwitch, tmp_path: Path, runtime: Path
) -> None:
    with running(tmp_path, "--workers", "2", "--threads", "8") as server:
        server.listens(2)
        assert "gunicorn's threads means nothing for calls" in server["log"]
        before = begin(switch, server, 12)
        while not all(each["calls"] for each in shown(server)):
            before += begin(switch, server, 1)  # which one takes it is up to the kernel
        server.tell(signal.SIGHUP)
        server.listens(4)
        after = begin(switch, server, 12)
        assert len({each["pid"] for each in shown(server)}) == 4  # the old ones go on with calls
        assert sum(len(each["calls"]) for each in shown(server)) == len(before) + 12
        finish(before)
        finish(after)
        old, new = server.notes("on_start")[:2], server.notes("on_start")[2:]
        until(lambda: sorted(server.notes("on_stop")) == sorted(old))
        handled = server.notes("handled")
        assert len(handled) == len(before) + 12
        assert set(handled[: len(before)]) == set(old)
        # which of the new ones is up to the kernel; what neither takes in time, an old one does
        assert set(handled[len(before) :]) & set(new)

        last = begin(switch, server, 4)
        server.tell(signal.SIGTERM)
        until(lambda: server.refuses)  # while calls go on
        finish(last)
        assert server.ends() == 0
        assert sorted(server.notes("on_stop")) == sorted(old + new)


def test_what_settings_mean_for_calls(switch: FreeSwitch, tmp_path: Path) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as statsd:
        statsd.bind(("127.0.0.1", 0))
        statsd.settimeout(PATIENCE)
        options = ["--bind", "127.0.0.1:0", "--max-requests", "2", "--worker-connections", "1"]
        options += ["--proxy-protocol", "--proxy-allow-from", "127.0.0.9"]
        options += ["--statsd-host", f"127.0.0.1:{statsd.getsockname()[1]}"]
        with running(tmp_path, *options) as server:
            server.listens(1)
            assert len(server.notes("on_start")) == 1  # though it has two addresses
            calls = begin(switch, server, 1)
            turned_away = switch.call(f"127.0.0.1:{server.port}")
            turned_away.wait()
            assert turned_away.cause == HangupCause.SWITCH_CONGESTION
            finish(calls)
            expected = {"requests", "request.status.returned", "request.duration"}
            while expected:  # among those of gunicorn's own
                metric = statsd.recv(1000).decode().partition(":")[0]
                expected.discard(metric.removeprefix("gunicorn."))
            finish(begin(switch, server, 1))
            server.listens(2)
            finish(begin(switch, server, 1))
            server.tell(signal.SIGTERM)
            server.ends()
    first, second, third = server.notes("handled")
    assert first == second != third


@pytest.mark.parametrize(
    ("app", "options", "why"),
    [
        ("ivr:missing", [], "ivr has no 'missing'; it has note(what)"),
        ("ivr:handler", ["--bind", "unix:sock"], "sock must be a TCP socket"),
        ("ivr:handler", ["--env", "ESLSYNC_DRAIN=1h"], "must be a number of seconds, not '1h'"),
    ],
)
def test_what_can_not_be_served_is_told(
    app: str, options: list[str], why: str, tmp_path: Path
) -> None:
    server = Gunicorn(tmp_path, *options, app=app)
    assert server.ends() in (3, 4)  # gunicorn's: a worker can't boot, the app can't be loaded
    assert why in server["log"] + server["errors"]


COUNTED = """
from eslsync.prometheus import Metrics
from ivr import app as plain

app = plain.replace(observers=[Metrics()])
"""


def test_one_endpoint_tells_of_all_workers_but_not_of_a_call_that_died_with_one(
    switch: FreeSwitch, tmp_path: Path
) -> None:
    pytest.importorskip("prometheus_client", reason="prometheus-client is missing")
    (tmp_path / "counted.py").write_text(COUNTED)
    (tmp_path / "shared").mkdir()
    sock = reserved()
    address = f"127.0.0.1:{sock.getsockname()[1]}"
    text = CONFIGURATION.read_text(encoding="utf-8")
    text = re.sub(r"^# ?(?=raw_env|def |    |$)", "", text, flags=re.MULTILINE)  # its lines on that
    text = text.replace("DIR=/run/ivr", f"DIR={tmp_path}/shared").replace("127.0.0.1:9100", address)
    (tmp_path / "conf.py").write_text(text)
    options = ["-c", "conf.py", "--workers", "1"]
    with sock, running(tmp_path, *options, app="counted:app") as server:
        server.listens(1)

        def figures() -> str:
            with urllib.request.urlopen(f"http://{address}/metrics", timeout=PATIENCE) as answer:
                return str(answer.read())

        [call] = begin(switch, server, 1)
        until(lambda: "eslsync_calls_in_progress 1.0" in figures())
        os.kill(int(server.notes("on_start")[0]), signal.SIGKILL)
        server.listens(2)
        shown = figures()
        assert "eslsync_calls_taken_total 1.0" in shown
        assert "eslsync_calls_in_progress 1.0" not in shown
        call.wait()
        server.tell(signal.SIGTERM)
        assert server.ends() == 0


def test_an_upgrade_loses_no_call(switch: FreeSwitch, tmp_path: Path) -> None:
    with running(tmp_path, "-c", str(CONFIGURATION), "--workers", "1") as server:
        server.listens(1)
        before = begin(switch, server, 1)
        server.tell(signal.SIGUSR2)
        server.listens(2)
        server.tell(signal.SIGTERM)
        until(lambda: server.count("stopping; calls that are up: 1") == 1)
        after = begin(switch, server, 2)
        finish(before)
        assert server.ends() == 0
        finish(after)
        old, new = server.notes("on_start")
        assert server.notes("handled") == [old, new, new]
        # Each line of a call has its uuid, between the level and the text.
        assert re.search(rf" {old} INFO [0-9a-f-]{{36}} \S", server["errors"])
        server.tell(signal.SIGTERM, new=True)
        until(lambda: server.notes("on_stop") == [old, new])
        until(lambda: not (server["pid"] or server["pid.2"]))

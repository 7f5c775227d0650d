"""`eslsync serve`."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from simulator import FreeSwitch
from tests.support.peer import PATIENCE
from tests.support.places import ROOT
from tests.support.terminal import IVR, execute, program, run

pytestmark = pytest.mark.usefixtures("programs_begin_warm")


def test_serve_records_its_calls_without_the_digits(tmp_path: Path) -> None:
    serve = "from eslsync.command_line.main import main; main()"
    arguments = ["serve", IVR, "--port", "0", "--record", str(tmp_path / "calls")]
    with subprocess.Popen(
        [sys.executable, "-c", serve, *arguments], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        found = re.search(r"port (\d+)$", server.stderr.readline())
        assert found
        with FreeSwitch(real_time=True, prompts={"ivr/ivr-welcome": 0.1}) as switch:
            call = switch.dial(f"127.0.0.1:{found[1]}")
            call.hear("ivr/ivr-welcome", start=True)
            call.press("1")
            call.hangup()
        server.send_signal(signal.SIGTERM)
        server.stderr.read()
    assert server.returncode == 0
    [path] = (tmp_path / "calls").iterdir()
    text = path.read_text()
    assert "DTMF-Digit: ***" in text
    assert "DTMF-Digit: 1" not in text
    assert "├─ hangs up NORMAL_CLEARING ─" in run("ladder", path).stdout


LOGS = """
import logging
import threading
from eslsync import Session
{configures}

def handler(session: Session) -> None:
    session.channel.answer()
    pin = session.channel.get_digits("ivr/ivr-welcome", min=4)
    thread = threading.Thread(target=lambda: [].pop(), name="look-up")
    thread.start()
    thread.join()
    logging.getLogger("ivr").info("asked for %r", pin, extra={{"order": 17}})
    raise ValueError("two\\nlines")
"""


@pytest.mark.parametrize("configures", ["", "logging.basicConfig(level=logging.INFO)"])
def test_serve_logs_json(tmp_path: Path, configures: str) -> None:
    app = tmp_path / "app.py"
    app.write_text(LOGS.format(configures=configures))
    arguments = ["serve", str(app), "--port", "0", "--log-format", "json"]
    with subprocess.Popen(
        program(*arguments), cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        first = json.loads(server.stderr.readline())
        port = first["message"].rpartition(" ")[2]
        with FreeSwitch(real_time=True, prompts={"ivr/ivr-welcome": 0.1}) as switch:
            call = switch.dial(f"127.0.0.1:{port}")
            call.hear("ivr/ivr-welcome", start=True)
            call.press("8769", gap=0.05)
            call.wait()
        server.send_signal(signal.SIGTERM)
        said = server.stderr.read()
    lines = [json.loads(line) for line in said.splitlines()]
    assert (first["level"], first["logger"], "uuid" in first) == ("INFO", "eslsync", False)
    asked = next(each for each in lines if each["logger"] == "ivr")
    assert (asked["message"], asked["order"]) == ("asked for <Digits: 4 digits>", 17)
    assert (asked["caller"], asked["destination"]) == ("1001", "5000")
    failed = next(each for each in lines if each["message"] == "the handler failed")
    assert failed["exc_info"].endswith("ValueError: two\nlines")
    assert failed["uuid"] == asked["uuid"]
    thread = next(each for each in lines if each["message"] == "thread look-up failed")
    assert thread["exc_info"].endswith("IndexError: pop from empty list")
    # (a uuid or a microsecond may have these digits by chance)
    assert not re.search(r"(?<![0-9a-f-])8769(?![0-9a-f-])", said)


def test_each_line_of_a_call_says_whose_it_is(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text(LOGS.format(configures=""))
    done = execute("call", str(app), "-v", "--press", "8769")
    lines = [line for line in done.stderr.decode().splitlines() if " INFO " in line]
    of_the_call = [line for line in lines if "asked for" in line or "call from" in line]
    assert len(of_the_call) == 2
    assert all(re.search(r" INFO +[0-9a-f-]{36} 1001>5000 ", line) for line in of_the_call)


def test_json_without_its_library_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pythonjsonlogger.py").write_text("raise ModuleNotFoundError(name=__name__)")
    code = "from eslsync.command_line.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "serve", IVR, "--log-format", "json"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    said = 'Error: --log-format json needs pythonjsonlogger: pip install "eslsync[json]"\n'
    assert (done.returncode, done.stderr) == (2, said)


def test_serve_answers_prometheus_and_probes() -> None:
    with subprocess.Popen(
        program("serve", IVR, "--port", "0", "--metrics", "127.0.0.1:0"),
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stderr is not None
        found = re.search(r"metrics on 127.0.0.1:(\d+)$", server.stderr.readline())
        assert found
        assert "listening on" in server.stderr.readline()
        base = f"http://127.0.0.1:{found[1]}"
        with urllib.request.urlopen(f"{base}/metrics", timeout=PATIENCE) as answer:
            assert b"\neslsync_calls_in_progress 0.0\n" in answer.read()
        with urllib.request.urlopen(f"{base}/readyz", timeout=PATIENCE) as answer:
            assert answer.status == 200
        server.send_signal(signal.SIGTERM)
        server.stderr.read()
    assert server.returncode == 0


@pytest.mark.parametrize(
    ("address", "status", "why"),
    [
        ("9100", 2, "an address is HOST:PORT, such as 127.0.0.1:9100, not '9100'"),
        ("no.such.host.invalid:9100", 1, "can't serve metrics on no.such.host.invalid:9100: "),
    ],
)
def test_metrics_need_an_address(address: str, status: int, why: str) -> None:
    done = execute("serve", IVR, "--metrics", address)
    assert done.returncode == status
    assert why in done.stderr.decode()


def test_a_port_in_use_is_reported_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = execute("serve", IVR, "--port", port)
    assert done.returncode == 1
    [line] = done.stderr.decode().splitlines()
    assert line == (
        f"Error: can't listen on 127.0.0.1 port {port}: Address already in use; choose another "
        "port, or stop the program that listens there (`ss -ltnp` names it)"
    )


#: Listens as somebody who is not root.
NOBODY = """
import encodings.idna, os, sys  # what nobody may not read
from eslsync.command_line.main import main
from eslsync.serving.outbound import Outbound


def start_as_nobody(app, **options):
    if os.getuid() == 0:
        os.setuid(65534)
    start(app, **options)


start, Outbound.start = Outbound.start, start_as_nobody
main(["serve", *sys.argv[1:]])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems say it in other words")
@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("no-such-host.invalid", "the host must be a name or an address of this machine; "),
        (70 * "x", "the host must be a name or an address of this machine; "),
        ("192.0.2.1", "Cannot assign requested address; the host must be an address of this "),
        ("127.0.0.1", "Permission denied; choose a port above 1023, or have systemd listen"),
    ],
)
def test_where_it_can_not_listen_is_said_in_one_line(host: str, said: str) -> None:
    first = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    if "Permission" in said and int(first.read_text()) <= 79:
        pytest.skip("here everybody may listen on ports below 1024")
    done = subprocess.run(
        [sys.executable, "-c", NOBODY, IVR, "--host", host, "--port", "79"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"Error: can't listen on {host} port 79: ")
    assert said in line


def test_what_a_function_of_on_start_raises_is_not_taken_for_a_busy_port(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text(
        "from eslsync import Outbound\n"
        "app = Outbound(print, port=0)\n"
        "@app.on_start\n"
        "def pool():\n"
        "    raise ConnectionRefusedError('no database')\n"
    )
    done = execute("serve", f"{app}:app")
    assert "can't listen" not in done.stderr.decode()
    assert "ConnectionRefusedError: no database" in done.stderr.decode()


@pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")
def test_two_sockets_from_systemd_are_one_too_many() -> None:
    code = (
        "import os, socket\n"
        "sock = os.dup(socket.create_server(('127.0.0.1', 0)).detach())\n"
        "os.dup2(sock, 3), os.dup2(sock, 4)\n"
        "os.environ.update(LISTEN_FDS='2', LISTEN_PID=str(os.getpid()))\n"
        "from eslsync.command_line.main import main\n"
        f"main(['serve', {IVR!r}])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "leave one ListenStream= in the socket unit" in done.stderr


def test_options_may_come_from_the_environment() -> None:
    code = (
        "from eslsync import Outbound\n"
        "def start(app, drain, **options):\n"
        "    print(app.port, app.allow, app.handler, drain)\n"
        "Outbound.start = start\n"
        "from eslsync.command_line.main import main\n"
        f"main(['serve', {IVR!r}, '--port', '5001'])\n"
    )
    settings = {
        "ESLSYNC_PORT": "5002",
        "ESLSYNC_ALLOW": "10.0.0.0/8 192.0.2.7",
        "ESLSYNC_HANDLER": "print",
        "ESLSYNC_DRAIN": "3",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
    )
    assert "has no 'print'" in done.stderr  # of ESLSYNC_HANDLER
    settings["ESLSYNC_HANDLER"] = "handler"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
    )
    assert re.fullmatch(
        r"5001 \('10.0.0.0/8', '192.0.2.7(/32)?'\) <function handler .*> 3.0\n", done.stdout
    ), done
    shown = run("serve", "--help").stdout
    assert set(re.findall("ESLSYNC_[A-Z_]+", shown)) > set(settings)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to send")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_stops_in_order(number: signal.Signals) -> None:
    with subprocess.Popen(
        program("serve", IVR, "--port", "0"), cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        assert re.search(r" INFO +listening on 127.0.0.1 port \d+$", server.stderr.readline())
        server.send_signal(number)
        said = server.stderr.read()
    assert server.returncode == 0
    assert "stopping; calls that are up: 0" in said
    assert "Traceback" not in said


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGUSR1")
def test_serve_prints_its_calls_on_sigusr1() -> None:
    with subprocess.Popen(
        program("serve", IVR, "--port", "0"), cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        server.stderr.readline()
        server.send_signal(signal.SIGUSR1)
        assert server.stderr.readline() == "0 calls\n"
        server.send_signal(signal.SIGTERM)
        server.stderr.read()
    assert server.returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGUSR1")
def test_the_calls_are_one_record_in_a_log_of_json() -> None:
    pytest.importorskip("pythonjsonlogger", reason="python-json-logger is missing")
    with subprocess.Popen(
        program("serve", IVR, "--port", "0", "--log-format", "json"),
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stderr is not None
        server.stderr.readline()
        server.send_signal(signal.SIGUSR1)
        record = json.loads(server.stderr.readline())
        assert (record["level"], record["message"]) == ("INFO", "0 calls")
        server.send_signal(signal.SIGTERM)
        assert [json.loads(line) for line in server.stderr]
    assert server.returncode == 0


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--allow", "10.0.0.1/8"], "host bits set"),
        (["--proxy-protocol", "haproxy.example.com"], "proxy_protocol: "),
        (["--when-full", "GO_AWAY"], "when_full must be"),
        (["--redact", "a=b"], "not a variable's name"),
        (["--max-calls", "0"], "max-calls"),
    ],
)
def test_invalid_options_of_serve_are_refused(option: list[str], said: str) -> None:
    done = execute("serve", IVR, *option)
    assert done.returncode == 2
    assert said in done.stderr.decode()


def test_serve_takes_the_options_of_an_outbound_in_the_file(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text(
        "from eslsync import Outbound\n"
        "app = Outbound(print, '127.0.0.1', 5999, max_calls=7, redact=['pin'])\n"
    )
    code = (
        "from eslsync import Outbound\n"
        "def start(app, drain, **options):\n"
        "    print(app.port, app.max_calls, app.redact, app.proxy_protocol, drain)\n"
        "Outbound.start = start\n"
        "from eslsync.command_line.main import main\n"
        f"main(['serve', {str(app)!r}, '--handler', 'app', '--redact', 'code', '--drain', '3', "
        "'--proxy-protocol', '10.0.0.5', '--proxy-protocol', '10.0.0.6'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "5999 7 ('pin', 'code') ('10.0.0.5', '10.0.0.6') 3.0\n", done.stderr

"""What Prometheus sees of calls, and the endpoint that it asks."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest

from eslsync import Outbound, Session, prometheus
from eslsync.observers import ObservedCall
from eslsync.prometheus import Endpoint, Metrics
from simulator import Call, FreeSwitch
from simulator.scripts.script import Script
from tests.support.cases import for_each
from tests.support.peer import PATIENCE
from tests.support.places import ROOT
from tests.support.servers import nothing, reserved, until

pytestmark = pytest.mark.usefixtures("programs_begin_warm")


def ivr(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.play_and_get_digits("ivr/ivr-please_enter_pin", min=4, max=4)
    channel.sleep(3.0)
    channel.wait("DTMF", timeout=10.0)
    channel.hangup()


def enters_a_pin(call: Call) -> None:
    call.press("4711", when_asked=True)
    call.press("1", when_asked=True)
    call.wait()


def figures(
    handler: Callable[[Session], Any],
    caller: Callable[[Call], Any] = lambda call: call.wait(),
    *,
    raises: bool = True,
    **options: Any,
) -> CollectorRegistry:
    """The figures after a call of this handler."""
    registry = CollectorRegistry()
    with FreeSwitch(raises=raises) as switch:
        caller(switch.call(Outbound(handler, observers=[Metrics(registry)], **options)))
    return registry


def value(registry: CollectorRegistry, name: str, **labels: str) -> float:
    found = registry.get_sample_value(f"eslsync_{name}", labels)
    assert found is not None, generate_latest(registry).decode()
    return found


def test_a_call_is_counted_and_timed() -> None:
    seen = figures(ivr, enters_a_pin)
    assert value(seen, "calls_taken_total") == 1
    assert value(seen, "calls_in_progress") == 0
    assert value(seen, "calls_ended_total", cause="NORMAL_CLEARING", handler="returned") == 1
    assert value(seen, "call_duration_seconds_count") == 1
    assert 3 < value(seen, "call_duration_seconds_sum") < 20
    assert value(seen, "call_answer_seconds_sum") == pytest.approx(0.02)
    assert value(seen, "call_setup_seconds_count") == 1
    assert value(seen, "application_seconds_sum", application="sleep") == pytest.approx(3, abs=0.1)
    assert value(seen, "wait_seconds_count", what="DTMF") == 1


def test_no_figure_has_a_digit_that_was_pressed_or_a_number() -> None:
    registry = figures(ivr, enters_a_pin)
    assert not re.search(r'"[^"]*4711', generate_latest(registry).decode())
    labels = {
        (name, label)
        for metric in registry.collect()
        for sample in metric.samples
        for name, label in sample.labels.items()
        if name != "le"
    }
    assert labels == {
        ("application", "answer"),
        ("application", "hangup"),
        ("application", "play_and_get_digits"),
        ("application", "sleep"),
        ("cause", "NORMAL_CLEARING"),
        ("handler", "returned"),
        ("what", "DTMF"),
    }


@pytest.mark.parametrize(
    ("handler", "cause", "how"),
    [
        (lambda session: session.channel.answer(), "GIVEN_BACK", "returned"),
        (lambda session: session.channel.hangup("USER_BUSY"), "USER_BUSY", "returned"),
        (lambda session: session.no_such, "GIVEN_BACK", "failed"),
    ],
)
def test_calls_end_by_cause_and_by_how_their_handler_did(
    handler: Callable[[Session], Any], cause: str, how: str
) -> None:
    seen = figures(handler, raises=False)
    assert value(seen, "calls_ended_total", cause=cause, handler=how) == 1


def test_refused_calls_are_counted_by_reason() -> None:
    registry = CollectorRegistry()
    with FreeSwitch() as switch:
        app = Outbound(
            lambda session: session.channel.wait("CHANNEL_HANGUP"),
            observers=[Metrics(registry)],
            max_calls=1,
        )
        switch.call(app)
        switch.call(app).wait()
        assert value(registry, "calls_in_progress") == 1
    assert value(registry, "calls_refused_total", reason="full") == 1
    assert value(registry, "calls_taken_total") == 1


def test_names_that_a_program_computes_are_not_endless_labels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prometheus, "NAMES", 2)

    def handler(session: Session) -> None:
        for application in ("answer", "eval", "log", "verbose_events", "eval"):
            session.channel.execute(application)

    seen = figures(handler)
    assert value(seen, "application_seconds_count", application="eval") == 2
    assert value(seen, "application_seconds_count", application="other") == 2


def test_a_handler_that_is_stuck_in_its_own_code_shows() -> None:
    registry = CollectorRegistry()
    longest: list[float] = []

    def handler(session: Session) -> None:
        import time

        session.channel.answer()
        longest.append(value(registry, "handler_running_seconds_max"))
        time.sleep(7)
        longest.append(value(registry, "handler_running_seconds_max"))

        @session.channel.on_dtmf("1")
        def look_up(digit: str) -> None:
            time.sleep(3)
            longest.append(value(registry, "handler_running_seconds_max"))

        session.channel.wait("DTMF")
        session.channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(Outbound(handler, observers=[Metrics(registry)]))
        call.press("1", when_asked=True)
        call.wait()
    assert longest == pytest.approx([0, 7, 3], abs=0.05)
    assert value(registry, "handler_running_seconds_max") == 0


ONE_OF_SEVERAL = """
from eslsync import Outbound
from eslsync.prometheus import Metrics
from simulator import FreeSwitch

with FreeSwitch() as switch:
    switch.call(Outbound(lambda session: None, observers=[Metrics()])).wait()
"""


def test_processes_that_share_a_folder_are_asked_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    for _ in range(2):
        subprocess.run([sys.executable, "-c", ONE_OF_SEVERAL], check=True, cwd=ROOT)
    with Endpoint("127.0.0.1:0") as endpoint:
        status, text = got(endpoint.port, "/metrics")
    assert status == 200
    assert "eslsync_calls_taken_total 2.0\n" in text
    assert "eslsync_calls_in_progress" not in text  # neither lives any more
    assert 'eslsync_calls_ended_total{cause="GIVEN_BACK",handler="returned"} 2.0\n' in text


KILLED = """
import os, signal
from eslsync import Outbound
from eslsync.prometheus import Metrics
from simulator import FreeSwitch

app = Outbound(lambda session: os.kill(os.getpid(), signal.SIGKILL), observers=[Metrics()])
with FreeSwitch() as switch:
    switch.call(app).wait()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_the_call_of_a_process_that_was_killed_is_not_in_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    assert subprocess.run([sys.executable, "-c", KILLED], cwd=ROOT).returncode == -9
    [file] = tmp_path.glob("gauge_livesum_*.db")
    alive = tmp_path / f"gauge_livesum_{os.getpid()}.db"
    shutil.copy(file, alive)  # as if this process had such a call, too
    with Endpoint("127.0.0.1:0") as endpoint:
        text = got(endpoint.port, "/metrics")[1]
        assert "eslsync_calls_in_progress 1.0\n" in text
        assert "eslsync_calls_taken_total 1.0\n" in text
        alive.unlink()
        assert "eslsync_calls_in_progress 1.0\n" not in got(endpoint.port, "/metrics")[1]


def test_an_app_may_be_loaded_again(tmp_path: Path) -> None:
    (tmp_path / "metered.py").write_text(
        "from eslsync import Outbound\n"
        "from eslsync.prometheus import Metrics\n"
        "app = Outbound(lambda session: None, observers=[Metrics()])\n"
    )
    before = REGISTRY.get_sample_value("eslsync_calls_taken_total") or 0
    for _ in range(2):
        Script(handler=str(tmp_path / "metered.py"), name="app").run()
    assert value(REGISTRY, "calls_taken_total") == before + 2


def test_nothing_runs_any_more_once_the_last_call_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    call = ObservedCall("", "", "", "", "", 0.0, 0.0)

    class EndsMeanwhile(Metrics):
        def longest_run(self) -> float:
            found = super().longest_run()
            self.ended(call, "returned", 0.0)
            return found

    registry = CollectorRegistry()
    metrics = EndsMeanwhile(registry)
    call.runs_since = 0.0
    metrics.taken(call, 0.0)
    for each in threading.enumerate():
        if each.name == "eslsync-metrics":
            each.join(PATIENCE)
    assert value(registry, "handler_running_seconds_max") == 0


def test_the_longest_run_is_told_once_there_are_threads_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    monkeypatch.setattr(prometheus, "UPDATE_INTERVAL", 0.001)
    first, second = (ObservedCall("", "", "", "", "", 0.0, 0.0) for _ in range(2))
    metrics = Metrics(CollectorRegistry())

    def fails(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as without:
        without.setattr(threading.Thread, "start", fails)
        with pytest.raises(RuntimeError):
            metrics.taken(first, 0.0)
    metrics.taken(second, 0.0)
    [thread] = [each for each in threading.enumerate() if each.name == "eslsync-metrics"]
    for each in (first, second):
        metrics.ended(each, "returned", 0.0)
    thread.join(PATIENCE)


# The endpoint


def got(port: int, path: str) -> tuple[int, str]:
    """The status and the text of an answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_endpoint_has_metrics_and_probes() -> None:
    registry = CollectorRegistry()
    app = Outbound(nothing, port=0, observers=[Metrics(registry)])
    with Endpoint("127.0.0.1:0", app, registry) as endpoint:
        assert got(endpoint.port, "/readyz") == (503, "Service Unavailable\n")
        assert got(endpoint.port, "/healthz") == (503, "Service Unavailable\n")
        with app:
            assert got(endpoint.port, "/readyz") == (200, "OK\n")
            assert got(endpoint.port, "/healthz") == (200, "OK\n")
            status, text = got(endpoint.port, "/metrics")
            assert status == 200
            assert "eslsync_calls_in_progress 0.0" in text
        assert got(endpoint.port, "/readyz")[0] == 503
        assert got(endpoint.port, "/calls")[0] == 404


def test_an_endpoint_asks_no_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda host: pytest.fail(f"asks for the name of {host}"))
    with Endpoint("127.0.0.1:0", registry=CollectorRegistry()) as endpoint:
        assert got(endpoint.port, "/metrics")[0] == 200


def test_a_client_that_says_nothing_holds_up_nobody() -> None:
    with (
        Endpoint("127.0.0.1:0", registry=CollectorRegistry()) as endpoint,
        socket.create_connection(("127.0.0.1", endpoint.port)),
    ):
        assert got(endpoint.port, "/metrics")[0] == 200


def test_clients_that_say_nothing_take_only_so_many_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prometheus, "MOST_REQUESTS", 2)
    with Endpoint("127.0.0.1:0", registry=CollectorRegistry()) as endpoint, ExitStack() as clients:
        silent = [
            clients.enter_context(socket.create_connection(("127.0.0.1", endpoint.port), PATIENCE))
            for _ in range(3)
        ]
        assert silent[2].recv(1) == b""
        silent[0].sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        while silent[0].recv(65536):
            pass
        silent[1].close()
        until(lambda: answers(endpoint.port))


def answers(port: int) -> bool:
    """True if there is a thread for the request."""
    try:
        return got(port, "/metrics")[0] == 200
    except OSError:
        return False


def test_an_endpoint_without_descriptors_rests_between_its_tries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[object] = []

    def fails(self: socket.socket) -> None:
        done.append("accept")
        raise OSError(errno.EMFILE, "Too many open files")

    with Endpoint("127.0.0.1:0", registry=CollectorRegistry()) as endpoint:
        monkeypatch.setattr(socket.socket, "accept", fails)
        monkeypatch.setattr("eslsync.prometheus.time.sleep", done.append)
        with socket.create_connection(("127.0.0.1", endpoint.port)):
            until(lambda: len(done) > 1)
    assert done[:2] == ["accept", prometheus.POLL_INTERVAL]


@for_each("address", ["9100", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:99999", ""])
def test_an_address_is_host_and_port(address: str) -> None:
    with pytest.raises(ValueError, match="an address is HOST:PORT, such as"):
        Endpoint(address)


@pytest.mark.skipif(not shutil.which("promtool"), reason="needs promtool (Debian's prometheus)")
def test_promtool_finds_nothing_to_blame() -> None:
    registry = figures(ivr, enters_a_pin)
    checked = subprocess.run(
        ["promtool", "check", "metrics"],
        input=generate_latest(registry),
        capture_output=True,
        check=False,
    )
    assert (checked.stdout, checked.stderr, checked.returncode) == (b"", b"", 0)


@pytest.mark.skipif(not shutil.which("prometheus"), reason="needs prometheus (of Debian)")
def test_a_real_prometheus_scrapes_it(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    with FreeSwitch() as switch:
        switch.call(Outbound(ivr, observers=[Metrics(registry)])).hangup()
    free = reserved()
    port = free.getsockname()[1]
    with free, Endpoint("127.0.0.1:0", registry=registry) as endpoint:
        config = tmp_path / "prometheus.yml"
        config.write_text(
            "scrape_configs:\n"
            "  - job_name: ivr\n"
            "    scrape_interval: 100ms\n"
            "    scrape_timeout: 100ms\n"
            f"    static_configs: [{{targets: ['127.0.0.1:{endpoint.port}']}}]\n"
        )
        options = {
            "config.file": config,
            "storage.tsdb.path": tmp_path / "data",
            "web.listen-address": f"127.0.0.1:{port}",
            "log.level": "error",
        }
        prometheus = subprocess.Popen(
            ["prometheus", *(f"--{name}={given}" for name, given in options.items())]
        )
        try:
            found: list[Any] = []

            def asked() -> bool:
                try:
                    status, text = got(port, "/api/v1/query?query=eslsync_calls_taken_total")
                except OSError:  # it starts
                    return prometheus.poll() is not None
                if status == 200:
                    found[:] = json.loads(text)["data"]["result"]
                return bool(found)

            until(asked)
        finally:
            prometheus.terminate()
            prometheus.wait(PATIENCE)
    assert [each["value"][1] for each in found] == ["1"]
    assert found[0]["metric"]["job"] == "ivr"

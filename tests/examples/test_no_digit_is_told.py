"""No digit that a caller presses is in a line of the log, a span or a metric of any example."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pytest

from eslsync import Outbound
from eslsync.logs import CallFilter
from eslsync.observers import Observer
from simulator.scripts.script import Script
from tests.support.places import EXAMPLES

SCRIPTS = sorted(EXAMPLES.glob("*.call.yaml"))
#: What varies, and happens to contain any number.
NOISE = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|0x[0-9a-f]+|port \d+"
    r"|\d+-\d+-\d+T[\d:.]+Z?|\d+\.\d+"
)
#: A key where keys might be told.
KEY = re.compile(r"(?i)(dtmf|digit|key|terminator|pin|invalid)\w*[\"'\]]*[ :=(]+[\"']?[0-9*#]")


#: Callers of examples/production: whether the database answers, and what they enter.
BALANCE = {
    "balance": (True, ["58235#", "4711#"]),
    "balance_after_a_wrong_pin": (True, ["58235#", "4713#", "58235#", "4711#"]),
    "balance_of_nobody": (True, ["58236#", "4711#", "58237#", "4712#", "58238#", "4713#"]),
    "balance_without_a_database": (False, ["58235#", "4711#"]),
}


def entries(text: str) -> set[str]:
    """What is typed as one entry, with two keys or more."""
    pressed = re.findall(r'(?:press|digits): "([0-9]{2,}#?)"', text)
    return {each.strip("#") for each in pressed}


def check(told: str, script: str) -> None:
    bare = NOISE.sub("", told)
    assert bare.strip()
    assert not [each for each in entries(script) if each in bare]
    assert not KEY.search(bare)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name.removesuffix(".call.yaml"))
def test_no_digit_is_told(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    script = Script.read(path)
    check_call(script, script.load(), path.read_text(encoding="utf-8"), caplog)


@pytest.mark.parametrize(("answers", "entered"), BALANCE.values(), ids=BALANCE)
def test_no_digit_is_told_in_production(
    answers: bool,
    entered: list[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is missing")
    pytest.importorskip("prometheus_client", reason="prometheus-client is missing")
    monkeypatch.syspath_prepend(str(EXAMPLES / "production"))
    from balance import app
    from balance.accounts import Accounts

    accounts = Accounts(f"sqlite://{tmp_path}/balance.db")
    if answers:
        accounts.open()
        accounts.add("58235", "4711", 5)
    monkeypatch.setattr(app, "accounts", accounts)
    steps = [f'{{press: {{digits: "{each}", when_asked: true}}}}' for each in entered]
    text = f"handler: balance.app:app\nsteps: [{', '.join(steps)}, wait]\n"
    check_call(Script.parse(text), app.app, text, caplog)
    assert ("no look-up" in caplog.text) is not answers


def check_call(script: Script, handler: Any, text: str, caplog: pytest.LogCaptureFixture) -> None:
    """Make a call, and look for what its caller presses in all that is told of it."""
    observers: list[Observer] = []

    trace = pytest.importorskip("opentelemetry.sdk.trace", reason="opentelemetry-sdk is missing")
    export = pytest.importorskip("opentelemetry.sdk.trace.export")
    in_memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    prometheus = pytest.importorskip("prometheus_client", reason="prometheus-client is missing")
    json_logs = pytest.importorskip("eslsync.json_logs", reason="python-json-logger is missing")
    from eslsync.opentelemetry import Traces
    from eslsync.prometheus import Metrics

    exporter, provider = in_memory.InMemorySpanExporter(), trace.TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    registry = prometheus.CollectorRegistry()
    observers = [Traces(provider), Metrics(registry)]

    caplog.set_level(logging.DEBUG)
    caplog.handler.addFilter(CallFilter())
    own = handler if isinstance(handler, Outbound) else Outbound(handler)
    script.run(own.replace(observers=observers))

    spans = [each.to_json() for each in exporter.get_finished_spans()]
    assert [each for each in spans if '"name": "call"' in each]
    check("\n".join(re.sub(r'"resource": .*', "", each, flags=re.DOTALL) for each in spans), text)
    check("\n".join(map(json_logs.JsonFormatter().format, caplog.records)), text)
    labels = re.findall(r"\{.*?\}", prometheus.generate_latest(registry).decode())
    check("\n".join(each for each in labels if 'le="' not in each), text)


def test_the_check_would_find_digits() -> None:
    for told in ("pin 4711", '{"dtmf": "4"}', "DTMF-Digit: 1", "digits='12'"):
        with pytest.raises(AssertionError):
            check(told, 'steps:\n  - press: "4711#"\n')

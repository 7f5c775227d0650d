"""No digit that a caller presses is in a line of the log, a span or a metric of any example."""

from __future__ import annotations

import logging
import re
from pathlib import Path

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


def entries(path: Path) -> set[str]:
    """What is typed as one entry, with two keys or more."""
    text = path.read_text(encoding="utf-8")
    pressed = re.findall(r'(?:press|digits): "([0-9]{2,}#?)"', text)
    return {each.strip("#") for each in pressed}


def check(told: str, path: Path) -> None:
    bare = NOISE.sub("", told)
    assert bare.strip()
    assert not [each for each in entries(path) if each in bare]
    assert not KEY.search(bare)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name.removesuffix(".call.yaml"))
def test_no_digit_is_told(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    script = Script.read(path)
    handler = script.load()
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
    check("\n".join(re.sub(r'"resource": .*', "", each, flags=re.DOTALL) for each in spans), path)
    check("\n".join(map(json_logs.JsonFormatter().format, caplog.records)), path)
    labels = re.findall(r"\{.*?\}", prometheus.generate_latest(registry).decode())
    check("\n".join(each for each in labels if 'le="' not in each), path)


def test_the_check_would_find_digits(tmp_path: Path) -> None:
    path = tmp_path / "x.call.yaml"
    path.write_text('steps:\n  - press: "4711#"\n')
    for told in ("pin 4711", '{"dtmf": "4"}', "DTMF-Digit: 1", "digits='12'"):
        with pytest.raises(AssertionError):
            check(told, path)

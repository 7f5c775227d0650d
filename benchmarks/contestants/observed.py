"""eslsync with the observers that the environment variable OBSERVERS names."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from eslsync import Outbound
from eslsync.observers import Observer

from .eslsync import HANDLERS, parse
from .running import run, stay

__all__ = ["KINDS"]


def empty() -> Observer:
    return Observer()


def prometheus() -> Observer:
    from eslsync.prometheus import Metrics

    return Metrics()


def api() -> Observer:
    from eslsync.opentelemetry import Traces

    return Traces()


def sdk() -> Observer:
    """With a batch of spans on their way to nobody, as to a collector."""
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

    from eslsync.opentelemetry import Traces

    class Nobody(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            return SpanExportResult.SUCCESS

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Nobody()))
    return Traces(provider)


KINDS: dict[str, Callable[[], Observer] | None] = {
    "none": None,
    "an empty one": empty,
    "Prometheus": prometheus,
    "OpenTelemetry, API alone": api,
    "OpenTelemetry with its SDK": sdk,
}


def serve(workload: str) -> None:
    kind = KINDS[os.environ["OBSERVERS"]]
    server = Outbound(HANDLERS[workload], port=0, observers=[] if kind is None else [kind()])
    server.start(block=False)
    stay(server.port)


if __name__ == "__main__":
    run(serve, parse)

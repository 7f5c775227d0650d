"""Traces of calls by OpenTelemetry's API (the extra ``opentelemetry``).

    app = Outbound(handler, observers=[Traces()])

A span a call, with a child for each application and each wait. The call's context is current in
its thread: spans that the handler begins, or an instrumented library in it, hang below. Without an
SDK that has set a tracer provider by the time the server starts, calls cost nothing more. No span
has a digit that a caller pressed, unless the handler puts it into the text of an exception.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from .extras import needs_extra
from .observers import (
    End,
    ObservedApplication,
    ObservedCall,
    ObservedWait,
    Observer,
    Outcome,
    Reason,
)
from .wire.enums import HangupCause

with needs_extra("opentelemetry", "eslsync.opentelemetry"):
    from opentelemetry import context, trace
    from opentelemetry.trace import Span, SpanKind, StatusCode, TracerProvider
    from opentelemetry.util.types import AttributeValue

__all__ = ["Traces"]

#: The providers of programs that have set none, whose spans nobody gets.
NO_PROVIDERS = (trace.ProxyTracerProvider, trace.NoOpTracerProvider)
#: How a handler, an application or a wait ended, if that is an error.
ERRORS = frozenset({"failed", "refused", "disconnected"})


class Trace:
    """The spans of one call: its own, and those of its applications and waits that go on."""

    __slots__ = ("children", "context", "span")

    def __init__(self, span: Span) -> None:
        self.span = span
        self.context = trace.set_span_in_context(span)
        self.children: dict[ObservedApplication | ObservedWait, Span] = {}


class Traces(Observer):
    """Traces the calls of the servers that it observes.

    ``tracer_provider`` is the SDK's (default: the program's own, `trace.set_tracer_provider`). The
    call's span is named "call"; its children have an application's name, or "wait DTMF". Attributes
    and events are listed in docs/guides/production.md#traces.
    """

    def __init__(self, tracer_provider: TracerProvider | None = None) -> None:
        self._provider = tracer_provider
        self._tracer = trace.get_tracer("eslsync", tracer_provider=tracer_provider)
        #: None for calls that are not sampled.
        self._traces: dict[ObservedCall, Trace | None] = {}

    def observes(self) -> bool:
        """False if nobody would get the spans."""
        return not isinstance(self._provider or trace.get_tracer_provider(), NO_PROVIDERS)

    def handling(self, call: ObservedCall) -> AbstractContextManager[object]:
        span = self._begin(call)
        self._traces[call] = Trace(span) if span.is_recording() else None
        return current(span)

    def turned_away(self, call: ObservedCall, reason: Reason, at: float) -> None:
        span = self._begin(call)
        span.set_attribute("call.refused", reason)
        span.end(moment(call, at))

    def application_began(
        self, call: ObservedCall, application: ObservedApplication, at: float
    ) -> None:
        about = {"call.application": application.name, "call.application.uuid": application.uuid}
        if application.leg != call.uuid:
            about["call.leg.uuid"] = application.leg
        self._begin_child(call, application, application.name, about)

    def application_ended(
        self, call: ObservedCall, application: ObservedApplication, outcome: Outcome, at: float
    ) -> None:
        self._end_child(call, application, outcome, at)

    def wait_began(self, call: ObservedCall, wait: ObservedWait, at: float) -> None:
        about = {"call.wait": wait.what, "call.wait.kind": wait.kind}
        self._begin_child(call, wait, f"wait {wait.what}", about)

    def wait_ended(
        self, call: ObservedCall, wait: ObservedWait, outcome: Outcome, at: float
    ) -> None:
        self._end_child(call, wait, outcome, at)

    def digit(self, call: ObservedCall, at: float) -> None:
        self._event(call, "digit", at)

    def answered(self, call: ObservedCall, after: float, at: float) -> None:
        self._event(call, "answered", at, {"call.answered_after": after})

    def hung_up(self, call: ObservedCall, cause: HangupCause | str, at: float) -> None:
        self._event(call, "hangup", at, {"call.hangup_cause": str(cause)})
        known = self._traces.get(call)
        if known is not None:
            known.span.set_attribute("call.hangup_cause", str(cause))

    def failed(self, call: ObservedCall, error: BaseException, at: float) -> None:
        known = self._traces.get(call)
        if known is not None:
            known.span.record_exception(error, timestamp=moment(call, at))

    def cut(self, call: ObservedCall, at: float) -> None:
        self._event(call, "cut", at)

    def given_back(self, call: ObservedCall, at: float) -> None:
        self._event(call, "given back", at)

    def ended(self, call: ObservedCall, how: End, at: float) -> None:
        if call not in self._traces:  # its handler was not called
            span = self._begin(call)
            self._traces[call] = Trace(span) if span.is_recording() else None
        known = self._traces.pop(call)
        if known is None:
            return
        for child in [*known.children]:  # whose end was dropped
            self._end(known.children.pop(child), call, "dropped", at)
        known.span.set_attribute("call.handler", how)
        self._end(known.span, call, how, at)

    # Spans

    def _begin(self, call: ObservedCall) -> Span:
        about: dict[str, AttributeValue] = {
            "call.uuid": call.uuid,
            "call.caller": call.caller,
            "call.destination": call.destination,
            "network.peer.address": call.switch,
        }
        if call.sip_call_id:
            about["sip.call_id"] = call.sip_call_id
        return self._tracer.start_span(
            "call",
            kind=SpanKind.SERVER,
            attributes=about,
            start_time=moment(call, call.connected),
        )

    def _begin_child(
        self,
        call: ObservedCall,
        child: ObservedApplication | ObservedWait,
        name: str,
        about: dict[str, str],
    ) -> None:
        known = self._traces.get(call)
        if known is not None:
            known.children[child] = self._tracer.start_span(
                name, known.context, attributes=about, start_time=moment(call, child.began)
            )

    def _end_child(
        self,
        call: ObservedCall,
        child: ObservedApplication | ObservedWait,
        outcome: Outcome,
        at: float,
    ) -> None:
        known = self._traces.get(call)
        span = None if known is None else known.children.pop(child, None)
        if span is not None:
            span.set_attribute("call.outcome", outcome)
            self._end(span, call, outcome, at)

    def _end(self, span: Span, call: ObservedCall, how: End | Outcome, at: float) -> None:
        if how in ERRORS:
            span.set_status(StatusCode.ERROR, how)
        span.end(moment(call, at))

    def _event(
        self,
        call: ObservedCall,
        name: str,
        at: float,
        about: dict[str, AttributeValue] | None = None,
    ) -> None:
        known = self._traces.get(call)
        if known is not None:
            known.span.add_event(name, about, moment(call, at))


@contextmanager
def current(span: Span) -> Iterator[None]:
    """Make it the current span of a call's thread, to its end.

    What follows the handler there, callbacks of `Session.on_hangup` and the last lines of the log,
    belongs to the call as well; and the thread has no other.
    """
    context.attach(trace.set_span_in_context(span))
    yield


def moment(call: ObservedCall, at: float) -> int:
    """A time of a call, in nanoseconds since 1970."""
    return int(call.wall(at) * 1e9)

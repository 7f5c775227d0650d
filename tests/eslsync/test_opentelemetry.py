"""Traces of whole calls, by OpenTelemetry's SDK and its exporter in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest

from eslsync import Event, Hangup, Outbound, Session
from simulator import Call, FreeSwitch
from tests.support.servers import dialled, serving

sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="opentelemetry-sdk is not installed")

from opentelemetry import trace  # noqa: E402
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider  # noqa: E402
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402
from opentelemetry.sdk.trace.export.in_memory_span_exporter import (  # noqa: E402
    InMemorySpanExporter,
)
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF  # noqa: E402

from eslsync.opentelemetry import Traces  # noqa: E402

START = "2026-01-05T09:00:00"
PIN = "8769"


class Traced:
    """A tracer provider, and what it has exported."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = self.provider.get_tracer("test")

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        return self.exporter.get_finished_spans()

    def named(self, name: str) -> ReadableSpan:
        [found] = [each for each in self.spans if each.name == name]
        return found

    def call(
        self, handler: Callable[[Session], object], script: Callable[[Call], object] = Call.wait
    ) -> ReadableSpan:
        """Call a handler; return the call's span."""
        with FreeSwitch(raises=False, start=START) as switch:
            script(switch.call(Outbound(handler, observers=[Traces(self.provider)])))
        return self.named("call")


@pytest.fixture
def traced() -> Traced:
    return Traced()


def below(span: ReadableSpan, parent: ReadableSpan) -> bool:
    assert span.context is not None
    assert parent.context is not None
    same = span.context.trace_id == parent.context.trace_id
    return same and span.parent is not None and span.parent.span_id == parent.context.span_id


def seconds(span: ReadableSpan) -> float:
    assert span.start_time is not None
    assert span.end_time is not None
    return (span.end_time - span.start_time) / 1e9


def about(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


def events(span: ReadableSpan) -> list[str]:
    return [each.name for each in span.events]


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.playback("ivr/ivr-welcome")
    channel.wait("DTMF", timeout=5)
    channel.hangup("USER_BUSY")


def press(call: Call) -> None:
    call.say_nothing(4.0)
    call.press("7")
    call.wait()


def test_a_call_is_a_span_with_a_child_for_each_application_and_wait(traced: Traced) -> None:
    call = traced.call(handler, press)
    told = about(call)
    assert told.pop("call.uuid")
    assert told.pop("network.peer.address") == "127.0.0.1"
    assert told == {
        "call.caller": "1001",
        "call.destination": "5000",
        "call.handler": "returned",
        "call.hangup_cause": "USER_BUSY",
    }
    assert call.kind is trace.SpanKind.SERVER
    assert call.status.status_code is trace.StatusCode.UNSET
    assert events(call) == ["answered", "digit", "hangup"]
    names = [each.name for each in traced.spans if below(each, call)]
    assert names[:3] == ["answer", "playback", "wait DTMF"]
    assert about(traced.named("wait DTMF"))["call.outcome"] == "completed"
    assert 1.5 < seconds(traced.named("wait DTMF")) < 2.5
    assert 4 <= seconds(call) < 4.5


def test_times_are_those_of_the_call(traced: Traced) -> None:
    call = traced.call(handler, press)
    assert call.start_time is not None
    nine = 1767603600  # 2026-01-05T09:00:00Z
    assert abs(call.start_time / 1e9 - nine) < 86400  # in any time zone
    other = Traced()
    again = other.call(handler, press)
    shown = [[(each.name, seconds(each)) for each in every.spans] for every in (traced, other)]
    assert shown[0] == shown[1]
    assert call.start_time == again.start_time


def test_spans_of_the_handler_and_its_callbacks_hang_below_the_call(traced: Traced) -> None:
    def query(name: str) -> None:
        with traced.tracer.start_as_current_span(name):
            pass

    def handler(session: Session) -> None:
        query("in the handler")

        @session.on("CHANNEL_ANSWER")
        def answered(event: Event) -> None:
            query("in a callback")

        @session.channel.on_dtmf("1")
        def one(digit: str) -> None:
            query("in a digit handler")

        @session.on_hangup
        def bill(hangup: Hangup) -> None:
            query("at the hangup")

        session.channel.answer()
        session.channel.playback("ivr/ivr-welcome")
        session.channel.hangup()

    def script(call: Call) -> None:
        call.say_nothing(1.0)
        call.press("1")
        call.wait()

    call = traced.call(handler, script)
    places = ("in the handler", "in a callback", "in a digit handler", "at the hangup")
    assert all(below(traced.named(each), call) for each in places)
    with traced.tracer.start_as_current_span("in the test"):
        pass
    assert traced.named("in the test").parent is None


def test_calls_at_one_time_are_traces_of_their_own(traced: Traced) -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        with traced.tracer.start_as_current_span(session.caller_number):
            session.channel.sleep(1)

    with FreeSwitch() as switch:
        app = Outbound(handler, observers=[Traces(traced.provider)])
        calls = [switch.call(app, caller=caller) for caller in ("1001", "1002")]
        for each in calls:
            each.wait()
    for span in [each for each in traced.spans if each.name == "call"]:
        mine = [each for each in traced.spans if below(each, span)]
        assert about(span)["call.caller"] in [each.name for each in mine]
        assert len({each.context.trace_id for each in [span, *mine] if each.context}) == 1


def test_the_handlers_exception_is_recorded(traced: Traced) -> None:
    def fails(session: Session) -> None:
        session.channel.answer()
        raise KeyError("no account")

    call = traced.call(fails)
    [error] = [each for each in call.events if each.name == "exception"]
    assert error.attributes is not None
    assert error.attributes["exception.type"] == "KeyError"
    assert "no account" in str(error.attributes["exception.stacktrace"])
    assert call.status.status_code is trace.StatusCode.ERROR
    assert (about(call)["call.handler"], events(call)[-1]) == ("failed", "given back")


def loses(session: Session) -> None:
    try:
        raise KeyError("no account")
    finally:
        session.channel.playback("bye")


def leaves_a_callback(session: Session) -> None:
    session.on_hangup(lambda hangup: loses(session))  # it runs when the handler has returned


@pytest.mark.parametrize("fails", [loses, leaves_a_callback])
def test_an_exception_that_the_hangup_has_replaced_is_recorded(
    fails: Callable[[Session], None], traced: Traced, caplog: pytest.LogCaptureFixture
) -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        with suppress(Hangup):
            session.channel.playback("ivr/ivr-welcome")
        fails(session)

    def script(call: Call) -> None:
        call.hear("ivr/ivr-welcome", start=True)
        call.hangup()

    call = traced.call(handler, script)
    [error] = [each for each in call.events if each.name == "exception"]
    assert error.attributes is not None
    assert error.attributes["exception.type"] == "KeyError"


def test_a_refused_application_is_an_error(traced: Traced) -> None:
    def handler(session: Session) -> None:
        with pytest.raises(Exception, match="refused"):
            session.channel.bridge("user/1000")

    with FreeSwitch(raises=False) as switch:
        switch.endpoint("user/1000", rejects="USER_BUSY")
        switch.call(Outbound(handler, observers=[Traces(traced.provider)])).wait()
    assert traced.named("bridge").status.status_code is trace.StatusCode.UNSET
    assert about(traced.named("call"))["call.handler"] == "failed"


def test_a_call_that_is_turned_away_is_a_span(traced: Traced) -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.sleep(3)

    with FreeSwitch(raises=False) as switch:
        app = Outbound(handler, max_calls=1, observers=[Traces(traced.provider)])
        for each in [switch.call(app), switch.call(app)]:
            each.wait()
    refused = [about(each).get("call.refused") for each in traced.spans if each.name == "call"]
    assert sorted(map(str, refused)) == ["None", "full"]


def test_a_real_server_traces_on_a_thread_of_its_own(traced: Traced) -> None:
    def handler(session: Session) -> None:
        with traced.tracer.start_as_current_span("query"):
            session.channel.playback("x")

    with serving(handler, observers=[Traces(traced.provider)]) as app, dialled(app) as peer:
        peer.handshake()
        peer.execute("playback")
        peer.say(*peer.tail())
        assert peer.hear_end() == []
        peer.end()
    call = traced.named("call")
    assert below(traced.named("query"), call)
    assert below(traced.named("playback"), call)
    assert about(call)["call.handler"] == "hangup"
    assert not [each for each in traced.spans if each.end_time is None]


def test_what_is_not_sampled_has_no_children() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=ALWAYS_OFF)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    traces = Traces(provider)
    with FreeSwitch() as switch:
        call = switch.call(Outbound(handler, observers=[traces]))
        press(call)
    assert exporter.get_finished_spans() == ()
    assert not vars(traces)["_traces"]


def test_without_an_sdk_nothing_is_observed() -> None:
    assert not Traces(trace.NoOpTracerProvider()).observes()
    assert Traces(TracerProvider()).observes()

"""Which events a connection is sent."""

from __future__ import annotations

from tests.support.model_call import ModelCall


def test_filters_include_and_exclude_events() -> None:
    call = ModelCall()
    call.send("connect")
    call.send("event plain all")
    call.send("filter Event-Name CHANNEL_ANSWER")
    call.execute("answer")
    call.wait(0.1)
    assert {each.name for each in call.sent if each.lane == "event"} == {"CHANNEL_ANSWER"}
    call.send("filter Event-Name /^CHANNEL_EXEC/")
    call.send("filter Event-Name -CHANNEL_EXECUTE")
    call.execute("log", "INFO hello")
    call.wait(0.1)
    assert call.ladder()[1:] == ["CHANNEL_EXECUTE_COMPLETE log"]


def test_noevents_and_nixevent_unsubscribe() -> None:
    call = ModelCall().answered()
    call.send("nixevent CHANNEL_EXECUTE")
    before = len(call.ladder())
    call.execute("log", "INFO hello")
    call.wait(0.1)
    assert call.ladder()[before:] == ["CHANNEL_EXECUTE_COMPLETE log"]
    assert call.send("noevents") == "+OK no longer listening for events"
    call.execute("log", "INFO hello")
    call.wait(0.1)
    assert len(call.ladder()) == before + 1


def test_after_all_each_subclass_stays_until_it_is_nixed() -> None:
    # mod_event_socket.c, set_all_custom
    call = ModelCall()
    call.send("connect")
    call.send("event plain all")
    call.send("nixevent TALK")
    call.send("nixevent CUSTOM my::other")
    for subclass in ("my::event", "my::other"):
        call.send("sendevent CUSTOM", f"Event-Subclass: {subclass}")
    call.wait(0.1)
    assert [each.get("Event-Subclass") for each in call.events("CUSTOM")] == ["my::event"]

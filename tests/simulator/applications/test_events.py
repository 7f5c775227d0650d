"""Events that an app makes: recording 11l."""

from __future__ import annotations

from tests.support.model_call import ModelCall


def test_an_app_fires_an_event_of_its_own() -> None:
    call = ModelCall().answered()
    call.execute("event", "Event-Name=CUSTOM,Event-Subclass=my::own,what=it is")
    call.wait(0.1)
    [event] = call.events("CUSTOM")
    assert event.get("Event-Subclass") == "my::own"
    assert event.get("what") == "it is"
    assert event.get("Unique-ID") == call.channel.uuid


def test_without_a_name_it_is_the_applications() -> None:
    call = ModelCall().answered()
    call.execute("event", "what=it is")
    call.wait(0.1)
    assert [each.get("what") for each in call.events("CHANNEL_APPLICATION")] == ["it is"]

"""An event is offered to the connections whose filters may let it through."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from simulator.event_socket.audience import Audience
from simulator.event_socket.selection import Selection
from simulator.model.events import Identity, SwitchEvent
from tests.support.model_call import ModelCall

SOURCE = Identity("c0")
NAMES = ["Unique-ID", "unique-id", "Event-Name"]
VALUES = ["a-leg", "A-LEG", "b-leg", "DTMF", "-b-leg", "/leg/"]
FILTERS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=3)


class Connected:
    """As much of a connection as an audience reads."""

    def __init__(self, *filters: tuple[str, str]) -> None:
        self.selection = Selection(ModelCall().switch)
        self.selection.filters = list(filters)


def event(name: str = "DTMF", **headers: str) -> SwitchEvent:
    own = [(key.replace("_", "-"), value) for key, value in headers.items()]
    return SwitchEvent(name, SOURCE, 0, 0, own=own)


def joined(*everybody: Any) -> Audience:
    audience = Audience(ModelCall().switch)
    for each in everybody:
        audience.join(each)
    return audience


def those(audience: Audience, event: SwitchEvent) -> list[Any]:
    """The connections that may want an event, in the order in which they joined."""
    return [control for _, control in sorted(audience.of(event).items())]


def may_want(connected: Connected, event: SwitchEvent) -> bool:
    if not connected.selection.filters or any(
        value[0] in "-/" for _, value in connected.selection.filters
    ):
        return True
    found = [(event.get(name) or "", value) for name, value in connected.selection.filters]
    return any(told.lower() == value.lower() for told, value in found)


@given(st.lists(FILTERS, max_size=5), st.data())
def test_nobody_who_may_want_an_event_is_left_out_whatever_was_filtered_before(
    everybody: list[list[tuple[str, str]]], data: st.DataObject
) -> None:
    here: list[Any] = [Connected(*filters) for filters in everybody]
    audience = joined(*here)
    for each in data.draw(st.lists(st.sampled_from(here), unique_by=id) if here else st.just([])):
        each.selection.filters = data.draw(FILTERS)
        audience.filtered(each)
    for gone in data.draw(st.lists(st.sampled_from(here), unique_by=id) if here else st.just([])):
        audience.leave(gone)
        here.remove(gone)
    told = event(Unique_ID=data.draw(st.sampled_from(["a-leg", "b-leg", "c-leg"])))
    assert those(audience, told) == [each for each in here if may_want(each, told)]
    assert list(audience) == here


def test_a_filter_given_twice_counts_once() -> None:
    twice: Any = Connected(("Unique-ID", "a-leg"), ("unique-id", "A-LEG"))
    audience = joined(twice)
    assert those(audience, event(Unique_ID="a-leg")) == [twice]
    audience.leave(twice)
    assert those(audience, event(Unique_ID="a-leg")) == []


def test_a_late_filter_does_not_bring_a_connection_back() -> None:
    gone: Any = Connected()
    audience = joined(gone)
    audience.leave(gone)
    gone.selection.filters = [("Unique-ID", "a-leg")]
    audience.filtered(gone)
    assert gone not in audience
    assert those(audience, event(Unique_ID="a-leg")) == []

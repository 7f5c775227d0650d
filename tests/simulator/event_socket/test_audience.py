"""An event gets to the connections whose filters let it through."""

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
    """As much of a connection as an audience knows of."""

    def __init__(self, *filters: tuple[str, str], got: list[Any] | None = None) -> None:
        self.selection = Selection(ModelCall().switch)
        self.selection.event(["ALL"])
        self.selection.filters = list(filters)
        self._got = [] if got is None else got

    def deliver(self, event: SwitchEvent) -> None:
        self._got.append(self)


def event(name: str = "DTMF", **headers: str) -> SwitchEvent:
    own = [(key.replace("_", "-"), value) for key, value in headers.items()]
    return SwitchEvent(name, SOURCE, 0, 0, own=own)


def joined(*everybody: Any) -> Audience:
    audience = Audience(ModelCall().switch)
    for each in everybody:
        audience.join(each)
    return audience


@given(st.lists(FILTERS, max_size=5), st.data())
def test_those_get_an_event_who_want_it_whatever_was_filtered_before(
    everybody: list[list[tuple[str, str]]], data: st.DataObject
) -> None:
    got: list[Any] = []
    here: list[Any] = [Connected(*filters, got=got) for filters in everybody]
    audience = joined(*here)
    for each in data.draw(st.lists(st.sampled_from(here), unique_by=id) if here else st.just([])):
        each.selection.filters = data.draw(FILTERS)
        audience.filtered(each)
    for gone in data.draw(st.lists(st.sampled_from(here), unique_by=id) if here else st.just([])):
        audience.leave(gone)
        here.remove(gone)
    told = event(Unique_ID=data.draw(st.sampled_from(["a-leg", "b-leg", "c-leg"])))
    audience.deliver(told)
    assert got == [each for each in here if each.selection.wants(told)]
    assert list(audience) == here


def test_a_filter_given_twice_counts_once() -> None:
    got: list[Any] = []
    twice: Any = Connected(("Unique-ID", "a-leg"), ("unique-id", "A-LEG"), got=got)
    audience = joined(twice)
    audience.deliver(event(Unique_ID="a-leg"))
    audience.leave(twice)
    audience.deliver(event(Unique_ID="a-leg"))
    assert got == [twice]


def test_a_late_filter_does_not_bring_a_connection_back() -> None:
    got: list[Any] = []
    gone: Any = Connected(got=got)
    audience = joined(gone)
    audience.leave(gone)
    gone.selection.filters = [("Unique-ID", "a-leg")]
    audience.filtered(gone)
    assert gone not in audience
    audience.deliver(event(Unique_ID="a-leg"))
    assert not got

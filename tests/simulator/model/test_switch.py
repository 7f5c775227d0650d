"""The switch: state that it keeps, and events that it hands out."""

from __future__ import annotations

from simulator.model.channel import Channel
from simulator.model.events import SwitchEvent
from simulator.model.switch import Switch
from tests.support.model_call import ModelCall


class Counter:
    """What an application might keep."""

    def __init__(self, switch: Switch) -> None:
        self.events = 0
        switch.consumers.append(self.count)

    def count(self, event: SwitchEvent) -> None:
        self.events += 1


def test_state_is_kept_by_type_for_each_switch() -> None:
    one, other = ModelCall().switch, ModelCall().switch
    assert one.state(Counter) is one.state(Counter)
    assert one.state(Counter) is not other.state(Counter)


def test_whoever_consumes_events_gets_all_of_them() -> None:
    call = ModelCall()
    before = call.switch.events_made
    counter = call.switch.state(Counter)
    call.answered()
    assert counter.events == call.switch.events_made - before - 1  # but the reply to connect


def test_a_channel_that_is_destroyed_is_told_and_forgotten() -> None:
    call = ModelCall().answered()
    gone: list[Channel] = []
    call.switch.when_destroyed.append(gone.append)
    call.channel.caller_hangs_up()
    call.wait(0.1)
    assert not gone  # the app still lingers
    call.control.closed()
    call.wait(0.1)
    assert gone == [call.channel]
    assert not call.switch.channels

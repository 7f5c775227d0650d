"""The model's states are those that the library knows, in one order."""

from __future__ import annotations

from eslsync import ChannelState
from simulator.model.states import State


def test_states_have_the_librarys_names_in_the_same_order() -> None:
    assert [str(state) for state in State] == [str(state) for state in ChannelState]


def test_from_hangup_on_a_channel_is_down() -> None:
    down = {str(state) for state in ChannelState if state.is_hangup}
    assert {str(state) for state in State if State.HANGUP <= state < State.NONE} == down

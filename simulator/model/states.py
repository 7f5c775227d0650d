"""The states a channel goes through, and the states of its call (switch_types.h)."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["CallState", "State"]


class State(IntEnum):
    """switch_channel_state_t. The order matters: what is from HANGUP on is down."""

    NEW = 0
    INIT = 1
    ROUTING = 2
    SOFT_EXECUTE = 3
    EXECUTE = 4
    EXCHANGE_MEDIA = 5
    PARK = 6
    CONSUME_MEDIA = 7
    HIBERNATE = 8
    RESET = 9
    HANGUP = 10
    REPORTING = 11
    DESTROY = 12
    NONE = 13

    def __str__(self) -> str:
        return f"CS_{self.name}"


class CallState(IntEnum):
    """switch_channel_callstate_t."""

    DOWN = 0
    DIALING = 1
    RINGING = 2
    EARLY = 3
    ACTIVE = 4
    HELD = 5
    RING_WAIT = 6
    HANGUP = 7
    UNHELD = 8

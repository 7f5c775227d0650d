"""The states of a channel, and how an operation on it ended (switch_types.h)."""

from __future__ import annotations

from enum import Enum, IntEnum

__all__ = ["State", "Status"]


class State(IntEnum):
    """switch_channel_state_t. The order matters: from HANGUP on, the channel is down."""

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


class Status(Enum):
    """switch_status_t, as far as the model returns it."""

    SUCCESS = "success"
    FALSE = "false"
    BREAK = "break"
    NOT_FOUND = "not found"
    TIMEOUT = "timeout"
    TOO_SMALL = "too small"
    RESTART = "restart"

"""How things fail: the exceptions that `eslsync` raises, under their own address."""

from .wire.exceptions import (
    CommandError,
    Disconnected,
    ESLError,
    Hangup,
    ProtocolError,
    TimeoutError,
)

__all__ = [
    "CommandError",
    "Disconnected",
    "ESLError",
    "Hangup",
    "ProtocolError",
    "TimeoutError",
]

"""The exceptions that `eslsync` raises, also under this name."""

from .wire.exceptions import (
    CommandError,
    Disconnected,
    ESLError,
    Hangup,
    ProtocolError,
    TimeoutError,
    Transferred,
)

__all__ = [
    "CommandError",
    "Disconnected",
    "ESLError",
    "Hangup",
    "ProtocolError",
    "TimeoutError",
    "Transferred",
]

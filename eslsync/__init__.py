"""FreeSWITCH's event socket, outbound mode, as plain blocking functions."""

from .channel import Channel, Execution
from .enums import ChannelState, HangupCause
from .exceptions import (
    CommandError,
    Disconnected,
    ESLError,
    Hangup,
    ProtocolError,
    TimeoutError,
)
from .job import Job
from .message import Event
from .outbound import Outbound
from .session import Session

__all__ = [
    "Channel",
    "ChannelState",
    "CommandError",
    "Disconnected",
    "ESLError",
    "Event",
    "Execution",
    "Hangup",
    "HangupCause",
    "Job",
    "Outbound",
    "ProtocolError",
    "Session",
    "TimeoutError",
]

"""FreeSWITCH's event socket, outbound mode, as plain blocking functions."""

from .applications.bridging import Bridged
from .applications.digits import Digits
from .applications.playing import Played
from .applications.recording import Recorded
from .channel import Channel
from .enums import (
    AnswerState,
    CallState,
    ChannelState,
    DialStatus,
    DTMFSource,
    HangupCause,
    HangupDisposition,
)
from .exceptions import (
    CommandError,
    Disconnected,
    ESLError,
    Hangup,
    ProtocolError,
    TimeoutError,
)
from .execution import Execution
from .job import Job
from .live import LiveCall
from .message import Event
from .outbound import Outbound
from .session import Session

__all__ = [
    "AnswerState",
    "Bridged",
    "CallState",
    "Channel",
    "ChannelState",
    "CommandError",
    "DTMFSource",
    "DialStatus",
    "Digits",
    "Disconnected",
    "ESLError",
    "Event",
    "Execution",
    "Hangup",
    "HangupCause",
    "HangupDisposition",
    "Job",
    "LiveCall",
    "Outbound",
    "Played",
    "ProtocolError",
    "Recorded",
    "Session",
    "TimeoutError",
]

"""FreeSWITCH's event socket, outbound mode, as plain blocking functions."""

from .applications.bridging import Bridged
from .applications.digits import Digits
from .applications.playing import Played
from .applications.recording import Recorded
from .call.execution import Execution
from .call.job import Job
from .call.watching import Wait, Watcher
from .channel import Channel
from .serving.live import LiveCall
from .serving.outbound import Outbound
from .session import Session
from .wire.enums import (
    AnswerState,
    CallState,
    ChannelState,
    DialStatus,
    DTMFSource,
    HangupCause,
    HangupDisposition,
)
from .wire.exceptions import (
    CommandError,
    Disconnected,
    ESLError,
    Hangup,
    ProtocolError,
    TimeoutError,
)
from .wire.message import Event

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
    "Wait",
    "Watcher",
]

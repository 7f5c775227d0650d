"""FreeSWITCH's event socket, outbound mode, as plain blocking functions."""

from .applications.speech import Recognition
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
    Transferred,
)
from .wire.message import Event
from .wire.outcomes import Bridged, Digits, Played, Recorded, Speech

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
    "Recognition",
    "Recorded",
    "Session",
    "Speech",
    "TimeoutError",
    "Transferred",
    "Wait",
    "Watcher",
]

"""FreeSWITCH's event socket, outbound mode, as plain blocking functions."""

from importlib import import_module

TYPE_CHECKING = False  # which typing's means for type checkers, too, without its import
if TYPE_CHECKING:
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

# Imported on first use: pytest loads this package in every project of an environment (the plugin),
# and `eslsync --help` needs no server.
_HOMES = {
    "AnswerState": "wire.enums",
    "Bridged": "wire.outcomes",
    "CallState": "wire.enums",
    "Channel": "channel",
    "ChannelState": "wire.enums",
    "CommandError": "wire.exceptions",
    "DTMFSource": "wire.enums",
    "DialStatus": "wire.enums",
    "Digits": "wire.outcomes",
    "Disconnected": "wire.exceptions",
    "ESLError": "wire.exceptions",
    "Event": "wire.message",
    "Execution": "call.execution",
    "Hangup": "wire.exceptions",
    "HangupCause": "wire.enums",
    "HangupDisposition": "wire.enums",
    "Job": "call.job",
    "LiveCall": "serving.live",
    "Outbound": "serving.outbound",
    "Played": "wire.outcomes",
    "ProtocolError": "wire.exceptions",
    "Recognition": "applications.speech",
    "Recorded": "wire.outcomes",
    "Session": "session",
    "Speech": "wire.outcomes",
    "TimeoutError": "wire.exceptions",
    "Transferred": "wire.exceptions",
    "Wait": "call.watching",
    "Watcher": "call.watching",
}

if not TYPE_CHECKING:

    def __getattr__(name):
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
        globals()[name] = value
        return value

    def __dir__():
        return sorted({*globals(), *__all__})

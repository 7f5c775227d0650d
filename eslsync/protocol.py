"""The event socket, for programs that speak it themselves: bytes to messages and back."""

from .wire.arguments import ARRAY, ARRAY_SEPARATOR
from .wire.event_names import EVENT_NAMES
from .wire.message import (
    ApiResponse,
    AuthRequest,
    CommandReply,
    ConnectReply,
    DisconnectNotice,
    Event,
    Format,
    LogData,
    Message,
    RudeRejection,
)
from .wire.protocol import (
    MAX_BODY,
    MAX_HEADERS,
    Command,
    CommandParser,
    Framer,
    Parser,
    encode_command,
    encode_message,
    quote,
)
from .wire.written_events import JsonEvent, XmlEvent

__all__ = [
    "ARRAY",
    "ARRAY_SEPARATOR",
    "EVENT_NAMES",
    "MAX_BODY",
    "MAX_HEADERS",
    "ApiResponse",
    "AuthRequest",
    "Command",
    "CommandParser",
    "CommandReply",
    "ConnectReply",
    "DisconnectNotice",
    "Event",
    "Format",
    "Framer",
    "JsonEvent",
    "LogData",
    "Message",
    "Parser",
    "RudeRejection",
    "XmlEvent",
    "encode_command",
    "encode_message",
    "quote",
]

"""The settings of an `Outbound`, as the parts of the server see them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ..clock import Clock
from ..session import Session
from ..wire.enums import HangupCause
from ..wire.message import Format
from ..wire.redaction import Redactor
from .access import Access

if TYPE_CHECKING:
    import socket

    from ..observers import Observer

__all__ = ["CLOSE", "Handler", "Settings"]

#: A function that handles one call.
Handler = Callable[[Session], Any]

#: The value of ``when_full`` that stops listening, instead of hanging up with a cause.
CLOSE = "close"


class Settings(Protocol):
    """An `Outbound`, whose docstring explains them."""

    handler: Handler
    host: str
    access: Access
    proxies: Access
    events: bool | Sequence[str]
    format: Format
    linger: bool | float
    max_calls: int | None
    when_full: HangupCause | str
    max_call_duration: float | None
    redactor: Redactor
    record: str | None
    record_limit: int
    sock: socket.socket | None
    observers: Sequence[Observer]
    clock: Clock

    @property
    def port(self) -> int: ...

    @property
    def allow(self) -> tuple[str, ...]: ...

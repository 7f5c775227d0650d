"""The exceptions that every wait raises."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any, TypeVar

from .enums import HangupCause
from .outcomes import Bridged, Digits, Played, Recorded
from .shown import in_a_line, in_a_log, in_quotes

if TYPE_CHECKING:
    from .message import Event, Message

__all__ = [
    "CommandError",
    "Disconnected",
    "ESLError",
    "Hangup",
    "ProtocolError",
    "TimeoutError",
    "Transferred",
]


T = TypeVar("T")

#: The maximum number of bytes shown of what a peer sent.
MAX_DATA = 200


class ESLError(Exception):
    """The base class of the exceptions that eslsync raises about a call."""


class EndsApplications(ESLError):
    """What ends applications with it: the common part of `Hangup` and `Transferred`.

    ``outcomes`` are the results of the applications that it ended, in the order in which they
    ended: what their methods would have returned. The other attributes find one of them by its
    type.
    """

    outcomes: tuple[object, ...] = ()

    @property
    def recorded(self) -> Recorded | None:
        """The recording that it ended: a message left by the caller; else None."""
        return self._last(Recorded)

    @property
    def bridged(self) -> Bridged | None:
        """The bridge that it ended, also while it still rang; else None."""
        return self._last(Bridged)

    @property
    def digits(self) -> Digits | None:
        """The digits that the caller had entered, if digits were being collected; else None."""
        return self._last(Digits)

    @property
    def played(self) -> Played | None:
        """The playing that it ended, as far as it came; else None."""
        return self._last(Played)

    def _last(self, kind: type[T]) -> T | None:
        return next((each for each in reversed(self.outcomes) if isinstance(each, kind)), None)


class Hangup(EndsApplications):
    """The call ended. It unwinds the handler; uncaught, it is a normal end of a call.

    ``cause`` is the hangup cause: a `HangupCause`, text for a cause that `HangupCause` lacks, or
    None if the switch never said. ``event`` is the last hangup event that arrived,
    CHANNEL_HANGUP_COMPLETE or CHANNEL_HANGUP; None if neither did.

    ``outcomes`` are the results of the applications that the hangup ended, in the order in which
    they ended: what their methods would have returned. `recorded`, `bridged`, `digits` and
    `played` find one of them by its type.
    """

    def __init__(
        self,
        cause: HangupCause | str | None = None,
        event: Event | None = None,
        outcomes: tuple[object, ...] = (),
    ) -> None:
        super().__init__(cause, event)
        self.cause = cause
        self.event = event
        self.outcomes = outcomes

    def __str__(self) -> str:
        return f"the call ended: {in_a_log(self.cause or 'no cause given')}"

    def __repr__(self) -> str:
        cause = self.cause
        known = repr(cause) if isinstance(cause, HangupCause) else in_quotes(cause)
        return f"{type(self).__name__}({known}, {self.event!r})"


class Disconnected(ESLError):
    """The control connection ended before the switch said that the call did."""


class Transferred(EndsApplications, Disconnected):
    """Somebody else has taken the channel out of its socket: the handler no longer serves it.

    The agent's phone has transferred the caller (REFER), or another client has, by
    ``uuid_transfer``; or the caller was bridged or parked by others, or by an application's own
    rule, such as a ``limit`` that was exceeded. The channel runs another extension by now, or talks
    to somebody. The method that was waiting raises it, and so does every later method of that
    channel; nothing more is done to the call (recordings 33a to 33h).

    ``event`` is the event that told it, ``extension`` the number that the channel was sent to
    (Caller-Destination-Number; None if it was bridged or parked). `bridged` and the other outcomes
    are those of the applications that it ended, as for `Hangup`.
    """

    def __init__(
        self,
        event: Event | None = None,
        extension: str | None = None,
        outcomes: tuple[object, ...] = (),
    ) -> None:
        super().__init__(event, extension)
        self.event = event
        self.extension = extension
        self.outcomes = outcomes

    def __str__(self) -> str:
        if self.extension is None:
            return "somebody else has bridged or parked the channel"
        return f"somebody else has transferred the channel to {in_a_log(self.extension)}"


class CommandError(ESLError):
    """FreeSWITCH refused a command, or failed to carry it out.

    ``command`` is the command as sent (redacted), ``reply`` the answer, and ``text`` the answer's
    text ("-ERR USER_BUSY"; redacted). ``hint`` says what to do about it, if that is known.
    """

    def __init__(self, command: str, reply: Message, text: str, hint: str = "") -> None:
        super().__init__(command, text, hint)  # without the reply, which may tell what is redacted
        self.command = command
        self.reply = reply
        self.text = text
        self.hint = hint

    def __repr__(self) -> str:
        told = (self.command, self.text, *([self.hint] if self.hint else []))
        return f"{type(self).__name__}({', '.join(map(in_quotes, told))})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.command, self.reply, self.text, self.hint)

    @property
    def cause(self) -> HangupCause | None:
        """The hangup cause that the answer names (a failed originate's does); else None."""
        known = HangupCause.known(self.text.removeprefix("-ERR").strip())
        return known if isinstance(known, HangupCause) else None

    def __str__(self) -> str:
        text = in_a_log(self.text)
        why = f"{text} ({self.hint})" if self.hint else text
        return f"{in_a_line(self.command)!r} was refused: {why}"


class TimeoutError(ESLError, builtins.TimeoutError):
    """A wait reached its own deadline; the call continues."""


class ProtocolError(ESLError):
    """The peer violated the event socket protocol. ``data`` is the start of what it sent."""

    def __init__(self, message: str, data: bytes | bytearray = b"") -> None:
        self.data = bytes(data[:MAX_DATA])
        super().__init__(message, self.data)

    def __str__(self) -> str:
        return f"{self.args[0]}: {self.data!r}" if self.data else str(self.args[0])


# Tracebacks and pickles name the module that users import them from.
for _each in (
    ESLError,
    Hangup,
    Disconnected,
    Transferred,
    CommandError,
    TimeoutError,
    ProtocolError,
):
    _each.__module__ = "eslsync.exceptions"

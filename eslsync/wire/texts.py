"""Text from a switch: bytes that are UTF-8, or claim to be.

A caller's phone may send its name in Latin-1 or CESU-8, and FreeSWITCH passes the bytes on. User
code gets text that can be printed and stored, with U+FFFD for what is not UTF-8; that text still
knows its bytes, so that sending it back sends what was received. Inside the library, text that has
to keep its bytes has surrogates for them instead (PEP 383).
"""

from __future__ import annotations

from typing import Any

__all__ = ["NotUTF8", "bytes_of", "lossless", "readable", "sendable", "without_line_end"]


class NotUTF8(str):
    """Text with U+FFFD where its bytes, ``raw``, are not UTF-8."""

    raw: bytes

    def __new__(cls, raw: bytes) -> NotUTF8:
        self = super().__new__(cls, raw.decode("utf-8", "replace"))
        self.raw = raw
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (self.raw,)


def readable(data: bytes) -> str:
    """Text for user code."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return NotUTF8(data)


def without_line_end(text: str) -> str:
    """The text without line breaks at its end, and still with its bytes."""
    return readable(text.raw.rstrip(b"\n")) if isinstance(text, NotUTF8) else text.rstrip("\n")


def lossless(data: bytes) -> str:
    """Text that keeps its bytes; for use inside the library."""
    return data.decode("utf-8", "surrogateescape")


def sendable(text: str | bytes) -> str:
    """Text or bytes of a user, as text that is sent as these bytes."""
    if isinstance(text, bytes):
        return lossless(text)
    return lossless(text.raw) if isinstance(text, NotUTF8) else text


def bytes_of(text: str) -> bytes:
    """The bytes of text that keeps them. Raises ValueError for half a surrogate pair."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        at = error.start
    # outside, since the error contains the text, which may be secret
    raise ValueError(
        f"half a surrogate pair can't be sent: {text[at]!r} at index {at}; join or replace such: "
        'text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")'
    )

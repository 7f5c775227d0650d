"""What a connection may cost before it is known to be a call of a switch that may call."""

from __future__ import annotations

from ..wire.protocol import MAX_HEADERS

__all__ = ["Probation"]

#: The largest body.
MAX_FIRST_BODY = 64 * 1024
#: The maximum bytes: the reply to `connect`, which has no body, and what follows it.
MAX_FIRST_BYTES = MAX_HEADERS + MAX_FIRST_BODY
#: Reads that bring all there is, without a rest, and how many bytes allow for one more: TCP's
#: smallest usual segments have 536. Further ones come one a rest, and bring what has arrived since.
MAX_FIRST_READS = 100
BYTES_A_READ = 256
#: The maximum messages: replies to the few commands that refuse a call, and events in between.
MAX_FIRST_MESSAGES = 100


class Probation:
    """Counts what a connection costs before it is admitted. The reader's thread only."""

    __slots__ = ("_bytes", "_messages", "_reads")

    max_body = MAX_FIRST_BODY

    def __init__(self) -> None:
        self._bytes = 0
        self._reads = 0
        self._messages = 0

    def note_read(self, size: int, *, all_there_is: bool) -> str | None:
        """Note a read. Returns the reason to read no more, if the bytes were too many."""
        self._bytes += size
        self._reads += all_there_is
        if self._bytes <= MAX_FIRST_BYTES:
            return None
        return f"{self._bytes} bytes, and no call that may be taken"

    @property
    def needs_rest(self) -> bool:
        """True if so many reads have brought so few bytes that the next has to wait."""
        return self._reads > MAX_FIRST_READS + self._bytes // BYTES_A_READ

    def note_messages(self, count: int) -> str | None:
        """Note complete messages. Returns the reason to read no more, if they were too many."""
        self._messages += count
        if self._messages <= MAX_FIRST_MESSAGES:
            return None
        return f"{self._messages} messages, and no call that may be taken"

"""Framing by hand: cut messages out of the bytes, and do nothing else."""

from __future__ import annotations

LENGTH = b"Content-Length: "


class Frames:
    """Keeps the bytes of an incomplete message."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the complete messages, each with its headers and its body."""
        if self._rest:
            data = self._rest + data
        messages = []
        start = 0
        while (end := data.find(b"\n\n", start) + 2) > 1:
            stated = data.find(LENGTH, start, end)
            if stated >= 0:
                end += int(data[stated + len(LENGTH) : data.find(b"\n", stated)])
                if end > len(data):
                    break
            messages.append(data[start:end])
            start = end
        self._rest = data[start:]
        return messages


def parse(pieces: list[bytes]) -> int:
    frames = Frames()
    return sum(len(frames.feed(piece)) for piece in pieces)

"""Which processes have a socket open, as Linux shows it in /proc."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import suppress

__all__ = ["has_open", "others_with"]


def has_open(pid: int, sock: socket.socket) -> bool | None:
    """True if that process has the socket open; None if that can't be seen.

    It can't for processes of other users, nor elsewhere than on Linux. A process that is gone has
    nothing open.
    """
    name = f"socket:[{os.fstat(sock.fileno()).st_ino}]"
    folder = f"/proc/{pid}/fd"
    try:
        descriptors = os.listdir(folder)
    except (FileNotFoundError, ProcessLookupError):
        return False if os.path.isdir("/proc/self/fd") else None
    except OSError:
        return None
    for each in descriptors:
        with suppress(OSError):  # closed in the meantime
            if os.readlink(f"{folder}/{each}") == name:
                return True
    return False


def others_with(sock: socket.socket) -> Iterator[int]:
    """The other processes that have the socket open, those of other users left out."""
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid() and has_open(int(name), sock):
            yield int(name)

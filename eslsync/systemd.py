"""What systemd passes to a service, and is told by it: sockets, and that it is ready.

A blocking `Outbound.start()` in the main thread tells it by itself, and ``eslsync serve`` also
takes its sockets (docs/guides/production.md). A program of one's own accepts from them with::

    [sock] = listen_sockets()
    Outbound(handler, sock=sock).start()

Both protocols are a few environment variables (sd_listen_fds(3), sd_notify(3)). They are taken out
of the environment when they are first used, so that no child believes that they are for it.
"""

from __future__ import annotations

import array
import logging
import os
import socket
from collections.abc import Iterable
from functools import cache

__all__ = ["listen_sockets", "notify", "watchdog_interval"]

logger = logging.getLogger("eslsync")

#: The first descriptor that systemd passes.
FIRST = 3
#: Seconds that a message may wait for room in systemd's queue.
SEND_TIMEOUT = 1.0


def listen_sockets(name: str | None = None) -> list[socket.socket]:
    """The sockets that systemd listens on for this process, in the order of its unit file.

    ``name`` selects those of one FileDescriptorName, which is by default the name of the socket
    unit. Empty if none was passed. They are the same at every call, and not a child's.
    """
    pid, sockets = passed()
    if pid != os.getpid():
        return []
    return [sock for each, sock in sockets if name in (None, each)]


@cache
def passed() -> tuple[int, list[tuple[str, socket.socket]]]:
    """This process, and what was passed to it: names and sockets."""
    number = os.environ.pop("LISTEN_FDS", "")
    meant = os.environ.pop("LISTEN_PID", "")
    names = os.environ.pop("LISTEN_FDNAMES", "").split(":")
    if meant != str(os.getpid()) or not number.isdecimal():
        return os.getpid(), []
    sockets = []
    for index in range(int(number)):
        descriptor = FIRST + index
        name = names[index] if index < len(names) else "unknown"
        try:
            os.set_inheritable(descriptor, False)
            sockets.append((name, socket.socket(fileno=descriptor)))
        except OSError as error:  # a FIFO, say
            logger.debug("descriptor %d (%s) is no socket: %s", descriptor, name, error)
    return os.getpid(), sockets


class Manager:
    """Who has started this process as a service, and wants to be told how it is."""

    def __init__(self, address: str, watchdog: float | None) -> None:
        self.pid = os.getpid()
        self.watchdog = watchdog
        self._address = address
        self._told = False  # that it can't be reached
        # Kept open, so that the watchdog is fed even when there are no descriptors left.
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sock.settimeout(SEND_TIMEOUT)

    def close(self) -> None:
        self._sock.close()

    def send(self, message: str, descriptors: list[int]) -> bool:
        """Send it; False, and a warning the first time, if that is impossible."""
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))
        try:
            self._sock.sendmsg([message.encode()], [rights][: len(descriptors)], 0, self._address)
        except OSError as error:
            if not self._told:
                logger.warning("systemd can't be told (NOTIFY_SOCKET): %s", error)
            self._told = True
            return False
        return True


manager: Manager | None = None


def present() -> Manager | None:
    """The manager, if there is one and this is the process that it has started."""
    global manager
    address = os.environ.get("NOTIFY_SOCKET", "")
    # "@" stands for the NUL byte of Linux's abstract sockets; other kinds are for machines
    if address[:1] in ("/", "@") and hasattr(socket, "AF_UNIX"):
        if manager is not None:
            manager.close()
        manager = Manager(address.replace("@", "\0", 1) if address[0] == "@" else address, taken())
        del os.environ["NOTIFY_SOCKET"]
    return manager if manager is not None and manager.pid == os.getpid() else None


def taken() -> float | None:
    """Take the watchdog's period in seconds out of the environment."""
    microseconds = os.environ.pop("WATCHDOG_USEC", "")
    meant = os.environ.pop("WATCHDOG_PID", "")
    if not microseconds.isdecimal() or meant not in ("", str(os.getpid())):
        return None
    return int(microseconds) / 1_000_000 or None


def notify(*lines: str, sockets: Iterable[socket.socket] = ()) -> bool:
    """Tell systemd, for instance ``notify("STATUS=loading prompts")``.

    sd_notify(3) lists the lines that it knows, and passes ``sockets`` with "FDSTORE=1". Returns
    False if this process is no service that it listens to (no NOTIFY_SOCKET, or a child of it), or
    if it can't be reached.
    """
    service = present()
    descriptors = [each.fileno() for each in sockets]
    return service is not None and service.send("\n".join(lines), descriptors)


def watchdog_interval() -> float | None:
    """Seconds within which systemd expects ``notify("WATCHDOG=1")``; None if it does not."""
    service = present()
    return None if service is None else service.watchdog

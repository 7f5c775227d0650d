"""The service manager's side of sd_notify(3), for tests: what a service tells."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from eslsync import systemd
from tests.support.peer import PATIENCE

SOCKET_ACTIVATE = shutil.which("systemd-socket-activate") or ""
needs_systemd = pytest.mark.skipif(
    not SOCKET_ACTIVATE,
    reason="needs systemd's systemd-socket-activate and systemd-analyze (apt install systemd)",
)


class ServiceManager:
    """Listens for what a service tells it; ``address`` is for NOTIFY_SOCKET."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sock.bind(address.replace("@", "\0", 1) if address[0] == "@" else address)
        self._sock.settimeout(PATIENCE)

    def hear(self) -> list[str]:
        """The lines of the next message."""
        return self._sock.recv(4096).decode().split("\n")

    def hear_until(self, line: str) -> list[str]:
        """All lines up to this one."""
        lines: list[str] = []
        while line not in lines:
            lines += self.hear()
        return lines

    def rest(self) -> list[str]:
        """All lines that were told by now."""
        lines: list[str] = []
        self._sock.setblocking(False)
        try:
            while True:
                lines += self.hear()
        except BlockingIOError:
            return lines
        finally:
            self._sock.settimeout(PATIENCE)

    def close(self) -> None:
        self._sock.close()


@contextmanager
def service_manager(address: str = "") -> Iterator[ServiceManager]:
    """A manager that listens meanwhile, and is forgotten by this process then."""
    with tempfile.TemporaryDirectory() as folder:
        manager = ServiceManager(address or os.path.join(folder, "notify"))
        try:
            yield manager
        finally:
            manager.close()
            forget()


def forget() -> None:
    """Have this process be no service any more."""
    if systemd.manager is not None:
        systemd.manager.close()
    systemd.manager = None

"""Servers with several calls or none, and threads beside the test."""

from __future__ import annotations

import logging
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from eslsync import Outbound, Session
from eslsync.serving import inspection
from tests.support.peer import PATIENCE, Peer, Watched


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for the sockets of `eslsync calls`: not there yet, and of a short name.

    Other servers of the user's are not seen, whatever else runs.
    """
    folder = tempfile.mkdtemp(prefix="eslsync-", dir="/tmp")
    monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
    monkeypatch.setattr(inspection, "TEMPORARY", f"{folder}/of-{{}}")
    monkeypatch.setattr(inspection, "RUNTIME", f"{folder}/no-{{}}")
    yield Path(folder, "eslsync")
    shutil.rmtree(folder)


def reserved() -> socket.socket:
    """A socket on which nobody listens, and whose port nobody else is given meanwhile.

    A program that is told the port may listen there, until this socket does.
    """
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", 0))
    return sock


@contextmanager
def serving(handler: Callable[[Session], Any], **options: Any) -> Iterator[Outbound]:
    """A started `Outbound`, for tests of more than one call or of none."""
    inspection = options.pop("inspection", False)
    app = Outbound(handler, port=0, clock=Watched(), **options)
    app.start(block=False, inspection=inspection)
    with app:
        yield app


@contextmanager
def dialled(app: Outbound, **options: Any) -> Iterator[Peer]:
    """A connection to a server of `serving`, from the switch's end."""
    assert isinstance(app.clock, Watched)
    peer = Peer(app, clock=app.clock, **options)
    with peer.sock:
        yield peer


def refused(app: Outbound) -> bool:
    """True if nobody listens on the server's port."""
    try:
        socket.create_connection((app.host, app.port), timeout=PATIENCE).close()
    except ConnectionError:  # refused, or reset when the socket is closed in this moment
        return True
    return False


def messages(caplog: pytest.LogCaptureFixture, level: int = logging.INFO) -> list[str]:
    """What was logged at that level or above."""
    return [record.getMessage() for record in caplog.records if record.levelno >= level]


class Beside:
    """Runs something in a thread beside the test; `join` raises what it raised."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self.failure: BaseException | None = None
        self.thread = threading.Thread(target=self._run, name="beside the test")
        self.thread.start()

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - raised again by join()
            self.failure = error

    def join(self) -> None:
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        if self.failure is not None:
            raise self.failure


def in_another_thread(work: Callable[[], Any]) -> Any:
    """Run this in another thread; return its result, or the exception that it raised."""
    done: list[Any] = []

    def run() -> None:
        try:
            done.append(work())
        except Exception as error:  # noqa: BLE001 - the caller looks at it
            done.append(error)

    thread = threading.Thread(target=run, name="another")
    thread.start()
    thread.join(PATIENCE)
    return done[0]


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition that other threads bring about; fail if they don't."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"nobody has brought it about for {PATIENCE:g} s"
        threading.Event().wait(0.001)


def is_turned_away(peer: Peer, cause: str) -> None:
    """Check that the call is hung up, and that the app closes only after the switch (14b2)."""
    peer.connect()
    hangup = peer.serve("sendmsg")
    assert hangup.get("call-command") == "hangup"
    assert hangup.get("hangup-cause") == cause
    peer.hear_nothing()
    peer.say(peer.notice(lingers=False))
    peer.end()
    assert peer.hear_end() == []


def nothing(session: Session) -> None:
    """A handler that returns at once."""


class Blocking(threading.Event):
    """An event that sets another when somebody waits for it."""

    def __init__(self, blocked: threading.Event) -> None:
        super().__init__()
        self._blocked = blocked

    def wait(self, timeout: float | None = None) -> bool:
        self._blocked.set()
        return super().wait(timeout)

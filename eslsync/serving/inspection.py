"""Shows a server's calls to other processes of the same user: `eslsync calls`.

Each server has a Unix socket, in a folder that only its user may enter. Whoever connects gets one
JSON document, and the socket is closed. One reader is served at a time, in a thread of its own,
which rests between them, so that neither slow nor eager readers cost calls anything.
"""

from __future__ import annotations

import json
import logging
import os
import selectors
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .. import forks
from ..clock import REAL, here

__all__ = ["NoAnswer", "ask", "folders", "inspected", "is_supported", "sockets"]

logger = logging.getLogger("eslsync")

SUFFIX = ".sock"
#: The folders of a user, by number, where XDG_RUNTIME_DIR is not set, and where it is, by default.
TEMPORARY, RUNTIME = "/tmp/eslsync-{}", "/run/user/{}/eslsync"
#: Seconds for a reader to take a document, and for a server to answer: 5,000 calls take 1 s.
TIMEOUT = 5.0
#: A server makes documents for at most one part in so many of its time.
REST = 10
#: Seconds until the next try when no reader can be accepted: out of descriptors, for example.
ACCEPT_PAUSE = 1.0
#: Readers that may wait for their turn.
BACKLOG = 16
#: Bytes sent at a time, and the most of a document that are read: that of 100,000 calls.
CHUNK, MOST = 65_536, 100_000_000


class NoAnswer(Exception):
    """A server that runs does not answer; the message says why."""


def is_supported() -> bool:
    """True if the system, and Python on it, has Unix sockets."""
    return hasattr(socket, "AF_UNIX") and hasattr(os, "geteuid")


def folders() -> list[Path]:
    """Where servers of this user have their sockets: in the first that can be used.

    Programs that are not started from a login lack XDG_RUNTIME_DIR.
    """
    given = os.environ.get("XDG_RUNTIME_DIR", "")
    runtime = [Path(given, "eslsync")] if os.path.isabs(given) else []
    return [*runtime, Path(TEMPORARY.format(os.geteuid()))]


def sockets(failures: list[str]) -> list[Path]:
    """The sockets of this user's servers. Adds to ``failures`` what is wrong with a folder."""
    found: list[Path] = []
    for folder in dict.fromkeys([*folders(), Path(RUNTIME.format(os.geteuid()))]):
        try:
            check(folder)
            found += sorted(each for each in folder.glob(f"*{SUFFIX}") if each.is_socket())
        except FileNotFoundError:
            pass
        except OSError as error:
            failures.append(f"its sockets are not asked: {error}")
    return found


def check(folder: Path) -> None:
    """Raise OSError unless a folder is this user's, and nobody else may enter it."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(f"{folder} is not a folder")
    if found.st_uid != os.geteuid():
        raise PermissionError(f"{folder} belongs to another user")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise PermissionError(f"others may enter {folder}: chmod 700 {folder}")


# The server's side


@contextmanager
def inspected(look: Callable[[], object]) -> Iterator[None]:
    """Answer readers in this block with what ``look`` returns; log it if that is impossible."""
    if not is_supported():
        logger.info("eslsync calls can't show this server: the system has no Unix sockets")
        yield
        return
    failures = []
    for folder in folders():
        inspection = Inspection(look)
        try:
            inspection.open(folder)
            break
        except (OSError, RuntimeError) as error:  # RuntimeError: no thread can be started
            failures.append(str(error))
    else:
        logger.warning("eslsync calls can't show this server: %s", "; ".join(failures))
        yield
        return
    try:
        yield
    finally:
        inspection.close()


class Inspection:
    """A Unix socket that answers with a JSON document."""

    def __init__(self, look: Callable[[], object]) -> None:
        self._look = look
        self._gate = forks.gate()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="eslsync-inspection", daemon=True)

    def open(self, folder: Path) -> None:
        """Listen in a folder. Raises OSError if that is impossible."""
        folder.mkdir(mode=0o700, exist_ok=True)
        check(folder)
        name = f"{os.getpid()}-{os.urandom(3).hex()}"
        hidden, path = folder / f".{name}", folder / f"{name}{SUFFIX}"
        self._path: Path | None = path
        with self._gate:
            self._sock = socket.socket(socket.AF_UNIX)
            self._wake, self._woken = socket.socketpair()
            self._selector = selectors.DefaultSelector()
            self._peer: socket.socket | None = None
            forks.register(self)
        try:
            self._sock.bind(str(hidden))
            self._sock.listen(BACKLOG)
            self._sock.setblocking(False)
            self._selector.register(self._woken, selectors.EVENT_READ)
            self._thread.start()
            hidden.rename(path)  # so that one that refuses connections is nobody's any more
        except BaseException:
            hidden.unlink(missing_ok=True)
            self.close()
            raise

    def close(self) -> None:
        """End, and remove the socket. A reader who is being answered is cut off."""
        self._closing = True
        self._wake.close()
        if self._thread.ident is None:
            self._release()
        else:
            self._thread.join(TIMEOUT)
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def let_go(self) -> None:
        """In a forked child, whose parent has the socket."""
        self._path = None
        self._release()

    def _release(self) -> None:
        for each in (self._sock, self._wake, self._woken, self._selector, self._peer):
            if each is not None:
                each.close()

    # In its thread

    def _run(self) -> None:
        with here.busy:
            try:
                while self._wait_for(self._sock, selectors.EVENT_READ, None):
                    self._serve()
            finally:
                self._release()

    def _serve(self) -> None:
        """Answer the next reader, if there is one."""
        try:
            with self._gate:
                self._peer, _ = self._sock.accept()
        except OSError as error:  # gone, or too many descriptors are open
            logger.debug("eslsync calls was not answered: %s", error)
            self._selector.select(ACCEPT_PAUSE)
            return
        began = REAL.now()
        took = 0.0
        with self._peer:
            try:
                document = json.dumps(self._look()).encode()
            except Exception:
                logger.exception("eslsync calls was not answered")
            else:
                took = REAL.now() - began
                with suppress(OSError):  # the reader is gone
                    self._peer.setblocking(False)
                    self._send(self._peer, document)
        self._peer = None
        if not self._closing:
            self._selector.select(took * (REST - 1))

    def _send(self, peer: socket.socket, document: bytes) -> None:
        deadline = REAL.now() + TIMEOUT
        left = memoryview(document)
        while left and self._wait_for(peer, selectors.EVENT_WRITE, deadline - REAL.now()):
            left = left[peer.send(left[:CHUNK]) :]

    def _wait_for(self, sock: socket.socket, what: int, timeout: float | None) -> bool:
        """Wait until a socket is ready; False after the timeout, or when it is to end."""
        try:
            self._selector.register(sock, what)
        except OSError:  # the system's limit on watched descriptors: it may be ready
            return not self._closing
        try:
            ready = self._selector.select(timeout)
        finally:
            self._selector.unregister(sock)
        return bool(ready) and not self._closing


# The reader's side


def ask(path: Path, timeout: float = TIMEOUT) -> dict[str, Any] | None:
    """The document of a server; None if it has ended, and then its socket is removed.

    Raises NoAnswer.
    """
    deadline = REAL.now() + timeout
    with socket.socket(socket.AF_UNIX) as sock:
        try:
            connect(sock, path, deadline)
            parts = bytearray()
            while len(parts) <= MOST:
                sock.settimeout(max(0.001, deadline - REAL.now()))
                part = sock.recv(CHUNK)
                if not part:
                    break
                parts += part
        except (FileNotFoundError, ConnectionRefusedError):
            path.unlink(missing_ok=True)
            return None
        except TimeoutError:
            raise NoAnswer(f"it does not answer within {timeout:g} s") from None
        except OSError as error:
            raise NoAnswer(str(error)) from None
    if not parts:
        return None  # it ends just now
    try:
        found: dict[str, Any] = json.loads(parts)
    except ValueError:
        raise NoAnswer("it has not finished its answer") from None
    return found


def connect(sock: socket.socket, path: Path, deadline: float) -> None:
    """Connect; as long as too many others wait for their turn, try again until the deadline."""
    while True:
        try:
            sock.settimeout(max(0.001, deadline - REAL.now()))
            return sock.connect(str(path))
        except BlockingIOError:
            if REAL.now() >= deadline:
                raise TimeoutError from None
            REAL.pause(0.05)

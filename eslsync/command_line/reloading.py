"""`eslsync serve --reload`: new calls have the code as it is now, and calls that are up go on.

This process keeps the listening socket, watches the project, and runs `eslsync serve` in others
(reloaded.py), as systemd would do it: each tells when it takes calls (NOTIFY_SOCKET), and then the
one before it stops. None of the user's code runs here.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from ..clock import REAL
from ..extras import needs_extra
from ..importing import file_at, package_of
from ..loading import AppName
from ..serving.listening import bar
from ..serving.signals import Signals
from .reloaded import CHILD, DRAIN

with needs_extra("reload", "--reload"):
    from watchfiles import PythonFilter, watch

__all__ = ["project_of", "supervise"]

logger = logging.getLogger("eslsync")

#: What whoever has started this process has passed to it, and is not for its children.
PASSED = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID"}
#: Milliseconds between two looks at the children.
LOOK_INTERVAL = 100
#: Most bytes of a message.
MESSAGE = 4096


def supervise(app: AppName, drain: float, sock: socket.socket | None) -> int:
    """Serve the app until Ctrl-C or SIGTERM; return the exit status.

    Raises LoadError if there is no such file: there would be nothing to watch.
    """
    with tempfile.TemporaryDirectory(prefix="eslsync-") as folder:
        return Supervisor(folder, drain, sock).run(project_of(app))


def project_of(app: AppName) -> Path:
    """The folder to watch: of a module the current one, of a file that above its packages."""
    return package_of(file_at(Path(app.where)))[0] if app.is_file else Path()


class Process:
    """A child that serves calls, or will."""

    def __init__(self, address: str, sock: socket.socket | None) -> None:
        self._hears = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._hears.bind(address)
        self._hears.setblocking(False)
        passed = {"NOTIFY_SOCKET": address, CHILD: "" if sock is None else str(sock.fileno())}
        own = {name: each for name, each in os.environ.items() if name not in PASSED}
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "eslsync", *sys.argv[1:]],
            env={**own, **passed},
            pass_fds=[] if sock is None else [sock.fileno()],
        )
        self.is_ready = False  # it has taken calls
        self.is_asked = False  # to stop

    @property
    def number(self) -> int:
        return self._popen.pid

    @property
    def status(self) -> int | None:
        """The exit status, as a shell says it; None while it runs."""
        status = self._popen.poll()
        return status if status is None or status >= 0 else 128 - status

    def ask(self) -> None:
        """Have it take no more calls, and end with its last; asked again, it cuts them."""
        self.is_asked = True
        self._popen.terminate()

    def show(self) -> None:
        """Have it print its calls."""
        if self.is_ready:
            self._popen.send_signal(signal.SIGUSR1)

    def hear(self) -> tuple[set[str], list[int]]:
        """The lines that it has told since the last time, and descriptors with them."""
        lines: set[str] = set()
        descriptors: list[int] = []
        while True:
            try:
                message, passed, _, _ = socket.recv_fds(self._hears, MESSAGE, 1)
            except BlockingIOError:
                return lines, descriptors
            lines.update(message.decode().split("\n"))
            descriptors += passed

    def close(self, *, kill: bool = False) -> None:
        """Forget it, after its end or with it."""
        if kill:
            self._popen.kill()
        self._popen.wait()
        self._hears.close()


class Supervisor:
    """Keeps the socket, and one process that takes calls; those before it have theirs to end."""

    def __init__(self, folder: str, drain: float, sock: socket.socket | None) -> None:
        self._folder = folder
        self._drain = drain
        self._sock = sock
        self._processes: list[Process] = []  # the latest is the last
        self._started = 0  # how many
        self._has_served = False  # one of them could start
        self._asked = 0  # how often to stop
        self._cut_at: float | None = None  # once that was heeded: when calls are cut

    def run(self, project: Path) -> int:
        """Watch the project, and serve; return the exit status."""
        signals = Signals(self._ask, self._show)
        # Nothing has changed at the first turn, but from then on no change is missed.
        logging.getLogger("watchfiles").setLevel(logging.WARNING)
        turns = watch(
            project, watch_filter=PythonFilter(), rust_timeout=LOOK_INTERVAL, yield_on_timeout=True
        )
        try:
            with signals:
                for changes in turns:
                    signals.say()
                    if self._asked:
                        self._stop()
                    elif changes or not self._started:
                        self._start(sorted(path for _, path in changes))
                    status = self._look()
                    if status is not None:
                        return status
        finally:
            signals.restore()
            turns.close()
            for each in self._processes:
                each.close(kill=True)
        raise AssertionError("the watcher has ended")

    # A signal's handler

    def _ask(self) -> None:
        self._asked += 1

    def _show(self) -> str:
        for each in self._processes:
            each.show()
        return ""

    # The loop

    def _start(self, changed: Iterable[str]) -> None:
        """Start a process with the code as it is now; one that starts already is too late."""
        for path in changed:
            logger.info("%s has changed", path)
        for each in self._processes:
            if not (each.is_ready or each.is_asked):
                each.ask()
        self._started += 1
        address = os.path.join(self._folder, str(self._started))
        self._processes.append(Process(address, self._sock))

    def _stop(self) -> None:
        """Have all take no more calls, and cut theirs when the time is over or asked again."""
        if self._cut_at is None:
            if self._sock is not None:
                bar(self._sock)  # whoever would wait now, would wait in vain
            self._cut_at = REAL.now() + self._drain
            for each in self._processes:
                if not each.is_asked:
                    each.ask()
        if self._asked > 1 or REAL.now() >= self._cut_at:
            self._asked, self._cut_at = 1, REAL.now() + DRAIN
            for each in self._processes:
                each.ask()

    def _look(self) -> int | None:
        """See what the processes have told, and which have ended; the exit status to end with."""
        for each in list(self._processes):
            self._hear(each)
            status = each.status
            if status is None:
                continue
            self._processes.remove(each)
            each.close()
            if each.is_asked:
                continue
            if not self._has_served:
                return status or 1
            self._tell_end(each, status)
        return 0 if self._asked and not self._processes else None

    def _hear(self, process: Process) -> None:
        lines, descriptors = process.hear()
        for descriptor in descriptors:
            self._sock = socket.socket(fileno=descriptor)
        if "READY=1" in lines:
            process.is_ready = self._has_served = True
            for before in self._processes[: self._processes.index(process)]:
                if not before.is_asked:
                    before.ask()
            logger.info("process %d takes new calls, with the code as it is now", process.number)

    def _tell_end(self, process: Process, status: int) -> None:
        what = "has ended" if process.is_ready else "could not start"
        if any(each.is_ready and not each.is_asked for each in self._processes):
            then = "calls go on with the code as it was"
        else:
            then = "calls wait until a file changes"
        logger.error("process %d %s, with status %d: %s", process.number, what, status, then)

"""Python programs that begin warm: forked from a process that has imported what they need.

A Python that starts and imports `eslsync` or the simulator takes half a second of CPU; most
programs that tests start take a tenth of that for what they are there for. With the fixture
`programs_begin_warm` they are forked from a Python that has done it once. They are processes all
the same, with signals, standard streams, a folder, an environment and an exit status of their own.
What a fresh Python imports, and from where, is for tests of their own, which start one:
tests/eslsync/test_starting.py, test_own_simulator.py, test_pytest_plugin.py.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any

import pytest
from _pytest.config import default_plugins

from tests.support.places import ROOT

__all__ = ["Popen", "programs_begin_warm"]

#: What a warm Python has imported. (Not prometheus_client, which looks at the environment then.)
IMPORTED = {
    "ours": """
        eslsync.command_line.main eslsync.command_line.serve eslsync.json_logs eslsync.loading
        eslsync.serving.inspection eslsync.serving.outbound
        simulator.calling.freeswitch simulator.command_line.call simulator.ladders.svg
        simulator.phone.keeping simulator.phone.live simulator.phone.paced
        simulator.phone.rehearsing simulator.phone.sound colorlog encodings.idna pythonjsonlogger
    """,
    # nothing of ours: its runs are there for what the plugin imports, and from where
    "pytest": " ".join(["freezegun", "yaml", *(f"_pytest.{each}" for each in default_plugins)]),
}
#: Which Python runs what: modules (``python -m``) and code (``python -c``).
PROGRAMS = {
    **dict.fromkeys(["-c", "eslsync", "gunicorn", "simulator.phone.child"], "ours"),
    "pytest": "pytest",
}
#: Longest request: the environment is most of it.
MOST = 1 << 17


class Warm:
    """The process that forks."""

    def __init__(self, kind: str) -> None:
        self.environment = dict(os.environ)
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, kind, str(theirs.fileno())],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # signals to our group are not for it
            )
        atexit.register(self.end)

    def fork(self, request: Mapping[str, object], streams: list[int]) -> tuple[int, socket.socket]:
        """The ID of a process, and where its status will come from."""
        # Both come there, so threads that ask at the same time don't take each other's.
        status, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            said = json.dumps(request).encode()
            socket.send_fds(self._socket, [said], [*streams, theirs.fileno()])
        return int(status.recv(100)), status

    def end(self) -> None:
        self._socket.close()
        self._process.wait()


warm = cache(Warm)  # of each kind one, once somebody asks for it


def for_python(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith("PYTHON")}


class Popen(subprocess.Popen[Any]):
    """`subprocess.Popen`, which has those of `PROGRAMS` forked that need nothing unusual."""

    _status: socket.socket | None = None

    def _execute_child(self, args: Any, *more: Any) -> None:
        (_, preexec, _, pass_fds, folder, given, _, _, _), pipes = more[:9], more[9:15]
        environment = dict(os.environ if given is None else given)
        arguments = arguments_of(args)
        kind = PROGRAMS.get(next((each for each in arguments if each != "-m"), ""))
        if (
            kind is None
            or preexec
            or pass_fds
            or for_python(environment) != for_python(warm(kind).environment)
        ):
            super()._execute_child(args, *more)  # type: ignore[misc]
            return
        request = {
            "arguments": arguments,
            "folder": os.path.abspath(folder or "."),
            "environment": environment,
            "new_session": more[20],
        }
        wanted = pipes[0], pipes[3], pipes[5]  # the program's ends; -1: it has ours
        streams = [number if end == -1 else end for number, end in enumerate(wanted)]
        self.pid, self._status = warm(kind).fork(request, streams)
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]

    def poll(self) -> int | None:
        if self._status is None:
            return super().poll()
        if self.returncode is None and select.select([self._status], [], [], 0)[0]:
            self._end()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self._status is None:
            return super().wait(timeout)
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                assert timeout is not None
                raise subprocess.TimeoutExpired(self.args, timeout)
            self._end()
        return self.returncode

    def _end(self) -> None:
        assert self._status is not None
        with self._waitpid_lock:  # type: ignore[attr-defined]
            if self.returncode is None:
                self.returncode = int(self._status.recv(100))
                self._status.close()


def arguments_of(args: object) -> list[str]:
    """Those of a new Python; empty for other programs, and where nothing can be forked."""
    if not (hasattr(os, "fork") and isinstance(args, list) and args[:1] == [sys.executable]):
        return []
    given = [str(each) for each in args[1:]]
    if given and given[0].startswith("-m") and given[0] != "-m":  # -mpytest
        given[:1] = ["-m", given[0][2:]]
    return given


@pytest.fixture
def programs_begin_warm(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is started with `subprocess` is forked, if it is Python and nothing is unusual."""
    monkeypatch.setattr(subprocess, "Popen", Popen)


def serve(requests: socket.socket) -> Mapping[str, Any] | None:
    """Fork for each request, which is returned in the new process; None once nobody asks."""
    statuses: dict[int, socket.socket] = {}
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    while True:
        ready: list[int] = select.select([requests.fileno(), woken], [], [])[0]
        if woken in ready:
            os.read(woken, 100)
        if requests.fileno() in ready:
            said, streams, _, _ = socket.recv_fds(requests, MOST, 4)
            if not said:
                return None
            pid = os.fork()
            if not pid:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for number in range(3):
                    os.dup2(streams[number], number)
                for each in (woken, wakes, *streams, *(s.fileno() for s in statuses.values())):
                    os.close(each)
                requests.close()
                found: Mapping[str, Any] = json.loads(said)
                return found
            statuses[pid] = socket.socket(fileno=streams.pop())
            for each in streams:
                os.close(each)
            statuses[pid].send(str(pid).encode())
        while statuses:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            with statuses.pop(pid) as told:
                told.send(str(os.waitstatus_to_exitcode(status)).encode())


def main() -> None:
    for each in IMPORTED[sys.argv[1]].split():
        try:
            importlib.import_module(each)
        except ImportError:
            pass  # a library that is missing, or an earlier one
    gc.collect()
    gc.freeze()  # the memory is shared longer
    request = serve(socket.socket(fileno=int(sys.argv[2])))
    if request is not None:
        become(**request)


def become(
    arguments: list[str], folder: str, environment: dict[str, str], new_session: bool
) -> None:
    """Be the process that was asked for."""
    if new_session:
        os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    if sys.stdout.isatty():
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    for each in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[each]
    how, what, *rest = arguments
    sys.argv[1:] = rest
    if how == "-m":
        sys.path[0] = folder
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = ""
        sys.argv[0] = "-c"
        program = ModuleType("__main__")
        sys.modules["__main__"] = program
        exec(compile(what, "<string>", "exec"), vars(program))


if __name__ == "__main__":
    main()

"""A forked child speaks on none of its parent's calls, and keeps nothing of it alive."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from eslsync import Session, forks
from eslsync.serving import inspection
from simulator.calling.leaks import descriptors
from tests.support.peer import PATIENCE
from tests.support.servers import dialled, nothing, refused, runtime, serving, until

__all__ = ["runtime"]

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="it has no fork"),
    pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning"),
]


class Child:
    """A forked child that does ``work``, and goes on until `end`."""

    def __init__(self, work: Callable[[], Any] = lambda: None) -> None:
        self._said, say = os.pipe()
        ended, self._end = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:  # only os._exit leaves here: what pytest has is the parent's
            try:
                os.close(self._end)
                try:
                    said = repr(work())
                except BaseException as error:  # noqa: BLE001 - the parent looks at it
                    said = repr(error)
                os.write(say, said.encode() or b" ")
                os.read(ended, 1)
            finally:
                os._exit(0)
        os.close(say)
        os.close(ended)

    def said(self) -> str:
        """What its work returned or raised."""
        return os.read(self._said, 65536).decode()

    def end(self) -> None:
        os.close(self._said)
        os.close(self._end)
        os.waitpid(self.pid, 0)


@contextmanager
def forked(work: Callable[[], Any] = lambda: None) -> Iterator[Child]:
    child = Child(work)
    try:
        yield child
    finally:
        child.end()


def sockets() -> set[str]:
    return {each for each in descriptors().values() if "socket" in each or "eventpoll" in each}


def test_a_child_has_no_descriptor_of_its_parents_server(tmp_path: Path) -> None:
    before = sockets()
    with (
        serving(lambda session: session.wait("DTMF"), record=tmp_path) as app,
        dialled(app) as peer,
        dialled(app) as knocking,
    ):
        peer.handshake()
        knocking.hear("connect")
        tests = {os.readlink(f"/proc/self/fd/{each.sock.fileno()}") for each in (peer, knocking)}
        with forked(lambda: sockets() - before - tests) as child:
            assert child.said() == "set()"
        for each in (knocking, peer):
            each.end()
            each.hear_end()


def test_a_full_server_stops_listening_and_listens_again_beside_a_child() -> None:
    options: dict[str, Any] = {"max_calls": 1, "when_full": "close"}
    with serving(lambda session: session.wait("DTMF"), **options) as app, forked():
        with dialled(app) as peer:
            peer.handshake()
            until(lambda: refused(app))
            peer.end()
            peer.hear_end()
        until(lambda: not refused(app))
        app.stop()
        assert refused(app)
        with app.replace(port=app.port) as again:
            assert not refused(again)


def test_a_child_of_a_handler_ends_without_ending_the_call() -> None:
    def handler(session: Session) -> None:
        def use_it() -> list[str]:
            failures = []
            for use in (
                lambda: session.send("getvar x"),
                lambda: session.channel.playback("x"),
                lambda: session.wait("DTMF"),
                session.channel.hangup,
            ):
                try:
                    failures.append(repr(use()))
                except Exception as error:  # noqa: BLE001 - told to the parent
                    failures.append(type(error).__name__)
            assert app.calls == app.stop() == ()
            return failures

        with forked(use_it) as child:
            said.append(child.said())
            session.channel.playback("x")

    said: list[str] = []
    with serving(handler) as app, dialled(app) as peer:
        peer.handshake()
        peer.run("playback")
        assert peer.hear_end() == []
        peer.end()
    assert said == [repr(["Disconnected"] * 4)]


def test_a_call_ends_though_a_child_lives() -> None:
    with serving(lambda session: session.wait("DTMF")) as app, dialled(app) as peer:
        peer.handshake()
        with forked():
            peer.say(*peer.tail())
            assert peer.hear_end() == []
            peer.end()


def serve_a_call() -> str:
    """Serve a call, as a child does that has servers of its own."""
    with serving(lambda session: session.channel.playback("y")) as app, dialled(app) as peer:
        peer.handshake()
        peer.run("playback")
        peer.end()
        return str(peer.hear_end())


def test_a_child_can_serve_calls_itself() -> None:
    with serving(nothing), forked(serve_a_call) as child:
        assert child.said() == "'[]'"


def test_locks_that_were_held_are_free_in_the_child() -> None:
    lock = forks.lock()
    with lock, forked(lambda: lock.acquire(blocking=False)) as child:
        assert child.said() == "True"


def test_a_fork_waits_until_a_descriptor_is_stored() -> None:
    def open_it() -> None:
        with gate:
            opening.set()
            assert forking.wait(PATIENCE)
            stored.append("the descriptor")

    gate, forking, opening = forks.gate(), threading.Event(), threading.Event()
    stored: list[str] = []
    os.register_at_fork(before=forking.set)  # called first, as it is the last that registers
    thread = threading.Thread(target=open_it)
    thread.start()
    assert opening.wait(PATIENCE)
    with forked(lambda: (stored, gate.locked())) as child:
        assert child.said() == "(['the descriptor'], False)"
    thread.join()
    assert not gate.locked()


def test_processes_of_a_handler_leave_its_call_alone() -> None:
    def handler(session: Session) -> None:
        process = context.Process(target=os.getpid, daemon=True)
        process.start()
        process.join()
        codes.append(process.exitcode)

    codes: list[int | None] = []
    context: Any = multiprocessing.get_context("fork")
    with serving(handler) as app, dialled(app) as peer:
        peer.handshake()
        peer.run("set")
        assert peer.hear_end() == []
        peer.end()
    assert codes == [0]


def test_other_programs_inherit_nothing() -> None:
    with serving(lambda session: session.wait("DTMF")) as app, dialled(app) as peer:
        peer.handshake()
        found = [
            each
            for each, what in descriptors().items()
            if ("socket" in what or "eventpoll" in what) and is_inheritable(each)
        ]
        assert found == []
        peer.end()
        peer.hear_end()


def is_inheritable(descriptor: int) -> bool:
    try:
        return os.get_inheritable(descriptor)
    except OSError:  # the listing's own
        return False


def test_a_childs_server_is_inspected_besides_its_parents(runtime: Path) -> None:
    def serve() -> int:
        with serving(nothing, inspection=True) as app:
            assert len(list(runtime.iterdir())) == 2
            return app.port

    with serving(nothing, inspection=True) as app:
        [path] = runtime.iterdir()
        with forked(serve) as child:
            assert child.said().isdecimal()
            assert list(runtime.iterdir()) == [path], "a child removes its own socket only"
            found = inspection.ask(path)
            assert found is not None
            assert (found["pid"], found["port"]) == (os.getpid(), app.port)


def test_a_lock_that_a_thread_is_just_getting_is_free_in_a_child() -> None:
    lock = forks.lock()
    waits, goes_on = threading.Event(), threading.Event()

    def get_it() -> None:
        waits.set()
        with lock:
            goes_on.wait(PATIENCE)

    before = sys.getswitchinterval()
    sys.setswitchinterval(PATIENCE)  # no thread runs until another one waits
    try:
        lock.acquire()
        thread = threading.Thread(target=get_it)
        thread.start()
        waits.wait(PATIENCE)
        lock.release()  # the thread gets it now, and can't go on
        for _ in range(1_000_000):
            pass
        with forked(lambda: lock.acquire(timeout=1.0)) as child:
            said = child.said()
    finally:
        sys.setswitchinterval(before)
        goes_on.set()
        thread.join()
    assert said == "True"

"""A server whose system has run out of something."""

from __future__ import annotations

import errno
import logging
import selectors
import threading
from typing import Any

import pytest

from eslsync.serving.server import Server
from tests.support.servers import dialled, messages, nothing, serving


def test_running_out_of_descriptors_logs_one_line_and_delays_the_connection(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def exhausted(self: Server) -> Any:
        if failures:
            raise failures.pop()
        return original(self)

    failures = [OSError(errno.EMFILE, "Too many open files"), ConnectionAbortedError()]
    original = Server.get_request
    monkeypatch.setattr(Server, "get_request", exhausted)
    monkeypatch.setattr("eslsync.serving.server.ACCEPT_PAUSE", 0.01)
    with serving(nothing) as app, dialled(app) as peer:
        peer.handshake()
        peer.run("set")
        peer.hear_end()
        peer.end()
    [told] = messages(caplog, logging.WARNING)
    assert "Too many open files" in told


def test_a_thread_that_cannot_start_costs_one_call(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def exhausted(thread: threading.Thread) -> None:
        if thread.name.startswith("eslsync-call") and failures:
            raise failures.pop()
        original(thread)

    failures = [RuntimeError("can't start new thread")]
    original = threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", exhausted)
    with serving(nothing) as app:
        with dialled(app) as unlucky:
            assert unlucky.hear_end() == []
        with dialled(app) as peer:
            peer.handshake()
            peer.run("set")
            peer.hear_end()
            peer.end()
    assert "can't start new thread" in messages(caplog, logging.ERROR)[0]


def test_a_connection_that_cannot_be_watched_costs_one_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(nothing) as app:
        monkeypatch.setattr(selectors.DefaultSelector, "register", no_space)
        with dialled(app) as unlucky:
            unlucky.hear_end()
        monkeypatch.undo()
        with dialled(app) as peer:
            peer.handshake()
            peer.run("set")
            peer.hear_end()
            peer.end()


def no_space(*arguments: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")

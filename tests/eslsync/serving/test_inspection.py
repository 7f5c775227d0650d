"""Other processes of the same user see a server's calls, and can't hurt them."""

from __future__ import annotations

import errno
import json
import logging
import os
import selectors
import socket
import stat
import threading
from pathlib import Path
from typing import ClassVar

import pytest

from eslsync import Session
from eslsync.serving import inspection
from eslsync.serving.inspection import NoAnswer, ask, inspected, sockets
from tests.support.peer import PATIENCE
from tests.support.servers import dialled, messages, nothing, runtime, serving, until

__all__ = ["runtime"]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no Unix sockets")
#: More than what the sockets of a slow reader hold.
LONG = {"long": "x" * 3_000_000}


def asks(session: Session) -> None:
    session.channel.playback("menu")


def connected(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(PATIENCE)
    sock.connect(str(path))
    return sock


def all_of(sock: socket.socket) -> bytes:
    parts = []
    while part := sock.recv(1_000_000):
        parts.append(part)
    return b"".join(parts)


def test_a_call_is_shown_with_what_its_handler_waits_for_and_without_what_is_redacted(
    runtime: Path,
) -> None:
    redact = ["DTMF", "Caller-Caller-ID-Number"]
    with serving(asks, inspection=True, redact=redact) as app, dialled(app) as peer:
        peer.handshake()
        peer.execute("playback", "menu")
        peer.settle()
        [path] = sockets([])
        assert path.parent == runtime
        found = ask(path)
        assert found is not None
        [call] = found.pop("calls")
        assert found == {
            "pid": os.getpid(),
            "parent": os.getppid(),
            "host": "127.0.0.1",
            "port": app.port,
            "stopping": False,
        }
        assert call["uuid"] == peer.uuid
        assert (call["caller"], call["destination"]) == ("***", "5000")
        assert (call["state"], call["waiting_for"]) == ("CS_EXECUTE", "playback")
        assert call["where"].startswith("test_inspection.py:")
        assert call["stack"] == [call["where"]]
        peer.end()
        peer.hear_end()
    assert list(runtime.iterdir()) == []


def test_it_is_for_the_user_alone(runtime: Path) -> None:
    with serving(nothing, inspection=True):
        assert stat.S_IMODE(runtime.stat().st_mode) == 0o700


def test_nothing_is_opened_unless_asked_for(runtime: Path) -> None:
    with serving(nothing):
        assert not runtime.exists()


def test_an_unfit_folder_is_not_used(runtime: Path, caplog: pytest.LogCaptureFixture) -> None:
    others = runtime.with_name("others")
    others.mkdir(mode=0o700)
    runtime.symlink_to(others)
    check_unused(runtime, "is not a folder")
    runtime.unlink()
    runtime.write_text("")
    check_unused(runtime, "is not a folder")
    runtime.unlink()
    runtime.mkdir()
    runtime.chmod(0o755)
    check_unused(runtime, f"others may enter {runtime}: chmod 700 {runtime}")
    assert list(others.iterdir()) == []


def check_unused(folder: Path, why: str) -> None:
    failures: list[str] = []
    with inspected(dict):  # in the next folder, /tmp/eslsync-UID
        found = sockets(failures)
    assert folder not in {path.parent for path in found}
    assert why in failures[0]


def test_one_of_another_user_is_not_used(
    runtime: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime.mkdir(mode=0o700)
    another = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: another)
    monkeypatch.setattr(inspection, "folders", lambda: [runtime])
    with inspected(dict):
        found = list(runtime.iterdir())
    assert found == []
    [said] = messages(caplog, logging.WARNING)
    assert said == f"eslsync calls can't show this server: {runtime} belongs to another user"


def test_a_path_that_is_too_long_for_a_socket_is_left_for_a_short_one(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime.parent / ("long" * 30)))
    Path(os.environ["XDG_RUNTIME_DIR"]).mkdir()
    with inspected(dict):
        [path] = sockets([])
        assert path.parent == Path(inspection.TEMPORARY.format(os.geteuid()))
        assert ask(path) == {}


def test_without_unix_sockets_a_server_says_so_and_serves(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, "eslsync")
    monkeypatch.delattr(socket, "AF_UNIX")
    with inspected(dict):
        pass
    assert "the system has no Unix sockets" in messages(caplog)[0]


def test_a_reader_who_does_not_read_is_cut_off_and_the_next_one_answered(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    timeouts = [PATIENCE, 0.01]  # for the next one, and before that for the slow one

    def look() -> object:
        monkeypatch.setattr(inspection, "TIMEOUT", timeouts.pop())
        return LONG

    with inspected(look):
        [path] = runtime.iterdir()
        with connected(path) as slow, connected(path) as next_one:
            assert json.loads(all_of(next_one)) == LONG
            assert len(all_of(slow)) < 3_000_000


def test_a_server_ends_while_readers_read_nothing(runtime: Path) -> None:
    with inspected(lambda: LONG):
        [path] = runtime.iterdir()
        readers = [connected(path), connected(path)]
        readers[0].recv(1)
    assert "eslsync-inspection" not in {each.name for each in threading.enumerate()}
    for each in readers:
        each.close()


def test_a_reader_who_leaves_is_no_error(runtime: Path, caplog: pytest.LogCaptureFixture) -> None:
    with inspected(lambda: LONG):
        [path] = runtime.iterdir()
        connected(path).close()
        assert ask(path, PATIENCE) == LONG
    assert messages(caplog) == []


def test_a_failure_to_look_is_logged_and_costs_one_answer(
    runtime: Path, caplog: pytest.LogCaptureFixture
) -> None:
    left = [{"number": 1}]
    with inspected(lambda: left.pop()):
        [path] = runtime.iterdir()
        assert ask(path, PATIENCE) == {"number": 1}
        assert ask(path, PATIENCE) is None
        left.append({"number": 2})
        assert ask(path, PATIENCE) == {"number": 2}
    [record] = caplog.records
    assert record.getMessage() == "eslsync calls was not answered"
    assert "IndexError" in caplog.text


def test_the_socket_of_a_dead_server_is_removed(runtime: Path) -> None:
    runtime.mkdir(mode=0o700)
    dead = runtime / "1-abc.sock"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(dead))
    assert sockets([]) == [dead]
    assert ask(dead) is None
    assert list(runtime.iterdir()) == []


def test_a_server_that_does_not_answer_is_said(runtime: Path) -> None:
    runtime.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(runtime / "1-abc.sock"))
        sock.listen()
        with pytest.raises(NoAnswer, match=r"does not answer within 0\.01 s"):
            ask(runtime / "1-abc.sock", 0.01)


class Selector(selectors.DefaultSelector):
    """Notes for how long the thread of readers waits."""

    done: ClassVar[list[object]] = []

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if threading.current_thread().name == "eslsync-inspection":
            self.done.append(timeout)
        return super().select(timeout)


def test_without_descriptors_it_rests_between_its_tries(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest = 10 * PATIENCE
    monkeypatch.setattr(inspection, "ACCEPT_PAUSE", rest)
    monkeypatch.setattr(Selector, "done", [])
    done = Selector.done
    monkeypatch.setattr("eslsync.serving.inspection.selectors.DefaultSelector", Selector)

    def fails(self: socket.socket) -> None:
        done.append("accept")
        raise OSError(errno.EMFILE, "Too many open files")

    with inspected(dict):
        [path] = runtime.iterdir()
        monkeypatch.setattr("socket.socket.accept", fails)
        with connected(path):
            until(lambda: "accept" in done[:-1])
            assert done[done.index("accept") + 1] == rest


def test_readers_are_answered_where_no_more_sockets_can_be_watched(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(inspection, "ACCEPT_PAUSE", 0.01)
    with inspected(dict):
        [path] = runtime.iterdir()
        monkeypatch.setattr(selectors.DefaultSelector, "register", no_space)
        assert [ask(path), ask(path)] == [{}, {}]


def test_what_is_no_socket_is_left_alone(runtime: Path) -> None:
    runtime.mkdir(mode=0o700)
    (runtime / "1-abc.sock").write_text("mine")
    (runtime / "2-abc.sock").mkdir()
    assert sockets([]) == []

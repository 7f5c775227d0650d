"""A listening socket is closed without resetting who has connected."""

from __future__ import annotations

import socket
import sys

import pytest

from eslsync.serving.listening import Listener
from tests.support.peer import PATIENCE


@pytest.fixture
def listener() -> Listener:
    listener = Listener("127.0.0.1", 0)
    listener.open()
    return listener


def connected(listener: Listener, timeout: float = PATIENCE) -> socket.socket:
    return socket.create_connection(("127.0.0.1", listener.port), timeout=timeout)


@pytest.mark.skipif(sys.platform != "linux", reason="filters packets")
def test_barred_peers_do_not_connect_and_those_who_have_can_be_accepted(
    listener: Listener,
) -> None:
    with connected(listener), connected(listener):
        listener.bar()
        with pytest.raises(TimeoutError):
            connected(listener, timeout=0.01)
        for _ in range(2):
            listener.accept()[0].close()
        with pytest.raises(BlockingIOError):
            listener.accept()
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        connected(listener)


def test_without_packet_filters_few_connect_after_the_bar(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eslsync.serving.listening.ATTACH_FILTER", -1)
    with connected(listener), connected(listener):
        listener.bar()
        with pytest.raises(TimeoutError):
            connected(listener, timeout=0.01)
        for _ in range(2):
            listener.accept()[0].close()
    listener.close()


def test_it_can_be_opened_again_barred_or_closed(listener: Listener) -> None:
    port = listener.port
    listener.bar()
    listener.open()
    connected(listener).close()
    listener.close()
    listener.open()
    assert listener.port == port
    connected(listener).close()
    listener.close()


def test_closing_ends_the_listening_of_an_inherited_copy_as_well(listener: Listener) -> None:
    copy = listener.sock.dup()
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        connected(listener)
    listener.open()
    listener.close()
    copy.close()

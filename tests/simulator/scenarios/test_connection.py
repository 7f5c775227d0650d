"""Every byte of the connection to the app is recorded, in both directions and in order."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from simulator.scenarios.connection import RecordedConnection
from tests.support.peer import PATIENCE

REPLY = "Content-Type: command/reply\nReply-Text: +OK\n\n"


@pytest.fixture
def ends() -> Iterator[tuple[RecordedConnection, socket.socket]]:
    """The app's end of a connection, which is recorded, and the switch's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        switch = socket.create_connection(listener.getsockname())
        app, _ = listener.accept()
    connection = RecordedConnection(app)
    with switch:
        yield connection, switch
        connection.stop()


def test_both_directions_are_recorded(ends: tuple[RecordedConnection, socket.socket]) -> None:
    connection, switch = ends
    connection.send("é\n\n".encode())
    switch.sendall(REPLY.encode())
    assert connection.wait(lambda: len(connection.messages) == 1, PATIENCE)
    switch.close()
    connection.wait(lambda: False, PATIENCE)
    assert connection.closed
    lines = [(line["from"], line.get("data", "eof")) for line in connection.lines]
    assert lines == [("app", "Ã©\n\n"), ("switch", REPLY), ("switch", "eof")]
    connection.send(b"late\n\n")
    assert len(connection.lines) == 3


def test_what_comes_after_our_half_is_closed_is_recorded(
    ends: tuple[RecordedConnection, socket.socket],
) -> None:
    connection, switch = ends
    connection.close_half()
    assert switch.recv(1) == b""
    switch.sendall(REPLY.encode())
    assert connection.wait(lambda: bool(connection.messages), PATIENCE)
    assert [line["from"] for line in connection.lines] == ["app", "switch"]


def test_what_is_no_event_socket_is_recorded_all_the_same(
    ends: tuple[RecordedConnection, socket.socket],
) -> None:
    connection, switch = ends
    switch.sendall(b"Content-Length: x\n\n")
    assert connection.wait(lambda: bool(connection.lines), PATIENCE)
    assert connection.lines[0]["data"] == "Content-Length: x\n\n"

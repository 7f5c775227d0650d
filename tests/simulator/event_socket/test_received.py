"""The commands of an app, as the switch reads them."""

from __future__ import annotations

import pytest

from simulator.event_socket.received import command_reader


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_command_keeps_the_bytes_it_came_in(end: str) -> None:
    data = end.join(["sendmsg", "call-command: hangup", "", ""]).encode()
    [command] = command_reader().feed(data)
    assert command.line == "sendmsg"
    assert command.get("call-command") == "hangup"
    [(name, text)] = command.origin
    assert name == "Command"
    assert text.startswith("sendmsg")


def test_an_empty_header_is_dropped() -> None:
    # recording 11o
    [command] = command_reader().feed(b"sendmsg\nexecute-app-arg:\nEvent-UUID: a\nno colon\n\n")
    assert command.headers == [("Event-UUID", "a")]


def test_blank_lines_before_a_command_do_not_count_and_pieces_are_put_together() -> None:
    reader = command_reader()
    assert list(reader.feed(b"\n\napi sta")) == []
    assert [each.line for each in reader.feed(b"tus\n\nexit\n\n")] == ["api status", "exit"]


def test_bytes_that_are_not_utf_8_come_through() -> None:
    [command] = command_reader().feed(b"sendmsg\nX: \xff\n\n")
    assert (command.get("X") or "").encode("utf-8", "surrogateescape") == b"\xff"

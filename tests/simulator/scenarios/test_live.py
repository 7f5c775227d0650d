"""A switch's event socket, and what is said if it can't be used."""

from __future__ import annotations

import re
import socket
import threading
from pathlib import Path

import pytest

from simulator.scenarios.live import LiveSwitch, NoSwitch
from simulator.scenarios.scenario import ScriptError
from tests.support.live_switch import live_switch
from tests.support.servers import reserved
from tests.support.terminal import write


def test_api_commands_are_answered() -> None:
    with live_switch() as switch, switch.connect() as client:
        assert client.api("version short") == "1.10.12-release"


def test_a_wrong_password_is_told() -> None:
    with live_switch(password="other") as switch, pytest.raises(NoSwitch) as raised:
        switch.connect()
    assert str(raised.value) == (
        f"127.0.0.1:{switch.port} refuses the password: it is in event_socket.conf.xml"
    )


def test_a_port_without_a_switch_is_told() -> None:
    with reserved() as free:
        port = free.getsockname()[1]
        with pytest.raises(NoSwitch, match=rf"no event socket at 127.0.0.1:{port}: .* is Free"):
            LiveSwitch(port=port).connect()


@pytest.mark.parametrize(
    ("greeting", "told"),
    [
        (b"", "does not answer: timed out"),
        (b"SSH-2.0-x\r\n\r\n", "does not answer: "),
        (None, "closed the connection; its acl may not allow us"),
    ],
)
def test_a_port_of_something_else_is_told(
    greeting: bytes | None, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if greeting == b"":  # nothing ever comes
        monkeypatch.setattr("simulator.scenarios.live.CONNECTS", 0.05)

    def greet(listener: socket.socket, done: threading.Event) -> None:
        client, _ = listener.accept()
        with client:
            if greeting is not None:
                client.sendall(greeting)
                done.wait()

    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=greet, args=(listener, done))
        thread.start()
        port = listener.getsockname()[1]
        with pytest.raises(NoSwitch, match=rf"{told}.*; is the port that of its event socket\?"):
            LiveSwitch(port=port).connect()
        done.set()
        thread.join()


def test_a_file_says_where_the_switch_is(tmp_path: Path) -> None:
    path = write(tmp_path, "host: 10.0.0.5\nport: 8022\nsounds: /srv/sounds\n", "switch.yaml")
    switch = LiveSwitch.read(path, port=8023)
    assert (switch.host, switch.port, switch.sounds) == ("10.0.0.5", 8023, "/srv/sounds")


def test_a_key_that_is_unknown_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, "host: x\nprot: 8022\n", "switch.yaml")
    with pytest.raises(
        ScriptError, match=re.escape("switch.yaml:2: a configuration has no 'prot'")
    ):
        LiveSwitch.read(path)

"""The telephone's web server: who may use it, and what pages are shown."""

from __future__ import annotations

import json
import socket
import wave
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("websockets", reason="needs websockets (extra phone)")

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from simulator.phone import server as phone_server
from simulator.phone.desk import Telephone
from simulator.phone.maps import MapPage
from simulator.phone.protocol import Answer, CallUp, Command, HangUp, Press, State, Visit, dumped
from simulator.phone.server import PhoneServer
from simulator.scripts.script import Script
from tests.support.peer import PATIENCE
from tests.support.places import EXAMPLES
from tests.support.servers import until

pytestmark = pytest.mark.usefixtures("programs_begin_warm")

CALL = CallUp("1001", "5000")


def serving() -> PhoneServer:
    return PhoneServer(Telephone(Script(str(EXAMPLES / "ivr.py"))))


@pytest.fixture
def server() -> Iterator[PhoneServer]:
    with serving() as server:
        yield server


class Tab:
    """A page that has been loaded; a context manager."""

    def __init__(self, server: PhoneServer) -> None:
        origin: Any = f"http://127.0.0.1:{server.port}"
        address = server.address.replace("http:", "ws:") + "socket"
        self._opened = connect(address, origin=origin, proxy=None)
        self.state: State = {}

    def __enter__(self) -> Tab:
        self.connection = self._opened.__enter__()
        self.until("phase")
        return self

    def __exit__(self, *error: object) -> None:
        self._opened.__exit__(*error)  # type: ignore[arg-type]

    def send(self, command: Command) -> None:
        self.connection.send(dumped(command))

    def until(self, name: str, value: object = None) -> Any:
        """Read until a part of the state has a value; None: any but an empty one."""
        while True:
            found = self.state.get(name)
            if found == value if value is not None else found:
                return found
            self.read()

    def read(self) -> None:
        self.state.update(json.loads(self.connection.recv(timeout=PATIENCE)))


class DeadPage:
    """A page that was loaded, and takes and answers nothing any more; a context manager."""

    def __init__(self, server: PhoneServer) -> None:
        host = f"127.0.0.1:{server.port}"
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.connect(("127.0.0.1", server.port))
        lines = [
            *(f"GET /{server.token}/socket HTTP/1.1", f"Host: {host}", f"Origin: http://{host}"),
            *("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"),
            *("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", ""),
        ]
        self._socket.sendall("\r\n".join(lines).encode())
        assert self._socket.recv(12) == b"HTTP/1.1 101"
        while self._socket.recv(1) not in (b"\x81", b""):  # the head of the first message
            pass  # (none comes if it is let go before)

    def __enter__(self) -> DeadPage:
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()


def get(server: PhoneServer, path: str, headers: dict[str, str]) -> HTTPResponse:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    response.body = response.read()  # type: ignore[attr-defined]
    connection.close()
    return response


def test_the_page_and_its_files_come_from_here_and_nowhere_else(server: PhoneServer) -> None:
    for path, kind in (
        ("", "text/html"),
        ("phone.css", "text/css"),
        ("lines.js", "text/java"),
        ("sound.js", "text/java"),
        ("microphone.js", "text/java"),
        ("samples.js", "text/java"),
    ):
        answer = get(server, f"/{server.token}/{path}", {})
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith(kind)
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert b"http" not in answer.body  # type: ignore[attr-defined]
    assert get(server, f"/{server.token}/other.js", {}).status == 404
    assert get(server, f"/{server.token}/../desk.py", {}).status == 404


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {}, 403),
        ("/socket", {}, 403),
        ("/another-token/phone.js", {}, 403),
        ("/TOKEN/", {"Host": "evil.example"}, 421),
        ("/TOKEN/", {"Host": "evil.example:PORT"}, 421),
        ("/TOKEN/script.yaml", {"Origin": "http://evil.example"}, 403),
        ("/TOKEN/script.yaml", {"Origin": "null"}, 403),
    ],
)
def test_a_request_without_the_token_or_of_another_site_is_refused(
    server: PhoneServer, path: str, headers: dict[str, str], status: int
) -> None:
    headers = {name: value.replace("PORT", str(server.port)) for name, value in headers.items()}
    assert get(server, path.replace("TOKEN", server.token), headers).status == status


@pytest.mark.parametrize(
    ("token", "origin"),
    [
        ("", "http://127.0.0.1:PORT"),
        ("another-token/", "http://127.0.0.1:PORT"),
        ("TOKEN/", "http://evil.example"),
        ("TOKEN/", "https://127.0.0.1:PORT"),
        ("TOKEN/", "http://127.0.0.1:1"),
        ("TOKEN/", "null"),
        ("TOKEN/", None),
    ],
)
def test_a_page_of_another_site_cannot_call_the_handler(
    server: PhoneServer, token: str, origin: Any
) -> None:
    origin = origin and origin.replace("PORT", str(server.port))
    token = token.replace("TOKEN", server.token)
    address = f"ws://127.0.0.1:{server.port}/{token}socket"
    with pytest.raises(InvalidStatus) as refused, connect(address, origin=origin, proxy=None):
        pass
    assert refused.value.response.status_code == 403
    assert server.desk.state["phase"] == "idle"


def test_all_pages_show_the_same_call_and_may_act_and_come_and_go(server: PhoneServer) -> None:
    with Tab(server) as first, Tab(server) as second:
        first.send(CALL)
        second.until("phase", "up")
        second.until("prompts")
        second.send(Press("1"))
        assert first.until("moves")[0]["keys"] == "1"
    # both are gone, and the call goes on
    assert server.desk.state["phase"] == "up"
    with Tab(server) as again:
        assert again.state["moves"][0]["keys"] == "1"
        assert again.state["take"] == 1
        again.connection.send('{"do": "dial"}')
        assert "one of call" in again.until("trouble")
        again.state["trouble"] = ""
        again.send(Answer(2))
        assert "there is no line 2" in again.until("trouble")
        again.send(HangUp())
        again.until("phase", "ended")
        again.until("svg", server.desk.state["svg"])
        for path, name in (
            ("script.yaml", "ivr.call.yaml"),
            ("test.py", "test_ivr.py"),
            ("ladder.svg", "ivr.svg"),
            ("recording.jsonl", "ivr.jsonl"),
        ):
            kept = get(server, f"/{server.token}/{path}", {})
            assert kept.headers["Content-Disposition"] == f'attachment; filename="{name}"'
            assert kept.body  # type: ignore[attr-defined]


def test_a_page_that_comes_in_mid_call_has_the_time_of_the_others() -> None:
    lasts = {"prompts": {"ivr/ivr-welcome": PATIENCE}}
    script = Script(str(EXAMPLES / "ivr.py"), call=lasts)
    with PhoneServer(Telephone(script)) as server, Tab(server) as first:
        first.send(CALL)
        first.until("prompts")
        with Tab(server) as second:
            assert second.state["now"] > first.state["now"]


def test_sounds_are_given_to_whoever_has_the_token(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "hello.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(b"\1\0" * 8000)
    app = tmp_path / "app.py"
    app.write_text("def handler(session):\n    session.channel.playback('hello')\n")
    script = Script(str(app), call={"sounds": str(tmp_path)})
    with PhoneServer(Telephone(script)) as server, Tab(server) as tab:
        folder = server.desk.sounds
        (folder / "secret").write_text("")
        tab.send(CALL)
        [prompt] = tab.until("prompts")
        address = f"/{server.token}/sound"
        answer = get(server, f"{address}/{prompt['sound']}", {})
        assert answer.headers["Content-Type"] == "audio/wav"
        assert answer.body == (tmp_path / "hello.wav").read_bytes()  # type: ignore[attr-defined]
        said = get(server, f"{address}/said-0-1000000.wav", {})
        assert len(said.body) == 44 + 16_000  # type: ignore[attr-defined]
        for none in ("secret", "../app.py", "0123.wav", "said-0.wav", "said-0--1.wav", ""):
            assert get(server, f"{address}/{none}", {}).status == 404
        other = get(server, f"{address}/{prompt['sound']}", {"Origin": "http://evil.example"})
        assert other.status == 403
    assert not folder.exists()


def test_the_end_of_the_server_ends_pages_and_the_call() -> None:
    with ExitStack() as pages:
        with serving() as server:
            tab = pages.enter_context(Tab(server))
            tab.send(CALL)
            tab.until("where")
        with pytest.raises(ConnectionClosed):
            tab.until("phase", "ended")


def test_a_map_is_served_in_a_sandbox_and_its_links_name_a_spot() -> None:
    way = "handler: none.py\nsteps: [hear: ivr/ivr-welcome, hangup]\n"
    ivr = Script(str(EXAMPLES / "ivr.py"))
    drawn = MapPage(Path("ivr.html"), "<p>a map</p>", {1: way, 2: "steps: 1"})
    with PhoneServer(Telephone(ivr, map=drawn, named=ivr)) as server:
        answer = get(server, f"/{server.token}/map?telephone", {})
        assert answer.body == b"<p>a map</p>"  # type: ignore[attr-defined]
        policy = answer.headers["Content-Security-Policy"]
        assert "sandbox allow-scripts;" in policy  # and not allow-same-origin
        assert "default-src 'none'" in policy
        with Tab(server) as tab:
            assert tab.state["map"]
            tab.send(Visit(3))
            assert "has no spot 3" in tab.until("trouble")
            tab.send(Visit(2))
            while "no spot" in tab.state["trouble"]:
                tab.read()
            tab.send(Visit(1))
            tab.until("phase", "up")
            [prompt] = tab.until("prompts")
            assert (prompt["name"], prompt["how"]) == ("ivr/ivr-welcome", "ended")


#: More than a connection holds that nobody reads.
LONG = "# " + "x" * 700_000


@pytest.fixture
def long(tmp_path: Path) -> Telephone:
    """Calls a handler whose source is long."""
    app = tmp_path / "long.py"
    app.write_text(f"def handler(session):\n    session.channel.answer()\n{LONG}\n")
    return Telephone(Script(str(app)))


def test_a_page_that_takes_nothing_is_let_go_and_is_shown_all_when_it_is_back(
    long: Telephone, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PhoneServer(long) as server:
        with monkeypatch.context() as impatient:  # with the first page only
            impatient.setattr(phone_server, "SEND_TIMEOUT", 0.05)
            dead = DeadPage(server)
        with dead, Tab(server) as tab:
            assert server.pages == 2
            tab.send(CALL)
            assert LONG in tab.until("source")["text"]  # and nobody has waited for the other one
            until(lambda: server.pages == 1)
            with Tab(server) as again:
                assert again.state["take"] == 1
                assert LONG in again.state["source"]["text"]  # type: ignore[index]


def test_a_page_that_answers_no_ping_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_server, "PING_INTERVAL", 0.01)
    monkeypatch.setattr(phone_server, "PING_TIMEOUT", 0.01)
    monkeypatch.setattr(phone_server, "CLOSE_TIMEOUT", 0.01)
    with serving() as server, DeadPage(server):
        until(lambda: server.pages == 0)


def test_a_dead_page_keeps_no_server_from_ending(
    long: Telephone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_server, "CLOSE_TIMEOUT", 0.05)
    with ExitStack() as pages:
        with PhoneServer(long) as server:
            pages.enter_context(DeadPage(server))
            tab = pages.enter_context(Tab(server))
            tab.send(CALL)
            tab.until("source")
        with pytest.raises(ConnectionClosed):
            tab.until("phase", "another")

"""Servers that do not speak event socket are named."""

from __future__ import annotations

import contextlib
import http.server
import re
import socket
import ssl
import threading
from collections.abc import Iterator

import pytest

from simulator import CallFailed, FreeSwitch
from simulator.calling.strangers import QUESTION, name_of
from tests.support.programs import Program, listening, read_all
from tests.support.servers import dialled, nothing, serving


@pytest.fixture(autouse=True)
def _silence_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.calling.strangers.SILENCE", 0.1)


def failure(address: str, **options: float | None) -> str:
    """Why a call to the address fails."""
    with FreeSwitch(real_time=True, raises=False, **options) as switch:  # type: ignore[arg-type]
        call = switch.dial(address)
        with pytest.raises(CallFailed) as failed:
            call.wait()
    assert call.parting is not None
    assert not call.parting.orderly
    return str(failed.value).partition("\n")[0]


def greets(greeting: bytes) -> Program:
    def greet(sock: socket.socket) -> None:
        sock.sendall(greeting)
        read_all(sock)

    return greet


GREETINGS = [
    (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
    (b"220 mail.example.org ESMTP\r\n", "SMTP"),
    (b"220 ftp.example.org FTP server\r\n", "FTP"),
    (b"PROXY TCP4 10.0.0.1 10.0.0.2 5000 5001\r\nconnect\n\n", "the PROXY protocol"),
    (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", "the PROXY protocol"),
    (b"HTTP/1.1 408 Request Timeout\r\n\r\n", "HTTP"),
    (b"Content-Type: auth/request\n\n", "inbound event socket, as FreeSWITCH itself"),
    (b"\x15\x03\x03\0\x02\x02\x28", "TLS"),
    (b"* OK IMAP4rev1\r\n", "IMAP"),
    (b"RFB 003.008\n", "another protocol"),
    (b"J\0\0\0\n8.0.33\0", "another protocol"),
]


@pytest.mark.parametrize(("greeting", "name"), GREETINGS, ids=lambda each: str(each)[:12])
def test_a_greeting_names_the_protocol(greeting: bytes, name: str) -> None:
    with listening(greets(greeting)) as address:
        said = failure(address)
    assert said.startswith(f"{address} speaks {name}, and not outbound event socket: it began with")


@pytest.mark.parametrize("first", [b"connect\n\n", b"connect\r\n\r\n", b"con", b"api x\n\n", b""])
def test_what_may_be_event_socket_is_not_named(first: bytes) -> None:
    assert name_of(first) is None


@contextlib.contextmanager
def web_server() -> Iterator[str]:
    """A server of HTTP, for one connection at a time."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_server_of_http_is_asked_and_named() -> None:
    with web_server() as address:
        assert f"{address} speaks HTTP" in failure(address)


def test_a_server_of_tls_is_asked_and_named() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # without a certificate, it only refuses

    def serve(server: socket.socket) -> None:
        for _ in range(2):  # the call, and our question
            sock, _ = server.accept()
            with sock, contextlib.suppress(OSError):
                context.wrap_socket(sock, server_side=True)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert failure(address) == f"{address} speaks TLS, and not outbound event socket"
        thread.join()


def test_a_server_that_says_nothing_is_given_up() -> None:
    with listening(read_all) as address:
        assert failure(address, patience=0.05) == (
            f"{address} sent nothing for 0.05 s; a program that takes calls sends connect at once"
        )


def test_a_server_that_echoes_is_named() -> None:
    def echo(sock: socket.socket) -> None:
        while data := sock.recv(1024):
            sock.sendall(data)

    with listening(echo) as address:
        assert failure(address).startswith(f"{address} speaks the echo protocol, and not outbound")


def test_event_socket_programs_skip_the_question() -> None:
    with serving(nothing) as app, dialled(app) as peer:
        peer.say(QUESTION)
        peer.connect()
        peer.serve("linger 60")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("no-such-host.invalid:5000", "no-such-host.invalid is not a known host: "),
        ("[::1]:1", "nobody listens on [::1]:1"),
    ],
)
def test_a_program_that_is_not_there(address: str, said: str) -> None:
    with FreeSwitch(real_time=True) as switch:
        call = switch.dial(address)
        call.wait()
        assert not call.taken
    assert call.parting is None
    assert said in str(call.transcript)

    def dial() -> None:
        with FreeSwitch(real_time=True) as switch:
            switch.dial(address).wait()

    with pytest.raises(CallFailed, match=re.escape(said)):
        dial()


def test_a_program_is_called_by_ipv6() -> None:
    def take(sock: socket.socket) -> None:
        sock.sendall(b"connect\n\nsendmsg\ncall-command: hangup\n\n")
        read_all(sock)

    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:

        def serve() -> None:
            sock, _ = server.accept()
            with sock:
                take(sock)

        thread = threading.Thread(target=serve)
        thread.start()
        with FreeSwitch(real_time=True) as switch:
            call = switch.dial(f"[::1]:{server.getsockname()[1]}")
            call.wait()
        thread.join()
    assert call.taken
    assert call.cause == "NORMAL_CLEARING"

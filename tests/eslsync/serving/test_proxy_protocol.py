"""Headers of the PROXY protocol: what is read, what is refused, and who may call then."""

from __future__ import annotations

import logging
import socket
import struct
import threading
from contextlib import suppress
from io import BytesIO
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eslsync import ProtocolError, Session
from eslsync.clock import Peer
from eslsync.observers import ObservedCall, Observer
from eslsync.serving import reception
from eslsync.serving.proxy_protocol import (
    MAX_BLOCK,
    SIGNATURE,
    begins_with_header,
    read_header,
    receive_header,
)
from tests.support.cases import for_each
from tests.support.peer import PATIENCE, reply
from tests.support.servers import Beside, dialled, is_turned_away, messages, nothing, serving

#: What the switch says after it.
REST = b"Content-Type: command/reply\n\n"


class Ended(Exception):
    """The bytes are at an end."""


def read(data: bytes) -> tuple[Peer | None, bytes]:
    """Read a header; return what it says, and the bytes that are left."""
    stream = BytesIO(data)

    def exactly(size: int) -> bytes:
        piece = stream.read(size)
        if len(piece) < size:
            raise Ended
        return piece

    return read_header(exactly), stream.read()


def v2(command: int, kind: int, block: bytes) -> bytes:
    return SIGNATURE + struct.pack("!BBH", command, kind, len(block)) + block


def addresses(source: str, port: int) -> bytes:
    packed = ip_address(source).packed
    return packed + bytes(len(packed)) + struct.pack("!HH", port, 5000)


def tlv(kind: int, value: bytes) -> bytes:
    return struct.pack("!BH", kind, len(value)) + value


hosts = st.ip_addresses()
ports = st.integers(0, 65535)
tlvs = st.lists(st.builds(tlv, st.integers(0, 255), st.binary(max_size=300)), max_size=5)


@settings(max_examples=40)
@given(hosts, ports)
def test_a_header_of_v1_gives_the_address_and_leaves_the_rest(host: object, port: int) -> None:
    version = ip_address(str(host)).version
    line = f"PROXY TCP{version} {host} {host} {port} 5000\r\n".encode()
    assert read(line + REST) == ((str(host), port), REST)


@settings(max_examples=40)
@given(hosts, ports, tlvs)
def test_a_header_of_v2_gives_the_address_and_skips_the_tlvs(
    host: object, port: int, extra: list[bytes]
) -> None:
    kind = 0x11 if ip_address(str(host)).version == 4 else 0x21
    data = v2(0x21, kind, addresses(str(host), port) + b"".join(extra))
    [found, found_port], rest = read(data + REST)  # type: ignore[misc]
    assert (ip_address(found), found_port, rest) == (host, port, REST)


@for_each(
    "header",
    [
        b"PROXY UNKNOWN\r\n",
        b"PROXY UNKNOWN ffff:ffff::1 ffff:ffff::2 65535 65535\r\n",
        v2(0x20, 0x00, b""),
        v2(0x20, 0x11, addresses("192.0.2.7", 4711)),  # a health check of HAProxy
        v2(0x20, 0xEE, b"whatever"),
        v2(0x21, 0x00, b""),
        v2(0x21, 0x31, bytes(216)),
    ],
)
def test_a_proxy_may_connect_for_itself(header: bytes) -> None:
    assert read(header + REST) == (None, REST)


def test_a_mapped_address_is_read() -> None:
    mapped = "::ffff:192.0.2.7"
    assert read(f"PROXY TCP6 {mapped} ::1 1 2\r\n".encode()) == ((mapped, 1), b"")
    assert read(v2(0x21, 0x21, addresses(mapped, 1))) == ((mapped, 1), b"")


@for_each(
    "data",
    [
        REST,
        b"GET / HTTP/1.1\r\n",
        b"\r\n\r\n\0\r\nQUIX\n\x21\x11\0\0",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1 2 3\r\n",
        b"PROXY  TCP4 192.0.2.7 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 2001:db8::1 1 2\r\n",
        b"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n",
        b"PROXY TCP6 192.0.2.7 192.0.2.1 1 2\r\n",
        b"PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n",
        b"PROXY TCP4 0300.0.2.7 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7\0 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 switch.example 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1 65536\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 -1 2\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 01 2\r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1_0 2\r\n",
        "PROXY TCP4 192.0.2.7 192.0.2.1 \u0661 2\r\n".encode(),
        b"PROXY UDP4 192.0.2.7 192.0.2.1 1 2\r\n",
        b"PROXY \r\n",
        b"PROXY TCP4 192.0.2.7 192.0.2.1 1 2\n" + REST * 10,
        b"PROXY UNKNOWN" + b"x" * 100,
        v2(0x31, 0x11, addresses("192.0.2.7", 1)),
        v2(0x22, 0x11, addresses("192.0.2.7", 1)),
        v2(0x21, 0x12, addresses("192.0.2.7", 1)),  # UDP
        v2(0x21, 0x41, addresses("192.0.2.7", 1)),
        v2(0x21, 0x11, addresses("192.0.2.7", 1)[:-1]),
        v2(0x21, 0x21, addresses("192.0.2.7", 1)),
        SIGNATURE + b"\x21\x11" + struct.pack("!H", MAX_BLOCK + 1),
    ],
)
def test_anything_else_is_an_error(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="PROXY") as caught:
        read(data)
    assert data.startswith(caught.value.data)


@settings(max_examples=40)
@given(st.binary(max_size=400), st.sampled_from([b"", b"PROXY ", b"PROXY TCP6 ", SIGNATURE]))
def test_hostile_bytes_are_read_or_refused(data: bytes, start: bytes) -> None:
    try:
        found, _ = read(start + data)
    except (ProtocolError, Ended):
        return
    assert found is None or socket.getaddrinfo(found[0], found[1], flags=socket.AI_NUMERICHOST)


def test_the_start_of_a_header_is_recognized() -> None:
    assert begins_with_header(b"PROXY TCP4 ")
    assert begins_with_header(SIGNATURE + b"!")
    assert begins_with_header(SIGNATURE[4:])  # the parser has skipped blank lines
    assert not begins_with_header(REST)
    assert not begins_with_header(b"")


#: What a proxy says that connects for the switch at that address.
SWITCH = "192.0.2.7"
FOR_SWITCH = [
    f"PROXY TCP4 {SWITCH} 192.0.2.1 4711 5000\r\n".encode(),
    f"PROXY TCP6 ::ffff:{SWITCH} ::1 4711 5000\r\n".encode(),
    v2(0x21, 0x11, addresses(SWITCH, 4711)),
    v2(0x21, 0x21, addresses(f"::ffff:{SWITCH}", 4711) + tlv(4, b"nothing")),
]
BEHIND_PROXY = {"allow": [SWITCH], "proxy_protocol": ["127.0.0.1"]}
HEALTH_CHECK = v2(0x20, 0x00, b"")


def press(session: Session) -> None:
    session.wait("DTMF")


class Switches(Observer):
    """Notes where calls come from."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def taken(self, call: ObservedCall, at: float) -> None:
        self.seen.append(call.switch)


@pytest.mark.parametrize("header", FOR_SWITCH)
def test_a_switch_behind_a_proxy_calls_if_it_may(header: bytes) -> None:
    switches = Switches()
    with (
        serving(press, **BEHIND_PROXY, observers=[switches]) as app,
        dialled(app) as peer,
    ):
        for each in range(len(header)):
            peer.sock.sendall(header[each : each + 1])
        peer.handshake()
        peer.say(peer.digit("1"))
        peer.run("set")
        peer.hear_end()
    assert [each.removeprefix("::ffff:") for each in switches.seen] == [SWITCH]


@pytest.mark.parametrize("header", FOR_SWITCH)
def test_the_switch_behind_a_proxy_is_judged_and_not_the_proxy(
    header: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(nothing, proxy_protocol=["127.0.0.0/8"]) as app, dialled(app) as peer:
        peer.sock.sendall(header)
        is_turned_away(peer, "CALL_REJECTED")
    [told] = messages(caplog, logging.WARNING)
    assert SWITCH in told
    assert "4711): its host is not among allow=" in told


def test_a_health_check_of_a_proxy_logs_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    with serving(nothing, **BEHIND_PROXY) as app:
        for said in (HEALTH_CHECK, b""):
            with dialled(app) as peer:
                peer.sock.sendall(said)
                peer.end()
                peer.hear_end()
        with dialled(app) as peer:
            peer.sock.sendall(HEALTH_CHECK)
            peer.reset()
    assert messages(caplog, logging.WARNING) == []


def test_a_proxy_that_calls_itself_needs_to_be_allowed() -> None:
    for allow, may in ([SWITCH], False), (["127.0.0.1"], True):
        with (
            serving(nothing, allow=allow, proxy_protocol=["127.0.0.1"]) as app,
            dialled(app) as peer,
        ):
            peer.sock.sendall(HEALTH_CHECK)
            if may:
                peer.handshake()
                peer.run("set")
                peer.hear_end()
            else:
                is_turned_away(peer, "CALL_REJECTED")


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\n", b"PROXY TCP4 a b c d\r\n"])
def test_a_proxy_that_sends_something_else_is_told_once(
    said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(nothing, **BEHIND_PROXY) as app:
        for _ in range(2):
            with dialled(app) as peer:
                peer.sock.sendall(said)
                with suppress(ConnectionResetError):  # since some of it is unread
                    assert peer.hear_end() == []
    [told] = messages(caplog, logging.WARNING)
    assert "from the proxy ('127.0.0.1'" in told


@pytest.mark.parametrize("end", [True, False])
def test_half_a_header_is_told(
    end: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def receive(sock: socket.socket, timeout: float) -> Peer | None:
        assert sent.wait(PATIENCE)
        return receive_header(sock, timeout)

    sent = threading.Event()
    monkeypatch.setattr(reception, "receive_header", receive)
    monkeypatch.setattr(reception, "HANDSHAKE_TIMEOUT", PATIENCE if end else 0.01)
    with serving(nothing, **BEHIND_PROXY) as app, dialled(app) as peer:
        peer.sock.sendall(FOR_SWITCH[2][:-1])
        if end:
            peer.end()
        sent.set()
        assert peer.hear_end() == []
    [told] = messages(caplog, logging.WARNING)
    assert ("it closed the connection" if end else "within 0.01 s") in told


def test_a_proxy_that_sends_no_header_costs_its_callers_a_hangup(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Just closed, the caller would be parked for ever (14b)."""
    monkeypatch.setattr(reception, "HANDSHAKE_TIMEOUT", 0.01)
    with serving(nothing, **BEHIND_PROXY) as app, dialled(app) as peer:
        is_turned_away(peer, "CALL_REJECTED")
    [told] = messages(caplog, logging.WARNING)
    assert "among proxy_protocol, and sent no PROXY header within 0.01 s" in told


@pytest.mark.parametrize("header", [*FOR_SWITCH, HEALTH_CHECK, b"PROXY TCP6 ::7 ::1 4711 5000\r\n"])
def test_a_header_from_elsewhere_is_an_error_that_says_what_to_configure(
    header: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(nothing, proxy_protocol=["192.0.2.1"]) as app, dialled(app) as peer:
        peer.sock.sendall(header)
        peer.hear("connect")
        peer.say(peer.connect_reply)
        peer.say(reply("+OK"))
        peer.hear_end()
    [told] = messages(caplog, logging.WARNING)
    assert "list its host in proxy_protocol=" in told


def test_strangers_behind_a_proxy_are_limited_as_others(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eslsync.serving.connections.MAX_STRANGERS", 1)
    with (
        serving(nothing, proxy_protocol=["127.0.0.1"]) as app,
        dialled(app) as first,
        dialled(app) as second,
    ):
        first.sock.sendall(FOR_SWITCH[0])
        first.connect()
        second.sock.sendall(FOR_SWITCH[0])
        assert second.hear_end() == []
        first.reset()
    told = messages(caplog, logging.WARNING)
    assert any(f"from ('{SWITCH}', 4711) was closed: too many" in each for each in told)


def test_stop_does_not_wait_for_a_header(monkeypatch: pytest.MonkeyPatch) -> None:
    def receive(sock: socket.socket, timeout: float) -> Peer | None:
        begun.set()
        return receive_header(sock, timeout)

    begun = threading.Event()
    monkeypatch.setattr(reception, "receive_header", receive)
    with serving(nothing, **BEHIND_PROXY) as app, dialled(app) as peer:
        assert begun.wait(PATIENCE)
        stopping = Beside(lambda: app.stop(0.0, clean_up=0.0))
        assert peer.hear_end() == []
        stopping.join()

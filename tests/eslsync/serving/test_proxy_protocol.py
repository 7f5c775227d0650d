"""Headers of the PROXY protocol: what is read, and what is refused."""

from __future__ import annotations

import socket
import struct
from io import BytesIO
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eslsync import ProtocolError
from eslsync.clock import Peer
from eslsync.serving.proxy_protocol import MAX_BLOCK, SIGNATURE, begins_with_header, read_header

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


@given(hosts, ports)
def test_a_header_of_v1_gives_the_address_and_leaves_the_rest(host: object, port: int) -> None:
    version = 4 if "." in str(host) else 6
    line = f"PROXY TCP{version} {host} {host} {port} 5000\r\n".encode()
    assert read(line + REST) == ((str(host), port), REST)


@given(hosts, ports, tlvs)
def test_a_header_of_v2_gives_the_address_and_skips_the_tlvs(
    host: object, port: int, extra: list[bytes]
) -> None:
    kind = 0x11 if "." in str(host) else 0x21
    data = v2(0x21, kind, addresses(str(host), port) + b"".join(extra))
    [found, found_port], rest = read(data + REST)  # type: ignore[misc]
    assert (ip_address(found), found_port, rest) == (host, port, REST)


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
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

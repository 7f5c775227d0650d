"""Ways to spoil a conversation: each function takes a packet and returns what is sent instead.

They know the protocol, because noise alone would never get past the first header.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from random import Random
from typing import NamedTuple

from eslsync.protocol import MAX_BODY, MAX_HEADERS, encode_message
from tests.support.peer import reply, response

from . import packets
from .packets import Said


class Ending(Enum):
    """How a peer stops sending."""

    END = "end"
    RESET = "reset"
    SILENCE = "silence"  # it says nothing more, but for its end when nothing else would come


class Later(NamedTuple):
    """A packet that is sent after the next one."""

    packet: bytes


Action = bytes | Ending | Later
Mutation = Callable[[Random, bytes, Said], list[Action]]

MUTATIONS: dict[str, Mutation] = {}


def mutation(function: Mutation) -> Mutation:
    name = getattr(function, "__name__", "")
    MUTATIONS[name.replace("_", " ")] = function
    return function


# Whole packets


@mutation
def packet_dropped(chance: Random, packet: bytes, said: Said) -> list[Action]:
    return []


@mutation
def packet_twice(chance: Random, packet: bytes, said: Said) -> list[Action]:
    return [packet] * chance.choice([2, 2, 3, 50])


@mutation
def packet_late(chance: Random, packet: bytes, said: Said) -> list[Action]:
    return [Later(packet)]


@mutation
def packets_spliced(chance: Random, packet: bytes, said: Said) -> list[Action]:
    other = any_packet(chance)
    return [packet[: chance.randrange(len(packet))] + other[chance.randrange(len(other)) :]]


@mutation
def another_calls_packet(chance: Random, packet: bytes, said: Said) -> list[Action]:
    return [any_packet(chance), packet]


@mutation
def reply_unasked(chance: Random, packet: bytes, said: Said) -> list[Action]:
    unasked = chance.choice([reply("+OK"), reply("-ERR no"), response("+OK\n"), response("")])
    return chance.choice([[packet, unasked], [unasked, packet], [unasked]])


@mutation
def second_connect_reply(chance: Random, packet: bytes, said: Said) -> list[Action]:
    other = packets.said(chance.choice(packets.calls()))
    assert other is not None
    context = chance.choice([said.context, other.context])
    return chance.choice([[packet, context], [context, packet], [context]])


@mutation
def wrong_kind_of_reply(chance: Random, packet: bytes, said: Said) -> list[Action]:
    return [chance.choice([response("+OK accepted\n"), reply("+OK accepted"), said.context])]


@mutation
def refused(chance: Random, packet: bytes, said: Said) -> list[Action]:
    words = [reply("-ERR"), reply("-ERR command not found"), response("-ERR No such channel!\n")]
    return [chance.choice(words)]


@mutation
def events_first(chance: Random, packet: bytes, said: Said) -> list[Action]:
    early = (said.events + said.tail)[: chance.randint(1, 5)]
    return [*early, packet]


@mutation
def unknown_to_outbound(chance: Random, packet: bytes, said: Said) -> list[Action]:
    kind = chance.choice(["auth/request", "text/rude-rejection", "log/data"])
    body = b"Access Denied, go away.\n" if chance.random() < 0.7 else b"\xff\0\n"
    head = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    return [encode_message(head, body), packet]


@mutation
def notice_then_more(chance: Random, packet: bytes, said: Said) -> list[Action]:
    head = [("Content-Type", "text/disconnect-notice")]
    if chance.random() < 0.8:
        head.append(("Content-Disposition", chance.choice(["linger", "disconnect", "", "\0"])))
    return [encode_message(head), packet]


# Bytes


@mutation
def packet_cut(chance: Random, packet: bytes, said: Said) -> list[Action]:
    return [packet[: chance.randrange(len(packet))]]


@mutation
def end_at_any_byte(chance: Random, packet: bytes, said: Said) -> list[Action]:
    return [packet[: chance.randrange(len(packet))], Ending.END]


@mutation
def reset_at_any_byte(chance: Random, packet: bytes, said: Said) -> list[Action]:
    return [packet[: chance.randrange(len(packet))], Ending.RESET]


@mutation
def silence_at_any_byte(chance: Random, packet: bytes, said: Said) -> list[Action]:
    return [packet[: chance.randrange(len(packet))], Ending.SILENCE]


@mutation
def bits_flipped(chance: Random, packet: bytes, said: Said) -> list[Action]:
    data = bytearray(packet)
    for _ in range(chance.choice([1, 1, 2, 8, 64])):
        data[chance.randrange(min(len(data), chance.choice([80, len(data)])))] ^= (
            1 << chance.randrange(8)
        )
    return [bytes(data)]


@mutation
def bytes_put_in(chance: Random, packet: bytes, said: Said) -> list[Action]:
    noise = chance.choice(
        [b"\0", b"\r", b"\n", b"\r\n", b"\n\n", b":", b"\xff", b"\xed\xa0\x80", b"\x85", b"\x1c"]
    ) * chance.choice([1, 1, 1, 1000])
    at = chance.randrange(min(len(packet), chance.choice([80, len(packet)])))
    return [packet[:at] + noise + packet[at:]]


@mutation
def line_ends(chance: Random, packet: bytes, said: Said) -> list[Action]:
    return [packet.replace(b"\n", chance.choice([b"\r\n", b"\r", b"\n\r", b"\0"]))]


@mutation
def another_protocol(chance: Random, packet: bytes, said: Said) -> list[Action]:
    return [
        chance.choice(
            [
                b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n",
                b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + chance.randbytes(200),
                b"OPTIONS sip:me@example.com SIP/2.0\r\nContent-Length: 0\r\n\r\n",
                b"SSH-2.0-OpenSSH_9.6\r\n",
                chance.randbytes(chance.choice([1, 50, 5000])),
            ]
        )
    ]


@mutation
def headers_without_end(chance: Random, packet: bytes, said: Said) -> list[Action]:
    line = chance.choice([b"X: y\n", b"x", b"\0", b":", b"Content-Length: 5\n", b"\r"])
    start = packet.partition(b"\n\n")[0]
    return [start + b"\n" + line * ((MAX_HEADERS + 1000) // len(line))]


@mutation
def blank_lines(chance: Random, packet: bytes, said: Said) -> list[Action]:
    return [chance.choice([b"\n", b"\r\n", b"\r"]) * chance.choice([1, 10, 100_000]) + packet]


# Headers of the packet itself


@mutation
def wrong_length(chance: Random, packet: bytes, said: Said) -> list[Action]:
    length = max(0, len(packet.partition(b"\n\n")[2]) + chance.choice([-100, -2, -1, 1, 2, 100]))
    return [with_length(packet, str(length).encode())]


@mutation
def absurd_length(chance: Random, packet: bytes, said: Said) -> list[Action]:
    value = chance.choice(
        [
            *(str(n).encode() for n in (10**9, MAX_BODY, MAX_BODY + 1, 2**31, 2**63, 10**17)),
            *(b"9" * n for n in (18, 19, 40, 5000)),
            *(b"-1", b"+5", b"", b" ", b"5 5", b"0x10", b"1e3", b"5.0", b"1_0", b"\0", b"5\0"),
            *(
                "٣".encode(),
                "\uff15".encode(),
                "²".encode(),
                b"\xff",
                b"\xb2",
                b"abc",
                b"00000000005",
            ),
        ]
    )
    return [with_length(packet, value)]


@mutation
def length_twice(chance: Random, packet: bytes, said: Said) -> list[Action]:
    other = chance.choice([b"0", b"1", b"100", b"1000000000", b"abc"])
    line = b"Content-Length: " + other + b"\n"
    head, blank, body = packet.partition(b"\n\n")
    return [chance.choice([line + packet, head + b"\n" + line.strip() + blank + body])]


@mutation
def another_type(chance: Random, packet: bytes, said: Said) -> list[Action]:
    value = chance.choice(
        [
            *(f"text/event-{kind}".encode() for kind in ("plain", "json", "xml", "")),
            *(b"command/reply", b"api/response", b"log/data", b"text/disconnect-notice"),
            *(b"", b"text/html", b"\xff", b"\0", b"x" * 1000, b";"),
        ]
    )
    line = b"Content-Type: " + value
    return [re.sub(rb"(?im)^content-type:[^\n]*", lambda _: line, packet, count=1)]


@mutation
def type_missing(chance: Random, packet: bytes, said: Said) -> list[Action]:
    return [re.sub(rb"(?im)^content-type:[^\n]*\n", b"", packet, count=1)]


def with_length(packet: bytes, value: bytes) -> bytes:
    line = b"Content-Length: " + value + b"\n"
    head, blank, body = packet.partition(b"\n\n")
    kept = re.sub(rb"(?im)^content-length:[^\n]*\n?", b"", head).rstrip(b"\n")
    return line + kept + blank + body


# The content of an event, in a valid packet

#: Headers that the library itself reads.
LOOKED_AT = [
    *packets.COMPLETED,
    "Unique-ID",
    "Application",
    "Application-UUID",
    "DTMF-Digit",
    "Hangup-Cause",
    "Event-Subclass",
    "Job-UUID",
    "Caller-Caller-ID-Number",
    "Event-Sequence",
    "Control",
    "Socket-Mode",
    "Reply-Text",
    "Content-Disposition",
]

HOSTILE = [
    *(b"", b" ", b"-1", b"0", b"1.5", b"9" * 400, b"9" * 5000, b"x" * 70_000, "²٣５".encode()),
    *(b"%", b"%%", b"%0", b"%zz", b"%00", b"%0A", b"a%0Ab%0D%0Ac", b"%0A%0AContent-Length: 5"),
    *(b"%FF", b"\xff", b"%ED%A0%80", b"\xed\xa0\x80", b"%F0%9F", b"%C0%80", b"%25%30%41", b"\0"),
    *(b"ARRAY::", b"ARRAY::|:", b"ARRAY::a|:ARRAY::b", b"${system(x)}", b"'", b"{", b"/", b"-ERR"),
    *(b"CS_HANGUP", b"CS_NONE", b"CHANNEL_HANGUP", b"CHANNEL_HANGUP_COMPLETE", b"DTMF", b"CUSTOM"),
    *(b"BACKGROUND_JOB", b"HEARTBEAT", b"cs_execute", b"any", b"*", b"FAILURE", b"hangup", b"full"),
]


@mutation
def hostile_value(chance: Random, packet: bytes, said: Said) -> list[Action]:
    content = packet.partition(b"\n\n")[2]
    whole = packet if not content or b"event-plain" not in packet else content
    for _ in range(chance.choice([1, 1, 3, 10])):
        lines = whole.partition(b"\n\n")[0].split(b"\n")
        here = [name for name in LOOKED_AT if re.search(rb"(?m)^%s:" % name.encode(), whole)]
        name = chance.choice([*here, chance.choice(LOOKED_AT)])
        line = name.encode() + b": " + chance.choice(HOSTILE)
        kept = [each for each in lines if not each.startswith(name.encode() + b":")]
        kept.insert(1 if whole is packet else chance.randint(0, len(kept)), line)
        whole = b"\n".join(kept) + b"\n\n" + whole.partition(b"\n\n")[2]
    return [whole if content == b"" or b"event-plain" not in packet else as_plain(whole)]


@mutation
def hostile_bytes_in_event(chance: Random, packet: bytes, said: Said) -> list[Action]:
    content = bytearray(packet.partition(b"\n\n")[2] or packets.told({}).partition(b"\n\n")[2])
    for _ in range(chance.choice([1, 3, 30])):
        at = chance.randrange(len(content))
        content[at : at + chance.randrange(3)] = chance.choice(
            [b"%", b"%0A", b"%00", b"\xff", b"\xed\xa0\x80", b"\0", b"\n", b"\r", b":", b"\n\n"]
        )
    return [as_plain(bytes(content))]


@mutation
def json_broken(chance: Random, packet: bytes, said: Said) -> list[Action]:
    one = chance.choice(packets.of_kind(packets.JSON))
    content = spoilt(
        chance,
        one.partition(b"\n\n")[2],
        [
            *(b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\\u0000", b"\\ud800", b"\\udfff"),
            *(b"null", b"1", b"1e999", b"NaN", b"[" * 5000, b'{"a":' * 5000, b"9" * 5000, b"\\n"),
        ],
    )
    return [packets.with_content(one, content), packet]


@mutation
def xml_broken(chance: Random, packet: bytes, said: Said) -> list[Action]:
    one = chance.choice(packets.of_kind(packets.XML))
    content = spoilt(
        chance,
        one.partition(b"\n\n")[2],
        [
            *(b"<", b">", b"&", b"&#0;", b"&#xD800;", b"&lol;", b"<!DOCTYPE a>", b"<a>", b"</a>"),
            *(b"<a>" * 5000, b"]]>", b"<![CDATA[", b"<!--", b"<?x ?>", b"%", b"<a:b>", b"9" * 5000),
            b"<Content-Length>\xd9\xa3</Content-Length>",
        ],
    )
    return [packets.with_content(one, content), packet]


@mutation
def json_or_xml_hostile(chance: Random, packet: bytes, said: Said) -> list[Action]:
    """Valid JSON or XML that no switch would send."""
    name, value = chance.choice(LOOKED_AT).encode(), chance.choice(HOSTILE)
    half = chance.choice([b"", rb"\ud800"])
    pair = b'"%s":"%s%s"' % (name, half, value)
    text = chance.choice([b'{%s,"Event-Name":"DTMF","Unique-ID":"%s"}', b'{"Unique-ID":["%s"],%s}'])
    uuid = said.uuid.encode()
    first = text.startswith(b"{%s")
    as_json = text % ((pair, uuid) if first else (uuid, pair))
    as_xml = b"<event><headers><%s>%s</%s></headers></event>" % (name, value, name)
    kind, content = chance.choice([("json", as_json), ("xml", as_xml)])
    head = [("Content-Length", str(len(content))), ("Content-Type", f"text/event-{kind}")]
    return [encode_message(head, content), packet]


@mutation
def another_channel(chance: Random, packet: bytes, said: Said) -> list[Action]:
    uuid = chance.choice([b"", b"\xff", b"%00", b"00000000-0000-4000-8000-000000000001", b"x" * 99])
    return [as_plain(packet.partition(b"\n\n")[2].replace(said.uuid.encode(), uuid)), packet]


def spoilt(chance: Random, content: bytes, noise: list[bytes]) -> bytes:
    if chance.random() < 0.3:
        return content[: chance.randrange(len(content))]
    data = bytearray(content)
    for _ in range(chance.choice([1, 2, 5])):
        at = chance.randrange(len(data))
        data[at : at + chance.randrange(4)] = chance.choice(noise)
    return bytes(data)


def as_plain(content: bytes) -> bytes:
    head = [("Content-Length", str(len(content))), ("Content-Type", "text/event-plain")]
    return encode_message(head, content)


def any_packet(chance: Random) -> bytes:
    """A packet of any recorded call."""
    said = packets.said(chance.choice(packets.calls()))
    assert said is not None
    return chance.choice([said.context, *said.events, *said.tail])

"""Transcripts: what happened in a call, one line each."""

from __future__ import annotations

import pytest

from eslsync import Session
from simulator import FreeSwitch
from simulator.ladders.transcript import Transcript

REPLY = b"Content-Type: command/reply\nReply-Text: +OK\n\n"


def test_a_line_tells_the_time_the_parties_and_the_text() -> None:
    transcript = Transcript(1_000_000)
    transcript.note(1_000_000, "caller", "switch", "calls 5000")
    transcript.note(2_040_000, "app", "switch", b"connect\n\n")
    transcript.note(2_040_000, "switch", "app", REPLY)
    transcript.note(3_500_000, "app", "app", "raises ValueError")
    assert str(transcript).splitlines() == [
        "    0.000  caller → switch  calls 5000",
        "    1.040     app → switch  connect",
        "    1.040  switch → app     +OK",
        "    2.500     app           raises ValueError",
    ]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_messages_are_listed_whole_however_their_bytes_came(size: int) -> None:
    transcript = Transcript(0)
    said = b"sendmsg\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: a.wav\n\n"
    for at in range(0, len(said), size):
        transcript.note(at, "app", "switch", said[at : at + size])
    assert [entry.text for entry in transcript.entries] == ["execute playback a.wav"]


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (b"api status", "api status"),
        (b"sendmsg\ncall-command: hangup\nhangup-cause: USER_BUSY", "hangup USER_BUSY"),
        (
            b"sendmsg 1-2-3\ncall-command: execute\nexecute-app-name: park",
            "execute park (on 1-2-3)",
        ),
        (b"sendmsg 1-2-3", "sendmsg (on 1-2-3)"),
    ],
)
def test_a_command_is_listed_in_one_line(command: bytes, text: str) -> None:
    transcript = Transcript(0)
    transcript.note(0, "app", "switch", command + b"\n\n")
    [entry] = transcript.entries
    assert entry.text == text


def test_a_transcript_so_far_does_not_change() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback("welcome")
        session.channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.hear("welcome", start=True)
        middle = call.transcript.so_far()
        text = str(middle)
        call.wait()
        call.transcript.legs["another uuid"] = "user/1000"
    assert str(middle) == text
    assert "another uuid" not in middle.legs
    assert middle != call.transcript
    assert str(call.transcript).startswith(text)

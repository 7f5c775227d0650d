"""Which entries a ladder shows, and in which words."""

from __future__ import annotations

import pytest

from eslsync import Session
from eslsync.protocol import encode_message
from simulator import FreeSwitch
from simulator.ladders.rungs import Prompts, in_short, shown, wrapped
from simulator.ladders.transcript import Transcript


def texts(transcript: Transcript) -> list[str]:
    return [entry.text for entry in shown(transcript.entries)]


def test_commands_that_prepare_are_one_rung_and_are_named_once() -> None:
    transcript = Transcript(0)
    for command in ("connect", "linger", "filter Unique-ID a", "filter Unique-ID b"):
        transcript.note(0, "app", "switch", f"{command}\n\n".encode())
    transcript.note(0, "app", "switch", b"api status\n\n")
    assert texts(transcript) == ["connect, linger, filter", "api status"]


def test_a_refused_preparation_is_shown_whole_with_its_refusal() -> None:
    transcript = Transcript(0)
    transcript.note(0, "app", "switch", b"connect\n\nevent plain NONSENSE\n\n")
    for text in ("+OK", "-ERR no keywords supplied"):
        head = f"Content-Type: command/reply\nReply-Text: {text}\n\n"
        transcript.note(0, "switch", "app", head.encode())
    assert texts(transcript) == ["connect", "event plain NONSENSE", "-ERR no keywords supplied"]


def test_a_long_log_is_shown_by_its_first_lines() -> None:
    transcript = Transcript(0)
    for number in range(10):
        line = f"2026-01-05 09:00:00.000000 99.97% [INFO] line {number}"
        headers = [("Content-Type", "log/data"), ("Content-Length", str(len(line)))]
        transcript.note(0, "switch", "app", encode_message(headers, line.encode()))
    assert texts(transcript) == [
        "log: [INFO] line 0",
        "log: [INFO] line 1",
        "log: [INFO] line 2, and more",
    ]


def test_the_caller_is_told_once_that_the_call_has_ended() -> None:
    def hangs_up(session: Session) -> None:
        session.channel.answer()
        session.channel.hangup("USER_BUSY")

    with FreeSwitch() as switch:
        call = switch.call(hangs_up)
        call.wait()
    told = [text for text in texts(call.transcript) if text.startswith("hangs up")]
    assert told == ["hangs up USER_BUSY"]


def test_prompts_are_followed_as_they_nest() -> None:
    def nests(session: Session) -> None:
        session.channel.answer()
        first = session.channel.playback("outer", block=False)
        session.channel.playback("inner")
        first.wait()
        session.channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(nests)
        call.wait()
    entries = shown(call.transcript.entries)
    assert Prompts.deepest(entries) == 2
    prompts = Prompts()
    for entry in entries:
        prompts.follow(entry)
        prompts.settle()
    assert prompts.playing == []


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["ivr/a.wav", "ivr/b.wav", "digits/1.wav"], "ivr/a + b + digits/1"),
        (["a", "b.c.wav"], "a + b.c"),
        (["/x/a.wav", "a.wav"], "/x/a + a"),
    ],
)
def test_files_in_a_row_name_their_folder_once(files: list[str], said: str) -> None:
    assert in_short(files) == said


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("short", ["short"]),
        ("one two three", ["one two", "three"]),
        ("/srv/sounds/welcome.wav", ["/srv/", "sounds/", "welcome.", "wav"]),
        ("nowheretobreakit", ["nowheret", "obreakit"]),
        ("a bb ccc dddd eeeee ffffff ggggggg", ["a bb ccc", "dddd", "eeeee", "ffffff …"]),
    ],
)
def test_text_is_broken_where_a_reader_would(text: str, lines: list[str]) -> None:
    assert wrapped(text, 8, 4, len, "…") == lines

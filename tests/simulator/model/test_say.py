"""What is said, file by file."""

from __future__ import annotations

from eslsync import Session
from simulator import FreeSwitch
from simulator.model.say import say_files
from tests.support.cases import for_each


@for_each(
    ("kind", "method", "text", "files"),
    [
        ("number", "pronounced", "123", "1 hundred 20 3"),
        ("number", "pronounced", "0", "0"),
        ("number", "pronounced", "15", "15"),
        ("number", "pronounced", "1000", "1 thousand"),
        ("number", "pronounced", "2010011", "2 million 10 thousand 11"),
        ("number", "counted", "21", "20 h-1"),
        ("number", "iterated", "407", "4 0 7"),
    ],
)
def test_numbers_are_said_as_the_english_module_says_them(
    kind: str, method: str, text: str, files: str
) -> None:
    assert say_files(kind, method, text) == [f"digits/{each}.wav" for each in files.split()]


def test_names_and_money_are_said_and_anything_else_is_not() -> None:
    assert say_files("name_spelled", "pronounced", "A1") == ["ascii/97.wav", "digits/1.wav"]
    assert say_files("currency", "pronounced", "$1.02") == [
        "digits/1.wav",
        "currency/dollar.wav",
        "currency/and.wav",
        "digits/2.wav",
        "currency/cents.wav",
    ]
    assert say_files("number", "pronounced", "abc") is None
    assert say_files("unheard_of", "pronounced", "1") is None


def test_speech_is_heard_word_by_word() -> None:
    def says(session: Session) -> None:
        session.channel.answer()
        session.channel.say("42")
        session.channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(says)
        call.hear("digits/2")
        call.wait()
    assert call.heard == ["digits/40.wav", "digits/2.wav"]

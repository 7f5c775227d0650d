"""What prompts say."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.captions import TextsError, caption, read_texts
from tests.support.cases import for_each


@for_each(
    ("prompt", "said"),
    [
        ("ivr/ivr-welcome", "welcome"),
        (
            "ivr/ivr-please_enter_pin_followed_by_pound.wav",
            "please enter your PIN, followed by pound",
        ),
        ("ivr/ivr-thank_you_for_holding.wav", "thank you for holding"),
        ("voicemail/vm-goodbye.wav", "goodbye"),
        ("digits/4.wav", "4"),
        ("digits/h-3.wav", "third"),
        ("time/mon-1.wav", "February"),
        ("time/day-0", "Sunday"),
        ("time/day-7", "day-7"),
        ("ascii/97.wav", "A"),
        ("ascii/64.wav", "at"),
        ("phonetic-ascii/98.wav", "Bravo"),
        ("local_stream://moh", "(music)"),
        ("%(2000,4000,440,480)", "(a tone)"),
        ("tts://flite|kal|It is 3.5.", "It is 3.5."),
        ("{loops=2}ivr/ivr-welcome", "welcome"),
        ("/var/sounds/hours of business.mp3", "hours of business"),
        ("silence_stream://500", ""),
        ("tone_stream://%(500,500,440)", "(a tone)"),
        ("bank/hello", "Welcome to the bank."),
    ],
)
def test_a_prompt_says_what_its_text_or_its_name_does(prompt: str, said: str) -> None:
    assert caption(prompt, {"bank/hello": "Welcome to the bank."}) == said


def test_texts_are_read_with_or_without_the_suffix(tmp_path: Path) -> None:
    file = tmp_path / "texts.yaml"
    file.write_text("bank/hello.wav: Welcome.\nbye: Good bye.\n", encoding="utf-8")
    texts = read_texts(file)
    assert caption("bank/hello", texts) == "Welcome."
    assert caption("sounds/bye.wav", texts) == "Good bye."


@pytest.mark.parametrize("text", ["- a list", "hello: [1]", "{", "\x00"])
def test_texts_that_are_none_are_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "texts.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(TextsError, match=r"texts\.yaml: "):
        read_texts(file)

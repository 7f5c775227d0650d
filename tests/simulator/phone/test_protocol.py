"""What pages ask for: commands, and what is none."""

from __future__ import annotations

import pytest

from simulator.phone.protocol import (
    Again,
    Answer,
    Back,
    CallUp,
    Command,
    HangUp,
    MoveMade,
    NotACommand,
    Order,
    Press,
    Reject,
    Say,
    Skip,
    Speed,
    Talk,
    dumped,
    read_command,
)
from tests.support.cases import for_each

MOVE: MoveMade = {"at": 1, "verb": "press", "keys": "1", "line": 2, "seconds": 0.0}


@for_each(
    "command",
    [
        CallUp("1001", "5000"),
        Again(same=True),
        HangUp(),
        Press("1*#A"),
        Speed(10),
        Skip(),
        Back(1_500_000),
        Press("1", 2),
        Answer(2),
        Reject(3),
        HangUp(3),
        Say(2, 1_500_000, "AAA="),
        Talk(0.5),
        Order("handler: a.py", {"one": "1"}, [MOVE], 2, 0.0, voice=["espeak-ng"], folder="/tmp"),
    ],
)
def test_a_command_is_read_as_it_was_written(command: Command) -> None:
    assert read_command(dumped(command)) == command


@for_each(
    ("text", "why"),
    [
        ("press 1", "is a JSON object"),
        ("[]", "one of call, again, visit, hangup"),
        ('{"do": "dial"}', "one of call, again, visit, hangup"),
        ('{"do": "press"}', "missing 1 required"),
        ('{"do": "press", "keys": 1}', "keys=1 is nothing that Press takes"),
        ('{"do": "press", "keys": "1x"}', "keys are 0-9"),
        ('{"do": "press", "keys": "1", "at": 2}', "at=2 is nothing"),
        ('{"do": "speed", "speed": true}', "speed=True is nothing"),
        ('{"do": "speed", "speed": 3}', "a speed is one of"),
        ('{"do": "answer"}', "missing 1 required"),
        ('{"do": "answer", "line": "2"}', "line='2' is nothing that Answer takes"),
        ('{"do": "back", "moment": -1}', "not before the call"),
        ('{"do": "talk", "seconds": 0}', "one talks for up to 60 s"),
        ('{"do": "say", "take": 1, "at": 0, "sound": "AAA!"}', "in base64"),
        ('{"do": "say", "take": 1, "at": 0, "sound": "AAAA"}', "16-bit samples"),
        ('{"do": "say", "take": 1, "at": -1, "sound": ""}', "16-bit samples"),
        ('{"do": "say", "take": 1, "at": 0, "sound": "%s"}' % ("A" * 30_000), "up to a second"),
    ],
)
def test_what_is_no_command_is_told(text: str, why: str) -> None:
    with pytest.raises(NotACommand, match=why):
        read_command(text)

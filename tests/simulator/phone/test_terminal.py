"""The telephone in a terminal, typed at by a test: what is shown, and when."""

from __future__ import annotations

from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar

import pytest

from eslsync.clock import Clock
from simulator.ladders.text import ASCII, draw
from simulator.model.endpoint_modules import OTHERS
from simulator.phone.inbox import Inbox
from simulator.phone.player import BY_HAND, CALLER, Move, Player
from simulator.phone.terminal import HELP, Screen, TerminalPhone
from simulator.scripts.script import Script
from tests.support.places import EXAMPLES

T = TypeVar("T")
IVR = Script(str(EXAMPLES / "ivr.py"))


class Typist(Clock):
    """Real time in which somebody types these keys, each so many seconds after the one before."""

    def __init__(self, typed: list[tuple[float, str]]) -> None:
        self.time = 100.0
        self._typed = typed

    def now(self) -> float:
        return self.time

    def get(self, inbox: SimpleQueue[T], deadline: float | None) -> T:
        after, key = self._typed[0]
        if deadline is not None and deadline < self.time + after:
            passed = max(0.0, deadline - self.time)
            self._typed[0] = (after - passed, key)
            self.time += passed
            raise Empty
        self._typed.pop(0)
        self.time += after
        return key  # type: ignore[return-value]


#: What a prompt says, in more than a line of a terminal.
LONG = (
    "you have pressed 4; for this bank's opening hours and for all of its addresses, hold the line"
)


class Typed:
    """What somebody sees who types these keys in a call of a handler."""

    def __init__(self, *typed: tuple[float, str], script: Script = IVR) -> None:
        self.lines: list[str] = []
        self.saved: list[Script] = []
        clock = Typist([*typed, (0.0, "q")])
        began = clock.now()
        screen = Screen(
            self.lines.append,
            lambda player: draw(
                player.transcript.entries, width=79, glyphs=ASCII, grows=True
            ).split("\n"),
        )
        with TerminalPhone(
            Player(script),
            Inbox(),
            screen,
            texts={"ivr/ivr-welcome": "welcome to the bank", "ivr/ivr-option-4": LONG},
            save=self.save,
            clock=clock,
        ) as phone:
            phone.run()
            self.moves = phone.player.moves
            self.took = clock.now() - began
            self.ladder = "\n".join(screen.draw(phone.player))
            self.hung_up = phone.player.hung_up
            self.now = phone.player.now

    def save(self, player: Player) -> list[Path]:
        self.saved.append(player.script())
        return [Path("ivr.call.yaml")]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def test_keys_are_pressed_when_they_are_typed_and_the_ladder_grows() -> None:
    seen = Typed((0.5, "1"), (1.0, "h"), (1.0, "x"))
    assert seen.hung_up
    assert '    "welcome to the bank"' in seen.lines
    ladder = [line for line in seen.lines if line in seen.ladder.split("\n")]
    assert "\n".join(ladder) == seen.ladder  # nothing was drawn twice
    assert any("0.500" in line and "presses 1" in line for line in seen.lines)
    assert any("1.500" in line and "hangs up" in line for line in seen.lines)
    assert all(len(line) <= 79 and line.isascii() for line in ladder)
    assert seen.lines[-1].startswith("0-9 * # A-D")  # of a key that means nothing


def test_a_terminal_of_80_columns_has_room_for_each_line() -> None:
    seen = Typed((2.5, "?"), (0.1, "4"), (1.0, "b"))
    assert set(HELP.split("\n")) <= {line for text in seen.lines for line in text.split("\n")}
    said = [line for line in seen.lines if line.startswith("    ") and "hold the line" in line]
    assert said == ['    addresses, hold the line"']
    assert max(len(line) for text in seen.lines for line in text.split("\n")) <= 79


def test_time_passes_as_fast_as_the_caller_wants() -> None:
    seen = Typed((0.0, "f"), (0.0, "f"), (0.3, "1"), (0.0, " "), (60.0, " "))
    assert [line for line in seen.lines if line.endswith(" x")][:2] == ["2 x", "10 x"]
    assert any("3.000" in line and "presses 1" in line for line in seen.lines)
    assert "time stands still at 3.000 s; space goes on" in seen.lines
    assert seen.now == 3_000_000
    assert seen.took == pytest.approx(60.3)


def test_n_leads_to_the_next_thing_at_once() -> None:
    seen = Typed(*[(0.0, "n")] * 40)
    assert seen.took == 0
    assert seen.hung_up
    assert any(line.startswith("the call has ended at ") for line in seen.lines)


def test_back_and_another_key_keeps_the_ladder_up_to_there() -> None:
    seen = Typed(
        (1.5, "1"),
        (1.0, "b"),
        (0.0, "b"),
        (0.0, "2"),
        (0.0, " "),
        (3.0, "s"),
    )
    assert "time stands still at 1.500 s; space goes on" in seen.lines
    assert "presses 2" in seen.ladder
    assert "presses 1" not in seen.ladder
    [script] = seen.saved
    assert "saved: ivr.call.yaml" in seen.lines
    assert [(step.verb, step.options) for step in script.steps][:2] == [
        ("say_nothing", {"seconds": 1.5}),
        ("press", {"digits": "2"}),
    ]


def test_back_again_and_again_leads_to_the_beginning() -> None:
    seen = Typed((1.0, "1"), (3.0, "2"), *[(0.0, "b")] * 6)
    assert seen.now == 0
    assert seen.moves == []


def test_a_key_after_the_end_is_told() -> None:
    seen = Typed((1.0, "h"), (5.0, "1"))
    assert "the call has ended; b goes back, q quits" in seen.lines


# Other phones

SCREENING, RING_TWO = (
    Script(str(EXAMPLES / name), call={"endpoints": {OTHERS: BY_HAND}})
    for name in ("screening.py", "ring_two.py")
)


def test_a_phone_that_rings_is_answered_and_its_keys_are_pressed_and_then_they_are_the_caller() -> (
    None
):
    typed = [(3.0, "#"), (3.0, "a"), (5.0, "1"), (3.0, "h"), (0.5, "a")]
    seen = Typed(*typed, script=SCREENING)
    assert [(each.verb, each.keys, each.line) for each in seen.moves] == [
        ("press", "#", CALLER),
        ("answer", "", 2),
        ("press", "1", 2),
        ("hangup", "", 2),
    ]
    told = [line for line in seen.lines if "user/1000" in line and line not in seen.ladder]
    assert '    press 3"' in seen.lines
    assert told == [
        "user/1000: 1001 calls; a answers, d declines",
        "you are at the phone of user/1000",
        '    user/1000: "you have a call from"',
        '    user/1000: "(what you said)"',
        '    user/1000: "to accept, press 1; to reject, press 2; to send to voicemail,',
    ]
    after = seen.lines[seen.lines.index(told[-1]) :]
    assert "you are at the phone of the caller, 1001" in after
    assert "no phone rings" in after


def test_of_two_phones_one_declines_and_the_other_answers_and_the_caller_hangs_up() -> None:
    seen = Typed(
        (3.0, "l"), (0.0, "l"), (0.0, "d"), (1.0, "a"), (1.0, "l"), (0.0, "h"), script=RING_TWO
    )
    assert seen.moves == [
        Move(3_000_000, "reject", line=3),
        Move(4_000_000, "answer", line=2),
        Move(5_000_000, "hangup"),
    ]


def test_back_before_the_answer_it_rings_again_and_is_declined() -> None:
    typed = [(3.0, "#"), (3.0, "a"), (0.0, "b"), (0.0, "d"), (0.0, "l"), (0.0, " "), (1.0, "s")]
    seen = Typed(*typed, script=SCREENING)
    assert [each.verb for each in seen.moves] == ["press", "reject"]
    assert "no other phone is called" in seen.lines
    [script] = seen.saved
    assert [step.verb for step in script.steps][-2:] == ["at", "hangup"]

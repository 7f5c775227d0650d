"""Ladders as text."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eslsync import CommandError, Session
from examples.ivr import handler as ivr
from simulator import Call, FreeSwitch
from simulator.ladders.text import ASCII, BOX, columns, draw

Handler = Callable[[Session], object]


def play(
    handler: Handler, script: Callable[[Call], object] = lambda call: None, **options: str
) -> Call:
    with FreeSwitch(prompts={"ivr/ivr-welcome": 3.0}, raises=False) as switch:
        call = switch.call(handler, **options)  # type: ignore[arg-type]
        script(call)
        call.wait()
    return call


def lines(call: Call, *, begin: str, end: str) -> str:
    """The ladder from the line with ``begin`` to the line with ``end``."""
    drawn = call.ladder().splitlines()
    first = next(number for number, line in enumerate(drawn) if begin in line)
    last = next(number for number, line in enumerate(drawn) if end in line and number >= first)
    return "\n".join(drawn[first : last + 1])


def press_during_the_welcome(call: Call) -> None:
    call.hear("ivr/ivr-welcome", start=True)
    call.say_nothing(1)
    call.press("2")


def test_a_whole_call_is_drawn() -> None:
    call = play(ivr, lambda call: call.press("1", when_asked=True))
    assert (
        call.ladder()
        == """\
        s caller                         switch                                         app
    0.000   ├─ calls 5000 ────────────────▶│                                             │
            │                              │◀─ connect, linger, filter, event ───────────┤
            │                              │◀─ answer ───────────────────────────────────┤
    0.020   │◀─ answers ───────────────────┤                                             │
            │                              ├─ answer completed ─────────────────────────▶│
            │                              │◀─ playback ivr/ivr-welcome ─────────────────┤
    0.040  ┏│◀─ ivr/ivr-welcome ───────────┤                                             │
           ┃┊   3.0 s                      ┊                                             ┊
    3.040  ┗│   end of ivr/ivr-welcome     │                                             │
            │                              ├─ playback completed: FILE PLAYED ──────────▶│
            ├─ presses 1 ─────────────────▶│                                             │
    3.060   │                              ├─ DTMF 1 ───────────────────────────────────▶│
            │                              │◀─ playback ivr/ivr-option-1 ────────────────┤
    3.080  ┏│◀─ ivr/ivr-option-1 ──────────┤                                             │
           ┃┊   2.0 s                      ┊                                             ┊
    5.080  ┗│   end of ivr/ivr-option-1    │                                             │
            │                              ├─ playback completed: FILE PLAYED ──────────▶│
            │                              │◀─ hangup NORMAL_CLEARING ───────────────────┤
    5.100   │◀─ hangs up NORMAL_CLEARING ──┤                                             │
            │                              ├─ CHANNEL_HANGUP NORMAL_CLEARING ───────────▶│
            │                              ├─ CHANNEL_HANGUP_COMPLETE NORMAL_CLEARING ──▶│"""
    )


def test_a_prompt_inside_a_prompt_has_its_own_bar() -> None:
    call = play(ivr, press_during_the_welcome)
    assert (
        lines(call, begin="◀─ ivr/ivr-welcome", end="end of ivr/ivr-welcome")
        == """\
    0.040   ┏│◀─ ivr/ivr-welcome ───────────┤                                             │
            ┃┊   1.0 s                      ┊                                             ┊
    1.040   ┃├─ presses 2 ─────────────────▶│                                             │
    1.060   ┃│                              ├─ DTMF 2 ───────────────────────────────────▶│
            ┃│                              │◀─ playback ivr/ivr-option-2 ────────────────┤
    1.080  ┏┃│◀─ ivr/ivr-option-2 ──────────┤                                             │
           ┃┆┊   2.0 s                      ┊                                             ┊
    3.080  ┗┆│   end of ivr/ivr-option-2    │                                             │
            ┃│   on with ivr/ivr-welcome    │                                             │
            ┃│                              ├─ playback completed: FILE PLAYED ──────────▶│
            ┃┊   2.0 s                      ┊                                             ┊
    5.040   ┗│   end of ivr/ivr-welcome     │                                             │"""
    )


def test_a_hangup_cuts_the_prompt() -> None:
    def hang_up(call: Call) -> None:
        call.hear("ivr/ivr-welcome", start=True)
        call.say_nothing(1)
        call.hangup()

    assert (
        lines(play(ivr, hang_up), begin="hangs up", end="COMPLETE")
        == """\
    1.040  ┃├─ hangs up NORMAL_CLEARING ──▶│                                             │
           ┃│                              ├─ CHANNEL_HANGUP NORMAL_CLEARING ───────────▶│
    1.060  ┻│   cut: ivr/ivr-welcome       │                                             │
            │                              ├─ playback completed: PLAYBACK ERROR ───────▶│
            │                              ├─ CHANNEL_HANGUP_COMPLETE NORMAL_CLEARING ──▶│"""
    )


def test_an_exception_and_giving_the_call_back_are_drawn() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        raise ValueError("no such\nmenu")

    assert (
        lines(play(handler), begin="raises", end="gives")
        == """\
            │                              │   raises ValueError: no such menu ■ │
            │                              │               gives the call back   │"""
    )


def test_a_refusal_is_drawn() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        with pytest.raises(CommandError):
            session.send("bogus")
        session.channel.hangup()

    assert "├─ -ERR command not found ─" in play(handler).ladder()


def test_collected_digits_are_drawn() -> None:
    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        channel.execute("play_and_get_digits", r"1 4 1 3000 # enter.wav wrong.wav pin ^\d+$")
        channel.execute("read", "1 2 again.wav more 1000 #")
        channel.hangup()

    drawn = play(handler, lambda call: call.press("12#", when_asked=True)).ladder()
    assert "├─ play_and_get_digits completed: pin=12 ─" in drawn
    assert "├─ read completed: more is not set ─" in drawn


LONG = "/srv/sounds/" + "/".join(["a-folder-with-a-name"] * 8) + "/welcome.wav"


def long_names(session: Session) -> None:
    session.channel.answer()
    session.channel.playback(LONG)
    session.channel.playback("ivr/добро-пожаловать")
    session.channel.playback("ivr/ようこそ、いらっしゃいませ、こんにちは")
    raise RuntimeError("words " * 60)


@pytest.mark.parametrize("width", [60, 80, 100, 130, 250])
@pytest.mark.parametrize("handler", [ivr, long_names])
def test_the_ladder_keeps_to_the_width(handler: Handler, width: int) -> None:
    drawn = (
        draw(play(handler, press_during_the_welcome).transcript.entries, width=width)
        if (handler is ivr)
        else draw(play(handler).transcript.entries, width=width)
    )
    widths = {columns(line) for line in drawn.splitlines()[1:]}
    assert len(widths) == 1, "every line ends at the app's lifeline"
    assert widths.pop() <= width


def test_in_a_narrow_terminal_the_texts_are_beside_the_lifelines() -> None:
    entries = play(ivr, press_during_the_welcome).transcript.entries
    drawn = draw(entries, width=50).splitlines()
    assert max(map(columns, drawn)) <= 50
    assert drawn[0] == "       s   c  s  a  caller, switch, app"
    for line in (
        "           │  │◀─┤ connect, linger, filter, event",
        "   0.040  ┏│◀─┤  │ ivr/ivr-welcome",
        "          ┃┊  ┊  ┊ 1.0 s",
        "   1.040  ┃├─▶│  │ presses 2",
    ):
        assert line in drawn
    for width in (30, 40, 50, 59):
        narrow = draw(play(long_names).transcript.entries, width=width)
        assert max(map(columns, narrow.splitlines())) <= max(width, 38)
        assert "■ raises" in narrow


def test_long_texts_are_broken_at_slashes_and_then_cut() -> None:
    call = play(long_names)
    drawn = draw(call.transcript.entries, width=80)
    assert "playback /srv/sounds/ ─" in drawn
    assert "…" in drawn
    assert LONG in draw(call.transcript.entries, width=1000)


def test_the_ladder_can_be_drawn_in_ascii() -> None:
    drawn = draw(play(ivr, press_during_the_welcome).transcript.entries, glyphs=ASCII)
    assert drawn.isascii()
    assert "   0.040   +|<- ivr/ivr-welcome -----------|" in drawn
    assert draw(play(long_names).transcript.entries, glyphs=ASCII).isascii()


def test_every_glyph_is_one_column_wide() -> None:
    assert all(columns(glyph) == 1 for glyph in str(BOX))


def test_a_style_is_given_the_kind_of_each_piece() -> None:
    seen: dict[str, set[str]] = {}

    def style(text: str, kind: str) -> str:
        seen.setdefault(kind, set()).add(text)
        return text

    call = play(long_names)
    plain = draw(call.transcript.entries)
    assert draw(call.transcript.entries, style=style) == plain
    assert set(seen) == {"caller", "switch", "app", "problem", "line", "time", "prompt"}
    assert seen["line"] == {"│", "┊", "├", "┤"}
    assert any("raises RuntimeError" in text for text in seen["problem"])

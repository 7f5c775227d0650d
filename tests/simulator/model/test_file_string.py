"""The files of a `file_string` are heard in their turn."""

from __future__ import annotations

import time

import pytest

from eslsync import Session
from simulator import CallFailed, FreeSwitch

FILES = ["ivr/a.wav", "ivr/b.wav", "digits/1.wav"]


LENGTHS = {"ivr/a": 3.0, "ivr/b": 2.0, "digits/1": 1.0}


def several(session: Session) -> None:
    session.channel.answer()
    session.channel.playback(FILES, terminators="#")
    session.channel.hangup()


def test_each_of_several_files_is_heard_in_its_turn() -> None:
    with FreeSwitch(prompts=LENGTHS) as switch:
        call = switch.call(several)
        call.hear("ivr/b", start=True)
        assert call.duration == pytest.approx(3.25, abs=0.1)
        call.hear("ivr/b")
        call.press("#")
        call.wait()
    assert call.heard == FILES
    assert call.duration == pytest.approx(5.3, abs=0.1)


def test_a_file_that_never_began_is_not_heard() -> None:
    with FreeSwitch(prompts=LENGTHS) as switch:
        call = switch.call(several)
        call.hear("ivr/a", start=True)
        call.press("#")
        call.hear(f"file_string://{'!'.join(FILES)}")  # the whole has a name, too
        call.wait()
        with pytest.raises(CallFailed, match="did not hear 'ivr/b'"):
            call.hear("ivr/b")
    assert call.heard == ["ivr/a.wav"]


def test_a_nested_prompt_makes_the_files_wait() -> None:
    def interrupts(session: Session) -> None:
        session.channel.answer()
        outer = session.channel.playback(FILES, block=False)
        session.channel.playback("inside")
        outer.wait()
        session.channel.hangup()

    with FreeSwitch(prompts={**LENGTHS, "inside": 10.0}) as switch:
        call = switch.call(interrupts)
        call.hear("ivr/b", start=True)
        assert call.duration == pytest.approx(13.25, abs=0.2)
        call.wait()
    assert call.heard == ["ivr/a.wav", "inside", "ivr/b.wav", "digits/1.wav"]


def test_an_offset_skips_a_part_of_the_first_file_only() -> None:  # (recording 35a)
    def skips(session: Session) -> None:
        session.channel.answer()
        session.channel.execute("playback", f"file_string://{'!'.join(FILES)}@@16000")
        session.channel.hangup()

    with FreeSwitch(prompts=LENGTHS) as switch:
        call = switch.call(skips)
        call.wait()
    assert call.heard == FILES
    assert call.duration == pytest.approx(0.25 + 1.0 + 2.0 + 1.0, abs=0.1)


def test_the_files_after_a_seek_are_heard_again() -> None:
    def skips(session: Session) -> None:
        session.channel.answer()
        playing = session.channel.playback(FILES, block=False)
        time.sleep(4)  # in the second file
        session.api(f"uuid_fileman {session.uuid} restart")
        playing.wait()
        session.channel.hangup()

    with FreeSwitch(prompts=LENGTHS) as switch:
        call = switch.call(skips)
        call.wait()
    assert call.heard == [*FILES[:2], *FILES]
    assert call.duration == pytest.approx(4.0 + 6.25, abs=0.1)


def test_the_ladder_draws_several_files_in_a_line() -> None:
    with FreeSwitch(prompts=LENGTHS) as switch:
        call = switch.call(several)
        call.wait()
    drawn = [line for line in call.ladder().splitlines() if "ivr/" in line]
    assert all("ivr/a + b + digits/1" in line for line in drawn)
    assert len(drawn) == 3  # the command, the beginning, the end

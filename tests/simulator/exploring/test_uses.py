"""What a call has used."""

from __future__ import annotations

from eslsync import Session
from simulator import FreeSwitch
from simulator.exploring.attempts import AttemptOutcome
from simulator.exploring.observer import Observer
from simulator.exploring.uses import note_uses


def says_and_records(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("welcome")
    session.channel.say("en number pronounced 12")
    session.channel.record("/tmp/message.wav", limit=1)
    session.api(f"uuid_broadcast {session.uuid} elsewhere.wav")
    session.channel.hangup()


def test_prompts_files_recordings_and_commands_for_other_legs_are_noted() -> None:
    outcome, observer = AttemptOutcome(), Observer({})
    with FreeSwitch() as switch:
        call = switch.call(observer.watched(says_and_records))
        observer.follow(call)
        call.wait()
        note_uses(outcome, call, observer)
    assert outcome.answered
    assert outcome.heard[0] == "welcome"
    assert outcome.played == set(outcome.heard)
    assert outcome.files == {"welcome", "elsewhere.wav"}
    assert outcome.recorded == {"/tmp/message.wav"}
    assert b"elsewhere.wav" in outcome.elsewhere

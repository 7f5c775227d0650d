"""The model driven by a recording: commands at their times, in the recorded order."""

from __future__ import annotations

import pytest

from simulator.model.races import Races
from simulator.recordings.driving import Drive
from simulator.recordings.reading import Recording
from tests.support.places import RECORDINGS


def drive(name: str) -> Drive:
    driven = Drive(Recording.read(RECORDINGS / f"{name}.jsonl"), Races())
    driven.run()
    return driven


def test_the_model_answers_every_command_at_about_its_recorded_time() -> None:
    driven = drive("01a_basic_playback_hangup")
    recorded = [each for each in driven.recording.switch if each.lane == "answer"]
    found = [each for each in driven.found if each.lane == "answer"]
    assert [each.kind for each in found] == [each.kind for each in recorded]
    assert [each.time for each in found] == pytest.approx([e.time for e in recorded], abs=0.1)
    assert driven.closed


def test_a_command_names_the_models_own_uuids() -> None:
    driven = drive("261_originate_park_sendmsg")
    assert driven.roles
    known = {each.get("Unique-ID") for each in driven.found}
    recorded = {each.get("Unique-ID") for each in driven.recording.switch}
    for theirs, ours in driven.roles.items():
        if theirs in recorded:
            assert ours in known


def test_an_inbound_connection_has_no_channel() -> None:
    driven = drive("13a_inbound_auth_ok_heartbeat")
    assert driven.channel is None
    assert driven.found[0].kind == "auth/request"


def test_another_client_watches_a_call_whose_app_was_killed() -> None:
    driven = drive("50k_killed_music_resume")
    died = driven.recording.app[-1][0]
    assert all(each.time <= died for each in driven.found)
    after = [each.get("Application") for each in driven.watched if each.name == "CHANNEL_EXECUTE"]
    assert after == ["set", "playback", "hangup"]  # the dialplan went on

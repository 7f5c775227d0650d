"""What maps say, to somebody who has not written the handler."""

from __future__ import annotations

from pathlib import Path

import pytest

from eslsync import Session
from simulator import Exploration, explore
from simulator.exploring.labels import box, phrase
from simulator.exploring.maps import in_a_row


def boxes(exploration: Exploration) -> dict[str, str]:
    """What is in the boxes, and the names of prompts."""
    said = (box(exploration.map, spot) for spot in exploration.map.spots.values())
    return {each.says: each.name for each in said}


def phrases(exploration: Exploration) -> set[str]:
    spots = exploration.map.spots.values()
    return {phrase(spot.streets, street) for spot in spots for street in spot.streets}


def leaves_a_message(session: Session) -> None:
    channel = session.channel
    file = f"/tmp/{session.uuid}.wav"
    channel.answer()
    channel.record(file, limit=5)
    channel.get_digits(
        ["voicemail/vm-press.wav", "digits/1.wav", "voicemail/vm-listen_to_recording.wav"]
    )
    channel.playback(file)
    channel.hangup()


def test_a_box_says_what_is_heard_and_the_prompts_name() -> None:
    found = boxes(explore(leaves_a_message, keys="1"))
    assert found["“press 1 to listen to the recording”"] == "voicemail/vm-press.wav and 2 more"
    assert found["what the caller said"] == "/tmp/….wav"
    assert found["records the caller"] == ""


def test_what_differs_is_said_where_the_same_action_leads_elsewhere(
    tries: Exploration, calls_a_desk: Exploration
) -> None:
    assert {"key 9, # or silence, the 1st or 2nd time", "keys 1, 2"} <= {
        each.replace("keys 9, #", "key 9, #") for each in phrases(tries)
    }
    found = phrases(calls_a_desk)
    assert {"if user/1000 answers", "if user/1000 does not answer"} <= found


def asks_once(session: Session) -> None:
    session.channel.answer()
    key = session.channel.get_digits("menu")
    session.channel.playback("one" if key == "1" else "other")
    session.channel.hangup()


def test_the_keys_that_no_other_arrow_has_are_any_other_key() -> None:
    assert {"key 1", "any other key or silence"} <= phrases(explore(asks_once, keys="12345"))


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (
            ["2; user/1 answers", "2; user/1 does not answer"],
            "2 and user/1 answers or does not answer",
        ),
        (
            [
                f"{key}; user/1 {does}"
                for key in "0123"
                for does in ("answers", "answers and hangs up", "does not answer")
            ],
            "0-3 and user/1 rings",
        ),
        (["user/1 answers", "user/1 answers and hangs up"], "user/1 answers"),
    ],
)
def test_a_key_upon_which_somebody_is_called_is_named_once(labels: list[str], said: str) -> None:
    assert in_a_row(labels) == said


def test_the_map_of_a_file_says_when_calls_come(tmp_path: Path) -> None:
    (tmp_path / "hours.py").write_text(
        "from datetime import datetime\n"
        "def handler(session):\n"
        "    session.channel.answer()\n"
        "    session.channel.playback('open' if datetime.now().hour < 18 else 'closed')\n"
        "    session.channel.hangup()\n"
    )
    drawn = explore(tmp_path / "hours.py", keys="1", workers=1).map
    said = {phrase(drawn.starts, street) for street in drawn.starts}
    assert "otherwise" in said
    assert any(each.startswith("call on ") for each in said)

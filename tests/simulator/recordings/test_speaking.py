"""What callers said in recordings of a real switch: as its events tell it, and as it was.

What becomes of it in scripts is in test_rescripting.py.
"""

from __future__ import annotations

import pytest

from simulator.recordings.reading import Recording
from simulator.recordings.retelling import Retelling
from tests.support.places import RECORDINGS

AGENT = "agent"  # mod_test understands nothing else
THIRD = "third"  # unless a parameter of it says so

#: What was said as the events tell it, and what each engine understood, by grammar.
TOLD: dict[str, tuple[list[str], dict[str, dict[str, list[str]]]]] = {
    # once during the prompt, and once after it
    "29a": ([AGENT, AGENT], {"test": {"default": [AGENT]}}),
    # the events come twice
    "29b": ([AGENT, AGENT, AGENT], {"test": {"default": [AGENT], "second": [AGENT]}}),
    # the caller talks for too long, so the engine has heard them twice
    "53a": ([AGENT, AGENT], {"test": {"departments": [AGENT], "other": []}}),
    "53b": ([], {"test": {"departments": []}}),
    # they hang up, or press a key, while they talk
    "53c": ([""], {"test": {"departments": []}}),
    "53d": ([""], {"test": {"departments": []}}),
    "53h": ([""], {"test": {"departments": []}}),
    # what is said while a prompt is played is not told
    "53e": ([THIRD, ""], {"test": {"departments": [], "people": [THIRD], "again": []}}),
}


@pytest.mark.parametrize("name", TOLD)
def test_events_tell_what_was_said(name: str) -> None:
    [path] = RECORDINGS.glob(f"{name}_*.jsonl")
    recording = Recording.read(path)
    actions = recording.circumstances["actions"]
    talks = [each for each in actions if "talk" in each]
    recording.circumstances["actions"] = [each for each in actions if "talk" not in each]
    retelling = Retelling(recording)
    words, understood = TOLD[name]
    assert [each.words for each in retelling.said] == words
    assert retelling.understood == understood
    for said in retelling.said:
        assert any(
            talk["at"] - 0.1 < said.time
            and said.time + said.seconds < talk["at"] + talk["talk"] + 0.2
            for talk in talks
        ), "this is when they talked"
        shown = f"says {said.words}" if said.words else "talks for"
        assert any(
            entry.time == said.time and entry.text.startswith(shown) for entry in retelling.entries
        )

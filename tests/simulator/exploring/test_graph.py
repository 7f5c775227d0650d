"""What was found, and its titles in pictures."""

from __future__ import annotations

import pytest

from eslsync import Session
from simulator import explore
from simulator.exploring.graph import Way, in_short
from simulator.scripts.steps import Step


def bridges(session: Session) -> None:
    session.channel.answer()
    session.channel.playback(["menu.wav", "more.wav", "most.wav"])
    session.channel.wait("DTMF", timeout=5)
    session.channel.bridge("user/1000", ring_timeout=5, variables={"account": "42"})
    session.channel.hangup()


def test_a_node_is_titled_by_what_the_caller_hears_or_whom_they_speak_to() -> None:
    titles = {node.title for node in explore(bridges, keys="1").nodes}
    assert '"menu more most"' in titles
    assert "waits for a key" in titles
    assert "bridge user/1000" in titles


@pytest.mark.parametrize(
    ("prompt", "short"),
    [
        ("ivr/welcome.wav", "ivr/welcome.wav"),
        ("file_string://a.wav!b.wav!c.wav", '"a b c"'),
        ("file_string://press.wav!1.wav!press.wav!2.wav", '"press 1, press 2"'),
        ("file_string://a.wav", "a.wav"),
        ("/tmp/c7a0d5b2-2b36-4b8e-9f5e-0c6f3f1d2a10.wav", "/tmp/….wav"),
        ("tone_stream://%(500,0,800)", "tone_stream://%(500,0,800)"),
    ],
)
def test_a_prompts_name_is_shortened(prompt: str, short: str) -> None:
    assert in_short(prompt) == short


def test_a_way_can_be_extended_and_becomes_a_script() -> None:
    way = Way({"caller": "1001"}, (Step("hear", {"prompt": "menu"}),))
    longer = way.then(Step("press", {"digits": "1"}), "wait")
    assert [step.verb for step in way.steps] == ["hear"]
    script = longer.script("ivr.py", "handler", {"cause": "NORMAL_CLEARING"})
    assert [step.verb for step in script.steps] == ["hear", "press", "wait"]
    assert script.call == {"caller": "1001"}
    assert script.expect == {"cause": "NORMAL_CLEARING"}

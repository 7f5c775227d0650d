"""A call that comes in."""

from __future__ import annotations

from simulator.recordings.reading import Recording
from tests.support.model_call import ModelCall
from tests.support.places import RECORDINGS


def test_a_call_is_introduced_as_the_real_switch_does() -> None:
    """Names and order of the connect reply's headers are those of a recording."""
    recording = Recording.read(RECORDINGS / "01a_basic_playback_hangup.jsonl")
    call = ModelCall(incoming={"caller_name": "Alice"})
    call.send("connect")
    assert recording.connect is not None
    expected = [name for name, _ in recording.connect.headers]
    assert [name for name, _ in call.sent[0].headers] == expected


def test_applications_before_the_socket_run_first() -> None:
    call = ModelCall(incoming={"before": [("set", "tenant=acme"), ("answer", "")]})
    assert call.channel.answered_at == call.channel.created_at
    assert call.send("connect") == "+OK\n"
    assert call.sent[0].get("variable_tenant") == "acme"


def test_a_call_brings_its_variables() -> None:
    call = ModelCall(incoming={"variables": {"order": "42"}})
    call.send("connect")
    assert call.send("getvar order") == "42"

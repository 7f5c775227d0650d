"""What the switch tells about itself."""

from __future__ import annotations

from tests.support.model_call import ModelCall


def test_status_counts() -> None:
    call = ModelCall()
    call.send("connect")
    call.wait(90061)
    lines = call.send("api status").split("\n")
    assert lines[0].startswith("UP 0 years, 1 day, 1 hour, 1 minute, 1 second, ")
    assert lines[2] == "2 session(s) since startup"

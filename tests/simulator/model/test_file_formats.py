"""The formats that some module of FreeSWITCH opens."""

from __future__ import annotations

from simulator.model.file_formats import unknown_format
from tests.support.cases import for_each


@for_each(
    "name",
    [
        "welcome",
        "ivr/welcome.WAV",
        "a/v1.2/b",
        "a.G722",
        "tone_stream://%(9,9,440)",
        "tone_stream://d=60;123",
        "https://a.b/c.xyz",
    ],
)
def test_a_known_format_or_none(name: str) -> None:
    assert unknown_format(name) is None


def test_an_unknown_one_is_told_with_what_was_meant() -> None:
    assert unknown_format("shoutt://x") == (
        "shoutt://",
        "no module plays shoutt:// (did you mean 'shout'?)",
    )
    assert unknown_format("welcome.wavv") == (
        ".wavv",
        "no module plays .wavv (did you mean 'wav'?)",
    )

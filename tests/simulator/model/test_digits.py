"""Strings of digits (switch_channel_queue_dtmf_string)."""

from __future__ import annotations

from simulator.model.digits import dtmf_string
from tests.support.cases import for_each


@for_each(
    ("text", "digits"),
    [
        ("12", [("1", 2000), ("2", 2000)]),
        ("1@100", [("1", 800)]),
        ("1@10", [("1", 2000)]),  # too short
        ("1@100000", [("1", 192_000)]),  # too long
        ("1@100+#", [("1", 800), ("#", 2000)]),
        ("a~1x!", [("a", 2000), ("1", 2000)]),
        ("", []),
    ],
)
def test_keys_and_how_long_they_are_pressed(text: str, digits: list[tuple[str, int]]) -> None:
    assert [(each.key, each.duration) for each in dtmf_string(text)] == digits

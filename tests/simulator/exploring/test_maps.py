"""Maps as text: each spot once, and labels that lead the same way joined."""

from __future__ import annotations

import pytest

from simulator import Exploration
from simulator.exploring.maps import in_a_row


def test_the_tree_has_each_spot_once(tries: Exploration) -> None:
    lines = str(tries).splitlines()
    assert lines[:6] == [
        "└─ [1] menu  0.0 s",
        "   ├─ 9, #, silence (the 1st or 2nd time): ↩ [1] menu",
        "   ├─ 1, 2: [2] thanks  0.1 s",
        "   │  └─ hangs up",
        "   └─ 9, #, silence (the 3rd time): [3] too-often  22.1 s",
        "      └─ hangs up",
    ]


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["0", "1", "2", "5", "#"], "0-2, 5, #"),
        (list("0123456789*#"), "any key"),
        (["silence", "7"], "7, silence"),
        (["user/1 answers", "user/1 is busy", "user/2"], "user/1 answers or is busy, user/2"),
        (["user/1 presses 1", "user/1 presses 2"], "user/1 presses 1, 2"),
        (["12#", "34#", "56#", "78#", "90#"], "12#, 34#, 56#, …"),
    ],
)
def test_labels_that_lead_the_same_way_are_joined(labels: list[str], said: str) -> None:
    assert in_a_row(labels) == said

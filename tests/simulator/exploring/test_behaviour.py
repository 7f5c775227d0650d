"""What callers can do, without the code."""

from __future__ import annotations

from eslsync import Session
from simulator import explore
from simulator.exploring.behaviour import Behaviour, Turn, classes, without_code
from simulator.exploring.behaviour import Point as At


def twice(session: Session) -> None:
    channel = session.channel
    channel.answer()
    if channel.get_digits("menu") == "1":
        channel.playback("goodbye")
    else:
        channel.playback("goodbye")
    channel.hangup()


def test_situations_that_callers_cannot_tell_apart_are_one_point() -> None:
    exploration = explore(twice, keys="12")
    assert len(exploration.nodes) == 3
    found: Behaviour = exploration.behaviour
    assert [point.what for point in found.points] == ["menu", "goodbye"]
    menu = found.points[0].turns
    assert [(turn.does, turn.kind, turn.to) for turn in menu] == [
        ("silence", "silence", 1), ("1", "key", 1), ("2", "key", 1),
        ("1 during the prompt", "early", 1),
    ]  # fmt: skip
    (start,) = found.starts
    assert (start.notices, start.to) == (("is answered",), 0)


def counts(session: Session) -> None:
    channel = session.channel
    channel.answer()
    for _ in range(6):
        if channel.get_digits("menu") == "1":
            channel.playback("thanks")
            break
    channel.hangup()


def test_what_was_not_tried_since_others_behave_alike_counts_as_they_do() -> None:
    """Of six situations at one spot, the last ones were tried with one key for each outcome."""
    found = explore(counts, keys="12").behaviour
    assert all(point.whole for point in found.points)
    menus = [point for point in found.points if point.what == "menu"]
    # each but the last is as the one before it, with one try less
    assert len({turn.does for menu in menus for turn in menu.turns}) == len(menus[0].turns)


def test_points_are_the_same_if_all_that_follows_is_the_same() -> None:
    ends = Turn("silence", "silence", (), None, "hangs up")
    points = [
        At("menu", (Turn("1", "key", (), 2),)),
        At("menu", (Turn("1", "key", (), 3),)),
        At("bye", (ends,)),
        At("bye", (ends,)),
        At("bye", (Turn("silence", "silence", (), None, "hangs up: USER_BUSY"),)),
    ]
    group = classes(points)
    assert group[0] == group[1]
    assert group[2] == group[3] != group[4]


def test_lines_and_uuids_are_left_out_of_a_finding() -> None:
    uuid = "f728b4fa-4248-4e3a-8a5d-2f346baa9455"
    assert without_code(f"{uuid} fails, line 12 (a.py:12 in menu)") == "… fails ()"

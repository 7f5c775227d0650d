"""What a recording shows is in its ladder."""

from __future__ import annotations

import pytest

from simulator.ladders.text import draw
from simulator.recordings.reading import Recording
from simulator.recordings.retelling import retell
from tests.support.places import RECORDINGS


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        # no event tells who hung up; what came before does
        ("02a", ["├─ hangs up NORMAL_CLEARING ─", "┻│   cut: ivr/ivr-long.wav "]),
        ("01a", ["│◀─ hangs up NORMAL_CLEARING ─", "┗│   end of ivr/ivr-welcome.wav "]),
        # a digit that breaks a prompt, and the one that is taken
        ("03e", ["├─ presses 9 ─", "┻│   cut: ivr/ivr-please_enter.wav ", "completed: choice=2 ─"]),
        # prompts inside prompts
        ("07b", ["┗┆┆│   end of ivr/ivr-option-2.wav ", "┃┆│   on with ivr/ivr-option-1.wav "]),
        # events held back by a blocking api happened earlier
        ("09f", ["    0.541  ┗│   end of ivr/ivr-short.wav ", "    1.529   │ "]),
        # a refused command is shown whole
        ("08a", ["│◀─ event plain NOT_AN_EVENT ─", "├─ -ERR no keywords supplied ─"]),
        ("08b", ["├─ playback completed: FILE NOT FOUND ─", "hangs up DESTINATION_OUT_OF_ORDER ─"]),
        # another leg, by the name that it was called by
        (
            "05b",
            ["loopback/bye2000/default hangs up NORMAL_CLEARING", "├─ bridge completed: SUCCESS ─"],
        ),
        ("222", ["hangs up loopback/hold/default (2) PICKED_OFF"]),
        # an app that never sends anything
        ("14a", ["├─ calls 5009 ─", "├─ disconnect notice ─"]),
        # without events of prompts, completions tell
        ("05a", ["│◀─ ivr/ivr-"]),
        # what the caller said, which no event tells
        ("29b", ["├─ talks for 1.77 s ─", "├─ talks for 0.54 s ─"]),
        # other events
        ("11e", ["├─ conference::maintenance kick-member ─"]),
        ("12j", ["│◀─ getvar "]),
        ("13b", ["├─ auth/request ─", "├─ -ERR invalid ─"]),
        ("16", ["├─ closes the connection ─"]),
        # an app that is killed, and what another client saw afterwards
        ("50k", ["is killed   │", "│◀─ ivr/ivr-bye.wav ─", "│◀─ hangs up NORMAL_TEMPORARY_"]),
    ],
)
def test_what_a_recording_shows_is_in_its_ladder(name: str, lines: list[str]) -> None:
    [path] = RECORDINGS.glob(f"{name}_*.jsonl")
    drawn = draw(retell(Recording.read(path)), width=200)
    for line in lines:
        assert line in drawn, drawn

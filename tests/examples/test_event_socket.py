"""docs/reference/event-socket.md: the texts are those of the recording.

(test_docs.py draws the ladders.)
"""

from __future__ import annotations

import re

import pytest

from tests.examples.test_docs import blocks
from tests.support.places import ROOT
from tests.support.recorded import recording

PAGE = (ROOT / "docs" / "reference" / "event-socket.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "text", re.findall(r"^```text\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
)
def test_a_text_is_in_the_recording(text: str) -> None:
    rest = b"".join(data for _, _, data in recording("01a").chunks).decode()
    for part in text.split("…\n"):
        assert part in rest
        rest = rest.partition(part)[2]


def test_there_are_texts_and_ladders() -> None:
    assert PAGE.count("```text\n") == 5
    assert len([each for each in blocks("console") if "event-socket" in str(each)]) == 6

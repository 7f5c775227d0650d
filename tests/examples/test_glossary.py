"""docs/reference/glossary.md: each entry is shown by a recording, and names a page."""

from __future__ import annotations

import re
from urllib.parse import unquote

from tests.support.cases import for_each
from tests.support.places import ROOT
from tests.support.recorded import recording

PAGE = (ROOT / "docs" / "reference" / "glossary.md").read_text(encoding="utf-8")
ENTRIES = {
    entry.partition("\n")[0]: entry.partition("\n")[2].strip() for entry in PAGE.split("\n## ")[1:]
}


@for_each("word", ENTRIES)
def test_a_word_is_shown_by_a_recording(word: str) -> None:
    definition, _, shown = ENTRIES[word].partition("\n\nRecording ")
    shown, found, here = f"Recording {shown}".replace("\n", " ").partition(" Here: ")
    assert definition
    assert found
    assert "](" in here, "name the page"
    evidence = re.findall(r"Recording (\w+): ((?:`[^`]+`(?:, )?)+)", shown)
    assert re.sub(r"Recording \w+: (?:`[^`]+`(?:, )?)+\. ?", "", shown) == ""
    for number, literals in evidence:
        each = recording(number)
        said = unquote((each.switch_bytes + each.app_bytes).decode("latin-1"))
        for literal in re.findall(r"`([^`]+)`", literals):
            assert literal in said, f"{each.name} has no {literal!r}"


def test_the_words_are_in_order() -> None:
    assert list(ENTRIES) == sorted(ENTRIES, key=lambda word: word.replace("-", "").lower())

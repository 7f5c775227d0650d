"""docs/coming-from.md: what is said to correspond is there, and takes those arguments."""

from __future__ import annotations

import re

from tests.support.names import missing, refused
from tests.support.places import ROOT

PAGE = (ROOT / "docs" / "coming-from.md").read_text(encoding="utf-8")
#: Without the columns of others, whose sessions and channels have other methods.
HERE = re.sub(r"^\| .*? \| ", "", PAGE, flags=re.MULTILINE)


def test_the_names_are_those_of_the_library() -> None:
    assert missing(HERE) == []


def test_the_methods_take_these_arguments() -> None:
    assert refused(HERE) == []


def test_what_is_not_there_is_found() -> None:
    assert missing("`channel.dial(to)`") == ["channel.dial(to)"]
    assert refused("`session.channel.playback(file, wait=False)`") != []


def test_each_row_has_two_columns() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|")]
    assert len(rows) > 100
    assert {re.sub(r"`[^`]*`", "", row).count("|") for row in rows} == {3}
    assert "|" not in "".join(re.findall(r"`[^`]*`", PAGE))

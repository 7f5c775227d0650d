"""docs/reference/waits.md names classes that share something between threads; each exists."""

from __future__ import annotations

import re

from ..support.places import ROOT


def test_the_classes_exist() -> None:
    page = (ROOT / "docs" / "reference" / "waits.md").read_text(encoding="utf-8")
    table = page.partition("| where | what | owner or lock |")[2]
    named = {name for row in re.findall(r"^\| (`.*?) \|", table, re.M) for name in row.split(", ")}
    sources = "".join(path.read_text() for path in (ROOT / "eslsync").rglob("*.py"))
    assert len(named) > 10
    for name in named:
        assert re.search(rf"^class {name.strip('`')}\b", sources, re.M), name

"""Explorations in files of YAML."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.exploring.tasks import Task
from simulator.scripts.script import ScriptError

HANDLER = """
def handler(session):
    channel = session.channel
    channel.answer()
    channel.playback("{}")
    channel.hangup()
"""


def test_a_file_names_the_handler_and_the_saved_map_beside_it(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(HANDLER.format("welcome"), encoding="utf-8")
    file = tmp_path / "app.explore.yaml"
    file.write_text('explore: app.py:handler\nkeys: "1"\nworkers: 1\n', encoding="utf-8")
    Task.read(file).run().save_map(tmp_path / "map.json")
    text = file.read_text(encoding="utf-8") + "against: map.json\n"
    file.write_text(text, encoding="utf-8")
    Task.read(file).run().check()
    (tmp_path / "other.py").write_text(HANDLER.format("hello"), encoding="utf-8")
    file.write_text(text.replace("app.py", "other.py"), encoding="utf-8")
    with pytest.raises(AssertionError, match="welcome was heard, now hello"):
        Task.read(file).run().check()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("explore: nothing.py\n", "app.explore.yaml: .*nothing.py"),
        ("explore: a.py\nagainst: no.json\n", "app.explore.yaml: .*no.json: No such file"),
        ("explore: a.py\nexpect: [no rule]\n", "app.explore.yaml: 'no rule' is no rule"),
        ("explore: a.py\nscripts: [no.call.yaml]\n", "no.call.yaml"),
    ],
)
def test_a_file_that_it_names_and_that_is_not_there_is_told(
    text: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "a.py").write_text(HANDLER.format("welcome"), encoding="utf-8")
    (tmp_path / "app.explore.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ScriptError, match=said):
        Task.read(tmp_path / "app.explore.yaml").run()

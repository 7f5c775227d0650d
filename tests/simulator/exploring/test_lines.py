"""Lines that no caller reaches, as coverage.py sees them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from simulator import explore
from simulator.exploring.lines import Lines
from tests.support.explored import FAULTY, found

coverage = pytest.importorskip("coverage")  # here, since it can't be loaded a second time


def test_lines_that_no_caller_reaches_are_reported() -> None:
    # In a process of its own: this one's lines may be counted already.
    exploration = explore(FAULTY, keys="6", workers=2, coverage=True, calls=40)
    [(file, (count, missed))] = exploration.uncovered.items()
    assert Path(file) == FAULTY
    lines = FAULTY.read_text().splitlines()
    assert count > len(missed) > 10
    assert any("ACCOUNTS[number]" in lines[number - 1] for number in missed)
    assert not any("main/thanks" in lines[number - 1] for number in missed)
    assert "no caller reaches" in str(exploration)


GOES_ON = """
from contextlib import suppress
from eslsync import Hangup

def handler(session):
    session.channel.answer()
    with suppress(Hangup):
        session.channel.playback("welcome")
    session.channel.playback("goodbye")
    if not session.uuid:
        session.channel.playback("never")
    session.channel.hangup()
"""


def test_those_of_a_function_are_its_own_and_its_hangups_are_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "goes_on.py"
    file.write_text(GOES_ON)
    monkeypatch.syspath_prepend(tmp_path)
    handler = importlib.import_module("goes_on").handler
    monkeypatch.delitem(sys.modules, "goes_on")
    exploration = explore(handler, keys="1", coverage=True)
    assert "swallowed" in found(exploration)  # which a trace function, too, could follow
    [(covered, (_, missed))] = exploration.uncovered.items()
    assert Path(covered) == file
    assert 11 in missed
    assert not {6, 7, 8, 9} & set(missed)


@pytest.mark.parametrize("branch", [False, True])
def test_the_users_own_coverage_has_the_lines_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, branch: bool
) -> None:
    file = tmp_path / "measured.py"
    file.write_text("def handler(session):\n    return 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    users = coverage.Coverage(data_file=None, include=[str(file)], branch=branch, messages=False)
    users.start()
    try:
        spec = importlib.util.spec_from_file_location("measured", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        ours = Lines(file.parent)
        module.handler(None)
        assert ours.new() == {str(file): {2}}
        ours.close()
    finally:
        users.stop()
    assert set(users.get_data().lines(str(file))) == {1, 2}
    users.get_data().close(force=True)

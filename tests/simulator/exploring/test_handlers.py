"""A handler is explored anew with each call."""

from __future__ import annotations

from pathlib import Path

import pytest

from eslsync import Session
from simulator import explore
from tests.support.explored import prompts

CALLS: list[int] = []


def remembers_calls(session: Session) -> None:
    CALLS.append(1)
    session.channel.answer()
    session.channel.playback("even" if len(CALLS) % 2 else "odd")
    session.channel.playback("goodbye")
    session.channel.hangup()


def test_a_call_that_goes_another_way_the_second_time_is_reported() -> None:
    exploration = explore(remembers_calls, keys="1")
    assert exploration.astray
    assert "led elsewhere the second time" in str(exploration)


def test_a_file_is_run_anew_for_each_call(tmp_path: Path) -> None:
    source = (
        "from eslsync import Session\n\nCALLS = []\n\n\ndef handler(session: Session) -> None:\n"
    )
    body = Path(__file__).read_text().partition("def remembers_calls(")[2]
    body = body.partition("\n")[2].partition("\n\n\n")[0]
    file = tmp_path / "remembers.py"
    file.write_text(f"{source}{body}\n")
    exploration = explore(file, keys="1", workers=1)
    assert prompts(exploration) == {"even", "goodbye"}
    assert not exploration.astray


@pytest.mark.parametrize("name", ["app", "make_app()"])
def test_what_begins_with_the_server_does_not_begin_in_explored_calls(
    name: str, tmp_path: Path
) -> None:
    file = tmp_path / "hooked.py"
    file.write_text(
        "from eslsync import Outbound\n"
        "def office(session):\n"
        "    session.channel.answer()\n"
        "    session.channel.playback('hello')\n"
        "    session.channel.hangup()\n"
        "def make_app():\n"
        "    app = Outbound(office)\n"
        "    app.on_start(lambda: 1 / 0)\n"
        "    app.on_stop(lambda: 1 / 0)\n"
        "    return app\n"
        "app = make_app()\n"
    )
    exploration = explore(f"{file}:{name}", keys="1", workers=1)
    assert prompts(exploration) == {"hello"}
    assert not exploration.findings

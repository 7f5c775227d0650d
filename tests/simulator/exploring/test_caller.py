"""The patience of an exploration's caller."""

from __future__ import annotations

import select
from typing import Any

import pytest

from eslsync import Session
from simulator import FreeSwitch, explore
from simulator.exploring.caller import KNOWN_PATIENCE
from tests.support.explored import found
from tests.support.patience import lose_patience
from tests.support.peer import PATIENCE

ANSWERS = -1  # a descriptor, of the fixture `database`


def looks_up_each_key(session: Session) -> None:
    session.channel.answer()
    session.channel.get_digits("menu")
    lose_patience(0.1)
    select.select([ANSWERS], [], [], 30)
    session.channel.hangup()


@pytest.mark.usefixtures("database")
def test_patience_is_used_up_once_at_each_line(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float | None] = []
    make = FreeSwitch.__init__

    def note(switch: FreeSwitch, **options: Any) -> None:
        given.append(options["patience"])
        make(switch, **options)

    monkeypatch.setattr(FreeSwitch, "__init__", note)
    exploration = explore(looks_up_each_key, keys="12", patience=PATIENCE)
    assert found(exploration) == ["stuck"]
    assert "no progress for 0.1 s" in exploration.findings[0].text
    # The first call finds the menu, and the second the lock. (A call that is slow elsewhere is made
    # again, with all of it.)
    assert given[:2] == [PATIENCE, PATIENCE]
    assert given.count(PATIENCE) < given.count(KNOWN_PATIENCE)

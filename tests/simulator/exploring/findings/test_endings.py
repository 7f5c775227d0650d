"""How a handler leaves its call."""

from __future__ import annotations

import pytest

from eslsync import Session
from simulator import explore
from tests.support.explored import (
    KEYS,
    found,
    only_routes,
)


def forgets_to_hang_up(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("goodbye")


def leaves_on_purpose(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("goodbye")
    session.exit()


def sends_on(session: Session) -> None:
    session.channel.answer()
    session.channel.transfer("6000")


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        (forgets_to_hang_up, "left-up"),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_a_call_left_up_is_reported(handler: object, kind: str) -> None:
    exploration = explore(handler, keys=KEYS)  # type: ignore[arg-type]
    assert found(exploration) == [kind], str(exploration)


@pytest.mark.parametrize(
    "handler", [leaves_on_purpose, sends_on, only_routes], ids=lambda each: each.__name__
)
def test_a_call_given_back_on_purpose_is_not_reported(handler: object) -> None:
    explore(handler, keys=KEYS, allow=["untried"]).check()  # type: ignore[arg-type]


def test_leaving_the_call_up_is_no_fault_if_the_dialplan_goes_on() -> None:
    circumstances = [{"after": [{"playback": "mailbox"}]}]
    assert not explore(forgets_to_hang_up, keys="1", circumstances=circumstances).findings

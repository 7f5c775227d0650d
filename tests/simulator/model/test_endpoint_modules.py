"""Whom dial strings name, and who is there for all others."""

from __future__ import annotations

import pytest

from eslsync import Session
from simulator import FreeSwitch
from simulator.model.endpoint_modules import check_dial_string
from tests.support.cases import for_each


@for_each(
    ("dial_string", "why"),
    [
        ("1000", "a dial string is written as in user/1000"),
        ("usr/1000", r"there is no endpoint usr/ \(did you mean 'user'\?\)"),
        ("sofia/internal", "it is written sofia/<profile>/<number>@<domain>"),
        ("user/", "it names nobody"),
        ("user/{number}", "its braces are no variables"),
    ],
)
def test_what_no_dial_string_can_reach_is_told(dial_string: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check_dial_string(dial_string)


DIALLED = ("user/1000", "user/1001", "sofia/gateway/gw/2", "error/CALL_REJECTED", "usr/1")


def test_a_star_is_everybody_who_is_not_described() -> None:
    causes: list[str] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        for each in (
            "user/1000",
            "user/1001",
            "sofia/gateway/gw/2",
            "error/CALL_REJECTED",
            "usr/1",
        ):
            causes.append(str(session.channel.bridge(each, ring_timeout=5).cause))

    with FreeSwitch(raises=False, allow_unmodelled=["the endpoint usr/"]) as switch:
        switch.endpoint("user/1000", answers_after=None)
        switch.endpoint("*", rejects="USER_BUSY")
        switch.call(handler).wait()
    assert causes == [
        "NO_ANSWER",
        "USER_BUSY",
        "USER_BUSY",
        "CALL_REJECTED",
        "CHAN_NOT_IMPLEMENTED",
    ]

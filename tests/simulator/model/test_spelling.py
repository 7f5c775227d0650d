"""What was probably meant."""

from __future__ import annotations

from simulator.model.spelling import hint, misspelt
from tests.support.cases import for_each

KNOWN = ["hangup_after_bridge", "continue_on_fail", "group_confirm_key", "call_timeout"]


@for_each(
    ("name", "meant"),
    [
        ("hangup_after_brige", "hangup_after_bridge"),
        ("hangup_after_bridgee", "hangup_after_bridge"),
        ("continue_on_fial", "continue_on_fail"),
        ("continue_on_fayl", "continue_on_fail"),
        ("Continue_On_Fayl", "continue_on_fail"),
        ("continue_on_fail", None),
        ("continue_on_bus", None),
        ("group_confirm_key2", None),
        ("my_call_timeout", None),
        ("lang", None),
    ],
)
def test_one_slip_of_a_finger_is_a_misspelling(name: str, meant: str | None) -> None:
    assert misspelt(name, KNOWN) == meant


def test_a_hint_names_what_is_close() -> None:
    assert hint("call_timout", KNOWN) == " (did you mean 'call_timeout'?)"
    assert hint("weather", KNOWN) == ""

"""Regular expressions in arguments."""

from __future__ import annotations

from eslsync import Session
from simulator import FreeSwitch


def test_an_expression_that_cannot_be_compiled_never_matches_and_is_told_once() -> None:
    got: list[str] = []

    def handler(session: Session) -> None:
        for pattern in ("(", "(", "^a"):
            got.append(session.api(f"regex abc|{pattern}"))

    with FreeSwitch(allow_unmodelled=["the expression '('"]) as switch:
        call = switch.call(handler)
        call.wait()
    assert got == ["false", "false", "true"]
    assert str(call.transcript).count("refused: the expression '('") == 1

"""Api commands that tell the endpoint something (recordings 35d, 35p)."""

from __future__ import annotations

import pytest

from eslsync import CommandError, Session
from simulator import FreeSwitch


def test_a_display_keeps_what_it_was_told_even_if_it_can_not_show_it() -> None:
    said: list[str] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        with pytest.raises(CommandError, match="Operation failed"):
            session.api(f"uuid_display {session.uuid} Alice|1000")
        for name in ("name", "number"):
            said.append(session.api(f"uuid_getvar {session.uuid} last_sent_callee_id_{name}"))
        session.channel.hangup()

    with FreeSwitch() as switch:
        switch.call(handler).wait()
    assert said == ["Alice", "1000"]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("uuid_send_info x y", "-ERR Operation Failed"),
        ("uuid_simplify x", "-ERR Operation failed"),
        ("uuid_chat x y", "-ERR No such channel x!"),
        ("uuid_early_ok x", "-ERROR"),
        ("uuid_ring_ready x", "-ERROR"),
        ("uuid_loglevel x debug", "-ERR No such channel x!"),
        ("uuid_flush_dtmf x", "-ERR No such session"),
        ("uuid_recv_dtmf x", "-USAGE: <uuid> <dtmf_data>"),
        ("uuid_getvar x", "-USAGE: <uuid> <var>"),
        ("uuid_fileman x pause", "-ERR No such channel!"),
    ],
)
def test_each_command_answers_nobody_in_its_own_words(command: str, answer: str) -> None:
    def handler(session: Session) -> None:
        with pytest.raises(CommandError, match=f"{answer}$"):
            session.api(command)
        session.channel.hangup()

    with FreeSwitch() as switch:
        switch.call(handler).wait()

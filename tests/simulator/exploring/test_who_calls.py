"""What counts as a look at who calls."""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType

import pytest

from eslsync import Session
from simulator import FreeSwitch
from simulator.exploring.who_calls import looks_noticed


def expands(session: Session) -> None:
    session.channel.execute("set", "greeting=hello-${caller_id_number}")


def prints_all(session: Session) -> None:
    str(dict(session.context))


def gets_bytes(session: Session) -> None:
    session.context.get_bytes("variable_origination_caller_id_number")


def asks_the_switch(session: Session) -> None:
    session.api(f"uuid_getvar {session.uuid} caller_id_number")


def asks_the_event_of_a_step(session: Session) -> None:
    session.channel.playback("welcome")
    session.on("CHANNEL_EXECUTE", lambda event: event.get("Caller-ANI"))
    session.channel.playback("goodbye")


def evaluates(session: Session) -> None:
    session.api(f"eval uuid:{session.uuid} ${{caller_id_number}}")


def filters(session: Session) -> None:
    session.filter("Caller-Caller-ID-Number", "1001")


LOOKS: list[Callable[[Session], object]] = [
    expands, prints_all, gets_bytes, asks_the_switch, asks_the_event_of_a_step,
    evaluates, filters, lambda session: session.caller_number,
    lambda session: session.context["caller-orig-caller-id-number"],
    lambda session: list(session.channel.variables.items()),
]  # fmt: skip


def looks_of(look: Callable[[Session], object]) -> list[FrameType | None]:
    """The looks between a handler's first and its last command."""
    noticed: list[FrameType | None] = []
    seen: list[FrameType | None] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        noticed.clear()
        look(session)
        seen.extend(noticed)
        session.channel.hangup()

    with looks_noticed("1001", noticed.append), FreeSwitch() as switch:
        switch.call(handler).wait()
    return seen


@pytest.mark.parametrize("look", LOOKS)
def test_whatever_tells_who_calls_is_a_look(look: Callable[[Session], object]) -> None:
    assert looks_of(look)


def test_what_tells_nothing_of_who_calls_is_no_look() -> None:
    def looks_elsewhere(session: Session) -> None:
        session.channel.execute("set", "greeting=hello-${destination_number}")
        session.channel.playback("welcome")
        str(session.destination), session.channel.get_variable("greeting")

    assert not looks_of(looks_elsewhere)

"""What a handler waits for, as errors and watchers tell it."""

from __future__ import annotations

from typing import Any

import pytest

from eslsync import Channel, ChannelState, Event, Session, TimeoutError
from eslsync.call.watching import Wait
from simulator import FreeSwitch
from tests.support.asking import ask


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("DTMF", "DTMF"),
        (["DTMF", "CHANNEL_BRIDGE"], "DTMF or CHANNEL_BRIDGE"),
        (lambda event: False, "<lambda>"),
    ],
)
def test_a_timeout_says_what_was_waited_for(what: Any, message: str) -> None:
    def question(channel: Channel) -> str:
        with pytest.raises(TimeoutError) as late:
            channel.wait(what, timeout=3)
        return str(late.value).replace(channel.uuid, "UUID")

    assert ask(question).value == f"{message} did not arrive within 3 s (leg UUID)"


class Notes:
    """A watcher that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.waits: list[Wait] = []

    def begins(self, wait: Wait) -> None:
        self.told.append(f"begins {wait.kind} {wait}")
        self.waits.append(wait)

    def ends(self, wait: Wait) -> None:
        self.told.append(f"ends {wait.kind} {wait}")


def test_a_watcher_is_told_of_each_wait_and_of_those_inside_it() -> None:
    def handler(session: Session) -> None:
        @session.on("PLAYBACK_START")
        def look(event: Event) -> None:
            session.api("status")

        session.watch(notes)
        session.channel.playback("welcome")
        with pytest.raises(TimeoutError):
            session.channel.wait(("DTMF", ChannelState.HANGUP), timeout=1.5)
        session.watch(None)
        session.channel.hangup()

    notes = Notes()
    with FreeSwitch() as switch:
        switch.call(handler).wait()
    assert notes.told == [
        "begins application playback",
        "begins reply api status",
        "ends reply api status",
        "ends application playback",
        "begins event DTMF or CS_HANGUP",
        "ends event DTMF or CS_HANGUP",
    ]
    inside = [None if wait.inside is None else wait.inside.name for wait in notes.waits]
    assert inside == [None, "PLAYBACK_START", None]
    last = notes.waits[-1]
    assert last.deadline is not None
    assert last.deadline - last.since == pytest.approx(1.5)
    assert last.events == {"DTMF"}

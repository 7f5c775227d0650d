"""What a handler waits for, as errors and watchers tell it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from eslsync import Channel, ChannelState, Event, Session, TimeoutError
from eslsync.call.watching import Wait
from simulator import FreeSwitch
from tests.support.asking import ask, session_of
from tests.support.peer import call

UUID = re.compile(r"[0-9a-f-]{36}")


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


@pytest.mark.parametrize(
    ("wait", "message"),
    [
        (
            lambda session: session.channel.playback("welcome", timeout=0.1),
            "playback did not complete within 0.1 s; it continues (leg UUID)",
        ),
        (
            lambda session: session.channel.playback("welcome", block=False).wait(0.1),
            "playback did not complete within 0.1 s; it continues (leg UUID)",
        ),
        (
            lambda session: session.originate("user/1000", timeout=3),
            "bgapi originate {ignore_early_media=true,origination_uuid=OTHER,"
            "eslsync_originate=OTHER}user/1000 &park() did not complete within 3 s; "
            "it continues (leg UUID)",
        ),
        (
            lambda session: session.wait(ChannelState.HANGUP, timeout=2),
            "CS_HANGUP was not reached within 2 s (leg UUID)",
        ),
        (
            lambda session: next(session.events("DTMF", timeout=60)),
            "an event did not come within 60 s (leg UUID)",
        ),
    ],
)
def test_what_is_too_late_names_the_seconds_and_the_leg(
    wait: Callable[[Session], object], message: str
) -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        with pytest.raises(TimeoutError) as late:
            wait(session)
        said.append(UUID.sub("OTHER", str(late.value).replace(session.uuid, "UUID")))
        session.channel.hangup()

    said: list[str] = []
    with FreeSwitch(prompts={"welcome": 5.0}) as switch:
        switch.endpoint("user/1000", rings=True, answers_after=None)
        switch.call(handler).wait()
    assert said == [message]


def test_a_reply_that_is_too_late_names_the_seconds_and_the_leg() -> None:
    def handler(session: Session) -> str:
        with pytest.raises(TimeoutError) as late:
            session.api("status", timeout=0.01)
        return str(late.value).replace(session.uuid, "UUID")

    with call(handler) as peer:
        peer.handshake()
        peer.hear("api status")
        peer.await_handler()
    assert peer.returned == "no reply to 'api status' within 0.01 s (leg UUID)"


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


@pytest.mark.parametrize("raises_in", ["begins", "ends"])
def test_the_wait_raises_what_its_watcher_raises_and_the_call_goes_on(raises_in: str) -> None:
    class Raising(Notes):
        def begins(self, wait: Wait) -> None:
            super().begins(wait)
            if raises_in == "begins":
                raise KeyError("begins")

        def ends(self, wait: Wait) -> None:
            super().ends(wait)
            if raises_in == "ends":
                raise KeyError("ends")

    def question(channel: Channel) -> list[object]:
        session = session_of(channel)
        session.watch(Raising())
        with pytest.raises(KeyError, match=raises_in):
            channel.playback("welcome")
        session.watch(None)
        return [session.waiting_for, channel.playback("ivr/goodbye").response]

    assert ask(question).value == [None, "FILE PLAYED"]

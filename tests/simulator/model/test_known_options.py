"""Options that the model ignores: a call that uses one is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eslsync import Session
from simulator import FreeSwitch


def told(act: Callable[[Session], object]) -> list[str]:
    def handler(session: Session) -> None:
        session.channel.answer()
        act(session)

    with FreeSwitch(raises=False) as switch:
        call = switch.call(handler)
        call.hangup_after(5.0)
        call.wait()
    return [str(part) for part in call.not_modelled]


@pytest.mark.parametrize(
    ("application", "argument", "option"),
    [
        ("conference", "room+flags{mute|ghost}", "conference +flags{ghost}"),
        ("conference", "room@mine", "conference @mine"),
        ("conference", "bridge:room:user/1000", "conference bridge:"),
        ("eavesdrop", "all", "eavesdrop all"),
        ("say", "de number pronounced 5", "say de"),
        ("speak", "flite|kal|hello", "speak flite"),
    ],
)
def test_of_an_application(application: str, argument: str, option: str) -> None:
    assert told(lambda session: session.channel.execute(application, argument)) == [
        f"option {option}"
    ]


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("show registrations as json", "show registrations as json"),
    ],
)
def test_of_an_api_command(command: str, option: str) -> None:
    def act(session: Session) -> None:
        session.api(command.format(uuid=session.uuid))

    assert told(act) == [f"option {option}"]


def test_of_a_command_about_a_room() -> None:
    def act(session: Session) -> None:
        session.bgapi("sched_api +2 none conference room floor all")
        session.channel.execute("conference", "room")

    assert told(act) == ["option conference floor"]


def test_options_of_a_recording_are_variables() -> None:
    def act(session: Session) -> None:
        session.channel.execute("record_session", "/a.wav {RECORD_BRIDGE_REQ=true}")

    assert told(act) == ["variable RECORD_BRIDGE_REQ"]


@pytest.mark.parametrize(
    ("application", "argument"),
    [
        ("conference", "room@wideband+1234+flags{mute|deaf|vmute}"),
        ("say", "en number pronounced 5"),
        ("displace_session", "/a.wav mux"),
    ],
)
def test_what_is_modelled_or_changes_nothing_is_not_told(application: str, argument: str) -> None:
    assert not told(lambda session: session.channel.execute(application, argument))

"""What explore finds where a handler asks something outside of the call."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from eslsync import Disconnected, Session
from simulator import explore
from simulator.exploring.exploration import Exploration
from simulator.scripts.script import Script

LOOKUP = f"{__name__}.lookup"
CALLER = "1001"


def lookup(number: str, timeout: float | None = None) -> str:
    return "ada"


def in_silence(session: Session) -> None:
    session.channel.answer()
    try:
        name = lookup(CALLER)
    except OSError:
        name = "you"
    session.channel.playback(f"hello/{name}")
    session.channel.hangup()


def with_music(session: Session) -> None:
    session.channel.answer()
    music = session.channel.playback("local_stream://moh", block=False)
    try:
        name = lookup(CALLER)
    except OSError:
        name = "you"
    music.stop()
    session.channel.playback(f"hello/{name}")
    session.channel.hangup()


def with_a_timeout(session: Session) -> None:
    session.channel.answer()
    try:
        name = lookup(CALLER, timeout=5)
    except OSError:
        name = "you"
    session.channel.playback(f"hello/{name}")
    session.channel.hangup()


def before_the_answer(session: Session) -> None:
    try:
        lookup(CALLER, timeout=20)
    except OSError:
        pass
    session.channel.answer()
    session.channel.playback("hello")
    session.channel.hangup()


def without_a_word(session: Session) -> None:
    session.channel.answer()
    try:
        name = lookup(CALLER, timeout=5)
    except OSError:
        session.channel.hangup()
        return
    session.channel.playback(f"hello/{name}")
    session.channel.hangup()


def unguarded(session: Session) -> None:
    session.channel.answer()
    session.channel.playback(f"hello/{lookup('1001', timeout=5)}")
    session.channel.hangup()


def tries_for_ever(session: Session) -> None:
    session.channel.answer()
    while True:
        try:
            name = lookup(CALLER, timeout=5)
            break
        except OSError:
            continue
    session.channel.playback(f"hello/{name}")
    session.channel.hangup()


def saves_unguarded(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.playback("hello")
        session.channel.hangup()
    finally:
        lookup("saved")


def explored(handler: Callable[[Session], None]) -> Exploration:
    return explore(handler, keys="1", outside=[LOOKUP], allow=["unplayed"])


@pytest.mark.parametrize(
    ("handler", "kinds"),
    [
        (in_silence, {"dead-air"}),
        (with_music, {"held"}),
        (with_a_timeout, set()),
        (before_the_answer, set()),
        (without_a_word, {"no-word"}),
        (unguarded, {"raises", "after-hangup"}),  # during it, and if the caller has gone meanwhile
        (tries_for_ever, {"outlives"}),
        (saves_unguarded, {"after-hangup"}),
    ],
)
def test_what_is_found(handler: Callable[[Session], None], kinds: set[str]) -> None:
    exploration = explored(handler)
    assert {each.kind for each in exploration.findings} == kinds, str(exploration)


def test_the_map_and_a_script_show_it() -> None:
    exploration = explored(in_silence)
    assert f"{LOOKUP} is slow" in str(exploration)
    assert f"{LOOKUP} fails" in str(exploration)
    [finding] = exploration.findings
    text = exploration.script(finding)
    assert text is not None
    assert f"function: {LOOKUP}\n" in text
    call = Script.parse(text).run(in_silence)
    assert f"{LOOKUP} takes 30 s" in str(call.transcript)


def test_a_function_that_no_call_asks_is_untried() -> None:
    exploration = explore(lambda session: session.channel.sleep(1), keys="1", outside=[LOOKUP])
    [told] = [each for each in exploration.findings if LOOKUP in each.text]
    assert told.kind == "untried"
    assert not exploration.complete or exploration.incomplete


def stays_after_a_deploy(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.playback(f"hello/{lookup('1001', timeout=5)}")
    except (OSError, Disconnected):
        time.sleep(20)
    session.channel.hangup()


def test_a_deploy_during_a_look_up_must_not_leave_it_behind() -> None:
    texts = [each.text for each in explored(stays_after_a_deploy).findings]
    assert any("still ran 6 s after Outbound.stop(0)" in each for each in texts), texts

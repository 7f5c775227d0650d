"""Keys that are kept from the application: recordings 29d and 29e."""

from __future__ import annotations

from collections.abc import Callable

from eslsync import Session
from simulator import FreeSwitch


def digits_of(keys: str, prepare: Callable[[Session], None]) -> list[str]:
    """The digits that a handler sees when a caller presses these keys, a second apart."""
    seen: list[str] = []

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        channel.on_dtmf()(lambda digit: seen.append(digit))
        prepare(session)
        channel.playback("music")
        channel.hangup()

    with FreeSwitch(prompts={"music": 10.0}) as switch:
        call = switch.call(handler)
        call.hear("music", start=True)
        call.press(keys, gap=1.0)
        call.wait()
    return seen


def test_blocked_keys_do_not_arrive() -> None:
    assert digits_of("12", lambda session: None) == ["1", "2"]
    assert digits_of("12", lambda session: execute(session, "block_dtmf")) == []


def test_keys_arrive_again_once_they_are_unblocked() -> None:
    assert digits_of("12", lambda session: execute(session, "block_dtmf", "unblock_dtmf")) == [
        "1",
        "2",
    ]


def test_keys_of_the_telephone_are_no_duplicates() -> None:
    assert digits_of("11", lambda session: execute(session, "deduplicate_dtmf")) == ["1", "1"]


def execute(session: Session, *applications: str) -> None:
    for each in applications:
        session.channel.execute(each)


def meta(keys: str, *bindings: str, after: str = "") -> tuple[str | None, list[str]]:
    """The variable that meta keys set, and the digits that the handler sees."""
    found: list[str | None] = []

    def prepare(session: Session) -> None:
        for binding in bindings:
            session.channel.execute("bind_meta_app", binding)
        if after:
            session.channel.execute(*after.split(" ", 1))

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        channel.on_dtmf()(lambda digit: seen.append(digit))
        prepare(session)
        channel.set("hangup_after_bridge", "false")
        channel.bridge("user/1000")
        found.append(channel.get_variable("noted"))
        channel.hangup()

    seen: list[str] = []
    with FreeSwitch() as switch:
        switch.endpoint("user/1000", answers_after=1.0, hangs_up_after=20.0)
        call = switch.call(handler)
        call.expect("CHANNEL_BRIDGE")
        call.say_nothing(1.0)
        call.press(keys, gap=0.5)
        call.wait()
    return found[0], seen


def test_a_meta_key_executes_an_application_during_a_bridge() -> None:
    assert meta("*1", "1 a s set::noted=1") == ("1", [])


def test_a_key_without_the_meta_key_arrives() -> None:
    assert meta("1", "1 a s set::noted=1") == (None, ["1"])


def test_two_meta_keys_are_one_that_arrives() -> None:
    assert meta("**", "1 a s set::noted=1") == (None, ["*"])


def test_a_binding_for_one_time_is_gone_afterwards() -> None:
    assert meta("*1*1", "1 a s1 push::noted=1")[0] == "1"
    assert meta("*1*1", "1 a s push::noted=1")[0] == "ARRAY::1|:1"


def test_the_application_runs_on_the_other_leg() -> None:
    silent = "set hold_music=silence"  # of music, they would hear an hour (recording 44a)
    assert meta("*1", "1 a o set::noted=1", after=silent) == (None, [])


def test_an_unbound_key_does_nothing() -> None:
    assert meta("*1", "1 a s set::noted=1", after="unbind_meta_app 1") == (None, [])
    assert meta("*1", "1 a s set::noted=1", after="unbind_meta_app") == (None, ["*", "1"])

"""Far ends: whom a bridge calls, and how they behave."""

from __future__ import annotations

import pytest

from eslsync import Event, Hangup, HangupCause, Session
from simulator import FreeSwitch

DIALLED = "user/1000"


def bridged(session: Session, dial_string: str = DIALLED) -> Event:
    """Bridge the caller to user/1000, and keep the caller whatever the result."""
    session.channel.answer()
    session.channel.set("continue_on_fail", "true")
    session.channel.set("hangup_after_bridge", "false")
    event = session.channel.execute("bridge", dial_string)
    assert event is not None
    return event


@pytest.mark.parametrize(
    ("behaviour", "disposition", "seconds"),
    [
        ({"answers_after": 3.0, "hangs_up_after": 20.0}, "SUCCESS", 23.0),
        ({"rejects": HangupCause.USER_BUSY}, "USER_BUSY", 0.0),
        ({"rejects": "CALL_REJECTED"}, "CALL_REJECTED", 0.0),
    ],
)
def test_a_far_end_behaves_as_it_was_told(
    behaviour: dict[str, float], disposition: str, seconds: float
) -> None:
    # recordings 10b, 10j
    came: list[str] = []

    def handler(session: Session) -> None:
        came.append(bridged(session).variables["originate_disposition"])
        session.channel.hangup()

    with FreeSwitch() as switch:
        switch.endpoint(DIALLED, **behaviour)  # type: ignore[arg-type]
        call = switch.call(handler)
        call.wait()
    assert came == [disposition]
    assert call.duration == pytest.approx(seconds, abs=0.3)


def test_a_far_end_that_never_answers_is_given_up_after_originate_timeout() -> None:
    # recording 10c
    came: list[str] = []

    def handler(session: Session) -> None:
        event = bridged(session, f"{{originate_timeout=5}}{DIALLED}")
        came.append(event.variables["originate_disposition"])
        session.channel.hangup()

    with FreeSwitch() as switch:
        switch.endpoint(DIALLED, answers_after=None, rings=True)
        call = switch.call(handler)
        call.wait()
    assert came == ["NO_ANSWER"]
    assert call.duration == pytest.approx(5.0, abs=0.3)


def test_an_unknown_far_end_does_not_exist() -> None:
    came: list[str] = []

    def handler(session: Session) -> None:
        came.append(bridged(session).variables["originate_disposition"])
        session.channel.hangup()

    with FreeSwitch() as switch:
        switch.call(handler).wait()
    assert came == ["SUBSCRIBER_ABSENT"]


def test_a_far_end_may_be_a_handler_and_each_side_hangs_up_with_the_other() -> None:
    heard: list[str] = []

    def phone(session: Session) -> None:
        session.channel.sleep(2.0)  # it rings
        session.channel.answer()
        heard.append(session.channel.wait("DTMF")["DTMF-Digit"])
        session.channel.hangup("NORMAL_CLEARING")

    def handler(session: Session) -> None:
        event = bridged(session)
        heard.append(event.variables["originate_disposition"])
        session.channel.playback("goodbye")
        session.channel.hangup()

    with FreeSwitch() as switch:
        switch.endpoint(DIALLED, phone)
        call = switch.call(handler, caller="4711")
        call.expect("CHANNEL_BRIDGE")
        assert 2.0 < call.duration < 2.2
        call.press("5")
        call.hear("goodbye")
        call.wait()
        [_, far] = switch.calls.values()
    assert heard == ["5", "SUCCESS"]
    assert far.answered
    assert far.cause == HangupCause.NORMAL_CLEARING


def test_a_caller_who_hangs_up_hangs_up_the_handler_at_the_far_end() -> None:
    def phone(session: Session) -> None:
        session.channel.answer()
        session.channel.wait("DTMF")

    with FreeSwitch() as switch:
        switch.endpoint(DIALLED, phone)
        call = switch.call(bridged)
        call.expect("CHANNEL_BRIDGE")
        call.hangup()
        [_, far] = switch.calls.values()
        far.wait()
    assert isinstance(far.outcome, Hangup)
    assert isinstance(call.outcome, Hangup)

"""After the end of a call: what is known about it, and who is told."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest

from eslsync import Event, Hangup, HangupCause, Outbound, Session, TimeoutError
from simulator import Call, FreeSwitch


def talk(session: Session) -> None:
    """Answer after a second, and wait until the caller hangs up."""
    session.channel.sleep(1)
    session.channel.answer()
    session.channel.set("tenant", "acme")
    session.channel.wait("CHANNEL_BRIDGE")  # which never comes


def called(handler: Any, seconds: float | None = 10.0, **options: Any) -> Call:
    """A call whose caller hangs up after that many seconds."""
    with FreeSwitch(prompts={"ivr/ivr-long": 60.0}) as switch:
        call = switch.call(handler, **options)
        if seconds is not None:
            call.hangup_after(seconds, "USER_BUSY")
        call.wait()
    return call


def facts(event: Event | None) -> list[object]:
    """The questions that are asked most often."""
    assert event is not None
    return [
        event.name,
        event.hangup_cause,
        event.variables.get("tenant"),
        round(event.duration or 0, 1),
        round(event.billsec or 0, 1),
    ]


AFTER_TEN_SECONDS = ["CHANNEL_HANGUP_COMPLETE", HangupCause.USER_BUSY, "acme", 10.0, 9.0]


def test_after_a_hangup_everything_is_known_in_except() -> None:
    known: list[list[object]] = []

    def handler(session: Session) -> None:
        try:
            talk(session)
        except Hangup as hangup:
            known.append(facts(session.hangup_event))
            known.append(facts(hangup.event))
            known.append(facts(session.channel.hangup_event))

    called(handler)
    assert known == [AFTER_TEN_SECONDS] * 3


def test_after_a_hangup_everything_is_known_in_finally() -> None:
    known: list[list[object]] = []

    def handler(session: Session) -> None:
        try:
            talk(session)
        finally:
            known.append(facts(session.hangup_event))

    called(handler)
    assert known == [AFTER_TEN_SECONDS]


def test_after_a_hangup_everything_is_known_in_on_hangup() -> None:
    known: list[list[object]] = []

    def handler(session: Session) -> None:
        @session.on_hangup
        def bill(hangup: Hangup) -> None:
            known.append(facts(session.hangup_event))
            assert hangup.cause is HangupCause.USER_BUSY
            assert hangup.event is session.hangup_event

        talk(session)

    called(handler)
    assert known == [AFTER_TEN_SECONDS]


def test_a_call_that_was_never_answered_has_nothing_to_bill() -> None:
    known: list[list[object]] = []

    def handler(session: Session) -> None:
        try:
            session.channel.ring_ready()
            session.channel.sleep(60)
        finally:
            known.append(facts(session.hangup_event))

    called(handler)
    assert known == [["CHANNEL_HANGUP_COMPLETE", HangupCause.USER_BUSY, None, 10.0, 0.0]]


def test_while_the_call_is_up_there_is_no_hangup_event() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        assert facts_or_none(session) is None
        session.channel.hangup("CALL_REJECTED")
        assert facts_or_none(session) is HangupCause.CALL_REJECTED

    assert called(handler, None).cause is HangupCause.CALL_REJECTED


def facts_or_none(session: Session) -> HangupCause | str | None:
    return None if session.hangup_event is None else session.hangup_event.hangup_cause


# on_hangup


@pytest.mark.parametrize("how", ["waits again", "catches", "returns", "hangs up", "in a callback"])
def test_on_hangup_is_called_once_whatever_the_handler_does(how: str) -> None:
    told: list[HangupCause | str | None] = []

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        session.on_hangup(lambda hangup: told.append(hangup.cause))
        if how == "hangs up":
            channel.hangup("USER_BUSY")
        if how == "in a callback":
            channel.on("CHANNEL_HANGUP", lambda event: channel.playback("ivr/never"))
        if how == "returns":
            channel.wait("CHANNEL_HANGUP")
            return
        for _ in range(2):
            try:
                channel.playback("ivr/ivr-long")
            except Hangup:
                if how == "catches":
                    return

    called(handler)
    assert told == [HangupCause.USER_BUSY]


def test_on_hangup_callbacks_run_in_order_of_registration() -> None:
    told: list[int] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        for number in range(3):
            session.on_hangup(lambda hangup, number=number: told.append(number))
        session.channel.wait("DTMF")

    called(handler)
    assert told == [0, 1, 2]


def test_on_hangup_is_not_called_for_a_call_that_is_given_back() -> None:
    told: list[Hangup] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        session.on_hangup(told.append)

    call = called(handler, None, after=[("playback", "ivr/after"), ("hangup", "")])
    assert call.heard == ["ivr/after"]
    assert call.given_back
    assert told == []


def test_on_hangup_runs_after_the_callbacks_of_the_last_events() -> None:
    told: list[str] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        session.on_hangup(lambda hangup: told.append("on_hangup"))
        session.on("CHANNEL_HANGUP_COMPLETE", lambda event: told.append(event.name))
        session.channel.wait("DTMF")

    called(handler)
    assert told == ["CHANNEL_HANGUP_COMPLETE", "on_hangup"]


def test_an_exception_in_on_hangup_is_the_handlers_error() -> None:
    def handler(session: Session) -> None:
        @session.on_hangup
        def bill(hangup: Hangup) -> None:
            raise LookupError("no such tenant")

        session.channel.answer()
        session.channel.wait("DTMF")

    with pytest.raises(LookupError, match="no such tenant"):
        called(handler)


def test_on_hangup_can_ask_for_a_variable_and_play_nothing() -> None:
    # recordings 12j, 12e
    told: list[object] = []

    def handler(session: Session) -> None:
        @session.on_hangup
        def bill(hangup: Hangup) -> None:
            told.append(session.channel.get_variable("tenant"))
            with pytest.raises(Hangup):
                session.channel.playback("ivr/never")

        talk(session)

    call = called(handler)
    assert told == ["acme"]
    assert call.heard == []


# Whatever the socket and its options


@pytest.mark.parametrize(
    ("options", "socket"),
    [
        ({"linger": False}, "async full"),
        ({"linger": 5}, "async full"),
        ({"events": ["CUSTOM a::b"]}, "async full"),
        ({"format": "json"}, "async full"),
        ({"format": "xml"}, "async full"),
        ({}, "async"),
    ],
)
def test_the_end_is_known_whatever_the_options_of_the_call(
    options: dict[str, Any], socket: str
) -> None:
    known: list[list[object]] = []
    told: list[HangupCause | str | None] = []

    def handler(session: Session) -> None:
        session.on_hangup(lambda hangup: told.append(hangup.cause))
        try:
            session.channel.sleep(1)
            session.channel.answer()
            session.channel.set("tenant", "acme")
            session.channel.playback("ivr/ivr-long")
        finally:
            known.append(facts(session.hangup_event))

    called(Outbound(handler, **options), socket=socket)
    assert known == [AFTER_TEN_SECONDS]
    assert told == [HangupCause.USER_BUSY]


@pytest.mark.parametrize(
    ("options", "socket"), [({"events": False}, "async full"), ({}, "full"), ({}, "")]
)
def test_the_cause_is_known_even_without_a_last_event(options: dict[str, Any], socket: str) -> None:
    # recordings 06a, 06c
    told: list[HangupCause | str | None] = []

    def handler(session: Session) -> None:
        session.on_hangup(lambda hangup: told.append(hangup.cause))
        session.channel.answer()
        while True:
            session.channel.playback("ivr/ivr-long")
            time.sleep(1)

    call = called(Outbound(handler, **options), socket=socket)
    assert told == [call.cause]


def test_on_hangup_may_take_as_long_as_it_needs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nothing is cut off, and nothing is logged as an error."""
    done: list[str] = []

    def handler(session: Session) -> None:
        @session.on_hangup
        def bill(hangup: Hangup) -> None:
            with pytest.raises(Hangup):
                session.channel.wait("DTMF", timeout=60)
            done.append(str(session.getvar("tenant")))

        talk(session)

    with caplog.at_level(logging.WARNING, "eslsync"):
        called(handler)
    assert done == ["acme"]
    assert not caplog.records


def test_a_timeout_does_not_end_the_call() -> None:
    told: list[Hangup] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        session.on_hangup(told.append)
        with pytest.raises(TimeoutError):
            session.channel.wait("DTMF", timeout=3)
        assert session.hangup_event is None
        assert not told
        session.channel.hangup()

    called(handler, None)
    assert len(told) == 1


def test_a_call_is_given_back_with_its_variables_as_they_were() -> None:
    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        channel.playback("ivr/ivr-short", terminators="any")
        channel.bridge("user/1000", ringback="tone_stream://%(1000,0,640)")

    with FreeSwitch() as switch:
        switch.endpoint("user/1000", rejects="USER_BUSY")
        variables = {"playback_terminators": "9", "hangup_after_bridge": "true"}
        call = switch.call(handler, variables=variables, after=[("playback", "ivr/dialplan")])
        call.hear("ivr/dialplan", start=True)
        names = (*variables, "continue_on_fail", "ringback", "transfer_ringback")
        assert [call.variable(name) for name in names] == ["9", "true", None, None, None]


def test_every_on_hangup_callback_runs_even_if_one_fails(caplog: pytest.LogCaptureFixture) -> None:
    billed: list[object] = []

    def handler(session: Session) -> None:
        @session.on_hangup
        def fails(hangup: Hangup) -> None:
            raise LookupError("no database")

        session.on_hangup(lambda hangup: billed.append(hangup.cause))
        session.channel.answer()
        session.channel.wait("DTMF")

    with FreeSwitch(raises=False) as switch, caplog.at_level(logging.ERROR, "eslsync"):
        call = switch.call(handler)
        call.say_nothing(1)
        call.hangup()
    assert billed == [HangupCause.NORMAL_CLEARING]
    assert isinstance(call.error, LookupError)
    assert "an on_hangup callback failed" in caplog.text


def test_an_on_hangup_callback_that_fails_after_the_handler_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def handler(session: Session) -> None:
        @session.on_hangup
        def fails(hangup: Hangup) -> None:
            raise LookupError("no database")

        session.channel.answer()
        time.sleep(10)  # the caller hangs up, and the handler returns without a look

    with FreeSwitch() as switch, caplog.at_level(logging.ERROR, "eslsync"):
        call = switch.call(handler)
        call.say_nothing(1)
        call.hangup()
    assert "an on_hangup callback failed" in caplog.text

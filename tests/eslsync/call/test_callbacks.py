"""Callbacks run in order of arrival, one at a time."""

from __future__ import annotations

import queue
from collections.abc import Callable

import pytest

from eslsync import CommandError, Event, Hangup, Session
from simulator import FreeSwitch
from tests.support.cases import for_each
from tests.support.peer import call, event, reply, response


def test_callbacks_run_in_order_of_arrival_and_then_of_registration() -> None:
    def handler(session: Session) -> list[tuple[str, str]]:
        told: list[tuple[str, str]] = []

        @session.on("CHANNEL_ANSWER")
        def first(event: Event) -> None:
            told.append(("first", event.name))

        session.on("CHANNEL_ANSWER", lambda event: told.append(("second", event.name)))
        session.on("ALL", lambda event: told.append(("all", event.name)))
        session.on("CUSTOM", lambda event: told.append(("custom", event.name)))
        session.on("CUSTOM my::b", lambda event: told.append(("b", event.name)))
        session.wait("CUSTOM my::b")
        return told

    with call(handler) as peer:
        peer.handshake()
        peer.serve("filter Event-Name CUSTOM")
        peer.say(event({"Event-Name": "CUSTOM", "Event-Subclass": "my::a"}))
        peer.say(peer.event("CHANNEL_ANSWER"))
        peer.say(event({"Event-Name": "CUSTOM", "Event-Subclass": "my::b"}))
    assert peer.returned == [
        ("all", "CUSTOM"),
        ("custom", "CUSTOM"),
        ("first", "CHANNEL_ANSWER"),
        ("second", "CHANNEL_ANSWER"),
        ("all", "CHANNEL_ANSWER"),
        ("all", "CUSTOM"),
        ("custom", "CUSTOM"),
        ("b", "CUSTOM"),
    ]


@pytest.mark.parametrize("error", [KeyError, queue.Empty])
def test_an_exception_in_a_callback_is_raised_by_the_blocking_call_and_the_call_goes_on(
    error: type[Exception],
) -> None:
    def handler(session: Session) -> str:
        @session.on("CHANNEL_ANSWER")
        def broken(event: Event) -> None:
            raise error("a defect in it")

        with pytest.raises(error, match="a defect in it"):
            session.channel.playback("welcome")
        return session.wait("PLAYBACK_STOP").name

    with call(handler) as peer:
        peer.handshake()
        peer.execute("playback")
        peer.say(peer.event("CHANNEL_ANSWER"), peer.event("PLAYBACK_STOP"))
    assert peer.returned == "PLAYBACK_STOP"


def test_events_during_a_callback_wait_their_turn() -> None:
    def handler(session: Session) -> list[str]:
        told: list[str] = []

        def slow(event: Event) -> None:
            told.append(event.name)
            session.send("getvar x")
            told.append("answered")

        session.on("CHANNEL_ANSWER", slow)
        session.on("PLAYBACK_START", slow)
        session.wait("PLAYBACK_START")
        return told

    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.event("CHANNEL_ANSWER"))
        peer.hear("getvar x")
        peer.say(peer.event("PLAYBACK_START"), reply("1"))
        peer.serve("getvar x")
    assert peer.returned == ["CHANNEL_ANSWER", "answered", "PLAYBACK_START", "answered"]


def test_a_callback_that_raises_costs_nobody_else_the_digit(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """All run; the first exception is raised, the next is logged, and the digit is kept."""
    told: list[str] = []

    def handler(session: Session) -> str | None:
        def fail(error: Exception) -> None:
            raise error

        session.on("ALL", lambda event: fail(KeyError("first")) if event.digit else None)
        session.on("DTMF", lambda event: fail(ValueError("second")))
        session.on("DTMF", lambda event: told.append("a callback"))
        session.channel.on_dtmf("5")(lambda digit: told.append("the digit's handler"))
        with pytest.raises(KeyError, match="first"):
            session.channel.playback("x")
        return session.channel.wait("DTMF", timeout=0).digit

    with call(handler) as peer:
        peer.handshake()
        uuid = peer.execute("playback")
        peer.say(peer.digit("5"), peer.completed("playback", uuid))
    assert (peer.returned, told) == ("5", ["a callback", "the digit's handler"])
    [record] = [each for each in caplog.records if each.message == "another callback failed"]
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ValueError)


def test_after_the_hangup_a_callback_that_raises_costs_no_other_event_its_turn() -> None:
    told: list[str] = []

    def handler(session: Session) -> None:
        @session.on("PLAYBACK_START")
        def slow(event: Event) -> None:
            session.channel.playback("y")

        @session.on("PLAYBACK_STOP")
        def broken(event: Event) -> None:
            told.append(event.name)
            raise KeyError(len(told))

        session.on_hangup(lambda hangup: told.append("on_hangup"))
        session.channel.wait("CHANNEL_PARK")

    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.event("PLAYBACK_START"))
        peer.execute("playback")
        stops = [peer.event("PLAYBACK_STOP")] * 2
        peer.say(*stops, peer.event("CHANNEL_HANGUP"), peer.event("CHANNEL_HANGUP_COMPLETE"))
        peer.await_handler()
    assert told == ["PLAYBACK_STOP", "PLAYBACK_STOP", "on_hangup"]
    assert isinstance(peer.raised, KeyError)
    assert peer.raised.args == (1,)


def callback_timeout(session: Session) -> None:
    session.channel.wait("CUSTOM a::b", timeout=0)


def callback_database(session: Session) -> None:
    raise TimeoutError("the database")


def callback_refused(session: Session) -> None:
    session.api("nonsense")


@for_each("waits", ["on", "on_dtmf"])
@for_each("fails", [callback_timeout, callback_database, callback_refused])
def test_a_callbacks_timeout_or_refusal_does_not_look_like_the_methods_own(
    fails: Callable[[Session], None], waits: str
) -> None:
    def handler(session: Session) -> list[str]:
        if waits == "on":
            session.on("DTMF", lambda event: fails(session))
        else:
            session.channel.on_dtmf()(lambda digit: fails(session))
        try:
            session.channel.playback("x", timeout=60)
        except (TimeoutError, CommandError) as error:
            return [f"fooled by {error!r}"]
        except RuntimeError as error:
            return [str(error).partition(":")[0], type(error.__cause__).__name__]
        return []

    with call(handler) as peer:
        peer.handshake()
        if fails is callback_timeout:
            peer.settle()
        uuid = peer.execute("playback")
        peer.say(peer.digit("5"))
        if fails is callback_refused:
            peer.hear("api nonsense")
            peer.say(response("-ERR wrong"))
        peer.say(peer.completed("playback", uuid))
        peer.await_handler()
    kind = "CommandError" if fails is callback_refused else "TimeoutError"
    assert peer.returned == [f"a callback raised {kind}", kind]


@pytest.mark.parametrize("method", ["a job", "an event"])
def test_a_callbacks_refusal_is_a_jobs_own_only_if_that_failed(method: str) -> None:
    def handler(session: Session) -> str:
        session.on("DTMF", lambda event: callback_refused(session))
        job = session.bgapi("status")
        try:
            if method == "a job":
                job.wait()
            else:
                session.wait("CHANNEL_ANSWER")
        except CommandError as error:
            return error.command
        except RuntimeError as error:
            return str(error)
        return ""

    with call(handler) as peer:
        peer.handshake()
        for _ in range(3):  # a filter, a subscription, and the job
            peer.hear()
            peer.say(reply("+OK"))
        peer.say(peer.digit("5"))
        peer.hear("api nonsense")
        peer.say(response("-ERR wrong"))
        peer.await_handler()
    told = "a callback raised CommandError: 'api nonsense' was refused: -ERR wrong"
    assert peer.returned == (told if method == "a job" else "api nonsense")


def test_another_legs_hangup_in_a_callback_does_not_look_like_the_calls_own() -> None:
    said: list[str] = []

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        agent = session.originate("user/1000")

        @session.on("CHANNEL_HANGUP")
        def gone(event: Event) -> None:
            if event.uuid == agent.uuid:
                agent.playback("x")

        try:
            channel.playback("ivr/ivr-welcome")
        except Hangup:
            said.append("the call has ended")
        except RuntimeError as error:
            said.append(str(error))
        channel.hangup()

    with FreeSwitch(prompts={"ivr/ivr-welcome": 60.0}) as switch:
        switch.endpoint("user/1000", hangs_up_after=5)
        switch.call(handler).wait()
    assert said == ["a callback raised Hangup: the call ended: NORMAL_CLEARING"]

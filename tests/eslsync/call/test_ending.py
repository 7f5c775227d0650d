"""How a call ends: every way to end against every kind of wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from eslsync import (
    ChannelState,
    Disconnected,
    ESLError,
    Hangup,
    HangupCause,
    ProtocolError,
    Session,
    TimeoutError,
)
from eslsync.call import ending
from eslsync.call.ending import TRANSITIONS, Sign, Stage, Stopped
from tests.support.cases import for_each
from tests.support.peer import PATIENCE, Peer, call, event, quiet_call, reply, response
from tests.support.servers import Beside, in_another_thread


def test_every_sign_but_the_first_word_is_the_last_and_nothing_follows_that() -> None:
    assert set(TRANSITIONS) == set(Stage)
    assert TRANSITIONS[Stage.OVER] == {}
    for stage in (Stage.UP, Stage.ENDING):
        for sign, then in TRANSITIONS[stage].items():
            first = sign in (Sign.HANGUP, Sign.LINGERS)
            assert then is (Stage.ENDING if first else Stage.OVER)
    # only who waits for the last word can see that it does not come
    assert set(Sign) - set(TRANSITIONS[Stage.UP]) == {Sign.SILENCE}


def test_callbacks_are_told_of_a_hangup_that_a_wait_notices() -> None:
    with call(lambda session: told_of_the_hangup(session, wait_for_an_event)) as peer:
        peer.handshake()
        peer.say(*peer.tail())
    assert peer.returned == ["CHANNEL_HANGUP_COMPLETE"]


def test_callbacks_are_told_of_a_hangup_that_a_command_notices() -> None:
    def notice(session: Session, timeout: None) -> None:
        session.api("status")  # the reply comes after the hangup
        session.channel.playback("x")

    with call(lambda session: told_of_the_hangup(session, notice)) as peer:
        peer.handshake()
        peer.hear("api status")
        peer.say(*peer.tail(), response("UP"))
    assert peer.returned == ["CHANNEL_HANGUP_COMPLETE"]


def test_callbacks_are_told_of_a_hangup_that_another_callback_notices() -> None:
    with call(lambda session: told_of_the_hangup(session, wait_in_a_callback)) as peer:
        peer.handshake()
        peer.say(peer.event("CHANNEL_ANSWER"))
        peer.execute("playback")
        peer.say(*peer.tail())
    assert peer.returned == ["CHANNEL_HANGUP_COMPLETE"]


def told_of_the_hangup(session: Session, notice: Callable[[Session, None], None]) -> list[str]:
    told: list[str] = []
    session.on("CHANNEL_HANGUP_COMPLETE", lambda event: told.append(event.name))
    with pytest.raises(Hangup):
        notice(session, None)
    return told


@pytest.mark.parametrize("end", ["eof", "reset", "garbage", "stop"])
def test_the_end_of_the_connection_ends_the_waits_of_other_threads(end: str) -> None:
    def handler(session: Session) -> None:
        result.append(in_another_thread(lambda: session.send("getvar x")))

    result: list[Any] = []
    with quiet_call(handler) as peer:
        peer.connect()
        peer.hear("getvar x")
        FAILURES[end](peer)
    assert isinstance(result[0], Disconnected)


# How it fails: every failure, at every kind of wait


def hang_up(peer: Peer) -> None:
    peer.say(*peer.tail())


def hang_up_without_linger(peer: Peer) -> None:
    peer.say(*peer.tail()[:-1], peer.notice(lingers=False))
    peer.end()


def stop(peer: Peer) -> None:
    Beside(lambda: peer.app.stop(timeout=0))
    peer.await_handler()


FAILURES: dict[str, Callable[[Peer], Any]] = {
    "hangup": hang_up,
    "hangup, no linger": hang_up_without_linger,
    "eof": lambda peer: peer.end(),
    "reset": lambda peer: peer.reset(),
    "garbage": lambda peer: peer.say(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "forged length": lambda peer: peer.say(b"Content-Length: 99999999999\n\n"),
    "a reply nobody asked for": lambda peer: peer.say(*[reply("+OK")] * 3),
    "timeout": lambda peer: peer.await_handler(),
    "stop": stop,
}


RAISED: dict[str, type[ESLError]] = {
    "hangup": Hangup,
    "hangup, no linger": Hangup,
    "eof": Disconnected,
    "reset": Disconnected,
    "garbage": ProtocolError,
    "forged length": ProtocolError,
    "a reply nobody asked for": ProtocolError,
    "timeout": TimeoutError,
    "stop": Stopped,
}


def wait_for_a_reply(session: Session, timeout: float | None) -> None:
    session.send("getvar x", timeout=timeout)
    session.channel.wait("DTMF", timeout=timeout)  # here the unrequested reply is not too early


def wait_for_an_application(session: Session, timeout: float | None) -> None:
    session.channel.playback("x", timeout=timeout)


def wait_for_an_event(session: Session, timeout: float | None) -> None:
    session.channel.wait("DTMF", timeout=timeout)


def wait_for_a_state(session: Session, timeout: float | None) -> None:
    session.wait(ChannelState.RESET, timeout=timeout)


def wait_for_a_job(session: Session, timeout: float | None) -> None:
    session.bgapi("version").wait(timeout)


def wait_in_a_callback(session: Session, timeout: float | None) -> None:
    session.on("CHANNEL_ANSWER", lambda event: session.channel.playback("x", timeout=timeout))
    session.channel.wait("PLAYBACK_STOP")


def wait_for_a_reply_in_a_callback(session: Session, timeout: float | None) -> None:
    session.on("CHANNEL_ANSWER", lambda event: wait_for_a_reply(session, timeout))
    session.channel.wait("PLAYBACK_STOP")


def wait_for_a_thread(session: Session, timeout: float | None) -> None:
    session.channel.playback("x", block=False).wait(timeout)


def answer_and_hear_a_playback(peer: Peer) -> None:
    peer.say(peer.event("CHANNEL_ANSWER"))
    peer.execute("playback")


def answer_and_hear_a_command(peer: Peer) -> None:
    peer.say(peer.event("CHANNEL_ANSWER"))
    peer.hear("getvar x")


WAITS: dict[Callable[[Session, float | None], None], Callable[[Peer], Any]] = {
    wait_for_a_reply: lambda peer: peer.hear("getvar x"),
    wait_for_an_application: lambda peer: peer.execute("playback"),
    wait_for_an_event: lambda peer: peer.settle(),
    wait_for_a_state: lambda peer: peer.settle(),
    wait_for_a_job: lambda peer: [
        peer.serve(f"filter Job-Owner-UUID {peer.uuid}"),
        peer.serve("event plain BACKGROUND_JOB"),
        peer.serve("bgapi version"),
    ],
    wait_in_a_callback: answer_and_hear_a_playback,
    wait_for_a_reply_in_a_callback: answer_and_hear_a_command,
    wait_for_a_thread: lambda peer: peer.execute("playback"),
}


@for_each("failure", FAILURES)
@for_each("wait", WAITS)
def test_every_wait_ends_with_the_right_exception(
    wait: Callable[[Session, float | None], None], failure: str
) -> None:
    def handler(session: Session) -> None:
        wait(session, 0.01 if failure == "timeout" else None)

    with call(handler) as peer:
        peer.handshake()
        WAITS[wait](peer)
        if failure != "timeout":
            peer.settle()
        FAILURES[failure](peer)
    assert type(peer.raised) is RAISED[failure]
    if isinstance(peer.raised, Hangup):
        assert peer.raised.cause is HangupCause.NORMAL_CLEARING
        assert peer.raised.event is not None
        assert peer.raised.event.name == "CHANNEL_HANGUP_COMPLETE"


@pytest.mark.parametrize("failure", [name for name in FAILURES if "hangup" not in name])
def test_a_command_during_linger_ends_with_the_call(failure: str) -> None:
    def handler(session: Session) -> None:
        with pytest.raises(Hangup):
            session.channel.wait("DTMF")
        session.api("status", timeout=0.01 if failure == "timeout" else None)
        session.api("again")  # here the unrequested reply is not too early

    with call(handler) as peer:
        peer.handshake()
        peer.say(*peer.tail())
        peer.hear("api status")
        FAILURES[failure](peer)
    # The call is over, whatever becomes of its connection.
    assert type(peer.raised) is (TimeoutError if failure == "timeout" else Hangup)


def test_a_command_during_linger_ends_when_the_linger_should_have_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Though the switch neither answers nor closes."""
    monkeypatch.setattr(ending, "LINGER_GRACE", 0.01)

    def handler(session: Session) -> None:
        with pytest.raises(Hangup):
            session.channel.wait("DTMF")
        session.api("status")

    with call(handler, linger=0) as peer:
        peer.connect()
        peer.serve("linger 0")
        peer.serve(f"filter Unique-ID {peer.uuid}")
        peer.serve("event plain all")
        peer.say(*peer.tail())
        peer.hear("api status")
        peer.await_handler()
    assert type(peer.raised) is Hangup


def test_every_wait_after_the_end_raises_again_and_api_still_works() -> None:
    def handler(session: Session) -> str:
        for _ in range(2):
            for wait in (wait_for_an_event, wait_for_an_application, wait_for_a_state):
                with pytest.raises(Hangup):
                    wait(session, None)
        session.channel.hangup()  # returns at once: the call is over
        return session.api("status")

    with call(handler) as peer:
        peer.handshake()
        peer.say(*peer.tail())
        peer.hear("api status")
        peer.say(response("UP"))
    assert peer.returned == "UP"


def test_a_command_that_can_no_longer_be_sent_raises_the_hangup_that_has_arrived() -> None:
    def handler(session: Session) -> None:
        session.send("getvar x")
        gone.wait(PATIENCE)
        session.send("getvar y")

    gone = threading.Event()
    with call(handler, linger=False) as peer:
        peer.connect()
        peer.serve(f"filter Unique-ID {peer.uuid}")
        peer.serve("event plain all")
        peer.hear("getvar x")
        peer.say(reply("1"), *peer.tail()[:-1], peer.notice(lingers=False))
        peer.reset()
        gone.set()
    assert type(peer.raised) is Hangup


# The end of a call: notices, events and the cause


@pytest.mark.parametrize(
    "place", ["after", "before CHANNEL_HANGUP_COMPLETE", "before CHANNEL_HANGUP"]
)
def test_the_linger_notice_is_not_the_end_of_the_events(place: str) -> None:
    def handler(session: Session) -> None:
        names.extend(each.name for each in session.events())
        with pytest.raises(Hangup) as raised:
            session.wait("DTMF")
        hangups.append(raised.value)

    names: list[str] = []
    hangups: list[Hangup] = []
    with call(handler) as peer:
        peer.handshake()
        *events, notice = peer.tail()
        events.insert({"after": len(events), "before CHANNEL_HANGUP": 0}.get(place, 1), notice)
        for packet in events:
            peer.say(packet)
            if packet is not events[-1]:
                peer.settle() if place != "after" or packet is not events[-2] else None
    assert names[0] == "CHANNEL_HANGUP"
    assert names[-1] == "CHANNEL_HANGUP_COMPLETE"
    [hangup] = hangups
    assert hangup.event is not None
    assert hangup.event.name == "CHANNEL_HANGUP_COMPLETE"


def test_a_hangup_is_raised_even_if_it_never_completes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ending, "HANGUP_COMPLETE_TIMEOUT", 0.01)

    def handler(session: Session) -> str:
        with pytest.raises(Hangup) as raised:
            session.wait("DTMF")
        assert raised.value.event is not None
        assert raised.value.event.name == "CHANNEL_HANGUP"
        return session.api("status")

    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.event("CHANNEL_HANGUP"))
        peer.hear("api status")
        peer.settle()  # the wait is not a busy loop
        peer.say(response("UP"))
    assert peer.returned == "UP"


@pytest.mark.parametrize(
    ("name", "events"), [("03a", False), ("06a", True)], ids=["no events", "a sync socket"]
)
def test_without_a_hangup_event_the_cause_is_asked_for(
    name: str, events: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # CHANNEL_HANGUP_COMPLETE is not awaited where it never comes.
    monkeypatch.setattr(ending, "HANGUP_COMPLETE_TIMEOUT", 10 * PATIENCE)

    with call(
        lambda session: session.channel.wait(ChannelState.HANGUP), name=name, events=events
    ) as peer:
        peer.connect()
        peer.serve("linger 60")
        if events:
            peer.serve(f"filter Unique-ID {peer.uuid}")
            peer.serve("event plain all")
        peer.say(peer.notice(lingers=True))
        # The channel may not know its own cause yet.
        peer.serve("getvar hangup_cause", "-ERR command not found")
        peer.serve("getvar hangup_cause", "ORIGINATOR_CANCEL")
    assert isinstance(peer.raised, Hangup)
    assert peer.raised.cause is HangupCause.ORIGINATOR_CANCEL
    assert peer.raised.event is None


def test_the_cause_is_not_asked_for_once_an_event_has_told_it() -> None:
    """On a sync socket the notice may come first, and ends the call: nothing else is certain."""

    def handler(session: Session) -> None:
        session.on_hangup(lambda hangup: causes.append(hangup.cause))
        session.send("getvar x")

    causes: list[HangupCause | str | None] = []
    with call(handler, name="06a") as peer:
        peer.handshake()
        peer.hear("getvar x")
        hangup = {"Event-Name": "CHANNEL_HANGUP", "Unique-ID": peer.uuid}
        peer.say(
            peer.notice(lingers=True), reply("1"), event({**hangup, "Hangup-Cause": "USER_BUSY"})
        )
        assert peer.hear_end() == []
    assert causes == [HangupCause.USER_BUSY]


def test_a_hangup_event_that_arrives_before_the_answer_counts() -> None:
    with call(lambda session: session.channel.wait(ChannelState.HIBERNATE), name="06a") as peer:
        peer.handshake()
        peer.say(peer.notice(lingers=True))
        peer.hear("getvar hangup_cause")
        hangup = {"Event-Name": "CHANNEL_HANGUP", "Unique-ID": peer.uuid}
        peer.say(event({**hangup, "Hangup-Cause": "USER_BUSY"}), reply("ORIGINATOR_CANCEL"))
    assert isinstance(peer.raised, Hangup)
    assert peer.raised.event is not None
    assert peer.raised.cause is HangupCause.USER_BUSY


def test_an_unknown_cause_is_none() -> None:
    def handler(session: Session) -> None:
        session.channel.wait(ChannelState.HANGUP)

    with quiet_call(handler) as peer:
        peer.connect()
        peer.say(peer.notice(lingers=False))
        peer.end()
    assert isinstance(peer.raised, Hangup)
    assert peer.raised.cause is None


def test_our_own_exit_is_no_hangup() -> None:
    def handler(session: Session) -> None:
        session.send("exit")
        session.wait("DTMF")

    with call(handler) as peer:
        peer.handshake()
        peer.serve("exit", "+OK bye")
        peer.say(peer.notice(lingers=False))
        peer.end()
    assert type(peer.raised) is Disconnected

"""`hangup` returns once the call has ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from eslsync import (
    CommandError,
    Disconnected,
    Hangup,
    HangupCause,
    Played,
    ProtocolError,
    Session,
    TimeoutError,
)
from simulator import FreeSwitch
from simulator.model.races import Races
from tests.support.cases import for_each
from tests.support.peer import call, changed, reply, response


@pytest.mark.parametrize(
    ("cause", "sent"),
    [
        ((), "NORMAL_CLEARING"),
        ((HangupCause.USER_BUSY,), "USER_BUSY"),
        (("user_busy",), "USER_BUSY"),
    ],
)
def test_hangup_returns_when_the_call_has_ended(cause: tuple[str, ...], sent: str) -> None:
    def handler(session: Session) -> list[Any]:
        session.channel.hangup(*cause)
        assert session.hangup_event is not None
        session.channel.hangup()
        with pytest.raises(Hangup):
            session.channel.playback("x")
        return [session.hangup_event.name, session.hangup_event["Hangup-Cause"]]

    with call(handler) as peer:
        peer.handshake()
        peer.execute("hangup", sent)
        peer.say(*peer.tail())
    assert peer.returned == ["CHANNEL_HANGUP_COMPLETE", "NORMAL_CLEARING"]


@pytest.mark.parametrize("lingers", [True, False])
def test_hangup_returns_even_where_no_event_tells_of_the_end(lingers: bool) -> None:
    def handler(session: Session) -> str:
        session.channel.hangup()
        return "returned"

    with call(handler, events=False, linger=lingers) as peer:
        peer.connect()
        if lingers:
            peer.serve("linger 60")
        peer.execute("hangup")
        peer.say(peer.notice(lingers=lingers))
        if lingers:
            peer.serve("getvar hangup_cause", "NORMAL_CLEARING")
    assert peer.returned == "returned"


def test_hangup_in_a_callback_ends_the_handlers_wait() -> None:
    def handler(session: Session) -> None:
        @session.channel.on_dtmf("9")
        def leave(digit: str) -> None:
            session.channel.hangup()
            returned.append(digit)

        session.channel.playback("x")

    returned: list[str] = []
    with call(handler) as peer:
        peer.handshake()
        peer.execute("playback")
        peer.say(peer.digit("9"))
        peer.execute("hangup")
        peer.say(*peer.tail())
    assert returned == ["9"]
    assert type(peer.raised) is Hangup


@pytest.mark.parametrize("events", [True, False])
def test_a_refused_hangup_raises_and_the_call_goes_on(events: bool) -> None:
    def handler(session: Session) -> str:
        with pytest.raises(CommandError, match="'sendmsg execute hangup NORMAL_CLEARING'"):
            session.channel.hangup()
        return session.send("getvar x").text

    with call(handler, events=events, linger=False) as peer:
        peer.connect()
        if events:
            peer.serve(f"filter Unique-ID {peer.uuid}")
            peer.serve("event plain all")
        peer.serve("sendmsg", "-ERR no")
        peer.serve("getvar x", "1")
    assert peer.returned == "1"


def test_a_hangup_refused_in_a_callback_does_not_end_the_handlers_wait() -> None:
    def handler(session: Session) -> str:
        @session.channel.on_dtmf("9")
        def leave(digit: str) -> None:
            with pytest.raises(CommandError):
                session.channel.hangup()

        session.channel.playback("x")
        return "played"

    with call(handler) as peer:
        peer.handshake()
        uuid = peer.execute("playback")
        peer.say(peer.digit("9"))
        peer.serve("sendmsg", "-ERR no")
        peer.say(peer.completed("playback", uuid))
    assert peer.returned == "played"


@for_each(
    ("order", "raised"),
    [
        ("taken, end", type(None)),
        ("end, taken", type(None)),
        ("end, refused", type(None)),
        ("refused, end", CommandError),
        ("refused", CommandError),
        ("taken", Disconnected),
        ("no reply to it, end", ProtocolError),
    ],
)
def test_the_first_sign_of_a_hangup_counts_even_if_the_connection_ends_in_the_same_read(
    order: str, raised: type[BaseException]
) -> None:
    with call(lambda session: session.channel.hangup()) as peer:
        peer.handshake()
        peer.hear("sendmsg")
        words = {
            "taken": [reply("+OK")],
            "refused": [reply("-ERR no")],
            "no reply to it": [response("+OK")],
            "end": peer.tail(),
        }
        peer.say(*[packet for word in order.split(", ") for packet in words[word]])
        peer.end()
        peer.await_handler()
    assert type(peer.raised) is raised


def test_a_refusal_after_the_hangup_timed_out_disturbs_nobody() -> None:
    def handler(session: Session) -> Played:
        with pytest.raises(TimeoutError, match="the end of the call"):
            session.channel.hangup(timeout=0)
        return session.channel.playback("x")

    with call(handler) as peer:
        peer.handshake()
        peer.hear("sendmsg")
        peer.hear("sendmsg")
        peer.say(reply("-ERR too late"))
        peer.settle()
        peer.say(reply("-ERR no such file"))
    assert isinstance(peer.raised, CommandError)
    assert peer.raised.text == "-ERR no such file"


@pytest.mark.parametrize("order", ["refused first", "refused last", "refused long before"])
def test_hangup_returns_if_the_leg_has_gone_meanwhile(order: str) -> None:
    def handler(session: Session) -> str:
        leg = session.leg("b-leg")
        leg.hangup()
        assert leg.hangup_event is not None
        return leg.hangup_event.name

    with call(handler) as peer:
        peer.handshake()
        peer.serve("filter Unique-ID b-leg")
        peer.hear("api uuid_dump b-leg")
        peer.say(response("Event-Name: CHANNEL_DATA\nUnique-ID: b-leg\n"))
        peer.hear("sendmsg b-leg")
        refused = reply("-ERR invalid session id [b-leg]")
        first, *rest = [changed(packet, {"Unique-ID": "b-leg"}) for packet in peer.tail()[:-1]]
        if order == "refused last":
            peer.say(first, *rest, refused)
        else:
            peer.say(refused)
            if order == "refused long before":
                peer.settle()
            peer.say(first, *rest)
        peer.run("set")
    assert peer.returned == "CHANNEL_HANGUP_COMPLETE"


def test_hangup_raises_if_only_the_connection_ends() -> None:
    with call(lambda session: session.channel.hangup()) as peer:
        peer.handshake()
        peer.execute("hangup")
    assert type(peer.raised) is Disconnected


def test_a_playback_that_ends_just_before_the_hangup_raises_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Races, "media_ends_first", lambda races, leg: True)  # recording 33l

    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback("ivr/long")

    with FreeSwitch(prompts={"ivr/long": 60.0}) as switch:
        call = switch.call(handler)
        call.hear("ivr/long", start=True)
        call.say_nothing(2)
        call.hangup()
    assert isinstance(call.outcome, Hangup)
    assert call.outcome.played is not None
    assert call.outcome.played.seconds == pytest.approx(2.0, abs=0.1)


#: Applications that a hangup ends, and the method that sends each.
ENDED: dict[str, Callable[[Session], object]] = {
    "playback": lambda s: s.channel.playback("x"),
    "say": lambda s: s.channel.say("1"),
    "sleep": lambda s: s.channel.execute("sleep", "1000"),
    "bridge": lambda s: s.channel.execute("bridge", "user/1000"),
    "record": lambda s: s.channel.execute("record", "x.wav"),
    "play_and_get_digits": lambda s: s.channel.execute("play_and_get_digits", "x"),
}


@for_each("application", ENDED)
def test_a_completion_that_overtakes_the_hangup_is_no_outcome(application: str) -> None:
    """It has the state of a channel that has hung up; the hangup's own event follows."""

    def handler(session: Session) -> None:
        ENDED[application](session)

    with call(handler) as peer:
        peer.handshake()
        uuid = peer.execute(application)
        done = peer.completed(application, uuid)
        peer.say(changed(done, {"Channel-State-Number": "10", "Answer-State": "hangup"}))
        peer.settle()
        peer.say(*peer.tail())
    assert type(peer.raised) is Hangup
    assert len(peer.raised.outcomes) == 1

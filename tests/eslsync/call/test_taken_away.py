"""Somebody else takes a channel away from its handler: the handler is told, and leaves it alone."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import pytest

from eslsync import Channel, Disconnected, Execution, Outbound, Session, Transferred
from simulator import Call, FreeSwitch

ELSEWHERE = {"^2000$": [("playback", "ivr/elsewhere"), ("hangup", "NORMAL_CLEARING")]}
PROMPTS = {"ivr/long": 60.0, "ivr/elsewhere": 5.0}
AGENT = "user/1000"


def endless(channel: Channel) -> None:
    music = channel.playback("ivr/long", block=False)
    assert isinstance(music, Execution)
    channel.wait("DTMF")


#: What a handler waits in when its channel is transferred.
WAITS: dict[str, Callable[[Session], object]] = {
    "bridge": lambda s: s.channel.bridge(AGENT),
    "ringing": lambda s: s.channel.bridge("user/1001"),
    "playback": lambda s: s.channel.playback("ivr/long"),
    "music": lambda s: endless(s.channel),
    "sleep": lambda s: s.channel.sleep(60),
    "play_and_get_digits": lambda s: s.channel.play_and_get_digits("ivr/long", timeout=60),
    "get_digits": lambda s: s.channel.get_digits("ivr/long", timeout=60),
    "wait": lambda s: s.channel.wait("DTMF"),
    "session.wait": lambda s: s.wait("DTMF"),
    "originate": lambda s: s.originate("user/1001"),
    "bridge of legs": lambda s: s.channel.bridge(s.originate(AGENT)),
    "conference": lambda s: s.channel.conference("room"),
    "echo": lambda s: s.channel.execute("echo"),
    "execute_extension": lambda s: s.channel.execute_extension("3000"),
}


def transferred_in(
    what: Callable[[Session], object], **endpoint: object
) -> tuple[Call, Transferred]:
    """A call that is transferred while the handler waits, and how the handler was told."""
    told: list[Transferred] = []

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        with pytest.raises(Transferred) as first:
            what(session)
        told.append(first.value)
        later: list[Callable[[], object]] = [
            channel.hangup,
            lambda: channel.playback("ivr/goodbye"),
            lambda: channel.set("x", "y"),
            lambda: channel.transfer("bye"),
            lambda: channel.wait("DTMF", timeout=60),
            lambda: channel.get_variable("x"),
            channel.break_,
            lambda: session.sendmsg("hangup", {"hangup-cause": "USER_BUSY"}),
            lambda: session.send("sendmsg", {"call-command": "hangup"}),
            session.resume,
        ]
        for method in later:
            with pytest.raises(Transferred):
                method()
        assert session.api("status")
        assert session.bgapi("status").wait()
        if what is WAITS["sleep"]:
            session.exit()  # only closes the connection
        raise told[0]

    extensions = {**ELSEWHERE, "^3000$": [("playback", "ivr/long")]}
    with FreeSwitch(prompts=PROMPTS, extensions=extensions) as switch:
        switch.endpoint(AGENT, answers_after=1.0, **endpoint)  # type: ignore[arg-type]
        switch.endpoint("user/1001", answers_after=None)
        call = switch.call(handler)
        if not endpoint:
            call.say_nothing(3)
            call.transfer("2000")
        call.hear("ivr/elsewhere")
        call.wait()
        assert call.error is None  # a normal end
        assert isinstance(call.outcome, Transferred)
    return call, told[0]


@pytest.mark.parametrize("what", WAITS.values(), ids=list(WAITS))
def test_a_transfer_by_others_is_told_and_nothing_more_is_done(
    what: Callable[[Session], object],
) -> None:
    call, told = transferred_in(what)
    assert told.extension == "2000"
    assert isinstance(told, Disconnected)
    assert str(told) == "somebody else has transferred the channel to 2000"
    assert call.heard[-1] == "ivr/elsewhere"
    assert call.cause == "NORMAL_CLEARING"


def test_an_agents_phone_transfers_and_the_bridge_has_its_seconds() -> None:
    _, told = transferred_in(WAITS["bridge"], transfers=(5.0, "2000"))
    assert told.bridged is not None
    assert told.bridged.answered
    assert told.bridged.seconds == pytest.approx(5.0, abs=0.1)


def test_a_far_end_called_by_others_transfers_in_a_bridge_of_two_legs() -> None:
    _, told = transferred_in(WAITS["bridge of legs"], transfers=(5.0, "2000"))
    assert told.bridged is not None
    assert told.bridged.answered


@pytest.mark.parametrize("how", ["uuid_bridge {0} {1}", "uuid_park {0}"])
def test_a_caller_who_is_bridged_or_parked_by_others(how: str) -> None:
    told: list[Transferred] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        with pytest.raises(Transferred) as transferred:
            session.channel.playback("ivr/long")
        told.append(transferred.value)

    def other(session: Session) -> None:
        session.channel.answer()
        session.api(how.format(call.uuid, session.uuid))
        session.channel.wait("CHANNEL_HANGUP")

    with FreeSwitch(prompts=PROMPTS) as switch:
        call = switch.call(handler)
        call.hear("ivr/long", start=True)
        another = switch.call(other)
        another.say_nothing(3)
        assert not call.answered or call.cause is None  # the caller is still up
        another.hangup()
        call.hangup()
    assert told[0].extension is None
    assert str(told[0]) == "somebody else has bridged or parked the channel"


def test_a_transfer_between_two_commands_is_seen_before_the_next_is_sent() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        time.sleep(5)  # a database, say
        session.channel.hangup()

    with FreeSwitch(prompts=PROMPTS, extensions=ELSEWHERE) as switch:
        call = switch.call(handler)
        call.say_nothing(2)
        call.transfer("2000")
        call.hear("ivr/elsewhere")
        call.wait()
    assert isinstance(call.outcome, Transferred)


def test_a_handler_that_returns_then_leaves_the_call_alone() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback("ivr/long", block=False)
        time.sleep(5)

    with FreeSwitch(prompts=PROMPTS, extensions=ELSEWHERE) as switch:
        call = switch.call(handler)
        call.say_nothing(2)
        call.transfer("2000")
        call.hear("ivr/elsewhere")
        call.wait()
    assert call.outcome is None


@pytest.mark.parametrize("socket", ["async", "full", ""])
def test_a_transfer_on_other_sockets(socket: str) -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback("ivr/long")
        session.channel.hangup()

    with FreeSwitch(prompts=PROMPTS, extensions=ELSEWHERE) as switch:
        call = switch.call(handler, socket=socket)
        call.say_nothing(2)
        call.transfer("2000")
        call.hear("ivr/elsewhere")
        call.wait()
    assert isinstance(call.outcome, Transferred)


def test_what_the_session_sends_itself_is_no_news_to_it() -> None:
    ways: list[Callable[[Session], object]] = [
        lambda s: s.channel.transfer("2000"),
        lambda s: s.api(f"uuid_transfer {s.uuid} 2000"),
        lambda s: s.bgapi(f"uuid_transfer {s.uuid} 2000").wait(),
        lambda s: s.sendmsg("execute", {"execute-app-name": "transfer", "execute-app-arg": "2000"}),
        lambda s: s.channel.execute("transfer", "2000"),
        lambda s: s.channel.sched_transfer(1, "2000"),
    ]
    for way in ways:

        def handler(session: Session, way: Callable[[Session], object] = way) -> None:
            session.channel.answer()
            way(session)
            session.channel.wait("CHANNEL_HANGUP")

        with FreeSwitch(prompts=PROMPTS, extensions=ELSEWHERE) as switch:
            call = switch.call(handler)
            call.hear("ivr/elsewhere")
            call.wait()
        assert call.outcome is None


def test_legs_that_were_called_are_hung_up_and_a_server_does_not_call_it_a_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.originate(AGENT)
        session.channel.playback("ivr/long")

    with (
        caplog.at_level(logging.INFO, logger="eslsync"),
        FreeSwitch(prompts=PROMPTS, extensions=ELSEWHERE) as switch,
    ):
        switch.endpoint(AGENT)
        call = switch.call(Outbound(handler))
        call.hear("ivr/long", start=True)
        call.transfer("2000")
        call.hear("ivr/elsewhere")
        call.wait()
    assert f"hangs up {AGENT} NORMAL_CLEARING" in str(call.transcript)
    assert not [each for each in caplog.records if each.levelno > logging.INFO]
    assert "somebody else has transferred the channel to 2000" in " ".join(caplog.messages)


def test_digits_that_the_handler_queues_are_nobodys_press() -> None:
    pressed: list[str] = []
    taken: list[str | None] = []

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        channel.on_dtmf()(pressed.append)
        channel.queue_dtmf("12w3", duration=0.2)
        channel.recv_dtmf("7")  # this one acts as if it were pressed
        taken.append(channel.wait("DTMF", timeout=5).digit)
        channel.queue_dtmf("4")
        taken.append(channel.wait("DTMF", timeout=5).digit)

    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.say_nothing(2)
        call.press("4")
        call.wait()
    assert pressed == taken == ["7", "4"]


def test_a_transfer_of_a_legs_other_side_is_no_transfer_of_the_call() -> None:
    told: list[str | None] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        one, other = session.originate(AGENT), session.originate("user/1001")
        session.api(f"uuid_bridge {one.uuid} {other.uuid}")
        session.channel.playback("ivr/short")
        session.api(f"uuid_transfer {one.uuid} -bleg 2000")
        with pytest.raises(Transferred) as taken:
            session.channel.playback("ivr/long")
        told.append(taken.value.extension)

    with FreeSwitch(prompts=PROMPTS, extensions=ELSEWHERE) as switch:
        switch.endpoint(AGENT)
        switch.endpoint("user/1001")
        call = switch.call(handler)
        call.hear("ivr/long", start=True)
        call.transfer("2000")
        call.hear("ivr/elsewhere")
        call.wait()
    assert told == ["2000"]

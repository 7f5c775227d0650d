"""Which events the switch was asked for, and what to do about those that never come."""

from __future__ import annotations

import pytest

from eslsync import Channel, CommandError, Session
from simulator import Call
from tests.support.asking import ask, session_of
from tests.support.peer import call, quiet_call


@pytest.mark.parametrize("name", ["08c", "06f"], ids=["async", "sync"])
@pytest.mark.parametrize(
    ("events", "commands"), [(True, ["myevents"]), (["DTMF"], ["myevents"]), (False, [])]
)
def test_without_full_myevents_is_used_and_nothing_lingers(
    name: str, events: bool | list[str], commands: list[str]
) -> None:
    with call(lambda session: session.send("getvar begun"), name=name, events=events) as peer:
        peer.connect()
        for command in commands:
            peer.serve(command)
        peer.serve("getvar begun")


def test_waiting_for_an_event_that_can_never_come_raises() -> None:
    def handler(session: Session) -> None:
        with pytest.raises(ValueError, match="did you mean 'CHANNEL_ANSWER'"):
            session.wait("CHANNEL_ANSWERED")
        with pytest.raises(RuntimeError, match="events=False"):
            session.wait("CHANNEL_ANSWER")
        session.send("event plain CHANNEL_ANSWER")
        session.wait("CHANNEL_ANSWER")

    with quiet_call(handler) as peer:
        peer.connect()
        peer.serve("event plain CHANNEL_ANSWER")
        peer.say(peer.event("CHANNEL_ANSWER"))
    assert peer.raised is None


def test_a_deleted_filter_lets_nothing_through() -> None:
    # recording 14e
    def question(channel: Channel) -> list[str]:
        session = session_of(channel)
        session.filter("Event-Name", "HEARTBEAT")
        session.filter_delete("Event-Name", "HEARTBEAT")
        session.filter_delete("Unique-ID")
        heard: list[str] = []
        session.on("API", lambda event: heard.append(event["API-Command"]))
        session.api("version")
        channel.sleep(0.1)
        return heard

    assert ask(question).value == ["version"]  # where there is no filter, all comes


@pytest.mark.parametrize("socket", ["async", ""])
def test_methods_that_need_full_say_so_without_it(socket: str) -> None:
    # recordings 06f, 08c
    def question(channel: Channel) -> list[str]:
        session = session_of(channel)
        said: list[str] = []
        for attempt in (
            lambda: session.api("version"),
            lambda: session.bgapi("version"),
            lambda: session.originate("user/1000"),
            lambda: session.leg("x"),
            lambda: channel.break_(),
            lambda: channel.broadcast("ivr/x"),
            lambda: channel.recv_dtmf("1"),
            lambda: session.sendevent("CUSTOM a::b"),
        ):
            with pytest.raises(CommandError) as refused:
                attempt()
            said.append(str(refused.value))
        return said

    said = ask(question, socket=socket).value
    assert all('write "full" behind its address' in each for each in said)


@pytest.mark.parametrize("socket", ["async", "", "full"])
def test_applications_work_on_every_socket(socket: str) -> None:
    # recordings 06a, 06f, 08c
    def question(channel: Channel) -> list[object]:
        played = channel.playback("ivr/ivr-welcome")
        digits = channel.play_and_get_digits("ivr/ivr-enter")
        channel.set("x", "y")
        return [played.response, str(digits), channel.get_variable("x"), session_getvar(channel)]

    def caller(call: Call) -> None:
        call.hear("ivr/ivr-enter", start=True)
        call.press("5")

    asked = ask(question, caller, socket=socket)
    assert asked.value == ["FILE PLAYED", "5", "y", "y"]


def session_getvar(channel: Channel) -> str | None:
    return session_of(channel).getvar("x")


def test_bridging_to_a_leg_is_refused_on_a_sync_socket() -> None:
    def question(channel: Channel) -> str:
        session = session_of(channel)
        agent = session.leg(session.api("originate user/1000 &park()").removeprefix("+OK "))
        with pytest.raises(RuntimeError) as refused:
            channel.bridge(agent)
        return str(refused.value)

    answers = {"user/1000": {"answers_after": 2.0}}
    assert "async" in ask(question, endpoints=answers, socket="full").value

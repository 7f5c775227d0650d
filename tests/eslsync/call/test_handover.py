"""How a call is taken from the switch, and given back."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from eslsync import Disconnected, Hangup, HangupCause, Outbound, Session
from eslsync.call import connection
from eslsync.protocol import ConnectReply
from simulator import Fault, FreeSwitch
from tests.support.peer import call, quiet_call, reply
from tests.support.servers import Beside, dialled, messages, nothing, serving


@pytest.mark.parametrize("name", ["03a", "06a"], ids=["async", "sync"])
@pytest.mark.parametrize(
    ("events", "linger", "commands"),
    [
        (True, True, ["linger 60", "filter Unique-ID {uuid}", "event plain all"]),
        (True, 10, ["linger 10", "filter Unique-ID {uuid}", "event plain all"]),
        (True, 0, ["linger 0", "filter Unique-ID {uuid}", "event plain all"]),
        (True, False, ["filter Unique-ID {uuid}", "event plain all"]),
        (False, True, ["linger 60"]),
        (False, False, []),
        (
            ["CHANNEL_ANSWER", "CUSTOM one::a", "DTMF", "CUSTOM two::b"],
            False,
            [
                "filter Unique-ID {uuid}",
                "filter Event-Subclass one::a",
                "filter Event-Subclass two::b",
                "event plain CHANNEL_ANSWER DTMF CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP "
                "CHANNEL_HANGUP_COMPLETE CUSTOM one::a two::b",
            ],
        ),
        (
            [],
            False,
            [
                "filter Unique-ID {uuid}",
                "event plain CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE DTMF",
            ],
        ),
    ],
)
def test_events_and_linger_decide_what_is_sent_before_the_handler_begins(
    name: str, events: bool | list[str], linger: bool | int, commands: list[str]
) -> None:
    with call(
        lambda session: session.send("getvar begun"), name=name, events=events, linger=linger
    ) as peer:
        peer.connect()
        for command in commands:
            peer.serve(command.format(uuid=peer.uuid))
        peer.serve("getvar begun")


def test_the_context_is_the_answer_to_connect() -> None:
    def handler(session: Session) -> None:
        contexts.append((session.context, session.uuid, session.channel.uuid))

    contexts: list[tuple[ConnectReply, str, str]] = []
    with quiet_call(handler) as peer:
        peer.connect()
    [(context, *uuids)] = contexts
    assert dict(context) == dict(peer.context)
    assert context["Caller-Caller-ID-Number"] == "1001"
    assert uuids == [peer.uuid, peer.uuid]


@pytest.mark.parametrize("refused", [[0], [1], [2], [1, 2], [0, 1, 2]], ids=str)
def test_a_call_that_refuses_the_handshake_is_given_back(
    refused: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    with call(nothing) as peer:
        peer.connect()
        commands = ["linger 60", f"filter Unique-ID {peer.uuid}", "event plain all"]
        for index, command in enumerate(commands):
            peer.serve(command, "-ERR out of order" if index in refused else "+OK")
        peer.serve(f"filter Unique-ID {peer.uuid}")
        peer.serve("event plain CHANNEL_EXECUTE_COMPLETE")
        peer.run("set")
        peer.hear_end()
    assert not peer.ended.is_set()
    [told] = messages(caplog, logging.WARNING)
    assert f"{commands[refused[0]]!r} was refused: -ERR out of order" in told


# Giving back


def test_a_call_without_a_completed_application_is_given_one_before_the_close() -> None:
    """14b2: a close right after connect parks the caller for ever."""
    with call(nothing) as peer:
        peer.handshake()
        uuid = peer.execute("set")
        peer.settle()
        peer.hear_nothing()
        peer.say(peer.completed("set", uuid))
        assert peer.hear_end() == []


def test_after_a_completed_application_the_close_comes_at_once() -> None:
    with call(lambda session: session.channel.answer()) as peer:
        peer.handshake()
        peer.run("answer")
        assert peer.hear_end() == []


@pytest.mark.parametrize("name", ["03a", "08c"], ids=["full", "not full"])
def test_without_events_completions_are_subscribed_to_before_the_close(name: str) -> None:
    with call(
        lambda session: session.channel.answer(), name=name, events=False, linger=False
    ) as peer:
        peer.connect()
        peer.execute("answer")
        if name == "03a":
            peer.serve(f"filter Unique-ID {peer.uuid}")
            peer.serve("event plain CHANNEL_EXECUTE_COMPLETE")
        else:
            peer.serve("myevents")
        peer.run("set")
        assert peer.hear_end() == []


def test_a_handler_that_raises_gives_its_call_back_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "eslsync")

    def handler(session: Session) -> None:
        raise LookupError

    with call(handler) as peer:
        peer.handshake()
        peer.run("set")
        assert peer.hear_end() == []
    [record] = [each for each in caplog.records if "given back" in each.getMessage()]
    assert vars(record)["uuid"] == peer.uuid


def test_a_call_that_has_ended_is_not_given_back() -> None:
    def handler(session: Session) -> None:
        session.send("getvar x")  # the hangup has arrived unread

    with call(handler) as peer:
        peer.handshake()
        peer.hear("getvar x")
        peer.say(reply("1"), *peer.tail())
        assert peer.hear_end() == []


def test_callbacks_do_not_run_once_the_handler_has_ended() -> None:
    def handler(session: Session) -> None:
        session.on("ALL", told.append)
        session.channel.on_dtmf()(told.append)

    told: list[Any] = []
    with call(handler) as peer:
        peer.handshake()
        uuid = peer.execute("set")
        peer.say(peer.digit("1"), peer.completed("set", uuid))
        peer.hear_end()
    assert told == []


def test_callbacks_do_not_run_while_the_end_of_the_call_is_awaited() -> None:
    def handler(session: Session) -> None:
        session.on_hangup(lambda hangup: told.append(hangup.cause))
        session.channel.on_dtmf()(told.append)
        session.send("getvar x")

    told: list[Any] = []
    with call(handler) as peer:
        peer.handshake()
        peer.hear("getvar x")
        first, *rest = peer.tail()
        peer.say(peer.digit("5"), first, reply("1"))
        peer.await_handler()
        peer.settle()
        peer.say(*rest)
        assert peer.hear_end() == []
    assert told == [HangupCause.NORMAL_CLEARING]


def test_the_close_is_orderly_however_much_is_still_unread() -> None:
    """The peer receives everything that was sent and then the end, never a reset."""
    with call(lambda session: session.channel.answer()) as peer:
        peer.handshake()
        uuid = peer.execute("answer")
        peer.say(peer.completed("answer", uuid), *[peer.event("PLAYBACK_START")] * 500)
        assert peer.hear_end() == []
        peer.say(*[peer.event("PLAYBACK_START")] * 500)  # what was on its way meanwhile
        peer.end()


def test_a_switch_that_never_closes_its_side_is_awaited_for_a_limited_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "CLOSE_TIMEOUT", 0.01)
    with serving(lambda session: session.channel.answer()) as app, dialled(app) as peer:
        peer.handshake()
        peer.run("answer")
        app.stop()


def test_other_threads_can_send_nothing_after_the_handler() -> None:
    sessions: list[Session] = []
    with quiet_call(sessions.append) as peer:
        peer.connect()
        peer.serve(f"filter Unique-ID {peer.uuid}")
        peer.serve("event plain CHANNEL_EXECUTE_COMPLETE")
        peer.run("set")
        peer.hear_end()
        with pytest.raises(Disconnected, match="the handler has ended"):
            sessions[0].send("getvar x")
        peer.say(peer.event("PLAYBACK_START"))  # messages already on their way are still read
        peer.say(peer.event("PLAYBACK_STOP"))


def test_a_reply_on_its_way_to_another_thread_is_not_lost_to_the_close() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        waiting.append(Beside(lambda: answers.append(session.send("getvar x").text)))
        session.wait("CHANNEL_ANSWER")

    waiting: list[Beside] = []
    answers: list[str] = []
    with call(handler) as peer:
        peer.handshake()
        peer.run("answer")
        peer.hear("getvar x")
        peer.say(peer.event("CHANNEL_ANSWER"))
        peer.hear_end()
        peer.say(reply("1"))
        waiting[0].join()
    assert answers == ["1"]


@pytest.mark.parametrize("socket", ["async full", "full", "async", ""])
def test_a_handler_that_exceeds_max_call_duration_is_hung_up(socket: str) -> None:
    with FreeSwitch(prompts={"long": 600.0}) as switch:

        def handler(session: Session) -> None:
            session.channel.answer()
            session.channel.playback("long")

        call = switch.call(Outbound(handler, max_call_duration=60), socket=socket)
        call.wait()
    assert call.cause == "ALLOTTED_TIMEOUT"
    assert 60 <= call.duration <= 61.6
    assert isinstance(call.outcome, Hangup)


def test_a_handler_stuck_in_other_code_does_not_hold_its_caller() -> None:
    import time

    with FreeSwitch() as switch:

        def handler(session: Session) -> None:
            session.channel.answer()
            time.sleep(3600)  # of virtual time

        call = switch.call(Outbound(handler, max_call_duration=60))
        call.say_nothing(62)
        assert call.cause == "ALLOTTED_TIMEOUT"


def test_max_call_duration_does_not_limit_the_dialplan_afterwards() -> None:
    with FreeSwitch(prompts={"queue": 600.0}) as switch:
        call = switch.call(
            Outbound(lambda session: session.channel.answer(), max_call_duration=60),
            after=[("playback", "queue")],
        )
        call.hear("queue", timeout=700)
        call.wait()
    assert call.duration > 600


def test_a_hangup_that_the_handler_scheduled_is_not_cancelled() -> None:
    with FreeSwitch(prompts={"queue": 600.0}) as switch:

        def handler(session: Session) -> None:
            session.channel.answer()
            session.channel.sched_hangup(100, "NORMAL_TEMPORARY_FAILURE")

        call = switch.call(Outbound(handler, max_call_duration=500), after=[("playback", "queue")])
        call.wait()
    assert call.cause == "NORMAL_TEMPORARY_FAILURE"


# socket_resume, which the dialplan sets for apps that die


@pytest.mark.parametrize(
    ("socket", "stops"),
    [("async full", True), ("async", True), ("async full", False), ("full", False), ("", False)],
)
def test_socket_resume_neither_cuts_a_bridge_nor_loses_a_call_that_is_given_back(
    socket: str, stops: bool
) -> None:
    # recordings 50m and 51b
    def talks(session: Session) -> None:
        session.channel.answer()
        session.channel.bridge("user/1000", timeout=200)

    stop = Fault("stop", "CHANNEL_BRIDGE")
    with FreeSwitch(raises=False) as switch:
        switch.endpoint("user/1000", hangs_up_after=100.0)
        call = switch.call(
            talks,
            socket=socket,
            before=[("set", "socket_resume=true")],
            after=[("playback", "ivr/ivr-bye")],
            faults=[stop] if stops else [],
        )
        call.hear("ivr/ivr-bye", timeout=200)
        call.wait()
    assert call.duration > 100

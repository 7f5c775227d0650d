"""Executing applications: each call returns at its own completion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from eslsync import Event, Played, Session, TimeoutError
from tests.support.cases import for_each
from tests.support.peer import call, quiet_call, reply


def test_execute_returns_the_completion_of_its_own_application() -> None:
    with call(lambda session: session.channel.execute("log", "INFO a, b")) as peer:
        peer.handshake()
        command = peer.hear("sendmsg")
        uuid = str(command.get("Event-UUID"))
        assert command.headers == [
            ("call-command", "execute"),
            ("execute-app-name", "log"),
            ("execute-app-arg", "INFO a, b"),
            ("Event-UUID", uuid),
        ]
        peer.say(reply("+OK"), peer.completed("log", "of another"), peer.completed("log", uuid))
    assert peer.returned["Application-UUID"] == uuid
    assert uuid.startswith(peer.uuid)


def test_a_completion_that_arrives_before_the_reply_is_noticed() -> None:
    with call(lambda session: session.channel.execute("log", "x")) as peer:
        peer.handshake()
        uuid = str(peer.hear("sendmsg").get("Event-UUID"))
        peer.say(peer.completed("log", uuid), reply("+OK"))
    assert peer.returned["Application-UUID"] == uuid


@for_each(
    ("method", "application", "argument"),
    [
        (lambda channel: channel.answer(), "answer", None),
        (lambda channel: channel.playback("ivr/ivr-welcome"), "playback", "ivr/ivr-welcome"),
        (lambda channel: channel.say("42"), "say", "en number pronounced 42"),
        (
            lambda channel: channel.say("a b", "name_spelled", "iterated", module="de:at"),
            "say",
            "de:at name_spelled iterated 'a b'",
        ),
        (
            lambda channel: channel.say("2", "items", gender="feminine"),
            "say",
            "en items pronounced feminine 2",
        ),
        (lambda channel: channel.sleep(0.5), "sleep", "500"),
        (lambda channel: channel.set("a", "b=c, ä"), "set", "a=b=c, ä"),
        (lambda channel: channel.execute("info"), "info", None),
    ],
)
def test_a_method_is_its_application(
    method: Callable[[Any], Any], application: str, argument: str | None
) -> None:
    with call(lambda session: method(session.channel)) as peer:
        peer.handshake()
        command = peer.serve("sendmsg")
        assert command.get("execute-app-name") == application
        assert command.get("execute-app-arg") == argument
        assert command.get("event-lock") is None
        peer.say(peer.completed(application, str(command.get("Event-UUID"))))
    assert peer.raised is None


def test_lock_is_event_lock() -> None:
    with call(lambda session: session.channel.playback("x", lock=True, block=False)) as peer:
        peer.handshake()
        assert peer.serve("sendmsg").get("event-lock") == "true"
    assert peer.raised is None


@for_each(
    "method",
    [
        lambda channel: channel.say(""),
        lambda channel: channel.say("1", "two words"),
        lambda channel: channel.sleep(-1),
        lambda channel: channel.set("a=b", "c"),
        lambda channel: channel.set("", "c"),
        lambda channel: channel.on_dtmf("x"),
        lambda channel: channel.on_dtmf("12"),
    ],
)
def test_arguments_that_freeswitch_would_take_apart_are_refused(
    method: Callable[[Any], Any],
) -> None:
    def handler(session: Session) -> None:
        with pytest.raises(ValueError, match=r"."):
            method(session.channel)
        session.send("getvar after")

    with call(handler) as peer:
        peer.handshake()
        peer.serve("getvar after")
    assert peer.raised is None


def test_every_execution_has_an_id_of_its_own() -> None:
    def handler(session: Session) -> None:
        for _ in range(3):
            session.channel.playback("x", block=False)

    with call(handler) as peer:
        peer.handshake()
        uuids = {peer.execute("playback") for _ in range(3)}
        assert len(uuids) == 3


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_each_execution_ends_with_its_own_completion_in_any_order(order: list[int]) -> None:
    def handler(session: Session) -> list[str]:
        playbacks = [session.channel.execute("playback", str(n), block=False) for n in range(3)]
        session.send("getvar started")
        first = playbacks[order[0]]
        first.wait()
        done = [each.done for each in playbacks]
        assert done.count(True) == 1
        assert first.done
        session.send("getvar one_done")
        events = [each.wait() for each in playbacks]
        return [each["Application-UUID"] if each else "" for each in events]

    with call(handler) as peer:
        peer.handshake()
        uuids = [peer.execute("playback") for _ in range(3)]
        peer.serve("getvar started")
        completed = [peer.completed("playback", uuids[n]) for n in order]
        peer.say(completed[0])
        peer.serve("getvar one_done")
        peer.say(*completed[1:])
    assert peer.returned == uuids


def test_nested_prompts_return_in_the_order_of_the_recording() -> None:
    """07b: three playbacks without a lock complete in reverse order."""

    def handler(session: Session) -> list[str]:
        returned: list[str] = []

        def nested(name: str) -> Callable[[str], None]:
            def play(digit: str) -> None:
                session.channel.playback(name)
                returned.append(name)

            return play

        session.channel.on_dtmf("1")(nested("second"))
        session.channel.playback("first")
        returned.append("first")
        return returned

    with call(handler) as peer:
        peer.handshake()
        first = peer.execute("playback", "first")
        peer.say(peer.digit("1"))
        second = peer.execute("playback", "second")
        peer.say(peer.completed("playback", second), peer.completed("playback", first))
    assert peer.returned == ["second", "first"]


def test_a_prompt_that_ends_while_a_callback_plays_another_returns_after_that() -> None:
    def handler(session: Session) -> list[str]:
        returned: list[str] = []

        @session.channel.onDTMF()
        def play(digit: str) -> None:
            session.channel.playback("nested")
            returned.append("nested")

        session.channel.playback("outer")
        return [*returned, "outer"]

    with call(handler) as peer:
        peer.handshake()
        outer = peer.execute("playback")
        peer.say(peer.digit("1"))
        nested = peer.execute("playback")
        peer.say(peer.completed("playback", outer))  # a terminator cut both, say
        peer.settle()
        peer.say(peer.completed("playback", nested))
    assert peer.returned == ["nested", "outer"]


def test_an_application_that_outlives_its_timeout_continues_and_can_be_awaited_again() -> None:
    def handler(session: Session) -> Event | None:
        execution = session.channel.execute("playback", "x", block=False)
        with pytest.raises(TimeoutError):
            execution.wait(0.01)
        session.send("getvar x")
        return execution.wait(10)

    with call(handler) as peer:
        peer.handshake()
        uuid = peer.execute("playback")
        peer.serve("getvar x")
        peer.say(peer.completed("playback", uuid))
    assert peer.returned["Application-UUID"] == uuid


def test_without_events_applications_return_at_the_reply() -> None:
    def handler(session: Session) -> list[Any]:
        blocked = session.channel.execute("playback", "x")
        execution = session.channel.playback("x", block=False)
        assert not session.channel.leg.under_way  # nobody will ever tell
        return [blocked, execution.done, execution.wait(0)]

    with quiet_call(handler) as peer:
        peer.connect()
        peer.execute("playback")
        peer.execute("playback")
    assert peer.returned == [None, True, Played("", None, None)]


def test_without_completion_events_applications_return_at_the_reply() -> None:
    def handler(session: Session) -> Any:
        session.bgapi("version")  # switches an event on, but not that one
        return session.channel.playback("x")

    with quiet_call(handler) as peer:
        peer.connect()
        peer.serve(f"filter Job-Owner-UUID {peer.uuid}")
        peer.serve("event plain BACKGROUND_JOB")
        peer.serve("bgapi version")
        peer.execute("playback")
    assert peer.raised is None


def test_events_that_the_handler_subscribes_to_itself_are_relied_on() -> None:
    def handler(session: Session) -> Event | None:
        session.send("event plain all")
        return session.channel.execute("playback", "x")

    with quiet_call(handler) as peer:
        peer.connect()
        peer.serve("event plain all")
        peer.run("playback")
    assert isinstance(peer.returned, Event)


def test_on_a_sync_socket_the_reply_comes_when_the_application_is_done() -> None:
    def handler(session: Session) -> Event | None:
        return session.channel.execute("playback", "x")

    with call(handler, name="06a") as peer:
        peer.handshake()
        uuid = str(peer.hear("sendmsg").get("Event-UUID"))
        peer.say(reply("+OK"))
        peer.settle()
        peer.say(peer.completed("playback", uuid))
    assert peer.returned["Application-UUID"] == uuid

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from typing import Any

import pytest
from freezegun import freeze_time

from eslsync import (
    ChannelState,
    CommandError,
    Disconnected,
    Event,
    Hangup,
    HangupCause,
    Outbound,
    Played,
    ProtocolError,
    Session,
    TimeoutError,
)
from tests.support.peer import Peer, call, changed, event, quiet_call, reply, response

# Applications


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


def test_a_completion_that_comes_before_the_reply_is_known() -> None:
    with call(lambda session: session.channel.execute("log", "x")) as peer:
        peer.handshake()
        uuid = str(peer.hear("sendmsg").get("Event-UUID"))
        peer.say(peer.completed("log", uuid), reply("+OK"))
    assert peer.returned["Application-UUID"] == uuid


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
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
def test_what_freeswitch_would_take_apart_is_refused(method: Callable[[Any], Any]) -> None:
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


def test_terminators_are_set_where_they_differ_and_never_waited_for() -> None:
    def handler(session: Session) -> None:
        for terminators in ("12", "12", "", None, None):
            session.channel.playback("x", terminators=terminators)

    with call(handler) as peer:
        peer.handshake()
        peer.execute("set", "playback_terminators=12")
        peer.run("playback")
        peer.run("playback")
        peer.execute("set", "playback_terminators=none")
        peer.run("playback")
        peer.execute("unset", "playback_terminators")
        peer.run("playback")
        peer.run("playback")
    assert peer.raised is None


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


def test_a_prompt_that_ends_while_a_callback_plays_another_returns_after_it() -> None:
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


def test_an_application_that_outlives_its_timeout_goes_on_and_can_be_waited_for() -> None:
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
        assert not session._executions  # nobody will ever tell
        return [blocked, execution.done, execution.wait(0)]

    with quiet_call(handler) as peer:
        peer.connect()
        peer.execute("playback")
        peer.execute("playback")
    assert peer.returned == [None, True, Played("", None, None)]


def test_without_the_event_that_tells_applications_return_at_the_reply() -> None:
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


def test_events_that_a_handler_switches_on_itself_are_relied_on() -> None:
    def handler(session: Session) -> Event | None:
        session.send("event plain all")
        return session.channel.execute("playback", "x")

    with quiet_call(handler) as peer:
        peer.connect()
        peer.serve("event plain all")
        peer.run("playback")
    assert isinstance(peer.returned, Event)


def test_in_a_sync_socket_the_reply_comes_when_the_application_is_done() -> None:
    def handler(session: Session) -> Event | None:
        return session.channel.execute("playback", "x")

    with call(handler, name="06a") as peer:
        peer.handshake()
        uuid = str(peer.hear("sendmsg").get("Event-UUID"))
        peer.say(reply("+OK"))
        peer.settle()
        peer.say(peer.completed("playback", uuid))
    assert peer.returned["Application-UUID"] == uuid


# Digits


def test_a_digit_pressed_before_satisfies_the_next_wait() -> None:
    def handler(session: Session) -> list[str]:
        session.channel.playback("x")
        return [session.channel.wait("DTMF", timeout=0)["DTMF-Digit"] for _ in range(3)]

    with call(handler) as peer:
        peer.handshake()
        uuid = peer.execute("playback")
        peer.say(*map(peer.digit, "12#"), peer.completed("playback", uuid))
    assert peer.returned == ["1", "2", "#"]


def test_a_digit_is_taken_once() -> None:
    def handler(session: Session) -> str:
        session.channel.playback("x")
        digit = session.channel.wait("DTMF", timeout=0)["DTMF-Digit"]
        with pytest.raises(TimeoutError):
            session.channel.wait("DTMF", timeout=0)
        return digit

    with call(handler) as peer:
        peer.handshake()
        uuid = peer.execute("playback")
        peer.say(peer.digit("1"), peer.completed("playback", uuid))
        peer.await_handler()
    assert peer.returned == "1"


def test_a_handler_for_a_digit_comes_before_the_one_for_any_and_the_last_one_counts() -> None:
    def handler(session: Session) -> list[str]:
        told: list[str] = []
        channel = session.channel
        channel.on_dtmf()(lambda digit: told.append(f"any {digit}"))
        channel.on_dtmf("1")(lambda digit: told.append(f"replaced {digit}"))
        channel.onDTMF("1")(lambda digit: told.append(f"one {digit}"))
        channel.on_dtmf("a")(lambda digit: told.append(f"A {digit}"))
        for _ in "12A":
            channel.wait("DTMF")
        return told

    with call(handler) as peer:
        peer.handshake()
        peer.say(*map(peer.digit, "12A"))
    assert peer.returned == ["one 1", "any 2", "A A"]


def test_a_digits_handler_runs_once_on_the_handlers_thread_before_wait_returns() -> None:
    def handler(session: Session) -> list[Any]:
        told: list[Any] = []

        @session.channel.onDTMF("1")
        def option1(digit: str) -> None:
            told.append((digit, threading.current_thread()))
            session.channel.playback("option-1")
            told.append("option-1 has played")

        session.channel.playback("welcome")
        event = session.channel.wait("DTMF")
        told.append(("waited", event["DTMF-Digit"]))
        with pytest.raises(TimeoutError):
            session.channel.wait("DTMF", timeout=0)
        return [threading.current_thread(), *told]

    with call(handler) as peer:
        peer.handshake()
        welcome = peer.execute("playback", "welcome")
        peer.say(peer.digit("1"))
        option = peer.execute("playback", "option-1")
        peer.say(peer.completed("playback", option), peer.completed("playback", welcome))
        peer.await_handler()
    ours, *told = peer.returned
    assert told == [("1", ours), "option-1 has played", ("waited", "1")]


def test_a_digit_pressed_while_a_callback_runs_has_its_handler_run_afterwards() -> None:
    def handler(session: Session) -> list[str]:
        told: list[str] = []

        @session.channel.on_dtmf()
        def pressed(digit: str) -> None:
            told.append(f"{digit} begins")
            session.channel.playback(digit)
            told.append(f"{digit} ends")

        session.channel.wait("DTMF")
        session.channel.wait("DTMF")
        return told

    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.digit("1"))
        first = peer.execute("playback", "1")
        peer.say(peer.digit("2"), peer.completed("playback", first))
        peer.run("playback", "2")
    assert peer.returned == ["1 begins", "1 ends", "2 begins", "2 ends"]


@pytest.mark.parametrize("moment", ["before the wait", "during the wait", "during a prompt"])
def test_a_wait_inside_a_callback_takes_the_digit_and_its_handlers_do_not_run(
    moment: str,
) -> None:
    def handler(session: Session) -> list[str]:
        told: list[str] = []

        @session.channel.on_dtmf("1")
        def menu(digit: str) -> None:
            if moment == "during a prompt":
                session.channel.playback("menu")
            else:
                session.send("getvar x")
            told.append("menu " + session.channel.wait("DTMF")["DTMF-Digit"])

        session.channel.on_dtmf()(lambda digit: told.append(f"any {digit}"))
        told.append("taken " + session.channel.wait("DTMF")["DTMF-Digit"])
        session.channel.wait("CHANNEL_ANSWER")
        with pytest.raises(TimeoutError):
            session.channel.wait("DTMF", timeout=0)
        return told

    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.digit("1"))
        if moment == "before the wait":
            peer.hear("getvar x")
            peer.say(peer.digit("2"), reply("x"))
        elif moment == "during the wait":
            peer.serve("getvar x")
            peer.settle()
            peer.say(peer.digit("2"))
        else:
            menu = peer.execute("playback", "menu")
            peer.say(peer.digit("2"), peer.completed("playback", menu))
        peer.say(peer.event("CHANNEL_ANSWER"))
        peer.await_handler()
    assert peer.returned == ["menu 2", "taken 1"]


def test_what_a_digits_handler_raises_the_blocking_call_raises() -> None:
    def handler(session: Session) -> str:
        @session.channel.on_dtmf()
        def broken(digit: str) -> None:
            raise LookupError(digit)

        with pytest.raises(LookupError, match="1"):
            session.channel.playback("x")
        return session.channel.wait("CHANNEL_ANSWER").name

    with call(handler) as peer:
        peer.handshake()
        peer.execute("playback")
        peer.say(peer.digit("1"), peer.event("CHANNEL_ANSWER"))
    assert peer.returned == "CHANNEL_ANSWER"


@pytest.mark.parametrize("application", ["play_and_get_digits", "read"])
def test_digits_belong_to_an_application_that_collects_them(application: str) -> None:
    def handler(session: Session) -> list[str]:
        told: list[str] = []
        session.channel.on_dtmf()(told.append)
        session.channel.execute(application, "1 4 1 5000 # prompt name")
        session.channel.wait("CHANNEL_ANSWER")
        told.append(session.channel.wait("DTMF")["DTMF-Digit"])
        return told

    with call(handler) as peer:
        peer.handshake()
        uuid = peer.execute(application)
        peer.say(peer.digit("1"), peer.completed(application, uuid))
        peer.say(peer.event("CHANNEL_ANSWER"), peer.digit("2"))
    assert peer.returned == ["2", "2"]


def test_flush_digits_forgets_what_was_pressed() -> None:
    def handler(session: Session) -> str:
        session.channel.playback("x")  # the first digit has had its turn
        session.send("getvar x")  # the second has only arrived
        session.channel.flush_digits()
        session.send("getvar y")
        return session.channel.wait("DTMF")["DTMF-Digit"]

    with call(handler) as peer:
        peer.handshake()
        uuid = peer.execute("playback")
        peer.say(peer.digit("1"), peer.completed("playback", uuid))
        peer.hear("getvar x")
        peer.say(peer.digit("2"), reply("x"))
        peer.serve("getvar y")
        peer.say(peer.digit("3"))
    assert peer.returned == "3"


def test_a_digit_of_another_leg_is_none_of_the_channels() -> None:
    def handler(session: Session) -> list[str]:
        told: list[str] = []
        session.channel.on_dtmf()(told.append)
        told.append(session.channel.wait("DTMF")["DTMF-Digit"])
        told.append(session.wait("DTMF")["DTMF-Digit"])
        return told

    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.event("DTMF", {"DTMF-Digit": "8", "Unique-ID": "b-leg"}), peer.digit("1"))
    assert peer.returned == ["1", "1", "8"]


# Events of the leg


def test_on_is_for_the_events_of_this_leg_alone() -> None:
    def handler(session: Session) -> list[str | None]:
        told: list[str | None] = []

        @session.channel.on("CHANNEL_ANSWER")
        def answered(event: Event) -> None:
            told.append(event.uuid)

        session.channel.wait("CHANNEL_ANSWER")
        return told

    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.event("CHANNEL_ANSWER", {"Unique-ID": "b-leg"}))
        peer.say(peer.event("CHANNEL_ANSWER"))
    assert peer.returned == [peer.uuid]


def test_the_state_is_what_the_last_event_of_this_leg_told() -> None:
    def handler(session: Session) -> list[ChannelState]:
        states = [session.channel.state]
        session.wait("CHANNEL_ANSWER")
        states.append(session.channel.state)
        session.wait("CHANNEL_PARK")
        states.append(session.channel.state)
        return states

    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.event("CHANNEL_ANSWER", {"Channel-State": "CS_EXCHANGE_MEDIA"}))
        peer.say(peer.event("CHANNEL_STATE", {"Unique-ID": "b", "Channel-State": "CS_DESTROY"}))
        peer.say(event({"Event-Name": "CHANNEL_PARK", "Unique-ID": peer.uuid}))  # tells none
    assert peer.returned == [
        ChannelState.EXECUTE,
        ChannelState.EXCHANGE_MEDIA,
        ChannelState.EXCHANGE_MEDIA,
    ]


# Hanging up


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
def test_hangup_returns_also_where_no_event_tells(lingers: bool) -> None:
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


def test_hangup_in_a_callback_ends_the_handlers_own_wait() -> None:
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
def test_a_hangup_that_is_refused_is_told_and_the_call_goes_on(events: bool) -> None:
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


def test_a_hangup_that_is_refused_in_a_callback_does_not_end_the_handlers_own_wait() -> None:
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


@pytest.mark.parametrize(
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
def test_the_first_word_of_a_hangup_counts_though_all_come_in_one_read_and_the_connection_ends(
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


def test_a_hangup_that_is_refused_after_its_time_disturbs_nobody() -> None:
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
def test_hangup_of_a_leg_that_has_gone_meanwhile_returns(order: str) -> None:
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


def test_hangup_raises_where_only_the_connection_ends() -> None:
    with call(lambda session: session.channel.hangup()) as peer:
        peer.handshake()
        peer.execute("hangup")
    assert type(peer.raised) is Disconnected


# Time


def test_frozen_time_does_not_stop_the_librarys_own_timeouts() -> None:
    def handler(session: Session) -> None:
        seen.append(datetime.datetime.now())
        for wait in (
            lambda: session.channel.wait("DTMF", timeout=0.05),
            lambda: session.channel.playback("x", timeout=0.05),
            lambda: session.send("getvar x", timeout=0.05),
        ):
            with pytest.raises(TimeoutError):
                wait()
        seen.append(datetime.datetime.now())

    seen: list[datetime.datetime] = []
    with (
        freeze_time("2026-01-05T17:59:50"),
        Outbound(handler, port=0) as app,  # on the real clock
    ):
        peer = Peer(app)
        peer.handshake()
        peer.execute("playback")
        peer.hear("getvar x")
        peer.execute("set")  # the handler has ended
        peer.sock.close()
    assert seen == [datetime.datetime(2026, 1, 5, 17, 59, 50)] * 2

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

import pytest

from eslsync import (
    ChannelState,
    CommandError,
    Disconnected,
    ESLError,
    Event,
    Hangup,
    HangupCause,
    ProtocolError,
    Session,
    TimeoutError,
)
from eslsync.call import connection, conversation
from eslsync.call.conversation import Stopped
from eslsync.protocol import ConnectReply
from tests.support.peer import PATIENCE, Peer, call, event, quiet_call, reply, response
from tests.support.servers import Beside

# What is automatic


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
def test_events_and_linger_say_what_is_sent_before_the_handler_begins(
    name: str, events: bool | list[str], linger: bool | int, commands: list[str]
) -> None:
    with call(
        lambda session: session.send("getvar begun"), name=name, events=events, linger=linger
    ) as peer:
        peer.connect()
        for command in commands:
            peer.serve(command.format(uuid=peer.uuid))
        peer.serve("getvar begun")


@pytest.mark.parametrize("name", ["08c", "06f"], ids=["async", "sync"])
@pytest.mark.parametrize(
    ("events", "commands"), [(True, ["myevents"]), (["DTMF"], ["myevents"]), (False, [])]
)
def test_without_full_myevents_serves_and_nothing_lingers(
    name: str, events: bool | list[str], commands: list[str]
) -> None:
    with call(lambda session: session.send("getvar begun"), name=name, events=events) as peer:
        peer.connect()
        for command in commands:
            peer.serve(command)
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


# Commands and replies


def test_send_returns_the_reply() -> None:
    with quiet_call(lambda session: session.send("filter Unique-ID b-leg").text) as peer:
        peer.connect()
        peer.serve("filter Unique-ID b-leg", "+OK filter added. [Unique-ID]=[b-leg]")
    assert peer.returned == "+OK filter added. [Unique-ID]=[b-leg]"


def test_filter_is_a_command() -> None:
    with quiet_call(lambda session: session.filter("Unique-ID", "b-leg")) as peer:
        peer.connect()
        peer.serve("filter Unique-ID b-leg")
    assert peer.raised is None


def test_sendmsg_sends_its_headers_in_order_to_its_own_channel_or_the_one_named() -> None:
    def handler(session: Session) -> None:
        session.sendmsg("hangup", {"hangup-cause": "USER_BUSY", "X": "ä: 100%"})
        session.sendmsg("nomedia", uuid="b-leg")

    with quiet_call(handler) as peer:
        peer.connect()
        assert peer.serve("sendmsg").headers == [
            ("call-command", "hangup"),
            ("hangup-cause", "USER_BUSY"),
            ("X", "ä: 100%"),
        ]
        assert peer.serve("sendmsg b-leg").headers == [("call-command", "nomedia")]
    assert peer.raised is None


@pytest.mark.parametrize("printed", ["UP 0 years", "UP 0 years\n", "+OK\n", "_undef_", ""])
def test_api_returns_what_was_printed_without_the_last_line_break(printed: str) -> None:
    with quiet_call(lambda session: session.api("status")) as peer:
        peer.connect()
        peer.hear("api status")
        peer.say(response(printed))
    assert peer.returned == printed.rstrip("\n")


@pytest.mark.parametrize(
    ("command", "line", "answer"),
    [
        (lambda session: session.send("event plain"), "event plain", reply("-ERR no keywords")),
        (lambda session: session.api("expand"), "api expand", response("-ERR No input\n")),
        (lambda session: session.api("log"), "api log", response("-USAGE: <level>\n")),
        (lambda session: session.api("status"), "api status", reply("-ERR command not found")),
    ],
)
def test_a_refusal_is_raised_with_the_command_and_the_reply(
    command: Callable[[Session], Any], line: str, answer: bytes
) -> None:
    with quiet_call(command) as peer:
        peer.connect()
        peer.hear(line)
        peer.say(answer)
    assert isinstance(peer.raised, CommandError)
    assert peer.raised.command == line
    assert peer.raised.text.startswith("-")
    assert peer.raised.text in (peer.raised.reply.get("Reply-Text"), peer.raised.reply.body.strip())


SMUGGLED = ["a\nb", "a\r\nb", "a\rb", "a\0b", "\n\nexit"]
COMMANDS: dict[str, Callable[[Session, str], Any]] = {
    "send": lambda session, text: session.send(text),
    "sendmsg: the command": lambda session, text: session.sendmsg(text),
    "sendmsg: a name": lambda session, text: session.sendmsg("execute", {text: "x"}),
    "sendmsg: a value": lambda session, text: session.sendmsg("execute", {"X": text}),
    "sendmsg: the uuid": lambda session, text: session.sendmsg("execute", uuid=text),
    "api": lambda session, text: session.api(text),
    "bgapi": lambda session, text: session.bgapi(text),
    "filter: the header": lambda session, text: session.filter(text, "x"),
    "filter: the value": lambda session, text: session.filter("x", text),
    "execute: the application": lambda session, text: session.channel.execute(text),
    "execute: the argument": lambda session, text: session.channel.execute("log", text),
    "execute, from a list": lambda session, text: session.channel.execute("log", text, block=False),
    "playback": lambda session, text: session.channel.playback(text),
    "playback: terminators": lambda session, text: session.channel.playback("x", terminators=text),
    "say": lambda session, text: session.channel.say(text),
    "say: the kind": lambda session, text: session.channel.say("1", text),
    "say: the method": lambda session, text: session.channel.say("1", "number", text),
    "say: the module": lambda session, text: session.channel.say("1", module=text),
    "say: the gender": lambda session, text: session.channel.say("1", gender=text),
    "set: the name": lambda session, text: session.channel.set(text, "x"),
    "set: the value": lambda session, text: session.channel.set("x", text),
    "hangup": lambda session, text: session.channel.hangup(text),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_line_break_or_nul_is_refused_before_anything_is_sent(name: str) -> None:
    def handler(session: Session) -> None:
        for text in SMUGGLED:
            with pytest.raises(ValueError, match=r"line breaks|not a variable|digits are"):
                COMMANDS[name](session, text)
        session.send("getvar after")

    with call(handler, linger=False) as peer:
        peer.connect()
        peer.serve(f"filter Unique-ID {peer.uuid}")
        peer.serve("event plain all")
        peer.serve("getvar after")
    assert peer.raised is None


@pytest.mark.parametrize("timeout", ["1", True, float("nan")])
def test_a_timeout_that_is_none_is_refused_before_anything_is_sent(timeout: Any) -> None:
    def handler(session: Session) -> None:
        with pytest.raises((TypeError, ValueError)):
            session.send("getvar x", timeout=timeout)
        session.send("getvar after")

    with quiet_call(handler) as peer:
        peer.connect()
        peer.serve("getvar after")
    assert peer.raised is None


# Jobs


def job_done(uuid: str, printed: str) -> bytes:
    return event({"Event-Name": "BACKGROUND_JOB", "Job-UUID": uuid}, printed)


def test_bgapi_waits_for_its_own_job_whichever_ends_first() -> None:
    def handler(session: Session) -> list[str]:
        first, second = session.bgapi("msleep 300"), session.bgapi("version")
        told = [second.wait(), str(second.done), str(first.done)]
        session.send("getvar x")
        return [*told, first.wait()]

    with call(handler) as peer:
        peer.handshake()
        # Our filter would hide the event.
        peer.serve(f"filter Job-Owner-UUID {peer.uuid}")
        peer.serve("event plain BACKGROUND_JOB")
        jobs = [peer.serve("bgapi msleep 300"), peer.serve("bgapi version")]
        first, second = (job.get("Job-UUID") for job in jobs)
        assert first != second
        peer.say(job_done("of somebody else", "x"))
        peer.say(job_done(str(second), "FreeSWITCH 1.10\n"))
        peer.serve("getvar x")
        peer.say(job_done(str(first), "+OK\n"))
    assert peer.returned == ["FreeSWITCH 1.10", "True", "False", "+OK"]


def test_a_job_that_ends_before_its_reply_is_known() -> None:
    with call(lambda session: session.bgapi("version").wait()) as peer:
        peer.handshake()
        peer.serve(f"filter Job-Owner-UUID {peer.uuid}")
        peer.serve("event plain BACKGROUND_JOB")
        uuid = peer.hear("bgapi version").get("Job-UUID")
        peer.say(job_done(str(uuid), "1.10"), reply("+OK Job-UUID: " + str(uuid)))
    assert peer.returned == "1.10"


def test_a_job_that_fails_raises_what_it_printed() -> None:
    with call(lambda session: session.bgapi("bogus").wait()) as peer:
        peer.handshake()
        peer.serve(f"filter Job-Owner-UUID {peer.uuid}")
        peer.serve("event plain BACKGROUND_JOB")
        uuid = peer.serve("bgapi bogus").get("Job-UUID")
        peer.say(job_done(str(uuid), "-ERR bogus Command not found!\n"))
    assert isinstance(peer.raised, CommandError)
    assert peer.raised.text == "-ERR bogus Command not found!"


@pytest.mark.parametrize(
    ("before", "filters"),
    [
        ([], True),  # with none at all, every job of the switch would come
        (["filter Unique-ID x", "event plain all"], True),
        (["event plain all"], False),  # a first filter would hide all that is not our job's
        (["myevents"], False),  # and so it would here (05i)
    ],
)
def test_bgapi_filters_for_its_jobs_only_where_that_hides_nothing(
    before: list[str], filters: bool
) -> None:
    def handler(session: Session) -> None:
        for command in before:
            session.send(command)
        session.bgapi("version")
        session.bgapi("status")

    with quiet_call(handler) as peer:
        peer.connect()
        for command in before:
            peer.serve(command)
        if filters:
            peer.serve(f"filter Job-Owner-UUID {peer.uuid}")
        peer.serve("event plain BACKGROUND_JOB")
        peer.serve("bgapi version")
        peer.serve("bgapi status")
    assert peer.raised is None


def test_a_job_that_was_refused_is_forgotten() -> None:
    def handler(session: Session) -> int:
        with pytest.raises(CommandError):
            session.bgapi("version")
        return len(session._jobs)

    with quiet_call(handler) as peer:
        peer.connect()
        peer.serve(f"filter Job-Owner-UUID {peer.uuid}")
        peer.serve("event plain BACKGROUND_JOB")
        peer.serve("bgapi version", "-ERR command not found")
    assert peer.returned == 0


# Waiting for events


def test_wait_returns_the_event() -> None:
    with call(lambda session: session.channel.wait("CHANNEL_ANSWER")) as peer:
        peer.handshake()
        peer.say(peer.event("PLAYBACK_START"), peer.event("CHANNEL_ANSWER"))
    assert peer.returned.name == "CHANNEL_ANSWER"


def test_wait_tells_the_subclasses_of_custom_events_apart() -> None:
    with call(lambda session: session.wait("CUSTOM my::b")) as peer:
        peer.handshake()
        for subclass in ("my::a", "my::b"):
            peer.say(event({"Event-Name": "CUSTOM", "Event-Subclass": subclass}))
    assert peer.returned["Event-Subclass"] == "my::b"


def test_a_channel_waits_for_its_own_events_and_a_session_for_any() -> None:
    def handler(session: Session) -> list[str | None]:
        session.send("getvar all_said")
        return [
            session.wait("CHANNEL_ANSWER").uuid,
            session.channel.wait("CHANNEL_ANSWER").uuid,
        ]

    with call(handler) as peer:
        peer.handshake()
        peer.hear("getvar all_said")
        for uuid in ("b-leg", "b-leg", peer.uuid):
            peer.say(peer.event("CHANNEL_ANSWER", {"Unique-ID": uuid}))
        peer.say(reply("x"))
    assert peer.returned == ["b-leg", peer.uuid]


def test_an_event_counts_once_it_has_arrived_since_the_last_blocking_call_returned() -> None:
    def handler(session: Session) -> list[str]:
        session.channel.execute("log", "x")
        session.send("getvar all_said")
        answered = session.wait("CHANNEL_ANSWER", timeout=0)
        with pytest.raises(TimeoutError):
            session.wait("CHANNEL_ANSWER", timeout=0)
        with pytest.raises(TimeoutError):
            session.wait("CHANNEL_PARK", timeout=0)  # before the first call returned
        return [answered.name]

    with call(handler) as peer:
        peer.handshake()
        uuid = peer.execute("log")
        peer.say(event({"Event-Name": "CHANNEL_PARK"}), peer.completed("log", uuid))
        peer.hear("getvar all_said")
        peer.say(peer.event("CHANNEL_ANSWER"), reply("x"))
        peer.await_handler()
    assert peer.returned == ["CHANNEL_ANSWER"]


def test_a_state_that_is_reached_returns_at_once_with_the_event_that_told() -> None:
    def handler(session: Session) -> tuple[Event, Event]:
        first = session.channel.wait(ChannelState.EXECUTE, timeout=0)
        return first, session.channel.wait(ChannelState.HIBERNATE)

    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.event("CHANNEL_STATE", {"Channel-State": "CS_HIBERNATE", "Unique-ID": "b"}))
        peer.say(peer.event("CHANNEL_STATE", {"Channel-State": "CS_SOMETHING_NEW"}))
        peer.say(peer.event("CHANNEL_STATE", {"Channel-State": "CS_HIBERNATE"}))
    first, second = peer.returned
    assert dict(first) == dict(peer.context)
    assert (second["Channel-State"], second.uuid) == ("CS_HIBERNATE", peer.uuid)


@pytest.mark.parametrize("state", [ChannelState.HANGUP, ChannelState.REPORTING])
def test_waiting_for_the_end_as_a_state_returns_it(state: ChannelState) -> None:
    with call(lambda session: session.channel.wait(state)) as peer:
        peer.handshake()
        peer.say(*peer.tail())
    assert isinstance(peer.returned, Event)
    assert peer.returned["Channel-State"] in ("CS_HANGUP", "CS_REPORTING")


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("CHANNEL_HANGUP", ["CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE"]),
        ("CHANNEL_HANGUP_COMPLETE", ["CHANNEL_HANGUP_COMPLETE"] * 2),
    ],
)
def test_waiting_for_the_end_as_an_event_returns_it_also_afterwards(
    name: str, given: list[str]
) -> None:
    def handler(session: Session) -> list[str]:
        first = session.channel.wait(name)
        with pytest.raises(Hangup):
            session.channel.wait("CHANNEL_ANSWER")
        return [first.name, session.channel.wait(name).name]

    with call(handler) as peer:
        peer.handshake()
        peer.say(*peer.tail())
    assert peer.returned == given


def test_events_gives_all_of_them_in_order_until_the_end() -> None:
    with call(lambda session: [each.name for each in session.events()]) as peer:
        peer.handshake()
        peer.say(peer.event("CHANNEL_ANSWER"), peer.digit("1"), *peer.tail())
    assert peer.returned[:3] == ["CHANNEL_ANSWER", "DTMF", "CHANNEL_HANGUP"]
    assert peer.returned[-1] == "CHANNEL_HANGUP_COMPLETE"


def test_what_would_never_come_is_not_waited_for() -> None:
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


# Callbacks


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
def test_what_a_callback_raises_the_blocking_call_raises_and_the_call_goes_on(
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


def test_events_that_arrive_while_a_callback_runs_wait_their_turn() -> None:
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


# Other threads


def in_another_thread(work: Callable[[], Any]) -> Any:
    done: list[Any] = []

    def run() -> None:
        try:
            done.append(work())
        except Exception as error:  # noqa: BLE001 - the caller looks at it
            done.append(error)

    thread = threading.Thread(target=run, name="another")
    thread.start()
    thread.join(PATIENCE)
    return done[0]


def test_in_another_thread_commands_work() -> None:
    def handler(session: Session) -> list[Any]:
        def work() -> list[Any]:
            execution = session.channel.playback("x", terminators="1", block=False)
            return [
                session.send("getvar x").text,
                session.api("status"),
                session.sendmsg("execute").text,
                execution.application,
            ]

        return in_another_thread(work)  # type: ignore[no-any-return]

    with call(handler) as peer:
        peer.handshake()
        peer.execute("set", "playback_terminators=1")
        peer.execute("playback")
        peer.serve("getvar x", "1")
        peer.say(peer.event("CHANNEL_ANSWER"))
        peer.hear("api status")
        peer.say(response("UP"))
        peer.serve("sendmsg")
    assert peer.returned == ["1", "UP", "+OK", "playback"]


@pytest.mark.parametrize(
    "wait",
    [
        lambda session: session.wait("DTMF"),
        lambda session: session.channel.wait(ChannelState.EXECUTE),
        lambda session: session.channel.execute("answer"),
        lambda session: session.channel.hangup(),
        lambda session: session.channel.flush_digits(),
        lambda session: next(session.events()),
        lambda session: session.exit(),
    ],
)
@pytest.mark.parametrize("ended", [False, True])
def test_in_another_thread_a_wait_for_events_is_refused(
    ended: bool, wait: Callable[[Session], Any]
) -> None:
    def handler(session: Session) -> Any:
        session.send("getvar begun")
        return in_another_thread(lambda: wait(session))

    with call(handler) as peer:
        peer.handshake()
        peer.hear("getvar begun")
        peer.say(*(peer.tail() if ended else ()), reply("1"))
        peer.await_handler()
    assert isinstance(peer.returned, RuntimeError)
    assert "the handler's thread" in str(peer.returned)


def test_replies_reach_who_sent_the_command_in_every_order_of_waiting() -> None:
    def handler(session: Session) -> list[str]:
        theirs: list[str] = []
        thread = threading.Thread(target=lambda: theirs.append(session.send("getvar theirs").text))
        thread.start()
        session.send("getvar sent_by_now")
        ours = session.send("getvar ours").text
        thread.join(PATIENCE)
        return [ours, *theirs]

    with quiet_call(handler) as peer:
        peer.connect()
        for _ in range(3):  # theirs may be before, between or after ours
            command = peer.hear()
            peer.say(reply(command.line.removeprefix("getvar ")))
    assert peer.returned == ["ours", "theirs"]


def test_a_late_reply_goes_nowhere_and_the_next_one_reaches_its_sender() -> None:
    def handler(session: Session) -> list[Any]:
        with pytest.raises(TimeoutError, match="getvar slow"):
            session.send("getvar slow", timeout=0.01)
        theirs = in_another_thread(lambda: session.send("getvar theirs", timeout=0.01))
        return [
            theirs,
            session.send("getvar next").text,
            in_another_thread(lambda: session.send("getvar last").text),
        ]

    with quiet_call(handler) as peer:
        peer.connect()
        for name in ("slow", "theirs", "next"):
            peer.hear(f"getvar {name}")
        peer.say(reply("slow"), reply("theirs"), reply("next"))
        peer.serve("getvar last", "last")
    theirs, *others = peer.returned
    assert isinstance(theirs, TimeoutError)
    assert others == ["next", "last"]


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


def test_a_large_reply_to_another_thread_is_not_held_back_by_the_handler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "HIGH_WATER", 1000)
    printed = "x" * 300_000

    # The handler takes nothing while it waits for its thread.
    with quiet_call(lambda session: in_another_thread(lambda: session.api("show"))) as peer:
        peer.connect()
        peer.hear("api show")
        peer.say(response(printed))
    assert peer.returned == printed


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
    session.channel.wait("DTMF", timeout=timeout)  # the reply nobody asked for is in time


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


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("wait", WAITS, ids=lambda wait: wait.__name__)
def test_every_wait_ends_with_the_reason(
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
def test_a_command_while_the_switch_lingers_ends_too(failure: str) -> None:
    def handler(session: Session) -> None:
        with pytest.raises(Hangup):
            session.channel.wait("DTMF")
        session.api("status", timeout=0.01 if failure == "timeout" else None)
        session.api("again")  # the reply nobody asked for is in time

    with call(handler) as peer:
        peer.handshake()
        peer.say(*peer.tail())
        peer.hear("api status")
        FAILURES[failure](peer)
    # The call is over, whatever becomes of its connection.
    assert type(peer.raised) is (TimeoutError if failure == "timeout" else Hangup)


def test_a_command_while_the_switch_lingers_ends_when_that_should_have_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Though the switch neither answers nor closes."""
    monkeypatch.setattr(conversation, "LINGER_GRACE", 0.01)

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


def test_a_refusal_ends_one_command_and_not_the_call() -> None:
    def handler(session: Session) -> str:
        with pytest.raises(CommandError, match="invalid session id"):
            session.channel.playback("x")
        assert not session._executions
        return session.send("getvar x").text

    with call(handler) as peer:
        peer.handshake()
        peer.serve("sendmsg", "-ERR invalid session id")
        peer.serve("getvar x", "1")
    assert peer.returned == "1"


def test_every_wait_after_the_end_raises_again_and_api_still_works() -> None:
    def handler(session: Session) -> str:
        for _ in range(2):
            for wait in (wait_for_an_event, wait_for_an_application, wait_for_a_state):
                with pytest.raises(Hangup):
                    wait(session, None)
        session.channel.hangup()  # it is over, as was wanted
        return session.api("status")

    with call(handler) as peer:
        peer.handshake()
        peer.say(*peer.tail())
        peer.hear("api status")
        peer.say(response("UP"))
    assert peer.returned == "UP"


def test_a_hangup_that_has_arrived_is_told_also_by_a_command_that_can_no_longer_be_sent() -> None:
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


def test_a_reply_of_the_wrong_kind_is_no_event_socket() -> None:
    with quiet_call(lambda session: session.sendmsg("execute")) as peer:
        peer.connect()
        peer.hear("sendmsg")
        peer.say(response("+OK"))
    assert type(peer.raised) is ProtocolError


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


def test_a_hangup_that_is_never_complete_is_raised_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conversation, "HANGUP_COMPLETE_TIMEOUT", 0.01)

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
        peer.settle()  # a wait that is no busy loop
        peer.say(response("UP"))
    assert peer.returned == "UP"


@pytest.mark.parametrize(
    ("name", "events"), [("03a", False), ("06a", True)], ids=["no events", "a sync socket"]
)
def test_a_hangup_without_any_event_has_its_cause_asked(
    name: str, events: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where CHANNEL_HANGUP_COMPLETE never comes, it is not waited for.
    monkeypatch.setattr(conversation, "HANGUP_COMPLETE_TIMEOUT", 10 * PATIENCE)

    with call(
        lambda session: session.channel.wait(ChannelState.HIBERNATE), name=name, events=events
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


def test_the_cause_is_not_asked_where_an_event_that_tells_it_has_arrived() -> None:
    """On a sync socket the notice may be first, and ends the call: it is all that is sure."""

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


def test_a_cause_that_nobody_tells_is_none() -> None:
    def handler(session: Session) -> None:
        session.channel.wait(ChannelState.HANGUP)

    with quiet_call(handler) as peer:
        peer.connect()
        peer.say(peer.notice(lingers=False))
        peer.end()
    assert isinstance(peer.raised, Hangup)
    assert peer.raised.cause is None


def test_an_exit_of_our_own_is_no_hangup() -> None:
    def handler(session: Session) -> None:
        session.send("exit")
        session.wait("DTMF")

    with call(handler) as peer:
        peer.handshake()
        peer.serve("exit", "+OK bye")
        peer.say(peer.notice(lingers=False))
        peer.end()
    assert type(peer.raised) is Disconnected


# Deadlines


def test_what_came_before_the_deadline_counts_however_late_it_is_looked_at() -> None:
    def handler(session: Session) -> str:
        @session.on("PLAYBACK_START")
        def slow(event: Event) -> None:
            peer.arrived()
            peer.clock.ahead += 10

        session.send("getvar x")
        return session.wait("CHANNEL_ANSWER", timeout=5).name

    with call(handler) as peer:
        peer.handshake()
        peer.hear("getvar x")
        peer.say(reply("1"), peer.event("PLAYBACK_START"), peer.event("CHANNEL_ANSWER"))
    assert peer.returned == "CHANNEL_ANSWER"


def test_what_comes_after_the_deadline_is_for_the_next_wait() -> None:
    def handler(session: Session) -> str:
        @session.on("PLAYBACK_START")
        def slow(event: Event) -> None:
            peer.clock.ahead += 10
            late.set()
            assert said.wait(PATIENCE)
            peer.arrived()

        with pytest.raises(TimeoutError):
            session.wait("CHANNEL_ANSWER", timeout=5)
        return session.wait("CHANNEL_ANSWER", timeout=5).name

    late, said = threading.Event(), threading.Event()
    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.event("PLAYBACK_START"))
        assert late.wait(PATIENCE)
        peer.say(peer.event("CHANNEL_ANSWER"))
        said.set()
    assert peer.returned == "CHANNEL_ANSWER"


def test_a_flood_of_events_does_not_keep_a_command_from_its_deadline() -> None:
    def handler(session: Session) -> str:
        with pytest.raises(TimeoutError):
            session.send("getvar x", timeout=5)
        return session.wait("PLAYBACK_START").name

    with call(handler) as peer:
        peer.handshake()
        peer.hear("getvar x")
        peer.settle()
        peer.clock.ahead += 10
        # However many came, each would be looked at before the deadline.
        peer.say(peer.event("PLAYBACK_START"))
        peer.await_handler()
    assert peer.returned == "PLAYBACK_START"


# Bounds


def test_a_handler_that_takes_nothing_holds_the_switch_back_and_loses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "HIGH_WATER", 100_000)
    monkeypatch.setattr(connection, "LOW_WATER", 10_000)
    monkeypatch.setattr(conversation, "MAX_BACKLOG", 10)

    def handler(session: Session) -> int:
        full.wait(PATIENCE)
        return sum(1 for each in session.events() if each.name == "PLAYBACK_START")

    full = threading.Event()
    with call(handler) as peer:
        peer.handshake()
        packet = peer.event("PLAYBACK_START")
        peer.sock.settimeout(0.1)
        sent = 0
        unsent = b""
        while not unsent:
            at = 0
            try:
                while at < len(packet):
                    at += peer.sock.send(packet[at:])
            except OSError:  # nobody reads
                unsent = packet[at:]
            sent += 1
            assert sent < 5_000  # of 5 KB each
        peer.sock.settimeout(PATIENCE)
        full.set()
        peer.say(unsent, *peer.tail())
    assert peer.returned == sent


def test_what_waits_for_a_slow_callback_is_bounded_and_what_is_dropped_is_counted_and_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(conversation, "MAX_BACKLOG", 10)

    def handler(session: Session) -> tuple[int, list[str]]:
        told: list[str] = []
        session.on("CHANNEL_ANSWER", lambda event: session.send("getvar x"))
        session.on("PLAYBACK_STOP", lambda event: told.append(event.name))
        session.channel.on_dtmf()(told.append)
        session.channel.wait("CHANNEL_ANSWER")
        session.channel.wait("CHANNEL_PARK")
        return session.dropped, told

    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.event("CHANNEL_ANSWER"))
        peer.hear("getvar x")
        # Digits, and what somebody listens to, are the last to go.
        peer.say(peer.digit("1"), peer.event("PLAYBACK_STOP"))
        peer.say(*[peer.event("PLAYBACK_START")] * 15, reply("1"))
        peer.settle()
        peer.say(event({"Event-Name": "CHANNEL_PARK", "Unique-ID": peer.uuid}))
    assert peer.returned == (7, ["1", "PLAYBACK_STOP"])
    [record] = [each for each in caplog.records if "dropping the oldest" in each.message]
    assert record.levelno == logging.WARNING


def test_a_completion_whose_event_was_dropped_is_known_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conversation, "MAX_BACKLOG", 3)

    def handler(session: Session) -> int:
        session.on("PLAYBACK_START", lambda event: None)
        execution = session.channel.execute("log", "x", block=False)
        session.send("getvar x")
        execution.wait()
        return session.dropped

    with call(handler) as peer:
        peer.handshake()
        uuid = peer.execute("log")
        peer.hear("getvar x")
        starts = [peer.event("PLAYBACK_START")] * 3
        peer.say(*starts, peer.completed("log", uuid), reply("1"))
    assert peer.returned == 1


def test_digits_that_nobody_asks_for_are_bounded_and_what_is_dropped_is_counted() -> None:
    def handler(session: Session) -> tuple[int, str]:
        session.channel.wait("CHANNEL_ANSWER")
        return session.dropped, session.channel.wait("DTMF")["DTMF-Digit"]

    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.digit("1"), *[peer.digit("2")] * conversation.MAX_DIGITS)
        peer.say(peer.event("CHANNEL_ANSWER"))
    assert peer.returned == (1, "2")


# Logs


def test_what_is_logged_of_a_call_carries_its_uuid(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "eslsync")

    def handler(session: Session) -> None:
        session.logger.info("mine")
        session.send("log info")
        session.wait("DTMF", timeout=0)

    with quiet_call(handler) as peer:
        peer.connect()
        peer.hear("log info")
        head = "Content-Type: log/data\nContent-Length: 9\nLog-Level: 6\n\n"
        peer.say(head.encode() + b"a line 1\n", reply("+OK log level"))
    uuids = {record.message: getattr(record, "uuid", None) for record in caplog.records}
    assert uuids["mine"] == uuids["a line 1"] == peer.uuid
    assert {"call from 1001", "the handler failed"} <= uuids.keys()
    of_the_server = ("listening", "stopping")
    assert all(
        uuid == peer.uuid for text, uuid in uuids.items() if not text.startswith(of_the_server)
    )


def test_a_variable_that_another_thread_sets_meanwhile_is_not_put_back() -> None:
    """What a method has set is read, sent, and written: another thread may come between."""

    def handler(session: Session) -> None:
        channel = session.channel
        channel._setting(None, one="ours", two="ours")
        go = threading.Event()

        def other() -> None:
            go.wait(PATIENCE)
            channel.execute("set", "one=theirs", block=False)

        beside = Beside(other)
        session.on("CUSTOM", lambda event: None)
        send = channel._put

        def put(variables: Any, timeout: Any) -> None:
            send(variables, timeout)
            go.set()
            beside.join()

        channel._put = put  # type: ignore[method-assign]
        channel._setting(None, two="again")
        del channel._put
        kept.update(channel._settings)

    kept: dict[str, Any] = {}
    with call(handler) as peer:
        peer.handshake()
        for _ in range(3):
            command = peer.serve("sendmsg")
            assert command.get("execute-app-name") in ("set", "multiset")
        peer.await_handler()
        peer.end()
        peer.hear_end()
    assert "one" not in kept

"""Which events the switch was asked for, and what to do about those that never come."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from eslsync import Channel, ChannelState, CommandError, Outbound, Session, TimeoutError
from eslsync.call.subscription import Subscription
from simulator import Call, FreeSwitch
from tests.support.asking import ask, session_of
from tests.support.cases import for_each
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


# --- what was never subscribed to

#: Everything that waits for PLAYBACK_STOP, or would call back at it.
WAITS: dict[str, Callable[[Session], object]] = {
    "session.wait": lambda session: session.wait("PLAYBACK_STOP", timeout=60),
    "channel.wait": lambda session: session.channel.wait("PLAYBACK_STOP", timeout=60),
    "one of several": lambda session: session.wait(
        ["PLAYBACK_STOP", ChannelState.HANGUP], timeout=60
    ),
    "session.on": lambda session: session.on("PLAYBACK_STOP", print),
    "as a decorator": lambda session: session.on("PLAYBACK_STOP")(print),
    "channel.on": lambda session: session.channel.on("PLAYBACK_STOP", print),
    "events": lambda session: session.events("PLAYBACK_STOP"),
}


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
@for_each(
    ("events", "commands"),
    [
        (["CHANNEL_ANSWER"], []),
        (False, []),
        (True, ["noevents"]),
        (True, ["nixevent PLAYBACK_STOP"]),
        (True, ["nixevents all"]),
        (True, ["filter Event-Name DTMF", "filter delete Unique-ID"]),
        (True, ["filter Event-Name -PLAYBACK_STOP"]),
        (False, ["event plain CHANNEL_ANSWER CUSTOM PLAYBACK_STOP"]),
        (False, ["myevents"]),
    ],
)
def test_what_was_never_subscribed_to_is_told_at_once(
    wait: Callable[[Session], object], events: bool | list[str], commands: list[str]
) -> None:
    began: list[float] = []

    def handler(session: Session) -> None:
        for command in commands:
            session.send(command)
        with pytest.raises(RuntimeError, match="PLAYBACK_STOP would never arrive"):
            wait(session)
        session.channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(Outbound(handler, events=events))
        call.wait(timeout=10)
        began.append(call.duration)
    assert began[0] < 1


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
@for_each(
    "commands",
    [
        ["event plain PLAYBACK_STOP"],
        ["EVENT json PLAYBACK_STOP"],
        ["events plain all"],
        ["eventual SWITCH_EVENT_PLAYBACK_STOP"],
        ["event plain all", "filter Event-Name DTMF", "filter delete all"],
        ["event plain all", "nixevent DTMF"],
    ],
)
def test_what_was_subscribed_to_by_hand_arrives(
    wait: Callable[[Session], object], commands: list[str]
) -> None:
    def handler(session: Session) -> None:
        for command in commands:
            session.send(command)
        session.channel.answer()
        session.channel.playback("ivr/ivr-welcome", block=False)
        wait(session)
        session.channel.hangup()

    with FreeSwitch() as switch:
        switch.call(Outbound(handler, events=False)).wait()


def test_without_full_the_error_names_it() -> None:
    def question(channel: Channel) -> str:
        with pytest.raises(RuntimeError) as raised:
            channel.wait("PLAYBACK_STOP")
        return str(raised.value)

    assert '"full" behind the address' in ask(question, socket="async").value


def test_a_state_that_no_event_tells_is_told_at_once() -> None:
    def handler(session: Session) -> None:
        session.channel.wait(ChannelState.EXECUTE)  # it is
        with pytest.raises(RuntimeError, match="CHANNEL_STATE was not subscribed to"):
            session.channel.wait(ChannelState.HIBERNATE)
        session.send("event plain CHANNEL_STATE")
        with pytest.raises(TimeoutError):
            session.channel.wait(ChannelState.HIBERNATE, timeout=1)
        session.channel.hangup()

    with FreeSwitch() as switch:
        switch.call(Outbound(handler, events=["CHANNEL_ANSWER"])).wait()


def test_digit_handlers_need_dtmf() -> None:
    def handler(session: Session) -> None:
        with pytest.raises(RuntimeError, match="DTMF would never arrive"):
            session.channel.on_dtmf("1")(print)
        session.channel.hangup()

    with FreeSwitch() as switch:
        switch.call(Outbound(handler, events=False)).wait()


def test_methods_return_at_the_reply_once_completions_are_switched_off() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.send("nixevent CHANNEL_EXECUTE_COMPLETE")
        assert session.channel.playback("ivr/ivr-welcome", timeout=60).response == ""
        with pytest.raises(RuntimeError, match="outcome would never arrive"):
            session.channel.bridge("user/1000")
        session.channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.wait(timeout=30)
    assert call.duration < 1


# --- events of no channel

#: Events that modules fire about no channel, or about that of another call.
ELSEWHERE = [
    "CUSTOM sofia::register",
    "CUSTOM conference::maintenance",
    "CUSTOM callcenter::info",
    "HEARTBEAT",
    "RELOADXML",
    "PRESENCE_IN",
]


@pytest.mark.parametrize("event", ELSEWHERE)
@pytest.mark.parametrize("events", [True, "named"])
def test_an_event_of_no_channel_reaches_the_session_that_asks_for_it(
    event: str, events: bool | str
) -> None:
    heard: list[str | None] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        session.on(event, lambda event: heard.append(event.get("X-Number")))
        session.sendevent(event, {"X-Number": "1"})
        heard.append(session.wait(event, timeout=5).get("X-Number"))
        session.channel.hangup()

    with FreeSwitch() as switch:
        named = [event] if events == "named" else True
        switch.call(Outbound(handler, events=named)).wait()
    assert heard == ["1", "1"]


def test_a_channel_has_no_events_of_no_channel() -> None:
    def question(channel: Channel) -> list[str]:
        said = []
        for event in ("HEARTBEAT", "BACKGROUND_JOB"):
            with pytest.raises(RuntimeError) as raised:
                channel.wait(event)
            said.append(str(raised.value))
        return said

    assert all("use the session's wait" in each for each in ask(question).value)


def test_a_job_sent_by_hand_has_a_result() -> None:
    def question(channel: Channel) -> str:
        session = session_of(channel)
        session.send("bgapi version")
        return session.wait("BACKGROUND_JOB", timeout=5).body

    assert "FreeSWITCH" in ask(question).value


def test_other_calls_stay_hidden_from_one_that_asks_for_events_of_none() -> None:
    heard: list[str | None] = []

    def listening(session: Session) -> None:
        session.channel.answer()
        try:
            for event in session.events(timeout=2):
                heard.append(event.uuid if event.name != "CUSTOM" else event["X-Number"])
        except TimeoutError:
            session.channel.hangup()

    def other(session: Session) -> None:
        session.channel.answer()
        session.sendevent("CUSTOM sofia::register", {"X-Number": "1"})
        session.channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(Outbound(listening, events=["ALL", "CUSTOM sofia::register"]))
        call.expect("CHANNEL_ANSWER")
        switch.call(other).wait()
        call.wait()
    assert heard == ["1"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("event plain sofia::register", "write 'CUSTOM sofia::register'"),
        ("event json CHANEL_ANSWER", "did you mean 'CHANNEL_ANSWER'"),
        ("nixevent playback", "it is an application"),
    ],
)
def test_a_command_that_names_no_event_is_refused_with_a_hint(command: str, said: str) -> None:
    def question(channel: Channel) -> str:
        with pytest.raises(CommandError) as refused:
            session_of(channel).send(command)
        return str(refused.value)

    assert said in ask(question).value


def test_a_filter_for_an_unknown_event_is_refused() -> None:
    def question(channel: Channel) -> None:
        session = session_of(channel)
        with pytest.raises(ValueError, match="write 'CUSTOM sofia::register'"):
            session.filter("Event-Name", "sofia::register")
        session.filter("Event-Name", "-dtmf")
        session.filter("event-name", "/^CHANNEL_/")

    ask(question)


# --- sockets without async


def told_of_sync(question: Callable[[Channel], object], caplog: pytest.LogCaptureFixture) -> str:
    with caplog.at_level(logging.WARNING, "eslsync"):
        ask(question, socket="full")
    return "\n".join(each for each in caplog.messages if "not async" in each)


def waits_for_digits(channel: Channel) -> None:
    with pytest.raises(TimeoutError, match="without async"):
        channel.wait("DTMF", timeout=1)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (waits_for_digits, "play_and_get_digits"),
        (lambda channel: channel.on_dtmf("5")(print), "play_and_get_digits"),
        (lambda channel: channel.on("DTMF", print), "play_and_get_digits"),
        (lambda channel: session_of(channel).on("DTMF", print), "play_and_get_digits"),
        (lambda channel: session_of(channel).events("DTMF"), "play_and_get_digits"),
        (lambda channel: channel.on("DETECTED_SPEECH", print), "what the caller says"),
        (lambda channel: channel.on("CHANNEL_HANGUP_COMPLETE", print), "use on_hangup"),
        (lambda channel: channel.playback("ivr/x", block=False), "block=False waits until"),
    ],
)
def test_what_a_sync_socket_cannot_do_is_told(
    question: Callable[[Channel], object], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    # recordings 06a, 06h
    told = told_of_sync(question, caplog)
    assert said in told
    assert "host:port async full" in told


def test_what_a_sync_socket_can_do_is_not_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    def question(channel: Channel) -> None:
        channel.playback("ivr/ivr-welcome")
        session_of(channel).on("CHANNEL_ANSWER", print)

    assert told_of_sync(question, caplog) == ""


# --- commands as FreeSWITCH compares them


@for_each(
    ("commands", "arrives"),
    [
        (["event plain DTMF"], True),
        (["events plain all"], True),
        (["EVENTxyz DTMF"], True),
        (["event plain dtmf"], True),
        (["event plain SWITCH_EVENT_DTMF"], True),
        (["event plain CUSTOM DTMF"], False),
        (["event plain"], False),
        (["event"], False),
        (["myevents"], True),
        (["myeventsss"], True),
        (["event plain DTMF", "nixevents DTMF"], False),
        (["event plain DTMF", "nixevent TALK"], True),
        (["event plain all", "nixevent DTMF"], False),
        (["event plain all", "nixevent CUSTOM a::b"], True),
        (["event plain all", "nixevent all"], False),
        (["event plain all", "noeventsxyz"], False),
        (["event plain all", "noevents", "event plain DTMF"], True),
        (["event plain all", "filter Event-Name TALK"], False),
        (["event plain all", "filterEvent-Name TALK"], True),
        (["event plain all", "filter  Event-Name TALK"], False),
        (["event plain all", "filter add Event-Name TALK"], False),
        (["event plain all", "FILTER event-name dtmf"], True),
        (["event plain all", "filter Event-Name TALK", "filter delete Event-Name"], True),
        (["event plain all", "filter Event-Name TALK", "filter delete Event-Name X"], False),
        (["event plain all", "filter Event-Name TALK", "filter delete all"], True),
        (["event plain all", "filter Unique-ID MINE"], True),
        (["event plain all", "filter Unique-ID another"], False),
        (["event plain all", "filter Event-Name /TMF/"], True),
        (["event plain all", "filter X y"], True),  # nobody knows
        (["event plain all", "filter Unique-ID mine", "filter Event-Name -dtmf"], False),
    ],
)
def test_commands_mean_what_freeswitch_takes_them_for(commands: list[str], arrives: bool) -> None:
    subscription = Subscription()
    subscription.uuid = "mine"
    for command in commands:
        subscription.note(command)
    if arrives:
        subscription.check("DTMF", "mine")
    else:
        with pytest.raises(RuntimeError, match="DTMF would never arrive"):
            subscription.check("DTMF", "mine")


def test_a_wait_is_checked_again_once_a_command_has_changed_what_arrives() -> None:
    def handler(session: Session) -> None:
        for _ in range(2):
            with pytest.raises(TimeoutError):
                session.channel.wait("CHANNEL_HOLD", timeout=1)
        session.send("nixevent CHANNEL_HOLD")
        with pytest.raises(RuntimeError, match="CHANNEL_HOLD would never arrive"):
            session.channel.wait("CHANNEL_HOLD", timeout=1)

    with FreeSwitch() as switch:
        switch.call(handler).wait()


def test_a_filter_that_lets_an_event_through_is_sent_again_once_it_was_deleted() -> None:
    def handler(session: Session) -> None:
        for _ in range(2):
            for _ in range(2):
                with pytest.raises(TimeoutError):
                    session.wait("CUSTOM bank::rates", timeout=1)
            session.filter_delete("Event-Subclass", "bank::rates")

    with FreeSwitch() as switch:
        simulated = switch.call(handler)
        simulated.wait()
    said = [entry.text for entry in simulated.transcript.entries]
    sent, deleted = "filter Event-Subclass bank::rates", "filter delete Event-Subclass bank::rates"
    assert [text for text in said if text in (sent, deleted)] == [sent, deleted, sent, deleted]

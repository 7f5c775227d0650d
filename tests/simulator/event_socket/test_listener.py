"""The switch's side of the event socket: replies, subscriptions, endings."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from eslsync import Session
from simulator import FreeSwitch
from simulator.event_socket.listener import Control
from tests.support.cases import for_each
from tests.support.model_call import ModelCall


@for_each(
    ("command", "reply"),
    [
        ("linger", "+OK will linger"),
        ("linger 5", "+OK will linger 5 seconds"),
        ("linger abc", "+OK will linger 0 seconds"),
        ("nolinger", "+OK will not linger"),
        ("filter Unique-ID abc", "+OK filter added. [Unique-ID]=[abc]"),
        ("filter", "-ERR command not found"),
        ("filter Unique-ID", "-ERR invalid syntax"),
        ("filter delete Unique-ID abc", "+OK filter deleted. [Unique-ID][abc]"),
        ("event plain", "-ERR no keywords supplied"),
        ("event plain NONSENSE", "-ERR no keywords supplied"),
        ("event json ALL", "+OK event listener enabled json"),
        ("nixevent", "-ERR no keywords supplied"),
        ("noevents", "-ERR not listening for events"),
        ("divert_events", "-ERR missing value."),
        ("divert_events on", "+OK events diverted"),
        ("getvar caller_id_number", "1001"),
        ("getvar nothing", "-ERR command not found"),
        ("resume", "+OK"),
        ("myevents", "+OK Events Enabled"),
        ("nolog", "-ERR not loging"),
        ("log", "+OK log level  [7]"),
        ("LINGER 2", "+OK will linger 2 seconds"),
        ("sendmsg no-such-uuid", "-ERR invalid session id [no-such-uuid]"),
        ("nonsense", "-ERR command not found"),
        ("exit", "+OK bye"),
    ],
)
def test_each_command_is_answered_as_recorded(command: str, reply: str) -> None:
    call = ModelCall()
    call.send("connect")
    assert call.send(command) == reply


@pytest.mark.parametrize("command", ["linger", "event plain ALL", "api status", "bgapi status"])
def test_without_full_most_commands_are_not_found(command: str) -> None:
    call = ModelCall(socket="127.0.0.1:5000 async")  # recording 08c
    call.send("connect")
    assert call.send(command) == "-ERR command not found"


def test_the_first_command_gets_no_reply_unless_it_is_connect() -> None:
    call = ModelCall()  # recording 08d
    assert call.send("linger 5") == ""
    assert call.send("linger 5") == "+OK will linger 5 seconds"


def test_an_app_that_never_sends_a_command_is_dropped() -> None:
    call = ModelCall()  # recording 14a
    call.wait(30)
    assert call.closed_at is not None
    assert 24 <= call.closed_at <= 25


def test_a_connection_that_is_closed_at_once_parks_the_caller_for_ever() -> None:
    call = ModelCall(incoming={"after": [("hangup", "")]})  # recordings 14b, 14b2
    call.send("connect")
    call.control.closed()
    call.wait(3600)
    assert call.channel.up


def test_one_that_is_closed_later_lets_the_dialplan_go_on() -> None:
    call = ModelCall(incoming={"after": [("hangup", "USER_BUSY")]}).answered()
    call.execute("playback", "a.wav")
    call.wait(0.5)
    call.control.closed()  # recording 12k: what runs is finished
    call.wait(1)
    assert call.channel.up
    call.wait(1)
    assert call.channel.hangup_cause == "USER_BUSY"


def test_if_nobody_listens_the_dialplan_goes_on() -> None:
    call = ModelCall(listening=False, incoming={"after": [("hangup", "USER_BUSY")]})
    assert call.channel.hangup_cause == "USER_BUSY"
    assert call.dialled == ["127.0.0.1:5000 async full"]


def test_several_addresses_are_tried_in_turn() -> None:
    call = ModelCall(listening=False, socket="one:1|two:2 async full")
    assert call.dialled == ["one:1 async full", "two:2 async full"]


@for_each(
    ("linger", "closes"),
    [(None, 0.1), ("linger 3", 4), ("linger abc", 1), ("linger ", 1), ("linger", None)],
)
def test_linger_keeps_the_connection_open(linger: str | None, closes: float | None) -> None:
    call = ModelCall()
    call.send("connect")
    if linger is not None:
        call.send(linger)
    call.channel.caller_hangs_up("USER_BUSY")
    call.wait(60)
    if closes is None:
        assert call.closed_at is None
    else:
        assert call.closed_at is not None
        assert closes - 1.0 <= call.closed_at <= closes


def test_commands_during_linger_are_never_run() -> None:
    call = ModelCall().answered()
    call.channel.caller_hangs_up()
    call.wait(0.5)
    ladder = call.ladder()
    assert call.send("sendmsg", "call-command: hangup") == "+OK"
    assert call.send(f"api uuid_getvar {call.channel.uuid} x") == "-ERR No such channel!\n"
    assert call.send("getvar caller_id_number") == "1001"
    assert [each for each in call.ladder() if each != "API"] == ladder


def test_events_as_json_and_xml_say_the_same() -> None:
    said = {}
    for format in ("plain", "json", "xml"):
        call = ModelCall()
        call.send("connect")
        call.send(f"event {format} CHANNEL_ANSWER")
        call.execute("answer")
        call.wait(0.1)
        said[format] = call.raw[-1].partition(b"\n\n")[2].decode()
    fields = json.loads(said["json"])
    assert fields["Event-Name"] == "CHANNEL_ANSWER"
    assert fields["Event-Date-GMT"] == "Mon, 05 Jan 2026 09:00:00 GMT"
    root = ElementTree.fromstring(said["xml"])
    tags = {each.tag: each.text for each in root.iterfind("headers/*")}
    assert tags["Event-Date-GMT"] == "Mon,%2005%20Jan%202026%2009%3A00%3A00%20GMT"
    lines = dict(line.split(": ", 1) for line in said["plain"].strip().split("\n"))
    assert lines == tags
    assert set(fields) == set(tags)


def test_sendevent_reaches_every_listener_with_its_body() -> None:
    call = ModelCall()
    call.send("connect")
    call.send("event plain CUSTOM my::event")
    reply = call.send(
        "sendevent CUSTOM", "Event-Subclass: my::event", "x: y", "content-length: 2", "", "hi"
    )
    assert reply.startswith("+OK ")
    call.wait(0.1)
    (event,) = call.events("CUSTOM")
    assert event.get("x") == "y"


def test_a_blocking_api_holds_everything_back() -> None:
    call = ModelCall().answered()  # recording 09f
    before = len(call.sent)
    call.execute("log", "INFO hello")
    call.send("api msleep 1000")
    call.wait(0.9)
    assert len(call.sent) == before + 1  # the reply to sendmsg
    call.wait(0.2)
    assert call.ladder()[-2:] == ["CHANNEL_EXECUTE_COMPLETE log", "API"]


def test_bgapi_tells_its_job() -> None:
    call = ModelCall()
    call.send("connect")
    call.send("event plain BACKGROUND_JOB")
    assert call.send("bgapi msleep 500", "Job-UUID: mine") == "+OK Job-UUID: mine"
    call.wait(1)
    (job,) = call.events("BACKGROUND_JOB")
    assert (job.get("Job-UUID"), job.get("Job-Command"), job.body) == ("mine", "msleep", "+OK")


def test_a_sync_socket_replies_when_the_application_is_done() -> None:
    call = ModelCall(socket="127.0.0.1:5000 full", prompts={"a.wav": 1.5})  # recording 06a
    call.send("connect")
    call.execute("answer")
    call.execute("playback", "a.wav")
    before = len(call.sent)
    call.wait(1.4)
    assert len(call.sent) == before
    call.wait(0.2)
    assert call.sent[-1].get("Reply-Text") == "+OK"


def test_an_inbound_connection_authorizes_first() -> None:
    call = ModelCall()
    written: list[bytes] = []
    control = Control(None, written.append, lambda: None, switch=call.switch)
    control.start(full=True)
    assert written == [b"Content-Type: auth/request\n\n"]
    control.received(b"api status\n\nauth ClueCon\n\napi version\n\n")
    text = b"".join(written)
    assert b"Reply-Text: -ERR command not found" in text
    assert b"Reply-Text: +OK accepted" in text
    assert b"FreeSWITCH Version" in text


def test_a_sync_socket_hears_of_a_background_job_while_the_channel_is_idle() -> None:
    call = ModelCall(socket="127.0.0.1:5000 full")
    call.send("connect")
    call.send("event plain BACKGROUND_JOB")
    call.send("bgapi msleep 1000")
    call.wait(0.9)
    assert not call.events("BACKGROUND_JOB")
    call.wait(0.2)
    [job] = call.events("BACKGROUND_JOB")
    assert job.body == "+OK"


def test_a_handler_on_a_sync_socket_waits_for_its_jobs() -> None:
    answers: list[str] = []

    def handler(session: Session) -> None:
        answers.append(session.bgapi("msleep 1000").wait(timeout=5.0))
        leg = session.originate("user/1000", timeout=20.0)
        answers.append(leg.uuid)
        leg.hangup()

    with FreeSwitch() as switch:
        switch.endpoint("user/1000", answers_after=2.0)
        call = switch.call(handler, socket="full")
        call.wait()
    assert len(answers) == 2
    assert call.duration < 5.0


def send_event(call: ModelCall, name: str) -> None:
    call.send(
        "sendevent CUSTOM",
        f"Event-Subclass: {name}",
        f"Unique-ID: {call.channel.uuid}",
        "X-A: b",
    )


def heard(call: ModelCall) -> list[str]:
    subclasses = [each.get("Event-Subclass") for each in call.sent if each.lane == "event"]
    return [each for each in subclasses if each.startswith("my::")]


def test_a_parked_channel_fires_events_that_it_is_sent() -> None:
    call = ModelCall().answered()
    send_event(call, "my::parked")
    assert heard(call) == []
    call.wait(0.1)
    [event] = [each for each in call.sent if each.get("Event-Subclass") == "my::parked"]
    assert event.get("X-A") == "b"
    assert event.get("Answer-State") == "answered"
    assert event.get("Event-Name") == ""  # it was never prepared for delivery


def test_a_running_application_may_take_a_sent_event_or_lose_it() -> None:
    call = ModelCall().answered()
    call.execute("sleep", "1000")
    call.wait(0.5)
    send_event(call, "my::asleep")
    call.wait(0.4)
    assert heard(call) == []
    call.wait(0.5)
    assert heard(call) == ["my::asleep"]
    call.execute("playback", "silence_stream://1000")
    call.wait(0.5)
    send_event(call, "my::lost")
    call.wait(1.0)
    assert heard(call) == ["my::asleep"]


def test_diverted_events_go_to_the_connection_that_controls_the_channel() -> None:
    call = ModelCall().answered()
    call.execute("sleep", "1000")
    call.wait(0.2)
    send_event(call, "my::before")
    assert call.send("divert_events on") == "+OK events diverted"
    send_event(call, "my::after")
    assert heard(call) == ["my::before", "my::after"]
    assert call.sent[-2].get("Answer-State") == ""


def test_an_app_that_shut_its_sending_side_is_told_of_the_end() -> None:
    call = ModelCall().answered()
    call.send("bgapi msleep 500")
    call.control.closed(reads=True)
    call.wait(1.0)
    assert call.closed_at == pytest.approx(0.6, abs=0.01)  # when the job is done
    assert call.sent[-1].lane == "notice"


def test_an_app_that_has_gone_is_sent_nothing() -> None:
    call = ModelCall().answered()
    before = len(call.sent)
    call.control.closed()
    call.wait(0.1)
    assert len(call.sent) == before
    assert call.closed_at is not None


@for_each(
    ("command", "reply"),
    [
        ("events plain all", "+OK event listener enabled plain"),
        ("EVENTxyz json DTMF", "+OK event listener enabled json"),
        ("eventxyz", "-ERR no keywords supplied"),
        ("event plain nonsense", "-ERR no keywords supplied"),
        ("event plain xxxxxxxxxxxxxDTMF", "+OK event listener enabled plain"),
        ("nixevents DTMF", "+OK events nixed"),
        ("myeventsss", "+OK Events Enabled"),
        ("noeventsss", "-ERR not listening for events"),
        ("divert_eventson", "+OK events diverted"),
        ("divert_events", "-ERR missing value."),
        ("filterEvent-Name DTMF", "-ERR command not found"),
        ("filter  Event-Name DTMF", "+OK filter added. [Event-Name]=[DTMF]"),
        ("lingering", "+OK will linger"),
        ("nolingering", "+OK will not linger"),
        ("resumed", "+OK"),
        ("getvars caller_id_number", "1001"),
        ("logdebug", "+OK log level debug [7]"),
        ("nologs", "-ERR not loging"),
        ("apistatus", "-ERR command not found"),
        ("bgapistatus", "-ERR command not found"),
        ("sendmsgs", "-ERR invalid session id [s]"),
        ("exits", "+OK bye"),
        ("...xyz", "+OK bye"),
        ("evnt plain all", "-ERR command not found"),
    ],
)
def test_only_the_beginning_of_a_command_is_compared(command: str, reply: str) -> None:
    # mod_event_socket.c, parse_command
    call = ModelCall()
    call.send("connect")
    assert call.send(command) == reply

"""A session: its context, commands and log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from eslsync import CommandError, Event, Outbound, Session
from simulator import FreeSwitch
from tests.support.cases import for_each
from tests.support.peer import call, quiet_call, reply, response

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


@for_each("printed", ["UP 0 years", "UP 0 years\n", "+OK\n", "_undef_", ""])
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
def test_a_refused_command_raises_with_its_line_and_the_reply(
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
    "playback": lambda session, text: session.channel.playback(text),
    "playback: terminators": lambda session, text: session.channel.playback("x", terminators=text),
    "say": lambda session, text: session.channel.say(text),
    "say: the kind": lambda session, text: session.channel.say("1", text),
    "say: the method": lambda session, text: session.channel.say("1", "number", text),
    "say: the module": lambda session, text: session.channel.say("1", module=text),
    "say: the gender": lambda session, text: session.channel.say("1", gender=text),
    "set: the name": lambda session, text: session.channel.set(text, "x"),
    "set: a SIP header": lambda session, text: session.channel.set("sip_h_X", text),
    "hangup": lambda session, text: session.channel.hangup(text),
}


@for_each("name", COMMANDS)
def test_a_line_break_or_nul_is_refused_before_anything_is_sent(name: str) -> None:
    def handler(session: Session) -> None:
        for text in SMUGGLED:
            with pytest.raises(ValueError, match=r"line|not a variable|digits are"):
                COMMANDS[name](session, text)
        session.send("getvar after")

    with call(handler, linger=False) as peer:
        peer.connect()
        peer.serve(f"filter Unique-ID {peer.uuid}")
        peer.serve("event plain all")
        peer.serve("getvar after")
    assert peer.raised is None


@for_each("text", ["a\nb", "a\r\nb", "a\rb", "\n\nexit", "a\n\nsendmsg\n\nexit\n\n"])
def test_text_of_several_lines_is_the_body_of_one_command(text: str) -> None:
    def handler(session: Session) -> None:
        session.channel.execute("log", text, block=False)
        session.channel.leg.start("log", text)
        with pytest.raises(ValueError, match="NUL"):
            session.channel.execute("log", text + "\0")
        session.send("getvar after")

    with quiet_call(handler) as peer:
        peer.connect()
        for _ in range(2):
            command = peer.serve("sendmsg")
            assert command.body == text.encode()
            assert command.get("execute-app-arg") is None
            assert command.get("content-type") == "text/plain"
        peer.serve("getvar after")
    assert peer.raised is None


@pytest.mark.parametrize("timeout", ["1", True, float("nan")])
def test_an_invalid_timeout_is_refused_before_anything_is_sent(timeout: Any) -> None:
    def handler(session: Session) -> None:
        with pytest.raises((TypeError, ValueError)):
            session.send("getvar x", timeout=timeout)
        session.send("getvar after")

    with quiet_call(handler) as peer:
        peer.connect()
        peer.serve("getvar after")
    assert peer.raised is None


# Logs


def test_log_records_of_a_call_carry_its_uuid(caplog: pytest.LogCaptureFixture) -> None:
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


# Formats


def a_call(format: str) -> tuple[list[object], list[Event]]:
    """Make one call with a bit of everything; return the handler's results, and every event."""
    results: list[object] = []
    events: list[Event] = []

    def handler(session: Session) -> None:
        channel = session.channel
        session.on("ALL", events.append)
        channel.answer()
        results.append(channel.playback("ivr/ivr-welcome"))
        results.append(channel.get_digits("ivr/ivr-enter", min=2))
        channel.multiset({"a": "ü & <b> 'c' \"d\"", "e": "100%, f=g"})
        channel.push("arr", "one")
        channel.push("arr", "two")
        results.append(channel.variables["a"])
        results.append(channel.leg.known.get_all("variable_arr"))
        results.append(session.bgapi("echo <hello> & 100%").wait())
        session.filter("Event-Subclass", "my::thing")
        session.sendevent("CUSTOM my::thing", {"X-A": "ü"}, "a body\n\nof <three> lines & more\n")
        custom = session.wait("CUSTOM my::thing")
        results.extend([custom.body, custom["X-A"], custom.name])
        results.append(channel.bridge("user/1000"))
        channel.hangup()
        results.append(session.hangup_event and session.hangup_event.duration)

    with FreeSwitch(seed=7) as switch:
        switch.endpoint("user/1000", rejects="USER_BUSY")
        options: Any = {"format": format}
        call = switch.call(Outbound(handler, **options))
        call.hear("ivr/ivr-enter", start=True)
        call.press("12")
        call.wait()
    return results, events


#: Headers that depend on the event's format.
OF_THE_FORMAT = ("Content-Length",)


@pytest.mark.parametrize("format", ["json", "xml"])
def test_a_call_is_the_same_in_every_event_format(format: str) -> None:
    # recordings 09b, 09c, 09g
    results, events = a_call("plain")
    other_results, other_events = a_call(format)
    assert other_results == results
    assert [event.name for event in other_events] == [event.name for event in events]
    for one, other in zip(events, other_events, strict=True):
        assert other.body == one.body
        assert without(other) == without(one)


def without(event: Event) -> dict[str, str]:
    return {name: value for name, value in event.items() if name not in OF_THE_FORMAT}

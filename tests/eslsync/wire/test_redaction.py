"""Passwords and digits are kept out of logs, reports and exceptions."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import pytest

from eslsync import CommandError, ESLError, Outbound, ProtocolError, Session, TimeoutError
from eslsync.wire.redaction import Redactor, redactor_of
from eslsync.wire.secrets import Secrets
from simulator import FreeSwitch
from tests.support.cases import for_each
from tests.support.peer import Peer, call, event, reply, response
from tests.support.servers import Beside, dialled, serving

#: Names, so that no traceback shows the values in a line of code.
DIGITS = "8642"


@for_each(
    ("text", "left"),
    [
        # digits, as commands, applications, events and FreeSWITCH's log name them
        ("sendmsg execute send_dtmf 1234@200", "sendmsg execute send_dtmf ***"),
        ("sendmsg execute queue_dtmf 12", "sendmsg execute queue_dtmf ***"),
        ("api uuid_send_dtmf 0-1-2 1234", "api uuid_send_dtmf ***"),
        ("DTMF-Digit: 5\nDTMF-Duration: 2000", "DTMF-Digit: ***\nDTMF-Duration: 2000"),
        ("RTP RECV DTMF 5:1280", "RTP RECV DTMF ***"),
        ("variable_eslsync_digits: 1234\nx: 1", "variable_eslsync_digits: ***\nx: 1"),
        ("variable_digits_dialed: 12", "variable_digits_dialed: ***"),
        ("variable_playback_terminator_used: 7", "variable_playback_terminator_used: ***"),
        ("variable_read_terminator_used: %23", "variable_read_terminator_used: ***"),
        # what is named, by any of the ways to set it
        ("sendmsg execute set pin=1234", "sendmsg execute set pin=***"),
        ("sendmsg execute multiset ^^,a=1,PIN=12,b=2", "sendmsg execute multiset ^^,a=1,PIN=***"),
        ("api uuid_setvar 0-1-2 pin 1234 5", "api uuid_setvar 0-1-2 pin ***"),
        ("{pin=1234,x=1}user/1000", "{pin=***"),
        ("variable_pin: 12%2034\nvariable_x: 1", "variable_pin: ***\nvariable_x: 1"),
        ('"variable_pin":"1234",\n"a":1', '"variable_pin":***\n"a":1'),
        ("sip_h_X-Token: abc def", "sip_h_X-Token: ***"),
        ("uuid_setvar x pin\t1234", "uuid_setvar x pin\t***"),
        ("1672 SET sofia/internal/1000 [pin]=[1234]", "1672 SET sofia/internal/1000 [pin]=***"),
        ("CoreSession::setVariable(pin, 1234)", "CoreSession::setVariable(pin, ***"),
        ("<variable_pin>1234</variable_pin>", "<variable_pin>***"),
        # and nothing else
        ("getvar pin", "getvar pin"),
        ("pinned=1 spin=2 my_pin=3", "pinned=1 spin=2 my_pin=3"),
        ("DTMF", "DTMF"),
        ("event plain DTMF", "event plain DTMF"),
        ("event plain DTMF CHANNEL_ANSWER", "event plain DTMF CHANNEL_ANSWER"),
        ("DTMF-Duration: 2000", "DTMF-Duration: 2000"),
        ("playback ivr/ivr-welcome", "playback ivr/ivr-welcome"),
    ],
)
def test_the_value_of_a_redacted_name_is_hidden(text: str, left: str) -> None:
    assert Redactor(["DTMF", "pin", "sip_h_X-Token"])(text) == left


def test_without_names_nothing_is_hidden() -> None:
    assert Redactor(())("send_dtmf 1234") == "send_dtmf 1234"


@pytest.mark.parametrize("redact", ["pin", ["a=b"], [""]])
def test_an_invalid_name_is_refused(redact: list[str]) -> None:
    with pytest.raises((TypeError, ValueError)):
        Outbound(lambda session: None, redact=redact)


def test_digits_appear_in_no_log_or_exception_by_default(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "eslsync")
    errors: list[Exception] = []

    def handler(session: Session) -> None:
        session.send("log debug")
        for work in (
            lambda: session.channel.send_dtmf(DIGITS),
            lambda: session.api(f"uuid_recv_dtmf {session.uuid} {DIGITS}", timeout=0),
        ):
            try:
                work()
            except (CommandError, TimeoutError) as error:
                errors.append(error)
        raise errors[0]

    with call(handler) as peer:
        peer.handshake()
        head = "Content-Type: log/data\nContent-Length: 26\nLog-Level: 7\n\n"
        peer.hear("log debug")
        peer.say(head.encode() + b"[INFO] RTP RECV DTMF 8642\n", reply("+OK log level"))
        peer.serve("sendmsg", "-ERR invalid session id [x]")
        peer.hear()
        peer.await_handler()
    said = [*map(str, errors), *map(repr, errors), caplog.text]
    said += ["".join(traceback.format_exception(error)) for error in errors]
    assert len(errors) == 2
    assert "RTP RECV DTMF ***" in caplog.text
    assert all(DIGITS not in text for text in said), said
    assert all("dtmf" in text.lower() for text in said)


def test_passwords_are_hidden_where_they_are_named(caplog: pytest.LogCaptureFixture) -> None:
    with FreeSwitch(raises=False) as switch:

        def handler(session: Session) -> None:
            session.channel.set("pin", DIGITS)
            session.send("nonsense", {"pin": DIGITS, "kind": "shown"})

        made = switch.call(Outbound(handler, redact=["pin", "Caller-Caller-ID-Number"]))
        made.wait()
    assert isinstance(made.error, CommandError)
    assert str(made.error).startswith("'nonsense *** shown' was refused")
    assert DIGITS not in made.error.command
    assert DIGITS not in caplog.text


def test_reports_are_redacted() -> None:
    def handler(session: Session) -> None:
        session.api("uuid_send_dtmf 0-1-2 8642")

    with serving(handler, redact=["DTMF", "Caller-Caller-ID-Number"]) as app, dialled(app) as peer:
        peer.handshake()
        peer.hear("api uuid_send_dtmf 0-1-2 8642")
        peer.settle()
        report = app.report()
        peer.end()
        peer.hear_end()
    assert "waits for api uuid_send_dtmf ***" in report
    assert "from *** to 5000" in report


def test_the_data_of_a_protocol_error_is_redacted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(peer: Peer) -> None:
        peer.say(b"DTMF-Digit: 8642\nContent-Type: bogus\n\n")

    with call(lambda session: session.wait("DTMF")) as peer:
        peer.handshake()
        broken(peer)
        peer.await_handler()
    assert isinstance(peer.raised, ProtocolError)
    assert peer.raised.data == b"DTMF-Digit: ***\nContent-Type: bogus"
    assert "8642" not in caplog.text


def test_a_value_with_a_line_break_is_hidden_to_its_end() -> None:
    assert DIGITS not in Secrets(Redactor(["pin"])).value("pin", f"1\n{DIGITS}")


def test_exceptions_in_other_threads_hold_no_digits() -> None:
    errors: list[BaseException] = []

    def handler(session: Session) -> None:
        def other() -> None:
            for _ in range(2):
                try:
                    session.send("nonsense")
                except ESLError as error:
                    errors.append(error)

        beside = Beside(other)
        beside.join()

    with call(handler) as peer:
        peer.handshake()
        peer.hear("nonsense")
        peer.say(f"DTMF-Digit: {DIGITS}\nContent-Type: bogus\n\n".encode())
        peer.await_handler()
    said = ["".join(traceback.format_exception(each)) for each in errors]
    assert len(said) == 2
    assert all(DIGITS not in text for text in said), said


def test_a_malformed_event_shows_no_digits() -> None:
    def broken(peer: Peer) -> None:
        body = b'{"Event-Name":"DTMF","DTMF-Digit":"8642","x":1}'
        head = b"Content-Type: text/event-json\nContent-Length: %d\n\n" % len(body)
        peer.say(head + body)

    with call(lambda session: session.wait("DTMF")) as peer:
        peer.handshake()
        broken(peer)
        peer.await_handler()
    assert isinstance(peer.raised, ESLError)
    assert DIGITS not in str(peer.raised)


def test_an_answer_of_a_stranger_shows_no_digits(caplog: pytest.LogCaptureFixture) -> None:
    with serving(lambda session: None) as app, dialled(app) as peer:
        peer.hear("connect")
        peer.say(f"Event-Name: DTMF\nDTMF-Digit: {DIGITS}\nReply-Text: +OK\n\n".encode())
        peer.end()
        peer.hear_end()
    assert DIGITS not in caplog.text


@pytest.mark.parametrize("which", ["set", "send_dtmf", "send", "large"])
def test_refusals_show_no_secrets(which: str) -> None:
    said: list[str] = []

    def handler(session: Session) -> None:
        try:
            if which == "set":
                session.channel.set("pin", f"{DIGITS}\0")
            elif which == "send_dtmf":
                session.channel.send_dtmf(f"{DIGITS}x")
            elif which == "send":
                session.send("nonsense", {"pin": f"{DIGITS}\n"})
            else:
                session.api(f"uuid_setvar x pin {DIGITS} {' ' * 2_000_000}")
        except ValueError as error:
            said.append(str(error))

    options: dict[str, Any] = {"events": False, "linger": False, "redact": ["DTMF", "pin"]}
    with serving(handler, **options) as app, dialled(app) as peer:
        peer.connect()
        peer.end()
        peer.hear_end()
    assert said
    assert DIGITS not in said[0]


@pytest.mark.parametrize("how", ["sent", "event", "keys", "getvar"])
def test_an_answer_that_quotes_a_secret_shows_none(
    how: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "eslsync")
    errors: list[CommandError] = []

    def handler(session: Session) -> None:
        channel = session.channel
        if how == "sent":
            channel.set("pin", DIGITS)
        elif how == "keys":
            channel.get_digits(min=4)
        elif how == "getvar":
            session.getvar("pin")
        else:
            session.wait("CHANNEL_ANSWER")
        session.send("log debug")
        for command in (f"check {DIGITS}", f"ask {DIGITS}"):
            try:
                session.api(command)
            except CommandError as error:
                errors.append(error)
        raise errors[0]

    with serving(handler, redact=["DTMF", "pin"]) as app, dialled(app) as peer:
        peer.handshake()
        if how == "sent":
            peer.run("set", f"pin={DIGITS}")
        elif how == "keys":
            for digit in DIGITS:
                peer.say(peer.digit(digit))
        elif how == "getvar":
            peer.hear("getvar pin")
            peer.say(reply(DIGITS))
        else:
            told = {"Event-Name": "CHANNEL_ANSWER", "Unique-ID": peer.uuid, "variable_pin": DIGITS}
            peer.say(event(told))
        peer.hear("log debug")
        line = f"[INFO] looking for {DIGITS}\n"
        head = f"Content-Type: log/data\nContent-Length: {len(line)}\n\n"
        peer.say(reply("+OK log level"), (head + line).encode())
        for command in "check", "ask":
            peer.hear(f"api {command} {DIGITS}")
            peer.say(response(f"-ERR {command}: {DIGITS} is wrong\n"))
        peer.end()
        peer.hear_end()
    said = [*map(str, errors), *map(repr, errors), *(each.text for each in errors), caplog.text]
    assert [each.text for each in errors] == ["-ERR check: *** is wrong", "-ERR ask: *** is wrong"]
    assert "looking for ***" in caplog.text
    assert all(DIGITS not in text for text in said), said


def test_servers_that_hide_the_same_share_what_hides_it() -> None:
    assert redactor_of(["pin", "DTMF"]) is redactor_of(iter(("pin", "DTMF")))
    assert redactor_of(["pin"]).names == ("pin",)
    with pytest.raises(TypeError, match=r"redact is a list of names, such as \['pin'\]"):
        redactor_of("pin")

"""Messages: replies, events and notices, as the library reads them."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eslsync.protocol import (
    ApiResponse,
    AuthRequest,
    CommandReply,
    ConnectReply,
    DisconnectNotice,
    Event,
    JsonEvent,
    LogData,
    Message,
    Parser,
    RudeRejection,
    XmlEvent,
    encode_message,
    quote,
)
from eslsync.wire.texts import sendable
from tests.support.cases import for_each
from tests.support.recorded import recording, recordings


def reply(text: str | bytes) -> CommandReply:
    data = text.encode() if isinstance(text, str) else text
    [message] = Parser().feed(b"Content-Type: command/reply\nReply-Text: " + data + b"\n\n")
    assert isinstance(message, CommandReply)
    return message


def event(*lines: str, body: str = "") -> Event:
    return Event(("\n".join(lines) + "\n\n" + body).encode("utf-8", "surrogateescape"))


def replies(name: str) -> list[str]:
    return [message.text for message in recording(name).messages() if type(message) is CommandReply]


# The reply to connect


def connect_reply(name: str) -> ConnectReply:
    first = recording(name).messages()[0]
    assert isinstance(first, ConnectReply)
    return first


def test_the_reply_to_connect_is_a_reply() -> None:
    answer = connect_reply("01a")
    assert answer.text == "+OK"
    assert answer.ok
    assert answer["Reply-Text"] == "+OK\n"  # percent-encoded, unlike in every other reply
    assert repr(answer) == "<ConnectReply +OK>"


def test_the_reply_to_connect_tells_of_the_channel() -> None:
    answer = connect_reply("01a")
    assert answer.name == "CHANNEL_DATA"
    assert answer.uuid == answer["Channel-Unique-ID"] == answer.variables["uuid"]
    assert answer["Caller-Caller-ID-Name"] == "Alice"
    assert answer["Channel-Callee-ID-Name"] == "Outbound Call"
    assert answer["Caller-Destination-Number"] == "5000"
    assert answer.variables["current_application_data"] == "127.0.0.1:5000 async full"


@pytest.mark.parametrize(
    ("name", "mode", "control"),
    [
        ("01a", "async", "full"),
        ("06a", "static", "full"),
        ("06f", "static", "single-channel"),
        ("08c", "async", "single-channel"),
    ],
)
def test_the_reply_to_connect_tells_what_the_socket_is_allowed(
    name: str, mode: str, control: str
) -> None:
    answer = connect_reply(name)
    assert answer["Socket-Mode"] == mode
    assert answer["Control"] == control


def test_sip_variables_are_in_the_connect_reply() -> None:
    assert connect_reply("01b").variables["sip_h_X-Tenant"] == "acme corp"


# Percent-encoding


@for_each(
    ("encoded", "value"),
    [
        ("plain", "plain"),
        ("a%20b", "a b"),
        ("%2B1%20555", "+1 555"),
        ("1+1", "1+1"),  # a plus is no blank
        ("100%25", "100%"),
        ("%2525", "%25"),  # once, not until nothing is left
        ("%250A", "%0A"),
        ("h%C3%A9llo", "h\u00e9llo"),
        ("h\u00e9llo", "h\u00e9llo"),
        ("%FF%C3", "\ufffd\ufffd"),
        ("\udcff", "\ufffd"),
        ("%", "%"),
        ("50%zz", "50%zz"),
        ("%0", "%0"),
        ("", ""),
        ("a:b: c", "a:b: c"),
    ],
)
def test_a_value_in_an_event_is_decoded_once(encoded: str, value: str) -> None:
    at_first_look = event(f"X: {encoded}")
    assert at_first_look["X"] == value
    assert dict(event(f"X: {encoded}")) == {"X": value}
    long = "x" * 300
    assert event(f"X: {long}{encoded}")["X"] == long + value


def test_an_encoded_line_break_forges_no_header() -> None:
    forged = event("X: 1%0AHangup-Cause: USER_BUSY%0A%0Abody", "Y: 2")
    assert dict(forged) == {"X": "1\nHangup-Cause: USER_BUSY\n\nbody", "Y": "2"}
    assert "Hangup-Cause" not in forged
    assert forged.body == ""


def test_a_recorded_variable_with_a_line_break_stays_one_header() -> None:
    [end] = recording("07e").events("CHANNEL_HANGUP_COMPLETE")
    assert end.variables["note"] == "body with a\nnewline, 100% & h\u00e9llo"


def test_recorded_variables_are_read_as_they_were_set() -> None:
    [end] = recording("11h").events("CHANNEL_HANGUP_COMPLETE")
    assert end.variables["foo2"] == "h\u00e9llo w\u00f6rld 100% & a=b;c"
    assert end.variables["viaapi"] == "spaced value"
    assert "foo" not in end.variables  # unset again
    assert end["Event-Date-GMT"].endswith(" GMT")


@given(st.binary(max_size=60).filter(lambda data: b"\n" not in data))
def test_text_can_be_encoded_and_its_bytes_are_at_hand(data: bytes) -> None:
    read = Event(b"x: " + data.replace(b"%", b"%25") + b"\n\n" + data)
    answer = reply(b"x" + data + b"x")
    for text in (read["X"], read.get("X", ""), dict(read)["x"], read.body, answer["Reply-Text"]):
        text.encode()
    assert read["X"] == read.body == data.decode("utf-8", "replace")
    assert read.get_bytes("X") == read.body_bytes == data
    assert answer.get_bytes("reply-text") == b"x" + data + b"x"
    assert sendable(read["X"]).encode("utf-8", "surrogateescape") == data
    assert read.get_bytes("Y") is None


#: Names as phones send them: Latin-1, CESU-8, UTF-8 that was cut, Shift JIS.
NOT_UTF8 = [b"Jos\xe9", b"\xed\xa0\xbd\xed\xb8\x80", b"caf\xc3", b"\x83\x7a\x81", b"\xff"]


@for_each("data", NOT_UTF8)
def test_what_is_not_utf_8_reads_alike_in_every_format(data: bytes) -> None:
    quoted = quote(data.decode("utf-8", "surrogateescape")).encode()
    size = str(len(data)).encode()
    events = [
        Event(b"variable_x: %b\nContent-Length: %b\n\n%b" % (quoted, size, data)),
        JsonEvent(b'{"variable_x": "%b", "_body": "%b"}' % (data, data)),
        XmlEvent(
            b"<event><headers><variable_x>%b</variable_x></headers>"
            b"<Content-Length>%b</Content-Length><body>%b</body></event>" % (quoted, size, data)
        ),
    ]
    for event in events:
        text = event.variables["x"]
        assert text == data.decode("utf-8", "replace")
        assert "\ufffd" in text
        assert event.variables.get_bytes("X") == event.get_bytes("variable_x") == data
        assert (event.body, event.body_bytes) == (text, data)


def test_text_that_is_not_utf_8_survives_a_copy() -> None:
    text = Event(b"X: Jos%E9\n\n")["X"]
    for copied in (copy.deepcopy(text), pickle.loads(pickle.dumps(text))):
        assert copied == "Jos\ufffd"
        assert sendable(copied) == "Jos\udce9"
    assert sendable(text.upper()) == "JOS\ufffd"  # another text


# A read-only mapping


EVENTS = [
    pytest.param(event("Event-Name: DTMF", "DTMF-Digit: %23", "Empty: "), id="plain"),
    pytest.param(
        JsonEvent(b'{"Event-Name": "DTMF", "DTMF-Digit": "#", "Empty": ""}'),
        id="json",
    ),
    pytest.param(
        XmlEvent(
            b"<event><headers><Event-Name>DTMF</Event-Name><DTMF-Digit>%23</DTMF-Digit>"
            b"<Empty></Empty></headers></event>"
        ),
        id="xml",
    ),
]
each_format = pytest.mark.parametrize("dtmf", EVENTS)


@each_format
def test_a_message_is_a_mapping(dtmf: Event) -> None:
    assert list(dtmf) == ["Event-Name", "DTMF-Digit", "Empty"]
    assert len(dtmf) == 3
    assert dtmf["DTMF-Digit"] == "#"
    assert dtmf.get("DTMF-Digit") == "#"
    assert dtmf["Empty"] == ""
    assert dict(dtmf.items()) == {"Event-Name": "DTMF", "DTMF-Digit": "#", "Empty": ""}
    assert list(dtmf.values()) == ["DTMF", "#", ""]


@each_format
@pytest.mark.parametrize("name", ["dtmf-digit", "DTMF-DIGIT", "Dtmf-Digit"])
def test_letter_case_does_not_matter(dtmf: Event, name: str) -> None:
    assert dtmf[name] == "#"
    assert dtmf.get(name) == "#"
    assert name in dtmf


@each_format
@pytest.mark.parametrize("name", ["DTMF", "Digit", "DTMF-Digit ", "", "h\u00e9llo", "\ud800"])
def test_a_missing_header_is_a_key_error_or_the_default(dtmf: Event, name: str) -> None:
    assert name not in dtmf
    assert dtmf.get(name) is None
    assert dtmf.get(name, "else") == "else"
    assert dtmf.get_all(name) == []
    with pytest.raises(KeyError) as caught:
        dtmf[name]
    assert caught.value.args == (name,)


@each_format
def test_a_message_is_read_only(dtmf: Event) -> None:
    with pytest.raises(TypeError):
        dtmf["DTMF-Digit"] = "1"  # type: ignore[index]
    with pytest.raises(TypeError):
        del dtmf["DTMF-Digit"]  # type: ignore[attr-defined]


def test_only_text_can_be_in_a_message() -> None:
    assert object() not in event("1: one")


def test_a_header_that_is_not_ascii_is_found_by_its_name() -> None:
    assert event("variable_gr\u00fc\u00dfe: 1").variables["gr\u00fc\u00dfe"] == "1"
    assert event("\u212aelvin: 1")["kelvin"] == "1"  # by the letter case of Unicode


def test_events_are_equal_only_to_themselves() -> None:
    one, other = event("Event-Name: DTMF"), event("Event-Name: DTMF")
    assert one == one
    assert one != other
    assert len({one, one, other}) == 2


# Repeated headers and arrays


@pytest.mark.parametrize("looked_at_before", [False, True])
def test_a_repeated_header_gives_its_first_value_and_all_by_get_all(
    looked_at_before: bool,
) -> None:
    # uuid_broadcast puts the headers of one event into another.
    [command] = recording("11m").events("COMMAND")
    if looked_at_before:
        assert "Event-Name" in command
    assert command["Event-Name"] == "COMMAND"
    assert command.get_all("Event-Name") == ["COMMAND", "PRIVATE_COMMAND"]
    assert command.get_all("event-calling-file") == ["switch_ivr_async.c", "switch_ivr.c"]
    assert len(list(command)) == len(set(command))


@pytest.mark.parametrize("name", ["01a", "05e", "09b", "09c"])
def test_a_repeated_header_counts_once(name: str) -> None:
    [end] = recording(name).events("CHANNEL_HANGUP_COMPLETE")
    assert list(end).count("Hangup-Cause") == 1
    assert end["Hangup-Cause"] == "NORMAL_CLEARING"
    assert end.get_all("Hangup-Cause") == ["NORMAL_CLEARING"] * 2


@pytest.mark.parametrize("looked_at_before", [False, True])
def test_headers_that_differ_in_letter_case_are_found_by_their_spelling(
    looked_at_before: bool,
) -> None:
    # The event of a sendmsg holds what the app sent, in the app's own spelling (07e).
    command = event("content-length: 39", "Content-Length: 40", "CONTENT-LENGTH: 41")
    if looked_at_before:
        assert len(command) == 1
    assert command["content-length"] == "39"
    assert command["Content-Length"] == "40"
    assert command["CONTENT-LENGTH"] == "41"
    assert command["Content-length"] == "39"
    assert command.get_all("Content-Length") == ["39", "40", "41"]


def test_an_array_variable_has_a_raw_value_and_elements() -> None:
    *_, last = recording("11h").events()
    assert last.variables["arr"] == "ARRAY::one|:two"
    assert last.get_all("variable_arr") == ["one", "two"]


# Bodies


def test_an_event_without_a_body_has_an_empty_one() -> None:
    without, _ = recording("09d").events("CUSTOM")
    assert without.body == ""


def test_the_body_of_an_event_may_hold_blank_lines() -> None:
    _, with_body = recording("09d").events("CUSTOM")
    assert with_body.body == "a body\n\nwith blank line: yes\n"
    assert with_body["Event-Subclass"] == "my::thing"
    assert "with blank line" not in with_body


def test_the_body_of_an_event_need_not_end_in_a_line_break() -> None:
    bodies = [each.body for each in recording("07e").events("PRIVATE_COMMAND")]
    assert bodies == ["note=body with a\nnewline, 100% & h\u00e9llo", "ivr/ivr-short.wav", ""]


# What an event tells about itself


def test_an_event_tells_its_name_its_channel_and_its_variables() -> None:
    [answer] = recording("01a").events("CHANNEL_ANSWER")
    assert answer.uuid == recording("01a").messages()[0]["Unique-ID"]
    assert answer.variables["socket_host"] == "127.0.0.1"
    assert answer.variables["SOCKET_HOST"] == "127.0.0.1"
    assert "socket_host" in answer.variables
    assert answer.variables.get("nothing") is None
    with pytest.raises(KeyError, match=r"^'nothing'$"):
        answer.variables["nothing"]


def test_the_variables_are_a_mapping_by_bare_name() -> None:
    some = event("Event-Name: X", "variable_a: 1", "Variable_B: %32", "variables: 3")
    assert dict(some.variables) == {"a": "1", "B": "2"}
    assert len(some.variables) == 2
    assert repr(some.variables) == "<variables of <Event X>>"


def test_an_event_about_no_channel_has_no_uuid() -> None:
    assert recording("13a").events("HEARTBEAT")[0].uuid is None


@for_each(
    ("shown", "text"),
    [
        (event("Event-Name: DTMF", "DTMF-Digit: 1", "Unique-ID: 12-34"), "<Event DTMF 12-34>"),
        (event("Event-Name: HEARTBEAT"), "<Event HEARTBEAT>"),
        (
            event("Hangup-Cause: USER_BUSY", "Event-Name: CHANNEL_HANGUP"),
            "<Event CHANNEL_HANGUP USER_BUSY>",
        ),
        (
            event("Event-Name: CHANNEL_EXECUTE", "Application: " + "x" * 5000),
            f"<Event CHANNEL_EXECUTE {'x' * 60}>",
        ),
        (JsonEvent(b'{"Event-Name": "DTMF"}'), "<Event DTMF>"),
        (JsonEvent(b"no"), "<Event: an event is not JSON (Expecting value: line 1 column 1 "),
        (reply("+OK"), "<CommandReply +OK>"),
        (reply("x" * 5000), "<CommandReply 5000 characters>"),
        (ApiResponse(b"", b"x" * 5000), "<ApiResponse 5000 characters>"),
        (LogData(b"", b"12345"), "<LogData 5 bytes>"),
    ],
)
def test_a_message_has_a_one_line_repr(shown: Message, text: str) -> None:
    assert repr(shown).startswith(text)
    assert len(repr(shown)) < 200


# Replies


@for_each(
    ("text", "ok"),
    [
        ("+OK", True),
        ("+OK will linger 10 seconds", True),
        ("-ERR command not found", False),
        ("1001", True),
        ("", True),
    ],
)
def test_a_reply_tells_whether_the_command_was_taken(text: str, ok: bool) -> None:
    assert reply(text).text == text
    assert reply(text).ok is ok


def test_the_value_of_a_reply_is_raw() -> None:
    assert "héllo wörld: 100% & <ok>" in replies("12j")
    assert reply("%41").text == "%41"


def test_getvar_may_answer_with_a_line_break() -> None:
    assert "body with a\nnewline, 100% & h\u00e9llo" in replies("07e")


@for_each("value", ["two\nlines", " blanks  ", "a: b", "  ", "50%", "%0A"])
def test_getvars_answer_is_kept_verbatim(value: str) -> None:
    assert reply(value)["Reply-Text"] == value


def test_a_variable_that_ends_in_line_breaks_does_no_harm() -> None:
    first, second = Parser().feed(
        b"Content-Type: command/reply\nReply-Text: value\n\n\n\n"
        b"Content-Type: command/reply\nReply-Text: +OK\n\n"
    )
    assert isinstance(first, CommandReply)
    assert isinstance(second, CommandReply)
    assert (first.text, second.text) == ("value", "+OK")


def test_a_reply_may_have_headers_of_its_own() -> None:
    jobs = [each for each in recording("09a").messages() if "Job-UUID" in each]
    [second] = [each for each in jobs if each["Job-UUID"] == "my-job-1" and "Reply-Text" in each]
    assert second["Reply-Text"] == "+OK Job-UUID: my-job-1"


def test_a_reply_without_a_text_is_empty() -> None:
    [message] = Parser().feed(b"Content-Type: command/reply\n\n")
    assert isinstance(message, CommandReply)
    assert message.text == ""


@for_each(
    ("body", "text", "ok"),
    [
        (b"+OK\n", "+OK", True),
        (b"true", "true", True),
        (b"_undef_", "_undef_", True),
        (b"-ERR No input\n", "-ERR No input", False),
        (b"-USAGE: <uuid>\n", "-USAGE: <uuid>", False),
        (b"", "", True),
        (b"one\n\ntwo\n", "one\n\ntwo", True),
    ],
)
def test_what_an_api_command_printed_is_its_body(body: bytes, text: str, ok: bool) -> None:
    head = [("Content-Type", "api/response"), ("Content-Length", str(len(body)))]
    [response] = Parser().feed(encode_message(head, body))
    assert isinstance(response, ApiResponse)
    assert response.body == body.decode()
    assert response.text == text
    assert response.ok is ok


def test_recorded_api_bodies_may_end_in_a_line_break_or_not() -> None:
    bodies = [each.body for each in recording("09a").messages() if isinstance(each, ApiResponse)]
    assert "FreeSWITCH Version 1.10.12-release~64bit ( 64bit)\n" in bodies
    assert "1001" in bodies
    assert "true" in bodies
    assert "+OK\n" in bodies


# Notices, logs, and what an inbound socket receives


def test_a_disconnect_notice_tells_whether_the_connection_stays() -> None:
    lingers, ends = (
        each for each in recording("01a").messages() if isinstance(each, DisconnectNotice)
    )
    assert lingers.lingers
    assert lingers["Linger-Time"] == "10"
    assert lingers.body == ""
    assert not ends.lingers
    assert ends["Content-Disposition"] == "disconnect"
    assert ends.body.startswith("Disconnected, goodbye.\n")


def test_a_disconnect_notice_without_a_disposition_does_not_linger() -> None:
    [notice] = [each for each in recording("13b").messages() if isinstance(each, DisconnectNotice)]
    assert "Content-Disposition" not in notice
    assert not notice.lingers


def test_every_linger_notice_names_its_channel() -> None:
    for each in recordings():
        channels = {message.get("Unique-ID") for message in each.messages()}
        for notice in each.messages():
            if isinstance(notice, DisconnectNotice) and notice.lingers:
                assert notice["Controlled-Session-UUID"] in channels


def test_a_log_line_has_a_level_and_a_text() -> None:
    lines = [each for each in recording("12i").messages() if isinstance(each, LogData)]
    assert len(lines) > 100
    [line] = [each for each in lines if "an error line" in each.body and "[ERR]" in each.body]
    assert line["Log-Level"] == "3"
    assert line["Log-File"] == "mod_dptools.c"
    assert line.body.endswith(" an error line\n")


@pytest.mark.parametrize("name", ["13a", "13b", "13c", "13d"])
def test_an_inbound_socket_begins_with_an_auth_request(name: str) -> None:
    assert isinstance(recording(name).messages()[0], AuthRequest)


def test_a_switch_may_reject_the_connection() -> None:
    body = b"Access Denied, go away.\n"
    head = [("Content-Type", "text/rude-rejection"), ("Content-Length", str(len(body)))]
    [message] = Parser().feed(encode_message(head, body))
    assert isinstance(message, RudeRejection)
    assert message.body == "Access Denied, go away.\n"


@for_each("value", ["9" * 19, "9" * 400, "9" * 5000, "-1", "1.5", "\u00b2", ""])
def test_an_impossible_duration_is_none(value: str) -> None:
    found = event(f"variable_mduration: {quote(value)}", f"variable_billmsec: {quote(value)}")
    assert found.duration is None
    assert found.billsec is None


def test_a_line_without_a_colon_is_no_header() -> None:
    assert dict(event("A: 1", "no colon", "B: 2")) == {"A": "1", "B": "2"}
    assert event("A: 1", "no colon", "B: 2")["A"] == "1"


def test_an_empty_event_is_empty() -> None:
    assert dict(Event(b"")) == {}
    assert Event(b"").name == ""
    assert Event(b"").uuid is None
    assert repr(Event(b"")) == "<Event>"


def test_a_line_of_the_body_is_no_header_even_right_after_the_blank_line() -> None:
    event = Event(b"Event-Name: CUSTOM\nContent-Length: 15\n\nUnique-ID: b-leg\nX: y\n")
    for _ in range(2):  # also after a first look at what stands further behind
        assert "X" not in event
        assert event.uuid is None
        assert "Unique-ID" not in event
    assert event.body == "Unique-ID: b-leg\nX: y\n"


@pytest.mark.parametrize("variable", [b"", b"variable_a: 1\n"])
def test_what_is_looked_up_after_its_variables_is_not_found_in_its_body(variable: bytes) -> None:
    head = b"Event-Name: CUSTOM\n" + variable + b"Content-Length: 27"
    event = Event(head + b"\n\nUnique-ID: u\nvariable_b: 2")
    assert event.has_variables == bool(variable)
    assert event.uuid is None
    assert event.uuid is None  # still
    assert event.variables.get("b") is None
    assert event.get("Content-Length") == "27"


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize(
    ("raw", "is_about"),
    [
        (b"Event-Name: DTMF\nUnique-ID: u-1\nvariable_a: 1", True),
        (b"Unique-ID: u-1\nEvent-Name: DTMF", True),
        (b"Event-Name: DTMF\nUnique-ID: u-1", True),
        (b"Event-Name: DTMF\nunique-id: u%2D1\nvariable_a: 1", True),
        (b"Event-Name: DTMF\nUnique-ID: u-12\nvariable_a: 1", False),
        (b"Event-Name: DTMF\nOther-Leg-Unique-ID: u-1\nvariable_a: 1", False),
        (b"Event-Name: CUSTOM\nContent-Length: 30\n\nA body\nUnique-ID: u-1\nUnique-ID", False),
        (b"Event-Name: CUSTOM", False),
    ],
)
def test_which_channel_an_event_is_about(raw: bytes, is_about: bool, asked: bool) -> None:
    event = Event(raw)
    if asked:
        assert (event.uuid == "u-1") == is_about
    assert event.is_about("u-1") == is_about
    assert (event.uuid == "u-1") == is_about
    assert event.get("variable_a", "1") == "1"


def test_a_plain_events_name_is_known_by_its_first_bytes() -> None:
    """So the thread that reads can let a handler sleep that waits for another."""
    unknown: set[str | None] = set()
    for each in recordings():
        for event in Parser().feed(each.switch_bytes):
            if type(event) is Event:
                assert event.quick_name in (None, event.get("Event-Name"))
                if event.quick_name is None and "Event-Name" in event:
                    unknown.add(event.get("Command"))
    assert unknown == {"sendevent CUSTOM", None}

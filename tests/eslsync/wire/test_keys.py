"""What a caller pressed is not in the repr of anything, unless ``redact`` lacks "DTMF"."""

from __future__ import annotations

import copy
import json
import pickle
import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from eslsync import CommandError, Digits, Event, Hangup, Outbound, Played, Session
from eslsync.protocol import ApiResponse, CommandReply, JsonEvent, XmlEvent
from eslsync.pytest_plugin import pytest_assertrepr_compare
from eslsync.wire.keys import revealed
from simulator import FreeSwitch

PIN = "8769"
#: The PIN, or one of its keys in quotes.
SHOWN = re.compile(r"8769|'[8769]'|876")
#: Where an object is, and where in a file: numbers that may be anything.
PLACE = re.compile(r"0x[0-9a-f]+|line \d+")


def shows(text: str) -> bool:
    """True if a text shows what was pressed."""
    return bool(SHOWN.search(PLACE.sub("", text)))


def walked(value: object) -> Iterator[object]:
    """A value, and what its public attributes and items contain."""
    yield value
    if isinstance(value, (tuple, list)):
        for each in value:
            yield from walked(each)
    elif type(value).__module__.startswith("eslsync"):
        for name in dir(value):
            if name in ("uuid", "content", "raw", "head", "body", "body_bytes", "text", "context"):
                continue  # of messages: as the switch has sent them
            if not name.startswith("_") and not callable(each := getattr(value, name, None)):
                yield each


def get_digits(session: Session) -> object:
    return session.channel.get_digits("ivr/ivr-enter_ext", min=4, terminators="*")


def get_an_invalid_entry(session: Session) -> object:
    return session.channel.get_digits("ivr/ivr-enter_ext", min=4, regexp="^[0-3]+$")


def play_and_get_digits(session: Session) -> object:
    return session.channel.play_and_get_digits("ivr/ivr-enter_ext", min=4)


def play_and_get_invalid_digits(session: Session) -> object:
    return session.channel.play_and_get_digits("ivr/ivr-enter_ext", min=4, regexp="[0-3]+")


def read(session: Session) -> object:
    return session.channel.read("ivr/ivr-enter_ext", min=4)


def play(session: Session) -> object:
    return session.channel.playback("ivr/ivr-enter_ext", terminators="any")


def play_in_the_background(session: Session) -> object:
    under_way = session.channel.playback("ivr/ivr-enter_ext", terminators="8", block=False)
    return under_way, under_way.wait()


def record(session: Session) -> object:
    return session.channel.record("/tmp/message.wav", terminators="any")


def wait(session: Session) -> object:
    event = session.channel.wait("DTMF", timeout=5)
    return event, event.digit, event.variables, dict(event)["Event-Name"]


def handle(session: Session) -> object:
    keys: list[str] = []
    session.channel.on_dtmf()(keys.append)
    session.channel.sleep(5)
    return keys


def ask_for_a_variable(session: Session) -> object:
    session.channel.get_digits("ivr/ivr-enter_ext", min=4)
    session.channel.set("pin", PIN)
    with pytest.raises(CommandError) as refused:
        session.api(f"uuid_getvar {PIN} pin")
    return session.send("getvar pin"), refused.value, refused.value.reply, session.channel.variables


ASKS: list[Callable[[Session], object]] = [
    get_digits,
    get_an_invalid_entry,
    play_and_get_digits,
    play_and_get_invalid_digits,
    read,
    play,
    play_in_the_background,
    record,
    wait,
    handle,
    ask_for_a_variable,
]


def called(handler: Callable[[Session], object], redact: list[str], press: str = PIN) -> None:
    """Call a handler, press some keys after a while, and hang up later."""
    with FreeSwitch(raises=False, prompts={"ivr/ivr-enter_ext": 60.0}) as switch:
        call = switch.call(Outbound(handler, redact=redact))
        call.say_nothing(1.0)
        call.press(press)
        call.hangup_after(10.0)
        call.wait()


@pytest.mark.parametrize("ask", ASKS)
def test_no_result_shows_what_was_pressed(ask: Callable[[Session], object]) -> None:
    shown: list[str] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        shown.extend(map(repr, walked(ask(session))))
        shown.extend(map(repr, walked((session, session.channel, session.channel.leg))))
        session.wait("CHANNEL_HANGUP")

    called(handler, ["DTMF"])
    assert shown
    assert not [each for each in shown if shows(each)]


@pytest.mark.parametrize("ask", ASKS)
def test_no_frame_shows_what_was_pressed(
    ask: Callable[[Session], object], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the handler's frames, nor those of eslsync between it and a failing callback."""

    def handler(session: Session) -> None:
        session.channel.answer()
        pressed: list[str | None] = []

        @session.on("DTMF")
        def note(event: Event) -> None:
            key = event.digit
            pressed.append(key)
            if len(pressed) == 3:
                raise ValueError("three")

        try:
            for _ in range(3):
                entry = ask(session)
            session.wait("CHANNEL_HANGUP")
            del entry
        finally:
            with suppress(Hangup):
                ask(session)

    called(handler, ["DTMF"], PIN[:3])
    [record] = [each for each in caplog.records if each.exc_info]
    assert record.exc_info is not None
    assert record.exc_info[1] is not None
    whole = traceback.TracebackException.from_exception(record.exc_info[1], capture_locals=True)
    text = "".join(whole.format())
    assert "key = <1 key>" in text
    assert not shows(text.replace("PIN[:3]", ""))


def test_no_frame_shows_what_was_entered_before_the_hangup() -> None:
    told: list[str] = []
    entered: list[Digits | None] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        try:
            session.channel.get_digits("ivr/ivr-enter_ext", min=4, timeout=30)
        except Hangup as hangup:
            entered.append(hangup.digits)
            whole = traceback.TracebackException.from_exception(hangup, capture_locals=True)
            told.extend([*whole.format(), repr(hangup), str(hangup), repr(hangup.outcomes)])
            raise

    called(handler, ["DTMF"], PIN[:3])
    assert entered == [PIN[:3]]
    assert "<Digits: 3 digits>" in told[-1]
    assert not shows("".join(told))


def test_without_dtmf_in_redact_everything_is_shown() -> None:
    shown: list[str] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        shown.append(repr(session.channel.get_digits("ivr/ivr-enter_ext", min=1)))
        event = session.channel.wait("DTMF", timeout=5)
        shown.extend([repr(event)[:14], repr(event.digit)])
        played = session.channel.playback("ivr/ivr-enter_ext", terminators="any")
        shown.append(repr(played.terminator))
        session.channel.get_digits("ivr/ivr-enter_ext", min=4)
        shown.append(repr(session.channel.play_and_get_digits("ivr/ivr-enter_ext", min=4)))

    called(handler, [], "12*")
    assert shown == ["Digits('1')", "<Event DTMF 2 ", "'2'", "'*'"]


def test_digits_are_the_string_that_they_are() -> None:
    digits = Digits(PIN, invalid="1", terminator="#")
    assert repr(digits) == "<Digits: 4 digits, invalid=<1 key>, terminator=<1 key>>"
    assert repr(Digits(timed_out=True)) == "<Digits: 0 digits, timed_out=True>"
    assert [digits == PIN, digits[1:] == "769", {PIN: 1}[digits], hash(digits) == hash(PIN)] == [
        1
    ] * 4
    assert [str(digits), f"{digits}", "%s" % digits, digits + "1"] == [PIN, PIN, PIN, "87691"]  # noqa: UP031
    assert json.dumps([digits]) == '["8769"]'
    for each in (pickle.loads(pickle.dumps(digits)), copy.deepcopy(digits), copy.copy(digits)):
        assert (each, each.invalid, each.terminator) == (PIN, "1", "#")
        assert repr(each) == repr(digits)
    assert repr(pickle.loads(pickle.dumps(Digits(PIN, hidden=False)))) == "Digits('8769')"
    assert "'1'" not in repr(Played("FILE PLAYED", digits.invalid, 1.0))


@pytest.mark.parametrize(
    "message",
    [
        CommandReply(b"Content-Type: command/reply\nReply-Text: 8769"),
        CommandReply(b"Content-Type: command/reply\nReply-Text: -ERR 8769"),
        ApiResponse(b"Content-Type: api/response", b"8769"),
        Event(b"Event-Name: DTMF\nDTMF-Digit: 4\nUnique-ID: 12-34\n\n"),
        JsonEvent(b'{"Event-Name":"DTMF","DTMF-Digit":"4","Unique-ID":"12-34"}'),
        XmlEvent(
            b"<event><headers><Event-Name>DTMF</Event-Name><DTMF-Digit>4</DTMF-Digit></headers></event>"
        ),
        Event(b"Event-Name: X\nvariable_pin: 8769\nvariable_dtmf: '4'\n\n").variables,
    ],
    ids=repr,
)
def test_no_message_shows_a_digit(message: object) -> None:
    assert not shows(repr(message))
    assert "4 12" not in repr(message)


@pytest.mark.parametrize(
    ("left", "op", "right", "explained"),
    [
        (Digits(PIN), "==", "4712", "'8769' == '4712'"),
        (Digits(PIN), "in", ("1", "2"), "'8769' in ('1', '2')"),
        ([Digits("4")], "==", ["5"], "['4'] == ['5']"),
        ({"a": Digits("4")}, "==", {"a": "5"}, "{'a': '4'} == {'a': '5'}"),
        ({Digits("4")}, "==", {"5"}, "{'4'} == {'5'}"),
        (
            Played("x", Digits("4"), 2.0),
            "!=",
            (),
            "Played(response='x', terminator='4', seconds=2.0) != ()",
        ),
    ],
)
def test_a_failed_assert_shows_digits(
    left: object, op: str, right: object, explained: str, pytestconfig: pytest.Config
) -> None:
    told = pytestconfig.hook.pytest_assertrepr_compare(
        config=pytestconfig, op=op, left=left, right=right
    )
    assert explained == next(filter(None, told))[0]


def test_a_failed_assert_without_digits_is_explained_as_ever(pytestconfig: pytest.Config) -> None:
    endless: list[object] = []
    endless.append(endless)
    for left, right in [("8769", "4712"), ([["4"]], [["5"]]), (1, 2), (endless, [])]:
        assert revealed(left) is left
        assert pytest_assertrepr_compare(pytestconfig, "==", left, right) is None

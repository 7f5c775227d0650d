"""What callers do besides pressing keys, and where calls go besides the handler."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from eslsync import Session
from simulator import FreeSwitch
from simulator.scripts.script import Script, Step

MESSAGE = "/tmp/message.wav"


def records(session: Session) -> None:
    session.channel.answer()
    session.channel.record(MESSAGE, limit=60, silence_threshold=200, silence_seconds=2)
    session.channel.playback(MESSAGE)
    session.channel.hangup()


def test_a_recording_ends_with_the_silence_after_the_talking() -> None:
    with FreeSwitch() as switch:
        call = switch.call(records)
        call.expect("record")
        call.talk(7.0)
        call.hear(MESSAGE)
        call.wait()
    assert call.variable("record_seconds") == "9"
    assert call.duration == pytest.approx(18.1, abs=0.2)  # and is played for as long
    assert "talks for 7 s" in call.ladder()


def test_a_silent_caller_is_recorded_until_the_silence_limit() -> None:
    with FreeSwitch() as switch:
        call = switch.call(records)
        call.wait()
    assert call.variable("record_seconds") == "2"


def test_talking_in_the_middle_of_a_recording_begins_the_silence_anew() -> None:
    with FreeSwitch() as switch:
        call = switch.call(records)
        call.expect("record")
        call.say_nothing(1.5)
        call.talk(1.0)
        call.wait()
    assert call.variable("record_seconds") == "4"


def test_a_script_can_have_the_caller_talk() -> None:
    steps = [Step("expect", {"what": "record"}), Step("talk", {"seconds": 3}), Step("wait")]
    call = Script("", steps).run(records)
    assert call.variable("record_seconds") == "5"


def test_a_recording_asks_for_the_key_that_ends_it() -> None:
    def until_hash(session: Session) -> None:
        session.channel.answer()
        session.channel.record(MESSAGE, limit=60, terminators="#")
        session.channel.playback("thanks")
        session.channel.play_and_get_digits("menu", min=1, max=1)
        session.channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(until_hash)
        call.press("#", when_asked=True)
        call.press("1", when_asked=True)  # when it is asked again
        call.wait()
    assert call.heard == ["thanks", "menu"]
    assert call.variable("record_seconds") == "0"


def test_a_recording_that_no_key_ends_asks_for_none() -> None:
    def for_three_seconds(session: Session) -> None:
        session.channel.answer()
        session.channel.record(MESSAGE, limit=3, terminators="")
        session.channel.play_and_get_digits("menu", min=1, max=1)
        session.channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(for_three_seconds)
        call.press("1", when_asked=True)
        assert call.duration > 3.0
        call.wait()


def transfers(session: Session) -> None:
    session.channel.answer()
    session.channel.transfer("6001")


EXTENSIONS = {"6": [("playback", "too short")], "60(0.)": [("playback", "desk $1")]}


def test_a_call_is_transferred_to_an_extension_whose_whole_number_matches() -> None:
    with FreeSwitch(extensions=EXTENSIONS) as switch:
        call = switch.call(transfers)
        call.hear("desk 01")
        call.wait()
    assert call.heard == ["desk 01"]


def test_an_extension_that_is_no_regular_expression_is_refused() -> None:
    with pytest.raises(ValueError, match=r"extension '60\('"):
        FreeSwitch(extensions={"60(": []})


def test_a_script_has_extensions_phrases_and_speech_engines() -> None:
    def speaks(session: Session) -> None:
        session.channel.answer()
        session.channel.phrase("greet", "ivr/hello")
        session.channel.speak("good day", engine="flite", voice="kal")
        session.channel.transfer("6001")

    script = Script.parse(
        "handler: ivr.py\n"
        "call:\n"
        '  extensions: {"60(0.)": [answer, {playback: desk}]}\n'
        "  phrases: {greet: [{play-file: $1}]}\n"
        "  speech_engines: [flite]\n"
        "steps: [wait]\n"
        "expect: {heard: [ivr/hello, good day, desk]}\n"
    )
    assert Script.parse(script.dump()) == script
    script.run(speaks)


def test_a_callers_number_stays_the_one_they_called_from() -> None:
    def waits(session: Session) -> None:
        session.channel.answer()
        session.channel.sleep(60)

    def joins(session: Session) -> None:
        session.channel.answer()
        session.api(f"uuid_bridge {session.uuid} {first.uuid}")
        session.channel.sleep(60)

    with FreeSwitch(raises=False) as switch:
        first = switch.call(waits, caller="1001")
        first.say_nothing(1.0)
        second = switch.call(joins, caller="1002")
        second.say_nothing(3.0)
        assert (first.number, second.number) == ("1001", "1002")
        assert (first.bridged, second.bridged) == (["1002"], ["1001"])


def test_callers_who_press_and_hang_up_at_given_moments_are_all_played_at_once() -> None:
    def waits(session: Session) -> None:
        session.channel.answer()
        while True:
            session.channel.playback(f"digits/{session.channel.wait('DTMF').digit}")

    with FreeSwitch() as switch:
        calls = [switch.call(waits) for _ in range(3)]
        for number, call in enumerate(calls, 1):
            call.press_after(number, f"{number}0", gap=3.0)
            call.hangup_after(10.0)
        calls[0].wait()
    assert [call.heard for call in calls] == [
        ["digits/1", "digits/0"],
        ["digits/2", "digits/0"],
        ["digits/3", "digits/0"],
    ]
    assert "    4.000   ├─ presses 0" in calls[0].ladder()


def test_a_key_that_is_due_after_the_end_of_the_call_is_not_pressed() -> None:
    with FreeSwitch() as switch:
        call, other = switch.call(records), switch.call(records)
        call.press_after(5.0, "1")
        call.hangup_after(4.0)
        other.wait()
    assert "presses" not in call.ladder()
    with FreeSwitch() as switch, pytest.raises(ValueError, match="keys 0-9"):
        switch.call(records).press_after(1.0, "one")


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("conference::maintenance", "write 'CUSTOM conference::maintenance'"),
        ("channel_answer", "did you mean 'CHANNEL_ANSWER'"),
        ("playbakc", "or the application 'playback'"),
        ("CS_EXECUTE", "ChannelState.EXECUTE"),
    ],
)
def test_expecting_what_can_never_come_is_refused(what: str, said: str) -> None:
    with FreeSwitch() as switch:
        call = switch.call(lambda session: session.channel.answer())
        with pytest.raises(ValueError, match=re.escape(said)):
            call.expect(what)
        call.wait()


def test_a_custom_event_is_expected_by_its_subclass() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.execute("event", "Event-Name=CUSTOM,Event-Subclass=my::own")
        session.channel.sleep(1)

    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.expect("CUSTOM my::own")
        call.wait()


def test_a_cause_that_does_not_exist_is_an_error(freeswitch: FreeSwitch) -> None:
    call = freeswitch.call(lambda session: None)
    with pytest.raises(ValueError, match=r"NORMAL_CLEERING.*NORMAL_CLEARING"):
        call.hangup("NORMAL_CLEERING")
    with pytest.raises(ValueError, match="USER_BUZY"):
        freeswitch.endpoint("user/1000", rejects="USER_BUZY")


def test_a_notebook_shows_the_ladder_of_a_call_and_of_its_transcript() -> None:
    with FreeSwitch() as switch:
        call = switch.call(records)
        call.wait()
    picture = call._repr_svg_()
    assert picture == call.ladder("svg")
    for shown in (picture, call.transcript._repr_svg_()):
        assert "answers" in ElementTree.canonicalize(shown)

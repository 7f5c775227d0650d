"""What callers try, depending on what the handler asks for."""

from __future__ import annotations

from collections.abc import Callable

from eslsync import Hangup, Session
from simulator import explore
from tests.support.explored import found

Handler = Callable[[Session], object]


def asked_first(handler: Handler, keys: str) -> set[str]:
    """The map's labels of what callers do where the handler first asks for something."""
    exploration = explore(handler, keys=keys)
    asked = next(node for node in exploration.nodes if node.situation.asks)
    return {edge.label for edge in asked.edges}


def asks_for_a_key(session: Session) -> None:
    session.channel.answer()
    session.channel.get_digits("menu", regexp="[12]", tries=1)
    session.channel.hangup()


def asks_for_two_to_four(session: Session) -> None:
    session.channel.answer()
    session.channel.get_digits("number", min=2, max=4, regexp="^1[0-9]+$", tries=2)
    session.channel.hangup()


def takes_a_message(session: Session) -> None:
    session.channel.answer()
    session.channel.record("/tmp/message.wav", limit=30)
    session.channel.hangup()


def listens_for_1(session: Session) -> None:
    session.channel.answer()

    @session.channel.on_dtmf("1")
    def one(digit: str) -> None:
        session.channel.hangup()

    session.channel.playback("welcome", terminators="none")
    session.channel.hangup()


def test_each_key_and_silence_are_tried_at_a_menu() -> None:
    tried = asked_first(asks_for_a_key, "129#")
    assert {"1", "2", "9", "silence"} <= tried


def test_valid_invalid_and_too_short_numbers_are_tried() -> None:
    tried = asked_first(asks_for_two_to_four, "0123456789#")
    entered = {label for label in tried if label.strip("#").isdigit()}
    valid = {each.strip("#") for each in entered if each.startswith("1")}
    assert {2, 4} <= {len(each) for each in valid}
    assert any(not each.startswith("1") and len(each.strip("#")) >= 2 for each in entered)
    assert any("too short" in label for label in tried)
    assert any(label.endswith(" 2 times") for label in tried)  # wrong as often as it may be
    assert any("during the prompt" in label for label in tried)


def test_callers_speak_into_a_recording() -> None:
    exploration = explore(takes_a_message, keys="1#")
    labels = {edge.label for node in exploration.nodes for edge in node.edges}
    assert {"speaks", "# at once"} <= labels


def test_one_key_stands_for_all_that_nobody_listens_for() -> None:
    exploration = explore(listens_for_1, keys="12345")
    pressed = {edge.keys for node in exploration.nodes for edge in node.edges if edge.what == "key"}
    assert "1" in pressed
    assert len(pressed - {"1"}) == 1


def asks_for_a_number(session: Session) -> None:
    session.channel.answer()
    pin = session.channel.get_digits("number", min=4, max=4)
    if pin[:2] == "47" or pin.endswith("99") or pin[-1] == "0":
        session.channel.playback("known")
    session.channel.hangup()


def test_a_star_inside_of_an_entry_and_the_ends_that_the_code_names_are_tried() -> None:
    assert {"1*34", "4712", "1299", "1230"} <= asked_first(asks_for_a_number, "0123456789*#")


def looks_at_the_length(session: Session) -> None:
    @session.on_hangup
    def over(hangup: Hangup) -> None:
        if hangup.recorded and int(hangup.recorded.seconds) == 3:
            raise KeyError("three")

    session.channel.answer()
    session.channel.record("/var/spool/message.wav", limit=60.0)
    session.channel.hangup()


def test_callers_hang_up_in_the_middle_of_a_recording() -> None:
    assert "after-hangup" in found(explore(looks_at_the_length, keys="1"))


TIMES = {"start-input-timers": False, "no-input-timeout": 3000}


def asks_for_a_department(session: Session) -> None:
    channel = session.channel
    channel.answer()
    speech = channel.play_and_detect_speech(
        "department", "vosk", "departments", parameters=TIMES, terminators="0"
    )
    if speech in ("billing", "human resources"):
        channel.playback(f"{speech}")
    elif not speech.timed_out:
        channel.playback("not-understood")
    channel.hangup()


def listens_while_it_plays(session: Session) -> None:
    channel = session.channel
    channel.answer()
    recognition = channel.detect_speech("vosk", "departments", parameters=TIMES)
    channel.playback("department")
    recognition.start_input_timers()
    channel.playback(str(recognition.wait()) or "nothing")
    channel.hangup()


def test_phrases_silence_keys_and_what_nobody_understands_are_tried_where_it_listens() -> None:
    """The phrases are those that the code compares, if no recognizer has any."""
    labels = asked_first(asks_for_a_department, "01")
    assert labels == {
        "says billing",
        "says human resources",
        "says something else",
        "says billing during the prompt",
        "0",
        "1",  # stands for those that nobody listens for
        "silence",
    }


def test_the_phrases_of_a_recognizer_are_tried_and_those_of_the_user() -> None:
    way = {"recognizers": {"vosk": {"departments": ["sales", "billing"]}}}
    exploration = explore(listens_while_it_plays, keys="1", circumstances=[way], says=["hello"])
    labels = {edge.label for edge in exploration.edges if edge.label.startswith("says")}
    phrases = {"says sales", "says billing", "says hello", "says something else"}
    assert labels == phrases | {"says hello during the prompt"}
    played = {node.title for node in exploration.nodes}
    assert played == {"department", "listens", "sales", "billing", "nothing"}
    exploration.check()


def fails_at_a_word(session: Session) -> None:
    session.channel.answer()
    speech = session.channel.play_and_detect_speech("department", "vosk", "departments")
    session.channel.playback({"sales": "sales"}[speech] if speech else "nothing")
    session.channel.hangup()


def test_a_finding_has_a_script_that_says_it() -> None:
    exploration = explore(fails_at_a_word, keys="1", workers=1)
    finding = next(each for each in exploration.findings if each.kind == "raises")
    assert "KeyError" in finding.text
    assert 'says: "something else"' in (exploration.script(finding) or "")

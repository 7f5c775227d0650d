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
    session.channel.get_digits("menu", valid="[12]", tries=1)
    session.channel.hangup()


def asks_for_two_to_four(session: Session) -> None:
    session.channel.answer()
    session.channel.get_digits("number", min=2, max=4, valid="1[0-9]+", tries=2)
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

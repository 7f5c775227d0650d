"""The same attempts with other far ends, at other times, by other callers."""

from __future__ import annotations

from eslsync import CommandError, HangupCause, Session
from simulator import explore
from tests.support.explored import found


def asks_whether_to_connect(session: Session) -> None:
    channel = session.channel
    channel.answer()
    try:
        desk = session.originate("user/1000", ring_timeout=20)
    except CommandError:
        channel.playback("nobody-there")
    else:
        if desk.get_digits("press-1-to-accept", timeout=10.0) == "1":
            channel.bridge(desk)
        channel.playback("goodbye")
    channel.hangup()


def test_a_far_end_hangs_up_in_the_moment_it_accepts() -> None:
    exploration = explore(asks_whether_to_connect, keys="12")
    labels = {edge.label for edge in exploration.edges}
    assert "user/1000 presses 1 and hangs up" in labels
    assert "user/1000 presses 2 and hangs up" not in labels


def greets_its_own(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.playback("welcome" if session.caller_number == "2001" else "hello")
    channel.get_digits("menu", regexp="[12]")
    channel.playback("goodbye")
    channel.hangup()


def test_callers_who_come_to_the_same_situation_do_not_explore_it_again() -> None:
    exploration = explore(greets_its_own, keys="12")
    labels = {edge.label for edge in exploration.edges}
    assert "caller 2001" in labels
    assert [node.situation.prompt for node in exploration.nodes].count("menu") == 2  # and anonymous


def misspells_an_endpoint(session: Session) -> None:
    session.channel.answer()
    if not session.channel.bridge("usr/2000").answered:
        session.channel.playback("nobody")
    session.channel.hangup()


def test_a_far_end_that_no_dial_string_reaches_is_told_and_not_varied() -> None:
    assert found(explore(misspells_an_endpoint, keys="1")) == ["refused"]


def thanks_for_a_long_call(session: Session) -> None:
    session.channel.answer()
    outcome = session.channel.bridge("user/2000")
    if outcome.seconds > 90:
        session.channel.playback("long")
    session.channel.playback("thanks" if outcome.answered else "nobody")
    session.channel.hangup()


def test_far_ends_talk_as_long_as_the_code_compares() -> None:
    exploration = explore(thanks_for_a_long_call, keys="")
    exploration.check()
    assert "long" in {node.situation.prompt for node in exploration.nodes}


def names_causes(session: Session) -> None:
    session.channel.answer()
    outcome = session.channel.bridge("user/2000")
    if not outcome.answered:
        session.channel.playback("rejected" if outcome.cause == "CALL_REJECTED" else "nobody")
    session.channel.hangup()


WORDS = {"USER_NOT_REGISTERED": "switched-off", "CALL_REJECTED": "rejected"}


def knows_more_causes(session: Session) -> None:
    session.channel.answer()
    outcome = session.channel.bridge("user/2000")
    if outcome.cause == HangupCause.NORMAL_CIRCUIT_CONGESTION:
        session.channel.playback("all-lines-busy")
    elif not outcome.answered:
        session.channel.playback(WORDS.get(str(outcome.cause), "nobody"))
    session.channel.hangup()


def test_a_far_end_refuses_the_call_with_each_cause_that_the_code_names() -> None:
    exploration = explore(knows_more_causes, keys="1")
    exploration.check()
    heard = {node.situation.prompt for node in exploration.nodes}
    assert heard >= {"all-lines-busy", "switched-off", "rejected", "nobody"}


def test_a_far_end_also_rejects_the_call_if_the_code_looks_at_the_cause() -> None:
    exploration = explore(names_causes, keys="1")
    exploration.check()
    assert "rejected" in {node.situation.prompt for node in exploration.nodes}

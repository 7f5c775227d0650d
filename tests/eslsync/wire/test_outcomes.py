"""What the hangup ended is told by the `Hangup`, and each outcome is of its own application."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from eslsync import (
    Bridged,
    Channel,
    Digits,
    Event,
    Hangup,
    HangupCause,
    Outbound,
    Played,
    Recorded,
    Session,
)
from simulator import Call, FreeSwitch
from tests.support.peer import call as peer_call
from tests.support.peer import changed

MESSAGE = "/tmp/message.wav"


def hung_up_in(
    work: Callable[[Session, Channel], object],
    caller: Callable[[Call], object],
    *,
    events: bool | list[str] = True,
    far_end: Mapping[str, Any] | None = None,
) -> Hangup:
    """The Hangup that the handler's work ends with."""
    raised: list[Hangup] = []
    told: list[Hangup] = []

    def handler(session: Session) -> None:
        session.on_hangup(told.append)
        session.channel.answer()
        try:
            work(session, session.channel)
        except Hangup as hangup:
            raised.append(hangup)

    with FreeSwitch(prompts={"moh/music": 600.0}) as switch:
        switch.endpoint("user/1000", **(far_end or {}))
        call = switch.call(Outbound(handler, events=events))
        caller(call)
        call.hangup()
    assert told[0].outcomes == raised[0].outcomes, "the callback is told the same"
    return raised[0]


def silence(application: str, seconds: float) -> Callable[[Call], None]:
    def caller(call: Call) -> None:
        call.expect(application)
        call.say_nothing(seconds)

    return caller


@pytest.mark.parametrize("events", [True, ["DTMF"]])
def test_a_message_that_the_hangup_ends_has_its_length(events: bool | list[str]) -> None:
    hangup = hung_up_in(
        lambda _, channel: channel.record(MESSAGE), silence("record", 7), events=events
    )
    assert hangup.recorded is not None
    assert hangup.recorded._replace(seconds=7) == Recorded(MESSAGE, 7, None)
    assert hangup.recorded.seconds == pytest.approx(7, abs=0.05)
    assert (hangup.bridged, hangup.digits, hangup.played) == (None, None, None)
    assert hangup.outcomes == (hangup.recorded,)


def test_a_conversation_that_the_hangup_ends_has_its_length() -> None:
    hangup = hung_up_in(
        lambda _, channel: channel.bridge("user/1000"),
        silence("CHANNEL_BRIDGE", 42),
        far_end={"answers_after": 5.0},
    )
    bridged = hangup.bridged
    assert bridged is not None
    assert bridged.answered
    assert bridged.seconds == pytest.approx(42, abs=0.05)
    assert bridged.channel == "user/1000"
    assert hangup.event is not None
    assert bridged.uuid == hangup.event.variables["last_bridge_to"]
    assert hangup.event.billsec == pytest.approx(47, abs=0.1)


def test_a_caller_who_hangs_up_while_it_rings_was_not_bridged() -> None:
    hangup = hung_up_in(
        lambda _, channel: channel.bridge("user/1000"),
        silence("bridge", 3),
        far_end={"answers_after": None},
    )
    assert hangup.bridged == Bridged(False, HangupCause.ORIGINATOR_CANCEL, None, 0.0)


def test_a_busy_far_end_that_is_passed_on_was_not_bridged() -> None:
    hangup = hung_up_in(
        lambda _, channel: channel.bridge("user/1000", hangup_on_fail=True),
        lambda call: call.wait(),
        far_end={"rejects": "USER_BUSY"},
    )
    assert hangup.cause is HangupCause.USER_BUSY
    assert hangup.bridged == Bridged(False, HangupCause.USER_BUSY, None, 0.0)


def test_a_bridge_of_two_legs_that_the_hangup_ends_has_its_length() -> None:
    def work(session: Session, channel: Channel) -> None:
        channel.bridge(session.originate("user/1000"))

    bridged = hung_up_in(work, silence("CHANNEL_BRIDGE", 12)).bridged
    assert bridged is not None
    assert bridged.answered
    assert bridged.uuid
    assert bridged.seconds == pytest.approx(12, abs=0.1)


@pytest.mark.parametrize(
    "collect",
    [
        lambda _, channel: channel.play_and_get_digits("moh/music", min=4),
        lambda _, channel: channel.read("moh/music", min=4),
        lambda _, channel: channel.get_digits("moh/music", min=4),
        lambda _, channel: channel.get_digits(min=4),
    ],
)
@pytest.mark.parametrize("keys", ["", "12"])
def test_digits_that_were_entered_before_the_hangup_are_told(
    collect: Callable[[Session, Channel], object], keys: str
) -> None:
    def caller(call: Call) -> None:
        call.expect("answer")
        call.say_nothing(0.5)
        if keys:
            call.press(keys)
        call.say_nothing(0.5)

    hangup = hung_up_in(collect, caller)
    assert hangup.digits == keys
    assert isinstance(hangup.digits, Digits)


def test_a_prompt_that_the_hangup_cut_is_told() -> None:
    hangup = hung_up_in(lambda _, channel: channel.playback("moh/music"), silence("playback", 3))
    assert hangup.played is not None
    assert hangup.played.terminator is None
    assert hangup.played.seconds == pytest.approx(3.0, abs=0.1)


def test_an_application_without_a_method_is_told_by_its_completion() -> None:
    hangup = hung_up_in(lambda _, channel: channel.execute("record", MESSAGE), silence("record", 2))
    [completed] = hangup.outcomes
    assert isinstance(completed, Event)
    assert completed.name == "CHANNEL_EXECUTE_COMPLETE"
    assert completed.variables["record_ms"] == "2020"
    assert hangup.recorded is None


def test_what_ended_before_the_hangup_is_not_told_again() -> None:
    def work(_: Session, channel: Channel) -> None:
        channel.record(MESSAGE, limit=1)
        channel.bridge("user/1000")
        channel.wait("DTMF")

    def caller(call: Call) -> None:
        call.expect("CHANNEL_UNBRIDGE")
        call.say_nothing(1)

    hangup = hung_up_in(work, caller, far_end={"hangs_up_after": 2.0})
    assert hangup.outcomes == ()
    assert (hangup.recorded, hangup.bridged, hangup.digits) == (None, None, None)


def test_a_message_that_could_not_be_written_has_no_length() -> None:
    """FreeSWITCH hangs up then, and leaves the length of the message before."""
    hangup = hung_up_in(
        lambda _, channel: (channel.record(MESSAGE, limit=1), channel.record(MESSAGE)),
        silence("record", 0.5),
    )
    assert hangup.recorded is not None
    assert hangup.recorded.seconds > 0, "that one was written"


@pytest.mark.parametrize("socket", ["full", ""])
def test_a_sync_socket_can_ask_for_the_variables_instead(socket: str) -> None:
    told: list[object] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        try:
            session.channel.record(MESSAGE)
        except Hangup as hangup:
            told.append(hangup.outcomes)
            if socket:
                told.append(session.getvar("record_ms"))

    with FreeSwitch() as switch:
        call = switch.call(handler, socket=socket)
        call.expect("record")
        call.say_nothing(7)
        call.hangup()
    assert told == ([(), "7020"] if socket else [()])


def test_the_hangup_of_another_leg_tells_what_ran_there() -> None:
    raised: list[Hangup] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        agent = session.originate("user/1000")
        try:
            agent.record(MESSAGE)
        except Hangup as hangup:
            raised.append(hangup)
        session.channel.hangup()

    with FreeSwitch() as switch:
        switch.endpoint("user/1000", hangs_up_after=4.0)
        switch.call(handler).wait()
    assert raised[0].recorded is not None
    assert raised[0].recorded.seconds == pytest.approx(4, abs=0.2)


@pytest.mark.parametrize(
    ("name", "work", "expected"),
    [
        (
            "10d",
            lambda channel: channel.bridge("loopback/hold/default"),
            Bridged(
                True,
                HangupCause.NORMAL_CLEARING,
                "f4d1c801-9d91-40c6-8a55-5076de714f23",
                1.519976,
                "loopback/hold-a",
            ),
        ),
        (
            "10e",
            lambda channel: channel.bridge("loopback/noanswer/default"),
            Bridged(False, HangupCause.ORIGINATOR_CANCEL, None, 0.0),
        ),
        (
            "21b",
            lambda channel: channel.record("/srv/fs/recordings/m6.wav"),
            Recorded("/srv/fs/recordings/m6.wav", 1.94, None),
        ),
    ],
)
def test_what_the_hangup_ended_in_a_recording(
    name: str, work: Callable[[Channel], object], expected: Bridged | Recorded
) -> None:
    """From the hangup on, the events are a real switch's."""
    with peer_call(lambda session: work(session.channel), name=name) as peer:
        peer.handshake()
        if isinstance(expected, Bridged):
            peer.run("multiset")
        uuid = peer.execute("bridge" if isinstance(expected, Bridged) else "record")
        peer.say(
            *(
                changed(each, {"Application-UUID": uuid}) if b"_EXECUTE_COMPLETE" in each else each
                for each in peer.tail()
            )
        )
        peer.await_handler()
    assert isinstance(peer.raised, Hangup)
    assert peer.raised.outcomes == (expected,)


def test_every_later_hangup_tells_it_too() -> None:
    told = []

    def handler(session: Session) -> None:
        session.channel.answer()
        for wait in (
            lambda: session.channel.record(MESSAGE),
            lambda: session.channel.wait("DTMF"),
            lambda: session.channel.get_digits(min=1),
        ):
            try:
                wait()
            except Hangup as hangup:
                told.append((hangup.recorded is not None, hangup.digits))

    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.expect("record")
        call.say_nothing(1)
        call.hangup()
    assert told == [(True, None), (True, None), (True, "")]


def test_a_hangup_can_be_copied_and_pickled() -> None:
    hangup = Hangup(HangupCause.NORMAL_CLEARING, None, (Recorded(MESSAGE, 7.0, None), "other"))
    for each in (copy.copy(hangup), pickle.loads(pickle.dumps(hangup))):
        assert each.outcomes == hangup.outcomes
        assert each.recorded == Recorded(MESSAGE, 7.0, None)
        assert each.args == hangup.args


# Each outcome is of its own application


def bridges(
    *before: tuple[str, str],
    work: Callable[[Channel], object] = lambda channel: None,
    after: tuple[tuple[str, str], ...] = (),
) -> tuple[list[Bridged], list[Played], Call]:
    """Three bridges with prompts between them, in a call for which the dialplan has set things."""
    outcomes: list[Bridged] = []
    plays: list[Played] = []

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        work(channel)
        for _ in range(3):
            outcomes.append(channel.bridge("user/1000"))
            plays.append(channel.playback("ivr/ivr-again"))

    with FreeSwitch(raises=False, extensions={"survey": [("playback", "survey")]}) as switch:
        switch.endpoint("user/1000", answers_after=1.0, hangs_up_after=5.0)
        call = switch.call(handler, before=[("set", f"{n}={v}") for n, v in before], after=after)
        call.wait(timeout=300)
    return outcomes, plays, call


@pytest.mark.parametrize(
    "before",
    [
        ("park_after_bridge", "true"),
        ("transfer_after_bridge", "survey"),
        ("hangup_after_bridge", "true"),
        ("hangup_after_bridge", "explicit"),
        ("continue_on_fail", "false"),
    ],
)
def test_what_the_dialplan_wants_after_a_bridge_waits_until_the_call_is_given_back(
    before: tuple[str, str],
) -> None:
    outcomes, plays, call = bridges(before, after=(("playback", f"${{{before[0]}}}"),))
    assert len({each.uuid for each in outcomes}) == 3
    assert [each.answered for each in outcomes] == [True] * 3
    assert [each.seconds for each in outcomes] == pytest.approx([5.0] * 3, abs=0.1)
    assert [each.response for each in plays] == ["FILE PLAYED"] * 3
    assert call.given_back
    assert call.heard[-1] == before[1]


def test_what_the_handler_wants_after_a_bridge_is_done() -> None:
    _, _, call = bridges(work=lambda channel: channel.set("transfer_after_bridge", "survey"))
    assert "survey" in call.heard


def test_a_bridge_that_connects_nobody_does_not_tell_of_the_one_before() -> None:
    """A parked caller is on their way elsewhere, and FreeSWITCH lets go of whoever answers."""
    outcomes, _, _ = bridges(work=lambda channel: channel.set("park_after_bridge", "true"))
    answered = [each for each in outcomes if each.answered]
    assert len({each.uuid for each in answered}) == len(answered) == 2
    assert outcomes[2]._replace(cause=None) == Bridged(False, None, None, 0.0)


def test_an_earlier_bridges_cause_is_not_told_again() -> None:
    outcomes: list[Bridged] = []

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        outcomes.append(channel.bridge("user/1000"))
        session.on("CHANNEL_BRIDGE", lambda event: transfer_away(session, event))
        outcomes.append(channel.bridge("user/1001"))
        channel.hangup()

    def transfer_away(session: Session, event: Event) -> None:
        session.api(f"uuid_transfer {event['Bridge-B-Unique-ID']} elsewhere")

    with FreeSwitch(extensions={"elsewhere": [("sleep", "1000")]}) as switch:
        switch.endpoint("user/1000", hangs_up_after=1.0, cause="ALLOTTED_TIMEOUT")
        switch.endpoint("user/1001")
        switch.call(handler).wait(timeout=60)
    assert [each.cause for each in outcomes] == [HangupCause.ALLOTTED_TIMEOUT, None]
    assert [each.answered for each in outcomes] == [True, True]


def test_digits_of_the_entry_before_are_not_told_again() -> None:
    """Nothing collects on a channel that leaves the dialplan, and nothing resets the digits."""
    entries: list[Digits] = []

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        entries.append(channel.play_and_get_digits("ivr/ivr-welcome"))
        channel.set("park_after_bridge", "true")
        for _ in range(2):
            channel.bridge("user/1000")
            channel.playback("ivr/ivr-again")
        entries.append(channel.play_and_get_digits("ivr/ivr-welcome"))
        channel.hangup()

    with FreeSwitch() as switch:
        switch.endpoint("user/1000", hangs_up_after=1.0)
        call = switch.call(handler)
        call.hear("ivr/ivr-welcome", start=True)
        call.press("1")
        call.wait(timeout=60)
    assert entries == ["1", ""]
    assert entries[1].timed_out
    assert entries[1].terminator is None


@pytest.mark.parametrize("keys", ["12", "12#"])
def test_too_few_digits_are_no_entry_whoever_collects_them(keys: str) -> None:
    """FreeSWITCH leaves them in the variable all the same (switch_ivr_read)."""
    entries: list[Digits] = []

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        entries.append(channel.play_and_get_digits("ivr/ivr-welcome", min=4))
        entries.append(channel.read("ivr/ivr-welcome", min=4))
        entries.append(channel.get_digits("ivr/ivr-welcome", min=4))
        channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(handler)
        for _ in range(3):
            call.hear("ivr/ivr-welcome", start=True)
            call.press(keys)
        call.wait(timeout=60)
    terminator = "#" if "#" in keys else None
    expected = Digits("", invalid="12", timed_out=terminator is None, terminator=terminator)
    assert [repr(each) for each in entries] == [repr(expected)] * 3


def test_the_same_digits_can_be_entered_twice() -> None:
    entries: list[Digits] = []

    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        for _ in range(2):
            entries.append(channel.play_and_get_digits("ivr/ivr-welcome", max=2, min=1))
            entries.append(channel.read("ivr/ivr-welcome", max=2, min=1))
        channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(handler)
        for _ in range(4):
            call.hear("ivr/ivr-welcome", start=True)
            call.press("1#")
        call.wait(timeout=60)
    assert entries == ["1"] * 4
    assert [each.terminator for each in entries] == ["#"] * 4

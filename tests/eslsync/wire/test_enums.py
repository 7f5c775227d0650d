"""Causes and states are FreeSWITCH's own."""

from __future__ import annotations

import pickle

from eslsync.wire.enums import ChannelState, HangupCause
from tests.support.cases import for_each
from tests.support.recorded import recordings

# switch_types.h, switch_call_cause_t, of FreeSWITCH 1.10
CODES = [
    (0, 3),
    (6, 7),
    (16, 23),
    (25, 25),
    (27, 31),
    (34, 34),
    (38, 38),
    (41, 45),
    (50, 50),
    (52, 52),
    (54, 54),
    (57, 58),
    (63, 63),
    (65, 66),
    (69, 69),
    (79, 79),
    (81, 81),
    (88, 88),
    (95, 103),
    (111, 111),
    (127, 127),
    (142, 142),
    (487, 487),
    (700, 703),
    (800, 825),
]


@for_each("cause", HangupCause)
def test_a_cause_is_its_own_name(cause: HangupCause) -> None:
    assert cause == cause.name == cause.value
    assert str(cause) == f"{cause}" == cause.name
    assert HangupCause(cause.name) is cause
    assert HangupCause[cause.name] is cause
    assert HangupCause.known(cause.name) is cause
    assert {cause: 1}[cause.name] == 1  # type: ignore[index]
    assert pickle.loads(pickle.dumps(cause)) is cause


def test_causes_have_the_numbers_of_freeswitch() -> None:
    numbers = [code for first, last in CODES for code in range(first, last + 1)]
    assert [cause.code for cause in HangupCause] == numbers


@for_each(
    ("name", "code"),
    [
        ("NONE", 0),
        ("UNALLOCATED_NUMBER", 1),
        ("NORMAL_CLEARING", 16),
        ("USER_BUSY", 17),
        ("NO_ANSWER", 19),
        ("CALL_REJECTED", 21),
        ("DESTINATION_OUT_OF_ORDER", 27),
        ("NORMAL_TEMPORARY_FAILURE", 41),
        ("RECOVERY_ON_TIMER_EXPIRE", 102),
        ("INTERWORKING", 127),
        ("SUCCESS", 142),
        ("ORIGINATOR_CANCEL", 487),
        ("CRASH", 700),
        ("MANAGER_REQUEST", 703),
        ("BLIND_TRANSFER", 800),
        ("USER_NOT_REGISTERED", 806),
        ("GATEWAY_DOWN", 809),
        ("DECLINE", 816),
        ("REJECT_ALL", 825),
    ],
)
def test_a_cause_has_its_number(name: str, code: int) -> None:
    assert HangupCause[name].code == code


def test_recorded_causes_are_known_and_have_the_recorded_number() -> None:
    seen = set()
    for recording in recordings():
        for event in recording.events("CHANNEL_HANGUP_COMPLETE"):
            cause = HangupCause.known(event["Hangup-Cause"])
            assert isinstance(cause, HangupCause)
            # Causes above Q.850 are sent to the network as normal clearing.
            told = cause.code if cause.code < 128 else HangupCause.NORMAL_CLEARING.code
            assert event.variables["hangup_cause_q850"] == str(told)
            seen.add(cause)
    assert len(seen) > 3


@for_each(
    ("name", "known"),
    [
        ("USER_BUSY", HangupCause.USER_BUSY),
        ("SOME_NEW_CAUSE", "SOME_NEW_CAUSE"),
        ("user_busy", "user_busy"),
        ("code", "code"),
        ("", None),
        (None, None),
    ],
)
def test_an_unknown_cause_stays_text(name: str | None, known: str | None) -> None:
    assert HangupCause.known(name) == known
    assert isinstance(HangupCause.known(name), HangupCause) is isinstance(known, HangupCause)


@for_each("state", ChannelState)
def test_a_state_is_what_freeswitch_calls_it(state: ChannelState) -> None:
    assert state == state.value == "CS_" + state.name
    assert str(state) == f"{state}" == state.value
    assert ChannelState(state.value) is state
    assert ChannelState[state.name] is ChannelState[state.value] is state


def test_states_are_in_the_order_of_a_call() -> None:
    assert [state.name for state in ChannelState] == [
        "NEW",
        "INIT",
        "ROUTING",
        "SOFT_EXECUTE",
        "EXECUTE",
        "EXCHANGE_MEDIA",
        "PARK",
        "CONSUME_MEDIA",
        "HIBERNATE",
        "RESET",
        "HANGUP",
        "REPORTING",
        "DESTROY",
        "NONE",
    ]


def test_recorded_states_are_known() -> None:
    recorded = {
        ChannelState(event["Channel-State"])
        for recording in recordings()
        for event in recording.events()
        if "Channel-State" in event
    }
    assert {ChannelState.EXECUTE, ChannelState.HANGUP, ChannelState.NONE} <= recorded


@for_each(
    ("state", "ended"),
    [
        (ChannelState.NEW, False),
        (ChannelState.EXECUTE, False),
        (ChannelState.NONE, False),
        (ChannelState.HANGUP, True),
        (ChannelState.REPORTING, True),
        (ChannelState.DESTROY, True),
    ],
)
def test_a_state_tells_whether_the_call_has_ended(state: ChannelState, ended: bool) -> None:
    assert state.is_hangup is ended

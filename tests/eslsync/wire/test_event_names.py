"""Event names are FreeSWITCH's own; for any other word, an error says what was meant."""

from __future__ import annotations

import pytest

import eslsync.channel  # noqa: F401 - declares the applications
from eslsync.wire.event_names import EVENT_NAMES, OF_A_CHANNEL, OF_NO_CHANNEL, parse_event
from tests.support.cases import for_each
from tests.support.recorded import recordings


def test_recorded_events_have_known_names() -> None:
    names = {event.name for recording in recordings() for event in recording.events()}
    names.discard("")  # an app's own event that was handed to a channel has lost it (21e)
    assert len(names) > 20
    for name in names:
        assert parse_event(name) == (name, "")


def test_recorded_events_are_about_what_we_believe() -> None:
    events = [event for recording in recordings() for event in recording.events()]
    about = {event.name for event in events if event.uuid}
    about_none = {event.name for event in events if not event.uuid}
    assert not about & OF_NO_CHANNEL
    assert not about_none & OF_A_CHANNEL
    assert {"BACKGROUND_JOB", "HEARTBEAT", "DEL_SCHEDULE"} <= about_none & OF_NO_CHANNEL
    assert EVENT_NAMES > OF_NO_CHANNEL | OF_A_CHANNEL


def test_a_custom_event_has_a_subclass() -> None:
    assert parse_event("CUSTOM sofia::register") == ("CUSTOM", "sofia::register")
    assert parse_event("CUSTOM") == ("CUSTOM", "")


@for_each(
    ("event", "hint"),
    [
        ("dtmf", "; did you mean 'DTMF'?"),
        ("CHANEL_ANSWER", "; did you mean 'CHANNEL_ANSWER'?"),
        ("HANGUP_COMPLETE", "; did you mean 'CHANNEL_HANGUP_COMPLETE'?"),
        ("SWITCH_EVENT_DTMF", "; did you mean 'DTMF'?"),
        ("xyzzy", ""),
        ("", ""),
        (
            "conference::maintenance",
            ": it is a subclass; write 'CUSTOM conference::maintenance'",
        ),
        ("custom sofia::register", "; write 'CUSTOM sofia::register'"),
        ("CUSTOM a::b c::d", "; write 'CUSTOM a::b' and 'CUSTOM c::d'"),
        (
            "DTMF, CHANNEL_ANSWER",
            "; write one at a time, or a list: ['DTMF', 'CHANNEL_ANSWER']",
        ),
        ("DTMF TALK", "; write one at a time, or a list: ['DTMF', 'TALK']"),
        ("plain", ": it is a format; write Outbound(format='plain')"),
        ("CS_EXECUTE", ": it is a channel's state; write ChannelState.EXECUTE"),
        ("HANGUP", ": it is a channel's state; write ChannelState.HANGUP"),
        (
            "USER_BUSY",
            ": it is a hangup cause; wait for 'CHANNEL_HANGUP' and look at its hangup_cause",
        ),
        (
            "ACTIVE",
            ": it is a call's state; wait for 'CHANNEL_CALLSTATE' and look at its call_state",
        ),
        (
            "answered",
            ": it is an answer state; wait for 'CHANNEL_ANSWER' or look at answer_state",
        ),
        ("5", ": it is a key; write on_dtmf('5'), or wait for 'DTMF' and look at its digit"),
        (
            "playback",
            ": it is an application; its method waits until it completes, and the event "
            "'CHANNEL_EXECUTE_COMPLETE' names it",
        ),
    ],
)
def test_what_is_no_event_is_refused_with_a_hint(event: str, hint: str) -> None:
    with pytest.raises(ValueError, match="no event") as caught:
        parse_event(event)
    assert str(caught.value) == f"FreeSWITCH has no event {event!r}{hint}"

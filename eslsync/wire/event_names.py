"""The names of events: which FreeSWITCH has, what each is about, and what was meant instead."""

from __future__ import annotations

from functools import lru_cache

from .arguments import KEYS
from .declared import declared
from .enums import AnswerState, CallState, ChannelState, HangupCause
from .shown import MAX_SHOWN, did_you_mean, in_quotes

__all__ = ["EVENT_NAMES", "OF_A_CHANNEL", "OF_NO_CHANNEL", "parse_event"]

#: Every event name (switch_event.c, ``EVENT_NAMES``); ALL means any of them.
EVENT_NAMES = frozenset(
    """
    CUSTOM CLONE CHANNEL_CREATE CHANNEL_DESTROY CHANNEL_STATE CHANNEL_CALLSTATE CHANNEL_ANSWER
    CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE CHANNEL_HOLD
    CHANNEL_UNHOLD CHANNEL_BRIDGE CHANNEL_UNBRIDGE CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA
    CHANNEL_OUTGOING CHANNEL_PARK CHANNEL_UNPARK CHANNEL_APPLICATION CHANNEL_ORIGINATE
    CHANNEL_UUID API LOG INBOUND_CHAN OUTBOUND_CHAN STARTUP SHUTDOWN PUBLISH UNPUBLISH TALK
    NOTALK SESSION_CRASH MODULE_LOAD MODULE_UNLOAD DTMF MESSAGE PRESENCE_IN NOTIFY_IN
    PRESENCE_OUT PRESENCE_PROBE MESSAGE_WAITING MESSAGE_QUERY ROSTER CODEC BACKGROUND_JOB
    DETECTED_SPEECH DETECTED_TONE PRIVATE_COMMAND HEARTBEAT TRAP ADD_SCHEDULE DEL_SCHEDULE
    EXE_SCHEDULE RE_SCHEDULE RELOADXML NOTIFY PHONE_FEATURE PHONE_FEATURE_SUBSCRIBE SEND_MESSAGE
    RECV_MESSAGE REQUEST_PARAMS CHANNEL_DATA GENERAL COMMAND SESSION_HEARTBEAT
    CLIENT_DISCONNECTED SERVER_DISCONNECTED SEND_INFO RECV_INFO RECV_RTCP_MESSAGE
    SEND_RTCP_MESSAGE CALL_SECURE NAT RECORD_START RECORD_STOP PLAYBACK_START PLAYBACK_STOP
    CALL_UPDATE FAILURE SOCKET_DATA MEDIA_BUG_START MEDIA_BUG_STOP CONFERENCE_DATA_QUERY
    CONFERENCE_DATA CALL_SETUP_REQ CALL_SETUP_RESULT CALL_DETAIL DEVICE_STATE TEXT
    SHUTDOWN_REQUESTED CERT_RELOAD ALL
    """.split()
)

#: Events that always name their channel (Unique-ID); others may name one, or none.
OF_A_CHANNEL = frozenset(
    """
    CALL_UPDATE CODEC DETECTED_SPEECH DETECTED_TONE DTMF MEDIA_BUG_START MEDIA_BUG_STOP NOTALK
    PLAYBACK_START PLAYBACK_STOP PRIVATE_COMMAND RECORD_START RECORD_STOP SESSION_HEARTBEAT TALK
    """.split()
) | frozenset(name for name in EVENT_NAMES if name.startswith("CHANNEL_"))

#: Events that never name a channel.
OF_NO_CHANNEL = frozenset(
    """
    ADD_SCHEDULE BACKGROUND_JOB CERT_RELOAD DEL_SCHEDULE EXE_SCHEDULE HEARTBEAT MODULE_LOAD
    MODULE_UNLOAD NAT RELOADXML RE_SCHEDULE SHUTDOWN SHUTDOWN_REQUESTED STARTUP TRAP
    """.split()
)


@lru_cache(maxsize=256)  # the same names recur
def parse_event(event: str) -> tuple[str, str]:
    """Split ``"CUSTOM <subclass>"``, or any other event, into its name and subclass.

    Raises ValueError for an event that FreeSWITCH doesn't know: a wait for it would last as long
    as the call. The message says what was probably meant.
    """
    name, _, subclass = event.partition(" ")
    if name in EVENT_NAMES and (not subclass or (name == "CUSTOM" and len(subclass.split()) == 1)):
        return name, subclass
    raise ValueError(
        f"FreeSWITCH has no event {in_quotes(str(event))}{_instead(event[:MAX_SHOWN])}"
    )


def _instead(event: str) -> str:
    """What was probably meant, to follow an error's text; "" if nobody can tell."""
    words = event.replace(",", " ").split()
    if not words:
        return ""
    if len(words) > 1 and words[0].upper() == "CUSTOM":
        return "; write " + " and ".join(repr(f"CUSTOM {each}") for each in words[1:])
    if len(words) > 1 and all(_known(each) for each in words):
        return f"; write one at a time, or a list: {[_known(each) for each in words]}"
    word = words[0]
    if "::" in word:
        return f": it is a subclass; write 'CUSTOM {word}'"
    if _known(word):
        return f"; did you mean {_known(word)!r}?"
    for hint in (_other_word(word), _other_word(event)):
        if hint:
            return hint
    return did_you_mean(word.upper(), EVENT_NAMES)


def _known(word: str) -> str | None:
    """The event that FreeSWITCH would take the word for (switch_event.c, switch_name_event)."""
    name = word.upper().removeprefix("SWITCH_EVENT_")
    return name if name in EVENT_NAMES else None


def _other_word(word: str) -> str:
    """A hint for a word of FreeSWITCH's that is no event; "" for any other word."""
    if word.lower() in ("plain", "json", "xml"):
        return f": it is a format; write Outbound(format={word.lower()!r})"
    state = word.upper().removeprefix("CS_")
    if state in ChannelState.__members__ and state != "NONE":
        return f": it is a channel's state; write ChannelState.{state}"
    if word.upper() in HangupCause.__members__:
        return ": it is a hangup cause; wait for 'CHANNEL_HANGUP' and look at its hangup_cause"
    if word.upper() in CallState.__members__:
        return ": it is a call's state; wait for 'CHANNEL_CALLSTATE' and look at its call_state"
    if word.upper() in AnswerState.__members__:
        return ": it is an answer state; wait for 'CHANNEL_ANSWER' or look at answer_state"
    if len(word) == 1 and word in KEYS:
        return f": it is a key; write on_dtmf({word!r}), or wait for 'DTMF' and look at its digit"
    if declared(word).name:
        return (
            ": it is an application; its method waits until it completes, and the event "
            "'CHANNEL_EXECUTE_COMPLETE' names it"
        )
    return ""

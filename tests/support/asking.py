"""Whole simulated calls that put one question to a channel."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from eslsync import Channel, Session
from eslsync.wire.separation import separate
from simulator import Call, FreeSwitch
from tests.support.recorded import recording

#: A recording of `originate`.
ORIGINATED = "13d_inbound_originate_park_sendmsg"
#: A far end that answers after 2 s.
ANSWERS = {"user/1000": {"answers_after": 2.0}}

__all__ = [
    "ANSWERS",
    "ORIGINATED",
    "Asked",
    "ask",
    "recorded_words",
    "session_of",
    "told",
    "words_of",
]

T = TypeVar("T")


@dataclass(frozen=True)
class Asked(Generic[T]):
    """The answer, and the call."""

    value: T
    call: Call


#: The session of each channel that a question is put to.
_sessions: WeakKeyDictionary[Channel, Session] = WeakKeyDictionary()


def ask(
    question: Callable[[Channel], T],
    caller: Callable[[Call], object] = Call.wait,
    *,
    endpoints: Mapping[str, Mapping[str, Any]] | None = None,
    prompts: Mapping[str, float] | None = None,
    answer: bool = True,
    engines: Collection[str] = (),
    recognizers: Mapping[str, Collection[str]] | None = None,
    phrases: Mapping[str, list[tuple[str, str]]] | None = None,
    extensions: Mapping[str, list[tuple[str, str]]] | None = None,
    allow: Collection[str] = (),
    **options: Any,
) -> Asked[T]:
    """Make a call whose handler answers, puts the question to the channel, and hangs up.

    ``caller`` is what the caller does; ``endpoints`` are far ends (`FreeSwitch.endpoint`),
    ``prompts`` how long sounds are, and ``options`` are for `FreeSwitch.call`. ``engines`` speak,
    ``recognizers`` listen; ``phrases`` are macros, ``extensions`` the rest of the dialplan;
    ``allow`` is what may have no effect.
    """
    values: list[T] = []

    def handler(session: Session) -> None:
        _sessions[session.channel] = session
        if answer:
            session.channel.answer()
        values.append(question(session.channel))
        session.channel.hangup()

    with FreeSwitch(
        prompts=prompts,
        extensions=extensions,
        phrases=phrases,
        speech_engines=engines,
        recognizers=recognizers,
        allow_unmodelled=allow,
    ) as switch:
        for dial_string, behaviour in (endpoints or {}).items():
            switch.endpoint(dial_string, **behaviour)
        call = switch.call(handler, **options)
        caller(call)
        call.wait()
    [value] = values
    return Asked(value, call)


def words_of(application: str, question: Callable[[Channel], object], **options: Any) -> list[str]:
    """The words that FreeSWITCH splits the argument into that a method sends."""
    data: list[str] = []

    def watched(channel: Channel) -> None:
        @channel.on("CHANNEL_EXECUTE")
        def begins(event: Mapping[str, str]) -> None:
            if event.get("Application") == application:
                data.append(event.get("Application-Data", ""))

        question(channel)

    ask(watched, **options)
    return separate(data[-1])


def recorded_words(name: str, application: str, number: int = 0) -> list[str]:
    """As `words_of`, for the first or a later execution in a recording."""
    events = recording(name).events("CHANNEL_EXECUTE")
    found = [event for event in events if event["Application"] == application]
    return separate(found[number].get("Application-Data", ""))


def session_of(channel: Channel) -> Session:
    """The session of the channel that a question is put to."""
    return _sessions[channel]


def told(call: Call) -> list[str]:
    """What happened on the other legs."""
    return [e.text for e in call.transcript.entries if e.sender == "switch" == e.receiver]

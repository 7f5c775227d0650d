"""What observers are told of calls, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from eslsync import Hangup, Outbound, Session, TimeoutError
from eslsync.observers import ObservedApplication, ObservedCall, ObservedWait, Observer
from simulator import Call, FreeSwitch

MOMENTS = [
    each
    for each in vars(Observer)
    if not each.startswith("_") and each not in ("handling", "observes")
]


class Notes(Observer):
    """Notes every moment as words."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.calls: list[ObservedCall] = []
        self.times: list[float] = []

    def note(self, moment: str, call: ObservedCall, *rest: Any) -> None:
        *arguments, at = rest
        self.calls.append(call)
        self.times.append(at)
        self.notes.append(" ".join([moment, *map(said, arguments)]))


def noting(moment: str) -> Callable[..., None]:
    def note(self: Notes, *arguments: Any) -> None:
        self.note(moment, *arguments)

    return note


for each in MOMENTS:
    setattr(Notes, each, noting(each))


def said(argument: Any) -> str:
    match argument:
        case ObservedApplication():
            return argument.name
        case ObservedWait():
            return argument.what
        case float():
            return f"{argument:.2f}"
        case BaseException():
            return type(argument).__name__
    return str(argument)


def told(
    handler: Callable[[Session], Any],
    caller: Callable[[Call], Any] = lambda call: call.wait(),
    *,
    raises: bool = True,
    **options: Any,
) -> list[str]:
    """What an observer is told of a call of this handler."""
    notes = Notes()
    with FreeSwitch(raises=raises) as switch:
        app = Outbound(handler, observers=[notes], **options)
        caller(switch.call(app, caller="1001", destination="5000"))
    assert notes.times == sorted(notes.times)
    assert len(set(notes.calls)) == 1
    return notes.notes


def test_the_moments_of_a_call_in_their_order() -> None:
    def handler(session: Session) -> None:
        channel = session.channel
        channel.answer()
        channel.playback("ivr/ivr-welcome", block=False)
        channel.wait("CHANNEL_EXECUTE")
        channel.wait("DTMF", timeout=10.0)
        channel.hangup()

    def caller(call: Call) -> None:
        call.hear("ivr/ivr-welcome", start=True)
        call.press("1")
        call.wait()

    assert told(handler, caller) == [
        "taken",
        "began",
        "application_began answer",
        "answered 0.02",
        "application_ended answer completed",
        "application_began playback",
        "wait_began CHANNEL_EXECUTE",
        "wait_ended CHANNEL_EXECUTE completed",
        "wait_began DTMF",
        "digit",
        "wait_ended DTMF completed",
        "application_began hangup",
        "hung_up NORMAL_CLEARING",
        "application_ended hangup hangup",
        "application_ended playback hangup",
        "ended returned",
    ]


def test_what_a_caller_is_is_told_and_what_is_redacted_is_not() -> None:
    notes = Notes()
    redact = ["DTMF", "Caller-Caller-ID-Number"]
    with FreeSwitch() as switch:
        app = Outbound(lambda session: None, observers=[notes], redact=redact)
        call = switch.call(app, caller="1001", destination="5000")
        call.wait()
    seen = notes.calls[0]
    assert (seen.uuid, seen.destination, seen.switch) == (call.uuid, "5000", "127.0.0.1")
    assert "1001" not in seen.caller
    assert seen.wall(seen.connected) == pytest.approx(switch.now, abs=1.0)


def test_a_wait_that_times_out_and_a_handler_that_returns() -> None:
    def handler(session: Session) -> None:
        try:
            session.wait(["DTMF", "CHANNEL_HANGUP"], timeout=1.0)
        except TimeoutError:
            session.channel.wait(lambda event: event.name == "CHANNEL_ANSWER", timeout=60.0)

    notes = told(handler, lambda call: call.hangup_after(5.0))
    assert notes[2:7] == [
        "wait_began CHANNEL_HANGUP or DTMF",
        "wait_ended CHANNEL_HANGUP or DTMF timeout",
        "wait_began condition",
        "hung_up NORMAL_CLEARING",
        "wait_ended condition hangup",
    ]


def test_a_call_that_is_given_back() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback("ivr/ivr-welcome", block=False)

    notes = told(handler)
    assert notes[-3:] == ["application_ended playback dropped", "given_back", "ended returned"]


def test_a_handler_that_fails_and_its_exception() -> None:
    def handler(session: Session) -> None:
        raise KeyError("pin")

    notes = told(handler, raises=False)
    assert notes[:3] == ["taken", "began", "failed KeyError"]
    assert notes[-2:] == ["given_back", "ended failed"]


def test_an_application_that_is_refused_has_ended() -> None:
    def handler(session: Session) -> None:
        try:
            session.channel.answer()
        except Hangup:
            session.channel.playback("ivr/ivr-bye")

    notes = told(handler, lambda call: call.hangup())
    assert notes[-1] == "ended hangup"
    begun = [each for each in notes if each.startswith("application_began")]
    ended = [each for each in notes if each.startswith("application_ended")]
    assert len(begun) == len(ended)


def test_with_events_off_applications_end_as_they_begin_and_the_hangup_is_told() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.hangup()

    assert told(handler, events=False)[2:] == [
        "application_began answer",
        "application_ended answer completed",
        "application_began hangup",
        "application_ended hangup completed",
        "hung_up NORMAL_CLEARING",
        "ended returned",
    ]


def test_a_call_that_is_turned_away_is_told_once_with_the_reason() -> None:
    notes = Notes()

    def handler(session: Session) -> None:
        session.channel.wait("CHANNEL_HANGUP")

    with FreeSwitch() as switch:
        app = Outbound(handler, observers=[notes], max_calls=1)
        switch.call(app)
        second = switch.call(app)
        second.wait()
        assert second.cause == "SWITCH_CONGESTION"
    assert [each for each in notes.notes if each.startswith("turned")] == ["turned_away full"]
    assert len(set(notes.calls)) == 2


def test_an_observer_that_observes_nothing_is_told_nothing() -> None:
    class Idle(Notes):
        def observes(self) -> bool:
            return False

    idle = Idle()
    with FreeSwitch() as switch:
        switch.call(Outbound(lambda session: None, observers=[idle])).wait()
    assert idle.notes == []


def test_nothing_is_told_of_a_call_after_its_end() -> None:
    """Here a thread of the handler's sends something when its call is given back."""
    kept: list[Session] = []

    class After(Notes):
        def ended(self, *arguments: Any) -> None:
            self.note("ended", *arguments)
            kept[0].channel.leg.conversation.observed.tell("digit")  # type: ignore[union-attr]

    after = After()
    with FreeSwitch() as switch:
        switch.call(Outbound(kept.append, observers=[after])).wait()
    observed = kept[0].channel.leg.conversation.observed
    assert observed is None
    assert after.notes[-1] == "ended returned"


def test_session_watch_works_beside_observers() -> None:
    waits = []

    class Watching:
        def begins(self, wait: Any) -> None:
            waits.append(str(wait))

        def ends(self, wait: Any) -> None:
            waits.append("over")

    def handler(session: Session) -> None:
        session.watch(Watching())
        session.channel.wait("DTMF", timeout=10.0)
        session.watch(None)
        session.channel.answer()

    notes = told(handler, lambda call: call.press("1"))
    assert "wait_ended DTMF completed" in notes
    assert waits == ["DTMF", "over"]


def test_every_moment_does_nothing_by_default() -> None:
    told_nothing = Observer()
    for moment in MOMENTS:
        arguments = Observer.__dict__[moment].__code__.co_argcount - 1
        assert getattr(told_nothing, moment)(*[None] * arguments) is None
    assert told_nothing.handling(None) is None  # type: ignore[arg-type]

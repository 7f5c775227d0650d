"""Waiting for events, states and the end of the call."""

from __future__ import annotations

from typing import Any

import pytest

from eslsync import Channel, ChannelState, Event, Hangup, Session, TimeoutError
from eslsync.bounds import EARLIER
from eslsync.call import arrivals
from eslsync.call.arrivals import MAX_RECENT_AT_WORK
from simulator import Call, FreeSwitch
from tests.support.asking import ask, session_of
from tests.support.peer import call, event, reply


def test_wait_returns_the_event() -> None:
    with call(lambda session: session.channel.wait("CHANNEL_ANSWER")) as peer:
        peer.handshake()
        peer.say(peer.event("PLAYBACK_START"), peer.event("CHANNEL_ANSWER"))
    assert peer.returned.name == "CHANNEL_ANSWER"


def test_wait_tells_the_subclasses_of_custom_events_apart() -> None:
    with call(lambda session: session.wait("CUSTOM my::b")) as peer:
        peer.handshake()
        peer.serve("filter Event-Subclass my::b")
        for subclass in ("my::a", "my::b"):
            peer.say(event({"Event-Name": "CUSTOM", "Event-Subclass": subclass}))
    assert peer.returned["Event-Subclass"] == "my::b"


def test_a_channel_waits_for_its_own_events_and_a_session_for_any() -> None:
    def handler(session: Session) -> list[str | None]:
        session.send("getvar all_said")
        return [
            session.wait("CHANNEL_ANSWER").uuid,
            session.channel.wait("CHANNEL_ANSWER").uuid,
        ]

    with call(handler) as peer:
        peer.handshake()
        peer.hear("getvar all_said")
        for uuid in ("b-leg", "b-leg", peer.uuid):
            peer.say(peer.event("CHANNEL_ANSWER", {"Unique-ID": uuid}))
        peer.say(reply("x"))
    assert peer.returned == ["b-leg", peer.uuid]


def test_an_event_counts_once_it_has_arrived_since_the_last_blocking_call_returned() -> None:
    def handler(session: Session) -> list[str]:
        session.channel.execute("log", "x")
        session.send("getvar all_said")
        answered = session.wait("CHANNEL_ANSWER", timeout=0)
        with pytest.raises(TimeoutError):
            session.wait("CHANNEL_ANSWER", timeout=0)
        with pytest.raises(TimeoutError):
            session.wait("CHANNEL_PARK", timeout=0)  # before the first call returned
        return [answered.name]

    with call(handler) as peer:
        peer.handshake()
        uuid = peer.execute("log")
        peer.say(event({"Event-Name": "CHANNEL_PARK"}), peer.completed("log", uuid))
        peer.hear("getvar all_said")
        peer.say(peer.event("CHANNEL_ANSWER"), reply("x"))
        peer.await_handler()
    assert peer.returned == ["CHANNEL_ANSWER"]


def test_waiting_for_a_state_already_reached_returns_its_event_at_once() -> None:
    def handler(session: Session) -> tuple[Event, Event]:
        first = session.channel.wait(ChannelState.EXECUTE, timeout=0)
        return first, session.channel.wait(ChannelState.HIBERNATE)

    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.event("CHANNEL_STATE", {"Channel-State": "CS_HIBERNATE", "Unique-ID": "b"}))
        peer.say(peer.event("CHANNEL_STATE", {"Channel-State": "CS_SOMETHING_NEW"}))
        peer.say(peer.event("CHANNEL_STATE", {"Channel-State": "CS_HIBERNATE"}))
    first, second = peer.returned
    assert dict(first) == dict(peer.context)
    assert (second["Channel-State"], second.uuid) == ("CS_HIBERNATE", peer.uuid)


@pytest.mark.parametrize("state", [ChannelState.HANGUP, ChannelState.REPORTING])
def test_waiting_for_a_hangup_state_returns_its_event(state: ChannelState) -> None:
    with call(lambda session: session.channel.wait(state)) as peer:
        peer.handshake()
        peer.say(*peer.tail())
    assert isinstance(peer.returned, Event)
    assert peer.returned["Channel-State"] in ("CS_HANGUP", "CS_REPORTING")


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("CHANNEL_HANGUP", ["CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE"]),
        ("CHANNEL_HANGUP_COMPLETE", ["CHANNEL_HANGUP_COMPLETE"] * 2),
    ],
)
def test_waiting_for_a_hangup_event_returns_it_even_afterwards(name: str, given: list[str]) -> None:
    def handler(session: Session) -> list[str]:
        first = session.channel.wait(name)
        with pytest.raises(Hangup):
            session.channel.wait("CHANNEL_ANSWER")
        return [first.name, session.channel.wait(name).name]

    with call(handler) as peer:
        peer.handshake()
        peer.say(*peer.tail())
    assert peer.returned == given


def test_events_yields_all_events_in_order_until_the_end() -> None:
    with call(lambda session: [each.name for each in session.events()]) as peer:
        peer.handshake()
        peer.say(peer.event("CHANNEL_ANSWER"), peer.digit("1"), *peer.tail())
    assert peer.returned[:3] == ["CHANNEL_ANSWER", "DTMF", "CHANNEL_HANGUP"]
    assert peer.returned[-1] == "CHANNEL_HANGUP_COMPLETE"


def test_wait_returns_the_first_of_several() -> None:
    def question(channel: Channel) -> list[str]:
        names = ["DTMF", "PLAYBACK_STOP", ChannelState.HANGUP]
        channel.playback("ivr/ivr-long", block=False)
        first = channel.wait(names)
        channel.execute("break", block=False)
        return [first.name, channel.wait(names).name]

    def caller(call: Call) -> None:
        call.hear("ivr/ivr-long", start=True)
        call.press("1")

    asked = ask(question, caller, prompts={"ivr/ivr-long": 30.0})
    assert asked.value == ["DTMF", "PLAYBACK_STOP"]


def test_wait_returns_the_event_that_a_function_accepts() -> None:
    def question(channel: Channel) -> str:
        def ends(event: Event) -> bool:
            return event.get("Playback-Status") == "done"

        channel.playback("ivr/ivr-welcome", block=False)
        return channel.wait(ends)["Playback-File-Path"].rpartition("/")[2]

    assert ask(question).value == "ivr-welcome.wav"


def test_waiting_for_nothing_is_refused() -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(ValueError, match="name an event"):
            channel.wait([])
        with pytest.raises(ValueError, match="did you mean 'CHANNEL_ANSWER'"):
            channel.wait(["DTMF", "CHANEL_ANSWER"])

    ask(question)


def test_events_yields_only_the_named_events() -> None:
    def question(channel: Channel) -> list[str]:
        session = session_of(channel)
        channel.playback("ivr/ivr-welcome", block=False)
        return [event.name for event in session.events("PLAYBACK_START", "PLAYBACK_STOP", "DTMF")]

    def caller(call: Call) -> None:
        call.hear("ivr/ivr-welcome", start=True)
        call.press("1")
        call.hear("ivr/ivr-welcome")
        call.hangup()

    assert ask(question, caller).value == ["PLAYBACK_START", "DTMF", "PLAYBACK_STOP"]


def test_events_ends_with_a_hangup_event_that_was_named() -> None:
    names: list[str] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        for told in session.events("DTMF", "CHANNEL_HANGUP"):
            names.append(told.name)
            if told.name == "DTMF":
                session.channel.playback("ivr/ivr-short")  # during which the next key is pressed

    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.say_nothing(1)
        call.press("12")
        call.say_nothing(10)
        call.hangup()
    assert names == ["DTMF", "DTMF", "CHANNEL_HANGUP"]


def test_events_may_have_a_timeout() -> None:
    def question(channel: Channel) -> list[str]:
        channel.playback("ivr/ivr-welcome", block=False)
        names: list[str] = []
        with pytest.raises(TimeoutError):
            names.extend(
                event.name
                for event in session_of(channel).events(
                    "PLAYBACK_START", "PLAYBACK_STOP", timeout=3
                )
            )
        return names

    asked = ask(question)
    assert asked.call.duration == pytest.approx(5, abs=0.2)


WAYS: dict[str, Any] = {
    "name": "CHANNEL_ANSWER",
    "several": ["CHANNEL_HOLD", "CHANNEL_ANSWER"],
    "function": lambda event: event.name == "CHANNEL_ANSWER",
}


@pytest.mark.parametrize("of", ["channel", "session"])
@pytest.mark.parametrize("way", WAYS)
def test_an_event_of_the_last_blocking_call_satisfies_one_wait(way: str, of: str) -> None:
    def handler(session: Session) -> list[str]:
        waits: Any = session.channel if of == "channel" else session
        session.channel.answer()
        seen = [waits.wait(WAYS[way], timeout=5).name]
        with pytest.raises(TimeoutError):
            waits.wait(WAYS[way], timeout=0)
        return seen

    returned: list[list[str]] = []
    with FreeSwitch() as switch:
        call = switch.call(lambda session: returned.append(handler(session)))
        call.wait()
    assert returned == [["CHANNEL_ANSWER"]]


def test_an_event_of_an_earlier_call_satisfies_no_wait() -> None:
    told: list[str] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        session.api("status")  # waits for a reply only
        told.append(session.channel.wait("CHANNEL_EXECUTE", timeout=0)["Application"])
        session.channel.playback("ivr/ivr-welcome")
        with pytest.raises(TimeoutError):
            session.channel.wait("CHANNEL_ANSWER", timeout=0)

    with FreeSwitch() as switch:
        switch.call(handler).wait()
    assert told == ["answer"]


def test_an_event_during_a_collection_of_several_steps_satisfies_the_next_wait() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.get_digits("ivr/ivr-enter", timeout=2)
        assert session.channel.wait("PLAYBACK_START", timeout=0)["Playback-File-Path"]

    with FreeSwitch() as switch:
        switch.call(handler).wait()


def test_inside_a_callback_an_event_of_the_last_blocking_call_satisfies_the_next_wait() -> None:
    told: list[str] = []

    def handler(session: Session) -> None:
        channel = session.channel

        @channel.on_dtmf("1")
        def ask(digit: str) -> None:
            channel.playback("ivr/ivr-option-1")
            told.append(channel.wait("PLAYBACK_STOP", timeout=0)["Playback-File-Path"])
            with pytest.raises(TimeoutError):
                channel.wait("PLAYBACK_STOP", timeout=0)

        channel.answer()
        channel.playback("ivr/ivr-welcome")

    with FreeSwitch(prompts={"ivr/ivr-welcome": 30.0}) as switch:
        call = switch.call(handler)
        call.hear("ivr/ivr-welcome", start=True)
        call.press("1")
        call.wait()
    assert len(told) == 1
    assert "ivr-option-1" in told[0]


def test_after_a_hangup_every_wait_raises_it_whatever_came_before() -> None:
    raised: list[str] = []

    def handler(session: Session) -> None:
        session.channel.answer()
        for target in ("CHANNEL_EXECUTE", "PLAYBACK_START"):
            try:
                session.channel.playback("ivr/ivr-welcome")
            except Hangup:
                with pytest.raises(Hangup):
                    session.channel.wait(target)
                raised.append(target)

    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.hear("ivr/ivr-welcome", start=True)
        call.hangup()
    assert raised == ["CHANNEL_EXECUTE", "PLAYBACK_START"]


def test_the_events_of_a_long_call_are_bounded(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(arrivals, "EARLIER", EARLIER._replace(most=10))

    def handler(session: Session) -> tuple[int, int]:
        session.channel.playback("x")
        kept = len(session.channel.leg.conversation.arrivals.recent)
        assert "dropping the oldest" not in caplog.text  # nobody has asked for them
        with pytest.raises(TimeoutError):
            session.channel.wait("PLAYBACK_START", timeout=0)
        return session.dropped, kept

    with call(handler) as peer:
        peer.handshake()
        uuid = peer.execute("playback")
        for name in ["PLAYBACK_START"] + ["CHANNEL_ANSWER"] * 9:
            peer.say(*[peer.event(name)] * 10)
        peer.say(peer.completed("playback", uuid))
        peer.await_handler()
    assert peer.returned[0] == 0
    assert peer.returned[1] <= 10 + MAX_RECENT_AT_WORK
    assert "dropping the oldest, PLAYBACK_START first" in caplog.text


def test_the_completion_that_a_method_waited_for_satisfies_no_other_wait() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        with pytest.raises(TimeoutError):
            session.channel.wait("CHANNEL_EXECUTE_COMPLETE", timeout=0)

    with FreeSwitch() as switch:
        switch.call(handler).wait()


@pytest.mark.parametrize("inside", [False, True])
def test_a_wait_for_several_takes_them_in_the_order_in_which_they_came(inside: bool) -> None:
    order = ["CUSTOM a::b", "DTMF", "POSTED", "CUSTOM a::b", "DTMF"]

    sessions: list[Session] = []

    def handler(session: Session) -> list[str]:
        sessions.append(session)

        def take() -> list[str]:
            waits = [
                session.channel.wait(["POSTED", "DTMF", "CUSTOM a::b"], timeout=0) for _ in order
            ]
            return [f"{each.name} {each.get('Event-Subclass', '')}".strip() for each in waits]

        if not inside:
            session.channel.playback("x")
            return take()
        taken: list[str] = []

        @session.on("CHANNEL_ANSWER")
        def callback(event: Event) -> None:
            session.channel.playback("x")
            taken.extend(take())

        session.channel.wait("CHANNEL_HOLD")
        return taken

    with call(handler) as peer:
        peer.handshake()
        if inside:
            peer.say(peer.event("CHANNEL_ANSWER"))
        uuid = peer.execute("playback")
        for each in order:
            name, _, subclass = each.partition(" ")
            if name == "POSTED":
                peer.arrived()
                sessions[0].post()
            elif name == "DTMF":
                peer.say(peer.digit("1"))
            else:
                more = {"Event-Subclass": subclass, "Unique-ID": peer.uuid}
                peer.say(event({"Event-Name": name, **more}))
        peer.say(peer.completed("playback", uuid))
        if inside:
            peer.say(event({"Event-Name": "CHANNEL_HOLD", "Unique-ID": peer.uuid}))
        peer.await_handler()
    assert peer.returned == order

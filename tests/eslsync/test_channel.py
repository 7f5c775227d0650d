"""A channel: its callbacks and its state."""

from __future__ import annotations

from eslsync import ChannelState, Event, Session
from tests.support.peer import call, event


def test_on_runs_callbacks_only_for_events_of_its_leg() -> None:
    def handler(session: Session) -> list[str | None]:
        told: list[str | None] = []

        @session.channel.on("CHANNEL_ANSWER")
        def answered(event: Event) -> None:
            told.append(event.uuid)

        session.channel.wait("CHANNEL_ANSWER")
        return told

    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.event("CHANNEL_ANSWER", {"Unique-ID": "b-leg"}))
        peer.say(peer.event("CHANNEL_ANSWER"))
    assert peer.returned == [peer.uuid]


def test_the_state_comes_from_the_last_event_of_this_leg() -> None:
    def handler(session: Session) -> list[ChannelState]:
        states = [session.channel.state]
        session.wait("CHANNEL_ANSWER")
        states.append(session.channel.state)
        session.wait("CHANNEL_PARK")
        states.append(session.channel.state)
        return states

    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.event("CHANNEL_ANSWER", {"Channel-State": "CS_EXCHANGE_MEDIA"}))
        peer.say(peer.event("CHANNEL_STATE", {"Unique-ID": "b", "Channel-State": "CS_DESTROY"}))
        peer.say(event({"Event-Name": "CHANNEL_PARK", "Unique-ID": peer.uuid}))  # tells none
    assert peer.returned == [
        ChannelState.EXECUTE,
        ChannelState.EXCHANGE_MEDIA,
        ChannelState.EXCHANGE_MEDIA,
    ]

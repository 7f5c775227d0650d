"""Events wait for their turn while a callback runs."""

from __future__ import annotations

import pytest

from eslsync import (
    Event,
    Session,
    TimeoutError,
)
from tests.support.peer import Peer, call, event, reply


def wait_in_vain(session: Session) -> None:
    with pytest.raises(TimeoutError):
        session.channel.wait("DTMF", timeout=1.0)


def told(peer: Peer, name: str, **headers: str) -> bytes:
    """An event of the call's own leg."""
    more = {key.replace("_", "-"): value for key, value in headers.items()}
    return event({"Event-Name": name, "Unique-ID": peer.uuid, **more})


def test_in_one_batch_a_callbacks_wait_takes_only_the_events_behind_its_own() -> None:
    """Events of a batch that the outer wait has passed over are gone; those behind are not."""

    def handler(session: Session) -> list[str | None]:
        seen: list[str | None] = []

        @session.on("CHANNEL_ANSWER")
        def look(event: Event) -> None:
            seen.append(session.channel.wait("PRESENCE_IN").get("X"))

        session.channel.wait("CHANNEL_BRIDGE")
        return seen

    with call(handler) as peer:
        peer.handshake()
        peer.settle()
        passed, first, second = (told(peer, "PRESENCE_IN", X=each) for each in "012")
        answered, bridged = peer.event("CHANNEL_ANSWER"), told(peer, "CHANNEL_BRIDGE")
        peer.say(passed, answered, first, second, bridged)
        peer.run("set")
    assert peer.returned == ["1"]


def test_an_application_is_still_awaited_after_a_callback_raised() -> None:
    """Its digits are still its own."""

    def handler(session: Session) -> None:
        @session.on("CHANNEL_ANSWER")
        def broken(event: Event) -> None:
            raise KeyError("mine")

        with pytest.raises(KeyError):
            session.channel.play_and_get_digits("x")
        wait_in_vain(session)

    with call(handler) as peer:
        peer.handshake()
        peer.hear("sendmsg")
        peer.say(peer.event("CHANNEL_ANSWER"))
        peer.settle()
        peer.say(reply("+OK"), peer.digit("7"))
        peer.settle()
        peer.clock.pass_time(2.0)
        peer.await_handler()
    assert peer.raised is None

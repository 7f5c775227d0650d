"""What arrives is noted at once and taken in order, by its time of arrival."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from eslsync import (
    ChannelState,
    Event,
    Outbound,
    Session,
    TimeoutError,
)
from eslsync.bounds import EARLIER
from eslsync.call.arrivals import MAX_RECENT_AT_WORK
from tests.support.peer import PATIENCE, Peer, Watched, call, event, reply


def wait_in_vain(session: Session) -> None:
    with pytest.raises(TimeoutError):
        session.channel.wait("DTMF", timeout=1.0)


def told(peer: Peer, name: str, **headers: str) -> bytes:
    """An event of the call's own leg."""
    more = {key.replace("_", "-"): value for key, value in headers.items()}
    return event({"Event-Name": name, "Unique-ID": peer.uuid, **more})


def answered_during_that_wait(handler: Callable[[Session], object]) -> Peer:
    with call(handler) as peer:
        peer.handshake()
        peer.settle()
        peer.say(peer.event("CHANNEL_ANSWER"))
        peer.arrived()
        peer.clock.pass_time(2.0)
        peer.await_handler()
    return peer


def test_the_state_is_known_after_a_wait_for_something_else() -> None:
    def handler(session: Session) -> object:
        wait_in_vain(session)
        return session.channel.answer_state

    assert answered_during_that_wait(handler).returned == "answered"


@pytest.mark.parametrize("busy", [False, True])
def test_events_that_nobody_waits_for_are_not_kept(busy: bool) -> None:
    kept: list[int] = []
    size: list[int] = []
    begins = threading.Event()

    def handler(session: Session) -> None:
        if busy:
            begins.wait(PATIENCE)
        session.channel.wait("DTMF")
        arrivals = session.channel.leg.conversation.arrivals
        kept.append(arrivals.count - arrivals.read_to)
        size.append(sum(len(event.raw) for event in arrivals.recent))

    with call(handler) as peer:
        peer.handshake()
        if not busy:
            peer.settle()
        for _ in range(4 if busy else 40):
            peer.say(*[told(peer, "HEARTBEAT", x="y" * 5000)] * 20)
            peer.arrived()
        peer.say(peer.digit("1"))
        peer.arrived()
        begins.set()
        peer.await_handler()
    assert kept[0] <= MAX_RECENT_AT_WORK
    assert size[0] <= (EARLIER.most_bytes or 0) + MAX_RECENT_AT_WORK * 5100


def test_other_threads_see_the_state_while_the_handler_sleeps() -> None:
    with call(lambda session: session.channel.wait("DTMF")) as peer:
        peer.handshake()
        peer.settle()
        peer.say(told(peer, "CHANNEL_CALLSTATE", Channel_State="CS_SOFT_EXECUTE"))
        peer.arrived()
        [live] = peer.app.calls
        assert live.state is live.session.channel.state is ChannelState.SOFT_EXECUTE
        peer.say(peer.digit("1"))
        peer.await_handler()


def test_an_unknown_state_leaves_the_last_known_one() -> None:
    def handler(session: Session) -> ChannelState:
        session.channel.wait("CHANNEL_CALLSTATE")
        return session.channel.state

    with call(handler) as peer:
        peer.handshake()
        peer.say(told(peer, "CHANNEL_CALLSTATE", Channel_State="CS_UNHEARD_OF"))
        peer.await_handler()
        known = ChannelState(peer.context["Channel-State"])
    assert peer.returned is known


@pytest.mark.parametrize(
    "broken", ["{nonsense", "Event-Name: DTMF\nUnique-ID: x\n\n"], ids=["cut off", "a plain one"]
)
def test_an_unread_malformed_event_does_not_spoil_the_report(broken: str) -> None:
    asked, busy = threading.Event(), threading.Event()

    def handler(session: Session) -> None:
        busy.set()
        asked.wait(PATIENCE)

    clock = Watched()
    with Outbound(handler, port=0, clock=clock, format="json") as app:
        peer = Peer(app, "03a", clock)
        peer.connect()
        for command in ("linger 60", f"filter Unique-ID {peer.uuid}", "event json all"):
            peer.serve(command)
        assert busy.wait(PATIENCE)
        head = f"Content-Length: {len(broken)}\nContent-Type: text/event-json\n\n"
        peer.say((head + broken).encode())
        peer.arrived()
        try:
            assert len(app.calls) == 1
        finally:
            asked.set()
            peer.sock.close()


def test_an_application_refused_during_a_callback_collects_no_digits() -> None:
    def handler(session: Session) -> str | None:
        @session.on("TALK")
        def broken(event: Event) -> None:
            session.wait("NOTALK")
            raise KeyError("mine")

        with pytest.raises(KeyError):
            session.channel.play_and_get_digits("x")
        return session.channel.wait("DTMF").digit

    with call(handler) as peer:
        peer.handshake()
        peer.hear("sendmsg")
        peer.say(told(peer, "TALK"), reply("-ERR nothing"), told(peer, "NOTALK"))
        peer.say(peer.digit("7"))
        peer.await_handler()
    assert peer.returned == "7"


def test_an_event_before_the_deadline_counts_however_late_it_is_seen() -> None:
    def handler(session: Session) -> str:
        @session.on("PLAYBACK_START")
        def slow(event: Event) -> None:
            peer.arrived()
            peer.clock.ahead += 10

        session.send("getvar x")
        return session.wait("CHANNEL_ANSWER", timeout=5).name

    with call(handler) as peer:
        peer.handshake()
        peer.hear("getvar x")
        peer.say(reply("1"), peer.event("PLAYBACK_START"), peer.event("CHANNEL_ANSWER"))
    assert peer.returned == "CHANNEL_ANSWER"


def test_an_event_after_the_deadline_is_left_for_the_next_wait() -> None:
    def handler(session: Session) -> str:
        @session.on("PLAYBACK_START")
        def slow(event: Event) -> None:
            peer.clock.ahead += 10
            late.set()
            assert said.wait(PATIENCE)
            peer.arrived()

        with pytest.raises(TimeoutError):
            session.wait("CHANNEL_ANSWER", timeout=5)
        return session.wait("CHANNEL_ANSWER", timeout=5).name

    late, said = threading.Event(), threading.Event()
    with call(handler) as peer:
        peer.handshake()
        peer.say(peer.event("PLAYBACK_START"))
        assert late.wait(PATIENCE)
        peer.say(peer.event("CHANNEL_ANSWER"))
        said.set()
    assert peer.returned == "CHANNEL_ANSWER"


def test_a_flood_of_events_does_not_keep_a_command_from_its_deadline() -> None:
    def handler(session: Session) -> str:
        with pytest.raises(TimeoutError):
            session.send("getvar x", timeout=5)
        return session.wait("PLAYBACK_START").name

    with call(handler) as peer:
        peer.handshake()
        peer.hear("getvar x")
        peer.settle()
        peer.clock.ahead += 10
        # Even in a flood, the deadline is checked after each event.
        peer.say(peer.event("PLAYBACK_START"))
        peer.await_handler()
    assert peer.returned == "PLAYBACK_START"

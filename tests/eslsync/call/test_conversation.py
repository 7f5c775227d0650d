"""A handler is woken only by what it waits for, and still misses nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from eslsync import (
    ChannelState,
    CommandError,
    Event,
    Hangup,
    Outbound,
    ProtocolError,
    Session,
    TimeoutError,
)
from eslsync.call.conversation import MAX_RECENT_AT_WORK
from eslsync.call.ending import HANGUP_COMPLETE_TIMEOUT
from eslsync.protocol import ConnectReply
from tests.support.peer import PATIENCE, Peer, Watched, call, event, reply, response


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


def test_events_during_a_wait_that_timed_out_satisfy_no_later_wait() -> None:
    def handler(session: Session) -> None:
        wait_in_vain(session)
        session.on("CHANNEL_ANSWER", lambda event: pytest.fail("it came before"))
        with pytest.raises(TimeoutError):
            session.channel.wait("CHANNEL_ANSWER", timeout=0)

    assert answered_during_that_wait(handler).raised is None


@pytest.mark.parametrize("waits", ["for an event", "for a reply"])
def test_a_hangup_completed_in_the_moment_of_a_timeout_ends_the_call(
    waits: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CHANNEL_HANGUP_COMPLETE never comes, and is given up at the very moment of a timeout."""

    def wait(session: Session) -> object:
        if waits == "for an event":
            return session.channel.wait("DTMF", timeout=HANGUP_COMPLETE_TIMEOUT)
        return session.send("getvar y", timeout=HANGUP_COMPLETE_TIMEOUT)

    def handler(session: Session) -> str:
        session.send("getvar x")
        with pytest.raises((Hangup, TimeoutError)):  # both are true
            wait(session)
        with pytest.raises(Hangup):
            session.channel.wait("DTMF")
        assert session.hangup_event is not None
        return session.hangup_event.name

    monkeypatch.setattr(Watched, "now", lambda self: self.ahead)
    with call(handler) as peer:
        peer.handshake()
        peer.hear("getvar x")
        peer.say(peer.event("CHANNEL_HANGUP"), reply("1"))
        if waits == "for a reply":
            peer.hear("getvar y")
        peer.settle()
        peer.clock.pass_time(HANGUP_COMPLETE_TIMEOUT)
        peer.await_handler()
    assert peer.returned == "CHANNEL_HANGUP"


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


@pytest.mark.parametrize("busy", [False, True])
def test_events_that_nobody_waits_for_are_not_kept(busy: bool) -> None:
    kept: list[int] = []
    begins = threading.Event()

    def handler(session: Session) -> None:
        if busy:
            begins.wait(PATIENCE)
        session.channel.wait("DTMF")
        kept.append(len(session.channel.leg.conversation.recent))

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


def test_a_leg_that_ended_before_it_was_looked_up_is_no_leg() -> None:
    def handler(session: Session) -> None:
        session.filter("Unique-ID", "b-leg")
        session.wait("CHANNEL_DESTROY")
        session.leg("b-leg")

    with call(handler) as peer:
        peer.handshake()
        peer.serve("filter Unique-ID b-leg")
        for name, state in (
            ("CHANNEL_HANGUP_COMPLETE", "CS_REPORTING"),
            ("CHANNEL_DESTROY", "CS_DESTROY"),
        ):
            headers = {"Event-Name": name, "Unique-ID": "b-leg", "Channel-State": state}
            peer.say(event(headers))
        peer.serve("filter Unique-ID b-leg")
        peer.hear("api uuid_dump b-leg")
        peer.say(response("-ERR No such channel!\n"))
        peer.serve("filter delete Unique-ID b-leg")
        peer.await_handler()
    assert isinstance(peer.raised, CommandError)


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


def test_an_api_response_is_no_reply_to_an_unawaited_application() -> None:
    with call(lambda session: session.channel.execute("echo", block=False)) as peer:
        peer.handshake()
        peer.hear("sendmsg")
        peer.say(response("+OK\n"))
        peer.await_handler()
    assert isinstance(peer.raised, ProtocolError)


def test_the_first_header_is_found_in_any_letter_case() -> None:
    assert Event(b"Event-Name: DTMF\nDTMF-Digit: 1\n\n")["event-name"] == "DTMF"
    context = ConnectReply(b"Event-Name: CHANNEL_DATA\nUnique-ID: x")
    assert "event-name" in context
    assert context.get("EVENT-NAME") == "CHANNEL_DATA"
    assert Event(b"Event-Name: DTMF").name == "DTMF"


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

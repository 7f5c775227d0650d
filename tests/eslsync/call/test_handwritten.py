"""Giving a call back brings the caller on in the dialplan, whatever still runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from eslsync import Channel, Outbound, Session, TimeoutError
from simulator import Call, Fault, FreeSwitch
from tests.support.cases import for_each
from tests.support.peer import call as call_of

MUSIC = "moh/music"
HOURS = {MUSIC: 10_000.0, "local_stream://moh": 10_000.0, "goodbye": 3.0}
FALLBACK = [("playback", "ivr/fallback")]


def too_late(wait: Callable[[], object]) -> object:
    with pytest.raises(TimeoutError):
        wait()
    return None


def nested(channel: Channel) -> None:
    channel.playback(MUSIC, block=False)
    channel.playback("local_stream://moh", block=False)


def queued(channel: Channel) -> None:
    channel.playback(MUSIC, block=False, lock=True)
    channel.playback("local_stream://moh", block=False)


def on_key(channel: Channel) -> None:
    channel.on_dtmf("1")(lambda digit: channel.playback(MUSIC, block=False))
    channel.wait("DTMF")


def terminated(channel: Channel) -> None:
    channel.playback(MUSIC, block=False, terminators="9", lock=True)


def handwritten(channel: Channel, headers: dict[str, str]) -> None:
    session = session_of[channel]
    session.sendmsg("execute", {"execute-app-name": "playback", **headers})


def message(channel: Channel) -> None:
    session_of[channel].send(
        "sendmsg",
        {"call-command": "execute", "execute-app-name": "playback", "execute-app-arg": MUSIC},
    )


session_of: dict[Channel, Session] = {}

#: What runs when the handler ends.
RUNS: dict[str, Callable[[Channel], object]] = {
    "playback": lambda channel: channel.playback(MUSIC, block=False),
    "a stream": lambda channel: channel.playback("local_stream://moh", block=False),
    "a playback that was waited for": lambda channel: too_late(
        lambda: channel.playback(MUSIC, timeout=1.0)
    ),
    "a locked playback": lambda channel: channel.playback(MUSIC, block=False, lock=True),
    "a playback inside another": nested,
    "a playback behind another": queued,
    "a playback with terminators": terminated,
    "a playback by a callback": on_key,
    "record": lambda channel: too_late(lambda: channel.record("/tmp/m.wav", timeout=1.0)),
    "record inside music": lambda channel: (
        channel.playback(MUSIC, block=False),
        too_late(lambda: channel.record("/tmp/m.wav", timeout=1.0)),
    ),
    "music inside record": lambda channel: (
        too_late(lambda: channel.record("/tmp/m.wav", timeout=1.0)),
        channel.playback(MUSIC, block=False),
        channel.playback(MUSIC, block=False),
    ),
    "a locked record": lambda channel: too_late(
        lambda: channel.record("/tmp/m.wav", timeout=1.0, lock=True)
    ),
    "sleep": lambda channel: channel.execute("sleep", "9000000", block=False),
    "digits": lambda channel: channel.execute(
        "play_and_get_digits", f"1 1 3 5000 # {MUSIC} silence d", block=False
    ),
    "a broadcast": lambda channel: channel.broadcast(MUSIC),
    "a broadcast by api": lambda channel: session_of[channel].api(
        f"uuid_broadcast {channel.uuid} {MUSIC}"
    ),
    "a broadcast by bgapi": lambda channel: (
        session_of[channel].bgapi(f"uuid_broadcast {channel.uuid} {MUSIC}").wait()
    ),
    "a message": message,
    "loops": lambda channel: handwritten(channel, {"execute-app-arg": "goodbye", "loops": "-1"}),
    "music for a far end": lambda channel: (
        session_of[channel].originate("user/1000").playback(MUSIC, block=False)
    ),
}


@for_each("raises", [True, False])
@for_each("runs", RUNS)
def test_the_dialplan_goes_on(runs: str, raises: bool) -> None:
    def handler(session: Session) -> None:
        session_of[session.channel] = session
        session.channel.answer()
        RUNS[runs](session.channel)
        if raises:
            raise RuntimeError("the database is gone")

    with FreeSwitch(raises=False, prompts=HOURS) as switch:
        switch.endpoint("user/1000", answers_after=1.0)
        call = switch.call(handler, after=FALLBACK)
        if "callback" in runs:
            call.expect("answer")
            call.press("1")
        call.hear("ivr/fallback", timeout=30)
        call.wait(timeout=30)
        session_of.clear()
    assert call.given_back
    assert isinstance(call.error, RuntimeError) is raises


@pytest.mark.parametrize("runs", ["playback", "record", "a locked playback"])
def test_it_goes_on_at_once_on_a_socket_without_full_as_well(runs: str) -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        RUNS[runs](session.channel)

    with FreeSwitch(prompts=HOURS) as switch:
        call = switch.call(handler, socket="async", after=FALLBACK)
        call.hear("ivr/fallback", timeout=30)
        assert call.duration < 5


def test_it_goes_on_when_the_server_is_stopped() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback(MUSIC)

    with FreeSwitch(prompts=HOURS, raises=False) as switch:
        call = switch.call(handler, after=FALLBACK, faults=[Fault("stop", "PLAYBACK_START")])
        call.hear("ivr/fallback", timeout=60)
        call.wait(timeout=30)
    assert call.given_back


def test_an_exit_lets_it_finish() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback("goodbye", block=False)
        session.exit()

    with FreeSwitch(prompts=HOURS) as switch:
        call = switch.call(handler, after=FALLBACK)
        call.hear("goodbye")
        call.hear("ivr/fallback")
    assert call.duration > 3


def test_waiting_lets_it_finish_too() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback("goodbye", block=False).wait()

    with FreeSwitch(prompts=HOURS) as switch:
        call = switch.call(handler, after=FALLBACK)
        call.hear("goodbye")
        call.hear("ivr/fallback")


def test_without_events_everything_that_was_sent_is_finished() -> None:
    """The methods return at once there, so the handler ends before any prompt."""

    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback("goodbye")

    with FreeSwitch(prompts=HOURS) as switch:
        call = switch.call(Outbound(handler, events=False), after=FALLBACK)
        call.hear("goodbye")
        call.hear("ivr/fallback")


def conversation(session: Session) -> None:
    session.channel.answer()
    too_late(lambda: session.channel.bridge("user/1000", timeout=5.0))


def test_a_conversation_goes_on() -> None:
    with FreeSwitch(prompts=HOURS) as switch:
        switch.endpoint("user/1000", hangs_up_after=60.0)
        call = switch.call(conversation, after=FALLBACK)
        call.hear("ivr/fallback", start=True, timeout=120)
        assert call.duration == pytest.approx(60, abs=1)


def test_what_plays_inside_a_conversation_does_not() -> None:
    def handler(session: Session) -> None:
        conversation(session)
        session.channel.playback(MUSIC, block=False)

    with FreeSwitch(prompts=HOURS) as switch:
        switch.endpoint("user/1000", hangs_up_after=60.0)
        call = switch.call(handler, after=FALLBACK)
        call.hear("ivr/fallback", start=True, timeout=120)
        assert call.duration == pytest.approx(60, abs=1)


def transferred(session: Session) -> None:
    session.channel.transfer("6000")


def transferred_by_message(session: Session) -> None:
    session.sendmsg("execute", {"execute-app-name": "transfer", "execute-app-arg": "6000"})
    session.channel.wait("CHANNEL_EXECUTE_COMPLETE")


def transferred_by_api(session: Session) -> None:
    session.api(f"uuid_transfer {session.uuid} 6000")


@pytest.mark.parametrize("transfer", [transferred, transferred_by_message, transferred_by_api])
def test_a_transfer_is_not_cut_short(transfer: Callable[[Session], object]) -> None:
    """The music that the transfer has ended may not be told of yet."""

    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback(MUSIC, block=False)
        transfer(session)

    with FreeSwitch(prompts=HOURS, extensions={"6000": [("playback", "six")]}) as switch:
        call = switch.call(handler, after=FALLBACK)
        call.hear("six", timeout=30)
        call.wait(timeout=30)
    assert "ivr/fallback" not in call.heard


def test_sockets_that_follow_are_not_resumed() -> None:
    """`resume` leaves a variable behind that would cut what runs at the end of the next socket."""

    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback(MUSIC, block=False)

    with FreeSwitch(prompts=HOURS) as switch:
        call = switch.call(handler, after=[("playback", "${socket_resume}ivr/fallback")])
        call.hear("ivr/fallback", timeout=30)


def test_nothing_is_sent_when_nothing_runs() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.playback("goodbye")

    with FreeSwitch(prompts=HOURS) as switch:
        call = switch.call(handler, after=FALLBACK)
        call.hear("ivr/fallback")
    assert "resume" not in str(call.transcript)


def test_another_calls_channel_is_left_as_it_was() -> None:
    """What this handler plays on a leg of another call ends with it."""
    other: list[Call] = []

    def waiting(session: Session) -> None:
        session.channel.answer()
        session.channel.wait("CHANNEL_HANGUP")

    def handler(session: Session) -> None:
        session.channel.answer()
        session.leg(other[0].uuid).playback(MUSIC, block=False)
        session.channel.sleep(1.0)

    with FreeSwitch(prompts=HOURS) as switch:
        other.append(switch.call(waiting))
        other[0].expect("answer")
        call = switch.call(handler)
        call.wait(timeout=30)
        other[0].say_nothing(1)
        assert f"cuts {MUSIC}" in str(other[0].transcript)
        other[0].hangup()


def test_a_sync_socket_sends_no_resume() -> None:
    """FreeSWITCH would reset the channel, and nobody would execute its dialplan any more."""

    def handler(session: Session) -> Any:
        too_late(lambda: session.channel.playback("goodbye", timeout=0.5))

    with FreeSwitch(prompts=HOURS) as switch:
        call = switch.call(handler, socket="full", after=FALLBACK)
        call.hear("ivr/fallback", timeout=30)
    assert "resume" not in str(call.transcript)


def test_a_switch_that_refuses_to_resume_gets_its_call_back_all_the_same() -> None:
    def handler(session: Session) -> None:
        session.channel.playback("x", block=False)

    with call_of(handler) as peer:
        peer.handshake()
        peer.execute("playback")
        peer.serve("resume", "-ERR command not found")
        peer.execute("unset", "socket_resume")
        peer.run("set", "eslsync_gave_back=true")
        assert peer.hear_end() == []

"""Calls as a test makes them: how they are taken, given back, and left."""

from __future__ import annotations

import threading
import wave
from pathlib import Path

import pytest

from eslsync import HangupCause, Outbound, Session
from simulator import Call, CallFailed, FreeSwitch


def commands(call: Call) -> list[str]:
    """What the app sent on the control connection."""
    return [entry.text for entry in call.transcript.entries if entry.sender == "app"]


def greet(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("greeting")


def test_a_handler_that_returns_gives_the_call_back_to_the_dialplan() -> None:
    # recording 12c: what stands after `socket` goes on
    with FreeSwitch() as switch:
        call = switch.call(greet, after=[("playback", "fallback"), ("hangup", "USER_BUSY")])
        call.hear("fallback")
        call.wait()
    assert call.heard == ["greeting", "fallback"]
    assert call.cause == HangupCause.USER_BUSY
    assert not any("set eslsync" in command for command in commands(call))


def test_a_call_given_back_to_an_empty_dialplan_is_hung_up() -> None:
    # recordings 12k, 12n
    with FreeSwitch() as switch:
        call = switch.call(greet)
        call.wait()
    assert call.cause == HangupCause.NORMAL_CLEARING


@pytest.mark.parametrize("events", [True, False, ["CHANNEL_ANSWER"]])
@pytest.mark.parametrize("socket", ["async full", "async", "full", ""])
def test_a_handler_that_does_nothing_leaves_nobody_parked(
    events: bool | list[str], socket: str
) -> None:
    # recording 14b2: a close within a moment of connect parks the caller for ever, so an
    # application has to complete first
    with FreeSwitch() as switch:
        app = Outbound(lambda session: None, events=events)
        call = switch.call(app, socket=socket, after=[("playback", "fallback")])
        call.hear("fallback")
        call.wait()
    assert commands(call)[-1] == "execute set eslsync_gave_back=true"


def test_a_handler_that_raises_gives_its_call_back_too() -> None:
    def broken(session: Session) -> None:
        raise LookupError("no such customer")

    with FreeSwitch(raises=False) as switch:
        call = switch.call(broken, after=[("playback", "fallback")])
        call.hear("fallback")
        call.wait()
    assert isinstance(call.error, LookupError)


def test_an_outbounds_handler_and_options_are_used() -> None:
    app = Outbound(greet, port=5999, events=["CHANNEL_ANSWER"], linger=7)
    with FreeSwitch() as switch:
        call = switch.call(app)
        call.wait()
    said = commands(call)
    assert said[:2] == ["connect", "linger 7"]
    assert said[3] == (
        "event plain CHANNEL_ANSWER CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP "
        "CHANNEL_HANGUP_COMPLETE DTMF"
    )
    assert app.port == 5999


def test_a_call_brings_its_numbers_and_variables() -> None:
    seen: dict[str, str] = {}

    def look(session: Session) -> None:
        seen["caller"] = session.context["Caller-Caller-ID-Number"]
        seen["name"] = session.context["Caller-Caller-ID-Name"]
        seen["destination"] = session.context["Caller-Destination-Number"]
        seen["tenant"] = session.context.variables["tenant"]
        seen["note"] = session.context.variables["note"]

    with FreeSwitch() as switch:
        switch.call(
            look,
            caller="4711",
            caller_name="Zoë O'Hara",
            destination="1234",
            variables={"tenant": "acme"},
            before=[("set", "note=100% & <ok>\n")],
        ).wait()
    assert seen == {
        "caller": "4711",
        "name": "Zoë O'Hara",
        "destination": "1234",
        "tenant": "acme",
        "note": "100% & <ok>\n",
    }


def test_several_calls_share_one_virtual_time() -> None:
    with FreeSwitch(prompts={"greeting": 5.0}) as switch:
        calls = [switch.call(greet) for _ in range(20)]
        for call in calls:
            call.wait()
        assert all(5.0 < call.duration < 5.2 for call in calls)
        assert switch.now < 1767603600.0 + 6.0


def test_the_length_of_a_prompt_comes_from_its_file_its_table_or_is_two_seconds(
    tmp_path: Path,
) -> None:
    (tmp_path / "ivr").mkdir()
    with wave.open(str(tmp_path / "ivr" / "long.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(2 * 8000 * 7))

    def lengths(session: Session) -> None:
        for prompt in ("ivr/long", "table", "unknown"):
            session.channel.playback(prompt)
        session.channel.hangup()

    with FreeSwitch(sounds=tmp_path, prompts={"table": 3.0}) as switch:
        call = switch.call(lengths)
        call.hear("ivr/long", start=True)
        began = call.duration
        call.hear("unknown")
        # 7 + 3 + 2 s, and a tick of 20 ms before each of the next two
        assert call.duration - began == pytest.approx(12.04, abs=0.001)


def test_hear_counts_what_was_heard_since_the_last_verb_of_that_call() -> None:
    def repeat(session: Session) -> None:
        for _ in range(3):
            session.channel.playback("again")
        session.channel.hangup()

    with FreeSwitch() as switch:
        call, other = switch.call(repeat), switch.call(repeat)
        other.hear("again")
        call.hear("again")  # it was heard during the other call's verb
        call.hear("again")
        call.hear("again")
        with pytest.raises(CallFailed, match="did not hear 'again'"):
            call.hear("again")


def test_press_after_the_end_of_the_call_fails() -> None:
    with FreeSwitch() as switch:
        call = switch.call(greet)
        call.wait()
        with pytest.raises(CallFailed, match="can't press '1': the call has ended"):
            call.press("1")
        with pytest.raises(ValueError, match="keys 0-9"):
            call.press("one")


def test_expect_waits_for_an_event_or_an_application_of_the_channel() -> None:
    with FreeSwitch() as switch:
        call = switch.call(greet)
        call.expect("CHANNEL_ANSWER")
        call.expect("playback")
        with pytest.raises(CallFailed, match="CHANNEL_BRIDGE did not happen before the call ended"):
            call.expect("CHANNEL_BRIDGE")


def test_waiting_for_the_end_of_an_endless_call_fails() -> None:
    def for_ever(session: Session) -> None:
        session.channel.answer()
        while True:
            session.channel.playback("again")

    def wait_in_vain(session: Session) -> None:
        session.channel.answer()
        session.channel.wait("CHANNEL_BRIDGE")

    with FreeSwitch() as switch:
        endless = switch.call(for_ever)
        with pytest.raises(CallFailed, match="the call is still up after 100 s"):
            endless.wait(timeout=100.0)
    with FreeSwitch() as switch:
        vain = switch.call(wait_in_vain)
        with pytest.raises(CallFailed, match="nothing is due that could end it"):
            vain.wait(timeout=1e9)


def test_the_transcript_lists_what_a_caller_says_and_does() -> None:
    with FreeSwitch() as switch:
        call = switch.call(greet)
        call.hear("greeting", start=True)
        call.press("5")
        call.hangup(cause="ORIGINATOR_CANCEL")
    did = [entry.text for entry in call.transcript.entries if entry.sender == "caller"]
    assert did == ["calls 5000", "presses 5", "hangs up ORIGINATOR_CANCEL"]
    assert call.cause == HangupCause.ORIGINATOR_CANCEL
    assert str(call.transcript).count("\n") > 20


def test_threads_started_by_a_handler_run_in_real_time() -> None:
    found: list[str] = []

    def asks_elsewhere(session: Session) -> None:
        session.channel.answer()
        asking = threading.Thread(
            target=lambda: found.append(session.api("uuid_exists " + session.uuid))
        )
        asking.start()
        asking.join()
        session.channel.hangup()

    with FreeSwitch() as switch:
        switch.call(asks_elsewhere).wait()
    assert found == ["true"]


def test_an_unknown_option_is_an_error() -> None:
    with pytest.raises(TypeError, match="sound_folder"):
        FreeSwitch(sound_folder="x")  # type: ignore[call-arg]


def test_calls_are_made_inside_the_block() -> None:
    with pytest.raises(RuntimeError, match="inside its with block"):
        FreeSwitch().call(greet)


def test_a_switch_is_entered_once() -> None:
    # the time of its calls is over: a second block would pass without calling anybody
    with FreeSwitch() as switch:
        switch.call(greet).wait()
    with pytest.raises(RuntimeError, match="entered once"), switch:
        pass


@pytest.mark.parametrize("socket", ["asnyc full", "async,full"])
def test_a_misspelt_option_of_socket_is_an_error(socket: str) -> None:
    with FreeSwitch() as switch, pytest.raises(ValueError, match="are async and full, not"):
        switch.call(greet, socket=socket)


def test_a_key_that_the_handler_never_asks_for_is_not_pressed() -> None:
    def only_plays(session: Session) -> None:
        session.channel.answer()
        while True:
            session.channel.playback("again")

    with FreeSwitch(prompts={"again": 60.0}) as switch:
        call = switch.call(only_plays)
        said = "can't press '1': the handler did not wait for a digit within 3600 s"
        with pytest.raises(CallFailed, match=said):
            call.press("1", when_asked=True)
    assert "presses 1" not in str(call.transcript)

    def collects(session: Session) -> None:
        session.channel.get_digits("local_stream://moh")
        session.channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(collects)
        call.press("1", when_asked=True)  # it cuts music that never ends
        call.wait()
    assert call.outcome is None


def test_an_extension_that_the_dialplan_lacks_is_told() -> None:
    def transfers(session: Session) -> None:
        session.channel.transfer("60O1")

    with FreeSwitch(extensions={"6001": [("playback", "hold")]}) as switch:
        call = switch.call(transfers)
    assert call.cause == HangupCause.NO_ROUTE_DESTINATION
    assert "no extension '60O1'" in call.ladder()


def test_a_flood_of_events_larger_than_any_buffer_loses_nothing() -> None:
    seen: list[str] = []

    def listen(session: Session) -> None:
        session.on("CUSTOM flood::test", lambda event: seen.append(event["Number"]))
        session.channel.answer()
        session.send("filter Event-Subclass flood::test")
        for number in range(30):
            session.sendmsg(
                "execute",
                {
                    "execute-app-name": "event",
                    "execute-app-arg": (
                        f"Event-Subclass=flood::test,Event-Name=CUSTOM,Number={number},"
                        f"Padding={'x' * 100_000}"
                    ),
                },
            )
        session.channel.sleep(1.0)

    with FreeSwitch() as switch:
        call = switch.call(listen)
        call.wait()
    assert seen == [str(number) for number in range(30)]

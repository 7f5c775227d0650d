"""Conferences: recording 11e; conference_api.c, conference_loop.c, mod_conference.c."""

from __future__ import annotations

import pytest

from simulator.model.channel import Channel
from tests.support.model_call import ModelCall


def joined(call: ModelCall, argument: str = "room@default") -> Channel:
    """Have a second call join the same conference."""
    other = call.incoming(caller_number="2002", caller_name="Bob")
    other.run_extension([("conference", argument)])
    other.start()
    call.wait(0.1)
    return other


def api(call: ModelCall, command: str) -> str:
    before = len(call.sent)
    call.send(f"api conference {command}")
    return next(each.body for each in call.sent[before:] if each.lane == "answer")


def actions(call: ModelCall) -> list[str]:
    return [each.get("Action") for each in call.events("CUSTOM")]


def test_two_members_meet_in_a_room() -> None:
    call = ModelCall().answered()
    call.execute("conference", "room@default")
    call.wait(0.2)
    other = joined(call)
    assert api(call, "room count") == "2"
    second, first = api(call, "room list").splitlines()
    assert second == f"2;{other.name};{other.uuid};Bob;2002;hear|speak;0;0;100"
    assert first.endswith(";hear|speak|floor;0;0;100")
    assert "room (2 members rate: 8000 flags: running" in api(call, "list")
    assert api(call, "room kick 2") == "+OK kicked 2\n"
    call.wait(0.1)
    assert api(call, "room count") == "1"
    assert api(call, "room hup all") == "+OK hup 1\n"
    call.wait(0.1)
    assert call.completed.get("Application") == "conference"
    assert call.channel.up
    assert api(call, "room list") == "-ERR Conference room not found\n"
    assert api(call, "list") == "+OK No active conferences.\n"


def test_members_can_be_muted_and_deafened() -> None:
    call = ModelCall().answered()
    call.execute("conference", "room@default+flags{mute|deaf}")
    call.wait(0.2)
    assert ";floor;0;0;100" in api(call, "room list")
    [added] = [each for each in call.events("CUSTOM") if each.get("Action") == "add-member"]
    assert (added.get("Hear"), added.get("Speak")) == ("false", "false")
    for command, answer in (
        ("unmute all", "+OK unmute 1\n"),
        ("undeaf last", "+OK undeaf 1\n"),
        ("tmute 1", "+OK mute 1\n"),
        ("tmute non_moderator", "+OK unmute 1\n"),
        ("deaf 1", "+OK deaf 1\n"),
        ("mute 77", "-ERR Non-Existant ID 77\n"),
        ("mute", "mute <[member_id|all]|last|non_moderator> [<quiet>]"),
        ("volume_in 1 2", "+OK Volume IN 1 = 2\n"),
        ("volume_out 1 9", "+OK Volume OUT 1 = 4\n"),
        ("energy 1 200", "Energy 1 = 200\n"),
        ("dtmf 1 12", "+OK sent 12 to 1\n"),
        ("hold 1", "+OK hold 1\n"),
        ("unhold 1", "+OK unhold 1\n"),
        ("get count", "1"),
        ("nonsense", "-ERR Conference command 'nonsense' not found.\n"),
        ("", "Conference command, not specified.\nTry 'help'\n"),
    ):
        assert api(call, f"room {command}".rstrip()) == answer
    assert actions(call)[3:6] == ["undeaf-member", "mute-member", "unmute-member"]


def test_a_members_keys_control_the_conference() -> None:
    call = ModelCall().answered()
    call.execute("conference", "room@default")
    call.wait(0.2)
    for key in "00987321654*":
        call.channel.press(key)
        call.wait(0.1)
    assert actions(call)[2:] == [
        "mute-member",
        "unmute-member",
        *["energy-level"] * 3,
        *["volume-level"] * 3,
        *["gain-level"] * 3,
        "mute-member",
        "deaf-member",
    ]
    call.channel.press("#")
    call.wait(0.1)
    assert call.completed.get("Application") == "conference"
    assert call.variable("conference_last_matching_digits") == "#"


def test_a_file_is_played_to_all_or_to_one() -> None:
    call = ModelCall(prompts={"news": 3.0}, missing=["nope"]).answered()
    call.execute("conference", "room@default")
    call.wait(0.2)
    other = joined(call)
    assert api(call, "room play news") == "+OK (play) Playing file news\n"
    assert api(call, "room play news 2") == "+OK (play) Playing file news to member 2\n"
    assert api(call, "room play nope") == "-ERR (play) File: nope not found.\n"
    assert [heard.how for heard in call.channel.heard] == ["plays"]
    call.wait(3.5)
    assert [heard.how for heard in (*call.channel.heard, *other.heard)] == ["ended"] * 3
    assert actions(call)[-2:] == ["play-file-done", "play-file-member-done"]
    api(call, "room play news")
    call.wait(1.0)
    assert api(call, "room stop all") == "+OK Stopped 1 files.\n"
    assert call.channel.heard[-1].how == "cut"


def test_a_room_can_ask_for_a_pin() -> None:
    prompts = {"conference/conf-pin.wav": 1.0, "conference/conf-bad-pin.wav": 1.0}
    call = ModelCall(prompts=prompts).answered()
    joined(call)
    assert api(call, "room pin 42") == "+OK Pin for conference room set: 42\n"
    call.execute("conference", "room@default")
    call.wait(1.5)
    for key in "1742":
        call.channel.press(key)
        call.wait(1.6)
    assert api(call, "room count") == "2"
    assert api(call, "room nopin") == "+OK Pin for conference room deleted\n"


@pytest.mark.parametrize("supplied", ["42", ""])
def test_without_the_pin_a_caller_stays_out(supplied: str) -> None:
    call = ModelCall().answered()
    joined(call)
    api(call, "room pin 42")
    call.execute("set", f"supplied_pin={supplied}")
    call.execute("conference", "room@default")
    call.wait(60.0)
    assert api(call, "room count") == ("2" if supplied else "1")
    assert call.channel.up


def test_a_locked_room_admits_nobody() -> None:
    call = ModelCall().answered()
    joined(call)
    assert api(call, "room lock") == "+OK room locked\n"
    call.execute("conference", "room@default")
    call.wait(3.0)
    assert call.completed.get("Application") == "conference"
    assert api(call, "room unlock") == "+OK room unlocked\n"
    assert {"lock", "unlock"} <= set(actions(call))


def test_the_room_ends_with_its_moderator() -> None:
    call = ModelCall().answered()
    call.execute("conference", "room@default")
    call.wait(0.1)
    moderator = joined(call, "room@default+flags{moderator|endconf}")
    assert "moderator" in api(call, "room list")
    moderator.caller_hangs_up()
    call.wait(0.2)
    assert call.completed.get("Application") == "conference"


def test_a_recording_of_the_room_can_be_played() -> None:
    call = ModelCall(only_known=True).answered()
    call.execute("conference", "room@default")
    call.wait(0.1)
    assert api(call, "room record /tmp/room.wav") == "+OK Record file /tmp/room.wav\n"
    call.wait(4.0)
    assert api(call, "room recording check") == "+OK Record file /tmp/room.wav\n"
    assert api(call, "room norecord all").startswith("Stopped recording file /tmp/room.wav\n")
    api(call, "room kick all")
    call.wait(0.1)
    call.execute("playback", "/tmp/room.wav")
    call.wait(5.0)
    assert call.completed.get("Application-Response") == "FILE PLAYED"


def test_a_member_can_be_spoken_to_and_transferred() -> None:
    call = ModelCall(speech_engines=["flite"]).answered()
    call.execute("conference", "room@default")
    call.wait(0.1)
    assert api(call, "room say hello") == "+OK (say) OK\n"
    assert api(call, "room saymember 1 hello") == "+OK (saymember) OK\n"
    assert api(call, "room say") == "-ERR (say) Error! No text.\nsay <text>"
    assert [heard.prompt for heard in call.channel.heard] == ["hello", "hello"]
    assert api(call, "room transfer other 1") == "+OK Member '1' sent to conference other.\n"
    call.wait(0.2)
    assert api(call, "other count") == "1"

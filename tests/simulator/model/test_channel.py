"""A channel: what it fires, what the caller hears, how it ends."""

from __future__ import annotations

import json

import pytest

from simulator.model.channel import Heard
from simulator.recordings.reading import Recording
from tests.support.model_call import ModelCall
from tests.support.places import RECORDINGS

PROMPTS = {"a.wav": 2.0, "b.wav": 1.0, "c.wav": 0.6}


def test_a_call_is_introduced_as_the_real_switch_does() -> None:
    """Names and order of the connect reply's headers are those of a recording."""
    recording = Recording.read(RECORDINGS / "01a_basic_playback_hangup.jsonl")
    call = ModelCall(incoming={"caller_name": "Alice"})
    call.send("connect")
    assert recording.connect is not None
    expected = [name for name, _ in recording.connect.headers]
    assert [name for name, _ in call.sent[0].headers] == expected


def test_what_stands_before_the_socket_is_run_first() -> None:
    call = ModelCall(incoming={"before": [("set", "tenant=acme"), ("answer", "")]})
    assert call.channel.answered_at == call.channel.created_at
    assert call.send("connect") == "+OK\n"
    assert call.sent[0].get("variable_tenant") == "acme"


def test_variables_of_the_call() -> None:
    call = ModelCall(incoming={"variables": {"order": "42"}})
    call.send("connect")
    assert call.send("getvar order") == "42"


def test_an_execution_is_announced_and_completed() -> None:
    call = ModelCall(prompts=PROMPTS).answered()
    call.execute("playback", "a.wav", Event_UUID="mine")
    call.wait(3)
    assert call.ladder() == [
        "CHANNEL_PARK",
        "CHANNEL_EXECUTE answer",
        "CHANNEL_ANSWER",
        "CHANNEL_EXECUTE_COMPLETE answer",
        "CHANNEL_EXECUTE playback",
        "PLAYBACK_START",
        "PLAYBACK_STOP",
        "CHANNEL_EXECUTE_COMPLETE playback",
    ]
    started, completed = call.events("CHANNEL_EXECUTE")[-1], call.completed
    assert started.get("Application-UUID") == completed.get("Application-UUID") == "mine"
    assert completed.get("Application-Response") == "FILE PLAYED"
    assert completed.time - started.time == pytest.approx(2.0)


def test_nested_prompts_pause_each_other_and_complete_in_reverse() -> None:
    call = ModelCall(prompts=PROMPTS)
    seen: list[tuple[str, str, float]] = []
    call.channel.on_heard = lambda heard: seen.append((heard.prompt, heard.how, call.seconds))
    call.answered()
    call.execute("playback", "a.wav")
    call.wait(0.52)
    call.execute("playback", "b.wav")
    call.wait(5)
    assert [each[:2] for each in seen] == [
        ("a.wav", "plays"),
        ("b.wav", "plays"),
        ("a.wav", "paused"),
        ("b.wav", "ended"),
        ("a.wav", "plays"),
        ("a.wav", "ended"),
    ]
    completed = [each.get("Application-Data") for each in call.events("CHANNEL_EXECUTE_COMPLETE")]
    assert completed == ["", "b.wav", "a.wav"]
    heard = call.channel.heard
    assert [(each.prompt, each.how) for each in heard] == [("a.wav", "ended"), ("b.wav", "ended")]
    assert heard[0].ended is not None
    assert (heard[0].ended - heard[0].started) / 1e6 == pytest.approx(3.0)


def test_event_lock_queues() -> None:
    call = ModelCall(prompts=PROMPTS).answered()
    for prompt in ("a.wav", "b.wav", "c.wav"):
        call.execute("playback", prompt, event_lock="true")
    call.wait(5)
    completed = [each.get("Application-Data") for each in call.events("CHANNEL_EXECUTE_COMPLETE")]
    assert completed == ["", "a.wav", "b.wav", "c.wav"]
    assert [each.how for each in call.channel.heard] == ["ended"] * 3


def test_loops() -> None:
    call = ModelCall(prompts=PROMPTS).answered()
    call.send(
        "sendmsg",
        "call-command: execute",
        "execute-app-name: playback",
        "execute-app-arg: b.wav",
        "loops: 3",
    )
    call.wait(5)
    assert [each.prompt for each in call.channel.heard] == ["b.wav"] * 3


@pytest.mark.parametrize(
    ("terminators", "key", "cut"),
    [
        (None, "*", True),
        (None, "5", False),
        ("none", "*", False),
        ("any", "5", True),
        ("12", "2", True),
    ],
)
def test_what_key_ends_a_playback(terminators: str | None, key: str, cut: bool) -> None:
    call = ModelCall(prompts=PROMPTS).answered()
    call.channel.set("playback_terminators", terminators)
    call.execute("playback", "a.wav")
    call.wait(0.5)
    call.channel.press(key)
    call.wait(0.1)
    assert (call.channel.heard[0].how == "cut") is cut
    assert (call.variable("playback_terminator_used") == key) is cut
    assert call.events("DTMF")[0].get("DTMF-Digit") == key


def test_a_file_that_is_not_there() -> None:
    call = ModelCall(prompts=PROMPTS, only_known=True).answered()
    call.execute("playback", "nowhere.wav")
    call.wait(1)
    assert call.completed.get("Application-Response") == "FILE NOT FOUND"
    assert not call.events("PLAYBACK_START")
    assert not call.channel.heard


def test_an_unknown_application_hangs_up() -> None:
    call = ModelCall().answered()
    call.execute("no_such_application")
    call.wait(0.1)
    assert call.channel.hangup_cause == "DESTINATION_OUT_OF_ORDER"
    assert "CHANNEL_EXECUTE no_such_application" not in call.ladder()


def test_a_key_ends_sleep_unless_it_is_eaten() -> None:
    call = ModelCall().answered()
    call.execute("sleep", "3000")
    call.wait(1)
    call.channel.press("1")
    call.wait(0.1)
    # it is left for whatever reads next
    assert call.ladder()[-2:] == ["CHANNEL_EXECUTE_COMPLETE sleep", "DTMF"]
    call.channel.set("sleep_eat_digits", "true")
    call.execute("sleep", "3000")
    call.wait(1)
    call.channel.press("1")
    call.wait(0.1)
    assert call.ladder()[-1] == "DTMF"


PAGD = "1 2 2 1000 # a.wav b.wav choice [1-3]+ 500"


@pytest.mark.parametrize(
    ("keys", "choice", "invalid", "result", "prompts"),
    [
        ("", None, None, "failure", "abab"),
        ("2#", "2", None, "success", "a"),
        ("12", "12", None, "success", "a"),
        ("3", "3", None, "timeout", "a"),  # the time between two digits runs out
        ("9#", None, "9", "failure", "abab"),
    ],
)
def test_play_and_get_digits(
    keys: str, choice: str | None, invalid: str | None, result: str, prompts: str
) -> None:
    call = ModelCall(prompts=PROMPTS).answered()
    call.execute("play_and_get_digits", PAGD)
    call.wait(0.5)
    for key in keys:
        call.channel.press(key)
    call.wait(20)
    assert call.ladder()[-1] == "CHANNEL_EXECUTE_COMPLETE play_and_get_digits"
    assert call.completed.get("Application-Response") == "_none_"
    assert call.variable("choice") == choice
    assert call.variable("choice_invalid") == invalid
    assert call.variable("read_result") == result
    assert "".join(each.prompt[0] for each in call.channel.heard) == prompts


def test_a_key_pressed_before_is_lost() -> None:
    call = ModelCall(prompts=PROMPTS).answered()  # recordings 03g, 14c
    call.channel.press("2")
    call.wait(0.5)
    call.execute("play_and_get_digits", PAGD)
    call.wait(20)
    assert call.variable("choice") is None


def test_read() -> None:
    call = ModelCall(prompts=PROMPTS).answered()
    call.execute("read", "1 3 a.wav pin 1000 #")
    call.wait(0.5)
    for key in "12#":
        call.channel.press(key)
    call.wait(0.2)
    assert call.variable("pin") == "12"
    assert call.variable("read_terminator_used") == "#"


def test_a_caller_who_hangs_up_ends_what_runs_and_what_waits_never_runs() -> None:
    call = ModelCall(prompts=PROMPTS).answered()
    for prompt in ("a.wav", "b.wav"):
        call.execute("playback", prompt, event_lock="true")
    call.wait(0.5)
    call.channel.caller_hangs_up("ORIGINATOR_CANCEL")
    call.wait(0.5)
    assert call.ladder()[-6:] == [
        "CHANNEL_HANGUP",
        "PLAYBACK_STOP",
        "CHANNEL_EXECUTE_COMPLETE playback",
        "CHANNEL_UNPARK",
        "CHANNEL_EXECUTE_COMPLETE socket",
        "CHANNEL_HANGUP_COMPLETE",
    ]
    assert call.channel.heard[0].how == "cut"
    assert call.events("CHANNEL_HANGUP_COMPLETE")[0].get("Hangup-Cause") == "ORIGINATOR_CANCEL"


def test_the_world_is_told_once_of_the_end() -> None:
    call = ModelCall()
    ends: list[float] = []
    call.channel.on_hangup = lambda: ends.append(call.seconds)
    call.answered()
    call.execute("hangup", "17")
    call.wait(1)
    call.channel.caller_hangs_up()
    call.wait(1)
    assert len(ends) == 1
    assert not call.channel.up
    assert call.channel.hangup_cause == "USER_BUSY"
    assert call.channel.hung_up_at is not None


def test_every_event_is_told_whether_subscribed_or_not() -> None:
    call = ModelCall()
    names: list[str] = []
    call.channel.on_event = lambda name, event: names.append(name)
    call.send("connect")
    call.execute("answer")
    call.wait(0.1)
    assert "CHANNEL_ANSWER" in names
    assert not call.events("CHANNEL_ANSWER")


def test_a_transfer_leaves_the_socket_open_and_its_events_follow() -> None:
    extensions = {r"^bye(\d+)$": [("sleep", "$1"), ("hangup", "USER_BUSY")]}
    call = ModelCall(prompts=PROMPTS, extensions=extensions).answered()
    call.execute("playback", "a.wav")
    call.wait(0.5)
    call.send(f"api uuid_transfer {call.channel.uuid} bye700 XML default")
    call.wait(2)
    assert call.closed_at is None
    assert call.channel.hangup_cause == "USER_BUSY"
    assert "CHANNEL_EXECUTE sleep" in call.ladder()
    (cut,) = [
        e for e in call.events("CHANNEL_EXECUTE_COMPLETE") if e.get("Application-Data") == "a.wav"
    ]
    assert cut.get("Application-Response") == "PLAYBACK ERROR"
    assert call.variable("DP_MATCH") == "ARRAY::bye700|:700"


def test_a_transfer_to_nowhere_hangs_up() -> None:
    call = ModelCall().answered()
    call.execute("transfer", "nowhere XML default")
    call.wait(1)
    assert call.channel.hangup_cause == "NO_ROUTE_DESTINATION"


def test_two_runs_with_one_seed_say_the_same_bytes() -> None:
    def run() -> list[str]:
        call = ModelCall(prompts=PROMPTS).answered()
        call.execute("playback", "a.wav")
        call.wait(0.5)
        call.channel.press("*")
        call.execute("hangup")
        call.wait(1)
        return [json.dumps(each.headers) for each in call.sent]

    assert run() == run()


def test_heard_begins_as_playing() -> None:
    heard = Heard("a.wav", 7)
    assert (heard.how, heard.ended) == ("plays", None)


def test_an_inline_dialplan() -> None:
    call = ModelCall(prompts=PROMPTS).answered()
    call.execute("transfer", "'m:^:playback:c.wav^hangup:USER_BUSY' inline")
    call.wait(2)
    assert [each.prompt for each in call.channel.heard] == ["c.wav"]
    assert call.channel.hangup_cause == "USER_BUSY"


def test_who_hung_up_is_not_transferred() -> None:
    call = ModelCall(prompts=PROMPTS).answered()
    call.execute("play_and_get_digits", f"{PAGD} nowhere")
    call.wait(0.5)
    call.channel.caller_hangs_up()
    call.wait(5)
    assert not call.channel.up
    assert call.ladder()[-1] == "CHANNEL_HANGUP_COMPLETE"

"""Scheduled tasks: recordings 21s, 21t, 27c, 27d; mod_commands.c, mod_dptools.c,
switch_scheduler.c.
"""

from __future__ import annotations

import pytest

from simulator.applications.schedule import Tasks
from tests.support.model_call import ModelCall


def api(call: ModelCall, command: str) -> str:
    before = len(call.sent)
    call.send(f"api {command}")
    return next(each.body for each in call.sent[before:] if each.lane == "answer")


def test_a_scheduled_hangup_with_an_unknown_cause_is_handled_as_freeswitch_does() -> None:
    call = ModelCall().answered()
    call.execute("sched_hangup", "+10 alloted_timeout")
    call.wait(9.5)
    assert call.channel.up
    call.wait(1.0)
    assert call.channel.hangup_cause == "NORMAL_CLEARING"


def test_a_hangup_scheduled_in_no_time_is_immediate() -> None:
    call = ModelCall().answered()
    call.execute("sched_hangup", "+0 USER_BUSY")
    call.wait(0.1)
    assert call.channel.hangup_cause == "USER_BUSY"


@pytest.mark.parametrize("how", ["app", "api", "group of its own"])
def test_scheduled_tasks_can_be_cancelled(how: str) -> None:
    call = ModelCall().answered()
    call.execute("sched_hangup", "+2")
    call.execute("sched_broadcast", "+1 silence_stream://100")
    call.execute("sched_transfer", "+2 9999")
    call.wait(0.1)
    number = call.variable("last_sched_id")
    assert number is not None
    if how == "app":
        call.execute("sched_cancel", "")
    elif how == "api":
        assert api(call, f"sched_del {call.channel.uuid}") == "+OK Deleted: 3\n"
    else:
        assert api(call, f"unsched_api {number}") == "+OK\n"
        call.wait(0.5)  # until the task thread has looked
        assert api(call, f"unsched_api {number}") == "-ERR No such id\n"
    call.wait(3.0)
    assert call.channel.up is (how != "group of its own")
    assert bool(call.events("PLAYBACK_START")) is (how == "group of its own")


def test_an_api_command_can_be_scheduled_and_repeated() -> None:
    call = ModelCall().answered()
    uuid = call.channel.uuid
    assert api(call, f"sched_api +2 none uuid_setvar {uuid} once yes").startswith("+OK Added: ")
    api(call, f"sched_api @1 mine uuid_setvar {uuid} often yes&")
    call.wait(1.5)
    assert (call.variable("once"), call.variable("often")) == (None, "yes")
    call.wait(1.0)
    assert call.variable("once") == "yes"
    call.channel.set("often", None)
    call.wait(1.0)
    assert call.variable("often") == "yes"
    assert api(call, "sched_del mine") == "+OK Deleted: 1\n"
    call.channel.set("often", None)
    call.wait(3.0)
    assert call.variable("often") is None
    assert api(call, "sched_api +2").startswith("-ERR Invalid syntax.")


def test_hangups_can_be_scheduled_by_api_for_any_channel() -> None:
    call = ModelCall().answered()
    uuid = call.channel.uuid
    assert api(call, f"sched_broadcast +1 {uuid} silence_stream://100") == "+OK Message scheduled\n"
    assert api(call, f"sched_transfer +2 {uuid} 9999") == "+OK\n"
    assert api(call, f"sched_hangup +9 {uuid} USER_BUSY") == "+OK\n"
    assert api(call, "sched_hangup +9 nobody") == "-ERR No such channel!\n"
    for usage in ("sched_hangup", "sched_transfer +1", "sched_broadcast +1"):
        assert api(call, usage).startswith("-USAGE")
    call.wait(2.5)
    assert call.events("PLAYBACK_START")
    assert call.channel.hangup_cause == "NO_ROUTE_DESTINATION"


def test_a_second_scheduled_hangup_does_not_replace_the_first() -> None:
    """The earlier one happens, whichever was scheduled first; the other ends with the channel."""
    call = ModelCall().answered()
    call.execute("sched_hangup", "+30 CALL_REJECTED")
    call.execute("sched_hangup", "+2 USER_BUSY")
    call.wait(3.0)
    assert call.channel.hangup_cause == "USER_BUSY"
    call.control.closed()
    call.wait(0.5)
    assert call.switch.state(Tasks).delete(call.channel.uuid) == 0


def test_a_time_without_a_plus_repeats() -> None:
    """A past second of the epoch is taken as a period (switch_scheduler_add_task_ex)."""
    call = ModelCall().answered()
    uuid = call.channel.uuid
    api(call, f"sched_api 2 mine uuid_setvar {uuid} often yes")
    for _ in range(2):
        call.wait(2.5)
        assert call.variable("often") == "yes"
        call.channel.set("often", None)
    assert [each.get("Task-Group") for each in call.events("RE_SCHEDULE")] == ["mine"] * 2
    call.execute("sched_hangup", "12 USER_BUSY")
    call.wait(11.0)
    assert call.channel.up
    call.wait(1.5)
    assert call.channel.hangup_cause == "USER_BUSY"


def test_the_called_leg_alone_can_be_hung_up_later() -> None:
    call = ModelCall().answered()
    call.endpoint("user/1000", answers_after=0.0)
    call.execute("sched_hangup", "+3 CALL_REJECTED bleg")
    call.execute("bridge", "user/1000")
    call.wait(4.0)
    assert call.events("CHANNEL_BRIDGE")
    assert call.channel.up
    assert call.variable("last_bridge_hangup_cause") == "CALL_REJECTED"


def test_scheduled_tasks_fire_events() -> None:
    call = ModelCall().answered()
    call.execute("sched_hangup", "+1")
    call.wait(1.5)
    [added], [gone] = call.events("ADD_SCHEDULE"), call.events("DEL_SCHEDULE")
    assert added.get("Task-Group") == gone.get("Task-Group") == call.channel.uuid
    assert added.get("Task-Desc") == "switch_ivr_schedule_hangup"


def beats(call: ModelCall) -> list[float]:
    return [round(each.time, 2) for each in call.events("SESSION_HEARTBEAT")]


def test_a_heartbeat_counts_frames_while_bridged_as_well() -> None:
    call = ModelCall().answered()
    call.endpoint("user/1000")
    call.execute("enable_heartbeat", "1")
    call.execute("bridge", "user/1000")
    call.wait(3.3)
    first, second, third = beats(call)
    # the frame with which it fires is not counted (recording 34f)
    assert [second - first, third - second] == pytest.approx([1.02, 1.02])


def test_a_heartbeat_is_a_task_without_media_or_if_a_variable_says_so() -> None:
    for call, answers in ((ModelCall(), False), (ModelCall(), True)):
        call.send("connect")
        call.send("event plain all")
        if answers:
            call.execute("answer")
            call.channel.set("heartbeat_use_scheduler", "true")
        call.execute("enable_heartbeat", "1")
        call.wait(0.1)
        added = call.events("ADD_SCHEDULE")
        assert [each.get("Task-Desc") for each in added] == ["switch_core_session_sched_heartbeat"]
        call.wait(2.5)
        assert len(beats(call)) >= 2
        call.send(f"api uuid_session_heartbeat {call.channel.uuid} off")
        call.wait(0.6)
        count = len(beats(call))
        call.wait(3)
        assert len(beats(call)) == count


@pytest.mark.parametrize(("data", "seconds"), [("0", 60.0), ("2", 2.0), ("true", 60.0)])
def test_no_number_of_seconds_is_a_minute(data: str, seconds: float) -> None:
    call = ModelCall().answered()
    began = call.seconds
    call.execute("enable_heartbeat", data)
    call.wait(61)
    assert beats(call)[0] - began == pytest.approx(seconds, abs=0.1)

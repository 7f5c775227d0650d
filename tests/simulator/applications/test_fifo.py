"""Queues: recordings 21h to 21j; mod_fifo.c, fifo_function."""

from __future__ import annotations

import pytest

from simulator.model.far_legs import taken_by_dialplan
from tests.support.model_call import ModelCall


def consumers(call: ModelCall, extension: str = "fifo q out nowait") -> None:
    """Whoever is called at user/agent runs this once they have answered."""
    name, _, data = extension.partition(" ")
    taken_by = taken_by_dialplan(call.switch, "agent", [("answer", ""), (name, data)])
    call.endpoint("loopback/agent/default", taken_by=taken_by)


def actions(call: ModelCall) -> list[str]:
    return [each.get("FIFO-Action") for each in call.events("CUSTOM")]


def api(call: ModelCall, command: str) -> str:
    before = len(call.sent)
    call.send(f"api {command}")
    return next(each.body for each in call.sent[before:] if each.lane == "answer")


def test_a_caller_waits_with_music_until_a_consumer_takes_them() -> None:
    call = ModelCall().answered()
    consumers(call)
    call.execute("fifo", "q in undef local_stream://moh")
    call.wait(5.0)
    assert call.variable("fifo_status") == "WAITING"
    assert [heard.prompt for heard in call.channel.heard] == ["local_stream://moh"]
    assert api(call, "fifo count q") == "q:0:1:0:0:0\n"
    call.send("bgapi originate loopback/agent/default &park()")
    call.wait(1.0)
    assert call.variable("fifo_status") == "TALKING"
    assert call.variable("fifo_role") == "caller"
    assert call.channel.partner is not None
    assert call.channel.partner.uuid == call.variable("fifo_target")
    assert api(call, "fifo count q") == "q:0:0:0:0:0\n"
    assert "<bridge fifo_name=" in api(call, "fifo list q")
    # they have left their dialplan: the socket's application is over, and its listener stays
    assert "CHANNEL_EXECUTE_COMPLETE socket" in call.ladder()
    call.channel.caller_hangs_up()
    call.wait(0.2)
    assert [each for each in actions(call) if each] == [
        "push",
        "consumer_start",
        "caller_pop",
        "consumer_pop",
        "channel-consumer-start",
        "bridge-consumer-start",
        "bridge-caller-start",
        "channel-consumer-stop",
        "bridge-consumer-stop",
        "bridge-caller-stop",
        "consumer_stop",
    ]


def test_a_consumer_who_waits_is_given_one_caller_after_the_other() -> None:
    call = ModelCall().answered()
    consumers(call, "fifo q in")
    call.execute("set", "fifo_consumer_wrapup_time=1000")
    call.execute("fifo", "q out wait")
    call.wait(1.0)
    assert api(call, "fifo count q") == "q:1:0:0:0:1\n"
    for _ in range(2):
        call.send("bgapi originate loopback/agent/default &park()")
        call.wait(3.0)
        assert call.variable("fifo_status") == "TALKING"
        call.channel.press("*")  # fifo_consumer_exit_key
        call.wait(0.5)
        assert call.variable("fifo_status") == "WRAPUP"
        assert call.variable("fifo_bridge_seconds") in ("2", "3")
        call.wait(1.0)
        assert call.variable("fifo_status") == "WAITING"
    assert actions(call).count("consumer_reentrance") == 2


def test_a_consumer_finds_nobody_to_serve() -> None:
    call = ModelCall().answered()
    call.execute("fifo", "q out nowait")
    call.wait(0.1)
    assert call.completed.get("Application") == "fifo"
    assert actions(call) == ["consumer_start", "consumer_stop"]


def test_vips_then_priority_then_arrival_decide_who_is_first() -> None:
    """A VIP, then a lower fifo_priority, then who came first."""
    call = ModelCall()
    waiting = []
    for variables in ({}, {"fifo_priority": "1"}, {"fifo_vip": "true", "fifo_priority": "9"}):
        other = call.incoming(variables=variables)
        other.run_extension([("answer", ""), ("fifo", "q in")])
        other.start()
        waiting.append(other)
        call.wait(1.0)
    order = []
    for _ in waiting:
        consumer = call.incoming()
        consumer.run_extension([("answer", ""), ("fifo", "q out nowait")])
        consumer.start()
        call.wait(0.5)
        order.append(waiting.index(consumer.partner) if consumer.partner in waiting else None)
    assert order == [2, 0, 1]


def test_positions_move_up() -> None:
    call = ModelCall()
    others = []
    for _ in range(3):
        other = call.incoming()
        other.run_extension([("answer", ""), ("fifo", "q in")])
        other.start()
        others.append(other)
        call.wait(0.1)
    assert [other.get("fifo_position") for other in others] == ["1", "2", "3"]
    others[0].caller_hangs_up()
    call.wait(0.1)
    assert [other.get("fifo_position") for other in others[1:]] == ["1", "2"]


def test_a_key_lets_a_caller_leave_the_queue() -> None:
    call = ModelCall().answered()
    call.execute("set", "fifo_caller_exit_key=*")
    call.execute("fifo", "q in", event_lock="true")
    call.wait(1.0)
    call.channel.press("1")
    call.wait(0.5)
    assert call.variable("fifo_status") == "WAITING"
    call.channel.press("*")
    call.wait(0.1)
    assert call.completed.get("Application") == "fifo"
    assert call.variable("fifo_status") == "ABORTED"
    assert api(call, "fifo count q") == "q:0:0:0:0:0\n"


@pytest.mark.parametrize(("orbit", "goes_on"), [("_continue_:3", True), ("9999:3", False)])
def test_a_caller_who_waits_too_long_goes_elsewhere(orbit: str, goes_on: bool) -> None:
    call = ModelCall().answered()
    call.execute("set", f"fifo_orbit_exten={orbit}")
    call.execute("fifo", "q in undef local_stream://moh", event_lock="true")
    call.wait(4.0)
    assert call.variable("fifo_status") == "TIMEOUT"
    assert call.channel.up is goes_on
    if not goes_on:
        assert call.channel.hangup_cause == "NO_ROUTE_DESTINATION"


def test_chimes_interrupt_the_music() -> None:
    call = ModelCall(prompts={"your-call": 1.0}).answered()
    call.execute("set", "fifo_chime_list=your-call")
    call.execute("set", "fifo_chime_freq=5")
    call.execute("fifo", "q in undef local_stream://moh", event_lock="true")
    call.wait(13.0)
    assert [heard.prompt for heard in call.channel.heard].count("your-call") == 2
    assert call.variable("fifo_status") == "WAITING"
    assert "fifo_report" in api(call, "fifo list")
    assert api(call, "fifo importance q 3") == "importance: 3\n"
    assert api(call, "fifo nonsense").startswith("-ERR Usage")

"""Legs beside the call on the socket: originated, bridged by uuid, taken over, listened to.

Whole calls against the model. The conversations with the real switch that these stand on are the
recordings from 201 on; what no recording shows names its C function.
"""

from __future__ import annotations

from typing import Any

import pytest

from simulator.model.channel import Channel
from simulator.model.far_legs import Leg
from simulator.model.states import State
from simulator.recordings.reading import Sent
from tests.support.model_call import ModelCall

B = "b0000000-0000-4000-8000-0000000000b1"
C = "c0000000-0000-4000-8000-0000000000c1"
FAR = "loopback/hold/default"


class Legs(ModelCall):
    """A call on a socket, answered, with a far end that answers when it is called."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.switch.endpoint(FAR)
        self.switch.endpoint("loopback/busy/default", rejects="USER_BUSY")
        self.switch.endpoint("loopback/rings/default", answers_after=None, rings=True)
        self.answered()

    @property
    def a(self) -> str:
        return self.channel.uuid

    def originate(self, uuid: str = B) -> None:
        """Call a leg that parks."""
        self.send(f"bgapi originate {{origination_uuid={uuid}}}{FAR} &park()")
        self.wait(0.2)

    def bridge(self, uuid: str = B) -> None:
        """Bridge by `bridge`."""
        self.execute("bridge", f"{{origination_uuid={uuid}}}{FAR}")
        self.wait(0.5)

    def api(self, *words: str) -> str:
        answer = self.send("api " + " ".join(words))
        self.wait(0.2)
        return answer

    def told(self, uuid: str, name: str, argument: str = "") -> None:
        """`sendmsg <uuid>`."""
        self.send(
            f"sendmsg {uuid}",
            "call-command: execute",
            f"execute-app-name: {name}",
            f"execute-app-arg: {argument}",
        )
        self.wait(0.1)

    def up(self, uuid: str) -> bool:
        return self.switch.locate(uuid) is not None

    def state(self, uuid: str) -> State | None:
        leg = self.switch.locate(uuid)
        return None if leg is None else leg.state

    def done(self, uuid: str, application: str) -> list[Sent]:
        return [
            each
            for each in self.events("CHANNEL_EXECUTE_COMPLETE")
            if each.get("Unique-ID") == uuid and each.get("Application") == application
        ]

    def bridged(self) -> list[tuple[str, str]]:
        """Who was bridged to whom, in order."""
        return [
            (each.get("Bridge-A-Unique-ID"), each.get("Bridge-B-Unique-ID"))
            for each in self.events("CHANNEL_BRIDGE")
        ]

    def cause(self, uuid: str) -> str:
        [hangup] = [each for each in self.events("CHANNEL_HANGUP") if each.get("Unique-ID") == uuid]
        return hangup.get("Hangup-Cause")


@pytest.fixture
def legs() -> Legs:
    return Legs()


# --- originate (recordings 13d, 260, 261)


def test_an_originated_leg_parks_and_does_as_it_is_told(legs: Legs) -> None:
    legs.originate()
    assert legs.state(B) is State.EXECUTE
    legs.told(B, "playback", "ivr/ivr-welcome")
    legs.wait(3.0)
    [done] = legs.done(B, "playback")
    assert done.get("Application-Response") == "FILE PLAYED"
    legs.send(f"sendmsg {B}", "call-command: hangup", "hangup-cause: USER_BUSY")
    legs.wait(0.1)
    assert legs.cause(B) == "USER_BUSY"
    assert legs.channel.up


@pytest.mark.parametrize(
    ("dialled", "answer"),
    [
        ("loopback/busy/default", "-ERR USER_BUSY\n"),
        ("{originate_timeout=2}loopback/rings/default", "-ERR NO_ANSWER\n"),
        ("nosuch/1", "-ERR CHAN_NOT_IMPLEMENTED\n"),
    ],
)
def test_an_originate_that_fails_says_why(legs: Legs, dialled: str, answer: str) -> None:
    legs.send(f"bgapi originate {dialled} &park()")
    legs.wait(3.0)
    [job] = legs.events("BACKGROUND_JOB")
    assert job.body == answer


def test_of_targets_one_after_the_other_each_has_the_uuid_that_was_asked_for(legs: Legs) -> None:
    legs.send(f"bgapi originate {{origination_uuid={B}}}loopback/busy/default|{FAR} &park()")
    legs.wait(0.5)
    assert legs.events("BACKGROUND_JOB")[-1].body == f"+OK {B}\n"
    assert legs.up(B)


def test_of_targets_at_once_the_first_has_the_uuid_that_was_asked_for(legs: Legs) -> None:
    legs.send(f"bgapi originate {{origination_uuid={B}}}loopback/rings/default,{FAR} &park()")
    legs.wait(0.5)
    answer = legs.events("BACKGROUND_JOB")[-1].body
    assert answer.startswith("+OK ")
    assert B not in answer
    assert legs.cause(B) == "LOSE_RACE"


def test_a_uuid_that_is_in_use_is_not_given_again(legs: Legs) -> None:
    legs.originate()
    legs.send(f"bgapi originate {{origination_uuid={B}}}{FAR} &park()")
    legs.wait(0.5)
    assert B not in legs.events("BACKGROUND_JOB")[-1].body
    assert legs.up(B)


# --- a leg that bridge called (recordings 240, 241)


def test_the_called_leg_does_as_it_is_told_while_bridged(legs: Legs) -> None:
    legs.bridge()
    legs.told(B, "playback", "ivr/ivr-welcome")
    legs.wait(3.0)
    assert legs.done(B, "playback")
    assert legs.api("uuid_getvar", B, "bridge_uuid") == legs.a
    legs.api("uuid_broadcast", B, "ivr/ivr-short", "aleg")
    legs.wait(3.0)
    assert len(legs.done(B, "playback")) == 2
    legs.told(B, "hangup")
    legs.wait(0.1)
    assert legs.done(legs.a, "bridge")
    assert legs.channel.up


def test_what_is_sent_to_a_leg_waits_for_the_first_frames_of_a_bridge(legs: Legs) -> None:
    legs.execute("bridge", f"{{origination_uuid={B}}}{FAR}")
    legs.wait(0.05)
    legs.told(B, "set", "a=1")
    assert not legs.done(B, "set")
    legs.wait(0.3)
    assert legs.done(B, "set")


def test_keys_of_the_called_leg_are_its_own_event(legs: Legs) -> None:
    legs.bridge()
    legs.api("uuid_recv_dtmf", B, "6")
    assert [each.get("Unique-ID") for each in legs.events("DTMF")] == [B]


def test_the_bridge_ends_for_a_transfer_of_the_called_leg(legs: Legs) -> None:
    # recordings 243, 245
    legs.switch.extensions["^away$"] = [("park", "")]
    legs.bridge()
    legs.api("uuid_transfer", legs.a, "-bleg", "away")
    assert legs.done(legs.a, "bridge")
    assert legs.up(B)
    assert legs.channel.up


@pytest.mark.parametrize(
    "command",
    [("uuid_transfer", "-both away"), ("uuid_dual_transfer", "away away/XML/default")],
)
def test_both_legs_are_sent_elsewhere(legs: Legs, command: tuple[str, str]) -> None:
    # recordings 246, 247
    legs.switch.extensions["^away$"] = [("park", "")]
    legs.bridge()
    name, where = command
    legs.api(name, legs.a, where)
    assert legs.done(legs.a, "socket")
    parked = [each.get("Unique-ID") for each in legs.events("CHANNEL_PARK")][-2:]
    assert sorted(parked) == sorted([legs.a, B])


def test_a_call_is_bridged_again_after_a_bridge(legs: Legs) -> None:
    # recording 248
    legs.bridge()
    legs.api("uuid_kill", B)
    legs.bridge()
    assert legs.bridged() == [(legs.a, B), (legs.a, B)]


# --- uuid_bridge (recordings 201 to 215)


def test_uuid_bridge_ends_the_socket_application_and_leaves_the_socket_open(legs: Legs) -> None:
    legs.originate()
    assert legs.api("uuid_bridge", legs.a, B) == f"+OK {B}\n"
    assert legs.bridged() == [(legs.a, B)]
    assert legs.done(legs.a, "socket")
    assert legs.done(B, "park")
    legs.wait(0.5)
    legs.execute("set", "x=1")  # the bridge's loop executes what is sent, as a park does
    legs.wait(0.1)
    assert legs.variable("x") == "1"
    assert legs.closed_at is None


def test_after_a_uuid_bridge_the_dialplan_goes_on_behind_the_socket(legs: Legs) -> None:
    legs.originate()
    legs.api("uuid_bridge", legs.a, B)
    legs.api("uuid_kill", B)
    assert legs.cause(legs.a) == "NORMAL_CLEARING"  # with nothing there


def test_with_park_after_bridge_the_app_goes_on_with_the_call(legs: Legs) -> None:
    legs.originate()
    legs.execute("set", "park_after_bridge=true")
    legs.api("uuid_bridge", legs.a, B)
    legs.api("uuid_kill", B)
    assert legs.state(legs.a) is State.PARK
    legs.execute("playback", "ivr/ivr-welcome")
    legs.wait(3.0)
    assert legs.done(legs.a, "playback")
    legs.execute("hangup")
    legs.wait(0.1)
    assert legs.cause(legs.a) == "NORMAL_CLEARING"


def test_the_other_leg_parks_with_park_after_bridge_of_its_own(legs: Legs) -> None:
    legs.originate()
    legs.api("uuid_setvar", B, "park_after_bridge", "true")
    legs.api("uuid_bridge", legs.a, B)
    legs.api("uuid_kill", legs.a)
    assert legs.state(B) is State.PARK


def test_the_other_leg_is_hung_up_with_the_one_that_bridged(legs: Legs) -> None:
    legs.originate()
    legs.api("uuid_bridge", legs.a, B)
    legs.execute("hangup", "USER_BUSY")
    legs.wait(0.2)
    assert legs.cause(legs.a) == "USER_BUSY"
    assert legs.cause(B) == "NORMAL_CLEARING"


def test_a_leg_goes_to_where_transfer_after_bridge_says(legs: Legs) -> None:
    legs.switch.extensions["^away$"] = [("park", "")]
    legs.originate()
    legs.execute("set", "transfer_after_bridge=away:XML:default")
    legs.api("uuid_bridge", legs.a, B)
    legs.api("uuid_kill", B)
    assert legs.channel.profile.destination_number == "away"
    assert legs.channel.up


def test_what_is_queued_is_lost_to_a_uuid_bridge(legs: Legs) -> None:
    # recording 207
    legs.originate()
    for _ in range(2):
        legs.execute("playback", "ivr/ivr-welcome", event_lock="true")
    legs.wait(0.5)
    legs.api("uuid_bridge", legs.a, B)
    responses = [each.get("Application-Response") for each in legs.done(legs.a, "playback")]
    assert responses == ["PLAYBACK ERROR", "PLAYBACK ERROR"]


def test_a_leg_may_be_bridged_to_another_out_of_a_bridge(legs: Legs) -> None:
    # recording 211
    legs.originate()
    legs.originate(C)
    legs.api("uuid_bridge", legs.a, B)
    legs.api("uuid_bridge", legs.a, C)
    assert legs.bridged() == [(legs.a, B), (legs.a, C)]
    assert legs.cause(B) == "NORMAL_CLEARING"
    assert legs.up(C)


def test_a_leg_that_is_parked_out_of_a_bridge_may_be_bridged_again(legs: Legs) -> None:
    # recording 215
    legs.originate()
    legs.execute("set", "park_after_bridge=true")
    legs.api("uuid_bridge", legs.a, B)
    legs.api("uuid_park", B)
    assert legs.state(legs.a) is legs.state(B) is State.PARK
    legs.api("uuid_bridge", legs.a, B)
    assert len(legs.bridged()) == 2


def test_a_call_that_has_no_media_yet_is_lost_by_a_uuid_bridge() -> None:
    # recording 213
    call = ModelCall()
    call.switch.endpoint(FAR)
    call.send("connect")
    call.send("event plain all")
    call.send(f"bgapi originate {{origination_uuid={B}}}{FAR} &park()")
    call.wait(0.2)
    call.send(f"api uuid_bridge {call.channel.uuid} {B}")
    call.wait(0.2)
    assert call.channel.cause == "DESTINATION_OUT_OF_ORDER"
    assert call.switch.locate(B) is None


@pytest.mark.parametrize(
    ("argument", "answer"),
    [
        ("", "-USAGE: <uuid> <other_uuid>\n"),
        (B, "-USAGE: <uuid> <other_uuid>\n"),
        (f"{B} {C}", "-ERR Invalid uuid\n"),
    ],
)
def test_uuid_bridge_needs_two_legs(legs: Legs, argument: str, answer: str) -> None:
    # recording 214
    assert legs.api("uuid_bridge", argument) == answer


# --- intercept (recordings 220 to 224)


def test_intercept_takes_a_leg_away_from_its_partner(legs: Legs) -> None:
    legs.originate()
    legs.originate(C)
    legs.api("uuid_bridge", B, C)
    legs.execute("intercept", B)
    legs.wait(0.3)
    assert legs.bridged() == [(B, C), (legs.a, B)]
    assert legs.cause(C) == "PICKED_OFF"


def test_intercept_bleg_takes_the_partner(legs: Legs) -> None:
    legs.originate()
    legs.originate(C)
    legs.api("uuid_bridge", B, C)
    legs.execute("intercept", f"-bleg {B}")
    legs.wait(0.3)
    assert legs.bridged() == [(B, C), (legs.a, C)]
    assert legs.cause(B) == "PICKED_OFF"


@pytest.mark.parametrize("data", ["nobody", "-bleg nobody", "", "-bleg"])
def test_intercept_of_nobody_leaves_the_call_as_it_is(legs: Legs, data: str) -> None:
    legs.execute("intercept", data)
    legs.wait(0.3)
    assert legs.done(legs.a, "intercept")
    assert not legs.done(legs.a, "socket")


@pytest.mark.parametrize("only", ["intercept_unbridged_only", "intercept_unanswered_only"])
def test_intercept_may_be_choosy(legs: Legs, only: str) -> None:
    # switch_ivr_intercept_session
    legs.originate()
    legs.originate(C)
    legs.api("uuid_bridge", B, C)
    legs.execute("set", f"{only}=true")
    legs.execute("intercept", B)
    legs.wait(0.3)
    assert legs.bridged() == [(B, C)]


# --- eavesdrop and three_way (recordings 230 to 233)


@pytest.mark.parametrize("application", ["eavesdrop", "three_way"])
def test_listening_in_lasts_as_long_as_the_other_call(legs: Legs, application: str) -> None:
    legs.originate()
    legs.execute(application, B)
    legs.execute("set", "waits=true")
    legs.wait(1.0)
    legs.api("uuid_break", legs.a)
    assert not legs.done(legs.a, application)
    assert not legs.done(legs.a, "set")  # nothing that is sent is executed meanwhile
    legs.api("uuid_kill", B)
    assert legs.done(legs.a, application)
    assert legs.done(legs.a, "set")
    bugs = [each.get("Unique-ID") for each in legs.events("MEDIA_BUG_START", "MEDIA_BUG_STOP")]
    assert bugs == [B, B]


def test_the_star_ends_an_eavesdrop_and_no_three_way(legs: Legs) -> None:
    # switch_ivr_eavesdrop_session
    legs.originate()
    legs.execute("eavesdrop", B)
    legs.wait(0.1)
    legs.channel.press("1")
    legs.channel.press("*")
    legs.wait(0.2)
    assert legs.done(legs.a, "eavesdrop")
    legs.execute("three_way", B)
    legs.wait(0.1)
    legs.channel.press("*")
    legs.wait(0.2)
    assert not legs.done(legs.a, "three_way")


def test_nobody_is_listened_to_who_is_not_there(legs: Legs) -> None:
    legs.execute("eavesdrop", "nobody")
    legs.execute("eavesdrop", legs.a)
    legs.wait(0.1)
    assert len(legs.done(legs.a, "eavesdrop")) == 2
    assert not legs.events("MEDIA_BUG_START")


# --- att_xfer (recordings 250 to 257)


def consulting(legs: Legs, far: str = FAR) -> None:
    legs.bridge()
    legs.execute("att_xfer", f"{{origination_uuid={C}}}{far}")
    legs.wait(0.5)


def test_who_hangs_up_after_asking_hands_the_call_over(legs: Legs) -> None:
    consulting(legs)
    assert legs.bridged() == [(legs.a, B), (legs.a, C)]
    legs.api("uuid_kill", legs.a)
    legs.wait(0.5)
    assert legs.bridged()[-1] == (C, B)
    legs.api("uuid_kill", B)
    assert legs.cause(C) == "NORMAL_CLEARING"


def test_the_call_goes_on_where_the_third_party_hangs_up(legs: Legs) -> None:
    consulting(legs)
    legs.api("uuid_kill", C)
    legs.wait(0.5)
    # by a uuid_bridge, for which the applications that ran come to their end
    assert legs.bridged()[-1] == (legs.a, B)
    assert legs.done(legs.a, "att_xfer")
    assert legs.done(legs.a, "bridge")
    assert legs.done(legs.a, "socket")
    assert legs.variable("att_xfer_result") == "success"


def test_the_hash_key_cancels(legs: Legs) -> None:
    consulting(legs)
    legs.channel.press("#")
    legs.wait(0.5)
    assert legs.cause(C) == "NORMAL_CLEARING"
    assert legs.bridged()[-1] == (legs.a, B)


def test_another_key_may_cancel(legs: Legs) -> None:
    legs.execute("set", "attxfer_cancel_key=7")
    consulting(legs)
    legs.channel.press("#")
    legs.wait(0.2)
    assert legs.up(C)
    legs.channel.press("7")
    legs.wait(0.2)
    assert not legs.up(C)


def test_the_star_key_hands_over(legs: Legs) -> None:
    consulting(legs)
    legs.channel.press("*")
    legs.wait(0.5)
    assert legs.cause(legs.a) == "NORMAL_CLEARING"
    assert legs.bridged()[-1] == (C, B)


def test_the_zero_key_makes_a_call_of_three(legs: Legs) -> None:
    consulting(legs)
    legs.channel.press("0")
    legs.wait(0.5)
    assert legs.bridged()[-1] == (legs.a, B)
    [listens] = [
        each for each in legs.events("CHANNEL_EXECUTE") if each.get("Application") == "three_way"
    ]
    assert listens.get("Unique-ID") == C
    legs.api("uuid_kill", legs.a)
    legs.wait(0.5)
    assert legs.bridged()[-1] == (C, B)


def test_a_third_party_that_does_not_answer_leaves_the_bridge_as_it_was(legs: Legs) -> None:
    consulting(legs, "loopback/busy/default")
    assert legs.done(legs.a, "att_xfer")
    assert not legs.done(legs.a, "bridge")
    legs.api("uuid_kill", B)
    assert legs.done(legs.a, "bridge")
    assert legs.channel.up


def test_where_who_waited_has_gone_the_bridge_is_over_with_the_asking(legs: Legs) -> None:
    consulting(legs)
    legs.api("uuid_kill", B)
    assert legs.up(C)
    legs.api("uuid_kill", C)
    legs.wait(0.2)
    assert legs.done(legs.a, "bridge")
    assert legs.variable("att_xfer_result") == "failure"
    assert not legs.done(legs.a, "socket")


def test_without_a_bridge_it_is_one(legs: Legs) -> None:
    legs.execute("att_xfer", f"{{origination_uuid={C}}}{FAR}")
    legs.wait(0.5)
    assert legs.bridged() == [(legs.a, C)]
    legs.api("uuid_kill", C)
    legs.wait(0.2)
    assert legs.done(legs.a, "att_xfer")
    assert not legs.done(legs.a, "socket")


# --- on hold (recordings 249, 262, 263)


def test_the_other_leg_of_one_on_hold_hears_music(legs: Legs) -> None:
    legs.bridge()
    assert legs.api("uuid_hold", legs.a) == "+OK Success\n"
    assert [each.get("Unique-ID") for each in legs.events("CHANNEL_HOLD")] == [legs.a]
    [music] = legs.events("PLAYBACK_START")
    assert music.get("Unique-ID") == B
    assert music.get("Playback-File-Path") == "local_stream://moh"
    # what came by loopback is never marked as held
    assert legs.api("uuid_hold", "off", legs.a) == "-ERR Operation failed\n"
    assert legs.api("uuid_hold", "toggle", legs.a) == "+OK Success\n"
    assert not legs.events("CHANNEL_UNHOLD")


def test_a_sip_leg_is_taken_back_from_hold(legs: Legs) -> None:
    # mod_sofia.c marks the call, switch_channel_mark_hold
    legs.switch.endpoint("user/1000")
    legs.execute("bridge", f"{{origination_uuid={B}}}user/1000")
    legs.wait(0.5)
    legs.api("uuid_hold", "toggle", B)
    assert legs.switch.channels[B].callstate.name == "HELD"
    assert legs.api("uuid_hold", "off", B) == "+OK Success\n"
    assert legs.events("CHANNEL_UNHOLD")
    assert legs.done(legs.a, "playback")  # the music


def test_soft_hold_lasts_until_its_key(legs: Legs) -> None:
    legs.bridge()
    legs.execute("soft_hold", "1")
    legs.wait(1.0)
    assert {each.get("Unique-ID") for each in legs.events("PLAYBACK_START")} == {legs.a, B}
    legs.channel.press("2")
    legs.wait(0.1)
    assert not legs.done(legs.a, "soft_hold")
    legs.channel.press("1")
    legs.wait(0.2)
    assert legs.done(legs.a, "soft_hold")
    assert legs.done(B, "playback")
    assert not legs.done(legs.a, "bridge")


def test_hold_and_soft_hold_without_a_bridge(legs: Legs) -> None:
    legs.execute("hold")
    legs.execute("unhold")
    legs.execute("soft_hold", "1")
    legs.wait(0.2)
    assert len(legs.events("CHANNEL_HOLD")) == 1
    assert legs.done(legs.a, "soft_hold")
    assert not legs.events("PLAYBACK_START")


# --- a call at the far end


def test_a_call_at_the_far_end_goes_where_its_leg_goes(legs: Legs) -> None:
    # each leg that is called is taken by a call of its own, however often it is dialled
    calls = []

    def taken(leg: Leg) -> Channel:
        far = legs.switch.incoming(destination="phone")
        far.extension.clear()
        far.extension.extend([("answer", ""), ("sleep", "1500"), ("send_dtmf", "3"), ("park", "")])
        far.set("sleep_eat_digits", "true")
        calls.append(far)
        far.start()
        return far

    legs.switch.endpoint(FAR, taken_by=taken)
    legs.originate()
    legs.originate(C)
    legs.execute("set", "park_after_bridge=true")
    legs.api("uuid_bridge", legs.a, B)
    legs.channel.press("1")
    legs.wait(0.1)
    legs.api("uuid_bridge", legs.a, C)
    legs.channel.press("2")
    legs.wait(0.1)
    legs.wait(2.0)
    first, second = calls
    assert (first.digits_dialed, second.digits_dialed) == ("1", "2")
    assert not first.up  # with its leg
    keys = [(each.get("Unique-ID"), each.get("DTMF-Digit")) for each in legs.events("DTMF")]
    assert (C, "3") in keys
    assert (legs.a, "2") in keys
    second.caller_hangs_up("USER_BUSY")
    legs.wait(0.2)
    assert legs.cause(C) == "USER_BUSY"
    assert legs.state(legs.a) is State.PARK

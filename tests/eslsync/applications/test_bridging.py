"""Applications that bring legs together."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from eslsync import Bridged, Channel, Event, Hangup, HangupCause, Session, TimeoutError
from eslsync.wire.separation import variables_of
from simulator import Call, FreeSwitch
from tests.support.asking import Asked, ask, recorded_words, session_of, words_of
from tests.support.cases import for_each
from tests.support.evidence import stands_on

BUSY = {"user/1000": {"rejects": "USER_BUSY"}}
RINGS = {"user/1000": {"rings": True, "answers_after": None}}
TALKS = {"user/1000": {"answers_after": 2.0, "hangs_up_after": 30.0}}


def bridged(caller: Any = Call.wait, endpoints: Any = TALKS, **options: Any) -> Asked[Bridged]:
    """Bridge the caller to user/1000."""
    return ask(lambda channel: channel.bridge("user/1000", **options), caller, endpoints=endpoints)


def told(call: Call) -> list[str]:
    """What happened on the other legs."""
    return [e.text for e in call.transcript.entries if e.sender == "switch" == e.receiver]


# bridge: how it goes


@stands_on("10b_bridge_answered_far_end_hangs_up", "bridge")
def test_the_far_end_answers_and_hangs_up_and_the_caller_stays() -> None:
    def question(channel: Channel) -> Bridged:
        outcome = channel.bridge("user/1000")
        channel.playback("ivr/goodbye")
        return outcome

    asked = ask(question, endpoints=TALKS)
    answered, cause, uuid, seconds, _ = asked.value
    assert answered
    assert cause is HangupCause.NORMAL_CLEARING
    assert uuid
    assert seconds == pytest.approx(30, abs=0.2)
    assert asked.call.bridged == ["user/1000"]
    assert asked.call.heard == ["ivr/goodbye"]


@stands_on("10j_bridge_busy_continue_on_fail", "bridge")
@pytest.mark.parametrize("cause", [HangupCause.USER_BUSY, HangupCause.CALL_REJECTED])
def test_if_nobody_answers_the_caller_stays(cause: HangupCause) -> None:
    asked = bridged(endpoints={"user/1000": {"rejects": cause}})
    assert asked.value == Bridged(False, cause, None, 0.0)
    assert asked.call.cause is HangupCause.NORMAL_CLEARING


@stands_on("10g_bridge_bad_destination", "bridge")
@pytest.mark.parametrize(
    ("to", "cause"),
    [
        ("nosuchendpoint/foo", HangupCause.CHAN_NOT_IMPLEMENTED),
        ("loopback/no_such_ext/default", HangupCause.NO_ROUTE_DESTINATION),
    ],
)
def test_bridging_to_an_unknown_destination_fails(to: str, cause: HangupCause) -> None:
    allow = ["the endpoint nosuchendpoint/"]
    assert ask(lambda channel: channel.bridge(to), allow=allow).value.cause is cause


@stands_on("10c_bridge_unanswered_timeout", "bridge")
def test_ringing_lasts_no_longer_than_ring_timeout() -> None:
    asked = bridged(endpoints=RINGS, ring_timeout=3)
    assert asked.value == Bridged(False, HangupCause.NO_ANSWER, None, 0.0)
    assert asked.call.duration == pytest.approx(3, abs=1)
    assert "hangs up user/1000 NO_ANSWER" in told(asked.call)


@stands_on("10a_bridge_busy", "bridge")
def test_hangup_on_fail_passes_the_cause_on() -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(Hangup) as hangup:
            channel.bridge("user/1000", hangup_on_fail=True)
        assert hangup.value.cause is HangupCause.USER_BUSY

    asked = ask(question, endpoints=BUSY)
    assert asked.call.cause is HangupCause.USER_BUSY


@stands_on("mod_dptools.c, audio_bridge_function", "bridge")
def test_hangup_after_ends_the_call_with_the_bridge() -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(Hangup):
            channel.bridge("user/1000", hangup_after=True)

    asked = ask(question, endpoints=TALKS)
    assert asked.call.duration == pytest.approx(32, abs=0.2)


@stands_on("mod_dptools.c, audio_bridge_function", "bridge")
def test_options_of_one_bridge_do_not_apply_to_the_next() -> None:
    def question(channel: Channel) -> list[bool]:
        first = channel.bridge("user/1001", hangup_on_fail=True)
        return [first.answered, channel.bridge("user/1000").answered]

    asked = ask(question, endpoints={**BUSY, "user/1001": {"hangs_up_after": 1.0}})
    assert asked.value == [True, False]


@stands_on("10e_bridge_caller_hangs_up_while_ringing", "bridge")
def test_a_caller_can_hang_up_while_the_far_end_rings() -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(Hangup):
            channel.bridge("user/1000")

    asked = ask(question, lambda call: call.hangup_after(5), endpoints=RINGS)
    assert asked.call.duration == pytest.approx(5, abs=0.1)
    assert told(asked.call)[-1] == "hangs up user/1000 ORIGINATOR_CANCEL"


@stands_on("10d_bridge_caller_hangs_up_while_bridged", "bridge")
def test_a_caller_can_hang_up_while_bridged() -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(Hangup):
            channel.bridge("user/1000")

    asked = ask(question, lambda call: call.hangup_after(10), endpoints=TALKS)
    assert told(asked.call)[-1] == "hangs up user/1000 NORMAL_CLEARING"


@stands_on("10b_bridge_answered_far_end_hangs_up", "bridge")
def test_a_timeout_leaves_both_ends_talking() -> None:
    def question(channel: Channel) -> str:
        with pytest.raises(TimeoutError):
            channel.bridge("user/1000", timeout=10)
        return channel.wait("CHANNEL_UNBRIDGE").name

    asked = ask(question, endpoints=TALKS)
    assert asked.call.duration == pytest.approx(32, abs=0.2)


@stands_on("10j_bridge_busy_continue_on_fail", "bridge")
def test_far_ends_are_called_in_turn_or_all_at_once() -> None:
    def question(channel: Channel) -> list[Bridged]:
        return [channel.bridge("user/1000|user/1001"), channel.bridge("user/1002,user/1001")]

    asked = ask(
        question,
        endpoints={
            **BUSY,
            "user/1001": {"hangs_up_after": 1.0},
            "user/1002": {"rings": True, "answers_after": None},
        },
    )
    assert [each.answered for each in asked.value] == [True, True]
    assert asked.call.bridged == ["user/1001", "user/1001"]
    assert "hangs up user/1002 LOSE_RACE" in told(asked.call)


# bridge: what the far end is told


@stands_on("10h_bridge_sofia_leg", "bridge")
def test_the_far_end_sees_the_caller_id_that_is_given() -> None:
    seen: list[tuple[str, str]] = []

    def agent(session: Session) -> None:
        context = session.context
        seen.append((context["Caller-Caller-ID-Name"], context["Caller-Caller-ID-Number"]))
        session.channel.answer()
        session.channel.hangup()

    def handler(session: Session) -> None:
        session.channel.answer()
        session.channel.bridge("user/1000")
        name = "O'Brien, Flann = 50% $5"
        session.channel.bridge("user/1000", caller_id_name=name, caller_id_number="777")
        session.channel.hangup()

    with FreeSwitch() as switch:
        switch.endpoint("user/1000", agent)
        switch.call(handler, caller="1001", caller_name="Alice").wait()
    assert seen == [("Alice", "1001"), ("O'Brien, Flann = 50% $5", "777")]


@stands_on("05b_filter_second_uuid_bridge", "bridge")
@for_each(
    "value",
    [
        "a=b, 'c' $5 \\ d",
        "it's, a = b",
        "a [b]",
        '{"id": 5, "of": {"x": ["<y>", 1]}}',
        "a { b",
        "a:_:b",
        "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\n",
    ],
)
@for_each(
    "to",
    ["user/1000", "<x=1>user/1000", "{y=2}user/1000", "[z=3]user/1000", "user/1:_:user/1000"],
)
def test_the_far_ends_leg_has_the_variables_that_are_given(to: str, value: str) -> None:
    uuid = "dc49bf02-00c8-420e-ae6e-9957a661411a"
    events: list[Event] = []

    def question(channel: Channel) -> str | None:
        session_of(channel).filter("Unique-ID", uuid)
        session_of(channel).on("CHANNEL_ANSWER", events.append)
        variables = {"origination_uuid": uuid, "tenant": value}
        return channel.bridge(to, variables=variables, ring_timeout=20).uuid

    assert ask(question, endpoints=TALKS).value == uuid
    [event] = events
    assert event.variables["tenant"] == value


@stands_on("11h_set_export_setvar", "export")
def test_an_exported_variable_reaches_the_far_ends_leg_alone() -> None:
    uuid = "dc49bf02-00c8-420e-ae6e-9957a661411a"
    value = '{"id": <5'
    events: list[Event] = []

    def question(channel: Channel) -> str | None:
        session_of(channel).filter("Unique-ID", uuid)
        session_of(channel).on("CHANNEL_ANSWER", events.append)
        channel.export("ctx", value, nolocal=True)
        channel.bridge("user/1000", variables={"origination_uuid": uuid})
        return channel.get_variable("ctx")

    assert ask(question, endpoints=TALKS).value is None
    [event] = events
    assert event.variables["ctx"] == value


@stands_on("10b_bridge_answered_far_end_hangs_up", "bridge")
def test_the_timeout_holds_for_every_dial_string_side_by_side() -> None:
    def question(channel: Channel) -> Bridged:
        return channel.bridge("user/1000:_:[leg=2]user/1001", ring_timeout=3)

    rings: dict[str, dict[str, Any]]
    rings = {"user/1000": {"answers_after": None}, "user/1001": {"answers_after": None}}
    asked = ask(question, endpoints=rings)
    assert asked.value == (False, HangupCause.NO_ANSWER, None, 0.0, None)
    assert asked.call.duration < 4
    one_answers = {**rings, "user/1001": {"answers_after": 1.0, "hangs_up_after": 1.0}}
    assert ask(question, endpoints=one_answers).value.channel == "user/1001"


@stands_on("11h_set_export_setvar", "set")
@pytest.mark.parametrize(
    ("dial_string", "cause"),
    [
        ("{originate_timeout=5}<x=1>user/1000", HangupCause.CHAN_NOT_IMPLEMENTED),
        ("{a=1} {b=2}user/1000", HangupCause.CHAN_NOT_IMPLEMENTED),
        ("{a=1 user/1000", None),
        ("<x=1>user/1000", HangupCause.SUCCESS),
    ],
)
def test_a_dial_string_that_freeswitch_refuses_calls_nobody(
    dial_string: str, cause: HangupCause | None
) -> None:
    # asked of FreeSWITCH 1.10.12
    def question(channel: Channel) -> str | None:
        channel.set("continue_on_fail", "true")
        channel.execute("bridge", dial_string)
        return channel.get_variable("originate_disposition")

    allow = ["the endpoint <x=1>user/", "the endpoint {b=2}user/"]
    asked = ask(question, endpoints=TALKS, allow=allow)
    assert asked.value == cause
    assert len(asked.call.bridged) == (1 if cause == HangupCause.SUCCESS else 0)


@stands_on("10c_bridge_unanswered_timeout", "bridge")
@stands_on("10h_bridge_sofia_leg", "bridge")
def test_bridge_is_written_as_recorded() -> None:
    no_bowout = {"loopback_bowout": "false", "loopback_bowout_on_execute": "false"}

    def with_timeout(channel: Channel) -> None:
        channel.bridge("loopback/noanswer/default", variables=no_bowout, ring_timeout=2.5)

    def with_number(channel: Channel) -> None:
        channel.bridge(
            "sofia/internal/bye2000@127.0.0.1:5070",
            variables={"absolute_codec_string": "PCMU"},
            caller_id_number="777",
        )

    for recording, question in (("10c", with_timeout), ("10h", with_number)):
        [sent], [recorded] = words_of("bridge", question), recorded_words(recording, "bridge")
        assert variables_of(sent) == variables_of(recorded)


@stands_on("10b_bridge_answered_far_end_hangs_up", "bridge")
@pytest.mark.parametrize(
    "options",
    [
        {"to": ""},
        {"to": "user/1000", "variables": {"a b": "c"}},
        {"to": "user/1000", "variables": {"a": "{c"}, "ringback": "{"},
        {"to": "user/1000", "variables": {"a": "{<c"}},
        {"to": "user/1000", "variables": {"sip_h_X-A": "two\nlines"}},
        {"to": "{a=1}<b=2>user/1000"},
        {"to": "{a=1 user/1000"},
        {"to": "user/1000", "caller_id_name": "two\nlines"},
        {"to": "user/1000", "ring_timeout": -1},
    ],
)
def test_options_that_freeswitch_would_misread_are_refused_before_anything_is_called(
    options: dict[str, Any],
) -> None:
    def question(channel: Channel) -> Bridged:
        with pytest.raises(ValueError, match=r"."):
            channel.bridge(**options)
        return channel.bridge("user/1000")

    asked = ask(question, endpoints=TALKS)
    assert told(asked.call)[0] == "calls user/1000"
    assert len(asked.call.bridged) == 1


@stands_on("05b_filter_second_uuid_bridge", "bridge")
def test_a_digit_of_the_far_end_is_not_the_callers() -> None:
    digits: list[str] = []

    def question(channel: Channel) -> list[Event]:
        channel.on_dtmf()(digits.append)
        uuid = "dc49bf02-00c8-420e-ae6e-9957a661411a"
        session_of(channel).filter("Unique-ID", uuid)
        heard: list[Event] = []
        session_of(channel).on("DTMF", heard.append)
        channel.bridge("user/1000", variables={"origination_uuid": uuid})
        with pytest.raises(TimeoutError):
            channel.wait("DTMF", timeout=1)
        return heard

    asked = ask(
        question, endpoints={"user/1000": {"presses": [(1.0, "15")], "hangs_up_after": 5.0}}
    )
    assert [event.digit for event in asked.value] == ["1", "5"]
    assert digits == []


@stands_on("10d_bridge_caller_hangs_up_while_bridged", "bridge")
def test_a_digit_of_the_caller_runs_its_handlers_while_they_talk() -> None:
    digits: list[str] = []

    def question(channel: Channel) -> Bridged:
        channel.on_dtmf()(digits.append)
        return channel.bridge("user/1000")

    def caller(call: Call) -> None:
        call.expect("CHANNEL_BRIDGE")
        call.press("12")

    ask(question, caller, endpoints=TALKS)
    assert digits == ["1", "2"]


# conference


@stands_on("11e_conference", "conference")
def test_a_conference_lasts_until_it_is_left() -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(Hangup):
            channel.conference("room1")

    asked = ask(question, lambda call: call.hangup_after(30))
    assert asked.call.duration == pytest.approx(30, abs=0.1)


@stands_on("11e_conference", "conference")
def test_a_conference_sends_events_and_can_be_ended_from_a_callback() -> None:
    def question(channel: Channel) -> list[str]:
        actions: list[str] = []

        @channel.on("CUSTOM conference::maintenance")
        def note(event: Event) -> None:
            actions.append(event["Action"])

        @channel.on_dtmf("9")
        def leave(digit: str) -> None:
            session_of(channel).api("conference room1 kick all")

        channel.conference("room1")
        return actions

    def caller(call: Call) -> None:
        call.expect("conference")
        call.say_nothing(3)
        call.press("9")

    actions = ask(question, caller).value
    assert "add-member" in actions
    assert "del-member" in actions


@stands_on("11e_conference", "conference")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "room1@default"),
        ({"profile": "wideband"}, "room1@wideband"),
        ({"pin": "1234"}, "room1@default+1234"),
        ({"flags": "mute|deaf"}, "room1@default+flags{mute|deaf}"),
        ({"pin": "1234", "flags": "mute"}, "room1@default+1234+flags{mute}"),
    ],
)
def test_a_conference_is_written_as_recorded(options: dict[str, Any], words: str) -> None:
    def question(channel: Channel) -> None:
        channel.on_dtmf()(lambda digit: channel.break_())
        channel.on("CHANNEL_EXECUTE", lambda event: channel.sched_hangup(1))
        with pytest.raises(Hangup):
            channel.conference("room1", **options)

    [sent] = words_of("conference", question)
    assert sent == words
    if not options:
        assert [sent] == recorded_words("11e", "conference")


@stands_on("11e_conference", "conference")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": ""}, "its name is empty"),
        ({"name": "a b"}, "would split its name; leave them out"),
        ({"name": "a@b"}, "would split its name; leave them out"),
        ({"name": "a", "flags": "a b"}, "would split flags; leave them out"),
        ({"name": "a", "pin": "x"}, "digits are .*, not 'x'"),
    ],
)
def test_an_invalid_conference_is_refused(options: dict[str, Any], said: str) -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(ValueError, match=said):
            channel.conference(**options)
        with pytest.raises(TimeoutError):
            channel.conference("room1", timeout=1)
        channel.hangup()

    ask(question)


# between legs that are there


@stands_on("251_att_xfer_c_hangs_up", "att_xfer")
def test_an_agent_consults_a_colleague() -> None:
    def question(channel: Channel) -> Bridged:
        session = session_of(channel)

        @channel.on("CHANNEL_BRIDGE")
        def bridged(event: Event) -> None:
            session.leg(event["Other-Leg-Unique-ID"]).att_xfer("user/1001")

        return channel.bridge("user/1000")

    asked = ask(
        question,
        endpoints={
            "user/1000": {"hangs_up_after": 30.0},
            "user/1001": {"answers_after": 1.0, "hangs_up_after": 5.0},
        },
    )
    assert asked.value.answered
    assert "user/1000 is bridged to user/1001" in told(asked.call)
    assert "user/1001 hangs up NORMAL_CLEARING" in told(asked.call)


def two_calls(
    second: Any, **endpoints: dict[str, Any]
) -> tuple[Call, Call, list[HangupCause | str | None]]:
    """Call one handler that plays music, and another that is given the first's uuid."""
    causes: list[HangupCause | str | None] = []
    uuids: list[str] = []

    def first(session: Session) -> None:
        uuids.append(session.uuid)
        session.on_hangup(lambda hangup: causes.append(hangup.cause))
        session.channel.answer()
        session.channel.playback("moh/music")

    def other(session: Session) -> None:
        session.channel.answer()
        second(session.channel, uuids[0])
        session.channel.hangup()

    with FreeSwitch(prompts={"moh/music": 60.0}) as switch:
        one = switch.call(first, caller="1001")
        one.hear("moh/music", start=True)
        two = switch.call(other, caller="1002")
        two.wait()
        one.wait()
    return one, two, causes


@stands_on("231_eavesdrop_parked", "eavesdrop")
def test_eavesdrop_lasts_until_a_star_is_pressed() -> None:
    def listen(channel: Channel, uuid: str) -> None:
        channel.sched_hangup(5)
        with pytest.raises(Hangup):
            channel.eavesdrop(uuid)

    one, two, _ = two_calls(listen)
    assert two.duration < one.duration
    assert one.heard == ["moh/music"]


@stands_on("221_intercept_parked_park_a", "intercept")
def test_intercept_takes_over_another_call() -> None:
    outcomes: list[Bridged] = []

    def take(channel: Channel, uuid: str) -> None:
        channel.leg.conversation.commands.api(f"sched_hangup +5 {uuid}")
        outcomes.append(channel.intercept(uuid))

    one, two, _ = two_calls(take)
    assert len(two.bridged) == 1
    assert outcomes[0].answered
    assert outcomes[0].uuid == one.uuid


@stands_on("223_intercept_bleg", "intercept")
def test_intercept_may_take_the_other_leg() -> None:
    def question(channel: Channel) -> None:
        with pytest.raises(TimeoutError, match="the beginning of a bridge did not come within 5 s"):
            channel.intercept("5a2b7a3e-9a3c-4f83-94b3-4a8f54b7ad4e", bleg=True)

    allow = ["intercept 5a2b7a3e-9a3c-4f83-94b3-4a8f54b7ad4e"]
    assert words_of("intercept", question, allow=allow) == [
        "-bleg",
        "5a2b7a3e-9a3c-4f83-94b3-4a8f54b7ad4e",
    ]


@stands_on("mod_valet_parking.c, valet_parking_function", "valet_park")
def test_a_call_is_parked_and_fetched() -> None:
    def park(session: Session) -> None:
        session.channel.answer()
        session.channel.valet_park("lot", "6001")

    with FreeSwitch() as switch:
        one = switch.call(park, caller="1001")
        one.expect("valet_park")
        two = switch.call(park, caller="1002")
        two.say_nothing(3)
        two.hangup()
        one.wait()
    assert len(two.bridged) == 1


@stands_on("mod_valet_parking.c, valet_parking_function", "valet_park")
def test_valet_park_keeps_its_words_apart() -> None:
    def question(channel: Channel) -> None:
        channel.sched_hangup(2)
        with pytest.raises(Hangup):
            channel.valet_park("lot", "auto", "in", "6001", "6099")

    assert words_of("valet_park", question) == ["lot", "auto", "in", "6001", "6099"]


@stands_on("mod_fifo.c, fifo_function", "fifo")
def test_fifo_serves_whoever_waits_longest() -> None:
    def wait(session: Session) -> None:
        session.channel.answer()
        session.channel.fifo("sales", music="moh/music")

    def serve(session: Session) -> None:
        session.channel.answer()
        session.channel.fifo("sales", "out", wait=False)

    with FreeSwitch(prompts={"moh/music": 60.0}) as switch:
        one = switch.call(wait, caller="1001")
        one.expect("fifo")
        one.say_nothing(3)
        two = switch.call(serve, caller="1002")
        two.expect("CHANNEL_BRIDGE")
        two.say_nothing(3)
        two.hangup()
        one.wait()
    assert len(two.bridged) == 1


@stands_on("mod_fifo.c, fifo_function", "fifo")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, ["sales", "in"]),
        ({"music": "moh/two words"}, ["sales", "in", "undef", "moh/two words"]),
        ({"announce": "ivr/x"}, ["sales", "in", "ivr/x"]),
        ({"way": "out"}, ["sales", "out", "wait"]),
        (
            {"way": "out", "wait": False, "announce": "a", "music": "b"},
            ["sales", "out", "nowait", "a", "b"],
        ),
    ],
)
def test_fifo_is_written_as_freeswitch_reads_it(options: dict[str, Any], words: list[str]) -> None:
    def question(channel: Channel) -> None:
        channel.sched_hangup(2)
        with suppress(Hangup):
            channel.fifo("sales", **options)

    assert words_of("fifo", question) == words

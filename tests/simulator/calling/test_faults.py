"""Faults at every point of the IVR, and how its handler ends."""

from __future__ import annotations

import pytest

from eslsync import CommandError, Disconnected, Hangup, Outbound, Session
from examples.ivr import handler
from simulator import Call, CallFailed, Fault, FreeSwitch, sweep
from simulator.calling.faults import KINDS, OF_LOOK_UPS, FaultKind

#: With the events that the library needs, and no others: half as many messages.
APP = Outbound(handler, events=["DTMF"])


def press_during_the_welcome_and_after(call: Call) -> None:
    """Covers a pending reply, a running application, a callback and lingering."""
    call.hear("ivr/ivr-welcome", start=True)
    call.say_nothing(0.5)
    call.press("1")
    call.hear("ivr/ivr-option-1")
    call.hear("ivr/ivr-welcome")
    call.wait()


def say_nothing(call: Call) -> None:
    call.hear("ivr/ivr-timeout")
    call.wait()


@pytest.mark.parametrize("script", [press_during_the_welcome_and_after, say_nothing])
@pytest.mark.parametrize(
    ("kind", "ending"), [("hangup", Hangup), ("drop", Disconnected), ("refuse", CommandError)]
)
def test_a_fault_at_any_point_of_the_ivr_raises_its_own_exception(
    script: object, kind: FaultKind, ending: type[Exception]
) -> None:
    assert callable(script)
    result = sweep(script, APP, faults=[kind])
    assert not result.wrong, str(result)
    reached = 0
    for outcome in result.outcomes:
        if outcome.raised is None:
            continue
        raised: BaseException | None = outcome.raised
        if isinstance(raised, RuntimeError):  # a callback's CommandError
            raised = raised.__cause__
        assert type(raised) is ending, str(outcome)
        reached += 1
    # Where it returned, the fault came before the handler had begun (a refused `connect`), or
    # when it had said its last word, hangup().
    assert reached >= 4


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind not in ("hangup", "drop", *OF_LOOK_UPS)]
)
def test_a_handler_ends_whatever_happens_to_a_single_message(kind: FaultKind) -> None:
    result = sweep(press_during_the_welcome_and_after, APP, faults=[kind])
    assert not result.wrong, str(result)
    if kind in ("split", "coalesce", "repeat"):
        # How bytes arrive, and an event that comes twice, make no difference.
        assert {outcome.ending for outcome in result.outcomes} == {"returned"}


def test_the_finally_block_of_a_handler_runs_at_every_fault() -> None:
    begun = ended = 0

    def careful(session: Session) -> None:
        nonlocal begun, ended
        begun += 1
        try:
            handler(session)
        finally:
            ended += 1

    sweep(press_during_the_welcome_and_after, careful, every=5)
    assert begun == ended > 20


def test_a_sweep_says_which_step_a_handler_fails_at_and_shows_a_table() -> None:
    def forgets_hangups(session: Session) -> None:
        channel = session.channel
        channel.answer()
        try:
            channel.playback("ivr/ivr-welcome")
        except Hangup:
            raise KeyError("customer") from None  # a bug in the cleaning up

    def listen(call: Call) -> None:
        call.hear("ivr/ivr-welcome")
        call.wait()

    result = sweep(listen, forgets_hangups, faults=["hangup"])
    assert result.wrong
    assert "execute playback ivr/ivr-welcome" in {outcome.at for outcome in result.wrong}
    table = str(result)
    assert "KeyError" in table.splitlines()[0]
    assert "wrong: hangup at step" in table
    assert "the handler raised KeyError('customer')" in table


def test_a_fault_is_placed_by_a_number_or_by_words_of_the_message() -> None:
    def play(session: Session) -> None:
        session.channel.answer()
        session.channel.playback("ivr/ivr-welcome")

    endings = []
    for step in ("execute playback", 9):  # the ninth message is the first `execute`
        with FreeSwitch(raises=False) as switch:
            call = switch.call(play, faults=[Fault("refuse", step)])
            call.wait()
        assert isinstance(call.error, CommandError)
        endings.append((str(call.error), "CHANNEL_ANSWER" in str(call.transcript)))
    assert endings == [
        ("'sendmsg execute playback ivr/ivr-welcome' was refused: -ERR refused on purpose", True),
        ("'sendmsg execute answer' was refused: -ERR refused on purpose", False),
    ]


def test_a_delayed_completion_comes_late_and_nothing_overtakes_it() -> None:
    def play(session: Session) -> None:
        session.channel.answer()
        session.channel.playback("ivr/ivr-welcome")
        session.channel.hangup()

    def last_second(*faults: Fault) -> float:
        with FreeSwitch() as switch:
            call = switch.call(play, faults=faults)
            call.wait()
        return call.duration

    late = last_second(Fault("delay", "CHANNEL_EXECUTE_COMPLETE playback", seconds=5.0))
    assert late == pytest.approx(last_second() + 5.0, abs=0.02)


def play_two(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("one")
    session.channel.playback("two")
    session.channel.hangup()


def times_of(*faults: Fault) -> dict[str, float]:
    """When the app was sent each message, in seconds; the last time counts."""
    with FreeSwitch(raises=False) as switch:
        call = switch.call(play_two, faults=faults)
        call.wait()
    told = [each for each in call.transcript.entries if each.receiver == "app" and each.message]
    return {each.text: each.time for each in told}


def test_each_delay_holds_for_its_own_message() -> None:
    start, complete = "CHANNEL_EXECUTE playback one", "CHANNEL_EXECUTE_COMPLETE playback one"
    usual = times_of()
    late = times_of(Fault("delay", start, 2.5), Fault("delay", complete, 3.0))
    [complete] = [text for text in usual if text.startswith(complete)]
    # the completion comes 2 s after the start, while that is still held back
    assert late[start] == pytest.approx(usual[start] + 2.5)
    assert late[complete] == pytest.approx(usual[complete] + 3.0)


def test_delayed_messages_are_lost_with_the_connection() -> None:
    faults = [Fault("delay", "PLAYBACK_START", 5.0), Fault("drop", "PLAYBACK_STOP")]
    with FreeSwitch(raises=False) as switch:
        call = switch.call(play_two, faults=faults)
        call.wait()
    assert call.faults == tuple(faults)
    assert "PLAYBACK_START" not in str(call.transcript)


def test_a_fault_waits_for_a_message_that_it_can_happen_to() -> None:
    with FreeSwitch(raises=False) as switch:
        call = switch.call(play_two, faults=[Fault("lose", "playback two")])
        call.wait()
    # not the command, but its CHANNEL_EXECUTE
    assert call.faults == (Fault("lose", "playback two"),)
    text = str(call.transcript)
    assert "CHANNEL_EXECUTE playback two" not in text
    assert "CHANNEL_EXECUTE_COMPLETE playback two" in text


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ([Fault("drop", "PLAYBACK_STRAT")], "did you mean 'PLAYBACK_START'"),
        ([Fault("drop", "nonsense")], r"none of the \d\d messages contains 'nonsense'. The mess"),
        (
            [Fault("drop", 999)],
            r"fault drop at step 999 did not happen: the call had only \d\d mes",
        ),
        ([Fault("refuse", 2)], r"message 2 is '\+OK .*', not a command"),
        ([Fault("lose", "+OK")], r"no message with '\+OK' is an event"),
        ([Fault("delay", 9), Fault("split", 9)], "message 9 is .*, with its own fault"),
        ([Fault("delay", "connect"), Fault("split", "connect")], "no other message with 'connect'"),
        ([Fault("hangup", 9), Fault("drop", 99)], "drop at step 99 did not happen"),
    ],
    ids=str,
)
def test_a_fault_that_never_happens_fails_and_the_steps_are_listed(
    faults: list[Fault], said: str
) -> None:
    missed: list[Fault] = []

    def make_the_call() -> None:
        with FreeSwitch(raises=False) as switch:
            call = switch.call(play_two, faults=faults)
            call.wait()
            missed.extend(call.missed)

    with pytest.raises(CallFailed, match=said) as failed:
        make_the_call()
    assert missed == faults[-1:]
    assert "    1  connect\n    2  +OK" in str(failed.value)


def test_a_fault_of_a_call_that_ended_long_ago_must_have_happened_too() -> None:
    def make_the_calls() -> None:
        with FreeSwitch() as switch:
            for faults in ([Fault("delay", "nonsense")], []):
                switch.call(play_two, faults=faults).wait()

    with pytest.raises(CallFailed, match="nonsense"):
        make_the_calls()


def test_an_optional_fault_need_not_happen() -> None:
    with FreeSwitch() as switch:
        call = switch.call(play_two, faults=[Fault("drop", "nonsense", optional=True)])
    assert (call.faults, len(call.missed)) == ((), 1)


@pytest.mark.parametrize("step", [0, -1, ""])
def test_a_step_that_no_message_can_have_is_refused(step: int | str) -> None:
    with pytest.raises(ValueError, match="a fault's step is a number from 1, or words"):
        Fault("drop", step)


def test_a_split_message_is_the_same_message() -> None:
    usual = times_of()
    assert times_of(Fault("split", "CHANNEL_EXECUTE_COMPLETE playback one")) == usual


def test_an_unknown_kind_of_fault_is_refused_and_the_known_ones_named() -> None:
    with pytest.raises(ValueError, match="hangup, drop, refuse"):
        Fault("explode", 1)  # type: ignore[arg-type]


def test_a_test_without_a_verb_sees_what_the_handler_raises() -> None:
    def broken(session: Session) -> None:
        session.channel.answer()
        session.channel.playback("ivr/ivr-welcome")
        raise LookupError("no such customer")

    with pytest.raises(LookupError, match="no such customer"), FreeSwitch() as switch:
        switch.call(broken)
    with FreeSwitch(raises=False) as switch:
        calls = [switch.call(broken) for _ in range(3)]
    assert all(isinstance(call.error, LookupError) for call in calls)

    def play_a_verb_of_another_call() -> None:
        with FreeSwitch() as switch:
            switch.call(broken)
            switch.call(handler).hear("ivr/ivr-welcome", start=True)

    with pytest.raises(LookupError):
        play_a_verb_of_another_call()


def test_a_test_whose_last_verb_is_a_key_sees_what_it_leads_to() -> None:
    def broken(session: Session) -> None:
        session.channel.answer()
        session.channel.wait("DTMF")
        session.channel.playback("ivr/ivr-option-1")
        raise LookupError("no such option")

    for play in (
        lambda call: call.press("1", when_asked=True),
        lambda call: call.press_after(3.0, "1"),
        lambda call: (call.say_nothing(1.0), call.press("1")),
    ):
        with pytest.raises(LookupError, match="no such option"), FreeSwitch() as switch:
            play(switch.call(broken))


def test_a_caller_whom_the_test_leaves_alone_stays_for_an_hour_at_most() -> None:
    def for_ever(session: Session) -> None:
        session.channel.answer()
        while True:
            session.channel.playback("again")

    with FreeSwitch(prompts={"again": 600.0}) as switch:
        call = switch.call(for_ever)
        idle = switch.call(lambda session: session.channel.wait("DTMF"))
    assert 3600.0 <= call.duration < 3601.0
    assert isinstance(call.outcome, Hangup)
    assert isinstance(idle.outcome, Hangup)


def test_a_failing_test_leaves_at_once() -> None:
    calls: list[Call] = []

    def fail() -> None:
        with FreeSwitch() as switch:
            calls.append(switch.call(handler))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert calls[0].heard == []


def test_a_handlers_exception_is_raised_by_verbs_and_by_the_block() -> None:
    def broken(session: Session) -> None:
        session.channel.answer()
        raise LookupError("no such customer")

    with pytest.raises(LookupError, match="no such customer"), FreeSwitch() as switch:
        switch.call(broken).wait()

    def broken_afterwards(session: Session) -> None:
        try:
            session.channel.playback("ivr/ivr-welcome")
        except Hangup:
            raise LookupError("no such customer") from None

    with pytest.raises(LookupError, match="no such customer"), FreeSwitch() as switch:
        switch.call(broken_afterwards).hear("ivr/ivr-welcome", start=True)


def test_leaving_the_block_hangs_up_every_call() -> None:
    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.hear("ivr/ivr-welcome", start=True)
    assert call.cause == "NORMAL_CLEARING"
    assert isinstance(call.outcome, Hangup)


def test_a_failed_verb_says_what_was_heard_instead_and_shows_the_ladder() -> None:
    def call_it() -> None:
        with FreeSwitch() as switch:
            call = switch.call(handler)
            call.press("2", when_asked=True)
            call.hear("ivr/ivr-option-3")

    with pytest.raises(CallFailed) as failed:
        call_it()
    said = str(failed.value)
    assert "did not hear 'ivr/ivr-option-3'" in said
    assert "'ivr/ivr-option-2'" in said
    assert "presses 2" in said

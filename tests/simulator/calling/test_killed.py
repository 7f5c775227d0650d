"""An app whose process is killed: what becomes of its callers, as a real switch shows it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import pytest

from eslsync import Outbound, Session, TimeoutError
from examples.ivr import handler
from simulator import Call, Fault, FreeSwitch, sweep
from simulator.calling.sweeps import Sweep
from simulator.scripts.script import Script
from tests.support.evidence import stands_on

RESUME = [("set", "socket_resume=true")]
SORRY = [("playback", "ivr/ivr-sorry"), ("hangup", "NORMAL_TEMPORARY_FAILURE")]


def music(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("local_stream://moh", block=False)
    with suppress(TimeoutError):
        session.channel.wait("DTMF", timeout=60)
    session.channel.hangup()


def swept(
    app: Outbound | object,
    *,
    before: Sequence[tuple[str, str]] = (),
    after: Sequence[tuple[str, str]] = (),
    allow: Sequence[str] = ("socket",),
    socket: str = "async full",
    every: int = 4,
) -> Sweep:
    """A sweep of a caller who waits, with an app that is killed at each step."""
    call = {"before": _written(before), "after": _written(after), "socket": socket}
    script = Script.parse(f"handler: ivr.py\ncall: {call}\nsteps: [wait]\n")
    return sweep(script.play, app, faults=["kill"], every=every, allow_stranded=allow)  # type: ignore[arg-type]


def _written(pairs: Sequence[tuple[str, str]]) -> list[object]:
    return [{name: data} for name, data in pairs]


def fates(result: Sweep) -> list[str]:
    """What became of the callers, in order, once each."""
    return list(dict.fromkeys(str(each.fate) for each in result.outcomes))


# One call


@stands_on("50d_killed_prompt", "playback")
def test_a_prompt_ends_and_the_dialplan_goes_on_and_the_next_caller_finds_nobody() -> None:
    with FreeSwitch() as switch:
        call = switch.call(handler, after=SORRY, faults=[Fault("kill", "PLAYBACK_START")])
        call.hear("ivr/ivr-welcome")
        call.hear("ivr/ivr-sorry")
        call.wait()
        late = switch.call(handler, after=SORRY)
        late.hear("ivr/ivr-sorry")
        assert not late.taken
    assert not call.given_back
    assert call.parting is not None
    assert call.parting.kind == "dropped"
    assert call.cause == "NORMAL_TEMPORARY_FAILURE"


def test_all_calls_of_the_process_lose_it() -> None:
    with FreeSwitch() as switch:
        one = switch.call(music, after=SORRY)
        one.hear("local_stream://moh", start=True)
        two = switch.call(music, before=RESUME, after=SORRY, faults=[Fault("kill", "DTMF")])
        two.hear("local_stream://moh", start=True)
        two.press("1")
        two.hear("ivr/ivr-sorry")
        one.say_nothing(100)  # 40 s longer than its handler waits
        assert one.cause is None
        one.hangup()
    assert "is killed" in str(one.transcript)


def test_what_the_handler_does_afterwards_counts_for_nothing() -> None:
    def cleans_up(session: Session) -> None:
        try:
            music(session)
        finally:
            raise RuntimeError("no process ever came to this line")

    with FreeSwitch() as switch:
        call = switch.call(cleans_up, before=RESUME, faults=[Fault("kill", "PLAYBACK_START")])
        call.wait()
    assert call.outcome is None


def test_the_next_socket_of_the_dialplan_takes_the_caller_over() -> None:
    # recording 50y
    def survivor(session: Session) -> None:
        session.channel.playback("ivr/ivr-please_hold")
        session.channel.hangup()

    with FreeSwitch() as switch:
        switch.listen("10.0.0.2:5000", survivor)
        call = switch.call(
            music,
            before=RESUME,
            after=[("socket", "10.0.0.2:5000 async full")],
            faults=[Fault("kill", "PLAYBACK_START")],
        )
        call.hear("ivr/ivr-please_hold")
        call.wait()
    assert call.duration < 5


def test_another_program_is_killed_for_real_instead() -> None:
    why = "the fault kill needs a handler of this process"
    with FreeSwitch(real_time=True) as switch, pytest.raises(ValueError, match=why):
        switch.dial("127.0.0.1:9", faults=[Fault("kill", 1)])


def test_a_script_may_kill_the_app_as_well() -> None:
    script = Script.parse(
        "handler: ivr.py\n"
        "call: {after: [{playback: sorry}], faults: [{kill: PLAYBACK_START}]}\n"
        "steps: [hear: ivr/ivr-welcome, hear: sorry, wait]\n"
    )
    assert script.run(handler).cause == "NORMAL_CLEARING"


# Sweeps


def test_a_sweep_tells_what_becomes_of_the_caller_at_each_step() -> None:
    result = swept(handler, before=RESUME, after=SORRY, every=1)
    assert not result.wrong, str(result)
    assert fates(result) == [
        "goes on in the dialplan",
        "goes on in the dialplan after playback",
        "is hung up, NORMAL_CLEARING",  # as the app has told the switch, with its last words
        "had been hung up",
    ]
    assert "killed at 1 to" in str(result)


def test_without_a_dialplan_behind_the_socket_they_are_hung_up() -> None:
    result = swept(handler)
    assert not result.wrong, str(result)
    assert fates(result)[1:] == [
        "is hung up, NORMAL_CLEARING",
        "is hung up after playback, NORMAL_CLEARING",
        "had been hung up",
    ]


def test_an_app_that_dies_as_it_connects_leaves_its_caller_parked() -> None:
    # recording 50w
    [wrong] = dict.fromkeys(str(each.wrong) for each in swept(handler, after=SORRY, allow=[]).wrong)
    assert wrong.startswith("the caller is parked for ever: the app had hardly connected: docs/")
    assert "allow_stranded=['socket']" in wrong


def test_music_that_never_ends_strands_its_callers_unless_that_is_allowed() -> None:
    # recording 50j
    result = swept(music, after=SORRY)
    assert {each.fate.stranded for each in result.wrong if each.fate} == {"playback"}
    assert "wrong: killed at" in str(result)
    assert not swept(music, after=SORRY, allow=["playback", "socket"]).wrong


def test_socket_resume_saves_them() -> None:
    # recording 50k
    assert not swept(music, before=RESUME, after=SORRY).wrong


def test_but_not_on_a_socket_without_async() -> None:
    # recording 51b
    def greets(session: Session) -> None:
        session.channel.answer()
        session.channel.playback("ivr/ivr-welcome")
        session.channel.hangup()

    result = swept(greets, before=RESUME, after=SORRY, socket="full")
    assert {each.fate.stranded for each in result.wrong if each.fate} == {"park"}


def test_two_faults_at_once_tell_it_too() -> None:
    result = sweep(
        Call.wait,
        handler,
        faults=["kill", "delay"],
        every=50,
        pairs=5,
    )
    assert not result.wrong, str(result)
    assert any(each.fate is not None for each in result.outcomes if len(each.faults) == 2)

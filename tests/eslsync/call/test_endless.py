"""What becomes of a caller when the handler ends or exits, or its program is killed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eslsync import Disconnected, Session
from simulator import Fault, FreeSwitch

STREAM = "local_stream://moh"
PROMPTS = {STREAM: 36_000.0, "prompt": 20.0}
AGENT = "user/1000"

Starts = Callable[[Session], object]


def loops(session: Session) -> None:
    session.sendmsg(
        "execute",
        {"execute-app-name": "playback", "execute-app-arg": "prompt", "loops": "-1"},
    )


#: What ends by itself, after some 20 s.
FINITE: dict[str, Starts] = {
    "playback": lambda s: s.channel.playback("prompt", block=False),
    "sleep": lambda s: s.channel.execute("sleep", "20000", block=False),
    "play_and_get_digits": lambda s: s.channel.execute(
        "play_and_get_digits", "1 1 1 1000 # prompt silence_stream://1 digits", block=False
    ),
    "broadcast": lambda s: s.channel.broadcast("prompt"),
}
#: What doesn't.
ENDLESS: dict[str, Starts] = {
    "local_stream": lambda s: s.channel.playback(STREAM, block=False),
    "silence_stream": lambda s: s.channel.playback("silence_stream://-1", block=False),
    "echo": lambda s: s.channel.execute("echo", block=False),
    "delay_echo": lambda s: s.channel.execute("delay_echo", "500", block=False),
    "endless_playback": lambda s: s.channel.execute("endless_playback", "prompt", block=False),
    "broadcast of a stream": lambda s: s.channel.broadcast(STREAM),
}
#: Callers who talk to others for 20 s.
TALKS: dict[str, Starts] = {
    "bridge": lambda s: s.channel.execute("bridge", AGENT, block=False),
}


def goes_on(starts: Starts, end: str, within: float) -> bool:
    """True if the dialplan goes on in so many seconds."""

    def handler(session: Session) -> None:
        session.channel.answer()
        starts(session)
        if end == "exit":
            session.exit()
        elif end == "raise":
            raise RuntimeError
        elif end == "kill":
            with pytest.raises(Disconnected):
                session.channel.set("killed", "here")

    faults = [Fault("drop", "killed")] if end == "kill" else []
    with FreeSwitch(prompts=PROMPTS, raises=False) as switch:
        switch.endpoint(AGENT, hangs_up_after=20.0)
        call = switch.call(handler, after=[("playback", "fallback")], faults=faults)
        call.say_nothing(within)
        heard = call.heard
        if not call.ended:
            call.hangup()
    return "fallback" in heard


@pytest.mark.parametrize("end", ["return", "raise"])
@pytest.mark.parametrize("starts", [*FINITE.values(), *ENDLESS.values(), loops])
def test_a_handler_that_ends_breaks_off_what_runs(starts: Starts, end: str) -> None:
    assert goes_on(starts, end, 5)


@pytest.mark.parametrize("starts", FINITE.values(), ids=list(FINITE))
@pytest.mark.parametrize("end", ["exit", "kill"])
def test_what_ends_is_finished_after_an_exit_and_a_kill(starts: Starts, end: str) -> None:
    assert not goes_on(starts, end, 10)
    assert goes_on(starts, end, 60)


@pytest.mark.parametrize("starts", [*ENDLESS.values(), loops])
def test_an_exit_does_not_leave_the_caller_in_endless_audio(starts: Starts) -> None:
    assert goes_on(starts, "exit", 5)


@pytest.mark.parametrize("starts", ENDLESS.values(), ids=list(ENDLESS))
def test_a_program_that_is_killed_leaves_the_caller_in_endless_audio(starts: Starts) -> None:
    assert not goes_on(starts, "kill", 600)


@pytest.mark.parametrize("end", ["return", "raise", "exit", "kill"])
def test_who_talks_to_others_is_left_there(end: str) -> None:
    starts = TALKS["bridge"]
    assert not goes_on(starts, end, 10)
    assert goes_on(starts, end, 60)


@pytest.mark.parametrize("end", ["return", "raise", "exit", "kill"])
def test_a_caller_for_whom_nothing_runs_goes_on_at_once(end: str) -> None:
    assert goes_on(lambda session: None, end, 5)

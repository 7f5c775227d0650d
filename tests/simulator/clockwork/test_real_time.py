"""The same switch, script and verbs in real time, also against separate programs.

A prompt lasts a twentieth of a second here. Nothing depends on the machine's speed: every wait is
for something that the other side does.
"""

from __future__ import annotations

import contextlib
import gc
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from freezegun import freeze_time

from eslsync import CommandError, Disconnected, Hangup, Outbound, Session
from examples.ivr import handler as ivr
from simulator import Call, CallFailed, Fault, FreeSwitch
from simulator.clockwork.real_time import RealTime
from tests.support import warm
from tests.support.cases import for_each
from tests.support.places import ROOT
from tests.support.programs import listening, read_all, read_until

PROMPTS = dict.fromkeys(
    ["ivr/ivr-welcome", "ivr/ivr-option-1", "ivr/ivr-option-2", "ivr/ivr-timeout"], 0.05
)

#: Serves the IVR on a free port, which it prints, until its input ends.
PROGRAM = """
import sys
from eslsync import Outbound
from examples.ivr import handler

with Outbound(handler, port=0) as server:
    print(server.port, flush=True)
    sys.stdin.read()
"""


def real_time(**options: object) -> FreeSwitch:
    return FreeSwitch(real_time=True, seed=0, prompts=PROMPTS, **options)  # type: ignore[arg-type]


def press_1(call: Call) -> None:
    call.hear("ivr/ivr-welcome")
    call.press("1")
    call.hear("ivr/ivr-option-1")
    call.wait()


def press_2_during_the_welcome(call: Call) -> None:
    call.hear("ivr/ivr-welcome", start=True)
    call.press("2")
    call.hear("ivr/ivr-option-2")
    call.wait()


def hang_up_during_the_welcome(call: Call) -> None:
    call.hear("ivr/ivr-welcome", start=True)
    call.hangup()


SCRIPTS = [press_1, press_2_during_the_welcome, hang_up_during_the_welcome]


def commands(call: Call) -> list[str]:
    return [entry.text for entry in call.transcript.entries if entry.sender == "app"]


# A handler of this process


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_gives_the_same_call_in_virtual_and_in_real_time(
    script: Callable[[Call], None],
) -> None:
    calls = []
    for switch in (FreeSwitch(prompts=PROMPTS), real_time()):
        with switch:
            call = switch.call(ivr)
            script(call)
        calls.append(call)
    virtual, real = calls
    assert real.heard == virtual.heard
    assert real.cause == virtual.cause
    assert commands(real) == commands(virtual)
    assert type(real.outcome) is type(virtual.outcome)


def test_a_key_is_pressed_when_the_handler_asks_for_one() -> None:
    with real_time() as switch:
        call = switch.call(ivr)
        call.press("1", when_asked=True)
        call.wait()
    assert call.heard == ["ivr/ivr-welcome", "ivr/ivr-option-1"]


def test_a_handlers_timeout_is_real() -> None:
    def impatient(session: Session) -> None:
        with pytest.raises(TimeoutError):
            session.channel.wait("DTMF", timeout=0.05)
        session.channel.hangup()

    with real_time() as switch:
        call = switch.call(impatient)
        call.wait()
    assert call.outcome is None


def test_calls_at_once_do_not_disturb_each_other() -> None:
    with real_time() as switch:
        calls = [switch.call(ivr, caller=str(1001 + number)) for number in range(6)]
        for call in calls:
            call.hear("ivr/ivr-welcome", start=True)
        for number, call in enumerate(calls):
            if number % 3 == 2:
                call.hangup()
            else:
                call.press("12"[number % 3])
        for call in calls:
            call.wait()
    for number, call in enumerate(calls):
        option = [[f"ivr/ivr-option-{number % 3 + 1}"], []][number % 3 == 2]
        assert call.heard == ["ivr/ivr-welcome", *option]
        assert isinstance(call.outcome, Hangup) is (number % 3 == 2)


def test_a_handlers_exception_is_raised_by_the_verb() -> None:
    def broken(session: Session) -> None:
        session.channel.answer()
        raise LookupError("no such department")

    with real_time() as switch:
        call = switch.call(broken)
        with pytest.raises(LookupError, match="no such department"):
            call.hear("ivr/ivr-welcome")
    assert call.given_back


def test_hangup_waits_for_the_handler_to_clean_up() -> None:
    hung_up, written = threading.Event(), threading.Event()

    def books(session: Session) -> None:
        try:
            session.channel.playback("ivr/ivr-welcome")
        finally:
            hung_up.set()
            written.wait()

    def write() -> None:
        hung_up.wait()
        written.set()

    clerk = threading.Thread(target=write)
    clerk.start()
    with real_time() as switch:
        call = switch.call(books)
        call.hear("ivr/ivr-welcome", start=True)
        call.hangup()
        assert written.is_set()
        assert isinstance(call.outcome, Hangup)
    clerk.join()


def test_frozen_time_around_a_real_call_hangs_nothing() -> None:
    told: list[float] = []

    def handler(session: Session) -> None:
        told.append(time.time())
        with pytest.raises(TimeoutError):
            session.channel.wait("DTMF", timeout=0.05)
        ivr(session)

    with freeze_time("2026-03-01 12:00:00") as frozen:
        noon = time.time()
        with real_time() as switch:
            call = switch.call(handler)
            call.hear("ivr/ivr-welcome")
            frozen.tick(3600.0)
            call.press("1")
            call.wait()
        assert call.heard == ["ivr/ivr-welcome", "ivr/ivr-option-1"]
        assert told == [noon]
        assert 0.1 < call.duration < 3600.0


def test_time_frozen_in_the_middle_of_a_call_hangs_nothing() -> None:
    with real_time() as switch:
        call = switch.call(ivr)
        call.hear("ivr/ivr-welcome", start=True)
        with freeze_time("1999-12-31 23:59:59"):
            call.hear("ivr/ivr-welcome")
            call.press("1")
            call.wait()
    assert call.heard == ["ivr/ivr-welcome", "ivr/ivr-option-1"]


def test_time_goes_on_between_verbs() -> None:
    world = RealTime()
    try:
        world.run(lambda: True)
        moment = world.now
        while world.now == moment:
            pass
        # so that "in a second" counts from when it is said
        assert world.now > moment
    finally:
        world.close()


# Faults


def test_a_refused_command_raises_in_the_handler() -> None:
    with real_time(raises=False) as switch:
        call = switch.call(ivr, faults=[Fault("refuse", "playback")])
        call.wait()
    assert isinstance(call.error, CommandError)
    assert call.cause == "NORMAL_CLEARING"


def test_a_broken_connection_raises_in_the_handler() -> None:
    with real_time(raises=False) as switch:
        call = switch.call(ivr, faults=[Fault("drop", "PLAYBACK_START")])
        call.wait()
    assert isinstance(call.error, Disconnected)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("split", "PLAYBACK_START"),
        Fault("delay", "PLAYBACK_STOP", 0.1),
        Fault("coalesce", 2),
        Fault("repeat", "PLAYBACK_START"),
        Fault("lose", "CHANNEL_ANSWER"),
    ],
    ids=str,
)
def test_a_handler_gets_over_a_fault(fault: Fault) -> None:
    with real_time() as switch:
        call = switch.call(ivr, faults=[fault])
        press_1(call)
    assert call.heard == ["ivr/ivr-welcome", "ivr/ivr-option-1"]


# Separate programs


@pytest.fixture(scope="module")
def program() -> Iterator[str]:
    """Serve the IVR in another process; yields its address."""
    with warm.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,  # for examples/, which is not installed
    ) as process:
        assert process.stdout is not None
        yield f"127.0.0.1:{int(process.stdout.readline())}"
        process.communicate()  # the end of its input
    assert process.returncode == 0


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_program_is_called_as_a_handler_is(script: Callable[[Call], None], program: str) -> None:
    with FreeSwitch(prompts=PROMPTS) as virtual:
        expected = virtual.call(ivr)
        script(expected)
    with real_time() as switch:
        call = switch.dial(program, caller="1001", destination="5000")
        script(call)
    assert call.heard == expected.heard
    assert call.cause == expected.cause
    assert commands(call) == commands(expected)


def test_a_key_is_pressed_when_a_program_asks_for_one(program: str) -> None:
    with real_time() as switch:
        call = switch.dial(program)
        call.press("1", when_asked=True)
        call.wait()
    assert call.heard == ["ivr/ivr-welcome", "ivr/ivr-option-1"]


def test_a_program_and_a_handler_can_be_called_at_once(program: str) -> None:
    with real_time() as switch:
        theirs, ours = switch.dial(program), switch.call(ivr)
        theirs.hear("ivr/ivr-welcome")
        ours.hear("ivr/ivr-welcome")
        theirs.press("1")
        ours.press("2")
        theirs.wait()
        ours.wait()
    assert theirs.heard == ["ivr/ivr-welcome", "ivr/ivr-option-1"]
    assert ours.heard == ["ivr/ivr-welcome", "ivr/ivr-option-2"]


def test_a_script_that_fails_against_a_program_shows_the_ladder(program: str) -> None:
    with real_time() as switch:
        call = switch.dial(program)
        call.hear("ivr/ivr-welcome")
        call.press("1")
        with pytest.raises(CallFailed) as failure:
            call.hear("ivr/ivr-option-2")
    assert "did not hear 'ivr/ivr-option-2'" in str(failure.value)
    assert "playback ivr/ivr-option-1" in str(failure.value)


def test_an_outbound_that_listens_in_this_process_can_be_called_by_address() -> None:
    with Outbound(ivr, port=0) as server, real_time() as switch:
        call = switch.dial(f"localhost:{server.port}")
        press_1(call)
    assert call.heard == ["ivr/ivr-welcome", "ivr/ivr-option-1"]


def test_if_nobody_listens_the_dialplan_goes_on() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        with real_time() as switch:
            call = switch.dial(
                f"127.0.0.1:{deaf.getsockname()[1]}",
                after=[("answer", ""), ("playback", "ivr/ivr-timeout")],
            )
            call.hear("ivr/ivr-timeout")
            call.wait()
    assert call.cause == "NORMAL_CLEARING"
    assert "nobody listens on 127.0.0.1:" in str(call.transcript)


# Misbehaving programs


def close_at_once(sock: socket.socket) -> None:
    pass


def close_after_connect(sock: socket.socket) -> None:
    sock.sendall(b"connect\n\n")
    read_until(sock, b"Control: full\n\n")


def reset_after_connect(sock: socket.socket) -> None:
    close_after_connect(sock)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("verb", [Call.wait, lambda call: call.hear("ivr/ivr-welcome")])
def test_verbs_say_that_the_caller_was_left_parked(verb: Callable[[Call], None]) -> None:
    # recording 14b: nothing will ever happen to this call
    with listening(close_at_once) as address, real_time() as switch:
        call = switch.dial(address)
        with pytest.raises(CallFailed) as failure:
            verb(call)
        assert call.cause is None
    said = str(failure.value).partition("\n")[0]
    if verb is Call.wait:
        assert re.fullmatch(
            "the call is still up, and nothing is due that could end it; the app has sent nothing "
            r"since 'closes without connect' at \d+\.\d s",
            said,
        )
    else:
        assert said == (
            "did not hear 'ivr/ivr-welcome' and nothing more will happen; since the last verb the "
            "caller heard nothing"
        )
    assert call.cause == "NORMAL_CLEARING"


@pytest.mark.parametrize("app", [close_after_connect, reset_after_connect])
def test_a_program_that_closes_right_after_connect_parks_the_caller(
    app: Callable[[socket.socket], None],
) -> None:
    # A race, as in a real switch: within a millisecond it parks the caller (14b2), later
    # it gives the call back.
    with listening(app) as address, real_time() as switch:
        call = switch.dial(address)
        with contextlib.suppress(CallFailed):
            call.wait()
    assert call.cause == "NORMAL_CLEARING"


def test_a_parked_caller_can_hang_up() -> None:
    with listening(close_at_once) as address, real_time() as switch:
        call = switch.dial(address)
        call.say_nothing(0.05)
        call.hangup("USER_BUSY")
    assert call.cause == "USER_BUSY"


def test_a_silent_program_is_told_goodbye() -> None:
    heard: list[bytes] = []

    def silent(sock: socket.socket) -> None:
        heard.append(read_all(sock))

    with listening(silent) as address, real_time() as switch:
        call = switch.dial(address)
        with pytest.raises(CallFailed, match="did not hear 'ivr/ivr-welcome'"):
            call.hear("ivr/ivr-welcome", timeout=0.05)
    # leaving the block hangs up
    assert len(heard) == 1
    assert b"Disconnected, goodbye." in heard[0]


def test_a_reset_during_a_prompt_lets_the_dialplan_go_on() -> None:
    def reset(sock: socket.socket) -> None:
        sock.sendall(b"connect\n\nevent plain PLAYBACK_START\n\n")
        sock.sendall(
            b"sendmsg\ncall-command: execute\nexecute-app-name: playback\n"
            b"execute-app-arg: ivr/ivr-welcome\n\n"
        )
        data = b""
        while b"Event-Name: PLAYBACK_START" not in data:
            data += sock.recv(65536)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with listening(reset) as address, real_time() as switch:
        call = switch.dial(address)
        call.hear("ivr/ivr-welcome")  # as recorded (12k), the prompt is not cut
        call.wait()
    assert call.cause == "NORMAL_CLEARING"


def test_a_program_that_does_not_read_blocks_nobody_and_misses_nothing() -> None:
    # The reply to `connect` is the longest; so many of them are more than the system keeps.
    times = 2500
    received: list[bytes] = []
    go_on = threading.Event()

    def sluggish(sock: socket.socket) -> None:
        sock.sendall(b"connect\n\n" * times)
        sock.sendall(b"sendmsg\ncall-command: execute\nexecute-app-name: answer\n\n")
        go_on.wait()
        received.append(read_all(sock))

    with listening(sluggish, buffer=4096) as address, real_time() as switch:
        call, other = switch.dial(address), switch.call(ivr)
        try:
            call.expect("CHANNEL_ANSWER")
            press_1(other)
        finally:
            go_on.set()
        call.hangup()
    assert received[0].count(b"Event-Name: CHANNEL_DATA\n") == times
    assert received[0].endswith(b"See you at ClueCon! http://www.cluecon.com/\n")


def test_a_program_may_go_away_with_much_unread() -> None:
    answered = threading.Event()

    def sluggish(sock: socket.socket) -> None:
        sock.sendall(b"connect\n\n" * 2500)
        sock.sendall(b"sendmsg\ncall-command: execute\nexecute-app-name: answer\n\n")
        answered.wait()

    with listening(sluggish, buffer=4096) as address, real_time() as switch:
        call = switch.dial(address)
        try:
            call.expect("CHANNEL_ANSWER")
        finally:
            answered.set()
        call.wait()
    assert call.cause == "NORMAL_CLEARING"


def test_the_program_may_close_after_the_switch() -> None:
    close = threading.Event()

    def slow(sock: socket.socket) -> None:
        sock.sendall(b"connect\n\n")
        read_all(sock)
        close.wait()

    with listening(slow) as address, real_time() as switch:
        call = switch.dial(address)
        try:
            call.hangup_after(0.0)
            call.expect("CHANNEL_HANGUP_COMPLETE")
            # The caller is gone, and the program is not done with the call.
            with pytest.raises(CallFailed, match="its handler still runs after"):
                call.wait(timeout=0.05)
        finally:
            close.set()
        call.wait()


# Leaks


def test_no_descriptor_is_left_behind() -> None:
    def open_descriptors() -> int:
        return len(os.listdir("/dev/fd"))

    def calls() -> None:
        with real_time() as switch:
            press_1(switch.call(ivr))
        for app in (close_at_once, close_after_connect, reset_after_connect):
            with listening(app) as address, real_time() as switch:
                call = switch.dial(address)
                with contextlib.suppress(CallFailed):
                    call.wait()

    calls()  # what is opened once and for all, by the system's resolver say
    gc.collect()  # of earlier tests
    before = open_descriptors()
    calls()
    assert open_descriptors() == before


def test_an_unused_switch_holds_nothing_open() -> None:
    FreeSwitch(real_time=True)
    gc.collect()  # a socket that nobody closed would be told of here
    with FreeSwitch(real_time=True):
        pass


def test_a_verb_after_the_end_opens_nothing() -> None:
    with real_time() as switch:
        call = switch.call(ivr)
        press_1(call)
    call.wait()
    with pytest.raises(CallFailed, match="the call has ended"):
        call.press("1")
    gc.collect()


# Invalid arguments


def test_a_program_is_not_called_in_virtual_time() -> None:
    switch = FreeSwitch()
    with switch, pytest.raises(RuntimeError, match="another program has its own clock"):
        switch.dial("127.0.0.1:5000")


@for_each("address", ["5000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:sip", ""])
def test_an_address_is_a_host_and_a_port(address: str) -> None:
    switch = real_time()
    with (
        switch,
        pytest.raises(ValueError, match=f"a program's address is host:port, not '{address}'"),
    ):
        switch.dial(address)


def test_real_time_begins_now() -> None:
    with pytest.raises(ValueError, match="leave start= out"):
        FreeSwitch(real_time=True, start="2026-01-05T09:00:00")


def test_calls_are_made_inside_the_block() -> None:
    switch = real_time()
    with pytest.raises(RuntimeError, match="inside its with block"):
        switch.call(ivr)

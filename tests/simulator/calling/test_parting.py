"""How another program and a call parted, as the wire shows it."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading

import pytest

from eslsync import Outbound, Session
from examples.ivr import handler as ivr
from simulator import Call, CallFailed, FreeSwitch
from tests.support.programs import (
    ANSWER,
    HANG_UP,
    Program,
    end_in_order,
    listening,
    read_all,
    read_past,
    reset,
    take,
)

PLAY = ANSWER.replace(b"answer", b"playback").replace(b"\n\n", b"\nexecute-app-arg: long\n\n")
#: With it the caller is not left parked, should a program be gone in the first millisecond.
AFTER = [("playback", "sorry"), ("hangup", "")]


def dial(address: str, *, cuts: bool = False) -> Call:
    """Call a program; the caller waits for the end, and cuts what plays at the parting if told."""
    with FreeSwitch(real_time=True, prompts={"sorry": 0.1}) as switch:
        call = switch.dial(address, after=AFTER)
        with contextlib.suppress(CallFailed):
            if cuts:
                call.say_nothing(0.01)
                while call.parting is None:
                    call.say_nothing(0.01)
                call.press("*")
            call.wait()
    return call


def exits(sock: socket.socket) -> None:
    take(sock)
    sock.sendall(b"exit\n\n")
    read_all(sock)


def exits_and_closes(sock: socket.socket) -> None:
    take(sock)
    sock.sendall(b"exit\n\n")


def closes_in_order(sock: socket.socket) -> None:
    take(sock)
    end_in_order(sock)


def closes_in_a_prompt(sock: socket.socket) -> None:
    take(sock)
    sock.sendall(b"event plain PLAYBACK_START\n\n" + PLAY)
    read_past(sock, b"Playback-File-Path")
    end_in_order(sock)


def resumes_in_a_prompt(sock: socket.socket) -> None:
    """As the library does when `stop` cuts a handler that waits for a prompt."""
    take(sock)
    sock.sendall(b"event plain PLAYBACK_START\n\n" + PLAY)
    read_past(sock, b"Playback-File-Path")
    sock.sendall(b"resume\n\n")
    end_in_order(sock)


def hangs_up(sock: socket.socket) -> None:
    take(sock)
    sock.sendall(HANG_UP)
    read_all(sock)


def hangs_up_and_closes(sock: socket.socket) -> None:
    take(sock)
    sock.sendall(HANG_UP)


def turns_away(sock: socket.socket) -> None:
    take(sock, HANG_UP)
    read_all(sock)


def hangs_up_and_resets(sock: socket.socket) -> None:
    take(sock)
    sock.sendall(HANG_UP)
    read_past(sock, b"Disconnected, goodbye")
    reset(sock)


def drops(sock: socket.socket) -> None:
    take(sock)


def resets(sock: socket.socket) -> None:
    take(sock)
    reset(sock)


def cuts_short(sock: socket.socket) -> None:
    take(sock)
    sock.sendall(b"sendmsg\ncall-comm")
    end_in_order(sock)


def connects_to_nothing(sock: socket.socket) -> None:
    pass


def closes_after_connect(sock: socket.socket) -> None:
    sock.sendall(b"connect\n\n")
    end_in_order(sock)


def exits_after_connect(sock: socket.socket) -> None:
    sock.sendall(b"connect\n\nlinger\n\nmyevents\n\nexit\n\n")
    read_all(sock)


def api_only(sock: socket.socket) -> None:
    sock.sendall(b"api status\n\n")
    end_in_order(sock)


WAYS = [
    (exits, "gave back", "the app gave the call back"),
    (exits_and_closes, "gave back", "the app gave the call back"),
    (closes_in_order, "closed", "the app gave the call back, closing the connection without exit"),
    (
        closes_in_a_prompt,
        "left",
        "without exit while playback ran, as a killed program behind a",
    ),
    (
        resumes_in_a_prompt,
        "closed",
        "the app gave the call back, closing the connection without exit",
    ),
    (
        closes_after_connect,
        "did nothing",
        "the app did nothing with the call, and closed the connection: it sent connect",
    ),
    (
        exits_after_connect,
        "did nothing",
        "the app did nothing with the call, and gave it back: it sent connect, linger, myevents, e",
    ),
    (hangs_up, "hung up", "the app hung up"),
    (hangs_up_and_resets, "hung up", "the app hung up, and the app reset the connection"),
    (hangs_up_and_closes, "hung up", "the app hung up"),
    (turns_away, "turned away", "the app turned the call away with USER_BUSY"),
    (drops, "dropped", "the app dropped the call: it closed the connection without exit and read"),
    (resets, "reset", "the app reset the connection with the call up"),
    (cuts_short, "cut short", "in the middle of a command, after 'sendmsg\\ncall-comm'"),
    (connects_to_nothing, "never connected", "the app never sent connect"),
    (api_only, "never connected", "the app never sent connect; it sent 'api status\\n\\n'"),
]


@pytest.mark.parametrize(("program", "kind", "said"), WAYS, ids=lambda each: str(each)[:20])
def test_the_wire_shows_how_a_program_ended(program: Program, kind: str, said: str) -> None:
    with listening(program) as address:
        call = dial(address, cuts=kind == "left")
    assert call.parting is not None
    assert call.parting.kind == kind
    assert said in str(call.parting)
    assert call.parting.orderly is (kind in ("gave back", "closed", "hung up"))
    assert call.given_back is (kind in ("gave back", "closed", "left", "did nothing"))


@pytest.mark.parametrize(
    ("program", "rung"),
    [
        (closes_in_order, "gives the call back"),
        (drops, "drops the call ■"),
        (resets, "resets the connection ■"),
        (cuts_short, "closes in the middle of a command ■"),
        (connects_to_nothing, "closes without connect ■"),
    ],
    ids=lambda each: str(each)[:20],
)
def test_the_ladder_draws_it(program: Program, rung: str) -> None:
    with listening(program) as address:
        call = dial(address)
    assert rung in call.ladder()


@pytest.mark.usefixtures("programs_begin_warm")
def test_a_program_that_is_killed_dropped_the_call() -> None:
    source = (
        "import socket, sys\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "print(server.getsockname()[1], flush=True)\n"
        "sock, _ = server.accept()\n"
        f"sock.sendall(b'connect\\n\\n' + {ANSWER!r})\n"
        "data = b''\n"
        "while not data.endswith(b'+OK\\n\\n'):\n"
        "    data += sock.recv(65536)\n"
        "print('taken', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        address = f"127.0.0.1:{program.stdout.readline().strip()}"

        def kill() -> None:
            assert program.stdout is not None
            program.stdout.readline()
            program.kill()

        killer = threading.Thread(target=kill)
        killer.start()
        call = dial(address)
        killer.join()
    assert call.parting is not None
    assert call.parting.kind == "dropped"
    assert not call.given_back


def test_a_program_that_never_reads() -> None:
    answered = threading.Event()

    def sluggish(sock: socket.socket) -> None:
        sock.sendall(b"connect\n\n" * 2500 + ANSWER)  # more replies than the system keeps
        answered.wait()

    with listening(sluggish, buffer=4096) as address, FreeSwitch(real_time=True) as switch:
        call = switch.dial(address)
        try:
            call.expect("CHANNEL_ANSWER")
        finally:
            answered.set()
        call.wait()
    assert call.parting is not None
    assert call.parting.kind == "never read"


def test_a_program_that_stays_after_the_hangup() -> None:
    close = threading.Event()

    def stays(sock: socket.socket) -> None:
        take(sock)
        read_all(sock)
        close.wait()

    with listening(stays) as address, FreeSwitch(real_time=True) as switch:
        call = switch.dial(address)
        call.expect("CHANNEL_ANSWER")
        assert call.parting is None
        call.hangup_after(0.0)
        call.expect("CHANNEL_HANGUP_COMPLETE")
        with pytest.raises(CallFailed, match="its handler still runs after"):
            call.wait(timeout=0.05)
        assert str(call.parting) == "the app has not closed the connection after the hangup"
        close.set()
        call.wait()
    assert str(call.parting) == "the caller hung up"


def test_the_far_end_and_the_switch_hang_up_too() -> None:
    def bridges(session: Session) -> None:
        session.channel.answer()
        session.channel.bridge("user/1000", hangup_after=True)

    def waits(session: Session) -> None:
        session.channel.execute("sched_hangup", "+1")
        session.channel.wait("CHANNEL_HANGUP")

    said = []
    for handler in (bridges, waits):
        with FreeSwitch() as switch:
            switch.endpoint("user/1000", hangs_up_after=5.0)
            call = switch.call(handler)
        said.append(str(call.parting))
    assert said == ["the far end hung up", "the switch hung up"]


def ends_at_once(session: Session) -> None:
    session.channel.answer()
    session.channel.hangup()


def test_a_served_handler_parts_in_order() -> None:
    with Outbound(ends_at_once, port=0) as server:
        call = dial(f"127.0.0.1:{server.port}")
        assert str(call.parting) == "the app hung up"
    with Outbound(lambda session: session.channel.answer(), port=0) as server:
        call = dial(f"127.0.0.1:{server.port}")
        assert str(call.parting) == (
            "the app gave the call back, closing the connection without exit"
        )


def test_a_caller_who_leaves_a_program_that_does_nothing() -> None:
    with listening(connects_and_reads) as address, FreeSwitch(real_time=True) as switch:
        call = switch.dial(address)
        call.say_nothing(0.1)
        call.hangup()
    assert str(call.parting) == (
        "the app did nothing with the call, and the caller hung up: it sent connect"
    )
    assert not call.given_back


def connects_and_reads(sock: socket.socket) -> None:
    sock.sendall(b"connect\n\n")
    read_all(sock)


def test_a_server_that_is_full_turns_the_call_away() -> None:
    with Outbound(ivr, port=0, max_calls=1) as server, FreeSwitch(real_time=True) as switch:
        address = f"127.0.0.1:{server.port}"
        first = switch.dial(address)
        first.expect("CHANNEL_ANSWER")
        second = switch.dial(address)
        second.wait()
        first.hangup()
    assert str(second.parting).startswith("the app turned the call away with ")
    assert str(first.parting) == "the caller hung up"


@pytest.mark.parametrize("real_time", [True, False])
def test_a_handler_of_this_process_parts_too(real_time: bool) -> None:
    with FreeSwitch(real_time=real_time, prompts={"ivr/ivr-welcome": 0.1}) as switch:
        call = switch.call(ivr)
        call.hear("ivr/ivr-welcome")
        assert call.parting is None
        call.hangup()
        assert str(call.parting) == "the caller hung up"


def test_calls_of_programs_have_uuids_of_their_own() -> None:
    uuids = set()
    for _ in range(3):
        with FreeSwitch(real_time=True) as switch:
            call = switch.call(ends_at_once)
            call.wait()
        uuids.add(call.uuid)
    assert len(uuids) == 3
    with FreeSwitch(real_time=True, seed=switch.seed) as again:
        assert again.call(ends_at_once).uuid == call.uuid

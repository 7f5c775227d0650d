"""Another program is called: time is real, and what is wrong with it is told."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from eslsync import Outbound, Session
from simulator.ladders.text import draw
from simulator.model.endpoint_modules import OTHERS
from simulator.phone.inbox import Inbox
from simulator.phone.keeping import as_recording
from simulator.phone.live import Live
from simulator.phone.player import BY_HAND, Player
from simulator.phone.protocol import Back, CallUp, HangUp, Press, Skip, Speed
from simulator.phone.terminal import Screen, TerminalPhone
from simulator.recordings.reading import Recording
from simulator.scripts.script import Script
from tests.simulator.phone.desks import desk_of
from tests.support.programs import listening, read_until, take
from tests.support.servers import reserved

pytestmark = pytest.mark.usefixtures("programs_begin_warm")


def menu(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("welcome")
    session.channel.playback(f"option-{session.wait('DTMF').digit}")
    session.channel.hangup()


def bridging(session: Session) -> None:
    session.channel.answer()
    session.channel.bridge("user/1000,user/1001", ring_timeout=60)
    session.channel.hangup()


@contextmanager
def served(handler: Callable[[Session], None] = menu) -> Iterator[str]:
    """The address of a program that serves a handler."""
    app = Outbound(handler, port=0)
    app.start(block=False)
    with app:
        yield f"127.0.0.1:{app.port}"


def script(address: str) -> Script:
    prompts = {"welcome": 0.01, "option-2": 0.01}
    return Script(address, call={"caller": "1001", "destination": "5000", "prompts": prompts})


def test_its_caller_presses_keys_and_sees_what_happens_until_it_ends(tmp_path: Path) -> None:
    with served() as address:
        keys: Inbox[str] = Inbox()
        with Live(Player(script(address))) as live:
            player = live.player
            seen = 0
            while not player.ended:
                if player.heard and not player.moves:
                    keys.put("2")
                key = live.next(keys)
                if key is None:
                    seen += 1
                else:
                    player.make("press", key)
            assert player.heard == ["welcome", "option-2"]
            assert seen > 3
            assert player.now == round(player.call.duration * 1_000_000)
            assert not player.amiss
            assert player.whereabouts is None
            keys.put("3")
            assert live.next(keys) == "3"  # nothing more happens, and keys still come
            again = player.script()
            path = tmp_path / "call.jsonl"
            path.write_text("".join(as_recording(player)), encoding="utf-8")
        assert "presses 2" in Recording.read(path).ladder()
        assert again.handler == address
        # (In real time, a busy program might ask for events only once the key is pressed.)
        assert Script.parse(again.dump()).run(menu).heard == ["welcome", "option-2"]


def test_whom_it_calls_is_played_by_hand_too() -> None:
    with served(bridging) as address:
        rings = Script(address, call={"endpoints": {OTHERS: BY_HAND}})
        with Live(Player(rings)) as live:
            player, nobody = live.player, Inbox[str]()
            while not player.ended:
                phases = [each.phase for each in player.lines]
                if phases == ["rings", "rings"]:
                    player.make("reject", line=2)
                    player.make("answer", line=3)
                elif player.call.bridged:
                    player.make("hangup", line=3)
                live.next(nobody)
            assert player.call.bridged == ["user/1001"]
            assert [each.cause for each in player.lines] == ["USER_BUSY", "NORMAL_CLEARING"]


def hangs(sock: socket.socket) -> None:
    """Drop the call."""
    take(sock)


def talks(sock: socket.socket) -> None:
    """Greet, as a mail server does."""
    sock.sendall(b"220 mail.example ESMTP\r\n")
    sock.recv(65536)


@pytest.mark.parametrize(
    ("program", "said"),
    [(talks, "speaks SMTP, and not outbound event socket"), (hangs, "The app dropped the call")],
)
def test_what_is_no_program_for_calls_is_told(program: object, said: str) -> None:
    with listening(program) as address, Live(Player(Script(address))) as live:  # type: ignore[arg-type]
        player, keys = live.player, Inbox[str]()
        while not player.amiss and not player.ended:
            live.next(keys)
        [sentence] = player.amiss
        assert said in sentence
        assert sentence.endswith(".")


def test_nobody_listening_is_told_and_the_call_is_over() -> None:
    free = reserved()
    address = f"127.0.0.1:{free.getsockname()[1]}"
    with free, Live(Player(Script(address))) as live:
        assert live.player.ended
        assert live.player.amiss == [f"Nobody listens on {address}."]


def test_on_a_page_time_is_not_theirs_and_the_rest_is() -> None:
    with served() as address, desk_of(Path(address), prompts={"welcome": 0.01}) as desk:
        assert "a clock of its own" in desk.state["fixed"]
        desk.do(CallUp("1001", "5000"))
        desk.until(lambda state: state["prompts"])
        for ignored in (Speed(0), Skip(), Back(0)):
            desk.do(ignored)
        desk.do(Press("7"))
        state = desk.until(lambda state: len(state["prompts"]) == 2)
        assert (state["take"], state["speed"], state["busy"]) == (1, 1.0, False)
        assert state["source"] is None
        desk.do(HangUp())
        state = desk.until(lambda state: state["phase"] == "ended")
        assert state["trouble"] == ""
        assert "presses 7" in state["ladder"]


def test_a_program_that_closes_is_told_beside_the_call() -> None:
    def closes(sock: socket.socket) -> None:
        sock.sendall(b"connect\n\n")
        read_until(sock, b"Control: full\n\n")

    with listening(closes) as address, desk_of(Path(address)) as desk:
        desk.do(CallUp("1001", "5000"))
        state = desk.until(lambda state: state["trouble"])
        assert state["trouble"].startswith("The app dropped the call")


def test_in_a_terminal_time_is_not_theirs_either(tmp_path: Path) -> None:
    lines: list[str] = []
    keys: Inbox[str] = Inbox()

    def write(line: str) -> None:
        lines.append(line)
        if line.startswith("the call has ended at"):
            for key in "2q":
                keys.put(key)

    with served() as address:
        screen = Screen(write, lambda player: draw(player.transcript.entries).split("\n"), 99)
        for key in " bnfh":
            keys.put(key)
        player = Player(script(address))
        with TerminalPhone(player, keys, screen, save=lambda player: [tmp_path]) as phone:
            phone.run()
    assert lines.count(Live.fixed) == 4
    assert "the call has ended; q quits" in lines
    assert not player.amiss

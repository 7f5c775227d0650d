"""Which calls are up, what each waits for, and where."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

from eslsync import ChannelState, Event, LiveCall, Outbound, Session
from tests.support.peer import PATIENCE, reply
from tests.support.servers import Beside, dialled, serving


def line_of(function: Callable[..., Any], offset: int) -> str:
    """The line at that offset in a function, as a report names it."""
    line = function.__code__.co_firstlineno + offset
    return f"{os.path.basename(__file__)}:{line} in {function.__name__}"


def ask(session: Session) -> None:
    session.send("getvar x")


def listen(session: Session) -> None:
    session.channel.answer()
    ask(session)
    session.channel.wait("DTMF", timeout=60)


def test_calls_tell_who_calls_since_when_and_what_each_handler_waits_for_and_where() -> None:
    with serving(listen) as app, dialled(app) as peer:
        peer.handshake()
        uuid = peer.execute("answer")
        peer.settle()
        [call] = app.calls
        assert isinstance(call, LiveCall)
        assert (call.uuid, call.caller, call.destination) == (peer.uuid, "1001", "5000")
        assert call.state is ChannelState.EXECUTE
        assert (call.waiting_for, call.where) == ("answer", line_of(listen, 1))

        peer.say(peer.completed("answer", uuid))
        peer.hear("getvar x")
        peer.settle()
        [call] = app.calls
        assert (call.waiting_for, call.where) == ("getvar x", line_of(ask, 1))
        assert call.stack == (line_of(listen, 2), line_of(ask, 1))

        peer.say(reply("1"))
        peer.settle()
        peer.clock.ahead = 7.0
        [call] = app.calls
        assert (call.waiting_for, call.where) == ("DTMF", line_of(listen, 3))
        assert 7.0 <= call.age < 7.0 + PATIENCE
        peer.end()
        peer.hear_end()
    assert app.calls == ()


def test_a_running_handler_or_callback_is_shown_where_it_runs() -> None:
    def handler(session: Session) -> None:
        @session.on("CHANNEL_ANSWER")
        def answered(event: Event) -> None:
            seen.extend(app.calls)
            session.send("getvar x")

        seen.extend(app.calls)
        session.channel.wait("DTMF")

    seen: list[LiveCall] = []
    with serving(handler) as app, dialled(app) as peer:
        peer.handshake()
        peer.settle()
        peer.say(peer.event("CHANNEL_ANSWER"))
        peer.hear("getvar x")
        peer.settle()
        seen += app.calls
        peer.end()
        peer.hear_end()
    first, second, third = seen
    assert (first.waiting_for, first.where) == (None, line_of(handler, 6))
    assert second.waiting_for is None
    assert second.where.endswith("in answered")
    assert third.waiting_for == "getvar x"
    assert [each.partition(" in ")[2] for each in third.stack] == ["handler", "answered"]


def test_a_report_is_for_people_to_read() -> None:
    with serving(listen) as app, dialled(app) as peer:
        assert app.report() == "0 calls\n"
        peer.handshake()
        peer.run("answer")
        peer.hear("getvar x")
        peer.settle()
        first, *stack = app.report().splitlines()[1:]
        assert re.fullmatch(
            rf"{peer.uuid} from 1001 to 5000, \d+\.\d s, CS_EXECUTE: waits for getvar x, "
            rf"at {line_of(ask, 1)}",
            first,
        )
        assert stack == [f"    {line_of(listen, 2)}", f"    {line_of(ask, 1)}"]
        assert app.report().startswith("1 call\n")
        peer.end()
        peer.hear_end()


def test_a_session_of_a_live_call_can_be_sent_commands_from_outside() -> None:
    with serving(listen) as app, dialled(app) as peer:
        peer.handshake()
        peer.execute("answer")
        peer.settle()
        asking = Beside(
            lambda: app.calls[0].session.send(f"sendmsg {peer.uuid}", {"call-command": "nomedia"})
        )
        peer.serve(f"sendmsg {peer.uuid}")
        asking.join()
        peer.end()
        peer.hear_end()


def test_stop_says_what_it_cut_and_where_it_was() -> None:
    def handler(session: Session) -> None:
        session.channel.playback("x")

    with serving(handler) as app, dialled(app) as peer, dialled(app, name="01a") as other:
        peer.handshake()
        peer.execute("playback")
        peer.settle()
        stopping = Stopping(app)
        other.end()  # no call yet, and so not cut
        peer.resume()
        peer.run("set")
        assert peer.hear_end() == []
        peer.end()
        [cut] = stopping.result()
    assert (cut.uuid, cut.waiting_for, cut.where) == (
        peer.uuid,
        "playback",
        line_of(handler, 1),
    )


class Stopping(Beside):
    """Runs stop() beside the test, and keeps its result."""

    def __init__(self, app: Outbound, timeout: float = 0.0) -> None:
        self._cut: tuple[LiveCall, ...] = ()

        def stop() -> None:
            self._cut = app.stop(timeout=timeout)

        super().__init__(stop)

    def result(self) -> tuple[LiveCall, ...]:
        self.join()
        return self._cut


def test_a_stop_that_cuts_nothing_says_so() -> None:
    with serving(listen) as app, dialled(app) as peer:
        peer.handshake()
        peer.execute("answer")
        peer.settle()
        stopping = Stopping(app, timeout=PATIENCE)
        peer.say(*peer.tail())
        peer.hear_end()
        peer.end()
        assert stopping.result() == ()
    assert app.stop() == ()

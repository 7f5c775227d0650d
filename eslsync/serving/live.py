"""A server's calls from outside: who calls, how long, and what each handler does."""

from __future__ import annotations

import os
import threading
import traceback
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..call.connection import Connection
from ..call.conversation import Conversation
from ..call.handover import Handover
from ..session import Session
from ..stacks import Frames, users_stack
from ..wire.enums import ChannelState
from ..wire.shown import in_a_log

__all__ = ["LiveCall", "Served", "look_at", "report", "sentence"]


class LiveCall(NamedTuple):
    """A snapshot of a call that a handler works on.

    ``age`` is in seconds since the call was taken. ``waiting_for`` names what the handler waits
    for in one of eslsync's methods (an event's name, an application, the command whose reply is
    due); None while it does something else. ``where`` is the handler's current line
    ("ivr.py:23 in option1"); ``stack`` contains the lines that led there, the outermost first,
    and ends in the libraries that the handler has called.
    """

    uuid: str
    caller: str
    destination: str
    age: float
    state: ChannelState
    waiting_for: str | None
    where: str
    stack: tuple[str, ...]
    session: Session

    def __repr__(self) -> str:
        return f"<LiveCall {self}>"

    def __str__(self) -> str:
        return sentence(self.facts)

    @property
    def facts(self) -> dict[str, Any]:
        """All but the session, as plain values, by name."""
        facts = self._asdict()
        del facts["session"]
        return {**facts, "age": round(self.age, 3)}


class Served(NamedTuple):
    """A call that the server has taken."""

    session: Session
    conversation: Conversation
    handover: Handover

    @property
    def connection(self) -> Connection:
        return self.conversation.connection


def look_at(call: Served, thread: threading.Thread, frames: Frames | None = None) -> LiveCall:
    """A snapshot of a call. Any thread may take it; for several calls, with `frames_of_all`."""
    session, redact = call.session, call.conversation.redact
    stack = users_stack(thread, waits=session.waiting_for is not None, frames=frames)
    return LiveCall(
        uuid=session.uuid,
        caller=redact.value("Caller-Caller-ID-Number", session.caller_number),
        destination=redact.value("Caller-Destination-Number", session.destination),
        age=call.conversation.clock.now() - call.handover.began,
        state=session.channel.state,
        waiting_for=session.waiting_for,
        where=_where(stack),
        stack=tuple(map(_line, stack)),
        session=session,
    )


def sentence(facts: Mapping[str, Any]) -> str:
    """The facts of a call in a line, without its stack."""
    doing = f"waits for {facts['waiting_for']}" if facts["waiting_for"] else "runs"
    return (
        f"{facts['uuid']} from {facts['caller'] or 'nobody'} to "
        f"{facts['destination'] or 'nowhere'}, {facts['age']:.1f} s, {facts['state']}: {doing}, "
        f"at {facts['where']}"
    )


def report(calls: Iterable[LiveCall]) -> str:
    """The calls with their stacks, as text."""
    calls = tuple(calls)
    lines = [f"{len(calls)} call{'' if len(calls) == 1 else 's'}"]
    for call in calls:
        lines += [str(call), *(f"    {line}" for line in call.stack)]
    return "\n".join(lines) + "\n"


def _where(stack: list[traceback.FrameSummary]) -> str:
    """The innermost line in the handler's own folder; other code belongs to libraries."""
    if not stack:
        return "its beginning or end"
    folder = os.path.dirname(stack[0].filename)
    return _line(next(each for each in reversed(stack) if os.path.dirname(each.filename) == folder))


def _line(frame: traceback.FrameSummary) -> str:
    return in_a_log(f"{os.path.basename(frame.filename)}:{frame.lineno} in {frame.name}")

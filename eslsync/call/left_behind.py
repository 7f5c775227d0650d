"""What becomes of the call of a handler that is stuck in code of its own, when its server stops.

Another thread than the handler's gives it back. The conversation belongs to the handler's, which
may go on at any moment; so this one waits for nothing: it looks at what is known, and says in one
go what `Handover.close` would say, before our end. FreeSWITCH executes it in order.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from ..wire.enums import ChannelState, HangupCause
from ..wire.message import Event
from ..wire.protocol import encode_command
from .conversation import Conversation
from .ending import Stage

__all__ = ["Known", "last_words", "look"]


class Known(NamedTuple):
    """What is known of such a call, with what its handler's thread has not taken."""

    #: The applications that have completed meanwhile, by Application-UUID.
    completed: frozenset[str]
    #: The legs that were bridged.
    bridged: frozenset[str]
    #: The legs that have hung up.
    gone: frozenset[str]
    #: Why the call's own leg has hung up; None if it was not told.
    cause: HangupCause | str | None


def look(conversation: Conversation) -> Known:
    """Look at what has arrived."""
    own, legs = conversation.own, [*conversation.legs.values()]
    events = [each for each in conversation.connection.untaken if isinstance(each, Event)]
    completed: set[str] = set()
    gone = {each.uuid for each in legs if each.hangup_event is not None}
    bridged = {each.uuid for each in legs if each.bridge_event is not None}
    cause = conversation.ending.cause
    for event in events:
        if event.name == "CHANNEL_EXECUTE_COMPLETE":
            completed.add(event.get("Application-UUID", ""))
        elif event.name == "CHANNEL_BRIDGE":
            names = ("Unique-ID", "Bridge-A-Unique-ID", "Bridge-B-Unique-ID")
            bridged.update(event.get(name, "") for name in names)
        elif event.name in ("CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE"):
            gone.add(event.uuid or "")
            cause = event.hangup_cause if event.uuid == own.uuid else cause
    if conversation.ending.stage is Stage.OVER:
        gone.add(own.uuid)
    return Known(frozenset(completed), frozenset(bridged), frozenset(gone), cause)


def last_words(
    conversation: Conversation, known: Known, limit: str, originated: Collection[str]
) -> tuple[bytes, bool]:
    """The commands that give the call back; and True if it is left to its bridge instead.

    ``limit`` is the group of the limit to lift, if there is one; ``originated`` are the uuids of
    the legs that the handler has called.
    """
    words = _Words(conversation)
    if limit:
        words.say(f"api sched_del {limit}")
    _leave_others(conversation, known, originated, words)
    own = conversation.own
    running = [each for each in own.under_way if each.uuid not in known.completed]
    joins = any(each.facts.joins for each in running)
    has_resume = "socket_resume" in conversation.context.variables
    if has_resume and (joins or own.left_socket or not conversation.subscription.is_async):
        if conversation.full:
            words.say(f"api uuid_setvar {own.uuid} socket_resume false")
        else:
            words.execute("set", "socket_resume=false")
    if own.left_socket and (own.leaves_dialplan or own.state is ChannelState.PARK):
        words.say(f"api uuid_setvar {own.uuid} park_after_bridge false")
        return bytes(words.data), True
    plays = own.may_play or any(not (each.facts.joins or each.facts.prepares) for each in running)
    if plays and not (own.left_socket or own.sent_away):
        if joins or any(each.facts.records for each in running):
            # A recording that ``resume`` cuts hangs the channel up (mod_dptools.c).
            if conversation.full:
                words.say(f"api uuid_break {own.uuid} all")
            else:
                words.execute("break")
        elif conversation.subscription.is_async:
            words.say("resume")
            if not has_resume:
                words.execute("unset", "socket_resume")
    for application, argument in own.borrowed.to_put_back():
        words.execute(application, argument)
    return bytes(words.data), False


def _leave_others(
    conversation: Conversation, known: Known, originated: Collection[str], words: _Words
) -> None:
    """Hang up the legs that the handler has called, unless they are bridged, or may be."""
    for leg in [*conversation.legs.values()]:
        if leg.is_own or leg.uuid in known.gone or leg.transferred is not None:
            continue
        if leg.uuid in originated:
            if conversation.subscription.bridges and leg.uuid not in known.bridged:
                words.say(f"api uuid_kill {leg.uuid}")
        elif leg.plays_on and conversation.full:
            words.say(f"api uuid_break {leg.uuid}")


class _Words:
    """Commands, encoded one behind the other."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self.data = bytearray()

    def say(self, line: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self.data += encode_command(line, headers)

    def execute(self, application: str, argument: str = "") -> None:
        """Execute an application on the call's own leg."""
        given = (("execute-app-arg", argument),) if argument else ()
        call_command = (("call-command", "execute"), ("execute-app-name", application))
        uuid = self._conversation.commands.new_id()
        self.say("sendmsg", (*call_command, *given, ("Event-UUID", uuid)))

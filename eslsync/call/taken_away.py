"""How a leg leaves its application, and with it the handler: by our own doing, or somebody else's.

FreeSWITCH interrupts what runs on a channel by changing its state. The events that end what ran
have that state as Channel-State-Number, though Channel-State is still the one before (recordings
12a, 33a, 33c): ROUTING by a transfer, HIBERNATE and RESET by a bridge, PARK.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from operator import attrgetter
from typing import Any, Protocol

from ..wire.declared import declared
from ..wire.exceptions import CommandError
from ..wire.message import Event, Message
from .ending import Ending

__all__ = [
    "HUNG_UP",
    "LEFT",
    "ROUTING",
    "Movable",
    "destination",
    "note",
    "note_execution",
    "sending",
]

ROUTING, PARK = "2", "6"
BRIDGED_ANEW = frozenset({"8", "9"})
#: The Channel-State-Number of a channel that leaves its application.
LEFT = frozenset({ROUTING, PARK, *BRIDGED_ANEW})
#: The Channel-State-Number of a channel that has hung up, and whose hangup event follows.
HUNG_UP = ("10", "11", "12")

#: Applications that take a leg elsewhere, now or later.
MOVES = frozenset({"att_xfer", "sched_transfer", "transfer", "xferext"})
#: Api commands that take the channels that they name elsewhere.
MOVING = frozenset({"uuid_transfer", "uuid_dual_transfer", "uuid_bridge", "uuid_park"})
#: Words by which a transfer takes the other side of a bridge.
OTHER_SIDE = frozenset({"-bleg", "-both"})


class Movable(Protocol):
    """What a leg knows of its whereabouts."""

    #: The last CHANNEL_BRIDGE.
    bridge_event: Event | None
    #: The event that told that somebody else has taken it away (`Transferred`).
    transferred: Event | None
    #: True once its socket application has ended, though the leg may still be up.
    left_socket: bool
    #: True once this session itself has transferred it, or hung it up.
    sent_away: bool
    #: True once a bridge with another leg has taken, or will take, it out of the dialplan.
    leaves_dialplan: bool
    #: True once an application or command of our own may transfer it later, or bridge it anew.
    transfers_later: bool
    bridges_later: bool

    @property
    def uuid(self) -> str: ...

    @property
    def is_own(self) -> bool: ...

    @property
    def conversation(self) -> Talks: ...


class Talks(Protocol):
    """The conversation that a leg belongs to."""

    @property
    def uuid(self) -> str: ...

    @property
    def context(self) -> Message: ...

    @property
    def ending(self) -> Ending: ...

    @property
    def legs(self) -> Mapping[str, Any]: ...


def destination(event: Event) -> str | None:
    """The extension that a leg was transferred to; None if it was bridged or parked."""
    routed = event.get("Channel-State-Number") == ROUTING
    return event.get("Caller-Destination-Number") if routed else None


def note(leg: Movable, event: Event, state: str | None, *, ours: bool) -> None:
    """Note an event of `TAKEN_AWAY`, with this Channel-State-Number.

    With ``ours`` it completes an application that we sent; that tells only in a state of `LEFT`.
    """
    if state in HUNG_UP or leg.transferred is not None:
        return
    if event.quick_name == "CHANNEL_UNBRIDGE" and not leg.leaves_dialplan:
        return  # the bridge's completion follows, and tells how it went
    application = ""
    leaves = state in LEFT
    if event.quick_name == "CHANNEL_EXECUTE_COMPLETE" and (leaves or not ours):
        application = event.late_header("Application")
        if application == "socket" and leg.is_own and _since_connect(leg, event):
            leg.left_socket = True
    if state is not None and leaves and _since_connect(leg, event):
        if _is_ours(leg, event, state, application, ours):
            return
        leg.transferred = event


def _is_ours(leg: Movable, event: Event, state: str, application: str, ours: bool) -> bool:
    """True if this session itself takes the leg away."""
    if leg.sent_away or leg.conversation.ending.exiting:
        return True
    if (state == ROUTING and leg.transfers_later) or (state in BRIDGED_ANEW and leg.bridges_later):
        return True
    facts = declared(application)
    if state == ROUTING:
        # a transfer_after_bridge of the dialplan's is suspended, so this is the handler's
        return application == "bridge" and bool(event.variables.get("transfer_after_bridge"))
    if not leg.is_own or leg.leaves_dialplan or not application:
        return True  # in a bridge of ours; only an application's end tells otherwise
    if ours and application == "bridge" and state == PARK:
        leg.leaves_dialplan = True  # park_after_bridge
        return True
    if ours and (not facts.name or (facts.joins and application != "bridge")):
        leg.sent_away = True  # valet_park, intercept and att_xfer do so themselves
        return True
    return False


def _since_connect(leg: Movable, event: Event) -> bool:
    """False for what this channel did before this session took it."""
    began = leg.conversation.context.get("Event-Sequence", "")
    now = event.get("Event-Sequence", "")
    return not (began.isdecimal() and now.isdecimal()) or int(now) > int(began)


def note_execution(leg: Movable, application: str, argument: str) -> None:
    """Note an application that is about to be sent to a leg, and may take it away."""
    if application not in MOVES:
        return
    if application == "sched_transfer":
        leg.transfers_later = True
        return
    if application == "att_xfer":
        for each in leg.conversation.legs.values():
            each.bridges_later = True  # the remaining legs (recording 251)
        return
    flag = argument.partition(" ")[0]
    if flag != "-bleg":
        leg.sent_away = True
    if flag in OTHER_SIDE:
        _others_go(leg)


@contextmanager
def sending(
    conversation: Talks, line: str, headers: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Send a command of the handler's own, which may take a leg away, inside this block.

    Raises Transferred for a message to a leg that somebody else has taken away, and for ``resume``.
    """
    verb, _, rest = line.partition(" ")
    if verb.lower() in ("sendmsg", "resume"):  # as FreeSWITCH compares them
        leg = conversation.legs.get((rest.split() or [conversation.uuid])[0])
        if leg is not None:
            leg.check_here()
    legs = [*conversation.legs.values()]
    before = [leg.sent_away for leg in legs]
    _note_command(conversation, line, headers or {})
    try:
        yield
    except CommandError:
        for leg, was in zip(legs, before, strict=True):
            leg.sent_away = was
        raise


def _note_command(conversation: Talks, line: str, headers: Mapping[str, str]) -> None:
    verb, _, rest = line.partition(" ")
    words = rest.split()
    if verb.lower() == "sendmsg":  # as FreeSWITCH compares it
        given = {key.lower(): value for key, value in headers.items()}
        leg = conversation.legs.get(words[0] if words else conversation.uuid)
        if leg is not None:
            application = given.get("execute-app-name", "")
            note_execution(leg, application, given.get("execute-app-arg", ""))
    elif words and words[0].lower() == "sched_transfer":
        for leg in conversation.legs.values():
            if leg.uuid in words:
                leg.transfers_later = True
    elif words and words[0].lower() in MOVING:
        for leg in conversation.legs.values():
            if leg.uuid in words and "-bleg" not in words:
                leg.sent_away = True
            if leg.uuid in words and not OTHER_SIDE.isdisjoint(words):
                _others_go(leg)


def _others_go(leg: Movable) -> None:
    """The leg's transfer takes the one that it is bridged to: any, if no event has told which."""
    others = [each for each in leg.conversation.legs.values() if each is not leg]
    bridges = [each.bridge_event for each in (leg, *others) if each.bridge_event is not None]
    for event in sorted(bridges, key=attrgetter("serial"), reverse=True):
        pair = (event.get("Bridge-A-Unique-ID"), event.get("Bridge-B-Unique-ID"))
        if leg.uuid in pair:
            others = [each for each in others if each.uuid in pair]
            break
    for other in others:
        other.sent_away = True

"""The dialplan: the applications of extensions, and transfers between them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from eslsync.protocol import ARRAY, ARRAY_SEPARATOR
from eslsync.wire.separation import separate

from ..clockwork.threads import SECOND
from .arguments import atoi
from .spelling import hint, misspelt
from .states import State

if TYPE_CHECKING:
    from .channel import Channel
    from .switch import Extension

__all__ = ["FLAGS", "actions_of", "leave_for", "note_place", "route", "transfer"]

#: The words that say who is transferred, before the extension.
FLAGS = ("-bleg", "-both")
#: The dialplans that are modelled, and those that other modules add (SWITCH_ADD_DIALPLAN).
DIALPLANS = ("xml", "inline")
OTHER_DIALPLANS = frozenset("asterisk directory enum lcr lua signalwire translate".split())
#: The contexts of FreeSWITCH's own configuration.
CONTEXTS = ("default", "public", "features")


def route(channel: Channel) -> None:
    """Let the dialplan choose what runs next (CS_ROUTING)."""
    if channel.extension:  # chosen by xferext
        channel.state = State.EXECUTE
        return
    profile = channel.profile
    found: Sequence[tuple[str, str]] | None
    if profile.dialplan.lower() == "inline":
        found = _inline_actions(profile.destination_number)
        # inline_dialplan_hunt restores the number that was called before
        channel.profile = profile._replace(
            destination_number=profile.rdnis or profile.destination_number, rdnis=""
        )
    elif "xml" in profile.dialplan.lower().split(","):
        found = actions_of(channel, profile.destination_number)
    else:
        found = None
    if found is None:
        channel.switch.on_unknown("extension", profile.destination_number, channel)
        channel.hangup("NO_ROUTE_DESTINATION")
        return
    channel.run_extension(found)
    channel.state = State.EXECUTE


def actions_of(channel: Channel, destination: str) -> list[tuple[str, str]] | None:
    """The applications of an extension, with the captures of its pattern filled in.

    None if the dialplan has no such extension.
    """
    for pattern, extension in channel.switch.extensions.items():
        match = re.search(pattern, destination)
        if match is None:
            continue
        captured = [match[0], *match.groups("")]
        if match.re.groups:
            channel.set("DP_MATCH", ARRAY + ARRAY_SEPARATOR.join(captured))
        found = []
        for name, data in extension:
            for number, text in enumerate(captured):
                data = data.replace(f"${number}", text)
            found.append((name, data))
        return found
    return None


def _inline_actions(text: str) -> list[tuple[str, str]] | None:
    """The inline dialplan: ``app:data,app:data``, or ``m:^:app:data^app:data``."""
    delimiter = ","
    if text[:2].lower() == "m:" and len(text) > 3:
        delimiter, text = text[2], text[3:].removeprefix(":")
    pieces = [each.lstrip(" ").partition(":") for each in separate(text, delimiter)]
    return [(name, data) for name, _, data in pieces] or None


def transfer(channel: Channel, extension: str = "", dialplan: str = "", context: str = "") -> None:
    """Send a channel to another extension (switch_ivr_session_transfer)."""
    switch = channel.switch
    note_place(channel, extension, dialplan, context)
    forwards = channel.get("max_forwards")
    left = atoi(forwards) - 1 if forwards else 70
    if left <= 0:
        channel.hangup("EXCHANGE_ROUTING_ERROR")
        return
    channel.set("max_forwards", str(left))
    old = channel.profile
    extension, dialplan = extension or "service", dialplan or old.dialplan or "XML"
    context = context or old.context or "default"
    channel.reset()
    channel.set("signal_bond", None)
    channel.state_handlers.clear()
    channel.reset_by_transfer = True
    channel.step_profile(
        dialplan=dialplan,
        context=context,
        destination_number=extension,
        rdnis=old.destination_number,
    )
    other = switch.locate(channel.get("bridge_to") or "")
    if other is not None:
        other.set("signal_bond", None)
    # they belonged to the old profile
    channel.other_type, channel.other_profile = "", None
    channel.extension.clear()
    _leave(channel)
    second = switch.scheduler.now // SECOND
    source = f"{second}:{switch.uuid()}:bl_xfer:{extension}/{context}/{dialplan}"
    channel.note_transfer(source)


def note_place(channel: Channel, extension: str, dialplan: str = "", context: str = "") -> None:
    """Report an extension, dialplan or context that is probably misspelt."""
    switch = channel.switch
    if misspelt(extension, FLAGS, shortest=4):
        why = f"it is taken for a number{hint(extension, FLAGS)}"
        switch.refused(f"the extension {extension}", channel, why)
    for each in filter(None, dialplan.split(",")):
        if each.lower() in OTHER_DIALPLANS:
            switch.not_modelled("option", f"dialplan {each}", channel)
        elif each.lower() not in DIALPLANS:
            why = f"there is no such dialplan{hint(each, ('XML', 'inline'))}"
            switch.refused(f"the dialplan {each}", channel, why)
    known = {*CONTEXTS, channel.profile.context}
    meant = None if context in known else misspelt(context, known, shortest=5)
    if meant is not None:
        why = f"there is probably no such context (did you mean {meant!r}?)"
        switch.refused(f"the context {context}", channel, why)


def leave_for(channel: Channel, extension: Extension) -> None:
    """Have the channel leave its application, and run others (xferext)."""
    channel.run_extension(extension)
    channel.reset_by_transfer = True
    _leave(channel)


def _leave(channel: Channel) -> None:
    """Have the session thread continue in CS_ROUTING, which ends what belongs to the extension."""
    channel.move_to(State.ROUTING)
    for action in channel.when_routed:
        action()

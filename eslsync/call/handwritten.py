"""Commands that a handler writes itself: what they start plays on, and nothing tells its end.

A method's application is followed to its completion. What these start is noted, so that it doesn't
hold the caller when the call is given back.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..wire.declared import declared
from .conversation import Conversation
from .endless import never_ends

__all__ = ["note"]


def note(conversation: Conversation, line: str, headers: Mapping[str, str] | None = None) -> None:
    """Note a command that the switch has accepted."""
    verb, name, uuid, *more = [*line.split(), "", "", ""]
    if verb.lower().startswith("sendmsg"):  # as FreeSWITCH compares it
        given = {key.lower(): value for key, value in (headers or {}).items()}
        application = given.get("execute-app-name", "")
        uuid = name or conversation.uuid
        plays = "loops" in given or declared(application).plays
        endless = given.get("loops", "").lstrip().startswith("-") or never_ends(
            application, given.get("execute-app-arg", "")
        )
    else:  # api, bgapi
        plays = name == "uuid_broadcast"
        endless = plays and never_ends("playback", line)
    leg = conversation.legs.get(uuid)
    if leg is not None:
        if name == "uuid_break" and "all" in more:
            leg.drop_queued()
        leg.may_play |= plays
        leg.may_play_for_ever |= endless

"""The conference application: rooms, who is in them, and their maintenance events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import ivr
from .api import api
from .applications import application
from .ivr import FRAME
from .taps import read_codec_changed
from .threads import Steps

if TYPE_CHECKING:
    from .channel import Channel
    from .events import Headers
    from .switch import Switch

__all__ = ["Member", "Room"]

SUBCLASS = "conference::maintenance"
#: The room's own thread gives the floor to whoever is there with its next frame.
FLOOR_AFTER = FRAME

ADDED = ("conference_member.c", "conference_member_add", 962)
FLOOR_CHANGED = ("conference_member.c", "conference_member_set_floor_holder", 1158)
KICKED = ("conference_api.c", "conference_api_sub_kick", 902)
DELETED = ("conference_member.c", "conference_member_del", 1355)


@dataclass
class Member:
    """A channel in a room."""

    channel: Channel
    number: int
    floor: bool = False
    kicked: bool = False


@dataclass
class Room:
    """A conference."""

    name: str
    uuid: str
    domain: str
    members: list[Member] = field(default_factory=list)
    count: int = 0

    def about(self) -> Headers:
        return (
            ("Conference-Name", self.name),
            ("Conference-Domain", self.domain),
            ("Conference-Size", str(len(self.members))),
            ("Conference-Ghosts", "0"),
            ("Conference-Profile-Name", "default"),
            ("Conference-Unique-ID", self.uuid),
        )

    def fire(
        self,
        member: Member,
        action: str | None,
        called_from: tuple[str, str, int],
        *,
        first: Headers = (),
        last: Headers = (),
    ) -> None:
        """A maintenance event: the room, the channel, the member."""
        own = [
            ("Video", "false"),
            ("Hear", "true"),
            ("See", "true"),
            ("Speak", "true"),
            ("Talking", "false"),
            ("Mute-Detect", "false"),
            ("Hold", "false"),
            ("Member-ID", str(member.number)),
            ("Member-Type", "member"),
            ("Member-Ghost", "false"),
            ("Energy-Level", "100"),
            ("Current-Energy", "0"),
        ]
        if action is not None:
            own.append(("Action", action))
        member.channel.fire(
            "CUSTOM",
            [*own, *last],
            before=(("Event-Subclass", SUBCLASS),),
            first=(*first, *self.about(), ("Floor", "true" if member.floor else "false")),
            subclass=SUBCLASS,
            called_from=called_from,
            variables=False,
        )

    def give_floor(self, member: Member) -> None:
        if any(each.floor for each in self.members) or member not in self.members:
            return
        member.floor = True
        self.fire(
            member,
            None,
            FLOOR_CHANGED,
            first=(*self.about(), ("Action", "floor-change"), ("Old-ID", "none")),
            last=(("New-ID", str(member.number)),),
        )


@application("conference")
def conference(channel: Channel, data: str) -> Steps[None]:
    """``<room>[@<profile>][+<pin>]``: stay until kicked, or until the call ends."""
    switch = channel.switch
    name = data.partition("@")[0].partition("+")[0]
    room = switch.rooms.get(name)
    if room is None:
        room = switch.rooms[name] = Room(name, switch.uuid(), switch.domain)
    room.count += 1
    member = Member(channel, room.count)
    channel.set("conference_name", name)
    channel.set("app_session_uuid", room.uuid)
    channel.set("conference_member_id", str(member.number))
    channel.set("conference_moderator", "false")
    channel.set("conference_ghost", "false")
    channel.set("conference_uuid", room.uuid)
    read_codec_changed(channel)
    room.members.append(member)
    room.fire(member, "add-member", ADDED)
    switch.scheduler.at(channel.now + FLOOR_AFTER, lambda: room.give_floor(member))
    while channel.is_ready() and not member.kicked:
        yield from ivr.parse_all_events(channel)
        if channel.digits:
            channel.take_digit()
        if channel.is_ready() and not member.kicked:
            yield from channel.frames(None)
    room.members.remove(member)
    member.floor = False
    room.fire(member, "del-member", DELETED)
    if not room.members:
        switch.rooms.pop(name, None)
    read_codec_changed(channel)


@api("conference")
def conference_api(switch: Switch, argument: str) -> str:
    words = argument.split(" ")
    room = switch.rooms.get(words[0])
    if room is None:
        return f"-ERR Conference {words[0]} not found\n"
    command = words[1] if len(words) > 1 else ""
    if command == "list":
        return "".join(_listed(member) for member in room.members)
    if command == "kick":
        who = words[2] if len(words) > 2 else ""
        kicked = [each for each in room.members if who in ("all", str(each.number))]
        for member in kicked:
            room.fire(member, "kick-member", KICKED)
            member.kicked = True
            member.channel.poke()
        return f"+OK kicked {len(kicked)}\n"
    return f"-ERR Conference command '{command}' not found.\n"


def _listed(member: Member) -> str:
    channel = member.channel
    flags = "hear|speak|floor" if member.floor else "hear|speak"
    name, number = channel.profile.caller_id_name, channel.profile.caller_id_number
    return f"{member.number};{channel.name};{channel.uuid};{name};{number};{flags};0;0;100\n"

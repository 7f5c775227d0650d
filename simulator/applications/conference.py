"""Conferences: rooms, their members, and their maintenance events (mod_conference).

The api command `conference` is in `conference_api`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..clockwork.threads import SECOND, Steps
from ..model import answering, asking, executing, playing
from ..model.known_options import note_conference_flags, note_option
from ..model.sounds import FRAME
from ..model.states import Status
from ..model.tables import application

if TYPE_CHECKING:
    from ..clockwork.agenda import Timer
    from ..model.channel import Channel, Heard
    from ..model.digits import Digit
    from ..model.events import Headers
    from ..model.sounds import Playable
    from ..model.switch import Switch

__all__ = ["LOUDEST", "CalledFrom", "Member", "Room", "Rooms"]

SUBCLASS = "conference::maintenance"
#: Microseconds until the room's own thread gives the floor to a new member.
FLOOR_AFTER = FRAME
#: The number of tries for a PIN, and milliseconds for each.
PIN_RETRIES, PIN_TIMEOUT = 3, 10_000

CalledFrom = tuple[str, str, int]

ADDED = ("conference_member.c", "conference_member_add", 962)
FLOOR_CHANGED = ("conference_member.c", "conference_member_set_floor_holder", 1158)
DELETED = ("conference_member.c", "conference_member_del", 1355)
MUTED = ("conference_api.c", "conference_api_sub_mute", 339)
UNMUTED = ("conference_api.c", "conference_api_sub_unmute", 492)
DEAFENED = ("conference_api.c", "conference_api_sub_deaf", 797)
UNDEAFENED = ("conference_api.c", "conference_api_sub_undeaf", 839)
LOUDER = ("conference_loop.c", "conference_loop_volume_talk_up", 440)
QUIETER = ("conference_loop.c", "conference_loop_volume_talk_dn", 503)
FILE_CLOSED = ("conference_file.c", "conference_file_close", 52)

#: The volume levels are -4 to 4.
LOUDEST = 4


@dataclass(eq=False)
class Member:
    """A channel in a room."""

    channel: Channel
    number: int
    flags: frozenset[str] = frozenset()
    left: bool = False  #: kicked, or gone by a key
    speaks: bool = True
    hears: bool = True
    held: bool = False
    energy: int = 100
    volume_in: int = 0
    volume_out: int = 0
    sounds: list[RoomSound] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.speaks = "mute" not in self.flags
        self.hears = "deaf" not in self.flags

    @property
    def moderator(self) -> bool:
        return "moderator" in self.flags

    def leave(self) -> None:
        self.left = True
        self.channel.poke()


@dataclass(eq=False)
class RoomSound:
    """A file that plays to a room, or to one of its members."""

    heard: list[tuple[Channel, Heard]]
    timer: Timer | None = None


@dataclass(eq=False)
class Room:
    """A conference."""

    name: str
    uuid: str
    domain: str
    profile: str = "default"
    pin: str = ""
    moderator_pin: str = ""
    locked: bool = False
    members: list[Member] = field(default_factory=list)
    #: The number of the member who has the floor. (A channel that joins a room within the same
    #: room is two members with one number.)
    floor: int | None = None
    recordings: dict[str, int] = field(default_factory=dict)  #: path to time of start
    sounds: list[RoomSound] = field(default_factory=list)

    def about(self) -> Headers:
        return (
            ("Conference-Name", self.name),
            ("Conference-Domain", self.domain),
            ("Conference-Size", str(len(self.members))),
            ("Conference-Ghosts", "0"),
            ("Conference-Profile-Name", self.profile),
            ("Conference-Unique-ID", self.uuid),
        )

    def tell(
        self, switch: Switch, action: str, called_from: CalledFrom, *last: tuple[str, str]
    ) -> None:
        """Fire a maintenance event about the room."""
        own = (*self.about(), ("Action", action), *last)
        event = switch.event(
            "CUSTOM",
            own,
            before=(("Event-Subclass", SUBCLASS),),
            subclass=SUBCLASS,
            called_from=called_from,
        )
        switch.publish(event)

    def fire(
        self,
        member: Member,
        action: str | None,
        called_from: CalledFrom,
        *,
        first: Headers = (),
        last: Headers = (),
    ) -> None:
        """Fire a maintenance event about a member; an ``action`` of None leaves that header out."""

        def yes(value: bool) -> str:
            return "true" if value else "false"

        own = [
            ("Video", "false"),
            ("Hear", yes(member.hears)),
            ("See", "true"),
            ("Speak", yes(member.speaks)),
            ("Talking", "false"),
            ("Mute-Detect", "false"),
            ("Hold", yes(member.held)),
            ("Member-ID", str(member.number)),
            ("Member-Type", "moderator" if member.moderator else "member"),
            ("Member-Ghost", "false"),
            ("Energy-Level", str(member.energy)),
            ("Current-Energy", "0"),
        ]
        if action is not None:
            own.append(("Action", action))
        member.channel.fire(
            "CUSTOM",
            [*own, *last],
            before=(("Event-Subclass", SUBCLASS),),
            first=(*first, *self.about(), ("Floor", yes(self.floor == member.number))),
            subclass=SUBCLASS,
            called_from=called_from,
            variables=False,
        )

    def give_floor(self, member: Member) -> None:
        if self.floor is not None or member not in self.members:
            return
        self.floor = member.number
        self.fire(
            member,
            None,
            FLOOR_CHANGED,
            first=(*self.about(), ("Action", "floor-change"), ("Old-ID", "none")),
            last=(("New-ID", str(member.number)),),
        )

    def mute(self, member: Member, muted: bool) -> None:
        member.speaks = not muted
        action = "mute-member" if muted else "unmute-member"
        self.fire(member, action, MUTED if muted else UNMUTED)

    def deafen(self, member: Member, deaf: bool) -> None:
        member.hears = not deaf
        action = "deaf-member" if deaf else "undeaf-member"
        self.fire(member, action, DEAFENED if deaf else UNDEAFENED)

    def play(self, name: str, sound: Playable, member: Member | None = None) -> None:
        """Play a file to all members who can hear, or to one of them."""
        listeners = [member] if member is not None else self.members
        starts = sound.starts()
        heard = [
            (each.channel, each.channel.hear(name, starts)) for each in listeners if each.hears
        ]
        played = RoomSound(heard)
        queue = self.sounds if member is None else member.sounds
        queue.append(played)
        switch = listeners[0].channel.switch

        def over() -> None:
            queue.remove(played)
            for channel, each in heard:
                channel.hear_change(each, "ended")
            samples = sound.samples or 0
            first = (
                *self.about(),
                ("seconds", str(samples // 8000)),
                ("milliseconds", str(samples // 8)),
                ("samples", str(samples)),
            )
            if member is None:
                self._tell_over(switch, first, sound.path)
            elif member in self.members:
                action = ("Action", "play-file-member-done")
                file = ("File", sound.path)
                self.fire(member, None, FILE_CLOSED, first=(*first, action), last=(file,))

        if sound.samples is not None:
            # it begins with the room's next frame
            length = sound.samples * SECOND // 8000 + FRAME
            played.timer = switch.scheduler.at(switch.scheduler.now + length, over)

    def _tell_over(self, switch: Switch, first: Headers, path: str) -> None:
        own = (*first, ("Action", "play-file-done"), ("File", path))
        event = switch.event(
            "CUSTOM",
            own,
            before=(("Event-Subclass", SUBCLASS),),
            subclass=SUBCLASS,
            called_from=FILE_CLOSED,
        )
        switch.publish(event)

    def stop(self, member: Member | None = None) -> int:
        """Stop the files that play to the room, or to a member; return their number."""
        queue = self.sounds if member is None else member.sounds
        count = len(queue)
        for sound in queue:
            if sound.timer is not None:
                sound.timer.cancel()
            for channel, heard in sound.heard:
                channel.hear_change(heard, "cut")
        queue.clear()
        return count


class Rooms:
    """The rooms of a switch, by name."""

    def __init__(self, switch: Switch) -> None:
        self.by_name: dict[str, Room] = {}
        self.members = 0  #: the number of members so far, in all rooms
        self._numbers: dict[Channel, int] = {}
        #: The codecs in which channels read, each a member's; the last one counts.
        self.reading: dict[str, list[Member]] = {}
        switch.when_destroyed.append(self._forget)

    def _forget(self, channel: Channel) -> None:
        self._numbers.pop(channel, None)
        self.reading.pop(channel.uuid, None)

    def number(self, channel: Channel) -> int:
        """The number of a member: a channel keeps its own when it comes again."""
        if channel not in self._numbers:
            self.members += 1
            self._numbers[channel] = self.members
        return self._numbers[channel]


#: Profiles of FreeSWITCH's own configuration that differ in the quality of sound alone.
PROFILES = frozenset(["", "default", "wideband", "ultrawideband", "cdquality"])


@application("conference", recordings="11e")
def conference(channel: Channel, data: str) -> Steps[None]:
    """``<room>[@<profile>][+<pin>][+flags{<flag>|...}]``: stay until kicked or hung up."""
    switch = channel.switch
    rooms = switch.state(Rooms).by_name
    if not data:
        return
    text, flags = _flags(channel, data)
    name, _, rest = text.partition("@")
    profile, _, pin = rest.partition("+")
    if "+" in name:
        name, _, pin = name.partition("+")
    if name.startswith("bridge:"):
        note_option(switch, channel, "conference bridge:")
    if profile.lower() not in PROFILES:
        note_option(switch, channel, f"conference @{profile}", "a room is as the default has it")
    note_conference_flags(channel, flags)
    room = rooms.get(name)
    created = room is None
    if room is None:
        room = rooms[name] = Room(name, switch.uuid(), switch.domain)
        room.profile = profile or "default"
        room.pin = pin
    channel.set("conference_name", name)
    channel.set("app_session_uuid", room.uuid)
    yield from answering.answer(channel)
    pin, moderator_pin = pin or room.pin, channel.get("conference_moderator_pin") or ""
    if pin or moderator_pin:
        given = yield from _ask_pin(channel, pin, moderator_pin)
        if given is None:
            if created:
                rooms.pop(name, None)
            return
        if given == moderator_pin:
            flags |= {"moderator"}
    if room.locked and not created:
        yield from playing.play(channel, "conference/conf-locked.wav")
        return
    yield from _stay(channel, room, flags)


def _flags(channel: Channel, data: str) -> tuple[str, frozenset[str]]:
    """The argument without its flags, and all flags, with those of conference_member_flags."""
    found = re.search(r"\+flags\{([^}]*)\}?", data)
    given = [found[1] if found is not None else "", channel.get("conference_member_flags") or ""]
    names = {flag.strip().lower() for text in given for flag in re.split(r"[|,]", text)}
    return (data[: found.start()] if found is not None else data), frozenset(names - {""})


def _ask_pin(channel: Channel, pin: str, moderator_pin: str) -> Steps[str | None]:
    """Ask for a PIN; return the caller's, or None if the application is over."""
    known = [each for each in (pin, moderator_pin) if each]
    supplied = (channel.get("supplied_pin") or "").partition(";")[0]
    if supplied in known:
        return supplied
    longest = max(map(len, known))
    for _ in range(PIN_RETRIES):
        pressed: list[str] = []

        def first_digit(digit: Digit, pressed: list[str] = pressed) -> bool:
            pressed.append(digit.key)
            return True

        status = yield from playing.play(channel, "conference/conf-pin.wav", first_digit)
        if status not in (Status.SUCCESS, Status.BREAK):
            channel.hangup("DESTINATION_OUT_OF_ORDER")
            return None
        _, digits, _ = yield from asking.collect_digits(
            channel, "".join(pressed), longest, "#", PIN_TIMEOUT, 0
        )
        digits = digits or "".join(pressed)
        if digits in known:
            return digits
        yield from playing.play(channel, "conference/conf-bad-pin.wav")
        channel.flush_digits()
        if not channel.is_ready():
            return None
    return None


def _stay(channel: Channel, room: Room, flags: frozenset[str]) -> Steps[None]:
    switch = channel.switch
    rooms = switch.state(Rooms)
    channel.read_in_linear()
    member = Member(channel, rooms.number(channel), flags)
    reading = rooms.reading.setdefault(channel.uuid, [])
    reading.append(member)
    channel.set("conference_member_id", str(member.number))
    channel.set("conference_moderator", "true" if member.moderator else "false")
    channel.set("conference_ghost", "false")
    channel.set("conference_uuid", room.uuid)
    room.members.append(member)
    if not channel.get("conference_call_key"):
        key = f"conference_{room.name}_{room.domain}_{channel.get('caller_id_number') or ''}"
        channel.set("conference_call_key", key)
    room.fire(member, "add-member", ADDED)
    switch.scheduler.at(channel.now + FLOOR_AFTER, lambda: room.give_floor(member))
    while channel.is_ready() and not member.left:
        yield from executing.parse_all_events(channel)
        if reading[-1:] != [member]:  # another conference, within this one, has ended
            reading.append(member)
            channel.read_in_linear()
        channel.queued_events.clear()
        if channel.digits:
            _obey_key(room, member, channel.take_digit().key)
        if channel.is_ready() and not member.left:
            yield from channel.frames(None)
    room.stop(member)
    room.members.remove(member)
    if room.floor == member.number:
        room.floor = None
    channel.set("conference_call_key", None)
    room.fire(member, "del-member", DELETED)
    if "endconf" in flags and not any("endconf" in each.flags for each in room.members):
        for each in list(room.members):
            each.leave()
    if not room.members:
        room.stop()
        rooms.by_name.pop(room.name, None)
    # its own codec goes, and whatever is left below (switch_core_session_reset)
    for _ in reading[-2:]:
        reading.pop()
        channel.read_in_own()
    if "nomoh" not in flags and "mintwo" in flags and len(room.members) == 1:
        room.members[0].leave()


def _obey_key(room: Room, member: Member, key: str) -> None:
    """The keys of the `default` group of caller controls in conference.conf."""
    if "dist-dtmf" in member.flags:
        return
    if key == "0":
        room.mute(member, member.speaks)
    elif key == "*":
        muted = member.speaks or member.hears
        room.mute(member, muted)
        room.deafen(member, muted)
    elif key == "#":
        member.leave()
    elif key in "13":
        change = 1 if key == "3" else -1
        member.volume_in = max(-LOUDEST, min(LOUDEST, member.volume_in + change))
        level = str(member.volume_in)
        called_from = LOUDER if change > 0 else QUIETER
        room.fire(member, "volume-level", called_from, last=(("New-Level", level),))
        _say_level(room, member)
    else:
        return
    member.channel.set("conference_last_matching_digits", key)


def _say_level(room: Room, member: Member) -> None:
    """Say the new level, to the member only."""
    channel = member.channel
    files = ["currency/negative.wav"] if member.volume_in < 0 else []
    for file in [*files, f"digits/{abs(member.volume_in)}.wav"][-1:]:
        sound = channel.switch.media.open(file, playing.sound_prefix(channel))
        if sound is not None:
            room.play(file, sound, member)

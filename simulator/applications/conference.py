"""Conferences: rooms, their members, and their maintenance events (mod_conference).

The api command `conference` is in `conference_api`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..clockwork.threads import SECOND, Steps
from ..model import answering, asking, executing, playing
from ..model.known_options import note_conference_flags, note_option
from ..model.sounds import FRAME
from ..model.states import Status
from ..model.tables import application
from ..model.waiting import OnDigit

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
#: Microseconds before a file that somebody hears before they are a member.
LEAD_IN = 20 * FRAME
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
ENERGY_CHANGED = ("conference_loop.c", "conference_loop_energy_up", 327)
LEVEL_CHANGED = ("conference_loop.c", "conference_loop_volume_talk_up", 440)
FILE_CLOSED = ("conference_file.c", "conference_file_close", 52)

#: The volume levels are -4 to 4.
LOUDEST = 4
#: The energy level of a room, the highest of a member, and what a key adds.
ENERGY, MOST_ENERGY, ENERGY_STEP = 100, 1800, 200


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
    energy: int = ENERGY
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
    recorded: str | None = None  #: the path of the last recording, also if it has ended
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
        #: The channels that execute commands in a conference, which doesn't obey keys meanwhile
        #: (CF_APP_TAGGED). One that is joined within it doesn't, either, until it executes one.
        self.busy: set[str] = set()
        switch.when_destroyed.append(self._forget)

    def _forget(self, channel: Channel) -> None:
        self._numbers.pop(channel, None)
        self.busy.discard(channel.uuid)

    def has(self, channel: Channel) -> bool:
        """True if the channel is a member of a conference."""
        return any(
            each.channel is channel for room in self.by_name.values() for each in room.members
        )

    def number(self, channel: Channel) -> int:
        """The number of a member: a channel keeps its own when it comes again."""
        if channel not in self._numbers:
            self.members += 1
            self._numbers[channel] = self.members
        return self._numbers[channel]


#: Profiles of FreeSWITCH's own configuration that differ in the quality of sound alone.
PROFILES = frozenset(["", "default", "wideband", "ultrawideband", "cdquality"])


@application("conference", recordings="11e 45a")
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
            channel.reset()
            return
        if given == moderator_pin:
            flags |= {"moderator"}
    if room.locked and not created:
        locked = "conference/conf-locked.wav"  # unless the profile has none (recording 45b)
        if switch.media.open(locked, playing.sound_prefix(channel)) is not None:
            yield from _play_to_joiner(channel, locked)
    else:
        yield from _stay(channel, room, flags)
    channel.reset()


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

        status = yield from _play_to_joiner(channel, "conference/conf-pin.wav", first_digit)
        if status not in (Status.SUCCESS, Status.BREAK):
            channel.hangup("DESTINATION_OUT_OF_ORDER")
            return None
        _, digits, _ = yield from asking.collect_digits(
            channel, "".join(pressed), longest, "#", PIN_TIMEOUT, 0
        )
        digits = digits or "".join(pressed)
        if digits in known:
            return digits
        yield from _play_to_joiner(channel, "conference/conf-bad-pin.wav")
        channel.flush_digits()
        if not channel.is_ready():
            return None
    return None


def _play_to_joiner(channel: Channel, file: str, on_digit: OnDigit | None = None) -> Steps[Status]:
    """Play a file to a channel that is no member yet (conference_file_local_play)."""
    until = channel.now + LEAD_IN
    while channel.is_ready() and channel.now < until:
        yield from channel.frames_unread(until)
    return (yield from playing.play(channel, file, on_digit))


def _stay(channel: Channel, room: Room, flags: frozenset[str]) -> Steps[None]:
    switch = channel.switch
    rooms = switch.state(Rooms)
    member = Member(channel, rooms.number(channel), flags)
    channel.read_in_linear(member)
    channel.set("conference_member_id", str(member.number))
    channel.set("conference_moderator", "true" if member.moderator else "false")
    channel.set("conference_ghost", "false")
    channel.set("conference_recording", room.recorded)
    channel.set("conference_uuid", room.uuid)
    room.members.append(member)
    if not channel.get("conference_call_key"):
        key = f"conference_{room.name}_{room.domain}_{channel.get('caller_id_number') or ''}"
        channel.set("conference_call_key", key)
    room.fire(member, "add-member", ADDED)
    switch.scheduler.at(channel.now + FLOOR_AFTER, lambda: room.give_floor(member))
    while channel.is_ready() and not member.left:
        if channel.private_events and not channel.event_locks:
            rooms.busy.add(channel.uuid)
            yield from executing.parse_all_events(channel)
            rooms.busy.discard(channel.uuid)
            channel.read_in_linear(member)
        channel.queued_events.clear()
        obeys = channel.uuid not in rooms.busy
        if channel.digits and obeys:
            _obey_key(room, member, channel.take_digit().key)
        if channel.is_ready() and not member.left:
            yield from channel.frames(None, digits=obeys)
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
    channel.read_in_own()
    if "nomoh" not in flags and "mintwo" in flags and len(room.members) == 1:
        room.members[0].leave()


def _obey_key(room: Room, member: Member, key: str) -> None:
    """The keys of the `default` group of caller controls in conference.conf."""
    control = _CONTROLS.get(key)
    if control is not None and "dist-dtmf" not in member.flags:
        member.channel.set("conference_last_matching_digits", key)
        control(room, member)


def _toggle_mute(room: Room, member: Member) -> None:
    if member.held:
        return
    room.mute(member, member.speaks)
    if member.speaks and not member.hears:
        room.deafen(member, False)


def _toggle_deaf_mute(room: Room, member: Member) -> None:
    if member.held:
        return
    room.mute(member, member.speaks)
    if member.speaks != member.hears:
        room.deafen(member, not member.speaks)


def _change_energy(room: Room, member: Member, change: int | None) -> None:
    """Add to the level below which a member is silent; None sets it back to the room's."""
    level = ENERGY if change is None else member.energy + change
    member.energy = max(0, min(MOST_ENERGY, level))
    room.fire(member, "energy-level", ENERGY_CHANGED, last=(("New-Level", str(member.energy)),))
    for digit in str(member.energy // ENERGY_STEP):
        _say(room, member, f"digits/{digit}.wav")


def _change_talk(room: Room, member: Member, change: int | None) -> None:
    """Add to the volume of what a member hears; None sets it back to 0."""
    member.volume_out = _level(member.volume_out, change)
    _tell_level(room, member, "volume-level", member.volume_out)


def _change_listen(room: Room, member: Member, change: int | None) -> None:
    """Add to the volume of what a member says; None sets it back to 0."""
    member.volume_in = _level(member.volume_in, change)
    _tell_level(room, member, "gain-level", member.volume_in)


def _level(level: int, change: int | None) -> int:
    return 0 if change is None else max(-LOUDEST, min(LOUDEST, level + change))


def _tell_level(room: Room, member: Member, action: str, level: int) -> None:
    room.fire(member, action, LEVEL_CHANGED, last=(("New-Level", str(level)),))
    if level < 0:
        _say(room, member, "currency/negative.wav")
    _say(room, member, f"digits/{abs(level)}.wav")


def _say(room: Room, member: Member, file: str) -> None:
    """Play a file to a member, if it is there."""
    channel = member.channel
    sound = channel.switch.media.open(file, playing.sound_prefix(channel))
    if sound is not None:
        room.play(file, sound, member)


#: The keys of the stock configuration (conf/vanilla/autoload_configs/conference.conf.xml).
_CONTROLS: Mapping[str, Callable[[Room, Member], None]] = {
    "0": _toggle_mute,
    "*": _toggle_deaf_mute,
    "9": lambda room, member: _change_energy(room, member, ENERGY_STEP),
    "8": lambda room, member: _change_energy(room, member, None),
    "7": lambda room, member: _change_energy(room, member, -ENERGY_STEP),
    "3": lambda room, member: _change_talk(room, member, 1),
    "2": lambda room, member: _change_talk(room, member, None),
    "1": lambda room, member: _change_talk(room, member, -1),
    "6": lambda room, member: _change_listen(room, member, 1),
    "5": lambda room, member: _change_listen(room, member, None),
    "4": lambda room, member: _change_listen(room, member, -1),
    "#": lambda room, member: member.leave(),
}

"""The api command `conference` (conference_api.c)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from ..clockwork.threads import SECOND
from ..model import playing
from ..model.arguments import atoi
from ..model.dialplan import leave_for
from ..model.known_options import note_conference_command
from ..model.sounds import RATE, speech_length
from ..model.tables import api
from .conference import LOUDEST, CalledFrom, Member, Room, Rooms

if TYPE_CHECKING:
    from ..model.switch import Switch

__all__: list[str] = []

RoomCommand = Callable[["Switch", Room, Sequence[str]], str]
MemberCommand = Callable[[Room, Member, str], str]


def _line(function: str, line: int) -> CalledFrom:
    return ("conference_api.c", f"conference_api_sub_{function}", line)


@api("conference", recordings="11e")
def conference_api(switch: Switch, argument: str) -> str:
    words = argument.split(" ")
    rooms = switch.state(Rooms).by_name
    if words[0] == "list" or not argument:
        return _list_all(rooms.values())
    if words[0] == "count":
        return str(len(rooms))
    room = rooms.get(words[0])
    if room is None:
        return f"-ERR Conference {words[0]} not found\n"
    name = words[1].lower() if len(words) > 1 else ""
    if not name:
        return "Conference command, not specified.\nTry 'help'\n"
    if name in _FOR_MEMBERS:
        return _for_members(room, name, words[2:])
    command = _COMMANDS.get(name)
    if command is None:
        note_conference_command(switch, name)
        return f"-ERR Conference command '{words[1]}' not found.\n"
    return command(switch, room, words[2:])


# --- listing


def _list_all(rooms: Collection[Room]) -> str:
    if not rooms:
        return "+OK No active conferences.\n"
    lines = []
    for room in rooms:
        count = len(room.members)
        flags = ["running", "answered", "enforce_min", "dynamic"]
        flags += ["locked"] if room.locked else []
        flags += ["exit_sound", "enter_sound", "json_status"]
        lines.append(
            f"+OK Conference {room.name} ({count} member{'' if count == 1 else 's'} "
            f"rate: {RATE} flags: {'|'.join(flags)})\n"
        )
        lines.append(_listed(room))
    return "".join(lines)


def _listed(room: Room) -> str:
    """One line for each member, the newest first."""
    return "".join(_listed_member(room, member) for member in reversed(room.members))


def _listed_member(room: Room, member: Member) -> str:
    channel = member.channel
    parts = [
        ("hear", member.hears),
        ("speak", member.speaks),
        ("hold", member.held),
        ("floor", room.floor == member.number),
        ("moderator", member.moderator),
    ]
    flags = "|".join(name for name, is_so in parts if is_so)
    name, number = channel.profile.caller_id_name, channel.profile.caller_id_number
    levels = f"{member.volume_out};{member.volume_in};{member.energy}"
    return f"{member.number};{channel.name};{channel.uuid};{name};{number};{flags};{levels}\n"


def _list(switch: Switch, room: Room, words: Sequence[str]) -> str:
    return str(len(room.members)) if words[:1] == ["count"] else _listed(room)


def _count(switch: Switch, room: Room, words: Sequence[str]) -> str:
    return str(len(room.members))


def _get(switch: Switch, room: Room, words: Sequence[str]) -> str:
    values = {
        "count": len(room.members),
        "uuid": room.uuid,
        "rate": RATE,
        "is_locked": "locked" if room.locked else "",
    }
    return str(values.get(words[0].lower(), "")) if words else ""


# --- about members


def _for_members(room: Room, name: str, words: Sequence[str]) -> str:
    """``<member>|all|last|non_moderator [<value>]``."""
    function, syntax = _FOR_MEMBERS[name]
    if not words or not words[0]:
        return f"{name} {syntax}"
    who, value = words[0].lower(), " ".join(words[1:])
    newest_first = list(reversed(room.members))
    if who == "non_moderator":  # conference_member_itterator
        return "".join(
            f"Skipping moderator (member id {member.number}).\n"
            if member.moderator
            else function(room, member, value)
            for member in newest_first
        )
    if who == "all":
        chosen = newest_first
    elif who == "last":
        chosen = sorted(newest_first, key=lambda member: -member.number)[:1]
    elif not atoi(who):
        return f"{name} {syntax}"
    else:
        chosen = [member for member in newest_first if member.number == atoi(who)]
        if not chosen:
            return f"-ERR Non-Existant ID {atoi(who)}\n"
    return "".join(function(room, member, value) for member in chosen)


def _mute(room: Room, member: Member, value: str) -> str:
    room.mute(member, True)
    return f"+OK mute {member.number}\n"


def _unmute(room: Room, member: Member, value: str) -> str:
    room.mute(member, False)
    return f"+OK unmute {member.number}\n"


def _tmute(room: Room, member: Member, value: str) -> str:
    return _mute(room, member, value) if member.speaks else _unmute(room, member, value)


def _deaf(room: Room, member: Member, value: str) -> str:
    room.deafen(member, True)
    return f"+OK deaf {member.number}\n"


def _undeaf(room: Room, member: Member, value: str) -> str:
    room.deafen(member, False)
    return f"+OK undeaf {member.number}\n"


def _kick(room: Room, member: Member, value: str) -> str:
    room.fire(member, "kick-member", _line("kick", 902))
    member.leave()
    return f"+OK kicked {member.number}\n"


def _hup(room: Room, member: Member, value: str) -> str:
    """As kick, but without the sound for those who stay."""
    room.fire(member, "hup-member", _line("hup", 871))
    member.leave()
    return f"+OK hup {member.number}\n"


def _hold(room: Room, member: Member, value: str) -> str:
    member.held = True
    room.fire(member, "hold-member", _line("hold", 440))
    return f"+OK hold {member.number}\n"


def _unhold(room: Room, member: Member, value: str) -> str:
    member.held = False
    room.fire(member, "unhold-member", _line("unhold", 389))
    return f"+OK unhold {member.number}\n"


def _volume_in(room: Room, member: Member, value: str) -> str:
    if value:
        member.volume_in = max(-LOUDEST, min(LOUDEST, atoi(value)))
        level = ("Volume-Level", str(member.volume_in))
        room.fire(member, "volume-in-member", _line("volume_in", 1574), last=(level,))
    return f"+OK Volume IN {member.number} = {member.volume_in}\n"


def _volume_out(room: Room, member: Member, value: str) -> str:
    if value:
        member.volume_out = max(-LOUDEST, min(LOUDEST, atoi(value)))
        level = ("Volume-Level", str(member.volume_out))
        room.fire(member, "volume-out-member", _line("volume_out", 1609), last=(level,))
    return f"+OK Volume OUT {member.number} = {member.volume_out}\n"


def _energy(room: Room, member: Member, value: str) -> str:
    if value:
        member.energy = atoi(value)
        level = ("Energy-Level", str(member.energy))
        room.fire(member, "energy-level-member", _line("energy", 1228), last=(level,))
    return f"Energy {member.number} = {member.energy}\n"


def _dtmf(room: Room, member: Member, value: str) -> str:
    if not value:
        return "-ERR Invalid input!\n"
    room.fire(member, "dtmf-member", _line("dtmf", 1049), last=(("Digits", value),))
    return f"+OK sent {value} to {member.number}\n"


_WHO = "<[member_id|all]|last|non_moderator>"
_FOR_MEMBERS: Mapping[str, tuple[MemberCommand, str]] = {
    "mute": (_mute, f"{_WHO} [<quiet>]"),
    "unmute": (_unmute, f"{_WHO} [<quiet>]"),
    "tmute": (_tmute, f"{_WHO} [<quiet>]"),
    "deaf": (_deaf, _WHO),
    "undeaf": (_undeaf, _WHO),
    "kick": (_kick, "<[member_id|all|last|non_moderator]> [<optional sound file>]"),
    "hup": (_hup, "<[member_id|all|last|non_moderator]>"),
    "hold": (_hold, f"{_WHO} [file]"),
    "unhold": (_unhold, _WHO),
    "volume_in": (_volume_in, "<member_id|all|last|non_moderator> [<newval>]"),
    "volume_out": (_volume_out, "<member_id|all|last|non_moderator> [<newval>]"),
    "energy": (_energy, "<member_id|all|last|non_moderator> [<newval>]"),
    "dtmf": (_dtmf, "<[member_id|all|last|non_moderator]> <digits>"),
}


# --- about the room


def _lock(switch: Switch, room: Room, words: Sequence[str]) -> str:
    room.locked = True
    room.tell(switch, "lock", _line("lock", 3474))
    return f"+OK {room.name} locked\n"


def _unlock(switch: Switch, room: Room, words: Sequence[str]) -> str:
    room.locked = False
    room.tell(switch, "unlock", _line("unlock", 3496))
    return f"+OK {room.name} unlocked\n"


def _pin(switch: Switch, room: Room, words: Sequence[str]) -> str:
    if not words or not words[0]:
        return "pin <pin#>"
    room.pin = words[0]
    return f"+OK Pin for conference {room.name} set: {room.pin}\n"


def _nopin(switch: Switch, room: Room, words: Sequence[str]) -> str:
    room.pin = ""
    return f"+OK Pin for conference {room.name} deleted\n"


def _member(room: Room, word: str) -> Member | None:
    return next((each for each in room.members if str(each.number) == word), None)


def _play(switch: Switch, room: Room, words: Sequence[str]) -> str:
    """``<file> [async|<member>]``."""
    if not words or not words[0]:
        return "play <file_path> [async|<member_id> [nomux]]"
    name = words[0]
    sound = switch.media.open(name, playing.sound_prefix(room.members[0].channel))
    if sound is None:
        return f"-ERR (play) File: {name} not found.\n"
    file = ("File", name)
    if len(words) > 1 and words[1].lower() != "async":
        member = _member(room, words[1])
        if member is None:
            return f"-ERR (play) Member: {words[1]} not found.\n"
        room.fire(member, "play-file-member", _line("play", 2846), last=(file,))
        room.play(name, sound, member)
        return f"+OK (play) Playing file {name} to member {member.number}\n"
    room.tell(switch, "play-file", _line("play", 2818), file)
    room.play(name, sound)
    return f"+OK (play) Playing file {name}\n"


def _stop(switch: Switch, room: Room, words: Sequence[str]) -> str:
    """``[current|all|async|last] [<member>]``."""
    member = _member(room, words[1]) if len(words) > 1 else None
    if len(words) > 1 and member is None:
        return f"-ERR Member: {words[1]} not found.\n"
    return f"+OK Stopped {room.stop(member)} files.\n"


def _say(switch: Switch, room: Room, words: Sequence[str]) -> str:
    """Nothing is said without a speech engine."""
    text = " ".join(words)
    if not text:
        return "-ERR (say) Error! No text.\nsay <text>"
    if not switch.speech_engines:
        return "-ERR (say) Error!\nsay <text>"
    room.tell(switch, "speak-text", _line("say", 2885), ("Text", text))
    _speak(room, text, room.members)
    return "+OK (say) OK\n"


def _say_to_member(switch: Switch, room: Room, words: Sequence[str]) -> str:
    text = " ".join(words[1:])
    member = _member(room, words[0]) if words else None
    if not text:
        return "-ERR (saymember) No Text!\n"
    if member is None:
        return f"-ERR (saymember) Unknown Member {words[0]}!\n"
    room.fire(member, "speak-text-member", _line("saymember", 2944), last=(("Text", text),))
    _speak(room, text, [member])
    return "+OK (saymember) OK\n"


def _speak(room: Room, text: str, members: Sequence[Member]) -> None:
    for member in members:
        channel = member.channel
        if channel.switch.speech_engines and member.hears:
            heard = channel.hear(text, is_text=True)
            over = channel.now + round(speech_length("", text) * SECOND)
            channel.switch.scheduler.at(
                over,
                lambda channel=channel, heard=heard: channel.hear_change(heard, "ended"),  # type: ignore[misc]
            )


def _record(switch: Switch, room: Room, words: Sequence[str]) -> str:
    if not words or not words[0]:
        return "record <filename>"
    room.recordings[words[0]] = switch.scheduler.now
    room.recorded = words[0]
    room.tell(switch, "start-recording", _line("record", 0), ("Path", words[0]))
    return f"+OK Record file {words[0]}\n"


def _norecord(switch: Switch, room: Room, words: Sequence[str]) -> str:
    if not words or not words[0]:
        return "norecord <[filename|all]>"
    chosen = list(room.recordings) if words[0] == "all" else [words[0]]
    stopped = []
    for path in chosen:
        began = room.recordings.pop(path, None)
        if began is not None:
            switch.media.record(path, (switch.scheduler.now - began) * RATE // SECOND)
            room.tell(switch, "stop-recording", _line("norecord", 0), ("Path", path))
            stopped.append(f"Stopped recording file {path}\n")
    # (the count includes only automatic recordings: conf_two)
    return "".join(stopped) + "+OK Stopped recording 0 files\n"


def _recording(switch: Switch, room: Room, words: Sequence[str]) -> str:
    action = words[0].lower() if words else ""
    if action == "check":
        found = "".join(f"+OK Record file {path}\n" for path in room.recordings)
        return found or "-ERR Conference is not being recorded.\n"
    if action == "start":
        return _record(switch, room, words[1:])
    if action == "stop":
        return _norecord(switch, room, words[1:])
    return "recording [start|stop|check|pause|resume] [<filename>|all]"


def _transfer(switch: Switch, room: Room, words: Sequence[str]) -> str:
    """``<room> <member> [<member>...]``: leave for another room, as a new member."""
    if len(words) < 2:
        return "transfer <conference_name> <member id> [...<member id>]"
    lines = []
    for word in words[1:]:
        member = _member(room, word)
        if member is None:
            lines.append(f"-ERR No Member {word} in conference {room.name}.\n")
            continue
        profile = f"{words[0]}@{room.profile}"
        about = ("New-Conference-Name", words[0])
        leave_for(member.channel, [("conference", profile)])
        room.fire(member, "transfer", _line("transfer", 3705), last=(about,))
        lines.append(f"+OK Member '{member.number}' sent to conference {words[0]}.\n")
    return "".join(lines)


_COMMANDS: Mapping[str, RoomCommand] = {
    "list": _list,
    "count": _count,
    "get": _get,
    "lock": _lock,
    "unlock": _unlock,
    "pin": _pin,
    "nopin": _nopin,
    "play": _play,
    "stop": _stop,
    "say": _say,
    "saymember": _say_to_member,
    "record": _record,
    "norecord": _norecord,
    "recording": _recording,
    "transfer": _transfer,
}

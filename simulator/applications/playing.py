"""Applications that play to the caller: files, phrases, speech, tones, and silence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from eslsync.wire.separation import separate

from ..clockwork.threads import Steps
from ..model import executing, playing, waiting
from ..model.arguments import atoi
from ..model.file_formats import unknown_format
from ..model.states import Status
from ..model.tables import NO_CHANNEL, OK, api, application, usage
from ..model.variables import is_true

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.switch import Switch

__all__: list[str] = []


#: The Application-Response of playback, by outcome.
PLAYED: Mapping[Status, str] = {
    Status.SUCCESS: "FILE PLAYED",
    Status.BREAK: "FILE PLAYED",
    Status.NOT_FOUND: "FILE NOT FOUND",
}


@application("playback", needs_data=True, recordings="01a 01b 02a")
def playback(channel: Channel, data: str) -> Steps[None]:
    file, at, offset = data.partition("@@")
    if at and not offset.isdigit():
        executing.refuse(channel, f"a file is played from a sample, @@<number>, not @@{offset}")
    channel.set("playback_terminator_used", None)
    status = yield from playing.play(
        channel, file, playing.on_terminator(channel), start=atoi(offset) if at else 0
    )
    executing.respond(channel, PLAYED.get(status, "PLAYBACK ERROR"))


@application("endless_playback", needs_data=True, recordings="11o")
def endless_playback(channel: Channel, data: str) -> Steps[None]:
    status = Status.SUCCESS
    while channel.is_ready() and status in (Status.SUCCESS, Status.BREAK):
        status = yield from playing.play(channel, data)
    executing.respond(channel, PLAYED.get(status, "PLAYBACK ERROR"))


@application("loop_playback", needs_data=True, recordings="30e")
def loop_playback(channel: Channel, data: str) -> Steps[None]:
    loops = 1
    found = re.match(r"\+(-?\d+)\s+(.*)", data)
    if found:
        loops, data = int(found[1]), found[2]
    status = Status.SUCCESS
    while loops and channel.is_ready() and status is Status.SUCCESS:
        status = yield from playing.play(channel, data, playing.on_terminator(channel))
        loops -= 1
    executing.respond(channel, PLAYED.get(status, "PLAYBACK ERROR"))


@application("gentones", recordings="11l")
def gentones(channel: Channel, data: str) -> Steps[None]:
    script, _, loops = data.partition("|")
    wrong = unknown_format(f"tone_stream://{data.replace('|', ';loops=')}") if data else None
    if wrong is not None:
        executing.refuse(channel, wrong[1])
    yield from playing.tones(
        channel, f"{script};loops={loops or 1}", playing.on_terminator(channel)
    )


@application("say", needs_data=True, recordings="11l 11n 21w")
def say(channel: Channel, data: str) -> Steps[None]:
    words = separate(data, " ", 5)
    if len(words) not in (4, 5):
        executing.refuse(channel, "usage: <module>[:<lang>] <type> <method> [<gender>] <text>")
        return
    channel.set("playback_terminator_used", None)
    yield from playing.say(channel, words, playing.on_terminator(channel))


@application("speak", needs_data=True, recordings="11l 11n 11p")
def speak(channel: Channel, data: str) -> Steps[None]:
    yield from playing.speak_application(channel, data, playing.on_terminator(channel))


@application("phrase", recordings="11l 11n")
def phrase(channel: Channel, data: str) -> Steps[None]:
    macro, _, argument = data.partition(",")
    if not data:
        executing.respond(channel, "NOTHING")
        return
    playing.note_phrase(channel, macro)
    status = yield from playing.phrase(channel, macro, argument, playing.on_terminator(channel))
    played = status in (Status.SUCCESS, Status.BREAK)
    executing.respond(channel, "PHRASE PLAYED" if played else "UNKNOWN ERROR")


@application("sleep", needs_data=True, recordings="06a 11f 11i", nomedia=True)
def sleep(channel: Channel, data: str) -> Steps[None]:
    if not data:
        return
    on_digit: waiting.OnDigit | None = waiting.peek
    if is_true(channel.get("sleep_eat_digits")):
        channel.set("playback_terminator_used", None)
        on_digit = playing.on_terminator(channel)
    yield from waiting.sleep(channel, atoi(data), on_digit)


@application("broadcast", recordings="30e")
def broadcast(channel: Channel, data: str) -> None:
    """``<path> [aleg|bleg|holdb|both]``: both legs hear it, except with ``holdb``."""
    words = separate(data, " ", 4)
    if not 1 <= len(words) <= 2:
        return
    hold = "holdb" in words[-1].lower() and len(words) == 2
    executing.broadcast(channel, words[0], bleg=not hold, hold=hold)
    executing.respond(channel, "BROADCAST_SENT")


@api("uuid_broadcast", recordings="11m 209 240 44a")
def uuid_broadcast(switch: Switch, argument: str) -> str:
    syntax = "<uuid> <path> [aleg|bleg|holdb|both]"
    words = separate(argument, " ", 3)
    if len(words) < 2:
        return usage(syntax)
    channel = switch.locate(words[0])
    if channel is None:
        return "-ERR invalid uuid\n"
    legs = words[2].lower() if len(words) > 2 else "aleg holdb"
    hold, both = "holdb" in legs, "both" in legs
    bleg = ("bleg" in legs or both) and not hold
    executing.broadcast(channel, words[1], aleg="aleg" in legs or both, bleg=bleg, hold=hold)
    return "+OK Message sent\n"


@api("uuid_fileman", recordings="35b")
def uuid_fileman(switch: Switch, argument: str) -> str:
    """``<uuid> speed|volume|seek:[+-]<n>``, ``pause``, ``restart`` or ``stop``."""
    words = separate(argument, " ", 4)
    if len(words) < 2 or not words[0]:
        return usage("<uuid> <cmd>:<val>")
    channel = switch.locate(words[0])
    if channel is None:
        return NO_CHANNEL
    if channel.file is None:
        return "-ERR No file handle!\n"
    channel.file.command(words[1], switch.scheduler.now)
    return OK

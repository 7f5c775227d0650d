"""API commands, in a table: what ``api`` and ``bgapi`` answer, word for word.

A command is a function of the switch and its argument; one that takes time is a generator.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from eslsync.protocol import quote

from ..clockwork.threads import MILLISECOND, SECOND, Steps, pause
from . import ivr
from .arguments import atoi, separate
from .events import Format, local_time

if TYPE_CHECKING:
    from .channel import Channel
    from .switch import Switch

__all__ = ["APIS", "run_api"]

#: The modules that what is simulated here belongs to.
MODULES = frozenset(
    """
    mod_commands mod_conference mod_console mod_dialplan_xml mod_dptools mod_event_socket
    mod_loopback mod_say_en mod_sndfile mod_sofia mod_spandsp mod_tone_stream
    """.split()
)

Api = Callable[["Switch", str], "str | Steps[str]"]
APIS: dict[str, Api] = {}

#: What is taken off both ends of a command's argument (switch_strip_whitespace).
BLANKS = " \t\n\v\r"
NO_CHANNEL = "-ERR No such channel!\n"
OK = "+OK\n"


def api(name: str) -> Callable[[Api], Api]:
    def add(function: Api) -> Api:
        APIS[name] = function
        return function

    return add


def run_api(switch: Switch, name: str, argument: str) -> Steps[str]:
    """Run a command, and return what it printed (switch_api_execute)."""
    name, argument = name.strip(BLANKS), argument.strip(BLANKS)
    function = APIS.get(name.lower())
    if function is None:
        answer: str | Steps[str] = f"-ERR {name} Command not found!\n"
    else:
        answer = function(switch, argument)
    if isinstance(answer, Generator):
        answer = yield from answer
    own = [("API-Command", name)]
    if argument:
        own.append(("API-Command-Argument", argument))
    switch.publish(switch.event("API", own))
    return answer


def usage(text: str) -> str:
    return f"-USAGE: {text}\n"


def located(switch: Switch, argument: str, syntax: str) -> tuple[Channel | None, str, str]:
    """The channel an argument begins with, the rest, and what to answer where there is none."""
    uuid, _, rest = argument.partition(" ")
    if not uuid:
        return None, "", usage(syntax)
    return switch.locate(uuid), rest, NO_CHANNEL


def up_time(microseconds: int) -> str:
    """``0 years, 1 day, 2 hours ...``, as the switch counts its time."""
    seconds, micros = divmod(microseconds, SECOND)
    days, seconds = divmod(seconds, 86400)
    counts = (
        (days // 365, "year"),
        (days % 365, "day"),
        (seconds // 3600, "hour"),
        (seconds // 60 % 60, "minute"),
        (seconds % 60, "second"),
        (micros // MILLISECOND, "millisecond"),
        (micros % MILLISECOND, "microsecond"),
    )
    return ", ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in counts)


@api("status")
def status(switch: Switch, argument: str) -> str:
    count = len(switch.channels)
    return (
        f"UP {up_time(switch.scheduler.now - switch.started)}\n"
        f"FreeSWITCH (Version {switch.version_short}) is ready\n"
        f"{switch.sessions} session(s) since startup\n"
        f"{count} session(s) - peak {count}, last 5min {count} \n"
        "0 session(s) per Sec out of max 200, peak 2, last 5min 2 \n"
        "1000 session(s) max\n"
        "min idle cpu 0.00/100.00\n"
        "Current Stack Size/Max 240K/8192K\n"
    )


@api("version")
def version(switch: Switch, argument: str) -> str:
    return f"FreeSWITCH Version {switch.version}\n"


@api("msleep")
def msleep(switch: Switch, argument: str) -> Steps[str]:
    yield from pause(switch.scheduler, max(0, atoi(argument)) * MILLISECOND)
    return "+OK"


@api("strftime")
def strftime(switch: Switch, argument: str) -> str:
    return local_time(switch.scheduler.now, argument or "%Y-%m-%d %T".replace("%T", "%H:%M:%S"))


@api("strepoch")
def strepoch(switch: Switch, argument: str) -> str:
    """Seconds of the epoch of now, or of a date in Greenwich."""
    if not argument:
        return str(switch.scheduler.now // SECOND)
    try:
        moment = datetime.fromisoformat(argument.strip())
    except ValueError:
        return "0"
    return str(int(moment.replace(tzinfo=timezone.utc).timestamp()))


@api("echo")
def echo(switch: Switch, argument: str) -> str:
    return argument or "-ERR no reply\n"


@api("expand")
def expand(switch: Switch, argument: str) -> Steps[str]:
    if not argument:
        return "-ERR No input\n"
    name, _, rest = argument.partition(" ")
    answer = yield from run_api(switch, name, switch.expand(rest))
    return answer


@api("eval")
def evaluate(switch: Switch, argument: str) -> str:
    return switch.expand(argument) or "-ERR no reply\n"


@api("log")
def log(switch: Switch, argument: str) -> str:
    return OK


@api("global_getvar")
def global_getvar(switch: Switch, argument: str) -> str:
    if not argument:
        return "".join(f"{name}={value}\n" for name, value in switch.globals.items())
    return switch.globals.get(argument, "")


@api("global_setvar")
def global_setvar(switch: Switch, argument: str) -> str:
    name, equals, value = argument.partition("=")
    if not name or not equals:
        return usage("<var>=<value> [=<value2>]")
    switch.globals[name] = value
    return "+OK"


@api("create_uuid")
def create_uuid(switch: Switch, argument: str) -> str:
    return switch.uuid()


@api("uuid_exists")
def uuid_exists(switch: Switch, argument: str) -> str:
    known = switch.locate(argument) is not None or argument in switch.callers
    return "true" if known else "false"


@api("uuid_getvar")
def uuid_getvar(switch: Switch, argument: str) -> str:
    channel, name, complaint = located(switch, argument, "<uuid> <var>")
    if channel is None:
        return complaint
    if not name:
        return usage("<uuid> <var>")
    return channel.get(name) or "_undef_"


@api("uuid_setvar")
def uuid_setvar(switch: Switch, argument: str) -> str:
    channel, rest, complaint = located(switch, argument, "<uuid> <var> [value]")
    if channel is None:
        return complaint
    name, _, value = rest.partition(" ")
    if not name:
        return "-ERR No variable specified\n"
    channel.set(name, value.lstrip(" "))
    return OK


@api("uuid_dump")
def uuid_dump(switch: Switch, argument: str) -> str:
    channel, word, complaint = located(switch, argument, "<uuid> [format]")
    if channel is None:
        return complaint
    event = switch.event("CHANNEL_DATA", blocks=channel.blocks(variables=True))
    format: Format = "xml" if word.lower() == "xml" else "json" if word == "json" else "plain"
    return event.packet(format).partition(b"\n\n")[2].decode("utf-8", "surrogateescape")


@api("uuid_kill")
def uuid_kill(switch: Switch, argument: str) -> str:
    channel, cause, complaint = located(switch, argument, "<uuid> [cause]")
    if channel is None:
        return complaint
    channel.hangup(switch.cause(cause) if cause else "NORMAL_CLEARING")
    return OK


@api("uuid_break")
def uuid_break(switch: Switch, argument: str) -> str:
    channel, rest, complaint = located(switch, argument, "<uuid> [all]")
    if channel is None:
        return complaint
    if "all" in rest:
        channel.private_events.clear()
    channel.stop_broadcast = channel.broadcast
    channel.break_requested = True
    channel.poke()
    return OK


@api("uuid_transfer")
def uuid_transfer(switch: Switch, argument: str) -> str:
    uuid, *where = separate(argument, " ", 5) or [""]
    if not where:
        return usage("<uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]")
    channel = switch.locate(uuid)
    if channel is None:
        return NO_CHANNEL
    who = ""
    if where[0].startswith("-"):
        who, *where = where
        who = who.lower()
    other = switch.locate(channel.get("bridge_to") or "") if who in ("-bleg", "-both") else None
    if other is not None:
        switch.transfer(other, *where[:3])
    if other is None or who == "-both":
        switch.transfer(channel, *where[:3])
    return OK


@api("uuid_dual_transfer")
def uuid_dual_transfer(switch: Switch, argument: str) -> str:
    """Both legs of a bridge elsewhere: ``<extension>[/<dialplan>[/<context>]]`` each."""
    words = separate(argument, " ", 5)
    if len(words) != 3:
        return usage(
            "<uuid> <A-dest-exten>[/<A-dialplan>][/<A-context>] "
            "<B-dest-exten>[/<B-dialplan>][/<B-context>]"
        )
    channel = switch.locate(words[0])
    if channel is None:
        return NO_CHANNEL
    other = channel.bonded
    for one, where in ((other, words[2]), (channel, words[1])):
        if one is not None:
            switch.transfer(one, *where.split("/")[:3])
    return OK


@api("uuid_recv_dtmf")
def uuid_recv_dtmf(switch: Switch, argument: str) -> str:
    channel, rest, complaint = located(switch, argument, "<uuid> <dtmf_data>")
    if channel is None:
        return complaint
    for digit in switch.dtmf_string(rest):
        channel.queue_digit(digit)
    return f"+OK {channel.uuid} received DTMF {rest}.\n"


@api("uuid_send_dtmf")
def uuid_send_dtmf(switch: Switch, argument: str) -> Steps[str]:
    channel, rest, complaint = located(switch, argument, "<uuid> <dtmf_data>")
    if channel is None:
        return complaint
    yield from switch.send_dtmf(channel, rest)
    return f"+OK {channel.uuid} sent DTMF {rest}.\n"


@api("uuid_flush_dtmf")
def uuid_flush_dtmf(switch: Switch, argument: str) -> str:
    channel, _, complaint = located(switch, argument, "<uuid>")
    if channel is None:
        return complaint
    channel.flush_digits()
    return OK


@api("uuid_answer")
def uuid_answer(switch: Switch, argument: str) -> str:
    channel, _, complaint = located(switch, argument, "<uuid>")
    if channel is None:
        return complaint
    channel.answer()
    return OK


@api("uuid_broadcast")
def uuid_broadcast(switch: Switch, argument: str) -> str:
    syntax = "<uuid> <path> [aleg|bleg|holdb|both]"
    words = separate(argument, " ", 3)
    if len(words) < 2:
        return usage(syntax)
    channel = switch.locate(words[0])
    if channel is None:
        return "-ERR invalid uuid\n"
    legs = words[2].lower() if len(words) > 2 else "aleg holdb"
    hold, other = "holdb" in legs, channel.bonded
    if ("bleg" in legs or "both" in legs) and not hold and other is not None:
        ivr.broadcast(other, words[1])
    if "aleg" in legs or "both" in legs:
        ivr.broadcast(channel, words[1], hold=hold)
    return "+OK Message sent\n"


@api("uuid_park")
def uuid_park(switch: Switch, argument: str) -> str:
    channel, _, complaint = located(switch, argument, "<uuid>")
    if channel is None:
        return complaint
    channel.park_elsewhere()
    return OK


@api("uuid_media")
def uuid_media(switch: Switch, argument: str) -> str:
    """The media of a call by loopback can't be sent past the switch, nor be taken back (262)."""
    if not argument:
        return usage("[off] <uuid>") + "-ERR Operation failed\n"
    return "-ERR Operation failed\n"


@api("uuid_setvar_multi")
def uuid_setvar_multi(switch: Switch, argument: str) -> str:
    channel, rest, complaint = located(switch, argument, "<uuid> <var>=<value>;<var>=<value>...")
    if channel is None:
        return complaint
    for pair in separate(rest, ";"):
        name, _, value = pair.partition("=")
        if not name:
            return "-ERR No variable specified\n"
        channel.set(name, value)
    return OK


@api("uuid_displace")
def uuid_displace(switch: Switch, argument: str) -> str:
    words = separate(argument, " ", 5)
    if len(words) < 3:
        return usage("<uuid> [start|stop] <path> [<limit>] [mux]")
    channel = switch.locate(words[0])
    if channel is None:
        return "-ERR Cannot locate session!\n"
    sound = switch.media.open(words[2], ivr.sound_prefix(channel))
    if words[1].lower() == "start":
        if sound is None:
            return "-ERR Cannot displace session!\n"
        ivr.MediaBug(channel, "displace", sound.path)
        return "+OK Success\n"
    stopped = ivr.stop_bugs(channel, "displace", sound.path if sound is not None else words[2])
    return "+OK Success\n" if stopped else "-ERR Cannot stop displace session!\n"


@api("uuid_pre_answer")
def uuid_pre_answer(switch: Switch, argument: str) -> str:
    channel, _, complaint = located(switch, argument, "<uuid>")
    if channel is None:
        return complaint
    channel.pre_answer()
    return OK


@api("uuid_session_heartbeat")
def uuid_session_heartbeat(switch: Switch, argument: str) -> str:
    channel, rest, complaint = located(switch, argument, "<uuid> [sched] [0|<seconds>]")
    if channel is None:
        return complaint
    channel.beat_every(atoi(rest.rpartition(" ")[2]))
    return OK


@api("hupall")
def hupall(switch: Switch, argument: str) -> str:
    words = separate(argument)
    cause = switch.cause(words[0]) if words else "MANAGER_REQUEST"
    name, value = (words[1], words[2]) if len(words) > 2 else ("", "")
    for channel in list(switch.channels.values()):
        if not name or channel.get(name) == value:
            channel.hangup(cause)
    if name:
        return f"+OK hangup all channels matching [{name}]=[{value}] with cause: {cause}\n"
    return f"+OK hangup all channels with cause {cause}\n"


@api("hostname")
def hostname(switch: Switch, argument: str) -> str:
    return switch.source.hostname


@api("switchname")
def switchname(switch: Switch, argument: str) -> str:
    return switch.source.switchname


@api("uptime")
def uptime(switch: Switch, argument: str) -> str:
    units = {"": SECOND, "s": SECOND, "ms": MILLISECOND, "us": 1}
    unit = units.get(argument, SECOND)
    return f"{(switch.scheduler.now - switch.started) // unit}\n"


@api("module_exists")
def module_exists(switch: Switch, argument: str) -> str:
    return "true" if argument in MODULES else "false"


@api("reloadxml")
def reloadxml(switch: Switch, argument: str) -> str:
    return "+OK [Success]\n"


@api("toupper")
def toupper(switch: Switch, argument: str) -> str:
    return argument.upper()


@api("tolower")
def tolower(switch: Switch, argument: str) -> str:
    return argument.lower()


@api("url_encode")
def url_encode(switch: Switch, argument: str) -> str:
    return quote(argument)


@api("md5")
def md5(switch: Switch, argument: str) -> str:
    import hashlib  # it loads OpenSSL

    return hashlib.md5(argument.encode("utf-8", "surrogateescape")).hexdigest()


@api("regex")
def regex(switch: Switch, argument: str) -> str:
    """``<text>|<pattern>[|<replacement>]``: true or false, or the replacement filled in."""
    words = argument.split("|")
    if len(words) < 2:
        return "-ERR"
    try:
        match = re.search(words[1], words[0])
    except re.error:
        return "-ERR"
    if len(words) == 2:
        return "true" if match else "false"
    if match is None:
        return words[0]
    groups = [match[0], *match.groups("")]
    return re.sub(r"[$%](\d)", lambda each: groups[int(each[1])], words[2])


@api("cond")
def cond(switch: Switch, argument: str) -> str:
    """``<expression> ? <yes> : <no>``, with ==, !=, <, <=, >, >= between numbers or texts."""
    found = re.fullmatch(r"\s*(.*?)\s*(==|!=|<=|>=|<|>)\s*(.*?)\s*\?\s*(.*?)\s*:\s*(.*)", argument)
    if found is None:
        return "-ERR"
    left, operator, right, yes, no = found.groups()
    left, right = left.strip("'\""), right.strip("'\"")
    both = (left, right)
    numbers = all(re.fullmatch(r"-?\d+(\.\d+)?", each) for each in both)
    a, b = (float(left), float(right)) if numbers else (float(len(left)), float(len(right)))
    equal = a == b if numbers else left == right
    results = {
        "==": equal,
        "!=": not equal,
        "<": a < b,
        "<=": a <= b,
        ">": a > b,
        ">=": a >= b,
    }
    return yes if results[operator] else no.rstrip()


@api("show")
def show(switch: Switch, argument: str) -> str:
    """Only what a script asks most: how many channels or calls there are."""
    words = argument.split()
    if words[:1] in (["channels"], ["calls"]) and words[-1:] == ["count"]:
        return f"\n{len(switch.channels)} total.\n"
    return "\n0 total.\n"

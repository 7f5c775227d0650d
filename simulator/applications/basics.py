"""The call itself: answer, park, transfer, hang up (mod_dptools.c, mod_commands.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eslsync.wire.separation import separate

from ..clockwork.threads import MILLISECOND, Steps
from ..model import answering, executing, waiting
from ..model.arguments import atoi
from ..model.dialplan import FLAGS, actions_of, note_place, transfer
from ..model.known_options import note_option
from ..model.spelling import hint
from ..model.states import State
from ..model.tables import NO_CHANNEL, OK, api, application, located, usage

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.switch import Switch

__all__: list[str] = []

#: The port of an app whose address has none (socket_function).
DEFAULT_PORT = 8084
#: Milliseconds that delay_echo can delay.
LONGEST_ECHO = 10_000


@application("answer", recordings="01a 01b 02a", nomedia=True)
def answer(channel: Channel, data: str) -> Steps[None]:
    yield from answering.answer(channel)


@application("pre_answer", recordings="11l", nomedia=True)
def pre_answer(channel: Channel, data: str) -> Steps[None]:
    yield from answering.pre_answer(channel)


@application("ring_ready", recordings="10i", nomedia=True)
def ring_ready(channel: Channel, data: str) -> Steps[None]:
    yield from answering.ring_ready(channel)


@application("hangup", recordings="01a 01b 03a", nomedia=True)
def hangup(channel: Channel, data: str) -> None:
    channel.hangup(channel.switch.cause(data, channel) if data else "NORMAL_CLEARING")


@application("park", recordings="11k 13d 201", nomedia=True)
def park(channel: Channel, data: str) -> Steps[None]:
    yield from waiting.park(channel)


@application("park_state", recordings="30g")
def park_state(channel: Channel, data: str) -> None:
    """Leave the dialplan and park, as uuid_park does."""
    channel.park_elsewhere()


@application("transfer", needs_data=True, recordings="12a", nomedia=True)
def transfer_application(channel: Channel, data: str) -> None:
    target = separate(data, " ", 4)
    if target and target[0] in ("-bleg", "-both"):
        who, *target = target
        if channel.bonded is not None:
            transfer(channel.bonded, *target[:3])
        if who != "-both":
            return
    if target:
        transfer(channel, *target[:3])


@application("execute_extension", needs_data=True, recordings="29e 29h", nomedia=True)
def execute_extension(channel: Channel, data: str) -> Steps[None]:
    """Run another extension's applications, then continue."""
    words = separate(data, " ", 3)
    note_place(channel, *words)
    actions = actions_of(channel, words[0]) if words else None
    if actions is None and words:
        what = f"execute_extension {words[0]}"
        note_option(channel.switch, channel, what, "it is not among extensions=")
    for name, argument in actions or ():
        if not channel.is_ready():
            break
        yield from executing.execute(channel, name, argument)


@application("socket", recordings="01a 01b", nomedia=True)
def socket(channel: Channel, data: str) -> Steps[None]:
    """Hand the channel to an app (mod_event_socket.c, socket_function)."""
    words = separate(data, " ", 80)
    if not words:
        return
    addresses, *options = words
    control, port = None, DEFAULT_PORT
    for address in filter(None, addresses.split("|")):
        host, colon, number = address.rpartition(":")
        if colon:
            port = atoi(number)  # also for further hosts, if they have none
            path = number.partition("/")[2]
        else:
            host, _, path = address.partition("/")
        if path:
            channel.set("socket_path", path)
        channel.set("socket_host", host)
        control = channel.switch.dial(channel, " ".join([f"{host}:{port}", *options]))
        if control is not None:
            break
    if control is None:
        return
    words = [option.lower() for option in options]
    if "async" not in words:
        yield from control.run(full="full" in words, asynchronous=False)
        return
    control.start(full="full" in words)
    while channel.is_ready() and not control.finished and not control.connected:
        # The session thread checks every millisecond for `connect`. A listener that is gone
        # by then can't unpark it any more: parked for ever (recordings 14b, 14b2).
        yield channel.now + MILLISECOND
    yield from waiting.park(channel)
    yield from executing.parse_all_events(channel)
    if channel.state is State.RESET and control.resumes:
        channel.state = State.EXECUTE


@application("wait_for_answer", recordings="30e", nomedia=True)
def wait_for_answer(channel: Channel, data: str) -> Steps[None]:
    while not channel.answered and channel.is_ready():
        yield from waiting.sleep(channel, 100, None)


@application("break", recordings="30e", nomedia=True)
def break_(channel: Channel, data: str) -> None:
    channel.break_requested = True


@application("echo", recordings="21e")
def echo(channel: Channel, data: str) -> Steps[None]:
    """Send the caller's audio back, until the end of the call or a ``break``."""
    while channel.is_ready() and not executing.take_break(channel):
        yield from executing.parse_all_events(channel)
        if channel.is_ready():
            yield from channel.frames(None, digits=False)
    channel.reset()  # with the digits, which were sent back, but not read


@application("delay_echo", recordings="30e")
def delay_echo(channel: Channel, data: str) -> Steps[None]:
    """Send the caller's audio back later, until the end of the call.

    Digits and commands wait for ever; a delay that is not 1 to 10000 milliseconds does nothing.
    """
    if data and not 1 <= atoi(data) <= LONGEST_ECHO:
        return
    while channel.is_ready():
        yield from channel.frames_unread(None)


# --- the same, by uuid


@api("uuid_answer", recordings="30b")
def uuid_answer(switch: Switch, argument: str) -> Steps[str]:
    channel = switch.locate(argument)
    if channel is None:
        return "-ERROR\n"
    yield from answering.answer(channel)
    channel.poke()  # it has media now
    return OK


@api("uuid_pre_answer", recordings="30b")
def uuid_pre_answer(switch: Switch, argument: str) -> Steps[str]:
    channel = switch.locate(argument)
    if channel is None:
        return "-ERROR\n"
    yield from answering.pre_answer(channel)
    channel.poke()
    return OK


@api("uuid_ring_ready", recordings="30b")
def uuid_ring_ready(switch: Switch, argument: str) -> Steps[str]:
    channel, queued, complaint = located(switch, argument, "<uuid> [queued]")
    if queued not in ("", "queued"):
        return usage("<uuid> [queued]")
    if channel is None:
        return "-ERROR\n" if argument else complaint
    yield from answering.ring_ready(channel)
    return OK


@api("uuid_kill", recordings="08a 201 202")
def uuid_kill(switch: Switch, argument: str) -> str:
    channel, cause, complaint = located(switch, argument, "<uuid> [cause]")
    if channel is None:
        return complaint
    channel.hangup(switch.cause(cause, channel) if cause else "NORMAL_CLEARING")
    return OK


@api("hupall", recordings="32b")
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


@api("uuid_park", recordings="209 215 242")
def uuid_park(switch: Switch, argument: str) -> str:
    channel = switch.locate(argument)
    if channel is None:
        return NO_CHANNEL
    channel.park_elsewhere()
    return OK


@api("uuid_transfer", recordings="11i 215")
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
        if who.lower() not in FLAGS:
            why = f"it says who is transferred{hint(who, FLAGS)}"
            switch.refused(f"uuid_transfer {who}", channel, why)
        who = who.lower()
    other = switch.locate(channel.get("bridge_to") or "") if who in ("-bleg", "-both") else None
    if other is not None:
        transfer(other, *where[:3])
    if other is None or who == "-both":
        transfer(channel, *where[:3])
    return OK


@api("uuid_dual_transfer", recordings="247")
def uuid_dual_transfer(switch: Switch, argument: str) -> str:
    """Transfer both legs of a bridge: ``<extension>[/<dialplan>[/<context>]]`` each."""
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
            transfer(one, *where.split("/")[:3])
    return OK


@api("uuid_break", recordings="11f 11o 209")
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


@api("uuid_exists", recordings="09a")
def uuid_exists(switch: Switch, argument: str) -> str:
    known = switch.locate(argument) is not None or argument in switch.callers
    return "true" if known else "false"


@api("uuid_media", recordings="262")
def uuid_media(switch: Switch, argument: str) -> str:
    """``[off] <uuid>``: a loopback call's media can't bypass the switch, so it can't be taken back
    either (recording 262); to let it is said to succeed.
    """
    if not argument:
        return usage("[off] <uuid>") + "-ERR Operation failed\n"
    off, _, uuid = argument.partition(" ")
    if off.lower() == "off" and switch.locate(uuid) is not None:
        return "+OK Success\n"
    return "-ERR Operation failed\n"

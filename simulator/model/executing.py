"""Executes applications, and the commands that are sent to a channel meanwhile.

All of it runs on the channel's session thread. Loops that play, wait, or collect digits call
`parse_all_events` once a frame, which executes commands nested inside the running application.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..clockwork.threads import MILLISECOND, SECOND, Steps
from . import answering
from .arguments import atoi
from .dialplan import leave_for
from .events import Headers, PrivateCommand
from .evidence import Basis
from .known_arguments import note_argument
from .sounds import FRAME
from .variables import is_true

if TYPE_CHECKING:
    from .channel import Channel

__all__ = [
    "broadcast",
    "execute",
    "execute_async",
    "hold_music",
    "is_music",
    "parse_all_events",
    "parse_event",
    "parse_next_event",
    "refuse",
    "respond",
    "stop_broadcast",
    "take_break",
]


#: Microseconds for the other leg to begin the music, or to end it.
BROADCAST_PATIENCE = 5 * SECOND


def execute(channel: Channel, name: str, data: str) -> Steps[bool]:
    """Execute an application (switch_core_session_execute_application)."""
    application = channel.switch.applications.get(name.lower())
    if not channel.up:
        if application is None or not application.zombie:
            return False
    elif application is None:
        # neither EXECUTE nor COMPLETE (recording 08b)
        channel.switch.on_unknown("application", name, channel)
        channel.hangup("DESTINATION_OUT_OF_ORDER")
        return False
    elif not (application.nomedia or channel.media_ready):
        if not (yield from answering.pre_answer(channel)):
            return False
    name = application.name
    channel.switch.on_used(application.part, channel)

    variables = channel.variables
    uuid = variables.get("app_uuid")
    if uuid is None:
        uuid = channel.switch.uuid()
    else:
        variables.set("app_uuid", None)
    uuid_name = variables.get("app_uuid_name")
    if uuid_name is not None:
        variables.set("app_uuid_name", None)
    if data and not is_true(variables.get("app_disable_expand_variables")):
        data = channel.expand(data)
    if application.needs_data and not data:
        channel.switch.refused(name, channel, "it has no argument")
    elif application.part.basis is not Basis.YOURS:
        note_argument(channel, name, data)

    if not is_true(channel.get("disable_app_log")):
        channel.app_log.append((name, data))
    variables.set("current_application", name)
    variables.set("current_application_data", data)
    variables.set("current_application_response", None)
    about = [("Application", name)]
    if data:
        about.append(("Application-Data", data))
    identity = [("Application-UUID", uuid)]
    if uuid_name:
        identity.append(("Application-UUID-Name", uuid_name))
    channel.fire("CHANNEL_EXECUTE", (*about, *identity))
    channel.break_requested = False
    variables.set("current_application", name)
    steps = application.function(channel, data)
    if steps is not None:
        yield from steps
    response = variables.get("current_application_response") or "_none_"
    channel.fire(
        "CHANNEL_EXECUTE_COMPLETE", (*about, ("Application-Response", response), *identity)
    )
    return True


def respond(channel: Channel, response: str) -> None:
    """Set the Application-Response of the running application."""
    channel.set("current_application_response", response)


def refuse(channel: Channel, why: str) -> None:
    """Report that FreeSWITCH does nothing with the argument of the running application."""
    name = channel.variables.get("current_application") or "an application"
    channel.switch.refused(name, channel, why)


# --- commands


def parse_all_events(channel: Channel) -> Steps[None]:
    """Execute the queued commands, unless the event lock is held (switch_ivr_parse_all_events).

    They run inside the current application: a second playback interrupts the first (recordings
    07b, 07f).
    """
    while channel.private_events and not channel.event_locks:
        if not (yield from parse_next_event(channel)):
            return


def parse_next_event(channel: Channel) -> Steps[bool]:
    """Execute the first command of the queue; False if the rest must wait."""
    command = channel.private_events.popleft()
    go_on = yield from parse_event(channel, command)
    channel.fire(
        "PRIVATE_COMMAND",
        before=(*command.origin, *command.headers),
        body=command.body or None,
    )
    return go_on


def parse_event(channel: Channel, command: PrivateCommand) -> Steps[bool]:
    """Execute one command (switch_ivr_parse_event); False if the rest of the queue must wait."""
    verb = command.get("call-command")
    if not verb:
        return False
    locks = is_true(command.get("event-lock"))
    channel.event_locks += locks
    lead_frames = atoi(command.get("lead-frames"))
    if lead_frames and channel.media_ready:
        until = channel.now + lead_frames * FRAME
        while channel.is_ready() and channel.now < until:
            yield from channel.frames(until)
    if verb.lower() == "execute":
        yield from _execute_command(channel, command)
    elif verb.lower() == "hangup":
        cause = command.get("hangup-cause")
        channel.hangup(channel.switch.cause(cause, channel) if cause else "NORMAL_CLEARING")
    elif verb.lower() == "xferext":
        applications = [value for key, value in command.headers if key.lower() == "application"]
        leave_for(channel, [each.partition(" ")[::2] for each in applications])
    channel.event_locks -= locks
    return not channel.break_requested


def _execute_command(channel: Channel, command: PrivateCommand) -> Steps[None]:
    name = command.get("execute-app-name")
    if name is None:
        return
    data = command.get("execute-app-arg") or ""
    if not data and (command.get("content-type") or "").lower() == "text/plain":
        data = command.body.decode("utf-8", "surrogateescape")
    loops_header = command.get("loops")
    loops = 1 if loops_header is None else atoi(loops_header)
    uuid, uuid_name = command.get("event-uuid"), command.get("event-uuid-name")
    variables = channel.variables

    channel.stop_broadcast = False
    nested = channel.broadcast and (not channel.bridged or channel.holds_other)
    holds = is_true(command.get("hold-bleg")) and channel.bridged and not channel.holds_other
    channel.broadcast = True
    held = (yield from _hold_other(channel)) if holds else None
    loop = 0
    while loop < loops or loops < 0:
        loop += 1
        began = channel.now
        if uuid:
            variables.set("app_uuid", uuid)
        if uuid_name:
            variables.set("app_uuid_name", uuid_name)
        variables.set("current_loop", str(loop))
        variables.set("total_loops", str(loops))
        if not (yield from execute(channel, name, data)):
            if not nested or channel.stop_broadcast:
                channel.broadcast = False
            break
        if not channel.is_ready() or channel.stop_broadcast:
            break
        if channel.now - began < channel.switch.races.shortest_loop:
            break
    variables.set("current_loop", None)
    variables.set("total_loops", None)
    if held is not None:
        channel.holds_other = False
        stop_broadcast(held)
        yield from _until_broadcast(held, False)
    if not nested:
        channel.broadcast = False
    if channel.stop_broadcast:
        channel.broadcast = False
        channel.break_requested = True


def hold_music(channel: Channel) -> str | None:
    """What the other leg hears while the channel holds it; it need not be music
    (switch_channel_get_hold_music).
    """
    return channel.get("temp_hold_music") or channel.get("hold_music")


def is_music(name: str | None) -> bool:
    """True if it is heard (switch_is_moh)."""
    return bool(name) and name not in ("silence", "indicate_hold")


def _hold_other(channel: Channel) -> Steps[Channel | None]:
    """Let the other leg hear music; returns it, or None if there is none to be heard."""
    other = channel.bonded
    if other is None:
        return None
    music = hold_music(other) or hold_music(channel)
    if music is None or not is_music(music):
        return None
    channel.holds_other = True
    broadcast(other, music, loops=-1)
    if not (yield from _until_broadcast(other, True)) and channel.up and other.up:
        other.private_events.clear()
    return other


def _until_broadcast(channel: Channel, wanted: bool) -> Steps[bool]:
    """Wait until a leg executes a command, or no longer does (switch_channel_wait_for_flag)."""
    until = channel.now + BROADCAST_PATIENCE
    while channel.up and channel.broadcast is not wanted and channel.now < until:
        yield channel.now + MILLISECOND
    return channel.broadcast is wanted


def broadcast(
    channel: Channel,
    path: str,
    *,
    aleg: bool = True,
    bleg: bool = False,
    hold: bool = False,
    loops: int | None = None,
) -> None:
    """Have the channel, the other leg, or both execute ``app::arg``, or play a file
    (switch_ivr_broadcast).

    With ``hold``, the other leg of the one that executes it hears music meanwhile.
    """
    name, _, argument = path.partition(":")
    if argument.startswith(":"):
        argument = argument[1:]
    else:
        name, argument = "playback", path
    name, bang, cause = name.partition("!")
    more = [("lead-frames", "5")]
    if loops is not None:
        more.append(("loops", str(loops)))
    if hold:
        more.append(("hold-bleg", "true"))
    other = channel.bonded if bleg else None
    for leg in (other, channel if aleg else None):
        if leg is not None:
            execute_async(leg, name, argument, more)
    if bang:
        execute_async(channel, "hangup", cause or "normal_clearing")


def execute_async(channel: Channel, name: str, argument: str | None, more: Headers = ()) -> None:
    """Queue an application; its name may be ``app::arg`` if it has no argument
    (switch_core_session_execute_application_async).
    """
    created = channel.switch.event("COMMAND")
    if argument is None and "::" in name:
        name, _, argument = name.partition("::")
    headers = [("call-command", "execute"), ("execute-app-name", name)]
    if argument is not None:
        headers.append(("execute-app-arg", argument))
    headers += [("event-lock", "true"), *more]
    channel.private_events.append(PrivateCommand("", headers, b"", list(created.headers())))
    channel.poke()


def stop_broadcast(channel: Channel) -> None:
    """End the command that is being executed (switch_channel_stop_broadcast)."""
    if channel.broadcast:
        channel.stop_broadcast = channel.break_requested = True
        channel.poke()


def take_break(channel: Channel) -> bool:
    """True, once, after a request to break off the running application (CF_BREAK)."""
    if not channel.break_requested:
        return False
    channel.break_requested = False
    return True

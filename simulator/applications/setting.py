"""Setting and reading variables, of a channel and of the switch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from eslsync.protocol import Format

from ..model.arguments import separate
from ..model.events import local_time
from ..model.known_variables import note_variable
from ..model.tables import OK, api, application, located, usage

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.switch import Switch

__all__: list[str] = []


def _put(channel: Channel, name: str, value: str | None) -> None:
    """Set a variable as a program asks."""
    channel.set(name, value)
    note_variable(channel.switch, channel, name, value)


def _push(channel: Channel, name: str, value: str | None, *, first: bool = False) -> None:
    channel.variables.push(name, value or "", first=first)
    note_variable(channel.switch, channel, name, value)


def _put_global(switch: Switch, channel: Channel | None, name: str, value: str) -> None:
    switch.globals[name] = value
    note_variable(switch, channel, name, value)


def _set(
    channel: Channel, data: str, put: Callable[[Channel, str, str | None], None] = _put
) -> None:
    if not data:
        return
    name, separator, value = data.partition("=" if "=" in data else ",")
    if separator:
        value = channel.expand(value)
    put(channel, name, value or None)


@application("set", recordings="07e 07f 07g", nomedia=True, zombie=True)
def set_(channel: Channel, data: str) -> None:
    _set(channel, data)


@application("multiset", recordings="11h", nomedia=True, zombie=True)
def multiset(channel: Channel, data: str) -> None:
    for pair in separate(data, " ", 256):
        _set(channel, pair)


@application("push", recordings="09g 11h", nomedia=True, zombie=True)
def push(channel: Channel, data: str) -> None:
    _set(channel, data, _push)


@application("unshift", source="mod_dptools.c, unshift_function", nomedia=True, zombie=True)
def unshift(channel: Channel, data: str) -> None:
    _set(channel, data, partial(_push, first=True))


@application("unset", recordings="11h", nomedia=True, zombie=True)
def unset(channel: Channel, data: str) -> None:
    if data:
        channel.set(data, None)


@application("multiunset", source="mod_dptools.c, multiunset_function", nomedia=True, zombie=True)
def multiunset(channel: Channel, data: str) -> None:
    for name in separate(data):
        channel.set(name, None)


@application("export", recordings="11h", nomedia=True, zombie=True)
def export(channel: Channel, data: str) -> None:
    """Set a variable, and list it in export_vars, its name as given (recording 11h)."""
    name, _, value = data.partition("=")
    if not name:
        return
    _put(channel, name, value or None)
    if value:
        exported = channel.variables.get("export_vars")
        channel.set("export_vars", f"{exported},{name}" if exported else name)


@application("set_global", source="mod_dptools.c, set_global_function", nomedia=True, zombie=True)
def set_global(channel: Channel, data: str) -> None:
    name, _, value = data.partition("=")
    _put_global(channel.switch, channel, name, value)


@application(
    "set_profile_var", source="mod_dptools.c, set_profile_var_function", nomedia=True, zombie=True
)
def set_profile_var(channel: Channel, data: str) -> None:
    name, _, value = data.partition("=")
    channel.set_profile_field(name, value)


@application("strftime", recordings="11l", nomedia=True)
def strftime(channel: Channel, data: str) -> None:
    name, separator, format = data.partition("=")
    if separator:
        channel.set(name, local_time(channel.now, format))


# --- the same, by uuid


@api("uuid_getvar", recordings="09a 240")
def uuid_getvar(switch: Switch, argument: str) -> str:
    channel, name, complaint = located(switch, argument, "<uuid> <var>")
    if channel is None:
        return complaint
    if not name:
        return usage("<uuid> <var>")
    return channel.get(name) or "_undef_"


@api("uuid_setvar", recordings="09a 11h 203")
def uuid_setvar(switch: Switch, argument: str) -> str:
    channel, rest, complaint = located(switch, argument, "<uuid> <var> [value]")
    if channel is None:
        return complaint
    name, _, value = rest.partition(" ")
    if not name:
        return "-ERR No variable specified\n"
    _put(channel, name, value.lstrip(" "))
    return OK


@api("uuid_setvar_multi", source="mod_commands.c, uuid_setvar_multi_function")
def uuid_setvar_multi(switch: Switch, argument: str) -> str:
    channel, rest, complaint = located(switch, argument, "<uuid> <var>=<value>;<var>=<value>...")
    if channel is None:
        return complaint
    for pair in separate(rest, ";"):
        name, _, value = pair.partition("=")
        if not name:
            return "-ERR No variable specified\n"
        _put(channel, name, value)
    return OK


@api("uuid_dump", recordings="21k 261")
def uuid_dump(switch: Switch, argument: str) -> str:
    channel, word, complaint = located(switch, argument, "<uuid> [format]")
    if channel is None:
        return complaint
    event = switch.event("CHANNEL_DATA", blocks=channel.blocks(variables=True))
    format: Format = "xml" if word.lower() == "xml" else "json" if word == "json" else "plain"
    return event.packet(format).partition(b"\n\n")[2].decode("utf-8", "surrogateescape")


@api("global_getvar", recordings="09a")
def global_getvar(switch: Switch, argument: str) -> str:
    if not argument:
        return "".join(f"{name}={value}\n" for name, value in switch.globals.items())
    return switch.globals.get(argument, "")


@api("global_setvar", source="mod_commands.c, global_setvar_function")
def global_setvar(switch: Switch, argument: str) -> str:
    name, equals, value = argument.partition("=")
    if not name or not equals:
        return usage("<var>=<value> [=<value2>]")
    _put_global(switch, None, name, value)
    return "+OK"

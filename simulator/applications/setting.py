"""Setting and reading variables, of a channel and of the switch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from eslsync.protocol import Format
from eslsync.wire.separation import separate

from ..model import executing
from ..model.arguments import atoi
from ..model.events import local_time
from ..model.known_variables import note_reading, note_variable
from ..model.patterns import groups_of, search
from ..model.profile import PROFILE_VARIABLES
from ..model.spelling import misspelt
from ..model.tables import OK, api, application, located, usage
from ..model.variables import is_true

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.switch import Switch

__all__: list[str] = []

#: Words for no (switch_false).
OFF = frozenset({"0", "disabled", "disallow", "false", "inactive", "no", "off"})


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
    else:
        _note_no_value(channel, name)
    put(channel, name, value or None)


def _note_no_value(channel: Channel, name: str) -> None:
    """Report what has no ``=``, unless it unsets a variable."""
    if name not in channel.variables:
        why = "without = it unsets that variable, which is not set"
        channel.switch.refused(f"{channel.get('current_application')} {name}", channel, why)


@application("set", needs_data=True, recordings="07e 07f 07g", nomedia=True, zombie=True)
def set_(channel: Channel, data: str) -> None:
    _set(channel, data)


@application("multiset", needs_data=True, recordings="11h", nomedia=True, zombie=True)
def multiset(channel: Channel, data: str) -> None:
    for pair in separate(data, " ", 256):
        _set(channel, pair)


@application("push", needs_data=True, recordings="09g 11h", nomedia=True, zombie=True)
def push(channel: Channel, data: str) -> None:
    _set(channel, data, _push)


@application("unshift", needs_data=True, recordings="30c", nomedia=True, zombie=True)
def unshift(channel: Channel, data: str) -> None:
    _set(channel, data, partial(_push, first=True))


@application("unset", needs_data=True, recordings="11h", nomedia=True, zombie=True)
def unset(channel: Channel, data: str) -> None:
    if data:
        channel.set(data, None)


@application("multiunset", needs_data=True, recordings="30c", nomedia=True, zombie=True)
def multiunset(channel: Channel, data: str) -> None:
    for name in separate(data):
        channel.set(name, None)


@application("export", needs_data=True, recordings="11h 29g", nomedia=True, zombie=True)
def export(channel: Channel, data: str) -> None:
    """Set a variable, and list it in export_vars, its name as given (recording 11h)."""
    _export(channel, data, "export_vars")


@application("bridge_export", needs_data=True, recordings="29g", nomedia=True, zombie=True)
def bridge_export(channel: Channel, data: str) -> None:
    """As ``export``, for the leg that the channel is bridged to, whoever called that."""
    _export(channel, data, "bridge_export_vars")


def _export(channel: Channel, data: str, to: str) -> None:
    """Set a variable, and list it in the variable ``to`` (switch_channel_export_variable)."""
    name, _, value = data.partition("=")
    if not name:
        return
    if "=" not in data:
        _note_no_value(channel, name)
    _put(channel, name, value or None)
    if value:
        exported = channel.variables.get(to)
        channel.set(to, f"{exported},{name}" if exported else name)


@application("set_global", needs_data=True, recordings="30c", nomedia=True, zombie=True)
def set_global(channel: Channel, data: str) -> None:
    name, _, value = data.partition("=")
    _put_global(channel.switch, channel, name, value)


@application("set_profile_var", needs_data=True, recordings="30c", nomedia=True, zombie=True)
def set_profile_var(channel: Channel, data: str) -> None:
    name, _, value = data.partition("=")
    close = misspelt(name, PROFILE_VARIABLES)
    if close is not None and name not in PROFILE_VARIABLES:
        executing.refuse(channel, f"a profile has no {name} (did you mean {close!r}?)")
    channel.set_profile_field(name, value)


@application("strftime", recordings="11l", nomedia=True)
def strftime(channel: Channel, data: str) -> None:
    name, separator, format = data.partition("=")
    if separator:
        channel.set(name, local_time(channel.now, format))


@application("set_name", needs_data=True, recordings="30c", nomedia=True)
def set_name(channel: Channel, data: str) -> None:
    if data:
        channel.name = data
        channel.set("channel_name", data)


@application("transfer_vars", needs_data=True, recordings="30c", nomedia=True, zombie=True)
def transfer_vars(channel: Channel, data: str) -> None:
    """Copy a variable to the other leg of a bridge, or those that begin with ``~<prefix>``."""
    name = (separate(data, " ", 1) or [""])[0]
    other = channel.bonded
    if other is None or not name:
        return
    if not name.startswith("~"):
        value = channel.get(name)
        if value:
            other.set(name, value)
        return
    for each, value in list(channel.variables):
        if each.startswith(name[1:]):
            other.set(each, value)


@application("capture", needs_data=True, recordings="30c", nomedia=True)
def capture(channel: Channel, data: str) -> None:
    """``<variable>|<text>|<pattern>``: push the match, and then its groups."""
    words = separate(data, "|", 3)
    if len(words) != 3:
        return
    name, text, pattern = words
    match = search(channel.switch, channel, pattern, text)
    for group in [] if match is None else groups_of(channel.switch, match):
        if group == "":
            channel.set(name, None)  # switch_channel_add_variable_var_check
        elif group is not None:
            channel.variables.push(name, group)


@application("media_reset", recordings="30c", nomedia=True)
def media_reset(channel: Channel, data: str) -> None:
    if not channel.media_ready:
        channel.set("bypass_media", None)
        channel.set("proxy_media", None)


@application("verbose_events", recordings="30c", nomedia=True)
def verbose_events(channel: Channel, data: str) -> None:
    """From now on all events of the channel carry its variables."""
    channel.verbose = True


@application("privacy", needs_data=True, recordings="30c", nomedia=True)
def privacy(channel: Channel, data: str) -> None:
    """``full|name|number|on|off``: what is hidden of the caller from those who are called."""
    if not data:
        return
    hidden = {"full": "name number", "name": "name", "number": "number"}.get(data.lower())
    if hidden is None and is_true(data):
        hidden = "name number"
    changes = {f"privacy_hide_{each}": "true" for each in (hidden or "").split()}
    if hidden is None and data.lower() in OFF:
        changes = {"privacy_hide_name": "false", "privacy_hide_number": "false"}
    channel.profile = channel.profile._replace(
        screen_bit="true",
        privacy_hide_name=changes.get("privacy_hide_name", channel.profile.privacy_hide_name),
        privacy_hide_number=changes.get("privacy_hide_number", channel.profile.privacy_hide_number),
    )


# --- the same, by uuid


@api("uuid_getvar", recordings="09a 240")
def uuid_getvar(switch: Switch, argument: str) -> str:
    channel, name, complaint = located(switch, argument, "<uuid> <var>", words=2)
    if channel is None:
        return complaint
    value = None
    if "]" in name.partition("[")[2]:
        array, _, index = name.partition("[")
        value = channel.element(array, atoi(index))
    value = value or channel.get(name)
    if value is None:
        note_reading(switch, channel, name)
    return value or "_undef_"


@api("uuid_setvar", recordings="09a 11h 203")
def uuid_setvar(switch: Switch, argument: str) -> str:
    channel, rest, complaint = located(switch, argument, "<uuid> <var> [value]", words=2)
    if channel is None:
        return complaint
    name, _, value = rest.partition(" ")
    _put(channel, name, value.lstrip(" "))
    return OK


@api("uuid_setvar_multi", recordings="30b")
def uuid_setvar_multi(switch: Switch, argument: str) -> str:
    syntax = usage("<uuid> <var>=<value>;<var>=<value>...")
    channel, rest, complaint = located(switch, argument, "")
    if not argument:
        return syntax
    if " " not in argument:
        return ""
    if channel is None:
        return complaint + syntax
    answer, any_set = "", False
    for pair in separate(rest, ";"):
        name, _, value = pair.partition("=")
        if name:
            any_set = True
            _put(channel, name, value)
        else:
            answer += "-ERR No variable specified\n"
    return answer + (OK if any_set else syntax)


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


@api("global_setvar", recordings="30a")
def global_setvar(switch: Switch, argument: str) -> str:
    name, *values = separate(argument, "=", 3) or [""]
    if not name:
        return usage("<var>=<value> [=<value2>]")
    known = switch.globals
    # with a second value, only if it has that one now (switch_core_set_var_conditional)
    if len(values) < 2 or not values[1] or known.get(name) == values[1]:
        known.pop(name, None)
        if values and values[0]:
            _put_global(switch, None, name, values[0])
    return "+OK"

"""What a channel's variables have run when something happens to it.

``execute_on_*`` variables name applications (switch_channel_execute_on), ``api_on_*`` variables api
commands (switch_channel_api_on), and hooks an api command to run once the call has ended (api_hook
in switch_core_state_machine.c). They run on the thread to which it happens, and hold it up.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..clockwork.threads import Steps
from . import executing
from .arguments import expand
from .events import QueuedEvent, elements
from .tables import run_api

if TYPE_CHECKING:
    from .channel import Channel

__all__ = ["api_hook", "api_on", "execute_on", "execute_value"]


def execute_on(channel: Channel, prefix: str) -> Steps[bool]:
    """Execute the application of each variable whose name begins with ``prefix``; globals count.

    True if there was any.
    """
    values = {
        name.lower(): value
        for name, value in channel.switch.globals.items()
        if name.lower().startswith(prefix)
    }
    values.update(channel.variables.beginning(prefix))
    for value in values.values():
        for each in elements(value):
            yield from execute_value(channel, each)
    return bool(values)


def execute_value(channel: Channel, value: str) -> Steps[None]:
    """Execute ``<application>[ <argument>]``, or queue ``<application>::<argument>``
    (switch_channel_execute_on_value).
    """
    found = re.search(r"[ :]", value)
    if found is None:
        yield from executing.execute(channel, value, "")
        return
    name, argument = value[: found.start()], value[found.end() :]
    if argument.startswith(":") and found[0] == ":" and channel.up:
        executing.execute_async(channel, name, argument[1:])
    else:
        yield from executing.execute(channel, name, argument.removeprefix(":"))


def api_on(channel: Channel, prefix: str) -> Steps[bool]:
    """Run the api command of each variable whose name begins with ``prefix``; True if any."""
    values = channel.variables.beginning(prefix)
    for value in values.values():
        for each in elements(value):
            name, _, argument = each.partition(" ")
            yield from run_api(channel.switch, name, channel.expand(argument), channel)
    return bool(values)


def api_hook(channel: Channel, variable: str) -> Steps[None]:
    """Run the api command ``<name>[ <argument>]`` or ``<name>::<argument>`` of a variable.

    Its argument may name the headers of the channel's events, as well as its variables. The event
    that tells of it has no name, and the variables twice.
    """
    hook = channel.get(variable)
    if not hook:
        return
    name, colons, argument = hook.partition("::")
    if not colons:
        name, _, argument = hook.partition(" ")
    blocks = channel.blocks(variables=True)

    def header(name: str, index: int) -> str | None:
        value = channel.variables.element(name, index)
        headers = (block.get(name.lower()) for block in blocks)
        return value or next(filter(None, headers), None)

    def lookup(name: str, index: int) -> str | None:
        return channel.switch.globals.get(name)

    def api(name: str, argument: str) -> str:
        return channel.switch.api_now(name, argument, channel)

    event = QueuedEvent(
        "CHANNEL_DATA",
        channel.switch.identity,
        channel.now,
        0,
        before=tuple(channel.variables),
        blocks=blocks,
    )
    expanded = expand(argument, lookup, api, headers=header)
    yield from run_api(channel.switch, name, expanded, channel, event)

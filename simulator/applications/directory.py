"""Api commands about the directory: its domain and its users (mod_commands.c).

The simulated directory knows the users that can be called, and no variables or groups of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eslsync.wire.separation import separate

from ..model.far_legs import FarEnds
from ..model.tables import api

if TYPE_CHECKING:
    from ..model.switch import Switch

__all__: list[str] = []


@api("user_exists", recordings="34d")
def user_exists(switch: Switch, argument: str) -> str:
    """``<key> <user> <domain>``"""
    words = separate(argument, " ", 3)
    known = len(words) == 3 and _is_user(switch, words[1], words[2])
    return "true" if known else "false"


def _is_user(switch: Switch, user: str, domain: str) -> bool:
    ends = switch.state(FarEnds)
    names = {user, f"{user}@{domain}"}
    return not names.isdisjoint(ends.users) or any(
        f"user/{name}" in ends.endpoints for name in names
    )


@api("user_data", recordings="34d")
def user_data(switch: Switch, argument: str) -> str:
    """``<user>@<domain> [var|param|attr] <name>``: nothing, as for a user without any."""
    words = separate(argument, " ", 3)
    if len(words) == 3 and words[1:] == ["attr", "id"]:
        user, _, domain = words[0].partition("@")
        return user if _is_user(switch, user, domain or switch.globals.get("domain", "")) else ""
    return ""


@api("group_call", recordings="34d")
def group_call(switch: Switch, argument: str) -> str:
    """``<group>[@<domain>]``: the dial string of its users; there are no groups."""
    return "error/NO_ROUTE_DESTINATION"


@api("in_group", source="mod_commands.c")
def in_group(switch: Switch, argument: str) -> str:
    """``<user>[@<domain>],<group>``; there are no groups."""
    return "false"


@api("domain_exists", source="mod_commands.c")
def domain_exists(switch: Switch, argument: str) -> str:
    """``<domain>``"""
    if not argument:
        return ""
    ends = switch.state(FarEnds)
    named = [*ends.users, *(each for each in ends.endpoints if each.startswith("user/"))]
    domains = {each.partition("@")[2] for each in named} | {switch.globals.get("domain", "")}
    return "true" if argument in domains - {""} else "false"

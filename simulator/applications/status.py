"""The switch about itself: its version, names, modules and counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..clockwork.threads import MILLISECOND, SECOND
from ..model.heartbeat import up_time
from ..model.known_options import note_option
from ..model.tables import api

if TYPE_CHECKING:
    from ..model.switch import Switch

__all__: list[str] = []


#: The modules that are (partly) simulated.
MODULES = frozenset(
    """
    mod_commands mod_conference mod_console mod_dialplan_xml mod_dptools mod_event_socket
    mod_loopback mod_say_en mod_sndfile mod_sofia mod_spandsp mod_tone_stream
    """.split()
)


@api("status", recordings="01a 05a 06f")
def status(switch: Switch, argument: str) -> str:
    count = len(switch.channels)
    return (
        f"UP {up_time(switch.scheduler.now - switch.started)}\n"
        f"FreeSWITCH (Version {switch.version.build}  64bit) is ready\n"
        f"{switch.sessions} session(s) since startup\n"
        f"{count} session(s) - peak {count}, last 5min {count} \n"
        "0 session(s) per Sec out of max 200, peak 2, last 5min 2 \n"
        "1000 session(s) max\n"
        "min idle cpu 0.00/100.00\n"
        "Current Stack Size/Max 240K/8192K\n"
    )


@api("version", recordings="05i 09a 09b")
def version(switch: Switch, argument: str) -> str:
    """``[short]``"""
    if "short" in argument.partition(" ")[0].lower():
        return switch.version.build.partition(" ")[0] + "\n"
    return f"FreeSWITCH Version {switch.version.build}~64bit ( 64bit)\n"


@api("uptime", source="mod_commands.c, uptime_function")
def uptime(switch: Switch, argument: str) -> str:
    units = {"": SECOND, "s": SECOND, "ms": MILLISECOND, "us": 1}
    unit = units.get(argument, SECOND)
    return f"{(switch.scheduler.now - switch.started) // unit}\n"


@api("hostname", recordings="32b")
def hostname(switch: Switch, argument: str) -> str:
    return switch.identity.hostname


@api("switchname", recordings="32b")
def switchname(switch: Switch, argument: str) -> str:
    return switch.identity.switchname


@api("create_uuid", recordings="32b")
def create_uuid(switch: Switch, argument: str) -> str:
    return switch.uuid()


@api("show", source="mod_commands.c, show_function")
def show(switch: Switch, argument: str) -> str:
    """Supports only ``show channels count`` and ``show calls count``."""
    words = argument.split()
    if words[:1] in (["channels"], ["calls"]) and words[-1:] == ["count"]:
        return f"\n{len(switch.channels)} total.\n"
    note_option(switch, None, f"show {argument}".rstrip())
    return "\n0 total.\n"


@api("module_exists", recordings="30a")
def module_exists(switch: Switch, argument: str) -> str:
    if not argument:
        return ""
    return "true" if argument in MODULES else "false"


@api("reloadcert", recordings="40h", since="1.11")
def reloadcert(switch: Switch, argument: str) -> str:
    switch.publish(switch.event("CERT_RELOAD"))
    return "+OK cert reload event sent\n"


@api("reloadxml", recordings="30a")
def reloadxml(switch: Switch, argument: str) -> str:
    return "+OK [Success]\n"

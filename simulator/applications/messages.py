"""Api commands that tell a channel's endpoint something: a phone, a display, a codec.

(switch_core_session_receive_message.) The loopback endpoint passes few messages on; whoever listens
to a call's events sees none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eslsync.wire.separation import separate

from ..model.tables import OK, api, usage
from ..model.variables import is_true

if TYPE_CHECKING:
    from ..model.switch import Switch

__all__: list[str] = []

SUCCESS = "+OK Success\n"
FAILED = "-ERR Operation failed\n"
#: The same, as some commands spell it.
FAILED_TOO = "-ERR Operation Failed\n"


@api("uuid_display", recordings="35d 35p")
def uuid_display(switch: Switch, argument: str) -> str:
    """``<uuid> <name>|<number>``: show another caller; a loopback channel has no display."""
    words = separate(argument, " ", 2)
    if len(words) < 2 or not all(words):
        return usage("<uuid> <display>")
    channel = switch.locate(words[0])
    if channel is None:
        return FAILED
    name, number = [*separate(words[1], "|", 2), "", ""][:2]
    if name:
        channel.set("last_sent_callee_id_name", name)
    if number:
        channel.set("last_sent_callee_id_number", number)
    shown = channel.endpoint != "loopback" or is_true(channel.get("ignore_display_updates"))
    return SUCCESS if shown else FAILED


@api("uuid_simplify", recordings="35d")
def uuid_simplify(switch: Switch, argument: str) -> str:
    if not argument:
        return usage("<uuid>")
    return SUCCESS if switch.locate(argument.split(" ")[0]) is not None else FAILED


@api("uuid_phone_event", recordings="35d")
def uuid_phone_event(switch: Switch, argument: str) -> str:
    if not argument:
        # it continues after the usage, and fails
        return usage("<uuid>") + FAILED
    return SUCCESS if switch.locate(argument.split(" ")[0]) is not None else FAILED


@api("uuid_send_info", recordings="35d")
def uuid_send_info(switch: Switch, argument: str) -> str:
    words = separate(argument, " ", 4)
    if len(words) in (0, 3):
        return usage("<uuid> [<mime_type> <mime_subtype>] <message>") + FAILED_TOO
    return SUCCESS if switch.locate(words[0]) is not None else FAILED_TOO


@api("uuid_send_message", recordings="35d 35p")
def uuid_send_message(switch: Switch, argument: str) -> str:
    words = separate(argument, " ", 2)
    if len(words) < 2:
        return usage("<uuid> <message>")
    if switch.locate(words[0]) is None:
        return "-ERR Unable to find session for UUID\n"
    return SUCCESS


@api("uuid_jitterbuffer", recordings="35p")
def uuid_jitterbuffer(switch: Switch, argument: str) -> str:
    words = separate(argument, " ", 2)
    if len(words) < 2:
        return usage("<uuid> [0|<min_msec>[:<max_msec>]]")
    return SUCCESS if switch.locate(words[0]) is not None else FAILED


@api("uuid_chat", recordings="35d")
def uuid_chat(switch: Switch, argument: str) -> str:
    """``<uuid> <text>``: a loopback or SIP channel takes none."""
    uuid, _, text = argument.partition(" ")
    if not uuid or not text:
        return usage("<uuid> <text>")
    if switch.locate(uuid) is None:
        return f"-ERR No such channel {uuid}!\n"
    return "-ERR Send failed\n"


@api("uuid_buglist", recordings="35d 35p")
def uuid_buglist(switch: Switch, argument: str) -> str:
    """What listens in on a channel's media, or changes it (switch_core_media_bug_enumerate)."""
    if not argument:
        return usage("<uuid>")
    channel = switch.locate(argument.split(" ")[0])
    if channel is None:
        return ""
    told = [
        f" <media-bug>\n  <function>{bug.function}</function>\n  <target>{bug.target}</target>\n"
        "  <thread-locked>0</thread-locked>\n </media-bug>\n"
        for bug in channel.bugs
    ]
    return "".join(["<media-bugs>\n", *told, "</media-bugs>\n"])


@api("uuid_early_ok", source="mod_commands.c, uuid_early_ok_function")
def uuid_early_ok(switch: Switch, argument: str) -> str:
    return "" if switch.locate(argument) is not None else "-ERROR\n"


@api("uuid_send_text", source="mod_commands.c, uuid_send_text")
def uuid_send_text(switch: Switch, argument: str) -> str:
    uuid, _, text = argument.partition(" ")
    if not uuid or not text:
        return usage("<uuid> <text>")
    return OK if switch.locate(uuid) is not None else f"-ERR No such channel {uuid}!\n"

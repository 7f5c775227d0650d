"""What the api command `fifo` tells of queues (mod_fifo.c, fifo_api_function)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eslsync.protocol import quote

from ..clockwork.threads import SECOND
from ..model.api import api
from ..model.arguments import atoi, separate
from ..model.events import local_time
from .fifo import MANUAL_CALLS, PRIORITIES, Fifo, Talk

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.switch import Switch

__all__: list[str] = []


@api("fifo")
def fifo_api(switch: Switch, argument: str) -> str:
    words = separate(argument, " ", 5)
    usage = (
        "list|list_verbose|count|debug|status|has_outbound|importance [<fifo name>]"
        "|reparse [del_all]"
    )
    if not words:
        return f"{usage}\n"
    command = words[0].lower()
    known = {MANUAL_CALLS: Fifo(MANUAL_CALLS), **switch.fifos}
    named = known.get(words[1]) if len(words) > 1 else None
    chosen = list(known.values()) if len(words) < 2 else [named] if named is not None else []
    if command == "count":
        return "".join(map(_counted, chosen)) or "none\n"
    if command == "has_outbound":
        return "".join(f"{each.name}:0\n" for each in chosen) or "none\n"
    if command in ("list", "list_verbose"):
        listed = "".join(map(_listed, chosen))
        return (
            f"<fifo_report>\n{listed}</fifo_report>\n\n"
            if listed
            else "<fifo_report></fifo_report>\n\n"
        )
    if command == "importance":
        if named is None:
            return "no fifo by that name\n"
        if len(words) > 2:
            named.importance = max(0, atoi(words[2]))
        return f"importance: {named.importance}\n"
    if command == "reparse":
        return "+OK\n"
    if command == "debug":
        return f"debug {max(0, atoi(words[1])) if len(words) > 1 else 0}\n"
    return f"-ERR Usage: {usage}\n"


def _counted(fifo: Fifo) -> str:
    """Consumers, callers, members, members that ring, consumers who have nobody to talk to."""
    idle = sum(not consumer.bridged for consumer in fifo.consumers)
    return f"{fifo.name}:{len(fifo.consumers)}:{len(fifo.callers)}:0:0:{idle}\n"


def _listed(fifo: Fifo) -> str:
    count = len(fifo.callers)
    lines = [
        f'  <fifo name="{fifo.name}" consumer_count="{len(fifo.consumers)}" '
        f'caller_count="{count}" waiting_count="{count}" importance="{fifo.importance}" '
        'outbound_per_cycle="0" outbound_per_cycle_min="0" ring_timeout="0" default_lag="0" '
        'outbound_priority="5" outbound_strategy="ringall">',
        "    <outbound></outbound>",
    ]
    ranked = [each for priority in range(PRIORITIES) for each in fifo.of_priority(priority)]
    callers = [
        f"      <caller {_about(each.channel)} "
        f'position="{each.channel.get("fifo_position")}" slot="{each.priority}"></caller>'
        for each in ranked
    ]
    consumers = []
    for each in fifo.consumers:
        target = each.get("fifo_target")
        more = f' target="{target}"' if target else ""
        consumers.append(f"      <consumer {_about(each)}{more}></consumer>")
    bridges = [line for talk in fifo.talks for line in _talk_listed(fifo, talk)]
    for tag, children in (("callers", callers), ("consumers", consumers), ("bridges", bridges)):
        if children:
            lines += [f"    <{tag}>", *children, f"    </{tag}>"]
        else:
            lines.append(f"    <{tag}></{tag}>")
    return "\n".join([*lines, "  </fifo>", ""])


def _about(channel: Channel) -> str:
    name, number = channel.get("caller_id_name") or "", channel.get("caller_id_number") or ""
    return (
        f'uuid="{channel.uuid}" status="{channel.get("fifo_status")}" '
        f'caller_id_name="{quote(name)}" caller_id_number="{quote(number)}" '
        f'timestamp="{channel.get("fifo_timestamp")}"'
    )


def _talk_listed(fifo: Fifo, talk: Talk) -> list[str]:
    profile = talk.caller.profile
    return [
        f'      <bridge fifo_name="{fifo.name}" bridge_start="{local_time(talk.began)}" '
        f'bridge_start_epoch="{talk.began // SECOND}">',
        f'        <caller uuid="{talk.caller.uuid}" caller_id_name="{profile.caller_id_name}" '
        f'caller_id_number="{profile.caller_id_number}"></caller>',
        "        <consumer>",
        f"          <uuid>{talk.consumer.uuid}</uuid>",
        "          <outgoing_uuid></outgoing_uuid>",
        "        </consumer>",
        "      </bridge>",
    ]

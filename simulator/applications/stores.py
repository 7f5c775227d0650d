"""Values shared between calls: the applications and api commands ``hash``, ``db`` and ``group``.

(mod_hash.c, hash_function and hash_api_function; mod_db.c, those of ``db`` and ``group``.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eslsync.wire.separation import separate

from ..model.tables import OK, api, application

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.switch import Switch

__all__: list[str] = []

HASH_USAGE = "insert|insert_ifempty|select|delete|delete_ifmatch/realm/key[/value]"


class Stores:
    """The stored values of a switch, by application, realm and key."""

    def __init__(self, switch: Switch) -> None:
        self.hash: dict[tuple[str, str], str] = {}
        self.db: dict[tuple[str, str], str] = {}
        self.groups: dict[str, list[str]] = {}  #: the dial strings of a group


@application("hash", recordings="28a", nomedia=True, zombie=True)
def hash_application(channel: Channel, data: str) -> None:
    hash_api(channel.switch, data)  # does the same, without an answer


@api("hash", recordings="28a")
def hash_api(switch: Switch, argument: str) -> str:
    action, *words = separate(argument, "/", 4) or [""]
    action = action.lower()
    needs_value = action in ("insert", "insert_ifempty", "delete_ifmatch")
    if len(words) < 2 + needs_value:
        return f"-ERR Usage: hash {HASH_USAGE}\n"
    stored = switch.state(Stores).hash
    key, value = (words[0], words[1]), "".join(words[2:])
    if action == "select":
        return stored.get(key, "")
    if action == "insert":
        stored[key] = value
    elif action == "insert_ifempty":
        if key in stored:
            return "-ERR key already exists\n"
        stored[key] = value
    elif action in ("delete", "delete_ifmatch"):
        if key not in stored:
            return "-ERR Not found\n"
        if needs_value and stored[key] != value:
            return "-ERR Doesn't match\n"
        del stored[key]
    else:
        return f"-ERR Usage: hash {HASH_USAGE}\n"
    return OK


@application("db", needs_data=True, recordings="28a", nomedia=True, zombie=True)
def db_application(channel: Channel, data: str) -> None:
    if data.lower().startswith(("insert/", "delete/")):
        db_api(channel.switch, data)


@api("db", recordings="28a")
def db_api(switch: Switch, argument: str) -> str:
    action, *words = separate(argument, "/", 4) or [""]
    stored = switch.state(Stores).db
    match action.lower(), words:
        case "insert", [realm, key, value]:
            stored[realm, key] = value
            return "+OK"
        case "delete", [realm, key, *_]:
            stored.pop((realm, key), None)
            return "+OK"
        case "select", [realm, key, *_]:
            return stored.get((realm, key), "")
        case "exists", [realm, key, *_]:
            return "true" if stored.get((realm, key)) else "false"
        case "count", [realm]:
            return str(sum(each == realm for each, _ in stored))
        case "count", []:
            return str(len({realm for realm, _ in stored}))
        case "list", [realm]:
            return ",".join(key for each, key in stored if each == realm)
        case "list", []:
            return ",".join(dict.fromkeys(realm for realm, _ in stored))
    return "!err!"


@application("group", source="mod_db.c, group_function", nomedia=True, zombie=True)
def group_application(channel: Channel, data: str) -> None:
    """``insert|delete:<group>:<dial string>``"""
    action, *words = separate(data, ":", 3) or [""]
    groups = channel.switch.state(Stores).groups
    if len(words) < 2:
        return
    name, url = words
    if action.lower() == "insert":
        groups.setdefault(name, []).append(url)
    elif action.lower() == "delete":
        groups[name] = [each for each in groups.get(name, []) if each != url]


@api("group", source="mod_db.c, group_api_function")
def group_api(switch: Switch, argument: str) -> str:
    """``insert|delete:<group>:<dial string>`` or ``call:<group>[:order|multi]``."""
    action, *words = separate(argument, ":", 4) or [""]
    groups = switch.state(Stores).groups
    match action.lower(), words:
        case "insert", [name, url, *_]:
            groups[name] = [each for each in groups.get(name, []) if each != url] + [url]
            return "+OK"
        case "delete", [name, url, *_]:
            kept = [each for each in groups.get(name, []) if url not in ("*", each)]
            groups[name] = kept
            return "+OK"
        case "call", [name, *how]:
            joined = {"order": "|", "multi": ":_:"}.get("".join(how[:1]).lower(), ",")
            return joined.join(groups.get(name, []))
    return "!err!"

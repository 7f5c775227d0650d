"""Limits: how many calls may use a resource at once, or within some seconds (mod_hash, mod_db)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eslsync.wire.separation import separate

from ..clockwork.threads import SECOND, Steps
from ..model import executing
from ..model.arguments import atoi
from ..model.dialplan import transfer
from ..model.tables import api, application
from ..model.variables import is_true

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.switch import Switch

__all__: list[str] = []

BACKENDS = frozenset({"db", "hash"})
#: The default extension for a call that exceeds a limit.
EXCEEDED = "limit_exceeded"
SUBCLASS = "limit::usage"


@dataclass
class Limit:
    """A counted resource: the uuids of the channels that use it, and its rate."""

    users: list[str] = field(default_factory=list)
    rate: int = 0
    since: int = 0  #: the second since the epoch from which the rate is counted


class LimitBackends:
    """The limits of a switch, by backend and ``<realm>_<id>``."""

    def __init__(self, switch: Switch) -> None:
        self.by_key: dict[tuple[str, str], Limit] = {}

    def get(self, backend: str, realm: str, name: str) -> Limit:
        """A limit; a new one is empty."""
        return self.by_key.get((backend, f"{realm}_{name}")) or Limit()

    def of(self, backend: str) -> list[Limit]:
        return [limit for (each, _), limit in self.by_key.items() if each == backend]


def _maximum(text: str) -> tuple[int, int]:
    """``<max>[/<seconds>]``; a maximum of -1 means no limit."""
    if text.startswith("-"):
        return -1, 0
    most, _, seconds = text.partition("/")
    return max(0, atoi(most)), atoi(seconds)


def _take(channel: Channel, what: Sequence[str], most: int, seconds: int) -> bool:
    """Count the channel and note it in its variables; False if it exceeds the limit."""
    backend, realm, name = what
    if backend not in BACKENDS:
        return False
    key = f"{realm}_{name}"
    limit = channel.switch.state(LimitBackends).by_key.setdefault((backend, key), Limit())
    if backend == "db":  # (limit_incr_db)
        channel.set("limit_realm", realm)
        channel.set("limit_id", name)
        channel.set("limit_max", str(most))
        if 0 <= most < len(limit.users) + 1:
            return False
        limit.users.append(channel.uuid)
        _fire(channel.switch, backend, realm, name, limit, most, 0)
    else:
        more = channel.uuid not in limit.users
        if not _take_hash(channel, limit, most, seconds):
            return False
        if more:
            _fire(channel.switch, backend, realm, name, limit, most, max(0, most))
    counts = {"usage": len(limit.users), "rate": limit.rate}
    for count in ("usage", "rate") if backend == "hash" else ("usage",):
        channel.set(f"limit_{count}", str(counts[count]))
        channel.set(f"limit_{count}_{key}", str(counts[count]))
    backends = channel.variables.get("limit_backend")
    if backends is None:
        channel.set("limit_backend", backend)
        channel.when_down.append(lambda: _release_all(channel))
        channel.when_routed.append(lambda: _leave(channel))
    elif backend not in backends:
        channel.set("limit_backend", f"{backends},{backend}")
    return True


def _take_hash(channel: Channel, limit: Limit, most: int, seconds: int) -> bool:
    """A channel is counted once, but every use counts for the rate (limit_incr_hash)."""
    more = channel.uuid not in limit.users
    if seconds > 0:
        now = channel.now // SECOND
        if limit.since <= now - seconds:
            limit.rate, limit.since = 1, now
        else:
            limit.rate += 1
            if 0 <= most < limit.rate:
                return False
    elif 0 <= most < len(limit.users) + more:
        return False
    if more:
        limit.users.append(channel.uuid)
    return True


def _fire(
    switch: Switch, backend: str, realm: str, name: str, limit: Limit, most: int, rate: int
) -> None:
    own = (
        ("backend", backend),
        ("realm", realm),
        ("key", name),
        ("usage", str(len(limit.users))),
        ("rate", str(limit.rate)),
        ("max", str(most)),
        ("ratemax", str(rate)),
    )
    event = switch.event(
        "CUSTOM",
        own,
        before=(("Event-Subclass", SUBCLASS),),
        subclass=SUBCLASS,
        called_from=("switch_limit.c", "switch_limit_fire_event", 64),
    )
    switch.publish(event)


def _leave(channel: Channel) -> None:
    """A transfer ends the limits, unless a variable says otherwise (limit_state_handler)."""
    if not is_true(channel.get("limit_ignore_transfer")):
        _release_all(channel)


def _release_all(channel: Channel) -> None:
    for limit in channel.switch.state(LimitBackends).by_key.values():
        limit.users = [uuid for uuid in limit.users if uuid != channel.uuid]
    channel.set("limit_backend", None)


def _exceeded(channel: Channel, target: Sequence[str]) -> None:
    """``!<cause>``, or ``<extension> [<dialplan> [<context>]]``."""
    if target[0].startswith("!"):
        channel.hangup(channel.switch.cause(target[0][1:], channel))
    else:
        transfer(channel, *target[:3])


@application("limit", needs_data=True, recordings="11l 21u 21v", nomedia=True)
def limit_application(channel: Channel, data: str) -> None:
    """``<backend> <realm> <id> [<max>[/<seconds>] [<extension>|!<cause> ...]]``."""
    words = separate(data, " ", 7)
    if len(words) < 3:
        return
    most, seconds = _maximum(words[3]) if len(words) > 3 else (-1, 0)
    if not _take(channel, words[:3], most, seconds):
        _exceeded(channel, words[4:] or [EXCEEDED])


@application("limit_execute", needs_data=True, recordings="21u", nomedia=True)
def limit_execute(channel: Channel, data: str) -> Steps[None]:
    """``<backend> <realm> <id> <max>[/<seconds>] <application> <argument>``."""
    words = separate(data, " ", 6)
    if len(words) < 6:
        return
    if _take(channel, words[:3], *_maximum(words[3])):
        yield from executing.execute(channel, words[4], words[5])


#: The variable that lets the applications' old names do something.
COMPATIBLE = "switch_limit_backwards_compat_flag"


@application("limit_hash", recordings="21u", nomedia=True)
def limit_hash(channel: Channel, data: str) -> None:
    """``limit hash``, for a configuration that allows the old name."""
    if is_true(channel.get(COMPATIBLE)):
        limit_application(channel, f"hash {data}")


@application("limit_hash_execute", recordings="30c", nomedia=True)
def limit_hash_execute(channel: Channel, data: str) -> Steps[None]:
    if is_true(channel.get(COMPATIBLE)):
        steps = limit_execute(channel, f"hash {data}")
        yield from steps or ()


@api("limit_usage", recordings="21u 28a")
def limit_usage(switch: Switch, argument: str) -> str:
    words = separate(argument, " ", 5)
    if len(words) == 2:
        words.insert(0, "db")
    if len(words) < 3:
        return "USAGE: limit_usage <backend> <realm> <id> [rate]\n"
    return _told(switch.state(LimitBackends).get(*words[:3]), words[3:4])


def _told(limit: Limit, options: Sequence[str]) -> str:
    rate = f"/{limit.rate}" if [word.lower() for word in options] == ["rate"] else ""
    return f"{len(limit.users)}{rate}"


@api("limit_hash_usage", recordings="21u")
def limit_hash_usage(switch: Switch, argument: str) -> str:
    if not argument:
        return (
            "USAGE: limit_hash_usage <realm> <id> [rate] (Using deprecated limit api, "
            "check limit_usage with backend param)\n"
        )
    words = separate(argument, " ", 4)
    name = words[1] if words[1:] else ""
    return _told(switch.state(LimitBackends).get("hash", words[0], name), words[2:3])


@api("uuid_limit", recordings="21u")
def uuid_limit(switch: Switch, argument: str) -> str:
    words = separate(argument, " ", 8)
    if len(words) < 4:
        return (
            "USAGE: uuid_limit <uuid> <backend> <realm> <resource> [<max>[/interval]] "
            "[number [dialplan [context]]]\n"
        )
    channel = switch.locate(words[0])
    if channel is None:
        return f"-ERR Cannot find session with uuid {words[0]}\n"
    most, seconds = _maximum(words[4]) if len(words) > 4 else (-1, 0)
    if not _take(channel, words[1:4], most, seconds):
        _exceeded(channel, words[5:] or [EXCEEDED])
    return "+OK"


@api("uuid_limit_release", recordings="21u")
def uuid_limit_release(switch: Switch, argument: str) -> str:
    words = separate(argument, " ", 5)
    if len(words) < 2:
        return "USAGE: uuid_limit_release <uuid> <backend> [realm] [resource]\n"
    channel = switch.locate(words[0])
    if channel is None:
        return f"-ERR Cannot find session with uuid {words[0]}\n"
    which = "_".join(words[2:4])
    for (backend, key), limit in switch.state(LimitBackends).by_key.items():
        if backend == words[1] and (not which or key == which) and channel.uuid in limit.users:
            limit.users.remove(channel.uuid)
    return "+OK"


@api("limit_interval_reset", recordings="21u")
def limit_interval_reset(switch: Switch, argument: str) -> str:
    words = separate(argument, " ", 5)
    if len(words) < 3:
        return "USAGE: limit_interval_reset <backend> <realm> <resource>\n"
    limit = switch.state(LimitBackends).get(*words[:3])
    limit.rate = limit.since = 0
    return "+OK"


@api("limit_status", recordings="21u")
def limit_status(switch: Switch, argument: str) -> str:
    """Both backends say little."""
    if not argument:
        return "USAGE: limit_status <backend>\n"
    if argument == "hash":
        return "-ERR not supported yet (locking problems)."
    if argument != "db":
        return "-ERR"
    count = sum(len(limit.users) for limit in switch.state(LimitBackends).of("db"))
    return f"Tracking {count} resources for db."


@api("limit_reset", recordings="21u")
def limit_reset(switch: Switch, argument: str) -> str:
    if not argument:
        return "USAGE: limit_reset <backend>\n"
    if argument.partition(" ")[0] != "db":  # (mod_hash refuses)
        return "-ERR"
    for limit in switch.state(LimitBackends).of("db"):
        limit.users.clear()
    return "+OK"

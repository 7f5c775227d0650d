"""Api commands that compute texts, conditions and times."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from eslsync.protocol import quote

from ..clockwork.threads import MILLISECOND, SECOND, Steps, pause
from ..model.arguments import atoi
from ..model.events import local_time
from ..model.tables import api, run_api

if TYPE_CHECKING:
    from ..model.switch import Switch

__all__: list[str] = []


@api("echo", source="mod_commands.c, echo_function")
def echo(switch: Switch, argument: str) -> str:
    return argument


@api("expand", recordings="09a")
def expand(switch: Switch, argument: str) -> Steps[str]:
    if not argument:
        return "-ERR No input\n"
    name, _, rest = argument.partition(" ")
    answer = yield from run_api(switch, name, switch.expand(rest))
    return answer


@api("eval", source="mod_commands.c, eval_function")
def evaluate(switch: Switch, argument: str) -> str:
    return switch.expand(argument)


@api("toupper", source="mod_commands.c, toupper_function")
def toupper(switch: Switch, argument: str) -> str:
    return argument.upper()


@api("tolower", source="mod_commands.c, tolower_function")
def tolower(switch: Switch, argument: str) -> str:
    return argument.lower()


@api("url_encode", source="mod_commands.c, url_encode_function")
def url_encode(switch: Switch, argument: str) -> str:
    return quote(argument)


@api("md5", source="mod_commands.c, md5_function")
def md5(switch: Switch, argument: str) -> str:
    import hashlib  # late, because it loads OpenSSL

    if not argument:
        return "!err!"
    return hashlib.md5(argument.encode("utf-8", "surrogateescape")).hexdigest()


@api("regex", source="mod_commands.c, regex_function")
def regex(switch: Switch, argument: str) -> str:
    """``<text>|<pattern>[|<replacement>]``: "true", "false", or the replacement, filled in."""
    words = argument.split("|")
    if len(words) < 2:
        return "-ERR"
    try:
        match = re.search(words[1], words[0])
    except re.error:
        return "-ERR"
    if len(words) == 2:
        return "true" if match else "false"
    if match is None:
        return words[0]
    groups = [match[0], *match.groups("")]
    return re.sub(r"[$%](\d)", lambda each: groups[int(each[1])], words[2])


@api("cond", source="mod_commands.c, cond_function")
def cond(switch: Switch, argument: str) -> str:
    """``<expression> ? <yes> : <no>``, with ==, !=, <, <=, >, >= between numbers or texts."""
    found = re.fullmatch(r"\s*(.*?)\s*(==|!=|<=|>=|<|>)\s*(.*?)\s*\?\s*(.*?)\s*:\s*(.*)", argument)
    if found is None:
        return "-ERR"
    left, operator, right, yes, no = found.groups()
    left, right = left.strip("'\""), right.strip("'\"")
    both = (left, right)
    numbers = all(re.fullmatch(r"-?\d+(\.\d+)?", each) for each in both)
    a, b = (float(left), float(right)) if numbers else (float(len(left)), float(len(right)))
    equal = a == b if numbers else left == right
    results = {
        "==": equal,
        "!=": not equal,
        "<": a < b,
        "<=": a <= b,
        ">": a > b,
        ">=": a >= b,
    }
    return yes if results[operator] else no.rstrip()


@api("strftime", recordings="09a")
def strftime(switch: Switch, argument: str) -> str:
    return local_time(switch.scheduler.now, argument or "%Y-%m-%d %T".replace("%T", "%H:%M:%S"))


@api("strepoch", source="mod_dptools.c, strepoch_api_function")
def strepoch(switch: Switch, argument: str) -> str:
    """Seconds since the epoch: now, or at a date in UTC."""
    if not argument:
        return str(switch.scheduler.now // SECOND)
    try:
        moment = datetime.fromisoformat(argument.strip())
    except ValueError:
        return "0"
    return str(int(moment.replace(tzinfo=timezone.utc).timestamp()))


@api("msleep", recordings="09a 09f 21f")
def msleep(switch: Switch, argument: str) -> Steps[str]:
    yield from pause(switch.scheduler, max(0, atoi(argument)) * MILLISECOND)
    return "+OK"

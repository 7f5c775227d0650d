"""Api commands that compute texts, conditions and times."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from eslsync.protocol import quote
from eslsync.wire.separation import separate

from ..clockwork.threads import MILLISECOND, SECOND, Steps, pause
from ..model.arguments import atoi
from ..model.events import Block, local_time
from ..model.patterns import search, substitute
from ..model.tables import api, run_api, usage

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.switch import Switch

__all__: list[str] = []

#: What `escape` writes (switch_escape_string).
ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", " ": "\\s", "$": "\\$"}


@api("echo", recordings="30a")
def echo(switch: Switch, argument: str) -> str:
    return argument


@api("expand", recordings="09a 34d", tells=False)
def expand(switch: Switch, argument: str) -> Steps[str]:
    """``[uuid:<uuid> ]<command>[ <argument>]``: run it, the argument expanded by the headers of the
    event that tells of it; one event tells of both.
    """
    own = [("API-Command", "expand")]
    if argument:
        own.append(("API-Command-Argument", argument))
    channel, text = _of_channel(switch, argument)
    blocks = (Block(own), *(() if channel is None else channel.blocks(variables=True)))
    event = switch.event("API", blocks=blocks)
    if not text:
        switch.publish(event)
        return "-ERR No input\n"
    name, _, rest = text.partition(" ")
    named = Block([("Event-Name", "API")])
    answer = yield from run_api(switch, name, switch.expand(rest, [named, *blocks]), None, event)
    if name.lower() not in switch.api_commands:
        return "INVALID COMMAND!\n-ERR Cannot execute command\n"
    return answer


@api("eval", recordings="30a 34d")
def evaluate(switch: Switch, argument: str) -> str:
    """``[uuid:<uuid> ]<text>``: the text, expanded by the headers of the channel's events."""
    channel, text = _of_channel(switch, argument)
    blocks = [Block([("Event-Name", "CHANNEL_DATA")])]
    return switch.expand(text, [*blocks, *(channel.blocks(variables=True) if channel else ())])


def _of_channel(switch: Switch, argument: str) -> tuple[Channel | None, str]:
    """The channel that an argument begins with as ``uuid:<uuid>``, and the rest."""
    if argument[:5].lower() != "uuid:":
        return None, argument
    uuid, _, rest = argument[5:].partition(" ")
    return switch.locate(uuid), rest


@api("coalesce", source="mod_commands.c, coalesce_function")
def coalesce(switch: Switch, argument: str) -> str:
    """``[^^<delimiter>]<text>,<text>...``: the first that is not empty."""
    words = separate(argument, ",", 256)
    if not words:
        return usage("[^^<delim>]<value1>,<value2>,...")
    return next(filter(None, words), "")


@api("getenv", source="mod_commands.c, getenv_function")
def getenv(switch: Switch, argument: str) -> str:
    """The simulated switch has no environment."""
    return "_undef_"


@api("escape", recordings="34d")
def escape(switch: Switch, argument: str) -> str:
    """As C writes it: line ends, tabs, blanks and dollar signs after a backslash."""
    return re.sub("[\n\r\t $]", lambda found: ESCAPES[found[0]], argument)


@api("toupper", recordings="30a")
def toupper(switch: Switch, argument: str) -> str:
    return argument.upper()


@api("tolower", recordings="30a")
def tolower(switch: Switch, argument: str) -> str:
    return argument.lower()


@api("url_encode", recordings="30a")
def url_encode(switch: Switch, argument: str) -> str:
    return quote(argument)


@api("md5", recordings="30a")
def md5(switch: Switch, argument: str) -> str:
    if not argument:
        return "!err!"
    import hashlib  # late, because it loads OpenSSL

    if not argument:
        return "!err!"
    return hashlib.md5(argument.encode("utf-8", "surrogateescape")).hexdigest()


@api("url_decode", recordings="30a")
def url_decode(switch: Switch, argument: str) -> str:
    data = unquote_to_bytes(argument.encode("utf-8", "surrogateescape"))
    return data.decode("utf-8", "surrogateescape")


@api("sql_escape", recordings="30a")
def sql_escape(switch: Switch, argument: str) -> str:
    return argument.replace("'", "''")


@api("quote_shell_arg", recordings="30a")
def quote_shell_arg(switch: Switch, argument: str) -> str:
    inside = argument.replace("'", "'\\''")
    return f"'{inside}'" if argument else ""


@api("replace", recordings="30a")
def replace(switch: Switch, argument: str) -> str:
    """``<text>|<old>|<new>``; ``m:~`` before it makes ``~`` the separator."""
    words = _delimited(argument, 3)
    return words[0].replace(words[1], words[2]) if len(words) == 3 else "-ERR"


@api("is_lan_addr", recordings="30a")
def is_lan_addr(switch: Switch, argument: str) -> str:
    lan = re.match(
        r"10\.|192\.168\.|127\.|255\.|0\.|1\.|2\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.", argument
    )
    return "true" if lan else "false"


@api("regex", recordings="30a")
def regex(switch: Switch, argument: str) -> str:
    """``<text>|<pattern>[|<replacement>[|n|b]]``: "true", "false", or the replacement, filled in.

    ``m:~`` before it makes ``~`` the separator. What replaces nothing is the text, "false" with
    the flag ``b``, or nothing with ``n``.
    """
    words = _delimited(argument, 4)
    if len(words) < 2:
        return "-ERR"
    match = search(switch, None, words[1], words[0])
    if len(words) == 2:
        return "true" if match else "false"
    if match is None:
        flags = words[3] if len(words) > 3 else ""
        return "" if "n" in flags else "false" if "b" in flags else words[0]
    return substitute(match, words[2].replace("%", "$"))


def _delimited(argument: str, most: int) -> list[str]:
    """The words of an argument, separated by ``|``, or by a character that ``m:`` names."""
    separator = "|"
    if argument[:2] == "m:" and argument[2:3] in ("|", "~", "/"):
        separator, argument = argument[2], argument[3:]
    return separate(argument, separator, most)


#: One side of a condition: quoted, with escapes, or a word.
_SIDE = r"(?:'((?:\\[\\']|[^'])*)'(?=\s)|([^\s']\S*))"
_CONDITION = re.compile(rf"{_SIDE}\s+(==|!=|<=|>=|<|>)\s*{_SIDE}\s+\?(.*)", re.DOTALL)
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@api("cond", recordings="30a")
def cond(switch: Switch, argument: str) -> str:
    """``<expression> ? <yes> [: <no>]``, with ==, !=, <, <=, >, >= between numbers or texts.

    A text counts as its length, unless both are texts and compared for equality.
    """
    found = _CONDITION.fullmatch(argument)
    if found is None:
        return "-ERR"
    quoted_a, plain_a, compares, quoted_b, plain_b, rest = found.groups()
    a, b = (quoted_a or plain_a or "", quoted_b or plain_b or "")
    numbers = [re.fullmatch(r"-?[\d.]+", each or "") is not None for each in (plain_a, plain_b)]
    if compares in ("==", "!=") and not any(numbers):
        true = (a == b) == (compares == "==")
    else:
        values = [
            float(each) if number else float(len(each))
            for each, number in zip((a, b), numbers, strict=True)
        ]
        true = _OPERATORS[compares](*values)
    answers = separate(f":{rest}", ":", 3)
    if len(answers) < 2:
        return "-ERR"
    return answers[1] if true else "".join(answers[2:])


@api("strftime", recordings="09a")
def strftime(switch: Switch, argument: str) -> str:
    return local_time(switch.scheduler.now, argument or None)


@api("strepoch", recordings="30a")
def strepoch(switch: Switch, argument: str) -> str:
    return str(_epoch(switch, argument))


def _epoch(switch: Switch, argument: str) -> int:
    """Seconds since the epoch: now, or at a date in UTC."""
    if not argument:
        return switch.scheduler.now // SECOND
    try:
        moment = datetime.fromisoformat(argument.strip())
    except ValueError:
        return 0
    return int(moment.replace(tzinfo=timezone.utc).timestamp())


@api("strmicroepoch", recordings="30a")
def strmicroepoch(switch: Switch, argument: str) -> str:
    """As strepoch, in microseconds."""
    now = switch.scheduler.now
    return str(_epoch(switch, argument) * SECOND if argument else now)


@api("msleep", recordings="09a 09f 21f")
def msleep(switch: Switch, argument: str) -> Steps[str]:
    yield from pause(switch.scheduler, max(0, atoi(argument)) * MILLISECOND)
    return "+OK"

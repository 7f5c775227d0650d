"""The tables of dialplan applications and api commands.

The decorators `application` and `api` register functions; a `Switch` is created with the tables.
Both kinds of function either return when they are done, or are generators that run on a
simulated thread and may take time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..clockwork.threads import Steps

if TYPE_CHECKING:
    from .channel import Channel
    from .switch import Switch

__all__ = [
    "API_COMMANDS",
    "APPLICATIONS",
    "NO_CHANNEL",
    "OK",
    "ApiFunction",
    "Application",
    "api",
    "application",
    "located",
    "run_api",
    "usage",
]

ApplicationFunction = Callable[["Channel", str], "Steps[None] | None"]
ApiFunction = Callable[["Switch", str], "str | Steps[str]"]


@dataclass(frozen=True)
class Application:
    """A dialplan application: a function of the channel and its argument.

    ``nomedia``: it needs no media; any other application pre-answers an unanswered channel.
    ``zombie``: it also runs on a channel that was hung up.
    """

    name: str
    function: ApplicationFunction
    nomedia: bool = False
    zombie: bool = False


APPLICATIONS: dict[str, Application] = {}
API_COMMANDS: dict[str, ApiFunction] = {}


def application(
    name: str, *, nomedia: bool = False, zombie: bool = False
) -> Callable[[ApplicationFunction], ApplicationFunction]:
    """Register a function as the application ``name`` (SWITCH_ADD_APP)."""

    def add(function: ApplicationFunction) -> ApplicationFunction:
        if name in APPLICATIONS:
            raise ValueError(f"there are two applications {name!r}")
        APPLICATIONS[name] = Application(name, function, nomedia, zombie)
        return function

    return add


def api(name: str) -> Callable[[ApiFunction], ApiFunction]:
    """Register a function as the api command ``name`` (SWITCH_ADD_API)."""

    def add(function: ApiFunction) -> ApiFunction:
        if name in API_COMMANDS:
            raise ValueError(f"there are two api commands {name!r}")
        API_COMMANDS[name] = function
        return function

    return add


# --- running an api command, and its answers

#: Stripped from both ends of a command's argument (switch_strip_whitespace).
BLANKS = " \t\n\v\r"
NO_CHANNEL = "-ERR No such channel!\n"
OK = "+OK\n"


def run_api(switch: Switch, name: str, argument: str) -> Steps[str]:
    """Run a command and return what it printed (switch_api_execute)."""
    name, argument = name.strip(BLANKS), argument.strip(BLANKS)
    function = switch.api_commands.get(name.lower())
    if function is None:
        answer: str | Steps[str] = f"-ERR {name} Command not found!\n"
    else:
        answer = function(switch, argument)
    if isinstance(answer, Generator):
        answer = yield from answer
    own = [("API-Command", name)]
    if argument:
        own.append(("API-Command-Argument", argument))
    switch.publish(switch.event("API", own))
    return answer


def usage(text: str) -> str:
    """The answer to a command whose argument is wrong."""
    return f"-USAGE: {text}\n"


def located(switch: Switch, argument: str, syntax: str) -> tuple[Channel | None, str, str]:
    """The channel whose uuid begins the argument, the rest, and the answer if there is none."""
    uuid, _, rest = argument.partition(" ")
    if not uuid:
        return None, "", usage(syntax)
    return switch.locate(uuid), rest, NO_CHANNEL

"""The tables of dialplan applications and api commands.

The decorators `application` and `api` register functions; a `Switch` is created with the tables.
Both kinds of function either return when they are done, or are generators that run on a
simulated thread and may take time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from eslsync.callables import check_function

from ..clockwork.threads import Steps
from .evidence import YOURS, Evidence, Part
from .spelling import hint

if TYPE_CHECKING:
    from .channel import Channel
    from .events import SwitchEvent
    from .switch import Switch
    from .versions import Version

__all__ = [
    "API_COMMANDS",
    "APPLICATIONS",
    "NO_CHANNEL",
    "OK",
    "ApiCommand",
    "ApiFunction",
    "Application",
    "ApplicationFunction",
    "Entry",
    "api",
    "application",
    "located",
    "not_modelled",
    "not_modelled_api",
    "note_unknown_command",
    "run_api",
    "tables_of",
    "usage",
    "with_yours",
]

ApplicationFunction = Callable[["Channel", str], "Steps[None] | None"]
ApiFunction = Callable[["Switch", str], "str | Steps[str]"]


@dataclass(frozen=True)
class Application:
    """A dialplan application: a function of the channel and its argument.

    ``nomedia``: it needs no media; any other application pre-answers an unanswered channel.
    ``zombie``: it also runs on a channel that was hung up. ``needs_data``: without an
    argument it does nothing. ``where`` is its FreeSWITCH module. ``since`` and ``until`` are the
    first and the last version that have it (default: all).
    """

    name: str
    function: ApplicationFunction
    nomedia: bool = False
    zombie: bool = False
    needs_data: bool = False
    evidence: Evidence = YOURS
    where: str = ""
    since: str = ""
    until: str = ""

    @cached_property
    def part(self) -> Part:
        """Its entry in what a call stands on."""
        return Part("application", self.name, self.evidence, self.where)


@dataclass(frozen=True)
class ApiCommand:
    """An api command: a function of the switch and its argument, which returns what it prints.

    ``where``, ``since`` and ``until`` are as for `Application`.
    """

    name: str
    function: ApiFunction
    evidence: Evidence = YOURS
    where: str = ""
    since: str = ""
    until: str = ""
    tells: bool = True  #: an event tells of it; False: its function sees to that

    @cached_property
    def part(self) -> Part:
        """Its entry in what a call stands on."""
        return Part("api command", self.name, self.evidence, self.where)


APPLICATIONS: dict[str, Application] = {}
API_COMMANDS: dict[str, ApiCommand] = {}


def application(
    name: str,
    *,
    recordings: str = "",
    source: str = "",
    nomedia: bool = False,
    zombie: bool = False,
    needs_data: bool = False,
) -> Callable[[ApplicationFunction], ApplicationFunction]:
    """Register a function as the application ``name`` (SWITCH_ADD_APP).

    ``recordings`` are the numbers of recordings that show it, separated by blanks; ``source`` is
    the FreeSWITCH source that it was read from. One of them is required.
    """
    evidence = _evidence(name, recordings, source)

    def add(function: ApplicationFunction) -> ApplicationFunction:
        _add(Application(name, function, nomedia, zombie, needs_data, evidence))
        return function

    return add


def api(
    name: str, *, recordings: str = "", source: str = "", tells: bool = True, since: str = ""
) -> Callable[[ApiFunction], ApiFunction]:
    """Register a function as the api command ``name`` (SWITCH_ADD_API), as `application`.

    With ``tells=False``, the function publishes the event that tells of it. ``since`` is the
    first version of FreeSWITCH that has it.
    """
    evidence = _evidence(name, recordings, source)

    def add(function: ApiFunction) -> ApiFunction:
        _add_api(ApiCommand(name, function, evidence, tells=tells, since=since))
        return function

    return add


def _evidence(name: str, recordings: str, source: str) -> Evidence:
    if not recordings and not source:
        raise ValueError(f"{name!r} needs evidence: recordings= or source=")
    return Evidence(tuple(recordings.split()), source)


def _add(application: Application) -> None:
    if application.name in APPLICATIONS:
        raise ValueError(f"there are two applications {application.name!r}")
    APPLICATIONS[application.name] = application


def _add_api(command: ApiCommand) -> None:
    if command.name in API_COMMANDS:
        raise ValueError(f"there are two api commands {command.name!r}")
    API_COMMANDS[command.name] = command


# --- what a version has, and what users model


Entry = TypeVar("Entry", Application, ApiCommand)


@lru_cache
def tables_of(version: Version) -> tuple[Mapping[str, Application], Mapping[str, ApiCommand]]:
    """The applications and api commands that this version of FreeSWITCH has."""
    return _of_version(APPLICATIONS, version), _of_version(API_COMMANDS, version)


def _of_version(table: Mapping[str, Entry], version: Version) -> Mapping[str, Entry]:
    return {name: each for name, each in table.items() if version.includes(each.since, each.until)}


def with_yours(
    kind: type[Entry], ours: Mapping[str, Entry], yours: Mapping[str, Callable[..., Any]] | None
) -> Mapping[str, Entry]:
    """A table with a user's functions added, or in the place of ours."""
    if not yours:
        return ours
    table = dict(ours)
    for name, function in yours.items():
        new = kind(name, function)
        check_function(f"the {new.part.kind} {name!r}", function, 2, may_yield=True)
        like = ours.get(name.lower(), new)
        table[name.lower()] = replace(like, function=function, evidence=YOURS, where="")
    return table


# --- what FreeSWITCH has and the simulated switch does not


def not_modelled(
    names: str, *, module: str, nomedia: bool = False, zombie: bool = False, until: str = ""
) -> None:
    """Declare applications of a FreeSWITCH module that are not modelled.

    A call that executes one fails, unless its user has allowed it; then it does nothing.
    ``until`` is the last version of FreeSWITCH that has the module.
    """
    unmodelled = Evidence(modelled=False)
    for name in names.split():
        each = Application(name, _nothing, nomedia, zombie, evidence=unmodelled, where=module)
        _add(replace(each, until=until))


def not_modelled_api(names: str, *, module: str, since: str = "", until: str = "") -> None:
    """Declare api commands of a FreeSWITCH module that are not modelled, as `not_modelled`."""
    unmodelled = Evidence(modelled=False)
    for name in names.split():
        _add_api(ApiCommand(name, _print_nothing, unmodelled, module, since, until))


def _nothing(channel: Channel, data: str) -> None:
    pass


def _print_nothing(switch: Switch, argument: str) -> str:
    return ""


# --- running an api command, and its answers

#: Stripped from both ends of a command's argument (switch_strip_whitespace).
BLANKS = " \t\n\v\r"
NO_CHANNEL = "-ERR No such channel!\n"
OK = "+OK\n"


def run_api(
    switch: Switch,
    name: str,
    argument: str,
    channel: Channel | None = None,
    event: SwitchEvent | None = None,
    *,
    answered: bool = False,
) -> Steps[str]:
    """Run a command and return what it printed (switch_api_execute).

    ``channel`` is the channel whose app or argument asks for it, if any. ``event`` tells of it,
    by default an API event. With ``answered``, the answer itself tells that a command is unknown;
    any other unknown one is reported.
    """
    name, argument = name.strip(BLANKS), argument.strip(BLANKS)
    command = switch.api_commands.get(name.lower())
    if command is None:
        if not answered:
            note_unknown_command(switch, name, channel)
        answer: str | Steps[str] = f"-ERR {name} Command not found!\n"
    else:
        switch.on_used(command.part, channel)
        answer = command.function(switch, argument)
    if isinstance(answer, Generator):
        answer = yield from answer
    if command is not None and not command.tells:
        return answer
    own = [("API-Command", name)]
    if argument:
        own.append(("API-Command-Argument", argument))
    if event is None:
        event = switch.event("API", own)
    event.own = own
    switch.publish(event)
    return answer


def note_unknown_command(switch: Switch, name: str, channel: Channel | None) -> None:
    """Report an api command that FreeSWITCH does not have, of which nothing else tells."""
    why = f"there is no such api command{hint(name, switch.api_commands)}"
    switch.refused(f"the command {name}", channel, why)


def usage(text: str) -> str:
    """The answer to a command whose argument is wrong."""
    return f"-USAGE: {text}\n"


def located(
    switch: Switch, argument: str, syntax: str, *, words: int = 1
) -> tuple[Channel | None, str, str]:
    """The channel whose uuid begins the argument, the rest, and the answer if there is none.

    An argument of fewer ``words`` is answered with the syntax, whether or not there is a channel.
    """
    uuid, _, rest = argument.partition(" ")
    if len(argument.split()) < words:
        return None, "", usage(syntax)
    return switch.locate(uuid), rest, NO_CHANNEL

"""Commands as other libraries write them: what to write here instead."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .declared import declared
from .shown import in_quotes

__all__ = ["check_api", "check_call_command", "check_command", "check_execute"]

#: The commands of ``sendmsg`` (switch_ivr.c, switch_ivr_parse_event).
CALL_COMMANDS = frozenset({"execute", "hangup", "nomedia", "unicast", "xferext"})
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def check_command(command: object, headers: object) -> None:
    """Raise TypeError or ValueError for a command that is not one line of text, saying the way."""
    if not isinstance(command, str):
        raise TypeError(f"a command is text, such as 'linger 10', not {type(command).__name__}")
    if headers is not None and not isinstance(headers, Mapping):
        raise TypeError(f"headers are a mapping of names to values, not {type(headers).__name__}")
    if "\n" in command or "\r" in command:
        raise ValueError(f"a command is one line: {_instead(command)}")
    if command[:7].lower() == "sendmsg" and not headers:
        raise ValueError(
            "sendmsg without headers does nothing: write channel.execute(application, argument), "
            "or session.send('sendmsg', headers={'call-command': ...})"
        )


def _instead(command: str) -> str:
    """What to write instead of a command of several lines. Shows no argument: it may be secret."""
    lines = command.replace("\r", "").strip("\n").split("\n")
    line, rest = lines[0], [each for each in lines[1:] if each]
    verb = line.split(" ")[0].lower()
    if not rest:
        return f"leave out the line breaks around {in_quotes(verb)}; they are added"
    if not all(re.match(r"[!-9;-~]+:", each) for each in rest) and verb not in ("sendevent",):
        return f"send {len(rest) + 1} commands by as many calls"
    if verb == "sendmsg":
        told = {name.lower(): value.strip() for name, _, value in (e.partition(":") for e in rest)}
        application = told.get("execute-app-name", "application")
        leg = "session.leg(uuid)" if line.strip()[7:].strip() else "channel"
        return (
            f"write {leg}.execute({in_quotes(application)}, argument), or give the headers apart: "
            "session.send('sendmsg', headers={'call-command': ...})"
        )
    if verb == "sendevent":
        return "write session.sendevent(name, headers, body)"
    return f"give the headers apart: session.send({in_quotes(verb)} ..., headers={{...}})"


def check_api(command: object) -> None:
    """Raise TypeError or ValueError for an api command as one sends it oneself."""
    if not isinstance(command, str):
        raise TypeError(f"an api command is text, such as 'status', not {type(command).__name__}")
    stripped = command.rstrip("\r\n")
    if stripped != command and not {"\r", "\n"} & set(stripped):
        raise ValueError("leave out the line breaks at the end of an api command; they are added")
    verb, blank, _ = command.partition(" ")
    if blank and verb.lower() in ("api", "bgapi"):
        raise ValueError(f"leave out {verb!r}: write the api command alone, such as 'status'")


def check_call_command(call_command: str) -> None:
    """Raise ValueError for what other libraries pass first."""
    if _UUID.fullmatch(call_command):
        raise ValueError(f"write sendmsg(call_command, headers, uuid={call_command!r})")
    if call_command not in CALL_COMMANDS and declared(call_command).name:
        raise ValueError(
            f"{call_command!r} is an application: write channel.execute({call_command!r}, argument)"
        )


def check_execute(application: object, argument: object) -> None:
    """Raise TypeError or ValueError for an application that is not given by name and argument."""
    if not isinstance(application, str) or not isinstance(argument, (str, bytes)):
        raise TypeError(
            "execute takes an application and its argument, both text, as in "
            f"execute('playback', 'a.wav'), not {in_quotes(application)} and "
            f"{type(argument).__name__}"
        )
    name, _, rest = application.replace("::", " ").partition(" ")
    if rest and name:
        raise ValueError(
            f"execute takes the application and its argument apart: execute({in_quotes(name)}, ...)"
        )

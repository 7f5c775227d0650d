"""How FreeSWITCH reads an application's argument: expansion and numbers.

A wrong argument must fail here as it fails there, so these functions follow switch_utils.c and
switch_channel.c statement by statement.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from eslsync.wire.separation import closing

__all__ = ["Lookup", "atoi", "expand", "holds_variables"]

_NUMBER = re.compile(r"\s*[+-]?\d+")
#: Looks a name up; the number is the index of an element of an array, or -1 for all of it.
Lookup = Callable[[str, int], "str | None"]
_VARIABLE = re.compile(r"\$[$\\]*\{")


def atoi(text: str | None) -> int:
    """C's atoi: the number at the start of a text, after blanks; 0 if there is none."""
    found = _NUMBER.match(text or "")
    return int(found[0]) if found else 0


#: The maximum depth of variables in the values of variables.
DEEPEST = 100
#: Matches a text that has something to expand (switch_string_var_check_const,
#: switch_string_has_escaped_data).
_EXPANDABLE = re.compile(r"\$[$\\]*\{|\\[\\nst']")


def holds_variables(text: str) -> bool:
    """True if FreeSWITCH finds a variable in the text (switch_string_var_check_const)."""
    return _VARIABLE.search(text) is not None


def expand(
    text: str,
    lookup: Lookup,
    api: Callable[[str, str], str] | None = None,
    depth: int = 0,
    *,
    headers: Lookup | None = None,
) -> str:
    """Expand ``${name}``, ``${name[index]}``, ``${name:offset:length}`` and ``${api(arg)}``
    (switch_channel_expand_variables).

    ``$${name}`` is treated the same; ``lookup`` knows the globals, too. An unset variable expands
    to nothing, a variable's value is itself expanded, and ``\\$`` stands for a dollar sign.
    ``headers`` of an event come first, but not for ``$${name}``, and their values stay as they are
    (switch_event_expand_headers).
    """
    if ("$" not in text and "\\" not in text) or depth > DEEPEST or not _EXPANDABLE.search(text):
        return text

    def nested(text: str) -> str:
        return expand(text, lookup, api, depth + 1, headers=headers)

    out = []
    at, end = 0, len(text)
    while at < end:
        two = text[at : at + 2]
        if two == "\\$":
            at += 1 + (text[at + 2 : at + 3] == "$")
            out.append("$")
        elif two == "\\'":
            at += 1
        elif two == "\\\\":
            at += 1
            out.append("\\")
        elif text.startswith(("${", "$${"), at):
            start = text.index("{", at) + 1
            close = closing(text, start, "{", "}")
            name = text[start:] if close < 0 else text[start:close]
            own = headers if two == "${" else None
            out.append(_value(name, lookup, api, nested, own))
            at = end if close < 0 else close + 1
            # the next character is copied unchanged, unless it begins another variable
            if text[at : at + 1] not in ("", "$"):
                out.append(text[at])
                at += 1
            continue
        else:
            # ``$$`` that is not followed by a brace is one dollar sign
            at += two == "$$"
            out.append(text[at])
        at += 1
    return "".join(out)


def _value(
    name: str,
    lookup: Lookup,
    api: Callable[[str, str], str] | None,
    nested: Callable[[str], str],
    headers: Lookup | None,
) -> str:
    """The value of the text in braces: a variable, or a command and its argument."""
    called = re.search(r"[ (]", name)
    if called is not None:
        if api is None:
            return ""
        command = nested(name[: called.start()])
        argument = _argument(name[called.end() :], depth=int(called[0] == "("))
        return api(command, nested(argument))
    name, colon, cut = nested(name).partition(":")
    index = -1
    if "]" in name.partition("[")[2]:
        name, _, inside = name.partition("[")
        index = atoi(inside)
    value = None if headers is None else headers(name, index)
    if value is None:
        value = nested(lookup(name, index) or "")
    if colon:
        offset, _, length = cut.partition(":")
        start = atoi(offset)
        value = value[start:] if abs(start) <= len(value) else ("" if start > 0 else value)
        if length and atoi(length) > 0:
            value = value[: atoi(length)]
    return value


def _argument(text: str, depth: int) -> str:
    """The text up to the closing parenthesis of the command."""
    for at, character in enumerate(text):
        if character == "(":
            depth += 1
        elif character == ")" and depth > 1:
            depth -= 1
        elif character == ")" and depth == 1:
            return text[:at]
    return text

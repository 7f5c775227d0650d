"""How FreeSWITCH reads an application's argument: expansion, splitting, numbers.

A wrong argument must fail here as it fails there, so these functions follow switch_utils.c and
switch_channel.c statement by statement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

__all__ = ["atoi", "expand", "holds_variables", "separate", "variables_of"]


def atoi(text: str | None) -> int:
    """C's atoi: the number at the start of a text, after blanks; 0 if there is none."""
    found = re.match(r"\s*[+-]?\d+", text or "")
    return int(found[0]) if found else 0


def separate(text: str, delimiter: str = " ", limit: int = 1000) -> list[str]:
    """Split an argument string (switch_separate_string).

    A blank as delimiter collapses; single quotes keep an argument together; a backslash escapes
    the next character. The ``limit``th argument is the rest of the text. A text that begins with
    ``^^`` and a character is split at that character.
    """
    if text.startswith("^^") and len(text) > 2:
        text, delimiter = text[3:], text[2]
    if delimiter == " ":
        return [_clean(piece, "") for piece in _split_blanks(text, limit)]
    return [_clean(piece, delimiter) for piece in _split(text, delimiter, limit)]


def _split_blanks(text: str, limit: int) -> Iterator[str]:
    """switch_utils.c, separate_string_blank_delim."""
    at, end, count = 0, len(text), 0
    while True:
        while at < end and text[at] == " ":
            at += 1
        if at >= end:
            if end and not count:
                yield ""
            return
        count += 1
        if count == limit:
            yield text[at:]
            return
        start, quoted = at, False
        while at < end and (quoted or text[at] != " "):
            if text[at] == "\\":
                at += 1
            elif text[at] == "'":
                quoted = not quoted
            at += 1
        yield text[start:at]


def _split(text: str, delimiter: str, limit: int) -> Iterator[str]:
    """switch_utils.c, separate_string_char_delim."""
    at, end, count = 0, len(text), 0
    while at < end:
        count += 1
        if count == limit:
            yield text[at:]
            return
        start, quoted = at, False
        while at < end and (quoted or text[at] != delimiter):
            if text[at] == "\\":
                at += 1
            elif text[at] == "'" and (quoted or "'" in text[at + 1 :]):
                quoted = not quoted
            at += 1
        yield text[start:at]
        at += 1


#: The maximum depth of variables in the values of variables.
DEEPEST = 100
#: Matches a text that has something to expand (switch_string_var_check_const,
#: switch_string_has_escaped_data).
_EXPANDABLE = re.compile(r"\$[$\\]*\{|\\[\\nst']")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "s": " "}


def _clean(piece: str, delimiter: str) -> str:
    """Remove blanks, quotes and escapes (cleanup_separated_string)."""
    out: list[str] = []
    quoted, at, kept = False, 0, 0
    piece = piece.lstrip(" ")
    while at < len(piece):
        character = piece[at]
        following = piece[at + 1 : at + 2]
        if character == "\\" and following and following in "'\"\\nrts" + delimiter:
            out.append(_ESCAPED.get(following, following))
            at += 2
            kept = len(out)
            continue
        if character == "'" and (quoted or "'" in piece[at + 1 :]):
            quoted = not quoted
            if quoted:
                kept = len(out)
        else:
            out.append(character)
            if character != " " or quoted:
                kept = len(out)
        at += 1
    return "".join(out[:kept])


def variables_of(text: str) -> tuple[dict[str, str], str]:
    """The variables in brackets before a dial string or file, and the rest: ``{a=1,b=2}rest``
    (switch_event_create_brackets).
    """
    found: dict[str, str] = {}
    while text.startswith(("{", "<", "[")):
        close = {"{": "}", "<": ">", "[": "]"}[text[0]]
        end = _closing(text, 1, text[0], close)
        if end < 0:
            break
        for pair in separate(text[1:end], ","):
            name, *value = separate(pair, "=", 2) or [""]
            if value:
                found[name] = value[0]
        text = text[end + 1 :].lstrip(" ")
    return found, text


def holds_variables(text: str) -> bool:
    """True if FreeSWITCH finds a variable in the text (switch_string_var_check_const)."""
    return re.search(r"\$[$\\]*\{", text) is not None


def expand(
    text: str,
    lookup: Callable[[str], str | None],
    api: Callable[[str, str], str] | None = None,
    depth: int = 0,
) -> str:
    """Expand ``${name}``, ``${name:offset:length}`` and ``${api(arg)}``
    (switch_channel_expand_variables).

    ``$${name}`` is treated the same; ``lookup`` knows the globals, too. An unset variable expands
    to nothing, a variable's value is itself expanded, and ``\\$`` stands for a dollar sign.
    """
    if depth > DEEPEST or not _EXPANDABLE.search(text):
        return text
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
            close = _closing(text, start, "{", "}")
            name = text[start:] if close < 0 else text[start:close]
            out.append(_value(name, lookup, api, depth + 1))
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


def _closing(text: str, at: int, opening: str, close: str) -> int:
    depth = 1
    for position in range(at, len(text)):
        depth += {opening: 1, close: -1}.get(text[position], 0)
        if depth == 0:
            return position
    return -1


def _value(
    name: str,
    lookup: Callable[[str], str | None],
    api: Callable[[str, str], str] | None,
    depth: int,
) -> str:
    """The value of the text in braces: a variable, or a command and its argument."""
    called = re.search(r"[ (]", name)
    if called is not None:
        if api is None:
            return ""
        command = expand(name[: called.start()], lookup, api, depth)
        argument = _argument(name[called.end() :], depth=int(called[0] == "("))
        return api(command, expand(argument, lookup, api, depth))
    name, colon, cut = expand(name, lookup, api, depth).partition(":")
    value = expand(lookup(name) or "", lookup, api, depth)
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

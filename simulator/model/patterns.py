"""Regular expressions in arguments (switch_regex.c).

An expression may be written ``/.../`` with the options ``i`` and ``s``, and may match anywhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .pcre import Unsupported, compile_pcre
from .versions import PCRE2

if TYPE_CHECKING:
    from .channel import Channel
    from .switch import Switch

__all__ = ["check_pattern", "groups_of", "matches", "search", "substitute"]

#: The groups for which 1.10 has room (``ovector[30]``): with more, it finds no match.
GROUPS = 9
#: What an Asterisk pattern, ``_NXX.``, stands for (switch_ast2regex).
ASTERISK = {"N": "[2-9]", "X": "[0-9]", "Z": "[1-9]", ".": ".*"}
_DELIMITED = re.compile(r"/(.*)/([^/]*)", re.DOTALL)
_REFERENCE = re.compile(r"\$(?:\{(\d+)\}|(\d{1,9}))")


def search(
    switch: Switch, channel: Channel | None, pattern: str, text: str
) -> re.Match[str] | None:
    """The match of an expression anywhere in a text (switch_regex_perform).

    ``_`` begins an Asterisk pattern. What can't be compiled never matches.
    """
    if pattern.startswith("_"):
        pattern = f"^{''.join(ASTERISK.get(each, each) for each in pattern[1:])}$"
    compiled = _compiled(switch, channel, pattern)
    found = None if compiled is None else compiled.search(text)
    if found is not None and not switch.version.has(PCRE2) and any(found.groups()[GROUPS:]):
        return None
    return found


def matches(switch: Switch, channel: Channel | None, pattern: str, text: str) -> bool:
    """True if an expression matches anywhere in a text (switch_regex_match)."""
    compiled = _compiled(switch, channel, pattern)
    return compiled is not None and compiled.search(text) is not None


def check_pattern(switch: Switch, channel: Channel | None, pattern: str) -> bool:
    """False for an expression that can't be compiled, which is reported."""
    return _compiled(switch, channel, pattern) is not None


def groups_of(switch: Switch, match: re.Match[str]) -> list[str | None]:
    """The match and its groups, up to the last that is set (switch_capture_regex).

    A group that is not set is None, on 1.10 the empty string.
    """
    groups = [match[0], *match.groups(None if switch.version.has(PCRE2) else "")]
    last = max((n for n, each in enumerate(match.groups(), 1) if each is not None), default=0)
    return groups[: last + 1]


def substitute(match: re.Match[str], text: str) -> str:
    """A text with ``$1`` and ``${1}`` replaced by groups (switch_perform_substitution)."""
    groups = [match[0], *match.groups("")]

    def group(reference: re.Match[str]) -> str:
        number = int(reference[1] or reference[2])
        return groups[number] if number < len(groups) else ""

    return _REFERENCE.sub(group, text)


def _compiled(switch: Switch, channel: Channel | None, pattern: str) -> re.Pattern[str] | None:
    """The compiled expression; None if FreeSWITCH does not compile it, which is reported."""
    expression, flags = pattern, 0
    if pattern.startswith("/"):
        delimited = _DELIMITED.fullmatch(pattern)
        if delimited is None:
            why = "it begins with a slash, and does not end with one"
            switch.refused(f"the expression {pattern!r}", channel, why)
            return None
        expression = delimited[1]
        flags |= re.IGNORECASE if "i" in delimited[2] else 0
        flags |= re.DOTALL if "s" in delimited[2] else 0
    try:
        return compile_pcre(expression, pcre2=switch.version.has(PCRE2), flags=flags)
    except Unsupported as error:
        switch.not_modelled("argument", pattern, channel, f"a regular expression with {error}")
    except re.error as error:
        why = f"it is not a regular expression: {error}"
        switch.refused(f"the expression {pattern!r}", channel, why)
    return None

"""Regular expressions in arguments (switch_regex.c)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .channel import Channel
    from .switch import Switch

__all__ = ["check_pattern", "search"]


def search(
    switch: Switch, channel: Channel | None, pattern: str, text: str
) -> re.Match[str] | None:
    """The match of a pattern anywhere in a text; one that can't be compiled never matches."""
    if not check_pattern(switch, channel, pattern):
        return None
    return re.search(pattern, text)


def check_pattern(switch: Switch, channel: Channel | None, pattern: str) -> bool:
    """False for a pattern that can't be compiled, which is reported (switch_regex_perform)."""
    try:
        re.compile(pattern)
    except re.error as error:
        why = f"it is not a regular expression: {error}"
        switch.refused(f"the expression {pattern!r}", channel, why)
        return False
    return True

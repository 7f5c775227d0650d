"""How text is written in a command so that FreeSWITCH reads it as it was meant.

FreeSWITCH takes an application's argument apart in layers: first ``${...}`` is expanded, then the
application splits what is left at blanks, commas or ``=``, and each piece loses its quotes and
escapes. Text from outside, a caller's name say, must pass all of them: ``${system(...)}`` in it
would be run. Each function here writes for one layer; the outermost layer is written last.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

__all__ = [
    "check_digits",
    "check_line",
    "item",
    "literal",
    "variable_block",
    "variable_name",
    "word",
]

#: What has FreeSWITCH look for something to expand (switch_utils.h, switch_string_var_check_const
#: and switch_string_has_escaped_data); where there is none, it leaves all as it is.
_EXPANDED = re.compile(r"\$[$\\]*\{|\\[\\nst']")

DIGITS = "0123456789*#ABCD"


def literal(text: str) -> str:
    """Text that ``switch_channel_expand_variables`` gives back as ``text``."""
    return re.sub(r"[\\$]", r"\\\g<0>", text) if _EXPANDED.search(text) else text


def _escaped(text: str, special: str) -> str:
    # after a backslash, s is a blank (switch_utils.c, unescape_char)
    return re.sub(f"[{re.escape(special)}]", r"\\\g<0>", text).replace(" ", r"\s")


def word(text: str) -> str:
    """One of several words that are split at blanks (switch_utils.c, switch_separate_string)."""
    check_line(text)
    if text.startswith("^^"):
        raise ValueError(f"FreeSWITCH takes ^^ at the start as a separator: {text!r}")
    if "'" in text or "\\" in text:
        return _escaped(text, "'\\")
    return text if text and " " not in text else f"'{text}'"


def item(text: str, separator: str) -> str:
    """One of several pieces that are split at ``separator``, which is not a blank."""
    return _escaped(text, f"'\\{separator}")


def variable_block(variables: Mapping[str, str], brackets: str = "{}") -> str:
    """Variables before a dial string: ``{name=value,...}``, nothing where there are none.

    (switch_event.c, switch_event_create_brackets: split at the commas, then at ``=``.) Raises
    ValueError for a brace in a value, which FreeSWITCH would count.
    """
    pairs = []
    for name, value in variables.items():
        variable_name(name)
        if any(bracket in value for bracket in brackets):
            raise ValueError(f"{name}: {brackets} can't be in a leg's variable: {value!r}")
        check_line(value)
        pairs.append(item(f"{name}={item(value, '=')}", ","))
    return f"{brackets[0]}{','.join(pairs)}{brackets[1]}" if pairs else ""


def variable_name(name: str) -> str:
    """The name itself. Raises ValueError for what is not a channel variable's name."""
    if not re.fullmatch(r"[A-Za-z0-9_.:\-]+", name):
        raise ValueError(f"not a variable's name: {name!r}")
    return name


def check_line(text: str) -> str:
    """The text itself. Raises ValueError for a line break or NUL, which no command can hold."""
    if any(character in text for character in "\r\n\0"):
        raise ValueError(f"line breaks and NUL can't be sent: take them out of {text[:200]!r}")
    return text


def check_digits(digits: str, also: Iterable[str] = ()) -> str:
    """The digits themselves. Raises ValueError for what is no digit."""
    for digit in digits:
        if digit.upper() not in DIGITS and digit not in also:
            raise ValueError(f"digits are {DIGITS}, not {digits!r}")
    return digits

"""Quoting: writes text into a command so that FreeSWITCH reads exactly that text.

FreeSWITCH takes an application's argument apart in layers: first it expands ``${...}``, then the
application splits the rest at blanks, commas or ``=``, and each piece loses its quotes and
escapes. Text from outside, such as a caller's name, must survive all of them: ``${system(...)}``
in it would be run. Each function here quotes for one layer; quote for the outermost layer last.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

__all__ = [
    "ARRAY",
    "ARRAY_SEPARATOR",
    "DIGITS",
    "are_keys",
    "as_array",
    "check_digits",
    "check_file",
    "check_header",
    "check_header_value",
    "check_line",
    "check_name",
    "check_uuid",
    "check_value",
    "elements",
    "holds_variables",
    "is_expanded",
    "item",
    "literal",
    "multiset_arguments",
    "variable_block",
    "variable_name",
    "word",
]

#: Matches a text that FreeSWITCH expands (switch_utils.h, switch_string_var_check_const and
#: switch_string_has_escaped_data); it leaves any other text as it is.
_EXPANDED = re.compile(r"\$[$\\]*\{|\\[\\nst']")

#: Matches the start of a variable (switch_string_var_check_const).
_VARIABLE = re.compile(r"\$[$\\]*\{")

#: Separators for the variables of one ``multiset``: the first that occurs in none of them serves.
SEPARATORS = ",;|~!#\x02\x03\x04\x05"
#: The most variables that one ``multiset`` takes (mod_dptools.c: an array of 256).
MOST = 255

#: The keys of a telephone; FreeSWITCH accepts no other digits.
KEYS = "0123456789*#"
DIGITS = KEYS + "ABCD"
#: The digits of ``playback_terminators=any``, in FreeSWITCH's order (mod_dptools.c, on_dtmf).
ANY_KEY = "1234567890*#"

#: The beginning of an array written as one value (switch_event.c): ``ARRAY::one|:two``.
ARRAY = "ARRAY::"
ARRAY_SEPARATOR = "|:"

#: A header's name.
_HEADER = re.compile(r"[!-9;-Z\\-~]+")

#: Characters that would end a command or a header.
FORBIDDEN = "\r\n\0"

#: The separator of enterprise dial strings, recognized anywhere (switch_ivr_originate.c).
_ENTERPRISE = ":_:"


def literal(text: str) -> str:
    """Quote text so that ``switch_channel_expand_variables`` returns ``text``."""
    return re.sub(r"[\\$]", r"\\\g<0>", text) if _EXPANDED.search(text) else text


def holds_variables(text: str) -> bool:
    """True if FreeSWITCH would find a variable in the text, escaped or not."""
    return _VARIABLE.search(text) is not None


def is_expanded(text: str) -> bool:
    """True if FreeSWITCH would change the text when it expands variables."""
    return _EXPANDED.search(text) is not None


def _escaped(text: str, special: str) -> str:
    # after a backslash, s is a blank (switch_utils.c, unescape_char)
    return re.sub(f"[{re.escape(special)}]", r"\\\g<0>", text).replace(" ", r"\s")


def word(text: str) -> str:
    """Quote one of several words split at blanks (switch_utils.c, switch_separate_string)."""
    check_line(text)
    if text.startswith("^^"):
        raise ValueError(f"FreeSWITCH takes ^^ at the start as a separator: {text!r}")
    if "'" in text or "\\" in text:
        return _escaped(text, "'\\")
    return text if text and " " not in text else f"'{text}'"


def item(text: str, separator: str) -> str:
    """Quote one of several pieces split at ``separator``, which is not a blank."""
    return _escaped(text, f"'\\{separator}")


def variable_block(variables: Mapping[str, str], brackets: str = "{}") -> str:
    """Write variables to stand before a dial string, ``{name=value,...}``; "" for none.

    (switch_event.c, switch_event_create_brackets: split at the commas, then at ``=``.) An empty
    value sets nothing. Raises ValueError for a brace in a value, which FreeSWITCH would count,
    and for ``:_:``.
    """
    pairs = []
    for name, value in variables.items():
        variable_name(name)
        if any(bracket in value for bracket in brackets):
            raise ValueError(f"{name}: {brackets} can't be in a leg's variable: {value!r}")
        check_value(value)
        pairs.append(item(f"{name}={item(value, '=')}", ","))
    block = f"{brackets[0]}{','.join(pairs)}{brackets[1]}" if pairs else ""
    if _ENTERPRISE in block:
        raise ValueError(f"FreeSWITCH takes {_ENTERPRISE} for the end of a dial string: {block!r}")
    return block


def multiset_arguments(variables: Mapping[str, str]) -> list[str]:
    """Write the arguments of the ``multiset`` applications that set all these variables.

    (mod_dptools.c, multiset_function.) Raises ValueError if the values contain every character
    that could separate them.
    """
    text = "".join(variables.values())
    separator = next((each for each in SEPARATORS if each not in text), None)
    if separator is None:
        raise ValueError("multiset: no separator is left for these values; set them one by one")
    pairs = [
        f"{variable_name(name)}={item(literal(check_value(value)), separator)}"
        for name, value in variables.items()
    ]
    return [
        f"^^{separator}{separator.join(pairs[at : at + MOST])}" for at in range(0, len(pairs), MOST)
    ]


def variable_name(name: str) -> str:
    """Return the name. Raises ValueError if it can't name a channel variable."""
    if not re.fullmatch(r"[A-Za-z0-9_.:\-]+", name):
        raise ValueError(f"not a variable's name: {name!r}")
    return name


def check_line(text: str) -> str:
    """Return the text. Raises ValueError if no command can contain it.

    That is text with line breaks, NUL or half a surrogate pair. (Surrogates that stand for bytes
    which are not UTF-8 are sent as those bytes.)
    """
    if "\n" in text or "\r" in text or "\0" in text:
        at = min(text.index(character) for character in FORBIDDEN if character in text)
        # the rest is not shown: it may be secret
        raise ValueError(f"line breaks and NUL can't be sent: {text[at]!r} at index {at}")
    if not text.isascii():
        text.encode("utf-8", "surrogateescape")
    return text


def check_value(text: str) -> str:
    """Return the value. Raises ValueError if no variable or header can have it.

    (switch_event.c, switch_event_base_add_header: a value that begins with ``ARRAY::`` is taken
    apart, and survives only if it is an array of two elements or more.)
    """
    check_line(text)
    if not text.startswith(ARRAY):
        return text
    first, *others = elements(text)
    if not others or not first or first.startswith(ARRAY):
        raise ValueError(f"FreeSWITCH takes {ARRAY} at the start for an array: {text[:200]!r}")
    return text


def elements(value: str) -> list[str]:
    """The elements of an array; any other value is its only element."""
    return value[len(ARRAY) :].split(ARRAY_SEPARATOR) if value.startswith(ARRAY) else [value]


def as_array(values: Iterable[str]) -> str:
    """Write several values as one, as FreeSWITCH does."""
    return ARRAY + ARRAY_SEPARATOR.join(values)


def check_header(name: str, value: str) -> None:
    """Raise ValueError for a header that FreeSWITCH would read as another."""
    check_line(name)
    if not _HEADER.fullmatch(name) or name == "_body":
        raise ValueError(f"not a header's name: {name!r}")
    check_header_value(name, value)


def check_header_value(name: str, value: str) -> None:
    """Raise ValueError for a value that FreeSWITCH would change."""
    if value.startswith(" "):
        raise ValueError(f"{name}: FreeSWITCH strips blanks at the start of a value")
    check_value(value)


def check_name(what: str, text: str, refused: str) -> str:
    """Return a name that an argument contains unquoted. Raises ValueError if it can't."""
    check_line(text)
    if not text or set(text) & set(refused) or not text.isprintable():
        raise ValueError(f"not a {what}: {text!r}")
    return text


def check_file(file: str) -> str:
    """Return the name of a file, which may begin with ``{parameter=value}``.

    Raises ValueError for an unclosed brace at the start: FreeSWITCH would search for its end for
    ever, and the call could not even be hung up (switch_utils.h, switch_is_file_path).
    """
    for rest in (file, file.partition("@@")[0]):  # after @@: the sample to begin at
        while rest.startswith("{"):
            depth = at = 1
            while depth and at < len(rest):
                depth += {"{": 1, "}": -1}.get(rest[at], 0)
                at += 1
            if depth:
                raise ValueError(f"not a file's name, its first brace is not closed: {file!r}")
            rest = rest[at:].lstrip(" ")
    return file


def check_uuid(uuid: str) -> str:
    """Return the uuid. Raises ValueError if it can't be one, or would be read as an option."""
    if uuid[:1] in "/+-":
        raise ValueError(f"not a channel's uuid: {uuid!r}")
    return check_name("channel's uuid", uuid, " '\\^")


def are_keys(digits: str) -> bool:
    """True for one key or more that FreeSWITCH takes for digits."""
    return bool(digits) and not digits.upper().strip(DIGITS)


def check_digits(digits: str, also: Iterable[str] = ()) -> str:
    """Return the digits. Raises ValueError for any other character that is not in ``also``."""
    for digit in digits:
        if digit.upper() not in DIGITS and digit not in also:
            raise ValueError(f"digits are {DIGITS}, not {digit!r}")
    return digits

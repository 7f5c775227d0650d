"""Quoting: writes text into a command so that FreeSWITCH reads exactly that text.

FreeSWITCH takes an application's argument apart in layers: first it expands ``${...}``, then the
application splits the rest at blanks, commas or ``=``, and each piece loses its quotes and
escapes. Text from outside, such as a caller's name, must survive all of them: ``${system(...)}``
in it would be run. Each function here quotes for one layer; quote for the outermost layer last.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from .shown import in_quotes
from .texts import bytes_of

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
    "check_text",
    "check_uuid",
    "check_value",
    "check_variable",
    "elements",
    "holds_variables",
    "is_expanded",
    "item",
    "literal",
    "multiset_arguments",
    "variable_name",
    "with_variables",
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
#: What is between its elements.
ARRAY_SEPARATOR = "|:"

#: A header's name.
_HEADER = re.compile(r"[!-9;-Z\\-~]+")

#: Characters that would end a command or a header.
_NOT_IN_A_LINE, _NOT_IN_TEXT = re.compile(r"[\r\n\0]"), re.compile(r"\0")

#: The separator of enterprise dial strings, recognized anywhere (switch_ivr_originate.c).
_ENTERPRISE = ":_:"
#: Variables of a dial string that no leg gets: they name its caller.
_PROFILE = ("origination_caller_id_name", "origination_caller_id_number")
#: The variable of a dial string that allows ``${`` in the others.
NESTED = "origination_nested_vars"

#: Variables that FreeSWITCH writes into the headers of SIP messages (mod_sofia.h).
_IN_SIP_HEADERS = re.compile(
    r"sip_(info_|bye_|r|p)?h_|(effective|origination)_call(er|ee)_id_", re.IGNORECASE
)


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
    # after a backslash, s is a blank, n and r are line breaks (switch_utils.c, unescape_char)
    text = re.sub(f"[{re.escape(special)}]", r"\\\g<0>", text).replace(" ", r"\s")
    return text.replace("\n", r"\n").replace("\r", r"\r")


def word(text: str) -> str:
    """Quote one of several words split at blanks (switch_utils.c, switch_separate_string)."""
    check_line(text)
    if text.startswith("^^"):
        raise ValueError(
            "FreeSWITCH takes ^^ at the start of a word as a separator; begin it otherwise"
        )
    if "'" in text or "\\" in text:
        return _escaped(text, "'\\")
    return text if text and " " not in text else f"'{text}'"


def item(text: str, separator: str) -> str:
    """Quote one of several pieces split at ``separator``, which is not a blank."""
    return _escaped(text, f"'\\{separator}")


def with_variables(variables: Mapping[str, str], dial_string: str) -> str:
    """Write variables for all called legs into a dial string (switch_ivr_originate.c).

    They stand before it as ``{name=value,...}``; or as ``<name=value,...>`` if it begins with
    such a block, which has to be first, or has ``:_:``, up to which the former would hold
    (switch_event.c, switch_event_create_brackets: split at the commas, then at ``=``). A value
    whose brackets don't pair goes where those are not counted. An empty value sets nothing.

    Raises ValueError if nothing fits, for a value with ``${``, which FreeSWITCH would not set, and
    for a dial string that it would refuse.
    """
    rest = _checked_dial_string(dial_string)
    angled = _ENTERPRISE in rest or rest.startswith("<")
    blocks: dict[str, list[str]] = {"<>": [], "{}": []}
    for name, value in variables.items():
        pair = _pair(name, value)
        if name not in _PROFILE and holds_variables(value) and NESTED not in variables:
            raise ValueError(
                f"{name}: FreeSWITCH would not set a leg's variable with ${{ in it; write what "
                f"it stands for, or add {NESTED}='true' to have it expanded"
            )
        kinds = ("<>",) if angled else ("{}", "<>")
        brackets = next((each for each in kinds if _fits(pair, each)), None)
        if brackets is None:
            raise ValueError(
                f"{name}: FreeSWITCH would count the brackets in its value; set it before by "
                f"channel.export({name!r}, ..., nolocal=True)"
            )
        blocks[brackets].append(pair)
    written = [each[0] + ",".join(pairs) + each[1] for each, pairs in blocks.items() if pairs]
    return "".join([*written, rest])


def _pair(name: str, value: str) -> str:
    """A variable, quoted to stand in a block; ``:_:`` in it is kept apart by quotes."""
    check_variable(name, value)
    return item(f"{name}={item(value, '=')}", ",").replace(_ENTERPRISE, ":'_':")


def _fits(pair: str, brackets: str) -> bool:
    """True if a variable in these brackets does not end them early or late."""
    return _end(brackets[0] + pair + brackets[1], brackets) == len(pair) + 1


def _end(text: str, brackets: str) -> int:
    """Where the bracket that begins the text is closed (switch_find_end_paren); -1 if nowhere."""
    depth = 0
    for at, character in enumerate(text):
        depth += {brackets[0]: 1, brackets[1]: -1}.get(character, 0)
        if not depth:
            return at
    return -1


def _checked_dial_string(text: str) -> str:
    """The dial string without blanks before it. Raises ValueError for one that is refused."""
    rest = text.lstrip(" ")
    for piece in _without_blocks(rest, "<>", text).lstrip(" ").split(_ENTERPRISE):
        piece = _without_blocks(piece.lstrip(" "), "<>", text)
        piece = _without_blocks(piece, "{}", text)
        if not piece.strip(" "):
            raise ValueError(
                f"the dial string names nobody to call: {_dial_string(text)}; write an endpoint "
                "behind the variables, such as user/1000"
            )
        at = piece.find("[")
        while at >= 0:
            piece = piece[:at] + _without_blocks(piece[at:], "[]", text)
            at = piece.find("[")
        for phone in re.split(r"[|,]", piece):
            if phone.lstrip(" ")[:1] in ("<", "{"):
                begins = _dial_string(phone.lstrip(" ")[:20])
                raise ValueError(
                    f"FreeSWITCH would take {begins} for a phone's name: write "
                    f"<...> first, then {{...}} without blanks between, and the variables of one "
                    f"phone as [...]: {_dial_string(text)}"
                )
    return rest


def _dial_string(text: str) -> str:
    """A dial string as an error quotes it: without the values of its variables."""
    return in_quotes(re.sub(r"(?<==)[^,\]}>]*", "…", text))


def _without_blocks(text: str, brackets: str, whole: str) -> str:
    """What follows the blocks of variables in such brackets."""
    while text.startswith(brackets[0]):
        end = _end(text, brackets)
        if end < 0:
            raise ValueError(
                f"FreeSWITCH would miss a {brackets[1]} in the dial string {_dial_string(whole)}; "
                "close each block of variables"
            )
        text = text[end + 1 :]
    return text


def multiset_arguments(variables: Mapping[str, str]) -> list[str]:
    """Write the arguments of the ``multiset`` applications that set all these variables.

    (mod_dptools.c, multiset_function.) Raises ValueError if the values contain every character
    that could separate them.
    """
    text = "".join(variables.values())
    separator = next((each for each in SEPARATORS if each not in text), None)
    if separator is None:
        raise ValueError("multiset: no separator is left for these values; set them one by one")
    for name, value in variables.items():
        check_variable(name, value)
    pairs = [f"{name}={item(literal(value), separator)}" for name, value in variables.items()]
    return [
        f"^^{separator}{separator.join(pairs[at : at + MOST])}" for at in range(0, len(pairs), MOST)
    ]


def variable_name(name: str) -> str:
    """Return the name. Raises ValueError if it can't name a channel variable."""
    if not re.fullmatch(r"[A-Za-z0-9_.:\-]+", name):
        raise ValueError(
            f"not a variable's name: {in_quotes(name)}; use letters, digits, and _ . : - alone"
        )
    return name


def check_text(text: str) -> str:
    """Return the text. Raises ValueError if FreeSWITCH can't have it: NUL, half a surrogate pair.

    (Surrogates that stand for bytes which are not UTF-8 are sent as those bytes.)
    """
    return _checked(text, _NOT_IN_TEXT)


def check_line(text: str) -> str:
    """Return the text. Raises ValueError if it does not fit in one line, or as `check_text`."""
    return _checked(text, _NOT_IN_A_LINE)


def _checked(text: str, forbidden: re.Pattern[str]) -> str:
    found = forbidden.search(text)
    if found is not None:
        # the rest is not shown: it may be secret
        raise ValueError(
            f"line breaks and NUL can't be sent: {found[0]!r} at index {found.start()}; replace "
            "them, as by a blank"
        )
    if not text.isascii():
        bytes_of(text)
    return text


def check_value(text: str) -> str:
    """Return the value, which may have line breaks. Raises ValueError if no variable can have it.

    (switch_event.c, switch_event_base_add_header: a value that begins with ``ARRAY::`` is taken
    apart, and survives only if it is an array of two elements or more.)
    """
    check_text(text)
    if not text.startswith(ARRAY):
        return text
    first, *others = elements(text)
    if not others or not first or first.startswith(ARRAY):
        raise ValueError(
            f"FreeSWITCH takes {ARRAY} at the start for an array, and this is none; write two "
            f"elements or more, as {ARRAY}one{ARRAY_SEPARATOR}two"
        )
    return text


def check_variable(name: str, value: str) -> None:
    """Raise ValueError if a channel can't have such a variable, or shouldn't.

    A line break in a variable that becomes part of a SIP header would begin another header.
    """
    variable_name(name)
    check_value(value)
    if _IN_SIP_HEADERS.match(name):
        check_line(value)


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
        raise ValueError(
            f"not a header's name: {in_quotes(name)}; use printable ASCII without blanks, : and [, "
            "and not _body"
        )
    check_header_value(name, value)


def check_header_value(name: str, value: str) -> None:
    """Raise ValueError for a value that FreeSWITCH would change."""
    if value.startswith(" "):
        raise ValueError(
            f"{name}: FreeSWITCH strips blanks at the start of a value; pass it without them"
        )
    check_line(value)
    check_value(value)


def check_name(what: str, text: str, refused: str) -> str:
    """Return a name that an argument contains unquoted. Raises ValueError if it can't."""
    check_line(text)
    if text:
        wrong = [each for each in dict.fromkeys(text) if each in refused or not each.isprintable()]
        instead = f"leave out {' and '.join(map(repr, wrong))}" if wrong else ""
    else:
        instead = "it is empty"
    if instead:
        article = "an" if what[:1] in "aeio" else "a"
        raise ValueError(f"not {article} {what}: {in_quotes(text)}; {instead}")
    return text


def check_file(file: str | os.PathLike[str]) -> str:
    """Return the name of a file as a str, which may begin with ``{parameter=value}``.

    Raises ValueError for an unclosed brace at the start: FreeSWITCH would search for its end for
    ever, and the call could not even be hung up (switch_utils.h, switch_is_file_path).
    """
    file = os.fspath(file)
    if not file.startswith("{"):
        return file
    for rest in (file, file.partition("@@")[0]):  # after @@: the sample to begin at
        while rest.startswith("{"):
            depth = at = 1
            while depth and at < len(rest):
                depth += {"{": 1, "}": -1}.get(rest[at], 0)
                at += 1
            if depth:
                raise ValueError(
                    f"not a file's name, its first brace is not closed: {_dial_string(file)}"
                )
            rest = rest[at:].lstrip(" ")
    return file


def check_uuid(uuid: str) -> str:
    """Return the uuid. Raises ValueError if it can't be one, or would be read as an option."""
    if uuid.startswith(("/", "+", "-")):
        raise ValueError(
            f"not a channel's uuid: {in_quotes(uuid)}; FreeSWITCH takes {uuid[0]!r} at the start "
            "for an option"
        )
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

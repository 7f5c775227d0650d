"""How FreeSWITCH reads a dial string: variables in brackets, alternatives, phones.

What is accepted follows switch_ivr_originate.c and switch_event.c (switch_event_create_brackets).
``<a=1>`` comes first, and holds for all; ``{a=1}`` follows at once, and holds up to the next
``:_:``; ``[a=1]`` stands before one phone. Anywhere else, brackets belong to a phone's name, and no
endpoint has such a name.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from eslsync.wire.separation import separate

from .variables import is_true

__all__ = ["DialString", "Phone", "read_dial_string"]

#: Between dial strings that are called at once, each with its own variables and alternatives
#: (SWITCH_ENT_ORIGINATE_DELIM).
ENTERPRISE = ":_:"
#: Stand for commas within ``[...]`` while phones are split at commas.
QUOTED, UNQUOTED = "\x01", "\x02"
#: The brackets that nest, by the first of them.
BRACKETS = {"<": re.compile("[<>]"), "{": re.compile("[{}]"), "[": re.compile(r"[\[\]]")}


class Phone(NamedTuple):
    """A far end to call."""

    name: str
    #: Those in ``<...>`` and ``{...}``.
    shared: dict[str, str]
    #: Those in ``[...]``.
    own: dict[str, str]

    @property
    def variables(self) -> dict[str, str]:
        """The variables of its leg: the shared ones win, except options of the call itself.

        With ``local_var_clobber``, its own win.
        """
        if is_true(self.shared.get("local_var_clobber")):
            return {**self.shared, **self.own}
        options = {n: value for n, value in self.own.items() if n.startswith("origination_")}
        return {**self.own, **self.shared, **options}


#: Groups of phones: those of a group are called at once, the next group if all of them fail.
DialString = list[list[Phone]]


def read_dial_string(text: str, given: dict[str, str] | None = None) -> list[DialString] | None:
    """The dial strings to call side by side; several only with ``:_:``.

    ``given`` are variables that hold for all. None if FreeSWITCH refuses the whole text.
    """
    variables = dict(given or {})
    if ENTERPRISE not in text:
        one = _one(text, variables)
        return None if one is None else [one]
    rest = _take(text.lstrip(" "), "<", variables)
    if rest is None:
        return None
    variables["ignore_early_media"] = "true"
    read = [_one(piece, dict(variables)) for piece in rest.lstrip(" ").split(ENTERPRISE)]
    return [each or [] for each in read]


def _one(text: str, variables: dict[str, str]) -> DialString | None:
    rest: str | None = text.lstrip(" ")
    for opening in "<{":
        rest = None if rest is None else _take(rest, opening, variables)
    if rest is None or not rest.strip(" "):
        return None
    groups = []
    for alternative in separate(rest.lstrip(" "), "|"):
        phones = []
        for peer in separate(_hide_commas(alternative), ","):
            own: dict[str, str] = {}
            name = _take_own(peer.lstrip(" "), own)
            if name is None:
                return None
            phones.append(Phone(name.lstrip(" "), variables, own))
        groups.append(phones)
    return groups


def _take(text: str, opening: str, variables: dict[str, str], delimiter: str = ",") -> str | None:
    """Take the sets of variables in such brackets; return the rest, None if one is not closed."""
    while text.startswith(opening):
        end = _end(text, opening)
        if end < 0:
            return None
        inside = text[1:end]
        if inside.startswith("^^"):
            inside, delimiter = inside[3:], inside[2:3]
        for pair in separate(inside, delimiter):
            name, *value = separate(pair, "=", 2) or [""]
            if value:
                variables.pop(name, None)
                variables[name] = value[0]
        text = text[end + 1 :]
    return text


def _take_own(text: str, variables: dict[str, str]) -> str | None:
    while text.startswith("["):
        end = _end(text, "[") + 1
        if not end:
            return None
        _take(text[:end].replace(QUOTED, ","), "[", variables, UNQUOTED)
        text = text[end:]
    return text


def _end(text: str, opening: str) -> int:
    """Where the first bracket is closed, quoted or not; -1 if nowhere (switch_find_end_paren)."""
    depth = 0
    for found in BRACKETS[opening].finditer(text):
        depth += 1 if found[0] == opening else -1
        if not depth:
            return found.start()
    return -1


def _hide_commas(text: str) -> str:
    """Replace the commas within ``[...]``, at which phones are not split."""
    out, end, quoted, other = list(text), -1, False, False
    for at, character in enumerate(text):
        if end < 0 and character == "[":
            found = _end(text[at:], "[")
            end = at + found if found >= 0 else -1
            quoted, other = False, text[at + 1 : at + 3] == "^^"
        if character == "'":
            quoted = not quoted
        if at < end and character == "," and text[at - 1] != "\\":
            out[at] = QUOTED if quoted or other else UNQUOTED
        if at == end:
            end = -1
    return "".join(out)

"""Takes an argument apart as FreeSWITCH does, statement by statement (switch_utils.c)."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["closing", "separate", "variables_of"]

_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "s": " "}


def separate(text: str, delimiter: str = " ", limit: int = 1000) -> list[str]:
    """Split an argument string (switch_separate_string).

    A blank as delimiter collapses; single quotes keep an argument together; a backslash escapes
    the next character. The ``limit``th argument is the rest of the text. A text that begins with
    ``^^`` and a character is split at that character.
    """
    if text.startswith("^^") and len(text) > 2:
        text, delimiter = text[3:], text[2]
    if "'" not in text and "\\" not in text and text.count(delimiter) < limit:
        return _separate_plain(text, delimiter)
    if delimiter == " ":
        return [_clean(piece, "") for piece in _split_blanks(text, limit)]
    return [_clean(piece, delimiter) for piece in _split(text, delimiter, limit)]


def _separate_plain(text: str, delimiter: str) -> list[str]:
    """As `separate`, of a text in which nothing quotes or escapes."""
    pieces = text.split(delimiter)
    if delimiter == " ":
        return [each for each in pieces if each] or pieces[:1] * bool(text)
    if not pieces[-1]:  # nothing follows the last delimiter
        pieces.pop()
    return [each.strip(" ") for each in pieces]


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
        end = closing(text, 1, text[0], close)
        if end < 0:
            break
        for pair in separate(text[1:end], ","):
            name, *value = separate(pair, "=", 2) or [""]
            if value:
                found[name] = value[0]
        text = text[end + 1 :].lstrip(" ")
    return found, text


def closing(text: str, at: int, opening: str, close: str) -> int:
    """Where the bracket that opened before ``at`` is closed; -1 if nowhere."""
    depth = 1
    for position in range(at, len(text)):
        depth += {opening: 1, close: -1}.get(text[position], 0)
        if depth == 0:
            return position
    return -1

"""Regular expressions of PCRE, in the terms of Python's `re`.

FreeSWITCH 1.10 compiles expressions with PCRE, 1.11 with PCRE2. Both read more than `re` does
(``[[:digit:]]``, ``\\Q..\\E``, ``(?<name>...)``, ``(?i)`` anywhere), and some things otherwise
(``\\Z``, ``\\h``, ``{,3}``). What has no counterpart in `re` raises `Unsupported`.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache

__all__ = ["Unsupported", "compile_pcre"]


class Unsupported(Exception):
    """PCRE may well understand the expression, but `re` has no such thing."""


#: What a POSIX class stands for inside a bracket, in ASCII (PCRE's default tables).
POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t-\r ",
    "upper": "A-Z",
    "word": r"\w",
    "xdigit": "0-9A-Fa-f",
}
#: The same for the classes that are not in one of these.
NOT_POSIX = {
    "alnum": r"\x00-/:-@\[-`{-\xff",
    "alpha": r"\x00-@\[-`{-\xff",
    "ascii": r"\x80-\xff",
    "blank": r"\x00-\x08\n-\x1f!-\xff",
    "cntrl": r" -~\x80-\xff",
    "digit": r"\D",
    "graph": r"\x00- \x7f-\xff",
    "lower": r"\x00-`{-\xff",
    "print": r"\x00-\x1f\x7f-\xff",
    "punct": r"\x00- 0-9A-Za-z\x7f-\xff",
    "space": r"\S",
    "upper": r"\x00-@\[-\xff",
    "word": r"\W",
    "xdigit": r"\x00-/:-@G-`g-\xff",
}
#: Escapes of PCRE that `re` has in other words, outside a bracket and inside.
ESCAPES = {
    "Z": r"(?=\n?\Z)",
    "z": r"\Z",
    "h": r"[\t \xa0]",
    "H": r"[^\t \xa0]",
    "v": r"[\n-\r\x85]",
    "V": r"[^\n-\r\x85]",
    "N": r"[^\n]",
    "R": r"(?:\r\n|\r(?!\n)|[\n-\x0c\x85])",
    "e": r"\x1b",
    "G": r"\A",
    "B": r"(?:(?<=\w)(?=\w)|(?<!\w)(?!\w))",  # which `re` does not find in an empty text
}
CLASS_ESCAPES = {"h": r"\t \xa0", "v": r"\n-\r\x85", "e": r"\x1b", "b": r"\x08"}
#: Escapes that mean the same to both.
SAME = frozenset("AbdDsSwWafnrt")
#: Escapes that neither line compiles; the last ones are PCRE's own words for that.
NOWHERE = frozenset("LlUu")
#: Escapes of PCRE without a counterpart.
BEYOND = frozenset("CKpPXg")
#: Those of them that match a place.
PLACES = frozenset("ZzBG")
#: A quantifier ``{2,3}``; any other brace is a character.
_BRACES = re.compile(r"\{\d+(?:,\d*)?\}")
_QUANTIFIER = re.compile(rf"[*+?]|{_BRACES.pattern}")
_INLINE = re.compile(r"\?([imsxJU]*)(?:-([imsxJU]*))?([:)])")
_POSIX_CLASS = re.compile(r"\[:(\^?)(\w+):\]")


@lru_cache(maxsize=256)
def compile_pcre(expression: str, *, pcre2: bool, flags: int = 0) -> re.Pattern[str]:
    """The expression for `re`. Raises re.error for one that PCRE (or PCRE2) does not compile."""
    flags = re.RegexFlag(flags) | re.ASCII
    translation = _Translation(expression, pcre2=pcre2)
    try:
        return re.compile(translation.text, flags)
    except re.error as error:
        if "look-behind requires fixed-width" in str(error) or translation.refers_ahead:
            raise Unsupported(str(error)) from None
        raise


class _Translation:
    """One expression, read from left to right."""

    def __init__(self, expression: str, *, pcre2: bool) -> None:
        self._left = expression
        self._pcre2 = pcre2
        self._out: list[str] = []
        #: For each open group, the openings of groups for flags that end with it.
        self._open: list[list[str]] = [[]]
        self._groups = 0  # that capture
        self._highest = 0  # to which it refers by number
        self._translate()

    @property
    def text(self) -> str:
        return "".join(self._out)

    @property
    def refers_ahead(self) -> bool:
        """True if a reference to a group comes before the group, or within."""
        return 0 < self._highest <= self._groups

    def _translate(self) -> None:
        while self._left:
            character = self._left[0]
            if character == "\\":
                self._escape()
            elif character == "[":
                self._class()
            elif character == "(":
                self._group()
            elif character == ")":
                self._take(1)
                self._out.append(")" * (len(self._open.pop()) + 1))
                if not self._open:
                    raise re.error("unmatched closing parenthesis")
            elif character == "|":
                # flags last to the end of their group, over its alternatives
                self._take(1)
                flags = self._open[-1]
                self._out.append(")" * len(flags) + "|" + "".join(flags))
            elif character == "{" and not _BRACES.match(self._left):
                self._take(1)
                self._out.append(r"\{")
            else:
                self._quantified(character)
        self._out.append(")" * len(self._open[0]))

    def _quantified(self, character: str) -> None:
        self._out.append(self._take(1))
        if character not in "*+?{":
            return
        if character == "{":
            while self._out[-1] != "}":
                self._out.append(self._take(1))
        if self._left[:1] == "+" and sys.version_info < (3, 11):
            raise Unsupported("possessive quantifiers need Python 3.11")
        if self._left[:1] in ("?", "+"):
            self._out.append(self._take(1))

    def _take(self, many: int) -> str:
        taken, self._left = self._left[:many], self._left[many:]
        return taken

    # --- escapes

    def _escape(self) -> None:
        after = self._left[1:2]
        if not after:
            raise re.error("backslash at end of pattern")
        if after == "Q":
            quoted, _, self._left = self._left[2:].partition("\\E")
            self._out.append(re.escape(quoted))
        elif after == "E":
            self._take(2)
        elif after in ESCAPES:
            self._take(2)
            self._out.append(ESCAPES[after])
            if after in PLACES and _QUANTIFIER.match(self._left):
                raise re.error("quantifier does not follow a repeatable item")
        elif after == "k" and (named := re.match(r"\\k(?:<(\w+)>|'(\w+)'|\{(\w+)\})", self._left)):
            self._take(named.end())
            self._out.append(f"(?P={named[1] or named[2] or named[3]})")
        elif after == "g" and (number := re.match(r"\\g(?:(\d+)|\{(\d+)\})", self._left)):
            self._take(number.end())
            self._out.append(f"(?:\\{number[1] or number[2]})")
        elif after.isdigit():
            self._digits()
        elif after in SAME:
            self._out.append(self._take(2))
        else:
            self._out.append(self._character())

    def _digits(self) -> None:
        """A reference, or the code of a character in octal digits."""
        octal = re.match(r"\\0[0-7]{0,2}", self._left)
        if octal is not None:
            self._take(octal.end())
            self._out.append(f"\\x{int(octal[0][1:], 8):02x}")
            return
        number = re.match(r"\\\d+", self._left)
        assert number is not None
        if len(number[0]) > 2 and int(number[0][1:]) > self._groups:
            code = re.match(r"\\[0-7]{1,3}", self._left)
            if code is not None:
                self._take(code.end())
                self._out.append(re.escape(chr(int(code[0][1:], 8) & 0xFF)))
                return
        self._take(number.end())
        self._highest = max(self._highest, int(number[0][1:]))
        self._out.append(f"(?:{number[0]})")

    def _character(self) -> str:
        """An escape that stands for one character, as `re` writes that."""
        after = self._left[1]
        if after == "x":
            code = re.match(r"\\x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{0,2}))", self._left)
            assert code is not None
            self._take(code.end())
            return re.escape(chr(int(code[1] or code[2] or "0", 16)))
        if after == "o":
            code = re.match(r"\\o\{([0-7]+)\}", self._left)
            if code is None:
                raise re.error("missing opening brace after \\o")
            self._take(code.end())
            return re.escape(chr(int(code[1], 8)))
        if after == "c":
            if len(self._left) < 3:
                raise re.error("\\c at end of pattern")
            return re.escape(chr(ord(self._take(3)[2].upper()) ^ 64))
        if after in BEYOND:
            raise Unsupported(f"\\{after}")
        if after in NOWHERE or (self._pcre2 and after.isalpha() and after.isascii()):
            raise re.error(f"unrecognized character follows \\: \\{after}")
        return re.escape(self._take(2)[1])

    # --- brackets

    def _class(self) -> None:
        self._out.append(self._take(1))
        if self._left[:1] == "^":
            self._out.append(self._take(1))
        first = True
        while first or self._left[:1] != "]":
            first = False
            if not self._left:
                raise re.error("missing terminating ] for character class")
            self._out.append(self._member())
        self._out.append(self._take(1))

    def _member(self) -> str:
        posix = _POSIX_CLASS.match(self._left)
        if posix is not None:
            if posix[2] not in POSIX:
                raise re.error("unknown POSIX class name")
            self._take(posix.end())
            return (NOT_POSIX if posix[1] else POSIX)[posix[2]]
        if re.match(r"\[([.=]).*?\1\]", self._left):
            raise re.error("POSIX collating elements are not supported")
        if self._left[0] != "\\":
            taken = self._take(1)
            return taken if taken in "-^" or taken.isalnum() else re.escape(taken)
        after = self._left[1:2]
        if not after:
            raise re.error("backslash at end of pattern")
        if after == "Q":
            quoted, _, self._left = self._left[2:].partition("\\E")
            return re.escape(quoted)
        if after == "E":
            self._take(2)
            return ""
        if after in CLASS_ESCAPES:
            self._take(2)
            return CLASS_ESCAPES[after]
        if after in "HVNRXB":
            raise Unsupported(f"\\{after} in a character class")
        if after.isdigit():
            octal = re.match(r"\\[0-7]{1,3}", self._left)
            if octal is None:
                return re.escape(self._take(2)[1])
            self._take(octal.end())
            return re.escape(chr(int(octal[0][1:], 8) & 0xFF))
        if after in SAME and after not in "A":
            return self._take(2)
        return self._character()

    # --- groups

    def _group(self) -> None:
        self._take(1)
        rest = self._left
        if rest.startswith("*"):
            raise Unsupported("verbs such as (*ACCEPT)")
        inline = _INLINE.match(rest)
        if rest.startswith("?#"):
            end = rest.find(")")
            if end < 0:
                raise re.error("missing ) after (?# comment")
            self._take(end + 1)
        elif inline is not None and (inline[1] or inline[2] or inline[3] == ":"):
            self._flags(inline)
        elif named := re.match(r"\?P?(?:<(\w+)>|'(\w+)')", rest):
            self._take(named.end())
            self._begin(f"(?P<{named[1] or named[2]}>", captures=True)
        elif named := re.match(r"\?P=(\w+)\)", rest):
            self._take(named.end())
            self._out.append(f"(?P={named[1]})")
        elif known := re.match(r"\?(?:[=!]|<[=!]|\((?:\d+|\w+)\))", rest):
            self._begin("(" + self._take(known.end()))
        elif rest.startswith("?>") and sys.version_info >= (3, 11):
            self._begin("(" + self._take(2))
        elif re.match(r"\?(?:[>|R&+(]|-?\d|P>|C)", rest):
            raise Unsupported(f"({rest[:3]}")
        elif rest.startswith("?"):
            raise re.error("unrecognized character after (?")
        else:
            self._begin("(", captures=True)

    def _begin(self, opening: str, *, captures: bool = False) -> None:
        self._groups += captures
        self._out.append(opening)
        self._open.append([])

    def _flags(self, inline: re.Match[str]) -> None:
        on, off, end = inline[1], inline[2] or "", inline[3]
        if {*on, *off} & {"J", "U", "x"}:
            raise Unsupported(f"({inline[0]}")
        self._take(inline.end())
        wanted = "".join(sorted({*on} - {*off})) + (f"-{''.join(sorted({*off}))}" if off else "")
        opening = f"(?{wanted}:"
        self._out.append(opening)
        if end == ":":
            self._open.append([])
        else:
            self._open[-1].append(opening)

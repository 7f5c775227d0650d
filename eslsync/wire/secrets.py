"""What one call has told that is to be hidden, wherever it stands from then on.

A name tells what is secret: ``set pin=1234``, ``variable_pin: 1234``, the answer to ``getvar
pin``. So do the keys that are pressed, and the variable that an application collects digits into.
Commands are read for that as FreeSWITCH reads them. A value once told is then hidden in any other
place, too: an argument, an answer that quotes it, a header of another name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import islice
from typing import TypeVar

from .arguments import elements
from .declared import declarations, declared
from .exceptions import MAX_DATA, ProtocolError
from .message import Event, unquote
from .printed import VALUES, failed
from .protocol import quote
from .redaction import DTMF, HIDDEN, Redactor, Remembered, also_collected
from .separation import closing, separate, variables_of
from .shown import in_a_line, in_a_log
from .texts import bytes_of, lossless

__all__ = ["ARGUMENTS", "Secrets"]

T = TypeVar("T")

#: Headers with the argument of an application or a command, and the headers with its name.
#: Together they form a command: ``send_dtmf 1234``.
ARGUMENTS = {
    "Application-Data": "Application",
    "variable_current_application_data": "variable_current_application",
    "variable_last_arg": "variable_last_app",
    "Job-Command-Arg": "Job-Command",
    "API-Command-Argument": "API-Command",
    "execute-app-arg": "execute-app-name",
}
_PARTS = frozenset((*ARGUMENTS, *ARGUMENTS.values()))

#: The most values of a call to know, and the keys pressed on a leg, and such legs: the oldest are
#: forgotten. (So many keys that a number which one types at first is known after a hundred others.)
MOST_VALUES = 100
MOST_KEYS = 1000
MOST_LEGS = 20
#: How often text may be encoded by percents, or as a string of JSON, in text that is, and so on.
MOST_ENCODED = 4
#: The most variables of a call that collect digits.
MOST_COLLECTED = 50
#: The longest value to know; a longer one is hidden only behind its name.
LONGEST = 8 * 1024

#: Values from this length on are hidden inside of longer words and numbers, too; others only
#: where no other letter touches their letters, and no other digit their digits.
INSIDE = 8
#: Values below this length are hidden only as a word of an argument, or the whole of a variable.
SHORT = 4

#: Values that say nothing, and so are no secrets.
ORDINARY = frozenset(
    ("true false yes no on off none null undef undefined _undef_ _none_ enabled disabled").split()
)

#: Headers with the switch's own facts, in which a value that looks like a secret is none.
_FACTS = re.compile(
    r"(?:Event-(?!Data)|FreeSWITCH-|Core-|Content-).*|.*(?:UUID|Unique-ID|Timestamp|epoch|-Time)",
    re.IGNORECASE,
)
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
#: Matches keys that may have been pressed.
_KEYS = re.compile(rf"{_UUID}|[0-9*#]{{{SHORT},}}")
#: Matches words that contain percent-encoded bytes.
_ENCODED = re.compile(r"[^\s&=;,]*%[0-9A-Fa-f]{2}[^\s&=;,]*")
#: Matches digits of an argument, with the pauses between them, and not their duration.
_DIGITS = re.compile(rf"{_UUID}|(?<![@0-9A-Za-z])[0-9*#A-DwW]{{2,}}(?![0-9A-Za-z])", re.IGNORECASE)
#: The commands whose value is all that follows the name.
_SETS = re.compile(
    r"(?<!\w)(?:set|export|push|unshift|set_global|bridge_export|set_profile_var|global_setvar"
    r"|uuid_setvar\s+\S+)\s+(?:nolocal:)?$",
    re.IGNORECASE,
)
#: Commands that print values.
_GETTERS = VALUES | {"getvar", "expand"}
#: What ends a value in an argument, unless it is quoted.
_ENDS = ",;|}])>'\"= ~!^&\t\n"


@cache
def _telling(words: tuple[str, ...], digits: bool) -> tuple[re.Pattern[bytes], re.Pattern[str]]:
    """What commands, and events, contain that tell secrets, by names and, maybe, by digits."""
    collectors = [
        each.name for each in declarations() if digits and each.place("variable") is not None
    ]
    names = "|".join(collectors) or "(?!)"
    told = re.compile(rf"(?:application|last_app)[\"\s:>]+(?:{names})", re.IGNORECASE)
    tell = "|".join(map(re.escape, (*words, *collectors)))
    return re.compile(tell.encode()), told


def _learnt_from(redactor: Redactor) -> Callable[[str], bool]:
    """True of a header from which secrets are learnt."""
    return Remembered(lambda name: name in _PARTS or redactor.hides(name)).__getitem__


class Secrets:
    """Hides what a call's names tell, and what it has told so far. Any thread may use it."""

    def __init__(self, redactor: Redactor) -> None:
        self.names = redactor.names
        self._redactor = redactor
        self._hides = bool(redactor.names)
        # The headers from which secrets are learnt, with the redactor that names them: in one
        # step, since another thread may collect digits meanwhile. Set by `read`.
        self._reads: tuple[Redactor, Callable[[str], bool]] | None = None
        #: True if digits are secret.
        self.hides_digits = DTMF in self.names
        # What commands, and events, contain that tell secrets; the words in lower case.
        self._always, self._told = _telling(tuple(redactor.words), self.hides_digits)
        self._words = self._always
        # Dictionaries, in place of sets, for their order.
        self._collected: dict[str, None] = {}
        self._values: dict[str, None] = {}
        self._keys: dict[str, str] = {}  # pressed, by leg
        # Events that are not read until something is shown: the newest of each leg, and the
        # conversation's last.
        self._newest: dict[str, Event] = {}
        self.recent: list[Event] = []
        self._read_to = 0  # the serial of the last of these that was read
        self._patterns = _NO_PATTERNS

    # What is told

    def may_tell(self, data: bytes) -> bool:
        """False only if these bytes of a command certainly tell no secret."""
        return self._hides and self._words.search(data.lower()) is not None

    def sent(self, line: str, headers: Sequence[tuple[str, str]], body: str = "") -> None:
        """Learn from a command of the app."""
        if not self._hides:
            return
        given = {name.lower(): value for name, value in headers}
        application = given.get("execute-app-name", "")
        self._read_command(line)
        for argument in (given.get("execute-app-arg", ""), body):
            if argument:
                self._read_command(f"{application} {argument}" if application else argument)
        for name, value in headers:
            if self._redactor.hides(name):
                self._learn(value)

    def answered(self, question: str, text: str) -> None:
        """Learn from the answer to a command."""
        if self._hides and self._redactor.names_one(question):
            question = _without_api(question)
            verb = question.partition(" ")[0].lower()
            if verb in _GETTERS and not failed(text, question):
                self._learn(text.removeprefix("+OK "))

    def asks(self, line: str) -> bool:
        """True if the answer to a command may be secret."""
        return self._hides and self.may_tell(line.encode("utf-8", "surrogateescape"))

    def event(self, headers: Iterable[tuple[str, str]]) -> None:
        """Learn from the headers of an event."""
        if not self._hides:
            return
        known = dict(headers)
        for argument, command in ARGUMENTS.items():
            if argument in known and command in known:
                self._read_command(f"{known[command]} {known[argument]}")
        for name, value in known.items():
            if self._redactor.hides(name):
                self._learn(value)

    def pressed(self, leg: str, digit: str) -> None:
        """Learn of a key."""
        if self.hides_digits:
            self._keys[leg] = (self._keys.get(leg, "") + digit)[-MOST_KEYS:]
            _bound(self._keys, MOST_LEGS)

    def note(self, leg: str, event: Event) -> None:
        """Note a leg's newest event with variables; it is read when something is shown."""
        if self._hides:
            newest = self._newest
            newest[leg] = event
            if len(newest) > MOST_LEGS:
                _bound(newest, MOST_LEGS)

    def read(self, event: Event) -> None:
        """Learn from an event."""
        if self._hides and self.may_tell(event.raw):
            try:
                redactor, reads = self._redactor, self._reads
                if reads is None or reads[0] is not redactor:
                    reads = self._reads = redactor, _learnt_from(redactor)
                self.event(event.among(reads[1]).items())
            except ProtocolError:
                pass  # not an event after all

    def _read_newest(self) -> None:
        for leg in self._newest.copy():
            event = self._newest.pop(leg, None)
            if event is not None:
                self.read(event)
        recent = self.recent.copy()
        count = recent[-1].serial - self._read_to if recent else 0
        for event in [*islice(reversed(recent), max(count, 0))][::-1]:
            self._read_to = event.serial
            self.read(event)

    def _learn(self, value: str) -> None:
        for each in {value, value.strip(), *elements(value)}:
            if (
                1 < len(each) <= LONGEST
                and each.lower() not in ORDINARY
                and "${" not in each
                and each.strip("*")
            ):
                self._values[each] = None
        _bound(self._values, MOST_VALUES)

    def _collects(self, name: str) -> None:
        """Digits are collected into this variable."""
        name = re.sub(r"\[-?\d*\]$", "", name)  # an element of an array
        if name and "${" not in name and not name.isdigit() and name not in self._collected:
            self._collected |= {name: None, f"{name}_invalid": None}
            _bound(self._collected, MOST_COLLECTED)
            self._redactor = also_collected(self.names, tuple(self._collected))
            names = [each.lower().encode("utf-8", "surrogateescape") for each in self._collected]
            self._words = re.compile(b"|".join((self._always.pattern, *map(re.escape, names))))

    def _read_command(self, text: str) -> None:
        """Learn from a command, or an application, and its argument."""
        text = _without_api(text)
        if self.hides_digits or "pin" in map(str.lower, self.names):
            for found in _applications().finditer(text):
                self._read_application(found[1], text[found.end() :], nested=found.start() > 0)
        for found in self._redactor.before.finditer(text):
            if _applications().match(found[0]) is not None:
                continue  # read above
            for value in _values(text, found):
                self._learn(value)
        for at in [each.start() for each in re.finditer(r"[{<\[]", text[:LONGEST])]:
            for name, value in variables_of(text[at:])[0].items():
                if self._redactor.hides(name):
                    self._learn(value)

    def _read_application(self, name: str, argument: str, nested: bool) -> None:
        application = declared(name)
        if application.before_pin:
            found = re.match(rf"{application.before_pin}([^+@\s{{}}()'\",;|^]+)", argument)
            if found is not None:
                self._learn(found[1])
            found = re.match(r"\s*\S+\s+(?:pin|dtmf\s+\S+)\s+(\S+)", argument)
            if found is not None:
                self._learn(found[1])
        if not self.hides_digits:
            return
        place = application.place("variable")
        if place is not None:
            argument = _with_variables_whole(argument)
            variants = [argument]
            if nested:  # in quotes, or in parentheses
                variants += [argument.partition(end)[0] for end in "')"]
            for each in variants:
                for word in separate(each)[place : place + 1]:
                    self._collects(word)
        elif application.digits or declared(f"uuid_{name}").digits:
            if nested:
                argument = re.split(r"[,;|)'\"^]", argument.strip("'\""), maxsplit=1)[0]
            for digits in _DIGITS.findall(argument[:LONGEST]):
                if "-" not in digits:  # a uuid
                    self._learn(digits)
                    self._learn(re.sub("[wW]", "", digits))

    # What is shown

    def may_hide(self, text: str) -> bool:
        """False only if the text certainly shows no secret; quicker than hiding it."""
        return bool(self._values or self._keys) or self.tells(text)

    def tells(self, text: str) -> bool:
        """False only if the text certainly has no name of something secret."""
        return self._redactor.may_change(text) or self._told.search(text) is not None

    def hides(self, name: str) -> bool:
        """True if the values of this header are hidden."""
        return self._redactor.hides(name)

    def names_one(self, text: str) -> bool:
        """True if the text names something whose value is hidden."""
        return self._redactor.names_one(text)

    def __call__(self, text: str, *, words: bool = False) -> str:
        """The text, with `HIDDEN` in place of each secret; of short ones with ``words``."""
        if not self._hides:
            return text
        self._read_newest()
        return self._known(self._redactor(text), words=words)

    def header(self, name: str, value: str, command: str = "") -> str:
        """The value of a header; of an argument, to that application or command."""
        if not self._hides or not value:
            return value
        is_argument = name in ARGUMENTS or name.lower() == "execute-app-arg"
        if is_argument:
            value = self._behind(command, value)
        if self._redactor.hides(name):
            return HIDDEN
        if self._redactor.may_change(value):
            value = self._redactor(value.replace("\n", "\0")).replace("\0", "\n")
        if is_fact(name):
            return value
        if value in self._values and name.lower().startswith("variable_"):
            return HIDDEN
        return self._known(value, words=is_argument)

    def _behind(self, before: str, value: str) -> str:
        """A value after a text; hidden if the text names something hidden."""
        line = self._redactor(f"{before} {value}".replace("\n", "\0"))
        return line.replace("\0", "\n")[len(before) + 1 :]

    def _known(self, text: str, *, words: bool = False, encoded: int = MOST_ENCODED) -> str:
        """The text without the values that are known, also if ``encoded`` as often by percents."""
        if not self._values and not self._keys and "%" not in text:
            return text
        values, patterns = self._patterns
        if values != self._values:
            values = self._values.copy()
            patterns = Patterns(values)
            self._patterns = values, patterns
        text = patterns.hide(text, words)
        if self._keys:
            text = _KEYS.sub(self._unless_pressed, text)
        if encoded and "%" in text:

            def decoded(found: re.Match[str]) -> str:
                told = unquote(bytes_of(found[0]))
                named = self._redactor(told) if self._redactor.may_change(told) else told
                shown = self._known(named, words=words, encoded=encoded - 1)
                return found[0] if shown == told else quote(shown)

            text = _ENCODED.sub(decoded, text)
        return text

    def may_know(self, text: str) -> bool:
        """False only if no known value is in a text; quicker than hiding it."""
        if "%" in text or "\\" in text or any(each in text for each in self._values.copy()):
            return True
        keys = _KEYS.findall(text) if self._keys else ()
        return any(map(self._was_pressed, keys))

    def _was_pressed(self, keys: str) -> bool:
        bare = keys.strip("*#")
        return len(bare) >= SHORT and any(bare in each for each in self._keys.copy().values())

    def _unless_pressed(self, found: re.Match[str]) -> str:
        return HIDDEN if self._was_pressed(found[0]) else found[0]

    # As the library shows it

    def command(self, line: str, headers: Sequence[tuple[str, str]]) -> str:
        """A command in one line."""
        application = dict(headers).get("execute-app-name", "")
        lines = [self(line, words=True)]
        for name, value in headers:
            lines.append(f"{name}: {self.header(name, value, application)}")
        return in_a_line("\n".join(lines))

    def value(self, name: str, value: str) -> str:
        """The value of a header, safe for a log."""
        return in_a_log(HIDDEN if self._redactor.hides(name) else self.header(name, value))

    def data(self, data: bytes) -> bytes:
        """Bytes of the wire."""
        return bytes_of(self(lossless(data)))

    def error(self, error: ProtocolError) -> ProtocolError:
        """The same error, without secrets in the bytes that it shows."""
        data = self.data(error.data)
        begun = [each[:size] for each in self._values.copy() for size in range(2, len(each))]
        if len(error.data) == MAX_DATA and data.endswith(tuple(map(bytes_of, begun))):
            data = data[: max(data.rfind(b" "), data.rfind(b"\n"), 0)]  # it may be half of a secret
        return ProtocolError(error.args[0], data)


class Patterns:
    """Finds known values in text."""

    def __init__(self, values: dict[str, None]) -> None:
        self._words = _pattern(values)
        self._long = _pattern([each for each in values if len(each) >= SHORT])

    def hide(self, text: str, words: bool) -> str:
        pattern = self._words if words else self._long
        return text if pattern is None else pattern.sub(_hidden, text)


def _pattern(values: Iterable[str]) -> re.Pattern[str] | None:
    pieces = {form: _bounded(form) for each in values for form in _written(each)}
    if not pieces:
        return None
    # A uuid is passed over as a whole, unless it is a value.
    longest = sorted(pieces, key=len, reverse=True)
    before = [pieces[each] for each in longest if len(each) >= 36]
    after = [pieces[each] for each in longest if len(each) < 36]
    return re.compile("|".join([*before, rf"(?P<uuid>{_UUID})", *after]))


#: For all calls that have told no value.
_NO_PATTERNS: tuple[dict[str, None], Patterns] = ({}, Patterns({}))


def _written(value: str) -> set[str]:
    """A value as it is, and as strings of JSON have it, also inside of other JSON."""
    if value.isascii() and '"' not in value and "\\" not in value:
        return {value}
    from json import dumps  # not needed to import eslsync

    forms = {value}
    for ascii_only in (True, False):
        form = value
        for _ in range(MOST_ENCODED):
            form = dumps(form, ensure_ascii=ascii_only)[1:-1]
            forms.add(form)
    return forms


def _bounded(value: str) -> str:
    """A pattern of a value; a short one begins and ends as a word does."""
    pattern = re.escape(value)
    if len(value) >= INSIDE:
        return pattern
    if value[0].isdigit():
        pattern = rf"(?:(?<!\d)|(?<=%[0-9A-Fa-f]{{2}})){pattern}"
    elif value[0].isalpha():  # a letter that belongs to an escape is none
        pattern = rf"(?:(?<![A-Za-z])|(?<=%[0-9A-Fa-f]{{2}})|(?<=\\[nrtsb])){pattern}"
    end = value[-1]
    return pattern + (r"(?!\d)" if end.isdigit() else "(?![A-Za-z])" if end.isalpha() else "")


def _hidden(found: re.Match[str]) -> str:
    return found[0] if found["uuid"] else HIDDEN


@lru_cache(maxsize=4096)
def is_fact(name: str) -> bool:
    """True for a header with the switch's own facts."""
    return _FACTS.fullmatch(name) is not None


_found: re.Pattern[str] | None = None


def _applications() -> re.Pattern[str]:
    """Matches an application that tells secrets, in a dialplan's ways to name its argument."""
    global _found
    if _found is None:
        names = {
            each.name.removeprefix("uuid_")
            for each in declarations()
            if each.digits or each.before_pin or each.place("variable") is not None
        }
        _found = re.compile(
            rf"(?<![\w.-])(?:uuid_)?({'|'.join(sorted(names))})(?:::|[:(=,~!;|]|\s+)",
            re.IGNORECASE,
        )
    return _found


def _values(text: str, found: re.Match[str]) -> Iterator[str]:
    """The values that may stand behind a name in a command."""
    before, between, rest = text[: found.start()], found["between"].strip(), text[found.end() :]
    if between == "/":
        if re.search(r"(?:hash|db|memcache|redis)\W[^\n]*/$", before) is None:
            return
        yield re.split(r"[)}'\"]", rest, maxsplit=1)[0]
    elif _SETS.search(before):
        yield rest
        yield re.sub(r"\\([\\$'])", r"\1", rest)  # expanded
        yield from separate(rest, "\0", 1)  # and as the api takes it
        return
    elif not between and (
        _applications().search(before) or not any(map(str.isdigit, rest.split(" ", 1)[0]))
    ):
        return  # other words of an argument, or of a text
    shortest = len(rest) - len(rest.lstrip("'\"[\\ "))
    end = shortest
    while end < len(rest) and rest[end] not in _ENDS:
        end += 1
    yield rest[shortest:end]
    yield rest[shortest:end].rstrip("\\")  # before an escaped quote
    for delimiter in {",", ";", "|", before[-1:]} - {"", "'", '"'}:
        if not delimiter.isalnum():
            yield from separate(rest, delimiter, 2)[:1]


def _with_variables_whole(argument: str) -> str:
    """An argument in which no blank of a ``${...}`` separates, as FreeSWITCH expands it first."""
    pieces, at = [], 0
    while (start := argument.find("${", at)) >= 0:
        end = closing(argument, start + 2, "{", "}")
        if end < 0:
            break
        pieces += [argument[at:start], re.sub(r"[\s'\\]", "_", argument[start : end + 1])]
        at = end + 1
    return "".join([*pieces, argument[at:]])


def _without_api(text: str) -> str:
    verb, _, rest = text.partition(" ")
    return rest if verb.lower() in ("api", "bgapi") else text


def _bound(known: dict[str, T], most: int) -> None:
    while len(known) > most:
        known.pop(next(iter(known.copy())), None)

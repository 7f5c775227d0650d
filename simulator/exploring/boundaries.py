"""The values at which comparisons in the code turn: of numbers, of lengths, and of the clock."""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from eslsync.wire.arguments import are_keys

__all__ = ["Numbers", "Times", "Turns", "ends_in", "integers", "moments", "numbers_in", "times_in"]

#: Names by which code reads the parts of a time: what is compared with them is no entry.
CLOCK = frozenset(
    "hour minute second microsecond day month year weekday isoweekday tm_hour tm_min tm_sec "
    "tm_mday tm_mon tm_year tm_wday tm_yday".split()
)
#: The same, by the part of a time.
PARTS = {
    "hour": "hour", "tm_hour": "hour", "minute": "minute", "tm_min": "minute",
    "month": "month", "tm_mon": "month", "day": "day", "tm_mday": "day",
    "year": "year", "tm_year": "year",
}  # fmt: skip
WEEKDAYS = frozenset("weekday isoweekday tm_wday isocalendar day_name".split())
#: The year of a date of which the code names only month and day.
YEAR = 2026
TIME_TEXT = re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?")
DATE_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: Looks up the value of a name or an attribute: an expression, if the code assigns one.
Lookup = Callable[[ast.expr], "ast.expr | None"]


class Numbers:
    """The integers that code compares with values, and with lengths of texts."""

    def __init__(self) -> None:
        self.values: set[int] = set()
        self.lengths: set[int] = set()


def numbers_in(nodes: Iterable[ast.AST], lookup: Lookup) -> Numbers:
    """The integers in comparisons, `match`, `range`, keys of dicts, and members of an Enum."""
    found = Numbers()
    for node in nodes:
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(_asks_clock(side) for side in sides):
                continue
            here = {number for side in sides for number in integers(side, lookup)}
            (found.lengths if any(map(_is_length, sides)) else found.values).update(here)
        elif isinstance(node, ast.MatchValue):
            found.values.update(integers(node.value, lookup))
        elif isinstance(node, ast.Dict):
            for key in node.keys:
                if key is not None:
                    found.values.update(integers(key, lookup))
        elif isinstance(node, ast.ClassDef):
            if any("Enum" in ast.unparse(base) for base in node.bases):
                for each in node.body:
                    if isinstance(each, ast.Assign):
                        found.values.update(integers(each.value, lookup))
    return found


def ends_in(nodes: Iterable[ast.AST], lookup: Lookup) -> Iterator[tuple[str, str]]:
    """What comparisons with a text's first or last digits ask for: the first, and the last."""
    for node in nodes:
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            for part in sides:
                index = ast.unparse(part.slice) if isinstance(part, ast.Subscript) else ""
                for digits in (each for side in sides for each in _digits(side, lookup)):
                    if index == "0" or re.fullmatch(r":\d+", index):
                        yield digits, ""
                    elif index == "-1" or re.fullmatch(r"-\d+:", index):
                        yield "", digits
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            for digits in (each for given in node.args for each in _digits(given, lookup)):
                if node.func.attr == "startswith":
                    yield digits, ""
                elif node.func.attr == "endswith":
                    yield "", digits


def _digits(node: ast.expr, lookup: Lookup) -> Iterator[str]:
    """The digits that an expression can mean: a literal, a constant, members."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and node.value and are_keys(node.value):
            yield node.value
    elif isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        for each in node.elts:
            yield from _digits(each, lookup)
    elif isinstance(node, (ast.Name, ast.Attribute)):
        value = lookup(node)
        if value is not None and not isinstance(value, (ast.Name, ast.Attribute)):
            yield from _digits(value, lookup)


def integers(node: ast.expr, lookup: Lookup) -> Iterator[int]:
    """The integers that an expression can mean: a literal, a constant, members, a range's ends."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, int) and not isinstance(node.value, bool):
            yield node.value
    elif isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        for each in node.elts:
            yield from integers(each, lookup)
    elif isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in ("range", "set", "frozenset", "tuple", "list"):
            for each in node.args:
                yield from integers(each, lookup)
    elif isinstance(node, (ast.Name, ast.Attribute)):
        value = lookup(node)
        if value is not None and not isinstance(value, (ast.Name, ast.Attribute)):
            yield from integers(value, lookup)


def _is_length(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "len"


def _asks_clock(node: ast.expr) -> bool:
    return any(isinstance(each, ast.Attribute) and each.attr in CLOCK for each in ast.walk(node))


class Turns:
    """The boundaries between which values count as the same.

    A number or a time kept in a variable may be compared later, so it matters between which of
    the code's boundaries it is.
    """

    def __init__(self, numbers: Iterable[int] = (), times: Iterable[time] = ()) -> None:
        self._numbers = sorted(numbers)
        self._times = sorted(times)

    def number(self, value: int) -> str:
        """The number's place among those that the code compares with."""
        place = 2 * bisect_right(self._numbers, value)
        return f"{place + (value in self._numbers)}" if self._numbers else ""

    def moment(self, value: date | time) -> str | None:
        """A time's place in the day, and its day; None if the code names no time of day."""
        if not self._times:
            return None
        day = f"{value:%a}" if isinstance(value, date) else ""
        if isinstance(value, datetime):
            value = value.time()
        if isinstance(value, time):
            return f"{day}{bisect_right(self._times, value.replace(tzinfo=None))}"
        return day


# The clock


class Times:
    """The times of day, dates and days of the week that code asks for."""

    def __init__(self) -> None:
        self.times: set[time] = set()
        self.dates: set[date] = set()
        self.weekdays = False  #: True if it asks for the day of the week
        self.calculates = False  #: True if it calculates with the day of the month, or the month
        self.zones: set[str] = set()


def merged(several: Iterable[Times]) -> Times:
    """Those of several modules together."""
    found = Times()
    for each in several:
        found.times |= each.times
        found.dates |= each.dates
        found.zones |= each.zones
        found.weekdays |= each.weekdays
        found.calculates |= each.calculates
    return found


def times_in(nodes: Iterable[ast.AST], lookup: Lookup) -> Times:
    """The times in calls of `time`, `date` and `datetime`, in texts, and in comparisons."""
    found = Times()
    nodes = list(nodes)
    parts = _names_of_parts(nodes)  # such as hour = datetime.now().hour
    compared: dict[str, set[int]] = {}
    for node in nodes:
        if isinstance(node, ast.Call):
            _literal(node, lookup, found)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            _text(node.value, found)
        elif isinstance(node, ast.Attribute) and node.attr in WEEKDAYS:
            found.weekdays = True
        elif isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Mod):
            sides = [node.left, node.right]
            found.calculates |= bool(
                {"day", "month"} & {p for s in sides for p in _parts(s, parts)}
            )
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            asked = {part for side in sides for part in _parts(side, parts)}
            for side in sides:
                numbers = set(integers(side, lookup))
                for part in asked:
                    compared.setdefault(part, set()).update(numbers)
                for form in (form for other in sides for form in _forms(other)):
                    _formatted(side, form, found)
    pairs = [node for node in nodes if isinstance(node, ast.Tuple) and len(node.elts) == 2]
    of_pairs = [[part for side in pair.elts for part in _parts(side, parts)] for pair in pairs]
    for pair in pairs if ["month", "day"] in of_pairs else ():
        of_date = [number for side in pair.elts for number in integers(side, lookup)]
        if len(of_date) == 2:
            with suppress(ValueError):
                found.dates.add(date(YEAR, *of_date))
    hours = {hour % 24 for each in compared.get("hour", ()) for hour in (each, each + 1)}
    found.times.update(time(hour) for hour in hours)
    for minute in compared.get("minute", ()):
        around = {each.hour for each in found.times} or {9}
        found.times.update(time(hour, minute % 60) for hour in around)
    for year in compared.get("year", {YEAR}):
        for month in compared.get("month", {1} if compared.keys() & {"day", "year"} else ()):
            for day in compared.get("day", {1}):
                with suppress(ValueError):
                    found.dates.add(date(year, month, day))
    return found


def moments(times: Times, monday: date) -> list[datetime]:
    """The moments at which a handler may act differently, in UTC, the likeliest first.

    At each time of day, and a second before and after it: on ``monday``, and then on the other
    days that the code asks for. Each hour of a day and each day of the week, if it names none.
    """
    second = timedelta(seconds=1)
    week = [monday + timedelta(days=day) for day in range(7)]
    night = datetime.combine(week[6], time(3)) - timedelta(days=7)
    around = [
        datetime.combine(monday, each) + later
        for each in sorted(times.times)
        for later in (-second, 0 * second, second)
    ]
    noons = [datetime.combine(day, time(12)) for day in (*sorted(times.dates), *week)]
    found = [night, *around]
    if not times.times and not times.dates:
        found += [datetime.combine(monday, time(hour)) for hour in range(24)]
    found += noons
    if times.calculates:
        ends = [date(YEAR, month, day) for month, day in ((1, 31), (2, 28), (12, 31))]
        found += [datetime.combine(day, time(12)) for day in ends]
    for day in sorted(times.dates):
        begins = datetime.combine(day, time())
        found += [begins - second, begins, begins + timedelta(days=1)]
    others = [*sorted(times.dates), *(week[1:] if times.weekdays else ())]
    found += [
        datetime.combine(day, each) + later
        for day in others
        for each in sorted(times.times)
        for later in (-second, 0 * second)
    ]
    zone = ZoneInfo(min(times.zones)) if len(times.zones) == 1 else timezone.utc
    return list(
        dict.fromkeys(
            each.replace(tzinfo=zone).astimezone(timezone.utc).replace(tzinfo=None)
            for each in found
        )
    )


def _names_of_parts(nodes: Sequence[ast.AST]) -> dict[str, str]:
    """The variables that hold a part of a time."""
    return {
        target.id: part
        for node in nodes
        if isinstance(node, ast.Assign)
        for part in _parts(node.value, {})
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _parts(node: ast.expr, names: Mapping[str, str]) -> Iterator[str]:
    """The parts of a time that an expression asks for: hour, minute, month or day."""
    if isinstance(node, ast.Attribute) and node.attr in PARTS:
        yield PARTS[node.attr]
    elif isinstance(node, ast.Name) and node.id in names:
        yield names[node.id]


def _literal(call: ast.Call, lookup: Lookup, found: Times) -> None:
    name = ast.unparse(call.func).rpartition(".")[2]
    given = [next(integers(each, lookup), None) for each in call.args]
    given += [None] * 7
    words = {each.arg: next(integers(each.value, lookup), None) for each in call.keywords}
    with suppress(ValueError, TypeError):
        if name == "time" and (call.args or call.keywords):
            hour, minute = given[0] or words.get("hour"), given[1] or words.get("minute")
            found.times.add(time(hour or 0, minute or 0, given[2] or words.get("second") or 0))
        elif name in ("date", "datetime") and len(call.args) >= 3:
            found.dates.add(date(*given[:3]))  # type: ignore[arg-type]
            if name == "datetime" and given[3] is not None:
                found.times.add(time(given[3], given[4] or 0))
        elif name in ("ZoneInfo", "timezone", "gettz") and call.args:
            zone = call.args[0]
            if isinstance(zone, ast.Constant) and isinstance(zone.value, str):
                with suppress(Exception):  # no such zone, or not on this machine
                    found.zones.add(ZoneInfo(zone.value).key)


def _text(text: str, found: Times) -> None:
    with suppress(ValueError):
        if TIME_TEXT.fullmatch(text):
            found.times.add(time.fromisoformat(text.zfill(5)))
        elif DATE_TEXT.fullmatch(text):
            found.dates.add(date.fromisoformat(text))


def _forms(node: ast.expr) -> Iterator[str]:
    """The formats of `strftime` in it."""
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and "%" in each.value:
            yield each.value


def _formatted(side: ast.expr, form: str, found: Times) -> None:
    """Texts compared with a time in a format, such as that of ``strftime("%H%M")``."""
    for each in ast.walk(side):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value != form:
            with suppress(ValueError):
                moment = datetime.strptime(each.value, form)
                if re.search("%[HIMSTX]", form):
                    found.times.add(moment.time())
                if re.search("%[dmjYyDFx]", form):
                    year = moment.year if re.search("%[YyDFx]", form) else YEAR
                    found.dates.add(moment.replace(year=year).date())

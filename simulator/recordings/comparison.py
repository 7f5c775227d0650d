"""Compares two conversations: a recorded one, and the model's.

`simulator.recordings.conformance.LEFT_OUT` lists what is not compared, with reasons.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal

from eslsync.wire.written_events import BEGINNINGS

from ..clockwork.threads import MILLISECOND, SECOND
from ..ladders.rungs import ANY_UUID
from .reading import Recording, Sent, described

__all__ = ["RACE", "Comparison", "Kind", "Mismatch", "Report"]

#: Replies and events less than this many seconds of the recording apart may change places.
RACE = 0.045
#: The same for the linger notice and the last events of a hangup, on a busy host.
NOTICE_RACE = 0.2
#: Maximum difference of times, in microseconds: a few frames of 20 ms.
TIME_TOLERANCE = 200 * MILLISECOND
#: Events that are sent to the channel, which fires them when it is parked.
QUEUED = frozenset({"CHANNEL_DATA", "DETECTED_SPEECH", "DETECTED_TONE"})
#: Maximum difference of the length of a cut playback, in samples.
SAMPLE_TOLERANCE = 2400


#: Kinds of mismatches.
Kind = Literal["missing", "extra", "headers", "value", "body", "type", "order", "end"]


@dataclass
class Mismatch:
    where: str
    expected: str
    found: str
    kind: Kind
    what: str = ""  #: the header, or headers, if it is about them
    message: Sent | None = None  #: of the real switch, or the model's if that is extra

    def __str__(self) -> str:
        return f"{self.where}\n  - {self.expected}\n  + {self.found}"


@dataclass
class Report:
    """The result of a check. ``differences`` is empty if the model conforms."""

    name: str
    differences: list[Mismatch] = field(default_factory=list)
    messages: int = 0  #: compared
    headers: int = 0  #: compared
    left_out: Counter[str] = field(default_factory=Counter)
    expected: list[Sent] = field(default_factory=list)
    found: list[Sent] = field(default_factory=list)

    @property
    def conforms(self) -> bool:
        return not self.differences

    def add(self, other: Report) -> None:
        """Add what another connection of the same recording has shown."""
        self.differences += other.differences
        self.messages += other.messages
        self.headers += other.headers
        self.left_out += other.left_out
        self.expected = self.expected + other.expected
        self.found = self.found + other.found

    @property
    def verdict(self) -> str:
        """``conforms``, or how many differences there are."""
        count = len(self.differences)
        return "conforms" if not count else f"{count} difference{'s' * (count != 1)}"

    def __str__(self) -> str:
        lines = [str(difference) for difference in self.differences]
        left = ", ".join(f"{count} {what}" for what, count in sorted(self.left_out.items()))
        lines.append(
            f"{self.name}: {self.verdict}; {self.messages} messages and {self.headers} headers "
            f"compared; left out: {left or 'nothing'}"
        )
        return "\n".join(lines)


def _named(pattern: str) -> Callable[[str], object]:
    """Tells whether a header's name matches; the same names come again and again."""
    return lru_cache(maxsize=4096)(re.compile(pattern).match)


_CONSULTED = ("variable_soft_holding_uuid", "variable_signal_bond", "variable_bridge_to")
#: What both legs' threads set as a bridge ends; the first is not set before.
_BRIDGE_ENDED = ("variable_bridge_hangup_cause", "variable_call_uuid")
#: Where a leg that is in CS_INIT goes, as other threads see it: CS_INIT or CS_ROUTING.
_FIRST_STATES = {"1", "2"}
#: The state of a leg whose bridge the other leg's thread runs.
_BRIDGED = "CS_EXCHANGE_MEDIA"
_RESULT = "variable_att_xfer_result"
_LAST_CAUSE = "variable_last_bridge_hangup_cause"
#: Headers that may be never compared.
_DROPPED = _named(
    r"variable_(sip_|rtp_|switch_[mr]_sdp|(local|remote|advertised)_(media|audio|video)_)|"
    rf"(variable_loopback_leg|{_LAST_CAUSE}|{_RESULT}|{'|'.join(_CONSULTED)})$"
)
_COUNTERS = _named(r"(Up-Time|Uptime-msec|Session-.*|Idle-CPU)$")
_BRIDGED_AT = "Caller-Channel-Bridged-Time"
#: Where a leg that is about to be bridged is, as other threads see it: CS_EXCHANGE_MEDIA or
#: CS_CONSUME_MEDIA.
_ABOUT_TO_BE_BRIDGED = {"5", "7"}
_CALL = _named(r"(Channel-Call-UUID|variable_call_uuid)$")
#: Numbers that the whole switch counts on: another call takes one in between.
_NUMBERED = _named(r"(variable_(session_id|conference_member_id)|Member-ID)$")
_DISPLAY = _named(r"Caller-Callee-ID-N(ame|umber)$")
#: Headers that are looked at though their values are equal: they may be left out, or are numbered.
_LOOKED_AT = _named(
    r"(Event-Sequence|Core-UUID|Caller-Callee-ID-N(ame|umber)|Caller-Channel-Progress-Time)$|"
    r"Event-Calling-|(Up-Time|Uptime-msec|Session-.*|Idle-CPU)$|variable_last_sched_id$|"
    r"(variable_(session_id|conference_member_id)|Member-ID)$"
)
#: Headers that hold a time, by its unit.
_DATES = _named(r"Event-Date-(Local|GMT)$|variable_\w+_(time)?stamp$")
_MICROSECONDS = _named(
    r"Event-Date-Timestamp$|.*-(Created|Answered|Progress|Progress-Media|Hangup|Transfer|"
    r"Resurrect|Bridged)-Time$|.*-(Last-Hold|Hold-Accum)$|variable_\w+_(uepoch|usec)$|"
    r"variable_(u?duration|\w+usec)$|FIFO-.*-us$"
)
#: What begins with a time, in seconds.
_SOURCES = _named(r".*Transfer-Source$|variable_transfer_(source|history)$")
_BEGINNING = re.compile(r"\d{10}(?=:)")
_MILLISECONDS = _named(
    r"variable_(mduration|tone_detect_\w+_total_time|\w+msec|\w+_ms)$|FIFO-.*-ms$"
)
_SECONDS = _named(r"variable_(duration|\w+[^mu]sec|\w+_epoch|\w+_seconds)$|FIFO-.*-s$")
_SAMPLES = _named(r"variable_playback_(last_offset_pos|samples)$")
_PLAYED = _named(r"variable_playback_(ms|seconds)$")
#: Which build of a version `api version` and `api status` name.
_BUILD = re.compile(r"\+git~\w+~\w+|git \w+ [\d-]+ [\d:]+Z")
_RECORDED = _named(r"variable_record_(record_)?(file_size|samples|ms|seconds)$")


@lru_cache(maxsize=4096)
def _tolerance(key: str) -> tuple[int, str]:
    """By how much the numbers of a header may differ, and why; no reason for other headers."""
    for pattern, unit, what in (
        (_SAMPLES, SAMPLE_TOLERANCE, "how far a cut playback got"),
        (_PLAYED, 300, "how far a cut playback got"),
        (_RECORDED, 10**9, "how much a recording got"),
        (_MICROSECONDS, TIME_TOLERANCE, "times"),
        (_MILLISECONDS, TIME_TOLERANCE // MILLISECOND, "times"),
        (_SECONDS, 1, "times"),
    ):
        if pattern(key):
            return unit, what
    return 0, ""


class Comparison:
    """Compares two conversations; ``roles`` maps uuids of the one to those of the other."""

    def __init__(self, report: Report, recording: Recording) -> None:
        self.report = report
        self.recording = recording
        self.roles: dict[str, str] = {}
        self._played_by: dict[str, str] = {}  # the other way round
        self._same: set[tuple[str, str]] = set()  # texts with uuids that correspond
        self._consults = any(m.get("Application") == "att_xfer" for m in recording.switch)
        #: The events that come just before another one, or behind it in one conversation alone,
        #: with the reason: what they tell of the channel differs, and `_order` checks that it is a
        #: race.
        self._passed_over: dict[int, str] = {}
        self._numbers: dict[str, str] = {}

    def of(self, report: Report, recording: Recording) -> Comparison:
        """A comparison of another connection, in which uuids and numbers mean the same."""
        other = Comparison(report, recording)
        other.roles, other._numbers = self.roles, self._numbers
        return other

    def run(self, expected: list[Sent], found: list[Sent]) -> None:
        matched: dict[int, int] = {}
        for lane in ("answer", "event", "notice"):
            ours = [each for each in found if each.lane == lane]
            theirs = [each for each in expected if each.lane == lane]
            if lane == "event":
                pairs = list(self._align(theirs, ours))
            else:
                pairs = list(self._side_by_side(theirs, ours))
            for theirs_one, ours_one in pairs:
                matched[theirs_one.order] = ours_one.order
                self.report.messages += 1
                if theirs_one.order in self._passed_over:
                    self.report.left_out[self._passed_over[theirs_one.order]] += 1
                else:
                    self._compare(theirs_one, ours_one)
        for lane, what in (
            ("log", "log/data"),
            ("others", "what others do"),
            ("early", "events from before the connection"),
        ):
            count = sum(each.lane == lane for each in expected)
            if count:
                self.report.left_out[what] += count
        self._order(expected, found, matched)
        self._sequence(found)

    def _align(self, expected: list[Sent], found: list[Sent]) -> Iterator[tuple[Sent, Sent]]:
        """Find each event's counterpart, leg by leg, since each leg has its own thread."""
        expected, found = self._without_park(expected), self._without_park(found)
        legs = self._same_legs(expected, found)
        for leg, other in legs.items():
            theirs = [each for each in expected if each.get("Unique-ID") == leg]
            ours = [each for each in found if each.get("Unique-ID") == other]
            listened, our_listened = _ends_of_listening(theirs), _ends_of_listening(ours)
            pairs = list(
                self._align_leg(
                    _without(theirs, [*_beats(theirs), *listened]),
                    _without(ours, [*_beats(ours), *our_listened]),
                )
            )
            yield from pairs
            for stop, our_stop in self._side_by_side(listened, our_listened):
                if stop.get("Channel-State") != our_stop.get("Channel-State"):
                    self._passed_over[stop.order] = "the end of listening in on a leg that hung up"
                yield stop, our_stop
            for beat, our_beat in self._side_by_side(_beats(theirs), _beats(ours)):
                if any(
                    (each.order < beat.order) != (its.order < our_beat.order)
                    or 0 <= its.time - our_beat.time <= RACE
                    for each, its in pairs
                ):
                    self._passed_over[beat.order] = "a heartbeat beside another event"
                yield beat, our_beat
        unknown = [each for each in found if each.get("Unique-ID") not in legs.values()]
        if unknown and self._may_lose([], unknown):
            self.report.left_out["the tail without linger"] += len(unknown)
            return
        for event in unknown:
            self._extra(event)

    def _same_legs(self, expected: list[Sent], found: list[Sent]) -> dict[str, str]:
        """The model's leg for each leg of the recording: as known, otherwise in order."""
        theirs, ours = (
            list(dict.fromkeys(each.get("Unique-ID") for each in events))
            for events in (expected, found)
        )
        legs = {leg: self.roles.get(leg, leg) for leg in theirs}
        unknown = [leg for leg in ours if leg not in legs.values()]
        for leg, other in legs.items():
            if other not in ours and unknown:
                legs[leg] = unknown.pop(0)
        return legs

    def _align_leg(self, expected: list[Sent], found: list[Sent]) -> Iterator[tuple[Sent, Sent]]:
        matcher = SequenceMatcher(None, list(map(_key, expected)), list(map(_key, found)), False)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            if tag == "equal":
                yield from zip(expected[i1:i2], found[j1:j2], strict=True)
                continue
            missing, extra = expected[i1:i2], found[j1:j2]
            if i2 == len(expected) and j2 == len(found) and self._may_lose(missing, extra):
                self.report.left_out["the tail without linger"] += len(missing) + len(extra)
                continue
            for each in missing:
                self._missing(each)
            for each in extra:
                self._extra(each)

    def _may_lose(self, missing: list[Sent], extra: list[Sent]) -> bool:
        """True for the last events of a connection that the switch closed at the hangup."""
        if not self.recording.closed or any(
            each.get("Content-Disposition") == "linger" for each in self.report.expected
        ):
            return False
        if "async" not in self.recording.circumstances.get("socket", "async"):
            return True  # they wait for the listener's next check, which may not come
        for events, all_ in ((missing, self.report.expected), (extra, self.report.found)):
            closing = [each for each in all_ if each.get("Content-Disposition") == "disconnect"]
            if not closing or any(closing[0].time - each.time > RACE for each in events):
                return False
        return True

    def _without_park(self, events: list[Sent]) -> list[Sent]:
        for at, event in enumerate(events):
            if event.name == "CHANNEL_EXECUTE":
                break
            if event.name == "CHANNEL_PARK":
                self.report.left_out["CHANNEL_PARK at the start"] += 1
                return events[:at] + events[at + 1 :]
        return events

    def _side_by_side(self, expected: list[Sent], found: list[Sent]) -> Iterator[tuple[Sent, Sent]]:
        yield from zip(expected, found, strict=False)
        for each in expected[len(found) :]:
            self._missing(each)
        for each in found[len(expected) :]:
            self._extra(each)

    def _compare(self, expected: Sent, found: Sent) -> None:
        if expected.kind != found.kind:
            self._differ(expected, f"Content-Type: {expected.kind}", found.kind, "type")
            return
        expected, found = self._without(expected), self._without(found)
        names = [key for key, _ in expected.headers]
        others = [key for key, _ in found.headers]
        if names != others:
            either_way = self._known_of_bridge(expected, names, others)
            names = [each for each in names if each not in either_way]
            others = [each for each in others if each not in either_way]
            self._compare_names(expected, names, others)
            pairs = _same_names(expected.headers, found.headers)
        else:
            pairs = zip(expected.headers, found.headers, strict=True)
        for (key, value), (_, other) in pairs:
            if value == other and value.count("-") < 4 and not _LOOKED_AT(key):
                self.report.headers += 1  # without a uuid, as most are
            else:
                self._value(expected, key, value, other)
        theirs, ours = expected.body, found.body
        if expected.kind == "api/response" and theirs.startswith(BEGINNINGS):
            # uuid_dump answers with an event
            if ours.startswith(BEGINNINGS):
                self._compare(described(expected), described(found))
            else:
                self._body(expected, theirs, ours)
            return
        if theirs != ours and (
            expected.kind == "api/response" or expected.name == "BACKGROUND_JOB"
        ):
            theirs, ours = _without_numbers(theirs), _without_numbers(ours)
            if theirs != expected.body:
                self.report.left_out["numbers of `api status` and strftime"] += 1
        self._body(expected, theirs, ours)

    def _without(self, message: Sent) -> Sent:
        """The message without the headers that are never compared."""
        headers = message.headers
        dropped = {
            name: why
            for name in [name for name, _ in headers if _DROPPED(name)]
            if (why := self._never_compared(message, name)) is not None
        }
        if not dropped:
            return message
        self.report.left_out.update(dropped[name] for name, _ in headers if name in dropped)
        return replace(message, headers=[each for each in headers if each[0] not in dropped])

    def _never_compared(self, message: Sent, name: str) -> str | None:
        """The reason why no message is compared by this header; None if it is."""
        if name == "variable_loopback_leg":
            return "loopback_leg"
        if name == _LAST_CAUSE:
            told = message.get("variable_last_bridge_role")
            return "last_bridge_hangup_cause of a caller who hung up" if told else None
        if name in _CONSULTED or name == _RESULT:
            knows = (
                (name in _CONSULTED or message.get("Application"))
                and message.get("Answer-State") == "hangup"
                and self._consults
            )
            return "what a leg that hung up in att_xfer knows" if knows else None
        return "sip_* and rtp_* variables"

    def _known_of_bridge(self, where: Sent, names: list[str], others: list[str]) -> set[str]:
        """The variables that a bridge's end sets whose place among the others is a race.

        In the hangup of a leg, it is also whether the cause is there.
        """
        cause = _BRIDGE_ENDED[0]
        found = {each for each in _BRIDGE_ENDED if each in names and each in others}
        if cause not in found:
            hangup = where.name in ("CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE")
            if hangup and self._beside_bridge(where):
                found.add(cause)
            elif not where.get("variable_last_bridge_to"):
                return set()  # it was in no bridge
        self.report.left_out["what is known of a bridge's end"] += len(found)
        return found

    def _compare_names(self, expected: Sent, names: list[str], others: list[str]) -> None:
        matcher = SequenceMatcher(None, names, others, False)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            if tag != "equal":
                missing, extra = ", ".join(names[i1:i2]), ", ".join(others[j1:j2])
                self._differ(
                    expected,
                    f"headers {missing or '(none)'}",
                    f"headers {extra or '(none)'}",
                    "headers",
                    " and ".join(filter(None, (missing, extra))),
                )

    def _body(self, expected: Sent, theirs: str, ours: str) -> None:
        if theirs != ours and not self._same_roles(theirs, ours):
            self._differ(expected, f"body {theirs!r}", f"body {ours!r}", "body")

    def _value(self, where: Sent, key: str, theirs: str, ours: str) -> None:
        left_out = self._left_out(where, key, theirs)
        if left_out is not None:
            self.report.left_out[left_out] += 1
            return
        self.report.headers += 1
        if _SOURCES(key):
            ours = _about_then(theirs, ours)
        if key == "Content-Length" and where.body:
            pass  # the body itself is compared
        elif _NUMBERED(key):
            self._number(where, key, theirs, ours)
        elif theirs == ours:
            self._same_roles(theirs, ours)
        elif (
            key == "Channel-State-Number"
            and {theirs, ours} == _FIRST_STATES
            and where.get("Channel-State") == "CS_INIT"
        ):
            self.report.left_out["the first states of a leg"] += 1
        elif self._about_to_be_bridged(where, key, theirs, ours):
            self.report.left_out["a leg's call as its bridge begins or ends"] += 1
        elif self._about_the_same(self._full(where, key), theirs, ours):
            pass
        elif _CALL(key) and self._bridge_begins_or_ends(where, theirs, ours):
            self.report.left_out["a leg's call as its bridge begins or ends"] += 1
        elif not self._same_roles(theirs, ours):
            self._differ(where, f"{key}: {theirs}", f"{key}: {ours}", "value", key)

    def _full(self, where: Sent, key: str) -> str:
        """The name of a header. The event of a hook has no name, and variables without prefix."""
        bare = not where.name and key[:1].islower() and not key.startswith("variable_")
        return f"variable_{key}" if bare else key

    def _bridge_begins_or_ends(self, where: Sent, theirs: str, ours: str) -> bool:
        """True if a leg is in its own call in one conversation, and in another leg's in the other,
        while its bridge begins or ends.
        """
        own = where.get("Unique-ID")
        alone = self.roles.get(own, own)
        return (theirs == own) != (ours == alone) and self._beside_bridge(where)

    def _about_to_be_bridged(self, where: Sent, key: str, theirs: str, ours: str) -> bool:
        """True if a leg that waits has been bridged by the other's thread in one conversation."""
        if where.get("Channel-State") != "CS_CONSUME_MEDIA" or not self._beside_bridge(where):
            return False
        state = key == "Channel-State-Number" and {theirs, ours} == _ABOUT_TO_BE_BRIDGED
        return state or (key == _BRIDGED_AT and (theirs == "0") != (ours == "0"))

    def _beside_bridge(self, where: Sent) -> bool:
        """True if a bridge begins or ends at about that time."""
        return any(
            abs(each.time - where.time) <= RACE
            and (
                each.name in ("CHANNEL_BRIDGE", "CHANNEL_UNBRIDGE")
                or (each.name == "CHANNEL_HANGUP" and each.get("Channel-State") == _BRIDGED)
            )
            for each in self.report.expected
        )

    def _number(self, where: Sent, key: str, theirs: str, ours: str) -> None:
        """Check that a leg's number in the one conversation always stands for the same one."""
        if theirs != ours:
            self.report.left_out["numbers that the switch counts on"] += 1
        what = key.rpartition("_")[2].lower()
        same = self.roles.setdefault(f"{what} {theirs}", ours) == ours
        if not (same and self._numbers.setdefault(f"{what} {ours}", theirs) == theirs):
            self._differ(where, f"{key}: {theirs}", f"{key}: {ours}", "value", key)

    def _left_out(self, where: Sent, key: str, theirs: str) -> str | None:
        """The reason not to compare this header; None to compare it."""
        if key in ("Event-Sequence", "Core-UUID"):
            return key
        if key.startswith("Event-Calling-"):
            return "Event-Calling-*"
        if _DISPLAY(key) and theirs == where.get(key.replace("Callee", "Caller")):
            return "the display of the leg that calls"
        if key == "variable_last_sched_id":
            return "last_sched_id"
        if where.name == "CODEC" and key == "Caller-Channel-Progress-Time":
            return "the first ring and the ringback"
        if where.name == "HEARTBEAT" and _COUNTERS(key):
            return "the counters of HEARTBEAT"
        return None

    def _about_the_same(self, key: str, theirs: str, ours: str) -> bool:
        if _DATES(key):
            self.report.left_out["times"] += 1
            return True
        unit, what = _tolerance(key)
        if what and _is_number(theirs) and _is_number(ours):
            self.report.left_out[what] += 1
            return abs(int(theirs) - int(ours)) <= unit
        return False

    def _same_roles(self, theirs: str, ours: str) -> bool:
        """True if the texts are equal but for uuids that always correspond."""
        if theirs == ours and theirs.count("-") < 4:
            return True  # without a uuid
        if (theirs, ours) in self._same:
            return True
        expected, found = ANY_UUID.findall(theirs), ANY_UUID.findall(ours)
        if len(expected) != len(found):
            return False
        for one, other in zip(expected, found, strict=True):
            if self.roles.setdefault(one, other) != other:
                return False
            if self._played_by.setdefault(other, one) != one:
                return False
        if _masked(theirs) != _masked(ours):
            return False
        self._same.add((theirs, ours))
        return True

    def _order(self, expected: list[Sent], found: list[Sent], matched: dict[int, int]) -> None:
        """Check the order of messages of different lanes, which may differ only in a race."""
        pairs = [(each, matched[each.order]) for each in expected if each.order in matched]
        for at, (later, place) in enumerate(pairs):
            for earlier, other in pairs[:at]:
                if other > place:
                    if self._is_race(expected, earlier, later):
                        what = "replies among events"
                        if "notice" in (earlier.lane, later.lane):
                            what = "the notices among events"
                        elif earlier.lane == later.lane:
                            what = "the legs among each other"
                        self.report.left_out[what] += 1
                    else:
                        what = f"{earlier} before {later}"
                        self._differ(later, what, "the other way round", "order")

    def _is_race(self, expected: list[Sent], earlier: Sent, later: Sent) -> bool:
        notice = "notice" in (earlier.lane, later.lane)
        if later.time - earlier.time <= (NOTICE_RACE if notice else RACE):
            return True
        if "async" in self.recording.circumstances.get("socket", "async"):
            return False
        if earlier.lane != "event":
            # It was fired before the reply was sent, and waited.
            return self._fired(later) <= earlier.time + RACE
        # A listener on the session's own thread sends an application's events either just after
        # the reply, or at its next check, which may be after the next application.
        replies = [each.time for each in expected[: earlier.order] if each.lane == "answer"]
        return bool(replies) and earlier.time - replies[-1] <= RACE

    def _fired(self, event: Sent) -> float:
        """The time when an event was fired, by its date, in seconds of the recording."""
        stamp = event.get("Event-Date-Timestamp")
        dated = (each for each in self.recording.switch if each.get("Event-Date-Timestamp"))
        first = next(dated, None)
        if first is None or not stamp:
            return event.time
        since = int(stamp) - int(first.get("Event-Date-Timestamp"))
        return first.time + since / SECOND

    def _sequence(self, found: list[Sent]) -> None:
        """Check that Event-Sequence grows from event to event.

        An event that has waited for its channel keeps the number with which it was made.
        """
        last = -1
        for each in found:
            numbers = [value for key, value in each.headers if key == "Event-Sequence"]
            number = numbers[-1] if numbers else ""  # a COMMAND has its own first
            if each.lane == "event" and number and each.name not in QUEUED:
                if int(number) <= last:
                    growing = "a growing Event-Sequence"
                    self._differ(each, growing, number, "value", "Event-Sequence")
                last = int(number)

    def _missing(self, message: Sent) -> None:
        self._differ(message, str(message), "(nothing)", "missing")

    def _extra(self, message: Sent) -> None:
        self._differ(message, "(nothing)", str(message), "extra")

    def _differ(self, where: Sent, expected: str, found: str, kind: Kind, what: str = "") -> None:
        place = f"{where.time:9.3f} {where}"
        self.report.differences.append(Mismatch(place, expected, found, kind, what, where))


def _key(message: Sent) -> tuple[str, ...]:
    """The key for finding an event's counterpart."""
    keys = ("Event-Subclass", "Application", "DTMF-Digit", "Playback-File-Path", "Job-Command")
    own = "" if message.get("Unique-ID") == message.get("Caller-Unique-ID") else "other"
    return (message.name, own, message.get("Channel-Name"), *map(message.get, keys))


def _beats(messages: list[Sent]) -> list[Sent]:
    return [each for each in messages if each.name == "SESSION_HEARTBEAT"]


def _ends_of_listening(messages: list[Sent]) -> list[Sent]:
    """When those who listened in on a leg that has hung up leave it."""
    hung_up = next((each.order for each in messages if each.name == "CHANNEL_HANGUP"), None)
    return [
        each
        for each in messages
        if each.get("Media-Bug-Function") == "eavesdrop"
        and each.name == "MEDIA_BUG_STOP"
        and hung_up is not None
        and each.order > hung_up
    ]


def _without(messages: list[Sent], others: list[Sent]) -> list[Sent]:
    left_out = {each.order for each in others}
    return [each for each in messages if each.order not in left_out]


def _same_names(
    expected: list[tuple[str, str]], found: list[tuple[str, str]]
) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Each header of the one that the other has, too."""
    remaining: dict[str, list[tuple[str, str]]] = {}
    for header in found:
        remaining.setdefault(header[0], []).append(header)
    for header in expected:
        others = remaining.get(header[0])
        if others:
            yield header, others.pop(0)


def _masked(text: str) -> str:
    return ANY_UUID.sub("<uuid>", text)


def _about_then(theirs: str, ours: str) -> str:
    """Our sources of transfers with their seconds, as far as they are about the same."""
    seconds = iter(_BEGINNING.findall(theirs))

    def same(match: re.Match[str]) -> str:
        second = next(seconds, "0")
        return second if abs(int(second) - int(match[0])) <= 1 else match[0]

    return _BEGINNING.sub(same, ours)


def _is_number(text: str) -> bool:
    return text.lstrip("-").isdigit()


def _without_numbers(text: str) -> str:
    """The reply to `api status` or strftime without its numbers, and that of `api sched_api`
    without that of the task; any other text unchanged.
    """
    if re.fullmatch(r"\+OK Added: \d+\n", text):
        return "+OK Added: 0\n"
    if re.fullmatch(r"(\+OK \w+ \d+\n|Skipping moderator \(member id \d+\)\.\n)+", text):
        # members of a conference
        return re.sub(r"\d+", "0", text)
    text = re.sub(r"^(\+OK sent \S+ to) \d+\n", r"\1 0\n", text)  # a member as well
    text = _BUILD.sub("", text)
    if re.fullmatch(r"\d{10}", text):  # strepoch
        return "0"
    if text.startswith("UP ") or re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text):
        return re.sub(r"\d+(\.\d+)*", "0", re.sub(r"(\d \w+?)s?,", r"\1,", text))
    return text

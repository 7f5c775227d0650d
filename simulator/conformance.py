"""Is the simulated switch true to the real one? A recording is the judge.

`check` opens a simulated call with the recording's own circumstances, sends the recorded
commands, and compares what comes back message by message. A command goes at its recorded time,
but not before what precedes it in the recording. There are no sockets in this: the model is
driven directly, in virtual time.
"""

from __future__ import annotations

import heapq
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

from eslsync import message as esl
from eslsync.protocol import Parser

from .channel import PROFILE_HEADERS, TIME_HEADERS, Channel, Codec, Digit, Profile, Times
from .control import Control
from .ivr import FRAME, SHORTEST_LOOP
from .states import CallState, State
from .switch import Switch
from .threads import MILLISECOND, SECOND

__all__ = ["LEFT_OUT", "Agenda", "Difference", "Report", "check"]

#: What is not compared, and why. There is no other list.
LEFT_OUT = {
    "CHANNEL_PARK at the start": (
        "the event is fired about when the first commands are obeyed, and whether the "
        "subscription comes before it is a race"
    ),
    "replies among events": (
        "the listener looks at its socket and at its events every 20 ms, and events take a "
        "moment to reach it: what is nearer together than that comes in either order"
    ),
    "the notices among events": "as replies; the linger notice comes with the next look",
    "times": "compared to within a fraction of a second, not to the microsecond",
    "Event-Sequence": "counts the events of the whole switch; it must grow",
    "Core-UUID": "one for each start of a switch",
    "how far a cut playback got": "compared to within a few frames",
    "how much a recording got": (
        "a frame is recorded when both sides have sent one, which an idle channel does not"
    ),
    "numbers of `api status` and strftime": "how long the switch has run, and the date",
    "sip_* and rtp_* variables": (
        "what a SIP leg learns from its messages and counts in its packets; there is no SIP here"
    ),
    "last_bridge_hangup_cause of a caller who hung up": (
        "which of the two legs of a bridge is hung up first is a race"
    ),
    "the counters of HEARTBEAT": "how much the switch had to do since it was started",
    "log/data": "the switch's own log is not modelled",
    "the display of the leg that calls": (
        "a bridged leg's Caller-Callee-ID becomes who calls it, some time after the answer"
    ),
    "what others do": (
        "events of the other half of a loopback and of whoever placed the call: they are not "
        "part of the call, and the circumstances don't tell of them"
    ),
    "loops of about half a second": (
        "an execution of less than 0.5 s ends its loops, and a file of 0.5 s takes that long "
        "give or take a frame: both outcomes are right"
    ),
}

#: How near together (in seconds of the recording) replies and events may change places.
RACE = 0.045
#: And events of a hangup's tail and the linger notice, on a host that was busy.
NOTICE_RACE = 0.2
#: How far apart times may be, in microseconds: a few frames of 20 ms.
TIME_TOLERANCE = 200 * MILLISECOND
#: Samples by which a cut playback's length may differ.
SAMPLE_TOLERANCE = 2400
#: How long (microseconds) a command waits for what precedes it in the recording.
PATIENCE = 2 * SECOND
#: From a key's press on the caller's leg to its arrival here, by loopback.
KEY_LATENCY = 30 * MILLISECOND
#: How long (milliseconds) the recorded callers pressed a key.
KEY_LENGTH = {"loopback": 200, "sip": 280}
#: When a recording without a date began, in microseconds since the epoch.
START = 1_767_603_600 * SECOND
#: Where the recorded installation kept its sounds.
SOUND_PREFIX = "/srv/fs/sounds"


# --- time


class _Timer:
    __slots__ = ("action",)

    def __init__(self, action: Callable[[], None]) -> None:
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        self.action = None


class Agenda:
    """A scheduler of virtual time: what is due next runs next, ties in order of asking."""

    def __init__(self, now: int) -> None:
        self.now = now
        self._due: list[tuple[int, int, _Timer]] = []
        self._count = 0

    def at(self, when: int, action: Callable[[], None]) -> _Timer:
        timer = _Timer(action)
        self._count += 1
        heapq.heappush(self._due, (max(when, self.now), self._count, timer))
        return timer

    def run_until(self, limit: int, satisfied: Callable[[], bool] = lambda: False) -> None:
        """Do what is due, up to ``limit`` or until ``satisfied``; it is then as late as that."""
        while not satisfied():
            while self._due and self._due[0][2].action is None:
                heapq.heappop(self._due)
            if not self._due or self._due[0][0] > limit:
                self.now = max(self.now, limit)
                return
            when, _, timer = heapq.heappop(self._due)
            self.now = when
            action, timer.action = timer.action, None
            assert action is not None
            action()


# --- messages


@dataclass
class Sent:
    """A message of the switch: when, which lane it belongs to, and its headers in order."""

    time: float  #: seconds since the connection
    lane: str  #: "answer", "event", "notice", "log", or "others" (what others do)
    kind: str  #: content type
    headers: list[tuple[str, str]]
    body: str
    order: int = 0

    @property
    def name(self) -> str:
        return self.get("Event-Name")

    def get(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    def __str__(self) -> str:
        if self.lane == "event":
            detail = [
                self.get(key)
                for key in ("Application", "DTMF-Digit", "Channel-State", "Playback-File-Path")
            ]
            return " ".join(filter(None, [self.name, *detail]))
        text = self.get("Reply-Text") or self.get("Content-Disposition") or self.body
        return f"{self.kind} {text!r}"


def sent(message: esl.Message, time: float) -> Sent:
    """A parsed message, laid open."""
    if isinstance(message, esl.ConnectReply):
        return Sent(time, "answer", "connect reply", _plain(message.head), "")
    if isinstance(message, esl.JsonEvent):
        pairs = json.loads(message.content, object_pairs_hook=list)
        flat = [(key, value if isinstance(value, str) else "|".join(value)) for key, value in pairs]
        body = next((value for key, value in flat if key == "_body"), "")
        return Sent(time, "event", "text/event-json", flat, body)
    if isinstance(message, esl.XmlEvent):
        root = ElementTree.fromstring(message.content)
        found = [(each.tag, _unquote(each.text or "")) for each in root.iterfind("headers/*")]
        return Sent(time, "event", "text/event-xml", found, root.findtext("body") or "")
    if isinstance(message, esl.Event):
        return Sent(time, "event", "text/event-plain", _plain(message.head), message.body)
    lines = esl.text(message.head).split("\n")
    headers = [(key, value) for key, _, value in (line.partition(": ") for line in lines) if key]
    kind = dict(headers).get("Content-Type", "")
    lanes = {"text/disconnect-notice": "notice", "log/data": "log"}
    return Sent(time, lanes.get(kind, "answer"), kind, headers, message.body)


def _plain(head: bytes) -> list[tuple[str, str]]:
    pairs = []
    for line in esl.text(head).strip("\n").split("\n"):
        key, _, value = line.partition(": ")
        pairs.append((key, _unquote(value)))
    return pairs


def _unquote(value: str) -> str:
    return esl.text(unquote_to_bytes(value.encode("utf-8", "surrogateescape")))


# --- the recording


@dataclass
class Recording:
    """A recording, read: its circumstances, what the app sent and when, what the switch sent."""

    circumstances: dict[str, Any]
    #: time, the bytes (None: the app closed), and how many messages of the switch came before
    app: list[tuple[float, bytes | None, int]]
    switch: list[Sent]
    ended: float
    closed: bool  #: by the switch

    @classmethod
    def read(cls, path: Path) -> Recording:
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        circumstances, *rest = lines
        parser = Parser()
        app: list[tuple[float, bytes | None, int]] = []
        messages: list[Sent] = []
        ended, closed = 0.0, False
        for line in rest:
            ended = max(ended, line["t"])
            if line.get("eof"):
                closed = True
            elif line["from"] == "app":
                app.append((line["t"], line["data"].encode("latin-1"), len(messages)))
            else:
                for each in parser.feed(line["data"].encode("latin-1")):
                    message = sent(each, line["t"])
                    message.order = len(messages)
                    messages.append(message)
        for action in circumstances.get("actions", []):
            if action.get("app_closes"):
                app.append((action["at"], None, len(messages)))
        commands = "".join((data or b"").decode("latin-1") for _, data, _ in app)
        set_apart(messages, commands)
        return cls(circumstances, app, messages, ended, closed)

    @property
    def connect(self) -> Sent | None:
        return next((each for each in self.switch if each.kind == "connect reply"), None)


def set_apart(messages: list[Sent], commands: str) -> None:
    """Give what others do a lane of its own."""
    ours = {message.get("Unique-ID") for message in messages if message.kind == "connect reply"}
    # A call comes in by the B half of a loopback, and goes out by the A half.
    far_halves = {
        message.get("variable_other_loopback_leg_uuid")
        for message in messages
        if message.get("variable_loopback_leg") == "A" or message.get("Unique-ID") in ours
    } - ours
    replies = [message for message in messages if message.lane == "answer"]
    jobs = {message.get("Job-UUID") for message in replies}
    for message in messages:
        if message.lane != "event":
            continue
        uuid = message.get("Unique-ID")
        if (
            (uuid in far_halves and uuid not in commands)
            or (message.name == "BACKGROUND_JOB" and message.get("Job-UUID") not in jobs)
            or (message.name == "API" and message.get("API-Command") not in commands)
        ):
            message.lane = "others"


# --- comparing


@dataclass
class Difference:
    where: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.where}\n  - {self.expected}\n  + {self.found}"


@dataclass
class Report:
    """What a check found. ``differences`` is empty where the model conforms."""

    name: str
    differences: list[Difference] = field(default_factory=list)
    messages: int = 0  #: compared
    headers: int = 0  #: compared
    left_out: Counter[str] = field(default_factory=Counter)
    expected: list[Sent] = field(default_factory=list)
    found: list[Sent] = field(default_factory=list)

    @property
    def conforms(self) -> bool:
        return not self.differences

    def __str__(self) -> str:
        lines = [str(difference) for difference in self.differences]
        left = ", ".join(f"{count} {what}" for what, count in sorted(self.left_out.items()))
        verdict = "conforms" if self.conforms else f"{len(self.differences)} differences"
        lines.append(
            f"{self.name}: {verdict}; {self.messages} messages and {self.headers} headers "
            f"compared; left out: {left or 'nothing'}"
        )
        return "\n".join(lines)


UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SIP = re.compile(
    r"variable_(sip_|rtp_|switch_[mr]_sdp|(local|remote|advertised)_(media|audio|video)_)"
)
_COUNTERS = re.compile(r"Up-Time|Uptime-msec|Session-.*|Idle-CPU")
_DISPLAY = re.compile(r"Caller-Callee-ID-N(ame|umber)$")
#: Headers that hold a time: microseconds since the epoch, or a count that grows.
_DATES = re.compile(r"Event-Date-(Local|GMT)$")
_STAMPS = re.compile(r"variable_\w+_stamp$")
_MICROSECONDS = re.compile(
    r"Event-Date-Timestamp$|.*-(Created|Answered|Progress|Progress-Media|Hangup|Transfer|"
    r"Resurrect|Bridged)-Time$|.*-(Last-Hold|Hold-Accum)$|variable_\w+_(uepoch|usec)$|"
    r"variable_(u?duration|\w+usec)$"
)
_MILLISECONDS = re.compile(r"variable_(mduration|\w+msec|\w+_ms)$")
_SECONDS = re.compile(r"variable_(duration|\w+[^mu]sec|\w+_epoch|\w+_seconds)$")
_SAMPLES = re.compile(r"variable_playback_(last_offset_pos|samples)$")
_PLAYED = re.compile(r"variable_playback_(ms|seconds)$")
_RECORDED = re.compile(r"variable_record_(record_)?(file_size|samples|ms|seconds)$")


class Comparison:
    """Compares two conversations; keeps which uuid of the one is which of the other."""

    def __init__(self, report: Report, recording: Recording) -> None:
        self.report = report
        self.recording = recording
        self.roles: dict[str, str] = {}

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
                self._compare(theirs_one, ours_one)
        for lane, what in (("log", "log/data"), ("others", "what others do")):
            self.report.left_out[what] += sum(each.lane == lane for each in expected)
        self._order(expected, found, matched)
        self._sequence(found)

    def _align(self, expected: list[Sent], found: list[Sent]) -> Iterator[tuple[Sent, Sent]]:
        expected, found = self._without_park(expected), self._without_park(found)
        matcher = SequenceMatcher(None, list(map(_key, expected)), list(map(_key, found)), False)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            if tag == "equal":
                yield from zip(expected[i1:i2], found[j1:j2], strict=True)
                continue
            for each in expected[i1:i2]:
                self._differ(each, str(each), "(nothing)")
            for each in found[j1:j2]:
                self._differ(each, "(nothing)", str(each))

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
            self._differ(each, str(each), "(nothing)")
        for each in found[len(expected) :]:
            self._differ(each, "(nothing)", str(each))

    def _compare(self, expected: Sent, found: Sent) -> None:
        if expected.kind != found.kind:
            self._differ(expected, f"Content-Type: {expected.kind}", found.kind)
            return
        expected, found = self._without_sip(expected), self._without_sip(found)
        names = [key for key, _ in expected.headers]
        others = [key for key, _ in found.headers]
        if names != others:
            self._compare_names(expected, names, others)
        remaining: dict[str, list[str]] = {}
        for key, value in found.headers:
            remaining.setdefault(key, []).append(value)
        for key, value in expected.headers:
            values = remaining.get(key)
            if values:
                self._value(expected, key, value, values.pop(0))
        if expected.kind == "api/response":
            self._body(expected, _without_numbers(expected.body), _without_numbers(found.body))
        else:
            self._body(expected, expected.body, found.body)

    def _without_sip(self, message: Sent) -> Sent:
        kept = [pair for pair in message.headers if not _SIP.match(pair[0])]
        if message.get("variable_last_bridge_role"):
            kept = [pair for pair in kept if pair[0] != "variable_last_bridge_hangup_cause"]
        if len(kept) == len(message.headers):
            return message
        self.report.left_out["sip_* and rtp_* variables"] += len(message.headers) - len(kept)
        return replace(message, headers=kept)

    def _compare_names(self, expected: Sent, names: list[str], others: list[str]) -> None:
        matcher = SequenceMatcher(None, names, others, False)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            if tag != "equal":
                self._differ(
                    expected,
                    "headers " + (", ".join(names[i1:i2]) or "(none)"),
                    "headers " + (", ".join(others[j1:j2]) or "(none)"),
                )

    def _body(self, expected: Sent, theirs: str, ours: str) -> None:
        if theirs != ours and not self._same_roles(theirs, ours):
            self._differ(expected, f"body {theirs!r}", f"body {ours!r}")

    def _value(self, where: Sent, key: str, theirs: str, ours: str) -> None:
        self.report.headers += 1
        if key == "Event-Sequence":
            self.report.left_out["Event-Sequence"] += 1
        elif key == "Core-UUID":
            self.report.left_out["Core-UUID"] += 1
        elif key == "Content-Length" and where.kind in ("api/response",):
            pass  # the body itself is compared
        elif _DISPLAY.match(key) and theirs == where.get(key.replace("Callee", "Caller")):
            self.report.left_out["the display of the leg that calls"] += 1
        elif where.name == "HEARTBEAT" and _COUNTERS.fullmatch(key):
            self.report.left_out["the counters of HEARTBEAT"] += 1
        elif theirs == ours:
            self._same_roles(theirs, ours)
        elif self._about_the_same(key, theirs, ours):
            pass
        elif not self._same_roles(theirs, ours):
            self._differ(where, f"{key}: {theirs}", f"{key}: {ours}")

    def _about_the_same(self, key: str, theirs: str, ours: str) -> bool:
        if _DATES.match(key) or _STAMPS.match(key):
            self.report.left_out["times"] += 1
            return True
        for pattern, unit, what in (
            (_SAMPLES, SAMPLE_TOLERANCE, "how far a cut playback got"),
            (_PLAYED, 300, "how far a cut playback got"),
            (_RECORDED, 10**9, "how much a recording got"),
            (_MICROSECONDS, TIME_TOLERANCE, "times"),
            (_MILLISECONDS, TIME_TOLERANCE // MILLISECOND, "times"),
            (_SECONDS, 1, "times"),
        ):
            if pattern.match(key):
                if _is_number(theirs) and _is_number(ours):
                    self.report.left_out[what] += 1
                    return abs(int(theirs) - int(ours)) <= unit
                return False
        return False

    def _same_roles(self, theirs: str, ours: str) -> bool:
        """Equal but for uuids, each of which stands for the same thing all through?"""
        expected, found = UUID.findall(theirs), UUID.findall(ours)
        if len(expected) != len(found):
            return False
        for one, other in zip(expected, found, strict=True):
            if self.roles.setdefault(one, other) != other:
                return False
        return _masked(theirs) == _masked(ours)

    def _order(self, expected: list[Sent], found: list[Sent], matched: dict[int, int]) -> None:
        """Messages of different lanes may change places only where it is a race."""
        pairs = [(each, matched[each.order]) for each in expected if each.order in matched]
        for at, (later, place) in enumerate(pairs):
            for earlier, other in pairs[:at]:
                if other > place:
                    if self._is_race(expected, earlier, later):
                        what = "replies among events"
                        if "notice" in (earlier.lane, later.lane):
                            what = "the notices among events"
                        self.report.left_out[what] += 1
                    else:
                        self._differ(later, f"{earlier} before {later}", "the other way round")

    def _is_race(self, expected: list[Sent], earlier: Sent, later: Sent) -> bool:
        notice = "notice" in (earlier.lane, later.lane)
        if later.time - earlier.time <= (NOTICE_RACE if notice else RACE):
            return True
        if "async" in self.recording.circumstances.get("socket", "async") or (
            earlier.lane != "event"
        ):
            return False
        # A listener on the session's own thread sees the events of an application either just
        # after its reply, or when it next looks up, which may be after the next application.
        replies = [each.time for each in expected[: earlier.order] if each.lane == "answer"]
        return bool(replies) and earlier.time - replies[-1] <= RACE

    def _sequence(self, found: list[Sent]) -> None:
        """Event-Sequence grows along the events (the notices of a bodyless kind have none)."""
        last = -1
        for each in found:
            numbers = [value for key, value in each.headers if key == "Event-Sequence"]
            number = numbers[-1] if numbers else ""  # a COMMAND has one of its own before
            if each.lane == "event" and number:
                if int(number) <= last:
                    self._differ(each, "a growing Event-Sequence", number)
                last = int(number)

    def _differ(self, where: Sent, expected: str, found: str) -> None:
        place = f"{where.time:9.3f} {where}"
        self.report.differences.append(Difference(place, expected, found))


def _key(message: Sent) -> tuple[str, ...]:
    """What an event is, for finding its counterpart."""
    keys = ("Event-Subclass", "Application", "DTMF-Digit", "Playback-File-Path", "Job-Command")
    own = "" if message.get("Unique-ID") == message.get("Caller-Unique-ID") else "other"
    return (message.name, own, message.get("Channel-Name"), *map(message.get, keys))


def _masked(text: str) -> str:
    return UUID.sub("<uuid>", text)


def _is_number(text: str) -> bool:
    return text.lstrip("-").isdigit()


def _without_numbers(text: str) -> str:
    """`api status` and strftime: the words, without the numbers."""
    if text.startswith("UP ") or re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text):
        return re.sub(r"\d+(\.\d+)*", "0", re.sub(r"(\d \w+?)s?,", r"\1,", text))
    return text


# --- driving


def check(path: str | Path) -> Report:
    """Hold the model against a recording."""
    path = Path(path)
    recording = Recording.read(path)
    report = _check(path.stem, recording, SHORTEST_LOOP)
    if not report.conforms and any(b"loops:" in (data or b"") for _, data, _ in recording.app):
        other = _check(path.stem, recording, SHORTEST_LOOP + FRAME)
        if other.conforms:
            other.left_out["loops of about half a second"] += 1
            return other
    return report


def _check(name: str, recording: Recording, shortest_loop: int) -> Report:
    report = Report(name)
    drive = Drive(recording, shortest_loop)
    found = drive.run()
    report.expected, report.found = recording.switch, found
    comparison = Comparison(report, recording)
    comparison.roles.update(drive.roles)
    comparison.run(recording.switch, found)
    if recording.closed and not drive.closed:
        report.differences.append(Difference("the end", "the switch closes", "it does not"))
    return report


class Drive:
    """Plays the app and the caller of a recording to the model."""

    def __init__(self, recording: Recording, shortest_loop: int) -> None:
        self.recording = recording
        self.shortest_loop = shortest_loop
        self.found: list[Sent] = []
        self.closed = False
        self.roles: dict[str, str] = {}
        self._parser = Parser()
        self.circumstances = recording.circumstances
        connect = recording.connect
        given = dict(connect.headers) if connect is not None else {}
        self.start = START
        for message in recording.switch:
            # (the connection may be made long after the call came in)
            if message.get("Event-Date-Timestamp"):
                self.start = int(message.get("Event-Date-Timestamp"))
                self.start -= round(message.time * SECOND)
                break
        self.agenda = Agenda(self.start)
        self.switch = self._switch(given)
        for message in recording.switch:
            number = message.get("variable_session_id")
            if number and message.lane != "others":
                # that of our own channel is taken, that of one to be called is to come
                self.switch.sessions = int(number) - (connect is None)
                break
        beats = [each.time for each in recording.switch if each.name == "HEARTBEAT"]
        if beats:
            self.switch.first_heartbeat = self.moment(beats[0])
        for target, behaviour in self.circumstances.get("endpoints", {}).items():
            cause = _hung_up_with(recording.switch)
            self.switch.endpoint(target, **{"cause": cause, **behaviour})
        self.control: Control | None = None
        self.channel: Channel | None = None
        if self.circumstances["mode"] == "outbound":
            self.channel = self._channel(given)

    # the circumstances

    def _switch(self, given: dict[str, str]) -> Switch:
        prompts = dict(self.circumstances.get("prompts", {}))
        prompts.update(_recorded_lengths(self.recording.switch, prompts))
        return Switch(
            self.agenda,
            Random(1),
            dial=self._dial,
            prompts=prompts,
            only_known=True,
            shortest_loop=self.shortest_loop,
            sound_prefix=SOUND_PREFIX,
            extensions=RECORDED_DIALPLAN,
            phrases=RECORDED_PHRASES,
            speech_engines=_speech_engines(self.recording.switch),
            hostname=given.get("FreeSWITCH-Hostname", "vm"),
            switchname=given.get("FreeSWITCH-Switchname", "fsprobe"),
            ipv4=given.get("FreeSWITCH-IPv4", "192.0.2.2"),
            ipv6=given.get("FreeSWITCH-IPv6", "fd00::2"),
        )

    def _channel(self, given: dict[str, str]) -> Channel:
        """The channel as the connect reply describes it; its headers are given."""
        circumstances = self.circumstances
        # (a B leg's circumstances are those of its A leg: recording 14n)
        socket = given.get("variable_current_application_data", circumstances["socket"])
        dialplan = [
            ("socket", socket),
            *((name, data) for name, data in circumstances.get("after", [])),
        ]
        if not given:
            return self.switch.incoming(
                caller_number=circumstances["caller"]["number"],
                caller_name=circumstances["caller"]["name"],
                destination=circumstances["destination"],
                socket=circumstances["socket"],
                after=dialplan[1:],
            )
        channel = self.switch.add(profile_of(given, "Channel"), dialplan)
        for key, value in given.items():
            name = key.removeprefix("variable_")
            if name != key and name not in SET_BY_SOCKET:
                channel.set(name, value)
        other = given.get("variable_other_loopback_leg_uuid")
        if other:
            self.switch.callers.add(other)
        channel.endpoint = "loopback" if given["Channel-Source"] == "mod_loopback" else "sofia"
        channel.call_uuid = given["Channel-Call-UUID"]
        channel.answered = given["Answer-State"] == "answered"
        channel.early_media = given["Answer-State"] == "early"
        channel.callstate = CallState[given["Channel-Call-State"]]
        channel.state = channel.running_state = State[given["Channel-State"].removeprefix("CS_")]
        channel.codec = Codec(
            given.get("Channel-Read-Codec-Name", "L16"),
            given.get("Channel-Read-Codec-Rate", "8000"),
            given.get("Channel-Read-Codec-Bit-Rate", "128000"),
        )
        return channel

    def _dial(self, channel: Channel, where: str) -> Control | None:
        self.control = Control(channel, self._written, self._closed)
        return self.control

    def _written(self, data: bytes) -> None:
        for each in self._parser.feed(data):
            message = sent(each, self.seconds)
            message.order = len(self.found)
            self.found.append(message)

    def _closed(self) -> None:
        self.closed = True

    @property
    def seconds(self) -> float:
        return (self.agenda.now - self.start) / SECOND

    def moment(self, seconds: float) -> int:
        return self.start + round(seconds * SECOND)

    # the course of events

    def run(self) -> list[Sent]:
        self._schedule_notes()
        if self.channel is not None:
            self._schedule_actions(self.channel)
            self.channel.start()
        else:
            self.control = Control(None, self._written, self._closed, switch=self.switch)
            self.control.start(full=True)
        for time, data, before in self.recording.app:
            due = self.moment(time)
            self.agenda.at(due, lambda: None)
            needed = self._needed(before)
            self.agenda.run_until(
                max(due, self.agenda.now) + PATIENCE,
                lambda due=due, needed=needed: (  # type: ignore[misc]
                    self.agenda.now >= due and self._count() >= needed
                ),
            )
            if self.control is None:
                continue
            if data is None:
                self.control.closed()
            else:
                self.control.received(self._translate(data))
        self.agenda.run_until(self.moment(self.recording.ended + 2.5), lambda: self.closed)
        return self.found

    def _needed(self, before: int) -> Counter[str]:
        return _lanes(self.recording.switch[:before])

    def _count(self) -> Counter[str]:
        return _lanes(self.found)

    def _translate(self, data: bytes) -> bytes:
        """The command with the model's own uuids in place of the recorded ones."""

        def own(match: re.Match[str]) -> str:
            uuid = match[0]
            if uuid not in self.roles:
                self.roles.update(self._learn(uuid))
            return self.roles.get(uuid, uuid)

        return UUID.sub(own, data.decode("latin-1")).encode("latin-1")

    def _learn(self, uuid: str) -> dict[str, str]:
        """Where a recorded uuid first stood, there stands the model's counterpart."""
        seen: Counter[str] = Counter()
        for message in self.recording.switch:
            seen[message.name] += 1
            for key, value in message.headers:
                if uuid not in value:
                    continue
                ours = [each for each in self.found if each.name == message.name]
                at = seen[message.name] - 1
                if at < len(ours):
                    found = UUID.findall(ours[at].get(key))
                    theirs = UUID.findall(value)
                    if len(found) == len(theirs):
                        return {uuid: found[theirs.index(uuid)]}
        return {}

    # the caller

    def _schedule_actions(self, channel: Channel) -> None:
        actions = list(self.circumstances.get("actions", []))
        waiting = [each for each in actions if "after_answer" in each or "after_previous" in each]
        for action in actions:
            if "at" in action and "app_closes" not in action:
                self._act_at(channel, self.moment(action["at"]), action)

        def on_event(name: str, event: object) -> None:
            if name == "CHANNEL_ANSWER" and waiting:
                time = self.agenda.now
                for action in waiting:
                    after = action.get("after_answer", action.get("after_previous", 0))
                    time += round(after * SECOND)
                    self._act_at(channel, time + KEY_LATENCY, action)
                waiting.clear()

        channel.on_event = on_event

    def _act_at(self, channel: Channel, when: int, action: dict[str, Any]) -> None:
        def act() -> None:
            if "hangup" in action:
                channel.caller_hangs_up(action["hangup"])
            for key in action.get("press", ""):
                channel.press(key, KEY_LENGTH[self.circumstances["caller"]["by"]])

        self.agenda.at(when, act)

    def _schedule_notes(self) -> None:
        """What was done from outside."""
        for note in self.circumstances.get("notes", []):
            if note["note"].startswith("fsctl shutdown"):
                self.agenda.at(self.moment(note["t"]), self.switch.shut_down)
            elif "plays inband tones for" in note["note"] and self.channel is not None:
                keys = re.findall(r"[\d*#]", note["note"].partition("for")[2])
                for at, key in enumerate(keys):
                    digit = Digit(key, 2000, "INBAND_AUDIO")
                    self.agenda.at(
                        self.moment(note["t"] + 0.18 + 0.24 * at),
                        lambda digit=digit: self.channel.queue_digit(digit),  # type: ignore[misc]
                    )


#: The far ends of the recorded installation: what each number does, by its name.
RECORDED_DIALPLAN = {
    r"^bye(\d+)$": (("answer", ""), ("sleep", "$1"), ("hangup", "NORMAL_CLEARING")),
}
#: Its phrase macros.
RECORDED_PHRASES = {
    "welcome": (("play-file", "ivr/ivr-welcome.wav"),),
    "saydigits": (("play-file", "ivr/ivr-short.wav"), ("say", "en number iterated $1")),
}
#: Variables that the `socket` application sets itself, on the way to the connect reply.
SET_BY_SOCKET = ("current_application", "current_application_data", "socket_host")


def profile_of(headers: dict[str, str], prefix: str) -> Profile:
    """A caller profile from its headers in an event."""
    fields = {key: headers.get(f"{prefix}-{name}", "") for name, key in PROFILE_HEADERS}
    times = {key: int(headers.get(f"{prefix}-{name}", "0")) for name, key in TIME_HEADERS}
    return Profile(**fields, times=Times(**times))


def _lanes(messages: Sequence[Sent]) -> Counter[str]:
    return Counter(
        each.lane
        for each in messages
        if each.lane not in ("log", "others")
        and each.name not in ("CHANNEL_PARK", "PRIVATE_COMMAND")
    )


def _recorded_lengths(messages: list[Sent], known: dict[str, float]) -> dict[str, float]:
    """Lengths that the circumstances don't give, read off where the recording played them out."""
    lengths: dict[str, float] = {}
    for message in messages:
        path = message.get("Playback-File-Path")
        relative = path.removeprefix(SOUND_PREFIX + "/")
        if message.name == "PLAYBACK_STOP" and path and relative not in known:
            samples = message.get("variable_playback_samples")
            if samples and "stream://" not in path:
                lengths.setdefault(relative, int(samples) / 8000)
    return lengths


def _speech_engines(messages: list[Sent]) -> set[str]:
    """flite, where it was there: the circumstances don't tell, but how long it spoke does."""
    began = 0.0
    for message in messages:
        if message.get("Application") == "speak":
            if message.name == "CHANNEL_EXECUTE":
                began = message.time
            elif message.time - began > 0.2:
                return {"flite"}
    return set()


def _hung_up_with(messages: list[Sent]) -> str:
    """The cause that a far end hung up with; the circumstances don't tell."""
    for message in messages:
        cause = message.get("variable_bridge_hangup_cause")
        if cause:
            return cause
    return "NORMAL_CLEARING"

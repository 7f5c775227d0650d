"""Makes a scenario of a recording, so that the same call can be performed on another switch.

What the recorded app waited for is not in a recording. It is taken to be the last event before its
next command, if there is one, and else the time that passed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from eslsync.exceptions import ProtocolError
from eslsync.protocol import CommandParser
from eslsync.wire.texts import lossless

from ..ladders.rungs import ANY_UUID
from ..recordings.circumstances import SOUND_PREFIX, recorded_lengths
from ..recordings.reading import Recording, Sent
from .dialplan import CONTEXT, NUMBERS
from .scenario import (
    Api,
    App,
    Caller,
    Close,
    Hangup,
    Pairs,
    Press,
    Raw,
    Scenario,
    ScriptError,
    Send,
    Sleep,
    Step,
    Talk,
    Until,
    UntilClosed,
)

__all__ = ["scenario_of"]

#: Seconds that pass between a message and what an app sends at once; longer ones are a pause.
AT_ONCE = 0.06
#: Seconds that nothing may come without more patience than usual.
USUAL_SILENCE = 10
#: Events that an app does not wait for: they come by themselves, or are one of several signs.
NOISE = frozenset(
    """
    API CHANNEL_CALLSTATE CHANNEL_PARK CHANNEL_STATE CHANNEL_UNPARK CODEC COMMAND HEARTBEAT
    PRESENCE_IN PRIVATE_COMMAND RE_SCHEDULE SESSION_HEARTBEAT
    """.split()
)
#: Headers that tell an event from others of its name.
TELLING = ("Application", "DTMF-Digit", "Event-Subclass")
#: A call to another number of the same dialplan: by a dial string, or by a transfer.
TO_DEFAULT = re.compile(r"(loopback/[^/\s,|]+/| XML )default\b")
#: Where the recorded installation kept what it recorded.
RECORDED = re.compile(r"/srv/fs/recordings\b")


def scenario_of(recording: Recording, name: str) -> Scenario:
    """The scenario behind a recorded call.

    Raises ScriptError if it can't be performed on another switch, with the reason.
    """
    return _Deriving(recording).scenario(name)


@dataclass
class _Item:
    """A step that did something, when, and after how many messages of the switch."""

    time: float
    step: Step
    before: int


class _Deriving:
    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.circumstances = recording.circumstances
        connect = recording.connect
        self.uuid = "" if connect is None else connect.get("Unique-ID")
        self.caller = "" if connect is None else connect.get("variable_other_loopback_leg_uuid")
        self.chosen: dict[str, str] = {}  # names of the uuids that the app chose
        variable = "" if connect is None else connect.get("variable_sound_prefix")
        self.sound_prefix = variable or self.circumstances.get("sound_prefix", SOUND_PREFIX)

    def scenario(self, name: str) -> Scenario:
        given = self.circumstances
        if given.get("mode") != "outbound":
            raise ScriptError("the recording is not of a call to an app: its mode is inbound")
        if self.recording.watched is not None:
            raise ScriptError("a scenario has no other client that watches the call")
        if given.get("redacted"):
            raise ScriptError(
                "the recording is redacted: what was sent is not known; record the call with "
                "redact=[] (docs/guides/recordings.md)"
            )
        for note in given.get("notes", ()):
            if "shuts_down" in note or "inband" in note:
                raise ScriptError(f"a scenario has no step for this: {note['note']}")
        caller = given["caller"]
        circumstances: dict[str, Any] = {
            "about": given.get("about", ""),
            "socket": given["socket"].partition(" ")[2],
            "caller": Caller(caller["number"], caller["name"], caller["by"]),
            "far_end": "tone" if given.get("far_end") == "tone" else None,
            "before": _pairs(given.get("before", ())),
            "after": _pairs(given.get("after", ())),
            "dialplan": {**self._dialplan()},
            "phrases": {key: _pairs(each) for key, each in given.get("phrases", {}).items()},
            "prompts": self._prompts(),
            "endpoints": dict(self._endpoints()),
            "speech_engines": tuple(given.get("speech_engines", ())),
            "recognizers": tuple(given.get("recognizers", ())),
            "interface_allowlist": tuple(given.get("interface_allowlist", ())),
        }
        times = [0.0, *(each.time for each in self.recording.switch), self.recording.ended]
        silence = max(later - earlier for earlier, later in pairwise(times))
        if silence > USUAL_SILENCE:
            circumstances["patience"] = round(silence) + USUAL_SILENCE
        return Scenario(name, tuple(self._steps()), **circumstances)

    # Circumstances

    def _dialplan(self) -> dict[str, Pairs]:
        """The extensions that our own context doesn't have."""
        found = {
            pattern: _pairs(pairs)
            for pattern, pairs in self.circumstances.get("dialplan", {}).items()
            if pattern not in NUMBERS
        }
        for target, behaviour in self.circumstances.get("endpoints", {}).items():
            technology, _, rest = target.partition("/")
            dialled = rest.partition("/")[0]
            if target.startswith("extension "):
                technology, dialled = "loopback", target.removeprefix("extension ")
            if behaviour.get("no_route") or any(re.search(each, dialled) for each in NUMBERS):
                continue
            if technology != "loopback":
                raise ScriptError(f"a far end, {target}, is not a number of our dialplan")
            found[f"^{re.escape(dialled)}$"] = _behaving(behaviour)
        return found

    def _endpoints(self) -> Iterator[tuple[str, Mapping[str, object]]]:
        """The far ends that our own dialplan does not describe."""
        for target, behaviour in self.circumstances.get("endpoints", {}).items():
            dialled = target.split("/")[1] if target.startswith("loopback/") else ""
            ours = any(re.search(each, dialled) for each in NUMBERS)
            if target.startswith("loopback/") and not ours and "dialplan" not in behaviour:
                yield self._ours(target), _written(behaviour)

    def _prompts(self) -> dict[str, float]:
        known = dict(self.circumstances.get("prompts", {}))
        known |= recorded_lengths(self.recording.switch, known, self.sound_prefix)
        told = b"".join(each.raw for each in self.recording.switch).decode("latin-1")
        return {
            name: length
            for name, length in known.items()
            if not name.startswith("/") and "://" not in name and name in told
        }

    # Steps

    def _steps(self) -> Iterator[Step]:
        items = sorted([*self._app(), *self._others()], key=lambda item: item.time)
        ended = _Item(self.recording.ended, UntilClosed(), len(self.recording.switch))
        if items and items[0].before:
            yield from self._pause(0.0, items[0].time, self.recording.switch[: items[0].before])
        for item, following in pairwise([*items, ended]):
            gap = self.recording.switch[item.before : following.before]
            step, since = _awaited(item, gap)
            yield step
            if following is not ended:
                later = [each for each in gap if each.time > since]
                skipped = gap[: len(gap) - len(later)]
                yield from self._pause(since, following.time, later, skipped)
        if self.recording.closed and not any(item.step == Close() for item in items):
            yield UntilClosed()

    def _app(self) -> Iterator[_Item]:
        """What the app sent, packet by packet."""
        for number, (time, data, before) in enumerate(self.recording.app):
            if data is None:
                half = any(each.time > time for each in self.recording.switch)
                yield _Item(time, Close(half), before)
                continue
            text = lossless(data)
            if not text.isprintable() and "\udc80" <= max(text) <= "\udcff":
                raise ScriptError(f"what the app sent at {time:g} s is not UTF-8")
            step = _as_step(self._ours(text, before))
            if number == 0 and step != Send("connect"):
                step = Raw(text)  # which is not answered
            yield _Item(time, step, before)

    def _others(self) -> Iterator[_Item]:
        """What the caller and other clients of the switch did."""
        answered = (each.time for each in self.recording.switch if each.name == "CHANNEL_ANSWER")
        time = next(answered, 0.0)
        usual = 280 if self.circumstances["caller"]["by"] == "sip" else 200
        for action in self.circumstances.get("actions", ()):
            if "app_closes" in action:
                continue
            time = action.get(
                "at", time + action.get("after_answer", action.get("after_previous", 0))
            )
            before = sum(each.time <= time for each in self.recording.switch)
            if "press" in action:
                step: Step = Press(action["press"], action.get("milliseconds", usual))
            elif "talk" in action:
                step = Talk(action["talk"])
            elif "hangup" in action:
                step = Hangup(action["hangup"])
            else:
                step = Api(self._ours(action["api"], before))
            yield _Item(time, step, before)

    def _pause(
        self, since: float, until: float, gap: Sequence[Sent], skipped: Sequence[Sent] = ()
    ) -> Iterator[Step]:
        """Wait for what preceded a moment of the recording, then for what is left of the time."""
        awaited = [each for each in gap if self._is_awaited(each)]
        if awaited:
            last = awaited[-1]
            where = {key: last.get(key) for key in TELLING if last.get(key)}
            seen = [*skipped, *gap[: gap.index(last) + 1]]
            times = sum(
                each.name == last.name and all(each.get(key) == last.get(key) for key in where)
                for each in seen
            )
            yield Until(last.name, where, times)
            since = last.time
        if until - since >= AT_ONCE:
            yield Sleep(round(until - since, 2))

    def _is_awaited(self, message: Sent) -> bool:
        of_us = message.get("Unique-ID") in ("", self.uuid)
        return message.lane == "event" and of_us and message.name not in NOISE | {""}

    # Texts

    def _ours(self, text: str, before: int = 0) -> str:
        """A text that was sent, with our context, and with names in place of uuids and folders."""
        text = TO_DEFAULT.sub(rf"\1{CONTEXT}", text)
        text = RECORDED.sub("{{sounds}}", text.replace(self.sound_prefix, "{{sounds}}"))
        return ANY_UUID.sub(lambda match: self._named(match[0], before), text)

    def _named(self, uuid: str, before: int) -> str:
        if uuid == self.uuid:
            return "{{uuid}}"
        if uuid == self.caller:
            return "{{caller}}"
        if uuid in self.chosen:
            return self.chosen[uuid]
        newest: dict[str, str] = {}
        for message in reversed(self.recording.switch[:before]):
            for key, value in message.headers:
                if newest.setdefault(key, value) == uuid:
                    return f"{{{{{key}}}}}"
        self.chosen[uuid] = f"{{{{uuid-{len(self.chosen) + 1}}}}}"
        return self.chosen[uuid]


def _as_step(text: str) -> Step:
    """What an app sent in one packet."""
    command = text.removesuffix("\n\n")
    app = _as_app(command)
    if app is not None and f"{app.command}\n\n" == text:
        return app
    head, _, body = text.partition("\n\n")
    if _is_one_command(text) and head.strip() == head and "\r" not in head:
        return Send(head, body)
    return Raw(text)


def _as_app(command: str) -> App | None:
    """The application that a command executes, if it says nothing else."""
    lines = dict(line.partition(": ")[::2] for line in command.split("\n"))
    name, data = lines.get("execute-app-name"), lines.get("execute-app-arg", "")
    if not name or " " in name:
        return None
    loops = lines.get("loops", "1")
    return App(
        f"{name} {data}" if data else name,
        lock=lines.get("event-lock") == "true",
        loops=int(loops) if loops.isdecimal() else 1,
        uuid=lines.get("Event-UUID", ""),
    )


def _is_one_command(text: str) -> bool:
    try:
        parser = CommandParser()
        return len(parser.feed(text.encode("utf-8", "surrogateescape"))) == 1
    except ProtocolError:
        return False


def _awaited(item: _Item, gap: Sequence[Sent]) -> tuple[Step, float]:
    """A step that waits for what the recorded app has waited for, and when that came."""
    step = item.step
    if not isinstance(step, (Send, App)):
        return step, item.time
    answers = [each for each in gap if each.lane == "answer"]
    if not answers:
        return replace(step, wait=False), item.time
    if isinstance(step, Send):
        return step, answers[0].time
    for each in gap:
        if each.name == "CHANNEL_EXECUTE_COMPLETE" and each.get("Application") == step.name:
            return step, max(each.time, answers[0].time)
    return replace(step, wait=False), answers[0].time


def _pairs(written: Sequence[Sequence[str]]) -> Pairs:
    return tuple((name, data) for name, data in written)


def _behaving(behaviour: Mapping[str, Any]) -> Pairs:
    """The applications of an extension that behaves like a far end of a recording."""
    if "dialplan" in behaviour:
        return _pairs(behaviour["dialplan"])
    if "rejects" in behaviour:
        return (("hangup", behaviour["rejects"]),)
    found = [("ring_ready", "")] if behaviour.get("rings") else []
    if behaviour.get("answers_after") is None:
        return (*found, ("sleep", "3600000"))
    if behaviour["answers_after"]:
        found.append(("sleep", str(round(behaviour["answers_after"] * 1000))))
    found.append(("answer", ""))
    if "hangs_up_after" in behaviour:
        cause = behaviour.get("cause", "NORMAL_CLEARING")
        lasts = str(round(behaviour["hangs_up_after"] * 1000))
        return (*found, ("sleep", lasts), ("hangup", cause))
    return (*found, ("playback", "silence_stream://-1"))


def _written(behaviour: Mapping[str, Any]) -> dict[str, Any]:
    """A far end's behaviour as it stands in a scenario."""
    found = {
        key: "never" if value is None else value
        for key, value in behaviour.items()
        if key != "hangs_up_on"  # what it plays does that
    }
    presses: Any = found.get("presses")
    if presses is not None:
        found["presses"] = [{"after": after, "digits": keys} for after, keys in presses]
    return found

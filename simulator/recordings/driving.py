"""Drives the model with a recording: its circumstances, the app's commands, the caller's actions.

Each command is sent at its recorded time, but not before the messages that precede it in the
recording. The model is driven directly, in virtual time and without sockets.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from eslsync.protocol import Parser

from ..clockwork.agenda import Agenda
from ..clockwork.threads import MILLISECOND, SECOND, Steps, Thread
from ..event_socket.audience import Audience
from ..event_socket.listener import Control
from ..ladders.rungs import ANY_UUID
from ..model.channel import Channel
from ..model.digits import Digit
from ..model.races import Races
from ..model.tables import run_api
from .circumstances import channel_of, start_of, switch_of
from .reading import Recording, Sent, sent

__all__ = ["Drive"]

#: Microseconds that a command waits for the messages that precede it in the recording.
PATIENCE = 2 * SECOND
#: Microseconds from a key press on the caller's leg to its arrival by loopback.
KEY_LATENCY = 30 * MILLISECOND
#: Milliseconds that a caller presses a key, by technology, unless an action says.
KEY_LENGTH = {"loopback": 200, "sip": 280}
#: Seconds until a key sent as a tone is recognized, and until the next one is.
TONE, NEXT_TONE = 0.18, 0.24


class _End:
    """The model's end of a recorded connection."""

    def __init__(self, drive: Drive, recording: Recording) -> None:
        self.recording = recording
        self.found: list[Sent] = []
        self.control: Control | None = None
        self.closed = False  #: by the switch
        self._drive = drive
        self._parser = Parser()

    def connect(self, channel: Channel | None) -> Control:
        """Connect to the app of a channel, or a client of the switch to it."""
        self.control = Control(channel, self._written, self._close, switch=self._drive.switch)
        return self.control

    def send(self, data: bytes | None, time: float) -> None:
        """Send what was sent at this time of the recording, or close as the app did (None)."""
        if self.control is None:
            return
        if data is None:
            self.control.closed(reads=any(each.time > time for each in self.recording.switch))
        else:
            self.control.received(data)

    def _written(self, data: bytes) -> None:
        for each in self._parser.feed(data):
            message = sent(each, self._drive.seconds)
            message.order = len(self.found)
            self.found.append(message)

    def _close(self) -> None:
        self.closed = True


class Drive:
    """Plays a recording's app and caller to the model; ``found`` are the model's messages.

    ``watched`` are those to another client, if the recording has one (`Recording.watched`).

    With ``unfiltered=True``, the caller's keys pass the filters of digits, as those of
    ``uuid_recv_dtmf`` do.
    """

    def __init__(self, recording: Recording, races: Races, *, unfiltered: bool = False) -> None:
        self.recording = recording
        self.unfiltered = unfiltered
        #: When other clients send the commands that they have not sent yet, in seconds.
        self._others: list[float] = []
        self.roles: dict[str, str] = {}
        self.start = start_of(recording)
        self.agenda = Agenda(self.start)
        self.switch = switch_of(recording, self.agenda, races, self._dial)
        self._app = _End(self, recording)
        self._watcher = None if recording.watched is None else _End(self, recording.watched)
        self.channel: Channel | None = None
        if recording.circumstances["mode"] == "outbound":
            self.channel = channel_of(recording, self.switch)
            if recording.described is not None:
                self.roles[recording.described.get("Unique-ID")] = self.channel.uuid

    # The connections

    @property
    def found(self) -> list[Sent]:
        return self._app.found

    @property
    def watched(self) -> list[Sent]:
        return [] if self._watcher is None else self._watcher.found

    @property
    def closed(self) -> bool:
        """True once the switch has closed the app's connection."""
        return self._app.closed

    def _dial(self, channel: Channel, where: str) -> Control | None:
        if self._app.control is not None:
            # Another connection, whose app the recording does not describe.
            other = Control(channel, lambda data: None, lambda: None)
            self.agenda.at(self.agenda.now, lambda: other.received(b"connect\n\n"))
            return other
        return self._app.connect(channel)

    @property
    def seconds(self) -> float:
        """The current time of the recording."""
        return (self.agenda.now - self.start) / SECOND

    def moment(self, seconds: float) -> int:
        """A time of the recording, in microseconds since the epoch."""
        return self.start + round(seconds * SECOND)

    # The course of events

    def run(self) -> list[Sent]:
        """Play the recording; return the model's messages."""
        self._schedule_notes()
        if self.channel is not None:
            self._schedule_actions(self.channel)
            self.channel.start()
        else:
            self._app.connect(None).start(full=True)
        for time, data, before, end in self._commands():
            due = self.moment(time)
            self.agenda.at(due, lambda: None)
            needed = _lanes(end.recording.switch[:before])
            self.agenda.run_until(
                max(due, self.agenda.now) + PATIENCE,
                lambda due=due, needed=needed, time=time, end=end: (  # type: ignore[misc]
                    self.agenda.now >= due
                    and _lanes(end.found) >= needed
                    and not any(each < time for each in self._others)
                ),
            )
            seen = before if end is self._app else len(self.recording.switch)
            end.send(None if data is None else self._translate(data, seen), time)
        ended = self.recording.ended
        if self.recording.watched is not None:
            ended = max(ended, self.recording.watched.ended)
        self.agenda.run_until(
            self.moment(ended + 2.5), lambda: self.closed and self._watcher is None
        )
        return self.found

    def _commands(self) -> Iterator[tuple[float, bytes | None, int, _End]]:
        """What the app sent, and the other client, in order of time."""
        ends = [self._app]
        watcher = self._watcher
        if watcher is not None:
            connects = self.moment(watcher.recording.switch[0].time)
            self.agenda.at(connects, lambda: watcher.connect(None).start(full=True))
            ends.append(watcher)
        commands = [(*each, end) for end in ends for each in end.recording.app]
        yield from sorted(commands, key=lambda each: each[0])

    def _count(self) -> Counter[str]:
        return _lanes(self.found)

    def _translate(self, data: bytes, before: int) -> bytes:
        """A command, with the model's uuids in place of the recorded ones."""

        def own(match: re.Match[str]) -> str:
            uuid = match[0]
            if uuid not in self.roles:
                # (A uuid that the app chose stays unchanged.)
                self.roles.update(self._learn(uuid, before) or {uuid: uuid})
            return self.roles.get(uuid, uuid)

        return ANY_UUID.sub(own, data.decode("latin-1")).encode("latin-1")

    def _learn(self, uuid: str, before: int) -> dict[str, str]:
        """The model's counterpart of a uuid, found where the recorded one first occurs."""
        seen: Counter[str] = Counter()
        for message in self.recording.switch[:before]:
            seen[message.name] += 1
            for key, value in message.headers:
                if uuid not in value:
                    continue
                ours = [each for each in self.found if each.name == message.name]
                at = seen[message.name] - 1
                if at < len(ours):
                    found = ANY_UUID.findall(ours[at].get(key))
                    theirs = ANY_UUID.findall(value)
                    if len(found) == len(theirs):
                        return {uuid: found[theirs.index(uuid)]}
        return {}

    # The caller

    def _schedule_actions(self, channel: Channel) -> None:
        actions = list(self.recording.circumstances.get("actions", []))
        by = self.recording.circumstances["caller"]["by"]
        waiting = [each for each in actions if "after_answer" in each or "after_previous" in each]
        for action in actions:
            if "at" in action and "app_closes" not in action:
                when = self.moment(action["at"])
                if "press" in action and by == "sip":  # RFC 2833 tells of a key as it is released
                    when += action.get("milliseconds", KEY_LENGTH[by]) * MILLISECOND
                if "api" in action:
                    self._others.append(action["at"])
                self._act_at(channel, when, action, self._seen(action["at"]))

        def on_event(name: str, event: object) -> None:
            if name == "CHANNEL_ANSWER" and waiting:
                time = self.agenda.now
                for action in waiting:
                    after = action.get("after_answer", action.get("after_previous", 0))
                    time += round(after * SECOND)
                    self._act_at(channel, time + KEY_LATENCY, action)
                waiting.clear()

        channel.on_event = on_event

    def _seen(self, seconds: float) -> Counter[str]:
        """The messages that preceded an action, as far as they came when they were made."""
        if "async" not in self.recording.circumstances.get("socket", "async"):
            return Counter()  # they waited for the listener
        return _lanes([each for each in self.recording.switch if each.time < seconds])

    def _act_at(
        self, channel: Channel, when: int, action: dict[str, Any], after: Counter[str] | None = None
    ) -> None:
        """Act as the caller at a time, but not before these messages, as far as they come."""
        key_length = KEY_LENGTH[self.recording.circumstances["caller"]["by"]]

        def act() -> None:
            if (
                after is not None
                and self.agenda.now < when + PATIENCE
                and not self._count() >= after
            ):
                self.agenda.at(self.agenda.now + MILLISECOND, act)
                return
            if "hangup" in action:
                channel.caller_hangs_up(action["hangup"])
            if "api" in action:
                if action.get("at") in self._others:
                    self._others.remove(action["at"])
                self._run_for_another(self._translate(action["api"].encode("latin-1"), 10**9))
            if "talk" in action:
                channel.talk(round(action["talk"] * SECOND), action.get("words", ""))
            for key in action.get("press", ""):
                length = action.get("milliseconds", key_length)
                channel.press(key, length, unfiltered=self.unfiltered)

        self.agenda.at(when, act)

    def _run_for_another(self, command: bytes) -> None:
        """Run an api command of another client of the switch."""
        name, _, argument = command.decode("latin-1").partition(" ")
        Thread(self.agenda, _drained(run_api(self.switch, name, argument))).run()

    def _schedule_notes(self) -> None:
        """Schedule the actions from outside."""
        for note in self.recording.circumstances.get("notes", []):
            if note.get("shuts_down"):
                self.agenda.at(self.moment(note["t"]), self.switch.state(Audience).shut_down)
            for at, key in enumerate(note.get("inband", "")):
                self._hear_tone(Digit(key, 2000, "INBAND_AUDIO"), note["t"] + TONE + NEXT_TONE * at)

    def _hear_tone(self, digit: Digit, seconds: float) -> None:
        """Schedule a key that is recognized by its tone."""
        channel = self.channel
        assert channel is not None
        self.agenda.at(self.moment(seconds), lambda: channel.queue_digit(digit))


def _drained(steps: Steps[str]) -> Steps[None]:
    yield from steps


def _lanes(messages: Sequence[Sent]) -> Counter[str]:
    """The number of messages in each lane that commands must wait for."""
    return Counter(
        each.lane
        for each in messages
        if each.lane not in ("log", "others", "early")
        and each.name not in ("CHANNEL_PARK", "PRIVATE_COMMAND")
    )

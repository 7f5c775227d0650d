"""Drives the model with a recording: its circumstances, the app's commands, the caller's actions.

Each command is sent at its recorded time, but not before the messages that precede it in the
recording have come. The model is driven directly, in virtual time and without sockets.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from eslsync import CallState
from eslsync.protocol import Parser

from ..applications import API_COMMANDS, APPLICATIONS
from ..applications.conference import Rooms
from ..clockwork.agenda import Agenda
from ..clockwork.threads import MILLISECOND, SECOND
from ..event_socket.audience import Audience
from ..event_socket.listener import Control
from ..ladders.rungs import ANY_UUID
from ..model.channel import Channel, Codec
from ..model.digits import Digit
from ..model.far_legs import Endpoint, FarEnds, taken_by_dialplan
from ..model.heartbeat import Heartbeat
from ..model.incoming import add_channel, incoming
from ..model.profile import PROFILE_HEADERS, TIME_HEADERS, Profile, Times
from ..model.races import Races
from ..model.states import State
from ..model.switch import Extension, Switch
from .reading import Recording, Sent, sent

__all__ = ["Drive"]

#: Microseconds that a command waits for the messages that precede it in the recording.
PATIENCE = 2 * SECOND
#: Microseconds from a key press on the caller's leg to its arrival by loopback.
KEY_LATENCY = 30 * MILLISECOND
#: Milliseconds that callers press a key, if an action doesn't say.
KEY_LENGTH = 200
#: The start of a recording without any date, in microseconds since the epoch.
START = 1_767_603_600 * SECOND
#: The folder of the sound files, if a recording doesn't say.
SOUND_PREFIX = "/srv/fs/sounds"


class Drive:
    """Plays a recording's app and caller to the model; ``found`` is what the model said."""

    def __init__(self, recording: Recording, races: Races) -> None:
        self.recording = recording
        self.races = races
        self.found: list[Sent] = []
        self.closed = False
        self.roles: dict[str, str] = {}
        self._parser = Parser()
        self.circumstances = recording.circumstances
        connect = recording.connect
        given = dict(connect.headers) if connect is not None else {}
        self.start = START
        # The first dated event says when and where the recording was made.
        dated = next((each for each in recording.switch if each.get("Event-Date-Timestamp")), None)
        if dated is not None:
            self.start = int(dated.get("Event-Date-Timestamp")) - round(dated.time * SECOND)
        self.agenda = Agenda(self.start)
        self.switch = self._switch(dict(dated.headers) if dated is not None else {})
        for message in recording.switch:
            number = message.get("variable_session_id")
            if number and message.lane != "others":
                # Our own channel has that number; a channel that is called is to get it.
                self.switch.sessions = int(number) - (connect is None)
                break
        beats = [each.time for each in recording.switch if each.name == "HEARTBEAT"]
        if beats:
            self.switch.state(Heartbeat).due = self.moment(beats[0])
        room = next((each for each in recording.switch if each.get("Member-ID")), None)
        if room is not None:
            self.switch.domain = room.get("Conference-Domain")
            self.switch.state(Rooms).members = int(room.get("Member-ID")) - 1
        for target, behaviour in self.circumstances.get("endpoints", {}).items():
            if "dialplan" in behaviour:
                dialplan = [(name, data) for name, data in behaviour["dialplan"]]
                taken_by = taken_by_dialplan(self.switch, target.split("/")[1], dialplan)
                behaviour = {**behaviour, "taken_by": taken_by}
                del behaviour["dialplan"]
            self.switch.state(FarEnds).endpoints[target] = Endpoint(**behaviour)
        self.control: Control | None = None
        self.channel: Channel | None = None
        if self.circumstances["mode"] == "outbound":
            self.channel = self._channel(given)
            self.channel.audible = self.circumstances.get("far_end") == "tone"

    # The circumstances

    def _switch(self, source: dict[str, str]) -> Switch:
        sound_prefix = self.circumstances.get("sound_prefix", SOUND_PREFIX)
        prompts = dict(self.circumstances.get("prompts", {}))
        prompts.update(_recorded_lengths(self.recording.switch, prompts, sound_prefix))
        return Switch(
            self.agenda,
            Random(1),
            applications=APPLICATIONS,
            api_commands=API_COMMANDS,
            dial=self._dial,
            races=self.races,
            prompts=prompts,
            only_known=True,
            sound_prefix=sound_prefix,
            extensions=_extensions(self.circumstances),
            phrases=_pairs(self.circumstances.get("phrases", {})),
            speech_engines=self.circumstances.get("speech_engines", ()),
            hostname=source.get("FreeSWITCH-Hostname", "freeswitch"),
            switchname=source.get("FreeSWITCH-Switchname", "freeswitch"),
            ipv4=source.get("FreeSWITCH-IPv4", "127.0.0.1"),
            ipv6=source.get("FreeSWITCH-IPv6", "::1"),
            core_uuid=source.get("Core-UUID"),
        )

    def _channel(self, given: dict[str, str]) -> Channel:
        """The channel, as the headers of the connect reply (``given``) describe it."""
        circumstances = self.circumstances
        # Recording 14n: a B leg's circumstances are those of its A leg.
        socket = given.get("variable_current_application_data", circumstances["socket"])
        dialplan = [
            ("socket", socket),
            *((name, data) for name, data in circumstances.get("after", [])),
        ]
        if not given:
            return incoming(
                self.switch,
                caller_number=circumstances["caller"]["number"],
                caller_name=circumstances["caller"]["name"],
                destination=circumstances["destination"],
                socket=circumstances["socket"],
                after=dialplan[1:],
            )
        channel = add_channel(self.switch, profile_of(given, "Channel"), dialplan)
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
        if self.control is not None:
            # Another connection, which is not in this recording.
            return Control(channel, lambda data: None, lambda: None)
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
        """The time of the recording that it is now."""
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
                self.control.closed(reads=any(m.time > time for m in self.recording.switch))
            else:
                self.control.received(self._translate(data, before))
        self.agenda.run_until(self.moment(self.recording.ended + 2.5), lambda: self.closed)
        return self.found

    def _needed(self, before: int) -> Counter[str]:
        return _lanes(self.recording.switch[:before])

    def _count(self) -> Counter[str]:
        return _lanes(self.found)

    def _translate(self, data: bytes, before: int) -> bytes:
        """A command, with the model's uuids in place of the recorded ones."""

        def own(match: re.Match[str]) -> str:
            uuid = match[0]
            if uuid not in self.roles:
                # (A uuid that the app made up stays as it is.)
                self.roles.update(self._learn(uuid, before) or {uuid: uuid})
            return self.roles.get(uuid, uuid)

        return ANY_UUID.sub(own, data.decode("latin-1")).encode("latin-1")

    def _learn(self, uuid: str, before: int) -> dict[str, str]:
        """The model's counterpart of a uuid: it is where the recorded one first was."""
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
                channel.press(key, action.get("milliseconds", KEY_LENGTH))

        self.agenda.at(when, act)

    def _schedule_notes(self) -> None:
        """Schedule what was done from outside."""
        for note in self.circumstances.get("notes", []):
            if note["note"].startswith("fsctl shutdown"):
                self.agenda.at(self.moment(note["t"]), self.switch.state(Audience).shut_down)
            elif "plays inband tones for" in note["note"] and self.channel is not None:
                keys = re.findall(r"[\d*#]", note["note"].partition("for")[2])
                for at, key in enumerate(keys):
                    digit = Digit(key, 2000, "INBAND_AUDIO")
                    self.agenda.at(
                        self.moment(note["t"] + 0.18 + 0.24 * at),
                        lambda digit=digit: self.channel.queue_digit(digit),  # type: ignore[misc]
                    )


#: Variables that the application `socket` sets itself, before the connect reply.
SET_BY_SOCKET = ("current_application", "current_application_data", "socket_host")


def _pairs(written: Mapping[str, Sequence[Sequence[str]]]) -> dict[str, Extension]:
    """Applications, or a macro's actions, by name, as pairs; JSON has lists."""
    return {name: [(each, data) for each, data in pairs] for name, pairs in written.items()}


def _extensions(circumstances: dict[str, Any]) -> dict[str, Extension]:
    """The dialplan in the circumstances: the app's extension, and those transferred to."""
    extensions = _pairs(circumstances.get("dialplan", {}))
    if "destination" in circumstances:
        pairs = (*circumstances.get("before", ()), *circumstances.get("after", ()))
        before = len(circumstances.get("before", ()))
        actions = [(name, data) for name, data in pairs]
        actions.insert(before, ("socket", circumstances["socket"]))
        extensions[f"^{re.escape(circumstances['destination'])}$"] = actions
    for target, behaviour in circumstances.get("endpoints", {}).items():
        technology, _, number = target.partition(" ")
        if behaviour.get("no_route"):
            continue
        if technology == "extension" and not any(
            re.search(pattern, number) for pattern in extensions
        ):
            extensions[f"^{re.escape(number)}$"] = list(_behave(Endpoint(**behaviour)))
    return extensions


def _behave(endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    """The applications that an extension runs to behave like an endpoint."""
    if endpoint.rejects is not None:
        yield "hangup", endpoint.rejects
    if endpoint.rings:
        yield "ring_ready", ""
    if endpoint.answers_after is None:
        yield "park", ""
    else:
        if endpoint.answers_after:
            yield "sleep", str(round(endpoint.answers_after * 1000))
        yield "answer", ""
    if endpoint.hangs_up_after is None:
        yield "playback", "silence_stream://-1"
    else:
        yield "sleep", str(round(endpoint.hangs_up_after * 1000))
        yield "hangup", endpoint.cause


def profile_of(headers: dict[str, str], prefix: str) -> Profile:
    """A caller profile from its headers in an event."""
    fields = {key: headers.get(f"{prefix}-{name}", "") for name, key in PROFILE_HEADERS}
    times = {key: int(headers.get(f"{prefix}-{name}", "0")) for name, key in TIME_HEADERS}
    return Profile(**fields, times=Times(**times))


def _lanes(messages: Sequence[Sent]) -> Counter[str]:
    """How many messages there are in each lane, of those that commands must wait for."""
    return Counter(
        each.lane
        for each in messages
        if each.lane not in ("log", "others", "early")
        and each.name not in ("CHANNEL_PARK", "PRIVATE_COMMAND")
    )


def _recorded_lengths(
    messages: list[Sent], known: dict[str, float], sound_prefix: str
) -> dict[str, float]:
    """Lengths of prompts that are not ``known``, read off the events that end them."""
    lengths: dict[str, float] = {}
    for message in messages:
        path = message.get("Playback-File-Path")
        relative = path.removeprefix(sound_prefix + "/")
        if message.name == "PLAYBACK_STOP" and path and relative not in known:
            samples = message.get("variable_playback_samples")
            if samples and "stream://" not in path:
                lengths.setdefault(relative, int(samples) / 8000)
    return lengths

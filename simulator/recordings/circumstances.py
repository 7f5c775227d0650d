"""Sets up the simulated call to compare with a recording: its switch and its channel.

The circumstances come from the recording's first line (tests/recordings/README.md), and from its
messages: dates, names, uuids, counters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from eslsync import CallState
from eslsync.wire.separation import variables_of

from ..applications import tables_of
from ..applications.conference import Rooms
from ..applications.schedule import Tasks
from ..clockwork.agenda import Agenda
from ..clockwork.threads import SECOND
from ..model.allowlist import listed
from ..model.channel import Channel
from ..model.description import Codec
from ..model.far_legs import Endpoint, FarEnds, taken_by_dialplan
from ..model.heartbeat import Heartbeat
from ..model.incoming import add_channel, incoming
from ..model.profile import PROFILE_HEADERS, TIME_HEADERS, Profile, Times
from ..model.races import Races
from ..model.states import State
from ..model.switch import Dial, Extension, Switch
from ..model.versions import recorded_version
from .reading import Recording, Sent

__all__ = ["channel_of", "recorded_lengths", "start_of", "switch_of"]

#: The start of a recording without any date, in microseconds since the epoch.
START = 1_767_603_600 * SECOND
#: The folder of the sound files, if a recording doesn't say.
SOUND_PREFIX = "/srv/fs/sounds"
#: The dialplan and the phrase macros of the installation where the project's recordings were made,
#: for a first line without them.
INSTALLED_DIALPLAN = {
    r"^bye(\d+)$": [["answer", ""], ["sleep", "$1"], ["hangup", "NORMAL_CLEARING"]],
    r"^press-(\d+)-(.+)$": [
        ["answer", ""],
        ["sleep", "$1"],
        ["send_dtmf", "$2@200"],
        ["playback", "silence_stream://-1"],
    ],
    r"^hold$": [["answer", ""], ["playback", "silence_stream://-1"]],
}
INSTALLED_PHRASES = {
    "welcome": [["play-file", "ivr/ivr-welcome.wav"]],
    "saydigits": [["play-file", "ivr/ivr-short.wav"], ["say", "en number iterated $1"]],
}
#: The Hertz of the tone that a caller with the far end ``tone`` makes.
TONE = 440
#: Its domain, and the users of its directory.
INSTALLED_GLOBALS = {"domain": "127.0.0.1"}
INSTALLED_USERS = ["1000@127.0.0.1"]
#: Seconds within which `speak` fails if the engine does not exist.
SILENT = 0.2
#: Variables that the application `socket` sets itself, before the connect reply.
SET_BY_SOCKET = ("current_application", "current_application_data", "socket_host")


def start_of(recording: Recording) -> int:
    """When a recording began, in microseconds since the epoch."""
    dated = _dated(recording)
    if dated is None:
        return START
    return int(dated.get("Event-Date-Timestamp")) - round(dated.time * SECOND)


def _dated(recording: Recording) -> Sent | None:
    """The first event with a date, which shows when and where the recording was made."""
    return next((each for each in recording.told if each.get("Event-Date-Timestamp")), None)


def switch_of(recording: Recording, agenda: Agenda, races: Races, dial: Dial) -> Switch:
    """The switch of a recording, before the call."""
    circumstances = recording.circumstances
    dated = _dated(recording)
    source = {} if dated is None else dict(dated.headers)
    sound_prefix = circumstances.get("sound_prefix", SOUND_PREFIX)
    prompts = dict(circumstances.get("prompts", {}))
    prompts.update(recorded_lengths(recording.told, prompts, sound_prefix))
    version = recorded_version(circumstances["switch"])
    applications, commands = tables_of(version)
    if "interface_allowlist" in circumstances:
        applications = listed(applications, circumstances["interface_allowlist"])
        commands = listed(commands, circumstances["interface_allowlist"])
    switch = Switch(
        agenda,
        Random(1),
        applications=applications,
        api_commands=commands,
        version=version,
        dial=dial,
        races=races,
        prompts=prompts,
        only_known=True,
        sound_prefix=sound_prefix,
        extensions=_extensions(circumstances),
        phrases=_pairs(circumstances.get("phrases", INSTALLED_PHRASES)),
        speech_engines=circumstances.get("speech_engines", _speech_engines(recording.switch)),
        recognizers=circumstances.get("recognizers", ()),
        hostname=source.get("FreeSWITCH-Hostname", "freeswitch"),
        switchname=source.get("FreeSWITCH-Switchname", "freeswitch"),
        ipv4=source.get("FreeSWITCH-IPv4", "127.0.0.1"),
        ipv6=source.get("FreeSWITCH-IPv6", "::1"),
        core_uuid=source.get("Core-UUID"),
    )
    _count_on(switch, recording)
    if "tasks" in circumstances:
        switch.state(Tasks).last = circumstances["tasks"]
    switch.globals.update(circumstances.get("globals", INSTALLED_GLOBALS))
    switch.state(FarEnds).users = frozenset(circumstances.get("users", INSTALLED_USERS))
    for target, behaviour in circumstances.get("endpoints", {}).items():
        if "dialplan" in behaviour:
            dialplan = [(name, data) for name, data in behaviour["dialplan"]]
            taken_by = taken_by_dialplan(switch, target.split("/")[1], dialplan)
            behaviour = {**behaviour, "taken_by": taken_by}
            del behaviour["dialplan"]
        switch.state(FarEnds).endpoints[target] = Endpoint(**behaviour)
    return switch


def _count_on(switch: Switch, recording: Recording) -> None:
    """Continue the switch's counters and its heartbeat as in the recording."""
    messages = recording.told
    for message in messages:
        number = message.get("variable_session_id")
        if number and message.lane != "others":
            # Our own channel has that number; a called channel is to get it.
            switch.sessions = int(number) - (recording.connect is None)
            break
    beat = next((each for each in messages if each.name == "HEARTBEAT"), None)
    if beat is not None:
        switch.state(Heartbeat).due = start_of(recording) + round(beat.time * SECOND)
    for message in messages:
        added = re.match(r"\+OK Added: (\d+)", message.body)
        task = message.get("variable_last_sched_id") or (added[1] if added is not None else "")
        if message.name == "ADD_SCHEDULE":
            task = message.get("Task-ID")
        if task:
            switch.state(Tasks).last = int(task) - 1
            break
    room = next((each for each in messages if each.get("Member-ID")), None)
    if room is not None:
        switch.domain = room.get("Conference-Domain")
        switch.state(Rooms).members = int(room.get("Member-ID")) - 1
    else:  # the app did not get the events of the room
        keys = filter(None, (each.get("variable_conference_call_key") for each in messages))
        named = re.fullmatch(r"conference_.+_([^_]+)_[^_]*", next(keys, ""))
        if named is not None:
            switch.domain = named[1]


READ_CODEC = "Channel-Read-Codec"


def channel_of(recording: Recording, switch: Switch) -> Channel:
    """The channel of an outbound connection, at the time of the connection."""
    circumstances = recording.circumstances
    after = [(name, data) for name, data in circumstances.get("after", [])]
    if recording.described is not None:
        given = dict(recording.described.headers)
        # Recording 14n: a B leg's circumstances are those of its A leg.
        socket = given.get("variable_current_application_data", circumstances["socket"])
        channel = _described(given, switch, [("socket", socket), *after])
        if not channel.negotiated:
            heard = (each for each in recording.switch if each.get(f"{READ_CODEC}-Name"))
            channel.codec = _codec(dict(next(heard, recording.described).headers))
    else:
        channel = incoming(
            switch,
            caller_number=circumstances["caller"]["number"],
            caller_name=circumstances["caller"]["name"],
            destination=circumstances["destination"],
            socket=circumstances["socket"],
            after=after,
        )
    if circumstances.get("far_end") == "tone":
        channel.tone = circumstances.get("tone", TONE)
    return channel


def _described(given: dict[str, str], switch: Switch, dialplan: Extension) -> Channel:
    """The channel that the headers of a connect reply, or of one of its events, describe."""
    prefix = "Channel" if "Channel-Source" in given else "Caller"
    channel = add_channel(switch, profile_of(given, prefix), dialplan)
    for key, value in given.items():
        name = key.removeprefix("variable_")
        if name != key and name not in SET_BY_SOCKET:
            channel.set(name, value)
    other = given.get("variable_other_loopback_leg_uuid")
    if other:
        switch.callers.add(other)
    channel.endpoint = "loopback" if given[f"{prefix}-Source"] == "mod_loopback" else "sofia"
    channel.call_uuid = given["Channel-Call-UUID"]
    channel.answered = given["Answer-State"] == "answered"
    channel.early_media = given["Answer-State"] == "early"
    channel.callstate = CallState[given["Channel-Call-State"]]
    channel.state = channel.running_state = State[given["Channel-State"].removeprefix("CS_")]
    channel.codec = _codec(given)
    channel.negotiated = channel.endpoint == "loopback" or f"{READ_CODEC}-Name" in given
    return channel


def _codec(given: Mapping[str, str]) -> Codec:
    return Codec(
        given.get(f"{READ_CODEC}-Name", "L16"),
        given.get(f"{READ_CODEC}-Rate", "8000"),
        given.get(f"{READ_CODEC}-Bit-Rate", "128000"),
    )


def _pairs(written: Mapping[str, Sequence[Sequence[str]]]) -> dict[str, Extension]:
    """Applications, or a macro's actions, by name, as pairs, from JSON's lists."""
    return {name: [(each, data) for each, data in pairs] for name, pairs in written.items()}


def _extensions(circumstances: dict[str, Any]) -> dict[str, Extension]:
    """The dialplan in the circumstances: the app's extension, and targets of transfers."""
    extensions = _pairs(circumstances.get("dialplan", INSTALLED_DIALPLAN))
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
    return Profile(**fields, times=Times(**times))  # type: ignore[arg-type]


def recorded_lengths(
    messages: list[Sent], known: dict[str, float], sound_prefix: str
) -> dict[str, float]:
    """Lengths of prompts that are not ``known``, from the events that end them."""
    lengths: dict[str, float] = {}
    for message in messages:
        path = message.get("Playback-File-Path")
        prefix = message.get("variable_sound_prefix") or sound_prefix
        relative = variables_of(path)[1].removeprefix(prefix + "/")
        names = relative.removeprefix("file_string://").split("!")
        if message.name == "PLAYBACK_STOP" and path and known.keys().isdisjoint(names):
            samples = message.get("variable_playback_samples")
            if samples and "stream://" not in path:
                lengths.setdefault(relative, int(samples) / 8000)
    return lengths


def _speech_engines(messages: list[Sent]) -> tuple[str, ...]:
    """The engines that could speak, inferred from the length of `speak`: flite, or none."""
    began = 0.0
    for message in messages:
        if message.get("Application") == "speak":
            if message.name == "CHANNEL_EXECUTE":
                began = message.time
            elif message.time - began > SILENT:
                return ("flite",)
    return ()

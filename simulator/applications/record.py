"""Recording of the caller (`record`), and of both sides (`record_session`).

A recording can be played afterwards, and lasts as long as it took.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eslsync.wire.separation import separate, variables_of

from ..clockwork.threads import MILLISECOND, SECOND, Steps, Thread
from ..model import answering, executing, hooks, media_bugs, playing
from ..model.arguments import atoi
from ..model.file_formats import unknown_format
from ..model.known_variables import note_variable
from ..model.sounds import FRAME, RATE
from ..model.tables import api, application, run_api, usage
from ..model.variables import is_true

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.events import Headers
    from ..model.switch import Switch

__all__ = ["record_session"]

#: Variables whose texts are written to the file of a session, and then unset.
TEXTS = (
    "RECORD_TITLE",
    "RECORD_COPYRIGHT",
    "RECORD_SOFTWARE",
    "RECORD_ARTIST",
    "RECORD_COMMENT",
    "RECORD_DATE",
)
#: What libsndfile adds to RECORD_SOFTWARE.
LIBRARY = " (libsndfile-1.2.0)"
#: Bytes of a WAV file's header; each sample has two bytes.
WAV_HEADER = 44

RECORD_FILE_START = ("switch_ivr_play_say.c", "switch_ivr_record_file_event", 767)
RECORD_FILE_STOP = ("switch_ivr_play_say.c", "switch_ivr_record_file_event", 1030)


def path_of(channel: Channel, name: str) -> str:
    """The path of a recording; relative names are in the folder of the sounds."""
    options, name = variables_of(name)
    _note_options(channel, options)
    wrong = None if "://" in name else unknown_format(name)
    if wrong is not None:
        channel.switch.refused(wrong[0], channel, wrong[1].replace("plays", "records"))
    if "://" in name or name.startswith("/"):
        return name
    return f"{playing.sound_prefix(channel)}/{name}"


def _note_options(channel: Channel, options: dict[str, str]) -> None:
    """Report options that are not modelled; they have the names of variables."""
    for key, value in options.items():
        note_variable(channel.switch, channel, key, value)


def samples_since(channel: Channel, began: int) -> int:
    return (channel.now - began) // FRAME * FRAME * RATE // SECOND


@application("record", needs_data=True, recordings="11a 21a 21b")
def record(channel: Channel, data: str) -> Steps[None]:
    """``<path> [<seconds> [<silence threshold> [<silence hits>]]]`` (switch_ivr_record_file)."""
    words = separate(data, " ", 4)
    if not words:
        return
    path = path_of(channel, words[0])
    limit = atoi(words[1].lstrip("+")) if len(words) > 1 else 0
    native = "." not in path and "://" not in path
    if native:  # written as it comes, in the codec's format
        path += f".{channel.codec.name}"
    channel.set("playback_terminator_used", None)
    channel.set("silence_hits_exhausted", "false")
    if not native:
        channel.read_in_linear(object())
    channel.fire("RECORD_START", (("Record-File-Path", path),), called_from=RECORD_FILE_START)
    yield from _has_started(channel)
    threshold = len(words) > 2 and atoi(words[2]) and not native
    hits = (atoi(words[3]) if len(words) > 3 else 0) or 3
    silence = hits * SECOND if threshold and not channel.audible else None
    began = channel.now
    yield from _record_until(channel, limit, silence)
    samples = samples_since(channel, began)
    size = str(2 * samples if native else WAV_HEADER + 2 * samples)
    channel.set("record_record_file_size", size)
    channel.set("record_file_size", size)
    channel.set("record_seconds", str(samples // RATE))
    channel.set("record_ms", str(samples * 1000 // RATE))
    channel.set("record_samples", str(samples))
    channel.switch.media.record(path, samples)
    yield from _process_file(channel)
    channel.fire("RECORD_STOP", (("Record-File-Path", path),), called_from=RECORD_FILE_STOP)
    yield from _has_stopped(channel)
    channel.reset()
    if not channel.is_ready():
        channel.hangup("DESTINATION_OUT_OF_ORDER")


def _has_started(channel: Channel) -> Steps[None]:
    yield from hooks.execute_on(channel, "execute_on_record_start")
    yield from hooks.api_on(channel, "api_on_record_start")


def _has_stopped(channel: Channel) -> Steps[None]:
    yield from hooks.execute_on(channel, "execute_on_record_stop")
    yield from hooks.api_on(channel, "api_on_record_stop")


def _post_process(channel: Channel) -> Steps[None]:
    """What is to be done with the file of a session (record_helper_post_process)."""
    yield from hooks.execute_on(channel, "record_post_process_exec_app")
    yield from _process_file(channel)


def _process_file(channel: Channel) -> Steps[None]:
    """Run the api command ``<name>:<argument>`` that is to have the file."""
    command = channel.get("record_post_process_exec_api")
    if command:
        name, _, argument = command.partition(":")
        yield from run_api(channel.switch, name, channel.expand(argument), channel)


def _record_until(channel: Channel, limit: int, silence: int | None) -> Steps[None]:
    """Record for ``limit`` seconds (0: no limit), or until ``silence`` microseconds of silence."""
    # Whole seconds since the epoch are counted; it ends with the first one past the limit.
    ends = (channel.now // SECOND + limit + 1) * SECOND if limit else None
    began = channel.now
    restarts = is_true(channel.get("record_restart_limit_on_dtmf"))
    on_digit = playing.on_terminator(channel)
    while channel.is_ready() and not executing.take_break(channel):
        silent_at = max(began, channel.quiet_since) + silence if silence else None
        if silent_at is not None and channel.now >= silent_at:
            channel.set("silence_hits_exhausted", "true")
            return
        yield from executing.parse_all_events(channel)
        if ends is not None and channel.now >= ends:
            return
        if channel.digits:
            if ends is not None and restarts:
                ends = (channel.now // SECOND + limit + 1) * SECOND
            if on_digit(channel.take_digit()):
                return
        channel.queued_events.clear()  # as a playback does
        if not channel.is_ready():
            return
        until = min((end for end in (ends, silent_at) if end is not None), default=None)
        yield from channel.frames(channel.tick() if channel.break_requested else until)


# --- sessions


class _SessionRecording:
    """A recording of a session, from RECORD_START to RECORD_STOP (record_callback)."""

    def __init__(self, channel: Channel, path: str, options: dict[str, str]) -> None:
        self.channel = channel
        self.path = path
        self.options = options
        self.began = channel.now
        self.cause: str | None = None
        self._paused_at: int | None = None
        self._left_out = 0  # microseconds
        self._texts: dict[str, str] = {}
        for name in TEXTS:
            text = self.option(name)
            if text is not None:
                self._texts[name] = text + LIBRARY if name == "RECORD_SOFTWARE" else text
                channel.set(name, None)
        self._fire("RECORD_START")
        self._run(_has_started(channel), "execute_on_record_start")

    def option(self, name: str) -> str | None:
        """An option that the recording was started with, else a variable (get_recording_var)."""
        for key, value in self.options.items():
            if key.lower() == name.lower():
                return value
        return self.channel.get(name)

    def _fire(self, name: str, last: Headers = ()) -> None:
        own = [("Record-File-Path", self.path)]
        own += [(f"Recording-Variable-{key}", value) for key, value in self.options.items()]
        self.channel.fire(name, (*own, *last))

    def pause(self) -> None:
        if self._paused_at is None:
            self._paused_at = self.channel.now

    def resume(self) -> None:
        if self._paused_at is not None:
            self._left_out += self.channel.now - self._paused_at
            self._paused_at = None

    def stopped(self) -> None:
        channel = self.channel
        channel.switch.state(SessionRecordings).running.remove(self)
        self.resume()
        samples = samples_since(channel, self.began + self._left_out)
        channel.set("record_file_size", str(WAV_HEADER + 2 * samples))
        if samples < atoi(self.option("RECORD_MIN_SEC")) * RATE:
            channel.set("RECORD_DISCARDED", "true")
            self.cause = self.cause or "input-too-short"
        else:
            channel.switch.media.record(self.path, samples, self._texts)
        cause = self.cause or ("success-maxtime" if channel.up else "success-silence")
        channel.set("record_samples", str(samples))
        channel.set("record_seconds", str(samples // RATE))
        channel.set("record_ms", str(samples * 1000 // RATE))
        channel.set("record_completion_cause", cause)
        self._fire("RECORD_STOP", (("Record-Completion-Cause", cause),))
        self._run(_has_stopped(channel), "execute_on_record_stop")
        self._run(_post_process(channel), "record_post_process_exec_app")

    def _run(self, steps: Steps[None], option: str) -> None:
        """Execute an application of the recording's options, and the steps, on its thread."""
        value = self.options.get(option)

        def run() -> Steps[None]:
            if value:
                yield from hooks.execute_value(self.channel, value)
            yield from steps

        Thread(self.channel.switch.scheduler, run()).run()


class SessionRecordings:
    """The recordings of sessions that a switch makes."""

    def __init__(self, switch: Switch) -> None:
        self.running: list[_SessionRecording] = []

    def of(self, channel: Channel, name: str) -> list[_SessionRecording]:
        path = path_of(channel, name)
        return [each for each in self.running if each.channel is channel and each.path == path]


def record_session(
    channel: Channel, name: str, limit: int = 0, options: dict[str, str] | None = None
) -> Steps[None]:
    """Record both sides, for ``limit`` seconds or 0 (switch_ivr_record_session_event)."""
    if not (yield from answering.pre_answer(channel)):
        return
    path = path_of(channel, name)
    given = options or {}
    if _records(channel, path):
        if is_true(given.get("RECORD_TOGGLE_ON_REPEAT") or channel.get("RECORD_TOGGLE_ON_REPEAT")):
            media_bugs.stop_bugs(channel, "session_record", path)
        return
    if is_true(given.get("RECORD_CHECK_BRIDGE") or channel.get("RECORD_CHECK_BRIDGE")):
        other = channel.bonded
        if other is not None and _records(other, path):
            if is_true(other.get("RECORD_TOGGLE_ON_REPEAT")):
                media_bugs.stop_bugs(other, "session_record", path)
            return
    _note_options(channel, options or {})
    yield channel.tick()  # the recording thread takes a frame to start
    recording = _SessionRecording(channel, path, options or {})
    channel.switch.state(SessionRecordings).running.append(recording)
    bug = media_bugs.MediaBug(channel, "session_record", path, recording.stopped)
    if limit:
        bug.stop_after(limit)
    silence = atoi(recording.option("RECORD_INITIAL_TIMEOUT_MS"))

    def nobody_spoke() -> None:
        if channel.quiet_since > recording.began or not channel.up:
            return
        recording.cause = "no-input-timeout"
        bug.stop()

    if silence > 0 and not channel.audible:
        channel.switch.scheduler.at(channel.now + silence * MILLISECOND, nobody_spoke)


def _records(channel: Channel, path: str) -> bool:
    return any(bug.function == "session_record" and bug.target == path for bug in channel.bugs)


@application("record_session", needs_data=True, recordings="11c 11d 21d")
def record_session_application(channel: Channel, data: str) -> Steps[None]:
    """``<path> [+<seconds>] [{<variable>=<value>,...}]``: record while the call goes on."""
    path, *rest = separate(data, " ", 5) or [""]
    if not path:
        return
    limit = 0
    if rest and rest[0].startswith("+"):
        limit = atoi(rest.pop(0)[1:])
    options, _ = variables_of(rest[0] if rest else "")
    yield from record_session(channel, path, limit, options)


@application("stop_record_session", recordings="11c 21d")
def stop_record_session(channel: Channel, data: str) -> None:
    """``<path>`` as RECORD_START gives it, or ``all``."""
    media_bugs.stop(channel, "session_record", "all" if data.lower() == "all" else data)


@application("record_session_pause", recordings="21d")
def record_session_pause(channel: Channel, data: str) -> None:
    """``<path>``: leave out what is heard until it is resumed (switch_ivr_record_session_pause)."""
    for recording in channel.switch.state(SessionRecordings).of(channel, data):
        recording.pause()
    media_bugs.note_target(channel, "session_record", path_of(channel, data))


@application("record_session_resume", recordings="21d")
def record_session_resume(channel: Channel, data: str) -> None:
    for recording in channel.switch.state(SessionRecordings).of(channel, data):
        recording.resume()
    media_bugs.note_target(channel, "session_record", path_of(channel, data))


@api("uuid_record", recordings="21d")
def uuid_record(switch: Switch, argument: str) -> Steps[str]:
    syntax = usage("<uuid> [start|stop|mask|unmask] <path> [<limit>] [<recording_vars>]")
    words = separate(argument, " ", 5)
    if len(words) < 3:
        return syntax
    channel = switch.locate(words[0])
    if channel is None:
        return "-ERR Cannot locate session!\n"
    action, path = words[1].lower(), path_of(channel, words[2])
    if action == "start":
        options, _ = variables_of(words[4]) if len(words) > 4 else ({}, "")
        limit = atoi(words[3]) if len(words) > 3 else 0
        yield from record_session(channel, path, limit, options)
        return "+OK Success\n"
    if action == "stop":
        target = words[2] if words[2].lower() == "all" else path
        stopped = media_bugs.stop_bugs(channel, "session_record", target)
        return "+OK Success\n" if stopped else "-ERR Cannot stop record session!\n"
    if action not in ("mask", "unmask", "pause", "resume"):
        return syntax
    return (
        "+OK Success\n" if _records(channel, path) else f"-ERR Cannot {action} recording session!\n"
    )

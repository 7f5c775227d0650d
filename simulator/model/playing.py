"""Playing: files, phrases, speech and tones (switch_ivr_play_say.c).

Once a frame, the loops check the channel in this order: readiness, a request to break, commands
(executed right there, nested), digits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eslsync.wire.arguments import ANY_KEY
from eslsync.wire.separation import separate, variables_of

from ..clockwork.threads import MILLISECOND, SECOND, Steps
from . import answering
from .arguments import atoi
from .executing import parse_all_events, take_break
from .file_formats import unknown_format
from .known_options import note_option
from .say import refused, say_files
from .sounds import FRAME, RATE, tone_length
from .states import Status
from .variables import is_true
from .waiting import OnDigit, sleep, take_events

if TYPE_CHECKING:
    from .channel import Channel, Heard
    from .digits import Digit
    from .sounds import Playable

__all__ = [
    "PHRASE_ACTIONS",
    "Alarm",
    "note_phrase",
    "on_terminator",
    "phrase",
    "play",
    "say",
    "sound_prefix",
    "speak_application",
    "speech_length",
    "tones",
]

#: Samples read ahead from a file: playback_samples counts what was read, not what was played.
BLOCK = 16384
#: Samples of a frame.
SAMPLES = RATE * FRAME // SECOND
#: The actions of a phrase macro that are modelled.
PHRASE_ACTIONS = ("play-file", "say")
#: Milliseconds of silence after each action of a phrase macro (recording 11n).
PHRASE_PAUSE = 100


class Alarm:
    """Interrupts playing at certain times (a read_frame_callback)."""

    due: int | None = None  #: the time of its next check, in microseconds
    status = Status.BREAK  #: how playing ends then

    def rings(self, channel: Channel, heard: Heard | None = None) -> Steps[bool]:
        """True if playing is to end now."""
        yield from ()
        return self.due is not None and channel.now >= self.due


def on_terminator(channel: Channel) -> OnDigit:
    """The digits that end a playback: ``playback_terminators``; ``*`` if it is not set."""

    def on_digit(digit: Digit) -> bool:
        terminators = channel.get("playback_terminators") or "*"
        if terminators.lower() == "any":
            terminators = ANY_KEY
        elif terminators.lower() == "none":
            return False
        if digit.key not in terminators:
            return False
        channel.set("playback_terminator_used", digit.key)
        return True

    return on_digit


def sound_prefix(channel: Channel) -> str:
    """The folder of relative file names."""
    return channel.get("sound_prefix") or channel.switch.sound_prefix


# --- files


def play(
    channel: Channel,
    file: str,
    on_digit: OnDigit | None = None,
    *,
    start: int = 0,
    alarm: Alarm | None = None,
) -> Steps[Status]:
    """Play a file, or several (switch_ivr_play_file), from the sample ``start`` on."""
    if not (yield from answering.pre_answer(channel)):
        return Status.FALSE
    if not file:
        return Status.FALSE
    delimiter = channel.variables.get("playback_delimiter")
    files = separate(file, delimiter[0]) if delimiter else [file]
    status = Status.SUCCESS
    limit = _Limit(channel)
    for at, name in enumerate(files):
        if not channel.is_ready():
            status = Status.FALSE
            break
        if at:
            start = 0
            pause = channel.variables.get("playback_sleep_val")
            status = yield from sleep(channel, atoi(pause) if pause else 250, on_digit)
            if status is not Status.SUCCESS:
                break
        if name.startswith("phrase:"):
            macro, _, argument = name[7:].partition(":")
            note_phrase(channel, macro)
            status = yield from phrase(channel, macro, argument, on_digit)
        elif name.startswith("say:"):
            status = yield from _say_text(channel, name[4:], on_digit)
        else:
            sound = channel.switch.media.open(name, sound_prefix(channel))
            _note_unknown(channel, name, sound)
            if sound is None:
                channel.flush_digits()  # switch_core_session_reset (recording 11l)
                status = Status.NOT_FOUND
                continue
            status = yield from _play_sound(channel, sound, name, on_digit, start, alarm, limit)
        if status is not Status.SUCCESS:
            break
    limit.note(channel)
    return status


def _note_unknown(channel: Channel, name: str, sound: Playable | None) -> None:
    """Report a stream or a format of files that no module plays."""
    switch = channel.switch
    unknown = None if switch.media.knows(name) else unknown_format(variables_of(name)[1])
    if unknown is not None:
        switch.refused(unknown[0], channel, unknown[1])
    elif sound is None and name.startswith("local_stream://"):
        note_option(switch, channel, f"playback {name}", "it is not among prompts=")


class _Limit:
    """How long files may play: ``left`` is in microseconds, None without a limit."""

    def __init__(self, channel: Channel) -> None:
        given = channel.get("playback_timeout_sec_cumulative")
        self._cumulative = given is not None
        seconds = atoi(given if self._cumulative else channel.get("playback_timeout_sec"))
        self.left = seconds * SECOND if seconds > 1 else None

    def status(self, channel: Channel) -> Status:
        """How playing ends at the limit."""
        succeeds = is_true(channel.get("playback_timeout_as_success"))
        return Status.SUCCESS if succeeds else Status.TIMEOUT

    def note(self, channel: Channel) -> None:
        """Leave what is left to the next playback."""
        if self._cumulative and self.left:
            channel.set("playback_timeout_sec_cumulative", str(self.left // SECOND))


def _play_sound(
    channel: Channel,
    sound: Playable,
    name: str,
    on_digit: OnDigit | None,
    start: int,
    alarm: Alarm | None,
    limit: _Limit,
) -> Steps[Status]:
    about = [("Playback-File-Path", sound.path)]
    if sound.kind is not None:
        about.insert(0, ("Playback-File-Type", sound.kind))
    channel.fire("PLAYBACK_START", about)
    heard = channel.hear(name, sound.starts(start))

    length = None if sound.samples is None else max(0, sound.samples - start)
    live = _Live(channel.now) if sound.kind == "local_stream" else None
    played = 0  # microseconds
    status = Status.SUCCESS
    while True:
        if channel.media_ended or not channel.is_ready():
            status = Status.FALSE
            break
        if take_break(channel):
            status = Status.BREAK
            break
        yield from _parse_while_heard(channel, heard)
        if on_digit is not None and channel.digits and on_digit(channel.take_digit()):
            status = Status.BREAK
            break
        if on_digit is not None and take_events(channel, on_digit):
            status = Status.BREAK
            break
        if length is not None and played >= length * SECOND // RATE:
            break
        if not channel.is_ready():
            # A nested command hung up: the frame that was read is not counted as an error,
            # so the response stays FILE PLAYED (recordings 07f, 07h).
            played += FRAME
            break
        began = channel.now
        end = None if length is None else began + length * SECOND // RATE - played
        if alarm is not None and alarm.due is not None:
            due = max(alarm.due, channel.tick())
            end = due if end is None else min(end, due)
        if limit.left is not None:
            due = began + limit.left
            end = due if end is None else min(end, due)
        # a `break` that was just executed is seen a frame later
        until = channel.tick() if channel.break_requested else end
        yield from channel.frames(until, digits=on_digit is not None)
        played += channel.now - began
        if live is not None:
            live.play(began, channel.now)
        if limit.left is not None:
            limit.left = max(0, limit.left - (channel.now - began))
            if not limit.left:
                status = limit.status(channel)
                break
        if alarm is not None and (yield from alarm.rings(channel, heard)):
            status = alarm.status
            break
    _note_playback(channel, length, played, start, live)
    ended = length is not None and played >= length * SECOND // RATE
    channel.hear_change(heard, "ended" if ended else "cut")
    how = "break" if status is Status.BREAK else "done"
    channel.fire("PLAYBACK_STOP", (*about, ("Playback-Status", how)))
    return status


class _Live:
    """How much was read of a stream that goes on whether it is read or not (mod_local_stream).

    What has come since the last read is read at once, before the rest of that is less than a frame;
    if nothing has, a quarter of a second of silence.
    """

    def __init__(self, now: int) -> None:
        self.read = 0  #: samples
        self._played = 0
        self._taken_until = now

    def play(self, began: int, ended: int) -> None:
        """Play from one time to another, without a break."""
        at = began
        while at < ended:
            if self.read - self._played <= SAMPLES:
                came = (at - self._taken_until) // FRAME * SAMPLES
                self.read += min(came, BLOCK) or RATE // 4
                self._taken_until = at
            # the frames until it reads again
            most = max(1, -(-(self.read - SAMPLES - self._played) // SAMPLES))
            frames = min(most, -(-(ended - at) // FRAME))
            self._played += frames * SAMPLES
            at += frames * FRAME


def _parse_while_heard(channel: Channel, heard: Heard) -> Steps[None]:
    """Execute queued commands; a prompt that they play pauses ``heard``."""
    if channel.private_events and not channel.event_locks:
        count = len(channel.heard)
        steps = parse_all_events(channel)
        for until in steps:
            if len(channel.heard) > count:
                channel.hear_change(heard, "paused")
            yield until
        channel.hear_change(heard, "plays")


def _note_playback(
    channel: Channel, length: int | None, played: int, start: int, live: _Live | None
) -> None:
    samples = played * RATE // SECOND
    if length is not None:
        samples = min(samples, length)
    # (a digit that was waiting ends it before anything is read)
    read = (samples // BLOCK + 1) * BLOCK if played else 0
    if length is not None:
        read = min(read, length)
    if live is not None:
        read = live.read
    channel.set("playback_last_offset_pos", str(start + samples))
    channel.set("playback_seconds", str(read // RATE))
    channel.set("playback_ms", str(read * 1000 // RATE))
    channel.set("playback_samples", str(read))


def note_phrase(channel: Channel, macro: str) -> None:
    """Report a phrase that a handler asks for and that is not known."""
    if macro not in channel.switch.phrases:
        note_option(channel.switch, channel, f"phrase {macro}", "it is not among phrases=")


def phrase(channel: Channel, macro: str, argument: str, on_digit: OnDigit | None) -> Steps[Status]:
    """Play a phrase macro: its actions are ``play-file`` and ``say`` (switch_ivr_phrase_macro)."""
    switch = channel.switch
    actions = switch.phrases.get(macro)
    if actions is None:
        return Status.FALSE
    saved = sound_prefix(channel)
    channel.set("sound_prefix", switch.sound_prefix)
    status = Status.SUCCESS
    for function, data in actions:
        # expanded before it is matched, and after
        data = channel.expand(data.replace("$1", channel.expand(argument)))
        if function == "say":
            status = yield from _say_words(channel, separate(data), on_digit)
        elif function == "play-file":
            status = yield from play(channel, data, on_digit)
        if status is Status.SUCCESS:
            status = yield from sleep(channel, PHRASE_PAUSE, on_digit)
        if status is not Status.SUCCESS:
            break
    channel.set("sound_prefix", saved)
    return status


def say(channel: Channel, words: list[str], on_digit: OnDigit | None) -> Steps[Status]:
    """``<module> <type> <method> [<gender>] <text>`` (switch_ivr_say)."""
    # the module may be followed by a language
    module, _, language = words[0].partition(":")
    known = channel.switch.languages
    if module not in known:
        note_option(channel.switch, channel, f"say {module}", "only English is spoken")
    if not known.issuperset({module, language or module}):
        return Status.FALSE
    saved = sound_prefix(channel)
    channel.set("sound_prefix", channel.switch.sound_prefix)
    status = yield from _say_words(channel, words, on_digit)
    channel.set("sound_prefix", saved)
    return status


def _say_words(channel: Channel, words: list[str], on_digit: OnDigit | None) -> Steps[Status]:
    wrong = refused(words[1], words[2], words[3] if len(words) > 4 else "")
    if wrong is not None:
        channel.switch.refused(f"say {wrong[0]}", channel, wrong[1])
    files = say_files(words[1], words[2], words[-1], channel.now // SECOND)
    if files is None:
        return Status.FALSE
    return (yield from play(channel, "file_string://" + "!".join(files), on_digit))


# --- speech and tones: heard, but without PLAYBACK events (recordings 11l, 11p)


def speak_application(channel: Channel, data: str, on_digit: OnDigit) -> Steps[None]:
    """``<engine>|<voice>|<text>``, or the text alone if tts_engine and tts_voice are set."""
    words = separate(data, "|", 3)
    engine = words[0] if len(words) == 3 else channel.get("tts_engine") or ""
    # the text keeps its quotes and escapes
    text = data.split("|", 2)[-1].lstrip(" ")
    if text and _has_engine(channel, engine):
        yield from _speak(channel, text, on_digit)


def _has_engine(channel: Channel, name: str) -> bool:
    if name.lower() in channel.switch.speech_engines:
        return True
    note_option(channel.switch, channel, f"speak {name}", "it is not among speech_engines=")
    return False


def _say_text(channel: Channel, text: str, on_digit: OnDigit | None) -> Steps[Status]:
    """``say:<text>``, spoken by tts_engine; the text is all that follows (recording 11p)."""
    engine = channel.get("tts_engine")
    if engine is None:
        channel.switch.refused("say:", channel, "tts_engine speaks it, and is not set")
        return Status.SUCCESS  # nothing is said
    if not _has_engine(channel, engine):
        return Status.FALSE
    return (yield from _speak(channel, text, on_digit))


def _speak(channel: Channel, text: str, on_digit: OnDigit | None) -> Steps[Status]:
    if not (yield from answering.pre_answer(channel)):
        return Status.FALSE
    return (yield from _wait_while_heard(channel, text, speech_length(text), on_digit))


def speech_length(text: str) -> int:
    """Microseconds that an engine takes to speak a text (at flite's pace, recording 11p)."""
    return (400 + 70 * len(text)) * MILLISECOND


def tones(channel: Channel, script: str, on_digit: OnDigit) -> Steps[None]:
    """Generate tones from a TGML script."""
    yield from _wait_while_heard(channel, script, round(tone_length(script) * SECOND), on_digit)


def _wait_while_heard(
    channel: Channel, what: str, length: int, on_digit: OnDigit | None
) -> Steps[Status]:
    """Wait for ``length`` microseconds of sound, or until a digit ends it."""
    heard = channel.hear(what)
    until = channel.now + length
    status = Status.SUCCESS
    while channel.now < until:
        if not channel.is_ready():
            status = Status.FALSE
            break
        if take_break(channel):
            status = Status.BREAK
            break
        began = channel.now
        yield from _parse_while_heard(channel, heard)
        until += channel.now - began
        if on_digit is not None and channel.digits and on_digit(channel.take_digit()):
            status = Status.BREAK
            break
        yield from channel.frames(until)
    channel.hear_change(heard, "ended" if channel.now >= until else "cut")
    return status

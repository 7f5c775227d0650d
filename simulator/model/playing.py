"""Playing: files, phrases, speech and tones (switch_ivr_play_say.c).

Once a frame, the loops check the channel in this order: readiness, a request to break, commands
(executed right there, nested), digits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eslsync.wire.arguments import ANY_KEY
from eslsync.wire.separation import closing, separate, variables_of

from ..clockwork.threads import SECOND, Steps
from . import answering
from .arguments import atoi
from .executing import parse_all_events, take_break
from .file_formats import unknown_format
from .file_handle import FileHandle
from .known_options import note_option
from .say import refused, say_files
from .sounds import FRAME, RATE, speech_length, tone_length
from .states import Status
from .variables import is_true
from .versions import TTS_FILES
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
    "tones",
]

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
    if name.startswith("{") and closing(name, 1, "{", "}") < 0 and "://" not in name:
        unknown = (name, "FreeSWITCH looks for its closing brace for ever, and the channel is lost")
    if unknown is not None:
        switch.refused(unknown[0], channel, unknown[1])
    elif sound is None and name.startswith("tts://"):
        _note_unspoken(channel, name)
    elif sound is None and name.startswith("local_stream://"):
        note_option(switch, channel, f"playback {name}", "it is not among prompts=")


def _note_unspoken(channel: Channel, name: str) -> None:
    """Report what no engine speaks, or this version of FreeSWITCH does not."""
    if channel.switch.version.has(TTS_FILES):
        note_option(channel.switch, channel, f"playback {name}", "not in speech_engines=")
    else:
        why = "no module of FreeSWITCH 1.10 plays tts://"
        channel.switch.refused("tts://", channel, why)


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
    for variable, text in sound.about:
        channel.set(variable, text)
    about = [("Playback-File-Path", sound.path)]
    if sound.kind is not None:
        about.insert(0, ("Playback-File-Type", sound.kind))
    channel.fire("PLAYBACK_START", (*about, *sound.params))

    def changed(moved: bool) -> None:
        channel.hear_change(heard, "paused" if file.paused else "plays")
        if moved and heard.pieces is not None:
            heard.pieces.move(file.starts())
        channel.poke()

    file = channel.file = FileHandle(sound, start, changed)
    heard = channel.hear(name, file.starts())
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
        if file.over:
            break
        while channel.held and channel.is_ready():
            yield None  # it stands still, and sees neither keys nor commands
        if not channel.is_ready():
            # It was hung up by a nested command, or while it was held: the frame that was read is
            # not counted as an error, so the response stays FILE PLAYED (recordings 07f, 07h, 35r).
            file.run(channel.now - FRAME)
            file.rest(channel.now)
            break
        began = channel.now
        end = None if file.left is None else began + file.left
        if alarm is not None and alarm.due is not None:
            due = max(alarm.due, channel.tick())
            end = due if end is None else min(end, due)
        if limit.left is not None:
            due = began + limit.left
            end = due if end is None else min(end, due)
        # a `break` that was just executed is seen a frame later
        until = channel.tick() if channel.break_requested else end
        file.run(began)
        yield from channel.frames(until, digits=on_digit is not None)
        file.rest(channel.now)
        if limit.left is not None:
            limit.left = max(0, limit.left - (channel.now - began))
            if not limit.left:
                status = limit.status(channel)
                break
        if alarm is not None and (yield from alarm.rings(channel, heard)):
            status = alarm.status
            break
    _note_playback(channel, file)
    channel.file = None
    channel.hear_change(heard, "ended" if file.over else "cut")
    how = "break" if status is Status.BREAK else "done"
    channel.fire("PLAYBACK_STOP", (*about, ("Playback-Status", how), *sound.params))
    return status


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


def _note_playback(channel: Channel, file: FileHandle) -> None:
    read = file.samples_read
    channel.set("playback_last_offset_pos", str(file.position))
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
    channel.set("playback_terminator_used", None)
    if text and _has_engine(channel, engine):
        yield from _speak(channel, engine, text, on_digit)


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
    return (yield from _speak(channel, engine, text, on_digit))


def _speak(channel: Channel, engine: str, text: str, on_digit: OnDigit | None) -> Steps[Status]:
    if not (yield from answering.pre_answer(channel)):
        return Status.FALSE
    length = round(speech_length(engine, text) * SECOND)
    return (
        yield from _wait_while_heard(channel, channel.hear(text, is_text=True), length, on_digit)
    )


def tones(channel: Channel, script: str, on_digit: OnDigit) -> Steps[None]:
    """Generate tones from a TGML script."""
    length = round(tone_length(script) * SECOND)
    yield from _wait_while_heard(channel, channel.hear(script), length, on_digit)


def _wait_while_heard(
    channel: Channel, heard: Heard, length: int, on_digit: OnDigit | None
) -> Steps[Status]:
    """Wait for ``length`` microseconds of sound, or until a digit ends it."""
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

"""What applications are made of: executing, parsing what was sent, playing, collecting digits.

These are the loops of switch_ivr.c and switch_ivr_play_say.c, on the session's thread. Each
looks at the channel once a frame in the same order: is it still ready, was it told to break,
was something sent (which is executed right here, nested), was a digit pressed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

from eslsync.protocol import Command

from ..clockwork.threads import MILLISECOND, SECOND, Steps
from .arguments import atoi, separate
from .say import say_files
from .sounds import RATE, tone_length
from .states import State
from .variables import is_true

if TYPE_CHECKING:
    from .channel import Channel, Digit, Heard
    from .events import Headers
    from .sounds import Sound

__all__ = [
    "FRAME",
    "Alarm",
    "MediaBug",
    "OnDigit",
    "Status",
    "collect_digits",
    "execute",
    "park",
    "play",
    "sleep",
]

#: Microseconds of a frame of media: the session thread's step.
FRAME = 20 * MILLISECOND
#: An application run in less time than this ends its loops (switch_ivr_parse_event).
SHORTEST_LOOP = 500 * MILLISECOND
#: Samples that a file is read ahead by: playback_samples counts what was read, not played.
BLOCK = 16384


class Status(Enum):
    """switch_status_t, as far as the loops here return it."""

    SUCCESS = "success"
    FALSE = "false"
    BREAK = "break"
    NOT_FOUND = "not found"
    TIMEOUT = "timeout"
    TOO_SMALL = "too small"
    RESTART = "restart"


#: Takes a digit; True ends what plays.
OnDigit = Callable[["Digit"], bool]


class Alarm:
    """What looks at the time while something is played (a read_frame_callback)."""

    due: int | None = None  #: when it looks next, in microseconds
    status = Status.BREAK  #: what becomes of what is played

    def rings(self, channel: Channel, heard: Heard | None = None) -> Steps[bool]:
        """Does it end what is played, by now?"""
        yield from ()
        return self.due is not None and channel.now >= self.due


def peek(digit: Digit) -> bool:
    """For loops that any digit ends, without taking it off the queue (recording 11f)."""
    raise AssertionError("never called")


# --- executing


def execute(channel: Channel, name: str, data: str) -> Steps[bool]:
    """Execute an application (switch_core_session_execute_application)."""
    application = channel.switch.applications.get(name.lower())
    if not channel.up:
        if application is None or not application.zombie:
            return False
    elif application is None:
        # neither EXECUTE nor COMPLETE (recording 08b)
        channel.hangup("DESTINATION_OUT_OF_ORDER")
        return False
    elif not application.nomedia and not channel.media_ready and not channel.pre_answer():
        return False
    name = application.name

    uuid = channel.variables.get("app_uuid")
    if uuid is None:
        uuid = channel.switch.uuid()
    else:
        channel.set("app_uuid", None)
    uuid_name = channel.variables.get("app_uuid_name")
    channel.set("app_uuid_name", None)
    if data and not is_true(channel.variables.get("app_disable_expand_variables")):
        data = channel.expand(data)

    channel.app_log.append((name, data))
    channel.set("current_application", name)
    channel.set("current_application_data", data)
    channel.set("current_application_response", None)
    about = [("Application", name)]
    if data:
        about.append(("Application-Data", data))
    identity = [("Application-UUID", uuid)]
    if uuid_name:
        identity.append(("Application-UUID-Name", uuid_name))
    channel.fire("CHANNEL_EXECUTE", (*about, *identity))
    channel.break_requested = False
    channel.set("current_application", name)
    steps = application.function(channel, data)
    if steps is not None:
        yield from steps
    response = channel.variables.get("current_application_response") or "_none_"
    channel.fire(
        "CHANNEL_EXECUTE_COMPLETE", (*about, ("Application-Response", response), *identity)
    )
    return True


def respond(channel: Channel, response: str) -> None:
    """Application-Response of the application that runs."""
    channel.set("current_application_response", response)


# --- parsing what was sent


def parse_all_events(channel: Channel) -> Steps[None]:
    """Execute what was sent, unless what runs is locked (switch_ivr_parse_all_events).

    Executed here, inside whatever runs: a second playback interrupts the first (07b, 07f).
    """
    while channel.private_events and not channel.event_locks:
        if not (yield from parse_next_event(channel)):
            return


def parse_next_event(channel: Channel) -> Steps[bool]:
    """Execute the first message that was sent; False: the rest must wait."""
    message = channel.private_events.popleft()
    go_on = yield from parse_event(channel, message)
    fire_private_command(channel, message)
    return go_on


class Message(Command):
    """A command for a channel, and what PRIVATE_COMMAND shows of where it came from."""

    __slots__ = ("origin",)

    def __init__(
        self, line: str, headers: list[tuple[str, str]], body: bytes, origin: Headers
    ) -> None:
        super().__init__(line, headers, body)
        self.origin = origin


def fire_private_command(channel: Channel, message: Message) -> None:
    channel.fire(
        "PRIVATE_COMMAND",
        before=(*message.origin, *message.headers),
        body=message.body or None,
    )


def broadcast(channel: Channel, path: str, *, hold: bool = False, loops: int | None = None) -> None:
    """Have an application executed from outside (switch_ivr_broadcast): ``app::arg``, or a
    file to play.
    """
    name, _, argument = path.partition(":")
    if argument.startswith(":"):
        argument = argument[1:]
    else:
        name, argument = "playback", path
    name, bang, cause = name.partition("!")
    created = channel.switch.event("COMMAND")
    headers = [
        ("call-command", "execute"),
        ("execute-app-name", name),
        ("execute-app-arg", argument),
        ("event-lock", "true"),
        ("lead-frames", "5"),
    ]
    if loops is not None:
        headers.append(("loops", str(loops)))
    if hold:  # the other leg is to hear music meanwhile
        headers.append(("hold-bleg", "true"))
    channel.private_events.append(Message("", headers, b"", list(created.headers())))
    if bang:
        headers = [
            ("call-command", "execute"),
            ("execute-app-name", "hangup"),
            ("execute-app-arg", cause or "normal_clearing"),
            ("event-lock", "true"),
        ]
        channel.private_events.append(Message("", headers, b"", list(created.headers())))
    channel.poke()


def parse_event(channel: Channel, message: Message) -> Steps[bool]:
    """Execute one message (switch_ivr_parse_event); False: the rest of the queue must wait."""
    command = message.get("call-command")
    if not command:
        return False
    locks = is_true(message.get("event-lock"))
    channel.event_locks += locks
    lead_frames = atoi(message.get("lead-frames"))
    if lead_frames and channel.media_ready:
        until = channel.now + lead_frames * FRAME
        while channel.is_ready() and channel.now < until:
            yield from channel.frames(until)
    if command.lower() == "execute":
        yield from _execute_message(channel, message)
    elif command.lower() == "hangup":
        cause = message.get("hangup-cause")
        channel.hangup(channel.switch.cause(cause) if cause else "NORMAL_CLEARING")
    elif command.lower() == "xferext":
        applications = [value for key, value in message.headers if key.lower() == "application"]
        dialplan = [each.partition(" ")[::2] for each in applications]
        channel.switch.go_on_with(channel, dialplan)
    channel.event_locks -= locks
    return not channel.break_requested


def _execute_message(channel: Channel, message: Message) -> Steps[None]:
    name = message.get("execute-app-name")
    if name is None:
        return
    data = message.get("execute-app-arg") or ""
    if not data and (message.get("content-type") or "").lower() == "text/plain":
        data = message.body.decode("utf-8", "surrogateescape")
    loops_header = message.get("loops")
    loops = 1 if loops_header is None else atoi(loops_header)

    channel.stop_broadcast = False
    nested = channel.broadcast and not channel.bridged
    channel.broadcast = True
    loop = 0
    while loop < loops or loops < 0:
        loop += 1
        began = channel.now
        if message.get("event-uuid"):
            channel.set("app_uuid", message.get("event-uuid"))
        if message.get("event-uuid-name"):
            channel.set("app_uuid_name", message.get("event-uuid-name"))
        channel.set("current_loop", str(loop))
        channel.set("total_loops", str(loops))
        if not (yield from execute(channel, name, data)):
            if not nested or channel.stop_broadcast:
                channel.broadcast = False
            break
        if not channel.is_ready() or channel.stop_broadcast:
            break
        if channel.now - began < channel.switch.shortest_loop:
            break
    channel.set("current_loop", None)
    channel.set("total_loops", None)
    if not nested:
        channel.broadcast = False
    if channel.stop_broadcast:
        channel.broadcast = False
        channel.break_requested = True


def stop_broadcast(channel: Channel) -> None:
    """What was sent to be executed, and runs, is to end (switch_channel_stop_broadcast)."""
    if channel.broadcast:
        channel.stop_broadcast = channel.break_requested = True
        channel.poke()


def take_break(channel: Channel) -> bool:
    """Was the channel told to break off what it does? It is told once."""
    if not channel.break_requested:
        return False
    channel.break_requested = False
    return True


# --- waiting


def park(channel: Channel) -> Steps[None]:
    """Wait under somebody's control, and do as told (switch_ivr_park)."""
    if channel.controlled or channel.state is State.RESET:
        return
    expires, cause = _park_timeout(channel)
    channel.controlled = True
    channel.fire("CHANNEL_PARK")
    while channel.is_ready() and channel.controlled:
        had_media = channel.media_ready
        yield from channel.frames(expires)
        if not had_media and channel.private_events and not channel.event_locks:
            # Without media, the first message of a frame is executed without its
            # PRIVATE_COMMAND; that is why an answer has none (recordings 01a, 08a).
            yield from parse_event(channel, channel.private_events.popleft())
        elif not channel.is_ready():
            break
        if expires is not None and channel.now >= expires:
            channel.hangup(cause)
            break
        yield from parse_all_events(channel)
        if channel.digits:
            channel.take_digit()
        fire_queued(channel)
    channel.controlled = False
    channel.fire("CHANNEL_UNPARK")


def fire_queued(channel: Channel) -> None:
    """Fire an event that was queued for the channel, with what there is to say of it.

    That is what a channel does which is parked. Others leave it queued, or take it for
    themselves: then nobody hears of it.
    """
    if not channel.queued_events:
        return
    event = channel.queued_events.popleft()
    if event.subclass is not None and event.name == "CUSTOM":
        event.before = (event.before[-1], *event.before[:-1])
    event.blocks = tuple(channel.blocks(variables=event.name == "CUSTOM"))
    channel.switch.publish(event)
    if channel.queued_events:
        channel.poke()


def _park_timeout(channel: Channel) -> tuple[int | None, str]:
    timeout = channel.variables.get("park_timeout")
    if timeout is None:
        return None, ""
    seconds, _, cause = timeout.partition(":")
    channel.set("park_timeout", None)
    channel.set("park_after_bridge", None)
    return channel.now + atoi(seconds) * SECOND, cause or "NORMAL_CLEARING"


def sleep(channel: Channel, milliseconds: int, on_digit: OnDigit | None = peek) -> Steps[Status]:
    """switch_ivr_sleep. Without media it hears neither messages nor digits."""
    until = channel.now + milliseconds * MILLISECOND
    if not channel.media_ready:
        while channel.is_ready() and channel.now < until:
            if take_break(channel):
                return Status.BREAK
            yield min(until, channel.tick())
        return Status.SUCCESS
    while True:
        if not channel.is_ready():
            return Status.FALSE
        if take_break(channel):
            return Status.BREAK
        if channel.now >= until:
            return Status.SUCCESS
        yield from parse_all_events(channel)
        if channel.digits and on_digit is not None:
            if on_digit is peek or on_digit(channel.take_digit()):
                return Status.BREAK
        if not channel.is_ready():
            return Status.FALSE
        yield from channel.frames(until)


def collect_digits(
    channel: Channel,
    digits: str,
    most: int,
    terminators: str,
    first_timeout: int,
    digit_timeout: int,
) -> Steps[tuple[Status, str, str]]:
    """switch_ivr_collect_digits_count: the outcome, the digits, and the terminator pressed.

    Timeouts are in milliseconds; ``digits`` are those that were pressed before.
    """
    if len(digits) >= most:
        return Status.FALSE, digits, ""
    for at, key in enumerate(digits):
        if key in terminators:
            return Status.SUCCESS, digits[:at], key
    status = Status.FALSE
    timeout = first_timeout or digit_timeout
    digit_timeout = digit_timeout or first_timeout
    began = channel.now
    while channel.is_ready():
        yield from parse_all_events(channel)
        if timeout and channel.now - began >= timeout * MILLISECOND:
            return Status.TIMEOUT, digits, ""
        if channel.digits:
            timeout, began = digit_timeout, channel.now
            taken = 0
            while channel.digits and taken <= most:
                taken += 1
                key = channel.take_digit().key
                if key in terminators:
                    return Status.SUCCESS, digits, key
                digits += key
                if len(digits) >= most:
                    return Status.SUCCESS, digits, ""
        if not channel.is_ready():
            break
        yield from channel.frames(began + timeout * MILLISECOND if timeout else None)
        status = Status.SUCCESS
    # Hung up: the status is that of the last frame, which was read well.
    return status, digits, ""


# --- playing


def play(
    channel: Channel,
    file: str,
    on_digit: OnDigit | None = None,
    *,
    start: int = 0,
    alarm: Alarm | None = None,
) -> Steps[Status]:
    """Play a file, or several (switch_ivr_play_file). ``start`` is in samples."""
    if not channel.pre_answer():
        return Status.FALSE
    if not file:
        return Status.FALSE
    delimiter = channel.variables.get("playback_delimiter")
    files = separate(file, delimiter[0]) if delimiter else [file]
    status = Status.SUCCESS
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
            status = yield from channel.switch.phrase(channel, macro, argument, on_digit)
        elif name.startswith("say:"):
            status = yield from _say_text(channel, name[4:], on_digit)
        else:
            sound = channel.switch.media.open(name, sound_prefix(channel))
            if sound is None:
                channel.flush_digits()  # switch_core_session_reset (recording 11l)
                status = Status.NOT_FOUND
                continue
            status = yield from _play_sound(channel, sound, name, on_digit, start, alarm)
        if status is not Status.SUCCESS:
            break
    return status


def _say_text(channel: Channel, text: str, on_digit: OnDigit | None) -> Steps[Status]:
    """``say:<text>``, by the engine that tts_engine names; a text is all that follows (11p)."""
    engine = channel.get("tts_engine")
    if engine is None:
        return Status.SUCCESS  # nothing is said
    if engine.lower() not in channel.switch.speech_engines:
        return Status.FALSE
    return (yield from speak(channel, text, on_digit))


def sound_prefix(channel: Channel) -> str:
    return channel.get("sound_prefix") or channel.switch.sound_prefix


def _play_sound(
    channel: Channel,
    sound: Sound,
    name: str,
    on_digit: OnDigit | None,
    start: int,
    alarm: Alarm | None,
) -> Steps[Status]:
    about = [("Playback-File-Path", sound.path)]
    if sound.kind is not None:
        about.insert(0, ("Playback-File-Type", sound.kind))
    channel.fire("PLAYBACK_START", about)
    heard = channel.hear(name, sound.starts(start))

    length = None if sound.samples is None else max(0, sound.samples - start)
    played = 0  # microseconds
    status = Status.SUCCESS
    while True:
        if not channel.is_ready():
            status = Status.FALSE
            break
        if take_break(channel):
            status = Status.BREAK
            break
        yield from _parse_while_heard(channel, heard)
        if on_digit is not None and channel.digits and on_digit(channel.take_digit()):
            status = Status.BREAK
            break
        if on_digit is not None and channel.queued_events:
            channel.queued_events.clear()  # given to who looks at digits, and lost
        if length is not None and played >= length * SECOND // RATE:
            break
        if not channel.is_ready():
            # Hung up by what was sent: the frame that was read is not counted as an error,
            # so the response stays FILE PLAYED (recordings 07f, 07h).
            played += FRAME
            break
        began = channel.now
        end = None if length is None else began + length * SECOND // RATE - played
        if alarm is not None and alarm.due is not None:
            due = max(alarm.due, channel.tick())
            end = due if end is None else min(end, due)
        # a `break` that was just executed is seen a frame later
        yield from channel.frames(channel.tick() if channel.break_requested else end)
        played += channel.now - began
        if alarm is not None and (yield from alarm.rings(channel, heard)):
            status = alarm.status
            break
    _note_playback(channel, length, played, start, live=sound.kind == "local_stream")
    ended = length is not None and played >= length * SECOND // RATE
    channel.hear_change(heard, "ended" if ended else "cut")
    how = "break" if status is Status.BREAK else "done"
    channel.fire("PLAYBACK_STOP", (*about, ("Playback-Status", how)))
    return status


def _parse_while_heard(channel: Channel, heard: Heard) -> Steps[None]:
    """What is executed inside a prompt pauses it."""
    if channel.private_events and not channel.event_locks:
        count = len(channel.heard)
        steps = parse_all_events(channel)
        for until in steps:
            if len(channel.heard) > count:
                channel.hear_change(heard, "paused")
            yield until
        channel.hear_change(heard, "plays")


def _note_playback(
    channel: Channel, length: int | None, played: int, start: int, *, live: bool
) -> None:
    samples = played * RATE // SECOND
    if length is not None:
        samples = min(samples, length)
    # (a digit that was waiting ends it before anything is read)
    read = (samples // BLOCK + 1) * BLOCK if played else 0
    if length is not None:
        read = min(read, length)
    if live:
        read = samples
    channel.set("playback_last_offset_pos", str(start + samples))
    channel.set("playback_seconds", str(read // RATE))
    channel.set("playback_ms", str(read * 1000 // RATE))
    channel.set("playback_samples", str(read))


def speak(channel: Channel, text: str, on_digit: OnDigit | None = None) -> Steps[Status]:
    """Text to speech: heard, but without PLAYBACK events (recording 11p)."""
    if not channel.pre_answer():
        return Status.FALSE
    return (
        yield from wait_while_heard(channel, text, channel.switch.speech_length(text), on_digit)
    )


def wait_while_heard(
    channel: Channel, what: str, length: int, on_digit: OnDigit | None
) -> Steps[Status]:
    """The caller hears something for so many microseconds, unless a digit ends it."""
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


def speak_application(channel: Channel, data: str, on_digit: OnDigit) -> Steps[None]:
    """``engine|voice|text``, or the text alone where tts_engine and tts_voice are set."""
    words = separate(data, "|", 3)
    engine = words[0] if len(words) == 3 else channel.get("tts_engine") or ""
    # the text stays as it was, quotes and all
    text = data.split("|", 2)[-1].lstrip(" ")
    if engine.lower() in channel.switch.speech_engines and text:
        yield from speak(channel, text, on_digit)


def say(channel: Channel, words: list[str], on_digit: OnDigit | None) -> Steps[Status]:
    """``<module> <type> <method> [<gender>] <text>`` (switch_ivr_say)."""
    if not channel.switch.languages.issuperset(words[0].split(":")):  # module, and language
        return Status.FALSE
    saved = sound_prefix(channel)
    channel.set("sound_prefix", channel.switch.sound_prefix)
    status = yield from say_words(channel, words, on_digit)
    channel.set("sound_prefix", saved)
    return status


def say_words(channel: Channel, words: list[str], on_digit: OnDigit | None) -> Steps[Status]:
    """The same, without a change of the sound_prefix."""
    files = say_files(words[1], words[2], words[-1], channel.now // SECOND)
    if files is None:
        return Status.FALSE
    return (yield from play(channel, "file_string://" + "!".join(files), on_digit))


def tones(channel: Channel, script: str, on_digit: OnDigit) -> Steps[Status]:
    """Generated tones: heard, without PLAYBACK events (recording 11l)."""
    yield from wait_while_heard(channel, script, round(tone_length(script) * SECOND), on_digit)
    return Status.SUCCESS


# --- asking for digits


def read(
    channel: Channel,
    *,
    least: int,
    most: int,
    file: str,
    variable: str,
    timeout: int,
    terminators: str,
    digit_timeout: int,
) -> Steps[tuple[Status, str]]:
    """Play a prompt and collect digits (switch_ivr_read); timeouts in milliseconds."""
    channel.set("read_result", None)
    if variable:
        channel.set(variable, None)
    if not channel.pre_answer():
        return Status.FALSE, ""
    pressed: list[str] = []

    def first_digit(digit: Digit) -> bool:
        pressed.append(digit.key)
        return True

    status = Status.SUCCESS
    if file and file.lower() != "silence":
        status = yield from play(channel, file, first_digit)
        if status is Status.BREAK:
            status = Status.SUCCESS
    digits, terminator = "".join(pressed), ""
    if status is Status.SUCCESS:
        digits_timeout = digit_timeout or timeout
        if len(digits) < least or len(digits) < most:
            status, digits, terminator = yield from collect_digits(
                channel,
                digits,
                most,
                terminators,
                digits_timeout if digits else timeout,
                digits_timeout,
            )
        if terminator:
            channel.set("read_terminator_used", terminator)
            at = terminators.find(terminator)
            if at > 0 and terminators[at - 1] in "+x":
                digits += terminator
                if terminators[at - 1] == "x":
                    status = Status.RESTART
        elif terminators.startswith("="):
            status = Status.TOO_SMALL
        if len(digits) < least:
            status = Status.TOO_SMALL
        results = {Status.SUCCESS: "success", Status.TIMEOUT: "timeout"}
        channel.set("read_result", results.get(status, "failure"))
    if status is not Status.RESTART and most == 1 and len(digits) == 1 and digits in terminators:
        digits = ""
    if variable and digits:
        channel.set(variable, digits)
    return status, digits


def play_and_get_digits(
    channel: Channel,
    *,
    least: int,
    most: int,
    tries: int,
    timeout: int,
    terminators: str,
    file: str,
    bad_input_file: str,
    variable: str,
    regex: str,
    digit_timeout: int,
    transfer_on_failure: str,
) -> Steps[None]:
    """switch_play_and_get_digits: ask until the digits match, or the tries are used up."""
    if regex and variable:
        channel.set(f"{variable}_invalid", None)
    while channel.is_ready() and tries:
        status, digits = yield from read(
            channel,
            least=least,
            most=most,
            file=file,
            variable=variable,
            timeout=timeout,
            terminators=terminators,
            digit_timeout=digit_timeout,
        )
        if status is Status.RESTART:
            return
        if status is Status.TIMEOUT and len(digits) >= least:
            status = Status.SUCCESS
        if least == 0 and not digits and channel.get("read_terminator_used"):
            return
        if status is Status.SUCCESS and digits:
            if not regex or _matches(regex, digits):
                return
            channel.set(variable, None)
            if variable:
                channel.set(f"{variable}_invalid", digits)
        if not channel.is_ready():
            break
        yield from play(channel, bad_input_file)
        tries -= 1
    target = separate(transfer_on_failure, " ", 4)
    if target:
        channel.switch.transfer(channel, *target[:3])


def _matches(regex: str, digits: str) -> bool:
    """switch_regex_match: anywhere in the digits, unless the expression is anchored."""
    try:
        return re.search(regex, digits) is not None
    except re.error:
        return False


class MediaBug:
    """Something that listens in on a channel's media, from MEDIA_BUG_START to _STOP."""

    def __init__(
        self,
        channel: Channel,
        function: str,
        target: str,
        when_stopped: Callable[[], None] = lambda: None,
    ) -> None:
        self.channel = channel
        self.function = function
        self.target = target
        self._when_stopped = when_stopped
        channel.bugs.append(self)
        channel.fire("MEDIA_BUG_START", first=self._about())

    def stop(self) -> None:
        if self.close():
            self.destroy()

    def close(self) -> bool:
        """Listen no more; did it until now?"""
        if self not in self.channel.bugs:
            return False
        self.channel.bugs.remove(self)
        self._when_stopped()
        return True

    def destroy(self) -> None:
        self.channel.fire("MEDIA_BUG_STOP", first=self._about())

    def _about(self) -> list[tuple[str, str]]:
        return [("Media-Bug-Function", self.function), ("Media-Bug-Target", self.target)]


def stop_bugs(channel: Channel, function: str, target: str = "") -> bool:
    """Stop what listens in for that purpose; was there any?"""
    found = [
        bug
        for bug in channel.bugs
        if bug.function == function and target in ("all", "", bug.target)
    ]
    close(found)
    return bool(found)


def close(bugs: list[MediaBug]) -> None:
    """All at once, each does what it does at its end, and the last is the first to be gone."""
    closed = [bug for bug in bugs if bug.close()]
    for bug in reversed(closed):
        bug.destroy()

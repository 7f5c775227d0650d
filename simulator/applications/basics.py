"""Dialplan applications, in a table by name.

An application is a function of the channel and its argument. One that takes time is a
generator on the channel's session thread; another is done when it returns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..clockwork.threads import MILLISECOND, Steps
from ..model import ivr
from ..model.arguments import atoi, separate
from ..model.events import local_time
from ..model.ivr import Status
from ..model.states import State
from ..model.variables import is_true

if TYPE_CHECKING:
    from ..model.channel import Channel, Digit

__all__ = ["APPLICATIONS", "Application"]

Function = Callable[["Channel", str], "Steps[None] | None"]


@dataclass(frozen=True)
class Application:
    """How an application is run.

    ``nomedia``: it can do without media; any other makes an unanswered channel pre-answer.
    ``zombie``: it runs on a channel that was hung up, too.
    """

    name: str
    function: Function
    nomedia: bool = False
    zombie: bool = False


APPLICATIONS: dict[str, Application] = {}


def application(
    name: str, *, nomedia: bool = False, zombie: bool = False
) -> Callable[[Function], Function]:
    def add(function: Function) -> Function:
        APPLICATIONS[name] = Application(name, function, nomedia, zombie)
        return function

    return add


# --- the call itself


@application("answer", nomedia=True)
def answer(channel: Channel, data: str) -> None:
    channel.answer()


@application("pre_answer", nomedia=True)
def pre_answer(channel: Channel, data: str) -> None:
    channel.pre_answer()


@application("hangup", nomedia=True)
def hangup(channel: Channel, data: str) -> None:
    channel.hangup(channel.switch.cause(data) if data else "NORMAL_CLEARING")


@application("park", nomedia=True)
def park(channel: Channel, data: str) -> Steps[None]:
    yield from ivr.park(channel)


@application("transfer", nomedia=True)
def transfer(channel: Channel, data: str) -> None:
    target = separate(data, " ", 4)
    if target and target[0] in ("-bleg", "-both"):
        who, *target = target
        if channel.bonded is not None:
            channel.switch.transfer(channel.bonded, *target[:3])
        if who != "-both":
            return
    if target:
        channel.switch.transfer(channel, *target[:3])


@application("socket", nomedia=True)
def socket(channel: Channel, data: str) -> Steps[None]:
    """Hand the channel to an app (mod_event_socket.c, socket_function)."""
    words = separate(data, " ", 80)
    if not words:
        return
    addresses, *options = words
    control = None
    for address in addresses.split("|"):
        host, _, _ = address.rpartition(":")
        channel.set("socket_host", host or address)
        control = channel.switch.dial(channel, " ".join([address, *options]))
        if control is not None:
            break
    if control is None:
        return
    words = [option.lower() for option in options]
    if "async" not in words:
        yield from control.run(full="full" in words, asynchronous=False)
        return
    control.start(full="full" in words)
    while channel.is_ready() and not control.finished and not control.connected:
        # The session thread looks whether `connect` has come every millisecond. A listener
        # that is gone by then can't un-park it any more: parked for ever (14b, 14b2).
        yield channel.now + MILLISECOND
    yield from ivr.park(channel)
    yield from ivr.parse_all_events(channel)
    if channel.state is State.RESET and control.resumes:
        channel.state = State.EXECUTE


# --- variables


def _set(channel: Channel, data: str, put: Callable[[str, str | None], None]) -> None:
    if not data:
        return
    name, separator, value = data.partition("=" if "=" in data else ",")
    if separator:
        value = channel.expand(value)
    put(name, value or None)


@application("set", nomedia=True, zombie=True)
def set_(channel: Channel, data: str) -> None:
    _set(channel, data, channel.set)


@application("multiset", nomedia=True, zombie=True)
def multiset(channel: Channel, data: str) -> None:
    for pair in separate(data, " ", 256):
        _set(channel, pair, channel.set)


@application("push", nomedia=True, zombie=True)
def push(channel: Channel, data: str) -> None:
    _set(channel, data, lambda name, value: channel.variables.push(name, value or ""))


@application("unshift", nomedia=True, zombie=True)
def unshift(channel: Channel, data: str) -> None:
    _set(channel, data, lambda name, value: channel.variables.push(name, value or "", first=True))


@application("unset", nomedia=True, zombie=True)
def unset(channel: Channel, data: str) -> None:
    if data:
        channel.set(data, None)


@application("multiunset", nomedia=True, zombie=True)
def multiunset(channel: Channel, data: str) -> None:
    for name in separate(data):
        channel.set(name, None)


@application("export", nomedia=True, zombie=True)
def export(channel: Channel, data: str) -> None:
    """Set a variable, and list it for legs to come (recording 11h: the name as it was given)."""
    name, _, value = data.partition("=")
    if not name:
        return
    local = name[len("nolocal:") :] if name.startswith("nolocal:") else None
    channel.set(name, value or None)
    if local is None and value:
        channel.set(name, value)
    exported = channel.variables.get("export_vars")
    channel.set("export_vars", f"{exported},{name}" if exported else name)


@application("set_global", nomedia=True, zombie=True)
def set_global(channel: Channel, data: str) -> None:
    name, _, value = data.partition("=")
    channel.switch.globals[name] = value


@application("strftime", nomedia=True)
def strftime(channel: Channel, data: str) -> None:
    name, separator, format = data.partition("=")
    if separator:
        channel.set(name, local_time(channel.now, format))


# --- what leaves no more trace than its own events


@application("log", nomedia=True, zombie=True)
@application("eval", nomedia=True, zombie=True)
@application("info", nomedia=True, zombie=True)
def nothing(channel: Channel, data: str) -> None:
    pass


#: Applications that there are, and whose effect nothing here would see: they are executed,
#: where an application that there is not would hang the call up. The last word tells whether
#: they do without media.
for _name in """
    acknowledge_call answer_machine bind_digit_action bind_meta_app blind_transfer_ack block_dtmf
    capture capture_text check_acl clear_digit_action cng_plc curl db debug_media
    deduplicate_dtmf digit_action_set_realm early_hangup enable_keepalive fifo_track_call
    filter_codecs hash jitterbuffer limit_hash limit_hash_execute lua media_reset mkdir mutex
    novideo pickup presence privacy python queue_event recovery_refresh reuse_caller_profile
    send_display send_info session_loglevel set_name set_user set_zombie_exec stop
    unbind_meta_app unblock_dtmf verbose_events video_decode video_refresh wait_for_video_ready
    """.split():
    APPLICATIONS[_name] = Application(_name, nothing, nomedia=True)
for _name in "bgsystem bridge_export rename set_media_stats system transfer_vars".split():
    APPLICATIONS[_name] = Application(_name, nothing, nomedia=True, zombie=True)
for _name in """
    clear_speech_cache conference_set_auto_outcall delay_echo detect_audio detect_silence
    detect_speech fax_detect ivr native_eavesdrop page play_and_detect_speech preprocess
    remove_bugs set_audio_level set_mute sound_test start_dtmf_generate stop_dtmf_generate
    stop_tone_detect stop_video_write_overlay tone_detect vad_test video_write_overlay
    """.split():
    APPLICATIONS[_name] = Application(_name, nothing)


@application("wait_for_answer", nomedia=True)
def wait_for_answer(channel: Channel, data: str) -> Steps[None]:
    while not channel.answered and channel.is_ready():
        yield from ivr.sleep(channel, 100, None)


@application("park_state")
def park_state(channel: Channel, data: str) -> None:
    """Park away from the dialplan, as uuid_park has it."""
    channel.park_elsewhere()


@application("broadcast")
def broadcast(channel: Channel, data: str) -> None:
    """``<path> [aleg|bleg|holdb|both]``: both sides hear it, unless one is named."""
    words = separate(data, " ", 4)
    if not 1 <= len(words) <= 2:
        return
    if channel.partner is not None and words[1:] != ["holdb"]:
        ivr.broadcast(channel.partner, words[0])
    ivr.broadcast(channel, words[0], hold=words[1:] == ["holdb"])
    ivr.respond(channel, "BROADCAST_SENT")


@application("break", nomedia=True)
def break_(channel: Channel, data: str) -> None:
    channel.break_requested = True


@application("echo")
def echo(channel: Channel, data: str) -> Steps[None]:
    """Until the call ends, or something breaks it off."""
    while channel.is_ready() and not ivr.take_break(channel):
        yield from ivr.parse_all_events(channel)
        channel.flush_digits()  # heard, but nobody reads them (switch_ivr_session_echo)
        if channel.is_ready():
            yield from channel.frames(None)


@application("execute_extension", nomedia=True)
def execute_extension(channel: Channel, data: str) -> Steps[None]:
    """Run another extension's applications, and come back."""
    words = separate(data, " ", 3)
    for name, argument in (channel.switch.actions(words[0], channel) or ()) if words else ():
        if not channel.is_ready():
            break
        yield from ivr.execute(channel, name, argument)


@application("set_profile_var", nomedia=True, zombie=True)
def set_profile_var(channel: Channel, data: str) -> None:
    name, _, value = data.partition("=")
    channel.set_profile_field(name, value)


@application("event", nomedia=True, zombie=True)
def event(channel: Channel, data: str) -> None:
    """Fire an event of the app's own making (recording 11l)."""
    name, subclass = "CHANNEL_APPLICATION", None
    before, first = [], []
    for pair in separate(data, ",", 25):
        key, equals, value = (part.strip(" ") for part in pair.partition("="))
        if not equals:
            continue
        if key.lower() == "event-subclass":
            subclass = value
            before.append((key, value))
            continue
        if key.lower() == "event-name":
            name = value.upper()
        first.append((key, value))
    channel.fire(
        name,
        before=before,
        first=first,
        subclass=subclass,
        named_first=not any(key.lower() == "event-name" for key, _ in first),
        called_from=("mod_dptools.c", "event_function", 1902),
    )


# --- digits


@application("flush_dtmf", nomedia=True)
def flush_dtmf(channel: Channel, data: str) -> None:
    channel.flush_digits()


@application("queue_dtmf", nomedia=True)
def queue_dtmf(channel: Channel, data: str) -> None:
    for digit in channel.switch.dtmf_string(data):
        channel.queue_digit(digit)


@application("send_dtmf", nomedia=True)
def send_dtmf(channel: Channel, data: str) -> Steps[None]:
    """Digits for the other side, which we don't hear."""
    yield from channel.switch.send_dtmf(channel, data)


# --- playing


def on_terminator(channel: Channel) -> ivr.OnDigit:
    """The digits that end a playback: ``playback_terminators``, and ``*`` where it is not set."""

    def on_digit(digit: Digit) -> bool:
        terminators = channel.get("playback_terminators") or "*"
        if terminators.lower() == "any":
            terminators = "1234567890*#"
        elif terminators.lower() == "none":
            return False
        if digit.key not in terminators:
            return False
        channel.set("playback_terminator_used", digit.key)
        return True

    return on_digit


#: Application-Response of playback, by how it went.
PLAYED: Mapping[Status, str] = {
    Status.SUCCESS: "FILE PLAYED",
    Status.BREAK: "FILE PLAYED",
    Status.NOT_FOUND: "FILE NOT FOUND",
}


@application("playback")
def playback(channel: Channel, data: str) -> Steps[None]:
    file, at, offset = data.partition("@@")
    channel.set("playback_terminator_used", None)
    status = yield from ivr.play(
        channel, file, on_terminator(channel), start=atoi(offset) if at else 0
    )
    ivr.respond(channel, PLAYED.get(status, "PLAYBACK ERROR"))


@application("endless_playback")
def endless_playback(channel: Channel, data: str) -> Steps[None]:
    status = Status.SUCCESS
    while channel.is_ready() and status in (Status.SUCCESS, Status.BREAK):
        status = yield from ivr.play(channel, data)
    ivr.respond(channel, PLAYED.get(status, "PLAYBACK ERROR"))


@application("loop_playback")
def loop_playback(channel: Channel, data: str) -> Steps[None]:
    loops = 1
    found = re.match(r"\+(-?\d+)\s+(.*)", data)
    if found:
        loops, data = int(found[1]), found[2]
    status = Status.SUCCESS
    while loops and channel.is_ready() and status is Status.SUCCESS:
        status = yield from ivr.play(channel, data, on_terminator(channel))
        loops -= 1
    ivr.respond(channel, PLAYED.get(status, "PLAYBACK ERROR"))


@application("gentones")
def gentones(channel: Channel, data: str) -> Steps[None]:
    script, _, loops = data.partition("|")
    yield from ivr.tones(channel, f"{script};loops={loops or 1}", on_terminator(channel))


@application("say")
def say(channel: Channel, data: str) -> Steps[None]:
    words = separate(data, " ", 5)
    if len(words) not in (4, 5):
        return
    channel.set("playback_terminator_used", None)
    yield from ivr.say(channel, words, on_terminator(channel))


@application("speak")
def speak(channel: Channel, data: str) -> Steps[None]:
    yield from ivr.speak_application(channel, data, on_terminator(channel))


@application("phrase")
def phrase(channel: Channel, data: str) -> Steps[None]:
    macro, _, argument = data.partition(",")
    status = yield from channel.switch.phrase(channel, macro, argument, on_terminator(channel))
    ivr.respond(channel, "PHRASE PLAYED" if status is Status.SUCCESS else "UNKNOWN ERROR")


@application("sleep", nomedia=True)
def sleep(channel: Channel, data: str) -> Steps[None]:
    if not data:
        return
    on_digit: ivr.OnDigit | None = ivr.peek
    if is_true(channel.get("sleep_eat_digits")):
        channel.set("playback_terminator_used", None)
        on_digit = on_terminator(channel)
    yield from ivr.sleep(channel, atoi(data), on_digit)


# --- asking for digits


@application("read")
def read(channel: Channel, data: str) -> Steps[None]:
    """``<min> <max> <file> <variable> <timeout> <terminators> [<digit timeout>]``."""
    if not data:
        return
    words = separate(data, " ", 7) + [""] * 7
    least = max(1, atoi(words[0]))
    yield from ivr.read(
        channel,
        least=least,
        most=max(least, atoi(words[1])),
        file=words[2],
        variable=words[3],
        timeout=max(1000, atoi(words[4])),
        terminators=words[5] or "#",
        digit_timeout=atoi(words[6]),
    )


@application("play_and_get_digits")
def play_and_get_digits(channel: Channel, data: str) -> Steps[None]:
    """``<min> <max> <tries> <timeout> <terminators> <file> <invalid file> <variable> <regex>
    [<digit timeout> [<'transfer on failure'>]]``.
    """
    if not data:
        return
    words = separate(data, " ", 11) + [""] * 11
    least = max(0, atoi(words[0]))
    yield from ivr.play_and_get_digits(
        channel,
        least=least,
        most=max(least, atoi(words[1])),
        tries=atoi(words[2]),
        timeout=max(1000, atoi(words[3])),
        terminators=words[4] or "#",
        file=words[5],
        bad_input_file=words[6],
        variable=words[7],
        regex=words[8],
        digit_timeout=atoi(words[9]),
        transfer_on_failure=words[10],
    )


# --- time


@application("sched_heartbeat", nomedia=True)
def sched_heartbeat(channel: Channel, data: str) -> None:
    channel.beat_every(max(0, atoi(data)))


@application("enable_heartbeat", nomedia=True)
def enable_heartbeat(channel: Channel, data: str) -> None:
    channel.beat_every(atoi(data) if data[:1].isdigit() else 60 if not data or is_true(data) else 0)

"""Digits: asking for them, receiving, sending and dropping them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eslsync.wire.separation import separate

from ..clockwork.threads import Steps, pause
from ..model import asking
from ..model.arguments import atoi
from ..model.digits import PAUSES, dtmf_string
from ..model.tables import NO_CHANNEL, OK, api, application, located

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.switch import Switch

__all__: list[str] = []

NO_SESSION = "-ERR Cannot locate session!\n"


@application("read", needs_data=True, recordings="03j")
def read(channel: Channel, data: str) -> Steps[None]:
    """``<min> <max> <file> <variable> <timeout> <terminators> [<digit timeout>]``."""
    if not data:
        return
    words = separate(data, " ", 7) + [""] * 7
    least = max(1, atoi(words[0]))
    yield from asking.read(
        channel,
        least=least,
        most=max(least, atoi(words[1])),
        file=words[2],
        variable=words[3],
        timeout=max(1000, atoi(words[4])),
        terminators=words[5] or "#",
        digit_timeout=atoi(words[6]),
    )


@application("play_and_get_digits", needs_data=True, recordings="03c 03d 03e")
def play_and_get_digits(channel: Channel, data: str) -> Steps[None]:
    """``<min> <max> <tries> <timeout> <terminators> <file> <invalid file> <variable> <regex>
    [<digit timeout> [<'transfer on failure'>]]``.
    """
    if not data:
        return
    words = separate(data, " ", 11) + [""] * 11
    least = max(0, atoi(words[0]))
    yield from asking.play_and_get_digits(
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


@application("flush_dtmf", recordings="11l", nomedia=True)
def flush_dtmf(channel: Channel, data: str) -> None:
    channel.flush_digits()


@application("queue_dtmf", needs_data=True, recordings="11l 21r", nomedia=True)
def queue_dtmf(channel: Channel, data: str) -> None:
    receive(channel, data)


@application("send_dtmf", needs_data=True, recordings="11l 13d 21r", nomedia=True)
def send_dtmf(channel: Channel, data: str) -> Steps[None]:
    yield from _send(channel, data)


def _send(channel: Channel, text: str) -> Steps[None]:
    """Send digits to the channel's other end (switch_core_session_send_dtmf_string).

    A SIP channel queues the pauses; any other channel waits for them.
    """
    digits = dtmf_string(text, "UNKNOWN")
    for digit in digits:
        if digit.key not in PAUSES:
            channel.send_digit(digit, unfiltered=not text.startswith("~"))
        elif channel.endpoint != "sofia":
            yield from pause(channel.switch.scheduler, PAUSES[digit.key])
    total = sum(digit.duration // 8 + 250 for digit in digits)
    if total:  # with the 250 ms of silence after each (recordings 11l, 14k)
        channel.set("last_dtmf_duration", str(total))


def receive(channel: Channel, text: str) -> None:
    """Have the channel receive digits (switch_channel_queue_dtmf_string).

    Nothing filters them, unless the text begins with ``~``.
    """
    for digit in dtmf_string(text):
        channel.queue_digit(digit, unfiltered=not text.startswith("~"))


# --- the same, by uuid


@api("uuid_recv_dtmf", recordings="14k 21r 240")
def uuid_recv_dtmf(switch: Switch, argument: str) -> str:
    channel, rest, complaint = located(switch, argument, "<uuid> <dtmf_data>", words=2)
    if channel is None:
        return NO_SESSION if complaint == NO_CHANNEL else complaint
    receive(channel, rest)
    return f"+OK {channel.uuid} received DTMF {rest}.\n"


@api("uuid_send_dtmf", recordings="14k 21r 240")
def uuid_send_dtmf(switch: Switch, argument: str) -> Steps[str]:
    channel, rest, complaint = located(switch, argument, "<uuid> <dtmf_data>", words=2)
    if channel is None:
        return NO_SESSION if complaint == NO_CHANNEL else complaint
    yield from _send(channel, rest)
    return f"+OK {channel.uuid} sent DTMF {rest}.\n"


@api("uuid_flush_dtmf", recordings="14k 21r")
def uuid_flush_dtmf(switch: Switch, argument: str) -> str:
    channel = switch.locate(argument)
    if channel is None:
        return "-ERR No such session\n"
    channel.flush_digits()
    return OK

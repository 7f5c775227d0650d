"""A mailbox: a message that is kept whoever ends the call, and can be heard and recorded again."""

from __future__ import annotations

import logging
from pathlib import Path

from eslsync import Channel, Hangup, Session

log = logging.getLogger(__name__)


def handler(session: Session) -> None:
    channel = session.channel
    file = Path("/var/spool/mailbox") / f"{session.uuid}.wav"
    channel.answer()
    try:
        take_message(channel, str(file))
    finally:
        deliver(file)
    channel.hangup()


def take_message(channel: Channel, file: str) -> None:
    channel.playback("mailbox/after_the_tone")
    for _ in range(2):
        channel.record(file, limit=120, terminators="#")
        match channel.get_digits("mailbox/1_to_hear_2_to_record_again", regexp="[12#]", tries=2):
            case "1":
                channel.playback(file, terminators="any")
                break
            case "2":
                continue
            case _:
                break
    try:
        channel.playback("mailbox/saved")
    except Hangup:
        log.info("the caller has gone")
        raise


def deliver(file: Path) -> None:
    log.info("a message: %s", file)

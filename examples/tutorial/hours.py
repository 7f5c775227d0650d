"""Step 6: the workshop rings from 9 to 6; at other times, callers leave a message."""

from datetime import datetime, time

from eslsync import Channel, Session

OPENS, CLOSES = time(9), time(18)
WORKSHOP = "user/1000"
RING_SECONDS = 20
#: Where FreeSWITCH writes messages.
MESSAGES = "/tmp/shop-messages"
TONE = "tone_stream://%(500,0,640)"


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.playback("shop/welcome")
    while key := channel.get_digits(
        "shop/menu3", regexp="[123]", tries=3, invalid_file="shop/sorry"
    ):
        if key == "3":
            if not (is_open() and put_through(channel)):
                take_message(session)
            break
        channel.playback("shop/hours" if key == "1" else "shop/address")
    channel.playback("shop/goodbye")
    channel.hangup()


def is_open() -> bool:
    return OPENS <= datetime.now().time() < CLOSES


def put_through(channel: Channel) -> bool:
    """Ring the workshop; return True if somebody there took the call, once it is over."""
    channel.playback("shop/one_moment")
    return channel.bridge(WORKSHOP, ring_timeout=RING_SECONDS).answered


def take_message(session: Session) -> None:
    channel = session.channel
    file = f"{MESSAGES}/{session.uuid}.wav"
    channel.playback("shop/leave_message")
    channel.playback(TONE)
    try:
        channel.record(file, limit=120, terminators="#")
    finally:  # whether the caller pressed # or hung up
        session.logger.info("call %s back: %s", session.caller_number, file)
    channel.playback("shop/message_kept")

"""Step 4: take a message, and see to it after the call."""

from eslsync import Session

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
            take_message(session)
            break
        channel.playback("shop/hours" if key == "1" else "shop/address")
    channel.playback("shop/goodbye")
    channel.hangup()


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

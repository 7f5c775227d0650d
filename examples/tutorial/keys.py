"""Step 2: ask for a key."""

from eslsync import Session


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.playback("shop/welcome")
    key = channel.get_digits("shop/menu", regexp="[12]")
    if key == "1":
        channel.playback("shop/hours")
    elif key == "2":
        channel.playback("shop/address")
    channel.playback("shop/goodbye")  # after silence and other keys, too
    channel.hangup()

"""Step 3: a menu that comes back, and ends."""

from eslsync import Session


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.playback("shop/welcome")
    # After three tries the key is "", and so the loop ends.
    while key := channel.get_digits("shop/menu", regexp="[12]", tries=3, invalid_file="shop/sorry"):
        channel.playback("shop/hours" if key == "1" else "shop/address")
    channel.playback("shop/goodbye")
    channel.hangup()

"""Step 1: answer, and greet the caller."""

from eslsync import Session


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.playback("shop/welcome")
    channel.hangup()

"""Two phones, one after the other: what docs/reference/cli.md shows is called."""

from eslsync import Session


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.set("continue_on_fail", "true")
    for phone in ("user/1000", "user/1001"):
        done = channel.execute("bridge", phone)
        if done is not None and done.variables["originate_disposition"] == "SUCCESS":
            return
    channel.playback("desk/nobody-there")

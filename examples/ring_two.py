"""Ring two phones at once; the first to answer gets the call, and the other stops ringing.

The caller hears "please hold while your party is being contacted", then ringing, then whoever
picked up. If nobody does within 20 seconds, or both are busy, the caller hears "the person you are
trying to reach is not available", and the call goes back to the dialplan. After `socket` there may
be voicemail, or nothing, which hangs up.

python examples/ring_two.py                    # serve it to FreeSWITCH
eslsync call examples/ring_two.py --far-end user/1000=rings,answers:3,hangs_up:10
"""

from eslsync import Outbound, Session

PHONES = ("user/1000", "user/1001")
RING_SECONDS = 20
#: What the caller hears meanwhile: 2 s of two tones (Hz), then 4 s of silence.
RINGBACK = "%(2000,4000,440,480)"


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.playback("ivr/ivr-please_hold_while_party_contacted")
    channel.set("transfer_ringback", RINGBACK)  # `ringback` is for callers not yet answered
    outcome = channel.bridge(",".join(PHONES), ring_timeout=RING_SECONDS)
    if outcome.answered:
        session.logger.info("spoke for %.0f s with %s", outcome.seconds, outcome.uuid)
        channel.hangup()
        return
    session.logger.info("nobody took the call: %s", outcome.cause)
    channel.playback("voicemail/vm-person")
    channel.say(session.destination, method="iterated")
    channel.playback("voicemail/vm-not_available")
    session.exit()  # continue after `socket`; returning does the same, but says less


if __name__ == "__main__":
    Outbound(handler, "127.0.0.1", 5000).start()

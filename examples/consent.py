"""Record a call with consent: ask first, and stop when the caller withdraws it.

The caller hears "this call may be recorded" and "to accept, press 1". Pressing 1 starts the
recording, and "recording started" says so. Then the caller is connected to an agent. Pressing * at
any time stops the recording; both hear that, and the agent hears the key's tone, too.

The file, named after the call's uuid, keeps what was recorded until then. If nothing may be kept
after consent is withdrawn, delete the file in on_hangup.

python examples/consent.py                              # serve it to FreeSWITCH
eslsync call --script examples/consent.call.yaml        # or call it, without FreeSWITCH
"""

from eslsync import Channel, Outbound, Session

AGENT = "user/1000"
RING_SECONDS = 20
CONSENT_KEY, STOP_KEY = "1", "*"
ASK_SECONDS = 5.0
#: Where FreeSWITCH writes recordings.
RECORDINGS = "/var/spool/recordings"


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.playback("misc/call_monitoring_blurb", terminators="any")  # get_digits takes the key
    if channel.get_digits("ivr/ivr-to_accept_press_one", timeout=ASK_SECONDS) == CONSENT_KEY:
        record(channel)
    channel.playback("ivr/ivr-hold_connect_call", terminators="none")
    if not channel.bridge(AGENT, ring_timeout=RING_SECONDS).answered:
        channel.playback("ivr/ivr-im_sorry")
    channel.hangup()


def record(channel: Channel) -> None:
    """Record from now on, bridge included, until the call ends or the caller presses STOP_KEY."""
    file = f"{RECORDINGS}/{channel.uuid}.wav"

    # Runs while the handler waits in any method, including `bridge`.
    @channel.on_dtmf(STOP_KEY)
    def stop(digit: str) -> None:
        channel.stop_record_session(file)
        channel.broadcast("ivr/ivr-recording_stopped", "both")

    channel.record_session(file)
    channel.playback("ivr/ivr-recording_started", terminators="none")


if __name__ == "__main__":
    Outbound(handler, "127.0.0.1", 5000).start()

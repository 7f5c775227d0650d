"""Record a call with consent: ask first, and stop when the caller takes it back.

The caller hears "this call may be recorded"; "to accept, press 1". Only with 1 it is recorded, from
there on, which "recording started" says. Then the caller is connected to an agent. With * at any
time the recording stops, which both hear. The agent hears the tone of the key, too.

What was recorded until then is kept, under the call's uuid. If consent that is taken back means
that nothing may be kept, delete the file in on_hangup.

python examples/consent.py                              # serve it to FreeSWITCH
eslsync call --script examples/consent.call.yaml        # or call it, without any
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
    channel.playback("misc/call_monitoring_blurb", terminators="any")  # the key counts below
    if channel.get_digits("ivr/ivr-to_accept_press_one", timeout=ASK_SECONDS) == CONSENT_KEY:
        record(channel)
    channel.playback("ivr/ivr-hold_connect_call", terminators="none")
    if not channel.bridge(AGENT, ring_timeout=RING_SECONDS).answered:
        channel.playback("ivr/ivr-im_sorry")
    channel.hangup()


def record(channel: Channel) -> None:
    """Record from now on, through the bridge and all, until the call ends or STOP_KEY."""
    file = f"{RECORDINGS}/{channel.uuid}.wav"

    # It runs while the handler waits in whatever method, `bridge` as well.
    @channel.on_dtmf(STOP_KEY)
    def stop(digit: str) -> None:
        channel.stop_record_session(file)
        channel.broadcast("ivr/ivr-recording_stopped", "both")

    channel.record_session(file)
    channel.playback("ivr/ivr-recording_started", terminators="none")


if __name__ == "__main__":
    Outbound(handler, "127.0.0.1", 5000).start()

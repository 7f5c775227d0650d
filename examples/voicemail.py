"""Voicemail: leave a message, listen to it, record it again, save it.

The caller hears "record your message at the tone, press any key or stop talking to end the
recording", and a tone. After the recording, 1 plays it back, 2 records again, # saves. A caller who
presses nothing, or hangs up at any point, also leaves a message if it is longer than one second.

FreeSWITCH writes the file to SPOOL, and this program moves it to MAILBOX, so both must see the same
disk. Both folders must exist: FreeSWITCH hangs up if it can't write a recording.
FreeSWITCH has its own voicemail, mod_voicemail, with mailboxes and mails. Write it in Python if
messages go elsewhere, to a ticket for example.

python examples/voicemail.py                              # serve it to FreeSWITCH
eslsync call examples/voicemail.py --press 1 --press '#'  # or call it, without FreeSWITCH
"""

from pathlib import Path

from eslsync import Channel, Hangup, Outbound, Session

SPOOL = Path("/var/spool/voicemail")
MAILBOX = SPOOL / "new"
LONGEST_SECONDS = 180
SHORTEST_SECONDS = 1.0
#: A caller quieter than the threshold for so many seconds has stopped talking.
SILENCE_THRESHOLD, SILENCE_SECONDS = 200, 4
TAKES = 5

TONE = "tone_stream://%(500,0,640)"
PLAY_KEY, AGAIN_KEY, KEYS = "1", "2", "[12#]"
MENU = [
    *("voicemail/vm-press.wav", "digits/1.wav", "voicemail/vm-listen_to_recording.wav"),
    *("voicemail/vm-press.wav", "digits/2.wav", "voicemail/vm-rerecord.wav"),
    *("voicemail/vm-press.wav", "digits/pound.wav", "voicemail/vm-save_recording.wav"),
]


def handler(session: Session) -> None:
    channel = session.channel
    file = SPOOL / f"{session.uuid}.wav"

    # Runs whoever hangs up, but not after a lost connection: the switch may still be recording.
    @session.on_hangup
    def after_the_call(hangup: Hangup) -> None:
        said = hangup.event.variables if hangup.event is not None else {}
        if float(said.get("record_ms", "0")) / 1000 <= SHORTEST_SECONDS:
            file.unlink(missing_ok=True)
            return
        try:
            file.rename(MAILBOX / file.name)
        except OSError as error:  # the caller is gone and can't be told
            session.logger.error("a message was left and can't be kept: %s", error)

    channel.answer()
    leave_message(channel, str(file))
    channel.playback("voicemail/vm-goodbye")
    channel.hangup()


def leave_message(channel: Channel, file: str) -> None:
    channel.playback("voicemail/vm-record_message", terminators="any")
    for take in range(1, TAKES + 1):
        channel.playback(TONE)
        recorded = channel.record(
            file,
            limit=LONGEST_SECONDS,
            silence_threshold=SILENCE_THRESHOLD,
            silence_seconds=SILENCE_SECONDS,
            terminators="any",
        )
        if recorded.seconds <= SHORTEST_SECONDS:
            channel.playback("voicemail/vm-too-small")
        elif review(channel, file) != AGAIN_KEY or take == TAKES:
            channel.playback("voicemail/vm-saved")  # the last take is kept, whatever they press
            return


def review(channel: Channel, file: str) -> str:
    """Return the caller's choice, AGAIN_KEY or #, or "" if they pressed nothing."""
    while True:
        choice = channel.get_digits(MENU, regexp=KEYS, tries=3)
        if choice != PLAY_KEY:
            return choice
        channel.playback(file, terminators="any")


if __name__ == "__main__":
    Outbound(handler, "127.0.0.1", 5000).start()

"""Choose a PIN: enter it, hear it read back, confirm it with 1.

The caller enters a PIN of four to eight digits and #. It is read back digit by digit: "you entered
1 2 3 4; if this is correct, press 1". Pressing 1 keeps it, and the caller hears "thank you". Any
other key, no key, or a PIN that is too short is a failed try; after three of those the caller hears
"goodbye". A caller who knows the menu can type 1234#1 without listening.

python examples/pin.py                                  # serve it to FreeSWITCH
eslsync call examples/pin.py --press 1234# --press 1    # or call it, without FreeSWITCH
"""

from eslsync import Channel, Outbound, Session

TRIES = 3
SHORTEST, LONGEST = 4, 8
FIRST_KEY_SECONDS = 8.0
NEXT_KEY_SECONDS = 4.0
CONFIRM_KEY = "1"

#: PINs by caller's number. In production, use a database, and store hashes.
pins: dict[str, str] = {}


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    pin = ask_for_pin(channel)
    if pin is not None:
        pins[session.caller_number] = pin
        channel.playback("ivr/ivr-thank_you")
    channel.playback("voicemail/vm-goodbye")
    channel.hangup()


def ask_for_pin(channel: Channel) -> str | None:
    """Return a PIN that the caller confirmed, or None after too many tries."""
    for _ in range(TRIES):
        pin = channel.get_digits(
            "ivr/ivr-please_enter_pin_followed_by_pound",
            min=SHORTEST,
            max=LONGEST,
            timeout=FIRST_KEY_SECONDS,
            digit_timeout=NEXT_KEY_SECONDS,
            regexp="^[0-9]+$",  # the caller may press *
        )
        if not pin:
            channel.playback("ivr/ivr-that_was_an_invalid_entry", terminators="none")
        elif channel.get_digits(read_back(pin)) == CONFIRM_KEY:
            return str(pin)
    return None


def read_back(pin: str) -> list[str]:
    """The files that read it back, as one prompt, so that a key cuts all of it."""
    return [
        "ivr/ivr-you_entered.wav",
        *(f"digits/{digit}.wav" for digit in pin),
        "ivr/ivr-if_correct_press.wav",
        f"digits/{CONFIRM_KEY}.wav",
    ]


if __name__ == "__main__":
    Outbound(handler, "127.0.0.1", 5000).start()

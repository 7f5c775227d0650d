"""Choose a PIN: enter it, hear it read back, confirm it with 1.

The caller is asked for a PIN of four to eight digits, ended by #. It is read back digit by digit:
"you entered 1 2 3 4; if this is correct, press 1". With 1 it is kept, and the caller hears "thank
you". Any other key, or none, is a try that has failed, and so is a PIN that is too short. After
three of those it is "goodbye". Who knows the menu types 1234#1 and need not listen.

python examples/pin.py                                  # serve it to FreeSWITCH
eslsync call examples/pin.py --press 1234# --press 1    # or call it, without any
"""

from eslsync import Channel, Outbound, Session

TRIES = 3
SHORTEST, LONGEST = 4, 8
FIRST_KEY_SECONDS = 8.0
NEXT_KEY_SECONDS = 4.0
CONFIRM_KEY = "1"

#: By the caller's number. In production: a database, and hashes instead of the PINs.
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
    """A PIN that the caller has confirmed; None after too many tries."""
    for _ in range(TRIES):
        pin = channel.get_digits(
            "ivr/ivr-please_enter_pin_followed_by_pound",
            min=SHORTEST,
            max=LONGEST,
            timeout=FIRST_KEY_SECONDS,
            digit_timeout=NEXT_KEY_SECONDS,
            valid="[0-9]+",  # * is a key, too
        )
        if not pin:
            channel.playback("ivr/ivr-that_was_an_invalid_entry", terminators="none")
        elif channel.get_digits(read_back(pin)) == CONFIRM_KEY:
            return str(pin)
    return None


def read_back(pin: str) -> list[str]:
    """All that is said of it as one prompt, so that a key cuts the whole of it."""
    return [
        "ivr/ivr-you_entered.wav",
        *(f"digits/{digit}.wav" for digit in pin),
        "ivr/ivr-if_correct_press.wav",
        f"digits/{CONFIRM_KEY}.wav",
    ]


if __name__ == "__main__":
    Outbound(handler, "127.0.0.1", 5000).start()

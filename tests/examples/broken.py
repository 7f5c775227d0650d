"""A handler with a mistake, for docs/reference/cli.md."""

from eslsync import Session

MENU = {"1": "ivr/ivr-option-1"}


def handler(session: Session) -> None:
    session.channel.answer()
    play_option(session, "2")


def play_option(session: Session, digit: str) -> None:
    session.channel.playback(MENU[digit])

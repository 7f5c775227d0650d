"""An IVR with faults on purpose, for the tests of `explore`: each is marked where it is found."""

from __future__ import annotations

import time

from eslsync import Channel, Hangup, Session, TimeoutError

ACCOUNTS = {"4711": "accounts/savings", "4712": "accounts/giro"}


def handler(session: Session) -> None:
    channel = session.channel

    @session.on_hangup
    def bill(hangup: Hangup) -> None:
        session.logger.info("%s: %s", session.uuid, hangup.cause)

    channel.answer()
    while True:
        choice = channel.play_and_get_digits(  # FAULT dead-key: 4
            "main/menu", regexp="[1-6]", invalid_file="main/invalid", timeout=4.0
        )
        if choice == "1":
            accounts(channel)
        elif choice == "2":
            support(channel)
        elif choice == "3":
            shop(session)  # FAULT left-up
            return
        elif choice == "4":
            pass
        elif choice == "5":
            opinions(channel)
        elif choice == "7":
            channel.playback("main/unreachable")  # FAULT unplayed
        elif choice == "6":
            channel.playback("main/thanks")
            break
        else:
            channel.playback("main/nothing")
            break
    channel.playback("main/goodbye")
    channel.hangup()


def accounts(channel: Channel) -> None:
    """A number, then a menu, then a confirmation: three digits deep, and more."""
    number = channel.get_digits("accounts/number", min=4, max=4, regexp="^[0-9]+$", tries=2)
    if not number:
        return
    channel.playback(ACCOUNTS[number])  # FAULT raises: a number that nobody has
    key = channel.get_digits("accounts/menu", regexp="[12]", tries=2)
    if key == "1":
        channel.playback("accounts/balance")
    elif key == "2" and channel.get_digits("accounts/block", regexp="[12]") == "1":
        blocked: list[str] = []
        channel.playback(blocked[0])  # FAULT raises: at 1, number, 2, 1


def support(channel: Channel) -> None:
    key = channel.get_digits("support/menu", regexp="[1-3]", tries=2)
    if key == "1":
        while True:
            channel.playback("support/all-busy")  # FAULT no-exit
    elif key == "2":
        while True:
            if channel.get_digits("support/topic", regexp="[12]") == "1":  # FAULT no-end
                channel.playback("support/topic-1")
            else:
                channel.playback("support/topic-others")
    elif key == "3":
        channel.playback("support/hours")


def shop(session: Session) -> None:
    channel = session.channel
    key = channel.get_digits("shop/menu", regexp="[12]")
    if key == "1":
        try:
            channel.playback("shop/order")
        finally:
            if not channel.is_up:
                time.sleep(120)  # FAULT outlives
    elif key == "2":
        try:
            channel.playback("shop/music")
        except Hangup:
            note: dict[str, str] = {}
            session.logger.info("%s", note["order"])  # FAULT after-hangup


def opinions(channel: Channel) -> None:
    """Nothing is wrong here."""
    channel.playback("opinions/rate-us", terminators="any")
    try:
        key = channel.wait("DTMF", timeout=6.0).digit
    except TimeoutError:
        channel.playback("opinions/nothing")
        return
    if key in ("1", "2", "3"):
        channel.playback("opinions/thank-you")
    elif key == "0":
        channel.transfer("6000")
        channel.wait("CHANNEL_HANGUP", timeout=60.0)
    else:
        channel.playback("opinions/wrong")

"""The dialogue: the account's number, its PIN, the balance; 0, or any trouble, leads to an agent.

It knows neither the database nor the server, so a test gives it accounts of its own.
"""

from __future__ import annotations

import logging
from typing import Protocol

from eslsync import Channel

from .accounts import LookupFailed

logger = logging.getLogger(__name__)

TRIES = 3
AGENTS = "user/agents"

NUMBER = "ivr/ivr-please_enter_the_number_followed_by_pound"
PIN = "ivr/ivr-please_enter_pin_followed_by_pound"
BALANCE = "ivr/ivr-account_balance_is"
WRONG = "ivr/ivr-that_was_an_invalid_entry"
HOLD = "ivr/ivr-hold_connect_call"
GOODBYE = "voicemail/vm-goodbye"


class Balances(Protocol):
    """What the dialogue needs of the accounts."""

    def balance(self, number: str, pin: str) -> int | None: ...


def tell_balance(channel: Channel, accounts: Balances) -> None:
    """Serve one caller."""
    channel.answer()
    try:
        cents = ask(channel, accounts)
    except LookupFailed as error:
        logger.error("no look-up: %s", error)
        cents = None
    if cents is None:
        connect(channel)
        return
    channel.playback(BALANCE)
    channel.say(f"{cents / 100:.2f}", "CURRENCY")
    channel.playback(GOODBYE)
    channel.hangup()


def ask(channel: Channel, accounts: Balances) -> int | None:
    """Return the balance; None for a caller who wants an agent, or fails too often."""
    for _ in range(TRIES):
        number = channel.get_digits(NUMBER, min=1, max=10, timeout=8.0, digit_timeout=4.0)
        if number == "0":
            return None
        pin = channel.get_digits(PIN, min=4, max=8, timeout=8.0, digit_timeout=4.0)
        cents = accounts.balance(number, pin) if number and pin else None
        if cents is not None:
            return cents
        channel.playback(WRONG, terminators="none")
    return None


def connect(channel: Channel) -> None:
    """Connect the caller to an agent."""
    channel.playback(HOLD)
    if not channel.bridge(AGENTS, ring_timeout=30).answered:
        channel.playback(GOODBYE)
    channel.hangup()

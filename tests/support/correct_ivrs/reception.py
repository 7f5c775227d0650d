"""A reception: keys lead to departments in the dialplan, * repeats, anything else the operator."""

from __future__ import annotations

from enum import Enum

from eslsync import Session


class Department(Enum):
    SALES = "1"
    SUPPORT = "2"


NUMBERS = {Department.SALES: "6001", Department.SUPPORT: "6002"}


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    key: str = "*"
    for _ in range(3):
        key = channel.get_digits("reception/menu", tries=1)
        if key != "*":
            break
    try:
        number = NUMBERS[Department(key)]
    except ValueError:
        number = "6000"
    channel.playback("reception/please_hold")
    channel.transfer(number)

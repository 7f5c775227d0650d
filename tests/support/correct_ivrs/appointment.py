"""Appointments: a day and an hour by keys, read back, and changed until the caller confirms."""

from __future__ import annotations

from eslsync import Channel, Session


class Appointments:
    """One caller's appointment."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.day = ""
        self.hour = 0

    def run(self) -> None:
        for _ in range(2):
            if not self.ask():
                break
            self.channel.say(self.day)
            self.channel.say(str(self.hour))
            if self.channel.get_digits("appointment/1_yes_2_no", regexp="[12]", tries=1) == "1":
                self.channel.playback("appointment/confirmed")
                return
        self.channel.playback("appointment/please_call_the_desk")

    def ask(self) -> bool:
        self.day = self.channel.get_digits("appointment/day", regexp="[1-5]", tries=2)
        if not self.day:
            return False
        hour = self.channel.get_digits("appointment/hour", max=2, tries=1, valid=is_open)
        self.hour = int(hour or "0")
        return bool(hour)


def is_open(hour: str) -> bool:
    return hour.isdecimal() and 8 <= int(hour) < 18


def handler(session: Session) -> None:
    session.channel.answer()
    Appointments(session.channel).run()
    session.channel.hangup()

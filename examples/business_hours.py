"""Business hours: the desk takes calls while open; after hours the caller leaves a message.

During business hours, the caller hears "please hold while I connect your call" and is connected to
the desk. When the office is closed, on weekends and holidays too, or the desk doesn't answer, an
announcement offers to leave a message with 1. The caller ends the message with any key, or by
hanging up. A caller who presses nothing, or a wrong key three times, hears "goodbye".

python examples/business_hours.py                                  # serve it to FreeSWITCH
eslsync call examples/business_hours.py --far-end user/1000=answers:3,hangs_up:10
eslsync call examples/business_hours.py --start 2026-12-24T15:00:00 --press 1 --hangup-after 15
"""

from datetime import date, datetime, time

from eslsync import Channel, Outbound, Session

#: Opening and closing time by day of the week, Monday first, on this machine's clock. For another
#: time zone, use datetime.now(ZoneInfo("Europe/Vienna")).
HOURS: tuple[tuple[time, time] | None, ...] = (
    *[(time(9), time(18))] * 4,
    (time(9), time(16)),  # Friday
    None,
    None,
)
#: Days with other opening hours; None means closed.
HOLIDAYS: dict[date, tuple[time, time] | None] = {
    date(2026, 1, 1): None,
    date(2026, 12, 24): (time(9), time(12)),
    date(2026, 12, 25): None,
}
DESK = "user/1000"
RING_SECONDS = 20
MESSAGE_KEY = "1"
#: Where FreeSWITCH writes messages.
MESSAGES = "/var/spool/messages"
LONGEST_SECONDS = 180


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    if not is_open(datetime.now()):
        offer_message(channel, "office/closed_press_1_for_message")
    else:
        channel.playback("ivr/ivr-hold_connect_call")
        if not channel.bridge(DESK, ring_timeout=RING_SECONDS).answered:
            offer_message(channel, "office/busy_press_1_for_message")
    channel.hangup()


def is_open(now: datetime) -> bool:
    hours = HOLIDAYS.get(now.date(), HOURS[now.weekday()])
    return hours is not None and hours[0] <= now.time() < hours[1]


def offer_message(channel: Channel, announcement: str) -> None:
    if channel.get_digits(announcement, tries=3, terminators="", regexp=MESSAGE_KEY):
        channel.playback("voicemail/vm-record_message")
        channel.playback("tone_stream://%(500,0,640)")
        channel.record(f"{MESSAGES}/{channel.uuid}.wav", limit=LONGEST_SECONDS, terminators="any")
        channel.playback("ivr/ivr-recording_saved")
    channel.playback("voicemail/vm-goodbye")


if __name__ == "__main__":
    Outbound(handler, "127.0.0.1", 5000).start()

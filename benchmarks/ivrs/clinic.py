"""A clinic: appointments, prescriptions, emergencies; a lunch break, and a message at night.

An IVR for `benchmarks/mutants.py`.
"""

from datetime import datetime, time

from eslsync import Channel, Outbound, Session

OPENS, LUNCH, AFTER_LUNCH, CLOSES = time(8), time(12), time(13), time(17)
SATURDAY = 5
RECEPTION = "user/1000"
EMERGENCY = "1144"
RING_SECONDS = 15
MESSAGES = "/tmp"
SHORTEST_SECONDS = 2.0

orders: list[str] = []


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    if not is_open(datetime.now()):
        channel.playback("clinic/closed")
        take_message(channel)
        return
    for _ in range(3):
        choice = channel.get_digits("clinic/menu", regexp="[123]", timeout=5.0)
        if choice == "1":
            make_appointment(channel)
            return
        if choice == "2":
            order_prescription(channel)
            break
        if choice == "3":
            channel.playback("clinic/emergency")
            channel.transfer(EMERGENCY)
            return
        channel.playback("clinic/no-choice")
    channel.playback("clinic/goodbye")
    channel.hangup()


def is_open(now: datetime) -> bool:
    if now.weekday() >= SATURDAY:
        return False
    return OPENS <= now.time() < LUNCH or AFTER_LUNCH <= now.time() < CLOSES


def make_appointment(channel: Channel) -> None:
    channel.playback("clinic/please-hold")
    outcome = channel.bridge(RECEPTION, ring_timeout=RING_SECONDS)
    if outcome.answered:
        channel.hangup()
    else:
        channel.playback("clinic/reception-busy")
        take_message(channel)


def take_message(channel: Channel) -> None:
    channel.playback("clinic/leave-message")
    file = f"{MESSAGES}/{channel.uuid}.wav"
    recorded = channel.record(file, limit=60, terminators="any")
    if recorded.seconds < SHORTEST_SECONDS:
        channel.playback("clinic/no-message")
    else:
        channel.playback("clinic/message-kept")
    channel.playback("clinic/goodbye")
    channel.hangup()


def order_prescription(channel: Channel) -> None:
    """A patient's number of six digits, read back, and confirmed with 1."""
    tries = 0
    while tries < 3:
        tries += 1
        number = channel.get_digits("clinic/patient-number", min=6, max=6, regexp="^[0-9]+$")
        if not number:
            channel.playback("clinic/wrong-number")
            continue
        channel.playback("clinic/you-entered")
        channel.say(str(number), method="iterated")
        if channel.get_digits("clinic/confirm", timeout=5.0) == "1":
            orders.append(str(number))
            channel.playback("clinic/ordered")
            return
    channel.playback("clinic/ask-reception")


if __name__ == "__main__":
    Outbound(handler, "127.0.0.1", 5000).start()

"""A power company's hotline: language, postal code, known outages, reports, and an agent.

A conversation with an agent is recorded. An IVR for `benchmarks/mutants.py`.
"""

from eslsync import Channel, CommandError, Hangup, Outbound, Session, TimeoutError

LANGUAGES = {"1": "en", "2": "de"}
#: Hours until power is back, by postal code; None while nobody knows.
OUTAGES: dict[str, int | None] = {"1010": 2, "1020": None}
AGENT = "user/1000"
MUSIC = "local_stream://moh"
RECORDINGS = "/tmp"
ATTEMPTS = 3
BETWEEN_SECONDS = 10.0

reports: dict[str, str] = {}


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    language = LANGUAGES.get(channel.get_digits("outage/language", timeout=5.0), "en")
    code = channel.get_digits(
        f"{language}/postal-code", min=4, max=4, regexp="^[0-9]+$", tries=2, timeout=5.0
    )
    if not code:
        channel.playback(f"{language}/no-code")
    elif code in OUTAGES:
        announce(channel, language, OUTAGES[code])
    else:
        report(session, language, str(code))
    if channel.get_digits(f"{language}/press-1-for-agent", timeout=5.0) == "1":
        call_agent(session, language)
    else:
        channel.playback(f"{language}/goodbye")
    channel.hangup()


def announce(channel: Channel, language: str, hours: int | None) -> None:
    channel.playback(f"{language}/known-outage")
    if hours is None:
        channel.playback(f"{language}/no-estimate")
    else:
        channel.playback(f"{language}/hours")
        channel.say(str(hours))


def report(session: Session, language: str, code: str) -> None:
    """Describe the outage; the recording counts also if the caller hangs up meanwhile."""
    channel = session.channel
    file = f"{RECORDINGS}/{session.uuid}-report.wav"
    channel.playback(f"{language}/describe")
    try:
        channel.record(file, limit=30, silence_threshold=200, silence_seconds=3, terminators="any")
    finally:
        reports[code] = file
    channel.playback(f"{language}/reported")


def call_agent(session: Session, language: str) -> None:
    """Music, and an attempt every ten seconds; the caller leaves with *."""
    channel = session.channel
    for _ in range(ATTEMPTS):
        music = channel.playback(MUSIC, block=False)
        agent = find_agent(session)
        music.stop()
        if agent is not None:
            channel.record_session(f"{RECORDINGS}/{session.uuid}.wav")
            channel.bridge(agent)
            return
        try:
            if channel.wait("DTMF", timeout=BETWEEN_SECONDS).digit == "*":
                break
        except TimeoutError:
            channel.playback(f"{language}/still-busy")
    channel.playback(f"{language}/call-later")


def find_agent(session: Session) -> Channel | None:
    try:
        agent = session.originate(AGENT, ring_timeout=15.0)
        agent.playback("outage/new-call")
        return agent
    except CommandError as error:
        session.logger.info("no agent: %s", error.cause)
    except Hangup:
        if not session.channel.is_up:
            raise  # the caller hung up
    return None


if __name__ == "__main__":
    Outbound(handler, "127.0.0.1", 5000).start()

"""Callers in line hear where they stand: what docs/guides/scripts.md shows is played with this."""

from eslsync import Session

waiting: list[str] = []


def handler(session: Session) -> None:
    session.channel.answer()
    waiting.append(session.uuid)
    told = 0
    try:
        while True:
            position = waiting.index(session.uuid) + 1
            if position != told:
                session.channel.playback(f"queue/you-are-{position}")
            told = position
            session.channel.sleep(1.0)
    finally:
        waiting.remove(session.uuid)

"""A survey: two questions in a counted loop, each asked twice at most; answers are kept."""

from __future__ import annotations

import logging

from eslsync import Hangup, Session

QUESTIONS = ["survey/friendly", "survey/quick"]


def handler(session: Session) -> None:
    channel = session.channel
    answers: list[str] = []
    channel.answer()
    try:
        channel.playback("survey/welcome")
        for question in QUESTIONS:
            for _ in range(2):
                key = channel.get_digits(question, regexp="[1-5]", tries=1)
                if key:
                    answers.append(key)
                    break
                channel.playback("survey/please_press_1_to_5")
        if answers and min(answers) < "3":
            channel.playback("survey/sorry")
        channel.playback("survey/thanks")
        channel.hangup()
    except Hangup:
        logging.getLogger(__name__).info("left after %d answers", len(answers))
    finally:
        save(session.uuid, answers)


def save(uuid: str, answers: list[str]) -> None:
    """Keep the answers, of callers who hang up early too."""
    logging.getLogger(__name__).info("%s: %s", uuid, answers)

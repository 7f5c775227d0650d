"""Handlers that several tests of `explore` share."""

from __future__ import annotations

from eslsync import Session
from simulator import Exploration
from simulator.exploring.pictures import NoGraphviz
from tests.support.places import ROOT

FAULTY = ROOT / "tests" / "support" / "faulty_ivr.py"
#: Keys that the handlers here know, and one that they don't.
KEYS = "12*"


def found(exploration: Exploration) -> list[str]:
    """The kinds of the findings, in order."""
    return [finding.kind for finding in exploration.findings]


def asks_for_ever(session: Session) -> None:
    session.channel.answer()
    while True:
        key = session.channel.get_digits("menu")
        session.channel.playback("one" if key == "1" else "other")


def only_routes(session: Session) -> None:
    session.channel.set("account", "42")


def takes_no_notice_of_others(session: Session) -> None:
    """Bridge without looking at what the caller wants."""
    session.channel.answer()
    if session.channel.bridge("user/1000", ring_timeout=10).answered:
        session.channel.playback("goodbye")
    else:
        session.channel.playback("nobody-there")
    session.channel.hangup()


# What callers come to


def prompts(exploration: Exploration) -> set[str]:
    """The prompts that callers come to."""
    return {node.situation.prompt for node in exploration.nodes if node.situation.prompt}


def has_three_tries(session: Session) -> None:
    channel = session.channel
    channel.answer()
    for _ in range(3):
        if channel.play_and_get_digits("menu", regexp="[12]", invalid_file="wrong"):
            channel.playback("thanks")
            break
    else:
        channel.playback("too-often")
    channel.hangup()


def without_graphviz(drawn: object, title: str) -> str:
    """Stands for `as_flowchart` where Graphviz is missing."""
    raise NoGraphviz

"""A call drawn as a ladder: caller, switch and app, and what went between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from eslsync.message import CommandReply, Event
from eslsync.protocol import Command

from .transcript import Entry, Party

__all__ = ["draw"]

#: Columns between two lifelines.
WIDTH = 34

#: Events that a reader of a ladder learns something from; the rest is in the transcript.
SHOWN = frozenset({"DTMF", "CHANNEL_HANGUP_COMPLETE", "BACKGROUND_JOB", "CUSTOM"})

Style = Callable[[str, Party], str]


def draw(entries: Iterable[Entry], *, style: Style = lambda text, sender: text) -> str:
    """The ladder as lines of text, with the seconds since the call began at the left.

    ``style(text, sender)`` may colour what a party says; it must not change its width.
    """
    gap = " " * (WIDTH - 6)
    lines = [f"{'':10}caller{gap}switch{gap}{'app':^6}".rstrip()]
    previous = None
    for entry in shown(entries):
        time = f"{entry.time:8.3f}"
        stamp = time if time != previous else " " * 8
        previous = time
        lines.append(f"{stamp}  {rungs(entry, style)}".rstrip())
    return "\n".join(lines)


def shown(entries: Iterable[Entry]) -> list[Entry]:
    """What the ladder shows: commands in a row as one, and of what the switch says the news."""
    kept: list[Entry] = []
    for entry in entries:
        message = entry.message
        if isinstance(message, CommandReply) and message.ok:
            continue
        if isinstance(message, Event) and not isinstance(message, CommandReply):
            text = news(message)
            if text is None:
                continue
            entry = Entry(entry.time, entry.sender, entry.receiver, text, message)
        if isinstance(message, Command):
            last = kept[-1] if kept else None
            if (
                last is not None
                and isinstance(last.message, Command)
                and is_plain(last.message)
                and is_plain(message)
            ):
                words = f"{last.text}, {first_word(entry.text)}"
                kept[-1] = Entry(last.time, last.sender, last.receiver, words, message)
                continue
            if is_plain(message) and first_word(entry.text) == "connect":
                entry = Entry(entry.time, entry.sender, entry.receiver, "connect", message)
        kept.append(entry)
    return kept


def is_plain(command: Command) -> bool:
    """One of the commands that prepare a connection?"""
    return first_word(command.line) in ("connect", "linger", "filter", "event", "myevents")


def first_word(text: str) -> str:
    return text.split(" ", 1)[0].lower()


def news(event: Event) -> str | None:
    """An event in a few words; None for one that says nothing new to the reader."""
    name = event.name
    if name == "CHANNEL_EXECUTE_COMPLETE":
        if event.get("Application") == "socket":
            return None
        response = event.get("Application-Response", "_none_")
        said = "" if response == "_none_" else f": {response}"
        return f"{event.get('Application')} completed{said}"
    if name == "DTMF":
        return f"DTMF {event.get('DTMF-Digit')}"
    if name == "CHANNEL_HANGUP_COMPLETE":
        return f"{name} {event.get('Hangup-Cause')}"
    return name if name in SHOWN else None


def rungs(entry: Entry, style: Style) -> str:
    """One line of the ladder: an arrow between two of the three lifelines."""
    left = {"caller", "switch"} == {entry.sender, entry.receiver}
    to_the_right = entry.sender == ("caller" if left else "switch")
    arrow = style(label(entry.text, to_the_right), entry.sender)
    empty = " " * (WIDTH - 1)
    inner = f"│{arrow}│{empty}│" if left else f"│{empty}│{arrow}│"
    return f"   {inner}"


def label(text: str, to_the_right: bool) -> str:
    room = WIDTH - 1 - 4
    if len(text) > room:
        text = text[: room - 1] + "…"
    text = text.encode("utf-8", "replace").decode()
    dashes = "─" * (room - len(text))
    return f"─ {text} {dashes}▶" if to_the_right else f"◀{dashes} {text} ─"

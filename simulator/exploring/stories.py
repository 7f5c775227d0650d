"""The story of a call: what the caller heard and did, and what became of the call, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..calling.line import Line

__all__ = ["Happening", "HappeningKind", "Story", "ended", "so_far", "story_of"]

#: What can happen; "ended" is a hangup by neither the caller nor the handler.
HappeningKind = Literal[
    "hears", "presses", "enters", "says", "answered", "bridged", "transferred", "recording",
    "recorded", "hung up by us", "given back", "ended",
]  # fmt: skip
#: Channel events that a story has, and their names there.
EVENTS: dict[str, HappeningKind] = {
    "CHANNEL_ANSWER": "answered",
    "RECORD_START": "recording",
    "RECORD_STOP": "recorded",
}


@dataclass(frozen=True)
class Happening:
    """One thing in a story."""

    what: HappeningKind
    name: str = ""  #: the prompt, key, digits, words, far end or extension
    #: True for a file that is played as one with those before.
    goes_on: bool = False


Story = tuple[Happening, ...]


def story_of(line: Line) -> Story:
    """The story of a call so far, without its end."""
    told: list[tuple[int, int, Happening]] = [
        *((at, 1, Happening("presses", key)) for at, key in line.pressed),
        *((at, 1, Happening("says", words)) for at, words in line.said),
        *((at, 1, Happening("bridged", whom)) for at, whom in line.joined),
    ]
    whole = True  # a prompt of one file, or the first of several
    for prompt in line.prompts:
        if prompt.told:
            goes_on = prompt.heard.is_piece and not whole
            told.append((prompt.began, 0, Happening("hears", prompt.name, goes_on)))
        whole = not prompt.told
    log = iter(line.channel.app_log)
    for at, name in line.fired:
        if name in EVENTS:
            told.append((at, 0, Happening(EVENTS[name])))
        elif name == "transfer":
            data = next((data for application, data in log if application == name), "")
            told.append((at, 0, Happening("transferred", data.partition(" ")[0])))
    told.sort(key=lambda each: each[:2])
    return tuple(happening for _, _, happening in told)


def so_far(line: Line) -> int:
    """The length of the story so far."""
    return (
        sum(prompt.told for prompt in line.prompts)
        + len(line.pressed)
        + len(line.said)
        + len(line.joined)
        + sum(name in EVENTS or name == "transfer" for _, name in line.fired)
    )


def ended(how: str, line: Line) -> Story:
    """The end of a call, as `CallEnd` has it; nothing for one that is a finding by itself."""
    if how in ("given back", "left", "sent"):
        return (Happening("given back"),)
    if how != "hangup":
        return ()
    ours = any(name == "hangup" for _, name in line.fired) or any(
        sender == "app" and isinstance(what, bytes) and b"call-command: hangup" in what
        for _, sender, _, what in line.transcript.entries_raw
    )
    return (Happening("hung up by us" if ours else "ended"),)

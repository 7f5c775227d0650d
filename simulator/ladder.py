"""A call drawn as a ladder: caller, switch and app, and what went between them.

The bar at the left of the caller's line is what the caller hears: a prompt begins, plays, is
paused while another plays inside it (further left), goes on, ends or is cut. Where half a
second or more passes, the lines are broken and say how much.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from eslsync.message import ApiResponse, CommandReply, Event
from eslsync.protocol import Command

from .arguments import separate
from .transcript import Entry, Party

__all__ = ["ASCII", "BOX", "Glyphs", "Kind", "Style", "draw"]

#: Columns of a ladder, where nobody says how many there are.
WIDTH = 100
#: Columns that a lane between two lifelines has at the least.
NARROWEST = 18
#: Lines that a text may take before it is cut; and one that names several files to play.
MAX_LINES = 4
MAX_LINES_OF_FILES = 2
#: Seconds in which nothing happens, from which on the ladder shows that they pass.
PAUSE = 0.5

#: What a piece of a ladder is, for those who colour it.
Kind = Literal["caller", "switch", "app", "problem", "line", "time", "prompt"]
Style = Callable[[str, Kind], str]

#: Where the name of the variable with the digits stands among an application's arguments.
RESULT_NAMED_BY = {"play_and_get_digits": 7, "read": 3}

UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

#: Several files, played as one.
FILES = re.compile(r"file_string://(\S+)")

#: What the switch says that ends in words of trouble: drawn as such.
TROUBLE = ("-ERR", "FILE NOT FOUND", "PLAYBACK ERROR")


@dataclass(frozen=True)
class Glyphs:
    """The characters that a ladder is drawn with."""

    line: str
    life: str  #: a lifeline
    broken: str  #: a lifeline along which time passes
    to_left: str
    to_right: str
    from_left: str
    from_right: str
    begins: str
    plays: str
    paused: str
    ends: str
    cut: str
    trouble: str
    ellipsis: str

    def __str__(self) -> str:
        return "".join(vars(self).values())


BOX = Glyphs("─", "│", "┊", "◀", "▶", "├", "┤", "┏", "┃", "┆", "┗", "┻", "■", "…")
ASCII = Glyphs("-", "|", ":", "<", ">", "|", "|", "+", "#", ":", "+", "x", "x", "...")


def draw(
    entries: Iterable[Entry],
    *,
    width: int = WIDTH,
    glyphs: Glyphs = BOX,
    style: Style = lambda text, kind: text,
) -> str:
    """The ladder as lines of text, with the seconds since the call began at the left.

    It takes up to ``width`` columns, fewer where the texts are short. ``style(text, kind)`` may
    colour a piece; it must not change how wide it is.
    """
    return "\n".join(Ladder(shown(entries), width, glyphs, style).lines())


# What is shown


def shown(entries: Iterable[Entry]) -> list[Entry]:
    """What the ladder shows: commands in a row as one, and of what the switch says the news."""
    kept: list[Entry] = []
    hung_up = False
    for entry in entries:
        message = entry.message
        if isinstance(message, CommandReply):
            if message.ok:
                continue
        elif isinstance(message, ApiResponse):
            if UUID.fullmatch(message.text.strip()):
                continue  # of create_uuid: the next commands have it
            entry = replace(entry, text=with_names(entry, entry.text))
        elif isinstance(message, Event):
            text = news(message)
            if text is None:
                continue
            entry = replace(entry, text=text if entry.leg is None else f"{text} on {entry.leg}")
        elif isinstance(message, Command):
            text = entry.text.removeprefix("execute ")
            if entry.leg is not None:
                text = f"{text.rpartition(' (on ')[0]} on {entry.leg}"
            if is_preparation(message):
                text = first_word(text.removeprefix("api "))
                last = kept[-1].message if kept else None
                if isinstance(last, Command) and is_preparation(last):
                    if not kept[-1].text.endswith(text):
                        kept[-1] = replace(kept[-1], text=f"{kept[-1].text}, {text}")
                    continue
            entry = replace(entry, text=with_names(entry, text))
        elif entry.text.startswith("hangs up") and "caller" in (entry.sender, entry.receiver):
            if hung_up:
                continue  # the switch tells the caller, who knows
            hung_up = True
        elif kept and kept[-1].text == f"resumes {entry.text.removeprefix('cuts ')}":
            kept.pop()  # it was on again for no time
        kept.append(entry)
    return kept


def is_preparation(command: Command) -> bool:
    """One of the commands that prepare a connection, or what comes next?"""
    if command.line == "api create_uuid":
        return True
    return first_word(command.line) in ("connect", "linger", "filter", "event", "myevents")


def with_names(entry: Entry, text: str) -> str:
    """The text, with the names of legs instead of their uuids."""
    for uuid, name in entry.legs.items():
        text = text.replace(f"origination_uuid={uuid},", "").replace(uuid, name)
    return text


def first_word(text: str) -> str:
    return text.split(" ", 1)[0].lower()


def news(event: Event) -> str | None:
    """An event in a few words; None for one that says nothing new to the reader."""
    name = event.name
    if name == "CHANNEL_EXECUTE_COMPLETE":
        return completion(event)
    if name == "DTMF":
        return f"DTMF {event.get('DTMF-Digit')}"
    if name in ("CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE"):
        return f"{name} {event.get('Hangup-Cause')}"
    if name == "CHANNEL_BRIDGE":
        return f"{name} {event.get('Other-Leg-Channel-Name', '')}".rstrip()
    if name == "CUSTOM":
        return f"{name} {event.get('Event-Subclass', '')}".rstrip()
    return name if name in ("BACKGROUND_JOB", "CHANNEL_UNBRIDGE") else None


def completion(event: Event) -> str | None:
    application = event.get("Application", "")
    if application in ("socket", "hangup"):
        return None
    said = event.get("Application-Response", "_none_")
    if said == "_none_":
        said = ""
    if application == "bridge":
        said = said or event.get("variable_originate_disposition", "")
    elif application in RESULT_NAMED_BY:
        words = separate(event.get("Application-Data", ""), " ", 20)
        name = "".join(words[RESULT_NAMED_BY[application] :][:1])
        if name:
            value = event.get(f"variable_{name}")
            said = f"{name} is not set" if value is None else f"{name}={value}"
    return f"{application} completed" + (f": {said}" if said else "")


# How it is drawn


@dataclass
class Prompt:
    name: str
    state: str = "begins"


class Ladder:
    """One drawing."""

    def __init__(self, entries: list[Entry], width: int, glyphs: Glyphs, style: Style) -> None:
        self.entries = entries
        self.glyphs = glyphs
        self.style = style
        #: by how deep they are nested; None where that place is free again
        self.prompts: list[Prompt | None] = []
        self.depth = self._deepest()
        self.left, self.right = self._lanes(width)

    def _deepest(self) -> int:
        deepest = 1
        for entry in self.entries:
            self._follow(entry)
            deepest = max(deepest, len(self.prompts))
            self._settle()
        self.prompts.clear()
        return deepest

    def _lanes(self, width: int) -> tuple[int, int]:
        """How wide the lanes are: what the texts want, or a fair share of what there is."""
        wanted = {True: NARROWEST, False: NARROWEST}
        for entry in self.entries:
            lane = is_left(entry)
            wanted[lane] = max(wanted[lane], columns(self._words(entry)) + 6)
        # three lines, and one column for the half of "app" that stands out
        there_is = width - len(self._stamp(0.0)) - self.depth - 3 - 1
        left = min(wanted[True], max(there_is - wanted[False], there_is * 2 // 5, NARROWEST))
        return left, min(wanted[False], max(there_is - left, NARROWEST))

    def lines(self) -> Iterator[str]:
        ahead = len(self._stamp(0.0)) + self.depth
        names = [(ahead, "caller"), (ahead + self.left + 1, "switch")]
        line = "s".rjust(len(self._stamp(0.0).rstrip()))
        for column, name in [*names, (ahead + self.left + self.right + 2, "app")]:
            line = line.ljust(column - (len(name) - 1) // 2) + name
        yield line
        previous: float | None = None
        for entry in self.entries:
            passed = 0.0 if previous is None else entry.time - previous
            if passed >= PAUSE:
                yield self._pause(passed)
            moment = None if same_time(entry.time, previous) else entry.time
            self._follow(entry)
            if entry.text.startswith("pauses ") and is_prompt(entry):
                continue  # the prompt that begins now tells it
            previous = entry.time
            yield from self._rung(entry, self._stamp(moment))
            self._settle()

    def _stamp(self, time: float | None) -> str:
        return " " * 11 if time is None else f"{time:9.3f}  "

    # Prompts

    def _follow(self, entry: Entry) -> None:
        """Keep the bars of what is heard."""
        if not is_prompt(entry):
            return
        verb, _, name = entry.text.partition(" ")
        if verb == "plays":
            self.prompts.append(Prompt(name))
            return
        for prompt in reversed(self.prompts):
            if prompt is not None and prompt.name == name:
                states = {"pauses": "paused", "resumes": "plays", "ends": "ends", "cuts": "cut"}
                prompt.state = states[verb]
                return

    def _settle(self) -> None:
        """What has begun plays on; what has ended is gone."""
        for index, prompt in enumerate(self.prompts):
            if prompt is not None and prompt.state == "begins":
                prompt.state = "plays"
            elif prompt is not None and prompt.state in ("ends", "cut"):
                self.prompts[index] = None
        while self.prompts and self.prompts[-1] is None:
            self.prompts.pop()

    def _bars(self) -> str:
        bars = [getattr(self.glyphs, p.state) if p else " " for p in reversed(self.prompts)]
        return self._styled("".join(bars).rjust(self.depth), "prompt")

    # Lines

    def _styled(self, text: str, kind: Kind) -> str:
        return self.style(text, kind) if text.strip() else text

    def _line(self, stamp: str, lives: str, left: str, right: str) -> str:
        caller, switch, app = (self._styled(life, "line") for life in lives)
        return f"{self._styled(stamp, 'time')}{self._bars()}{caller}{left}{switch}{right}{app}"

    def _pause(self, seconds: float) -> str:
        text = f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.1f} min"
        middle = self._styled(text, "time") + " " * (self.left - len(text) - 3)
        return self._line(
            self._stamp(None), self.glyphs.broken * 3, f"   {middle}", " " * self.right
        )

    def _rung(self, entry: Entry, stamp: str) -> Iterator[str]:
        glyphs = self.glyphs
        left = is_left(entry)
        lane = self.left if left else self.right
        most = MAX_LINES
        if FILES.search(entry.text):
            most = 1 if is_prompt(entry) else MAX_LINES_OF_FILES
        lines = self._wrapped(self._words(entry), lane - 6, most)
        kind = self._kind(entry)
        arrow = not is_prompt(entry) or entry.text.startswith("plays ")
        lives = [glyphs.life] * 3
        for number, text in enumerate(lines):
            first = number == 0
            text = f" {text} "
            rest = lane - columns(text)
            if entry.sender == entry.receiver:
                mark = glyphs.trouble if first and kind == "problem" else " "
                drawn = " " * (rest - 2) + text + f"{mark} "
            elif not (first and arrow):
                drawn = "  " + text + " " * (rest - 2)
            elif entry.sender == ("caller" if left else "switch"):
                drawn = glyphs.line + text + glyphs.line * (rest - 2) + glyphs.to_right
                lives[0 if left else 1] = glyphs.from_left
            else:
                drawn = glyphs.to_left + glyphs.line + text + glyphs.line * (rest - 2)
                lives[1 if left else 2] = glyphs.from_right
            drawn = self._styled(drawn, kind)
            lanes = (drawn, " " * self.right) if left else (" " * self.left, drawn)
            yield self._line(stamp if first else self._stamp(None), "".join(lives), *lanes)
            lives = [glyphs.life] * 3
            self._settle()

    def _words(self, entry: Entry) -> str:
        text = entry.text
        if is_prompt(entry):
            verb, _, name = text.partition(" ")
            said = {"ends": "end of ", "cuts": "cut: ", "resumes": "on with "}
            text = said.get(verb, "") + name
        text = FILES.sub(lambda found: in_short(found[1].split("!")), text)
        text = "".join(char if char.isprintable() else " " for char in text)
        if self.glyphs is ASCII:
            text = text.encode("ascii", "replace").decode()
        return text

    def _wrapped(self, text: str, room: int, most: int) -> list[str]:
        """The text in lines, broken at blanks, long words at slashes, or wherever they must."""
        pieces: list[str] = []
        for word in re.findall(r"\s+|\S+", text):
            pieces += [word] if columns(word) <= room else re.findall(r"[^/]*/|[^/]+", word)
        lines = [""]
        for piece in pieces:
            if columns(lines[-1] + piece) > room and lines[-1]:
                lines.append("")
            for char in piece if lines[-1] else piece.lstrip():
                if columns(lines[-1] + char) > room:
                    lines.append("")
                lines[-1] += char
        if len(lines) > most:
            del lines[most:]
            while columns(lines[-1] + self.glyphs.ellipsis) > room:
                lines[-1] = lines[-1][:-1]
            lines[-1] += self.glyphs.ellipsis
        return [line.rstrip() for line in lines]

    def _kind(self, entry: Entry) -> Kind:
        if entry.sender == "app" == entry.receiver and entry.text.startswith("raises "):
            return "problem"
        if entry.sender == "switch" and any(word in entry.text for word in TROUBLE):
            return "problem"
        return "prompt" if is_prompt(entry) else entry.sender


def in_short(files: Iterable[str]) -> str:
    """Files that are played in a row: without suffixes, and a folder's name only once."""
    said: list[str] = []
    last = ""
    for file in files:
        folder, slash, name = file.rpartition("/")
        stem = name.rpartition(".")[0] or name
        said.append(stem if folder == last else f"{folder}{slash}{stem}")
        last = folder
    return " + ".join(said)


def is_left(entry: Entry) -> bool:
    """Between caller and switch? (What happens on other legs stands at the switch there.)"""
    return "caller" in (entry.sender, entry.receiver) or entry.sender == "switch" == entry.receiver


def is_prompt(entry: Entry) -> bool:
    """Does it tell of a prompt that the caller hears?"""
    party: tuple[Party, Party] = (entry.sender, entry.receiver)
    verbs = ("plays", "pauses", "resumes", "ends", "cuts")
    return party == ("switch", "caller") and entry.text.split(" ", 1)[0] in verbs


def same_time(one: float, other: float | None) -> bool:
    return other is not None and f"{one:.3f}" == f"{other:.3f}"


def columns(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(
        0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in text
    )

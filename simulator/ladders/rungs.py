"""What a ladder shows of a call: its rungs, whatever they are drawn with.

Commands that prepare are told in one, and of what the switch says the news. The rungs are a
transcript's entries, with other words; `Span` says between which lifelines each of them is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from eslsync.protocol import ApiResponse, AuthRequest, Command, CommandReply, Event, LogData
from eslsync.wire.declared import declared

from .transcript import CALLER, Entry, Party

__all__ = ["ANY_UUID", "PAUSE", "Prompts", "RungKind", "Span", "shown", "span", "words", "wrapped"]

#: Seconds in which nothing happens, from which on a ladder shows that they pass.
PAUSE = 0.5
#: A dial string's variables are told up to that length.
VARIABLES = 24
#: Characters of a text that are looked at; none has room for so many.
LONGEST = 2000
#: Lines of the switch's log that are shown in a row.
LOG_LINES = 3

#: Commands that prepare a connection, or what comes next.
PREPARE = ("connect", "linger", "filter", "event", "myevents")

#: What a piece of a ladder is, for those who colour it.
RungKind = Literal["caller", "switch", "app", "problem", "line", "time", "prompt"]

ANY_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

#: One of an application's arguments, which quotes hold together.
ARGUMENT = re.compile(r"(?:\\.|'(?:\\.|[^'\\])*'|[^ '\\])+")

#: How a line of the switch's log begins: its time, and how idle the machine is.
LOG_HEAD = re.compile(r"^[\d-]+ [\d:.]+ [\d.]+% ")

#: Several files, played as one.
FILES = re.compile(r"file_string://(\S+)")

#: Events whose name says what there is to know.
TOLD = (
    "CHANNEL_UNBRIDGE",
    "CHANNEL_HOLD",
    "CHANNEL_UNHOLD",
    "CHANNEL_TRANSFER",
    "HEARTBEAT",
    "RECORD_START",
    "RECORD_STOP",
    "SESSION_HEARTBEAT",
    "SHUTDOWN",
)

#: What the switch says that ends in words of trouble: drawn as such.
TROUBLE = ("-ERR", "FILE NOT FOUND", "PLAYBACK ERROR")


def shown(entries: Iterable[Entry]) -> list[Entry]:
    """What the ladder shows: commands in a row as one, and of what the switch says the news."""
    kept: list[Entry] = []
    prepared: Entry | None = None  # the last command, where it only prepares
    hung_up = False
    logged = 0
    for entry in entries:
        message, text = entry.message, told(entry)
        if text is None:
            continue
        if isinstance(message, Command):
            prepared = entry if is_preparation(message) else None
            if prepared is not None:
                last = kept[-1].message if kept else None
                if isinstance(last, Command) and is_preparation(last):
                    if not kept[-1].text.endswith(text):
                        kept[-1] = replace(kept[-1], text=f"{kept[-1].text}, {text}")
                    continue
        elif isinstance(message, CommandReply):
            if not message.ok and prepared and isinstance(kept[-1].message, Command):
                tell_whole(kept, prepared)
        elif isinstance(message, LogData):
            logged += 1
            if logged > LOG_LINES:
                continue
            text += ", and more" if logged == LOG_LINES else ""
        elif text.startswith("hangs up") and "caller" in (entry.sender, entry.receiver):
            if hung_up:
                continue  # the switch tells the caller, who knows
            hung_up = True
        elif kept and kept[-1].text == f"resumes {text.removeprefix('cuts ')}":
            kept.pop()  # it was on again for no time
        kept.append(replace(entry, text=text))
    return kept


def told(entry: Entry) -> str | None:
    """An entry in a few words; None for one that says nothing new to the reader."""
    message = entry.message
    text: str | None = entry.text
    if isinstance(message, Command):
        text = entry.text.removeprefix("execute ")
        if is_preparation(message):
            text = first_word(text.removeprefix("api "))
        elif entry.leg is not None:
            text = f"{text.rpartition(' (on ')[0]} on {entry.leg}"
    elif isinstance(message, CommandReply):
        text = None if message.text.startswith("+OK") else in_a_line(message.text)
    elif isinstance(message, ApiResponse):
        first, *more = message.text.split("\n") or [""]
        text = in_a_line(first) + (" …" if more else "") or "(nothing)"
        if ANY_UUID.fullmatch(text):
            text = None  # of create_uuid: the next commands have it
    elif isinstance(message, LogData):
        text = f"log: {LOG_HEAD.sub('', in_a_line(message.body))}"
    elif isinstance(message, AuthRequest):
        text = "auth/request"
    elif isinstance(message, Event):
        text = news(message)
        if text is not None and entry.leg is not None:
            text = f"{text} on {entry.leg}"
    return text if text is None or message is None else with_names(entry, text)


def tell_whole(kept: list[Entry], prepared: Entry) -> None:
    """A command that was refused: what it was is of interest then."""
    others, comma, _ = kept[-1].text.rpartition(", ")
    kept.pop()
    if comma:
        kept.append(replace(prepared, text=others))
    kept.append(replace(prepared, text=with_names(prepared, prepared.text)))


def is_preparation(command: Command) -> bool:
    """One of the commands that prepare a connection, or what comes next?"""
    if command.line == "api create_uuid":
        return True
    return first_word(command.line) in PREPARE


def with_names(entry: Entry, text: str) -> str:
    """The text, with the names of legs instead of their uuids."""
    for uuid, name in entry.legs.items():
        text = text.replace(f"origination_uuid={uuid},", "").replace(uuid, name)
    return re.sub(rf"[{{\[][^{{}}\[\]]{{{VARIABLES},}}[}}\]](?=\w+/)", "{…}", text)


def in_a_line(text: str) -> str:
    return " ".join(text.split())


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
        subclass = event.get("Event-Subclass", "")
        return " ".join(filter(None, (subclass or name, event.get("Action"))))
    if name == "BACKGROUND_JOB":
        return f"{name} {in_a_line(event.body)}".rstrip()
    return name if name in TOLD else None


def completion(event: Event) -> str | None:
    application = event.get("Application", "")
    variable = declared(application).place("variable")
    if application in ("socket", "hangup"):
        return None
    said = event.get("Application-Response", "_none_")
    if said == "_none_":
        said = ""
    if application == "bridge":
        said = said or event.get("variable_originate_disposition", "")
    elif variable is not None:
        arguments = ARGUMENT.findall(event.get("Application-Data", ""))
        name = "".join(arguments[variable : variable + 1])
        if name:
            value = event.get(f"variable_{name}")
            said = f"{name} is not set" if value is None else f"{name}={value}"
    return f"{application} completed" + (f": {said}" if said else "")


# Where it stands


class Span(NamedTuple):
    """Between which lifelines something happens: from one to another, or at one."""

    start: str
    end: str
    text: str
    mutual: bool = False  #: they do it to each other


def span(entry: Entry) -> Span:
    """Where an entry of `shown` stands, where other legs have lifelines of their own."""
    text = words(entry)
    others = sorted(set(entry.legs.values()) - {CALLER}, key=len, reverse=True)
    if entry.text.startswith("bridged to ") and entry.receiver == "caller":
        other = entry.text.removeprefix("bridged to ")
        if other in others:
            return Span("caller", other, "bridged", mutual=True)
    if not entry.sender == entry.receiver == "switch":
        return Span(entry.sender, entry.receiver, text)
    for leg in others:
        if not text.startswith(f"{leg} "):
            continue
        does = text.removeprefix(f"{leg} ")
        if does.startswith("is bridged to "):
            other = does.removeprefix("is bridged to ")
            return Span(leg, other if other in others else "switch", "bridged", mutual=True)
        if does.startswith("hears "):
            return Span("switch", leg, does.removeprefix("hears "))
        return Span(leg, "switch", does)
    for leg in others:
        if leg in text:
            return Span("switch", leg, " ".join(text.replace(leg, "").split()))
    return Span("switch", "switch", text)


def is_left(entry: Entry) -> bool:
    """Between caller and switch? (Without lifelines of their own, other legs are at the switch.)"""
    return "caller" in (entry.sender, entry.receiver) or entry.sender == "switch" == entry.receiver


def kind_of(entry: Entry) -> RungKind:
    if entry.sender == "app" == entry.receiver and entry.text.startswith("raises "):
        return "problem"
    if entry.sender == "switch" and any(word in entry.text for word in TROUBLE):
        return "problem"
    return "prompt" if is_prompt(entry) else entry.sender


def same_time(one: float, other: float | None) -> bool:
    return other is not None and f"{one:.3f}" == f"{other:.3f}"


# Prompts


def is_prompt(entry: Entry) -> bool:
    """Does it tell of a prompt that the caller hears?"""
    party: tuple[Party, Party] = (entry.sender, entry.receiver)
    verbs = ("plays", "pauses", "resumes", "ends", "cuts")
    return party == ("switch", "caller") and entry.text.split(" ", 1)[0] in verbs


@dataclass
class Prompt:
    """One that plays, or is paused."""

    name: str
    state: str = "begins"


class Prompts:
    """What the caller hears, as the entries tell it one by one."""

    def __init__(self) -> None:
        #: by how deep they are nested; None where that place is free again
        self.playing: list[Prompt | None] = []

    @classmethod
    def deepest(cls, entries: Iterable[Entry]) -> int:
        """How many are ever nested; at least 1."""
        prompts, deepest = cls(), 1
        for entry in entries:
            prompts.follow(entry)
            deepest = max(deepest, len(prompts.playing))
            prompts.settle()
        return deepest

    def follow(self, entry: Entry) -> None:
        if not is_prompt(entry):
            return
        verb, _, name = entry.text.partition(" ")
        if verb == "plays":
            self.playing.append(Prompt(name))
            return
        for prompt in reversed(self.playing):
            if prompt is not None and prompt.name == name:
                states = {"pauses": "paused", "resumes": "plays", "ends": "ends", "cuts": "cut"}
                prompt.state = states[verb]
                return

    def settle(self) -> None:
        """What has begun plays on; what has ended is gone."""
        for index, prompt in enumerate(self.playing):
            if prompt is not None and prompt.state == "begins":
                prompt.state = "plays"
            elif prompt is not None and prompt.state in ("ends", "cut"):
                self.playing[index] = None
        while self.playing and self.playing[-1] is None:
            self.playing.pop()


# Words


def words(entry: Entry) -> str:
    """An entry's text, to be read beside its line."""
    text = entry.text
    if is_prompt(entry):
        verb, _, name = text.partition(" ")
        said = {"ends": "end of ", "cuts": "cut: ", "resumes": "on with "}
        text = said.get(verb, "") + name
    text = FILES.sub(lambda found: in_short(found[1].split("!")), text)
    return "".join(char if char.isprintable() else " " for char in text[:LONGEST])


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


def wrapped(
    text: str, room: float, most: int, width: Callable[[str], float], ellipsis: str
) -> list[str]:
    """The text in lines, broken at blanks, long words at / and commas, or wherever they must."""
    pieces: list[str] = []
    for word in re.findall(r"\s+|\S+", text):
        pieces += [word] if width(word) <= room else re.findall(r"[^/,]*[/,]|[^/,]+", word)
    lines = [""]
    for piece in pieces:
        if width(lines[-1] + piece) > room and lines[-1]:
            lines.append("")
        for char in piece if lines[-1] else piece.lstrip():
            if width(lines[-1] + char) > room:
                lines.append("")
            lines[-1] += char
    if len(lines) > most:
        del lines[most:]
        while width(lines[-1] + ellipsis) > room:
            lines[-1] = lines[-1][:-1]
        lines[-1] += ellipsis
    return [line.rstrip() for line in lines]

"""The rungs of a ladder, in any format: the part of a call that it shows.

Rungs are a transcript's entries in fewer words, without those that say nothing new; commands
that only prepare share a rung. A `Span` gives the lifelines that a rung connects.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from eslsync.protocol import ApiResponse, AuthRequest, Command, CommandReply, Event, LogData
from eslsync.wire.declared import declared
from eslsync.wire.shown import printable

from .transcript import CALLER, Entry, LookUp, Party

__all__ = ["ANY_UUID", "PAUSE", "Prompts", "RungKind", "Span", "shown", "span", "words", "wrapped"]

#: Minimum seconds of a silence that a ladder shows.
PAUSE = 0.5
#: Maximum characters shown of a dial string's variables.
VARIABLES = 24
#: Maximum characters shown of a text.
LONGEST = 2000
#: Maximum lines shown of the switch's log.
LOG_LINES = 3

#: Commands that only prepare a connection, or later commands.
PREPARE = ("connect", "linger", "filter", "event", "myevents")

#: The kind of a piece of a ladder, which may decide its colour.
RungKind = Literal["caller", "switch", "app", "problem", "line", "time", "prompt"]

ANY_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

#: One word of an application's argument; quotes hold it together.
ARGUMENT = re.compile(r"(?:\\.|'(?:\\.|[^'\\])*'|[^ '\\])+")

#: The beginning of a line of the switch's log: its time, and the machine's idle share.
LOG_HEAD = re.compile(r"^[\d-]+ [\d:.]+ [\d.]+% ")

#: Several files played in a row.
FILES = re.compile(r"file_string://(\S+)")

#: Events described by their name alone.
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

#: Words of the switch that mark a rung as a problem.
TROUBLE = ("-ERR", "FILE NOT FOUND", "PLAYBACK ERROR", "no application '", "nobody listens on")
#: How a rung of the app begins that is a problem.
WRONG = ("raises ", "drops ", "resets ", "closes ", "speaks ", "sends nothing")


def shown(entries: Iterable[Entry]) -> list[Entry]:
    """The rungs of a ladder: entries with news, and preparing commands joined into one."""
    kept: list[Entry] = []
    prepared: Entry | None = None  # the last command, if it only prepares
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
                continue  # the caller has hung up, and the switch repeats it
            hung_up = True
        elif kept and kept[-1].text == f"resumes {text.removeprefix('cuts ')}":
            kept.pop()  # it continued for no time
        kept.append(replace(entry, text=text))
    return [
        each
        if each.text.isprintable()
        else replace(each, text=printable(" ".join(each.text.split())))
        for each in kept
    ]


def told(entry: Entry) -> str | None:
    """An entry in a few words; None if it says nothing new to the reader."""
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
            text = None  # the answer to create_uuid appears in the next commands
    elif isinstance(message, LogData):
        text = f"log: {LOG_HEAD.sub('', in_a_line(message.body))}"
    elif isinstance(message, AuthRequest):
        text = "auth/request"
    elif isinstance(message, Event):
        text = news(message)
        if text is not None and entry.leg is not None:
            text = f"{text} on {entry.leg}"
    if text is None or message is None or isinstance(message, LookUp):
        return text
    return with_names(entry, text)


def tell_whole(kept: list[Entry], prepared: Entry) -> None:
    """Show a command in full, because it was refused."""
    others, comma, _ = kept[-1].text.rpartition(", ")
    kept.pop()
    if comma:
        kept.append(replace(prepared, text=others))
    kept.append(replace(prepared, text=with_names(prepared, prepared.text)))


def is_preparation(command: Command) -> bool:
    """True if the command only prepares a connection, or later commands."""
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
    """An event in a few words; None if it says nothing new to the reader."""
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


# Lifelines


class Span(NamedTuple):
    """The lifelines that a rung connects; the same one twice for an event at one lifeline."""

    start: str
    end: str
    text: str
    mutual: bool = False  #: True for an arrow with two heads


def span(entry: Entry) -> Span:
    """The lifelines of a rung in a drawing that has one for each other leg."""
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
    """True if a rung is between caller and switch, in a drawing without other lifelines."""
    return "caller" in (entry.sender, entry.receiver) or entry.sender == "switch" == entry.receiver


def kind_of(entry: Entry) -> RungKind:
    if entry.sender == "app" == entry.receiver and entry.text.startswith(WRONG):
        return "problem"
    if entry.sender == "switch" and any(word in entry.text for word in TROUBLE):
        return "problem"
    return "prompt" if is_prompt(entry) else entry.sender


def same_time(one: float, other: float | None) -> bool:
    return other is not None and f"{one:.3f}" == f"{other:.3f}"


# Prompts


def is_prompt(entry: Entry) -> bool:
    """True if the entry is about a prompt that the caller hears."""
    party: tuple[Party, Party] = (entry.sender, entry.receiver)
    verbs = ("plays", "pauses", "resumes", "ends", "cuts")
    return party == ("switch", "caller") and entry.text.split(" ", 1)[0] in verbs


@dataclass
class Prompt:
    """A prompt that plays or is paused."""

    name: str
    state: str = "begins"


class Prompts:
    """The prompts that the caller hears, followed through the entries one by one."""

    def __init__(self) -> None:
        #: the outermost first; None for one that has ended while another plays inside it
        self.playing: list[Prompt | None] = []

    @classmethod
    def deepest(cls, entries: Iterable[Entry]) -> int:
        """The maximum number of nested prompts; at least 1."""
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
        """Move on to the next entry: begun prompts now play, ended ones are removed."""
        for index, prompt in enumerate(self.playing):
            if prompt is not None and prompt.state == "begins":
                prompt.state = "plays"
            elif prompt is not None and prompt.state in ("ends", "cut"):
                self.playing[index] = None
        while self.playing and self.playing[-1] is None:
            self.playing.pop()


# Words


def words(entry: Entry) -> str:
    """The text of a rung."""
    text = entry.text
    if is_prompt(entry):
        verb, _, name = text.partition(" ")
        said = {"ends": "end of ", "cuts": "cut: ", "resumes": "on with "}
        text = said.get(verb, "") + name
    text = FILES.sub(lambda found: in_short(found[1].split("!")), text)
    return "".join(char if char.isprintable() else " " for char in text[:LONGEST])


def in_short(files: Iterable[str]) -> str:
    """Files played in a row, without suffixes, each folder named once."""
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
    """The text in lines, broken at blanks; long words at / and commas, or at _, or anywhere."""
    pieces: list[str] = []
    for word in re.findall(r"\s+|\S+", text):
        for piece in [word] if width(word) <= room else re.findall(r"[^/,]*[/,]|[^/,]+", word):
            pieces += [piece] if width(piece) <= room else re.findall(r"[^_]*_|[^_]+", piece)
    lines = [""]
    for piece in pieces:
        if width(lines[-1] + piece) > room and lines[-1]:
            lines.append("")
        if not lines[-1]:
            piece = piece.lstrip()
        if width(lines[-1] + piece) <= room:
            lines[-1] += piece
            continue
        for char in piece:
            if width(lines[-1] + char) > room:
                lines.append("")
            lines[-1] += char
    if len(lines) > most:
        del lines[most:]
        while width(lines[-1] + ellipsis) > room:
            lines[-1] = lines[-1][:-1]
        lines[-1] += ellipsis
    return [line.rstrip() for line in lines]

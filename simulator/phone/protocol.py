"""What a page, the server and the process of a call say to each other: a JSON object a message.

A page sends a `Command`, which the server passes on to the process of the call; the first one there
is an `Order`. Back come parts of the `State`, those that have changed: whoever has missed some is
sent all of it, and whoever is slow gets the latest of each.
"""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, TypedDict

from eslsync.wire.arguments import are_keys

from .pacing import SPEEDS
from .player import CALLER, Verb

__all__ = [
    "Again",
    "Answer",
    "Back",
    "CallUp",
    "Command",
    "FarLine",
    "HangUp",
    "MoveMade",
    "NotACommand",
    "Order",
    "Press",
    "Prompt",
    "Recorded",
    "Reject",
    "Say",
    "Skip",
    "Source",
    "Speed",
    "State",
    "Talk",
    "Visit",
    "Where",
    "dumped",
    "read_command",
]


#: Characters of what is said at once: a second, in base64.
LONGEST_SAID = 16000 * 4 // 3 + 4
#: Seconds that a caller talks without saying so again.
LONGEST_TALK = 60


class NotACommand(ValueError):
    """A message is no command, or its values can't be."""


# Commands


class MoveMade(TypedDict):
    """Something that the caller did, or somebody at a far end."""

    at: int  #: microseconds since the call began
    verb: Verb
    keys: str
    line: int
    seconds: float  #: for which they talk


@dataclass(frozen=True)
class CallUp:
    """Call the handler; a call that is up is ended."""

    caller: str
    destination: str


@dataclass(frozen=True)
class Again:
    """Call it again, as `CallUp` did last; ``same``: and do what was done in the last call."""

    same: bool = False


@dataclass(frozen=True)
class Visit:
    """Call as a caller does who gets to a spot of the map, and stand there."""

    spot: int


@dataclass(frozen=True)
class HangUp:
    """Hang up, on a line: 1 is the caller's, others are far ends'."""

    line: int = CALLER


@dataclass(frozen=True)
class Answer:
    """Answer the call to a far end."""

    line: int


@dataclass(frozen=True)
class Reject:
    """Reject the call to a far end: it is busy."""

    line: int


@dataclass(frozen=True)
class Press:
    """Press keys, on a line."""

    keys: str
    line: int = CALLER

    def __post_init__(self) -> None:
        if not are_keys(self.keys):
            raise NotACommand(f"keys are 0-9, *, # and A-D, not {self.keys!r}")


@dataclass(frozen=True)
class Say:
    """Say something into the microphone: so it is in recordings, and the call isn't silent."""

    take: int  #: of the state; what belongs to another one comes too late
    at: int  #: the moment at which it began, in microseconds since the call began
    sound: str  #: samples of 16 bits, the lesser first, 8000 a second, in base64

    def __post_init__(self) -> None:
        if self.at < 0 or len(self.sound) > LONGEST_SAID or len(self.samples) % 2:
            raise NotACommand("what is said is up to a second of 16-bit samples, in the call")

    @property
    def samples(self) -> bytes:
        """The samples."""
        try:
            return b64decode(self.sound, validate=True)
        except ValueError:
            raise NotACommand("samples are written in base64") from None


@dataclass(frozen=True)
class Talk:
    """Talk for some seconds; if the caller talks already, go on for so long."""

    seconds: float

    def __post_init__(self) -> None:
        if not 0 < self.seconds <= LONGEST_TALK:
            raise NotACommand(f"one talks for up to {LONGEST_TALK} s, not {self.seconds!r}")


@dataclass(frozen=True)
class Speed:
    """Let time pass so many times as fast as a clock; 0: let it stand still."""

    speed: float

    def __post_init__(self) -> None:
        if self.speed not in SPEEDS:
            raise NotACommand(f"a speed is one of {SPEEDS}, not {self.speed!r}")


@dataclass(frozen=True)
class Skip:
    """Go to the next thing that happens."""


@dataclass(frozen=True)
class Back:
    """Stand at an earlier moment, in microseconds since the call began."""

    moment: int

    def __post_init__(self) -> None:
        if self.moment < 0:
            raise NotACommand(f"a moment is not before the call, as {self.moment} is")


@dataclass(frozen=True)
class Order:
    """Make the call of a script; then make these moves, and stand there.

    Its steps are not played, unless it ``plays``: then they are the moves, and the call stands at
    their end. Only the server says this, to a process that begins.
    """

    script: str  #: YAML
    texts: dict[str, str] = field(default_factory=dict)  #: what prompts say
    moves: list[MoveMade] = field(default_factory=list)
    stands: int = 0  #: microseconds since the call began
    speed: float = 1.0
    path: str = ""  #: the script's file, beside which its files are
    plays: bool = False
    voice: list[str] = field(default_factory=list)  #: the command that speaks prompts
    folder: str = ""  #: for their sounds


Command = (
    CallUp
    | Again
    | Visit
    | HangUp
    | Answer
    | Reject
    | Press
    | Say
    | Talk
    | Speed
    | Skip
    | Back
    | Order
)

NAMES: dict[str, type[Command]] = {
    "call": CallUp,
    "again": Again,
    "visit": Visit,
    "hangup": HangUp,
    "answer": Answer,
    "reject": Reject,
    "press": Press,
    "say": Say,
    "talk": Talk,
    "speed": Speed,
    "skip": Skip,
    "back": Back,
    "order": Order,
}
#: What JSON has for a field.
TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "dict[str, str]": (dict,),
    "list[str]": (list,),
    "list[MoveMade]": (list,),
}


def read_command(text: str | bytes) -> Command:
    """The command in a message. Raises NotACommand."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotACommand(f"a command is a JSON object: {error}") from None
    if not isinstance(data, dict) or data.get("do") not in NAMES:
        raise NotACommand(f"a command says what to do: one of {', '.join(NAMES)}")
    kind = NAMES[data.pop("do")]
    types = {each.name: TYPES[str(each.type)] for each in fields(kind)}
    for name, value in data.items():
        right = types.get(name, ())
        if not isinstance(value, right) or (isinstance(value, bool) and bool not in right):
            raise NotACommand(f"{name}={value!r} is nothing that {kind.__name__} takes")
    try:
        return kind(**data)
    except TypeError as error:
        raise NotACommand(str(error)) from None


# The state


class Where(TypedDict):
    """Where the handler is."""

    file: str
    line: int
    function: str
    waits_for: str  #: empty: it runs


class Source(TypedDict):
    """The file in which the handler is, as the process of the call has imported it."""

    file: str
    text: str


class Prompt(TypedDict):
    """A prompt that somebody has heard, or hears. Times: microseconds since the call began."""

    name: str
    caption: str
    began: int
    how: str  #: "plays"; "paused", while another plays inside it; "ended"; or "cut"
    since: int  #: when that came
    played: int  #: how much of it was heard until then, in microseconds
    sound: str  #: its WAV file, below sound/; empty: there is none, and the page is to say `text`
    loops: bool  #: True if that begins anew when it has ended
    text: str  #: empty if nothing is spoken


class Recorded(TypedDict):
    """Lines of the recording of a call, and how many of those before still hold."""

    after: int
    lines: list[str]


class FarLine(TypedDict):
    """A call to a far end that is played by hand, as it is seen there."""

    number: int  #: 2 is the first one that was called
    dial_string: str
    caller: str
    phase: Literal["waits", "rings", "up", "ended"]  #: "waits": it does not ring yet
    cause: str  #: why it has ended
    prompts: list[Prompt]


class State(TypedDict, total=False):
    """All that a page shows; or the parts that have changed.

    ``take`` counts calls and steps back: in another take, nothing that was heard counts.
    """

    app: str
    map: bool  #: there is a map, with spots to visit
    caller: str
    destination: str
    phase: Literal["idle", "up", "ended"]
    hung_up: bool  #: the handler may still run
    busy: bool  #: the handler has kept the call from going on for a second
    take: int
    now: int  #: microseconds since the call began
    speed: float
    fixed: str  #: why time can't be changed; empty: it can
    prompts: list[Prompt]
    lines: list[FarLine]
    moves: list[MoveMade]
    records: bool  #: what the caller says is recorded now
    where: Where | None
    source: Source | None
    svg: str  #: the ladder
    ladder: str  #: and as text
    script: str  #: the caller as a script, in YAML
    test: str  #: and as a test for pytest
    recorded: Recorded  #: and as a recording; not for pages, since it may be long
    trouble: str  #: what the handler raised, or what went wrong
    changed: list[str]  #: files of the handler's that were edited since the call began


def dumped(message: Command | State) -> str:
    """A message as JSON, in one line."""
    data: dict[str, Any]
    if isinstance(message, dict):
        data = {**message}
    else:
        [name] = [name for name, kind in NAMES.items() if type(message) is kind]
        data = {"do": name, **asdict(message)}
    return json.dumps(data)

"""A scenario: what an app, its caller and others do with a call of a real switch, in order.

    name: menu
    about: the caller chooses 2
    prompts: {ivr/ivr-welcome.wav: 1.5}
    steps:
      - send: connect
      - send: linger 2
      - send: filter Unique-ID {{uuid}}
      - send: event plain all
      - app: answer
      - app: {run: playback ivr/ivr-welcome.wav, wait: false}
      - until: PLAYBACK_START
      - press: "2"
      - until: DTMF
      - app: hangup
      - until_closed

`simulator.scenarios.performing` performs it. docs/guides/recorder.md describes the format, and the
tables here define it. Its circumstances have the names that recordings use
(tests/recordings/README.md).

In what the app or others send, ``{{uuid}}`` stands for the call's channel, ``{{caller}}`` for the
caller's own leg, ``{{uuid-1}}``, ``{{uuid-2}}`` and so on for new uuids, ``{{sounds}}`` for the
folder of the sound files, and ``{{Any-Header}}`` for the newest value that the switch has sent in
that header, such as ``{{Job-UUID}}``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

from ..scripts.nodes import Language, NodeReader, place, text_of
from ..scripts.shapes import (
    ANY_TEXT,
    CAUSE,
    ENDPOINT,
    FLAG,
    KEYS,
    SECONDS,
    TEXT,
    WHOLE,
    ByName,
    DialplanAction,
    Fields,
    Many,
    Scalar,
    ScriptError,
    Shape,
    check,
    unknown,
)
from ..scripts.yaml import plain, write

__all__ = [
    "CIRCUMSTANCES",
    "SUBSCRIBED",
    "VERBS",
    "Api",
    "App",
    "Caller",
    "Close",
    "Hangup",
    "Press",
    "Raw",
    "Scenario",
    "ScriptError",
    "Send",
    "Sleep",
    "Step",
    "Talk",
    "Until",
    "UntilClosed",
]

Pairs = tuple[tuple[str, str], ...]
"""Dialplan applications with their data, in order."""


# The app


@dataclass(frozen=True)
class Send:
    """The app sends a command, and waits for the reply unless ``wait`` is false.

    The blank line after the command is added; ``body`` follows it.
    """

    verb: ClassVar[str] = "send"
    command: str
    body: str = ""
    wait: bool = True


@dataclass(frozen=True)
class Raw:
    """The app sends this text as it is, in one packet, and waits for nothing."""

    verb: ClassVar[str] = "raw"
    data: str


@dataclass(frozen=True)
class App:
    """The app executes an application, such as ``playback ivr/ivr-welcome.wav``.

    It waits for the reply, and unless ``wait`` is false, until the application has completed.
    """

    verb: ClassVar[str] = "app"
    run: str
    lock: bool = False
    loops: int = 1
    uuid: str = ""  #: Event-UUID
    wait: bool = True

    @property
    def name(self) -> str:
        return self.run.partition(" ")[0]

    @property
    def command(self) -> str:
        """The command that executes it."""
        name, _, data = self.run.partition(" ")
        lines = ["sendmsg", "call-command: execute", f"execute-app-name: {name}"]
        if data:
            lines.append(f"execute-app-arg: {data}")
        if self.lock:
            lines.append("event-lock: true")
        if self.loops != 1:
            lines.append(f"loops: {self.loops}")
        if self.uuid:
            lines.append(f"Event-UUID: {self.uuid}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Close:
    """The app closes the connection; with ``half``, only its own direction of it."""

    verb: ClassVar[str] = "close"
    half: bool = False


# The caller and others


@dataclass(frozen=True)
class Press:
    """The caller presses keys, one right after the other, each for so many milliseconds."""

    verb: ClassVar[str] = "press"
    keys: str
    milliseconds: int = 200


@dataclass(frozen=True)
class Talk:
    """The caller talks; the next step follows at once."""

    verb: ClassVar[str] = "talk"
    seconds: float


@dataclass(frozen=True)
class Hangup:
    """The caller hangs up."""

    verb: ClassVar[str] = "hangup"
    cause: str = "NORMAL_CLEARING"


@dataclass(frozen=True)
class Api:
    """Another client of the switch sends an api command, and waits for its answer."""

    verb: ClassVar[str] = "api"
    command: str


# Waiting


@dataclass(frozen=True)
class Until:
    """Waits for an event, or for the ``times``-th, since the last step that did something.

    ``where`` gives headers that it must have, such as ``{Application: playback}``. ``patience`` is
    how long it waits at most, in seconds, if not as long as any step of the scenario.
    """

    verb: ClassVar[str] = "until"
    event: str
    where: Mapping[str, str] = field(default_factory=dict)
    times: int = 1
    patience: float | None = None


@dataclass(frozen=True)
class UntilClosed:
    """Waits until the switch closes the connection."""

    verb: ClassVar[str] = "until_closed"


@dataclass(frozen=True)
class Sleep:
    """Waits."""

    verb: ClassVar[str] = "sleep"
    seconds: float


Step = Send | Raw | App | Close | Press | Talk | Hangup | Api | Until | UntilClosed | Sleep

#: What most apps send first: the events of their own channel, and 2 s for those after the hangup.
SUBSCRIBED: tuple[Step, ...] = (
    Send("connect"),
    Send("linger 2"),
    Send("filter Unique-ID {{uuid}}"),
    Send("event plain all"),
)


# The format

COMMAND = Scalar("a command, such as linger 2", str, re.compile(r"(?s)\S.*").fullmatch)
NAME = Scalar("a name, which becomes a file's", str, re.compile(r"[^/\\\r\n]+").fullmatch)
RUN = Scalar(
    "an application and its data, such as playback ivr/ivr-welcome.wav", str,
    re.compile(r"\S+( [^\r\n]*)?").fullmatch,
)  # fmt: skip
EVENT = Scalar("an event's name, such as DTMF", str, re.compile(r"\S+").fullmatch)
POSITIVE = Scalar("a whole number from 1", int, lambda number: number > 0)
SOCKET = Scalar(
    "the options of the application socket: async full, async, full or nothing", str,
    ("async full", "async", "full", "").__contains__,
)  # fmt: skip
BY = Scalar("loopback or sip", str, ("loopback", "sip").__contains__)

#: The steps' options. A value without a name is the first option's.
VERBS: dict[str, dict[str, Shape]] = {
    "send": {"command": COMMAND, "body": ANY_TEXT, "wait": FLAG},
    "raw": {"data": TEXT},
    "app": {"run": RUN, "lock": FLAG, "loops": WHOLE, "uuid": TEXT, "wait": FLAG},
    "close": {"half": FLAG},
    "press": {"keys": KEYS, "milliseconds": POSITIVE},
    "talk": {"seconds": SECONDS},
    "hangup": {"cause": CAUSE},
    "api": {"command": COMMAND},
    "until": {"event": EVENT, "where": ByName(ANY_TEXT), "times": POSITIVE, "patience": SECONDS},
    "until_closed": {"nothing": FLAG},
    "sleep": {"seconds": SECONDS},
}
#: Verbs that need no options; all others need their first.
ALONE = frozenset({"close", "hangup", "until_closed"})

STEPS: dict[str, type[Step]] = {
    each.verb: each
    for each in (Send, Raw, App, Close, Press, Talk, Hangup, Api, Until, UntilClosed, Sleep)
}

FAR_END = {
    name: shape for name, shape in ENDPOINT.items() if name not in ("handler", "transfers")
} | {"no_route": FLAG}

CIRCUMSTANCES: dict[str, Shape] = {
    "name": NAME,
    "about": ANY_TEXT,
    "socket": SOCKET,
    "caller": Fields({"number": ANY_TEXT, "name": ANY_TEXT, "by": BY}),
    "far_end": Scalar("tone, if the caller's side sends sound all the time", str, "tone".__eq__),
    "before": Many(DialplanAction()),
    "after": Many(DialplanAction()),
    "dialplan": ByName(Many(DialplanAction())),
    "phrases": ByName(Many(DialplanAction())),
    "prompts": ByName(SECONDS),
    "endpoints": ByName(Fields(FAR_END)),
    "speech_engines": Many(TEXT),
    "recognizers": Many(TEXT),
    "interface_allowlist": Many(TEXT),
    "patience": SECONDS,
}


def _made(verb: str, options: dict[str, object], line: int) -> tuple[Step, int]:
    if verb not in STEPS:
        raise ScriptError(unknown("there is no verb", verb, VERBS))
    first, kind = next(iter(VERBS[verb].items()))
    if first not in options and verb not in ALONE:
        assert isinstance(kind, Scalar)
        raise ScriptError(f"{verb} needs {first}: {kind.is_what}")
    if "nothing" in options:
        raise ScriptError(f"{verb} has no options")
    options_: dict[str, Any] = options
    return STEPS[verb](**options_), line


LANGUAGE = Language("scenario", "app: answer", VERBS, ALONE, _made)
NEEDED = "steps (a list), and may have " + ", ".join(CIRCUMSTANCES)


@dataclass(frozen=True)
class Caller:
    """Who calls, and how: by ``loopback``, or by ``sip``, which needs SIPp."""

    number: str = "1001"
    name: str = "Alice"
    by: str = "loopback"


@dataclass(frozen=True)
class Scenario:
    """A call to be performed on a real switch, as data. Raises ScriptError if it is not valid.

    ``socket`` gives the options of the application `socket` that connects to the app; ``before``
    and ``after`` are applications of the dialplan around it, and ``dialplan`` has more extensions
    (a regular expression, and its applications). ``prompts`` gives the lengths of the sound files
    that are played, in seconds. ``patience`` is how long a step waits at most, in seconds.
    """

    name: str
    steps: tuple[Step, ...]
    about: str = ""
    socket: str = "async full"
    caller: Caller = Caller()
    far_end: str | None = None
    before: Pairs = ()
    after: Pairs = ()
    dialplan: Mapping[str, Pairs] = field(default_factory=dict)
    phrases: Mapping[str, Pairs] = field(default_factory=dict)
    prompts: Mapping[str, float] = field(default_factory=dict)
    endpoints: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    speech_engines: tuple[str, ...] = ()
    recognizers: tuple[str, ...] = ()
    interface_allowlist: tuple[str, ...] = ()
    patience: float = 20.0
    #: The file it was read from, and the lines of its steps there.
    path: Path | None = field(default=None, compare=False)
    lines: tuple[int, ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", tuple(self.steps))
        for name, value in self._circumstances().items():
            check(name, value, CIRCUMSTANCES[name])
        for number, step in enumerate(self.steps, 1):
            shapes = VERBS[step.verb]
            for name, value in _options(step).items():
                check(f"step {number}: {name} of {step.verb}", value, shapes[name])

    @classmethod
    def parse(cls, text: str, path: str | Path | None = None) -> Scenario:
        """The scenario in a YAML text; raises ScriptError.

        ``path`` is the file that errors name; its stem is the scenario's name unless it has one.
        """
        path = None if path is None else Path(path)
        reader = NodeReader(LANGUAGE, path)
        top = reader.top(text, ("steps", *CIRCUMSTANCES), ("steps",), NEEDED)
        given: dict[str, Any] = {
            key: reader.value(node, key, CIRCUMSTANCES[key])
            for key, node in top.items()
            if key != "steps"
        }
        steps = reader.steps(top["steps"], "steps")
        if not steps:
            reader.fail(top["steps"], "steps is empty: an app that does nothing takes '- close'")
        given.setdefault("name", "scenario" if path is None else path.name.partition(".")[0])
        if "caller" in given:
            given["caller"] = Caller(**given["caller"])
        for key in ("before", "after"):
            if key in given:
                given[key] = _pairs(given[key])
        for key in ("dialplan", "phrases"):
            given[key] = {name: _pairs(each) for name, each in given.get(key, {}).items()}
        for key in ("speech_engines", "recognizers", "interface_allowlist"):
            given[key] = tuple(given.get(key, ()))
        return cls(
            steps=tuple(step for step, _ in steps),
            path=path,
            lines=tuple(line for _, line in steps),
            **given,
        )

    @classmethod
    def read(cls, path: str | Path) -> Scenario:
        """The scenario in a file; raises ScriptError."""
        return cls.parse(text_of(Path(path)), path)

    def dump(self) -> str:
        """The scenario as YAML, of which `parse` makes an equal one."""
        steps = [_dumped(step) for step in self.steps]
        return write({**self._circumstances(), "steps": steps})

    def recorded(self) -> dict[str, Any]:
        """The circumstances as the first line of a recording has them."""
        found: dict[str, Any] = {"caller": asdict(self.caller)}
        for name in CIRCUMSTANCES.keys() - {"name", "about", "socket", "caller", "patience"}:
            value = getattr(self, name)
            if value:
                found[name] = value
        if self.endpoints:
            found["endpoints"] = {key: _far_end(each) for key, each in self.endpoints.items()}
        recorded: dict[str, Any] = json.loads(json.dumps(found))  # with lists for tuples
        return recorded

    def place(self, number: int) -> str:
        """Where a step is, for messages: file and line, or name and number (from 1)."""
        if self.path is not None and number <= len(self.lines):
            return place(self.path, self.lines[number - 1])
        return f"{self.name}, step {number}"

    def _circumstances(self) -> dict[str, object]:
        """The circumstances that are not the usual ones, as they stand in YAML."""
        found: dict[str, object] = {}
        for name, value in _unusual(self).items():
            if name in ("before", "after"):
                found[name] = _actions(value)
            elif name in ("dialplan", "phrases"):
                found[name] = {key: _actions(each) for key, each in value.items()}
            elif name == "caller":
                found[name] = _unusual(value)
            elif name in CIRCUMSTANCES:
                found[name] = plain(value)
        return found


def _far_end(behaviour: Mapping[str, Any]) -> dict[str, Any]:
    """A far end's behaviour as a recording has it."""
    found = {key: None if value == "never" else value for key, value in behaviour.items()}
    presses: Any = found.get("presses")
    if presses is not None:
        found["presses"] = [[each["after"], each["digits"]] for each in presses]
    return found


def _pairs(actions: list[Any]) -> Pairs:
    """Applications and their data, of the actions that stand in YAML."""
    return tuple(
        (each, "") if isinstance(each, str) else next(iter(each.items())) for each in actions
    )


def _actions(pairs: Pairs) -> list[object]:
    return [{name: data} if data else name for name, data in pairs]


def _unusual(data: Any) -> dict[str, Any]:
    """The fields of a dataclass that don't have their default."""
    found = {}
    for each in fields(data):
        value = getattr(data, each.name)
        default = each.default if each.default_factory is MISSING else each.default_factory()
        if value != default:
            found[each.name] = value
    return found


def _options(step: Step) -> dict[str, Any]:
    return {name: plain(value) for name, value in _unusual(step).items()}


def _dumped(step: Step) -> object:
    """A step as it stands in YAML."""
    options = _options(step)
    if not options:
        return step.verb
    first = next(iter(VERBS[step.verb]))
    return {step.verb: options[first] if list(options) == [first] else options}

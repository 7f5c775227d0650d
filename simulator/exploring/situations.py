"""Where a call stands while its handler waits: what tells one situation from another.

Two situations are the same if the handler is at the same lines, the same application runs with
the same argument, and the variables that will still be read have the same values. Of these only
plain ones count, and small ones; docs/explore.md tells where that can be wrong.
"""

from __future__ import annotations

import sysconfig
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from types import FrameType
from typing import Any, Literal

from eslsync import Channel, Event, Session
from eslsync.call.execution import Execution
from eslsync.call.leg import Leg
from eslsync.stacks import frame_of, is_ours
from eslsync.wire.declared import Declaration, declaration_of, declared

from ..calling import apps
from ..calling.call import Call, line_of
from ..calling.freeswitch import simulation_of
from ..calling.line import HeardPrompt
from ..clockwork.threads import SECOND
from ..model.arguments import atoi, separate
from .liveness import live_names

__all__ = ["Collects", "Kind", "Observer", "Place", "Situation"]

#: What the handler waits on: digits that are collected, a single one, the end of a prompt, of a
#: recording, of a conversation with somebody else, or anything else.
Kind = Literal["digits", "digit", "prompt", "record", "connected", "waits"]
#: Values above count as many; and so many parts of a list are looked at.
MANY = 9
#: Characters of a text that are looked at.
LONGEST = 80
#: How deep lists and objects are looked into.
DEEPEST = 2

LIBRARIES = tuple({*map(sysconfig.get_path, ("stdlib", "platstdlib", "purelib", "platlib"))})


@dataclass(frozen=True)
class Place:
    """A line of the handler's code."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{Path(self.file).name}:{self.line} in {self.function}"


@dataclass(frozen=True)
class Collects:
    """How digits are collected."""

    least: int
    most: int
    tries: int
    terminators: str
    #: a regular expression for what is valid; and must all of the digits match?
    pattern: str | None = None
    whole: bool = False
    #: only the handler itself can tell
    asks_handler: bool = False


@dataclass(frozen=True)
class Situation:
    """A point at which the handler waits, and time passes."""

    key: str  #: the same for situations that are the same
    spot: str  #: as `key`, whatever the variables are
    drawn: str  #: as `spot`, and in a callback whatever the handler waits for besides
    kind: Kind
    places: tuple[Place, ...]  #: where the handler is, outermost first
    application: str  #: what runs on the channel, if anything
    data: str  #: its argument
    prompt: str | None  #: what the caller hears, as it is called in the code
    variables: Mapping[str, str]  #: plain ones that will still be read, by name
    time: float  #: seconds since the call began
    collects: Collects | None = None
    #: keys that have handlers of their own (`on_dtmf`)
    handled: Set[str] = frozenset()
    #: of the others, while it asks for none, those that may come to something; None: any may
    listens: Set[str] | None = None
    #: the method that the handler is in
    method: str = ""
    #: it waits for another leg, of this far end
    far_end: str | None = None
    far_seconds: float | None = None  #: since that has answered
    #: how many applications had begun when that began which runs; 0: none does
    number: int = 0

    @property
    def place(self) -> Place | None:
        """The line that waits."""
        return self.places[-1] if self.places else None

    @property
    def asks(self) -> bool:
        """Does the handler wait for keys of the caller's?"""
        return self.kind in ("digits", "digit") and self.far_end is None


@dataclass
class _Running:
    """An application that runs on the caller's channel."""

    uuid: str
    name: str
    data: str
    number: int  # in the order of beginning


@dataclass
class Seen:
    """A situation, with what tells whether the next one is another."""

    situation: Situation
    #: the frame of the `get_digits` that asks, or the number of the application that runs
    holder: object
    executed: int  # applications that have begun by then

    def goes_on(self, later: Seen) -> bool:
        """Is the later one still this one?"""
        if self.holder is not None and self.holder == later.holder:
            return self.situation.kind != "prompt" or self.situation.key == later.situation.key
        return self.executed == later.executed and self.situation.key == later.situation.key

    def resumes(self, number: int) -> bool:
        """Does it only go on with what ran before the application of that number?"""
        return isinstance(self.holder, int) and self.holder < number


@dataclass
class Observer:
    """Watches a call, and tells in which situation it is."""

    call: Call
    key: Callable[[Situation], object] | None = None
    #: how far ends behave: a script's ``endpoints``
    far_ends: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    #: applications that have begun on the caller's channel, and that he may notice
    log: list[str] = field(default_factory=list)
    _running: list[_Running] = field(default_factory=list)

    def __post_init__(self) -> None:

        def noticed(name: str, event: Any) -> None:
            if name == "CHANNEL_EXECUTE":
                self._begins(event)
            elif name == "CHANNEL_EXECUTE_COMPLETE":
                uuid = dict(event.own).get("Application-UUID")
                self._running = [each for each in self._running if each.uuid != uuid]

        line_of(self.call).watchers.append(noticed)

    def _begins(self, event: Any) -> None:
        own = dict(event.own)
        name = own.get("Application", "")
        if name == "socket":
            return
        if not declared(name).prepares:
            self.log.append(name)
        uuid, data = own.get("Application-UUID", ""), own.get("Application-Data", "")
        self._running.append(_Running(uuid, name, data, len(self.log)))

    def look(self) -> Seen | None:
        """The situation now; None if no handler runs."""
        call, line = self.call, line_of(self.call)
        session, link = line.session, line.link
        if session is None or link is None or link.thread is None:
            return None
        top = frame_of(link.thread)
        if top is None:
            return None
        own, entry, inner = _frames(top)
        if not own:
            return None
        running = self._running[-1] if self._running else None
        application, data = (running.name, running.data) if running else ("", "")
        what = declared(application)
        method, leg = _called(entry)
        called = declaration_of(getattr(Channel, method, None))
        other = leg if leg is not None and leg is not session.channel.leg else None
        asks_digit = "DTMF" in (session.waiting_for or "").split()
        playing = self._playing()
        kind: Kind
        holder: object = None if running is None else running.number
        collects: Collects | None = None
        if other is not None:
            asks = asks_digit or called.collects
            kind, holder = ("digit" if asks else "waits"), None
            there = simulation_of(call.switch).model.locate(other.uuid)
            application = (there and there.get("current_application")) or ""
            data = (there and there.get("current_application_data")) or ""
        elif entry is not None and entry.f_code is _GET_DIGITS:
            kind, collects, holder = "digits", _of_get_digits(entry), entry
            application, data = "get_digits", repr(entry.f_locals.get("prompt"))
        elif what.collects:
            kind, collects = "digits", _of_application(what, data)
        elif what.records:
            kind = "record"
        elif what.joins or line.channel.bridged:
            kind = "connected"
        elif asks_digit:
            kind, holder = "digit", None
        elif playing is not None and running is not None and (called.plays or method == "execute"):
            kind = "prompt"
        else:
            kind, holder = "waits", None
        far, far_seconds = None, None
        if kind == "connected":
            other = next((leg for leg in _others(session) if leg.digit_handlers), None)
        if other is not None:
            far, far_seconds = self._far_end(other)
        prompt = None if playing is None else playing.name
        places = tuple(map(_place, own))
        variables = _variables(own)
        waits = (application, data, kind, far)
        spot = repr((places, *waits))
        situation = Situation(
            key=_digest(f"{spot} {variables} {self._fates()}"),
            spot=_digest(spot),
            drawn=_digest(repr((tuple(map(_place, inner)), *waits))),
            kind=kind,
            places=places,
            application=application,
            data=data,
            prompt=prompt,
            variables=variables,
            time=call.duration,
            collects=collects,
            handled=_handled(session.channel),
            listens=self._listens(session),
            method=method,
            far_end=far,
            far_seconds=far_seconds,
            number=holder if isinstance(holder, int) else 0,
        )
        if self.key is not None:
            situation = replace(situation, key=_digest(repr(self.key(situation))))
        return Seen(situation, holder, len(self.log))

    def _fates(self) -> list[tuple[str, list[tuple[str, Any]]]]:
        """What is still to come of far ends that are being called, or are there."""
        up = simulation_of(self.call.switch).legs.up
        return [
            (name, [(k, v) for k, v in sorted(behaviour.items()) if k != "presses"])
            for name, behaviour in sorted(self.far_ends.items())
            if name in up
        ]

    def _far_end(self, leg: Leg) -> tuple[str, float | None]:
        """The dial string of another leg, and for how long it has been answered."""
        simulation = simulation_of(self.call.switch)
        channel = simulation.model.locate(leg.uuid)
        answered = None if channel is None else channel.answered_at
        since = None if answered is None else (simulation.now - answered) / SECOND
        return self.call.transcript.legs.get(leg.uuid, leg.uuid), since

    def _listens(self, session: Session) -> frozenset[str] | None:
        """The keys that come to something while the handler asks for none; None: any may."""
        handlers = session.channel.leg.digit_handlers
        heard = any(
            name in ("DTMF", "ALL") for name in session.channel.leg.conversation.callbacks.names
        )
        if heard or None in handlers:
            return None
        terminators = self.call.variable("playback_terminators")
        if terminators is not None and terminators.lower() == "any":
            return None
        cut = "*" if terminators is None else terminators
        return frozenset([*filter(None, handlers), *(key for key in cut if key in "0123456789*#")])

    def _playing(self) -> HeardPrompt | None:
        """What the caller hears: the whole of it, where it consists of pieces."""
        for sound in reversed(line_of(self.call).prompts):
            if sound.ended is None and not sound.heard.is_piece and sound.heard.how == "plays":
                return sound
        return None


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=10).hexdigest()


# The handler's stack

_GET_DIGITS = Channel.get_digits.__code__
_WATCHED = apps.__file__


@lru_cache(maxsize=4096)
def is_own(filename: str) -> bool:
    """Is it a file of the handler's, and not of ours, or of a library?"""
    return not is_ours(filename) and not filename.startswith(("<frozen", *LIBRARIES))


def _place(frame: FrameType) -> Place:
    return Place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


def _frames(top: FrameType) -> tuple[list[FrameType], FrameType | None, list[FrameType]]:
    """The handler's own frames, outermost first; that of the method of ours it has called; and
    of its own frames those of the callback that runs, or all where none does.
    """
    own: list[FrameType] = []
    entry: FrameType | None = None
    callback: int | None = None
    frame: FrameType | None = top
    while frame is not None:
        code = frame.f_code
        if code.co_name == "watched" and code.co_filename == _WATCHED:
            break
        if is_own(code.co_filename):
            own.append(frame)
        elif not own:
            entry = frame
        elif callback is None and is_ours(code.co_filename):
            callback = len(own)
        frame = frame.f_back
    inner = own[:callback]
    own.reverse()
    inner.reverse()
    return _without_recursion(own), entry, _without_recursion(inner)


def _called(entry: FrameType | None) -> tuple[str, Leg | None]:
    """The method that the handler has called, and the leg that it is about, if it is about one."""
    if entry is None:
        return "", None
    values = entry.f_locals
    name, owner = entry.f_code.co_name, values.get("self")
    if isinstance(owner, Execution):
        return f"{owner.application}", owner._under_way.leg
    return name, owner.leg if isinstance(owner, Channel) else None


def _without_recursion(frames: list[FrameType]) -> list[FrameType]:
    """Of a function that calls itself, by way of others or not, only the innermost call.

    Menus that call each other would otherwise never come to the same situation again.
    """
    kept: list[FrameType] = []
    for frame in frames:
        for number, other in enumerate(kept):
            if other.f_code is frame.f_code:
                del kept[number:]
                break
        kept.append(frame)
    return kept


def _variables(frames: list[FrameType]) -> dict[str, str]:
    """Plain variables that will still be read."""
    modules = {frame.f_globals.get("__name__") for frame in frames}
    found: dict[str, str] = {}
    for frame in frames:
        code = frame.f_code
        live = live_names(code, frame.f_lasti)
        if not live:
            continue
        values = frame.f_locals
        for name in sorted(live):
            if name in values:
                said = shown(values[name], modules)
                if said is not None:
                    found[f"{code.co_name}.{name}"] = said
    return found


def shown(value: object, modules: Set[str | None], depth: int = DEEPEST) -> str | None:
    """A plain value as text; None for what is none."""
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, Enum):
        return str(value)
    if isinstance(value, int):
        return str(value) if abs(value) <= MANY else "many"
    if isinstance(value, (str, bytes)):
        return repr(value)[:LONGEST]
    if isinstance(value, (Session, Channel, Event, float, Call)) or depth == 0:
        return None
    if isinstance(value, Mapping):
        if len(value) > MANY:
            return f"{type(value).__name__} of many"
        parts = [
            f"{shown(key, modules, depth - 1)}: {shown(each, modules, depth - 1)}"
            for key, each in value.items()
        ]
        return "{" + ", ".join(parts) + "}"
    if isinstance(value, (list, set, deque)):
        # What is gathered: of digits that callers have pressed, say, there is no end.
        return f"{type(value).__name__} of {len(value) if len(value) <= MANY else 'many'}"
    if isinstance(value, (tuple, frozenset)):
        if len(value) > MANY:
            return f"{type(value).__name__} of many"
        each_shown = [str(shown(each, modules, depth - 1)) for each in value]
        if isinstance(value, Set):
            each_shown.sort()
        return f"{type(value).__name__}({', '.join(each_shown)})"
    if type(value).__module__ in modules and hasattr(value, "__dict__"):
        plain = _attributes(value, modules, depth)
        return f"{type(value).__name__}({', '.join(plain)})"
    return None


def _attributes(value: object, modules: Set[str | None], depth: int) -> Iterator[str]:
    for name, each in sorted(vars(value).items()):
        said = shown(each, modules, depth - 1)
        if said is not None:
            yield f"{name}={said}"


def _others(session: Session) -> Iterator[Leg]:
    """The legs besides the caller's that the handler knows, and that are up."""
    own = session.channel.leg
    legs = own.conversation.legs.values()
    return (leg for leg in legs if leg is not own and leg.hangup_event is None)


def _handled(channel: Channel) -> frozenset[str]:
    """Keys that `on_dtmf` names; empty where nothing does."""
    # Not to be had otherwise: which keys a handler listens for is its own business, and ours.
    return frozenset(key for key in channel.leg.digit_handlers if key is not None)


# Collecting digits


def _of_get_digits(frame: FrameType) -> Collects:
    values = frame.f_locals
    least = values.get("least", values["min"])
    most = values.get("most", values["max"] or max(least, 1))
    terminators = values["terminators"]
    if terminators is None:
        terminators = "#" if most > 1 else ""
    valid = values["valid"]
    return Collects(
        least,
        most,
        values["tries"],
        terminators,
        valid if isinstance(valid, str) else None,
        whole=True,
        asks_handler=callable(valid),
    )


def _of_application(application: Declaration, data: str) -> Collects:
    names = application.argument
    words = dict(zip(names, separate(data, " ", len(names)), strict=False))
    least = max(application.fewest, atoi(words.get("min", "")))
    return Collects(
        least,
        max(least, atoi(words.get("max", ""))),
        atoi(words.get("tries", "1")),
        _keys(words.get("terminators", "")),
        words.get("regexp") or None,
    )


def _keys(terminators: str) -> str:
    return "".join(key for key in terminators or "#" if key in "0123456789*#ABCD")

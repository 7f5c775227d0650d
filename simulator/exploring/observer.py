"""Watches one call, and identifies its situations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from hashlib import blake2b
from typing import Any

from eslsync import Channel, ESLError, Hangup, Outbound, Session, Transferred
from eslsync.call.answers import EVENT
from eslsync.call.job import Job
from eslsync.call.leg import Collecting, Leg
from eslsync.call.watching import Wait
from eslsync.clock import Deadline
from eslsync.loading import Handler
from eslsync.stacks import frame_of
from eslsync.wire.arguments import KEYS
from eslsync.wire.declared import declaration_of, declared

from ..calling.call import Call, line_of
from ..calling.freeswitch import simulation_of
from ..calling.line import HeardPrompt
from ..clockwork.threads import SECOND
from ..clockwork.virtual_time import World
from ..model.events import SwitchEvent
from ..model.evidence import Part
from .boundaries import Turns
from .situations import Collects, Situation, SituationKind
from .swallowing import forgets
from .whereabouts import Place, Whereabouts, place_in, places_of, whereabouts

__all__ = ["Observer", "Sighting"]

#: Seconds after which a wait for a far end's key is a long one.
LONG = 600.0
#: Times that the end of the call is raised, and looked at: two of them tell what is to be told, and
#: some may be caught in the library.
RAISED = 20


@dataclass
class _Running:
    """An application that runs on the caller's channel."""

    uuid: str
    name: str
    data: str
    number: int  # in the order of beginning


@dataclass
class Sighting:
    """A situation that was seen, with the data that distinguishes it from the next."""

    situation: Situation
    #: The `get_digits` or the application that lasts as long as the situation.
    holder: Collecting | _Running | None
    executed: int  #: the number of applications begun by then

    def goes_on(self, later: Sighting) -> bool:
        """True if the later one is still the same situation."""
        same = self.situation.key == later.situation.key
        if self.holder is not None and self.holder is later.holder:
            return same or self.situation.kind != "prompt"
        return same and self.executed == later.executed

    def resumes(self, number: int) -> bool:
        """True if it only resumes what ran before the application with this number."""
        return isinstance(self.holder, _Running) and self.holder.number < number


class Observer:
    """Watches a handler and its call.

    ``far_ends`` are a script's ``endpoints``; situations with an equal ``key`` are the same.
    """

    def __init__(
        self,
        far_ends: Mapping[str, Mapping[str, Any]],
        key: Callable[[Situation], object] | None = None,
        turns: Turns | None = None,
    ) -> None:
        #: Applications that began on the caller's channel, except those that only prepare.
        self.log: list[str] = []
        #: For each `bridge` that is over: its line, whether the caller had been answered before,
        #: whether somebody took the call, and the number of prompts that were heard by then.
        self.bridges: list[tuple[Place | None, bool, bool, int]] = []
        self._bridging: tuple[Place | None, bool] = None, False
        #: What is neither modelled nor allowed, and the handler's lines that used it.
        self.lacks: list[tuple[Part, Place | None]] = []
        self._sent_on = False  # transferred by the handler
        self.hung_up_at: Place | None = None  #: the handler's line at the hangup
        #: The extensions that the call was transferred to, and where.
        self.transfers: list[tuple[str, Place | None]] = []
        #: The Hangup that ended the handler.
        self.hangup: Hangup | None = None
        #: Where the caller, not answered yet, was first asked for keys or recorded.
        self.unanswered: Place | None = None
        #: Where the handler answered a call that it had answered before.
        self.answered_again: Place | None = None
        #: The longest of the long waits for a key of a far end, and where the handler begins it.
        self.slowest = LONG
        self.waits_long_at: Place | None = None
        self._has_answered = False
        self._far_ends = far_ends
        self._key = key
        self._turns = turns or Turns()
        self._count = 0  # the number of waits that the handler has begun
        self._waits: list[Wait] = []  # its current ones, the innermost last
        self._running: list[_Running] = []
        #: Each Hangup (or Transferred, once the call was taken away) that was raised.
        self._raised: list[Hangup | Transferred] = []

    def watched(self, app: Handler | Outbound) -> Handler | Outbound:
        """The same app, watched."""
        handler = app.handler if isinstance(app, Outbound) else app

        @wraps(handler)
        def watching(session: Session) -> None:
            session.watch(self)
            session.channel.leg.conversation.on_end = self._raises
            try:
                handler(session)
            except Hangup as error:
                self.hangup = error
                raise

        return app.replace(handler=watching) if isinstance(app, Outbound) else watching

    def follow(self, call: Call) -> None:
        """Watch the app's call."""
        self._call = call
        self._line = line_of(call)
        self._simulation = simulation_of(call.switch)
        self._line.watchers.append(self._noticed)
        self._line.on_lack = lambda part: self.lacks.append((part, self.place()))

    # Reports

    def begins(self, wait: Wait) -> None:
        self._count += 1
        if not wait.leg.is_own and "DTMF" in wait.events and isinstance(wait.deadline, Deadline):
            if wait.deadline.seconds > self.slowest:
                self.slowest, self.waits_long_at = wait.deadline.seconds, self.place()
        self._waits.append(wait)

    def ends(self, wait: Wait) -> None:
        self._waits.pop()

    def _raises(self, end: ESLError) -> None:
        if isinstance(end, (Hangup, Transferred)) and len(self._raised) < RAISED:
            if end.event is None or end.event.uuid == self._line.channel.uuid:
                self._raised.append(end)

    def _noticed(self, name: str, event: SwitchEvent) -> None:
        if name == "CHANNEL_EXECUTE":
            self._begun(dict(event.own))
        elif name == "CHANNEL_EXECUTE_COMPLETE":
            own = dict(event.own)
            uuid = own.get("Application-UUID")
            if own.get("Application") == "bridge":
                taken = self._call.variable("originate_disposition") == "SUCCESS"
                self.bridges.append((*self._bridging, taken, len(self._line.prompts)))
            elif declared(own.get("Application", "")).collects:
                channel = self._line.channel
                if channel.reset_by_transfer:  # `transfer_on_failure`
                    self.transfers.append((channel.profile.destination_number, self.place()))
            self._running = [each for each in self._running if each.uuid != uuid]
        elif name == "CHANNEL_HANGUP":
            self.hung_up_at = self.place()

    def _begun(self, event: Mapping[str, str]) -> None:
        name = event.get("Application", "")
        if name == "socket":
            return
        if name == "bridge":
            self._bridging = self.place(), self._line.answered
        if name in ("transfer", "execute_extension"):
            words = [each for each in event.get("Application-Data", "").split() if each[0] != "-"]
            self.transfers += [(each, self.place()) for each in words[:1]]
            self._sent_on |= name == "transfer"
        given_away = self._sent_on or self._line.given_back
        if name == "answer" and self._line.session is not None and not given_away:
            if self._has_answered:
                self.answered_again = self.place()
            self._has_answered = True
        if not declared(name).prepares:
            self.log.append(name)
        uuid, data = event.get("Application-UUID", ""), event.get("Application-Data", "")
        self._running.append(_Running(uuid, name, data, len(self.log)))

    # Observations

    @property
    def waits(self) -> int:
        """The number of waits that the handler has begun, of time.sleep, too."""
        world = self._simulation.world
        return self._count + (world.sleeps if isinstance(world, World) else 0)

    @property
    def waits_for(self) -> object:
        """A value that is equal while the wait is the same; None for no wait of the call."""
        wait = self._waits[-1] if self._waits else None
        if wait is None or wait.kind == "reply":
            return wait
        # (its text would hide secrets, and all events would be read for them)
        return wait.what.command if isinstance(wait.what, Job) else str(wait)

    @property
    def taken_away(self) -> bool:
        """True if somebody else has transferred the call, and the handler was to know."""
        session = self._line.session
        return session is not None and session.channel.leg.transferred is not None

    @property
    def _arrived(self) -> list[tuple[Hangup | Transferred, list[Place]]]:
        """Those that have got into the handler's code, and the lines, the last one first."""
        ways = ((each, places_of(each)) for each in self._raised)
        return [(each, way) for each, way in ways if way]

    @property
    def went_on(self) -> tuple[Place, Place] | None:
        """The lines where a Hangup was caught and forgotten, and where the next one arrived."""
        arrived = self._arrived[:2]
        if len(arrived) < 2:
            return None
        (first, caught), (again, then) = arrived
        forgotten = all(each is not first for each in _contexts(again))
        return (caught[-1], then[-1]) if forgotten else None

    @property
    def forgotten(self) -> tuple[Place, int] | None:
        """Where the only Hangup got to, and the line that caught it as it would any error.

        None if it ended the handler, or if the code caught it by its name.
        """
        arrived = self._arrived
        if len(arrived) != 1 or self.hangup is not None:
            return None
        caught_at = arrived[0][1][0]
        line = forgets(caught_at.file, caught_at.line)
        return None if line is None else (caught_at, line)

    @property
    def endless_wait(self) -> Wait | None:
        """The handler's current wait, if it has no timeout."""
        wait = self._waits[-1] if self._waits else None
        return wait if wait is not None and wait.deadline is None else None

    def place(self) -> Place | None:
        """The handler's line, also while it runs."""
        link = self._line.link
        if link is None or link.thread is None:
            return None
        return place_in(frame_of(link.thread))

    def whereabouts(self, turns: Turns) -> Whereabouts | None:
        """The handler's position; None unless it waits."""
        link, world = self._line.link, self._simulation.world
        if self._line.session is None or link is None or not isinstance(world, World):
            return None
        return world.ask(link, lambda: whereabouts(turns))

    def look(self) -> Sighting | None:
        """The situation now; None unless the handler waits."""
        line, session = self._line, self._line.session
        where = self.whereabouts(self._turns)
        if where is None or session is None:
            return None
        wait = self._waits[-1] if self._waits else None
        other = None if wait is None or wait.leg.is_own else wait.leg
        running = self._running[-1] if self._running else None
        application, data = (running.name, running.data) if running else ("", "")
        what = declared(application)
        awaited = str(wait) if wait is not None and wait.kind == "application" else ""
        method = where.method or awaited
        called = declaration_of(getattr(Channel, method, None))
        asks_digit = wait is not None and "DTMF" in wait.events
        asks = session.channel.leg.collecting if where.method == "get_digits" else None
        playing = self.playing()
        kind: SituationKind
        holder: Collecting | _Running | None = running
        collects: Collects | None = None
        if other is not None:
            kind, holder = ("digit" if asks_digit or called.collects else "waits"), None
            there = self._simulation.model.locate(other.uuid)
            application = (there and there.get("current_application")) or ""
            data = (there and there.get("current_application_data")) or ""
        elif asks is not None:
            kind, collects, holder = "digits", Collects.by_handler(asks), asks
            application, data = "get_digits", repr(asks.file)
        elif what.collects:
            kind, collects = "digits", Collects.by_application(what, data)
        elif what.records:
            kind = "record"
        elif what.joins or line.channel.bridged:
            kind = "connected"
        elif asks_digit:
            kind, holder = "digit", None
        elif what.listens:
            kind = "speech"
        elif wait is not None and EVENT in wait.events:
            kind, holder = "speech", None
        elif playing and running and (declared(awaited).plays or method == "execute"):
            kind = "prompt"
        else:
            kind, holder = "waits", None
        if kind in ("digits", "digit", "record") and other is None and self.unanswered is None:
            if not self._line.answered and "pre_answer" not in self.log:
                self.unanswered = where.places[-1]
        if kind == "connected":
            others = (leg for leg in session.channel.leg.conversation.legs.values())
            other = next(filter(_listens_there, others), None)
        far, far_seconds = (None, None) if other is None else self._far_end(other)
        waits = (application, data, kind, far)
        spot = repr((where.places, *waits))
        situation = Situation(
            key=_digest(f"{spot} {where.variables} {self._fates()}"),
            spot=_digest(spot),
            drawn=_digest(repr((where.inner, *waits))),
            kind=kind,
            places=where.places,
            application=application,
            data=data,
            prompt=None if playing is None else playing.name,
            variables=where.variables,
            time=self._line.lasts,
            collects=collects,
            handled=frozenset(filter(None, session.channel.leg.digit_handlers)),
            listens=self._listens(session, "" if what.listens else "*"),
            method=method,
            far_end=far,
            far_seconds=far_seconds,
            hears=line.listened_to,
            phrases=self._phrases(),
            background=playing is not None and (wait is None or wait.kind != "application"),
            number=holder.number if isinstance(holder, _Running) else 0,
        )
        if self._key is not None:
            situation = replace(situation, key=_digest(repr(self._key(situation))))
        return Sighting(situation, holder, len(self.log))

    def playing(self) -> HeardPrompt | None:
        """The prompt that the caller hears; the whole of one that consists of pieces."""
        for prompt in reversed(self._line.prompts):
            if prompt.ended is None and not prompt.heard.is_piece and prompt.heard.how == "plays":
                return prompt
        return None

    def _fates(self) -> list[tuple[str, list[tuple[str, Any]]]]:
        """The pending actions of the far ends that are being called, or talk."""
        up = self._simulation.legs.up
        return [
            (name, [(k, v) for k, v in sorted(behaviour.items()) if k != "presses"])
            for name, behaviour in sorted(self._far_ends.items())
            if name in up
        ]

    def _far_end(self, leg: Leg) -> tuple[str, float | None]:
        """The dial string of another leg, and the seconds since it answered."""
        channel = self._simulation.model.locate(leg.uuid)
        answered = None if channel is None else channel.answered_at
        since = None if answered is None else (self._simulation.now - answered) / SECOND
        return self._line.transcript.legs.get(leg.uuid, leg.uuid), since

    def _phrases(self) -> tuple[str, ...] | None:
        recognizer = self._line.channel.recognizer
        phrases = None if recognizer is None else recognizer.phrases
        return None if phrases is None else tuple(phrases)

    def _listens(self, session: Session, cut: str) -> frozenset[str] | None:
        """The keys that may have an effect while the handler asks for none; None for any.

        ``cut`` are those that cut a prompt if no variable says which.
        """
        leg = session.channel.leg
        handlers = leg.digit_handlers
        if None in handlers or leg.conversation.callbacks.names & {"DTMF", "ALL"}:
            return None
        terminators = self._call.variable("playback_terminators")
        if terminators is not None and terminators.lower() == "any":
            return None
        cut = cut if terminators is None else terminators
        return frozenset([*filter(None, handlers), *(key for key in cut if key in KEYS)])


def _contexts(error: BaseException) -> Iterator[BaseException]:
    """An exception, and those that were being handled when it was raised."""
    context: BaseException | None = error
    while context is not None:
        yield context
        context = context.__context__


def _listens_there(leg: Leg) -> bool:
    """True for a leg other than the caller's that is up and whose keys have handlers."""
    return not leg.is_own and leg.hangup_event is None and bool(leg.digit_handlers)


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=10).hexdigest()

"""One call's control connection, as its handler uses it: commands, replies, events and waits.

Commands go out and replies come back; events arrive and wait for their turn. All events and
callbacks belong to the handler's thread. Events queue in ``backlog``; a blocking call takes them
from there in order, runs their callbacks, and returns when it reaches the one it waits for.
While a callback runs, later events wait; only blocking calls inside the callback look at them.

Its parts: `Commands` go out and get their replies; `Arrivals` are taken in order, and noted;
`Turns` run callbacks; `Ending` decides how it ends.
"""

from __future__ import annotations

import logging
import sys
import weakref
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from operator import attrgetter
from threading import get_ident
from typing import TYPE_CHECKING, TypeVar

from ..bounds import APPLICATIONS
from ..clock import Clock, Deadline, refuse_to_wait
from ..logs import Unfailing
from ..replaced import log_endangered
from ..wire.exceptions import CommandError, ESLError, Hangup, TimeoutError
from ..wire.message import ConnectReply, Event
from ..wire.redaction import Redactor
from ..wire.secrets import Secrets
from .arrivals import MAX_RECENT_AT_WORK, Arrivals, Late
from .callbacks import Callbacks
from .commands import Commands
from .connection import Connection
from .ending import Ending, Stage
from .job import Jobs
from .leg import Leg
from .losses import Losses
from .posted import POSTED, Posts
from .subscription import Subscription
from .turns import KEPT, Turns
from .typeahead import TypeAhead
from .unheeded import Unheeded
from .watching import Wait, Watcher, described, too_late

if TYPE_CHECKING:
    from .execution import UnderWay
    from .observed import Observed

__all__ = ["Conversation", "Ready"]

T = TypeVar("T")

#: What a socket without async can't do: FreeSWITCH reads the channel only while an application
#: runs, and sends its events afterwards (recordings 06a, 06h).
LATE_ON_SYNC = {
    "DTMF": "a digit arrives when the next application has read it; use play_and_get_digits",
    **dict.fromkeys(
        ("TALK", "NOTALK", "DETECTED_SPEECH", "DETECTED_TONE"),
        "what the caller says is heard only while an application runs, and told after it: use one",
    ),
    "CHANNEL_HANGUP_COMPLETE": "CHANNEL_HANGUP_COMPLETE never comes; use on_hangup",
}
UP, OVER = Stage.UP, Stage.OVER


#: Returns what a wait returns, or None to go on waiting. Called with None at first, then with each
#: event in its turn.
Ready = Callable[["Event | None"], "T | None"]


class Conversation:
    """One control connection, as the handler's thread uses it."""

    # Slots, since a dict of this many would be slow and large.
    __slots__ = (
        "__weakref__",
        "_thread",
        "_warned",
        "arrivals",
        "at_work",
        "awaited",
        "backlog",
        "callbacks",
        "clock",
        "commands",
        "composing",
        "connection",
        "context",
        "ending",
        "full",
        "jobs",
        "legs",
        "logger",
        "losses",
        "observed",
        "on_end",
        "on_expected",
        "own",
        "posts",
        "redact",
        "subscription",
        "turns",
        "typeahead",
        "under_way",
        "unheeded",
        "watcher",
    )

    def __init__(self, connection: Connection, clock: Clock, redact: Secrets | None = None) -> None:
        self.connection = connection
        self.clock = clock
        self.redact = redact or Secrets(Redactor())
        #: The library's logger, with the call's uuid in each record (``record.uuid``).
        self.logger: logging.LoggerAdapter[logging.Logger]
        self.logger = Unfailing(logging.getLogger("eslsync"), {"uuid": None})
        self._thread = get_ident()
        #: What the handler waits for.
        self.awaited: object = None
        #: True while the handler's thread is inside a wait, callbacks apart. (A finalizer that
        #: waited there would take what the wait is about to look at.)
        self.at_work = False
        #: Told of the handler's waits (see `Session.watch`).
        self.watcher: Watcher | None = None
        #: Tells the observers of this call, if there are any; it is the watcher then.
        self.observed: Observed | None = None
        #: Called with what the handler asks for (see `Session.watch`).
        self.on_expected: Callable[[str], object] | None = None
        self.on_end: Callable[[ESLError], object] | None = None

        #: The reply to ``connect``: the channel's data at the start.
        self.context = ConnectReply(b"")
        #: True if this socket may use every command (the word ``full`` in the dialplan).
        self.full = False
        self.subscription = Subscription()
        #: The leg on this socket; without a uuid until the switch has answered ``connect``.
        self.own = Leg(self, "", Event(b""))
        #: Our own leg and those added to the filter, by uuid.
        self.legs: dict[str, Leg] = {}
        #: Applications sent and not completed, in that order, by their Application-UUID.
        self.under_way: dict[str, UnderWay] = {}
        self.ending = Ending(self.own, clock, self.subscription)
        self.callbacks = Callbacks()
        self.losses = Losses(self.logger)
        self.unheeded = Unheeded(clock, self.logger)
        self._warned: tuple[str, ...] = ()
        #: True while a method that waits several times is under way.
        self.composing = False

        # The parts know it weakly, so that no circle of references is left: see `let_go`.
        me = weakref.proxy(self)
        self.jobs = Jobs(me)
        self.typeahead = TypeAhead(me)
        self.posts = Posts(me)
        self.turns = Turns(me)
        #: Events that wait for their turn.
        self.backlog = self.turns.backlog
        self.arrivals = Arrivals(me)
        self.commands = Commands(me)

    @property
    def itself(self) -> Conversation:
        """The conversation, for parts that know it weakly."""
        return self

    @property
    def uuid(self) -> str:
        """The uuid of the leg on this socket."""
        return self.own.uuid

    @property
    def waiting_for(self) -> str | None:
        """What the handler waits for now, as text; None while it runs."""
        what = self.awaited
        return None if what is None else described(what)

    @property
    def in_callback(self) -> bool:
        """True while a callback or a digit handler runs."""
        return self.turns.inside is not None

    def watch(self, watcher: Watcher | None) -> None:
        """Tell ``watcher`` when a wait begins or ends: see `Session.watch`."""
        self.check_thread()
        if self.observed is None:
            self.watcher = watcher
        else:
            self.observed.beside = watcher

    def observe(self, observed: Observed) -> None:
        """Tell observers of this call from now on."""
        self.observed = self.watcher = observed

    # Threads and time

    def in_its_thread(self) -> bool:
        """True in the handler's thread."""
        return get_ident() == self._thread

    def check_thread(self) -> None:
        """Raise RuntimeError in any thread but the handler's."""
        if get_ident() != self._thread:
            raise RuntimeError(
                "only the handler's thread may wait for events: in other threads send commands, "
                "or execute applications with block=False"
            )

    def deadline(self, timeout: float | None) -> Deadline | None:
        """The moment ``timeout`` seconds from now."""
        return None if timeout is None else self.clock.deadline(timeout)

    def left(self, deadline: Deadline | None) -> float | None:
        """Seconds until the deadline, 0 if it has passed."""
        return self.clock.left(deadline)

    # What arrives at all

    def expect(self, event: str, leg: Leg | None) -> None:
        """Raise RuntimeError if an event about a leg (None: any, or none) would never arrive.

        An event that may be about no channel is let through the filters from now on.
        """
        if event == POSTED:
            return
        if self.on_expected is not None:
            self.on_expected(event)
        subscription, uuid = self.subscription, None if leg is None else leg.uuid
        if (event, uuid) in subscription.sure:
            return
        changes = subscription.changes
        if leg is None:
            opening = subscription.needed(event)
            if opening is not None:
                self.commands.run(opening)
        subscription.check(event, uuid)
        if not subscription.is_async and event in LATE_ON_SYNC:
            self.warn_sync(LATE_ON_SYNC[event])
        subscription.trust(event, uuid, changes)

    def warn_sync(self, what: str) -> None:
        """Log once what this socket can't do, since it is not async."""
        if what not in self._warned:
            self._warned += (what,)
            self.logger.warning(
                "this socket is not async: %s, or write async behind its address in the dialplan, "
                "as in host:port async full",
                what,
            )

    def subscribe_to(self, *names: str) -> None:
        """Subscribe to the events among these that do not come yet."""
        missing = self.subscription.missing(*names)
        if missing:
            self.commands.run(self.subscription.event(" ".join(sorted(missing))))

    def post(self, value: object) -> bool:
        """Wake the handler with a value, in any thread: see `Session.post`."""
        return self.ending.stage is not OVER and self.posts.post(value)

    def note_under_way(self, under_way: UnderWay) -> None:
        """Note an application that is about to be sent."""
        self.under_way[under_way.uuid] = under_way
        if under_way.facts.collects:
            self.arrivals.look_for_beginnings()
        if len(self.under_way) > APPLICATIONS.most:
            forgotten = self.under_way.pop(next(iter(self.under_way)))
            self.losses.count(APPLICATIONS, forgotten.application)

    # Waiting

    def until(
        self,
        what: object,
        ready: Ready[T],
        deadline: Deadline | None,
        leg: Leg | None = None,
        wanted: Collection[str] | None = None,
        *,
        looks_back: bool = False,
    ) -> T:
        """Take events in their turn until ``ready`` returns something; return that.

        ``what`` describes what is waited for (see `Wait.what`); ``wanted`` names the events that
        can end the wait, None for any. With ``looks_back``, so can events of the last blocking
        call. Raises TimeoutError at the deadline, and Hangup when the
        call or ``leg`` ends.
        """
        if get_ident() != self._thread:
            self.check_thread()
        if self.at_work:
            refuse_to_wait()
        before, self.awaited = self.awaited, what
        # A wait of the session, and not of the channel, goes on with what it knows.
        known = self.own.transferred if leg is None else None
        leg, turns, arrivals = leg or self.own, self.turns, self.arrivals
        backlog = turns.backlog
        watched = None
        result: T | None
        try:
            if self.watcher is not None:
                watched = self.begins(what, deadline, leg, wanted)
            self.at_work = True
            if turns.inside is not None:
                result = self._look_until(what, ready, deadline, leg, wanted, known, looks_back)
            else:
                result = ready(None)
                if result is not None:
                    if getattr(result, "quick_name", None) not in KEPT:  # which are used up
                        self.note_return(leg)
                elif looks_back and (arrivals.count != arrivals.since or isinstance(what, tuple)):
                    result = self._look_back(what, ready, leg, wanted)
                if result is None and not self.composing:
                    arrivals.begin_call(backlog)
            while result is None:
                if backlog.events:
                    event: Event | None = backlog.popleft()
                else:
                    if leg.transferred is not known:
                        leg.check_here()
                    event = arrivals.next(deadline, wanted, leg, skips=True)
                if event is not None and (self.callbacks or event.quick_name in KEPT):
                    turns.mark = event.serial
                    turns.run(event, leg, deadline)
                result = ready(event)
        except Late:
            raise too_late(what, deadline, leg) from None
        finally:
            self.at_work = False
            self.awaited = before
            if watched is not None:
                self.ends(watched)
        if arrivals.count - arrivals.read_to > MAX_RECENT_AT_WORK:
            arrivals.read_recent()
        turns.mark = arrivals.count
        if isinstance(result, Event):
            arrivals.take(result)
        return result

    def _look_back(
        self, what: object, ready: Ready[T], leg: Leg, wanted: Collection[str] | None
    ) -> T | None:
        """What an event of the last blocking call makes ready; None after the end of the leg.

        A wait for several things takes digits and posted values in order of arrival, too.
        """
        events = self.arrivals.of_last_call(wanted)
        if isinstance(what, tuple):
            events = sorted({*events, *self.typeahead, *self.posts.kept}, key=attrgetter("serial"))
        if events:
            ending = self.ending
            up = ending.stage is UP and ending.failure is None and leg.hangup_event is None
            for event in events:
                if (up or event.quick_name in KEPT) and self.typeahead.has(event):
                    result = ready(event)
                    if result is not None:
                        return result
        self.arrivals.tell_forgotten(wanted)
        return None

    @contextmanager
    def one_call(self) -> Iterator[None]:
        """All waits in this block belong to one blocking call."""
        outer = self.composing
        if not outer and self.turns.inside is None:
            self.arrivals.begin_call(self.backlog)
        self.composing = True
        try:
            yield
        finally:
            self.composing = outer

    def _look_until(
        self,
        what: object,
        ready: Ready[T],
        deadline: Deadline | None,
        leg: Leg,
        wanted: Collection[str] | None,
        known: Event | None,
        looks_back: bool,
    ) -> T:
        """As `until`, inside a callback: events are looked at, and keep their turn for later."""
        turns = self.turns
        result = ready(None)
        since = turns.before if looks_back else turns.mark
        for event in (*self.posts.kept, *self.backlog):
            kept = event.quick_name in KEPT and isinstance(what, tuple)
            new = event.serial > since and self.arrivals.is_untaken(event)
            if result is None and (kept or new):
                result = ready(event)
        if result is None and not self.composing:
            turns.before = turns.mark
        while result is None:
            if leg.transferred is not known:
                leg.check_here()
            arrived = self.arrivals.next(deadline, wanted, leg)
            if arrived is not None:
                turns.keep(arrived)
            result = ready(arrived)
        return result

    def begins(
        self,
        what: object,
        deadline: Deadline | None,
        leg: Leg,
        wanted: Collection[str] | None,
    ) -> tuple[Watcher, Wait]:
        """Tell the watcher that a wait begins. Return both, since the watcher may be replaced."""
        watcher = self.watcher
        assert watcher is not None
        wait = Wait(what, leg, self.clock.now(), deadline, wanted, self.turns.inside)
        watcher.begins(wait)
        return watcher, wait

    def ends(self, watched: tuple[Watcher, Wait]) -> None:
        """Tell that watcher that the wait is over."""
        watcher, wait = watched
        watcher.ends(wait)

    def too_late(self, what: object, deadline: Deadline | None) -> TimeoutError:
        """The error to raise when something for our own leg did not arrive by the deadline."""
        return too_late(what, deadline, self.own)

    # The end of a call

    def note_return(self, leg: Leg) -> None:
        """Note that a method returns at once, as it does after the end of the leg, too."""
        if leg.hangup_event is not None or self.ending.failure is not None:
            self.unheeded.count(leg)

    def raise_if_gone(self, leg: Leg) -> None:
        """Raise Hangup if the call is over, or this leg of it; Disconnected as `raise_if_over`."""
        ending = self.ending
        if ending.stage is OVER or ending.failure is not None:
            self.raise_if_over()
        if ending.has_gone(leg):
            assert leg.hangup_event is not None
            hangup = Hangup(leg.hangup_event.hangup_cause, leg.hangup_event, leg.outcomes)
            self.note_raising(leg, hangup)
            try:
                raise hangup
            finally:
                del hangup  # as in `raise_if_over`

    def raise_if_over(self) -> None:
        """Raise Hangup if the call is over, Disconnected (or why) if only the connection is."""
        if self.ending.is_over:
            at_work, self.at_work = self.at_work, False
            try:
                hangup = self.hangup()
                if self.turns.inside is None and self.in_its_thread():
                    self.turns.run_rest()
            finally:
                self.at_work = at_work
            self.note_raising(self.own, hangup)
            try:
                raise hangup
            finally:
                del hangup  # breaks a reference cycle that would keep the whole call alive
        if self.ending.failure is not None:
            self.note_raising(self.own, self.ending.failure)
            self.ending.raise_failure()

    def note_raising(self, leg: Leg, end: ESLError) -> None:
        """Note that the end of the call, or of a leg, is raised now."""
        self.unheeded.count(leg)
        if self.on_end is not None:
            self.on_end(end)
        if sys.exc_info()[1] is not None:
            log_endangered(self.logger, end)

    def await_end(
        self, leg: Leg, error: ESLError, another: Callable[[], bool] = lambda: False
    ) -> None:
        """Wait for the hangup event of a leg that a command did not find, and raise Hangup.

        Raises ``error`` if none comes. Returns once ``another`` leg turns out to be the gone one.
        """
        if self.in_its_thread():
            deadline = self.deadline(self.ending.patience(False))
            try:
                self.until("the end of the leg", lambda _: another() or None, deadline, leg)
                return
            except TimeoutError:
                pass
        try:
            raise error
        finally:
            del error  # as in `raise_if_over`

    def hangup(self) -> Hangup:
        """The Hangup to raise, now that the call has ended."""
        hangup = self.ending.hangup(self._ask_hangup_cause)
        hangup.outcomes = self.own.outcomes
        return hangup

    def _ask_hangup_cause(self) -> str:
        """Ask for the cause that no event gave (sync socket, ``events=False``); "" for none.

        A lingering switch answers, but its notice may come one or two ticks of 20 ms before the
        channel knows its own cause.
        """
        for _ in range(3):
            try:
                return self.commands.run("getvar hangup_cause", timeout=5.0).text
            except CommandError:
                self.arrivals.pull_until(self.deadline(0.05))
            except ESLError:
                break
        return ""

    def let_go(self) -> None:
        """Break the circles of references, once the handler's thread has finished with the call.

        Whatever a program still holds works as before: a session, channel, execution or job keeps
        all of it. When nobody does, its memory is freed at once, without the cyclic collector.
        """
        self._thread = 0  # other threads may get this thread's ident
        self.arrivals.read_recent()
        self.watcher = self.on_expected = self.on_end = self.observed = None
        self.callbacks.clear()
        self.under_way.clear()
        for part in (self.arrivals, self.jobs, self.posts, self.turns):
            part.forget()
        for leg in (self.own, *self.legs.values()):
            leg.forget()
            leg.conversation = weakref.proxy(self)

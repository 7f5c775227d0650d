"""What arrives for the handler's thread: taken in order, and noted at once.

An event's callbacks wait for their turn, but what it says does not: that an application or a job
has completed, that a leg has hung up, or whose digit was pressed.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from itertools import islice
from operator import attrgetter
from queue import Empty
from typing import Any, Protocol

from ..bounds import EARLIER
from ..clock import Clock, refuse_to_wait
from ..wire.declared import declared
from ..wire.exceptions import ProtocolError
from ..wire.message import DisconnectNotice, Event, LogData, Message
from ..wire.secrets import Secrets
from ..wire.shown import in_a_log
from .backlog import Backlog
from .callbacks import Callbacks
from .connection import TAKEN_AWAY, WAKING, Arrived, Connection, NothingMore, Pending
from .ending import Ending, Ends, Stage
from .losses import Losses
from .posted import POSTED
from .taken_away import HUNG_UP, LEFT, Movable, note
from .turns import Turns

__all__ = ["MAX_RECENT_AT_WORK", "Arrivals", "Late"]

#: Messages up to this late (seconds) still count as on time (clock rounding).
IN_TIME = 0.001
#: Events that can end or change any wait, and so are noted when they arrive.
TELLING = frozenset({"BACKGROUND_JOB", "CHANNEL_BRIDGE", POSTED, *WAKING})
#: The maximum number of unread events while the handler sleeps, and while it works. The legs'
#: states in them are rarely asked for, so they are read in batches.
MAX_RECENT = 4
MAX_RECENT_AT_WORK = 20

#: The event that tells of an application's beginning. It counts for those that collect digits.
BEGINNING = "CHANNEL_EXECUTE"
AND_BEGINNING = TELLING | {BEGINNING}

UP, OVER = Stage.UP, Stage.OVER


RAW, NAME = attrgetter("raw"), attrgetter("quick_name")

# For all calls, since most never have another; an empty set takes 216 bytes.
NO_SERIALS: frozenset[int] = frozenset()
NO_NAMES: frozenset[str] = frozenset()


class Late(Exception):
    """The deadline of a wait has passed. Private, because callbacks may raise queue.Empty."""


class Told(Ends, Movable, Protocol):
    """A leg, as events tell of it."""

    has_completed: bool
    bridge_event: Event | None
    last_collected: str | None

    @property
    def ended(self) -> list[Any]: ...

    @property
    def collects_digits(self) -> bool: ...

    def comes_back(self, event: Event, /) -> bool: ...

    def read(self, events: list[Event], /) -> None: ...


class Completes(Protocol):
    """The jobs, as events tell of them."""

    def complete(self, event: Event, /) -> None: ...


class Tells(Protocol):
    """What arrivals need of a conversation."""

    at_work: bool
    clock: Clock
    callbacks: Callbacks
    redact: Secrets
    logger: logging.LoggerAdapter[logging.Logger]
    turns: Turns
    losses: Losses
    observed: Any

    @property
    def connection(self) -> Connection: ...

    @property
    def ending(self) -> Ending: ...

    @property
    def jobs(self) -> Completes: ...

    @property
    def legs(self) -> Mapping[str, Told]: ...

    @property
    def under_way(self) -> dict[str, Any]: ...

    def check_thread(self) -> None: ...

    def in_its_thread(self) -> bool: ...

    def raise_if_gone(self, leg: Any) -> None: ...

    def raise_if_over(self) -> None: ...


class Arrivals:
    """What has arrived for one conversation, and is not looked at yet; its handler's thread."""

    __slots__ = (
        "_callbacks",
        "_connection",
        "_conversation",
        "_ending",
        "_forgotten",
        "_items",
        "_size",
        "_taken",
        "_telling",
        "count",
        "read_to",
        "recent",
        "since",
        "tells_beginnings",
    )

    def __init__(self, conversation: Tells) -> None:
        self._conversation = conversation
        self._connection = conversation.connection
        self._callbacks = conversation.callbacks
        self._ending = conversation.ending
        # Taken from the connection at once, and looked at one by one: the next is the last.
        self._items: list[Arrived] = []
        self._telling = AND_BEGINNING
        #: True once the switch has told of an application's beginning. Not every one does:
        #: it may not be subscribed to.
        self.tells_beginnings = False
        #: The last events: those since the last blocking call began, for the next wait, and those
        #: that are not yet read for the legs' states and variables.
        self.recent = conversation.redact.recent
        #: The serial of the last of these that was read.
        self.read_to = 0
        self._size = 0  # the bytes of those that were read
        #: The serial of the last event before that call, or of one taken next.
        self.since = 0
        self._taken = NO_SERIALS  # of those that a wait has returned
        self._forgotten = NO_NAMES  # of those that EARLIER has forgotten
        #: The number of events so far, which is the serial of the last.
        self.count = 0

    def next(
        self,
        deadline: float | None,
        wanted: Collection[str] | None = None,
        leg: Ends | None = None,
        *,
        skips: bool = False,
    ) -> Event | None:
        """Look at the next thing that arrived; wait for it until ``deadline``.

        Returns an event, for the caller to handle, or None if it was something else. Sleeps
        through events that are neither ``wanted`` (None: all are) nor have a callback; with
        ``skips`` these count as having had their turn. Raises `Late` if nothing arrived in time;
        what arrived later is left for the next call. With ``leg``, raises Hangup once the call
        or that leg has ended.
        """
        ending = self._ending
        until = deadline if ending.undisturbed else self._limit(deadline, leg)
        wakes = self._callbacks.wake_for(wanted) if self._callbacks else wanted
        items = self._items
        try:
            if not items:
                if self.count - self.read_to > MAX_RECENT:
                    self.read_recent()
                items = self._items = self._connection.take(wakes, until)
                items.reverse()
            while items:
                # Otherwise a wait would last as long as there is something to look at.
                if until is not None and items[-1][0] > until + IN_TIME:
                    raise Empty
                item = items.pop()[1]
                if not isinstance(item, Event):
                    self._see(item)
                    return None
                name = item.quick_name or item.name
                self.count = item.serial = self.count + 1
                self.recent.append(item)
                if name in self._telling:
                    self._note(item, name)
                elif skips and wakes is not None and name not in wakes:
                    continue
                return item
        except Empty:
            ending.note_silence(until)
            if leg is not None:
                self._conversation.raise_if_gone(leg)
            if until == deadline:
                raise Late from None
        except ProtocolError as error:  # a malformed event, found when its name is read
            raise self._conversation.redact.error(error) from None
        return None

    def _limit(self, deadline: float | None, leg: Ends | None) -> float | None:
        """When a wait for this leg must look again. Raises the leg's end, as `next` does."""
        ending = self._ending
        if ending.stage is not UP or (leg is not None and leg.hangup_event is not None):
            if leg is not None and (
                ending.stage is OVER or ending.failure is not None or leg.gone_by is not None
            ):
                self._conversation.raise_if_gone(leg)
            return ending.limit(deadline, leg)
        if leg is not None and ending.failure is not None:
            self._conversation.raise_if_over()
        return deadline

    def collect(self, deadline: float | None, wanted: Collection[str] | None = None) -> None:
        """Look at the next thing that arrives; queue an event for its turn.

        Raises `Late` at the deadline.
        """
        event = self.next(deadline, wanted)
        if event is not None:
            self._conversation.turns.keep(event)

    def look(self) -> None:
        """Before a leg is sent something: learn whether somebody else has taken it away.

        The handler's thread may not have waited for long. In other threads, this does nothing.
        """
        connection = self._connection
        if connection.has_news and self._conversation.in_its_thread():
            news = (getattr(item, "quick_name", None) for item in connection.untaken)
            if not TAKEN_AWAY.isdisjoint(news):
                while self._items or connection.has_news:
                    self.collect(None)

    def pull(self) -> None:
        """Look at what has arrived already, without waiting and without running callbacks."""
        self._conversation.check_thread()
        self.pull_until(self._conversation.clock.now())

    def pull_until(self, deadline: float | None) -> None:
        """Look at what arrives until the deadline, without running callbacks."""
        conversation = self._conversation
        if conversation.at_work:
            refuse_to_wait()
        conversation.at_work = True
        try:
            while True:
                self.collect(deadline)
        except Late:
            pass
        finally:
            conversation.at_work = False

    # The books

    def look_for_beginnings(self) -> None:
        """Note when an application begins, since one that collects digits is about to be sent."""
        self._telling = AND_BEGINNING

    def _see(self, item: Pending | NothingMore | Message) -> None:
        """Note an arrived item that is not an event."""
        conversation = self._conversation
        if isinstance(item, Pending):
            item.told = True
            if item.quiet:  # refused
                conversation.under_way.pop(item.execution, None)
                if conversation.observed is not None:
                    conversation.observed.over(item.execution, "refused")
        elif isinstance(item, NothingMore):
            self._ending.note_failure(item.reason)
        elif isinstance(item, DisconnectNotice):
            self._ending.note_notice(item)
        elif isinstance(item, LogData) and conversation.logger.isEnabledFor(logging.DEBUG):
            for line in item.body.rstrip("\n").split("\n"):
                conversation.logger.debug("%s", in_a_log(conversation.redact(line)))

    def _note(self, event: Event, name: str) -> None:
        """Note at once what an event says; its callbacks wait for their turn."""
        conversation = self._conversation
        if name == "CHANNEL_EXECUTE_COMPLETE":
            state = event.get("Channel-State-Number")
            under_way = conversation.under_way.pop(event.late_header("Application-UUID"), None)
            if under_way is None:  # one of the dialplan's
                facts = declared(event.late_header("Application"))
                found = conversation.legs.get(event.uuid or "")
                if found is not None:
                    note(found, event, state, ours=False)
            else:
                facts, leg = under_way.facts, under_way.leg
                under_way.event = event
                leg.has_completed = True
                if state in LEFT:
                    note(leg, event, state, ours=True)
                under_way.hung_up = state in HUNG_UP
                if leg.hangup_serial is not None or leg.transferred or under_way.hung_up:
                    leg.ended.append(under_way)
                if conversation.observed is not None:
                    conversation.observed.completed(under_way, event)
            if facts.collects:
                conversation.redact.read(event)
        elif name == BEGINNING:
            self.tells_beginnings = True
            under_way = conversation.under_way.get(event.late_header("Application-UUID"))
            if under_way is not None:
                under_way.begun = True
            if not any(each.will_collect for each in [*conversation.under_way.values()]):
                self._telling = TELLING
        elif name in TAKEN_AWAY or name == "CHANNEL_BRIDGE":
            found = conversation.legs.get(event.uuid or "")
            if found is None:
                pass
            elif name == "CHANNEL_BRIDGE":
                found.bridge_event = event
            else:
                note(found, event, event.get("Channel-State-Number"), ours=False)
        elif name == "BACKGROUND_JOB":
            conversation.jobs.complete(event)
        elif name != POSTED:
            uuid = event.uuid or ""
            leg = conversation.legs.get(uuid)
            digit = None
            if name == "DTMF":
                digit = event.digit
                conversation.redact.pressed(uuid, digit or "")
                if not conversation.redact.hides_digits:
                    event.shown = True
            observed = conversation.observed
            if leg is not None and name == "DTMF":
                if observed is not None:
                    observed.tell("digit")
                collects = leg.collects_digits
                event.collected = leg.comes_back(event) or collects
                if collects:
                    leg.last_collected = event.digit
            elif leg is not None:
                self._ending.note_hangup(leg, event)
                if observed is not None and leg is conversation.legs.get(observed.call.uuid):
                    observed.note_hangup(event.hangup_cause, event)

    def read_recent(self) -> None:
        """Note what the last events said of the legs' states and variables."""
        before = self.read_to
        if before == self.count:
            return
        events = self.recent[before - self.count :]  # in one step, as a finalizer may add some
        self.read_to = events[-1].serial if events else self.count
        events.reverse()
        self._size += sum(map(len, map(RAW, events)))
        self._drop_earlier()
        for leg in self._conversation.legs.values():
            leg.read(events)

    def _after(self, serial: int) -> list[Event]:
        """The recent events after that one, the last first. Any thread."""
        recent = self.recent.copy()  # a finalizer may add some meanwhile
        count = recent[-1].serial - serial if recent else 0
        return list(islice(reversed(recent), max(count, 0)))

    # The last blocking call

    def begin_call(self, backlog: Backlog) -> None:
        """A blocking call begins: what had its turn before is of no use for later waits."""
        self.since = backlog.first_serial - 1 if backlog.events else self.count
        self._taken = NO_SERIALS
        self._forgotten = NO_NAMES

    def of_last_call(self, wanted: Collection[str] | None) -> list[Event]:
        """The events that had their turn in the last blocking call, and that no wait returned.

        ``wanted`` are their names; None for any.
        """
        if self.count == self.since:
            return []
        backlog = self._conversation.turns.backlog
        end = backlog.first_serial if backlog.events else self.count + 1
        new = reversed(self._after(self.since))
        return [
            event
            for event in new
            if (wanted is None or event.quick_name in wanted)
            and event.serial < end
            and self.is_untaken(event)
        ]

    def is_untaken(self, event: Event) -> bool:
        """True unless a wait has returned it; posted values have an order of their own."""
        serial = event.serial
        return serial > self.since and serial not in self._taken and event.quick_name != POSTED

    def take(self, event: Event) -> None:
        """A wait returns this event; the next one won't."""
        if event.serial == self.since + 1:
            self.since += 1
        else:
            self._taken |= {event.serial}

    def _drop_earlier(self) -> None:
        """Drop events that were read: those before the last blocking call, and the excess."""
        recent = self.recent
        if recent:
            count = min(self.since, self.read_to) - recent[0].serial + 1
            if count > 0:
                old, recent[:count] = recent[:count], ()
                self._size -= sum(map(len, map(RAW, old)))
        if not recent:
            self._size = 0  # whatever finalizers have read meanwhile
        count, size = 0, self._size
        most, most_bytes = len(recent) - EARLIER.most, EARLIER.most_bytes or 0
        for event in recent if most > 0 or size > most_bytes else ():
            if count >= most and size <= most_bytes:
                break
            size -= len(event.raw)
            count += 1
        if count:
            forgotten, recent[:count] = recent[:count], ()
            self._size = size
            self._forgotten = self._forgotten.union(map(NAME, forgotten))

    def tell_forgotten(self, wanted: Collection[str] | None) -> None:
        """Log that a wait which looks back may miss an event: one of its name was forgotten."""
        if self._forgotten and wanted is not None and not self._forgotten.isdisjoint(wanted):
            self._conversation.losses.tell(EARLIER, *wanted)

    def forget(self) -> None:
        """Forget what has arrived."""
        self._items.clear()
        self.recent.clear()

    def unread(self) -> list[Event]:
        """The unread events, and those not yet taken, the last first; for other threads.

        Takes no lock and removes nothing: signal handlers may ask.
        """
        # in the order in which events move on: one that moves meanwhile is seen twice, not missed
        untaken = self._connection.untaken
        items = [item for _, item in self._items.copy()]
        events = []
        for item in [*reversed(untaken), *items, *self._after(self.read_to)]:
            try:
                if isinstance(item, Event) and item.name:
                    events.append(item)
            except ProtocolError:
                pass  # the handler's own wait will raise it
        return events

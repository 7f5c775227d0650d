"""A queue of events, bounded in number and in bytes."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator

from ..bounds import Bound
from ..wire.message import Event

__all__ = ["Backlog"]


class Backlog:
    """Events in order of arrival. Its owner drops the excess.

    Every operation takes the same time however many there are, `put_back` excepted.
    """

    __slots__ = ("_bytes", "_unexamined", "bound", "events")

    def __init__(self, bound: Bound) -> None:
        self.bound = bound
        #: By serial, the oldest first.
        self.events: OrderedDict[int, Event] = OrderedDict()
        self._bytes = 0
        self._unexamined: deque[int] = deque()  # serials that `drop` has not found worth keeping

    def __len__(self) -> int:
        return len(self.events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events.values())

    def __contains__(self, event: Event) -> bool:
        return self.events.get(event.serial) is event

    @property
    def overfull(self) -> bool:
        """True while events have to be dropped."""
        most_bytes = self.bound.most_bytes
        return len(self.events) > self.bound.most or (
            most_bytes is not None and self._bytes > most_bytes
        )

    @property
    def first_serial(self) -> int:
        """The serial of the oldest event."""
        return next(iter(self.events))

    def append(self, event: Event) -> None:
        """Add an event that has just arrived."""
        self.events[event.serial] = event
        self._unexamined.append(event.serial)
        self._bytes += len(event.raw)

    def popleft(self) -> Event:
        """Take the oldest event."""
        serial, event = self.events.popitem(last=False)
        self._bytes -= len(event.raw)
        while self._unexamined and self._unexamined[0] <= serial:
            self._unexamined.popleft()
        return event

    def remove(self, event: Event) -> None:
        """Take this event out of its place."""
        del self.events[event.serial]
        self._bytes -= len(event.raw)

    def drop(self, worth_keeping: Callable[[Event], bool]) -> Event:
        """Take the oldest event that is not ``worth_keeping``, or else the oldest.

        An event is examined once, so a long queue costs no more than a short one.
        """
        while self._unexamined:
            event = self.events.get(self._unexamined.popleft())
            if event is not None and not worth_keeping(event):
                self.remove(event)
                return event
        return self.popleft()

    def put_back(self, events: Iterable[Event]) -> None:
        """Return events that were taken to their places."""
        for event in events:
            self.append(event)
        for serial in sorted(self.events):
            self.events.move_to_end(serial)
        self._unexamined = deque(sorted(self._unexamined))

"""The threads that handlers start: they are participants of virtual time, and take turns.

While a world stands, a thread that a participant starts is a participant, too. Exactly one runs at
a time, from one wait to its next; whose turn it is among those that may go on is drawn from the
seed. So the same seed gives the same order on every machine. `held_waits` contains what they wait
on.

What a handler leaves behind is ended where it waits when the world ends: SystemExit is raised
there, thread by thread, in the order in which they were started.
"""

from __future__ import annotations

import random
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import wraps
from traceback import FrameSummary
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from eslsync.call.ending import Stopped
from eslsync.clock import may_wait
from eslsync.stacks import call_user, users_stack

from .counted import Participant
from .held_pools import Pools
from .stuck import SimulationError, serves, stack_of
from .threads import SECOND

if TYPE_CHECKING:
    from .virtual_time import World

__all__ = ["Child", "HeldThreads", "real_join", "real_start"]

real_start, real_join = threading.Thread.start, threading.Thread.join

#: Real seconds for a thread that was ended to clean up, one after the other.
CLEAN_UP = 5.0


#: Waits without time after which a microsecond passes.
QUESTIONS = 100


class Watched(Protocol):
    """A selector that a participant waits on."""

    def has_news(self, seconds: float | None = 0.0) -> bool: ...

    def watches_outside(self) -> bool: ...


class Child(Participant):
    """A thread that a participant has started."""

    __slots__ = ("joiners", "over", "parent")

    def __init__(self, number: int, thread: threading.Thread, parent: Participant | None) -> None:
        super().__init__(number, thread)
        self.parent = parent  # who has started it
        self.over = False  # it runs no code of the handler's any more
        self.joiners: list[Participant] = []


class Left(NamedTuple):
    """A thread that a handler has left behind."""

    name: str
    daemon: bool
    stack: list[FrameSummary]  #: from its beginning, the innermost last


class Seconds(float):
    """A time on the clock of what waits, in whole microseconds."""

    def __add__(self, other: float) -> float:
        return Seconds(float(self) + other)

    def __sub__(self, other: float) -> float:
        return round(float(self) - other, 6)


class HeldThreads:
    """The threads of one world's participants, and whose turn it is.

    Until a participant has started a thread, this has no part in the order of things.
    """

    def __init__(
        self, world: World, participants: Mapping[int, Participant], seed: int | None
    ) -> None:
        self._world = world
        self.owner = threading.get_ident()  #: the test's thread
        self._participants = participants  # by the identifiers of their threads
        self._began = world.now
        self._seed = seed or 0
        self._chance: random.Random | None = None
        self.draw = False  #: turns are drawn, since a participant has started a thread
        #: Participants that were told of what they wait for. Any thread may append, without a lock.
        self._news: deque[Participant] = deque()
        self._pools: Pools | None = None
        self._ready: list[Participant] = []
        self._awaited: set[threading.Thread] = set()  # threads outside that time stands still for
        self._alarm: threading.Lock | None = None  # where the test's thread waits for news
        self._children: dict[threading.Thread, Child] = {}  # until their ends were seen
        self._ended: deque[Child] = deque()
        self._loops: dict[Participant, Watched] = {}
        self.on_first: Callable[[], object] = lambda: None  #: called before the first thread starts
        self.stirred = False  #: there may be something for `take_news`
        self.left: list[Left] = []  #: those that the end of the world has ended

    # Whose turn it is. On the test's thread.

    def take_news(self) -> list[Participant]:
        """The participants that were told something since the last time; all is quiet."""
        self.stirred = bool(self._loops)
        while self._ended:  # in full, so that `is_alive` is the same on every run
            child = self._ended.popleft()
            real_join(child.thread, self._world.patience)
            del self._children[child.thread]
            if child.thread.is_alive():
                self._world.stuck = True
                raise SimulationError(
                    f"{child.thread.name} has ended, but a finalizer of what it leaves waits:"
                    f"\n{stack_of(child)}"
                )
        told = {me for me, selector in self._loops.items() if selector.has_news()}
        while self._news:
            told.add(self._news.popleft())
        return sorted(told, key=lambda each: each.number)

    def get_ready(self, participant: Participant) -> None:
        """Have it draw lots with all that are ready."""
        if participant not in self._ready:
            self._ready.append(participant)
            self._world.at(self._world.now, self._take_turn)

    def _take_turn(self) -> None:
        self._world.resume(self._ready.pop(self.choose(len(self._ready))))

    def choose(self, count: int) -> int:
        """Draw one of ``count``."""
        if self._chance is None:  # few worlds draw
            self._chance = random.Random(self._seed)
        return self._chance.randrange(count)

    # Waiting. On the participant's own thread.

    def participant(self) -> Participant | None:
        """The current thread's; None in a thread that is real."""
        me = self._participants.get(threading.get_ident())
        if me is None or not self._world.closed or isinstance(me, Child):
            return me
        return None  # a handler goes on in real time

    def seconds(self) -> float:
        """The time, on a clock that began with the world."""
        return Seconds((self._world.now - self._began) / SECOND)

    def sleep(self, seconds: float) -> None:
        """`time.sleep` in a participant."""
        self._world.sleep(seconds)

    def tell(self, participant: Participant) -> None:
        """Have it look again whether it may go on. In any thread, and in finalizers."""
        self._news.append(participant)
        self.stirred = True
        alarm = self._alarm
        if alarm is not None:
            with suppress(RuntimeError):  # another one was faster
                alarm.release()

    def wait_for(
        self, me: Participant | None, come: Callable[[], object], timeout: float | None = None
    ) -> bool:
        """Wait until ``come()`` is true, which whoever changes it must `tell` ``me``.

        Returns False if ``timeout`` simulated seconds (None: no limit) pass before: a microsecond
        at least. With none, it returns at once, but lets one pass now and then: somebody may ask
        again and again. ``me`` is None for the test's thread, which lets time pass.
        """
        world = self._world
        if me is None:
            until = None if timeout is None else world.now + round(timeout * SECOND)
            return world.run(lambda: bool(come()), until)
        if timeout is not None and timeout <= 0 and not self._asks_too_often(me):
            return bool(come())
        until = None if timeout is None else world.now + max(1, round(timeout * SECOND))
        me.held = True
        try:
            while not come():
                if until is not None and until <= world.now:
                    return False
                if not world.closed:
                    world.wait(me, until)
                if world.closed and not isinstance(me, Child):
                    raise Stopped("the simulation is over")
                if world.closed and not come():
                    raise SystemExit
            return True
        finally:
            me.held = False

    @staticmethod
    def _asks_too_often(me: Participant) -> bool:
        me.questions = (me.questions + 1) % QUESTIONS
        return not me.questions

    def end_if_over(self, me: Participant) -> None:
        """End a thread of the handler's that goes on after the world has ended."""
        if self._world.closed and isinstance(me, Child):
            raise SystemExit

    @contextmanager
    def watching(self, me: Participant, selector: Watched) -> Iterator[None]:
        """Meanwhile tell the participant when its selector has news."""
        self._loops[me] = selector
        self.stirred = True
        try:
            yield
        finally:
            del self._loops[me]

    def lets_pass(self) -> bool:
        """True in the test's thread, outside of verbs, while threads of handlers are left.

        What it waits for may come of them.
        """
        is_tests = threading.get_ident() == self.owner
        return is_tests and self.draw and may_wait() and any(self.children())

    # Threads outside

    def wait_for_outside(self, thread: threading.Thread | None) -> None:
        """Have time stand still until a thread outside, just woken, waits again or has ended."""
        if thread is not None and thread not in self._awaited:
            self._awaited.add(thread)
            self._world.stand_still()

    def outside_waits(self) -> None:
        """Note that the current thread, one outside, waits again."""
        if self._awaited and threading.current_thread() in self._awaited:
            self._let_pass(threading.current_thread())

    def outside_ended(self) -> bool:
        """True if a thread that time stands still for has ended; it does so no longer."""
        ended = [each for each in self._awaited if not each.is_alive()]
        for each in ended:
            self._let_pass(each)
        return bool(ended)

    def forget_outside(self) -> bool:
        """Wait for no thread outside any longer; False if there is none."""
        awaited = list(self._awaited)
        for each in awaited:
            self._let_pass(each)
        return bool(awaited)

    def _let_pass(self, thread: threading.Thread) -> None:
        self._awaited.discard(thread)
        self._world.go_on()

    def is_held(self, ident: int | None) -> bool:
        """True for the identifier of a participant's thread."""
        return ident in self._participants

    def wait_for_future(self, future: Any) -> None:
        """Have time stand still until work outside is done."""
        self._world.stand_still()
        future.add_done_callback(lambda _: self._world.go_on())

    # Who waits for ever

    def await_outside(self) -> bool:
        """Nothing is due: wait, really, for threads outside, if a handler waits for another one.

        Returns True if a participant was told something. Raises SimulationError if none is, since
        the handler waits for ever.
        """
        waiting = [each for each in self._participants.values() if each.held]
        if all(isinstance(each, Child) for each in waiting):
            return False
        for selector in self._loops.values():
            if selector.watches_outside() and selector.has_news(self._world.patience):
                return True
        in_circle = [each for each in waiting if _waits_for_itself(each)]
        if not in_circle and self._told_from_outside():
            return True
        self._world.stuck = True
        said = ["these threads wait for each other, or for what no thread will do:"]
        for each in sorted(in_circle or waiting, key=lambda each: each.number):
            said.append(f"{each.thread.name} waits:\n{stack_of(each)}")
        raise SimulationError("\n".join(said))

    def _told_from_outside(self) -> bool:
        """Wait for patience, really, until a thread outside tells; at once if there is none."""
        if not self.has_outside():
            return False
        alarm = self._alarm = threading.Lock()
        alarm.acquire()
        if not self._news:
            patience = self._world.patience
            alarm.acquire(timeout=-1 if patience is None else patience)
        self._alarm = None
        return bool(self._news)

    def _is_outside(self, thread: threading.Thread) -> bool:
        """True for a thread that may tell a participant something."""
        ident = thread.ident or 0
        return ident not in self._participants and ident != self.owner and not serves(thread)

    # Threads

    def child(self, thread: threading.Thread) -> Child | None:
        """A thread that a participant of this world has started; None for any other."""
        return self._children.get(thread)

    def children(self) -> list[Child]:
        """Those that have not ended, in the order in which they were started."""
        return [each for each in self._children.values() if not each.over]

    def start(self, thread: threading.Thread) -> None:
        """`Thread.start` in a participant: the thread waits for its turn to begin."""
        world = self._world
        if not self.draw:
            self.draw = True
            self.on_first()
        child = Child(world.next_number(), thread, self.participant())
        run = thread.run

        def held() -> None:
            del thread.run
            child.wait()
            try:
                self.end_if_over(child)
                call_user(lambda _: run(), None)
            except SystemExit:
                pass  # ends a thread without a word, as in Python
            except BaseException:  # noqa: BLE001 - told as Python does, but while others wait
                if not world.closed:
                    threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), thread)))
            finally:
                child.over = True
                for joiner in child.joiners:
                    self.tell(joiner)
                self._ended.append(child)
                self.stirred = True
                world.leave()

        thread.run = held  # type: ignore[method-assign]
        self.start_outside(thread)
        self._children[thread] = child
        world.enter(child)
        self.tell(child)

    def start_outside(self, thread: threading.Thread) -> None:
        """`Thread.start` waits, really, until the thread exists."""
        with self._world.really():
            real_start(thread)

    def pool(self, pool: Any) -> Any:
        """The pool that does the work of ``pool`` in this world."""
        if self._pools is None:
            self._pools = Pools(self)
        return self._pools.playing(pool)

    def stand_in(self, pool: Any) -> Any:
        """The pool that plays ``pool`` in this world; None if there is none."""
        return None if self._pools is None else self._pools.stand_in(pool)

    def on_behalf(self, me: Participant, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function`` for a thread of a pool, which then works for the call of ``me``."""
        while isinstance(me, Child) and me.parent is not None:
            me = me.parent

        @wraps(function)
        def work(*args: Any, **kwargs: Any) -> Any:
            child = self.participant()
            if isinstance(child, Child):
                child.parent = me
            return function(*args, **kwargs)

        return work

    @property
    def patience(self) -> float:
        """Real seconds to wait for what is outside."""
        return -1 if self._world.patience is None else self._world.patience

    def has_outside(self) -> bool:
        """True if there are threads that no participant has started."""
        return any(map(self._is_outside, threading.enumerate()))

    def with_mail(self) -> Iterator[Child]:
        """Those with items in the inboxes that they are parked on."""
        return (
            each
            for each in list(self._children.values())
            if each.inbox is not None and not each.inbox.empty()
        )

    def join(self, me: Participant | None, child: Child, timeout: float | None) -> bool:
        """Wait until a thread has ended; False if it has not by then."""
        if me is not None:
            child.joiners.append(me)
        try:
            return self.wait_for(me, lambda: child.over, timeout)
        finally:
            if me is not None:
                child.joiners.remove(me)

    def close(self) -> None:
        """End the threads that have not ended, one by one; the world has ended."""
        if not self.draw:
            return
        patience = 0.0 if self._world.stuck else CLEAN_UP
        idle = set() if self._pools is None else self._pools.close()
        for child in self.children():
            frames = users_stack(child.thread)
            if child.thread not in idle:
                self.left.append(Left(child.thread.name, child.thread.daemon, frames))
        for child in list(self._children.values()):
            self._world.resume(child)
            real_join(child.thread, patience)
        self._children.clear()
        self._ended.clear()
        if self._pools is not None:
            self._pools.reopen()


def _waits_for_itself(participant: Participant) -> bool:
    """True if it waits for a lock whose holder waits for a lock, and so on, of its own."""
    seen: list[Participant] = []
    each: Participant | None = participant
    while each is not None and each not in seen:
        seen.append(each)
        each = None if each.lock is None else each.lock.holder
    return each is not None

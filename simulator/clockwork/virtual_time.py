"""Virtual time: a world that runs one action after the other.

Sockets and threads are real, yet the order is the same on every run. The world counts running
handler threads, and bytes in flight on each connection. A handler that waits in the clock
(`VirtualClock`, which the library waits on) is parked. Only when no handler runs and no bytes are
in flight does the world run the next action: exactly one, the earliest, ties in order of asking.
Waking a handler is an action, too, so at most one runs at a time. Time jumps from one action to
the next: silence costs nothing.

The world runs on the test's own thread, inside the caller's verbs (`World.run`). While the
test does something else, the world stands still.

Everything here belongs to the test's thread, except the counters and the participants, which
handler threads and the library's reader change under ``_lock``.
"""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock, get_ident  # stay real, and cost nothing to look for
from typing import Any, TypeVar
from weakref import WeakSet

from eslsync import forks
from eslsync.clock import REAL, Clock, Peer, here

from .counted import Participant, VirtualLink
from .debuggers import is_debugged
from .held_threads import HeldThreads, real_join
from .link import Exchange, Link
from .stuck import SimulationError, stack_of
from .threads import SECOND
from .tricks import raise_in, real_seconds

__all__ = ["SimulationError", "VirtualClock", "World"]

#: Has pytest show the lines of the failing test, not these.
__tracebackhide__ = True

T = TypeVar("T")

#: Resumptions of a handler at one moment after which their real time is limited.
TURNS = 1000
#: Real seconds between two looks whether patience is used up.
LOOK = 0.05


#: Real seconds for the thread of a handler that has ended to let go of what it had.
GONE = 1.0


#: Why handlers are stuck, and what to do.
CAUSES = """\
A handler that gets no further waits for something outside of the call (a database, HTTP, code in
C), waits for a lock that was made before the switch, or loops. switch.outside gives what is outside
simulated time (docs/guides/outside.md); docs/internals/threads.md says what threads may wait for.
If it needs real time, give it more: patience= (None: no limit), or --esl-patience of pytest. In a
debugger it has as much as it takes."""


class World(Exchange):
    """Runs actions in virtual time, in order. Times are microseconds since the epoch.

    ``patience`` is the number of real seconds that handlers may run without waiting for the call
    (None: no limit). It may be changed at any time.
    """

    def __init__(self, now: int, *, patience: float | None, seed: int | None = None) -> None:
        super().__init__(now)
        self.clock = VirtualClock(self)
        self.patience = patience
        self._numbers = itertools.count(1)
        self._links: dict[Peer, VirtualLink] = {}
        self._handlers: WeakSet[threading.Thread] = WeakSet()  # their threads
        # Under this lock:
        self._lock = threading.RLock()  # a finalizer may post to a call while this thread holds it
        self._gate: Lock | None = None  # where the test's thread waits for quiet
        self._participants: dict[int, Participant] = {}  # by the identifiers of their threads
        self._mailed: set[Participant] = set()  # parked, with items in their inboxes
        self._talking: set[VirtualLink] = set()  # with data from apps that we have not received
        self._running = 0  # handlers
        self._dialling = 0  # connections whose handler's thread has not begun
        self._flying = 0  # bytes to apps
        # Links on which a thread that the handler started has sent. They are answered at once,
        # since the handler may wait for that thread; so their order may vary.
        self._urgent: list[VirtualLink] = []
        self.wakes = 0  #: the number of resumptions of handlers
        self.sleeps = 0  #: the number of calls of time.sleep
        self.stuck = False  #: SimulationError was raised, since a handler is stuck
        self._waits: threading.Event | None = None  # set when the work of `aside` waits
        self.closed = False  #: virtual time has ended
        self.threads = HeldThreads(self, self._participants, seed)
        forks.register(self)

    def let_go(self) -> None:
        """In a forked child, whose thread is none of a handler's: it waits really."""
        self._participants.clear()

    # The switch's model

    def dial(self, address: tuple[str, int]) -> Link:
        """Connect to an app; raises OSError if nobody listens there."""
        sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        sock.settimeout(self.patience)
        # Bound first: the app's thread may ask for our address before connect returns here.
        sock.bind((address[0], 0))
        if sock.getsockname()[1] == address[1]:
            # We were given the port that we want to connect to, so nobody listens there.
            sock.close()
            raise ConnectionRefusedError(f"nobody listens on {address}")
        link = VirtualLink(self, next(self._numbers), sock, self._flies, self._landed)
        with here.busy, self._lock:
            self._links[sock.getsockname()] = link
            self._dialling += 1
        try:
            sock.connect(address)
        except OSError:
            with here.busy, self._lock:
                self._dialling -= 1
            sock.close()
            raise
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return link

    def _flies(self, link: VirtualLink, size: int) -> None:
        with self._lock:
            link.to_app += size
            self._flying += size

    def _landed(self, link: VirtualLink, size: int) -> None:
        with self._lock:
            link.to_switch = left = max(0, link.to_switch - size) if size else 0
            if not left:
                self._talking.discard(link)

    def ask(self, link: Link, question: Callable[[], T]) -> T | None:
        """Run ``question`` on the thread of the handler that serves ``link``; return its answer.

        Returns None if the handler does not wait in the clock. (To read another thread's frames,
        for instance, is not safe.) Raises what ``question`` raises.
        """
        participant = self._serving(link)
        return participant.ask(question) if participant is not None and participant.parked else None

    def _serving(self, link: Link) -> Participant | None:
        with here.busy, self._lock:
            thread = link.thread
            return None if thread is None else self._participants.get(thread.ident or 0)

    def abandon(self, link: Link, error: type[BaseException]) -> None:
        """Raise ``error`` in the handler that serves ``link``, to end its thread.

        In a handler that waits in the clock, the wait raises it, at the current virtual time. In
        a running one, it arrives between two instructions of Python, so not before a call into C
        returns. Does nothing if no handler serves ``link`` any more.
        """
        participant = self._serving(link)
        if participant is None:
            return
        if participant.parked:
            self.end_wait(participant, error())
        else:
            raise_in(participant.thread, error)

    def end_wait(self, participant: Participant, error: BaseException) -> None:
        """Have the wait of a parked participant raise ``error``, at the current virtual time."""
        participant.error = error
        self.at(self.now, lambda: self._wake(participant))

    # The test's thread

    def run(self, until: Callable[[], bool], deadline: int | None = None) -> bool:
        """Run actions until ``until()`` is true, or up to ``deadline``.

        Returns False if ``deadline`` came first, or nothing is due any more. Raises
        SimulationError if a handler is stuck.
        """
        with here.busy:  # whoever waited for an app here would keep the world from answering it
            while True:
                self._settle()
                if until():
                    return True
                action = self.take_next(deadline)
                if action is not None:
                    action()
                    if self.news:
                        self.flush()
                elif not (self.idle and self.threads.await_outside()):
                    if deadline is not None:
                        self.now = max(self.now, deadline)
                    return False

    def _settle(self) -> None:
        """Wait until no handler runs and no bytes are in flight, and act on what the apps sent."""
        while True:
            with self._lock:
                if not self._is_our_turn():
                    gate = self._gate = Lock()
                    gate.acquire()
                else:
                    gate, sent = None, self._urgent
                    if sent:
                        self._urgent = []
                    elif self._talking:
                        sent = sorted(self._talking, key=lambda link: link.number)
                    else:
                        if self._mailed:
                            self._deliver_mail()
                        if not self.threads.stirred:
                            return
            if gate is not None:
                if not gate.acquire(timeout=LOOK):
                    self._wait_for_quiet(gate)
                continue
            if not sent:
                for participant in self.threads.take_news():
                    self.at(self.now, partial(self._wake, participant))
                return
            for link in sent:
                link.receive()
            if self.news:
                self.flush()

    def _wait_for_quiet(self, gate: Lock) -> None:
        """Wait on until all is quiet, or a link is urgent, or handlers are stuck."""
        debugged = False
        waited = LOOK
        while not gate.acquire(timeout=LOOK):
            waited += LOOK
            if self.threads.outside_ended() or self.patience is None or waited < self.patience:
                continue
            if self.threads.forget_outside():
                continue
            waited = 0.0
            with self._lock:
                if self._is_our_turn():
                    self._gate = None
                    return
                # Once a debugger has let go of a handler, patience begins anew.
                before, debugged = debugged, self._is_debugged()
                if not (before or debugged):
                    self._gate = None
                    self.stuck = True
                    raise SimulationError(self._who_is_stuck())

    def _is_debugged(self) -> bool:
        """True if a debugger has a handler that runs."""
        return any(
            is_debugged(each.thread) for each in self._participants.values() if not each.parked
        )

    def aside(self, work: Callable[[], object], name: str) -> threading.Thread:
        """Start ``work``, which stops a server, on a new thread.

        Returns when the work is done or waits for handlers to end (`Clock.joining`). No handler
        runs until then, so all of it happens in one moment.
        """
        waits = self._waits = threading.Event()

        def worker() -> None:
            try:
                work()
            finally:
                waits.set()

        helper = threading.Thread(target=worker, name=name, daemon=True)
        helper.start()
        come = waits.wait(self.patience)
        self._waits = None
        if not come:
            raise SimulationError(f"{name} did nothing for {self.patience:g} s of real time")
        return helper

    def _is_our_turn(self) -> bool:
        """True if all is quiet, or a link is urgent. Called with ``_lock`` held."""
        return not (self._running or self._dialling or self._flying) or bool(self._urgent)

    def _open_gate(self) -> None:
        """Wake the test's thread if it waits and it is its turn. Called with ``_lock`` held."""
        if self._gate is not None and self._is_our_turn():
            self._gate.release()
            self._gate = None

    def _deliver_mail(self) -> None:
        """Schedule the waking of participants with items in their inboxes, in a fixed order."""
        for participant in sorted(self._mailed, key=lambda each: each.number):
            participant.inbox = None
            self.at(self.now, partial(self._wake, participant))
        self._mailed.clear()

    def _wake(self, participant: Participant, *, drawn: bool = False) -> None:
        """Have a participant go on that has waited for this moment; later, if turns are drawn."""
        if self.threads.draw and not drawn:
            self.threads.get_ready(participant)
            return
        if participant.moment != self.now:
            participant.moment, participant.since = self.now, real_seconds()
            participant.turns = 0
        participant.turns += 1
        if participant.turns >= TURNS and self.patience is not None:
            self._check_turns(participant, self.patience)
        self.wakes += 1
        with self._lock:
            if participant.parked:
                participant.parked = False
                participant.inbox = None
                self._running += 1
                participant.gate.release()

    def resume(self, participant: Participant) -> None:
        """Have a participant go on, whose turn it is."""
        with here.busy:
            self._wake(participant, drawn=True)

    def _check_turns(self, participant: Participant, patience: float) -> None:
        """Raise SimulationError if a handler loops at one moment of virtual time."""
        if real_seconds() - participant.since > patience:
            if is_debugged(participant.thread):
                participant.moment = 0  # it begins anew
                return
            self.stuck = True
            name = participant.thread.name
            raise SimulationError(
                f"virtual time stood still for {patience:g} s of real time, in which "
                f"{name} went on {participant.turns} times:\n{stack_of(participant)}"
            )

    def _who_is_stuck(self) -> str:
        said = [f"no progress for {self.patience:g} s of real time"]
        for participant in self._participants.values():
            stack = "" if participant.parked else stack_of(participant)
            if stack:
                said.append(
                    f"{participant.thread.name} runs, or waits for something other than the call:"
                    f"\n{stack}"
                )
        if len(said) == 1:
            said.append(f"dialling: {self._dialling}, bytes in flight to the app: {self._flying}")
            return "\n".join(said)
        return "\n".join([*said, CAUSES])

    def nudge(self) -> None:
        """Do nothing: the counters show when `run` must check its condition again."""

    def close(self) -> None:
        """End virtual time: remaining handlers wait in real time, and their threads end."""
        children = self.threads.children()
        with here.busy, self._lock:
            self.closed = True
            for participant in self._participants.values():
                if participant.parked and participant not in children:
                    participant.parked = False
                    self._running += 1
                    participant.gate.release()
            links = list(self._links.values())
        self.threads.close()
        for link in links:
            link.dispose()

    def is_over(self) -> bool:
        """True if virtual time has ended, and all handlers with their threads."""
        if not self.closed or self._links or self._dialling:
            return False
        for thread in list(self._handlers):
            real_join(thread, GONE)
        return not any(thread.is_alive() for thread in self._handlers)

    # Handler threads

    def participant(self) -> Participant | None:
        """The current thread's participant; None in a thread without one."""
        return None if self.closed else self._participants.get(get_ident())

    def park(
        self, participant: Participant, deadline: int | None, inbox: SimpleQueue[Any] | None
    ) -> None:
        """Wait, on the handler's thread, until it is woken. Called with ``_lock`` held.

        It is woken at ``deadline``, or when an item arrives in its ``inbox``. Raises the error
        that it is abandoned with.
        """
        timer = None
        if deadline is not None:
            timer = self.at(deadline, partial(self._wake, participant))
        participant.parked = True
        participant.inbox = inbox
        self._running -= 1
        if self._gate is not None:
            self._open_gate()
        self._lock.release()
        try:
            participant.wait()
        finally:
            self._lock.acquire()
            if timer is not None:
                timer.cancel()
        if participant.error is not None:
            error, participant.error = participant.error, None
            raise error

    def wait(self, participant: Participant, deadline: int | None) -> None:
        """Wait, on the participant's own thread, until it is woken or until ``deadline``."""
        with here.busy, self._lock:
            if not self.closed:
                self.park(participant, deadline, None)

    def sleep(self, seconds: float | None) -> bool:
        """Sleep in virtual time; return False at once in a thread that is not a participant.

        None is for ever: until `end_wait`, or the end of virtual time.
        """
        participant = self.threads.participant()
        if participant is None:
            return False
        self.sleeps += 1
        until = None if seconds is None else self.now + max(0, round(seconds * SECOND))
        if until == self.now and self.threads.draw:
            self.wait(participant, until)  # another one's turn may come
        while (until is None or self.now < until) and not self.closed:
            self.wait(participant, until)
        self.threads.end_if_over(participant)
        return True

    def do(self, action: Callable[[], None]) -> None:
        """Run ``action`` as the next one that is due, for a participant that waits meanwhile.

        What it has sent so far arrives before. Returns at once, without running the action, in
        a thread that is not a participant.
        """
        participant = self.participant()
        if participant is None:
            return
        with here.busy, self._lock:
            timer = self.at(self.now, action)
        while timer.action is not None and not self.closed:
            self.wait(participant, self.now)

    # Threads that handlers start

    def next_number(self) -> int:
        """The number of another participant."""
        return next(self._numbers)

    def enter(self, participant: Participant) -> None:
        """Add a participant whose thread waits for its turn to begin."""
        with here.busy, self._lock:
            participant.parked = True
            self._participants[participant.thread.ident or 0] = participant

    def leave(self) -> None:
        """Remove the participant that runs in the current thread."""
        with here.busy, self._lock:
            self._participants.pop(get_ident(), None)
            self._running -= 1
            self._open_gate()

    def stand_still(self) -> None:
        """Let no time pass for another thing that happens outside, until `go_on`."""
        with here.busy, self._lock:
            self._running += 1

    def go_on(self) -> None:
        with here.busy, self._lock:
            self._running -= 1
            self._open_gate()

    @contextmanager
    def really(self) -> Iterator[None]:
        """Meanwhile the current thread, a participant's, waits in real time."""
        ident = get_ident()
        with here.busy, self._lock:
            participant = self._participants.pop(ident)
        try:
            yield
        finally:
            with here.busy, self._lock:
                self._participants[ident] = participant


class VirtualClock(Clock):
    """The world's clock, as the library sees it."""

    simulates = True

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> float:
        return self._world.now / SECOND

    wall = now

    def get(self, inbox: SimpleQueue[T], deadline: float | None) -> T:
        world = self._world
        until = None if deadline is None else round(deadline * SECOND)
        with here.busy, world._lock:
            participant = world._participants.get(get_ident())
            while participant is not None and not world.closed:
                if not inbox.empty():
                    return inbox.get_nowait()
                if until is not None and until <= world.now:
                    raise Empty
                world.park(participant, until, inbox)
        if not world.closed:  # a thread that no handler has started
            return REAL.get(inbox, None if deadline is None else REAL.now() + deadline - self.now())
        if (participant := world.threads.participant()) is not None:
            world.threads.end_if_over(participant)
        return inbox.get() if until is None else inbox.get_nowait()

    def pause(self, seconds: float) -> None:
        pass  # nor does virtual time

    def joining(self) -> None:
        waits = self._world._waits
        if waits is not None:
            waits.set()

    def begun(self, peer: Peer) -> None:
        world = self._world
        with here.busy, world._lock:
            link = world._links.get(peer)
            if link is None:
                return
            world._dialling -= 1
            world._running += 1
            link.thread = threading.current_thread()
            link.participant = Participant(link.number, link.thread)
            world._handlers.add(link.thread)
            world._participants[get_ident()] = link.participant
            has_company = len(world._participants) == 2
        if has_company:
            world.threads.on_first()

    def ended(self, peer: Peer) -> None:
        world = self._world
        with here.busy, world._lock:
            participant = world._participants.pop(get_ident(), None)
            if participant is None:
                return
            world._mailed.discard(participant)
            link = world._links.pop(peer)
            world._talking.discard(link)
            link.ended = True
            link.thread = None
            world._flying -= link.to_app
            link.to_app = 0
            world._running -= 1
            world._open_gate()
        link.dispose()

    def sending(self, peer: Peer, size: int) -> None:
        world = self._world
        with world._lock:
            link = world._links.get(peer)
            if link is None or link.closed:
                return
            link.to_switch += size
            world._talking.add(link)
            if get_ident() not in world._participants:
                world._urgent.append(link)
                world._open_gate()

    def received(self, peer: Peer, size: int) -> None:
        world = self._world
        with here.busy, world._lock:
            link = world._links.get(peer)
            if link is None:
                return
            size = min(size, link.to_app)
            link.to_app -= size
            world._flying -= size
            participant = link.participant
            if participant is not None:
                inbox = participant.inbox
                if inbox is not None and not inbox.empty():
                    world._mailed.add(participant)
            if world.threads.draw:
                world._mailed.update(world.threads.with_mail())
            if world._gate is not None:
                world._open_gate()

"""What a simulated IVR call costs, beside the cost of its bytes and threads alone.

python benchmarks/simulator.py              # calls per second per core, and ratio to the sockets
python benchmarks/simulator.py --profile    # where the time goes, by module (Python 3.10, 3.11)

CPU time is that of the whole process, all threads, user and system. Numbers and how to read
them: benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import selectors
import socket
import statistics
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Literal

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from examples.ivr import handler  # noqa: E402
from simulator import Call, FreeSwitch  # noqa: E402

#: Traffic of the control connection: the sender, and the bytes of one step.
Said = list[tuple[Literal["app", "switch"], bytes]]


def caller(call: Call) -> None:
    call.hear("ivr/ivr-welcome")
    call.press("1")
    call.hear("ivr/ivr-option-1")
    call.wait()


# Simulated calls


def simulate(count: int) -> None:
    with FreeSwitch() as switch:
        calls_on(switch)(count)


def calls_on(switch: FreeSwitch) -> Callable[[int], None]:
    def run(count: int) -> None:
        for _ in range(count):
            caller(switch.call(handler))

    return run


def what_is_said() -> Said:
    """The bytes of one call, both ways."""
    with FreeSwitch() as switch:
        call = switch.call(handler)
        caller(call)
    said: Said = []
    for _, sender, _, what in call.transcript.entries_raw:
        if isinstance(what, bytes):
            assert sender != "caller"
            said.append((sender, what))
    return said


# The same bytes without a switch, a library or a clock


class Sockets:
    """Send and receive a call's bytes, over loopback, between the same three threads.

    The switch's side is this thread. It sends, and waits until the reader (one thread, a
    selector) has received the bytes and put them on the call's queue. Then it lets the call's own
    thread run, which takes them from the queue, sends the app's next bytes, and stops again. So
    only one of the three runs at a time, as in the simulation.
    """

    def __init__(self, said: Said) -> None:
        self.said = said
        self.changed = threading.Condition()
        self.received = 0  # by the reader, for this call
        self.stopped = False  # the call's thread, at its gate
        self.server = socket.create_server(("127.0.0.1", 0))
        self.selector = selectors.DefaultSelector()
        self.wake, self.woken = socket.socketpair()
        self.selector.register(self.woken, selectors.EVENT_READ, None)
        self.arriving: SimpleQueue[tuple[socket.socket, SimpleQueue[bytes]]] = SimpleQueue()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        self.accepted: SimpleQueue[threading.Thread] = SimpleQueue()
        self.acceptor = threading.Thread(target=self.accept)
        self.acceptor.start()

    def close(self) -> None:
        self.server.shutdown(socket.SHUT_RDWR)
        self.acceptor.join()
        self.server.close()
        self.wake.close()
        self.reader.join()
        self.woken.close()
        self.selector.close()

    def accept(self) -> None:
        while True:
            try:
                sock, _ = self.server.accept()
            except OSError:
                return
            thread = threading.Thread(target=self.serve, args=(sock,))
            thread.start()
            self.accepted.put(thread)

    def read(self) -> None:
        while True:
            for key, _ in self.selector.select():
                if key.data is None:
                    if not self.woken.recv(4096):
                        return
                    sock, inbox = self.arriving.get()
                    self.selector.register(sock, selectors.EVENT_READ, inbox)
                    continue
                assert isinstance(key.fileobj, socket.socket)
                data = key.fileobj.recv(65536)
                key.data.put(data)
                if not data:
                    self.selector.unregister(key.fileobj)
                with self.changed:
                    self.received += len(data) or 1
                    self.changed.notify_all()

    def serve(self, sock: socket.socket) -> None:
        """The app's side, in the call's own thread."""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        inbox: SimpleQueue[bytes] = SimpleQueue()
        self.inbox = inbox
        self.arriving.put((sock, inbox))
        self.wake.send(b"!")
        for sender, data in self.said:
            if sender == "app":
                sock.sendall(data)
                continue
            with self.changed:
                self.stopped = True
                self.changed.notify_all()
            self.gate.acquire()
            while not inbox.empty():
                inbox.get()
        sock.shutdown(socket.SHUT_WR)
        while inbox.get():
            pass
        sock.close()

    def run(self, count: int) -> None:
        for _ in range(count):
            self.call()

    def call(self) -> None:
        self.gate = threading.Lock()
        self.gate.acquire()
        self.received, self.stopped = 0, False
        with socket.create_connection(self.server.getsockname()) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sent = 0
            thread = self.accepted.get()
            for sender, data in self.said:
                if sender == "app":
                    left = len(data)
                    while left:
                        data = sock.recv(left)
                        assert data, "the other side has closed"
                        left -= len(data)
                    continue
                with self.changed:
                    self.changed.wait_for(lambda: self.stopped)
                sock.sendall(data)
                sent += len(data)
                with self.changed:
                    self.changed.wait_for(lambda sent=sent: self.received >= sent)  # type: ignore[misc]
                    self.stopped = False
                self.gate.release()
            assert not sock.recv(1)
            sock.shutdown(socket.SHUT_WR)
            thread.join()


# Measuring


@dataclass(frozen=True)
class Cost:
    """Seconds per call."""

    cpu: float
    wall: float


def measure(action: Callable[[int], None], count: int) -> Cost:
    cpu, wall = time.process_time(), now()
    action(count)
    cpu, wall = time.process_time() - cpu, now() - wall
    return Cost(cpu / count, wall / count)


def now() -> float:
    """Real time, from a clock that freezegun doesn't freeze while a FreeSwitch is entered."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def spread(values: Sequence[float], unit: float = 1000.0) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{low * unit:8.3f} {middle * unit:8.3f} {high * unit:8.3f}"


def machine() -> str:
    load = ", ".join(f"{each:.2f}" for each in os.getloadavg())
    return f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {load}"


def compare(calls: int, rounds: int) -> None:
    print(machine())
    said = what_is_said()
    size = sum(len(data) for _, data in said)
    print(f"a call: {len(said)} steps over the connection, {size / 1000:.1f} KB both ways")
    sockets = Sockets(said)
    simulated, alone = [], []
    with FreeSwitch() as switch:
        run = calls_on(switch)
        run(calls)
        sockets.run(calls)
        for _ in range(rounds):  # in turn, so that other work on the machine affects both
            simulated.append(measure(run, calls))
            alone.append(measure(sockets.run, calls))
    sockets.close()
    print(f"{rounds} rounds of {calls} calls each       min   median      max")
    print("simulated, CPU ms a call    ", spread([each.cpu for each in simulated]))
    print("simulated, wall ms a call   ", spread([each.wall for each in simulated]))
    print("sockets alone, CPU ms a call", spread([each.cpu for each in alone]))
    print("sockets alone, wall ms      ", spread([each.wall for each in alone]))
    ratios = [one.cpu / other.cpu for one, other in zip(simulated, alone, strict=True)]
    print("CPU, simulated / sockets    ", spread(ratios, 1.0))
    print("simulated calls/s a core    ", spread([1 / each.cpu for each in simulated], 1.0))
    print(machine())


# Profiling


def profile(calls: int) -> None:
    """CPU seconds of all threads, by module; built-in functions count for their caller."""
    if sys.version_info >= (3, 12):
        sys.exit("cProfile can't tell threads apart from Python 3.12 on: use 3.10 or 3.11")
    profiles: list[cProfile.Profile] = []
    run = threading.Thread.run

    def profiled(self: threading.Thread) -> None:
        own = cProfile.Profile(time.thread_time)
        own.enable()
        try:
            run(self)
        finally:
            own.disable()
            profiles.append(own)

    simulate(20)
    main = cProfile.Profile(time.thread_time)
    threading.Thread.run = profiled  # type: ignore[method-assign]
    try:
        main.runcall(simulate, calls)
    finally:
        threading.Thread.run = run  # type: ignore[method-assign]
    stats = pstats.Stats(main)
    for each in profiles:
        stats.add(each)
    report(stats, calls)


def report(stats: pstats.Stats, calls: int) -> None:
    modules: dict[str, float] = defaultdict(float)
    functions: dict[str, float] = defaultdict(float)
    entries: dict[tuple[str, int, str], Any] = stats.stats  # type: ignore[attr-defined]
    for (file, _, name), (_, _, own, _, callers) in entries.items():
        if file != "~":
            modules[module_of(file)] += own
            functions[f"{module_of(file)}: {name}"] += own
        elif "socket" in name or "select" in name or "lock" in name or "thread" in name:
            # sockets, locks and threads, which the bare sockets use as well
            modules[f"built in: {name.strip('<>{}')}"] += own
            functions[f"built in: {name.strip('<>{}')}"] += own
        else:
            for (caller_file, _, caller_name), (_, _, its, _) in callers.items():
                modules[module_of(caller_file)] += its
                functions[f"{module_of(caller_file)}: {caller_name}"] += its
    total = sum(modules.values())
    print(f"{machine()}\n{calls} calls under the profiler, {total / calls * 1000:.2f} ms each")
    for title, table in (("module", modules), ("function, with the built-ins it calls", functions)):
        print(f"\n   %   ms a call  {title}")
        ranked = sorted(table.items(), key=lambda item: -item[1])[:25]
        for name, seconds in ranked:
            print(f"{seconds / total:5.1%}  {seconds / calls * 1000:8.3f}  {name}")


def module_of(file: str) -> str:
    path = Path(file)
    try:
        return str(path.relative_to(ROOT))
    except ValueError:
        return path.parent.name + "/" + path.name if path.parent.name else path.name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=20, help="in a round (default: 20)")
    parser.add_argument("--rounds", type=int, default=60, help="of each (default: 60)")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        # One core, which is what is measured. On several, waking a thread on another core
        # sometimes costs two or three times as much, and the numbers vary.
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    if options.profile:
        profile(options.calls * 10)
    else:
        compare(options.calls, options.rounds)


if __name__ == "__main__":
    main()

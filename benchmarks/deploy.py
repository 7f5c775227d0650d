"""Calls at a steady rate while the servers behind one port are reloaded, upgraded, restarted.

python benchmarks/deploy.py                  # 10,000 calls over 100 reloads, 20 upgrades ...
python benchmarks/deploy.py --short          # a small one
python benchmarks/deploy.py --only spread    # one part: reloads upgrades stops activated
                                             # restarts haproxy spread throughput

The servers are real: gunicorn with eslsync's worker, `eslsync serve`, systemd-socket-activate,
HAProxy. The callers are one epoll loop of raw sockets, which says what a recorded switch said: a
call presses a key after a while, and then its handler hangs up (deployed.py). A call is lost if
it is refused, reset or cut, or if its handler has not come to its last line. The exit status is 1
if one was. Figures, and how to read them: benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.callers import HANDLED, REFUSED, Callers  # noqa: E402
from benchmarks.holding import raise_limit  # noqa: E402
from benchmarks.switchboard import Words  # noqa: E402

#: Seconds after which a server that should have done something has failed.
PATIENCE = 60.0
#: Seconds for which a server that was restarted takes calls, before it is again.
UP = 1.0
#: Seconds between looks at the servers.
LOOK = 0.05
APP = "benchmarks.deployed:app"
#: What a server logs once it accepts.
LISTENS = "listening on "


class Sizes(NamedTuple):
    workers: int = 4
    rate: float = 100.0  # calls a second
    calls: int = 10_000
    reloads: int = 100
    upgrades: int = 20
    restarts: int = 20  # of one server, on a socket that is kept
    proxied: int = 1_000  # calls over HAProxy
    rolls: int = 2  # restarts of both servers behind it
    held: int = 400  # calls, for the spread
    seconds: float = 10.0  # of throughput


SHORT = Sizes(2, 50.0, 100, 2, 1, 2, 100, 1, 40, 1.0)


# Processes


class Server:
    """A process that serves calls, and its log."""

    def __init__(self, folder: Path, command: Sequence[str], fds: Sequence[int] = ()) -> None:
        self.log, self.pidfile = folder / "log", folder / "pid"
        self._seen = 0  # of `LISTENS`
        self._arbiter = 0
        with self.log.open("a") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, pass_fds=fds)

    @property
    def arbiter(self) -> int:
        """gunicorn's arbiter; after an upgrade that is no child of ours."""
        with suppress(FileNotFoundError, ValueError):  # a reload writes it anew
            self._arbiter = int(self.pidfile.read_text())
        return self._arbiter

    @property
    def workers(self) -> set[int]:
        return children(self.arbiter)

    def has_begun(self, times: int = 1) -> bool:
        """True if so many more processes listen than were asked for before."""
        if self.log.read_text().count(LISTENS) < self._seen + times:
            return False
        self._seen += times
        return True

    def begins(self, times: int = 1) -> None:
        wait_for(lambda: self.has_begun(times))

    def end(self) -> None:
        """End it, and an arbiter that has taken its place."""
        for pid in {self.process.pid, self.arbiter if self.pidfile.exists() else self.process.pid}:
            if alive(pid):
                os.kill(pid, signal.SIGTERM)
        self.process.wait(PATIENCE)
        wait_for(lambda: not self.pidfile.exists())


def children(pid: int) -> set[int]:
    try:
        return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    except OSError:
        return set()  # it has ended


def alive(pid: int) -> bool:
    """True if it runs. One that has ended and was not waited for does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > deadline:
            sys.exit("a server has not done in time what it was told to")
        time.sleep(LOOK)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def gunicorn(folder: Path, workers: int, *options: str) -> list[str]:
    command = [sys.executable, "-m", "gunicorn", "-k", "eslsync.gunicorn.Worker", "--workers"]
    command += [f"{workers}", "--pid", f"{folder / 'pid'}", "--graceful-timeout", "30"]
    return [*command, "--no-control-socket", *options, APP]


def serve(*options: str) -> list[str]:
    return [sys.executable, "-m", "eslsync", "serve", APP, "--drain", "30", *options]


@contextmanager
def several(folder: Path, workers: int) -> Iterator[tuple[Server, int]]:
    """gunicorn with so many workers, and its port."""
    port = free_port()
    server = Server(folder, gunicorn(folder, workers, "--bind", f"127.0.0.1:{port}"))
    try:
        server.begins(workers)
        yield server, port
    finally:
        server.end()


# What operators do while calls go on


class Operator:
    """Does something to the servers again and again; asked between two turns of the callers."""

    def __init__(self, steps: Iterator[bool], calls: Callable[[], int], least: int) -> None:
        self._steps = steps
        self._calls, self._least = calls, least
        self._looked = self._deadline = 0.0
        self._is_done = False

    def __call__(self) -> bool:
        """True once all is done, and there were enough calls."""
        now = time.monotonic()
        if now - self._looked >= LOOK and not self._is_done:
            self._looked = now
            step = next(self._steps, None)
            self._is_done = step is None
            if step or not self._deadline:
                self._deadline = now + PATIENCE
            elif now > self._deadline:
                sys.exit("a server has not done in time what it was told to")
        return self._is_done and self._calls() >= self._least


#: The steps of an operator yield False while they wait for something, and True when it is there.
Steps = Iterator[bool]


def reload_often(server: Server, workers: int, times: int) -> Steps:
    for _ in range(times):
        old = server.workers
        os.kill(server.arbiter, signal.SIGHUP)
        while len(server.workers - old) < workers or server.workers & old:
            yield False
        yield True


def upgrade_often(server: Server, workers: int, times: int) -> Steps:
    new_pidfile = server.pidfile.with_name("pid.2")
    for _ in range(times):
        old = server.arbiter
        os.kill(old, signal.SIGUSR2)
        while not (new_pidfile.exists() and server.has_begun(workers)):
            yield False
        os.kill(old, signal.SIGTERM)
        while alive(old) or new_pidfile.exists() or server.arbiter == old:
            yield False
        yield True


def restart_often(servers: list[Server], begin: Callable[[], Server], times: int) -> Steps:
    """Stop a server, and start the next once it has ended, as systemd does."""
    for _ in range(times):
        server = servers.pop()
        server.process.terminate()
        while server.process.poll() is None:
            yield False
        servers.append(begin())
        while not servers[0].has_begun():
            yield False
        begun = time.monotonic()
        while time.monotonic() < begun + UP:
            yield False
        yield True


def roll_often(proxy: Proxy, servers: list[Server], begin: list[Begin], times: int) -> Steps:
    """Restart one server after the other, as docs/guides/production.md says."""
    for number in list(range(len(servers))) * times:
        name = f"app{number + 1}"
        proxy.tell(f"set server eslsync/{name} state drain")
        servers[number].process.terminate()
        while servers[number].process.poll() is None:
            yield False
        servers[number] = begin[number]()
        while not servers[number].has_begun():
            yield False
        proxy.tell(f"set server eslsync/{name} state ready")
        while not proxy.is_up(name):
            yield False
        yield True


Begin = Callable[[], Server]


class Proxy:
    """The real HAProxy with the project's configuration."""

    def __init__(self, folder: Path, ports: Sequence[int]) -> None:
        self.port, self._admin = free_port(), str(folder / "admin.sock")
        text = (ROOT / "deploy" / "haproxy.cfg").read_text()
        for old, new in {
            "    user haproxy\n    group haproxy\n": "",  # only root can become that
            "bind :5000": f"bind 127.0.0.1:{self.port}",
            "/run/haproxy/admin.sock": self._admin,
            "10.0.0.11:5000": f"127.0.0.1:{ports[0]}",
            "10.0.0.12:5000": f"127.0.0.1:{ports[1]}",
            "inter 2s": "inter 200ms",  # so that it takes less time
        }.items():
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        file = folder / "haproxy.cfg"
        file.write_text(text)
        with (folder / "haproxy.log").open("w") as log:
            self.process = subprocess.Popen(["haproxy", "-db", "-f", file], stdout=log, stderr=log)
        wait_for(lambda: Path(self._admin).exists() and self.is_up("app1") and self.is_up("app2"))

    def tell(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(self._admin)
            sock.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: sock.recv(65536), b"")).decode()

    def is_up(self, name: str) -> bool:
        names, *rows = (row.split(",") for row in self.tell("show stat").splitlines())
        [row] = [row for row in rows if row[:2] == ["eslsync", name]]
        return row[names.index("status")] == "UP"

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)


# The parts


class Bench:
    def __init__(self, sizes: Sizes, folder: Path) -> None:
        self.sizes = sizes
        self.lost = 0
        self._folder = folder
        self._words = Words()

    def folder(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir()
        return folder

    def reloads(self) -> None:
        sizes = self.sizes
        with several(self.folder("reloads"), sizes.workers) as (server, port):
            steps = reload_often(server, sizes.workers, sizes.reloads)
            self._call(f"{sizes.reloads} reloads (HUP)", port, steps, sizes.calls)

    def upgrades(self) -> None:
        sizes = self.sizes
        with several(self.folder("upgrades"), sizes.workers) as (server, port):
            steps = upgrade_often(server, sizes.workers, sizes.upgrades)
            self._call(f"{sizes.upgrades} upgrades (USR2)", port, steps, sizes.calls // 10)

    def stops(self) -> None:
        """gunicorn stopped whole: calls may be refused or given back, as the dialplan goes on."""
        sizes, folder, port = self.sizes, self.folder("stops"), free_port()
        command = gunicorn(folder, sizes.workers, "--bind", f"127.0.0.1:{port}")

        def begin() -> Server:
            (folder / "log").unlink(missing_ok=True)
            return Server(folder, command)

        servers = [begin()]
        try:
            servers[0].begins(sizes.workers)
            steps = restart_often(servers, begin, sizes.restarts)
            what = f"{sizes.restarts} stops (TERM) and starts"
            self._call(what, port, steps, sizes.calls // 10, ("given back", REFUSED))
        finally:
            servers[0].end()

    def activated(self) -> None:
        """gunicorn with the socket of systemd-socket-activate."""
        sizes, folder, port = self.sizes, self.folder("activated"), free_port()
        activate = shutil.which("systemd-socket-activate")
        if activate is None:
            self._skip("under systemd's socket", "systemd-socket-activate")
            return
        command = [activate, "-l", f"127.0.0.1:{port}", *gunicorn(folder, sizes.workers)]
        server = Server(folder, command)
        try:
            wait_for(lambda: answers(port))  # it starts gunicorn at the first connection
            server.begins(sizes.workers)
            times = max(1, sizes.reloads // 10)
            steps = reload_often(server, sizes.workers, times)
            self._call(f"{times} reloads under systemd's socket", port, steps, sizes.calls // 10)
        finally:
            server.end()

    def restarts(self) -> None:
        """`eslsync serve`, restarted on a socket that somebody keeps, as systemd does."""
        sizes, folder = self.sizes, self.folder("restarts")
        with socket.create_server(("127.0.0.1", 0), backlog=512) as sock:
            given = f'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@" 3<&{sock.fileno()}'

            def begin() -> Server:
                (folder / "log").unlink(missing_ok=True)
                return Server(folder, ["sh", "-c", given, "sh", *serve()], [sock.fileno()])

            servers = [begin()]
            try:
                servers[0].begins()
                steps = restart_often(servers, begin, sizes.restarts)
                what = f"{sizes.restarts} restarts on systemd's socket"
                self._call(what, sock.getsockname()[1], steps, sizes.calls // 10)
            finally:
                servers[0].end()

    def haproxy(self) -> None:
        """Two `eslsync serve` behind HAProxy, restarted in turn."""
        sizes, ports = self.sizes, [free_port(), free_port()]
        if shutil.which("haproxy") is None:
            self._skip("behind HAProxy", "haproxy")
            return

        def beginner(number: int) -> Begin:
            folder = self.folder(f"app{number + 1}")

            def begin() -> Server:
                (folder / "log").unlink(missing_ok=True)
                options = ["--port", f"{ports[number]}", "--proxy-protocol", "127.0.0.1"]
                return Server(folder, serve(*options))

            return begin

        begin = [beginner(number) for number in range(2)]
        servers = [each() for each in begin]
        for each in servers:
            each.begins()
        proxy = Proxy(self.folder("haproxy"), ports)
        try:
            steps = roll_often(proxy, servers, begin, sizes.rolls)
            what = f"{2 * sizes.rolls} restarts behind HAProxy"
            self._call(what, proxy.port, steps, sizes.proxied)
        finally:
            proxy.end()
            for each in servers:
                each.end()

    def _call(
        self, what: str, port: int, steps: Steps, least: int, also: Sequence[str] = ()
    ) -> None:
        """Call while an operator does something; ``also`` says what else may become of a call."""
        with Callers(self._words, port) as callers:
            start, cpu = time.monotonic(), time.process_time()
            operator = Operator(steps, lambda: callers.dialled, least)
            callers.call_steadily(self.sizes.rate, operator)
            took, cpu = time.monotonic() - start, time.process_time() - cpu
            calls = sum(callers.results.values())
            lost = calls - sum(callers.results[how] for how in (HANDLED, *also))
            why = ", ".join(f"{n} {how}" for how, n in callers.results.items() if how != HANDLED)
            delays = sorted(1000 * each for each in callers.delays)
        self.lost += lost
        figures = " ".join(f"{quantile(delays, part):8.1f}" for part in (0.5, 0.99, 1.0))
        print(f"{what:34} {calls:7} {took:6.0f} {figures} {lost:5} {why}", flush=True)

    def _skip(self, what: str, program: str) -> None:
        print(f"{what:34} skipped: there is no {program} here", flush=True)

    def spread(self) -> None:
        """How held calls spread over workers."""
        sizes = self.sizes
        for what, rate in (("at a steady rate", sizes.rate), ("all at once", 1e6)):
            folder = self.folder(f"spread {what}")
            with (
                several(folder, sizes.workers) as (server, port),
                Callers(self._words, port, holds=(3600.0, 3600.0)) as callers,
            ):
                before = {pid: descriptors(pid) for pid in server.workers}
                hold(callers, sizes.held, rate)
                counts = sorted(descriptors(pid) - held for pid, held in before.items())
                callers.press_all()
                callers.see_out()
            shown = f"{', '.join(map(str, counts))}, {counts[-1] / max(1, counts[0]):.2f}"
            print(f"spread of {sizes.held} calls {what}, most by least: {shown}", flush=True)

    def throughput(self) -> None:
        """Calls a second, and keys of held calls, of one process, one worker and two."""
        print(
            "                                   calls/s   of one process   held, keys answered in"
        )
        first = 0.0
        for what, workers in (("eslsync serve", 0), ("gunicorn -w 1", 1), ("gunicorn -w 2", 2)):
            with self._serving(what, workers) as port:
                rate, share = self._rate(port)
                took = self._keys(port)
            first = first or rate
            held = f"{self.sizes.held} calls, {took:.2f} s"
            callers = f"(the callers took {share:.0%} of a core)"
            print(f"{what:34} {rate:7.0f} {rate / first:16.2f}   {held} {callers}", flush=True)

    @contextmanager
    def _serving(self, what: str, workers: int) -> Iterator[int]:
        if workers:
            with several(self.folder(what), workers) as (_, port):
                yield port
            return
        port = free_port()
        server = Server(self.folder(what), serve("--port", f"{port}"))
        try:
            server.begins()
            yield port
        finally:
            server.end()

    def _rate(self, port: int) -> tuple[float, float]:
        """Calls a second when as one of 50 ends, the next begins; and the callers' CPU."""
        with Callers(self._words, port, holds=(0.0, 0.0)) as callers:
            for seconds in (self.sizes.seconds / 5, self.sizes.seconds):  # the first: to warm up
                ended, start, cpu = callers.ended, time.monotonic(), time.process_time()
                while time.monotonic() < start + seconds:
                    while len(callers.calls) < 50:
                        callers.call()
                    callers.turn(0.1)
                took = time.monotonic() - start
                rate = (callers.ended - ended) / took
                share = (time.process_time() - cpu) / took
            callers.see_out()
            self.lost += sum(callers.results.values()) - callers.results[HANDLED]
        return rate, share

    def _keys(self, port: int) -> float:
        """Seconds until all held calls are over, once each has pressed a key."""
        with Callers(self._words, port, holds=(3600.0, 3600.0)) as callers:
            hold(callers, self.sizes.held, self.sizes.rate)
            start = time.monotonic()
            callers.press_all()
            callers.see_out()
            self.lost += sum(callers.results.values()) - callers.results[HANDLED]
            return time.monotonic() - start


def hold(callers: Callers, calls: int, rate: float) -> None:
    """Have so many calls whose handlers wait for a key."""
    start, deadline = time.monotonic(), time.monotonic() + PATIENCE
    while callers.waiting < calls:
        if time.monotonic() > deadline:
            sys.exit(f"only {callers.waiting} of {calls} calls are held")
        while callers.dialled < min(calls, (time.monotonic() - start) * rate):
            callers.call()
        callers.turn(0.005)


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def answers(port: int) -> bool:
    """True if somebody says `connect` there."""
    try:
        with socket.create_connection(("127.0.0.1", port), 5.0) as sock:
            return sock.recv(7) == b"connect"
    except OSError:
        return False


def quantile(ordered: Sequence[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


PARTS = ("reloads", "upgrades", "stops", "activated", "restarts", "haproxy", "spread", "throughput")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="fewer calls")
    parser.add_argument("--only", choices=PARTS, action="append", help="may be repeated")
    options = parser.parse_args()
    raise_limit()
    load = ", ".join(f"{each:.2f}" for each in os.getloadavg())
    sizes = SHORT if options.short else Sizes()
    print(
        f"{sizes.workers} workers, {sizes.rate:g} calls a second; Python "
        f"{sys.version.split()[0]}, {os.cpu_count()} cores, load {load}\n"
        f"{'':34}   calls      s       ms to the handler     lost\n"
        f"{'':34}                  median     99 %    worst",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(sizes, Path(folder))
        for part in options.only or PARTS:
            getattr(bench, part)()
    if bench.lost:
        sys.exit(f"{bench.lost} calls were lost")


if __name__ == "__main__":
    main()

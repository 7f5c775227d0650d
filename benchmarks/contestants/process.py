"""A contestant's process, and its figures from the kernel (Linux)."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[2]

#: The kernel's number for a process's CPU time, user and system, of all its threads.
CPUCLOCK_SCHED = 2


#: Seconds within which a process must end by itself.
ENDING = 60.0


def command(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.contestants.{name}", *arguments]


class Contestant:
    """A process that serves one workload on ``port``, run by the program ``under`` if given."""

    def __init__(self, name: str, workload: str, under: Sequence[str] = ()) -> None:
        self._watched = bool(under)
        self._process = subprocess.Popen(
            [*under, *command(name, workload)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def cpu(self) -> float:
        """CPU seconds so far, as the scheduler counts them (in nanoseconds).

        Any process may read another's clock, by the number that clock_getcpuclockid(3) returns.
        """
        return time.clock_gettime((~self._process.pid << 3) | CPUCLOCK_SCHED)

    def settled_cpu(self, patience: float = 2.0) -> float:
        """Wait until the process is idle, at most ``patience`` seconds; return its CPU seconds."""
        deadline = time.monotonic() + patience
        was, now = -1.0, self.cpu()
        while now != was and time.monotonic() < deadline:
            time.sleep(0.02)
            was, now = now, self.cpu()
        return now

    def memory(self) -> int:
        """Bytes in memory now (PSS)."""
        return self._number("smaps_rollup", "Pss") * 1024

    def peak_memory(self) -> int:
        """Peak of bytes in memory (RSS)."""
        return self._number("status", "VmHWM") * 1024

    def threads(self) -> int:
        return self._number("status", "Threads")

    def _number(self, file: str, name: str) -> int:
        lines = Path(f"/proc/{self._process.pid}/{file}").read_text().splitlines()
        [line] = [line for line in lines if line.startswith(f"{name}:")]
        return int(line.split()[1])

    def end(self) -> None:
        """End the process. A program that watches it gets time to write its output first."""
        with self._process:  # which closes its pipes, and waits
            if self._watched:
                try:
                    self._process.communicate(timeout=ENDING)
                except subprocess.TimeoutExpired:
                    pass
            self._process.kill()

    def __enter__(self) -> Contestant:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

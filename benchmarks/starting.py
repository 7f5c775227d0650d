"""The cost of starting Python alone, the library, the command line, a simulated switch.

python benchmarks/starting.py              # CPU milliseconds, and the modules that take most
python benchmarks/starting.py --count      # instructions instead, which don't jitter (valgrind)

Numbers and how to read them: benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

CLI = "import sys; from eslsync.command_line.main import main; sys.argv[0] = 'eslsync'; main()"
CALL = ("-c", CLI, "call", "examples/ivr.py", "--press", "1")

#: The programs to start, as arguments of Python.
STARTED: dict[str, tuple[str, ...]] = {
    "python -c pass": ("-c", "pass"),
    "import eslsync": ("-c", "import eslsync"),
    "from eslsync import Outbound": ("-c", "from eslsync import Outbound"),
    "import pytest": ("-c", "import pytest"),
    "the same with the plugin": ("-c", "import pytest, eslsync.pytest_plugin"),
    "eslsync --help": ("-c", CLI, "--help"),
    "what eslsync serve imports": (
        "-c",
        "from eslsync import Outbound; import eslsync.command_line.main, eslsync.loading",
    ),
    "import simulator": ("-c", "import simulator"),
    "import simulator.calling.freeswitch": ("-c", "import simulator.calling.freeswitch"),
    "eslsync call ivr.py --press 1": CALL,
}

#: An imported module: its own microseconds, and its name.
IMPORTED = re.compile(r"^import time: +(\d+) \| +\d+ \| +(\S+)$", re.MULTILINE)


def run(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run a command and return its standard error."""
    done = subprocess.run(
        command,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=environment,
        text=True,
    )
    return done.stderr


def cpu_of(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Milliseconds of CPU that a process takes, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(command, environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def compare(rounds: int, environment: Mapping[str, str]) -> None:
    costs: dict[str, list[float]] = {name: [] for name in STARTED}
    for number in range(rounds + 1):  # in turn, so that other work on the machine affects all
        for name, arguments in STARTED.items():
            cost = cpu_of([sys.executable, *arguments], environment)
            if number:  # the modules are compiled by now
                costs[name].append(cost)
    print(f"CPU ms, {rounds} rounds                       min   median")
    for name, values in costs.items():
        print(f"{name:36} {min(values):8.1f} {statistics.median(values):8.1f}")


def switches(rounds: int) -> None:
    """Milliseconds of further simulated switches in one process."""
    from examples.ivr import handler
    from simulator import FreeSwitch

    def empty() -> None:
        with FreeSwitch():
            pass

    def with_a_call() -> None:
        with FreeSwitch() as switch:
            call = switch.call(handler)
            call.press("1")
            call.wait()

    for name, action in (("with FreeSwitch(): pass", empty), ("the same with a call", with_a_call)):
        values = []
        for _ in range(rounds + 1):
            started = time.process_time()
            for _ in range(10):
                action()
            values.append(100 * (time.process_time() - started))
        print(f"{name:36} {min(values[1:]):8.1f} {statistics.median(values[1:]):8.1f}")


def modules(rounds: int, environment: Mapping[str, str], shown: int) -> None:
    """Print the modules that take most, each without those that it imports."""
    for name in ("from eslsync import Outbound", "eslsync call ivr.py --press 1"):
        took: dict[str, int] = {}
        for _ in range(rounds):
            said = run([sys.executable, "-X", "importtime", *STARTED[name]], environment)
            for own, module in IMPORTED.findall(said):
                took[module] = min(int(own), took.get(module, int(own)))
        print(f"\n{name}: {len(took)} modules, {sum(took.values()) / 1000:.1f} ms; the dearest, ms")
        for module in sorted(took, key=lambda each: -took[each])[:shown]:
            print(f"{took[module] / 1000:6.1f}  {module}")


def count(environment: Mapping[str, str]) -> None:
    print("millions of instructions")
    counting = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}"]
    for name, arguments in STARTED.items():
        run([sys.executable, *arguments], environment)  # so that it is compiled
        said = run([*counting, sys.executable, *arguments], environment)
        [instructions] = re.findall(r"Collected : (\d+)", said)
        print(f"{name:36} {int(instructions) / 1e6:8.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=10, help="of each (default: 10)")
    parser.add_argument("--modules", type=int, default=12, help="to show (default: 12)")
    parser.add_argument("--count", action="store_true", help="instructions, by valgrind")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as compiled:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONHASHSEED": "0",
            # Compile once, as pip does when it installs; otherwise compiling is what is measured.
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": compiled,
        }
        print(f"Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}")
        if options.count:
            count(environment)
        else:
            compare(options.rounds, environment)
            switches(options.rounds)
            modules(options.rounds, environment, options.modules)


if __name__ == "__main__":
    main()

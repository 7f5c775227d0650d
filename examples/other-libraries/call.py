"""Call an app of any library, in real time, and show what it does when things go wrong.

python examples/other-libraries/call.py examples/other-libraries/genesis_ivr.py
python examples/other-libraries/call.py APP --only hangup

Each call starts the app as ``PYTHON APP --port 0 --timeout 1``. The app prints its port, and logs
to standard error.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from simulator import Call, CallFailed, Fault, FreeSwitch

PROMPTS = {"ivr/ivr-welcome": 1.0, "ivr/ivr-menu": 0.5}
#: Seconds that an app has for one scenario.
PATIENCE = 8.0


def nothing(call: Call) -> None:
    pass


def press_in_the_welcome(call: Call) -> None:
    call.hear("ivr/ivr-welcome", start=True)
    call.say_nothing(0.3)
    call.press("1")


def press_after_the_welcome(call: Call) -> None:
    call.hear("ivr/ivr-welcome")
    call.say_nothing(0.3)
    call.press("1")


def hang_up_in_the_welcome(call: Call) -> None:
    call.hear("ivr/ivr-welcome", start=True)
    call.say_nothing(0.3)
    call.hangup_after(0.0)


@dataclass
class Scenario:
    name: str
    what: str
    script: Callable[[Call], None]
    faults: Sequence[Fault] = ()


SCENARIOS = [
    Scenario("timeout", "the caller presses nothing", nothing),
    Scenario("key", "a key after the welcome", press_after_the_welcome),
    Scenario("early-key", "a key during the welcome", press_in_the_welcome),
    Scenario("hangup", "the caller hangs up during the welcome", hang_up_in_the_welcome),
    Scenario(
        "refuse", "the welcome is answered -ERR", nothing, [Fault("refuse", "execute playback")]
    ),
    Scenario(
        "drop",
        "the connection is lost as the welcome begins",
        nothing,
        [Fault("drop", "CHANNEL_EXECUTE playback")],
    ),
]


@contextmanager
def running(python: str, app: str, log: TextIO) -> Iterator[str]:
    """Run the app in a process of its own; yield its address."""
    command = [python, app, "--port", "0", "--timeout", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process:
        assert process.stdout is not None
        try:
            port = process.stdout.readline().strip()
            if not port:
                raise SystemExit(f"{app} did not start: see what it says above")
            # its further output must not fill the pipe
            threading.Thread(target=process.stdout.read, daemon=True).start()
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


def play(scenario: Scenario, python: str, app: str) -> None:
    print(f"\n## {scenario.name}: {scenario.what}\n")
    with tempfile.TemporaryFile("w+") as log:
        # Stop the app before the switch, which would wait for an app that never ends.
        switch = FreeSwitch(real_time=True, prompts=PROMPTS)
        with switch, running(python, app, log) as address:
            call = switch.dial(address, faults=scenario.faults)
            try:
                scenario.script(call)
                call.wait(timeout=PATIENCE)
                verdict = str(call.parting)
            except CallFailed as failure:
                verdict = str(failure).partition("\n")[0]
            print(call.ladder())
            print(f"\n{call.cause or 'still up'} after {call.duration:.1f} s; {verdict}")
        log.seek(0)
        print("\n".join(f"  app: {line}" for line in log.read().splitlines()[-12:]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("app")
    parser.add_argument("--python", default=sys.executable, help="the interpreter to run it with")
    parser.add_argument("--only", choices=[each.name for each in SCENARIOS])
    options = parser.parse_args()
    for scenario in SCENARIOS:
        if options.only in (None, scenario.name):
            play(scenario, options.python, options.app)


if __name__ == "__main__":
    main()

"""One script, one transcript: on every run, however busy the machine is."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from examples.ivr import handler
from simulator import CallFailed, FreeSwitch
from simulator.clockwork.frozen import standing_still
from simulator.ladders.transcript import Transcript

#: Runs of one script, and calls that differ.
RUNS, CALLS = 30, 100


@contextmanager
def busy_cores() -> Iterator[None]:
    """Run two processes that only burn CPU, at a low priority (otherwise it takes a minute).

    All of them, and the calls, run on whatever core there is (see tests/conftest.py).
    """
    with on_any_core():
        idle = "import os\nos.nice(10)\nwhile True: pass"
        idlers = [subprocess.Popen([sys.executable, "-c", idle]) for _ in range(2)]
        try:
            yield
        finally:
            for idler in idlers:
                idler.kill()
                idler.wait()


@contextmanager
def on_any_core() -> Iterator[None]:
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def scripted_call(seed: int = 0) -> Transcript:
    """What one call of the IVR left; equal if the bytes on the wire and their times are."""
    with FreeSwitch(seed=seed) as switch:
        call = switch.call(handler)
        call.hear("ivr/ivr-welcome", start=True)
        call.press("1")
        call.hear("ivr/ivr-option-1")
        call.press("2")
        call.wait()
    return call.transcript


def test_many_runs_on_busy_cores_give_one_transcript_byte_for_byte() -> None:
    first = scripted_call()
    with busy_cores(), standing_still(None):  # to freeze time costs as much as a call
        assert all(scripted_call() == first for _ in range(RUNS - 1))


#: The digest of these calls, on every Python. If the model is changed on purpose, this
#: changes too: the test prints the new one.
GOLDEN = "9e4af061fd2095f84e6c7ee0f17113333a0b95d18215bc308f39a361d0226fc2"


def test_different_calls_are_the_same_on_every_run_and_python() -> None:
    chance = random.Random(2026)
    digest = hashlib.sha256()
    with busy_cores(), FreeSwitch(seed=2026) as switch:
        for _ in range(CALLS):
            call = switch.call(handler)
            with suppress(CallFailed):  # the call may be over before the last key
                for _ in range(chance.randrange(4)):
                    call.say_nothing(chance.choice([0.1, 0.5, 1.0, 2.0, 5.0]))
                    call.press(chance.choice("123456789*0#"))
            call.wait()
            for entry in call.transcript.entries_raw:
                digest.update(repr(entry).encode())
    assert digest.hexdigest() == GOLDEN


def test_concurrent_calls_give_one_transcript_each() -> None:
    def three_calls() -> list[object]:
        with FreeSwitch(seed=3) as switch:
            calls = [switch.call(handler, caller=str(number)) for number in range(3)]
            for call in calls:
                call.hear("ivr/ivr-welcome", start=True)
            for call, digit in zip(calls, "213", strict=True):
                call.press(digit)
            for call in reversed(calls):
                call.wait()
        return [call.transcript.entries_raw for call in calls]

    first = three_calls()
    with busy_cores():
        assert all(three_calls() == first for _ in range(10))


def test_the_seed_decides_the_uuids_and_in_a_call_without_races_nothing_else() -> None:
    def without_uuids(text: str) -> list[str]:
        return [line for line in text.splitlines() if "filter" not in line]

    one, other = scripted_call(seed=1), scripted_call(seed=2)
    assert one != other
    assert without_uuids(str(one)) == without_uuids(str(other))


def test_random_keys_from_a_seed_are_the_same_keys_on_every_run() -> None:
    def keys(seed: int) -> str:
        chance = random.Random(seed)
        with FreeSwitch(seed=seed) as switch:
            call = switch.call(handler)
            with suppress(CallFailed):  # the call may be over before the last key
                for _ in range(3):
                    call.say_nothing(chance.uniform(0.0, 2.0))
                    call.press(chance.choice("1234*#"))
            call.wait()
        return str(call.transcript)

    assert [keys(seed) for seed in range(5)] == [keys(seed) for seed in range(5)]

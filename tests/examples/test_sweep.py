"""Every example under every fault, and under two at once: none hangs, fails or leaks.

Here at some of the steps; `benchmarks/sweep.py` takes them all (docs/guides/faults.md has what it
said).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from eslsync import Outbound
from eslsync.loading import Handler, load_handler
from examples import business_hours, ring_two
from simulator import Call, sweep
from simulator.calling.faults import KINDS, OF_LOOK_UPS
from simulator.calling.sweeps import Sweep
from simulator.scripts.script import Script
from tests.support.places import EXAMPLES

SCRIPTS = sorted(EXAMPLES.glob("*.call.yaml"))


def test_every_example_has_a_script_to_be_swept_by() -> None:
    swept = {Script.read(path).handler for path in SCRIPTS}
    assert swept == {path.name for path in EXAMPLES.glob("*.py")}


@pytest.mark.thorough
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name.removesuffix(".call.yaml"))
def test_no_fault_makes_an_example_hang_or_fail(path: Path) -> None:
    script = Script.read(path)
    handler = load_handler(EXAMPLES / script.handler)
    assert not isinstance(handler, Outbound)
    # Some of the messages, and only the events that the library needs: an eightieth of what
    # the benchmark does.
    app = needing_little(handler)
    look_at(
        sweep(
            script.play,
            app,
            faults=KINDS,
            every=72,
            pairs=1,
            allow_stranded=STAYS,
        )
    )


#: Where a killed app may leave its callers: that is up to the dialplan, which is empty here.
STAYS = ("park", "playback", "socket")


def answered_by_nobody(call: Call) -> None:
    call.switch.endpoint(ring_two.PHONES[0], rejects="USER_BUSY")
    call.switch.endpoint(ring_two.PHONES[1], rings=True, answers_after=None)
    call.wait()


def at_the_desk(call: Call) -> None:
    call.switch.endpoint(business_hours.DESK, answers_after=2.0, hangs_up_after=10.0)
    call.wait()


def test_no_fault_makes_a_call_without_a_script_hang_or_fail() -> None:
    look_at(
        sweep(
            answered_by_nobody,
            needing_little(ring_two.handler),
            faults=KINDS,
            every=15,
        )
    )
    app = needing_little(business_hours.handler)
    look_at(sweep(at_the_desk, app, faults=KINDS, every=15, start="2026-01-05T17:30:00"))


def needing_little(handler: Handler) -> Outbound:
    return Outbound(handler, events=["DTMF"])


def look_at(result: Sweep) -> None:
    assert {outcome.fault.kind for outcome in result.outcomes} == {*KINDS} - {*OF_LOOK_UPS}
    assert not result.wrong, str(result)
    for outcome in result.outcomes:
        # A refusal may be raised; the end of a call and of a connection must be told as such.
        if not any(fault.kind == "refuse" for fault in outcome.faults):
            assert outcome.ending in ("returned", "Hangup", "Disconnected"), str(outcome)

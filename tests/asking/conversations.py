"""Draws conversations, has them with a real switch, and shrinks those that the model has wrong."""

from __future__ import annotations

import itertools
import random
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from hypothesis import HealthCheck, Phase, given, seed, settings

from simulator.recordings.comparison import Mismatch, Report
from simulator.recordings.conformance import compare
from simulator.recordings.reading import Recording
from simulator.scenarios.drawing import renamed, scenarios
from simulator.scenarios.live import LiveSwitch
from simulator.scenarios.performing import Performance, perform
from simulator.scenarios.scenario import Scenario, Sleep

__all__ = ["Conversation", "ask", "drawn", "shortest"]

#: Scenarios that hypothesis draws before the one that is taken: it begins with small ones.
WARM_UP = 15
#: Seconds by which every pause is longer if a scenario is performed again, so that what came
#: together by chance doesn't.
LONGER = 0.083

#: Seconds, earlier or later, within which it is a race what comes first.
MOMENT = 0.04

_keys = itertools.count(random.SystemRandom().randrange(1 << 28, 1 << 31))


def drawn(number: int) -> Scenario:
    """The scenario of a seed."""
    found: list[Scenario] = []

    @seed(number)
    @settings(
        max_examples=WARM_UP + 10,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(scenarios())
    def draw(scenario: Scenario) -> None:
        found.append(scenario)

    draw()
    # hypothesis also repeats pieces of what it drew
    last = found[WARM_UP:] or found
    return max(last, key=lambda each: len(set(map(str, each.steps))))


@dataclass
class Conversation:
    """A scenario, what the real switch said, and how the model differs."""

    scenario: Scenario
    performance: Performance
    report: Report

    @property
    def kind(self) -> tuple[str, str, str] | None:
        """The kind of the first difference; None if there is none."""
        return None if self.report.conforms else _kind(self.report.differences[0])


def _kind(difference: Mismatch) -> tuple[str, str, str]:
    where = re.sub(r"^\s*[\d.]+ ", "", difference.where).partition(" ")[0]
    sides = (difference.expected, difference.found)
    expected, found = (
        re.sub(r"[\da-f]{8}-[\da-f-]{27}|\d+", "#", text if " " in text[:8] else text[:40])
        for text in sides
    )
    return where, expected, found


def judged(name: str, recording: Recording) -> Report:
    """How the model differs; not at all if it doesn't where commands come a moment earlier or
    later, since then a race was recorded.
    """
    report = compare(name, recording)
    for seconds in (-MOMENT, MOMENT) if not report.conforms else ():
        shifted = compare(name, _shifted(recording, seconds))
        if shifted.conforms:
            return shifted
    return report


def _shifted(recording: Recording, seconds: float) -> Recording:
    """The recording as if all that was done had been done that much later."""
    actions = [
        {**each, "at": each["at"] + seconds} if "at" in each else each
        for each in recording.circumstances.get("actions", [])
    ]
    return replace(
        recording,
        circumstances={**recording.circumstances, "actions": actions},
        app=[(max(0.0, time + seconds), data, before) for time, data, before in recording.app],
    )


def ask(scenario: Scenario, switch: LiveSwitch, *, longer: float = 0.0) -> Conversation:
    """Perform a scenario under names of its own, and compare the model."""
    scenario = renamed(scenario, f"{next(_keys):08x}")
    if longer:
        steps = (
            Sleep(step.seconds + longer) if isinstance(step, Sleep) else step
            for step in scenario.steps
        )
        scenario = replace(scenario, steps=tuple(steps))
    performance = perform(scenario, switch)
    return Conversation(scenario, performance, judged(scenario.name, performance.recording))


def shortest(conversation: Conversation, switch: LiveSwitch, *, at_once: int = 4) -> Conversation:
    """Leave out steps for as long as the same kind of difference remains."""
    best, size = conversation, max(1, len(conversation.scenario.steps) // 3)
    while True:
        steps = best.scenario.steps
        starts = range(1, len(steps), size)
        shorter = [replace(best.scenario, steps=steps[:at] + steps[at + size :]) for at in starts]
        with ThreadPoolExecutor(at_once) as pool:
            tried = list(pool.map(lambda each: ask(each, switch), shorter))
        alike = [at for at, each in zip(starts, tried, strict=True) if each.kind == best.kind]
        if alike:
            dropped = {number for at in alike for number in range(at, at + size)}
            kept = tuple(step for at, step in enumerate(steps) if at not in dropped)
            together = ask(replace(best.scenario, steps=kept), switch)
            found = [each for each in tried if each.kind == best.kind]
            best = together if together.kind == best.kind else found[-1]
        elif size == 1:
            return best
        size = max(1, size // 2)

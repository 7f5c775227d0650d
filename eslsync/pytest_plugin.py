"""The part of the pytest plugin that every run loads: options, the fixture `freeswitch`, scripts,
and the line in the summary that says what simulated calls stood on.

pytest imports this in every environment that has eslsync. The rest, `simulator.pytest_plugin`, is
imported when a test needs it.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .own_simulator import InTheWay, import_simulator
from .wire.keys import revealed

#: The module that knows what simulated calls stood on; loaded once a test makes one.
STANDING = "simulator.calling.standing"
#: Where an xdist worker puts it.
WORKERS = "eslsync_stands_on"
#: The endings of test files' names.
SCRIPTS = (".call.yaml", ".call.yml")
EXPLORATIONS = (".explore.yaml", ".explore.yml")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("eslsync", "calls in a simulated FreeSWITCH")
    group.addoption(
        "--esl-seed", type=int, metavar="N", help="the seed of every FreeSwitch that tests get"
    )
    group.addoption("--esl-real-time", action="store_true", help="run calls in real time")
    group.addoption(
        "--esl-patience",
        metavar="SECONDS",
        type=_patience,
        help="real seconds for which a handler may be stuck outside of its call (none: no limit)",
    )
    parser.addini(
        "eslsync_outside",
        type="linelist",
        help="functions outside of all calls of the fixture freeswitch and of scripts, and the "
        "seconds that they take: crm.lookup takes 0.8",
    )


def _patience(given: str) -> float:
    """Seconds; infinite for none."""
    if given.lower() in ("none", "inf"):
        return math.inf
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise argparse.ArgumentTypeError(f"seconds, such as 60, or none; not {given!r}")
    return seconds


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "freeswitch(seed=0, start=..., prompts={...}, ...): options of the fixture freeswitch, "
        "those of simulator.FreeSwitch, leftover_threads=True (threads may outlive the test) and "
        "no_call=True (the test makes no call)",
    )
    config.addinivalue_line(
        "markers",
        "eslsync_outside(function, takes=..., fails=..., at=..., optional=...): a function that "
        "calls of the fixture freeswitch ask outside, as given to simulator.FreeSwitch.outside",
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test with a marker of its own that nothing reads."""
    fixtures = getattr(item, "fixturenames", ())
    marked = {marker.name for marker in item.own_markers} & {"freeswitch", "eslsync_outside"}
    # (a fixture with `request` may ask for any other)
    if marked and not {"freeswitch", "request"}.intersection(fixtures):
        pytest.fail(
            f"@pytest.mark.{min(marked)} has options for the fixture freeswitch, and the test does "
            "not take that; a FreeSwitch of its own takes them itself",
            pytrace=False,
        )


@pytest.fixture
def freeswitch(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A simulated FreeSWITCH, to call handlers with in virtual time (simulator.FreeSwitch).

    Options come from @pytest.mark.freeswitch(seed=..., start=..., prompts={...}). When the test
    ends, the fixture hangs up remaining calls, re-raises exceptions of handlers, and fails if
    threads are left.
    """
    try:
        plugin = simulators_plugin(request.config)
    except InTheWay as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    yield from plugin.freeswitch(request)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.name.lower().endswith(SCRIPTS):
        return ScriptFile.from_parent(parent, path=file_path)
    if file_path.name.lower().endswith(EXPLORATIONS):
        return ExplorationFile.from_parent(parent, path=file_path)
    return None


class ScriptFile(pytest.File):
    """A script in YAML."""

    collector = "scripts_in"

    def collect(self) -> Iterator[pytest.Item]:
        try:
            plugin = simulators_plugin(self.config)
        except InTheWay as error:
            raise self.CollectError(str(error)) from None
        yield from getattr(plugin, self.collector)(self)


class ExplorationFile(ScriptFile):
    """What to explore, in YAML."""

    collector = "explorations_in"


def simulators_plugin(config: pytest.Config) -> Any:
    """The module with the rest of the plugin, registered for its reports. Raises InTheWay."""
    plugin = import_simulator("simulator.pytest_plugin")
    if not config.pluginmanager.is_registered(plugin):
        config.pluginmanager.register(plugin)
    return plugin


def pytest_assertrepr_compare(
    config: pytest.Config, op: str, left: object, right: object
) -> list[str] | None:
    """Explain a failed comparison of digits as one of plain strings: their repr hides them."""
    plain_left, plain_right = revealed(left), revealed(right)
    if plain_left is left and plain_right is right:
        return None
    told = config.hook.pytest_assertrepr_compare(
        config=config, op=op, left=plain_left, right=plain_right
    )
    found: list[str] | None = next(filter(None, told), None)
    return found or [f"{plain_left!r} {op} {plain_right!r}"]


def pytest_sessionfinish(session: pytest.Session) -> None:
    standing = sys.modules.get(STANDING)
    output = getattr(session.config, "workeroutput", None)
    if standing is not None and output is not None:
        output[WORKERS] = standing.dumped(standing.whole_run)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """An xdist worker has ended: add what its calls stood on."""
    dumped = getattr(node, "workeroutput", {}).get(WORKERS)
    if dumped:
        standing = import_simulator(STANDING)
        standing.whole_run.add(standing.loaded(dumped))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    standing = sys.modules.get(STANDING)
    if standing is not None and standing.whole_run.parts and terminalreporter.verbosity >= 0:
        terminalreporter.write_line(f"simulated calls stood on {standing.whole_run}")

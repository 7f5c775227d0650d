"""The pytest plugin, as far as every run loads it: options, the fixture `freeswitch`, scripts.

pytest imports this in every project in whose environment eslsync is installed. The rest is
`simulator.pytest_plugin`, imported when a test asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .own_simulator import InTheWay, import_simulator

#: How the names of files end that are tests.
SCRIPTS = (".call.yaml", ".call.yml")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("eslsync", "calls in a simulated FreeSWITCH")
    group.addoption(
        "--esl-seed", type=int, metavar="N", help="the seed of every FreeSwitch that tests get"
    )
    group.addoption(
        "--esl-real-time", action="store_true", help="let calls take the time that they take"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "freeswitch(seed=0, start=..., prompts={...}, ...): options of the fixture freeswitch, "
        "those of simulator.FreeSwitch, and leftover_threads=True (threads may outlive the test)",
    )


@pytest.fixture
def freeswitch(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A simulated FreeSWITCH, to call handlers with in virtual time (simulator.FreeSwitch).

    Options come from @pytest.mark.freeswitch(seed=..., start=..., prompts={...}). When the test
    ends, what is up is hung up, what a handler raised is raised, and no thread may be left.
    """
    try:
        plugin = simulators_plugin(request.config)
    except InTheWay as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    yield from plugin.freeswitch(request)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.name.endswith(SCRIPTS):
        return ScriptFile.from_parent(parent, path=file_path)
    return None


class ScriptFile(pytest.File):
    """A script in YAML."""

    def collect(self) -> Iterator[pytest.Item]:
        try:
            plugin = simulators_plugin(self.config)
        except InTheWay as error:
            raise self.CollectError(str(error)) from None
        yield from plugin.scripts_in(self)


def simulators_plugin(config: pytest.Config) -> Any:
    """The module with the rest of the plugin, registered for its reports. Raises InTheWay."""
    plugin = import_simulator("simulator.pytest_plugin")
    if not config.pluginmanager.is_registered(plugin):
        config.pluginmanager.register(plugin)
    return plugin

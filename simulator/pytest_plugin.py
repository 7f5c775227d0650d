"""The pytest plugin: the fixture, ladders of calls when a test fails, scripts as tests.

`eslsync.pytest_plugin`, which pytest loads in every project, imports this when a test needs it.
"""

from __future__ import annotations

import inspect
import math
import re
import sys
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import freezegun
import pytest

import eslsync

from . import CallFailed, FreeSwitch, SimulationError
from .calling import leaks
from .calling.freeswitch import simulation_of
from .calling.given import check_flag

if TYPE_CHECKING:
    from .exploring.tasks import Task
    from .scripts.script import Script

#: Maximum ladders in a report: the last ones of a test that makes thousands of calls.
LADDERS = 10
#: A line of the option eslsync_outside: a function, and the seconds that it takes.
OUTSIDE = re.compile(r"(\S+)(?:\s+takes\s+(\d+(?:\.\d+)?)(?:\s*s)?)?")

_switch = pytest.StashKey[FreeSwitch]()
_seed = pytest.StashKey[int]()
_raised = pytest.StashKey[BaseException]()


# The fixture


class _Failed(Exception):
    """The test has failed already, so further failures at its end are not reported."""


def freeswitch(request: pytest.FixtureRequest) -> Iterator[FreeSwitch]:
    """The fixture `freeswitch`: a switch with the options of the test's markers."""
    item = request.node
    options = _options(item, set(inspect.signature(FreeSwitch).parameters))
    leftover_threads = _flag(options, "leftover_threads")
    no_call = _flag(options, "no_call")
    before = threading.enumerate()
    _let_pytest_see_real_time()
    _hide_the_librarys_frames()
    try:
        switch = FreeSwitch(**options)
    except (TypeError, ValueError) as error:
        said = f"@pytest.mark.freeswitch: {error}"
        raise pytest.fail.Exception(said, pytrace=False) from None
    item.stash[_switch] = switch
    item.stash[_seed] = switch.seed
    with suppress(_Failed), switch:
        _set_up_outside(item, switch)
        yield switch
        if _raised in item.stash:
            raise _Failed
    if _raised not in item.stash and not no_call and not simulation_of(switch).asked:
        pytest.fail(
            "the test has made no call with its fixture freeswitch, so no handler was tried; if "
            "it is meant so, mark it @pytest.mark.freeswitch(no_call=True)",
            pytrace=False,
        )
    # a stuck thread is still running, and its stack has been shown
    if not leftover_threads and not isinstance(item.stash.get(_raised, None), SimulationError):
        _check_threads(before, switch)


def _set_up_outside(item: pytest.Item, switch: FreeSwitch) -> None:
    """What is outside by the markers, the nearest last, and before them by the configuration.

    A test that is marked itself must call it; markers of its class or module are for some tests.
    """
    for function, options in _outside_by_configuration(item.config):
        switch.outside(function, **options, optional=True)
    for marker in reversed(list(item.iter_markers("eslsync_outside"))):
        shared = {} if marker in item.own_markers else {"optional": True}
        try:
            switch.outside(*marker.args, **{**shared, **marker.kwargs})
        except (TypeError, ValueError) as error:
            said = f"@pytest.mark.eslsync_outside: {error}"
            raise pytest.fail.Exception(said, pytrace=False) from None


def _outside_by_configuration(config: pytest.Config) -> Iterator[tuple[str, dict[str, Any]]]:
    """The functions in the option eslsync_outside, and what they do."""
    for line in config.getini("eslsync_outside"):
        found = OUTSIDE.fullmatch(line.strip())
        if found is None:
            raise pytest.UsageError(
                f"eslsync_outside: a line is like 'crm.lookup takes 0.8', not {line!r}"
            )
        yield found[1], {"takes": float(found[2])} if found[2] else {}


def _flag(options: dict[str, Any], name: str) -> bool:
    """Take one of the markers' options that are no options of a switch."""
    value = options.pop(name, False)
    try:
        check_flag(name, value)
    except TypeError as error:
        raise pytest.fail.Exception(f"@pytest.mark.freeswitch: {error}", pytrace=False) from None
    return bool(value)


def _options(item: pytest.Item, of_switch: set[str]) -> dict[str, Any]:
    """The options of the markers, the nearest first, after those of the command line."""
    allowed = sorted(of_switch | {"leftover_threads", "no_call"})
    options: dict[str, Any] = {}
    for marker in item.iter_markers("freeswitch"):
        if marker.args:
            pytest.fail(
                f"@pytest.mark.freeswitch takes options by name, not {marker.args[0]!r}; they "
                f"are {', '.join(allowed)}",
                pytrace=False,
            )
        options = {**marker.kwargs, **options}
    options.update(_from_command_line(item.config, options))
    for name in options:
        if name not in allowed:
            pytest.fail(
                f"FreeSwitch has no option {name!r}; there are {', '.join(allowed)}",
                pytrace=False,
            )
    return options


def _from_command_line(config: pytest.Config, given: Mapping[str, object]) -> dict[str, Any]:
    """The command line's options, which replace those that a test or script has ``given``."""
    options: dict[str, Any] = {}
    if config.getoption("esl_seed") is not None:
        options["seed"] = config.getoption("esl_seed")
    if config.getoption("esl_real_time"):
        if given.get("start") is not None:
            pytest.skip("it sets a start time, and real time begins now")
        options["real_time"] = True
    patience = config.getoption("esl_patience")
    if patience is not None:
        options["patience"] = None if patience == math.inf else patience
    return options


def _let_pytest_see_real_time() -> None:
    """Let pytest measure durations in real time while a fixture holds the clocks.

    freezegun does so by itself up to pytest 8; pytest 9 moved the clock to a separate module.
    """
    freezegun.configure(extend_ignore_list=["_pytest.timing"])


def _hide_the_librarys_frames() -> None:
    """Show only the test's and the handler's lines of a traceback (--full-trace shows all).

    Lines of the library are between them, and at the end if it raised one of its own exceptions.
    Any other exception in the library is a bug, and its lines are shown.
    """
    ours = {name: module for name, module in sys.modules.items() if name.startswith("eslsync.")}
    files = {module.__file__ for module in ours.values()}

    def hide(excinfo: pytest.ExceptionInfo[BaseException] | None) -> bool:
        if excinfo is None or isinstance(excinfo.value, eslsync.ESLError):
            return True
        return str(excinfo.traceback[-1].path) not in files

    for module in ours.values():
        module.__dict__.setdefault("__tracebackhide__", hide)


# Threads


def _check_threads(before: Iterable[threading.Thread], switch: FreeSwitch) -> None:
    left = leaks.threads_left(before, ended=simulation_of(switch).left)
    if left:
        pytest.fail(f"{len(left)} thread(s) left behind:\n\n" + "\n".join(left), pytrace=False)


# Reports


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    switch = item.stash.get(_switch, None)
    if switch is not None and call.excinfo is not None:
        item.stash[_raised] = call.excinfo.value
    report = yield
    if report.failed and _seed in item.stash:
        seed = item.stash[_seed]
        report.sections.append(("freeswitch", f"seed {seed} (--esl-seed {seed})"))
    if switch is not None and report.failed:
        said = "" if call.excinfo is None else str(call.excinfo.value)
        report.sections.extend(_ladders(switch, said))
    if report.when == "teardown":
        # they keep alive the calls, and everything that the test's frames refer to
        if _switch in item.stash:
            del item.stash[_switch]
        if _raised in item.stash:
            del item.stash[_raised]
    return report


def _ladders(switch: FreeSwitch, said: str) -> Iterator[tuple[str, str]]:
    """The calls as ladders, without those that the message ``said`` shows already."""
    calls = list(switch.calls.items())[-LADDERS:]
    made = max(switch.calls, default=0)
    if made > len(calls):
        yield "calls", f"the last {len(calls)} of {made}"
    for number, call in calls:
        ladder = call.ladder()
        if ladder not in said:
            yield f"call {number}: ladder", ladder


# Scripts


def scripts_in(file: pytest.File) -> Iterator[pytest.Item]:
    """The test in a file that is a script in YAML."""
    from .scripts.script import Script, ScriptError

    try:
        script = Script.read(file.path)
    except ScriptError as error:
        raise file.CollectError(str(error)) from None
    name = file.path.name[: file.path.name.lower().rindex(".call.")]
    yield ScriptItem.from_parent(file, name=name, script=script)


class ScriptItem(pytest.Item):
    """The test: the script's call."""

    def __init__(self, *, script: Script, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.script = script

    def runtest(self) -> None:
        options = _from_command_line(self.config, self.script.call)
        seed = options.get("seed", self.script.call.get("seed"))
        if seed is not None or not options.get("real_time"):  # where it differs each time
            self.stash[_seed] = seed or 0
        before = threading.enumerate()
        outside = [
            {"function": function, "optional": True, **takes}
            for function, takes in _outside_by_configuration(self.config)
        ]
        script = self.script
        if outside:
            own: Any = script.call.get("outside", ())
            script = replace(script, call={**script.call, "outside": [*outside, *own]})
        call = script.run(**options)
        _check_threads(before, call.switch)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        from .scripts.script import ScriptError

        if isinstance(excinfo.value, (CallFailed, SimulationError, ScriptError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name


# Explorations


def explorations_in(file: pytest.File) -> Iterator[pytest.Item]:
    """The test in a file that says what to explore, in YAML."""
    from .exploring.tasks import Task
    from .scripts.script import ScriptError

    try:
        task = Task.read(file.path)
    except ScriptError as error:
        raise file.CollectError(str(error)) from None
    name = file.path.name[: file.path.name.lower().rindex(".explore.")]
    yield ExplorationItem.from_parent(file, name=name, task=task)


class ExplorationItem(pytest.Item):
    """The test: nothing is wrong with the handler, or nothing has changed."""

    def __init__(self, *, task: Task, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.task = task

    def runtest(self) -> None:
        exploration = self.task.run()
        if exploration.status:
            pytest.fail("\n".join(exploration.report(with_map=False)), pytrace=False)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        from .scripts.script import ScriptError

        if isinstance(excinfo.value, ScriptError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name

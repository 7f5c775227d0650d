"""The pytest plugin in a project that tests its handlers with it."""

from __future__ import annotations

import functools
import re
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from types import SimpleNamespace

import pytest

from eslsync import pytest_plugin
from simulator import FreeSwitch
from simulator.calling import leaks, standing
from simulator.model.evidence import StandsOn
from tests.support.places import ROOT
from tests.support.plugins import NO_OTHERS

pytest_plugins = ["pytester"]

# By its name, and once, whether or not it is installed. (The warning: it is imported already.)
PLUGIN = ("-p", "no:eslsync", "-p", "eslsync.pytest_plugin", "--disable-warnings")

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run pytest on a project with the IVR and a test file of the given text."""
    monkeypatch.setattr(sys, "path", sys.path[:])
    for variable in ("CI", "BUILD_NUMBER"):  # where these are set, pytest's summary is longer
        monkeypatch.delenv(variable, raising=False)
    # to look through all that is installed takes longer than most runs
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    # a file that changes twice in a second, and keeps its size, would be the old one
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    pytester.path.joinpath("ivr.py").write_text((ROOT / "examples" / "ivr.py").read_text())
    pytester.makeini("[pytest]\npythonpath = .\naddopts = --strict-markers\n")

    def run(test: str = "", *options: str) -> pytest.RunResult:
        if test:
            pytester.makepyfile(test_it=test)
        return pytester.runpytest_inprocess(*PLUGIN, *options)

    return run


GOOD = """
from ivr import handler

def test_option_1(freeswitch):
    call = freeswitch.call(handler)
    call.hear("ivr/ivr-welcome")
    call.press("1")
    call.hear("ivr/ivr-option-1")
    call.wait()
"""

BAD = GOOD.replace('press("1")', 'press("2")')


def lines_of(result: pytest.RunResult) -> str:
    return result.stdout.str()


# The fixture


def test_a_test_of_six_lines_passes_in_no_time(run: Run, pytester: pytest.Pytester) -> None:
    result = run(GOOD, "--durations=0", "-vv")
    result.assert_outcomes(passed=1)
    durations = re.findall(r"^([0-9.]+)s (?:setup|call|teardown)", lines_of(result), re.MULTILINE)
    assert len(durations) == 3
    assert all(float(duration) < 60.0 for duration in durations)  # real ones


def test_a_failing_test_says_what_was_heard_instead_and_draws_the_call_once(run: Run) -> None:
    result = run(BAD)
    result.assert_outcomes(failed=1)
    said = lines_of(result)
    assert (
        '>       call.hear("ivr/ivr-option-1")\n'
        "E       simulator.calling.call.CallFailed: did not hear 'ivr/ivr-option-1' before the "
        "call ended; since the last verb the caller heard 'ivr/ivr-option-2'" in said
    )
    assert said.count("presses 2") == 1
    assert "call 1: ladder" not in said
    assert "def hear" not in said  # the verbs' own lines
    result.stdout.re_match_lines([r"-+ freeswitch -+$", r"seed 0 \(--esl-seed 0\)$"])


def test_the_other_calls_of_a_failing_test_are_drawn_too(run: Run) -> None:
    result = run(
        """
        from ivr import handler

        def test_two(freeswitch):
            freeswitch.call(handler).hangup()
            call = freeswitch.call(handler, destination="6000")
            call.wait()
            assert call.heard == ["ivr/ivr-option-1"]
        """
    )
    result.stdout.re_match_lines(
        [r"E .*", r"-+ call 1: ladder -+", r".*calls 5000.*", r"-+ call 2: ladder -+", r".*6000.*"]
    )


def test_only_the_last_of_many_calls_are_drawn(run: Run) -> None:
    result = run(
        """
        from ivr import handler

        def test_many(freeswitch):
            for number in range(25):
                freeswitch.call(handler, destination=str(number)).hangup()
            assert False
        """
    )
    result.stdout.re_match_lines([r"-+ calls -+", r"the last 10 of 25", r"-+ call 16: ladder -+"])
    assert lines_of(result).count(": ladder -") == 10


def test_a_passing_test_reports_nothing(run: Run) -> None:
    said = lines_of(run(GOOD, "-rA"))
    assert "ladder" not in said
    assert "seed" not in said


CRASH = """
def crash(session):
    session.channel.answer()
    session.channel.playback("welcome")
    session.send(session.context["variable_command"])

def test_crash(freeswitch):
    freeswitch.call(crash, variables={"command": "nonsense"}).wait()
"""


def test_a_handlers_exception_shows_its_line_and_the_tests(run: Run) -> None:
    result = run(CRASH)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            ">       freeswitch.call(crash*",
            '>       session.send(session.context["variable_command"])',
            "E *eslsync.exceptions.CommandError: 'nonsense' was refused: -ERR command not found",
            "test_it.py:4: CommandError",
            "*call 1: ladder*",
            "*nonsense*",
        ]
    )
    traceback = lines_of(result).partition("Captured log")[0]
    assert "server.py" not in traceback
    assert "conversation.py" not in traceback


def test_full_trace_shows_the_library_too(run: Run) -> None:
    traceback = lines_of(run(CRASH, "--full-trace")).partition("Captured log")[0]
    assert "reception.py" in traceback
    assert "commands.py" in traceback


def test_an_unexpected_exception_in_the_library_shows_its_lines(run: Run) -> None:
    result = run(
        """
        def wrong(session):
            session.channel.playback("two\\nlines")

        def test_wrong(freeswitch):
            freeswitch.call(wrong).wait()
        """
    )
    result.assert_outcomes(failed=1)
    assert "arguments.py" in lines_of(result).partition("Captured log")[0]


def test_an_exception_after_the_test_is_an_error(run: Run) -> None:
    result = run(
        """
        def crash(session):
            try:
                session.channel.wait("DTMF")
            finally:
                {}["account"]

        def test_nothing(freeswitch):
            freeswitch.call(crash).say_nothing(1)
        """
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["*ERROR at teardown of test_nothing*", "E * KeyError: 'account'", "*call 1: ladder*"]
    )


def test_a_failed_tests_later_exceptions_are_not_shown(run: Run) -> None:
    result = run(
        """
        def crash(session):
            try:
                session.channel.wait("DTMF")
            finally:
                {}["account"]

        def test_nothing(freeswitch):
            freeswitch.call(crash).hear("welcome", timeout=1)
        """
    )
    result.assert_outcomes(failed=1)


def test_a_stuck_handler_fails_its_test_once(run: Run) -> None:
    result = run(
        """
        import socket
        import pytest

        database, ours = socket.socketpair()

        def stuck(session):
            ours.recv(1)  # the answer of a database, say

        @pytest.mark.freeswitch(patience=0.3)
        def test_stuck(freeswitch):
            try:
                freeswitch.call(stuck).wait()
            finally:
                database.close()
                ours.close()
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E *SimulationError: no progress for 0.3 s*",
            "E *ours.recv(1)  # the answer of a database, say*",
        ]
    )


def test_a_test_that_makes_no_call_fails(run: Run) -> None:
    result = run(
        """
        import pytest

        def test_forgotten(freeswitch):
            freeswitch.call

        @pytest.mark.freeswitch(no_call=True)
        def test_meant_so(freeswitch):
            assert freeswitch.now

        def test_tried(freeswitch):
            with pytest.raises(RuntimeError):
                freeswitch.call("127.0.0.1:5000")
        """
    )
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*the test has made no call with its fixture freeswitch*"])


def test_a_marker_of_a_test_without_the_fixture_fails(run: Run) -> None:
    result = run(
        """
        import pytest
        from simulator import FreeSwitch

        @pytest.mark.freeswitch(start="2026-01-05T03:00:00")
        def test_own():
            with FreeSwitch() as switch:
                switch.now

        @pytest.mark.freeswitch(start="2026-01-05T03:00:00")
        class TestAll:
            def test_without(self):
                pass
        """
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*the test does not take that*"])


# The marker and the command line

OPTIONS = """
import datetime
import pytest

pytestmark = pytest.mark.freeswitch(seed=1, start="2026-01-05T17:59:50")

def test_module(freeswitch):
    assert datetime.datetime.now() == datetime.datetime(2026, 1, 5, 17, 59, 50)
    print("uuid", freeswitch.call(print).uuid)

@pytest.mark.freeswitch(seed=2, prompts={"welcome": 7})
def test_own(freeswitch):
    assert datetime.datetime.now().hour == 17
    call = freeswitch.call(lambda session: session.channel.playback("welcome"))
    call.hear("welcome")
    assert 7 < call.duration < 7.1
    print("uuid", call.uuid)
"""


def uuid(seed: int) -> str:
    with FreeSwitch(seed=seed) as switch:
        return switch.call(lambda session: None).uuid


def test_options_come_from_markers_the_nearest_first(run: Run) -> None:
    result = run(OPTIONS, "-s")
    result.assert_outcomes(passed=2)
    assert re.findall("uuid (.*)", lines_of(result)) == [uuid(1), uuid(2)]


def test_the_command_lines_seed_takes_precedence_and_is_shown(run: Run) -> None:
    result = run(OPTIONS + "    assert False", "-s", "--esl-seed", "7")
    assert re.findall("uuid (.*)", lines_of(result)) == [uuid(7), uuid(7)]
    result.stdout.re_match_lines([r"-+ freeswitch -+$", r"seed 7 \(--esl-seed 7\)$"])


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        (
            "sed=3",
            "FreeSwitch has no option 'sed'; there are *, leftover_threads, no_call, pa*",
        ),
        ("3", "@pytest.mark.freeswitch takes options by name, not 3; they are allow_unmodelled, *"),
        ("start='noon'", "@pytest.mark.freeswitch: start is a time like *, not 'noon'"),
    ],
)
def test_an_invalid_marker_says_what_is_valid(run: Run, marker: str, said: str) -> None:
    result = run(
        f"""
        import pytest

        @pytest.mark.freeswitch({marker})
        def test_nothing(freeswitch): ...
        """
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ERROR at setup of test_nothing*", said])
    assert "Traceback" not in lines_of(result)


def test_real_time_is_handed_on(run: Run) -> None:
    result = run(
        """
        import datetime
        import pytest

        def test_now(freeswitch):
            assert datetime.datetime.now().timestamp() == pytest.approx(freeswitch.now, abs=60)
            freeswitch.call(lambda session: None).hangup()

        @pytest.mark.freeswitch(start="2026-01-05T17:59:50")
        def test_then(freeswitch): ...
        """,
        "--esl-real-time",
        "-rs",
    )
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*it sets a start time, and real time*"])


# Threads

LEAVES_A_THREAD = """
import threading
import pytest
from conftest import release

def wait_for_ever():
    release.wait()

def handler(session):
    threading.Thread(target=wait_for_ever, name="left over").start()

def test_leak(freeswitch):
    freeswitch.call(handler).hangup()

@pytest.mark.freeswitch(leftover_threads=True)
def test_pool(freeswitch):
    freeswitch.call(handler).hangup()
"""


def test_a_thread_left_behind_fails_the_test_with_its_stack(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = functools.partial(leaks.threads_left, grace=0.5)
    monkeypatch.setattr(leaks, "threads_left", at_once)
    pytester.makeconftest(
        "import threading\nrelease = threading.Event()\ndef pytest_unconfigure(): release.set()\n"
    )
    result = run(LEAVES_A_THREAD)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        ["*ERROR at teardown of test_leak*", "1 thread(s) left behind:", "left over", "*release.w*"]
    )


# Scripts

SCRIPT = """
handler: ivr.py
call: {seed: 3}
steps:
  - hear: ivr/ivr-welcome
  - press: "1"
  - hear: ivr/ivr-option-1
  - wait
"""


def test_scripts_are_tests(run: Run, pytester: pytest.Pytester) -> None:
    for name in ("one.call.yaml", "two.call.yml"):
        (pytester.path / name).write_text(SCRIPT)
    (pytester.path / "call.yaml").write_text("somebody: else's\n")
    (pytester.path / "compose.yaml").write_text("somebody: else's\n")
    result = run("", "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["one.call.yaml::one PASSED*", "two.call.yml::two PASSED*"])


def test_a_failing_script_shows_its_line_and_the_ladder_and_no_python(
    run: Run, pytester: pytest.Pytester
) -> None:
    (pytester.path / "one.call.yaml").write_text(SCRIPT.replace('"1"', '"2"'))
    result = run("", "-v")
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines(
        [
            r"_+ one _+",
            r"one.call.yaml:7: did not hear 'ivr/ivr-option-1' before the call ended; since",
            r".*presses 2",
            r"seed 3 \(--esl-seed 3\)",
        ]
    )
    assert ".py" not in lines_of(result).partition("FAILURES")[2]


def test_a_scripts_seed_can_be_given(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.path / "one.call.yaml").write_text(SCRIPT.replace('"1"', '"2"'))
    run("", "--esl-seed", "5").stdout.fnmatch_lines(["seed 5 (--esl-seed 5)"])


def test_an_invalid_script_is_a_collection_error(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.path / "one.call.yaml").write_text(SCRIPT.replace("press", "pres"))
    result = run("")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR collecting one.call.yaml*",
            "one.call.yaml:6: there is no verb 'pres' (did you mean press?); there are hear, *",
        ]
    )
    assert "Traceback" not in lines_of(result)


def test_a_script_leaves_no_thread(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pytester.path / "one.call.yaml").write_text(SCRIPT)
    monkeypatch.setattr(leaks, "threads_left", lambda *_, **__: ["left over\n  its stack\n"])
    result = run("")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["1 thread(s) left behind:", "left over"])


# Explorations


EXPLORES = """
explore: ivr.py
keys: "2"
workers: 1
allow: [incomplete]
"""


def test_an_exploration_is_a_test(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.path / "ivr.explore.yaml").write_text(EXPLORES)
    text = EXPLORES.replace('"2"', '"2"\nexpect: [no call hears ivr-option-2]')
    (pytester.path / "rules.explore.yml").write_text(text)
    result = run("", "-v")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "ivr.explore.yaml::ivr PASSED*",
            "rules.explore.yml::rules FAILED*",
            "6 situations at 4 spots, 13 calls; 1 expected (allowed: 3 unreached)",
            "1. expected: no call hears ivr-option-2: a call hears ivr-option-2 (ivr.py:20 in *",
        ]
    )


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ('allow: ["x"]', "*.explore.yaml:5: there is no kind of finding 'x'; there are *"),
        ("alow: []", "*.explore.yaml:5: *'alow' (did you mean allow?)*"),
    ],
)
def test_an_invalid_exploration_is_a_collection_error(
    run: Run, pytester: pytest.Pytester, edit: str, said: str
) -> None:
    (pytester.path / "ivr.explore.yaml").write_text(EXPLORES.replace("allow: [incomplete]", edit))
    result = run("")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([said])


# Projects that don't use it


def test_a_run_that_does_not_use_the_plugin_does_not_import_the_simulator(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest(
        "import sys\n"
        "def pytest_unconfigure():\n"
        "    print('loaded:', *{name.partition('.')[0] for name in sys.modules} "
        "& {'simulator', 'freezegun', 'yaml'})\n"
    )
    pytester.makepyfile("def test_nothing(): ...")
    result = pytester.runpytest_subprocess(*PLUGIN, *NO_OTHERS)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["loaded:"])


def test_the_plugin_is_installed_with_the_package() -> None:
    [entry] = entry_points(group="pytest11", name="eslsync") or [None]
    if entry is None:
        pytest.skip("eslsync runs from its checkout here, and is not installed")
    assert entry.load() is pytest_plugin


# The calls of a switch


STANDING = """
import pytest
from simulator import FreeSwitch

def handler(session):
    session.channel.answer()
    session.channel.execute("callcenter", "support")
    session.channel.hangup()

def callcenter(leg, queue): ...

def test_mine(freeswitch):
    freeswitch.call(lambda session: session.channel.hangup()).wait()

def test_yours():
    with FreeSwitch(applications={"callcenter": callcenter}) as switch:
        switch.call(handler).wait()
"""
STOOD_ON = ["simulated calls stood on 4 applications: 3 held to recordings, 1 yours", "*2 passed*"]


@pytest.mark.usefixtures("programs_begin_warm")
@pytest.mark.parametrize("workers", ["-n0", "-n1"])
def test_the_summary_says_what_calls_stood_on(pytester: pytest.Pytester, workers: str) -> None:
    """In processes of their own, in which nothing else has made calls."""
    pytester.makepyfile(STANDING)
    others = [each for each in NO_OTHERS if "xdist" not in each]
    result = pytester.runpytest_subprocess(workers, *others)
    result.stdout.fnmatch_lines(STOOD_ON)


def test_what_calls_of_several_workers_stood_on_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    said = []
    for handler in (lambda each: each.channel.answer(), lambda each: each.channel.hangup()):
        with FreeSwitch() as switch:
            call = switch.call(handler)
            call.say_nothing(1.0)
            call.hangup()
        said.append(standing.dumped(call.stands_on))
    monkeypatch.setattr(standing, "whole_run", StandsOn())
    for each in said:
        node = SimpleNamespace(workeroutput={pytest_plugin.WORKERS: each})
        pytest_plugin.pytest_testnodedown(node)
    assert {each.name for each in standing.whole_run.parts} >= {"answer", "hangup"}


def test_a_quiet_summary_does_not(run: Run) -> None:
    run(STANDING, "-q").stdout.no_fnmatch_line("*stood on*")


def test_calls_are_numbered_and_old_ones_are_released() -> None:
    import gc

    with FreeSwitch() as switch:
        first = switch.call(lambda session: None)
        up = switch.call(lambda session: session.channel.wait("DTMF"))
        up_number = 2
        for _ in range(29):
            switch.call(lambda session: None).hangup()
        switch.call(
            lambda session: session.channel.sleep(1.0)
        ).wait()  # all others are over by then
        gc.collect()
        assert switch.calls[1] is first
        assert switch.calls[up_number] is up
        assert list(switch.calls) == [1, 2, *range(23, 33)]
        del up
        gc.collect()
        assert up_number in switch.calls  # it is up


# The docs


def test_the_docs_show_what_happens(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "ivr", raising=False)  # another test may have loaded ours
    text = (ROOT / "docs" / "guides" / "pytest.md").read_text(encoding="utf-8")
    [test, *_] = re.findall(r"^```py\n(from ivr import.*?)^```$", text, re.DOTALL | re.MULTILINE)
    [shown] = re.findall(r"^```text\n(>   .*?)^```$", text, re.DOTALL | re.MULTILINE)
    run(test).assert_outcomes(passed=1)
    handler = pytester.path / "ivr.py"
    handler.write_text(
        handler.read_text().replace('back("ivr/ivr-option-1', 'back("ivr/ivr-option-2')
    )
    result = run("")
    result.assert_outcomes(failed=1)
    assert shown in lines_of(result)


def test_the_docs_of_scripts_show_what_happens(run: Run, pytester: pytest.Pytester) -> None:
    text = (ROOT / "docs" / "guides" / "scripts.md").read_text(encoding="utf-8")
    first, *others = re.findall(r"^```yaml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    shown, wrong = re.findall(r"^```text\n(option-1\.call.*?)^```$", text, re.DOTALL | re.MULTILINE)
    (pytester.path / "option-1.call.yaml").write_text(first)
    for name in ("desk.py", "in_line.py"):
        shutil.copy(ROOT / "tests" / "examples" / name, pytester.path)
    shutil.copy(ROOT / "examples" / "screening.py", pytester.path)
    for number, other in enumerate(others):
        (pytester.path / f"other-{number}.call.yaml").write_text(other)
    run("").assert_outcomes(passed=1 + len(others))
    handler = pytester.path / "ivr.py"
    handler.write_text(
        handler.read_text().replace('back("ivr/ivr-option-1', 'back("ivr/ivr-option-2')
    )
    assert shown in lines_of(run("", "option-1.call.yaml"))
    (pytester.path / "option-1.call.yaml").write_text(first.replace("press", "pres"))
    assert wrong in lines_of(run("", "option-1.call.yaml"))


# What is outside


GREETING = """
def lookup(number):
    return "ada"

def other():
    pass

def handler(session):
    session.channel.answer()
    session.channel.playback(f"hello/{lookup(session.caller_number)}")
    session.channel.hangup()
"""

OUTSIDE = """
import pytest
from greeting import handler

pytestmark = [
    pytest.mark.eslsync_outside("greeting.lookup", takes=5),
    pytest.mark.eslsync_outside("greeting.other", takes=5),
]

@pytest.fixture
def call(freeswitch):
    call = freeswitch.call(handler)
    call.wait()
    return call

def test_as_in_the_module(call):
    assert 7 < call.duration < 7.1

@pytest.mark.eslsync_outside("greeting.lookup", takes=1)
def test_the_nearest_holds(call):
    assert 3 < call.duration < 3.1

@pytest.mark.eslsync_outside("greeting.lookup", fails=True)
def test_it_fails(freeswitch):
    freeswitch.call(handler).say_nothing(9)

@pytest.mark.eslsync_outside("greeting.other")
def test_its_own_must_be_called(call):
    pass

@pytest.mark.eslsync_outside("greeting.lookup", take=1)
def test_a_mistake(call):
    pass

@pytest.mark.eslsync_outside("greeting.lookup")
def test_without_the_fixture():
    pass
"""

OUTSIDE_SCRIPT = """
handler: greeting.py
call: {outside: [{function: greeting.lookup, at: 2-, fails: usual, optional: true}]}
steps: [{hear: hello/ada}]
"""


def test_markers_and_the_configuration_say_what_is_outside(
    run: Run, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(greeting=GREETING)
    (pytester.path / "greeting.call.yaml").write_text(OUTSIDE_SCRIPT)
    result = run(OUTSIDE)
    result.assert_outcomes(passed=4, failed=1, errors=3)
    said = lines_of(result)
    assert "ConnectionError: greeting.lookup failed on purpose" in said
    assert "outside: no handler called greeting.other" in said
    assert "@pytest.mark.eslsync_outside: " in said
    assert "@pytest.mark.eslsync_outside has options for the fixture freeswitch" in said
    pytester.makeini("[pytest]\npythonpath = .\neslsync_outside =\n    greeting.lookup takes 2 s\n")
    run("def test_it(freeswitch):\n    from greeting import handler\n"
        "    call = freeswitch.call(handler)\n    call.wait()\n"
        "    assert 4 < call.duration < 4.1\n").assert_outcomes(passed=2)  # fmt: skip
    pytester.makeini("[pytest]\npythonpath = .\neslsync_outside = greeting.lookup for 2 s\n")
    assert "a line is like 'crm.lookup takes 0.8'" in lines_of(run())


def test_the_patience_of_all_tests_is_an_option(run: Run) -> None:
    test = (
        "import pytest\n"
        "@pytest.mark.freeswitch(patience=1)\n"
        "def test_it(freeswitch, request):\n"
        "    from simulator.calling.freeswitch import simulation_of\n"
        "    freeswitch.call(lambda session: None).wait()\n"
        "    print(simulation_of(freeswitch).world.patience)\n"
    )
    for given, patience in (("30.5", "30.5"), ("none", "None")):
        assert patience in lines_of(run(test, "-s", f"--esl-patience={given}")).split()
    assert "1" in lines_of(run(test, "-s")).split()
    refused = run(test, "--esl-patience=soon")
    assert "seconds, such as 60, or none; not 'soon'" in refused.stderr.str()

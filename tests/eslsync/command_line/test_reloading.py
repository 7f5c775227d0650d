"""`eslsync serve --reload`, with real processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from simulator import FreeSwitch
from tests.support.places import ROOT
from tests.support.terminal import execute, program

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="passes sockets as Unix does"),
    pytest.mark.usefixtures("programs_begin_warm"),
]
pytest.importorskip("watchfiles", reason="needs the extra `reload`")

HANDLER = """
def handler(session):
    channel = session.channel
    channel.answer()
    channel.playback("{0}")
    channel.wait("DTMF")
    channel.playback("{0}-bye")
"""
PROMPTS = dict.fromkeys(("old", "old-bye", "newer", "newer-bye"), 0.02)


class Serving:
    """`eslsync serve --reload`, and what it says."""

    def __init__(self, *arguments: str, folder: Path) -> None:
        self.process = subprocess.Popen(
            program("serve", *arguments, "--port", "0", "--reload"),
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.address = "127.0.0.1:" + self.until(r"listening on 127.0.0.1 port (\d+)")
        self.until("takes new calls")

    def until(self, pattern: str) -> str:
        """Read what it says up to a line of this pattern; its first group."""
        assert self.process.stderr is not None
        said = []
        for line in self.process.stderr:
            said.append(line)
            found = re.search(pattern, line)
            if found:
                return found[found.re.groups]
        raise AssertionError(f"it ended without {pattern!r}:\n" + "".join(said))

    def press_ctrl_c(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> str:
        """Wait for its end; return what it says until then."""
        _, said = self.process.communicate()
        assert self.process.returncode == 0, said
        return said


@contextmanager
def reloading(*arguments: str, folder: Path) -> Iterator[Serving]:
    serving = Serving(*arguments, folder=folder)
    try:
        yield serving
    finally:
        if serving.process.returncode is None:
            serving.press_ctrl_c()
            serving.end()


def test_new_calls_have_the_new_code_and_calls_that_are_up_the_old(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text(HANDLER.format("old"))
    with (
        reloading("app.py", folder=tmp_path) as serving,
        FreeSwitch(real_time=True, prompts=PROMPTS) as switch,
    ):
        before = switch.dial(serving.address)
        before.hear("old")
        app.write_text(HANDLER.format("newer") + "    (")  # half of it is written
        assert serving.until("SyntaxError: (.*)") == "'(' was never closed"
        serving.until("could not start, with status 2: calls go on with the code as it was")
        app.write_text(HANDLER.format("newer"))
        serving.until("stopping; calls that are up: 1")
        after = switch.dial(serving.address)
        after.hear("newer")
        before.press("1")
        before.hear("old-bye")
        after.press("1")
        after.hear("newer-bye")


def test_the_modules_of_a_package_are_loaded_anew_and_ctrl_c_drains_both(tmp_path: Path) -> None:
    office = tmp_path / "office"
    office.mkdir()
    (office / "__init__.py").touch()
    (office / "app.py").write_text("from .day import handler\n")
    (office / "day.py").write_text(HANDLER.format("old"))
    with (
        reloading("office.app:handler", "--drain", "0.1", folder=tmp_path) as serving,
        FreeSwitch(real_time=True, prompts=PROMPTS) as switch,
    ):
        before = switch.dial(serving.address)
        before.hear("old")
        (office / "day.py").write_text(HANDLER.format("newer"))
        serving.until("stopping; calls that are up: 1")
        after = switch.dial(serving.address)
        after.hear("newer")
        serving.press_ctrl_c()
        for call in (before, after):
            call.wait()
            assert str(call.parting).startswith("the app gave the call back")
        assert serving.end().count("stop: the call is cut") == 2


def test_what_can_not_be_served_at_first_ends_it(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text("def handler(session:")
    done = execute("serve", str(app), "--reload")
    assert done.returncode == 2
    assert "SyntaxError: '(' was never closed" in done.stderr.decode()


def test_a_file_that_is_not_there_is_not_waited_for() -> None:
    done = execute("serve", "no/such/file.py", "--reload")
    assert (done.returncode, done.stderr.decode()) == (
        2,
        "Error: there is no file no/such/file.py\n",
    )


def test_metrics_can_not_be_served_by_two_processes() -> None:
    done = execute("serve", "examples/ivr.py", "--reload", "--metrics", "127.0.0.1:9100")
    assert done.returncode == 2
    assert "--reload has no --metrics" in done.stderr.decode()


def test_without_watchfiles_it_says_what_to_install() -> None:
    code = (
        "import sys\n"
        "sys.modules['watchfiles'] = None\n"
        "from eslsync.command_line.main import main\n"
        "main(['serve', 'examples/ivr.py', '--reload'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert '--reload needs watchfiles: pip install "eslsync[reload]"' in done.stderr

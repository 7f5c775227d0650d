"""A user's app is imported as Python would, whatever the layout of the project."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from simulator import FreeSwitch, explore
from tests.support.explored import prompts
from tests.support.layouts import LAYOUTS, Layout
from tests.support.places import ROOT
from tests.support.terminal import nothing_stays, run, write

pytestmark = pytest.mark.usefixtures("programs_begin_warm")

__all__ = ["nothing_stays"]


@pytest.fixture(params=[*LAYOUTS.values()], ids=[*LAYOUTS])
def layout(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Layout:
    """A project, in its folder."""
    found: Layout = request.param
    found.write(tmp_path)
    monkeypatch.chdir(tmp_path)
    return found


def test_call_loads_it(layout: Layout) -> None:
    for app in {layout.app, layout.module}:
        result = run("call", app)
        assert result.exit_code == 0, result.output
        assert "ivr/hello" in result.stdout


def test_explore_loads_it_anew_for_each_call_and_a_script_of_it_names_it(
    layout: Layout, tmp_path: Path
) -> None:
    found = explore(layout.app, keys="1", workers=1)
    assert prompts(found) == {"ivr/hello"}
    assert found.complete
    assert not found.findings, str(found)
    [*_, place] = found.nodes[0].situation.places
    assert place.file.endswith(".py")
    script = tmp_path / "scripts" / "hello.call.yaml"
    script.parent.mkdir()
    script.write_text(found.way_script(found.edges[0].way.then("wait"), script.parent))
    result = run("call", "--script", script)
    assert result.exit_code == 0, result.output


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the servers are forked, to start quickly")
def test_serve_loads_it(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from eslsync.command_line.main import main\n"
        "for line in sys.stdin:\n"
        "    folder, app = line.rstrip().split('\\t')\n"
        "    if not (pid := os.fork()):\n"
        "        os.chdir(folder)\n"
        "        main(['serve', app, '--port', '0'])\n"
        "    print(pid, flush=True)\n"
        "    os.waitpid(pid, 0)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as servers:
        assert servers.stdin is not None
        assert servers.stdout is not None
        assert servers.stderr is not None
        for number, each in enumerate(LAYOUTS.values()):
            folder = tmp_path / str(number)
            each.write(folder)
            servers.stdin.write(f"{folder}\t{each.app}\n")
            servers.stdin.flush()
            pid = int(servers.stdout.readline())
            found = None
            while found is None:
                line = servers.stderr.readline()
                assert line, "the servers have ended"
                assert "Error" not in line
                found = re.search(r"listening on .* port (\d+)$", line)
            with FreeSwitch(real_time=True, prompts={"ivr/hello": 0.02}) as switch:
                switch.dial(f"127.0.0.1:{found[1]}").hear("ivr/hello")
            os.kill(pid, 15)
        servers.stdin.close()
        servers.stderr.read()


def test_a_file_of_a_package_is_the_module_that_others_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "my_office"
    package.mkdir()
    write(package, "from .app import handler\n", "__init__.py")
    app = write(
        package,
        "import sys, my_office\n"
        "RUNS = getattr(sys, 'runs', 0) + 1\n"
        "sys.runs = RUNS\n"
        "def handler(session):\n"
        "    assert RUNS == 1 and my_office.app.handler is handler\n"
        "    session.channel.hangup()\n",
    )
    monkeypatch.setattr(sys, "runs", 0, raising=False)
    for each in (app, package):
        monkeypatch.setattr(sys, "runs", 0)
        for name in [name for name in sys.modules if name.startswith("my_office")]:
            del sys.modules[name]
        assert run("call", each).exit_code == 0


def test_a_file_may_be_in_a_package_of_a_name_that_is_taken(tmp_path: Path) -> None:
    for city in ("bern", "rome"):
        folder = tmp_path / city / "my_office"
        folder.mkdir(parents=True)
        write(folder, "", "__init__.py")
        write(folder, f"CITY = {city!r}\n", f"{city}.py")
        write(
            folder,
            f"import {city}\n"
            "def handler(session):\n"
            f"    session.channel.playback({city}.CITY)\n"
            "    session.channel.hangup()\n",
        )
    for city in ("bern", "rome"):
        result = run("call", tmp_path / city / "my_office" / "app.py")
        assert f"playback {city}" in result.stdout, result.output


def test_neighbours_of_a_packages_file_hide_no_other_modules(tmp_path: Path) -> None:
    package = tmp_path / "my_office"
    package.mkdir()
    write(package, "", "__init__.py")
    write(package, "1 / 0\n", "wave.py")
    write(package, "HELLO = 'ivr/hello'\n", "my_menus.py")
    app = write(
        package,
        "import wave, my_menus\n"
        "def handler(session):\n"
        "    session.channel.playback(my_menus.HELLO)\n"
        "    session.channel.hangup()\n",
    )
    result = run("call", app)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("app", "said"),
    [
        ("my_ofice.app:handler", "neither a file nor a module 'my_ofice'; in {} there are the "),
        (
            "my_office.ap:handler",
            "no module 'ap' in my_office, which has app, broken, listens",
        ),
        ("my_office.app.handler", "for a name in it write my_office.app:handler"),
        ("my_office.broken:handler", 'my_office/broken.py", line 3, in <module>'),
        ("my_office.listens.app:handler", "importing its package starts a server"),
        (
            "my_office/app.py:handle",
            "has no 'handle'; it has handler(session), make_app(), listens()",
        ),
        ("my_office.app:handle", "my_office.app has no 'handle'; it has handler(session), make_a"),
        ("my_office.app:handle", "; the Outbound server"),
        ("my_office:handler", "my_office has no 'handler'; it has no functions; the modules app,"),
        ("my_office.app:LIMIT", "LIMIT in my_office.app is not a function, but 5"),
        ("my_office.app:make_app", "takes () instead; if it makes the handler, write make_app()"),
        (
            "my_office.app:make_app(5)",
            "make_app(5) in my_office.app failed: TypeError: make_app() takes 0",
        ),
        ("my_office.app:raises()", 'my_office/app.py", line 12, in raises'),
        ("my_office.app:raises()", "KeyError: 'port'"),
        ("my_office.app:listens()", "returned nothing; return the handler or the Outbound"),
        ("my_office.app:LIMIT()", "LIMIT in my_office.app can't be called: it is 5"),
        ("my_office.app:make_app(LIMIT)", "neither a name nor the call of a factory with plain"),
        ("my_office.app:server.handler", "neither a name nor the call of a factory with plain"),
        ("my_office.app:texts()", "texts() in my_office.app is not a function, but 'no'"),
        ("my_office/day", "is a folder; name the file in it"),
        (
            "my_office.day",
            "my_office.day is a folder without __init__.py; name a module in it: evening",
        ),
        ("my_office/day/evening.py", "Relative imports need a package: add an __init__.py to its "),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    app: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Layout(
        {
            "my_office/__init__.py": "",
            "my_office/broken.py": "import os\n\nos.nix\n",
            "my_office/listens/__init__.py": "import eslsync\neslsync.Outbound(print).start()\n",
            "my_office/listens/app.py": "",
            "my_office/day/evening.py": "from . import night\n",
            "my_office/app.py": (
                "from eslsync import Outbound\n"
                "LIMIT = 5\n"
                "def handler(session):\n"
                "    session.channel.hangup()\n"
                "server = Outbound(handler)\n"
                "def make_app():\n"
                "    return server\n"
                "def listens():\n"
                "    server.start()\n"
                "    return server\n"
                "def raises():\n"
                "    raise KeyError('port')\n"
                "def texts():\n"
                "    return 'no'\n"
            ),
        },
        "",
        "",
    ).write(tmp_path)
    monkeypatch.chdir(tmp_path)
    result = run("call", app)
    assert result.exit_code == 2, result.output
    assert said.format(tmp_path) in result.stderr
    assert "loading.py" not in result.stderr
    assert "importing.py" not in result.stderr
    assert "importlib" not in result.stderr


def test_a_simulator_beside_a_module_is_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "", "simulator.py")
    write(tmp_path, "def handler(session): pass\n", "my_ivr.py")
    monkeypatch.chdir(tmp_path)
    result = run("call", "my_ivr:handler")
    assert result.exit_code == 2
    assert f"{tmp_path / 'simulator.py'} is in the way" in result.stderr

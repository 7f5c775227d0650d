"""deploy/*.service and *.socket: checked by systemd itself, and held to what they are for."""

from __future__ import annotations

import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

from eslsync.command_line.serve import serve
from eslsync.serving.listening import STOPPING_YIELDS
from eslsync.serving.server import CUT_TIMEOUT, LAST_TIMEOUT
from tests.support.places import ROOT
from tests.support.service_manager import needs_systemd

DEPLOY = ROOT / "deploy"
GUNICORN = DEPLOY / "gunicorn.conf.py"
UNITS = sorted(each.name for each in DEPLOY.iterdir() if each.suffix in (".service", ".socket"))


def installed(folder: Path) -> list[str]:
    """The units, as if the programs that they start were installed below ``folder``."""
    programs = folder / "venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("eslsync", "gunicorn"):
        shutil.copy(shutil.which("true") or "", programs / name)
    for name in UNITS:
        text = (DEPLOY / name).read_text(encoding="utf-8")
        (folder / name).write_text(text.replace("/opt/ivr", str(folder)))
    return [str(folder / name) for name in UNITS]


def service(name: str) -> dict[str, list[str]]:
    """The settings in [Service], each with all its values."""
    settings: dict[str, list[str]] = {}
    section = ""
    for line in (DEPLOY / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            settings.setdefault(key, []).append(value)
    return settings


@needs_systemd
def test_systemd_has_nothing_to_say_against_the_units(tmp_path: Path) -> None:
    units = installed(tmp_path)
    assert len(units) == 3
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("name", [each for each in UNITS if each.endswith(".service")])
def test_a_service_is_hardly_exposed(name: str, tmp_path: Path) -> None:
    installed(tmp_path)
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", tmp_path / name],
        capture_output=True,
        text=True,
    )
    if "unrecognized option" in done.stderr:
        pytest.skip("needs systemd 250 or later, whose systemd-analyze looks at files")
    assert done.returncode == 0, done.stdout.splitlines()[-1]


def test_the_service_has_the_time_that_its_calls_have() -> None:
    settings = service("eslsync.service")
    values = dict(each.split("=", 1) for line in settings["Environment"] for each in line.split())
    drain = float(values["ESLSYNC_DRAIN"])
    assert drain < STOPPING_YIELDS  # who waits in the socket meanwhile is not given back
    assert drain + CUT_TIMEOUT + LAST_TIMEOUT < float(settings["TimeoutStopSec"][0])


def test_gunicorn_has_the_time_and_the_folder_that_it_is_configured_for() -> None:
    settings, configured = service("gunicorn.service"), runpy.run_path(str(GUNICORN))
    # SIGTERM may wait behind a reload for as long
    assert 2 * configured["graceful_timeout"] < float(settings["TimeoutStopSec"][0])
    folder = Path(configured["pidfile"]).relative_to("/run").parent
    assert str(folder) in settings["RuntimeDirectory"][0].split()


def test_the_variables_of_the_service_are_options_of_serve() -> None:
    names = {each.envvar for each in serve.params if hasattr(each, "envvar")}
    lines = service("eslsync.service")["Environment"]
    used = {name for name in (line.partition("=")[0] for line in lines) if "ESLSYNC" in name}
    assert used
    assert used <= names


def test_the_services_are_confined_alike() -> None:
    ours, gunicorns = service("eslsync.service"), service("gunicorn.service")
    for key, values in ours.items():
        if key.startswith(("Protect", "Private", "Restrict", "SystemCall", "Capability")):
            assert gunicorns[key] == values, key

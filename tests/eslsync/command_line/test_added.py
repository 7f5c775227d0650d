"""Commands that other distributions add."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from click.testing import CliRunner

from eslsync.command_line.added import GROUP, added_commands
from eslsync.command_line.main import main


def test_the_commands_that_are_found_are_those_that_importlib_finds() -> None:
    expected = {each.name: each.value for each in entry_points(group=GROUP)}
    assert added_commands() == expected
    assert expected.keys() >= {"call", "explore"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on sys.path, in which distributions can be installed."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "nowhere"), *sys.path])
    return tmp_path


def install(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}-1.0.dist-info").mkdir()
    (folder / f"{name}-1.0.dist-info" / "entry_points.txt").write_text(text)
    (folder / f"{name}-1.0.dist-info" / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n")


def test_another_distributions_command_is_run(folder: Path) -> None:
    (folder / "greetings.py").write_text(
        "import click\n\n@click.command()\ndef greet():\n    click.echo('good morning')\n"
    )
    install(
        folder,
        "greetings",
        "# comment\n[console_scripts]\ncall = other:main\n"
        "[eslsync.commands]\n; comment\ngreet= greetings:greet [extra]\n",
    )
    assert "greet" in CliRunner().invoke(main, ["--help"]).stdout
    assert CliRunner().invoke(main, ["greet"]).stdout == "good morning\n"


def test_nobody_takes_a_command_away(folder: Path) -> None:
    install(folder, "others", "[eslsync.commands]\nserve = nowhere:serve\n")
    assert "Serve the handler in APP" in CliRunner().invoke(main, ["serve", "--help"]).stdout


def test_a_command_that_nobody_has() -> None:
    result = CliRunner().invoke(main, ["nix"])
    assert result.exit_code == 2
    assert "No such command 'nix'" in result.stderr

"""What to try with a handler stands in the modules that it imports, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator import explore
from tests.support.explored import prompts
from tests.support.layouts import Layout
from tests.support.terminal import nothing_stays

__all__ = ["nothing_stays"]

MENUS = """
from . import settings


def ask(channel):
    if channel.get_digits("pin", max=4) == settings.PINS["boss"]:
        channel.playback("secret")
"""
NEIGHBOUR = MENUS.replace("from . import", "import")
HANDLER = """{imported}
def handler(session):
    session.channel.answer()
    {used}(session.channel)
    session.channel.hangup()
"""
SETTINGS = "PINS = {'boss': '4711'}\n"


@pytest.mark.parametrize(
    ("imported", "used", "menus", "of_package"),
    [
        ("from .menus import ask", "ask", "menus.py", ""),
        ("from .menus import ask as ask_pin", "ask_pin", "menus.py", ""),
        ("from . import menus", "menus.ask", "menus.py", ""),
        ("from my_office import menus as asking", "asking.ask", "menus.py", ""),
        ("import my_office.menus", "my_office.menus.ask", "menus.py", ""),
        ("from . import ask", "ask", "menus.py", "from .menus import ask\n"),
        ("from .day import ask", "ask", "day/__init__.py", ""),
    ],
)
def test_a_pin_in_a_module_of_its_package_is_tried(
    imported: str,
    used: str,
    menus: str,
    of_package: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = MENUS.replace("from .", "from ..") if "/" in menus else MENUS
    files = {
        "my_office/__init__.py": of_package,
        "my_office/settings.py": SETTINGS,
        f"my_office/{menus}": text,
        "my_office/app.py": HANDLER.format(imported=imported, used=used),
    }
    Layout(files, "", "").write(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert "secret" in prompts(explore("my_office.app:handler", keys="1", workers=1))


def test_a_pin_in_a_neighbour_of_its_file_is_tried(tmp_path: Path) -> None:
    files = {
        "my_settings.py": SETTINGS,
        "my_menus.py": NEIGHBOUR.replace("settings", "my_settings"),
        "my_app.py": HANDLER.format(imported="import my_menus", used="my_menus.ask"),
    }
    Layout(files, "", "").write(tmp_path)
    assert "secret" in prompts(explore(tmp_path / "my_app.py", keys="1", workers=1))


def test_what_it_does_not_use_of_a_module_is_not_tried(tmp_path: Path) -> None:
    files = {
        "my_menus.py": "def ask(channel):\n    channel.get_digits('pin', max=4)\n"
        "def other(text):\n    return text == '4711'\n",
        "my_app.py": HANDLER.format(imported="from my_menus import ask, other", used="ask"),
    }
    Layout(files, "", "").write(tmp_path)
    found = explore(tmp_path / "my_app.py", keys="1", workers=1)
    assert "4711" not in str(found)

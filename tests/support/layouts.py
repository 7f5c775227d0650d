"""Projects of many layouts: each has a handler that plays "ivr/hello".

Every module beside the handler's is needed for it, so a project that loads has been imported as
Python would.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

__all__ = ["LAYOUTS", "Layout"]


class Layout(NamedTuple):
    """A project. ``app`` and ``module`` mean the same handler, from the project's folder."""

    files: Mapping[str, str]
    app: str  #: as the commands of eslsync take it
    module: str  #: as MODULE:NAME, which gunicorn takes as well

    def write(self, folder: Path) -> None:
        """Write its files into a folder."""
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def handler(prompt: str = '"ivr/hello"', name: str = "handler") -> str:
    return (
        f"def {name}(session):\n"
        "    session.channel.answer()\n"
        f"    session.channel.playback({prompt})\n"
        "    session.channel.hangup()\n"
    )


MENUS = 'HELLO = "ivr/hello"\n'
OUTBOUND = "from eslsync import Outbound\n"
FACTORY = f"""{OUTBOUND}
def make_app(folder, *, file="nothing"):
    def handler(session):
        session.channel.answer()
        session.channel.playback(f"{{folder}}/{{file}}")
        session.channel.hangup()

    return Outbound(handler)
"""

LAYOUTS = {
    "a file": Layout({"my_ivr.py": handler()}, "my_ivr.py", "my_ivr:handler"),
    "a module": Layout(
        {"my_ivr.py": f"{handler(name='office')}\n{handler('None', 'other')}"},
        "my_ivr:office",
        "my_ivr:office",
    ),
    "an Outbound": Layout(
        {"my_ivr.py": f"{OUTBOUND}{handler(name='office')}app = Outbound(office, linger=False)\n"},
        "my_ivr.py:app",
        "my_ivr:app",
    ),
    "a factory": Layout(
        {"my_ivr.py": FACTORY},
        "my_ivr:make_app('ivr', file='hello')",
        "my_ivr:make_app('ivr', file='hello')",
    ),
    "a package": Layout(
        {
            "my_office/__init__.py": "",
            "my_office/menus.py": MENUS,
            "my_office/app.py": f"from my_office import menus\n{handler('menus.HELLO')}",
        },
        "my_office.app",
        "my_office.app:handler",
    ),
    "relative imports": Layout(
        {
            "my_office/__init__.py": "from .day.app import handler\n",
            "my_office/day/__init__.py": "",
            "my_office/menus.py": MENUS,
            "my_office/day/calls.py": "from ..menus import HELLO\n",
            "my_office/day/app.py": f"from . import calls\n{handler('calls.HELLO')}",
        },
        "my_office/day/app.py",
        "my_office:handler",
    ),
    "a src layout": Layout(
        {
            "src/my_office/__init__.py": "",
            "src/my_office/menus.py": MENUS,
            "src/my_office/app.py": f"from .menus import HELLO\n{handler('HELLO')}",
            "my_office/notes.txt": "a folder of the same name\n",
        },
        "my_office.app:handler",
        "my_office.app:handler",
    ),
    "a namespace package": Layout(
        {
            "my_office/menus.py": MENUS,
            "my_office/day/app.py": f"from ..menus import HELLO\n{handler('HELLO')}",
        },
        "my_office.day.app:handler",
        "my_office.day.app:handler",
    ),
    "a module named simulator": Layout(
        {
            "my_office/__init__.py": "",
            "my_office/simulator.py": MENUS,
            "my_office/app.py": f"from . import simulator\n{handler('simulator.HELLO')}",
        },
        "my_office/app.py",
        "my_office.app:handler",
    ),
    "a server started on import": Layout(
        {"my_ivr.py": f"{OUTBOUND}{handler()}Outbound(handler, port=5999).start()\n1 / 0\n"},
        "my_ivr.py",
        "my_ivr:handler",
    ),
}

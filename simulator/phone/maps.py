"""The map of an exploration beside the telephone: a call may begin at any of its spots.

`eslsync explore --map FILE.html` writes the map (simulator/exploring/pages.py). Its page is served
as it is, and may come from anywhere, so the browser keeps it in a sandbox: it can't use the
telephone. What its links can do is to name one of its spots.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..scripts.script import Script

__all__ = ["MapError", "MapPage", "read_map"]

#: The element of the page that has how a caller gets to each spot.
SPOTS = re.compile(r'<script type="application/json" id="spots">(.*?)</script>', re.DOTALL)


class MapError(ValueError):
    """A file is no map, or a spot is none of its."""


@dataclass(frozen=True)
class MapPage:
    """A map, and how a caller gets to each of its spots."""

    path: Path
    html: str
    ways: Mapping[int, str] = field(repr=False)  #: a caller script, as YAML, by the spot's number

    def script(self, spot: int, handler: Script | None = None) -> Script:
        """The way to a spot; with ``handler``, that script's handler takes the call.

        Raises MapError if there is no such spot, and ScriptError if its way can't be used.
        """
        if spot not in self.ways:
            last = max(self.ways, default=0)
            raise MapError(f"{self.path} has no spot {spot}; its last one is {last}")
        script = Script.parse(self.ways[spot])
        if handler is None:
            return script
        return replace(script, handler=handler.handler, name=handler.name)


def read_map(path: Path) -> MapPage:
    """The map in a file of `eslsync explore --map`. Raises MapError."""
    try:
        page = path.read_text(encoding="utf-8")
        [spots] = SPOTS.findall(page)
        found = json.loads(spots).items()
        ways = {int(name.removeprefix("s")): str(each["script"]) for name, each in found}
    except OSError as error:
        raise MapError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise MapError(
            f"{path} is no map that `eslsync explore APP --map MAP.html` of this version has drawn"
        ) from None
    return MapPage(path, page, ways)

"""The map as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .maps import as_tree

if TYPE_CHECKING:
    from .exploration import Exploration

__all__ = ["draw"]


def draw(exploration: Exploration, file: Path) -> Path:
    file.write_text("\n".join(as_tree(exploration.map)) + "\n", encoding="utf-8")
    return file

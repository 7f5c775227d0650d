"""Options for a pytest of its own that needs none of the plugins that are installed here."""

from __future__ import annotations

from importlib.metadata import entry_points

__all__ = ["NO_OTHERS"]

#: Of all plugins that pytest would load by itself, it loads eslsync's: most take long to import.
NO_OTHERS = [
    *("-p", "no:cacheprovider"),
    *[f"-pno:{each.name}" for each in entry_points(group="pytest11") if each.name != "eslsync"],
]

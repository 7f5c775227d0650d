"""FreeSWITCH's applications and api commands, a file for each family.

Importing the package imports every file in it, which fills the tables of the model: to add an
application, add a file.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from ..model.tables import API_COMMANDS, APPLICATIONS, tables_of

__all__ = ["API_COMMANDS", "APPLICATIONS", "tables_of"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

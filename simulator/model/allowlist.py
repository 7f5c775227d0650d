"""The list of what FreeSWITCH's modules may register: ``<interface-allowlist>`` in switch.conf.

What is not on the list is unknown to the switch (switch_loadable_module_interface_allowed).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from .tables import ApiCommand, Application, Entry

__all__ = ["listed", "module_of"]

#: The modules of what is modelled, unless mod_dptools (applications) or mod_commands (api) has it.
MODULES: dict[type, dict[str, str]] = {
    Application: {
        "conference": "mod_conference",
        "db": "mod_db",
        "fifo": "mod_fifo",
        "group": "mod_db",
        "hash": "mod_hash",
        "socket": "mod_event_socket",
        "spandsp_start_dtmf": "mod_spandsp",
        "spandsp_stop_dtmf": "mod_spandsp",
        "valet_park": "mod_valet_parking",
    },
    ApiCommand: {
        "expr": "mod_expr",
        "conference": "mod_conference",
        "db": "mod_db",
        "fifo": "mod_fifo",
        "group": "mod_db",
        "hash": "mod_hash",
        "strepoch": "mod_dptools",
        "strftime": "mod_dptools",
        "strmicroepoch": "mod_dptools",
        "valet_info": "mod_valet_parking",
    },
}


def listed(table: Mapping[str, Entry], names: Collection[str]) -> Mapping[str, Entry]:
    """What of a table the list permits.

    ``names`` are ``mod_dptools``, ``mod_dptools.answer``, or ``mod_dptools.answer.app`` (of an
    api command ``.api``), in any letter case.
    """
    permitted = frozenset(name.lower() for name in names)
    return {name: each for name, each in table.items() if _permits(permitted, each)}


def _permits(permitted: frozenset[str], entry: Application | ApiCommand) -> bool:
    kind = "app" if isinstance(entry, Application) else "api"
    module = module_of(entry).lower()
    name = f"{module}.{entry.name.lower()}"
    return not permitted.isdisjoint((module, name, f"{name}.{kind}"))


def module_of(entry: Application | ApiCommand) -> str:
    """The FreeSWITCH module that registers it."""
    usual = "mod_dptools" if isinstance(entry, Application) else "mod_commands"
    return entry.where or MODULES[type(entry)].get(entry.name, usual)

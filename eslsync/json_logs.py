"""Log records as JSON, one object a line (extra ``json``, which has python-json-logger)."""

from __future__ import annotations

from typing import Any

from pythonjsonlogger.json import JsonFormatter as Formatter

from .logs import FACTS

__all__ = ["JsonFormatter"]


class JsonFormatter(Formatter):
    """Writes ``timestamp`` (UTC), ``level``, ``logger``, ``message``, and what else a record has.

    That is ``uuid``, ``caller`` and ``destination`` of its call, if `CallFilter` has added them;
    what was passed as ``extra``; and the traceback as ``exc_info``.
    """

    def __init__(self) -> None:
        super().__init__(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp=True,
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Leave out what a record outside of calls has not."""
        outside = [name for name in FACTS if log_data.get(name) == ""]
        return {name: value for name, value in log_data.items() if name not in outside}

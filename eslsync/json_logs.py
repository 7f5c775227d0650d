"""Log records as JSON, one object a line (extra ``json``, which has python-json-logger)."""

from __future__ import annotations

import json
import reprlib
from typing import Any

from .extras import needs_extra
from .logs import FACTS

with needs_extra("json", "eslsync.json_logs"):
    from pythonjsonlogger.json import JsonEncoder
    from pythonjsonlogger.json import JsonFormatter as Formatter

__all__ = ["JsonFormatter"]


class JsonFormatter(Formatter):
    """Writes ``timestamp`` (UTC), ``level``, ``logger``, ``message``, and what else a record has.

    That is ``uuid``, ``caller`` and ``destination`` of its call, if `CallFilter` has added them;
    what was passed as ``extra``; and the traceback as ``exc_info``. No record is lost: what JSON
    can't say is written as its `repr`, shortened.
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

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        """The line."""
        try:
            return self._line(log_data)
        except (TypeError, ValueError, RecursionError):
            return self._line({str(name): self._said(each) for name, each in log_data.items()})

    def _said(self, value: object) -> object:
        """A value that JSON has; else its repr."""
        try:
            self._line({"": value})
        except (TypeError, ValueError, RecursionError):  # a key that is no text, NaN, a circle
            return reprlib.repr(value)
        return value

    def _line(self, values: dict[str, Any]) -> str:
        return json.dumps(values, cls=JsonEncoder, allow_nan=False)

"""Writes files whole, or leaves them as they were."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

__all__ = ["write"]


def write(path: Path, text: str) -> None:
    """Write a file as UTF-8, whole or not at all. Raises OSError.

    What is not a regular file (a pipe, a device) is written to directly. Half of a surrogate pair,
    which no file can have, is escaped.
    """
    content = text.encode("utf-8", "backslashreplace")
    target = Path(os.path.realpath(path))
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(content)
        else:
            _replace(target, content)
    except OSError as error:
        error.filename = str(path)  # as the user has it; a full device has none
        raise


def _replace(target: Path, content: bytes) -> None:
    new = target.with_name(f".{target.name[:100]}.{os.getpid()}.new")
    try:
        new.write_bytes(content)
        if target.exists():
            new.chmod(target.stat().st_mode & 0o7777)
        new.replace(target)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise

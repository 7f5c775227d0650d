"""Recordings that commands read, and files that they write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eslsync.command_line.files import Unusable
from eslsync.command_line.terminal import show

from .. import files

if TYPE_CHECKING:
    from ..recordings.reading import Recording

__all__ = ["YAML", "Output", "read", "write", "writing"]

#: The suffixes of YAML.
YAML = (".yaml", ".yml")


def read(path: Path) -> Recording:
    """Read a recording. Raises Unusable."""
    from ..recordings.reading import NotARecording, Recording

    try:
        return Recording.read(path)
    except OSError as error:
        raise Unusable(f"{path} can't be read: {error.strerror}") from None
    except NotARecording as error:
        raise Unusable(f"{path} is not a recording: {error}") from None


def write(text: str, output: Path | None) -> None:
    """Write to a file, or to standard output for None."""
    if output is None:
        show(text)
        return
    with writing():
        files.write(output, f"{text}\n")


class Output(click.Path):
    """A file to write, in a format of which names end in ``suffixes``, or have no suffix."""

    def __init__(self, *suffixes: str) -> None:
        super().__init__(path_type=Path)
        self.suffixes = suffixes

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = Path(value)
        if path.suffix and path.suffix not in self.suffixes:
            self.fail(f"{path} should end in {' or '.join(self.suffixes)}", param, ctx)
        return path


@contextmanager
def writing(error_type: type[click.ClickException] = click.ClickException) -> Iterator[None]:
    """Say which file can't be written, instead of a traceback."""
    try:
        yield
    except OSError as error:
        raise error_type(f"{error.filename} can't be written: {error.strerror}") from None

"""What is typed, key by key: nothing is lost, whenever it is typed and however fast."""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import select
import sys
import threading
from collections.abc import Callable, Iterator

import click

with contextlib.suppress(ImportError):  # on Windows
    import termios

__all__ = ["typed"]

#: A key as a terminal sends it: an arrow, for example, is several characters.
KEY = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.)?|.", re.DOTALL)


@contextlib.contextmanager
def typed(put: Callable[[str], object]) -> Iterator[None]:
    """Give each key that is typed to ``put``, in a thread; at the end of the input, "".

    Keys that were typed before count, too.
    """
    if "termios" not in sys.modules or not sys.stdin.isatty():
        threading.Thread(target=read_by_click, args=(put,), name="keyboard", daemon=True).start()
        yield
        return
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    keys_at_once = termios.tcgetattr(terminal)
    keys_at_once[3] &= ~(termios.ECHO | termios.ICANON)
    woken, wake = os.pipe()
    thread = threading.Thread(target=read, args=(put, terminal, woken), name="keyboard")
    # Now, and not after a flush, as Python's tty module has it: that forgets what was typed.
    termios.tcsetattr(terminal, termios.TCSANOW, keys_at_once)
    thread.start()
    try:
        yield
    finally:
        os.close(wake)
        thread.join()
        os.close(woken)
        with contextlib.suppress(termios.error):  # the terminal was closed
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def read(put: Callable[[str], object], terminal: int, woken: int) -> None:
    """Read keys, until ``woken`` ends."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while woken not in select.select([terminal, woken], [], [])[0]:
        try:
            data = os.read(terminal, 1024)
        except OSError:  # the terminal was closed
            data = b""
        if not data:
            put("")
            return
        for key in KEY.findall(decoder.decode(data)):
            put(key)


def read_by_click(put: Callable[[str], object]) -> None:
    """Read keys where there is no terminal of that kind, until the call is quit."""
    while True:
        try:
            key = click.getchar()
        except (KeyboardInterrupt, EOFError, OSError):
            key = ""
        put(key)
        if not key or key == "q":
            return

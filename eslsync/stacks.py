"""Where a handler is: stacks and exceptions reduced to the user's own lines, and their source."""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from traceback import FrameSummary, StackSummary
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import ast

__all__ = [
    "OURS",
    "Frames",
    "call_user",
    "frame_of",
    "frames_of_all",
    "is_ours",
    "parsed",
    "place",
    "stack_of",
    "summary_of",
    "users_frames",
    "users_stack",
    "users_traceback",
]

#: How often to parse a source before believing that it can't be.
TRIES = 100

T = TypeVar("T")
#: The innermost frame of each thread, by its identifier.
Frames = Mapping[int, FrameType]

_HERE = os.path.dirname(__file__)
#: The folders of eslsync and of the simulator, which is installed beside it.
OURS = (_HERE + os.sep, os.path.join(os.path.dirname(_HERE), "simulator", ""))


def is_ours(filename: str) -> bool:
    """True for a file of eslsync or of the simulator."""
    return filename.startswith(OURS)


def users_frames(frames: Iterable[FrameSummary]) -> list[FrameSummary]:
    """The frames outside of eslsync and the simulator, in order."""
    return [each for each in frames if not is_ours(each.filename)]


# Threads


def call_user(function: Callable[[Any], T], argument: Any) -> T:
    """Call a handler. `users_stack` begins below this frame."""
    return function(argument)


def frames_of_all() -> Frames:
    """The innermost frame of each thread."""
    return sys._current_frames()


def frame_of(thread: threading.Thread, frames: Frames | None = None) -> FrameType | None:
    """The innermost frame of a thread; None if it has ended."""
    return (frames_of_all() if frames is None else frames).get(thread.ident or 0)


def stack_of(thread: threading.Thread) -> list[FrameSummary]:
    """All frames of a thread, the outermost first; none if it has ended."""
    return _summary(_walk(thread))


def users_stack(
    thread: threading.Thread, *, waits: bool = False, frames: Frames | None = None
) -> list[FrameSummary]:
    """The frames of a handler's thread from the handler on, the outermost first, without eslsync's.

    ``waits`` is True if the handler waits in a method of eslsync: then frames below that method,
    such as another clock's, are left out. Empty before the handler begins and after it ends.
    ``frames`` are those of all threads (`frames_of_all`), if many are looked at.
    """
    walked = _walk(thread, frames)
    begins = next((i for i, each in enumerate(walked) if each.f_code is call_user.__code__), 0)
    theirs = walked[:begins]  # the innermost first
    if waits:
        innermost = next((i for i, each in enumerate(theirs) if _is_ours(each)), 0)
        theirs = theirs[innermost:]
    return _summary([each for each in theirs if not _is_ours(each)])


def _is_ours(frame: FrameType) -> bool:
    return is_ours(frame.f_code.co_filename)


def _walk(thread: threading.Thread, frames: Frames | None = None) -> list[FrameType]:
    """A thread's frames, the innermost first."""
    frame = frame_of(thread, frames)
    return [] if frame is None else [each for each, _ in traceback.walk_stack(frame)]


def _summary(frames: list[FrameType]) -> list[FrameSummary]:
    lines = ((each, each.f_lineno) for each in reversed(frames))
    return StackSummary.extract(lines, lookup_lines=False)


def place(frame: FrameSummary) -> str:
    """Where a frame is: "ivr.py:31 in handler"."""
    return f"{os.path.basename(frame.filename)}:{frame.lineno} in {frame.name}"


# Exceptions


def summary_of(error: BaseException) -> str:
    """An exception in one line: "KeyError: 'pin'"."""
    return "".join(traceback.format_exception_only(error)).strip().replace("\n", " ")


def users_traceback(error: BaseException, path: str | os.PathLike[str]) -> str:
    """A traceback from the user's file ``path`` on, without eslsync's frames."""
    whole = traceback.TracebackException.from_exception(error)
    file = os.path.realpath(path)
    seen: set[int] = set()
    each: traceback.TracebackException | None = whole
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        frames = list(each.stack)
        files = [os.path.realpath(frame.filename) for frame in frames]
        frames = frames[files.index(file) if file in files else 0 :]
        frames = [frame for frame in frames if not frame.filename.startswith("<frozen importlib")]
        each.stack = StackSummary.from_list(users_frames(frames) or frames[-1:])
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    return "".join(whole.format())


def parsed(source: str, file: str = "<unknown>") -> ast.Module:
    """Return the tree of a source. Raises SyntaxError or ValueError as `ast.parse`.

    Until Python 3.12, the depth of the tree is counted for all threads together: `ast.parse` raises
    SystemError if another thread parses meanwhile, as one that formats a traceback does.
    """
    import ast  # it takes longer to load than all of eslsync

    for _ in range(TRIES - 1):
        try:
            return ast.parse(source, file)
        except SystemError:
            pass
    return ast.parse(source, file)

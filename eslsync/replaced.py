"""Exceptions of a handler's own that the end of its call has replaced.

A ``finally`` that plays a goodbye to a caller who has gone raises Hangup. Python propagates that,
and keeps what it replaced only as its context, where nobody would look: the handler's defect.
"""

from __future__ import annotations

import contextlib
import linecache
import logging
import sys
import traceback
from collections.abc import Iterator
from functools import lru_cache
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from .stacks import is_ours, parsed
from .wire.exceptions import Disconnected, ESLError, Hangup, ProtocolError

if TYPE_CHECKING:
    import ast

__all__ = ["Replaced", "log_endangered", "log_replaced", "replaced_by", "unreplaced"]

#: What ends a handler without a defect of its own.
ENDS = (Hangup, Disconnected, ProtocolError)
#: What is no defect itself, but may have replaced one: a generator that is closed ends by
#: GeneratorExit, and its ``finally`` may meet the end of the call.
NO_DEFECTS = (*ENDS, GeneratorExit)

#: Its context managers raise again what a ``finally`` of theirs raises.
CONTEXTLIB = contextlib.__file__
#: The attribute of an exception that was logged here.
LOGGED = "_logged_by_eslsync"


class Replaced:
    """An exception that another one has replaced, while it went through the user's code."""

    def __init__(self, error: BaseException, handled: bool) -> None:
        self.error = error
        #: True if an ``except`` clause had caught it; False if a ``finally`` or the end of a
        #: ``with`` met the other one.
        self.handled = handled


def replaced_by(end: BaseException) -> list[Replaced]:
    """What the end of a call has replaced, the last first; nothing if ``end`` is no such end."""
    found: list[Replaced] = []
    seen: set[int] = set()
    later: BaseException | None = end
    while isinstance(later, NO_DEFECTS) and isinstance(end, ENDS) and id(later) not in seen:
        seen.add(id(later))
        cause = later.__cause__  # by ``raise hangup from error``, in an ``except`` clause
        error = later.__context__ if cause is None and not later.__suppress_context__ else cause
        if error is not None and not isinstance(error, NO_DEFECTS) and _is_users(error):
            found.append(Replaced(error, cause is not None or _was_handled(error, later)))
            break  # Python's own report tells what that one has replaced
        later = error
    return found


def unreplaced(error: BaseException) -> BaseException:
    """What a callback really failed with: what an end of the call has replaced, or the error."""
    return next((each.error for each in replaced_by(error) if not each.handled), error)


def log_replaced(logger: logging.LoggerAdapter[logging.Logger], end: BaseException) -> None:
    """Log what the end of a call has replaced, with its traceback; each exception once."""
    for replaced in replaced_by(end):
        if LOGGED in vars(replaced.error):
            continue
        vars(replaced.error)[LOGGED] = True
        if not replaced.handled:
            logger.error("an exception was replaced by %s", _named(end), exc_info=replaced.error)
        elif not isinstance(replaced.error, ESLError):
            logger.warning(
                "while an exception was handled: %s", _named(end), exc_info=replaced.error
            )


def log_endangered(logger: logging.LoggerAdapter[logging.Logger], end: BaseException) -> None:
    """Log the user's exception that the end of a call will replace, which is about to be raised.

    Called where that is. Nobody may see it later: the handler may catch the end of its call,
    to do what is left to do, and know nothing of what a ``finally`` below has lost.
    """
    error = sys.exc_info()[1]
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if not isinstance(error, NO_DEFECTS) and _is_users(error):
            if LOGGED not in vars(error) and _goes_on(error):
                vars(error)[LOGGED] = True
                logger.error("an exception was replaced by %s", _named(end), exc_info=error)
            return
        error = error.__context__


def _goes_on(error: BaseException) -> bool:
    """True if the end of the call, raised now, will take the place of an exception on its way.

    Not if it is raised below an ``except`` clause that has caught the exception, or caught again on
    the way: then that one goes on. False where that can't be seen, without a source.
    """
    entry = next(
        (each for each in _entries(error) if not is_ours(each.tb_frame.f_code.co_filename)), None
    )
    frame: FrameType | None = sys._getframe()
    while frame is not None and entry is not None:
        code = frame.f_code
        if frame is entry.tb_frame:
            return not _stays(code.co_filename, frame.f_lineno, entry.tb_lineno)
        if not is_ours(code.co_filename) and code.co_filename != CONTEXTLIB:
            if _stays(code.co_filename, frame.f_lineno, None):
                return False
        frame = frame.f_back
    return False


def _stays(filename: str, line: int, raised_at: int | None) -> bool:
    """True if what is raised at a line is caught in that frame, or replaces nothing.

    Of the frame that ``raised_at`` belongs to, only what is inside of its ``finally`` counts.
    """
    import ast

    guards = _guards(_source(filename))
    if guards is None:
        return True
    for node in guards:
        around = raised_at is not None and _within(raised_at, node.body)
        if isinstance(node, ast.With):
            if not around and _within(line, node.body) and any(map(_suppresses, node.items)):
                return True
        else:
            if around and any(_within(line, clause.body) for clause in node.handlers):
                return True
            if not around and node.handlers and _within(line, node.body):
                return True
    return False


def _within(line: int, body: list[ast.stmt]) -> bool:
    return body[0].lineno <= line <= (body[-1].end_lineno or 0)


def _suppresses(item: ast.withitem) -> bool:
    """True for ``suppress(...)`` and ``pytest.raises(...)``."""
    import ast

    called = item.context_expr.func if isinstance(item.context_expr, ast.Call) else None
    name = getattr(called, "attr", getattr(called, "id", ""))
    return name in ("suppress", "raises")


def _named(end: BaseException) -> str:
    """In words: "Hangup: the call ended: NORMAL_CLEARING"."""
    return f"{type(end).__name__}: {end}"


def _is_users(error: BaseException) -> bool:
    """True if it went through a frame of the user's; the library's own exceptions don't."""
    frames = traceback.walk_tb(error.__traceback__)
    return any(not is_ours(frame.f_code.co_filename) for frame, _ in frames)


def _was_handled(error: BaseException, later: BaseException) -> bool:
    """True if ``later`` was raised below an ``except`` clause that had caught ``error``."""
    entry = error.__traceback__
    while entry is not None and is_ours(entry.tb_frame.f_code.co_filename):
        entry = entry.tb_next
    if entry is None:
        return False
    frame, raised_at = entry.tb_frame, entry.tb_lineno
    lines = [each.tb_lineno for each in _entries(later) if each.tb_frame is frame]
    return any(
        clause.lineno <= line <= (clause.end_lineno or 0)
        and body[0].lineno <= raised_at <= (body[-1].end_lineno or 0)
        for line in lines
        for body, clause in _clauses(_source(frame.f_code.co_filename))
    )


def _entries(error: BaseException) -> Iterator[TracebackType]:
    entry = error.__traceback__
    while entry is not None:
        yield entry
        entry = entry.tb_next


def _source(filename: str) -> str:
    """The source as it is now; empty if there is none."""
    linecache.checkcache(filename)
    return "".join(linecache.getlines(filename))


@lru_cache(maxsize=16)
def _guards(source: str) -> list[ast.With | ast.Try] | None:
    """The statements of a source that may catch an exception; None if it has no tree."""
    import ast  # it takes longer to load than all of eslsync

    try:
        tree = parsed(source) if source else None
    except (SyntaxError, ValueError):
        tree = None
    if tree is None:
        return None
    kinds = (ast.With, ast.Try, getattr(ast, "TryStar", ast.Try))
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def _clauses(source: str) -> Iterator[tuple[list[ast.stmt], ast.ExceptHandler]]:
    """The bodies of ``try`` in a source, each with one of its ``except`` clauses."""
    import ast

    for node in _guards(source) or ():
        if not isinstance(node, ast.With):
            yield from ((node.body, clause) for clause in node.handlers)

"""The problems of a call that show once it is over."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import replace

from eslsync import ESLError, Hangup
from eslsync.stacks import summary_of

from ..calling.call import Call, line_of, why_unknown
from ..calling.line import Line
from .attempts import Attempt, CallEnd, Trouble
from .back_ends import is_from_a_trial
from .observer import Observer
from .reach import skipped_work
from .surroundings import Abandoned, Exits
from .whereabouts import Place, is_own, place_of

__all__ = ["FORGOTTEN", "troubles_logged", "troubles_of"]

#: The kind of a Hangup that is swallowed with nothing but the end behind it.
FORGOTTEN = "forgotten"
#: An application that the handler has the caller's channel execute.
EXECUTES = re.compile(rb"\Asendmsg\n(?:.*\n)*?execute-app-name: (.*)")
#: The note of an exception that a handler logs.
LOGGED = re.compile(r"logs (ERROR|CRITICAL): .* \(\w+: .*\)\Z", re.DOTALL)
#: Applications after which the call is somebody else's.
LEAVES = ("transfer", "deflect", "redirect")


def troubles_of(
    attempt: Attempt,
    call: Call,
    observer: Observer,
    ended: CallEnd | None,
    last: Place | None,
    *,
    at_hangup: bool,
) -> Iterator[Trouble]:
    """The problems of a call; ``last`` is where the handler last waited.

    ``at_hangup``: the caller hung up, after all steps.
    """
    yield from _error(attempt, line_of(call), at_hangup=at_hangup)
    if line_of(call).unknown:
        text = why_unknown(line_of(call))
        yield Trouble("unknown-application", text, observer.hung_up_at, at_hangup=False)
    yield from _answers(line_of(call), observer, ended, last)
    yield from _work_after_hangup(observer, at_hangup=at_hangup)
    yield from _swallowed(call, observer, at_hangup=at_hangup)
    if observer.waits_long_at is not None:
        text = f"a far end that presses nothing is waited for for {observer.slowest:.0f} s"
        yield Trouble("silence", text, observer.waits_long_at, at_hangup=False)
    yield from _lost_transfer(call, observer)
    yield from _logged_error(call, observer)


def troubles_logged(log: Iterable[logging.LogRecord], *, at_hangup: bool) -> Iterator[Trouble]:
    """The exceptions of callbacks after the call, which the library has logged."""
    for record in log:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and "on_hangup" in record.getMessage():
            yield Trouble("after-hangup", summary_of(error), place_of(error), at_hangup)


def _error(attempt: Attempt, line: Line, *, at_hangup: bool) -> Iterator[Trouble]:
    error = line.error
    if error is None or isinstance(error, Abandoned):
        return
    if isinstance(error, ESLError) and is_from_a_trial(attempt.call):
        return  # it tells of the connection that was to break
    text = str(error) if isinstance(error, Exits) else summary_of(error)
    if line.given_back:
        yield Trouble("raises", text, place_of(error), at_hangup=False)
    else:
        yield Trouble("after-hangup", text, place_of(error), at_hangup)


def _answers(
    line: Line, observer: Observer, ended: CallEnd | None, last: Place | None
) -> Iterator[Trouble]:
    if observer.answered_again is not None:
        text = "the call is answered a second time"
        yield Trouble("answer", text, observer.answered_again, at_hangup=False)
    if observer.unanswered is not None:
        text = "the caller is asked for keys, or recorded, before the call is answered"
        yield Trouble("answer", text, observer.unanswered, at_hangup=False)
    elif (
        ended is not None
        and ended.text == "hangs up"
        and not line.answered
        and line.prompts
        and "pre_answer" not in observer.log
    ):
        text = "prompts are played, and the call is never answered"
        yield Trouble("answer", text, last, at_hangup=False)


def _work_after_hangup(observer: Observer, *, at_hangup: bool) -> Iterator[Trouble]:
    """Tell of a Hangup that was raised again where it was handled, and skipped the rest."""
    again = observer.hangup
    first = None if again is None else again.__context__
    if again is None or not isinstance(first, Hangup) or place_of(first) == place_of(again):
        return
    for frame in traceback.extract_tb(again.__traceback__):
        if is_own(frame.filename):
            line = skipped_work(frame.filename, frame.lineno or 0)
            if line is not None:
                text = f"Hangup is raised again where it is handled, and skips line {line}"
                yield Trouble("after-hangup", text, place_of(again), at_hangup)
                return


def _swallowed(call: Call, observer: Observer, *, at_hangup: bool) -> Iterator[Trouble]:
    taken = observer.taken_away
    kind, what = ("taken-away", "Transferred") if taken else ("swallowed", "Hangup")
    if observer.went_on is not None:
        caught, then = observer.went_on
        text = f"a {what} is caught: the handler goes on until the next, at line {then.line}"
        yield Trouble(kind, text, caught, at_hangup)
    elif call.ended and call.error is None and observer.forgotten is not None:
        caught, line = observer.forgotten
        text = f"a {what} is caught here as any error is, and forgotten"
        kind = FORGOTTEN if kind == "swallowed" else kind
        yield Trouble(kind, text, replace(caught, line=line), at_hangup)


def _lost_transfer(call: Call, observer: Observer) -> Iterator[Trouble]:
    """Tell of a handler that has transferred the call, and then hung it up."""
    transferred = False
    for _, sender, _, what in call.transcript.entries_raw:
        if sender == "caller" and str(what).startswith("hangs up"):
            return
        if sender != "app" or not isinstance(what, bytes):
            continue
        name = EXECUTES.search(what)
        application = name[1].decode() if name else ""
        if application == "hangup" and transferred:
            text = "the call is transferred, and hung up all the same"
            yield Trouble("transfer-lost", text, observer.hung_up_at, at_hangup=False)
            return
        transferred |= application in LEAVES


def _logged_error(call: Call, observer: Observer) -> Iterator[Trouble]:
    """Tell of a handler that has logged an exception, and then hung up without a word."""
    logged = ""
    for _, sender, _, what in call.transcript.entries_raw:
        if sender == "caller" and str(what).startswith("hangs up"):
            return
        if sender == "app" and isinstance(what, bytes):
            name = EXECUTES.search(what)
            if name is None:
                continue
            if name[1] == b"hangup" and logged and call.answered:
                text = f"the handler {logged}, and hangs up on the caller without a word"
                yield Trouble("no-word", text, observer.hung_up_at, at_hangup=False)
                return
            logged = "" if name[1] != b"hangup" else logged
        elif sender == "app" and LOGGED.match(str(what)):
            logged = str(what)

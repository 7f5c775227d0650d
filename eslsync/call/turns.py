"""Whose turn it is: events that wait for it, and their callbacks, one at a time."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, Protocol

from ..bounds import BACKLOG
from ..callables import check_returned
from ..replaced import log_replaced, unreplaced
from ..wire.exceptions import Disconnected, Hangup
from ..wire.message import Event
from .backlog import Backlog
from .callbacks import Callback, Callbacks, HangupCallback
from .ending import Ending, Stage
from .losses import Losses
from .posted import POSTED, Posts
from .typeahead import TypeAhead

__all__ = ["KEPT", "Turns", "by_callback"]

OVER = Stage.OVER

#: Those that are kept until a wait takes them.
KEPT = frozenset({"DTMF", POSTED})


class Pressed(Protocol):
    """A leg whose digits have handlers."""

    def run_digit_handler(self, event: Event) -> None: ...


class Waits(Protocol):
    """The leg whose end ends a wait."""

    @property
    def hangup_event(self) -> Event | None: ...

    @property
    def transferred(self) -> Event | None: ...


class Queues(Protocol):
    """What turns need of a conversation."""

    awaited: object
    composing: bool
    at_work: bool
    losses: Losses
    callbacks: Callbacks
    posts: Posts
    typeahead: TypeAhead
    logger: logging.LoggerAdapter[logging.Logger]
    observed: Any

    @property
    def ending(self) -> Ending: ...

    @property
    def own(self) -> Waits: ...

    @property
    def legs(self) -> Mapping[str, Pressed]: ...

    def hangup(self) -> Hangup: ...


def by_callback(error: BaseException) -> RuntimeError:
    """What to raise from a method for a callback's exception that would be taken for its own."""
    return RuntimeError(f"a callback raised {type(error).__name__}: {error}")


class Turns:
    """The turns of one conversation's events, on its handler's thread."""

    __slots__ = (
        "_callbacks",
        "_conversation",
        "backlog",
        "before",
        "hangup_callbacks",
        "inside",
        "mark",
    )

    def __init__(self, conversation: Queues) -> None:
        self._conversation = conversation
        self._callbacks = conversation.callbacks
        #: Events that wait for their turn.
        self.backlog = Backlog(BACKLOG)
        #: Callbacks for the hangup that have not been called.
        self.hangup_callbacks: list[HangupCallback] = []
        #: The event whose callback runs; None while none does.
        self.inside: Event | None = None
        #: Inside a callback: the serial of the last event that an earlier wait saw.
        self.mark = 0
        #: The same for the wait before that.
        self.before = 0

    def keep(self, event: Event) -> None:
        """Queue an event for its turn."""
        self.backlog.append(event)
        while self.backlog.overfull:
            dropped = self.backlog.drop(self._is_worth_keeping)
            self._conversation.losses.count(self.backlog.bound, dropped.name)

    def _is_worth_keeping(self, event: Event) -> bool:
        """True for a digit or a posted value, and for an event with a callback."""
        return event.name in KEPT or bool(self._callbacks.of(event))

    def run(self, event: Event, leg: Waits, deadline: float | None = None) -> None:
        """Run the callbacks of an event whose turn has come, and the digit's handler.

        All of them run; then the first exception is raised, from a wait for ``leg`` until
        ``deadline``. Others are logged.
        """
        conversation = self._conversation
        is_digit = event.quick_name == "DTMF" and not event.collected
        callbacks: Sequence[Callback] = self._callbacks.of(event) if self._callbacks else ()
        if event.quick_name == POSTED:
            if POSTED not in self._callbacks.names:
                conversation.posts.keep(event)
            else:
                conversation.posts.had()
        if not (callbacks or is_digit):
            return
        awaited, conversation.awaited = conversation.awaited, None
        if conversation.observed is not None:
            conversation.observed.runs()
        at_work, conversation.at_work = conversation.at_work, False
        self.inside = event
        self.before = self.mark
        composing, conversation.composing = conversation.composing, False
        first: Exception | None = None
        try:
            for callback in callbacks:
                try:
                    check_returned("the callback", callback(event))
                except Exception as error:  # noqa: BLE001 - raised below, or logged
                    first = self._first_of(first, error)
            pressed = conversation.legs.get(event.uuid or "") if is_digit else None
            if pressed is not None:
                try:
                    pressed.run_digit_handler(event)
                except Exception as error:  # noqa: BLE001 - raised below, or logged
                    first = self._first_of(first, error)
        finally:
            self.inside = None
            conversation.awaited = awaited
            if conversation.observed is not None:
                conversation.observed.waits()
            conversation.composing = composing
            if is_digit:
                conversation.typeahead.keep(event)
        try:
            if first is not None:
                if isinstance(first, Hangup) and conversation.ending.stage is OVER:
                    self.run_rest()  # it is the call's own hangup, not another leg's
                self._raise(first, leg, deadline)
        finally:
            conversation.at_work = at_work
            del first  # breaks a reference cycle that would keep the whole call alive

    def run_rest(self) -> None:
        """Run those of the events that still wait when the call has ended, except digits.

        Hangups of their callbacks are ignored; of other exceptions the first is raised at the end.
        """
        first: Exception | None = None
        while self.backlog:
            event = self.backlog.popleft()
            if event.name != "DTMF":
                self.mark = event.serial
                try:
                    self.run(event, self._conversation.own)
                except Hangup as hangup:  # told already
                    log_replaced(self._conversation.logger, hangup)
                except Exception as error:  # noqa: BLE001 - raised below, or logged
                    first = self._first_of(first, error)
        try:
            self.tell_hangup()
            if first is not None:
                self._raise(first, self._conversation.own)
        finally:
            del first

    def _first_of(self, first: Exception | None, error: Exception) -> Exception:
        """The exception to raise when all callbacks have run; logs any other."""
        log_replaced(self._conversation.logger, error)
        if first is None:
            return error
        if not isinstance(error, (Hangup, Disconnected)):
            self._conversation.logger.error("another callback failed", exc_info=error)
        return first

    def _raise(self, error: BaseException, leg: Waits, deadline: float | None = None) -> NoReturn:
        """Raise a callback's exception from a wait for ``leg``.

        A timeout where the wait has one of its own, or the end of another leg, would tell
        something of that wait which is not true.
        They are raised as RuntimeError, as Python does with a StopIteration inside a generator
        (PEP 479). So is a CommandError, where the method has sent a command of its own.
        """
        ending = self._conversation.ending
        gone = leg.hangup_event is not None or leg.transferred is not None
        over = gone or ending.is_over or ending.failure is not None
        try:
            if (isinstance(error, TimeoutError) and deadline is not None) or (
                isinstance(error, Hangup) and not over
            ):
                raise by_callback(error) from error
            raise error
        finally:
            del error  # breaks a circle through this frame

    def tell_hangup(self) -> None:
        """Call every hangup callback, once the call is over.

        Logs their exceptions, and re-raises the first.
        """
        conversation = self._conversation
        failure: BaseException | None = None
        while self.hangup_callbacks:
            try:
                check_returned("the callback", self.hangup_callbacks.pop(0)(conversation.hangup()))
            except BaseException as error:
                conversation.logger.exception("an on_hangup callback failed")
                failure = failure or unreplaced(error)
        try:
            if failure is not None:
                self._raise(failure, conversation.own)
        finally:
            del failure  # breaks a circle through this frame

    def forget(self) -> None:
        """Forget what waits, and the callbacks for a hangup that has not come."""
        self.hangup_callbacks.clear()
        while self.backlog:
            self.backlog.popleft()

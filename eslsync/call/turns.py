"""Whose turn it is: events that wait for it, and their callbacks, one at a time."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Protocol

from ..callables import check_returned
from ..wire.exceptions import Hangup
from ..wire.message import Event
from .backlog import Backlog
from .callbacks import Callback, Callbacks, HangupCallback
from .ending import Ending, Stage
from .posted import POSTED, Posts
from .typeahead import TypeAhead

__all__ = ["Turns"]

OVER = Stage.OVER

#: The maximum number of events, and of their bytes, that wait for their turn while a callback
#: runs. Beyond either, the oldest is dropped, counted and logged. An average event is 5 KB.
MAX_BACKLOG = 1000
MAX_BACKLOG_BYTES = 8 * 1024 * 1024
#: Those that are kept until a wait takes them.
KEPT = frozenset({"DTMF", POSTED})


class Pressed(Protocol):
    """A leg whose digits have handlers."""

    def run_digit_handler(self, event: Event) -> None: ...


class Queues(Protocol):
    """What turns need of a conversation."""

    awaited: object
    dropped: int
    callbacks: Callbacks
    posts: Posts
    typeahead: TypeAhead
    logger: logging.LoggerAdapter[logging.Logger]

    @property
    def ending(self) -> Ending: ...

    @property
    def legs(self) -> Mapping[str, Pressed]: ...

    def hangup(self) -> Hangup: ...


class Turns:
    """The turns of one conversation's events, on its handler's thread."""

    __slots__ = (
        "_callbacks",
        "_conversation",
        "backlog",
        "hangup_callbacks",
        "inside",
        "mark",
    )

    def __init__(self, conversation: Queues) -> None:
        self._conversation = conversation
        self._callbacks = conversation.callbacks
        #: Events that wait for their turn.
        self.backlog = Backlog(MAX_BACKLOG, MAX_BACKLOG_BYTES)
        #: Callbacks for the hangup that have not been called.
        self.hangup_callbacks: list[HangupCallback] = []
        #: The event whose callback runs; None while none does.
        self.inside: Event | None = None
        #: Inside a callback: the serial of the last event that an earlier wait saw.
        self.mark = 0

    def keep(self, event: Event) -> None:
        """Queue an event for its turn."""
        self.backlog.append(event)
        while self.backlog.overfull:
            self._drop_one()

    def _drop_one(self) -> None:
        """Drop the oldest event that is no digit and has no callback, or else the oldest."""
        for event in self.backlog:
            if event.name not in KEPT and not self._callbacks.of(event):
                break
        else:
            event = self.backlog[0]
        self.backlog.remove(event)
        conversation = self._conversation
        conversation.dropped += 1
        if conversation.dropped == 1:
            conversation.logger.warning(
                "more than %d events or %d bytes of them wait for a callback to return; "
                "dropping the oldest, %s first",
                MAX_BACKLOG,
                MAX_BACKLOG_BYTES,
                event.name,
            )

    def run(self, event: Event) -> None:
        """Run the callbacks of an event whose turn has come."""
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
        self.inside = event
        try:
            for callback in callbacks:
                check_returned("the callback", callback(event))
            leg = conversation.legs.get(event.uuid or "") if is_digit else None
            if leg is not None:
                leg.run_digit_handler(event)
        except Hangup:
            self.inside = None
            if conversation.ending.stage is OVER:  # the call's own hangup, not another leg's
                self.run_rest()
            raise
        finally:
            self.inside = None
            conversation.awaited = awaited
        if is_digit:
            conversation.typeahead.keep(event)

    def run_rest(self) -> None:
        """Run those of the events that still wait when the call has ended, except digits."""
        while self.backlog:
            event = self.backlog.popleft()
            if event.name != "DTMF":
                self.mark = event.serial
                try:
                    self.run(event)
                except Hangup:
                    pass  # told already
        self.tell_hangup()

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
                failure = failure or error
        if failure is not None:
            raise failure

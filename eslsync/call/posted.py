"""Values that other threads of the program post to a session: see `Session.post`.

A posted value takes its turn among the switch's events. Like a digit it is kept until a wait takes
it, so that a handler which plays a prompt meanwhile misses nothing.

Posting takes no lock and never waits: it works in signal handlers and finalizers, whatever they
have interrupted.
"""

from __future__ import annotations

from queue import Full
from typing import Any, Protocol

from ..bounds import POSTS
from ..wire.message import Event
from .backlog import Backlog

__all__ = ["POSTED", "Posted", "Posts"]

#: The name that waits and callbacks use; FreeSWITCH has no such event.
POSTED = "POSTED"


class Posted(Event):
    """A posted value, as an event of the call's own leg."""

    __slots__ = ("value",)

    def __init__(self, uuid: str, value: Any) -> None:
        super().__init__(f"Event-Name: {POSTED}\nUnique-ID: {uuid}\n\n".encode())
        self.value = value


class Takes(Protocol):
    """What posts need of a connection."""

    def post(self, event: Event) -> bool: ...


class Queues(Protocol):
    """What posts need of a conversation."""

    backlog: Backlog

    @property
    def connection(self) -> Takes: ...

    @property
    def uuid(self) -> str: ...

    @property
    def in_callback(self) -> bool: ...


class Posts:
    """The values posted to one conversation that have not been taken."""

    __slots__ = ("_conversation", "_untaken", "kept")

    def __init__(self, conversation: Queues) -> None:
        self._conversation = conversation
        # One entry for each, wherever it is: a list changes in one step, a number does not.
        self._untaken: list[None] = []
        #: Those whose turn has come, and that nobody has taken; the handler's thread only.
        self.kept: list[Event] = []

    def post(self, value: Any) -> bool:
        """Queue a value, in any thread: see `Session.post`."""
        self._untaken.append(None)
        if len(self._untaken) > POSTS.most:
            self._untaken.pop()
            raise Full(f"the handler has not taken {POSTS.most} posted values")
        conversation = self._conversation
        if conversation.connection.post(Posted(conversation.uuid, value)):
            return True
        self._untaken.pop()
        return False

    # the handler's thread

    def keep(self, event: Event) -> None:
        """Keep a value whose turn has come, and that has no callback."""
        self.kept.append(event)

    def take(self, event: Event | None) -> Event | None:
        """Take the oldest value; ``event`` is what has just arrived or had its turn."""
        conversation = self._conversation
        if self.kept:
            taken = self.kept.pop(0)
        elif conversation.in_callback:
            # Others still wait for their turn; this one doesn't get another.
            waiting = conversation.backlog if event is None else (event,)
            found = next((each for each in waiting if isinstance(each, Posted)), None)
            if found is None:
                return None
            conversation.backlog.remove(found)
            taken = found
        else:
            # One that a callback has had is counted out already.
            return event if isinstance(event, Posted) else None
        self._untaken.pop()
        return taken

    def forget(self) -> None:
        """Forget the values that nobody has taken."""
        self.kept.clear()

    def had(self) -> None:
        """Count out a value that its callback has had."""
        self._untaken.pop()

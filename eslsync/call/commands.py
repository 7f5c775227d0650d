"""Commands go out, and their replies come back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from ..clock import Clock, Deadline, refuse_to_wait, sooner
from ..wire.exceptions import CommandError, Disconnected, TimeoutError
from ..wire.message import NOT_FOUND, Reply
from ..wire.protocol import encode_command
from ..wire.secrets import Secrets
from ..wire.texts import bytes_of
from .arrivals import Arrivals, Late
from .connection import Connection, Inbox, NothingMore, Pending
from .ending import Ending, Stage
from .subscription import Subscription, unknown_event

__all__ = ["Commands"]

OVER = Stage.OVER


class Speaks(Protocol):
    """What commands need of a conversation."""

    awaited: object
    clock: Clock
    at_work: bool
    arrivals: Arrivals
    full: bool
    redact: Secrets
    subscription: Subscription

    @property
    def connection(self) -> Connection: ...

    @property
    def ending(self) -> Ending: ...

    @property
    def own(self) -> Any: ...

    @property
    def watcher(self) -> object | None: ...

    def in_its_thread(self) -> bool: ...

    def deadline(self, timeout: float | None) -> Deadline | None: ...

    def begins(
        self, what: object, deadline: Deadline | None, leg: Any, wanted: Collection[str], /
    ) -> Any: ...

    def ends(self, watched: Any, /) -> None: ...

    def raise_if_over(self) -> None: ...

    def too_late(self, what: object, deadline: Deadline | None) -> TimeoutError: ...


class Commands:
    """The commands of one conversation; of its handler's thread, and of others."""

    __slots__ = ("_conversation", "_numbers", "ids")

    def __init__(self, conversation: Speaks) -> None:
        self._conversation = conversation
        #: The prefix of the ids of our applications and jobs (see `new_id`).
        self.ids = ""
        self._numbers = count(1)

    def new_id(self) -> str:
        """Return an id for an application or a job of ours, which its event will contain.

        It begins with the channel's uuid and the Event-Sequence of the reply to ``connect``,
        since a transfer away and back makes another session of the same channel.
        """
        return f"{self.ids}/{next(self._numbers)}"

    def run(
        self,
        line: str,
        headers: Sequence[tuple[str, str]] = (),
        timeout: float | None = None,
        body: str = "",
    ) -> Reply:
        """Send a command and wait for its reply. Raises CommandError if that is a failure."""
        reply = self.exchange(line, headers, timeout, body)
        if not reply.ok and reply.refuses(line):
            raise self.refused(Pending(self._conversation.redact, line, headers), reply)
        self._conversation.subscription.note(line)
        return reply

    def api(self, command: str, timeout: float | None = None) -> str:
        """Run an api command and return what it printed: see `Session.api`."""
        return self.run(f"api {command}", timeout=timeout).text

    def getvar(self, name: str, timeout: float | None) -> str | None:
        """Return a variable by the command ``getvar``: see `Session.getvar`."""
        reply = self.exchange(f"getvar {name}", timeout=timeout)
        return None if reply.text == NOT_FOUND else reply.text

    def say(self, lines: Sequence[str], deadline: Deadline | None) -> None:
        """Send several commands at once, and wait for all their replies.

        Raises CommandError for the first that is refused.
        """
        if not lines:
            return
        conversation = self._conversation
        if conversation.at_work:
            refuse_to_wait()
        sent = [Pending(conversation.redact, line, quiet=True) for line in lines]
        sent[-1].quiet = False  # its reply is the last to arrive
        conversation.connection.send(b"".join(map(encode_command, lines)), *sent)
        self._own_reply(sent[-1], deadline)
        for line, pending in zip(lines, sent, strict=True):
            if pending.reply is not None and not pending.reply.ok:
                raise self.refused(pending, pending.reply)
            conversation.subscription.note(line)

    def refused(self, command: Pending, reply: Reply) -> CommandError:
        """The error to raise for a command that was refused."""
        hint = ""
        if reply.text == NOT_FOUND and not self._conversation.full:
            hint = (
                "this socket may use only a few commands (recording 08c): "
                'write "full" behind its address in the dialplan, as in host:port async full'
            )
        elif reply.text == "-ERR no keywords supplied":
            hint = unknown_event(str(command))
        text = self._conversation.redact(reply.text, words=True)
        return CommandError(str(command), reply, text, hint)

    def exchange(
        self,
        line: str,
        headers: Sequence[tuple[str, str]] = (),
        timeout: float | None = None,
        body: str = "",
    ) -> Reply:
        """Send a command, wait for its reply, and return that even if it is ``-ERR``."""
        conversation = self._conversation
        if conversation.in_its_thread():
            deadline = conversation.deadline(timeout)
            reply = self._own_reply(self.send(line, headers, body), deadline)
        else:
            inbox: Inbox = SimpleQueue()
            pending = self.send(line, headers, body, inbox)
            reply = self._other_threads_reply(pending, inbox, conversation.deadline(timeout))
        if conversation.redact.asks(line):
            conversation.redact.answered(line, reply.text)
        return reply

    def send(
        self,
        line: str,
        headers: Sequence[tuple[str, str]] = (),
        body: str = "",
        inbox: Inbox | None = None,
        *,
        quiet: bool = False,
    ) -> Pending:
        """Send a command without waiting for its reply. Other threads pass their ``inbox``."""
        conversation = self._conversation
        if inbox is None and conversation.at_work:
            refuse_to_wait()
        data = encode_command(line, headers, bytes_of(body))
        if line[:4].lower() == "exit":  # FreeSWITCH ignores the rest (mod_event_socket.c)
            conversation.ending.note_exit()
        if inbox is None and conversation.ending.failure is not None:
            conversation.raise_if_over()
        if conversation.redact.may_tell(data):
            conversation.redact.sent(line, headers, body)
        pending = Pending(conversation.redact, line, headers, inbox, quiet)
        conversation.connection.send(data, pending)
        return pending

    def _own_reply(self, pending: Pending, deadline: Deadline | None) -> Reply:
        """Wait for the reply to a command of the handler's thread."""
        conversation = self._conversation
        before, conversation.awaited = conversation.awaited, pending
        watched, ending = None, conversation.ending
        over = ending.stage is OVER
        try:
            if conversation.watcher is not None:
                watched = conversation.begins(pending, deadline, conversation.own, ())
            conversation.at_work = True
            while not pending.told:
                if ending.failure is not None:
                    conversation.raise_if_over()
                if ending.stage is OVER:
                    last: float | None = ending.last_reply(over)
                else:
                    last = None
                try:
                    conversation.arrivals.collect(sooner(deadline, last), ())
                except Late:
                    if last is None or (deadline is not None and deadline <= last):
                        raise
                    conversation.raise_if_over()
        except Late:
            raise conversation.too_late(pending, deadline) from None
        finally:
            conversation.at_work = False
            conversation.awaited = before
            if watched is not None:
                conversation.ends(watched)
        assert pending.reply is not None
        return pending.reply

    def _other_threads_reply(
        self, pending: Pending, inbox: Inbox, deadline: Deadline | None
    ) -> Reply:
        try:
            reply = self._conversation.clock.get(inbox, deadline)
        except Empty:
            raise self._conversation.too_late(pending, deadline) from None
        if isinstance(reply, NothingMore):
            why = reply.reason
            raise Disconnected(f"no reply to {str(pending)!r}: {why}") from why
        return reply

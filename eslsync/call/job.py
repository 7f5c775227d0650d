"""Commands that run in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire.exceptions import CommandError
from ..wire.message import Event

if TYPE_CHECKING:
    from .conversation import Conversation

__all__ = ["Job"]

TOLD_BY = ("BACKGROUND_JOB",)


class Job:
    """A command that runs in the background (bgapi)."""

    def __init__(self, session: Conversation, command: str, uuid: str) -> None:
        self.command = command
        self.uuid = uuid
        self.event: Event | None = None
        self._session = session

    @property
    def done(self) -> bool:
        """Has its BACKGROUND_JOB event arrived?"""
        self._session._pull_available()
        return self.event is not None

    def wait(self, timeout: float | None = None) -> str:
        """Wait for the job's BACKGROUND_JOB event; return what the command printed.

        Raises CommandError if that is ``-ERR ...``, TimeoutError after ``timeout`` seconds
        (the job goes on), and Hangup or Disconnected when the call ends first.
        """
        return self._wait(self._session._deadline(timeout))

    def _wait(self, deadline: float | None) -> str:
        command = self._session._redact(f"bgapi {self.command}")
        event = self._session._until(command, lambda _: self.event, deadline, wanted=TOLD_BY)
        text = event.body.rstrip("\n")
        if text.startswith(("-ERR", "-USAGE")):
            raise CommandError(command, event, text)
        return text

    def __repr__(self) -> str:
        return f"<Job {self.uuid} {self._session._redact(self.command)!r}>"

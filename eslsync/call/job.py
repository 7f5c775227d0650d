"""Commands that run in the background."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol, TypeVar

from ..bounds import JOBS
from ..checked import checked
from ..clock import Deadline
from ..wire.arguments import check_line
from ..wire.exceptions import CommandError
from ..wire.message import Event
from ..wire.printed import failed, text_of
from ..wire.secrets import Secrets
from ..wire.shown import in_a_log, in_quotes
from .arrivals import Arrivals
from .commands import Commands
from .losses import Losses
from .subscription import Subscription
from .turns import by_callback

__all__ = ["Job", "Jobs", "result_of"]

TOLD_BY = ("BACKGROUND_JOB",)

T = TypeVar("T")


class Starts(Protocol):
    """What jobs need of a conversation."""

    redact: Secrets
    subscription: Subscription
    arrivals: Arrivals
    commands: Commands
    losses: Losses
    on_expected: Callable[[str], object] | None

    @property
    def itself(self) -> Starts: ...

    @property
    def uuid(self) -> str: ...

    def deadline(self, timeout: float | None) -> Deadline | None: ...

    def raise_if_over(self) -> None: ...

    def until(
        self,
        what: object,
        ready: Callable[[Event | None], T | None],
        deadline: Deadline | None,
        *,
        wanted: Collection[str] | None,
    ) -> T: ...


@checked
class Job:
    """A command that runs in the background (bgapi)."""

    def __init__(self, conversation: Starts, command: str, uuid: str) -> None:
        self.command = command
        self.uuid = uuid
        self._event: Event | None = None
        self._conversation = conversation

    @property
    def event(self) -> Event | None:
        """Its BACKGROUND_JOB, once that has arrived; None before."""
        self._look()
        return self._event

    @property
    def done(self) -> bool:
        """True once its BACKGROUND_JOB event has arrived.

        Until then, raises Hangup or Disconnected once the call has ended, as `wait` does.
        """
        self._look()
        self._conversation.arrivals.pull()
        if self._event is None:
            self._conversation.raise_if_over()
        return self._event is not None

    def complete(self, event: Event) -> None:
        """Note its BACKGROUND_JOB, ``event``: see `Session.bgapi`."""
        self._event = event

    def _look(self) -> None:
        if self._conversation.on_expected is not None:
            self._conversation.on_expected(f"BACKGROUND_JOB {self.uuid}")

    def wait(self, timeout: float | None = None) -> str:
        """Wait for the job's BACKGROUND_JOB event; return what the command printed.

        Raises CommandError if the command failed (see `Session.api`), TimeoutError after
        ``timeout`` seconds (the job continues), and Hangup or Disconnected when the call ends
        first.
        """
        return result_of(self, self._conversation.deadline(timeout))

    def __repr__(self) -> str:
        return f"<Job {self.uuid} {in_quotes(self._conversation.redact(self.command, words=True))}>"

    def __str__(self) -> str:
        return in_a_log(self._conversation.redact(f"bgapi {self.command}", words=True))


def result_of(job: Job, deadline: Deadline | None) -> str:
    """As `Job.wait`, until a deadline."""
    if job.event is None:
        job._conversation.subscription.check("BACKGROUND_JOB")
    try:
        event = job._conversation.until(job, lambda _: job.event, deadline, wanted=TOLD_BY)
    except CommandError as error:
        raise by_callback(error) from error
    text = text_of(event.body)
    if failed(event.body, job.command):
        raise CommandError(str(job), event, job._conversation.redact(text, words=True))
    return text


class Jobs:
    """The jobs of one conversation."""

    __slots__ = ("_conversation", "running")

    def __init__(self, conversation: Starts) -> None:
        self._conversation = conversation
        #: Jobs whose result has not arrived, by Job-UUID.
        self.running: dict[str, Job] = {}

    def start(self, command: str, timeout: float | None) -> Job:
        """Start an api command in the background: see `Session.bgapi`."""
        check_line(command)
        conversation = self._conversation
        self.hear(timeout)
        job = Job(conversation.itself, command, conversation.commands.new_id())
        self.running[job.uuid] = job
        if len(self.running) > JOBS.most:
            forgotten = self.running.pop(next(iter(self.running)))
            conversation.losses.count(JOBS, str(forgotten))
        try:
            conversation.commands.run(f"bgapi {command}", (("Job-UUID", job.uuid),), timeout)
        except BaseException:
            self.running.pop(job.uuid, None)
            raise
        return job

    def hear(self, timeout: float | None) -> None:
        """Have BACKGROUND_JOB arrive from now on, if it does not."""
        conversation = self._conversation
        subscription = conversation.subscription
        if subscription.arrives("BACKGROUND_JOB"):
            return
        if subscription.filtered or not subscription.on:
            # A filter on Unique-ID hides BACKGROUND_JOB; this lets our own through (09g).
            # Without one, or with myevents (05i), a first filter would hide the rest.
            conversation.commands.run(f"filter Job-Owner-UUID {conversation.uuid}", timeout=timeout)
        conversation.commands.run(subscription.event("BACKGROUND_JOB"), timeout=timeout)

    def complete(self, event: Event) -> None:
        """Complete the job of a BACKGROUND_JOB event."""
        job = self.running.pop(event.get("Job-UUID", ""), None)
        if job is not None:
            job.complete(event)
            if self._conversation.redact.names_one(job.command):
                self._conversation.redact.answered(job.command, text_of(event.body))

    def forget(self) -> None:
        """Forget the jobs that still run."""
        self.running.clear()

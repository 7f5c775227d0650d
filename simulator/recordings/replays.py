"""Replays a recording: runs a handler against the recorded messages of a switch.

Each message is sent at its recorded time, in virtual time, but never before the commands that
precede it in the recording. If the handler executes the same application with another argument,
such as another prompt, it gets the recorded answer and the replay continues; if it does something
else altogether, the replay ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from eslsync import Disconnected, Hangup, Outbound, Session
from eslsync.callables import check_returned
from eslsync.checked import checked, renamed
from eslsync.loading import Handler
from eslsync.protocol import (
    ApiResponse,
    Command,
    CommandParser,
    CommandReply,
    ConnectReply,
    encode_message,
)
from eslsync.wire.redaction import HIDDEN

from ..clockwork.frozen import FrozenTime
from ..clockwork.link import Link
from ..clockwork.threads import SECOND
from ..clockwork.virtual_time import World
from ..ladders.rungs import ANY_UUID, PREPARE
from ..ladders.transcript import describe
from .reading import Recording, Sent

__all__ = ["Difference", "Replay", "replay"]

#: Has pytest show the lines of the failing test, not these.
__tracebackhide__ = True

#: Seconds by which a command may be earlier or later than recorded without a remark.
IN_TIME = 0.5
#: Simulated seconds by which a replay may exceed the recording.
PATIENCE = 3600.0
#: Commands that the library itself sends; answered even if the recording lacks them.
HOUSEKEEPING = re.compile(
    r"api create_uuid|api sched_(api|del) .*eslsync/|execute set eslsync_|api hupall .* eslsync_"
    rf"|({'|'.join(PREPARE)}|exit)\b"
)
#: The default arguments of applications.
DEFAULTS = {"hangup": "NORMAL_CLEARING"}
#: Headers of a command that change each time.
IDENTITIES = ("event-uuid", "job-uuid")


@dataclass(frozen=True)
class Difference:
    """A point at which the handler differed from the recording."""

    time: float  #: seconds since the connection
    command: int  #: the number of the recorded command; the first is 1
    found: str  #: its action
    recorded: str  #: the recorded action

    def __str__(self) -> str:
        return (
            f"{self.time:.3f} s, command {self.command}: it {self.found} where {self.recorded} "
            "was recorded"
        )


@dataclass
class Replay:
    """The result of a replay."""

    #: The handler's differences. Empty if it did what was recorded.
    differences: list[Difference] = field(default_factory=list)
    #: Other notes: commands that were earlier or later, and gaps of the recording.
    remarks: list[str] = field(default_factory=list)
    #: The handler's exception; None if it returned.
    outcome: BaseException | None = None
    commands: int = 0  #: the number that matched a recorded one, or got its answer

    @property
    def same(self) -> bool:
        """True if the handler did what was recorded."""
        return not self.differences

    @property
    def verdict(self) -> str:
        """The result in a few words."""
        count = len(self.differences)
        found = "as recorded" if self.same else f"{count} difference{'s' if count > 1 else ''}"
        return f"{found}; {self.commands} commands"

    def __str__(self) -> str:
        return "\n".join([*map(str, self.differences), *self.remarks, self.verdict])


@checked
@renamed(handler="app")
def replay(
    recording: str | Path | Recording, app: Handler | Outbound, *, patience: float | None = 5.0
) -> Replay:
    """Run a handler against the switch of a recording, and report the differences.

    ``recording`` is a file, or a `Recording`. ``app`` is a handler, or an `Outbound` that has not
    been started, whose options are used. ``patience`` is that of `FreeSwitch`, in seconds.

    Raises OSError if the file can't be read, ValueError if it is not the recording of a handler's
    call (which begins with ``connect``), and SimulationError if the handler is stuck.
    """
    if not isinstance(recording, Recording):
        recording = Recording.read(recording)
    return Replaying(recording, app, patience).run()


@dataclass
class RecordedCommand:
    """A command of the recording."""

    command: Command
    number: int
    time: float
    reply: Sent | None = None
    #: The uuid in its events: its Event-UUID or Job-UUID, or one that the switch chose.
    identity: str | None = None
    before: int = 0  #: the number of the switch's messages before it
    skipped: bool = False  #: True if the handler did not send it, so that no reply is due


class Replaying:
    """A replay; it is the `simulator.clockwork.link.Listener` of its connection."""

    def __init__(
        self, recording: Recording, handler: Handler | Outbound, patience: float | None
    ) -> None:
        self.replay = Replay()
        self.recording = recording
        self.commands = commands_of(recording)
        self._app_left = any(data is None for _, data, _ in recording.app)  # before the switch
        self._answered = {each.reply.order: each for each in self.commands if each.reply}
        if recording.connect is None or self.commands[0].command.line.lower() != "connect":
            raise ValueError("the recording is not of a call that a handler had")
        self._app = handler if isinstance(handler, Outbound) else Outbound(handler)
        date = recording.connect.get("Event-Date-Timestamp")
        self._world = World(int(date) if date.isdigit() else 0, patience=patience)
        self._time = FrozenTime(self._world)
        self._began = self._world.now
        self._link: Link | None = None
        self._session: Session | None = None
        self._said = CommandParser()
        self._next = 0  # the number of the command that is due
        self._told = 0  # messages of the switch that were sent or dropped
        self._late = 0.0  # seconds by which the replay is behind the recording
        self._over = False  # True once nothing is compared any more
        self._identities: dict[str, str] = {}  # of commands: recorded to current
        self._roles: dict[str, str] = {}  # the same for uuids inside commands

    def run(self) -> Replay:
        server = self._app.replace(
            handler=self._watched(self._app.handler),
            host="127.0.0.1",
            port=0,
            allow=["127.0.0.1"],
            record=None,
            clock=self._world.clock,
        )
        self._time.start()
        try:
            server.start(block=False)
            try:
                self._world.at(self._world.now, lambda: self._dial(server.port))
                self._play()
            finally:
                self._world.close()
                server.stop(timeout=0.0)
        finally:
            self._time.stop()
        self._remark()
        return self.replay

    def _watched(self, handler: Callable[[Session], object]) -> Handler:
        def watched(session: Session) -> None:
            self._session = session
            try:
                check_returned("the handler", handler(session))
            except BaseException as error:
                self.replay.outcome = error
                raise

        return watched

    def _dial(self, port: int) -> None:
        self._link = link = self._world.dial(("127.0.0.1", port))
        link.listener = self
        self._advance()

    def _play(self) -> None:
        longest = self._moment(self.recording.ended + PATIENCE)

        def done() -> bool:
            return self._world.now > longest or (self._link is not None and self._link.ended)

        while not self._world.run(done):
            if self._skip_preparation():
                self._world.at(self._world.now, self._advance)
                continue
            # Nothing is due: the recording is over, or waits for the handler.
            if self._told < len(self.recording.switch) or self._app_left:
                waits_for = self._session.waiting_for if self._session else None
                self._differ(f"waits for {waits_for}" if waits_for else "does nothing")
            self._world.at(self._world.now, self._end)
        if self._world.now > longest:
            self._differ(f"still runs {PATIENCE:g} s after the recorded end")

    # From the handler

    def received(self, data: bytes) -> None:
        for command in self._said.feed(data):
            if not self._over:
                self._take(command)
        self._advance()

    def closed(self, *, reads: bool = False) -> None:
        """Note that the handler has ended."""
        if not self._over:
            self._skip_preparation()
            error = self.replay.outcome
            if error is not None and not isinstance(error, (Hangup, Disconnected)):
                self._differ(f"raised {type(error).__name__}: {error}".rstrip(": "))
            elif self._next < len(self.commands):
                self._differ("ended with the call" if isinstance(error, Hangup) else "ended")
        self._end()

    def _take(self, command: Command) -> None:
        if self._skip_to(command):
            self._consume(command)
        elif prepares(command):
            self._make_up_answer(command)
        elif self._next == len(self.commands) or not alike(self._due.command, command):
            if self._next < len(self.commands) or not self.recording.truncated:
                self._differ(did(command))
            self._end()
        else:
            self._differ(did(command))
            self._consume(command)

    @property
    def _due(self) -> RecordedCommand:
        return self.commands[self._next]

    def _skip_to(self, command: Command) -> bool:
        """Skip to this command, past preparing ones; False if it is not due."""
        for at in range(self._next, len(self.commands)):
            recorded = self.commands[at].command
            passes = prepares(recorded)
            if self._same(recorded, command) or (passes and verb(recorded) == verb(command)):
                self._skip(at)
                return True
            if not passes:
                break
        if not prepares(command):
            self._skip_preparation()
        return False

    def _skip_preparation(self) -> bool:
        """Skip the preparing commands that are due; False if there are none."""
        at = self._next
        while at < len(self.commands) and prepares(self.commands[at].command):
            at += 1
        skipped = at > self._next
        self._skip(at)
        return skipped

    def _skip(self, at: int) -> None:
        for recorded in self.commands[self._next : at]:
            recorded.skipped = True
        self._next = at

    def _consume(self, command: Command) -> None:
        """Match it with the recorded command that is due."""
        recorded = self._due
        self._next += 1
        self.replay.commands += 1
        identity = next(filter(None, map(command.get, IDENTITIES)), None)
        if recorded.identity and identity:
            self._identities[recorded.identity] = identity
        late = self._seconds - recorded.time - self._late
        if abs(late) > IN_TIME:
            how = "later" if late > 0 else "sooner"
            self.replay.remarks.append(
                f"{self._seconds:.3f} s, command {recorded.number}: {describe(command)} came "
                f"{abs(late):.1f} s {how} than recorded"
            )
        self._late += max(0.0, late)

    def _make_up_answer(self, command: Command) -> None:
        """Answer a preparing command that the recording lacks."""
        if not command.line.startswith("api "):
            self._write(encode_message([("Content-Type", "command/reply"), ("Reply-Text", "+OK")]))
            return
        made = str(UUID(int=self._world.now)) if "create_uuid" in command.line else "+OK"
        length = ("Content-Length", str(len(made)))
        self._write(encode_message([("Content-Type", "api/response"), length], made.encode()))

    # From the switch

    def _advance(self) -> None:
        """Send the messages that are due, and schedule the next."""
        while self._told < len(self.recording.switch) and not self._over:
            message = self.recording.switch[self._told]
            answered = self._answered.get(message.order)
            if answered is None or not answered.skipped:
                if self._next < len(self.commands) and self._due.before <= message.order:
                    return  # that command comes first
                due = self._moment(message.time)
                if due > self._world.now:
                    self._world.at(due, self._advance)
                    return
                self._write(self._as_of_now(message.raw))
            self._told += 1
        over = self._told == len(self.recording.switch)
        if over and self.recording.closed and not self._app_left:
            self._world.at(self._moment(self.recording.ended), self._close)

    def _as_of_now(self, raw: bytes) -> bytes:
        """A recorded message, with the current identities of commands."""
        head, blank, body = raw.partition(b"\n\n")
        for then, now in self._identities.items():
            if then != now:
                head = head.replace(then.encode(), now.encode())
                body = body.replace(then.encode(), now.encode())
        if body and len(head) + len(body) + 2 != len(raw):
            head = re.sub(rb"(?m)^(Content-Length: )\d+", rb"\g<1>%d" % len(body), head)
        return head + blank + body

    def _write(self, data: bytes) -> None:
        assert self._link is not None
        self._link.write(data)

    def _end(self) -> None:
        """End the replay: the recorded switch sends nothing more."""
        self._over = True
        self._close()

    def _close(self) -> None:
        assert self._link is not None
        self._link.close()

    # The result

    def _moment(self, time: float) -> int:
        """The current time at which a time of the recording is due."""
        return self._began + round((time + self._late) * SECOND)

    @property
    def _seconds(self) -> float:
        return (self._world.now - self._began) / SECOND

    def _differ(self, found: str) -> None:
        recorded = "nothing more"
        if self._next < len(self.commands):
            recorded = describe(self._due.command).removeprefix("execute ")
            application = recorded.split(" ", 1)[0]
            if found.startswith("played ") and application == "playback":
                recorded = recorded.partition(" ")[2]
        self.replay.differences.append(
            Difference(
                round(self._seconds, 6), min(self._next + 1, len(self.commands)), found, recorded
            )
        )

    def _remark(self) -> None:
        if self.recording.truncated:
            why = self.recording.truncated
            self.replay.remarks.append(f"the recording is not whole: {why}")
        hidden = sum(HIDDEN.encode() in each.raw for each in self.recording.switch)
        if hidden:
            self.replay.remarks.append(
                f"the recording does not tell all: in {hidden} messages something is redacted, "
                f"and the handler was given {HIDDEN} for it"
            )

    def _same(self, recorded: Command, command: Command) -> bool:
        """True if they are equal but for identities."""
        theirs, ours = canonical(recorded), canonical(command)
        return recorded.body == command.body and (theirs == ours or self._same_roles(theirs, ours))

    def _same_roles(self, theirs: str, ours: str) -> bool:
        """True if the texts are equal but for uuids that always correspond."""
        pairs = list(zip(ANY_UUID.findall(theirs), ANY_UUID.findall(ours), strict=False))
        if not pairs or ANY_UUID.sub("", theirs) != ANY_UUID.sub("", ours):
            return False
        if any(self._roles.get(one, other) != other for one, other in pairs):
            return False
        self._roles.update(pairs)
        return True


def commands_of(recording: Recording) -> list[RecordedCommand]:
    """The recorded commands, each with its reply and the uuid in its events."""
    parser = CommandParser()
    commands = [
        RecordedCommand(command, 0, time, before=before)
        for time, data, before in recording.app
        for command in parser.feed(data or b"")
    ]
    replies = iter([each for each in recording.switch if is_reply(each)])
    executions = [each for each in recording.switch if each.name == "CHANNEL_EXECUTE"]
    for number, each in enumerate(commands, 1):
        each.number = number
        each.reply = next(replies, None)
        each.identity = next(filter(None, map(each.command.get, IDENTITIES)), None)
        if each.identity is None and each.reply is not None:
            each.identity = each.reply.get("Job-UUID") or None
        application = each.command.get("execute-app-name")
        if application is None:
            continue
        for event in executions:
            known = each.identity in (None, event.get("Application-UUID"))
            if known and event.get("Application") == application and event.time >= each.time - 0.1:
                each.identity = event.get("Application-UUID")
                executions.remove(event)
                break
    return commands


def is_reply(message: Sent) -> bool:
    """True for the reply to a command."""
    return isinstance(message.message, (CommandReply, ApiResponse, ConnectReply))


def prepares(command: Command) -> bool:
    """True for a command that the library itself sends."""
    return HOUSEKEEPING.match(describe(command)) is not None


def canonical(command: Command) -> str:
    """A command as text, the same for commands with the same meaning."""
    headers = {name.lower(): value for name, value in reversed(command.headers) if value}
    application = headers.get("execute-app-name", "")
    if headers.get("execute-app-arg") == DEFAULTS.get(application):
        headers.pop("execute-app-arg", None)
    kept = sorted(set(headers) - {*IDENTITIES, "content-length"})
    return "\n".join([command.line.strip(), *(f"{name}: {headers[name]}" for name in kept)])


def verb(command: Command) -> str:
    """The action of a command, without its arguments."""
    first, *others = describe(command).split()
    return f"{first} {others[0]}" if first in ("execute", "api", "bgapi") and others else first


def alike(recorded: Command, command: Command) -> bool:
    """True if they differ only in arguments, so that the recorded answer can serve."""
    return verb(recorded) == verb(command) and not prepares(recorded)


def did(command: Command) -> str:
    """A command as an action of the handler."""
    text = describe(command)
    if text.startswith("execute playback "):
        return f"played {text.removeprefix('execute playback ')}"
    if text.startswith("execute "):
        return f"executed {text.removeprefix('execute ')}"
    return f"sent {text}"

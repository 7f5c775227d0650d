"""Performs scenarios on a real switch, and records what it says.

    performance = perform(scenario, LiveSwitch(port=8021))
    report = compare(scenario.name, performance.recording)   # simulator.recordings.conformance
    performance.write(folder)

`perform` shares nothing between calls: several may run at the same time, in threads.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from eslsync.wire.texts import bytes_of

from .. import files
from ..ladders.rungs import ANY_UUID
from ..recordings.reading import Recording, Sent
from .callers import Caller, caller_of
from .connection import RecordedConnection
from .dialplan import extensions, far_ends, number_of
from .live import CannotPerform, Client, LiveSwitch
from .scenario import (
    Api,
    App,
    Close,
    Hangup,
    Press,
    Raw,
    Scenario,
    Send,
    Sleep,
    Step,
    Talk,
    Until,
    UntilClosed,
)
from .sounds import Sounds

__all__ = ["Performance", "perform"]

#: Seconds that the switch may take to connect to the app, or to say why not.
CONNECTS = 10.0
PLACEHOLDER = re.compile(r"\{\{([A-Za-z][\w-]*)\}\}")
#: The leg that `originate` called: as it answers, and as it was told.
CALLED = re.compile(rf"^\+OK ({ANY_UUID.pattern})$", re.MULTILINE)
CHOSEN = re.compile(rf"origination_uuid='?({ANY_UUID.pattern})")


@dataclass
class Performance:
    """What a real switch said to a scenario: a recording."""

    circumstances: dict[str, Any]
    lines: list[dict[str, Any]]
    #: What did not go as the scenario says, such as a wait in vain, with the step's place.
    problems: list[str] = field(default_factory=list)

    @property
    def recording(self) -> Recording:
        return Recording.of(enumerate([self.circumstances, *self.lines], 1))

    def write(self, folder: Path) -> Path:
        """Write the recording to a file in a folder; raises OSError."""
        path = folder / f"{self.circumstances['name']}.jsonl"
        text = "".join(f"{json.dumps(each)}\n" for each in [self.circumstances, *self.lines])
        files.write(path, text)
        return path


def perform(scenario: Scenario, switch: LiveSwitch) -> Performance:
    """Perform a scenario on a switch; return when its call has ended.

    A step that waits in vain is a problem of the performance, and the next one follows. After the
    last step the caller hangs up, if that has not happened, and what the switch still says is
    recorded until it closes the connection. Raises CannotPerform.
    """
    with ExitStack() as stack:
        client = stack.enter_context(switch.connect())
        version = client.api("version short").removesuffix("-release")
        sound_prefix = client.api("global_getvar sound_prefix")
        sounds = stack.enter_context(Sounds(scenario.prompts, switch, client))
        listener = stack.enter_context(_listening(switch))
        port = listener.getsockname()[1]
        dialled = number_of(scenario, port)
        caller = caller_of(scenario, switch, client, sounds)
        stack.callback(caller.leave)
        caller.call(dialled)
        connection = RecordedConnection(_accepted(listener, client, caller, dialled))
        stack.callback(connection.stop)
        stage = _Stage(scenario, client, caller, connection, sounds.folder)
        stack.callback(stage.clean_up)
        stage.play()
    circumstances = {
        "recording": 1,
        "switch": f"FreeSWITCH {version}",
        "name": scenario.name,
        "about": scenario.about,
        "mode": "outbound",
        "destination": dialled,
        "socket": f"{switch.listen}:{port} {scenario.socket}".rstrip(),
        **scenario.recorded(),
        **stage.recorded(),
    }
    if sound_prefix.startswith("/"):
        circumstances["sound_prefix"] = sound_prefix
    return Performance(circumstances, connection.lines, stage.problems)


@contextmanager
def _listening(switch: LiveSwitch) -> Iterator[socket.socket]:
    """A socket for the switch to connect to."""
    try:
        listener = socket.create_server((switch.listen, 0))
    except OSError as error:
        raise CannotPerform(
            f"can't listen at {switch.listen}: {error.strerror}; it must be an address of this "
            "machine that the switch can reach"
        ) from None
    with listener:
        yield listener


def _accepted(
    listener: socket.socket, client: Client, caller: Caller, dialled: str
) -> socket.socket:
    """The connection of the switch. Raises CannotPerform if the call fails before."""
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(client.socket, selectors.EVENT_READ)
        while True:
            outcome = caller.outcome()  # which may have come with the reply to the command
            if outcome is not None and not outcome.startswith("+OK"):
                raise CannotPerform(f"the call to {dialled} failed: {outcome}; {caller.needs}")
            ready = selector.select(CONNECTS)
            if any(key.fileobj is listener for key, _ in ready):
                connected, _ = listener.accept()
                return connected
            if not ready:
                break
            client.receive()
    host, port = listener.getsockname()[:2]
    raise CannotPerform(
        f"the switch did not connect to {host}:{port} within {CONNECTS:g} s of the call to "
        f"{dialled}: can it reach that address (--listen)? And {caller.needs}"
    )


class _Stage:
    """Performs the steps, one after the other."""

    def __init__(
        self,
        scenario: Scenario,
        client: Client,
        caller: Caller,
        connection: RecordedConnection,
        sounds: str,
    ) -> None:
        self.problems: list[str] = []
        self._scenario = scenario
        self._client = client
        self._caller = caller
        self._connection = connection
        self._sounds = sounds
        self._actions: list[dict[str, Any]] = []
        self._sent: list[str] = []  # texts that may name our numbers
        self._new: dict[str, str] = {}  # uuids, by name
        self._others: list[str] = []  # legs that others called
        self._since = 0  # messages before the last step that did something
        self._replies = 0  # that must have come before the next step

    def recorded(self) -> dict[str, Any]:
        """The circumstances that the steps made, as a recording has them."""
        sent = "\n".join(self._sent)
        found = {
            "actions": self._actions,
            "endpoints": {
                **far_ends(self._scenario, sent),
                **self._scenario.recorded().get("endpoints", {}),
            },
            "dialplan": extensions(self._scenario, sent),
        }
        return {key: value for key, value in found.items() if value or key == "dialplan"}

    def play(self) -> None:
        for number, step in enumerate(self._scenario.steps, 1):
            try:
                problem = self._play(step)
            except CannotPerform as error:
                raise CannotPerform(f"{self._scenario.place(number)}: {error}") from None
            if problem is not None:
                self.problems.append(f"{self._scenario.place(number)}: {problem}")
        if not self._connection.closed:
            self._act(Hangup())
            self._connection.wait(lambda: False, self._scenario.patience)

    def clean_up(self) -> None:
        """Hang up the legs that the scenario made, as far as they are up."""
        for uuid in dict.fromkeys([*self._new.values(), *self._called()]):
            self._client.api(f"uuid_kill {uuid}")

    def _called(self) -> Iterator[str]:
        """The legs that others' or the app's `originate` called, as it answered or was told."""
        for text in self._sent:
            yield from CHOSEN.findall(text)
        for message in self._connection.messages:
            if message.kind == "api/response" or message.name == "BACKGROUND_JOB":
                yield from CALLED.findall(message.body)
        yield from self._others

    def _play(self, step: Step) -> str | None:
        """Perform a step; return the problem with it, if there is one."""
        if isinstance(step, Sleep):
            self._connection.wait(lambda: False, step.seconds)
            return None
        if isinstance(step, UntilClosed):
            return self._await("the switch to close", lambda: self._connection.closed)
        if isinstance(step, Until):
            return self._until(step)
        self._since = len(self._connection.messages)
        if isinstance(step, (Send, Raw, App, Close)):
            return self._as_app(step)
        return self._act(step)

    def _as_app(self, step: Send | Raw | App | Close) -> str | None:
        if self._connection.closed:
            return f"{step.verb} came too late: the connection is closed"
        if isinstance(step, Close):
            if step.half:
                self._connection.close_half()
            else:
                self._connection.close()
        elif isinstance(step, Raw):
            self._write(step.data)
        elif isinstance(step, Send):
            return self._command(step.command, step.body, step.wait)
        elif isinstance(step, App):
            problem = self._command(step.command, "", step.wait)
            if problem is None and step.wait:
                completed = {"Application": step.name}
                problem = self._until(Until("CHANNEL_EXECUTE_COMPLETE", completed))
            return problem
        return None

    def _act(self, step: Press | Talk | Hangup | Api) -> str | None:
        """Perform what the caller or somebody else does."""
        at = self._connection.now
        if isinstance(step, Api):
            command = self._filled(step.command)
            self._sent.append(command)
            self._others += CALLED.findall(self._client.api(command))
            self._actions.append({"at": at, "api": command})
            return None
        if isinstance(step, Talk):
            answer = self._caller.talk(step.seconds)
            done: dict[str, Any] = {"talk": step.seconds}
        elif isinstance(step, Hangup):
            answer = self._caller.hangup(step.cause)
            done = {"hangup": step.cause}
        else:
            answer = self._caller.press(step.keys, step.milliseconds)
            done = {"press": step.keys, "milliseconds": step.milliseconds}
        if not answer.startswith("+OK"):
            return f"{step.verb} came to nothing: {answer}"
        self._actions.append({"at": at, **done})
        return None

    def _command(self, command: str, body: str, wait: bool) -> str | None:
        self._replies = max(self._replies, self._answers()) + 1
        self._write(f"{command}\n\n{body}")
        if wait:
            needed = self._replies
            return self._await("the reply", lambda: self._answers() >= needed)
        return None

    def _write(self, text: str) -> None:
        text = self._filled(text)
        self._sent.append(text)
        self._connection.send(bytes_of(text))

    def _until(self, step: Until) -> str | None:
        where = {name: self._filled(value) for name, value in step.where.items()}

        def came() -> bool:
            events = self._connection.messages[self._since :]
            return sum(_is(each, step.event, where) for each in events) >= step.times

        problem = self._await(" ".join([step.event, *where.values()]), came, step.patience)
        return problem and problem + self._instead(step.event, where)

    def _instead(self, event: str, where: dict[str, str]) -> str:
        """How what came differs from an event that was waited for, to be added to the problem."""
        messages = self._connection.messages
        if all(each.lane != "event" for each in messages):
            return "; no event has come at all: has the app sent event plain all?"
        for message in reversed(messages[self._since :]):
            if _is(message, event, {}):
                differ = [name for name in where if message.get(name) != where[name]]
                had = [f"{name}: {message.get(name) or '(none)'}" for name in differ]
                return f"; the last one had {', '.join(had)}" if had else ""
        return ""

    def _await(
        self, what: str, came: Callable[[], bool], patience: float | None = None
    ) -> str | None:
        patience = self._scenario.patience if patience is None else patience
        if self._connection.wait(came, patience):
            return None
        if self._connection.closed:
            return f"{what} did not come before the connection was closed"
        return f"waited {patience:g} s for {what} in vain"

    def _answers(self) -> int:
        return sum(each.lane == "answer" for each in self._connection.messages)

    def _filled(self, text: str) -> str:
        """The text with values in place of its {{names}}."""
        return PLACEHOLDER.sub(self._value, text)

    def _value(self, match: re.Match[str]) -> str:
        name = match[1]
        if name == "caller":
            return self._caller.uuid
        if name == "sounds":
            return self._sounds
        if re.fullmatch(r"uuid-\d+", name):
            return self._new.setdefault(name, str(uuid4()))
        header = "Unique-ID" if name == "uuid" else name
        messages = self._connection.messages
        if name == "uuid":
            messages = [each for each in messages if each.kind == "connect reply"]
        for message in reversed(messages):
            if message.get(header):
                return message.get(header)
        if name == "uuid":
            return self._caller.channel()
        raise CannotPerform(f"{match[0]} has no value: no message has had that header yet")


def _is(message: Sent, event: str, where: dict[str, str]) -> bool:
    return (
        message.lane == "event"
        and event in (message.name, message.get("Event-Subclass"))
        and all(message.get(name) == value for name, value in where.items())
    )

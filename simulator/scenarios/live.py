"""A real FreeSWITCH, reached by its event socket."""

from __future__ import annotations

import socket
from collections import deque
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any

from eslsync.exceptions import ProtocolError
from eslsync.protocol import ApiResponse, AuthRequest, CommandReply, Event, Message, Parser
from eslsync.wire.texts import bytes_of

from ..scripts.nodes import Language, NodeReader, text_of
from ..scripts.shapes import TEXT, WHOLE, Shape

__all__ = ["CannotPerform", "Client", "LiveSwitch", "NoSwitch"]

#: Seconds that the switch may take to let us in, and to answer a command.
CONNECTS, ANSWERS = 10.0, 60.0


class CannotPerform(Exception):
    """A scenario can't be performed. The message says why, and what to do."""


class NoSwitch(CannotPerform):
    """No scenario can be performed: the switch's event socket does not take us."""


@dataclass(frozen=True)
class LiveSwitch:
    """Where a FreeSWITCH is: its event socket (event_socket.conf.xml), and its folder of sounds.

    ``listen`` is the address of this machine as the switch sees it, to which its calls connect.
    ``sounds`` is a folder that both can see; the sound files of scenarios are made there (default:
    a temporary one). ``sip`` is where it takes calls by SIP.
    """

    host: str = "127.0.0.1"
    port: int = 8021
    password: str = "ClueCon"
    listen: str = "127.0.0.1"
    sounds: str | None = None
    sip: str = "127.0.0.1:5080"

    @classmethod
    def read(cls, path: str | Path, **given: Any) -> LiveSwitch:
        """The switch in a YAML file, in which ``given`` replaces keys; raises ScriptError.

        The file has the fields as its keys; those left out have their defaults.
        """
        reader = NodeReader(CONFIG, Path(path))
        top = reader.top(text_of(Path(path)), KEYS, (), ", ".join(KEYS))
        found: dict[str, Any] = {
            key: reader.value(node, key, KEYS[key]) for key, node in top.items()
        }
        return cls(**{**found, **given})

    def connect(self) -> Client:
        """Connect to its event socket; raises NoSwitch."""
        return Client(self)


KEYS: dict[str, Shape] = {
    each.name: WHOLE if each.name == "port" else TEXT for each in fields(LiveSwitch)
}
CONFIG: Language[None] = Language("configuration", "", {}, frozenset(), lambda *step: None)


class Client:
    """A client of the switch's event socket. A context manager, which closes it."""

    def __init__(self, switch: LiveSwitch) -> None:
        self.where = f"{switch.host}:{switch.port}"
        self._parser = Parser()
        self._messages: deque[Message] = deque()
        self._events: list[Event] = []
        try:
            self.socket = socket.create_connection((switch.host, switch.port), CONNECTS)
        except OSError as error:
            raise NoSwitch(
                f"no event socket at {self.where}: {error.strerror or error}; is FreeSWITCH up, "
                "and does its event_socket.conf.xml listen there?"
            ) from None
        try:
            self._enter(switch.password)
        except BaseException:
            self.close()
            raise
        self.socket.settimeout(ANSWERS)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def command(self, command: str) -> str:
        """Send a command; return its reply. Raises CannotPerform."""
        self._write(command)
        return self._next(CommandReply).get("Reply-Text", "")

    def api(self, command: str) -> str:
        """Run an api command; return its answer. Raises CannotPerform."""
        self._write(f"api {command}")
        return self._next(ApiResponse).body.strip()

    def background(self, command: str) -> str:
        """Run an api command in the background; return the job's uuid."""
        self._write(f"bgapi {command}")
        return self._next(CommandReply).get("Job-UUID", "")

    def result(self, job: str) -> str | None:
        """What a job in the background answered; None if it is not done yet."""
        for event in self._events:
            if event.get("Job-UUID") == job:
                return event.body.strip()
        return None

    def receive(self) -> None:
        """Take in what the switch has sent, at least one byte. Raises CannotPerform."""
        try:
            data = self.socket.recv(65536)
            messages = self._parser.feed(data)
        except (OSError, ProtocolError) as error:
            raise CannotPerform(f"{self.where} does not answer: {error}") from None
        if not data:
            raise CannotPerform(f"{self.where} closed the connection; its acl may not allow us")
        for message in messages:
            if isinstance(message, Event):
                self._events.append(message)
            else:
                self._messages.append(message)

    def _enter(self, password: str) -> None:
        try:
            self._next(AuthRequest)
            accepted = self.command(f"auth {password}").startswith("+OK")
            self.command("event plain BACKGROUND_JOB")
        except CannotPerform as error:
            raise NoSwitch(f"{error}; is the port that of its event socket?") from None
        if not accepted:
            raise NoSwitch(f"{self.where} refuses the password: it is in event_socket.conf.xml")

    def _write(self, command: str) -> None:
        try:
            self.socket.sendall(bytes_of(f"{command}\n\n"))
        except OSError as error:
            raise CannotPerform(f"{self.where} is gone: {error}") from None

    def _next(self, kind: type[Message]) -> Message:
        """The next message of that kind."""
        while True:
            while self._messages:
                message = self._messages.popleft()
                if isinstance(message, kind):
                    return message
            self.receive()

"""A call on the model itself: no sockets, no threads, no handler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from eslsync.protocol import Parser
from simulator.applications import API_COMMANDS, APPLICATIONS
from simulator.clockwork.agenda import Agenda
from simulator.event_socket.listener import Control
from simulator.model.channel import Channel
from simulator.model.far_legs import Endpoint, FarEnds
from simulator.model.incoming import incoming
from simulator.model.switch import Switch
from simulator.recordings.reading import Sent, sent

START = 1_767_603_600_000_000  # 2026-01-05 09:00:00, in microseconds


class ModelCall:
    """One incoming call, the app's end of its socket, and what the app was sent."""

    def __init__(
        self,
        *,
        socket: str = "127.0.0.1:5000 async full",
        listening: bool = True,
        incoming: Mapping[str, Any] | None = None,
        **switch: Any,
    ) -> None:
        self.agenda = Agenda(START)
        self.sent: list[Sent] = []
        self.raw: list[bytes] = []
        self.closed_at: float | None = None
        self.dialled: list[str] = []
        self._listening = listening
        self._parser = Parser()
        self.switch = Switch(
            self.agenda,
            Random(1),
            applications=APPLICATIONS,
            api_commands=API_COMMANDS,
            dial=self._dial,
            **switch,
        )
        self.channel = self.incoming(socket=socket, **(incoming or {}))
        self.channel.start()

    def _dial(self, channel: object, where: str) -> Control | None:
        self.dialled.append(where)
        if not self._listening:
            return None
        self.control = Control(channel, self._written, self._closed)  # type: ignore[arg-type]
        return self.control

    def _written(self, data: bytes) -> None:
        self.raw.append(data)
        self.sent += [sent(message, self.seconds) for message in self._parser.feed(data)]

    def _closed(self) -> None:
        self.closed_at = self.seconds

    @property
    def seconds(self) -> float:
        return (self.agenda.now - START) / 1e6

    def incoming(self, **call: Any) -> Channel:
        """Another call comes in."""
        return incoming(self.switch, **call)

    def endpoint(self, target: str, **behaviour: Any) -> None:
        """Set how a far end behaves."""
        self.switch.state(FarEnds).endpoints[target] = Endpoint(**behaviour)

    def send(self, *lines: str) -> str:
        """Send a command; return its immediate answer."""
        before = len(self.sent)
        self.control.received("\n".join(lines).encode() + b"\n\n")
        answers = [each for each in self.sent[before:] if each.lane == "answer"]
        return answers[0].get("Reply-Text") or answers[0].body if answers else ""

    def execute(self, name: str, argument: str = "", **headers: str) -> None:
        more = [f"{key.replace('_', '-')}: {value}" for key, value in headers.items()]
        self.send(
            "sendmsg",
            "call-command: execute",
            f"execute-app-name: {name}",
            f"execute-app-arg: {argument}",
            *more,
        )

    def wait(self, seconds: float) -> None:
        self.agenda.run_until(self.agenda.now + round(seconds * 1e6))

    def answered(self) -> ModelCall:
        """Connect, subscribe to everything, answer."""
        self.send("connect")
        self.send("linger")
        self.send("event plain all")
        self.execute("answer")
        self.wait(0.1)
        return self

    def events(self, *names: str) -> list[Sent]:
        return [each for each in self.sent if each.lane == "event" and each.name in names]

    @property
    def completed(self) -> Sent:
        """The latest CHANNEL_EXECUTE_COMPLETE."""
        return self.events("CHANNEL_EXECUTE_COMPLETE")[-1]

    def ladder(self, skip: Sequence[str] = ("CHANNEL_STATE", "CHANNEL_CALLSTATE")) -> list[str]:
        """The names of the events, with their applications."""
        return [
            " ".join(filter(None, [each.name, each.get("Application")]))
            for each in self.sent
            if each.lane == "event" and each.name not in (*skip, "PRIVATE_COMMAND")
        ]

    def variable(self, name: str) -> str | None:
        return self.channel.variables.get(name)

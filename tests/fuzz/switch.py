"""The switch of a malformed conversation: it answers, tells what a recorded switch told, and is
spoilt at one place or two."""

from __future__ import annotations

from collections import deque
from random import Random

from eslsync.protocol import Command, CommandParser
from tests.support.peer import event, reply, response

from . import packets
from .malformed import MUTATIONS, Action, Ending, Later


class Switch:
    """The peer. It is asked for one thing after the other, and told what the app sends.

    ``mutation`` spoils one packet; without one, the conversation is sound.
    """

    def __init__(self, chance: Random, mutation: str | None) -> None:
        said = packets.said(chance.choice(packets.calls()))
        assert said is not None
        self._said = said
        self._chance = chance
        self._mutation = mutation
        #: Which packets are spoilt: mostly early ones, so that something follows.
        self._spoilt_at = {int(chance.expovariate(1 / 7)) for _ in range(chance.choice([1, 1, 2]))}
        self._emitted = 0
        self._commands: deque[Command] = deque()
        self._parser = CommandParser()
        self._events = deque(said.events)
        self._out: deque[Action] = deque()
        self._late: list[bytes] = []
        self._silent = False
        self._keys = 6  # that are pressed at most
        self._in_json = chance.random() < 0.2
        #: True once something spoilt has been sent.
        self.spoilt = mutation is None

    def hear(self, data: bytes) -> None:
        """The app has sent this."""
        self._commands += self._parser.feed(data)

    def next(self, *, patient: bool) -> bytes | Ending:
        """What is sent next. The app waits, until a deadline of its own if it is ``patient``."""
        while True:
            if self._silent:
                return Ending.SILENCE if patient else Ending.END
            if self._out:
                action = self._out.popleft()
                if isinstance(action, Later):
                    self._late.append(action.packet)
                elif action is Ending.SILENCE:
                    self._silent = True
                elif action:
                    return action
            elif self._commands:
                self._answer(self._commands.popleft())
            elif self._events:
                self._emit(self._events.popleft())
            elif not self.spoilt:
                self._spoilt_at = {self._emitted}
                self._emit(packets.told({"Event-Name": "HEARTBEAT"}))
            elif self._late:
                self._out.extend(self._late)
                self._late.clear()
            else:
                return Ending.END

    def _emit(self, packet: bytes) -> None:
        """Send this packet, or its spoilt version."""
        late, self._late = self._late, []
        if self._mutation is not None and self._emitted in self._spoilt_at:
            self._out.extend(MUTATIONS[self._mutation](self._chance, packet, self._said))
            self.spoilt = True
        else:
            self._out.append(packet)
        self._out.extend(late)
        self._emitted += 1

    def _answer(self, command: Command) -> None:
        verb, _, rest = command.line.partition(" ")
        if verb == "connect":
            self._emit(self._said.context)
        elif verb == "sendmsg":
            self._emit(reply("+OK"))
            if "hangup" in (command.get("call-command"), command.get("execute-app-name")):
                self._hang_up()
            else:
                self._run(command.get("execute-app-name") or "", command.get("Event-UUID") or "")
        elif verb == "api":
            self._emit(self._run_api(rest))
        elif verb == "bgapi":
            self._emit(reply("+OK Job-UUID: " + (command.get("Job-UUID") or "")))
            about = {"Event-Name": "BACKGROUND_JOB", "Job-UUID": command.get("Job-UUID") or ""}
            self._emit(event(about, "+OK 00000000-0000-4000-8000-000000000002\n"))
        elif verb == "getvar":
            self._emit(reply("1"))
        else:
            self._emit(reply("+OK"))
        for _ in range(min(len(self._events), self._chance.choice([0, 1, 3]))):
            self._emit(self._events.popleft())

    def _run_api(self, command: str) -> bytes:
        if command.startswith("create_uuid"):
            return response("00000000-0000-4000-8000-000000000002")
        if command.startswith("uuid_getvar"):
            return response(self._chance.choice(["_undef_", "value"]))
        if command.startswith("uuid_dump"):
            about = {"Event-Name": "CHANNEL_DATA", "Unique-ID": command.split()[1]}
            return response(packets.told(about).partition(b"\n\n")[2].decode())
        return response("+OK\n")

    def _run(self, application: str, uuid: str) -> None:
        """Run an application, perhaps with keys pressed meanwhile, to its completion."""
        for digit in self._chance.choice(["", "", "1", "12#"])[: self._keys]:
            self._keys -= 1  # each may have the handler play something, and so on
            self._tell({"Event-Name": "DTMF", "DTMF-Digit": digit})
        self._tell({"Application": application, "Application-UUID": uuid})

    def _tell(self, headers: dict[str, str]) -> None:
        packet = packets.told({**headers, "Unique-ID": self._said.uuid})
        self._emit(packets.as_json(packet) if self._in_json else packet)

    def _hang_up(self) -> None:
        self._events.clear()
        for packet in self._said.tail:
            self._emit(packet)

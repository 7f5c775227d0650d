"""A FreeSWITCH as `eslsync record-switch` meets it: its event socket, played by the simulated one.

It is in a thread of its own, in real time. The dialplan is the file that the command prints.
"""

from __future__ import annotations

import re
import selectors
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from xml.etree import ElementTree

from eslsync.protocol import Command, CommandParser, encode_message
from simulator import Call, FreeSwitch
from simulator.calling.call import line_of
from simulator.calling.freeswitch import simulation_of
from simulator.clockwork.threads import MILLISECOND, Steps, Thread
from simulator.model.tables import run_api
from simulator.scenarios.dialplan import context, far_ends
from simulator.scenarios.live import LiveSwitch
from simulator.scenarios.scenario import Scenario

#: Microseconds of the calls' time between two looks at the event socket.
LOOK = 5 * MILLISECOND
VERSION = "1.10.12-release"


@contextmanager
def live_switch(
    scenarios: Sequence[Scenario] = (), password: str = "ClueCon"
) -> Iterator[LiveSwitch]:
    """A switch that is up; leaving the block takes it down."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        served = _Served(listener, scenarios, password)
        thread = threading.Thread(target=served.run, name="live switch")
        thread.start()
        try:
            yield LiveSwitch(port=listener.getsockname()[1], password="ClueCon")
        finally:
            served.stopped = True
            thread.join()


class _Served:
    def __init__(
        self, listener: socket.socket, scenarios: Sequence[Scenario], password: str
    ) -> None:
        self.stopped = False
        self._listener = listener
        self._password = password
        self._scenarios = scenarios
        self._dialplan = ElementTree.fromstring(context(scenarios))
        self._parsers: dict[socket.socket, CommandParser] = {}
        self._calls: dict[str, Call] = {}  # by the uuid of the caller's own leg
        self._made = 0

    def run(self) -> None:
        prompts = {name: each for s in self._scenarios for name, each in s.prompts.items()}
        extensions = {
            pattern: pairs for pattern, pairs in self._extensions() if "socket" not in dict(pairs)
        }
        with (
            FreeSwitch(
                real_time=True, prompts=prompts, extensions=extensions, raises=False
            ) as switch,
            selectors.DefaultSelector() as selector,
        ):
            for number in ("hold", "busy", "bye100"):
                [(target, far_end)] = far_ends(
                    Scenario("x", ()), f"loopback/{number}/eslsync"
                ).items()
                far_end.pop("hangs_up_on", None)  # nobody presses a key
                switch.endpoint(target, **far_end)
            self._switch = switch
            selector.register(self._listener, selectors.EVENT_READ)
            world = simulation_of(switch).world
            while not self.stopped:
                for key, _ in selector.select(0 if self._calls else 0.01):
                    assert isinstance(key.fileobj, socket.socket)
                    if key.fileobj is self._listener:
                        client, _ = self._listener.accept()
                        selector.register(client, selectors.EVENT_READ)
                        self._parsers[client] = CommandParser()
                        self._say(client, "auth/request")
                    elif not self._receive(key.fileobj):
                        selector.unregister(key.fileobj)
                if self._calls:
                    world.run(lambda: False, world.now + LOOK)
            for call in self._calls.values():
                line_of(call).channel.caller_hangs_up()
            for client in self._parsers:
                client.close()

    # The event socket

    def _receive(self, client: socket.socket) -> bool:
        data = client.recv(65536)
        for command in self._parsers[client].feed(data):
            self._command(client, command)
        return bool(data)

    def _command(self, client: socket.socket, command: Command) -> None:
        verb, _, rest = command.line.partition(" ")
        if verb == "auth":
            granted = rest == self._password
            self._say(client, "command/reply", "+OK accepted" if granted else "-ERR invalid")
        elif verb == "api":
            answer = self._api(rest).encode()
            self._say(client, "api/response", body=answer)
        elif verb == "bgapi":
            self._say(client, "command/reply", "+OK Job-UUID: j", ("Job-UUID", "j"))
            failed = self._originate(rest)
            if failed is not None:
                text = f"Event-Name: BACKGROUND_JOB\nJob-UUID: j\nContent-Length: {len(failed)}\n\n"
                self._say(client, "text/event-plain", body=f"{text}{failed}".encode())
        else:
            self._say(client, "command/reply", "+OK")

    def _say(
        self,
        client: socket.socket,
        kind: str,
        reply: str = "",
        *more: tuple[str, str],
        body: bytes = b"",
    ) -> None:
        headers = [("Content-Type", kind), *more]
        if reply:
            headers.append(("Reply-Text", reply))
        if body:
            headers.append(("Content-Length", str(len(body))))
        client.sendall(encode_message(headers, body))

    def _api(self, command: str) -> str:
        name, _, rest = command.partition(" ")
        uuid, _, argument = rest.partition(" ")
        call = self._calls.get(uuid)
        if name == "version":
            return VERSION
        if name == "global_getvar":
            return simulation_of(self._switch).model.sound_prefix
        if name == "file_exists":
            return "true"
        if name == "create_uuid":
            self._made += 1
            return f"00000000-0000-4000-8000-{self._made:012}"
        if call is None:
            return self._modelled(name, rest)
        channel = line_of(call).channel
        if not channel.up:
            return "-ERR No such channel!\n"
        if name == "uuid_send_dtmf":
            key, _, milliseconds = argument.removeprefix("~").partition("@")
            channel.press(key, int(milliseconds))
        elif name == "uuid_kill":
            channel.caller_hangs_up(argument)
        elif name == "uuid_getvar":
            return channel.uuid
        else:
            return f"-ERR {name} is not for the caller's leg"
        return "+OK\n"

    def _modelled(self, name: str, argument: str) -> str:
        """The model's answer to an api command."""
        answers: list[str] = []

        def steps() -> Steps[None]:
            answers.append((yield from run_api(simulation_of(self._switch).model, name, argument)))

        world = simulation_of(self._switch).world
        Thread(world, steps()).run()
        while not answers:
            world.run(lambda: bool(answers), world.now + LOOK)
        return answers[0]

    # The calls

    def _originate(self, command: str) -> str | None:
        """Make the call that `record-switch` asks for; return the error if it can't be made."""
        match = re.match(r"originate \{(.*)\}loopback/(.*)/eslsync &(?:endless_)?playback", command)
        assert match is not None, command
        variables = dict(re.findall(r"(\w+)='([^']*)'", match[1]))
        dialled = match[2]
        found = (
            (groups, pairs)
            for pattern, pairs in self._extensions()
            if (groups := re.search(pattern, dialled)) is not None
        )
        groups, pairs = next(found, (None, []))
        if groups is None:
            return "-ERR NO_ROUTE_DESTINATION\n"
        [at] = [at for at, (name, _) in enumerate(pairs) if name == "socket"]
        data = pairs[at][1].replace("$1", groups[1])
        exported = variables.get("loopback_export", "")
        self._calls[variables["origination_uuid"]] = self._switch.dial(
            data.partition(" ")[0],
            caller=variables["origination_caller_id_number"],
            caller_name=variables["origination_caller_id_name"],
            destination=dialled,
            socket=data.partition(" ")[2],
            before=pairs[:at],
            after=pairs[at + 1 :],
            variables={name: variables[name] for name in filter(None, [exported])},
        )
        return None

    def _extensions(self) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        for condition in self._dialplan.iter("condition"):
            actions = [(each.attrib["application"], each.attrib["data"]) for each in condition]
            yield condition.attrib["expression"], actions

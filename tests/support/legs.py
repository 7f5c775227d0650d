"""A call with other legs, on the model itself."""

from __future__ import annotations

from typing import Any

from simulator.model.states import State
from simulator.recordings.reading import Sent
from tests.support.model_call import ModelCall

B = "b0000000-0000-4000-8000-0000000000b1"
C = "c0000000-0000-4000-8000-0000000000c1"
FAR = "loopback/hold/default"


class Legs(ModelCall):
    """An answered call on a socket, with a far end that answers when called."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.endpoint(FAR)
        self.endpoint("loopback/busy/default", rejects="USER_BUSY")
        self.endpoint("loopback/rings/default", answers_after=None, rings=True)
        self.answered()

    @property
    def a(self) -> str:
        return self.channel.uuid

    def originate(self, uuid: str = B) -> None:
        """Call a leg that parks."""
        self.send(f"bgapi originate {{origination_uuid={uuid}}}{FAR} &park()")
        self.wait(0.2)

    def bridge(self, uuid: str = B) -> None:
        """Bridge with the application `bridge`."""
        self.execute("bridge", f"{{origination_uuid={uuid}}}{FAR}")
        self.wait(0.5)

    def api(self, *words: str) -> str:
        answer = self.send("api " + " ".join(words))
        self.wait(0.2)
        return answer

    def told(self, uuid: str, name: str, argument: str = "") -> None:
        """Execute an application on a leg, with `sendmsg <uuid>`."""
        self.send(
            f"sendmsg {uuid}",
            "call-command: execute",
            f"execute-app-name: {name}",
            f"execute-app-arg: {argument}",
        )
        self.wait(0.1)

    def up(self, uuid: str) -> bool:
        return self.switch.locate(uuid) is not None

    def state(self, uuid: str) -> State | None:
        leg = self.switch.locate(uuid)
        return None if leg is None else leg.state

    def done(self, uuid: str, application: str) -> list[Sent]:
        return [
            each
            for each in self.events("CHANNEL_EXECUTE_COMPLETE")
            if each.get("Unique-ID") == uuid and each.get("Application") == application
        ]

    def bridged(self) -> list[tuple[str, str]]:
        """The pairs of legs that were bridged, in order."""
        return [
            (each.get("Bridge-A-Unique-ID"), each.get("Bridge-B-Unique-ID"))
            for each in self.events("CHANNEL_BRIDGE")
        ]

    def cause(self, uuid: str) -> str:
        [hangup] = [each for each in self.events("CHANNEL_HANGUP") if each.get("Unique-ID") == uuid]
        return hangup.get("Hangup-Cause")

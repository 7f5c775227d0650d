"""Callers of a real switch."""

from __future__ import annotations

from .dialplan import CONTEXT
from .live import CannotPerform, Client
from .scenario import Scenario
from .sounds import Sounds

__all__ = ["LoopbackCaller"]

SILENCE = "silence_stream://-1"
TONE = "tone_stream://%(2000,0,500);loops=-1"


class LoopbackCaller:
    """A leg of the switch itself, whose other half runs the dialplan."""

    def __init__(self, scenario: Scenario, client: Client, sounds: Sounds) -> None:
        if scenario.caller.by != "loopback":
            raise CannotPerform(
                f"a caller by {scenario.caller.by} can't be performed; take out `by`: they "
                "come by loopback"
            )
        self.uuid = client.api("create_uuid")  #: of the caller's own leg
        self._client = client
        self._job = ""
        self._sound = TONE if scenario.far_end == "tone" else SILENCE
        self._variables = {
            "origination_uuid": self.uuid,
            "origination_caller_id_number": scenario.caller.number,
            "origination_caller_id_name": scenario.caller.name,
            "loopback_bowout": "false",
            "loopback_bowout_on_execute": "false",
            "originate_timeout": "3600",
            "playback_terminators": "none",  # it hears the keys of far ends
        }
        if scenario.prompts:
            self._variables |= {"sound_prefix": sounds.folder, "loopback_export": "sound_prefix"}

    def call(self, number: str) -> None:
        for name, value in self._variables.items():
            if set(value) & set(",'{}"):
                raise CannotPerform(f"{name} can't be {value!r}: , ' {{ and }} have a meaning")
        variables = ",".join(f"{name}='{value}'" for name, value in self._variables.items())
        self._job = self._client.background(
            f"originate {{{variables}}}loopback/{number}/{CONTEXT} &playback({self._sound})"
        )

    def outcome(self) -> str | None:
        """What became of the call: +OK once it is answered, -ERR and a cause, None before."""
        return self._client.result(self._job)

    def channel(self) -> str:
        """The uuid of the call's channel, which the dialplan runs on."""
        return self._client.api(f"uuid_getvar {self.uuid} other_loopback_leg_uuid")

    def press(self, keys: str, milliseconds: int) -> str:
        """Press keys; return the switch's answer."""
        answers = [
            self._client.api(f"uuid_send_dtmf {self.uuid} ~{key}@{milliseconds}") for key in keys
        ]
        return answers[-1]

    def talk(self, seconds: float) -> str:
        tone = f"tone_stream://%({round(seconds * 1000)},0,500)"
        return self._client.api(f"uuid_broadcast {self.uuid} {tone} aleg")

    def hangup(self, cause: str) -> str:
        return self._client.api(f"uuid_kill {self.uuid} {cause}")

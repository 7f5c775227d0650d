"""Callers of a real switch."""

from __future__ import annotations

from typing import Protocol

from .dialplan import CONTEXT
from .live import CannotPerform, Client, LiveSwitch
from .scenario import Scenario
from .sip import SipCaller
from .sounds import Sounds

__all__ = ["Caller", "LoopbackCaller", "caller_of"]

#: What the caller's leg runs. (originate ends an argument at its first closing parenthesis, so that
#: nothing can follow a tone.)
SILENT = "playback(silence_stream://-1)"
SOUNDING = "endless_playback(tone_stream://%(2000,0,500))"


class Caller(Protocol):
    """The caller of a scenario. Its actions return the switch's answer, which begins with +OK."""

    #: of the caller's own leg, if it has one in the switch
    uuid: str
    #: What must be so for a call to reach our context, as a question.
    needs: str

    def call(self, number: str) -> None:
        """Call a number of our context; raises CannotPerform."""

    def outcome(self) -> str | None:
        """What became of the call: +OK once it is answered, -ERR and a cause, None before."""

    def channel(self) -> str:
        """The uuid of the call's channel, which the dialplan runs on."""

    def press(self, keys: str, milliseconds: int) -> str:
        """Press keys."""

    def talk(self, seconds: float) -> str:
        """Begin to talk."""

    def hangup(self, cause: str) -> str:
        """Hang up."""

    def leave(self) -> None:
        """End the call, if it is up, and what belongs to it; `call` may have failed."""


def caller_of(scenario: Scenario, switch: LiveSwitch, client: Client, sounds: Sounds) -> Caller:
    """The scenario's caller."""
    if scenario.caller.by == "sip":
        return SipCaller(scenario, client, sounds, switch.sip)
    return LoopbackCaller(scenario, client, sounds)


class LoopbackCaller:
    """A leg of the switch itself, whose other half runs the dialplan."""

    needs = (
        "is the context eslsync, as record-switch --dialplan prints it for this scenario, in the "
        "switch's dialplan, and has it read that (reloadxml)?"
    )

    def __init__(self, scenario: Scenario, client: Client, sounds: Sounds) -> None:
        self.uuid = client.api("create_uuid")  #: of the caller's own leg
        self._client = client
        self._job = ""
        self._runs = SOUNDING if scenario.far_end == "tone" else SILENT
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
            f"originate {{{variables}}}loopback/{number}/{CONTEXT} &{self._runs}"
        )

    def outcome(self) -> str | None:
        return self._client.result(self._job)

    def channel(self) -> str:
        return self._client.api(f"uuid_getvar {self.uuid} other_loopback_leg_uuid")

    def press(self, keys: str, milliseconds: int) -> str:
        answers = [
            self._client.api(f"uuid_send_dtmf {self.uuid} ~{key}@{milliseconds}") for key in keys
        ]
        return answers[-1]

    def talk(self, seconds: float) -> str:
        tone = f"tone_stream://%({round(seconds * 1000)},0,500)"
        return self._client.api(f"uuid_broadcast {self.uuid} {tone} aleg")

    def hangup(self, cause: str) -> str:
        return self._client.api(f"uuid_kill {self.uuid} {cause}")

    def leave(self) -> None:
        self.hangup("NORMAL_CLEARING")

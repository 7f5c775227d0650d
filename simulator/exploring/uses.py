"""What a call has used: prompts, applications for other legs, recordings, and what else counts."""

from __future__ import annotations

from eslsync.wire.declared import declarations, declared

from ..calling.call import Call, line_of
from ..calling.freeswitch import simulation_of
from .attempts import AttemptOutcome, BridgeEnd
from .observer import Observer

__all__ = ["note_uses"]

#: The beginnings of commands for legs other than the caller's.
ELSEWHERE = (b"sendmsg ", b"bgapi", b"api conf")


def note_uses(outcome: AttemptOutcome, call: Call, observer: Observer) -> None:
    """Note in the outcome of a call what it has used."""
    line = line_of(call)
    outcome.heard = tuple(prompt.name for prompt in line.prompts)
    outcome.played = frozenset(outcome.heard)
    outcome.answered = line.answered
    outcome.transfers = tuple(observer.transfers)
    outcome.bridges = tuple(
        BridgeEnd(place, taken, up, outcome.heard[number:])
        for place, up, taken, number in observer.bridges
    )
    outcome.stands_on = call.stands_on.parts
    outcome.not_modelled = observer.lacks
    outcome.dialled = frozenset(simulation_of(call.switch).legs.dialled)
    players = (each.name for each in declarations() if each.api and each.prompts)
    elsewhere = (*ELSEWHERE, *(f"api {name}".encode() for name in players))
    said: list[bytes] = []
    for _, sender, _, what in call.transcript.entries_raw:
        if sender == "app" and isinstance(what, bytes):
            if what.startswith(elsewhere):
                said.append(what)
    outcome.elsewhere = b"".join(said)
    log = line.channel.app_log
    outcome.recorded = frozenset(data.split(" ")[0] for name, data in log if declared(name).records)
    named = "\n".join(data for name, data in log if declared(name).prompts)
    outcome.files = frozenset(each for each in outcome.played if each in named)

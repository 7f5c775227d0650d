"""A caller script as the moves of a telephone: it is played once, to see when it does what.

So a call that begins with a script can be gone back in, and made again, as any other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from ..calling.call import CallFailed, line_of
from ..calling.freeswitch import FreeSwitch, simulation_of
from ..calling.line import App
from ..calling.other_legs import CalledLeg
from ..clockwork.virtual_time import SimulationError
from ..scripts.script import Script, ScriptError
from .player import CALLER, Move

__all__ = ["Rehearsal", "rehearse"]

#: Steps that only wait for the end, which a caller who goes on doesn't want.
LAST = ("hangup", "wait")
#: What a telephone's caller can't do.
BEYOND = ("as", "call", "says", "transfer")


class Rehearsal(NamedTuple):
    """What a script's caller did, and whoever was at a far end."""

    moves: list[Move]
    stands: int  #: when its steps ended, in microseconds since the call began
    failed: str  #: why not all of them could be done


def rehearse(script: Script, app: App, lasts: Callable[[str], float] | None = None) -> Rehearsal:
    """Make the call of a script up to its end; a last ``hangup`` or ``wait`` is left out.

    Its expectations are not looked at. Raises ScriptError for a step that no telephone can do, and
    for another program, whose calls can't be made twice. ``lasts`` says how long prompts are heard,
    as for `Player`.
    """
    if isinstance(app, str):
        raise ScriptError(f"{app} is another program: `eslsync call --script` plays a call to it")
    steps = [*script.steps]
    while steps and steps[-1].verb in LAST:
        steps.pop()
    named = script.path or "the script"
    for verb in BEYOND:
        if any(each.verb == verb for each in steps):
            raise ScriptError(f"{named}: the telephone has no {verb}; `eslsync call` plays it")
    for option in ("cause", "words"):
        if any(option in each.options for step in steps for each in (step, *step.steps)):
            raise ScriptError(f"{named}: the telephone gives no {option}; `eslsync call` plays it")
    rehearsed = replace(script, steps=steps, expect={})
    options, circumstances = rehearsed.circumstances()
    failed = ""
    called: list[CalledLeg] = []
    with FreeSwitch(patience=None, raises=False, **options) as switch:
        simulation_of(switch).legs.on_called = called.append
        if lasts is not None:
            simulation_of(switch).model.media.unknown = lasts
        call = switch.call(app, **circumstances)
        try:
            rehearsed.play(call)
        except (CallFailed, SimulationError) as error:
            failed = str(error).partition("\n\n")[0]  # the ladder is shown anyway
        line = line_of(call)
        stands = simulation_of(switch).now - line.began
        noted = line.transcript.so_far().entries_raw
    moves: list[tuple[int, Move]] = []  # and where each stands in the transcript
    for number, (at, sender, _, what) in enumerate(noted):
        verb, _, rest = what.partition(" ") if isinstance(what, str) else ("", "", "")
        if sender == "caller" and verb == "presses":
            moves.append((number, Move(at - line.began, "press", rest)))
        elif sender == "caller" and verb == "talks":
            seconds = float(rest.split()[1])
            moves.append((number, Move(at - line.began, "talk", seconds=seconds)))
        elif sender == "caller" and verb == "hangs":
            moves.append((number, Move(at - line.began, "hangup")))
    for number, leg in enumerate((each for each in called if each.by_hand), CALLER + 1):
        for deed in leg.done:
            move = Move(deed.at - line.began, deed.verb, deed.keys, number)
            moves.append((deed.noted, move))
    moves.sort(key=lambda each: each[0])
    return Rehearsal([move for _, move in moves], stands, failed)

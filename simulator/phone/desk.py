"""The server's side of a call from a page: starts its process, and ends one that doesn't end.

Each call has a process of its own (child.py). What it tells is added to one state, which outlives
it: pages come and go, and are shown all of that.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ..calling.line import is_address
from ..scripts.script import USUAL_DESTINATION, USUAL_NUMBER, Script, ScriptError, Step
from .keeping import stem_of
from .live import Live
from .maps import MapError, MapPage
from .microphone import Microphone, is_voice
from .pacing import MICRO
from .player import CALLER
from .protocol import (
    Again,
    Back,
    CallUp,
    Command,
    HangUp,
    MoveMade,
    NotACommand,
    Order,
    Say,
    Skip,
    Speed,
    State,
    Talk,
    Visit,
    dumped,
)

__all__ = ["Desk", "Telephone"]

#: Seconds for which the caller talks when a voice is heard, unless it goes on.
VOICE_LASTS = 0.8
#: Seconds that a process has in which to end by itself.
GRACE = 2.0


@dataclass(frozen=True)
class Telephone:
    """What calls are made with."""

    #: Has the handler and the circumstances; its steps are played by `Desk.play` alone.
    script: Script
    texts: Mapping[str, str] = field(default_factory=dict)  #: what prompts say
    voice: Sequence[str] = ()  #: the command that speaks them, from `find_voice`
    map: MapPage | None = None  #: the map of an exploration, with spots to call
    #: The handler that takes calls to spots; None: the one that the map names.
    named: Script | None = None

    def order(
        self, caller: str, destination: str, moves: list[MoveMade], stands: int, speed: float
    ) -> Order:
        call = {**self.script.call, "caller": caller, "destination": destination}
        script = replace(self.script, call=call, steps=[Step("wait")])  # YAML needs a step
        return Order(script.dump(), dict(self.texts), moves, stands, speed, self._path)

    @property
    def plays(self) -> Order:
        """Play the steps of its script, and stand at their end."""
        script = self.script.dump()
        return Order(script, dict(self.texts), speed=0.0, path=self._path, plays=True)

    @property
    def _path(self) -> str:
        return "" if self.script.path is None else str(self.script.path)


class Desk:
    """One call after the other, by the commands of anybody. A context manager: no call outlives it.

    ``tell`` gets each change of `state`, in order, from several threads.
    """

    def __init__(self, telephone: Telephone, tell: Callable[[State], None]) -> None:
        self._telephone = telephone
        self._tell = tell
        self._doing = threading.Lock()  # one command after the other
        self._lock = threading.Lock()  # for what follows
        self._process: Process | None = None
        self._recorded: list[str] = []  # lines
        self._folder = TemporaryDirectory(prefix="eslsync-phone-")
        self.microphone = Microphone()  #: what was said into it in this take
        self._clock = 0, time.monotonic()  # the call's moment, and when it was told
        self._take = 0  # that of the state, once the process has done what it was told
        self.state: State = {
            **called_by(telephone.script),
            "map": telephone.map is not None,
            "phase": "idle",
            "take": 0,
            **nothing(),
        }

    @property
    def recording(self) -> str:
        """The call as a recording; empty if it has none."""
        with self._lock:
            return "".join(self._recorded)

    @property
    def sounds(self) -> Path:
        """The folder in which the sounds of prompts are."""
        return Path(self._folder.name)

    @property
    def stem(self) -> str:
        """What files of the call are named after."""
        return stem_of(self._telephone.script)

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *error: object) -> None:
        with self._doing:
            self._end_process()
        self._folder.cleanup()

    def do(self, command: Command) -> None:
        """What a page wants. Raises NotACommand for a line or a spot that isn\'t there."""
        if isinstance(command, Visit):
            self.visit(command.spot)
            return
        with self._doing:
            line = getattr(command, "line", CALLER)
            if line not in (CALLER, *(each["number"] for each in self.state["lines"])):
                raise NotACommand(f"there is no line {line}")
            if isinstance(command, CallUp):
                self._merge({"caller": command.caller, "destination": command.destination})
                self.microphone.forget()
                self._begin(self._order([]))
            elif isinstance(command, Again):
                same = command.same and not self.state["fixed"]
                if not same:
                    self.microphone.forget()
                self._begin(self._order(self.state["moves"] if same else []))
            elif isinstance(command, HangUp) and command.line == CALLER:
                self._hang_up()
            elif isinstance(command, Say):
                self._say(command)
            elif isinstance(command, Back | Skip | Speed) and self.state["fixed"]:
                pass
            elif isinstance(command, Back) and (self._process is None or self.state["busy"]):
                moves = [each for each in self.state["moves"] if each["at"] < command.moment]
                self.microphone.forget(command.moment)
                self._begin(self._order(moves, command.moment, 0.0))
            elif self._process is not None and not isinstance(command, Order):
                if isinstance(command, Back):
                    self.microphone.forget(command.moment)
                    self._take += 1
                self._process.send(command)

    def visit(self, spot: int) -> None:
        """Call as a caller does who gets to a spot of the map, and stand there."""
        telephone = self._telephone
        if telephone.map is None:
            raise NotACommand("there is no map: begin with --map")
        try:
            script = telephone.map.script(spot, telephone.named)
        except (MapError, ScriptError) as error:
            raise NotACommand(str(error)) from None
        self.play(script)

    def play(self, script: Script) -> None:
        """Call as a script's caller does, up to its end, and stand there."""
        with self._doing:
            self._telephone = replace(self._telephone, script=script)
            self._merge(called_by(script))
            self.microphone.forget()
            self._begin(self._telephone.plays)

    def _say(self, command: Say) -> None:
        if command.take != self._take or self._process is None or self.state["busy"]:
            return
        self.microphone.add(command.at, command.samples)
        if is_voice(command.samples):
            self._process.send(Talk(VOICE_LASTS))

    def _hang_up(self) -> None:
        """Hang up; a process that has not heeded that, or can't, is killed."""
        process = self._process
        if process is None or self.state["phase"] == "ended":
            return
        if self.state["busy"] or process.is_hung_up:
            self._end_process()
            said = "The handler was still busy, so its process was killed."
            self._merge({"phase": "ended", "hung_up": True, "busy": False, "trouble": said})
        else:
            process.is_hung_up = True
            process.send(HangUp())

    def _order(self, moves: list[MoveMade], stands: int = 0, speed: float = 1.0) -> Order:
        caller, destination = self.state["caller"], self.state["destination"]
        return self._telephone.order(caller, destination, moves, stands, speed)

    def _begin(self, order: Order) -> None:
        self._end_process()
        take = self._take = self._take + 1  # not one that steps back have that are under way
        order = replace(order, folder=self._folder.name, voice=list(self._telephone.voice))
        anew: State = {"phase": "up", "take": take, "recorded": {"after": 0, "lines": []}}
        self._merge({**nothing(), **anew, "speed": order.speed})
        with self._lock:
            self._process = Process(order, take, self._hear)

    def _end_process(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.end(at_once=self.state["busy"] or process.is_hung_up)

    def _hear(self, process: Process, told: State | None) -> None:
        """What a process tells; None: it has ended."""
        with self._lock:
            if process is not self._process:
                return  # it is another call's turn
            if told is None:
                self._process = None
                said = f"The process of the call ended by itself, with status {process.status()}."
                told = {"phase": "ended", "hung_up": True, "busy": False, "trouble": said}
            self._add(told)

    def so_far(self) -> State:
        """The state for a page that comes now: time has passed since the process told."""
        state, (now, at) = self.state, self._clock
        passes = state["phase"] == "up" and not state["busy"]
        passed = (time.monotonic() - at) * state["speed"] if passes else 0
        return {**state, "now": now + round(passed * MICRO)}

    def _merge(self, changed: State) -> None:
        with self._lock:
            self._add(changed)

    def _add(self, changed: State) -> None:
        recorded = changed.pop("recorded", None)
        if recorded is not None:
            self._recorded[recorded["after"] :] = recorded["lines"]
        self.state.update(changed)
        if "now" in changed:
            self._clock = changed["now"], time.monotonic()
        self._tell(changed)


def called_by(script: Script) -> State:
    """Whom a script calls, and as whom."""
    call = script.call
    return {
        "app": script.handler,
        "caller": str(call.get("caller", USUAL_NUMBER)),
        "destination": str(call.get("destination", USUAL_DESTINATION)),
        "fixed": Live.fixed if is_address(script.handler) else "",
    }


def nothing() -> State:
    """What there is of a call that has not begun."""
    return {
        "hung_up": False,
        "busy": False,
        "now": 0,
        "speed": 1.0,
        "prompts": [],
        "lines": [],
        "moves": [],
        "records": False,
        "where": None,
        "source": None,
        "svg": "",
        "ladder": "",
        "script": "",
        "test": "",
        "trouble": "",
        "changed": [],
    }


class Process:
    """The process of a call; ``hear`` gets what it tells, and None at its end, in a thread."""

    def __init__(
        self, order: Order, take: int, hear: Callable[[Process, State | None], None]
    ) -> None:
        self.is_hung_up = False  #: it was asked to hang up
        self._take = take
        self._hear = hear
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "simulator.phone.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is for the server
        )
        self.send(order)
        self._reader = threading.Thread(target=self._read, name="call", daemon=True)
        self._reader.start()

    def send(self, command: Command) -> None:
        assert self._popen.stdin is not None
        try:
            self._popen.stdin.write(dumped(command) + "\n")
            self._popen.stdin.flush()
        except (OSError, ValueError):
            pass  # it has ended, as the reader sees

    def end(self, *, at_once: bool) -> None:
        """End it, and wait for its end: it ends its call in order, if it can and may."""
        assert self._popen.stdin is not None
        with contextlib.suppress(OSError):
            self._popen.stdin.close()
        if not at_once:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(GRACE)
        self._popen.kill()
        self._popen.wait()
        self._reader.join()

    def status(self) -> int:
        """Its exit status, once it has ended."""
        return self._popen.wait()

    def _read(self) -> None:
        assert self._popen.stdout is not None
        with self._popen.stdout as lines:
            for line in lines:
                if not line.endswith("\n"):
                    break  # it was killed while it told this
                told: State = json.loads(line)
                if "take" in told:
                    told["take"] += self._take
                self._hear(self, told)
        assert self._popen.stdin is not None
        with contextlib.suppress(OSError):
            self._popen.stdin.close()
        self._hear(self, None)

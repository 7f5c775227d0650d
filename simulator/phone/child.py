"""One call from a page, in a process of its own: ``python -m simulator.phone.child``.

Only so a handler may loop for ever or kill its process, an edited file is imported afresh, and
the frozen clocks are nobody else's. Commands come on standard input, an `Order` first; what has
changed of the `State` goes to standard output. The process ends with its input, so that it
outlives nobody.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from queue import SimpleQueue
from typing import TextIO, TypeVar

from eslsync.clock import Clock
from eslsync.importing import package_of
from eslsync.loading import module_of
from eslsync.stacks import is_ours, users_traceback

from ..calling.line import App
from ..ladders.svg import svg
from ..scripts.script import Script, ScriptError
from .inbox import Inbox
from .keeping import as_recording, as_test, ladder
from .live import Live
from .paced import Paced, at_its_pace
from .player import CALLER, Heard, Move, Player
from .protocol import (
    Answer,
    Back,
    Command,
    HangUp,
    Order,
    Press,
    Prompt,
    Recorded,
    Reject,
    Skip,
    Source,
    Speed,
    State,
    Talk,
    Where,
    dumped,
    read_command,
)
from .rehearsing import Rehearsal, rehearse
from .sound import SILENCE, Sound, Sounds

__all__ = ["main"]

#: Seconds between two looks at the handler and its files.
LOOK_INTERVAL = 0.2
#: Seconds after which a handler is busy that keeps the call from going on.
BUSY = 1.0
#: Seconds that a handler has to end in when nobody listens any more.
GRACE = 1.0

T = TypeVar("T")


class Teller:
    """Tells the parts of a state that have changed since it told them last."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._told: State = {}
        self._lock = threading.Lock()

    def tell(self, state: State) -> None:
        with self._lock:
            changed: State = {}
            for name, value in state.items():
                if name not in self._told or self._told[name] != value:  # type: ignore[literal-required]
                    changed[name] = value  # type: ignore[literal-required]
            if not changed:
                return
            self._told.update(changed)
            try:
                self._output.write(dumped(changed) + "\n")
                self._output.flush()
            except OSError:
                pass  # nobody listens, and the input ends, too


class Watch(Clock):
    """Real time, which knows since when the call has not waited for it; and the handler's files."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._busy_since: float | None = self.now()
        self._changed_at: dict[str, int | None] = {}  # the handler's files
        self.paced: Paced | Live | None = None
        threading.Thread(target=self._look, name="watch", daemon=True).start()

    def get(self, inbox: SimpleQueue[T], deadline: float | None) -> T:
        self._busy_since = None
        try:
            return super().get(inbox, deadline)
        finally:
            self._busy_since = self.now()

    def rest(self) -> None:
        """Look at nothing: the handler is in another program."""
        self._busy_since = None

    def keep_an_eye_on(self, file: str) -> None:
        """Tell when a file of the handler's project changes, of those imported so far."""
        root = os.path.join(package_of(Path(file))[0], "")
        files = [getattr(each, "__file__", None) or "" for each in [*sys.modules.values()]]
        own = {os.path.realpath(each) for each in files if each.endswith(".py")}
        self._changed_at = {
            each: changed_at(each)
            for each in sorted(own)
            if each.startswith(root) and not is_ours(each) and "site-packages" not in each
        }

    def _look(self) -> None:
        while True:
            self.pause(LOOK_INTERVAL)
            # (The time comes first: this thread may be held up here, while the call goes on.)
            now, since, paced = self.now(), self._busy_since, self.paced
            busy = since is not None and now - since > BUSY
            state: State = {"busy": busy}
            if busy and paced is not None:
                state["where"] = where(paced.player)
            state["changed"] = [
                os.path.basename(file)
                for file, at in self._changed_at.items()
                if changed_at(file) != at
            ]
            self._teller.tell(state)


def changed_at(file: str) -> int | None:
    try:
        return os.stat(file).st_mtime_ns
    except OSError:
        return None


def where(player: Player) -> Where | None:
    found = player.whereabouts
    if found is None or found.frame is None:
        return None
    frame = found.frame
    return {
        "file": frame.filename,
        "line": frame.lineno or 0,
        "function": frame.name,
        "waits_for": found.waits_for,
    }


class Showing:
    """What a page shows of a call."""

    def __init__(self, order: Order, sounds: Sounds, file: str, failed: str) -> None:
        self._texts = order.texts
        self._sounds = sounds
        self._heard: dict[tuple[int, int], Sound] = {}  # the prompts of this take, by their lines
        self._file = file
        self._failed = failed  #: why the steps of a script could not all be played
        self._sources: dict[str, Source] = {}
        self._drawn: tuple[object, ...] = ()
        self._kept: tuple[object, ...] = ()
        self._lines: list[str] = []  #: of the recording
        self.take = 0

    def state(self, paced: Paced | Live) -> State:
        player = paced.player
        at = where(player)
        state: State = {
            "phase": "ended" if player.ended else "up",
            "hung_up": player.hung_up,
            "busy": False,
            "take": self.take,
            "now": player.now,
            "speed": paced.speed,
            "where": at,
            "source": self._source(at["file"] if at else self._file),
            "prompts": self._prompts(CALLER, player.prompts, player),
            "records": player.records,
            "lines": [
                {
                    "number": each.number,
                    "dial_string": each.dial_string,
                    "caller": each.caller,
                    "phase": each.phase,
                    "cause": each.cause,
                    "prompts": self._prompts(each.number, each.heard, player),
                }
                for each in player.lines
            ],
            "moves": [
                {
                    "at": each.at,
                    "verb": each.verb,
                    "keys": each.keys,
                    "line": each.line,
                    "seconds": each.seconds,
                }
                for each in player.moves
            ],
        }
        entries = len(player.transcript.entries_raw)
        moves = len(player.moves), player.moves[-1:]  # somebody who talks goes on
        if self._drawn != (self.take, entries, moves):
            self._drawn = (self.take, entries, moves)
            state.update(self._ladder(player))
        if self._kept != (self.take, entries, moves, player.ended):
            self._kept = (self.take, entries, moves, player.ended)
            script, cause = player.script(), player.call.cause
            state["script"] = script.dump()
            state["test"] = as_test(script, heard=player.heard, cause=cause)
            state["recorded"] = self._recorded(player)
        # It is told of the first take: after a step back, the script is no matter any more.
        failed = [] if self.take else [self._failed]
        state["trouble"] = "\n\n".join(filter(None, [*failed, trouble(player, self._file)]))
        return state

    def stood_back(self) -> None:
        """It is another take from now on."""
        self.take += 1
        self._heard.clear()

    def _prompts(self, line: int, prompts: Sequence[Heard], player: Player) -> list[Prompt]:
        told: list[Prompt] = []
        for number, heard in enumerate(prompts):
            key = line, number
            if key not in self._heard and heard.how in ("plays", "paused"):
                self._heard[key] = self._sounds.of(heard, player)
            said = player.caption(heard, self._texts)
            told.append(self._prompt(heard, said, self._heard.get(key, SILENCE)))
        return told

    def _prompt(self, heard: Heard, said: str, sound: Sound) -> Prompt:
        return {
            "name": heard.name,
            "caption": said,
            "began": heard.began,
            "how": heard.how,
            "since": heard.since,
            "played": heard.played,
            "sound": sound.file,
            "loops": sound.loops,
            "text": sound.text,
        }

    def _ladder(self, player: Player) -> State:
        entries = player.transcript.entries
        return {
            "svg": svg(entries),
            "ladder": ladder(entries),
        }

    def _recorded(self, player: Player) -> Recorded:
        before, self._lines = self._lines, as_recording(player)
        pairs = zip(before, self._lines, strict=False)
        same = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
        return {"after": same, "lines": self._lines[same:]}

    def _source(self, file: str) -> Source | None:
        if file not in self._sources:
            try:
                text = Path(file).read_text(encoding="utf-8", errors="replace")
            except OSError:
                return None
            self._sources[file] = {"file": file, "text": text}
        return self._sources[file]


def trouble(player: Player, file: str) -> str:
    """What the handler raised, and what the simulated switch doesn't model."""
    error = player.call.error
    said = [*player.amiss]
    said += [] if error is None else [users_traceback(error, file).rstrip()]
    said += [f"{part.lack}." for part in player.call.not_modelled]
    return "\n\n".join(said)


class Closed:
    """Standard input has ended."""


Commands = Inbox[Command | Closed]


def serve(commands: Commands, teller: Teller) -> None:
    """Make the call that is ordered, until there are no more commands."""
    watch = Watch(teller)
    order = commands.get()
    if not isinstance(order, Order):
        return
    try:
        script = script_of(order)
        app = script.load()
        file = file_of(app) or script.handler
        if isinstance(app, str):
            watch.rest()
        else:
            watch.keep_an_eye_on(file)
        sounds = Sounds(Path(order.folder), order.texts, order.voice)
        with ExitStack() as stack:
            try:
                done = rehearse(script, app, sounds.lasts) if order.plays else rehearsed(order)
                moves, stands = done.moves, done.stands
                player = Player(script, app, moves=moves, stands=stands, lasts=sounds.lasts)
                paced = at_its_pace(player, speed=order.speed, clock=watch)
                stack.enter_context(paced)
                watch.paced = paced
            except ScriptError:
                raise
            except Exception as error:  # noqa: BLE001 - told; a function's of on_start, say
                raise ScriptError(users_traceback(error, file).rstrip()) from None
            play(paced, commands, Showing(order, sounds, file, done.failed), teller)
    except ScriptError as error:
        teller.tell({"phase": "ended", "hung_up": True, "trouble": str(error)})
        while not isinstance(watch.get(commands, None), Closed):
            pass


def play(paced: Paced | Live, commands: Commands, showing: Showing, teller: Teller) -> None:
    while True:
        teller.tell(showing.state(paced))
        command = paced.next(commands)
        if isinstance(command, Closed):
            return
        if isinstance(command, Press):
            paced.player.make("press", command.keys, command.line)
        elif isinstance(command, Talk) and paced.player.records:
            paced.player.talk(command.seconds)
        elif isinstance(command, Answer):
            paced.player.make("answer", line=command.line)
        elif isinstance(command, Reject):
            paced.player.make("reject", line=command.line)
        elif isinstance(command, HangUp):
            paced.player.make("hangup", line=command.line)
        if isinstance(paced, Live):
            continue
        if isinstance(command, HangUp) and command.line == CALLER and not paced.speed:
            paced.change(1.0)  # it takes time to end
        elif isinstance(command, Speed):
            paced.change(command.speed)
        elif isinstance(command, Skip):
            paced.skip()
        elif isinstance(command, Back):
            paced.go_back(command.moment)
            showing.stood_back()


def script_of(order: Order) -> Script:
    """The script; its lines are not those of its file, and named nowhere."""
    script = Script.parse(order.script, order.path or None)
    return replace(script, steps=[replace(each, line=None) for each in script.steps], lines={})


def rehearsed(order: Order) -> Rehearsal:
    moves = [Move(**each) for each in order.moves]
    return Rehearsal(moves, order.stands, failed="")


def file_of(app: App) -> str | None:
    module = None if isinstance(app, str) else module_of(app)
    found: str | None = None if module is None else getattr(module, "__file__", None)
    return found and os.path.realpath(found)


def main() -> None:
    """Serve the call whose commands come on standard input."""
    # The handler may print, and read what is typed; neither is between us and the server.
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    source = os.fdopen(os.dup(0), encoding="utf-8")
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # What the library would log of a call that is left shows nothing that the page doesn't.
    logging.getLogger("eslsync").addHandler(logging.NullHandler())
    commands: Commands = Inbox()
    threading.Thread(target=read, args=(source, commands), name="commands", daemon=True).start()
    serve(commands, Teller(output))


def read(source: TextIO, commands: Commands) -> None:
    for line in source:
        commands.put(read_command(line))
    commands.put(Closed())
    threading.main_thread().join(GRACE)
    os._exit(1)  # the handler doesn't end


if __name__ == "__main__":
    main()

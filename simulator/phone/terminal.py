"""The telephone in a terminal: keys are pressed as they are typed, and the ladder grows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eslsync.clock import REAL, Clock

from ..clockwork.threads import SECOND
from .captions import caption
from .inbox import Inbox
from .live import Live
from .paced import Paced, at_its_pace
from .pacing import SPEEDS
from .player import Player

__all__ = ["HELP", "Screen", "TerminalPhone"]

HELP = (
    "0-9 * # A-D  press a key     h  hang up     space  pause, or go on     n  to the next thing\n"
    "b  back before your last key or prompt     f  faster     s  save the call     q  quit"
)
#: The keys of a telephone. (Small letters are for the rest.)
KEYPAD = frozenset("0123456789*#ABCD")
#: The keys with which time passes otherwise.
TIME = frozenset(" fnb")
#: A key that the terminal sends when somebody presses Ctrl-C or Ctrl-D, or closes it.
GONE = ("\x03", "\x04", "")


@dataclass(frozen=True)
class Screen:
    """Where the telephone writes."""

    #: Writes a line.
    write: Callable[[str], None]
    #: Draws the ladder of a player's call, as lines.
    draw: Callable[[Player], list[str]]


class TerminalPhone:
    """Plays a call in real time, or as fast as its caller wants.

    A context manager, in which the call is up.
    ``keys`` are what is typed, one by one; an empty one is the end.
    """

    def __init__(
        self,
        player: Player,
        keys: Inbox[str],
        screen: Screen,
        *,
        texts: Mapping[str, str] | None = None,
        save: Callable[[Player], Sequence[Path]],
        speed: float = 1.0,
        clock: Clock = REAL,
    ) -> None:
        self._paced = at_its_pace(player, speed=speed, clock=clock)
        self._keys = keys
        self._screen = screen
        self._texts = texts or {}
        self._save = save
        self._before = 1.0  # the speed before the pause
        self._shown: list[str] = []  # lines of the ladder
        self._heard = 0  # prompts with a caption
        self._told = False  # that the call has ended

    def __enter__(self) -> TerminalPhone:
        self._paced.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._paced.__exit__(*error)

    @property
    def player(self) -> Player:
        """The player of the call; another one after each step back."""
        return self._paced.player

    def run(self) -> None:
        """Serve the caller until they quit."""
        if not self._paced.speed:
            self._show()
            self._tell_speed()
        while True:
            self._show()
            key = self._paced.next(self._keys)
            if key is None:
                continue
            if key == "q" or key in GONE:
                return
            self._do(key)

    def _do(self, key: str) -> None:
        player = self.player
        if key in KEYPAD:
            if player.hung_up:
                back = "" if self._paced.fixed else "b goes back, "
                self._screen.write(f"the call has ended; {back}q quits")
            else:
                player.make("press", key)
        elif key == "h":
            player.make("hangup")
        elif key == "s":
            self._screen.write(f"saved: {', '.join(map(str, self._save(player)))}")
        elif key in TIME:
            self._pass(key)
        else:
            self._screen.write(HELP)

    def _pass(self, key: str) -> None:
        """Have time pass otherwise, or not at all."""
        paced = self._paced
        if isinstance(paced, Live):
            self._screen.write(paced.fixed)
        elif key == "n":
            paced.skip()
        elif key == "b":
            self._go_back(paced)
        else:
            if key == " ":
                speed = 0.0 if paced.speed else self._before
                self._before = paced.speed or self._before
            else:
                speed = next((each for each in SPEEDS if each > paced.speed), 1)
            paced.change(speed)
            self._tell_speed()

    def _tell_speed(self) -> None:
        speed = self._paced.speed
        self._screen.write(f"time stands still at {self._at}" if not speed else f"{speed:g} x")

    def _go_back(self, paced: Paced) -> None:
        """Stand before the last thing that the caller did, or the last prompt that began."""
        player = paced.player
        moments = [move.at for move in player.moves if move.at < player.now]
        moments += [each for each in player.prompts_began if each < player.now]
        paced.go_back(max(moments, default=0))
        self._heard = len(self.player.heard)
        self._told = False
        self._tell_speed()
        self._shown = self._screen.draw(self.player)

    @property
    def _at(self) -> str:
        return f"{self.player.now / SECOND:.3f} s"

    # What is shown

    def _show(self) -> None:
        lines = self._screen.draw(self.player)
        same = next(
            (i for i, (new, old) in enumerate(zip(lines, self._shown, strict=False)) if new != old),
            min(len(lines), len(self._shown)),
        )
        for line in lines[same:]:
            self._screen.write(line)
        self._shown = lines
        heard = self.player.heard
        for prompt in heard[self._heard :]:
            said = caption(prompt, self._texts)
            if said:
                self._screen.write(f'    "{said}"')
        self._heard = len(heard)
        if self.player.ended and not self._told:
            self._told = True
            for each in self.player.amiss:
                self._screen.write(each)
            back = "" if self._paced.fixed else "b goes back, "
            self._screen.write(f"the call has ended at {self._at}; {back}s saves, q quits")

"""The telephone in a terminal: keys are pressed as they are typed, and the ladder grows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

from eslsync.clock import REAL, Clock

from ..clockwork.threads import SECOND
from .inbox import Inbox
from .live import Live
from .paced import Paced, at_its_pace
from .pacing import SPEEDS
from .player import CALLER, FarLine, Heard, Player

__all__ = ["HELP", "Screen", "TerminalPhone"]

#: No line is longer than 79 characters.
HELP = (
    "0-9 * # A-D  press a key     h  hang up     q  quit     s  save the call\n"
    "space  pause, or go on     n  to the next thing     f  faster\n"
    "b  back before your last key or prompt\n"
    "a  answer the phone that rings     d  decline     l  be at the next phone"
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
    #: The characters that a line has room for.
    width: int = 79

    def say(self, text: str, indent: str = "") -> None:
        """Write a text, in as many lines as it needs."""
        for line in wrap(text, self.width, initial_indent=indent, subsequent_indent=indent):
            self.write(line)


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
        self._line = CALLER  # at whose phone they are
        self._heard: dict[int, int] = {}  # prompts with a caption, by line
        self._rang: set[int] = set()  # lines that were told to ring
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
            if player.hung_up and self._line == CALLER:
                back = "" if self._paced.fixed else "b goes back, "
                self._screen.say(f"the call has ended; {back}q quits")
            else:
                player.make("press", key, self._line)
        elif key == "h":
            player.make("hangup", line=self._line)
        elif key in ("a", "d"):
            self._take(answers=key == "a")
        elif key == "l":
            lines = [CALLER, *(each.number for each in self._far_lines if each.phase != "ended")]
            if lines == [CALLER]:
                self._screen.say("no other phone is called")
            self._be_at(lines[(lines.index(self._line) + 1) % len(lines)])
        elif key == "s":
            self._screen.write(f"saved: {', '.join(map(str, self._save(player)))}")
        elif key in TIME:
            self._pass(key)
        else:
            self._screen.write(HELP)

    # Other phones than the caller's

    @property
    def _far_lines(self) -> list[FarLine]:
        return [each for each in self.player.lines if each.phase != "waits"]

    def _take(self, *, answers: bool) -> None:
        """Answer or decline the call to the phone at which they are, or to one that rings."""
        ringing = [each.number for each in self._far_lines if each.phase == "rings"]
        if not ringing:
            self._screen.say("no phone rings")
            return
        line = self._line if self._line in ringing else ringing[0]
        self.player.make("answer" if answers else "reject", line=line)
        if answers:
            self._be_at(line)

    def _be_at(self, line: int) -> None:
        if self._line != line:
            self._line = line
            self._screen.say(f"you are at the phone of {self._name(line)}")

    def _name(self, line: int) -> str:
        return next(
            (each.dial_string for each in self._far_lines if each.number == line),
            f"the caller, {self.player.call.number}",
        )

    # Time

    def _pass(self, key: str) -> None:
        """Have time pass otherwise, or not at all."""
        paced = self._paced
        if isinstance(paced, Live):
            self._screen.say(paced.fixed)
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
        stands = f"time stands still at {self._at}; space goes on"
        self._screen.say(f"{speed:g} x" if speed else stands)

    def _go_back(self, paced: Paced) -> None:
        """Stand before the last thing that the caller did, or the last prompt that began."""
        player = paced.player
        moments = [move.at for move in player.moves]
        moments += [each.began for _, heard in self._prompts for each in heard]
        paced.go_back(max((each for each in moments if each < player.now), default=0))
        self._heard = {line: len(heard) for line, heard in self._prompts}
        self._rang = {each.number for each in self._far_lines}
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
        self._show_captions()
        self._show_phones()
        if self.player.ended and not self._told:
            self._told = True
            for each in self.player.amiss:
                self._screen.write(each)
            back = "" if self._paced.fixed else "b goes back, "
            self._screen.say(f"the call has ended at {self._at}; {back}s saves, q quits")

    @property
    def _prompts(self) -> list[tuple[int, list[Heard]]]:
        """What is heard, by line."""
        player = self.player
        return [(CALLER, player.prompts), *((each.number, each.heard) for each in player.lines)]

    def _show_captions(self) -> None:
        for line, heard in self._prompts:
            for prompt in heard[self._heard.get(line, 0) :]:
                said = self.player.caption(prompt, self._texts)
                if said:
                    whose = "" if line == CALLER else f"{self._name(line)}: "
                    self._screen.say(f'{whose}"{said}"', indent="    ")
            self._heard[line] = len(heard)

    def _show_phones(self) -> None:
        """Tell of phones that begin to ring; after the call at one, they are the caller again."""
        for each in self._far_lines:
            if each.phase == "rings" and each.number not in self._rang:
                self._rang.add(each.number)
                called = f"{each.dial_string}: {each.caller} calls"
                self._screen.say(f"{called}; a answers, d declines")
        lines = [each.number for each in self._far_lines if each.phase != "ended"]
        if self._line not in (CALLER, *lines):
            self._be_at(CALLER)

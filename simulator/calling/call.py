"""The caller: one simulated call, and the verbs that play who makes it.

Each verb blocks in simulated time. What fails says what was heard instead, and shows the
ladder so far.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eslsync import Hangup, HangupCause, Session

from ..clockwork.link import Link
from ..clockwork.threads import SECOND
from ..ladders.formats import Format, drawn
from ..ladders.transcript import CALLER, Party, Transcript
from ..model.channel import Channel, Heard
from ..model.events import Event
from .faults import Fault, Tap

if TYPE_CHECKING:
    from .freeswitch import App, FreeSwitch

__all__ = ["Call", "CallFailed"]

#: pytest shows the lines of the test that failed, and not ours.
__tracebackhide__ = True

#: Seconds between two keys that are pressed in a row; also how long each is held.
GAP = 0.2
#: Simulated seconds that `Call.hear` waits for a prompt.
HEAR_TIMEOUT = 60.0
#: Applications that wait for digits: they collect them, or end with one.
COLLECTORS = ("play_and_get_digits", "read", "record")
#: Seconds without an application after which another program seems to wait for a digit.
IDLE = 1.0
#: Simulated seconds that a call may last, unless it is told otherwise.
CALL_TIMEOUT = 3600.0


class CallFailed(AssertionError):
    """The call did not go as the test says it should.

    ``ladder()`` draws it; that is done when somebody looks at the failure.
    """

    def __init__(self, why: str, ladder: Callable[[], str] | None = None) -> None:
        super().__init__(why)
        self._ladder = ladder

    def at(self, where: str) -> CallFailed:
        """The same, with the place in a script where it was."""
        return CallFailed(f"{where}: {super().__str__()}", self._ladder)

    def __str__(self) -> str:
        why = super().__str__()
        return why if self._ladder is None else f"{why}\n\n{self._ladder()}"


@dataclass
class Sound:
    """A prompt that the caller heard, in the order of what happened in the call."""

    prompt: str
    began: int
    heard: Heard
    ended: int | None = None

    @property
    def told(self) -> bool:
        """Is it one of those that stand in `Call.heard`? Its files do, instead of the whole."""
        return self.heard.pieces is None


class Call:
    """One call, from the caller's side; made by `FreeSwitch.call`."""

    def __init__(
        self, switch: FreeSwitch, app: App, channel: Channel, faults: Sequence[Fault] = ()
    ) -> None:
        self.transcript = Transcript(channel.created_at)
        self.transcript.legs[channel.uuid] = CALLER
        #: What the handler raised, Hangup included; None if it returned.
        self.outcome: BaseException | None = None
        #: Did the handler end with the call still up, for the dialplan to go on with it?
        self.given_back = False
        self._faults = faults
        self._switch = switch
        self._app = app
        self._number = channel.profile.caller_id_number  # before any transfer or bridge
        self._destination = channel.profile.destination_number
        self._channel = channel
        self._link: Link | None = None
        self._tap: Tap | None = None
        self._began = channel.created_at
        self._events = 0  # counts what the caller notices
        self._mark = 0  # what had been noticed when the last verb began
        self._sounds: list[Sound] = []
        self._bridged: list[str] = []
        self._fired: list[tuple[int, str]] = []  # events, and applications as they begin
        self._hung_up = False
        self._session: Session | None = None
        self._executing: list[str] = []  # applications that run on the channel
        self._idle_since = 0
        channel.on_heard = self._hear
        channel.on_hangup = self._hang_up
        channel.on_event = self._notice

    # What it leaves

    @property
    def uuid(self) -> str:
        """The channel's uuid."""
        return self._channel.uuid

    @property
    def cause(self) -> HangupCause | str | None:
        """Why the call ended; None while it is up."""
        return HangupCause.known(self._channel.cause) if self._channel.cause else None

    @property
    def duration(self) -> float:
        """Seconds from the start of the call to its hangup, or until now."""
        ended = self._channel.hung_up_at
        return ((ended or self._switch.now_us) - self._began) / SECOND

    @property
    def taken(self) -> bool:
        """Did an app take the call, where the dialplan handed it over?"""
        return self._link is not None

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults on purpose that have happened, in order."""
        return () if self._tap is None else tuple(self._tap.happened)

    @property
    def answered(self) -> bool:
        """Was it answered?"""
        return self._channel.answered_at is not None

    @property
    def error(self) -> BaseException | None:
        """What the handler raised, Hangup apart, which is a normal end."""
        return None if isinstance(self.outcome, Hangup) else self.outcome

    @property
    def heard(self) -> list[str]:
        """The prompts that the caller has heard, or heard begin, in order.

        Of several that are played as one (``file_string://``), each.
        """
        return [sound.prompt for sound in self._sounds if sound.told]

    @property
    def bridged(self) -> list[str]:
        """Whom the caller was bridged to, in order: dial strings, or other callers' numbers."""
        return list(self._bridged)

    @property
    def switch(self) -> FreeSwitch:
        """The switch that the call is in."""
        return self._switch

    @property
    def app(self) -> App:
        """What the call was handed to: a handler, or a program's address."""
        return self._app

    @property
    def number(self) -> str:
        """The caller's number."""
        return self._number

    @property
    def destination(self) -> str:
        """The number that was dialled."""
        return self._destination

    @property
    def began(self) -> float:
        """When it began: seconds since the epoch."""
        return self._began / SECOND

    def variable(self, name: str) -> str | None:
        """A channel variable, also after the call's end; None if it is not set."""
        return self._channel.get(name)

    def ladder(self, format: Format = "text") -> str:
        """The call drawn as a ladder: caller, switch, app, with times.

        As ``"text"``, ``"svg"`` or ``"mermaid"``; in the last two, other legs have lifelines of
        their own.
        """
        return drawn(self.transcript.entries, format, title=self._title)

    @property
    def _title(self) -> str:
        return f"{self.number} calls {self.destination}"

    def __repr__(self) -> str:
        return f"<Call {self.uuid} {self.cause or 'up'} {self.duration:.3f} s>"

    # The verbs

    def hear(self, prompt: str, *, start: bool = False, timeout: float = HEAR_TIMEOUT) -> None:
        """Wait until a prompt has ended, or was cut; with ``start=True``, until it begins.

        ``prompt`` is the name as the handler gives it; a suffix may be left out. What was heard
        since this call's last verb counts. Raises CallFailed when the prompt isn't heard within
        ``timeout`` simulated seconds, or can't be any more since the call has ended.
        """
        mark = self._mark
        found: list[Sound] = []

        def heard() -> bool:
            for sound in self._sounds:
                moment = sound.began if start else sound.ended
                if moment is not None and moment > mark and same_prompt(sound.prompt, prompt):
                    found.append(sound)
                    return True
            return self._hung_up

        self._switch.run(heard, timeout)
        if not found:
            begin = " begin" if start else ""
            instead = [
                s.prompt for s in self._sounds if s.told and (s.ended or self._events + 1) > mark
            ]
            raise self._failed(
                f"did not hear {prompt!r}{begin}; since the last verb it heard "
                f"{', '.join(map(repr, instead)) or 'nothing'}"
            )
        moment = found[0].began if start else found[0].ended
        assert moment is not None
        self._mark = moment

    def expect(self, what: str, *, timeout: float = HEAR_TIMEOUT) -> None:
        """Wait until the call's channel fires an event, or begins an application.

        ``what`` is an event's name ("CHANNEL_ANSWER") or an application's ("bridge"). What
        happened since this call's last verb counts. Raises CallFailed when it doesn't happen
        within ``timeout`` simulated seconds, or can't any more since the call has ended.
        """
        mark = self._mark
        found: list[int] = []

        def happened() -> bool:
            found.extend(at for at, name in self._fired if at > mark and name == what)
            return bool(found) or self._hung_up

        self._switch.run(happened, timeout)
        if not found:
            instead = [name for at, name in self._fired if at > mark]
            raise self._failed(f"expected {what}; since the last verb: {', '.join(instead)}")
        self._mark = found[0]

    def press(self, digits: str, *, gap: float = GAP, when_asked: bool = False) -> None:
        """Press keys, ``gap`` simulated seconds apart; returns when the last is pressed.

        With ``when_asked=True`` the first comes as soon as the handler waits for a digit, or
        records until one is pressed. (Of a program that `FreeSwitch.dial` has called: when an
        application collects digits or records, or nothing has run on the channel for a second.)
        Raises CallFailed if the call has ended.
        """
        check_keys(digits)
        self._begin()
        if when_asked:
            self._switch.run(lambda: self._hung_up or self._asks_for_digit(), CALL_TIMEOUT)
        for index, digit in enumerate(digits):
            self._do(lambda digit=digit: self._press(digit), gap if index else 0.0)  # type: ignore[misc]

    def press_after(self, seconds: float, digits: str, *, gap: float = GAP) -> None:
        """Press keys in so many seconds, ``gap`` seconds apart, whatever else the caller does.

        Those that the call doesn't live to see are not pressed.
        """
        check_keys(digits)
        for index, digit in enumerate(digits):
            self._switch.later(
                seconds + index * gap,
                lambda digit=digit: None if self._hung_up else self._press(digit),  # type: ignore[misc]
            )

    def hangup(self, cause: HangupCause | str = HangupCause.NORMAL_CLEARING) -> None:
        """Hang up, and wait until the handler has ended as well."""
        self._begin()
        if not self._hung_up:
            self._do(lambda: self._put_down(str(cause)), 0.0)
        self.wait()

    def hangup_after(
        self, seconds: float, cause: HangupCause | str = HangupCause.NORMAL_CLEARING
    ) -> None:
        """Hang up in so many seconds, whatever else the caller does by then."""
        self._switch.later(seconds, lambda: self._put_down(str(cause)))

    def say_nothing(self, seconds: float) -> None:
        """Let so many simulated seconds pass, or less if the call ends."""
        self._begin()
        self._switch.run(lambda: self.ended, seconds)

    def talk(self, seconds: float) -> None:
        """Speak for so many simulated seconds, or less if the call ends.

        A recording that ends with a silence (`record`) counts it from there.
        """
        self._begin()
        self._do(lambda: self._speak(seconds), 0.0)
        self._switch.run(lambda: self.ended, seconds)

    def wait(self, *, timeout: float = CALL_TIMEOUT) -> None:
        """Wait until the call has ended, and its handler has.

        Raises CallFailed if that takes more than ``timeout`` simulated seconds, or if nothing
        will ever end it.
        """
        self._begin()
        if not self._switch.run(lambda: self.ended, timeout):
            what = "its handler goes on" if self._hung_up else "the call is still up"
            if self._switch.idle:
                raise self._failed(f"{what}, and nothing that could end it will ever happen")
            raise self._failed(f"{what} after {timeout:g} s")

    @property
    def ended(self) -> bool:
        """Has the call ended, and its handler?"""
        return self._hung_up and (self._link is None or self._link.ended)

    # Inside

    def _begin(self) -> None:
        self._mark = self._events

    def _do(self, action: Callable[[], None], delay: float) -> None:
        """Let the caller do something, in the order of things."""
        done: list[bool] = []

        def act() -> None:
            action()
            done.append(True)

        self._switch.later(delay, act)
        self._switch.run(lambda: bool(done), None)

    def _asks_for_digit(self) -> bool:
        """Does the handler wait for a digit, itself or by an application that collects them?"""
        if self._channel.digits:
            return False  # it has not even taken the last one
        if self._session is not None:
            waits_for = self._session.waiting_for
            return waits_for == "DTMF" or (waits_for in COLLECTORS and self._collects())
        # Of another program only this is known: what runs on the channel, or that nothing does.
        if not self.answered or any(each != "socket" for each in self._executing):
            return self._collects()
        return self._switch.now_us - self._idle_since >= IDLE * SECOND

    def _collects(self) -> bool:
        """Does an application run that waits for a digit?"""
        none = (self.variable("playback_terminators") or "").lower() == "none"
        return any(
            each in COLLECTORS and not (each == "record" and none) for each in self._executing
        )

    def _press(self, digit: str) -> None:
        if self._hung_up:
            raise self._failed(f"can't press {digit!r}: the call has ended")
        self._note("caller", f"presses {digit}")
        self._channel.press(digit)

    def _speak(self, seconds: float) -> None:
        if self._hung_up:
            raise self._failed("can't talk: the call has ended")
        self._note("caller", f"talks for {seconds:g} s")
        self._channel.quiet_since = self._switch.now_us + round(seconds * SECOND)

    def _put_down(self, cause: str) -> None:
        if self._channel.up:
            self._note("caller", f"hangs up {cause}")
            self._channel.caller_hangs_up(cause)

    def _note(self, who: Party, text: str) -> None:
        """Somebody does something; what the app does besides its commands concerns nobody else."""
        whom: dict[Party, Party] = {"caller": "switch", "switch": "caller", "app": "app"}
        self.transcript.note(self._switch.now_us, who, whom[who], text)

    def tell(self, text: str) -> None:
        """Something happens on another leg of the call."""
        self.transcript.note(self._switch.now_us, "switch", "switch", text)

    def bridge(self, whom: str) -> None:
        """The caller and somebody else hear each other from now on."""
        self._bridged.append(whom)
        self._note("switch", f"bridged to {whom}")

    def _hear(self, heard: Heard) -> None:
        self._events += 1
        sound = next((each for each in reversed(self._sounds) if each.heard is heard), None)
        if heard.is_piece:
            if sound is None:
                self._sounds.append(Sound(heard.prompt, self._events, heard))
            elif heard.ended is not None:
                sound.ended = self._events
        elif sound is None:
            self._sounds.append(Sound(heard.prompt, self._events, heard))
            self._note("switch", f"plays {heard.prompt}")
        else:
            if heard.ended is not None:
                sound.ended = self._events
            verb = {"paused": "pauses", "plays": "resumes", "ended": "ends", "cut": "cuts"}
            self._note("switch", f"{verb[heard.how]} {heard.prompt}")

    def _notice(self, name: str, event: Event) -> None:
        self._events += 1
        self._fired.append((self._events, name))
        if name == "CHANNEL_BRIDGE":
            self._switch.legs.bridged(event)
        elif name == "CHANNEL_UNBRIDGE":
            self._switch.legs.unbridged(event)
        if name not in ("CHANNEL_ANSWER", "CHANNEL_EXECUTE", "CHANNEL_EXECUTE_COMPLETE"):
            return
        application = dict(event.own).get("Application", "")
        if name == "CHANNEL_EXECUTE":
            self._fired.append((self._events, application))
            self._executing.append(application)
        elif name == "CHANNEL_EXECUTE_COMPLETE" and application in self._executing:
            self._executing.remove(application)
            self._idle_since = self._switch.now_us
            if self._session is None:
                self._switch.later(IDLE, lambda: None)  # somebody may wait for it to be idle
        if name == "CHANNEL_ANSWER":
            self._note("switch", "answers")

    def _hang_up(self) -> None:
        self._hung_up = True
        self._note("switch", f"hangs up {self._channel.cause}")

    def _failed(self, why: str) -> CallFailed:
        so_far = self.transcript.so_far()
        return CallFailed(why, lambda: drawn(so_far.entries))


def check_keys(digits: str) -> None:
    if not digits or not all(digit in "0123456789*#ABCDabcd" for digit in digits):
        raise ValueError(f"a caller presses the keys 0-9, *, # and A-D, not {digits!r}")


def same_prompt(played: str, asked: str) -> bool:
    """Is it the same prompt? The suffix may be left out on either side."""
    return played == asked or without_suffix(played) == without_suffix(asked)


def without_suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and "/" not in suffix else name

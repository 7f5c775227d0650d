"""The caller: one simulated call, and the verbs that play the caller.

Each verb blocks in simulated time. A verb that fails says what was heard instead, and shows the
ladder so far.
"""

from __future__ import annotations

import difflib
from bisect import bisect_right
from collections.abc import Callable, Collection
from operator import itemgetter
from typing import TYPE_CHECKING

from eslsync import HangupCause
from eslsync.checked import checked
from eslsync.wire.event_names import parse_event
from eslsync.wire.texts import bytes_of, readable

from ..clockwork.threads import SECOND
from ..ladders.formats import LadderFormat, drawn
from ..ladders.transcript import Transcript
from ..model.dialplan import transfer
from ..model.evidence import Part, StandsOn
from ..model.sounds import speech_length
from ..model.spelling import hint
from .faults import Fault, why_missed
from .given import check_keys, check_seconds, check_text
from .line import END_TIMEOUT, App, HeardPrompt, Line
from .parting import Parting, parting
from .simulation import CALL_TIMEOUT, Simulation

if TYPE_CHECKING:
    from .freeswitch import FreeSwitch

__all__ = ["Call", "CallFailed", "NotModelled", "Refused"]

#: Has pytest show the lines of the failing test, not these.
__tracebackhide__ = True

#: Seconds between two keys pressed in a row, and seconds that each is held.
GAP = 0.2
#: Simulated seconds that `Call.hear` waits for a prompt.
HEAR_TIMEOUT = 60.0


def _check_expected(what: str, applications: Collection[str]) -> None:
    """Raise ValueError for what is neither an event nor an application: it would never come."""
    if what in applications:
        return
    try:
        parse_event(what)
    except ValueError as error:
        close = difflib.get_close_matches(what, applications, 1)
        hint = f", or the application {close[0]!r}" if close else ""
        raise ValueError(f"{error}{hint}") from None


class CallFailed(AssertionError):
    """The call did not go as the test expects.

    ``ladder()`` draws the call; it is called when the failure is shown.
    """

    def __init__(self, why: str, ladder: Callable[[], str] | None = None) -> None:
        super().__init__(why)
        self._ladder = ladder

    def at(self, where: str) -> CallFailed:
        """The same exception, with the place in a script where it was raised."""
        return type(self)(f"{where}: {super().__str__()}", self._ladder)

    def __str__(self) -> str:
        why = super().__str__()
        return why if self._ladder is None else f"{why}\n\n{self._ladder()}"


class NotModelled(CallFailed):
    """The call used something of FreeSWITCH that the simulated switch does not model."""


class Refused(CallFailed):
    """The call asked for something that FreeSWITCH refuses with no more than a line in its log."""


@checked
class Call:
    """One call, from the caller's side; made by `FreeSwitch.call`."""

    def __init__(self, switch: FreeSwitch, simulation: Simulation, line: Line) -> None:
        self._switch = switch
        self._simulation = simulation
        self._line = line

    # Its state

    @property
    def uuid(self) -> str:
        """The channel's uuid."""
        return self._line.channel.uuid

    @property
    def cause(self) -> HangupCause | str | None:
        """The hangup cause; None while the call is up.

        A str for a cause that `HangupCause` lacks. Once the test has looked at it, the call no
        longer fails for an application that FreeSWITCH does not have.
        """
        line = self._begun
        line.cause_seen |= line.hung_up
        return self._cause

    @property
    def _cause(self) -> HangupCause | str | None:
        cause = self._line.channel.hangup_cause
        return HangupCause.known(cause) if cause else None

    @property
    def duration(self) -> float:
        """Seconds from the start of the call to its hangup, or until now."""
        return self._begun.lasts

    @property
    def transcript(self) -> Transcript:
        """Every message and action of the call, in order; ``str()`` of it is one line each."""
        return self._line.transcript

    @property
    def taken(self) -> bool:
        """True if the app was there to take the call; False if nobody listened.

        Once the test has looked at it, the call no longer fails because nobody did.
        """
        line = self._begun
        line.absence_expected |= line.unreached is not None
        return bool(line.links)

    @property
    def outcome(self) -> BaseException | None:
        """The handler's exception, including Hangup; None if it returned."""
        return self._begun.outcome

    @property
    def error(self) -> BaseException | None:
        """The exception of the handler, or of a thread that it started.

        Hangup and Transferred are normal ends, and not among them.
        """
        return self._begun.error

    @property
    def given_back(self) -> bool:
        """True if the handler ended with the call still up, and the dialplan continues."""
        return self._begun.given_back

    @property
    def parting(self) -> Parting | None:
        """How the call and its app parted, as the control connection showed; None until then.

        Of a program that `FreeSwitch.dial` called, it tells an orderly end from one that was
        killed, or that dropped the call: see `Parting`.
        """
        return parting(self._begun)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that have happened, in order."""
        return () if self._begun.tap is None else tuple(self._begun.tap.happened)

    @property
    def missed(self) -> tuple[Fault, ...]:
        """The faults that have not happened; at its end, a call fails because of them."""
        return self._line.missed

    @property
    def answered(self) -> bool:
        """True if the call was answered."""
        return self._begun.answered

    @property
    def heard(self) -> list[str]:
        """The prompts that have begun for the caller, in order.

        Files played as one (``file_string://``) are named one by one.
        """
        return [readable(bytes_of(prompt.name)) for prompt in self._begun.prompts if prompt.told]

    @property
    def bridged(self) -> list[str]:
        """The far ends that the caller was bridged to: dial strings, or other callers' numbers."""
        return list(self._begun.bridged)

    @property
    def stands_on(self) -> StandsOn:
        """The evidence for what the call used of FreeSWITCH; ``str()`` of it counts it."""
        return self._begun.stands_on

    @property
    def not_modelled(self) -> list[Part]:
        """What the call asked for that had no effect, and is not allowed (``allow_unmodelled``).

        The simulated switch does not model it, or FreeSWITCH itself refuses it.
        """
        return list(self._begun.not_modelled)

    @property
    def unknown_applications(self) -> list[str]:
        """The applications that FreeSWITCH does not have, and because of which it hung up."""
        return list(self._begun.unknown)

    @property
    def switch(self) -> FreeSwitch:
        """The switch that the call is in."""
        return self._switch

    @property
    def app(self) -> App:
        """The app that got the call: a handler, or a program's address."""
        return self._line.app

    @property
    def number(self) -> str:
        """The caller's number."""
        return self._line.number

    @property
    def destination(self) -> str:
        """The number that was dialled."""
        return self._line.destination

    @property
    def began(self) -> float:
        """The start of the call, in seconds since the epoch."""
        return self._line.began / SECOND

    @property
    def ended(self) -> bool:
        """True when the call and its handler have ended."""
        return self._line.ended

    def variable(self, name: str) -> str | None:
        """The channel variable ``name``, also after the call's end; None if it is not set."""
        value = self._line.channel.get(name)
        return None if value is None else readable(bytes_of(value))

    def ladder(self, format: LadderFormat = "text") -> str:
        """The call drawn as a ladder: caller, switch, app, with times.

        ``format`` is ``"text"``, ``"svg"`` or ``"mermaid"``; the last two give each leg its own
        lifeline.
        """
        return drawn(
            self.transcript.entries, format, title=f"{self.number} calls {self.destination}"
        )

    def _repr_svg_(self) -> str:
        """The ladder, for notebooks (Jupyter)."""
        return self.ladder("svg")

    def __repr__(self) -> str:
        return f"<Call {self.uuid} {self._cause or 'up'} {self._line.lasts:.3f} s>"

    # The verbs

    def hear(self, prompt: str, *, start: bool = False, timeout: float = HEAR_TIMEOUT) -> None:
        """Wait until a prompt has ended, or was cut; with ``start=True``, until it begins.

        ``prompt`` is the name as the handler gives it, with or without its suffix. A prompt that
        was heard since this call's last verb satisfies the wait. Raises CallFailed if the prompt
        is not heard within ``timeout`` simulated seconds, or before the call ends.
        """
        check_text("hear: the prompt", prompt)
        check_seconds("hear: timeout", timeout)
        line = self._line
        mark = line.mark
        found: list[HeardPrompt] = []

        def heard() -> bool:
            for each in line.prompts:
                moment = each.began if start else each.ended
                if moment is not None and moment > mark and same_prompt(each.name, prompt):
                    found.append(each)
                    return True
            return line.hung_up

        until = self._run(heard, timeout)
        if not found:
            begin = " begin" if start else ""
            instead = [
                each.name
                for each in line.prompts
                if each.told and (each.ended or line.events + 1) > mark
            ]
            raise failed(
                line,
                f"did not hear {prompt!r}{begin} {until}; since the last verb the caller heard "
                f"{', '.join(map(repr, instead)) or 'nothing'}",
            )
        moment = found[0].began if start else found[0].ended
        assert moment is not None
        line.mark = moment

    def expect(self, what: str, *, timeout: float = HEAR_TIMEOUT) -> None:
        """Wait until the call's channel fires an event, or begins an application.

        ``what`` is an event ("CHANNEL_ANSWER", "CUSTOM fifo::info") or an application ("bridge").
        One since this call's last verb satisfies the wait. Raises CallFailed if none comes within
        ``timeout`` simulated seconds, or before the call ends, and ValueError for a name that is
        neither.
        """
        line = self._line
        _check_expected(what, line.channel.switch.applications)
        check_seconds("expect: timeout", timeout)
        mark = line.mark
        seen = bisect_right(line.fired, mark, key=itemgetter(0))
        found: list[int] = []

        def happened() -> bool:
            nonlocal seen
            new = line.fired[seen:]
            seen += len(new)
            found.extend(at for at, name in new if name == what)
            return bool(found) or line.hung_up

        until = self._run(happened, timeout)
        if not found:
            instead = ", ".join(name for at, name in line.fired if at > mark)
            raise failed(
                line, f"{what} did not happen {until}; since the last verb: {instead or 'nothing'}"
            )
        line.mark = found[0]

    def press(self, digits: str, *, gap: float = GAP, when_asked: bool = False) -> None:
        """Press keys, ``gap`` simulated seconds apart; return when the last is pressed.

        With ``when_asked=True``, press the first as soon as the handler waits for a digit, or for
        a `record` that a digit ends. (For a program called by `FreeSwitch.dial`: as soon as an
        application collects digits or records, or none has run on the channel for 1 s.) Raises
        CallFailed if the call has ended, or if the handler does not ask within an hour;
        ValueError if ``digits`` are not keys.
        """
        check_keys(digits)
        check_seconds("press: gap", gap)
        line = self._begin()
        if when_asked:
            asked: list[bool] = []

            def asks() -> bool:
                asked[:] = [line.hung_up or line.asks_for_digit()]
                return asked[0]

            until = self._run(asks, CALL_TIMEOUT)
            if not asked[0] and not line.collects_digits:
                why = f"the handler did not wait for a digit {until}"
                raise failed(line, f"can't press {digits!r}: {why}")
        for index, digit in enumerate(digits):
            self._do(lambda digit=digit: self._press(digit), gap if index else 0.0)  # type: ignore[misc]

    def press_after(self, seconds: float, digits: str, *, gap: float = GAP) -> None:
        """Press ``digits``, ``seconds`` from now and ``gap`` seconds apart, beside other verbs.

        Returns at once. Keys due after the call's end are not pressed.
        """
        check_keys(digits)
        check_seconds("press_after", seconds)
        check_seconds("press_after: gap", gap)
        line = self._line
        for index, digit in enumerate(digits):
            self._simulation.later(
                seconds + index * gap,
                lambda digit=digit: None if line.hung_up else line.press(digit),  # type: ignore[misc]
            )

    def hangup(self, cause: HangupCause | str = HangupCause.NORMAL_CLEARING) -> None:
        """Hang up with ``cause``, and wait until the handler has ended; see `wait`.

        As the first verb, it comes once the handler has begun, in the same moment: FreeSWITCH
        tells an app nothing of a call that ends before (recording 27f).
        """
        check_cause(cause)
        line = self._begin()
        if not line.hung_up:
            self._simulation.run(lambda: line.session is not None or line.hung_up, 0.0)
            self._do(lambda: line.hang_up(str(cause)), 0.0)
        self.wait()

    def hangup_after(
        self, seconds: float, cause: HangupCause | str = HangupCause.NORMAL_CLEARING
    ) -> None:
        """Hang up with ``cause`` ``seconds`` from now, beside other verbs; return at once.

        Raises CallFailed if the call has ended.
        """
        check_cause(cause)
        check_seconds("hangup_after", seconds)
        if self._line.hung_up:
            raise failed(self._line, "can't hang up: the call has ended")
        self._simulation.later(seconds, lambda: self._line.hang_up(str(cause)))

    def transfer(self, extension: str) -> None:
        """Have another client transfer this call to ``extension`` (api ``uuid_transfer``).

        As an operator's console does: the handler meets `eslsync.Transferred`. For an agent's phone
        that transfers see ``transfers`` of `FreeSwitch.endpoint`. Raises CallFailed if the call has
        ended.
        """
        check_text("transfer: the extension", extension)
        line = self._begin()

        def send() -> None:
            if line.hung_up:
                raise failed(line, f"can't be transferred to {extension}: the call has ended")
            line.tell(f"another client transfers the call to {extension}")
            transfer(line.channel, extension)

        self._do(send, 0.0)
        line.awaited = True

    def say_nothing(self, seconds: float) -> None:
        """Let ``seconds`` of simulated time pass, or less if the call ends."""
        check_seconds("say_nothing", seconds)
        self._begin()
        self._simulation.run(lambda: self.ended, seconds)
        self._line.awaited = True

    def talk(self, seconds: float, words: str = "") -> None:
        """Speak for ``seconds`` of simulated time, or less if the call ends.

        The silence that ends a `record` counts from there. ``words`` are what is said: see `says`.
        """
        check_seconds("talk", seconds)
        self._begin()
        self._do(lambda: self._talk(seconds, words), 0.0)
        self._simulation.run(lambda: self.ended, seconds)
        self._line.awaited = True

    def says(self, words: str, *, seconds: float | None = None, when_asked: bool = False) -> None:
        """Say ``words``, for ``seconds`` (default: as long as it takes); return at its end.

        `Channel.play_and_detect_speech` and `Channel.detect_speech` understand it as the
        ``recognizers`` of `FreeSwitch` say. With ``when_asked=True``, begin as soon as one of them
        listens: it hears nothing that is said before. Raises CallFailed if the call has ended, or
        if nobody listens within an hour.
        """
        check_text("says: the words", words)
        if seconds is None:
            seconds = speech_length("", words)
        check_seconds("says: seconds", seconds)
        line = self._begin()
        if when_asked:
            until = self._run(lambda: line.hung_up or line.listened_to, CALL_TIMEOUT)
            if not line.hung_up and not line.listened_to:
                raise failed(line, f"can't say {words!r}: nobody listened {until}")
        self._do(lambda: self._talk(seconds, words), 0.0)
        self._simulation.run(lambda: self.ended, seconds)
        line.awaited = True

    def wait(self, *, timeout: float = CALL_TIMEOUT) -> None:
        """Wait until the call and its handler have ended.

        Raises CallFailed if they have not ended within ``timeout`` simulated seconds, or if
        nothing is due that could end them. Another program must close its connection within
        10 s of the hangup.
        """
        check_seconds("wait: timeout", timeout)
        line = self._begin()
        ended = self._simulation.run(lambda: line.ended or line.overdue, timeout) and line.ended
        line.awaited = True
        if not ended:
            lasts = "the call has ended, but its handler still runs"
            what = lasts if line.hung_up else "the call is still up"
            if line.overdue:
                raise failed(line, f"{parting(line)} within {END_TIMEOUT:g} s")
            waits = waiting_for(line)
            if self._simulation.world.idle:
                raise failed(line, f"{what}, and nothing is due that could end it{waits}")
            raise failed(line, f"{what} after {timeout:g} s{waits}")

    # Inside

    @property
    def _begun(self) -> Line:
        """The line, for an attribute that tells how the call went, or goes."""
        if not self._line.begun:
            raise RuntimeError(
                "the call has not begun, so there is nothing to tell of it: it begins when a verb "
                "waits, such as call.wait(), which lasts to its end"
            )
        return self._line

    def _begin(self) -> Line:
        """Begin a verb: prompts and events before it no longer count."""
        line = self._line
        line.mark = line.events
        return line

    def _run(self, until: Callable[[], bool], timeout: float) -> str:
        """Let time pass until ``until()`` is true; return the time it took, in words."""
        began = self._simulation.now
        self._simulation.run(until, timeout)
        self._line.awaited = True
        if self._line.hung_up:
            return f"before the call ended{_because(self._line)}"
        if self._simulation.now - began < round(timeout * SECOND):
            return "and nothing more will happen"
        return f"within {timeout:g} s"

    def _do(self, action: Callable[[], None], delay: float) -> None:
        """Schedule an action of the caller in ``delay`` seconds, and wait until it is done."""
        done: list[bool] = []

        def act() -> None:
            action()
            done.append(True)

        self._simulation.later(delay, act)
        self._simulation.run(lambda: bool(done), None)

    def _press(self, digit: str) -> None:
        if self._line.hung_up:
            raise failed(self._line, f"can't press {digit!r}: the call has ended")
        self._line.press(digit)

    def _talk(self, seconds: float, words: str) -> None:
        if self._line.hung_up:
            what = f"say {words!r}" if words else "talk"
            raise failed(self._line, f"can't {what}: the call has ended")
        self._line.talk(seconds, words)


def waiting_for(line: Line) -> str:
    """Who waits for what, to follow a failure's text; "" if nobody can tell."""
    runs = ", ".join(each for each in line.executing if each != "socket")
    said = [f"{runs} runs on the channel"] if runs else []
    if line.session is not None and line.session.waiting_for:
        said.append(f"the handler waits for {line.session.waiting_for}")
    elif line.wire is not None:
        sent = [entry for entry in line.transcript.entries if entry.sender == "app"]
        last = f"since {sent[-1].text!r} at {sent[-1].time:.1f} s" if sent else "at all"
        said.append(f"the app has sent nothing {last}")
    return f"; {' and '.join(said)}" if said else ""


def line_of(call: Call) -> Line:
    """The line of a call, for the rest of the simulator."""
    return call._line


def failed(line: Line | None, why: str, kind: type[CallFailed] = CallFailed) -> CallFailed:
    """The exception for a failed call, with its ladder so far."""
    if line is None:
        return kind(why)
    so_far = line.transcript.so_far()
    return kind(why, lambda: drawn(so_far.entries))


def check_end(line: Line, *, raises: bool = True) -> None:
    """Raise CallFailed for what the call shows to be wrong with it, or with the test.

    That is, with ``raises``, an application that FreeSWITCH does not have, unless the test has
    looked at the hangup cause; or another program that is not there, unless the test expects it;
    and a fault that has not happened, unless it is optional.
    """
    if raises and line.unreached is not None and not line.links and not line.absence_expected:
        raise failed(line, line.unreached)
    if raises and line.unknown and not line.cause_seen:
        raise failed(line, why_unknown(line))
    for fault in line.lacking:
        said = [each.message for each in line.transcript.entries if each.message is not None]
        raise failed(line, why_missed(fault, said))


def why_unknown(line: Line) -> str:
    """Why the switch hung up on an application, in words."""
    name, close = next(iter(line.unknown.items()))
    hint = f" (did you mean {close!r}?)" if close else ""
    return f"FreeSWITCH has no application {name!r}{hint}: it hung up, DESTINATION_OUT_OF_ORDER"


def _because(line: Line) -> str:
    return f" ({why_unknown(line)})" if line.unknown else ""


def check_cause(cause: HangupCause | str) -> None:
    """Raise ValueError for what is no hangup cause of FreeSWITCH."""
    if str(cause) not in HangupCause.__members__:
        close = hint(str(cause), HangupCause.__members__)
        raise ValueError(f"there is no hangup cause {str(cause)!r}{close}")


def same_prompt(played: str, asked: str) -> bool:
    """True if both name the same prompt; either may leave out the suffix."""
    return played == asked or without_suffix(played) == without_suffix(asked)


def without_suffix(name: str) -> str:
    """A prompt's name without ``.wav`` or the like."""
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and "/" not in suffix else name

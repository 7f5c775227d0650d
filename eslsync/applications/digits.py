"""Applications about digits: collecting them, sending them, forgetting them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ..call.leg import Collecting
from ..wire.arguments import ANY_KEY, check_digits, word
from ..wire.declared import Declaration
from ..wire.exceptions import TimeoutError
from ..wire.message import Event
from .playing import PlayingApplications, in_a_row
from .units import milliseconds

__all__ = ["DigitApplications", "Digits"]

#: Where FreeSWITCH's collectors leave what they collected.
VARIABLE = "eslsync_digits"
#: The words of their arguments (mod_dptools.c: SWITCH_ADD_APP has the usage of each).
PLAY_AND_GET_DIGITS = (
    "min",
    "max",
    "tries",
    "timeout",
    "terminators",
    "file",
    "invalid_file",
    "variable",
    "regexp",
    "digit_timeout",
    "transfer_on_failure",
)
READ = ("min", "max", "file", "variable", "timeout", "terminators", "digit_timeout")
#: The longest that they collect (mod_dptools.c: a buffer of 128).
LONGEST = 127


class Digits(str):
    """Digits that were collected: a string, empty where none count, and what else is known.

    ``invalid`` holds the digits that were wrong, or too few, of the last try; ``timed_out`` tells
    that the caller pressed nothing, or too little, until the time was over; ``terminator`` is
    the key that ended it, None where none did.
    """

    invalid: str
    timed_out: bool
    terminator: str | None

    def __new__(
        cls,
        digits: str = "",
        *,
        invalid: str = "",
        timed_out: bool = False,
        terminator: str | None = None,
    ) -> Digits:
        self = super().__new__(cls, digits)
        self.invalid = invalid
        self.timed_out = timed_out
        self.terminator = terminator
        return self

    def __repr__(self) -> str:
        more = [
            *([f"invalid={self.invalid!r}"] if self.invalid else []),
            *(["timed_out=True"] if self.timed_out else []),
            *([f"terminator={self.terminator!r}"] if self.terminator else []),
        ]
        return f"Digits({', '.join([str.__repr__(self), *more])})"


class DigitApplications(PlayingApplications):
    @Declaration(
        "play_and_get_digits",
        argument=PLAY_AND_GET_DIGITS,
        prompts=("file", "invalid_file"),
        collects=True,
    )
    def play_and_get_digits(
        self,
        file: str | Sequence[str] | None = None,
        *,
        min: int = 1,
        max: int | None = None,
        tries: int = 1,
        timeout: float = 5.0,
        digit_timeout: float | None = None,
        terminators: str = "#",
        invalid_file: str | Sequence[str] | None = None,
        regexp: str | None = None,
        transfer_on_failure: str | None = None,
        lock: bool = False,
    ) -> Digits:
        """Play a prompt and collect digits (application ``play_and_get_digits``).

        From ``min`` to ``max`` of them (default: as many as ``min``), ended early by one of
        ``terminators`` ("" for none). The first has ``timeout`` seconds from the end of the
        prompt, each of the others ``digit_timeout`` (default: the same); both are 1 s or more,
        and none raises. Digits that don't match ``regexp``, or too few, have ``invalid_file``
        played and the prompt again, ``tries`` times in all.

        Returns the digits, as `Digits`: empty when the last try failed; ``timed_out`` tells
        that the caller pressed too little, ``invalid`` what didn't match. With
        ``transfer_on_failure`` ("extension dialplan context"), FreeSWITCH transfers the
        channel then (recording 14g).

        A digit that was pressed before it began is lost to it (03g, 14c); `get_digits` takes
        those as well. Recordings 03c, 03d, 03e. Raises what `execute` raises, and RuntimeError
        with ``events=False``.
        """
        words = [
            *_how_many(min, max),
            str(_positive("tries", tries)),
            milliseconds(timeout, 1.0),
            _terminators(terminators),
            "silence" if file is None else word(in_a_row(file)),
            word(in_a_row(invalid_file) if invalid_file else ""),
            VARIABLE,
            word(regexp or ""),
        ]
        if digit_timeout is not None or transfer_on_failure:
            words.append(milliseconds(timeout if digit_timeout is None else digit_timeout, 1.0))
        if transfer_on_failure:
            words.append(word(transfer_on_failure))

        def collected(event: Event) -> Digits:
            invalid = event.variables.get(f"{VARIABLE}_invalid", "") if regexp else ""
            return self._collected(event, terminators, invalid)

        return self.leg.run("play_and_get_digits", " ".join(words), collected, lock, None)

    @Declaration("read", argument=READ, prompts=("file",), collects=True, fewest=1)
    def read(
        self,
        file: str | Sequence[str] | None = None,
        *,
        min: int = 1,
        max: int | None = None,
        timeout: float = 5.0,
        digit_timeout: float | None = None,
        terminators: str = "#",
        lock: bool = False,
    ) -> Digits:
        """Play a prompt and collect digits, once (application ``read``; recording 03j).

        As `play_and_get_digits`, with one try and without a pattern.
        """
        words = [
            *_how_many(min, max),
            "silence" if file is None else word(in_a_row(file)),
            VARIABLE,
            milliseconds(timeout, 1.0),
            _terminators(terminators),
            *([] if digit_timeout is None else [milliseconds(digit_timeout, 1.0)]),
        ]

        def collected(event: Event) -> Digits:
            return self._collected(event, terminators, "")

        return self.leg.run("read", " ".join(words), collected, lock, None)

    def _collected(self, event: Event, terminators: str, invalid: str) -> Digits:
        """What one of FreeSWITCH's collectors has left."""
        digits = event.variables.get(VARIABLE, "")
        success = event.variables.get("read_result") == "success"
        # The switch's own read_terminator_used may be an earlier one's (recording 03j), and its
        # NAME_invalid that of an earlier try.
        last = self.leg.last_collected
        return Digits(
            digits,
            invalid=invalid if success and not digits else "",
            timed_out=not digits and not success,
            terminator=last if success and last and last in terminators else None,
        )

    @Declaration("playback", prompts=("prompt", "invalid"), collects=True)
    def get_digits(
        self,
        prompt: str | Sequence[str] | None = None,
        *,
        min: int = 1,
        max: int | None = None,
        terminators: str | None = None,
        timeout: float = 5.0,
        digit_timeout: float | None = None,
        tries: int = 1,
        invalid: str | Sequence[str] | None = None,
        valid: str | Callable[[str], bool] | None = None,
        barge_in: bool = True,
    ) -> Digits:
        """Play a prompt and collect digits from their events, type-ahead included.

        No application of FreeSWITCH's: those lose what was pressed before they began. Here a
        digit that was pressed earlier and that no wait has taken counts; the prompt is cut by
        the first digit (``barge_in``), and is not played at all when one is there. A terminator
        without a digit before it is passed over, where at least one is asked for: it belongs
        to an entry before this.

        From ``min`` to ``max`` digits (default: as many as ``min``), ended early by one of
        ``terminators`` (default: ``#``, but none for a single digit, which may be one). The
        first has ``timeout`` seconds from the end of the prompt, each of the others
        ``digit_timeout`` (default: the same); neither raises. ``valid`` is a regular expression
        that the digits must match as a whole, or a function that says whether they are. What
        is wrong, or too short, has the prompt ``invalid`` played and is asked for again,
        ``tries`` times in all.

        Returns the digits, as `Digits`: empty when the last try failed; ``timed_out`` tells
        that the caller pressed too little in time, ``invalid`` what was wrong. `on_dtmf`
        handlers don't run for these digits. It needs an async socket: a sync one tells no digit
        while nothing runs (06h), and has play_and_get_digits. Waits for the caller, in all for
        no longer than the prompts and timeouts of every try. Raises Hangup or Disconnected
        when the leg or the connection ends, and what ``valid`` raises.
        """
        least, most = map(int, _how_many(min, max))
        if terminators is None:
            terminators = "#" if most > 1 else ""
        check_digits(terminators)
        _positive("tries", tries)
        leg = self.leg
        conversation = leg.conversation
        conversation.check_thread()
        conversation.subscription.check("a digit")
        if not conversation.subscription.is_async:
            raise RuntimeError("get_digits needs an async socket: use play_and_get_digits")
        before, leg.collecting = (
            leg.collecting,
            Collecting(prompt, least, most, tries, terminators, valid),
        )
        try:
            outcome = Digits()
            for attempt in range(tries):
                if attempt:
                    self.flush_digits()  # what was typed after a wrong entry belongs to that
                    if invalid is not None:
                        self.playback(invalid, terminators="none")
                outcome = self._get_once(
                    prompt, least, most, terminators, timeout, digit_timeout, barge_in
                )
                if len(outcome) < least:
                    continue  # too short
                if _is_valid(outcome, valid):
                    break
                outcome = Digits(invalid=str(outcome), terminator=outcome.terminator)
            return outcome
        finally:
            leg.collecting = before

    def _get_once(
        self,
        prompt: str | Sequence[str] | None,
        least: int,
        most: int,
        terminators: str,
        timeout: float,
        digit_timeout: float | None,
        barge_in: bool,
    ) -> Digits:
        conversation = self.leg.conversation
        typeahead = conversation.typeahead
        digits = ""
        terminator = None
        # A # that comes behind the last entry, complete without it, is none of this one.
        ignored = terminators if least else ""
        cut_by = "".join(key for key in ANY_KEY if key not in ignored) if barge_in else "none"
        typeahead.forget_first(self.leg, ignored)
        if prompt is not None and not (barge_in and self.leg.typed_ahead()):
            self.playback(prompt, terminators="any" if cut_by == ANY_KEY else cut_by)
        deadline = conversation.deadline(timeout)
        while len(digits) < most:
            try:
                digit = self.wait("DTMF", conversation.left(deadline)).digit or ""
            except TimeoutError:
                break
            if digit in terminators:
                if not digits and digit in ignored:
                    continue
                terminator = digit
                break
            digits += digit
            deadline = conversation.deadline(timeout if digit_timeout is None else digit_timeout)
        if len(digits) < least:
            return Digits(invalid=digits, timed_out=terminator is None, terminator=terminator)
        return Digits(digits, terminator=terminator)

    @Declaration("send_dtmf", argument=("digits",), digits=True)
    def send_dtmf(
        self, digits: str, *, duration: float | None = None, timeout: float | None = None
    ) -> None:
        """Send digits to the far end (application ``send_dtmf``).

        ``w`` and ``W`` in them are pauses of half a second and of a second; each digit lasts
        ``duration`` seconds (default: the switch's, 0.25). Returns when they are queued. Raises
        ValueError for what is no digit, and what `execute` raises.
        """
        self.leg.do("send_dtmf", _digit_string(digits, duration), timeout)

    @Declaration("queue_dtmf", argument=("digits",), digits=True)
    def queue_dtmf(
        self, digits: str, *, duration: float | None = None, timeout: float | None = None
    ) -> None:
        """As `send_dtmf`, after the leg is answered or bridged (application ``queue_dtmf``)."""
        self.leg.do("queue_dtmf", _digit_string(digits, duration), timeout)

    @Declaration("uuid_recv_dtmf", api=True, digits=True)
    def recv_dtmf(
        self, digits: str, *, duration: float | None = None, timeout: float | None = None
    ) -> None:
        """Let it be as if the leg had pressed these digits (api ``uuid_recv_dtmf``).

        Their events come with DTMF-Source APP (recording 14k); for ``duration`` see `send_dtmf`.
        Raises Hangup if the leg has hung up, and what `Session.api` raises.
        """
        text = _digit_string(digits, duration)
        self.leg.api(f"uuid_recv_dtmf {self.uuid} {text}", timeout)

    @Declaration("start_dtmf")
    def start_dtmf(self, *, timeout: float | None = None) -> None:
        """Listen for digits as tones in the audio (application ``start_dtmf``).

        Their events come with DTMF-Source INBAND_AUDIO (recording 03l). Raises what `execute`
        raises.
        """
        self.leg.do("start_dtmf", "", timeout)

    @Declaration("stop_dtmf")
    def stop_dtmf(self, *, timeout: float | None = None) -> None:
        """Listen for tones no longer (application ``stop_dtmf``). Raises what `execute` raises."""
        self.leg.do("stop_dtmf", "", timeout)

    @Declaration("flush_dtmf", prepares=True)
    def flush_dtmf(self, *, timeout: float | None = None) -> None:
        """Have the switch forget digits that nothing has read there (application ``flush_dtmf``).

        And ours as well: see `flush_digits`. Raises what `execute` raises.
        """
        self.leg.do("flush_dtmf", "", timeout)
        self.flush_digits()

    def flush_digits(self) -> None:
        """Forget the digits that were pressed and that no wait has taken."""
        self.leg.conversation.typeahead.forget(self.leg)


def _how_many(least: int, most: int | None) -> list[str]:
    if most is None:
        most = least if least > 0 else 1
    if not 0 <= least <= most or not 1 <= most <= LONGEST:
        raise ValueError(f"it can't be from {least} to {most} digits (at most {LONGEST})")
    return [str(least), str(most)]


def _positive(name: str, number: int) -> int:
    if number < 1:
        raise ValueError(f"{name} is 1 or more, not {number!r}")
    return number


def _terminators(terminators: str) -> str:
    # An empty word would be "#"; a character that is no key ends nothing.
    return check_digits(terminators) or "none"


def _digit_string(digits: str, duration: float | None) -> str:
    if not digits:
        raise ValueError("there are no digits to send")
    check_digits(digits, also="wW")
    return digits if duration is None else f"{digits}@{milliseconds(duration)}"


def _is_valid(digits: str, valid: str | Callable[[str], bool] | None) -> bool:
    if valid is None:
        return True
    if callable(valid):
        return valid(digits)
    return re.fullmatch(valid, digits) is not None

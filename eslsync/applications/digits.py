"""Applications about digits: to collect, send and discard them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..call.leg import Collecting
from ..callables import check_function, check_returned
from ..checked import checked, renamed
from ..numbers import milliseconds, whole
from ..wire.arguments import ANY_KEY, check_digits, word
from ..wire.declared import Declaration
from ..wire.exceptions import TimeoutError
from ..wire.keys import Keys
from ..wire.message import Event
from ..wire.outcomes import Digits
from .playing import Files, PlayingApplications, in_a_row

__all__ = ["DigitApplications"]

#: The variable in which FreeSWITCH's applications leave the digits they collected.
VARIABLE = "eslsync_digits"
#: The words of their arguments (mod_dptools.c: the usage in each SWITCH_ADD_APP).
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
#: Maximum digits that they collect (mod_dptools.c: a buffer of 128).
LONGEST = 127


@checked
class DigitApplications(PlayingApplications):
    @Declaration(
        "play_and_get_digits",
        argument=PLAY_AND_GET_DIGITS,
        prompts=("file", "invalid_file"),
        collects=True,
    )
    def play_and_get_digits(
        self,
        file: Files | None = None,
        *,
        min: int = 1,
        max: int | None = None,
        tries: int = 1,
        timeout: float = 5.0,
        digit_timeout: float | None = None,
        terminators: str = "#",
        invalid_file: Files | None = None,
        regexp: str | None = None,
        transfer_on_failure: str | None = None,
        lock: bool = False,
    ) -> Digits:
        """Play a prompt and collect digits (application ``play_and_get_digits``).

        The prompt is ``file``, several of them, or None for none. From ``min`` to ``max`` digits
        (default: ``min``), ended early by one of ``terminators`` ("" for none). The caller has
        ``timeout`` seconds from the end of the prompt for the first digit, and ``digit_timeout``
        for each of the others (default: the same). Both are at least 1 s; running out of time
        raises nothing. If the digits don't match ``regexp``, or are too few, ``invalid_file`` is
        played and the prompt again, up to ``tries`` times in all.

        Returns the digits, as `Digits`. If the last try failed they are empty: ``timed_out`` is
        True if the caller pressed too few, ``invalid`` contains those that didn't match. With
        ``transfer_on_failure`` ("extension dialplan context"), FreeSWITCH then transfers the
        channel (recording 14g). If the caller hangs up, ``hangup.digits`` has what they entered.

        Digits pressed before it begins are lost (03g, 14c); `get_digits` takes those, too.
        Recordings 03c, 03d, 03e. Raises what `execute` raises, and RuntimeError with
        ``events=False``.
        """
        least, most = _how_many("play_and_get_digits", min, max)
        words = [
            str(least),
            str(most),
            str(_tries("play_and_get_digits", tries)),
            milliseconds("play_and_get_digits: timeout", timeout, 1.0),
            _terminators(terminators),
            "silence" if file is None else word(in_a_row(file)),
            word(in_a_row(invalid_file) if invalid_file else ""),
            VARIABLE,
            word(regexp or ""),
        ]
        if digit_timeout is not None or transfer_on_failure:
            each = timeout if digit_timeout is None else digit_timeout
            words.append(milliseconds("play_and_get_digits: digit_timeout", each, 1.0))
        if transfer_on_failure:
            words.append(word(transfer_on_failure))
            self.leg.transfers_later = True

        before = self._begin_to_collect()

        def collected(event: Event) -> Digits:
            invalid = self.leg.keys(event.variables.get(f"{VARIABLE}_invalid", ""))
            return self._collected(event, least, terminators, invalid if regexp else "", before)

        return self.leg.run("play_and_get_digits", " ".join(words), collected, lock, None)

    @Declaration("read", argument=READ, prompts=("file",), collects=True, fewest=1)
    def read(
        self,
        file: Files | None = None,
        *,
        min: int = 1,
        max: int | None = None,
        timeout: float = 5.0,
        digit_timeout: float | None = None,
        terminators: str = "#",
        lock: bool = False,
    ) -> Digits:
        """Play a prompt and collect digits, once (application ``read``; recording 03j).

        As `play_and_get_digits`, with one try and no pattern.
        """
        least, most = _how_many("read", min, max)
        words = [
            str(least),
            str(most),
            "silence" if file is None else word(in_a_row(file)),
            VARIABLE,
            milliseconds("read: timeout", timeout, 1.0),
            _terminators(terminators),
            *(
                []
                if digit_timeout is None
                else [milliseconds("read: digit_timeout", digit_timeout, 1.0)]
            ),
        ]

        before = self._begin_to_collect()

        def collected(event: Event) -> Digits:
            return self._collected(event, least or 1, terminators, "", before)

        return self.leg.run("read", " ".join(words), collected, lock, None)

    def _begin_to_collect(self) -> Keys:
        """Forget who ended the entry before; return its digits, in case they are told again."""
        self.leg.last_collected = None
        return self.leg.keys(self.leg.known.variables.get(VARIABLE, ""))

    def _collected(
        self, event: Event, least: int, terminators: str, invalid: str, before: Keys
    ) -> Digits:
        """The digits that a FreeSWITCH application collected."""
        digits = self.leg.keys(event.variables.get(VARIABLE, ""))
        success = event.variables.get("read_result") == "success"
        if digits and digits == before and self.leg.last_collected is None:
            # Nobody has pressed a key, so these are the digits of the entry before. A channel that
            # leaves the dialplan runs no loop (switch_play_and_get_digits), and resets nothing.
            digits, success = Keys(), False
        if self.leg.hangup_event is not None:
            return self._digits(digits)
        # The switch's own read_terminator_used may be an earlier one's (recording 03j), and
        # NAME_invalid an earlier try's.
        last = self.leg.last_collected
        terminator = last if last and last in terminators else None
        if digits and len(digits) < least:
            # too few, but FreeSWITCH leaves them in the variable (switch_ivr_read)
            return self._digits(invalid=digits, timed_out=terminator is None, terminator=terminator)
        return self._digits(
            digits,
            invalid=invalid if success and not digits else "",
            timed_out=not digits and not success,
            terminator=terminator if success else None,
        )

    def _digits(self, digits: str = "", **facts: Any) -> Digits:
        return Digits(digits, hidden=self.leg.conversation.redact.hides_digits, **facts)

    @Declaration("playback", prompts=("file", "invalid_file"), collects=True)
    @renamed(prompt="file", invalid="invalid_file")
    def get_digits(
        self,
        file: Files | None = None,
        *,
        min: int = 1,
        max: int | None = None,
        tries: int = 1,
        timeout: float = 5.0,
        digit_timeout: float | None = None,
        terminators: str | None = None,
        invalid_file: Files | None = None,
        regexp: str | None = None,
        valid: Callable[[str], bool] | None = None,
        barge_in: bool = True,
    ) -> Digits:
        """Play a prompt and collect digits from their events, type-ahead included.

        The prompt is ``file``, several of them, or None for none. This is not a FreeSWITCH
        application; those lose digits pressed before they begin. Here, earlier digits that no wait
        has taken count. The first digit cuts the prompt
        (``barge_in``); if one was typed ahead, the prompt is not played. A terminator with no
        digit before it belongs to an earlier entry, and is ignored if ``min`` is 1 or more.

        From ``min`` to ``max`` digits (default: ``min``), ended early by one of ``terminators``
        (default: ``#``, or none if a single digit is asked for). The caller has ``timeout``
        seconds from the end of the prompt for the first digit, and ``digit_timeout`` for each of
        the others (default: the same); running out of time raises nothing. An entry is valid if
        ``regexp`` matches somewhere in it, as FreeSWITCH's does (``"^[1-3]$"``: all of it), and if
        the function ``valid`` returns True for it. After an entry that is wrong or too short,
        ``invalid_file`` is played and the prompt again, up to ``tries`` times in all.

        Returns the digits, as `Digits`. If the last try failed they are empty: ``timed_out`` is
        True if the caller pressed none, or too few, in time; ``invalid`` contains the wrong ones.
        With ``min=0``, none is an entry, too: ``timed_out`` tells that no terminator ended it.

        `on_dtmf` handlers don't run for these digits. It needs an async socket, because a sync
        one sends digits only while an application runs (06h): use play_and_get_digits there. It
        waits at most for the prompts and timeouts of every try. Raises RuntimeError on a socket
        that sends no digits, Hangup or Disconnected when the leg or the connection ends, and what
        ``valid`` and callbacks raise; then the digits of that try can be waited for again.
        """
        least, most = _how_many("get_digits", min, max)
        if terminators is None:
            terminators = "#" if most > 1 else ""
        terminators = "" if terminators == "none" else check_digits(terminators)
        _tries("get_digits", tries)
        _check_valid(regexp, valid)
        leg = self.leg
        conversation = leg.conversation
        conversation.check_thread()
        conversation.subscription.check("DTMF", leg.uuid)
        if not conversation.subscription.is_async:
            raise RuntimeError("get_digits needs an async socket: use play_and_get_digits")
        before, leg.collecting = (
            leg.collecting,
            Collecting(file, least, most, tries, terminators, regexp or None, valid),
        )
        try:
            with conversation.one_call():
                outcome = self._digits()
                for attempt in range(tries):
                    if attempt:
                        self.flush_digits()  # digits typed after a wrong entry belong to it
                        if invalid_file is not None:
                            self.playback(invalid_file, terminators="none")
                    with conversation.typeahead.unless_it_fails() as had:
                        outcome = self._get_once(
                            file,
                            least,
                            most,
                            terminators,
                            timeout,
                            digit_timeout,
                            barge_in,
                            had,
                        )
                        if len(outcome) < least:
                            continue  # too short
                        if _is_valid(outcome, regexp, valid):
                            break
                    outcome = self._digits(
                        invalid=str(outcome),
                        timed_out=outcome.timed_out,
                        terminator=outcome.terminator,
                    )
                return outcome
        finally:
            leg.collecting = before

    def _get_once(
        self,
        file: Files | None,
        least: int,
        most: int,
        terminators: str,
        timeout: float,
        digit_timeout: float | None,
        barge_in: bool,
        taken: list[Event],
    ) -> Digits:
        conversation = self.leg.conversation
        typeahead = conversation.typeahead
        digits = self.leg.keys("")
        terminator = None
        # A # after the last entry, which was complete without it, does not belong to this one.
        ignored = terminators if least else ""
        cut_by = "".join(key for key in ANY_KEY if key not in ignored) if barge_in else "none"
        typeahead.forget_first(self.leg, ignored)
        with self.leg.tells_at_hangup(lambda _: self._digits(digits)):
            if file is not None and not (barge_in and self.leg.typed_ahead()):
                self.playback(file, terminators="any" if cut_by == ANY_KEY else cut_by)
            deadline = conversation.deadline(timeout)
            while len(digits) < most:
                try:
                    taken.append(self.wait("DTMF", conversation.left(deadline)))
                except TimeoutError:
                    break
                digit = taken[-1].digit or ""
                if digit in terminators:
                    if not digits and digit in ignored:
                        continue
                    terminator = digit
                    break
                digits = self.leg.keys(digits + digit)
                each = timeout if digit_timeout is None else digit_timeout
                deadline = conversation.deadline(each)
        if len(digits) < least:
            return self._digits(invalid=digits, timed_out=terminator is None, terminator=terminator)
        return self._digits(
            digits, timed_out=not digits and terminator is None, terminator=terminator
        )

    @Declaration("send_dtmf", argument=("digits",), digits=True)
    def send_dtmf(
        self, digits: str, *, duration: float | None = None, timeout: float | None = None
    ) -> None:
        """Send digits to the far end (application ``send_dtmf``).

        ``w`` and ``W`` in them are pauses of 0.5 s and 1 s; each digit lasts ``duration`` seconds
        (default: the switch's, 0.25). Returns when they are queued. Raises ValueError for
        anything that is not a digit, and what `execute` raises.
        """
        self.leg.do("send_dtmf", _digit_string("send_dtmf", digits, duration), timeout)

    @Declaration("queue_dtmf", argument=("digits",), digits=True)
    def queue_dtmf(
        self, digits: str, *, duration: float | None = None, timeout: float | None = None
    ) -> None:
        """Send digits to the far end of a bridge (application ``queue_dtmf``).

        FreeSWITCH acts as if the leg pressed them once it is answered. In a bridge, the far end
        hears them. Without one they come back as this leg's own DTMF events, with DTMF-Source APP
        (recording 33k): no wait takes these, and no `on_dtmf` handler runs. For ``duration`` and
        the rest see `send_dtmf`; to have handlers run, use `recv_dtmf`.
        """
        self.leg.do("queue_dtmf", _digit_string("queue_dtmf", digits, duration), timeout)

    @Declaration("uuid_recv_dtmf", api=True, digits=True)
    def recv_dtmf(
        self, digits: str, *, duration: float | None = None, timeout: float | None = None
    ) -> None:
        """Act as if the leg had pressed these digits (api ``uuid_recv_dtmf``).

        Their events have DTMF-Source APP (recording 14k); for ``duration`` see `send_dtmf`.
        Raises Hangup if the leg has hung up, and what `Session.api` raises.
        """
        text = _digit_string("recv_dtmf", digits, duration)
        self.leg.api(f"uuid_recv_dtmf {self.uuid} {text}", timeout)

    @Declaration("start_dtmf")
    def start_dtmf(self, *, timeout: float | None = None) -> None:
        """Listen for digits as tones in the audio (application ``start_dtmf``).

        Their events have DTMF-Source INBAND_AUDIO (recording 03l). Raises what `execute` raises.
        """
        self.leg.do("start_dtmf", "", timeout)

    @Declaration("stop_dtmf")
    def stop_dtmf(self, *, timeout: float | None = None) -> None:
        """Stop listening for tones (application ``stop_dtmf``). Raises what `execute` raises."""
        self.leg.do("stop_dtmf", "", timeout)

    @Declaration("flush_dtmf", prepares=True)
    def flush_dtmf(self, *, timeout: float | None = None) -> None:
        """Discard digits that no application has read (application ``flush_dtmf``).

        Also those that no wait has taken: see `flush_digits`. Raises what `execute` raises.
        """
        self.leg.do("flush_dtmf", "", timeout)
        self.flush_digits()

    def flush_digits(self) -> None:
        """Discard the digits that no wait has taken."""
        conversation = self.leg.conversation
        conversation.typeahead.forget(self.leg)
        conversation.note_return(self.leg)


def _how_many(method: str, least: int, most: int | None) -> tuple[int, int]:
    if most is None:
        most = least if least > 0 else 1
    whole(f"{method}: min", least, 0)
    whole(f"{method}: max", most, 1)
    if not least <= most <= LONGEST:
        raise ValueError(
            f"{method}: min and max must be 0 <= min <= max and 1 <= max <= {LONGEST}, "
            f"not min={least}, max={most}"
        )
    return least, most


def _tries(method: str, tries: int) -> int:
    return whole(f"{method}: tries", tries, 1)


def _terminators(terminators: str) -> str:
    # An empty word would mean "#"; "none" contains no key.
    return "none" if terminators == "none" else check_digits(terminators) or "none"


def _digit_string(method: str, digits: str, duration: float | None) -> str:
    if not digits:
        raise ValueError(f"{method}: digits must not be empty")
    check_digits(digits, also="wW")
    return (
        digits if duration is None else f"{digits}@{milliseconds(f'{method}: duration', duration)}"
    )


def _check_valid(regexp: str | None, valid: Callable[[str], bool] | None) -> None:
    if isinstance(valid, str):
        raise TypeError(
            "get_digits: valid is a function; a pattern is regexp, which matches anywhere: write "
            f"regexp={'^(?:' + valid + ')$'!r}"
        )
    if valid is not None:
        check_function("valid", valid)
    try:
        re.compile(regexp or "")
    except re.error as error:
        raise ValueError(f"get_digits: regexp is no regular expression: {error}") from None


def _is_valid(digits: str, regexp: str | None, valid: Callable[[str], bool] | None) -> bool:
    if regexp and re.search(regexp, digits) is None:
        return False
    if valid is None:
        return True
    answer = valid(digits)
    check_returned("valid", answer)
    return answer

"""Applications that record: a message by the caller, or the whole conversation."""

from __future__ import annotations

from os import fspath

from ..call.leg import as_it_is
from ..checked import checked
from ..numbers import whole, whole_seconds
from ..wire.arguments import check_file, word
from ..wire.declared import Declaration
from ..wire.enums import HangupCause
from ..wire.message import Event, number
from ..wire.outcomes import Recorded
from .playing import File, PlayingApplications, ended_by, terminate_by

__all__ = ["RecordingApplications"]


@checked
class RecordingApplications(PlayingApplications):
    @Declaration("record", records=True)
    def record(
        self,
        file: File,
        *,
        limit: float | None = None,
        silence_threshold: int | None = None,
        silence_seconds: float | None = None,
        terminators: str | None = None,
        lock: bool = False,
        timeout: float | None = None,
    ) -> Recorded:
        """Record the caller into a file (application ``record``); wait for the end.

        Ends after ``limit`` seconds (rounded up to whole ones of FreeSWITCH's clock, so up to 1 s
        later), at one of the keys in ``terminators`` (see `playback`), or when the caller has
        been quieter than ``silence_threshold`` (an energy, such as 200) for ``silence_seconds``.
        Returns a `Recorded` (recording 11a). Most recordings end when the caller hangs up: then
        the `Hangup` has it as ``hangup.recorded`` (21b). The key that ended it satisfies no later
        wait for a digit. If the file can't be written, for instance because its folder does not
        exist, FreeSWITCH hangs up (mod_dptools.c, record_function). Raises ValueError for a
        ``limit`` of 0, and ``silence_seconds`` without ``silence_threshold``. For the rest see
        `execute`.
        """
        if silence_seconds is not None and silence_threshold is None:
            raise ValueError("record: silence_seconds needs silence_threshold")
        if limit is not None and limit <= 0:
            raise ValueError(f"record: limit must be more than 0 s, not {limit!r}")
        file = check_file(file)
        words = [word(file)]
        if limit is not None or silence_threshold is not None:
            words.append(str(0 if limit is None else whole_seconds("record: limit", limit)))
        if silence_threshold is not None:
            words.append(str(whole("record: silence_threshold", silence_threshold, 0)))
            if silence_seconds is not None:
                words.append(str(whole_seconds("record: silence_seconds", silence_seconds)))
        argument = " ".join(words)
        as_it_is(argument)
        terminate_by(self.leg, terminators, timeout)

        before = self.leg.known.variables.get("record_ms")

        def recorded(event: Event) -> Recorded:
            told = event.variables.get("record_ms", "")
            if told == before and self.leg.hangs_up_with(HangupCause.DESTINATION_OUT_OF_ORDER):
                told = ""  # nothing was recorded, and this is the length of the recording before
            return Recorded(file, (number(told) or 0) / 1000, ended_by(self.leg, event))

        outcome = self.leg.run("record", argument, recorded, lock, timeout)
        if outcome.terminator is not None:
            self.leg.conversation.typeahead.forget_last(self.leg, outcome.terminator)
        return outcome

    @Declaration("record_session", records=True)
    def record_session(
        self, file: File, *, limit: float | None = None, timeout: float | None = None
    ) -> None:
        """Record both sides from now on (application ``record_session``).

        ``file`` is where, on the switch. Ends at `stop_record_session`, the hangup, or after
        ``limit`` seconds (rounded up). Returns at once; its events are RECORD_START and RECORD_STOP
        (recordings 11c, 11d). Raises what `execute` raises.
        """
        words = [word(check_file(file))]
        if limit is not None:
            words.append(f"+{whole_seconds('record_session: limit', limit)}")
        self.leg.do("record_session", " ".join(words), timeout)

    @Declaration("stop_record_session", argument=("file",))
    def stop_record_session(self, file: File = "all", *, timeout: float | None = None) -> None:
        """End a `record_session` (application ``stop_record_session``).

        ``file`` is the full path (Record-File-Path of RECORD_START), or "all". Raises ValueError
        if it is empty, and what `execute` raises.
        """
        file = fspath(file)
        if not file:
            raise ValueError("stop_record_session: file must not be empty")
        self.leg.do("stop_record_session", file, timeout)

"""What applications report: the results of a channel's methods."""

from __future__ import annotations

from typing import NamedTuple

from .enums import HangupCause
from .keys import Keys, many
from .recognized import recognized

__all__ = ["Bridged", "Digits", "Played", "Recorded", "Speech"]


class Played(NamedTuple):
    """The outcome of playing."""

    #: Application-Response: ``FILE PLAYED`` (also if a key cut it), ``FILE NOT FOUND``,
    #: ``PLAYBACK ERROR``, ``PHRASE PLAYED``, or ``_none_``. Empty with ``events=False``.
    response: str
    #: The key that cut it (playback_terminator_used); None if none did.
    terminator: str | None
    #: Seconds of a file that the caller heard (playback_last_offset_pos); None if it is not known,
    #: as for `say`, `speak` and `phrase`.
    seconds: float | None

    @property
    def failed(self) -> bool:
        """True if it could not be played: no such file or phrase, or a broken one."""
        return self.response in ("FILE NOT FOUND", "PLAYBACK ERROR", "UNKNOWN ERROR")


class Recorded(NamedTuple):
    """A finished recording."""

    file: str
    #: Its length in seconds (record_ms).
    seconds: float
    #: The key that ended it (playback_terminator_used); None if none did.
    terminator: str | None


class Bridged(NamedTuple):
    """The outcome of a bridge."""

    #: True if the far end took the call, and the two were connected.
    answered: bool
    #: The cause of its end (bridge_hangup_cause), or of its failure (originate_disposition), such
    #: as USER_BUSY, NO_ANSWER, ORIGINATOR_CANCEL. None if it is not known: the far end was
    #: transferred away, or answered but was not connected.
    cause: HangupCause | str | None
    #: The B leg, the one that took the call; None if none did.
    uuid: str | None
    #: Seconds that the two were connected.
    seconds: float
    #: The B leg's channel name (bridge_channel), which says who took the call.
    channel: str | None = None


class Digits(Keys):
    """The collected digits, as a string: empty if none were valid.

    ``invalid`` has the digits of the last try that were wrong or too few; ``timed_out`` is True
    if the caller pressed nothing, or too few, in time; ``terminator`` is the key that ended the
    entry, or None.

    The `repr` tells how many there are, and not which, because reports of errors contain it:
    ``<Digits: 4 digits>``. ``str(digits)`` is the digits. With ``hidden=False``, as in calls of
    ``Outbound(redact=())``, the `repr` has them, too.
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
        hidden: bool = True,
    ) -> Digits:
        self = super().__new__(cls, digits, hidden=hidden)
        self.invalid = Keys(invalid, hidden=hidden)
        self.timed_out = timed_out
        self.terminator = None if terminator is None else Keys(terminator, hidden=hidden)
        return self

    def __repr__(self) -> str:
        more = [
            *([f"invalid={self.invalid!r}"] if self.invalid else []),
            *(["timed_out=True"] if self.timed_out else []),
            *([f"terminator={self.terminator!r}"] if self.terminator else []),
        ]
        if self.hidden:
            return f"<Digits: {', '.join([many(self, 'digit'), *more])}>"
        return f"Digits({', '.join([str.__repr__(self), *more])})"


class _Answer(Keys):
    def __repr__(self) -> str:
        return f"<{many(self, 'character')}>" if self.hidden else str.__repr__(self)


class Speech(Keys):
    """What the caller said, as a string: the words that the engine understood, empty for none.

    ``result`` is the engine's own answer, from which the words are read: the text in JSON, the
    first ``<input>`` in NLSML (XML), or else the whole of it. ``confidence`` is how sure the engine
    is, in its own measure, or None; ``timed_out`` is True if it says that nobody spoke in time.
    ``terminator`` is the key that was pressed instead, or None. ``response`` is
    Application-Response (``DONE``, ``ASR INIT ERROR``, ``GRAMMAR ERROR``, ``ERROR``), or the
    Speech-Type of an event.

    The `repr` tells how many words there are, and not which: callers say PINs, too. See `Digits`.
    """

    result: str
    confidence: float | None
    timed_out: bool
    terminator: str | None
    response: str

    def __new__(
        cls,
        result: str = "",
        *,
        terminator: str | None = None,
        response: str = "",
        hidden: bool = True,
    ) -> Speech:
        text, confidence, timed_out = recognized(result)
        self = super().__new__(cls, text, hidden=hidden)
        self.result = _Answer(result, hidden=hidden)
        self.confidence = confidence
        self.timed_out = timed_out
        self.terminator = None if terminator is None else Keys(terminator, hidden=hidden)
        self.response = response
        return self

    @property
    def failed(self) -> bool:
        """True if nobody listened to the end: no such engine, a grammar that it does not load, no
        such file to play, or a recognizer that was stopped.
        """
        return self.response not in ("", "DONE", "detected-speech")

    def __repr__(self) -> str:
        more = [
            *(["timed_out=True"] if self.timed_out else []),
            *([f"terminator={self.terminator!r}"] if self.terminator else []),
            *([f"response={self.response!r}"] if self.failed else []),
        ]
        words = self.split()
        if self.hidden:
            said = f"{len(words)} word{'' if len(words) == 1 else 's'}"
            return f"<Speech: {', '.join([said, *more])}>"
        return f"Speech({', '.join([str.__repr__(self), *more])})"

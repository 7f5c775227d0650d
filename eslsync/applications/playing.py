"""Applications that play: files, numbers and dates, phrases, text to speech."""

from __future__ import annotations

import re
from collections.abc import Sequence
from os import PathLike, fspath
from typing import TYPE_CHECKING, Literal, TypedDict, overload

from ..call.endless import never_ends
from ..call.execution import Execution
from ..call.leg import Leg, as_it_is, as_text
from ..checked import checked
from ..wire.arguments import check_digits, check_file, is_expanded, word
from ..wire.declared import Declaration
from ..wire.keys import Keys
from ..wire.message import Event, number
from ..wire.outcomes import Played
from ..wire.shown import in_quotes
from ..wire.texts import sendable
from .base import Applications

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["File", "Files", "PlayingApplications"]


#: A file's name, on the machine of the switch; and one or several.
File = str | PathLike[str]
Files = File | Sequence[File]


def in_a_row(file: Files) -> str:
    """A file, or several joined into one name (mod_dptools.c, file_string)."""
    if isinstance(file, (str, PathLike)):
        return check_file(file)
    files = [fspath(each) for each in file]
    if not files or any(
        not file or file.strip(" ") != file or file.startswith("^^") or set("!'\\") & set(file)
        for file in files
    ):
        raise ValueError(
            "files in a row need names without !, quotes, backslashes, blanks at their ends, "
            f"and ^^ at the start: {in_quotes(files)}"
        )
    for file in files:
        check_file(file)
        if "://" not in file and "." not in file.rpartition("/")[2]:
            raise ValueError(
                "FreeSWITCH adds no suffix to files in a row: write "
                f"{in_quotes(file + '.wav')}, for example"
            )
    return files[0] if len(files) == 1 else f"file_string://{'!'.join(files)}"


#: What FreeSWITCH sets when a file ends: the last sample played, those that were read, and how long
#: these last. The application reads ahead, up to 2 s (recording 33j).
MEASURES = LAST_SAMPLE, _, READ_MS = "playback_last_offset_pos", "playback_samples", "playback_ms"
#: Files that are played by others, and measured by nobody (switch_ivr_play_file).
UNMEASURED = re.compile(r"(phrase|say):")
#: The first sample to play, behind the name of a file.
FIRST_SAMPLE = re.compile(r"@@(\d+)$")


def played(leg: Leg, event: Event | None, file: str, before: Event) -> Played:
    """The outcome of playing, from its completion; ``before`` told of earlier playing."""
    if event is None:
        return Played("", None, None)
    response = event.late_header("Application-Response")
    return Played(response, ended_by(leg, event), _seconds(event, file, response, before))


def ended_by(leg: Leg, event: Event) -> Keys | None:
    """The key that ended an application; None if none did."""
    key = event.variables.get("playback_terminator_used")
    return leg.keys(key) if key else None


def _seconds(event: Event, file: str, response: str, before: Event) -> float | None:
    """Seconds that the caller heard of a file; None if the variables are an earlier one's."""
    variables = event.variables
    if response == "PLAYBACK ERROR":
        # cut by a hangup or a transfer, unless it never began
        if all(variables.get(name, "") == before.variables.get(name, "") for name in MEASURES):
            return None
    elif response != "FILE PLAYED" or UNMEASURED.match(file):
        return None
    last = number(variables.get(LAST_SAMPLE, ""))
    if last is not None:
        start = FIRST_SAMPLE.search(file)
        heard = last - (int(start[1]) if start is not None else 0)
        rate = number(event.get("Channel-Read-Codec-Rate", ""))
        if rate:
            return max(heard, 0) / rate  # samples of the channel, whatever the file's are
    milliseconds = number(variables.get(READ_MS, ""))
    return None if milliseconds is None else milliseconds / 1000


class PlayOptions(TypedDict, total=False):
    """The options of methods that play, except ``block``."""

    terminators: str | None
    lock: bool
    timeout: float | None


class BlockingOptions(PlayOptions, total=False):
    """The options of methods that play and wait for the end."""

    block: Literal[True]


def play(
    leg: Leg,
    application: str,
    argument: str,
    terminators: str | None,
    lock: bool,
    block: bool,
    timeout: float | None,
) -> Played | Execution[Played]:
    """Execute an application that plays, as `PlayingApplications.playback` does."""
    terminate_by(leg, terminators, timeout)
    before = leg.known

    def outcome(event: Event | None) -> Played:
        return played(leg, event, argument, before)

    return leg.execute(application, argument, outcome, lock, block, timeout)


def terminate_by(leg: Leg, terminators: str | None, timeout: float | None) -> None:
    """Set the keys that cut the next playback or recording."""
    if terminators is not None and terminators.lower() not in ("any", "none"):
        terminators = check_digits(terminators) or "none"
    if terminators is not None or leg.borrowed.ours:
        leg.borrowed.set(timeout, playback_terminators=terminators)


@checked
class PlayingApplications(Applications):
    @overload
    def playback(
        self, file: Files, *, block: Literal[False], **options: Unpack[PlayOptions]
    ) -> Execution[Played]: ...

    @overload
    def playback(self, file: Files, **options: Unpack[BlockingOptions]) -> Played: ...

    @Declaration("playback", argument=("file",), prompts=("file",), plays=True)
    def playback(
        self,
        file: Files,
        *,
        terminators: str | None = None,
        lock: bool = False,
        block: bool = True,
        timeout: float | None = None,
    ) -> Played | Execution[Played]:
        """Play a file, tone or stream (application ``playback``); wait for its end.

        A list of files, with their suffixes, is played in a row, as one (``file_string://``;
        recording 11o). ``terminators`` are the keys that cut it ("12#", "any", or "" for none);
        None leaves that to the channel's variable playback_terminators (default: ``*``). Returns
        a `Played`; for a file that does not exist, its ``failed`` is True. With ``block=False``,
        returns an `Execution` as soon as it is queued, whose ``stop()`` ends it. For ``lock``,
        ``timeout`` and exceptions see `execute` (recordings 03a, 08b, 11o).
        """
        argument = as_it_is(in_a_row(file))
        return play(self.leg, "playback", argument, terminators, lock, block, timeout)

    @overload
    def say(
        self,
        text: str,
        kind: str = ...,
        method: str = ...,
        *,
        module: str = ...,
        gender: str | None = ...,
        block: Literal[False],
        **options: Unpack[PlayOptions],
    ) -> Execution[Played]: ...

    @overload
    def say(
        self,
        text: str,
        kind: str = ...,
        method: str = ...,
        *,
        module: str = ...,
        gender: str | None = ...,
        **options: Unpack[BlockingOptions],
    ) -> Played: ...

    @Declaration("say", plays=True, untold=True)
    def say(
        self,
        text: str,
        kind: str = "number",
        method: str = "pronounced",
        *,
        module: str = "en",
        gender: str | None = None,
        terminators: str | None = None,
        lock: bool = False,
        block: bool = True,
        timeout: float | None = None,
    ) -> Played | Execution[Played]:
        """Say a number, a date or a spelling in recorded pieces (application ``say``).

        ``kind`` is number, items, currency, name_spelled, current_date_time, telephone_number
        and so on, ``gender`` masculine, feminine or neuter; ``method`` is pronounced, iterated or
        counted; ``module`` is the language, with a dialect as in ``"en:us"`` (recording 11n).
        Raises ValueError for an empty text; for the rest see `playback`.
        """
        for name, name_word in (("kind", kind), ("method", method), ("module", module)):
            if not name_word or " " in name_word:
                raise ValueError(f"say: {name} must be one word, not {in_quotes(name_word)}")
        if not text:
            raise ValueError("say: the text is empty")
        words = [module, kind, method, *([gender] if gender else []), text]
        argument = as_it_is(" ".join(map(word, words)))
        return play(self.leg, "say", argument, terminators, lock, block, timeout)

    @overload
    def speak(
        self,
        text: str,
        voice: str | None = ...,
        engine: str | None = ...,
        *,
        block: Literal[False],
        **options: Unpack[PlayOptions],
    ) -> Execution[Played]: ...

    @overload
    def speak(
        self,
        text: str,
        voice: str | None = ...,
        engine: str | None = ...,
        **options: Unpack[BlockingOptions],
    ) -> Played: ...

    @Declaration("speak", plays=True, untold=True)
    def speak(
        self,
        text: str,
        voice: str | None = None,
        engine: str | None = None,
        *,
        terminators: str | None = None,
        lock: bool = False,
        block: bool = True,
        timeout: float | None = None,
    ) -> Played | Execution[Played]:
        """Speak text with an engine such as flite (application ``speak``; recording 11p).

        The channel's variables tts_voice and tts_engine are the defaults of ``voice`` and
        ``engine``; without either, FreeSWITCH hangs up (mod_dptools.c, speak_function). Blanks
        before the text are not sent, as FreeSWITCH drops them. Raises ValueError for text that
        FreeSWITCH would split; for the rest see `playback`.
        """
        if engine is not None and voice is None:
            raise ValueError("speak: give a voice with the engine")
        text = sendable(text).lstrip(" ")  # as FreeSWITCH does
        names = [name for name in (engine, voice) if name is not None]
        if not text or any(not name or set("|'\\ ") & set(name) for name in names):
            raise ValueError(
                "speak: the text is empty, or voice or engine has blanks, |, quotes or "
                f"backslashes: {in_quotes([*names])}"
            )
        if "|" in text and len(names) < 2:
            raise ValueError("speak: give voice and engine, since the text has a | in it")
        if text.startswith("{"):
            raise ValueError(
                "speak: FreeSWITCH takes { at the start of a text for parameters; begin otherwise"
            )
        if text.endswith("\\") and len(names) < 2:
            raise ValueError("speak: give voice and engine, since the text ends in a backslash")
        argument = as_text("|".join([*names, text]))
        if argument.startswith("^^"):
            raise ValueError(
                "speak: FreeSWITCH takes ^^ at the start for a separator; begin otherwise"
            )
        return play(self.leg, "speak", argument, terminators, lock, block, timeout)

    @overload
    def phrase(
        self, macro: str, data: str = ..., *, block: Literal[False], **options: Unpack[PlayOptions]
    ) -> Execution[Played]: ...

    @overload
    def phrase(self, macro: str, data: str = ..., **options: Unpack[BlockingOptions]) -> Played: ...

    @Declaration("phrase", plays=True, untold=True)
    def phrase(
        self,
        macro: str,
        data: str = "",
        *,
        terminators: str | None = None,
        lock: bool = False,
        block: bool = True,
        timeout: float | None = None,
    ) -> Played | Execution[Played]:
        """Play a phrase macro of the switch's configuration (application ``phrase``).

        The macro's patterns are matched against ``data`` (recording 11n). For an unknown macro,
        ``failed`` is True. Raises ValueError for ``${`` and escapes in ``data``, which FreeSWITCH
        would expand however they were written. For the rest see `playback`.
        """
        if not macro or "," in macro:
            raise ValueError(
                f"phrase: a macro's name can't be empty or have a comma: {in_quotes(macro)}"
            )
        if is_expanded(data):
            # and again in the macro (switch_ivr_play_say.c, switch_ivr_phrase_macro_event)
            raise ValueError(
                "phrase: FreeSWITCH would expand what is in data: ${ or an escape; leave it out"
            )
        argument = as_it_is(f"{macro},{data}" if data else macro)
        return play(self.leg, "phrase", argument, terminators, lock, block, timeout)

    @Declaration("uuid_broadcast", api=True, prompts=("file",))
    def broadcast(
        self,
        file: File,
        leg: Literal["aleg", "bleg", "both"] = "aleg",
        *,
        timeout: float | None = None,
    ) -> None:
        """Play a file to a leg whatever it does (api ``uuid_broadcast``).

        For instance, to a bridged leg, or to both legs of the bridge (recording 11m).
        Returns when it is queued. Raises ValueError for ``application::argument``, Hangup if the
        leg has hung up, and what `Session.api` raises.
        """
        if leg not in ("aleg", "bleg", "both"):
            raise ValueError(f"broadcast: leg must be 'aleg', 'bleg' or 'both', not {leg!r}")
        file = check_file(file)
        _, colon, rest = file.partition(":")
        if colon and rest.startswith(":"):
            raise ValueError(
                f"broadcast: FreeSWITCH would execute it as an application: {in_quotes(file)}; on "
                "this leg use channel.execute()"
            )
        # The file becomes the argument of an application.
        argument = word(as_it_is(file))
        self.leg.api(f"uuid_broadcast {self.uuid} {argument} {leg}", timeout)
        self.leg.may_play = True
        self.leg.may_play_for_ever |= never_ends("playback", argument)

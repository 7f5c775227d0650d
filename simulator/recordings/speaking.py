"""What the caller said in a recording, and what its recognizers understood of it.

Events tell when an engine answered, and with what; when the caller began to speak they tell only if
the engine noticed that during a prompt, which it cuts, or if the app asked for DETECTED_SPEECH.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from eslsync.applications.speech import COMMANDS, DIGIT
from eslsync.wire.recognized import recognized
from eslsync.wire.separation import separate

from ..clockwork.threads import SECOND
from ..model.sounds import FRAME, speech_length
from ..model.speech import (
    BEGINS,
    CLOSED,
    CONFIDENCE,
    DETECTED,
    NO_INPUT_TIMEOUT,
    SILENCE,
    VOICE,
    beyond,
)
from ..model.variables import is_true
from .reading import Sent

__all__ = ["Said", "Speaking", "usual_seconds"]

#: Seconds assumed of speech without words whose beginning is not told.
UNTOLD = 1.0
#: Seconds by which a frame delays what a channel notices, on average.
NOTICED = FRAME / SECOND / 2
#: Seconds within which two events tell of the same answer, or a prompt is cut by what ended it.
AT_ONCE = 0.1
#: Parameters of an engine that say when it notices something, most of them in milliseconds.
VOICE_MS, SILENCE_MS, NO_INPUT = "vad-voice-ms", "vad-silence-ms", "no-input-timeout"
TIMERS = "start-input-timers"
PARAMETER = re.compile(rf"({VOICE_MS}|{SILENCE_MS}|{NO_INPUT}|{TIMERS})[ =]'?(\w+)")
DEFAULTS = {VOICE_MS: VOICE, SILENCE_MS: SILENCE, NO_INPUT: NO_INPUT_TIMEOUT}


@dataclass(frozen=True)
class Said:
    """Something that the caller said, with its time."""

    time: float
    seconds: float
    #: As for `Call.says`: the words, or the engine's whole answer; "" if nobody knows.
    words: str = ""
    #: True if a recognizer heard it to its end.
    heard: bool = False

    @property
    def text(self) -> str:
        """The words alone."""
        return recognized(self.words).text

    def between(self, keys: Iterable[float]) -> Iterator[Said]:
        """What is said before, between and after keys; it is understood at its end."""
        time, end = self.time, self.time + self.seconds
        for key in keys:
            if self.heard and time < key < end:
                yield Said(time, key - time)
                time = key
        yield replace(self, time=time, seconds=end - time)


def usual_seconds(words: str) -> float:
    """Seconds that a caller takes to say this, unless somebody knows better."""
    return speech_length("", words) if words else UNTOLD


class Speaking:
    """Gathers what the caller said, and what was understood, from the events of their channel."""

    def __init__(self) -> None:
        self.said: list[Said] = []
        #: What each engine understood, by grammar; None as long as nobody listened.
        self.understood: dict[str, dict[str, list[str]]] | None = None
        self._engine: str | None = None  # the one that the channel keeps
        self._grammar = ""
        self._asked: tuple[str, str] | None = None  # not known to be there yet
        self._plays = False  # play_and_detect_speech runs
        self._since: float | None = None  # when it began to listen
        self._began: float | None = None  # when the caller began to speak
        self._cut: float | None = None  # when the prompt was cut
        self._answered = -1.0
        self._timers: float | None = None  # when it began to count the time without speech
        self._parameters: dict[str, str] = {}

    def note(self, event: Sent, time: float) -> None:
        """Take an event, which was fired at this time."""
        application = event.get("Application")
        if event.name == "CHANNEL_EXECUTE":
            self._begins(application, event.get("Application-Data"), time)
        elif event.name == "CHANNEL_EXECUTE_COMPLETE" and application == "play_and_detect_speech":
            self._completes(event, time)
        elif event.name == "PLAYBACK_STOP" and self._plays and self._began is None:
            if event.get("Playback-Status") == "break":
                self._cut = time
            else:
                self._since = time  # it noticed nothing before
                self._timers = time if self._timers is None else self._timers
        elif event.name == "DETECTED_SPEECH":
            self._tells(event, time)
        elif event.name == "CHANNEL_HANGUP":
            self._stops(time)

    # What the app asked for

    def _begins(self, application: str, data: str, time: float) -> None:
        self._parameters.update(PARAMETER.findall(data))
        if application == "play_and_detect_speech":
            words = separate(data.partition("detect:")[2], " ", 2)
            if len(words) == 2:
                self._load(*words)
                self._confirm()
                self._listen(time)
                self._plays = True
        elif application == "detect_speech":
            given = [*separate(data, " ", 4), "", "", ""]
            command, words = given[0], given[1:]
            if command in ("stop", "pause"):
                self._stops(time)
                if command == "stop":
                    self._close()
            elif command == "resume":
                self._listen(time)
            elif command.replace("_", "-") == TIMERS and self._timers is None:
                self._timers = time
            elif command == "init":
                self._engine = self._engine or words[0].partition(":")[0].lower()
                self._asked = None
            elif command == "grammar" and self._engine is not None and words[0]:
                self._load(self._engine, words[0])
            elif command not in COMMANDS and words[1]:
                self._load(command, words[0])
                self._listen(time)

    def _load(self, engine: str, grammar: str) -> None:
        if self.understood is None:
            self.understood = {}
        grammar = grammar.lstrip(" ")
        self._grammar = grammar.partition("}")[2] if grammar.startswith("{") else grammar
        self._asked = self._engine or engine.partition(":")[0].lower(), self._grammar
        if self._engine is not None:
            self._confirm()

    def _confirm(self) -> None:
        """Take it that the engine that was asked is there, and has loaded the grammar."""
        if self._asked is not None and self.understood is not None:
            self._engine, grammar = self._asked
            self.understood.setdefault(self._engine, {}).setdefault(grammar, [])
            self._asked = None

    def _listen(self, time: float) -> None:
        self._since, self._began, self._cut = time, None, None
        self._timers = time if is_true(self._parameters.get(TIMERS, "true")) else None

    def _close(self) -> None:
        self._engine = None
        self._parameters.clear()

    # What became of it

    def _completes(self, event: Sent, time: float) -> None:
        self._plays = False
        response, engine = event.get("Application-Response"), self._engine
        if response in ("ASR INIT ERROR", "GRAMMAR ERROR") and self.understood and engine:
            grammars = self.understood[engine]
            if not grammars.get(self._grammar):
                grammars.pop(self._grammar, None)
            if not grammars and response == "ASR INIT ERROR":
                del self.understood[engine]
            self._since = None
            self._close()
            return
        result = event.get("variable_detect_speech_result")
        if result and not result.startswith(DIGIT):
            self._answers(result, time - NOTICED)
        elif self._cut is not None and time - self._cut < AT_ONCE:
            self._since = self._cut = None  # by the key
        else:
            self._stops(time)
        if is_true(event.get("variable_play_and_detect_speech_close_asr")):
            self._close()

    def _tells(self, event: Sent, time: float) -> None:
        self._confirm()
        what = event.get("Speech-Type")
        if what == BEGINS and self._since is not None and self._began is None:
            self._began = time - self._notices
        elif what == DETECTED:
            self._answers(event.body, time)
        elif what == CLOSED:
            self._stops(time)
            self._close()

    def _milliseconds(self, name: str) -> int:
        given = self._parameters.get(name, "")
        return int(given) if given.isdecimal() else DEFAULTS[name]

    @property
    def _notices(self) -> float:
        """Seconds of speech until the engine notices it."""
        return beyond(self._milliseconds(VOICE_MS)) / SECOND

    def _guessed(self, ended: float, usual: float) -> float:
        """When the caller began to speak if nothing tells: before the engine would give up."""
        assert self._since is not None
        began = ended - usual
        if self._timers is not None:
            gives_up = self._timers + self._milliseconds(NO_INPUT) / 1000
            began = min(began, gives_up - self._notices - NOTICED)
        return min(max(began, self._since), ended - self._notices)

    def _begun(self) -> float | None:
        """When the caller began to speak, if anything tells."""
        if self._began is None and self._cut is not None:
            return self._cut - NOTICED - self._notices
        return self._began

    def _stops(self, time: float) -> None:
        """Nobody listens any more: to a caller who speaks, perhaps."""
        began = self._begun()
        if self._since is not None and began is not None and began < time:
            self.said.append(Said(began, time - began))
        self._since = self._began = self._cut = None

    def _answers(self, answer: str, time: float) -> None:
        if self._since is None or time - self._answered < AT_ONCE:
            return  # the same, told twice
        if self._cut is not None and time - self._cut < AT_ONCE:
            self._cut = None  # by the answer
        found = recognized(answer)
        words = self._words(answer.strip())
        usual = usual_seconds(found.text)
        ended = time - beyond(self._milliseconds(SILENCE_MS)) / SECOND
        began = self._begun()
        if began is None:
            began = self._guessed(ended, usual)
        self._answered = time
        self._since = self._began = self._cut = None
        if found.timed_out:
            return
        ended = max(ended, began + self._notices)  # the engine did not wait for the end
        if found.text and abs(ended - began - usual) < 2 * NOTICED:
            began = ended - usual
        self.said.append(Said(began, ended - began, words, heard=True))
        phrases = (self.understood or {}).get(self._engine or "", {}).get(self._grammar)
        if words and phrases is not None and words not in phrases:
            phrases.append(words)

    def _words(self, answer: str) -> str:
        """What must be said to be answered like this by the simulated engine."""
        if answer.startswith("{"):
            own: dict[str, Any] = {"grammar": self._grammar, "text": recognized(answer).text}
            try:
                given = json.loads(answer)
            except (ValueError, RecursionError):
                return answer
            if given == {**own, "confidence": CONFIDENCE}:
                return str(own["text"])
            if given == {**own, "confidence": 0, "error": "no_match"}:
                return ""
        if answer.startswith(("{", "<")):
            return answer
        return recognized(answer).text

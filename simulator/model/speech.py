"""Recognizing the caller's speech (switch_ivr_async.c).

Engines understand when somebody speaks, and what: FreeSWITCH's own engine ``test``
(mod_test.c) is the model of all of them. Its results are JSON; what another engine would answer
can be given as the caller's words, or by a function that stands for the engine.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from eslsync.wire.separation import separate

from ..clockwork.threads import MILLISECOND
from .arguments import atoi
from .media_bugs import MediaBug
from .playing import play
from .sounds import FRAME
from .states import Status
from .talking import phrases_of
from .variables import is_true
from .waiting import Input, fire_copy, sleep

if TYPE_CHECKING:
    from ..clockwork.agenda import Timer
    from ..clockwork.threads import Steps
    from .channel import Channel
    from .digits import Digit
    from .events import SwitchEvent

__all__ = [
    "BEGINS",
    "CLOSED",
    "CONFIDENCE",
    "DETECTED",
    "NO_INPUT_TIMEOUT",
    "SILENCE",
    "VOICE",
    "Recognizer",
    "beyond",
    "detect",
    "open_recognizer",
    "play_and_detect",
]

#: More than so many milliseconds of speech are noticed, and of silence end it (switch_vad.c).
VOICE, SILENCE = 60, 700
#: The defaults of its parameters, in milliseconds.
NO_INPUT_TIMEOUT, SPEECH_TIMEOUT = 5000, 10_000
#: What it understands if the caller's words are not known.
UNTOLD_WORDS, CONFIDENCE = "agent", 87.3
#: Milliseconds for which play_and_detect_speech waits at a time.
PATIENCE = 5000
PARAMETER = "asr_json_param_"
#: The speech types that DETECTED_SPEECH tells.
DETECTED, BEGINS, CLOSED = "detected-speech", "begin-speaking", "closed"


class Recognizer:
    """A speech recognizer on a channel, from ``detect_speech`` until it is stopped."""

    def __init__(self, channel: Channel, engine: str) -> None:
        self.channel = channel
        self.grammar = ""
        self._fires = is_true(channel.get("fire_asr_events"))
        self._words = ""  # a parameter of the engine, in place of the caller's words
        self._no_input_timeout = NO_INPUT_TIMEOUT
        self._speech_timeout = SPEECH_TIMEOUT
        self._voice, self._silence = VOICE, SILENCE
        self._starts_timers = True
        self._timer: Timer | None = None
        self._spoke_at: int | None = None  # when it noticed speech
        self._reset()
        channel.recognizer = self
        engine = engine.partition(":")[0]
        self.engine = engine.lower()
        known = channel.switch.recognizers
        self._understands = None if known is None else known.get(self.engine)
        self._bug = MediaBug(
            channel, "detect_speech", f"{engine}/(null)/(null)/(null)", self._closed
        )
        self._look()

    # What the application does

    def load_grammar(self, text: str) -> bool:
        """``[{<parameter>=<value>,...}]<grammar>``; False if there is none."""
        text = text.lstrip(" ")
        if not text:
            return False
        if text.startswith("{"):
            parameters, closing, text = text[1:].partition("}")
            if not closing:
                return False
            for pair in separate(parameters, ",", 256):
                words = separate(pair, "=", 2)
                if len(words) == 2:
                    self.set_parameter(*words)
        if isinstance(self._understands, Mapping) and text not in self._understands:
            return False
        self.grammar = text
        self._look()
        return True

    def set_parameter(self, name: str, value: str) -> None:
        """Set a parameter of the engine (test_asr_text_param); an unknown one changes nothing."""
        match name.lower():
            case "no-input-timeout":
                self._no_input_timeout = atoi(value)
            case "speech-timeout":
                self._speech_timeout = atoi(value)
            case "start-input-timers":
                self._starts_timers = self._timers = is_true(value)
            case "vad-voice-ms":
                self._voice = atoi(value) or self._voice
            case "vad-silence-ms":
                self._silence = atoi(value) or self._silence
            case "result":
                self._words = value
            case "confidence":
                self._confidence = float(value)
        self._look()

    def take_parameters(self) -> None:
        """Set the parameters that are in variables, ``asr_json_param_<name>``."""
        both = {**self.channel.switch.globals, **dict(self.channel.variables)}
        for name, value in both.items():
            if name.startswith(PARAMETER) and value:
                self.set_parameter(name.removeprefix(PARAMETER), value)
        self._fires = self._fires or is_true(self.channel.get("fire_asr_events"))

    def pause(self) -> None:
        self._ready = False
        self._spoke_at = None
        self._look()

    def resume(self) -> None:
        self._reset()
        self._look()

    def start_timers(self) -> None:
        """Begin to count the time without speech, unless it is counted."""
        if not self._timers:
            self._timers = True
            self._since = self.channel.now
            self._look()

    def stop(self) -> None:
        self._bug.stop()

    # What the engine notices

    @property
    def listens(self) -> bool:
        return self._ready and self._spoke_at is None

    @property
    def phrases(self) -> Collection[str] | None:
        return phrases_of(self._understands, self.grammar)

    def caller_talks(self) -> None:
        self._look()

    def _reset(self) -> None:
        self._ready = True
        self._since = self.channel.now  # when it began to listen
        self._spoke_at = None
        self._timers = self._starts_timers
        self._words, self._confidence = "", CONFIDENCE

    def _look(self) -> None:
        """Schedule what it notices next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._ready or self.channel.recognizer is not self:
            return
        at = self.channel.switch.scheduler.at
        speech = self.channel.speech
        if self._spoke_at is None:
            noticed = max(speech.began, self._since) + beyond(self._voice)
            if noticed <= speech.ended and noticed >= self.channel.now:
                self._timer = at(noticed, self._notice)
            elif self._timers and self._no_input_timeout >= 0:
                silent = self._since + self._no_input_timeout * MILLISECOND
                self._timer = at(silent, self._give_up)
        else:
            ended = speech.ended + beyond(self._silence)
            if self._speech_timeout > 0:
                ended = min(ended, self._spoke_at + self._speech_timeout * MILLISECOND)
            self._timer = at(ended, self._understand)

    def _notice(self) -> None:
        self._spoke_at = self.channel.now
        self._tell(BEGINS)
        self._look()

    def _understand(self) -> None:
        self._ready = False
        self._tell(DETECTED, self._heard(self._words or self.channel.speech.words))

    def _give_up(self) -> None:
        self._ready = False
        self._tell(DETECTED, self._nothing("no_input"))

    def _heard(self, words: str) -> str:
        """The result for the caller's words."""
        understands = self._understands
        if understands is None:
            return self._result(words or UNTOLD_WORDS)
        if callable(understands):
            found = understands(words, self.grammar)
        else:
            phrases = phrases_of(understands, self.grammar) or ()
            found = next((each for each in phrases if _same(each, words)), None)
        return self._result(found) if found else self._nothing("no_match")

    def _nothing(self, why: str) -> str:
        grammar = json.dumps(self.grammar)
        return f'{{"grammar": {grammar}, "text": "", "confidence": 0, "error": "{why}"}}'

    def _result(self, words: str) -> str:
        """The result for these words; words that are JSON or XML are another engine's result."""
        if words.startswith(("{", "<")):
            return words
        text = json.dumps(words, ensure_ascii=False)
        grammar = json.dumps(self.grammar)
        return f'{{"grammar": {grammar}, "text": {text}, "confidence": {self._confidence:f}}}'

    def _tell(self, what: str, result: str = "") -> None:
        """Fire DETECTED_SPEECH if the call asks for it, and send it to the channel."""
        own = [("Speech-Type", what)]
        body = result.encode("utf-8", "surrogateescape") or None
        event = self.channel.switch.event("DETECTED_SPEECH", own, body=body)
        if self._fires:
            fire_copy(self.channel, event)
        if self.channel.up:
            self.channel.queue_event(event)

    def _closed(self) -> None:
        """The engine is closed, with the recognizer or the call."""
        self.channel.recognizer = None
        self._look()
        self._tell(CLOSED)


def _same(phrase: str, words: str) -> bool:
    return phrase.casefold().split() == words.casefold().split()


def beyond(milliseconds: int) -> int:
    """Microseconds of the frames that are together longer than so many milliseconds."""
    return (milliseconds * MILLISECOND // FRAME + 1) * FRAME


def open_recognizer(channel: Channel, engine: str) -> Recognizer | None:
    """The channel's recognizer, which is opened first if there is none; None without the engine
    (switch_ivr_detect_speech_init).
    """
    if isinstance(channel.recognizer, Recognizer):
        return channel.recognizer
    known = channel.switch.recognizers
    if known is not None and engine.partition(":")[0].lower() not in known:
        return None
    return Recognizer(channel, engine)


def detect(channel: Channel, engine: str, grammar: str) -> str:
    """Begin to listen for a grammar, or go on; the response if that fails, else "DONE"
    (switch_ivr_detect_speech).
    """
    resumes = channel.recognizer is not None
    recognizer = open_recognizer(channel, engine)
    if recognizer is None:
        return "ASR INIT ERROR"
    recognizer.take_parameters()
    if not recognizer.load_grammar(grammar):
        recognizer.stop()
        return "GRAMMAR ERROR"
    if resumes:
        recognizer.resume()
    return "DONE"


class _Answer(Input):
    """What ends play_and_detect_speech: the result, or a digit (play_and_detect_input_callback)."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.result: str | None = None
        self.recognized = False  # the recognizer has ended by itself

    def __call__(self, digit: Digit) -> bool:
        terminators = self._channel.get("playback_terminators") or ""
        if terminators.lower() == "any":
            terminators = "1234567890*#"
        elif terminators.lower() == "none":
            terminators = ""
        if self.result is not None or digit.key not in terminators:
            return False
        self._channel.set("playback_terminator_used", digit.key)
        self.result = f"DIGIT: {digit.key}"
        return True

    def event(self, event: SwitchEvent) -> bool:
        if self.result is not None or event.name != "DETECTED_SPEECH":
            return False
        what = dict(event.own).get("Speech-Type")
        if what in (DETECTED, CLOSED):
            body = event.body if what == DETECTED else None
            self.result = (body or b"").decode("utf-8", "surrogateescape")
            self.recognized = True
        return what in (DETECTED, CLOSED, BEGINS)


def play_and_detect(
    channel: Channel, file: str, engine: str, grammar: str
) -> Steps[tuple[str, str]]:
    """Play a file and listen: the response, and the result or the digit
    (switch_ivr_play_and_detect_speech).
    """
    response = detect(channel, engine, grammar)
    if response != "DONE":
        return response, ""
    answer = _Answer(channel)
    status = yield from play(channel, file, answer)
    while status in (Status.SUCCESS, Status.BREAK) and answer.result is None:
        if isinstance(channel.recognizer, Recognizer):
            channel.recognizer.start_timers()
        if not channel.is_ready():
            break
        status = yield from sleep(channel, PATIENCE, answer)
    recognizer = channel.recognizer
    if isinstance(recognizer, Recognizer):
        if not answer.recognized:
            recognizer.pause()
        if is_true(channel.get("play_and_detect_speech_close_asr")):
            recognizer.stop()
    done = answer.result is not None or status is Status.SUCCESS
    return ("DONE" if done else "ERROR"), answer.result or ""

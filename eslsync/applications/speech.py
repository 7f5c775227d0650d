"""Applications that listen to what the caller says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from ..call.answers import EVENT, Answers
from ..call.callbacks import OfLeg
from ..call.leg import Leg
from ..checked import checked
from ..wire.arguments import check_line, item, word
from ..wire.declared import Declaration
from ..wire.message import Event
from ..wire.outcomes import Speech
from ..wire.shown import in_quotes
from .playing import Files, PlayingApplications, in_a_row, terminate_by

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Recognition", "SpeechApplications"]

#: Stands between the file and the engine in the argument (mod_dptools.c).
DETECT = "detect:"
#: What the application leaves if a key ended it, and the key behind it (switch_ivr_async.c).
DIGIT = "DIGIT: "
#: Words after ``detect_speech`` that are commands, and no engines (mod_dptools.c).
COMMANDS = frozenset(
    "grammar nogrammar grammaron grammaroff grammarsalloff init pause resume stop param "
    "start-input-timers start_input_timers".split()
)


@checked
class SpeechApplications(PlayingApplications):
    @Declaration("play_and_detect_speech", prompts=("file",), plays=True, listens=True)
    def play_and_detect_speech(
        self,
        file: Files,
        engine: str,
        grammar: str,
        *,
        parameters: Mapping[str, str | float | bool] | None = None,
        terminators: str | None = None,
        lock: bool = False,
        timeout: float | None = None,
    ) -> Speech:
        """Play a prompt and listen to the caller (application ``play_and_detect_speech``).

        The prompt is ``file``, or several of them. ``engine`` is FreeSWITCH's name of a recognizer
        (``unimrcp``, ``vosk``), and ``grammar`` what that is to understand. Speech cuts the prompt.
        Returns what was said, as `Speech`: empty if it was not understood, or if nobody spoke
        (``timed_out``). Keys among
        ``terminators`` ("12#", "any", or "" for none; None leaves that to the channel's variable
        playback_terminators) end it, too; other keys are ignored.

        ``parameters`` are the engine's own, in milliseconds where they are times. Many engines have
        ``no-input-timeout``, which counts from the beginning of the prompt, or with
        ``{"start-input-timers": "false"}`` from its end (recording 53a). The channel keeps the
        engine, and the engine its parameters, until the call ends or the variable
        play_and_detect_speech_close_asr is true; meanwhile another ``engine`` is not asked (29a).

        If an engine never answers, neither does this method, until ``timeout``: then it raises
        TimeoutError, and the application continues. Raises what `execute` raises, ValueError for
        what FreeSWITCH would take apart otherwise, and RuntimeError with ``events=False``.
        """
        argument = f"{_file(file)} {DETECT}{_engine(engine)} {_grammar(grammar, parameters)}"
        terminate_by(self.leg, terminators, timeout)

        def heard(event: Event) -> Speech:
            result = event.variables.get("detect_speech_result", "")
            key = result.removeprefix(DIGIT) if result.startswith(DIGIT) else None
            response = event.get("Application-Response", "")
            return _speech(self.leg, "" if key else result, key, response)

        speech = self.leg.run("play_and_detect_speech", argument, heard, lock, timeout)
        if speech.terminator is not None:
            self.leg.conversation.typeahead.forget_last(self.leg, speech.terminator)
        return speech

    @Declaration("detect_speech", prepares=True)
    def detect_speech(
        self,
        engine: str,
        grammar: str,
        name: str = "default",
        *,
        parameters: Mapping[str, str | float | bool] | None = None,
        timeout: float | None = None,
    ) -> Recognition:
        """Begin to listen to the caller (application ``detect_speech``); return at once.

        The handler goes on, plays prompts, waits, and asks the `Recognition` for what was said.
        ``engine`` is FreeSWITCH's name of a recognizer, and ``parameters`` are its own, in
        milliseconds where they are times. ``name`` is the grammar's, for engines that switch them
        on and off by name; for the rest see `play_and_detect_speech`. A channel has one recognizer:
        while it is there, this method loads another grammar and has it listen again (recording
        29b).

        It sets the channel's variable fire_asr_events, without which FreeSWITCH tells nothing while
        something is played. Raises what `execute` raises, and RuntimeError on a socket that is not
        async, or if DETECTED_SPEECH would not arrive.
        """
        leg = self.leg
        conversation = leg.conversation
        conversation.check_thread()
        conversation.expect(EVENT, leg)
        if not conversation.subscription.is_async:
            raise RuntimeError("detect_speech needs an async socket: use play_and_detect_speech")
        words = (_engine(engine), _grammar(grammar, parameters), word(name))
        if leg.answers is None:
            leg.answers = Answers(conversation.losses)
            conversation.callbacks.append((EVENT, OfLeg(leg.uuid, leg.answers.note)))
        leg.answers.forget()
        recognition = Recognition(leg, leg.answers)
        leg.borrowed.set(timeout, fire_asr_events="true")
        recognition.command(" ".join(words), timeout)
        return recognition


@checked
class Recognition:
    """A recognizer that listens on a channel, from `Channel.detect_speech` until `stop`.

    It can be used in a ``with`` statement, which stops it. Its methods raise TimeoutError after
    ``timeout`` seconds (None: they wait as long as it takes).
    """

    def __init__(self, leg: Leg, answers: Answers) -> None:
        self._leg = leg
        self._answers = answers

    def wait(self, timeout: float | None = None) -> Speech:
        """Wait until the recognizer has heard something, or gives up; return it as `Speech`.

        An answer that came before satisfies the wait: it is kept until it is asked for, or until
        the next `Channel.detect_speech`. Most engines stop listening with it: `resume` has them
        listen again. Raises TimeoutError after ``timeout`` seconds, and Hangup or Disconnected
        when the leg or the connection ends.
        """
        leg = self._leg
        conversation = leg.conversation
        conversation.expect(EVENT, leg)

        def ready(event: Event | None) -> Event | None:
            # In a callback, events wait for their turn and are only shown.
            if event is not None and event.quick_name == EVENT and event.uuid == leg.uuid:
                self._answers.note(event)
            answer = self._answers.take()
            # The hangup closes the engine (recording 53h).
            ended = answer is not None and answer.serial > (leg.hangup_serial or answer.serial)
            return None if ended else answer

        deadline = conversation.deadline(timeout)
        event = conversation.until(EVENT, ready, deadline, leg, (EVENT,))
        return _speech(leg, event.body, None, event.get("Speech-Type", ""))

    def pause(self, *, timeout: float | None = None) -> None:
        """Stop listening, until `resume`. Raises what `Channel.execute` raises, as all of these."""
        self.command("pause", timeout)

    def resume(self, *, timeout: float | None = None) -> None:
        """Listen again: after an answer, or after `pause`."""
        self.command("resume", timeout)

    def grammar(
        self,
        grammar: str,
        name: str = "default",
        *,
        parameters: Mapping[str, str | float | bool] | None = None,
        timeout: float | None = None,
    ) -> None:
        """Load a grammar called ``name``, for when it listens again.

        ``parameters`` are in the engine's own units.
        """
        words = ("grammar", _grammar(grammar, parameters), word(name))
        self.command(" ".join(words), timeout)

    def param(self, name: str, value: str | float | bool, *, timeout: float | None = None) -> None:
        """Set the parameter ``name`` of the engine to ``value``, in its own units."""
        self.command(f"param {word(_name(name))} {word(_value(value))}", timeout)

    def start_input_timers(self, *, timeout: float | None = None) -> None:
        """Begin to count the time without speech, if the engine doesn't yet."""
        self.command("start-input-timers", timeout)

    def stop(self, *, timeout: float | None = None) -> None:
        """End it; the engine is closed."""
        self.command("stop", timeout)

    def command(self, argument: str, timeout: float | None = None) -> None:
        """Execute ``detect_speech`` with ``argument``, another of its commands."""
        self._leg.do("detect_speech", argument, timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._leg.hangup_event is None and error is None:
            self.stop()

    def __repr__(self) -> str:
        return f"<Recognition on {self._leg.uuid}>"


def _speech(leg: Leg, result: str, key: str | None, response: str) -> Speech:
    hidden = leg.conversation.redact.hides_digits
    return Speech(result, terminator=key, response=response, hidden=hidden)


def _file(file: Files) -> str:
    written = in_a_row(file)
    if not written or DETECT in written or written != written.rstrip():
        raise ValueError(
            f"a file's name is needed, without {DETECT} and blanks at its end: {in_quotes(written)}"
        )
    return written


def _engine(engine: str) -> str:
    if (
        not engine
        or engine.lower() in COMMANDS
        or engine.startswith("^^")  # a separator (switch_utils.c, switch_separate_string)
        or set(engine) & set(" '\\")
    ):
        raise ValueError(
            f"not an engine's name: {in_quotes(engine)}; give that of the module, such as vosk"
        )
    return engine


def _grammar(grammar: str, parameters: Mapping[str, str | float | bool] | None) -> str:
    """The grammar behind its parameters, as a word (switch_core_asr.c)."""
    if not grammar.strip(" "):
        raise ValueError("the grammar is empty: most engines take any word, such as default")
    pairs = []
    for name, value in (parameters or {}).items():
        pairs.append(item(f"{_name(name)}={item(_value(value), '=')}", ","))
        if set("{}") & set(pairs[-1]):
            raise ValueError(
                f"{name}: FreeSWITCH counts the braces in a parameter; set it by Recognition.param"
            )
    if pairs or grammar.startswith(("{", " ")):
        return word(f"{{{','.join(pairs)}}}{grammar}")
    return word(grammar)


def _name(name: str) -> str:
    if not re.fullmatch(r"[\w.:-]+", name):
        raise ValueError(
            f"not a parameter's name: {in_quotes(name)}; use letters, digits, and _ . : - alone"
        )
    return name


def _value(value: str | float | bool) -> str:
    if value == "":
        raise ValueError("FreeSWITCH sets no parameter to an empty value; leave it out")
    if isinstance(value, bool):
        return "true" if value else "false"
    return check_line(str(value))

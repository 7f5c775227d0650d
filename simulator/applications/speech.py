"""Speech recognition: ``detect_speech`` and ``play_and_detect_speech``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eslsync.wire.separation import separate

from ..clockwork.threads import Steps
from ..model import executing
from ..model.speech import Recognizer, detect, open_recognizer, play_and_detect
from ..model.tables import application

if TYPE_CHECKING:
    from ..model.channel import Channel

__all__: list[str] = []

#: Commands that switch grammars on and off. An engine that has none to switch is closed by them,
#: as mod_test is (recording 53e); here the others have them.
GRAMMARS = frozenset({"grammaron", "grammaroff", "grammarsalloff"})
WITHOUT_GRAMMARS = "test"


@application("detect_speech", needs_data=True, recordings="29b 53e 53h")
def detect_speech(channel: Channel, data: str) -> None:
    """``<engine> <grammar> <name>`` to begin, or a command for the recognizer that listens."""
    command, *words = (*separate(data, " ", 4), "", "")[:4] if data else ("",)
    recognizer = channel.recognizer
    assert recognizer is None or isinstance(recognizer, Recognizer)
    command = command.lower()
    if command == "init":
        open_recognizer(channel, words[0])
    elif command in GRAMMARS:
        if recognizer is not None and recognizer.engine == WITHOUT_GRAMMARS:
            recognizer.stop()
    elif command == "nogrammar":
        pass
    elif command in ("grammar", "pause", "resume", "stop", "param") or "timers" in command:
        if recognizer is not None:
            _command(recognizer, command, words)
    elif len(separate(data, " ", 4)) >= 3:
        detect(channel, separate(data, " ", 4)[0], words[0])


def _command(recognizer: Recognizer, command: str, words: list[str]) -> None:
    match command:
        case "grammar":
            if not recognizer.load_grammar(words[0]):
                recognizer.stop()
        case "pause":
            recognizer.pause()
        case "resume":
            recognizer.resume()
        case "stop":
            recognizer.stop()
        case "param":
            recognizer.set_parameter(words[0], words[1])
        case _:  # start-input-timers
            recognizer.start_timers()


@application("play_and_detect_speech", needs_data=True, recordings="29a 53a 53b 53c 53d")
def play_and_detect_speech(channel: Channel, data: str) -> Steps[None]:
    """``<file> detect:<engine> [{<parameters>}]<grammar>``."""
    channel.set("detect_speech_result", None)
    file, marker, rest = data.partition("detect:")
    words = separate(rest, " ", 2)
    if not marker or len(words) != 2:
        executing.refuse(channel, "usage: <file> detect:<engine> {<parameters>}<grammar>")
        executing.respond(channel, "USAGE ERROR")
        return
    response, result = yield from play_and_detect(channel, file.rstrip(), *words)
    if result:
        channel.set("detect_speech_result", result)
    executing.respond(channel, response)

"""Detecting tones: applications and the api command (switch_ivr_tone_detect_session).

A caller's tone is heard if the caller makes one (`Channel.tone`); nothing else is detected.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eslsync.wire.separation import separate

from ..clockwork.threads import MILLISECOND, SECOND, Steps
from ..model import answering, executing, hooks
from ..model.arguments import atoi
from ..model.known_options import note_option
from ..model.media_bugs import MediaBug
from ..model.sounds import FRAME
from ..model.tables import api, application

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.switch import Switch

__all__: list[str] = []

#: Frames until a tone is recognized: three blocks of 102 samples, and the way there.
FIRST_HIT = 4
#: Frames for which a tone is not looked for after a hit, unless ``tone_detect_sleep`` says.
SLEEP = 25
#: Hertz that a tone may differ from the one that is looked for.
NEAR = 20
MOST_TONES = 16


@dataclass(eq=False)
class _Tone:
    key: str
    frequencies: list[float]
    hits_needed: int
    once: bool
    application: str
    data: str
    began: int
    sleep: int  #: frames
    up: bool = True
    hits: int = 0
    due: int | None = None  #: the next hit


@dataclass(eq=False)
class _Detector:
    """The tones that are looked for on a channel, by one media bug."""

    channel: Channel
    tones: list[_Tone] = field(default_factory=list)
    bug: MediaBug | None = None
    runs: bool = False
    until: int | None = None  #: its time limit

    @property
    def due(self) -> int | None:
        if self.bug is None:
            return None
        times = [tone.due for tone in self.tones if tone.up and tone.due is not None]
        return min([*times, *([] if self.until is None else [self.until])], default=None)

    def add(self, tone: _Tone, reads: bool) -> None:
        self.tones.append(tone)
        tone.due = None
        if reads and _hears(self.channel, tone.frequencies):
            tone.due = self.channel.tick() + (FIRST_HIT - 1) * FRAME
        elif self.channel.tone is None:
            why = "nothing is heard of the caller but keys and speech"
            note_option(self.channel.switch, self.channel, f"tone_detect {tone.key}", why)

    def again(self, tone: _Tone) -> None:
        tone.up, tone.hits = True, 0
        if _hears(self.channel, tone.frequencies):
            tone.due = self.channel.tick() + (FIRST_HIT - 1) * FRAME

    def heed(self) -> Steps[None]:
        """Do what is due with this frame (tone_detect_callback)."""
        channel, now = self.channel, self.channel.now
        for tone in list(self.tones):
            if not tone.up or tone.due is None or now < tone.due:
                continue
            tone.hits += 1
            tone.due = now + (tone.sleep + FIRST_HIT - 1) * FRAME
            if tone.hits < tone.hits_needed:
                continue
            tone.up = False
            spent = str((now - tone.began) // MILLISECOND)
            channel.set(f"tone_detect_{tone.key}_total_time", spent)
            yield from hooks.execute_on(channel, "execute_on_tone_detect")
            if tone.application:
                executing.execute_async(channel, tone.application, tone.data)
            self._tell(tone)
            if tone.once:
                self.runs = False
                self._close()
        if self.until is not None and channel.now >= self.until:
            self._close()

    def _tell(self, tone: _Tone) -> None:
        own = (("Detected-Tone", tone.key),)
        switch = self.channel.switch
        switch.publish(switch.event("DETECTED_TONE", own))
        self.channel.queue_event(switch.event("DETECTED_TONE", own))

    def _close(self) -> None:
        self.until = None
        if self.bug is not None:
            bug, self.bug = self.bug, None
            bug.stop()

    def stop(self) -> None:
        for tone in self.tones:
            tone.up = False
        self._close()


class _Detectors:
    """The detectors of a switch's channels."""

    def __init__(self, switch: Switch) -> None:
        self.by_channel: dict[Channel, _Detector] = {}
        switch.when_destroyed.append(lambda channel: self.by_channel.pop(channel, None))


def _hears(channel: Channel, frequencies: list[float]) -> bool:
    tone = channel.tone
    return tone is not None and all(abs(tone - each) <= NEAR for each in frequencies)


def _detect(channel: Channel, words: list[str], hits: int, until: int | None) -> Steps[None]:
    """``<key> <frequency>[,<frequency> ...] [<flags> [<limit> [<application> <data> [<hits>]]]]``:
    look for a tone.
    """
    detectors = channel.switch.state(_Detectors).by_channel
    key, spec, flags, _, app, data = (words + [""] * 6)[:6]
    detector = detectors.get(channel)
    if not key:
        return
    if detector is not None:
        if len(detector.tones) >= MOST_TONES:
            return
        known = [tone for tone in detector.tones if tone.key.lower() == key.lower()]
        if known:
            detector.again(known[0])
            return
    numbers = (re.match(r"\d+(\.\d+)?", each.lstrip(" ")) for each in spec.split(","))
    frequencies = [float(each[0]) for each in numbers if each is not None and float(each[0])]
    if not frequencies:
        return
    hits = max(0, atoi(channel.get("tone_detect_hits"))) or hits or 1
    sleep = max(0, atoi(channel.get("tone_detect_sleep"))) or SLEEP
    if not (yield from answering.pre_answer(channel)):
        return
    if detector is None:
        detector = _Detector(channel)
    if not detector.runs:
        detector.runs = True
        detector.until = until
        detector.bug = MediaBug(channel, "tone_detect", key)
        if detectors.setdefault(channel, detector) is detector:
            channel.listeners.append(detector)
    tone = _Tone(key, frequencies, hits, "o" in flags, app, data, channel.now, sleep)
    detector.add(tone, reads="r" in flags or not flags)
    channel.poke()


def _limit(switch: Switch, word: str) -> tuple[int | None, bool]:
    """When it ends, in microseconds since the epoch, and False for a limit that is refused."""
    second = switch.scheduler.now // SECOND
    if word.startswith("+"):
        seconds = atoi(word[1:])
        return ((second + seconds) * SECOND, True) if seconds > 0 else (None, False)
    at = atoi(word)
    return (None, False) if at < second else (at * SECOND, True)


@application("tone_detect", needs_data=True, recordings="34i")
def tone_detect(channel: Channel, data: str) -> Steps[None]:
    words = separate(data, " ", 7)
    if len(words) < 2:
        executing.refuse(channel, "it needs a key and a tone")
        return
    until, _ = _limit(channel.switch, words[3] if len(words) > 3 else "")
    hits = words[6] if len(words) > 6 else words[4] if len(words) == 5 else ""
    yield from _detect(channel, words, max(0, atoi(hits)), until)


@application("fax_detect", source="mod_dptools.c, fax_detect_session_function")
def fax_detect(channel: Channel, data: str) -> Steps[None]:
    yield from _detect(channel, ["fax", "1100.0", data], 1, None)


@application("stop_tone_detect", recordings="34i")
def stop_tone_detect(channel: Channel, data: str) -> None:
    detectors = channel.switch.state(_Detectors).by_channel
    detector = detectors.pop(channel, None)
    if detector is not None:
        channel.listeners.remove(detector)
        detector.stop()


@api("tone_detect", source="mod_commands.c, tone_detect_session_function")
def tone_detect_api(switch: Switch, argument: str) -> Steps[str]:
    """As the application, for the channel of a uuid before it."""
    words = separate(argument, " ", 8)
    if len(words) < 3:
        return ""
    channel = switch.locate(words[0])
    if channel is None:
        return "-ERR Cannot locate session!\n"
    until = None
    if len(words) > 4:
        until, fits = _limit(switch, words[4])
        if not fits:
            return ""
    hits = max(1, atoi(words[7])) if len(words) > 7 else 1
    yield from _detect(channel, words[1:], hits, until)
    flags = words[3] if len(words) > 3 else ""
    return f"+OK Enabling tone detection '{words[1]}' '{words[2]}' '{flags}'\n"

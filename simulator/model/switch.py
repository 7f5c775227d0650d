"""The switch: the state that its channels and connections share."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Literal, TypeVar

from eslsync import HangupCause
from eslsync.protocol import ARRAY
from eslsync.wire.separation import separate

from ..clockwork.agenda import Agenda
from .arguments import expand
from .events import Block, Headers, Identity, SwitchEvent, elements
from .evidence import Evidence, Kind, Part
from .races import Races
from .sounds import DEFAULT_LENGTH, Media, speech_length
from .spelling import hint
from .tables import ApiCommand, Application, run_api
from .versions import NEWEST, TTS_FILES, Version

if TYPE_CHECKING:
    from .channel import Channel, Controller
    from .talking import Understands

__all__ = ["Dial", "Extension", "Switch"]

#: The most channels that are gone whose uuids are known.
GONE_KEPT = 1000

S = TypeVar("S")

#: The applications of an extension: (application, data) pairs.
Extension = Sequence[tuple[str, str]]
Dial = Callable[["Channel", str], "Controller | None"]


class Switch:
    """A simulated FreeSWITCH, without sockets or a clock.

    ``scheduler`` is its time, ``random`` its only source of randomness (for uuids), and ``races``
    chooses the outcome when FreeSWITCH's threads race. ``applications`` and ``api_commands`` are
    its tables of functions. ``dial`` connects the `socket` application: called with a channel and
    "host:port options", it returns the new connection, or None if nobody listens. ``version`` is
    the version of FreeSWITCH that it is.

    ``prompts``, ``sounds``, ``missing`` and ``only_known`` define the existing sounds (see
    `Media`); ``phrases`` are macros of ``play-file`` and ``say`` actions; ``extensions`` is the
    dialplan for transfers: a regular expression to search for in the destination, and the
    applications to run, in which ``$1`` is its first capture.
    """

    def __init__(
        self,
        scheduler: Agenda,
        random: Random,
        *,
        applications: Mapping[str, Application],
        api_commands: Mapping[str, ApiCommand],
        version: Version = NEWEST,
        dial: Dial | None = None,
        races: Races | None = None,
        sounds: str | Path | None = None,
        prompts: Mapping[str, float] | None = None,
        missing: Collection[str] = (),
        only_known: bool = False,
        default_length: float = DEFAULT_LENGTH,
        sound_prefix: str = "/usr/share/freeswitch/sounds/en/us/callie",
        hostname: str = "freeswitch",
        switchname: str | None = None,
        ipv4: str = "127.0.0.1",
        ipv6: str = "::1",
        core_uuid: str | None = None,
        extensions: Mapping[str, Extension] | None = None,
        phrases: Mapping[str, Extension] | None = None,
        speech_engines: Collection[str] = (),
        recognizers: Mapping[str, Understands] | Collection[str] | None = None,
    ) -> None:
        self.scheduler = scheduler
        self.random = random
        self.applications = applications
        self.api_commands = api_commands
        self.version = version
        self.dial: Dial = dial or (lambda channel, where: None)
        self.races = races or Races()
        self.media = Media(
            prompts=prompts,
            sounds=sounds,
            missing=missing,
            only_known=only_known,
            default=default_length,
        )
        self.sound_prefix = sound_prefix
        self.identity = Identity(
            core_uuid or self.uuid(), hostname, switchname or hostname, ipv4, ipv6
        )
        #: The variables that the core itself sets (switch_core_init).
        self.globals: dict[str, str] = {
            "hostname": hostname,
            "local_ip_v4": ipv4,
            "local_ip_v6": ipv6,
            "sound_prefix": sound_prefix,
            "sounds_dir": sound_prefix,
            "core_uuid": self.identity.core_uuid,
            "hold_music": "local_stream://moh",  # as in FreeSWITCH's own configuration
        }
        self.domain = "127.0.0.1"
        self.extensions = dict(extensions or {})
        self.phrases = dict(phrases or {})
        self.speech_engines = frozenset(engine.lower() for engine in speech_engines)
        #: The engines that understand speech, and what they understand; None if any name is one.
        self.recognizers: Mapping[str, Understands] | None = None
        if recognizers is not None:
            given = recognizers if isinstance(recognizers, Mapping) else dict.fromkeys(recognizers)
            self.recognizers = {name.lower(): each for name, each in given.items()}
        if version.has(TTS_FILES):
            self.media.spoken = self._spoken
        self.languages = frozenset({"en"})
        self.started = scheduler.now

        self.channels: dict[str, Channel] = {}
        #: uuids of the legs that the calls come in by: known, but not modelled
        self.callers: set[str] = set()
        self.sessions = 0
        self.events_made = 0
        #: Called with every event (switch_event_bind).
        self.consumers: list[Callable[[SwitchEvent], None]] = []
        self.subclasses: set[str] = set()  #: of CUSTOM events that were fired
        #: Called with everything in FreeSWITCH that a channel, or nobody's channel, uses.
        self.on_used: Callable[[Part, Channel | None], object] = lambda part, channel: None
        #: Called with an application or extension that does not exist, and the channel that is
        #: hung up because of it.
        self.on_unknown: Callable[[Literal["application", "extension"], str, Channel], object] = (
            lambda kind, name, channel: None
        )
        #: Called with a subclass of CUSTOM that an app waits for, and that no module fires.
        self.on_awaited: Callable[[str, Channel | None], object] = lambda subclass, channel: None
        #: Called with the Job-UUID and the command of a background job that printed an error, its
        #: answer, and the channel whose app had started it.
        self.on_failed_job: Callable[[str, str, str, Channel | None], object] = (
            lambda job, command, answer, channel: None
        )
        #: uuids of the last channels that are gone
        self.gone: deque[str] = deque(maxlen=GONE_KEPT)
        #: Called with every channel that is destroyed.
        self.when_destroyed: list[Callable[[Channel], object]] = []
        self._states: dict[object, object] = {}

    def state(self, kind: Callable[[Switch], S]) -> S:
        """The state of an application or module for this switch; ``kind(switch)`` at first use."""
        try:
            return self._states[kind]  # type: ignore[return-value]
        except KeyError:
            state = self._states[kind] = kind(self)
            return state

    def uuid(self) -> str:
        # as UUID(int=..., version=4), which takes four times as long
        digits = f"{self.random.getrandbits(128):032x}"
        variant = "89ab"[int(digits[16], 16) & 3]
        end = f"{variant}{digits[17:20]}-{digits[20:]}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{end}"

    def not_modelled(self, kind: Kind, name: str, channel: Channel | None, where: str = "") -> None:
        """Report something that FreeSWITCH has and that has no effect here.

        ``name`` is what a user allows it by; ``where`` says where FreeSWITCH has it, or who
        reads it.
        """
        self.on_used(Part(kind, name, Evidence(modelled=False), where), channel)

    def refused(self, name: str, channel: Channel | None, why: str) -> None:
        """Report something that FreeSWITCH refuses with a line in its log, and goes on.

        ``name`` is what a user allows it by.
        """
        self.on_used(Part("argument", name, Evidence(refused=True), why), channel)

    def _spoken(self, text: str) -> float | None:
        """The seconds that an engine speaks ``engine|voice|text`` (tts_file_open)."""
        words = separate(text, "|", 3)
        if len(words) != 3 or words[0].lower() not in self.speech_engines:
            return None
        return speech_length(words[0], words[2])

    # --- channels

    def locate(self, uuid: str) -> Channel | None:
        """The channel with this uuid, if it is up; one that was hung up takes no commands."""
        channel = self.channels.get(uuid)
        return channel if channel is not None and channel.up else None

    def forget(self, channel: Channel) -> None:
        """Remove a destroyed channel, and cancel its tasks."""
        for action in self.when_destroyed:
            action(channel)
        self.gone.append(channel.uuid)
        if self.channels.get(channel.uuid) is channel:  # its uuid may have been reused
            del self.channels[channel.uuid]

    def cause(self, name: str, channel: Channel | None = None) -> str:
        """A hangup cause by name, in any letter case, or by number (switch_channel_str2cause).

        What is no cause is NORMAL_CLEARING, and reported as asked for by ``channel``.
        """
        if name.isdigit():
            for cause in HangupCause:
                if cause.code == int(name):
                    return str(cause)
        known = HangupCause.known(name.upper())
        if isinstance(known, HangupCause):
            return str(known)
        why = f"it is no hangup cause{hint(name, HangupCause.__members__)}, so NORMAL_CLEARING"
        self.refused(f"the cause {name}", channel, why)
        return "NORMAL_CLEARING"

    # --- events

    def event(
        self,
        name: str,
        own: Headers = (),
        blocks: tuple[Block, ...] = (),
        before: Headers = (),
        body: bytes | None = None,
        subclass: str | None = None,
        called_from: tuple[str, str, int] | None = None,
        named_first: bool = True,
        first: Headers = (),
    ) -> SwitchEvent:
        """Make an event with the current time and the next sequence number."""
        self.events_made += 1
        return SwitchEvent(
            name,
            self.identity,
            self.scheduler.now,
            self.events_made,
            own,
            blocks,
            before,
            body,
            subclass,
            called_from,
            named_first,
            first,
        )

    def publish(self, event: SwitchEvent) -> None:
        """Give an event to everybody who consumes events (switch_event_fire)."""
        if event.subclass is not None:
            self.subclasses.add(event.subclass)
        for consumer in self.consumers:
            consumer(event)

    # --- expansion

    def expand(self, text: str, blocks: Iterable[Block] = ()) -> str:
        """Expand a text outside a channel: the headers of an event, globals and api commands."""

        def header(name: str, index: int) -> str | None:
            values = (block.get(name.lower()) for block in blocks)
            value = next((each for each in values if each is not None), None)
            if value is None or index < 0:
                return value
            found = elements(value) if value.startswith(ARRAY) else []
            return found[index] if index < len(found) else None

        def lookup(name: str, index: int) -> str | None:
            return self.globals.get(name)

        return expand(text, lookup, self.api_now, headers=header)

    def api_now(self, name: str, argument: str, channel: Channel | None = None) -> str:
        """Run an api command inside an argument, ``${name(argument)}``; it can't take time.

        An unknown command gives an empty string (switch_api_execute fails).
        """
        steps = run_api(self, name, argument, channel)
        try:
            next(steps)
        except StopIteration as stop:
            answer: str = stop.value
            return answer if name.lower() in self.api_commands else ""
        return ""

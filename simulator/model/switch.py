"""The switch: what its channels and connections have in common."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, Literal
from uuid import UUID

from eslsync import HangupCause

from ..applications import att_xfer as _att_xfer  # noqa: F401
from ..applications import bridge as _bridging  # noqa: F401
from ..applications import conference_commands as _commands  # noqa: F401  (joins the tables)
from ..applications import detectors as _taps  # noqa: F401
from ..applications import eavesdrop as _eavesdrop  # noqa: F401
from ..applications import fifo_commands as _fifo_commands  # noqa: F401
from ..applications import hold as _holding  # noqa: F401
from ..applications import intercept as _intercept  # noqa: F401
from ..applications import record as _recorders  # noqa: F401
from ..applications import redirect as _redirecting  # noqa: F401
from ..applications import uuid_bridge as _uuid_bridge  # noqa: F401
from ..applications.basics import APPLICATIONS, Application
from ..applications.conference import Room
from ..applications.fifo import Fifo
from ..applications.limit import Limit
from ..applications.schedule import Tasks
from ..applications.valet_park import Lot
from ..clockwork.threads import MILLISECOND, SECOND, Scheduler, Steps, Timer, pause
from ..event_socket.audience import Audience
from ..event_socket.listener import Control
from . import ivr
from .api import APIS, run_api, up_time
from .arguments import atoi, expand, separate
from .channel import Channel, Digit
from .events import Block, Event, Headers, Source
from .far_legs import Endpoint, Leg, Seen
from .ivr import SHORTEST_LOOP, OnDigit, Status
from .profile import Profile, Times
from .sounds import DEFAULT_LENGTH, Media
from .states import State

__all__ = ["Switch"]

#: Microseconds between HEARTBEAT events.
HEARTBEAT = 20 * SECOND
#: Milliseconds that each action of a phrase macro is followed by (recording 11n).
PHRASE_PAUSE = 100

#: Keys as switch_utils.h's is_dtmf takes them; ``w`` and ``W`` are pauses where they are sent.
KEYS = "0123456789*#ABCDabcdwWfF"
PAUSES = {"w": SECOND // 2, "W": SECOND}
#: How long a key is pressed, in samples: at least, where nothing is said, and at most.
SHORTEST_DIGIT, USUAL_DIGIT, LONGEST_DIGIT = 400, 2000, 192_000

Extension = Sequence[tuple[str, str]]
Dial = Callable[[Channel, str], "Control | None"]


def inline_actions(text: str) -> list[tuple[str, str]] | None:
    """The inline dialplan: ``app:data,app:data``, or ``m:^:app:data^app:data``."""
    delimiter = ","
    if text[:2].lower() == "m:" and len(text) > 3:
        delimiter, text = text[2], text[3:].removeprefix(":")
    pieces = [each.lstrip(" ").partition(":") for each in separate(text, delimiter)]
    return [(name, data) for name, _, data in pieces] or None


class Switch:
    """A simulated FreeSWITCH, without sockets and without a clock of its own.

    ``scheduler`` is its time, ``random`` its only source of chance (for uuids), and ``dial``
    its way out: called with a channel and "host:port options" when a `socket` application
    runs, it returns the `Control` of the new connection, or None where nobody listens.

    ``prompts``, ``sounds``, ``missing`` and ``only_known`` tell what prompts there are (see
    `Media`); ``phrases`` are macros of `play-file` and `say` actions; ``extensions`` is the
    dialplan for transfers: a regular expression that the destination must match, and the
    applications to run, in which ``$1`` is what it captured.
    """

    version = "1.10.12-release~64bit ( 64bit)"
    version_short = "1.10.12-release  64bit"

    def __init__(
        self,
        scheduler: Scheduler,
        random: Random,
        *,
        dial: Dial | None = None,
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
        shortest_loop: int = SHORTEST_LOOP,
    ) -> None:
        self.scheduler = scheduler
        self.random = random
        self.dial: Dial = dial or (lambda channel, where: None)
        self.media = Media(
            prompts=prompts,
            sounds=sounds,
            missing=missing,
            only_known=only_known,
            default=default_length,
        )
        self.sound_prefix = sound_prefix
        self.source = Source(core_uuid or self.uuid(), hostname, switchname or hostname, ipv4, ipv6)
        #: those that the core itself sets (switch_core_init)
        self.globals: dict[str, str] = {
            "hostname": hostname,
            "local_ip_v4": ipv4,
            "local_ip_v6": ipv6,
            "sound_prefix": sound_prefix,
            "sounds_dir": sound_prefix,
            "core_uuid": self.source.core_uuid,
            "hold_music": "local_stream://moh",  # as FreeSWITCH's own configuration has it
        }
        self.extensions = dict(extensions or {})
        self.phrases = dict(phrases or {})
        self.speech_engines = frozenset(engine.lower() for engine in speech_engines)
        self.languages = frozenset({"en"})
        self.shortest_loop = shortest_loop
        self.applications: Mapping[str, Application] = APPLICATIONS
        self.channels: dict[str, Channel] = {}
        #: uuids of the legs that the calls come in by: known, but not modelled
        self.callers: set[str] = set()
        self.listeners = Audience()
        self.endpoints: dict[str, Endpoint] = {}
        #: told of every far end that is called: its dial string, and for whom
        self.on_dial: Callable[[str, Leg | str, Channel | None], None] | None = None
        self.rooms: dict[str, Room] = {}
        self.conference_members = 0  # that there have been, in all rooms
        self.domain = "127.0.0.1"
        self.fifos: dict[str, Fifo] = {}
        self.lots: dict[str, Lot] = {}
        self.presence_events = 0  # of parking lots
        self.limits: dict[tuple[str, str], Limit] = {}  # by backend and name
        self.tasks = Tasks(self)
        self.sessions = 0
        #: when the first HEARTBEAT comes, and whether one is on the agenda
        self.first_heartbeat = scheduler.now + HEARTBEAT
        self._heartbeat: Timer | None = None
        self.started = scheduler.now
        #: which of two threads is first is a race; how it turns out, one time after the other, by
        #: uuid: when a leg that answers at once is seen in its first states, and whether a peer is
        #: seen in CS_CONSUME_MEDIA before it is bridged
        self.seen_first: dict[str, deque[Seen]] = {}
        self.seen_waiting: dict[str, deque[bool]] = {}
        self.events_made = 0

    def uuid(self) -> str:
        return str(UUID(int=self.random.getrandbits(128), version=4))

    # --- calls

    def incoming(
        self,
        *,
        caller_number: str = "1001",
        caller_name: str = "",
        destination: str = "5000",
        socket: str = "127.0.0.1:5000 async full",
        before: Extension = (),
        after: Extension = (),
        variables: Mapping[str, str] | None = None,
        uuid: str | None = None,
    ) -> Channel:
        """A call comes in; `Channel.start` runs its dialplan: before, the socket, after."""
        uuid, other = uuid or self.uuid(), self.uuid()
        name = f"loopback/{destination}-b"
        created = self.scheduler.now
        profile = Profile(
            uuid=uuid,
            channel_name=name,
            caller_id_name=caller_name,
            caller_id_number=caller_number,
            orig_caller_id_name=caller_name,
            orig_caller_id_number=caller_number,
            callee_id_name="Outbound Call",
            callee_id_number="default",
            ani=caller_number,
            destination_number=destination,
            times=Times(profile_created=created, created=created),
        )
        self.sessions += 2
        self.callers.add(other)
        channel = self.add(profile, [*before, ("socket", socket), *after])
        for key, value in (
            ("direction", "inbound"),
            ("uuid", uuid),
            ("session_id", str(self.sessions)),
            ("channel_name", name),
            ("read_codec", "L16"),
            ("read_rate", "8000"),
            ("write_codec", "L16"),
            ("write_rate", "8000"),
            ("origination_uuid", other),
            ("origination_caller_id_number", caller_number),
            ("origination_caller_id_name", caller_name),
            ("loopback_bowout", "false"),
            ("loopback_bowout_on_execute", "false"),
            ("ignore_early_media", "true"),
            ("other_loopback_leg_uuid", other),
            ("loopback_leg", "B"),
            ("call_uuid", uuid),
            *(variables or {}).items(),
        ):
            channel.set(key, value)
        return channel

    def endpoint(self, target: str, **behaviour: Any) -> None:
        """Tell how a far end behaves: its dial string, and the fields of an `Endpoint`."""
        self.endpoints[target] = Endpoint(**behaviour)

    def takes(self, destination: str, dialplan: Extension) -> Callable[[Leg], Channel]:
        """For an `Endpoint` that is a call to this very switch, with a dialplan of its own."""

        def take(leg: Leg) -> Channel:
            channel = self.incoming(
                caller_number=leg.profile.caller_id_number,
                caller_name=leg.profile.caller_id_name,
                destination=destination,
            )
            channel.run_extension(dialplan)
            self.scheduler.at(self.scheduler.now, channel.start)
            return channel

        return take

    def add(
        self,
        profile: Profile,
        dialplan: Extension,
        *,
        endpoint: Literal["loopback", "sofia"] = "loopback",
    ) -> Channel:
        channel = Channel(self, profile, dialplan, endpoint=endpoint)
        self.channels[channel.uuid] = channel
        return channel

    def locate(self, uuid: str) -> Channel | None:
        """A channel that is up: one that was hung up is nobody's to command any more."""
        channel = self.channels.get(uuid)
        return channel if channel is not None and channel.up else None

    def forget(self, channel: Channel) -> None:
        """The channel is destroyed, and what was to become of it is off."""
        self.tasks.delete(channel.uuid)
        if self.channels.get(channel.uuid) is channel:  # its uuid may have been given again
            del self.channels[channel.uuid]

    def shut_down(self) -> None:
        """`fsctl shutdown now`: every connection ends without a word (recording 16)."""
        for control in self.listeners:
            control.shut_down()

    def cause(self, name: str) -> str:
        """switch_channel_str2cause: a name in any letter case, or its number."""
        if name.isdigit():
            for cause in HangupCause:
                if cause.code == int(name):
                    return str(cause)
        known = HangupCause.known(name.upper())
        return str(known) if isinstance(known, HangupCause) else "NORMAL_CLEARING"

    # --- transfers

    def transfer(
        self, channel: Channel, extension: str = "", dialplan: str = "", context: str = ""
    ) -> None:
        """Send a channel to another extension (switch_ivr_session_transfer)."""
        forwards = channel.get("max_forwards")
        left = atoi(forwards) - 1 if forwards else 70
        if left <= 0:
            channel.hangup("EXCHANGE_ROUTING_ERROR")
            return
        channel.set("max_forwards", str(left))
        old = channel.profile
        extension, dialplan = extension or "service", dialplan or old.dialplan or "XML"
        context = context or old.context or "default"
        channel.flush_digits()
        channel.set("signal_bond", None)
        channel.state_handlers.clear()
        channel.reset_by_transfer = True
        channel.step_profile(
            dialplan=dialplan,
            context=context,
            destination_number=extension,
            rdnis=old.destination_number,
        )
        other = self.locate(channel.get("bridge_to") or "")
        if other is not None:
            other.set("signal_bond", None)
        channel.other_type, channel.other_profile = "", None  # the old profile's
        channel.move_to(State.ROUTING)
        source = (
            f"{self.scheduler.now // SECOND}:{self.uuid()}:bl_xfer:{extension}/{context}/{dialplan}"
        )
        channel.profile = channel.profile._replace(transfer_source=source)
        channel.variables.push("transfer_history", source)
        channel.set("transfer_source", source)

    def go_on_with(self, channel: Channel, dialplan: Extension) -> None:
        """The channel leaves what it does for other applications (xferext, uuid_park)."""
        channel.run_extension(dialplan)
        channel.reset_by_transfer = True
        channel.move_to(State.RESET)

    def route(self, channel: Channel) -> None:
        """The dialplan picks what runs next."""
        profile = channel.profile
        if profile.dialplan.lower() == "inline":
            found = inline_actions(profile.destination_number)
            # inline_dialplan_hunt puts back who was called before
            channel.profile = profile._replace(
                destination_number=profile.rdnis or profile.destination_number, rdnis=""
            )
        else:
            found = self.actions(profile.destination_number, channel)
        if found is None:
            channel.hangup("NO_ROUTE_DESTINATION")
            return
        channel.run_extension(found)
        channel.state = State.EXECUTE

    def actions(self, destination: str, channel: Channel) -> list[tuple[str, str]] | None:
        """What the dialplan has for a destination; what its pattern captured is filled in."""
        for pattern, extension in self.extensions.items():
            match = re.search(pattern, destination)
            if match is None:
                continue
            captured = [match[0], *match.groups("")]
            if match.re.groups:
                channel.set("DP_MATCH", "ARRAY::" + "|:".join(captured))
            found = []
            for name, data in extension:
                for number, text in enumerate(captured):
                    data = data.replace(f"${number}", text)
                found.append((name, data))
            return found
        return None

    # --- events

    def event(
        self,
        name: str,
        own: Headers = (),
        *,
        before: Headers = (),
        blocks: Iterable[Block] = (),
        body: bytes | None = None,
        subclass: str | None = None,
        called_from: tuple[str, str, int] | None = None,
        named_first: bool = True,
    ) -> Event:
        """An event of now, with the next number."""
        self.events_made += 1
        return Event(
            name,
            self.source,
            self.scheduler.now,
            self.events_made,
            own=own,
            before=before,
            blocks=blocks,
            body=body,
            subclass=subclass,
            called_from=called_from,
            named_first=named_first,
        )

    def publish(self, event: Event) -> None:
        """Give an event to every connection that listens for it."""
        for control in self.listeners.of(event):
            if control.wants(event):
                control.deliver(event)

    def beat(self) -> None:
        """Fire HEARTBEATs for as long as a connection listens for them by name.

        Not for whoever listens for everything: something would always be due then, and a
        simulated world could not tell that nothing will ever happen any more.
        """
        if self._heartbeat is None and any(each.wants_heartbeat for each in self.listeners):
            late = max(0, self.scheduler.now - self.first_heartbeat)
            due = self.first_heartbeat + -(-late // HEARTBEAT) * HEARTBEAT
            self._heartbeat = self.scheduler.at(max(due, self.scheduler.now), self._beat)

    def _beat(self) -> None:
        self._heartbeat = None
        up = self.scheduler.now - self.started
        count = str(len(self.channels))
        own = (
            ("Event-Info", "System Ready"),
            ("Up-Time", up_time(up)),
            ("FreeSWITCH-Version", self.version.partition(" ")[0]),
            ("Uptime-msec", str(up // MILLISECOND)),
            ("Session-Count", count),
            ("Max-Sessions", "1000"),
            ("Session-Per-Sec", "200"),
            ("Session-Per-Sec-Last", "0"),
            ("Session-Per-Sec-Max", "0"),
            ("Session-Per-Sec-FiveMin", "0"),
            ("Session-Since-Startup", str(self.sessions)),
            ("Session-Peak-Max", count),
            ("Session-Peak-FiveMin", count),
            ("Idle-CPU", "100.000000"),
        )
        self.publish(self.event("HEARTBEAT", own))
        self.first_heartbeat = self.scheduler.now + HEARTBEAT
        self.beat()

    # --- digits

    def dtmf_string(self, text: str, source: str = "APP") -> list[Digit]:
        """``123@100``: keys, and how long each is pressed in milliseconds."""
        digits = []
        for part in separate(text.removeprefix("~"), "+", 256):
            keys, _, milliseconds = part.partition("@")
            asked = atoi(milliseconds) * 8
            duration = min(asked, LONGEST_DIGIT) if asked > SHORTEST_DIGIT else USUAL_DIGIT
            digits += [Digit(key, duration, source) for key in keys if key in KEYS]
        return digits

    def send_dtmf(self, channel: Channel, text: str) -> Steps[None]:
        """Digits for who is at the channel's other end (switch_core_session_send_dtmf_string).

        A SIP channel queues the pauses; any other waits for them.
        """
        digits = self.dtmf_string(text, "UNKNOWN")
        for digit in digits:
            if digit.key not in PAUSES:
                channel.send_digit(digit)
            elif channel.endpoint != "sofia":
                yield from pause(self.scheduler, PAUSES[digit.key])
        total = sum(digit.duration // 8 + 250 for digit in digits)
        if total:  # with the 250 ms of silence after each (recordings 11l, 14k)
            channel.set("last_dtmf_duration", str(total))

    # --- words

    def expand(self, text: str) -> str:
        """Expansion outside a channel: globals and api commands."""
        return expand(text, self.globals.get, self.api_now)

    def api_now(self, name: str, argument: str) -> str:
        """An api command inside an argument, ``${name(argument)}``: it can't take time.

        One that there is not leaves nothing (switch_api_execute fails).
        """
        if name.lower() not in APIS:
            return ""
        steps = run_api(self, name, argument)
        try:
            next(steps)
        except StopIteration as stop:
            answer: str = stop.value
            return answer
        return ""

    def speech_length(self, text: str) -> int:
        """Microseconds that an engine takes to speak a text (flite's pace, recording 11p)."""
        return (400 + 70 * len(text)) * MILLISECOND

    def phrase(
        self, channel: Channel, macro: str, argument: str, on_digit: OnDigit | None
    ) -> Steps[Status]:
        """Play a phrase macro: ``phrases`` gives its actions, play-file and say."""
        actions = self.phrases.get(macro)
        if actions is None:
            return Status.FALSE
        saved = ivr.sound_prefix(channel)
        channel.set("sound_prefix", self.sound_prefix)
        status = Status.SUCCESS
        for function, data in actions:
            # expanded before it is matched, and after
            data = channel.expand(data.replace("$1", channel.expand(argument)))
            if function == "say":
                status = yield from ivr.say_words(channel, separate(data), on_digit)
            elif function == "play-file":
                status = yield from ivr.play(channel, data, on_digit)
            if status is Status.SUCCESS:
                status = yield from ivr.sleep(channel, PHRASE_PAUSE, on_digit)
            if status is not Status.SUCCESS:
                break
        channel.set("sound_prefix", saved)
        return status

"""The headers that describe a channel in its events (switch_channel_event_set_data)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

from eslsync import CallState

from .events import Block, Headers, plain_lines
from .profile import Profile, when, who
from .states import State
from .variables import OrderedVariables

__all__ = ["WITH_VARIABLES", "Codec", "Description"]

#: Events that carry the channel's variables (switch_channel_event_set_extended_data).
WITH_VARIABLES = frozenset(
    """
    CHANNEL_CREATE CHANNEL_ORIGINATE CHANNEL_UUID CHANNEL_ANSWER CHANNEL_PARK CHANNEL_UNPARK
    CHANNEL_BRIDGE CHANNEL_UNBRIDGE CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_HANGUP
    CHANNEL_HANGUP_COMPLETE REQUEST_PARAMS CHANNEL_DATA CHANNEL_EXECUTE
    CHANNEL_EXECUTE_COMPLETE CHANNEL_DESTROY SESSION_HEARTBEAT API RECORD_START RECORD_STOP
    PLAYBACK_START PLAYBACK_STOP CALL_UPDATE MEDIA_BUG_START MEDIA_BUG_STOP CHANNEL_HOLD
    CHANNEL_UNHOLD TEXT CUSTOM
    """.split()
)


class Codec(NamedTuple):
    """The codec of a channel's media, as events name it."""

    name: str = "L16"
    rate: str = "8000"
    bit_rate: str = "128000"


class Described(Protocol):
    """What is told of a channel."""

    name: str
    call_uuid: str
    variables: OrderedVariables
    profile: Profile
    codec: Codec
    negotiated: bool
    readers: tuple[object, ...]
    callstate: CallState
    answered: bool
    early_media: bool
    hangup_cause: str | None
    in_dialplan: bool
    other_type: str
    other_profile: Profile | None

    @property
    def uuid(self) -> str: ...

    @property
    def read_codec(self) -> Codec: ...

    @property
    def state(self) -> State: ...

    @property
    def running_state(self) -> State: ...

    @property
    def answer_state(self) -> str: ...


#: What the description depends on, besides the variable presence_id.
_STATE = attrgetter(
    "running_state",
    "callstate",
    "state",
    "answered",
    "early_media",
    "hangup_cause",
    "negotiated",
    "readers",
    "codec",
    "name",
    "call_uuid",
    "in_dialplan",
    "profile",
    "other_type",
    "other_profile",
)


#: Something made of a channel's state, and what it was made of.
Made = tuple[tuple[object, ...], Any]


def _again(made: Made | None, make: Callable[..., Any], *of: object) -> Made:
    """``make(*of)``, unless it was made of the same before."""
    return made if made is not None and made[0] == of else (of, make(*of))


class Description:
    """Describes a channel; what has not changed is not made again."""

    def __init__(self, channel: Described) -> None:
        self._channel = channel
        self._described: tuple[object, ...] = ()  # the state that `_blocks` describes
        self._blocks: tuple[Block, ...] = ()
        #: True if programs added fields to a profile: headers that may have any name.
        self.has_fields_added = False
        self._states: Made | None = None
        self._identity: Made | None = None
        self._answer: Made | None = None
        self._profile: Profile | None = None  # the one that `_caller` describes
        self._caller: tuple[Block, ...] = ()
        self._who: dict[str, Made] = {}  # by prefix
        self._when: dict[str, Made] = {}

    def blocks(self) -> tuple[Block, ...]:
        """The channel's state, its identity, and who calls whom."""
        channel = self._channel
        presence = channel.variables.pairs.get("presence_id")  # `get` takes twice as long
        described = presence, _STATE(channel)
        if described != self._described:
            self._described = described
            profile, other = channel.profile, channel.other_profile
            states = channel.running_state, channel.callstate, channel.state
            self._states = _again(self._states, _shared, "channel-", _state_headers, *states)
            self._identity = _again(
                self._identity,
                _identity,
                channel.name,
                channel.uuid,
                profile.direction,
                channel.in_dialplan,
                None if presence is None else presence[1],
                channel.call_uuid,
            )
            # (plain tuples: `_plain` outlives the call, whose objects must not)
            codecs = (channel.read_codec[:], channel.codec[:]) if channel.negotiated else ()
            answer = channel.answer_state, channel.hangup_cause, codecs
            self._answer = _again(self._answer, _shared, "", _answer_headers, *answer)
            if profile is not self._profile:
                self._profile, self._caller = profile, self.of_profile(profile, "Caller")
            self._blocks = self._states[1], self._identity[1], self._answer[1], *self._caller
            self.has_fields_added = bool(profile.soft or (other and other.soft))
            if other is not None:
                kind = Block([("Other-Type", channel.other_type)])
                self._blocks += (kind, *self.of_profile(other, "Other-Leg"))
        return self._blocks

    def of_profile(self, profile: Profile, prefix: str) -> tuple[Block, Block, Block]:
        """A profile's headers under ``prefix``."""
        made = self._who[prefix] = _again(self._who.get(prefix), who, profile[:-1], prefix)
        times = self._when[prefix] = _again(self._when.get(prefix), when, profile.times, prefix)
        before, after = made[1]
        return before, times[1], after


def _state_headers(running: State, call: CallState, state: State) -> Headers:
    return (
        ("Channel-State", str(running)),
        ("Channel-Call-State", call.name),
        ("Channel-State-Number", str(int(state))),
    )


def _shared(prefix: str, make: Callable[..., Headers], *of: object) -> Block:
    """A block of headers that are the same on many channels; they are made when looked up."""
    return Block(partial(make, *of), plain=_plain(make, *of), prefix=prefix)


@lru_cache(maxsize=256)
def _plain(make: Callable[..., Headers], *of: object) -> bytes:
    """Such headers as plain events send them."""
    return plain_lines(make(*of))


def _identity(
    name: str,
    uuid: str,
    direction: str,
    in_dialplan: bool,
    presence: str | None,
    call_uuid: str,
) -> Block:
    headers = [
        ("Channel-Name", name),
        ("Unique-ID", uuid),
        ("Call-Direction", direction),
        ("Presence-Call-Direction", direction),
        ("Channel-HIT-Dialplan", "true" if direction == "inbound" or in_dialplan else "false"),
        ("Channel-Call-UUID", call_uuid),
    ]
    if presence:
        headers.insert(5, ("Channel-Presence-ID", presence))
    return Block(headers)


def _answer_headers(
    state: str, cause: str | None, codecs: tuple[tuple[str, str, str], ...]
) -> Headers:
    headers = [("Answer-State", state)]
    if cause:
        headers.append(("Hangup-Cause", cause))
    for way, (name, rate, bit_rate) in zip(("Read", "Write"), codecs, strict=False):
        headers.append((f"Channel-{way}-Codec-Name", name))
        headers.append((f"Channel-{way}-Codec-Rate", rate))
        headers.append((f"Channel-{way}-Codec-Bit-Rate", bit_rate))
    return headers

"""Caller profiles: who calls whom, and when (switch_caller.c)."""

from __future__ import annotations

from functools import cache
from itertools import compress
from operator import attrgetter
from typing import Any, NamedTuple

from .events import Block

__all__ = [
    "NEVER",
    "PROFILE_HEADERS",
    "PROFILE_VARIABLES",
    "TIME_HEADERS",
    "Profile",
    "Times",
    "when",
    "who",
]


class Times(NamedTuple):
    """When each thing happened, in microseconds since the epoch; 0 if it has not."""

    profile_created: int = 0
    created: int = 0
    answered: int = 0
    progress: int = 0
    progress_media: int = 0
    hungup: int = 0
    transferred: int = 0
    resurrected: int = 0
    bridged: int = 0
    last_hold: int = 0
    hold_accum: int = 0


NEVER = Times()


class Profile(NamedTuple):
    """A caller profile. It is immutable, and replaced as a whole."""

    uuid: str
    channel_name: str
    direction: str = "inbound"
    logical_direction: str = "inbound"
    username: str = ""
    dialplan: str = "xml"
    caller_id_name: str = ""
    caller_id_number: str = ""
    orig_caller_id_name: str = ""
    orig_caller_id_number: str = ""
    callee_id_name: str = ""
    callee_id_number: str = ""
    network_addr: str = ""
    ani: str = ""
    aniii: str = ""
    destination_number: str = ""
    source: str = "mod_loopback"
    transfer_source: str = ""
    context: str = "default"
    rdnis: str = ""
    profile_index: str = "1"
    screen_bit: str = "true"
    privacy_hide_name: str = "false"
    privacy_hide_number: str = "false"
    #: Fields that a program added, in the order in which it did (``soft`` of a caller profile).
    soft: tuple[tuple[str, str], ...] = ()
    times: Times = NEVER  #: the last, see `who`


def who(fields: tuple[Any, ...], prefix: str) -> tuple[Block, Block]:
    """A profile's headers under ``prefix``: "Caller", "Other-Leg", or "Channel".

    ``fields`` are all but the times, which usually change alone: one block stands before them and
    one after.
    """
    profile = Profile(*fields)
    # (the original caller is listed only if there is a caller)
    if not (profile.caller_id_name and profile.caller_id_number):
        profile = profile._replace(
            orig_caller_id_name=profile.caller_id_name and profile.orig_caller_id_name,
            orig_caller_id_number=profile.caller_id_number and profile.orig_caller_id_number,
        )
    names, flags, _ = _headers_under(prefix)
    values = _PROFILE_FIELDS(profile)
    pairs = [*compress(zip(names, values, strict=True), values), *profile.soft]
    begin = f"{prefix.lower()}-"
    return (
        Block(pairs, prefix="" if profile.soft else begin),
        Block(list(zip(flags, _FLAG_FIELDS(profile), strict=True)), prefix=begin),
    )


def when(times: Times, prefix: str) -> Block:
    """The headers of a profile's times."""
    *_, names = _headers_under(prefix)
    return Block(
        lambda: list(zip(names, map(str, times), strict=True)),
        plain=_plain_times(prefix) % times,
        prefix=f"{prefix.lower()}-",
    )


@cache
def _plain_times(prefix: str) -> bytes:
    """The headers of a profile's times, without the times."""
    return "".join(f"{name}: %d\n" for name in _headers_under(prefix)[-1]).encode()


@cache
def _headers_under(prefix: str) -> tuple[list[str], list[str], list[str]]:
    """The names of a profile's headers, its flags' and its times'."""
    profile, flags, times = (
        [f"{prefix}-{name}" for name, _ in table]
        for table in (PROFILE_HEADERS, FLAG_HEADERS, TIME_HEADERS)
    )
    return profile, flags, times


#: Header and field, in the order of switch_caller_profile_event_set_data; empty fields are
#: omitted.
PROFILE_HEADERS = (
    ("Direction", "direction"),
    ("Logical-Direction", "logical_direction"),
    ("Username", "username"),
    ("Dialplan", "dialplan"),
    ("Caller-ID-Name", "caller_id_name"),
    ("Caller-ID-Number", "caller_id_number"),
    ("Orig-Caller-ID-Name", "orig_caller_id_name"),
    ("Orig-Caller-ID-Number", "orig_caller_id_number"),
    ("Callee-ID-Name", "callee_id_name"),
    ("Callee-ID-Number", "callee_id_number"),
    ("Network-Addr", "network_addr"),
    ("ANI", "ani"),
    ("ANI-II", "aniii"),
    ("Destination-Number", "destination_number"),
    ("Unique-ID", "uuid"),
    ("Source", "source"),
    ("Transfer-Source", "transfer_source"),
    ("Context", "context"),
    ("RDNIS", "rdnis"),
    ("Channel-Name", "channel_name"),
    ("Profile-Index", "profile_index"),
)
#: Header and field of each of the `Times`.
TIME_HEADERS = (
    ("Profile-Created-Time", "profile_created"),
    ("Channel-Created-Time", "created"),
    ("Channel-Answered-Time", "answered"),
    ("Channel-Progress-Time", "progress"),
    ("Channel-Progress-Media-Time", "progress_media"),
    ("Channel-Hangup-Time", "hungup"),
    ("Channel-Transfer-Time", "transferred"),
    ("Channel-Resurrect-Time", "resurrected"),
    ("Channel-Bridged-Time", "bridged"),
    ("Channel-Last-Hold", "last_hold"),
    ("Channel-Hold-Accum", "hold_accum"),
)
FLAG_HEADERS = (
    ("Screen-Bit", "screen_bit"),
    ("Privacy-Hide-Name", "privacy_hide_name"),
    ("Privacy-Hide-Number", "privacy_hide_number"),
)
_PROFILE_FIELDS = attrgetter(*(field for _, field in PROFILE_HEADERS))
_FLAG_FIELDS = attrgetter(*(field for _, field in FLAG_HEADERS))

#: The fields that can be read as variables (switch_caller_get_field_by_name).
PROFILE_VARIABLES = {
    name: name
    for name in (
        "dialplan caller_id_name caller_id_number orig_caller_id_name orig_caller_id_number "
        "callee_id_name callee_id_number network_addr ani aniii rdnis destination_number uuid "
        "source transfer_source context username profile_index"
    ).split()
} | {"chan_name": "channel_name", "channel_name": "channel_name"}

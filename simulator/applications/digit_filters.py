"""Keys that do not reach the application: blocked, doubled, or bound by ``bind_meta_app``.

(switch_ivr_async.c, block_on_dtmf and meta_on_dtmf; mod_dptools.c, deduplicate_recv_dtmf_hook.)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from eslsync.wire.separation import separate

from ..clockwork.threads import SECOND
from ..model import executing
from ..model.tables import application

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.digits import Digit
    from ..model.switch import Switch

__all__: list[str] = []

#: Seconds within which a key must follow the meta key.
META_TIMEOUT = 5
#: The keys that can be bound, in FreeSWITCH's order.
META_KEYS = "0123456789ABCD"

Direction = Literal["received", "sent"]


@dataclass
class _MetaApp:
    application: str
    flags: str  #: where it runs: ``s`` same, ``o`` opposite, ``a``, ``b``; ``1`` once, ``i`` inline


@dataclass
class _MetaKeys:
    """The applications bound to one direction's keys, and whether the meta key was pressed."""

    meta: str = ""
    bound: dict[str, _MetaApp] = field(default_factory=dict)
    on: bool = False
    pressed: int = 0  #: the second of the last key


@dataclass
class _Deduplicated:
    only_rtp: bool
    key: str = ""
    source: str = ""


class DigitFilters:
    """The filters of a switch's channels, by uuid."""

    def __init__(self, switch: Switch) -> None:
        self.blocked: set[str] = set()
        self.hooked: set[tuple[str, str]] = set()  # a filter is added once
        self.meta: dict[str, dict[Direction, _MetaKeys]] = {}
        self.deduplicated: dict[str, _Deduplicated] = {}
        switch.when_destroyed.append(self._forget)

    def _forget(self, channel: Channel) -> None:
        self.blocked.discard(channel.uuid)
        self.meta.pop(channel.uuid, None)
        self.deduplicated.pop(channel.uuid, None)

    def adds(self, channel: Channel, what: str) -> bool:
        """True the first time."""
        key = (channel.uuid, what)
        added = key not in self.hooked
        self.hooked.add(key)
        return added


# --- all of them


@application("block_dtmf", recordings="29d", nomedia=True)
def block_dtmf(channel: Channel, data: str) -> None:
    filters = channel.switch.state(DigitFilters)
    filters.blocked.add(channel.uuid)
    if filters.adds(channel, "block"):

        def block(digit: Digit) -> bool:
            return channel.uuid in filters.blocked

        channel.filters.received.append(block)
        channel.filters.sent.append(block)


@application("unblock_dtmf", recordings="29d", nomedia=True)
def unblock_dtmf(channel: Channel, data: str) -> None:
    channel.switch.state(DigitFilters).blocked.discard(channel.uuid)


# --- those that come twice


@application("deduplicate_dtmf", recordings="29d", nomedia=True)
def deduplicate_dtmf(channel: Channel, data: str) -> None:
    """Drop a digit that was also recognized by its tone; ``only_rtp`` drops all but RTP's."""
    filters = channel.switch.state(DigitFilters)
    if channel.uuid in filters.deduplicated:
        return
    state = filters.deduplicated[channel.uuid] = _Deduplicated(data == "only_rtp")

    def deduplicate(digit: Digit) -> bool:
        only_rtp = state.only_rtp
        seen = {"ENDPOINT": "endpoint", "INBAND_AUDIO": "inband", "RTP": "rtp"}.get(digit.source)
        if seen is not None:
            channel.set(f"deduplicate_dtmf_seen_{seen}", "true")
        passes = seen is None or (only_rtp and seen == "rtp")
        if not only_rtp:
            if seen == "rtp":
                state.only_rtp = True
                executing.broadcast(channel, "spandsp_stop_dtmf::")
            passes = passes or state.source == digit.source or state.key != digit.key
            state.key, state.source = digit.key, digit.source
        return not passes

    channel.filters.received.append(deduplicate)


# --- those that execute an application during a bridge


@application("bind_meta_app", needs_data=True, recordings="29e", nomedia=True)
def bind_meta_app(channel: Channel, data: str) -> None:
    """``<key> <whose: a|b> <flags> <application>[::<argument>]``: the meta key is ``*``."""
    words = separate(data, " ", 4)
    if len(words) < 4:
        return
    key, whose, flags, name = words
    key = key[:1].upper()
    meta = (channel.get("bind_meta_key") or "*")[:1]
    if meta not in f"{META_KEYS}*#":
        meta = "*"
    if key not in META_KEYS or key == meta:
        return
    filters = channel.switch.state(DigitFilters)
    directions = filters.meta.get(channel.uuid)
    if directions is None:
        directions = filters.meta[channel.uuid] = {"received": _MetaKeys(), "sent": _MetaKeys()}
        channel.filters.received.append(lambda digit: _meta(channel, digit, "received"))
        channel.filters.sent.append(lambda digit: _meta(channel, digit, "sent"))
    bound: list[tuple[str, Direction]] = [("a", "received"), ("b", "sent")]
    for leg, direction in bound:
        if leg in whose:
            directions[direction].meta = meta
            directions[direction].bound[key] = _MetaApp(name, flags)


@application("unbind_meta_app", recordings="29e", nomedia=True)
def unbind_meta_app(channel: Channel, data: str) -> None:
    """``[<key>]``: without one, or with 0, all of them."""
    filters = channel.switch.state(DigitFilters)
    if data[:1] in ("", "0"):
        filters.meta.pop(channel.uuid, None)
    elif data[:1] in "123456789":
        for keys in filters.meta.get(channel.uuid, {}).values():
            keys.bound.pop(data[:1], None)


def _meta(channel: Channel, digit: Digit, direction: Direction) -> bool:
    """True if a key is the meta key, or follows it (meta_on_dtmf)."""
    directions = channel.switch.state(DigitFilters).meta.get(channel.uuid)
    keys = None if directions is None else directions[direction]
    if keys is None or not keys.meta:
        return False
    now = channel.now // SECOND
    if keys.on and now - keys.pressed > META_TIMEOUT:
        keys.on = False
        return False
    keys.pressed = now
    if digit.key == keys.meta:
        keys.on = not keys.on
        return keys.on
    if not keys.on:
        return False
    keys.on = False
    bound = keys.bound.get(digit.key.upper())
    if bound is not None:
        _run_meta(channel, bound, direction)
        if "1" in bound.flags:
            del keys.bound[digit.key.upper()]
    return True


def _run_meta(channel: Channel, bound: _MetaApp, direction: Direction) -> None:
    """Execute the application on the leg that its flags name."""
    if "o" in bound.flags:
        on_peer = direction == "received"
    elif "s" in bound.flags:
        on_peer = direction == "sent"
    else:
        on_peer = "b" in bound.flags and "a" not in bound.flags
    if "i" in bound.flags:
        # runs on the thread that brings the key, inside whatever runs there
        channel.switch.not_modelled("option", "bind_meta_app i", channel)
    leg = channel.bonded if on_peer else channel
    if leg is not None:
        executing.broadcast(leg, bound.application, hold=True)

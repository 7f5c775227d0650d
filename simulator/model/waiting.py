"""Waiting on the session thread: parked, or asleep (switch_ivr.c)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..clockwork.threads import MILLISECOND, SECOND, Steps
from . import executing
from .arguments import atoi
from .description import WITH_VARIABLES
from .events import Block, SwitchEvent
from .states import State, Status

if TYPE_CHECKING:
    from .channel import Channel
    from .digits import Digit

__all__ = ["Input", "OnDigit", "fire_copy", "park", "peek", "sleep", "take_events"]

#: Called with a digit that was taken off the queue; True ends the playback or sleep.
OnDigit = Callable[["Digit"], bool]


class Input:
    """Digits and events that end a playback or sleep (switch_input_callback_function_t)."""

    def __call__(self, digit: Digit) -> bool:
        """True if this digit ends it."""
        raise NotImplementedError

    def event(self, event: SwitchEvent) -> bool:
        """True if this event, which was sent to the channel, ends it."""
        raise NotImplementedError


def take_events(channel: Channel, on_digit: OnDigit) -> bool:
    """Take the events that were sent to the channel; True if one ends the playback or sleep.

    What looks only for digits takes the events as well, and drops them.
    """
    while channel.queued_events:
        event = channel.queued_events.popleft()
        if isinstance(on_digit, Input) and on_digit.event(event):
            return True
    return False


def peek(digit: Digit) -> bool:
    """For sleeps that any digit ends without being taken off the queue (recording 11f)."""
    raise AssertionError("never called")


def sleep(channel: Channel, milliseconds: int, on_digit: OnDigit | None = peek) -> Steps[Status]:
    """Sleep (switch_ivr_sleep). Without media it sees neither commands nor digits."""
    until = channel.now + milliseconds * MILLISECOND
    if not channel.media_ready:
        while channel.is_ready() and channel.now < until:
            if executing.take_break(channel):
                return Status.BREAK
            yield min(until, channel.tick())
        return Status.SUCCESS
    while True:
        if not channel.is_ready():
            return Status.FALSE
        if executing.take_break(channel):
            return Status.BREAK
        if channel.now >= until:
            return Status.SUCCESS
        yield from executing.parse_all_events(channel)
        if channel.digits and on_digit is not None:
            if on_digit is peek or on_digit(channel.take_digit()):
                return Status.BREAK
        if isinstance(on_digit, Input) and take_events(channel, on_digit):
            return Status.BREAK
        if not channel.is_ready():
            return Status.FALSE
        yield from channel.frames(channel.tick() if channel.break_requested else until)


def park(channel: Channel) -> Steps[None]:
    """Wait under a socket's control, and execute its commands (switch_ivr_park)."""
    if channel.controlled or channel.state is State.RESET:
        return
    expires, cause = _park_timeout(channel)
    channel.controlled = True
    channel.fire("CHANNEL_PARK")
    while channel.is_ready() and channel.controlled:
        had_media = channel.media_ready
        yield from channel.frames(expires)
        if not had_media and channel.private_events and not channel.event_locks:
            # Without media, the first command of a frame is executed without its
            # PRIVATE_COMMAND, so an answer has none (recordings 01a, 08a).
            yield from executing.parse_event(channel, channel.private_events.popleft())
        elif not channel.is_ready():
            break
        if expires is not None and channel.now >= expires:
            channel.hangup(cause)
            break
        yield from executing.parse_all_events(channel)
        if channel.digits:
            channel.take_digit()
        _fire_queued(channel)
    channel.controlled = False
    channel.fire("CHANNEL_UNPARK")


def _park_timeout(channel: Channel) -> tuple[int | None, str]:
    """When parking ends, in microseconds, and the hangup cause: ``<seconds>[:<cause>]``."""
    timeout = channel.variables.get("park_timeout")
    if timeout is None:
        return None, ""
    seconds, _, cause = timeout.partition(":")
    channel.set("park_timeout", None)
    channel.set("park_after_bridge", None)
    return channel.now + atoi(seconds) * SECOND, cause or "NORMAL_CLEARING"


def _fire_queued(channel: Channel) -> None:
    """Fire an event that was queued for the channel, with the channel's own data added.

    Only a parked channel does. Other loops leave the event queued, or take it and drop it.
    """
    if not channel.queued_events:
        return
    event = channel.queued_events.popleft()
    if event.subclass is not None and event.name == "CUSTOM":
        event.before = (event.before[-1], *event.before[:-1])
    event.blocks = _about(channel, event)
    event.own = ()
    channel.switch.publish(event)
    if channel.queued_events:
        channel.poke()


def fire_copy(channel: Channel, event: SwitchEvent) -> None:
    """Fire a copy of an event that is queued for the channel as well, with the channel's own data.

    Both have the same Event-Sequence (recording 29b).
    """
    copy = SwitchEvent(
        event.name,
        event.identity,
        event.time,
        event.sequence,
        blocks=_about(channel, event),
        body=event.body,
    )
    if channel.on_event is not None:
        channel.on_event(event.name, copy)
    channel.switch.publish(copy)


def _about(channel: Channel, event: SwitchEvent) -> tuple[Block, ...]:
    """An event's own headers, and those that describe the channel."""
    about = channel.blocks(variables=channel.verbose or event.name in WITH_VARIABLES)
    return (Block(event.own), *about) if event.own else tuple(about)

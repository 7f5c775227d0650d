"""One call at a time: ``mutex`` lets a call pass, and holds the others until it is off
(mod_dptools.c, do_mutex).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..clockwork.threads import SECOND
from ..model import executing, playing
from ..model.arguments import atoi
from ..model.states import Status
from ..model.tables import application

if TYPE_CHECKING:
    from ..clockwork.threads import Steps
    from ..model.channel import Channel, Heard
    from ..model.switch import Switch

__all__: list[str] = []

#: Seconds that a call waits if it has a mutex_orbit_exten, but no mutex_timeout.
ORBIT_TIMEOUT = 60


class Mutexes:
    """The channels that hold a mutex, or wait for it, in order, by its name."""

    def __init__(self, switch: Switch) -> None:
        self._queues: dict[str, list[Channel]] = {}

    def has(self, key: str, channel: Channel) -> bool:
        """True if the channel holds it, or waits."""
        return channel in self._queues.get(key, ())

    def holds(self, key: str, channel: Channel) -> bool:
        return self._queues.get(key, [])[:1] == [channel]

    def enter(self, key: str, channel: Channel) -> None:
        self._queues.setdefault(key, []).append(channel)
        channel.when_down.append(lambda: self.leave(key, channel))

    def leave(self, key: str, channel: Channel) -> None:
        """Let the next one pass, if the channel held it."""
        queue = self._queues.get(key, [])
        if channel in queue:
            queue.remove(channel)
            if queue:
                queue[0].poke()


class _Turn(playing.Alarm):
    """Ends the music of a channel when it is its turn, or when it has waited too long."""

    status = Status.FALSE

    def __init__(self, key: str, channel: Channel, timeout: int) -> None:
        self._key = key
        self._mutexes = channel.switch.state(Mutexes)
        self.due = channel.now + timeout * SECOND if timeout else None

    def came(self, channel: Channel) -> bool:
        late = self.due is not None and channel.now >= self.due
        return late or self._mutexes.holds(self._key, channel)

    def rings(self, channel: Channel, heard: Heard | None = None) -> Steps[bool]:
        yield from ()
        return self.came(channel)


@application("mutex", recordings="30e", nomedia=True)
def mutex(channel: Channel, data: str) -> Steps[None]:
    """``<name> [off]``: wait for the mutex, or release it."""
    key, _, word = data.partition(" ")
    mutexes = channel.switch.state(Mutexes)
    off = word.lower() == "off"
    if not data or mutexes.has(key, channel) is not off:
        return
    if off:
        mutexes.leave(key, channel)
        return
    mutexes.enter(key, channel)
    timeout = ORBIT_TIMEOUT if channel.get("mutex_orbit_exten") else 0
    timeout = max(0, atoi(channel.get("mutex_timeout"))) or timeout
    feedback = channel.get("mutex_feedback")
    if feedback is not None and feedback.lower() == "silence":
        feedback = "silence_stream://-1"
    turn = _Turn(key, channel, timeout)
    status = Status.SUCCESS
    while channel.is_ready() and status is Status.SUCCESS and not turn.came(channel):
        if feedback is not None:
            status = yield from playing.play(channel, feedback, alarm=turn)
        elif executing.take_break(channel):
            status = Status.BREAK
        else:
            if channel.media_ready:
                yield from executing.parse_all_events(channel)
            if channel.is_ready() and not turn.came(channel):
                yield from channel.frames(turn.due)
    if not mutexes.holds(key, channel):
        mutexes.leave(key, channel)

"""Scheduling: `sched_hangup` and the like, as applications and as api commands; heartbeats.

Times are whole seconds since the epoch, and the switch's task thread looks every half second
(switch_scheduler.c): a task due in N seconds runs N - 1 to N + 0.5 seconds from now.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eslsync.wire.separation import separate

from ..clockwork.threads import SECOND, Steps, Thread
from ..model import executing
from ..model.arguments import atoi
from ..model.dialplan import transfer
from ..model.tables import NO_CHANNEL, OK, api, application, run_api, usage
from ..model.variables import is_true

if TYPE_CHECKING:
    from ..clockwork.agenda import Timer
    from ..model.channel import Channel
    from ..model.switch import Switch

__all__ = ["Tasks"]

#: The number of tasks that the switch itself adds before the first call.
OWN_TASKS = 3

ADDED = ("switch_scheduler.c", "switch_scheduler_add_task_ex", 266)
RESCHEDULED = ("switch_scheduler.c", "switch_scheduler_execute", 75)
DELETED = ("switch_scheduler.c", "task_thread_loop", 151)

#: Microseconds between checks of the task thread.
LOOKS = SECOND // 2


@dataclass
class _Task:
    number: int
    group: str
    description: str
    second: int  #: since the epoch
    action: Callable[[], None]
    every: int  #: seconds; 0 for once
    deleted: bool = False  # removed at the next check


class Tasks:
    """The switch's tasks, by number; those of a channel are in a group named by its uuid."""

    def __init__(self, switch: Switch) -> None:
        self._switch = switch
        switch.when_destroyed.append(lambda channel: self.delete(channel.uuid))
        self.last = OWN_TASKS  #: the number of the last task
        self._tasks: dict[int, _Task] = {}
        self._looked = 0  # when the task thread last looked
        self._timer: Timer | None = None

    def add(
        self,
        when: str,
        group: str,
        description: str,
        action: Callable[[], None],
        every: int = 0,
    ) -> int:
        """Add a task, and return its number (switch_scheduler_add_task_ex).

        ``when`` is ``+<seconds>`` from now, or a second since the epoch. A past second is taken
        for a number of seconds from now, and the task then repeats with that period. ``every``
        is a period in seconds.
        """
        now = self._switch.scheduler.now // SECOND
        second = atoi(when.lstrip("+"))
        if when.startswith("+"):
            second += now
        elif second < now:
            every = second
            second += now
        self.last += 1
        task = _Task(self.last, group, description, second, action, every)
        self._tasks[task.number] = task
        self._tell("ADD_SCHEDULE", task, ADDED)
        # the task thread sends the event, and then looks at once
        self._look_at(self._switch.scheduler.now)
        return task.number

    def delete(self, name: str) -> int:
        """Delete a task by number, or a group by name; returns the number of tasks."""
        if name.isdigit():
            found = [self._tasks[number] for number in [int(name)] if number in self._tasks]
        else:
            tasks = self._tasks.values()
            found = [task for task in tasks if task.group == name and not task.deleted]
        for task in found:
            task.deleted = True
        self._wait()
        return len(found)

    def _look(self) -> None:
        """Run the tasks that are due, and drop the deleted ones (task_thread_loop)."""
        self._timer = None
        self._looked = now = self._switch.scheduler.now
        for task in list(self._tasks.values()):
            if task.deleted or now < task.second * SECOND:
                continue
            task.action()
            if task.every:
                task.second = now // SECOND + task.every
                self._tell("RE_SCHEDULE", task, RESCHEDULED)
            else:
                task.deleted = True
        for task in [task for task in self._tasks.values() if task.deleted]:
            del self._tasks[task.number]
            self._tell("DEL_SCHEDULE", task, DELETED)
        self._wait()

    def _wait(self) -> None:
        """Schedule the task thread's next check that finds something to do."""
        now = self._switch.scheduler.now
        tasks = self._tasks.values()
        news = [now if task.deleted else task.second * SECOND for task in tasks]
        if news:
            looks = max(1, -(-(min(news) - self._looked) // LOOKS))
            self._look_at(self._looked + looks * LOOKS)
        elif self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_at(self, moment: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._switch.scheduler.at(moment, self._look)

    def _tell(self, name: str, task: _Task, called_from: tuple[str, str, int]) -> None:
        own = (
            ("Task-ID", str(task.number)),
            ("Task-Desc", task.description),
            ("Task-Group", task.group),
            ("Task-Runtime", str(task.second)),
        )
        self._switch.publish(self._switch.event(name, own, called_from=called_from))


def schedule_hangup(channel: Channel, when: str, cause: str, leg: str = "") -> None:
    """Schedule a hangup of the leg or of its ``bleg``; at once if the time is 0
    (switch_ivr_schedule_hangup).
    """
    if not atoi(when[1:]):
        channel.hangup(cause)
        return

    def due() -> None:
        target = channel.bonded if leg.lower() == "bleg" else channel
        if channel.up and target is not None:
            target.hangup(cause)

    channel.switch.state(Tasks).add(when, channel.uuid, "switch_ivr_schedule_hangup", due)


def schedule_transfer(channel: Channel, when: str, target: list[str]) -> int:
    """Schedule a transfer; returns the task's number (switch_ivr_schedule_transfer)."""

    def due() -> None:
        if channel.up:
            transfer(channel, *target[:3])

    return channel.switch.state(Tasks).add(when, channel.uuid, "switch_ivr_schedule_transfer", due)


def schedule_broadcast(switch: Switch, uuid: str, when: str, path: str, legs: str = "aleg") -> int:
    """Schedule a broadcast on the channel ("aleg"), its partner ("bleg"), or "both"
    (switch_ivr_schedule_broadcast).
    """

    def due() -> None:
        channel = switch.locate(uuid)
        if channel is not None:
            aleg, bleg = legs in ("aleg", "both"), legs in ("bleg", "both")
            executing.broadcast(channel, path, aleg=aleg, bleg=bleg)

    return switch.state(Tasks).add(when, uuid, "switch_ivr_schedule_broadcast", due)


@application("sched_hangup", needs_data=True, recordings="11l 21s 21t", nomedia=True)
def sched_hangup(channel: Channel, data: str) -> None:
    """``[+]<time> [<cause> [bleg]]``."""
    words = separate(data, " ", 5)
    if words:
        cause = channel.switch.cause(words[1], channel) if len(words) > 1 else "ALLOTTED_TIMEOUT"
        schedule_hangup(channel, words[0], cause, *words[2:3])


@application("sched_transfer", needs_data=True, recordings="30f", nomedia=True)
def sched_transfer(channel: Channel, data: str) -> None:
    """``[+]<time> <extension> [<dialplan> [<context>]]``."""
    words = separate(data, " ", 4)
    if len(words) > 1:
        channel.set("last_sched_id", str(schedule_transfer(channel, words[0], words[1:])))


@application("sched_broadcast", needs_data=True, recordings="30f 30i", nomedia=True)
def sched_broadcast(channel: Channel, data: str) -> None:
    """``[[+]<time>|@time] <path> [aleg|bleg|both]``."""
    words = separate(data, " ", 6)
    if len(words) > 1:
        when = words[0].lstrip("@")
        number = schedule_broadcast(channel.switch, channel.uuid, when, words[1], *words[2:3])
        channel.set("last_sched_id", str(number))


@application("sched_cancel", recordings="30d", nomedia=True)
def sched_cancel(channel: Channel, data: str) -> None:
    """``[<group>|<number>]``: delete tasks, by default the channel's own."""
    channel.switch.state(Tasks).delete(data or channel.uuid)


@api("sched_hangup", recordings="30f")
def sched_hangup_api(switch: Switch, argument: str) -> str:
    words = separate(argument, " ", 4)
    if not words:
        return usage("[+]<time> <uuid> [<cause>]")
    channel = switch.locate(words[1]) if len(words) > 1 else None
    if channel is None:
        return NO_CHANNEL
    cause = switch.cause(words[2]) if len(words) > 2 else "ALLOTTED_TIMEOUT"
    schedule_hangup(channel, words[0], cause)
    return OK


@api("sched_transfer", recordings="30f")
def sched_transfer_api(switch: Switch, argument: str) -> str:
    words = separate(argument, " ", 6)
    if not 2 <= len(words) <= 5:
        return usage("[+]<time> <uuid> <extension> [<dialplan>] [<context>]")
    channel = switch.locate(words[1])
    if channel is None:
        return NO_CHANNEL
    schedule_transfer(channel, words[0], words[2:])
    return OK


@api("sched_broadcast", recordings="30f")
def sched_broadcast_api(switch: Switch, argument: str) -> str:
    words = separate(argument, " ", 4)
    if len(words) < 3:
        return usage("[[+]<time>|@time] <uuid> <path> [aleg|bleg|both]")
    schedule_broadcast(
        switch, words[1], words[0].lstrip("@"), words[2], *(w.lower() for w in words[3:])
    )
    return "+OK Message scheduled\n"


@api("sched_api", recordings="27d")
def sched_api(switch: Switch, argument: str) -> str:
    """``[+@]<time> <group> <command>[&]``; with ``@``, it repeats."""
    when, _, rest = argument.partition(" ")
    group, space, command = rest.partition(" ")
    if not space:
        return "-ERR Invalid syntax. USAGE: [+@]<time> <group_name> <command_string>[&]\n"
    name, _, argument = command.removesuffix("&").partition(" ")
    every = atoi(when[1:]) if when.startswith("@") else 0

    def steps() -> Steps[None]:
        yield from run_api(switch, name, argument)

    def due() -> None:
        Thread(switch.scheduler, steps()).run()

    number = switch.state(Tasks).add(
        f"+{every}" if every else when, group, "sched_api_function", due, every
    )
    return f"+OK Added: {number}\n"


@api("sched_del", recordings="27d")
def sched_del(switch: Switch, argument: str) -> str:
    if not argument:
        return "-ERR Invalid syntax\n"
    return f"+OK Deleted: {switch.state(Tasks).delete(argument)}\n"


@api("unsched_api", recordings="30a")
def unsched_api(switch: Switch, argument: str) -> str:
    number = atoi(argument)
    if not number:
        return ""
    return "+OK\n" if switch.state(Tasks).delete(str(number)) else "-ERR No such id\n"


# --- a session's heartbeat


HEARTBEAT_SYNTAX = "<uuid> [sched] [0|<seconds>]"
#: Variables that have a heartbeat scheduled, and not counted by frames.
WITHOUT_FRAMES = ("heartbeat_use_scheduler", "bypass_media")


@application("sched_heartbeat", needs_data=True, recordings="30f", nomedia=True)
def sched_heartbeat(channel: Channel, data: str) -> None:
    """Fire a SESSION_HEARTBEAT, after the seconds that ``enable_heartbeat`` has set, if any.

    (It ignores its own argument, 0 to stop it included: recording 30f.)
    """
    if data and atoi(data) >= 0:
        _schedule_heartbeat(channel)


def _schedule_heartbeat(channel: Channel) -> None:
    _unschedule_heartbeat(channel)
    every = (channel.heartbeat or 0) // SECOND
    first = 0 if is_true(channel.get("heartbeat_fire_on_set")) else every
    channel.heartbeat_task = channel.switch.state(Tasks).add(
        f"+{first}",
        channel.uuid,
        "switch_core_session_sched_heartbeat",
        lambda: channel.fire("SESSION_HEARTBEAT") if channel.up else None,
        every,
    )


def _unschedule_heartbeat(channel: Channel) -> None:
    if channel.heartbeat_task:
        channel.switch.state(Tasks).delete(str(channel.heartbeat_task))
        channel.heartbeat_task = 0


@application("enable_heartbeat", needs_data=True, recordings="14i 34f", nomedia=True)
def enable_heartbeat(channel: Channel, data: str) -> None:
    """``<seconds>``; 0 is 60."""
    if data and atoi(data) >= 0:
        _enable_heartbeat(channel, atoi(data) or 60)


def _enable_heartbeat(channel: Channel, seconds: int) -> None:
    """Fire a SESSION_HEARTBEAT every so many seconds of media, or by a task if there is none
    (switch_core_session_enable_heartbeat).
    """
    channel.beat_every(seconds)
    if not channel.media_ready or any(is_true(channel.get(name)) for name in WITHOUT_FRAMES):
        _schedule_heartbeat(channel)
    else:
        _unschedule_heartbeat(channel)


@api("uuid_session_heartbeat", recordings="30b")
def uuid_session_heartbeat(switch: Switch, argument: str) -> str:
    words = separate(argument, " ", 3)
    if len(words) < 2:
        return usage(f"uuid_session_heartbeat {HEARTBEAT_SYNTAX}")
    channel = switch.locate(words[0])
    if channel is None:
        return f"-ERR Cannot locate session. USAGE: uuid_session_heartbeat {HEARTBEAT_SYNTAX}\n"
    scheduled = words[1].lower() == "sched"
    word = "".join(words[1 + scheduled :][:1])
    if not word.isdigit() and not is_true(word):
        _unschedule_heartbeat(channel)
        channel.beat_every(0)
    elif scheduled:
        _schedule_heartbeat(channel)
    else:
        _enable_heartbeat(channel, atoi(word) or 60)
    return OK

"""What is to happen later: sched_hangup and its like, as applications and as api commands.

A time is a second of the epoch's count, and the switch's task thread looks every half second
(switch_scheduler.c): what is to happen in N seconds does so N - 1 to N + 0.5 seconds from now.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..clockwork.threads import SECOND, Steps, Thread
from ..model import ivr
from ..model.api import NO_CHANNEL, OK, api, run_api, usage
from ..model.arguments import atoi, separate
from .basics import application

if TYPE_CHECKING:
    from ..clockwork.threads import Timer
    from ..model.channel import Channel
    from ..model.switch import Switch

__all__ = ["Tasks"]

#: Tasks that the switch has set itself before the first call comes.
OWN_TASKS = 3

ADDED = ("switch_scheduler.c", "switch_scheduler_add_task_ex", 266)
RESCHEDULED = ("switch_scheduler.c", "switch_scheduler_execute", 75)
DELETED = ("switch_scheduler.c", "task_thread_loop", 151)


#: How long (microseconds) the task thread waits between two looks.
LOOKS = SECOND // 2


@dataclass
class _Task:
    number: int
    group: str
    description: str
    second: int  #: of the epoch
    action: Callable[[], None]
    every: int  #: so many seconds; 0: once
    deleted: bool = False  # and gone with the next look


class Tasks:
    """The switch's tasks, by number; a channel's stand in a group of its uuid."""

    def __init__(self, switch: Switch) -> None:
        self._switch = switch
        self._last = OWN_TASKS
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
        """Do something, and then ``every`` so many seconds (switch_scheduler_add_task_ex).

        ``when`` is ``+<seconds>`` from now, or a second of the epoch; one that is past is a
        number of seconds, too, and means every so many.
        """
        now = self._switch.scheduler.now // SECOND
        second = atoi(when.lstrip("+"))
        if when.startswith("+"):
            second += now
        elif second < now:
            every = second
            second += now
        self._last += 1
        task = _Task(self._last, group, description, second, action, every)
        self._tasks[task.number] = task
        self._tell("ADD_SCHEDULE", task, ADDED)
        # it is the task thread that sends the event, and it then looks at once
        self._look_at(self._switch.scheduler.now)
        return task.number

    def delete(self, name: str) -> int:
        """By number, or all of a group; how many there were."""
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
        """Do what is due, and forget what is deleted (task_thread_loop)."""
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
        """See to it that the task thread looks when there is something to be seen."""
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


def hang_up(channel: Channel, when: str, cause: str, leg: str = "") -> None:
    """switch_ivr_schedule_hangup, of the ``bleg`` if so; no time at all is now."""
    if not atoi(when[1:]):
        channel.hangup(cause)
        return

    def due() -> None:
        target = channel.bonded if leg.lower() == "bleg" else channel
        if channel.up and target is not None:
            target.hangup(cause)

    channel.switch.tasks.add(when, channel.uuid, "switch_ivr_schedule_hangup", due)


def transfer(channel: Channel, when: str, target: list[str]) -> int:
    switch = channel.switch

    def due() -> None:
        if channel.up:
            switch.transfer(channel, *target[:3])

    return switch.tasks.add(when, channel.uuid, "switch_ivr_schedule_transfer", due)


def broadcast(switch: Switch, uuid: str, when: str, path: str, legs: str = "aleg") -> int:
    """switch_ivr_schedule_broadcast: on the channel, its partner, or both."""

    def due() -> None:
        channel = switch.locate(uuid)
        if channel is None:
            return
        if legs in ("bleg", "both") and channel.partner is not None:
            ivr.broadcast(channel.partner, path)
        if legs in ("aleg", "both"):
            ivr.broadcast(channel, path)

    return switch.tasks.add(when, uuid, "switch_ivr_schedule_broadcast", due)


@application("sched_hangup", nomedia=True)
def sched_hangup(channel: Channel, data: str) -> None:
    """``[+]<time> [<cause> [bleg]]``."""
    words = separate(data, " ", 5)
    if words:
        cause = channel.switch.cause(words[1]) if len(words) > 1 else "ALLOTTED_TIMEOUT"
        hang_up(channel, words[0], cause, *words[2:3])


@application("sched_transfer", nomedia=True)
def sched_transfer(channel: Channel, data: str) -> None:
    """``[+]<time> <extension> [<dialplan> [<context>]]``."""
    words = separate(data, " ", 4)
    if len(words) > 1:
        channel.set("last_sched_id", str(transfer(channel, words[0], words[1:])))


@application("sched_broadcast", nomedia=True)
def sched_broadcast(channel: Channel, data: str) -> None:
    """``[[+]<time>|@time] <path> [aleg|bleg|both]``."""
    words = separate(data, " ", 6)
    if len(words) > 1:
        when = words[0].lstrip("@")
        number = broadcast(channel.switch, channel.uuid, when, words[1], *words[2:3])
        channel.set("last_sched_id", str(number))


@application("sched_cancel", nomedia=True)
def sched_cancel(channel: Channel, data: str) -> None:
    """``[<group>]``, or a number; the channel's own tasks where nothing is said."""
    channel.switch.tasks.delete(data or channel.uuid)


@api("sched_hangup")
def sched_hangup_api(switch: Switch, argument: str) -> str:
    words = separate(argument, " ", 4)
    if not words:
        return usage("[+]<time> <uuid> [<cause>]")
    channel = switch.locate(words[1]) if len(words) > 1 else None
    if channel is None:
        return NO_CHANNEL
    hang_up(channel, words[0], switch.cause(words[2]) if len(words) > 2 else "ALLOTTED_TIMEOUT")
    return OK


@api("sched_transfer")
def sched_transfer_api(switch: Switch, argument: str) -> str:
    words = separate(argument, " ", 6)
    if not 2 <= len(words) <= 5:
        return usage("[+]<time> <uuid> <extension> [<dialplan>] [<context>]")
    channel = switch.locate(words[1])
    if channel is None:
        return NO_CHANNEL
    transfer(channel, words[0], words[2:])
    return OK


@api("sched_broadcast")
def sched_broadcast_api(switch: Switch, argument: str) -> str:
    words = separate(argument, " ", 4)
    if len(words) < 3:
        return usage("[[+]<time>|@time] <uuid> <path> [aleg|bleg|both]")
    broadcast(switch, words[1], words[0].lstrip("@"), words[2], *(w.lower() for w in words[3:]))
    return "+OK Message scheduled\n"


@api("sched_api")
def sched_api(switch: Switch, argument: str) -> str:
    """``[+@]<time> <group> <command>[&]``; with ``@``, again and again."""
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

    number = switch.tasks.add(
        f"+{every}" if every else when, group, "sched_api_function", due, every
    )
    return f"+OK Added: {number}\n"


@api("sched_del")
def sched_del(switch: Switch, argument: str) -> str:
    if not argument:
        return "-ERR Invalid syntax\n"
    return f"+OK Deleted: {switch.tasks.delete(argument)}\n"


@api("unsched_api")
def unsched_api(switch: Switch, argument: str) -> str:
    if not argument:
        return "-ERR Invalid syntax. USAGE: <task_id>\n"
    number = atoi(argument)
    if not number:
        return ""
    return "+OK\n" if switch.tasks.delete(str(number)) else "-ERR No such id\n"

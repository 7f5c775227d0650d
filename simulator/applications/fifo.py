"""Queues: callers wait with music until a consumer takes them (mod_fifo.c).

A caller who is taken leaves the dialplan for good: the channel hibernates, and is the called side
of a bridge that the consumer makes. Members that a queue calls by itself (`fifo_member`) are not
modelled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eslsync.protocol import quote
from eslsync.wire.separation import separate

from ..clockwork.threads import MILLISECOND, SECOND, Steps
from ..model import answering, asking, executing, media_bugs, playing
from ..model.arguments import atoi
from ..model.dialplan import transfer
from ..model.events import local_time
from ..model.playing import Alarm
from ..model.profile import Times
from ..model.states import State, Status
from ..model.tables import api, application
from ..model.variables import is_true
from ..model.waiting import OnDigit
from .bridge import connect
from .record import record_session

if TYPE_CHECKING:
    from ..model.channel import Channel, Heard
    from ..model.digits import Digit
    from ..model.switch import Switch

__all__: list[str] = []


SUBCLASS = "fifo::info"
#: The number of priorities; callers with priority 0 come first.
PRIORITIES = 10
#: The queue that the module creates, for calls that it only counts.
MANUAL_CALLS = "manual_calls"
#: Seconds until a caller leaves for fifo_orbit_exten, and between chimes.
ORBIT_AFTER, CHIME_EVERY = 60, 30
#: Milliseconds between a consumer's calls, if fifo_consumer_wrapup_time is not set.
WRAPUP = 5000
#: Microseconds to wait for a caller to hibernate whose consumer hung up on the way.
ABANDONED = 5 * SECOND
#: The line of mod_fifo.c that fires each event.
LINES = {
    "push": 2743,
    "abort": 2866,
    "timeout": 2866,
    "consumer_start": 2983,
    "caller_pop": 3224,
    "consumer_pop": 3242,
    "channel-consumer-start": 3378,
    "bridge-consumer-start": 3392,
    "bridge-caller-start": 3403,
    "channel-consumer-stop": 3461,
    "bridge-consumer-stop": 3489,
    "bridge-caller-stop": 3499,
    "consumer_wrapup": 3568,
    "consumer_reentrance": 3623,
    "consumer_stop": 3632,
}


@dataclass(eq=False)
class WaitingCaller:
    """A caller in a queue."""

    channel: Channel
    priority: int
    #: True while a consumer's bridge has to wait for the caller (FIFO_APP_BRIDGE_TAG).
    tagged: bool = True


@dataclass(eq=False)
class Talk:
    """A caller and a consumer who talk."""

    caller: Channel
    consumer: Channel
    began: int


@dataclass(eq=False)
class Fifo:
    """A queue: the callers who wait in it, and the consumers who serve it."""

    name: str
    importance: int = 0
    callers: list[WaitingCaller] = field(default_factory=list)
    consumers: list[Channel] = field(default_factory=list)
    talks: list[Talk] = field(default_factory=list)
    waiting_since: int = 0

    def of_priority(self, priority: int) -> list[WaitingCaller]:
        return [each for each in self.callers if each.priority == priority]

    def push(self, caller: WaitingCaller) -> None:
        if not self.callers:
            self.waiting_since = caller.channel.now
        self.callers.append(caller)
        for consumer in self.consumers:
            consumer.break_requested = True  # its music ends
            consumer.poke()

    def remove(self, caller: WaitingCaller) -> None:
        """Remove a caller; the others move up."""
        if caller in self.callers:
            self.callers.remove(caller)
            for position, each in enumerate(self.of_priority(caller.priority), 1):
                each.channel.set("fifo_position", str(position))

    def next_for(self, consumer: Channel) -> WaitingCaller | None:
        """The caller that the consumer asks for by uuid or skill, else a VIP, else the first."""
        order = range(PRIORITIES)
        given = consumer.get("fifo_pop_order")
        if given:
            known = [atoi(each) for each in separate(given, ",")]
            order_given = [each for each in known if 0 <= each < PRIORITIES]
            ranked = [each for priority in order_given for each in self.of_priority(priority)]
        else:
            ranked = [each for priority in order for each in self.of_priority(priority)]
        uuid, skill = consumer.get("fifo_bridge_uuid"), consumer.get("fifo_target_skill")
        tests: list[Callable[[Channel], bool]] = []
        if uuid:
            tests.append(lambda caller: caller.uuid == uuid)
        if skill:
            tests.append(lambda caller: caller.get("fifo_skill") == skill)
        tests.append(lambda caller: is_true(caller.get("fifo_vip")))
        tests.append(lambda caller: True)
        for test in tests:
            for each in ranked:
                if test(each.channel):
                    return each
        return None

    def tell_presence(self, switch: Switch) -> None:
        count = len(self.callers)
        own = (
            ("proto", "queue"),
            ("login", self.name),
            ("from", self.name),
            ("force-status", f"Active ({count} waiting)" if count else "Idle"),
            ("rpid", "unknown"),
            ("event_type", "presence"),
            ("alt_event_type", "dialog"),
            ("event_count", "0"),
            ("channel-state", "CS_ROUTING" if count else "CS_HANGUP"),
            ("unique-id", self.name),
            ("answer-state", "confirmed" if count else "terminated"),
            ("presence-call-direction", "inbound"),
        )
        called_from = ("mod_fifo.c", "send_presence", 2239)
        switch.publish(switch.event("PRESENCE_IN", own, called_from=called_from))


class Fifos:
    """The queues of a switch, by name."""

    def __init__(self, switch: Switch) -> None:
        self.by_name: dict[str, Fifo] = {}

    def get(self, name: str) -> Fifo:
        """A queue, ``<name>[!<importance>]``, created if it doesn't exist."""
        name, _, importance = name.partition("!")
        if name not in self.by_name:
            self.by_name[name] = Fifo(name, max(0, atoi(importance)))
        return self.by_name[name]


def _tell(channel: Channel, fifo: str, action: str, *more: tuple[str, str]) -> None:
    channel.fire(
        "CUSTOM",
        (("FIFO-Name", fifo), ("FIFO-Action", action), *more),
        before=(("Event-Subclass", SUBCLASS),),
        subclass=SUBCLASS,
        called_from=("mod_fifo.c", "fifo_function", LINES[action]),
    )


def _note(channel: Channel, status: str) -> None:
    channel.set("fifo_status", status)
    channel.set("fifo_timestamp", local_time(channel.now))


@application("fifo", recordings="21h 21i 21j")
def fifo_application(channel: Channel, data: str) -> Steps[None]:
    """``<name>[,<name>...] in [<announce>|undef] [<music>|undef]``, or
    ``... out [wait|nowait] [<announce>|undef] [<music>|undef]``.
    """
    if not data:
        return
    channel.set("fifo_hangup_check", None)
    words = separate(data, " ", 5)
    direction = words[1].lower() if len(words) > 1 else ""
    names = separate(words[0], ",")
    fifos = channel.switch.state(Fifos)
    if direction == "in" and len(names) == 1:
        yield from _wait(channel, fifos.get(names[0]), words)
    elif direction == "out":
        yield from _serve(channel, [fifos.get(name) for name in names], words)


def _sound(words: Sequence[str], at: int, variable: str | None) -> str | None:
    """A sound from the arguments, else from the variable; None if there is none."""
    name = words[at] if len(words) > at else variable
    return None if not name or name.lower() == "undef" else name


class Patience(Alarm):
    """Plays chimes to a waiting caller, and ends the wait after a while."""

    def __init__(self, channel: Channel, is_exit_key: OnDigit) -> None:
        chimes = channel.get("fifo_chime_list")
        every = atoi(channel.get("fifo_chime_freq"))
        self.chimes = separate(chimes, ",") if chimes else []
        self.every = every if every > 0 else CHIME_EVERY
        self.next_chime = 0
        self.is_exit_key = is_exit_key
        self.expired = False
        orbit = channel.get("fifo_orbit_exten")
        self.orbit, colon, seconds = (orbit or "").partition(":")
        # whole seconds since the epoch are counted
        second = channel.now // SECOND
        after = max(0, atoi(seconds)) if colon else ORBIT_AFTER
        self.leaves_at = (second + after) * SECOND if orbit else None
        self.chimes_at = (second + self.every) * SECOND if self.chimes else None

    @property
    def due(self) -> int | None:  # type: ignore[override]
        return min(filter(None, (self.leaves_at, self.chimes_at)), default=None)

    def rings(self, channel: Channel, heard: Heard | None = None) -> Steps[bool]:
        if self.chimes_at is not None and channel.now >= self.chimes_at:
            if heard is not None:
                channel.hear_change(heard, "paused")
            chime = self.chimes[self.next_chime % len(self.chimes)]
            alarm = Alarm()
            alarm.due = self.leaves_at
            status = yield from playing.play(channel, chime, self.is_exit_key, alarm=alarm)
            if heard is not None:
                channel.hear_change(heard, "plays")
            self.next_chime += 1
            self.chimes_at = (channel.now // SECOND + self.every) * SECOND
            if status is not Status.SUCCESS:
                self.expired = self._is_over(channel)
                return True
        self.expired = self._is_over(channel)
        return self.expired

    def _is_over(self, channel: Channel) -> bool:
        return self.leaves_at is not None and channel.now >= self.leaves_at


def _wait(channel: Channel, fifo: Fifo, words: Sequence[str]) -> Steps[None]:
    announce = _sound(words, 2, channel.get("fifo_announce"))
    music = _sound(words, 3, channel.get("fifo_music"))
    if music is not None and music.lower() == "silence":
        music = None
    pressed: list[str] = []

    def is_exit_key(digit: Digit) -> bool:
        if digit.key in (channel.get("fifo_caller_exit_key") or ""):
            pressed.append(digit.key)
            return True
        return False

    patience = Patience(channel, is_exit_key)
    if len(words) < 5 or words[4].lower() not in ("noans", "early"):
        yield from answering.answer(channel)
    given = channel.get("fifo_priority")
    caller = WaitingCaller(channel, min(max(atoi(given), 0), PRIORITIES - 1))
    _tell(channel, fifo.name, "push", ("FIFO-Slot", str(caller.priority)))
    fifo.push(caller)
    channel.set("fifo_position", str(len(fifo.of_priority(caller.priority))))
    if not given:
        channel.set("fifo_priority", str(caller.priority))
    _note(channel, "WAITING")
    channel.set("fifo_push_timestamp", local_time(channel.now))
    channel.set("fifo_serviced_uuid", None)
    fifo.tell_presence(channel.switch)
    aborted = False
    while channel.is_ready() and not aborted and not channel.get("fifo_serviced_uuid"):
        channel.private_events.clear()
        if music is not None:
            status = yield from playing.play(channel, music, is_exit_key, alarm=patience)
        else:
            status = yield from _listen(channel, is_exit_key, patience)
        aborted = status not in (Status.SUCCESS, Status.BREAK) or patience.expired
        if pressed:
            channel.set("fifo_caller_exit_key", pressed[-1])
            aborted = True
    if not aborted:
        consumer = channel.switch.locate(channel.get("fifo_serviced_uuid") or "")
        if channel.is_ready() and (consumer is None or not consumer.is_ready()):
            channel.hangup("NORMAL_CLEARING")
        channel.private_events.clear()
        if channel.is_ready() and announce is not None:
            yield from playing.play(channel, announce)
    caller.tagged = False
    if not aborted and channel.is_ready():
        channel.move_to(State.HIBERNATE)
        return
    yield from _leave(channel, fifo, caller, patience)


def _listen(channel: Channel, is_exit_key: OnDigit, patience: Patience) -> Steps[Status]:
    """Wait without music, but with chimes and keys (switch_ivr_collect_digits_callback)."""
    while channel.is_ready():
        if executing.take_break(channel):
            return Status.BREAK
        yield from executing.parse_all_events(channel)
        if channel.digits and is_exit_key(channel.take_digit()):
            return Status.BREAK
        channel.queued_events.clear()
        if (yield from patience.rings(channel)):
            return Status.BREAK
        if channel.is_ready():
            yield from channel.frames(patience.due)
    return Status.FALSE


def _leave(channel: Channel, fifo: Fifo, caller: WaitingCaller, patience: Patience) -> Steps[None]:
    """Let the caller leave: nobody came in time, or they pressed the exit key."""
    _note(channel, "TIMEOUT" if patience.expired else "ABORTED")
    _tell(channel, fifo.name, "timeout" if patience.expired else "abort")
    fifo.remove(caller)
    fifo.tell_presence(channel.switch)
    leaves = is_true(channel.get("fifo_caller_exit_to_orbit")) or patience.expired
    if not leaves or not patience.orbit:
        return
    sound = channel.get("fifo_orbit_announce")
    if sound:
        yield from playing.play(channel, sound)
    if patience.orbit != "_continue_" and channel.up:
        dialplan, context = channel.get("fifo_orbit_dialplan"), channel.get("fifo_orbit_context")
        transfer(channel, patience.orbit, dialplan or "", context or "")


def _serve(channel: Channel, fifos: list[Fifo], words: Sequence[str]) -> Steps[None]:
    name = words[0]
    waits = (words[2] if len(words) > 2 else "wait").lower()
    if waits not in ("wait", "nowait"):
        return
    strategy = (channel.get("fifo_strategy") or "waiting_longer").lower()
    if strategy not in ("more_ppl", "waiting_longer"):
        return
    announce = _sound(words, 3, channel.get("fifo_announce"))
    music = _sound(words, 4, channel.get("fifo_music"))
    if music is not None and music.lower() == "silence":
        music = None
    if waits == "wait":
        for fifo in fifos:
            fifo.consumers.append(channel)
        yield from answering.answer(channel)
    _tell(channel, name, "consumer_start")
    _note(channel, "WAITING")
    while channel.is_ready():
        if music is not None and waits == "wait" and not any(fifo.callers for fifo in fifos):
            status = yield from playing.play(channel, music)
            if status not in (Status.SUCCESS, Status.BREAK):
                break
        chosen = _chosen(fifos, strategy)
        caller = None if chosen is None else chosen.next_for(channel)
        if chosen is None or caller is None:
            if waits == "nowait":
                break
            yield channel.tick() if music is not None else None
            continue
        chosen.remove(caller)
        _tell(caller.channel, name, "caller_pop")
        _tell(channel, name, "consumer_pop", ("FIFO-Caller-UUID", caller.channel.uuid))
        caller.channel.read_locks += 1
        goes_on = yield from _take(channel, chosen, caller, name, announce)
        caller.channel.read_locks -= 1
        caller.channel.poke()
        if not goes_on or waits == "nowait" or not channel.is_ready():
            break
        if not (yield from _wrap_up(channel, name)):
            break
        channel.set("fifo_status", "WAITING")
        if channel.is_ready():
            _tell(channel, name, "consumer_reentrance")
    _tell(channel, name, "consumer_stop")
    for fifo in fifos:
        if channel in fifo.consumers:
            fifo.consumers.remove(channel)


def _chosen(fifos: Sequence[Fifo], strategy: str) -> Fifo | None:
    """The queue to serve: the most important one, else the one that the strategy prefers."""
    winner: Fifo | None = None
    importance = 0
    for fifo in fifos:
        if not fifo.callers:
            continue
        if not importance or fifo.importance > importance:
            if strategy == "more_ppl":
                better = winner is None or len(fifo.callers) > len(winner.callers)
            else:
                better = winner is None or fifo.waiting_since < winner.waiting_since
            winner = fifo if better else winner
        importance = max(importance, fifo.importance)
    return winner


def _take(
    channel: Channel, fifo: Fifo, caller: WaitingCaller, name: str, announce: str | None
) -> Steps[bool]:
    """Bridge the consumer to a caller; False if the consumer has gone."""
    other = caller.channel
    announce = other.get("fifo_override_announce") or announce
    if announce is not None:
        status = yield from playing.play(channel, announce)
        if status not in (Status.SUCCESS, Status.BREAK):
            return False
    other.set("fifo_serviced_by", channel.get("fifo_consumer_id") or channel.uuid)
    other.set("fifo_serviced_uuid", channel.uuid)
    other.break_requested = True
    other.poke()
    while channel.is_ready() and other.is_ready() and caller.tagged:
        yield channel.tick()
    if not channel.is_ready():
        yield from _abandon(channel, other)
        return False
    yield from answering.answer(channel)
    number, called = _introduce(channel, other)
    talk = Talk(other, channel, channel.now)
    second = str(channel.now // SECOND)
    for one, two, role in ((channel, other, "consumer"), (other, channel, "caller")):
        order = ("fifo_target", "fifo_timestamp") if one is channel else ("fifo_timestamp",)
        one.set("fifo_status", "TALKING")
        for variable in order:
            value = two.uuid if variable == "fifo_target" else local_time(channel.now)
            one.set(variable, value)
        one.set("fifo_epoch_start_bridge", second)
        if one is other:
            one.set("fifo_target", two.uuid)
        one.set("fifo_role", role)
    fifo.talks.append(talk)
    fifo.tell_presence(channel.switch)
    template = channel.get("fifo_record_template")
    recorded = other.expand(template) if template else ""
    if recorded:
        yield from record_session(channel, recorded)
    _tell(
        channel,
        name,
        "channel-consumer-start",
        ("FIFO-Type", "onhook"),
        ("FIFO-Caller-CID-Name", called),
        ("FIFO-Caller-CID-Number", number),
    )
    _tell(channel, name, "bridge-consumer-start")
    _tell(other, name, "bridge-caller-start")
    channel.set("signal_bond", other.uuid)
    other.set("signal_bond", channel.uuid)
    for one, role in ((other, "caller"), (channel, "consumer")):
        one.set("fifo_initiated_bridge", "true")
        one.set("fifo_bridge_role", role)
    channel.profile = channel.profile._replace(
        callee_id_name=other.profile.callee_id_name,
        callee_id_number=other.profile.callee_id_number,
    )
    began = channel.now
    yield from connect(channel, other, on_key=lambda digit: _on_key(channel, other, digit))
    fifo.talks.remove(talk)
    _tell_end(channel, other, name, began)
    for one in (channel, other):
        one.set("fifo_epoch_stop_bridge", str(channel.now // SECOND))
        one.set("fifo_bridge_seconds", str(channel.now // SECOND - int(second)))
    if recorded:
        media_bugs.stop_bugs(channel, "session_record", recorded)
    _note(channel, "WAITING")
    _note(other, "DONE")
    fifo.tell_presence(channel.switch)
    return True


def _abandon(channel: Channel, other: Channel) -> Steps[None]:
    """Return the caller to the head of the queue after the consumer hung up on the way."""
    name, data = other.get("current_application"), other.get("current_application_data")
    until = channel.now + ABANDONED
    while other.up and other.running_state is not State.HIBERNATE and channel.now < until:
        yield channel.tick()
    if name:
        other.run_extension([(name, data or "")])
        other.move_to(State.EXECUTE)
    else:
        other.hangup("NORMAL_CLEARING")
    other.set("fifo_vip", "true")


def _introduce(channel: Channel, other: Channel) -> tuple[str, str]:
    """Tell each about the other; return the number and name that the consumer was called by."""
    inbound = channel.profile.direction == "inbound"
    if inbound:
        called = channel.get("callee_id_name") or channel.get("destination_number") or ""
        number = channel.get("callee_id_number") or called
    else:
        called = channel.get("caller_id_name") or ""
        number = channel.get("caller_id_number") or ""
    channel.step_profile()
    other.step_profile()
    mine, theirs = channel.profile, other.profile
    other.other_type, channel.other_type = "originator", "originatee"
    other.other_profile = mine._replace(profile_index="", transfer_source="", times=Times())
    channel.other_profile = theirs._replace(
        logical_direction="inbound", profile_index="", transfer_source=""
    )
    channel.profile = mine._replace(
        callee_id_name=theirs.callee_id_name, callee_id_number=theirs.callee_id_number
    )
    other.profile = theirs._replace(
        callee_id_name=theirs.caller_id_name,
        callee_id_number=theirs.caller_id_number,
        caller_id_name=mine.caller_id_name,
        caller_id_number=mine.caller_id_number,
    )
    return number, called


def _on_key(channel: Channel, other: Channel, digit: Digit) -> bool:
    """The consumer's exit key ends the talk."""
    if digit.key == (channel.get("fifo_consumer_exit_key") or "*")[0]:
        other.hangup("NORMAL_CLEARING")
        return False
    return True


def _tell_end(channel: Channel, other: Channel, name: str, began: int) -> None:
    def spans(prefix: str, microseconds: int) -> list[tuple[str, str]]:
        units = (("us", 1), ("ms", MILLISECOND), ("s", SECOND))
        return [(f"{prefix}-{unit}", str(microseconds // size)) for unit, size in units]

    talked = channel.now - began
    held = channel.profile.times.hold_accum
    _tell(
        channel,
        name,
        "channel-consumer-stop",
        ("FIFO-Type", "onhook"),
        *spans("FIFO-Consumer-Bridge-Time", began),
        *spans("FIFO-Consumer-Talk-Time", talked - held),
        *spans("FIFO-Consumer-Hold-Time", held),
    )
    _tell(channel, name, "bridge-consumer-stop")
    held = other.profile.times.hold_accum
    _tell(
        other,
        name,
        "bridge-caller-stop",
        *spans("FIFO-Caller-Talk-Time", talked - held),
        *spans("FIFO-Caller-Hold-Time", held),
    )


def _wrap_up(channel: Channel, name: str) -> Steps[bool]:
    """The consumer's pause until the next caller; False if the consumer has gone."""
    given, key = channel.get("fifo_consumer_wrapup_time"), channel.get("fifo_consumer_wrapup_key")
    milliseconds = atoi(given) if given else WRAPUP
    if milliseconds or key:
        channel.set("fifo_status", "WRAPUP")
        _tell(channel, name, "consumer_wrapup")
    pressed: list[str] = []

    def on_digit(digit: Digit) -> bool:
        pressed.append(digit.key)
        return True

    sound = channel.get("fifo_consumer_wrapup_sound")
    if sound:
        status = yield from playing.play(channel, sound, on_digit)
        if status not in (Status.SUCCESS, Status.BREAK):
            return False
    until = channel.now + milliseconds * MILLISECOND
    if not milliseconds:
        return True
    while channel.is_ready() and channel.now <= until:
        if not key or "".join(pressed) == key:
            yield until + 1  # nothing else is looked at
            continue
        left = (until - channel.now) // MILLISECOND + 100
        _, _, used = yield from asking.collect_digits(channel, "", 1, key, left, left)
        if used:
            break
    return True


# --- the api command


@api("fifo", recordings="32b")
def fifo_api(switch: Switch, argument: str) -> str:
    words = separate(argument, " ", 5)
    usage = (
        "list|list_verbose|count|debug|status|has_outbound|importance [<fifo name>]"
        "|reparse [del_all]"
    )
    if not words:
        return f"{usage}\n"
    command = words[0].lower()
    known = {MANUAL_CALLS: Fifo(MANUAL_CALLS), **switch.state(Fifos).by_name}
    named = known.get(words[1]) if len(words) > 1 else None
    chosen = list(known.values()) if len(words) < 2 else [named] if named is not None else []
    if command == "count":
        return "".join(map(_counted, chosen)) or "none\n"
    if command == "has_outbound":
        return "".join(f"{each.name}:0\n" for each in chosen) or "none\n"
    if command in ("list", "list_verbose"):
        listed = "".join(map(_listed, chosen))
        return (
            f"<fifo_report>\n{listed}</fifo_report>\n\n"
            if listed
            else "<fifo_report></fifo_report>\n\n"
        )
    if command == "importance":
        if named is None:
            return "no fifo by that name\n"
        if len(words) > 2:
            named.importance = max(0, atoi(words[2]))
        return f"importance: {named.importance}\n"
    if command == "reparse":
        return "+OK\n"
    if command == "debug":
        return f"debug {max(0, atoi(words[1])) if len(words) > 1 else 0}\n"
    return f"-ERR Usage: {usage}\n"


def _counted(fifo: Fifo) -> str:
    """Counts of consumers, callers, members, ringing members, and idle consumers."""
    idle = sum(not consumer.bridged for consumer in fifo.consumers)
    return f"{fifo.name}:{len(fifo.consumers)}:{len(fifo.callers)}:0:0:{idle}\n"


def _listed(fifo: Fifo) -> str:
    count = len(fifo.callers)
    lines = [
        f'  <fifo name="{fifo.name}" consumer_count="{len(fifo.consumers)}" '
        f'caller_count="{count}" waiting_count="{count}" importance="{fifo.importance}" '
        'outbound_per_cycle="0" outbound_per_cycle_min="0" ring_timeout="0" default_lag="0" '
        'outbound_priority="5" outbound_strategy="ringall">',
        "    <outbound></outbound>",
    ]
    ranked = [each for priority in range(PRIORITIES) for each in fifo.of_priority(priority)]
    callers = [
        f"      <caller {_about(each.channel)} "
        f'position="{each.channel.get("fifo_position")}" slot="{each.priority}"></caller>'
        for each in ranked
    ]
    consumers = []
    for each in fifo.consumers:
        target = each.get("fifo_target")
        more = f' target="{target}"' if target else ""
        consumers.append(f"      <consumer {_about(each)}{more}></consumer>")
    bridges = [line for talk in fifo.talks for line in _talk_listed(fifo, talk)]
    for tag, children in (("callers", callers), ("consumers", consumers), ("bridges", bridges)):
        if children:
            lines += [f"    <{tag}>", *children, f"    </{tag}>"]
        else:
            lines.append(f"    <{tag}></{tag}>")
    return "\n".join([*lines, "  </fifo>", ""])


def _about(channel: Channel) -> str:
    name, number = channel.get("caller_id_name") or "", channel.get("caller_id_number") or ""
    return (
        f'uuid="{channel.uuid}" status="{channel.get("fifo_status")}" '
        f'caller_id_name="{quote(name)}" caller_id_number="{quote(number)}" '
        f'timestamp="{channel.get("fifo_timestamp")}"'
    )


def _talk_listed(fifo: Fifo, talk: Talk) -> list[str]:
    profile = talk.caller.profile
    return [
        f'      <bridge fifo_name="{fifo.name}" bridge_start="{local_time(talk.began)}" '
        f'bridge_start_epoch="{talk.began // SECOND}">',
        f'        <caller uuid="{talk.caller.uuid}" caller_id_name="{profile.caller_id_name}" '
        f'caller_id_number="{profile.caller_id_number}"></caller>',
        "        <consumer>",
        f"          <uuid>{talk.consumer.uuid}</uuid>",
        "          <outgoing_uuid></outgoing_uuid>",
        "        </consumer>",
        "      </bridge>",
    ]

"""Far ends that are called at once, and which of them wins (switch_ivr_originate.c).

FreeSWITCH counts whole seconds since the epoch: three of them take 2.95 s in recording 10c.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ..clockwork.threads import SECOND, Steps
from ..model import answering, asking, executing, hooks, playing
from ..model.arguments import atoi
from ..model.far_legs import FarLeg, dial, reaches
from ..model.sounds import FRAME
from ..model.states import State, Status
from ..model.variables import is_true

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.dial_strings import Phone
    from ..model.switch import Switch

__all__ = ["Group", "bounded", "limit_of"]

#: Seconds after which nobody has answered (SWITCH_DEFAULT_TIMEOUT).
DEFAULT_LIMIT = 60


#: What the leg that confirmed is no longer to do.
UNSET_BY_WINNER = (
    "group_confirm_key",
    "group_confirm_file",
    "group_confirm_error_file",
    "group_confirm_cancel_timeout",
    "group_confirm_read_timeout",
)


def bounded(variables: Mapping[str, str], name: str, least: int, most: int, default: int) -> int:
    """A number among variables; FreeSWITCH ignores one outside its bounds."""
    given = atoi(variables.get(name))
    return given if least <= given <= most else default


def limit_of(variables: Mapping[str, str], given: int) -> int:
    """The seconds in which a far end must answer."""
    return max(0, atoi(variables.get("originate_timeout"))) or max(0, given) or DEFAULT_LIMIT


@dataclass(eq=False)
class _Called:
    """A leg, and its own limits in seconds since the group was called; 0 is none."""

    leg: FarLeg
    until: int  #: originate_timeout
    delay: int  #: leg_delay_start
    limit: int  #: leg_timeout
    progress: int  #: leg_progress_timeout
    required: bool  #: leg_required
    confirms: bool = False  #: it is asked to confirm (CF_TAGGED)
    confirmed: bool = False  #: CF_WINNER


def _called(leg: FarLeg, until: int) -> _Called:
    def seconds(name: str) -> int:
        return max(0, atoi(leg.get(name)))

    delay, limit = seconds("leg_delay_start"), seconds("leg_timeout")
    progress = seconds("leg_progress_timeout")
    return _Called(
        leg,
        until,
        delay,
        limit and limit + delay,
        progress and progress + delay,
        is_true(leg.get("leg_required")),
    )


class Side(Protocol):
    """One of several dial strings that are called side by side."""

    channel: Channel | None  #: for which they are called
    cancelled: str | None  #: the cause, once it is to end
    group: Group | None  #: the one that is called


@dataclass(eq=False)
class Group:
    """The far ends of one alternative, separated by commas.

    ``options`` are the variables for all of them; ``limit`` is in seconds. `call` calls them, and
    `look` at every frame says how it went. ``on_news`` is called when there is a reason to look.
    """

    switch: Switch
    options: Mapping[str, str]
    limit: int
    caller: Channel | None = None
    side: Side | None = None  #: if it is one of several that are called side by side
    on_news: Callable[[], None] = lambda: None
    #: Called before legs are hung up.
    before_the_end: Callable[[], None] = lambda: None
    called: list[_Called] = field(default_factory=list)
    cause: str = "NORMAL_TEMPORARY_FAILURE"  #: the reason for the failure
    forced: str | None = None  #: the cause that is reported instead
    timed_out: bool = False  #: the limit has passed
    fatal: bool = False  #: no other alternative is tried (fail_on_single_reject)

    @property
    def legs(self) -> list[FarLeg]:
        return [each.leg for each in self.called]

    def call(self, phones: Sequence[Phone]) -> Steps[None]:
        """Call the far ends."""
        self.began = self.switch.scheduler.now
        if self.side is not None:
            self.side.group = self
        for phone in phones:
            if self.caller is not None and reaches(self.switch, phone.name):
                # (mod_loopback.c, channel_outgoing_channel)
                if not is_true(self.caller.get("loopback_no_pre_answer")):
                    yield from answering.pre_answer(self.caller)
            whose = None if self.side is None else self.side.channel
            leg = dial(
                self.switch,
                phone.name,
                phone.variables,
                self.caller,
                whose,
                early_ok=self._early_ok,
            )
            if isinstance(leg, str):
                self.cause = leg
                if self._is_fatal(leg):
                    self.forced, self.fatal = leg, True
                    break
                continue
            leg.confirm_key = leg.get("group_confirm_key") or self.options.get(
                "group_confirm_key", ""
            )
            self.called.append(_called(leg, limit_of(phone.shared, self.limit)))
            self._note(leg)
            yield from hooks.execute_on(leg, "execute_on_originate")
            yield from hooks.api_on(leg, "api_on_originate")

    def _note(self, leg: FarLeg) -> None:
        caller = self.caller
        if caller is not None:
            caller.set("originate_signal_bond", leg.uuid)
        elif self.side is not None:
            caller = self.side.channel
        if caller is not None:
            callee = leg.profile
            called = f"{leg.uuid};{callee.callee_id_name};{callee.callee_id_number}"
            caller.variables.push("originated_legs", called)

    def start(self) -> Steps[None]:
        """Have the legs ring, except those that begin later."""
        for each in self.called:
            each.leg.blocked = each.delay > 0
            each.leg.start()
        if any(leg.far is not None for leg in self.legs):
            yield self.switch.scheduler.now  # what it does at once is seen at the first look

    def _is_fatal(self, cause: str) -> bool:
        """True if this cause alone makes the call fail, by a list of causes
        (fail_on_single_reject).
        """
        listed = self.options.get("fail_on_single_reject")
        if not listed:
            return False
        found = is_true(listed) or cause in listed.upper()
        return not found if listed.startswith("!") else found

    # --- how it went

    def look(self) -> FarLeg | str | None:
        """The leg that won, the cause if all is lost, or None if it is open
        (check_channel_status, check_per_channel_timeouts).
        """
        if self.side is not None and self.side.cancelled is not None:
            return self._fail(self.side.cancelled)
        for each in self.called:
            if each.required and not each.leg.up:
                return self._fail(each.leg.hangup_cause or self.cause)
            if each.confirmed:
                for name in UNSET_BY_WINNER:
                    each.leg.set(name, None)
                return each.leg
            taken = each.leg.up and self._taken(each.leg) and not each.confirms
            if taken and not self._refusal_seen(each):
                if not each.leg.confirm_key:
                    each.leg.taken_early = not each.leg.answered
                    return each.leg
                self._ask(each)
        down = [each.leg for each in self.called if not each.leg.up]
        if len(down) == len(self.called):
            if down:
                self.cause = down[0].hangup_cause or self.cause
            self._note_fatal(down)
            return self.cause
        self._time_legs()
        elapsed = self._elapsed
        progress = atoi(self.options.get("progress_timeout"))
        if progress > 0 and not self.progressed and elapsed > progress:
            self.forced = self.forced or "PROGRESS_TIMEOUT"
            return self._fail("NO_ANSWER")
        late = [each.leg for each in self.called if each.leg.up and elapsed >= each.until]
        self.timed_out = len(late) + len(down) == len(self.called)
        if self.timed_out or any(self._is_fatal(leg.hangup_cause or "") for leg in down):
            self._note_fatal(down)
            return self._fail("NO_ANSWER")
        for leg in late:  # those beside it have more time (:_:)
            leg.hangup("NO_ANSWER")
        return None

    def _refusal_seen(self, winner: _Called) -> bool:
        """True if the switch sees that another far end refuses at once before that this one
        answers at once.
        """
        earlier, refuses = True, False
        for each in self.called if self.caller is not None else ():
            if each is winner:
                earlier = False
            elif each.leg.up and each.leg.far_end.rejects is not None and not each.delay:
                refuses |= self.switch.races.refuses_first(each.leg.uuid, earlier)
        return refuses

    def _taken(self, leg: FarLeg) -> bool:
        """True if the leg is answered, or lets media through, which is enough unless the variables
        say otherwise.
        """
        if leg.answered:
            return True
        return leg.early_media and self._early_ok

    @property
    def _early_ok(self) -> bool:
        ignored = self.options.get("ignore_early_media") or ""
        return not (
            is_true(ignored)
            or ignored in ("consume", "ring_ready")
            or is_true(self.options.get("bridge_early_media"))
        )

    def _note_fatal(self, down: list[FarLeg]) -> None:
        if not is_true(self.options.get("fail_on_single_reject")):
            self.fatal = any(self._is_fatal(leg.hangup_cause or "") for leg in down)

    def _fail(self, cause: str) -> str:
        self.hang_up(self.forced or cause)
        self.cause = cause
        return cause

    @property
    def progressed(self) -> bool:
        """True if the caller was told that a far end rings."""
        ignored = self.caller is None or is_true(self.options.get("ignore_ring_ready"))
        rang = not ignored and any(leg.rang for leg in self.legs)
        return rang or any(leg.early_media for leg in self.legs)

    @property
    def _elapsed(self) -> int:
        return self.switch.scheduler.now // SECOND - self.began // SECOND

    def _time_legs(self) -> None:
        elapsed = self._elapsed
        there = [each for each in self.called if each.leg.state < State.REPORTING]
        waits = any(not each.delay for each in there)
        first = 0 if waits else min((each.delay for each in there if each.delay), default=0)
        for each in self.called:
            if each.delay and (not waits or elapsed > each.delay):
                self._begin_late(each, first - elapsed if first else 0, first)
            if not each.leg.up:
                continue
            quiet = not (each.leg.rang or each.leg.media_ready)
            if each.progress and quiet and elapsed > each.progress:
                each.leg.hangup("PROGRESS_TIMEOUT")
                self.forced = "PROGRESS_TIMEOUT"
            if each.limit and elapsed > each.limit:
                each.leg.hangup("ALLOTTED_TIMEOUT")

    def _begin_late(self, each: _Called, earlier: int, first: int) -> None:
        """Begin a leg after its delay, or before, if no other leg is left."""
        if first:
            each.limit = each.limit and max(1, each.limit - earlier)
            each.progress = each.progress and max(1, each.progress - earlier)
        each.delay = each.delay - first if first else 0
        if not each.delay:
            each.leg.blocked = False
            each.leg.thread.run()

    @property
    def due(self) -> int:
        """When to look again without news, in microseconds since the epoch."""
        whole = self.began // SECOND
        seconds = []
        progress = atoi(self.options.get("progress_timeout"))
        if progress > 0 and not self.progressed:
            seconds.append(progress + 1)
        for each in self.called:
            if each.leg.up:
                seconds.append(each.until)
                seconds += [s + 1 for s in (each.delay, each.limit, each.progress) if s]
        now = self.switch.scheduler.now
        due = min((at for s in seconds if (at := (whole + s) * SECOND) > now), default=now + FRAME)
        if any(each.delay for each in self.called) and not all(leg.up for leg in self.legs):
            due = min(due, self.called[0].leg.tick())
        return due

    def hang_up(self, cause: str, winner: FarLeg | None = None) -> None:
        """Hang up all legs but the winner."""
        self.before_the_end()
        for leg in self.legs:
            if leg is not winner and leg.up:
                if cause == "LOSE_RACE":
                    leg.set("group_dial_status", "loser")
                leg.hangup(cause)

    # --- asking the far end to confirm

    def _ask(self, each: _Called) -> None:
        """Have a leg that answered asked for the key (launch_collect_thread)."""
        each.confirms = True
        given = each.leg.get("group_confirm_timeout") or ""
        given = given or self.options.get("group_confirm_timeout", "")
        extended = atoi(given) if given.isdigit() else 0
        if extended:
            each.limit = each.progress = self._elapsed + extended
        elif given.isdigit() or is_true(self.options.get("group_confirm_cancel_timeout")):
            each.limit = each.progress = 0
        each.leg.meanwhile = self._confirm(each)
        each.leg.poke()

    def _confirm(self, each: _Called) -> Steps[None]:
        """Ask until the key was pressed, or execute an application (collect_thread_run)."""
        leg, key = each.leg, each.leg.confirm_key
        shared = self.options if self.options.get("group_confirm_key") else {}
        file = leg.get("group_confirm_file") or shared.get("group_confirm_file", "")
        if file == "undef":
            file = ""
        if key.lower() == "exec":
            name, _, data = file.partition(" ")
            if name:
                yield from executing.execute(leg, name, data)
                self._win(each)
            return
        error_file = shared.get("group_confirm_error_file")
        timeout = max(0, atoi(shared.get("group_confirm_read_timeout"))) or 5000
        while leg.is_ready():
            status, digits = yield from asking.read(
                leg,
                least=len(key),
                most=len(key),
                file=file or "silence",
                variable="",
                timeout=timeout,
                terminators="",
                digit_timeout=0,
            )
            if status not in (Status.SUCCESS, Status.BREAK, Status.TOO_SMALL):
                leg.hangup("DESTINATION_OUT_OF_ORDER")
            if digits == key:
                self._win(each)
                return
            if error_file and error_file != "undef":
                yield from playing.play(leg, error_file)

    def _win(self, each: _Called) -> None:
        if each.leg.up:
            each.confirmed = True
            each.leg.set("group_dial_status", "winner")
            self.on_news()

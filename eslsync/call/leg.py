"""A leg of a call: its state, from events, and the execution of applications on it.

The methods of `Channel` are written with it, and so are functions for other applications::

    def phrase(channel: Channel, macro: str, timeout: float | None = None) -> str:
        def response(event: Event) -> str:
            return event["Application-Response"]

        return channel.leg.run("phrase", macro, response, False, timeout)
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TypeVar, overload

from ..callables import check_returned
from ..clock import sooner
from ..wire.arguments import (
    ARRAY,
    check_header_value,
    check_line,
    check_name,
    check_text,
    check_value,
    literal,
)
from ..wire.enums import ChannelState, HangupCause
from ..wire.exceptions import CommandError, Hangup, ProtocolError, TimeoutError, Transferred
from ..wire.keys import Keys
from ..wire.message import ApiResponse, Event
from ..wire.printed import NOTHING
from .answers import Answers
from .borrowed import BorrowedVariables
from .callbacks import DigitHandler
from .ending import Stage
from .execution import Execution, UnderWay
from .taken_away import destination, note_execution

if TYPE_CHECKING:
    from .conversation import Conversation

__all__ = ["Collecting", "Leg", "as_it_is", "as_text", "check_application"]

T = TypeVar("T")

#: The channel's states in order, in which a call passes through the last of them.
STATES = list(ChannelState)

UP = Stage.UP

#: An argument that needs no look at what it consists of: ASCII that FreeSWITCH takes as it is.
_PLAIN = re.compile(rf"(?!{ARRAY}|[ %])[ -#%-\[\]-~]*")

#: Seconds to wait for the application ``hangup``, which a channel runs within a tick or two, before
#: the switch is told to end the channel.
HANGUP_PATIENCE = 3.0
#: The variable that holds the Reason header for the leg's end.
REASON = "sip_reason"
#: The digits of queue_dtmf to recognize when they come back: as many as a channel queues
#: (SWITCH_DTMF_LOG_LEN).
MAX_QUEUED = 1000


class Collecting(NamedTuple):
    """The parameters of a `Channel.get_digits` that is under way."""

    file: object
    least: int
    most: int
    tries: int
    terminators: str
    regexp: str | None
    valid: Callable[[str], bool] | None


class Leg:
    """One leg of a call, in its session's conversation."""

    __slots__ = (
        "__weakref__",
        "_told_state",
        "_told_variables",
        "answers",
        "borrowed",
        "bridge_event",
        "bridges_later",
        "collecting",
        "conversation",
        "digit_handlers",
        "ended",
        "gone_by",
        "hangup_event",
        "hangup_serial",
        "has_completed",
        "last_collected",
        "leaves_dialplan",
        "left_socket",
        "may_play",
        "may_play_for_ever",
        "met_end",
        "own_reason",
        "queued_digits",
        "sent_away",
        "transferred",
        "transfers_later",
        "unfinished",
        "uuid",
    )

    def __init__(self, conversation: Conversation, uuid: str, told: Event) -> None:
        self.conversation = conversation
        self.uuid = uuid
        self._told_state = told
        self._told_variables = told
        # How it ends. Only ending.py changes these.
        self.hangup_event: Event | None = None
        self.hangup_serial: int | None = None
        self.gone_by: float | None = None
        #: How often the handler has met its end (`Unheeded`).
        self.met_end = 0
        #: True once an application that this session sent has completed on it.
        self.has_completed = False
        #: The applications that its hangup has ended.
        self.ended: list[UnderWay] = []
        #: Other work that its hangup would end, or has ended: functions that return the outcome.
        self.unfinished: list[Callable[[Event | None], object]] = []
        #: True once its socket application has ended, though the leg may still be up.
        self.left_socket = False
        #: True once this session itself has transferred it, or hung it up.
        self.sent_away = False
        #: True once such a sound was sent to it that doesn't end by itself.
        self.may_play_for_ever = False
        #: True once an application or command of our own may transfer it later, or bridge it anew.
        self.transfers_later = self.bridges_later = False
        #: True once the handler itself has set or unset sip_reason.
        self.own_reason = False
        #: The last CHANNEL_BRIDGE.
        self.bridge_event: Event | None = None
        #: The event that told that somebody else has taken it away (`Transferred`).
        self.transferred: Event | None = None
        #: True once something was sent to it that may play for ever, and that tells no end.
        self.may_play = False
        #: True once a bridge with another leg has taken, or will take, it out of the dialplan.
        self.leaves_dialplan = False
        #: Digits that queue_dtmf has queued, and that have not come back as this leg's own.
        self.queued_digits = ""
        #: Handlers by digit; by None the handler for any other digit.
        self.digit_handlers: dict[str | None, DigitHandler] = {}
        #: Set while get_digits takes the digits instead of these handlers.
        self.collecting: Collecting | None = None
        #: The last digit that an application collected.
        self.last_collected: str | None = None
        #: The answers of its recognizer, once `Channel.detect_speech` has begun to listen.
        self.answers: Answers | None = None
        #: Variables that methods set for their application, to be put back.
        self.borrowed = BorrowedVariables(weakref.proxy(self), conversation.clock)

    def __repr__(self) -> str:
        return f"<Leg {self.uuid} {self.state}>"

    @property
    def is_own(self) -> bool:
        """True for the leg on the socket."""
        return self is self.conversation.own

    # Its state, from events

    @property
    def latest(self) -> Event:
        """The last event that contained the channel's state."""
        return self._told()[0]

    @property
    def known(self) -> Event:
        """The last event that contained the channel's variables."""
        return self._told()[1]

    @property
    def state(self) -> ChannelState:
        """The channel's state in `latest`; NEW before any event."""
        state = self.latest.channel_state
        return state if isinstance(state, ChannelState) else ChannelState.NEW

    def begin(self, told: Event) -> None:
        """Take state and variables from an answer of the switch, before any event."""
        self._told_state = self._told_variables = told
        self.conversation.redact.note(self.uuid, told)

    def reached(self, state: ChannelState) -> Event | None:
        """Return `latest` if the leg is in this state (or, for a hangup state, past it)."""
        now = self.state
        past = state.is_hangup and STATES.index(now) >= STATES.index(state)
        return self.latest if now is state or past else None

    def read(self, events: Iterable[Event]) -> None:
        """Note the state and variables in these events, the last first. In the handler's thread."""
        state, variables = self._found(events)
        if state is not None:
            self._told_state = state
        if variables is not None:
            self._told_variables = variables
            self.conversation.redact.note(self.uuid, variables)

    def _told(self) -> tuple[Event, Event]:
        conversation = self.conversation
        if conversation.in_its_thread():
            conversation.arrivals.read_recent()
            return self._told_state, self._told_variables
        state, variables = self._found(conversation.arrivals.unread())
        return (
            self._told_state if state is None else state,
            self._told_variables if variables is None else variables,
        )

    def _found(self, events: Iterable[Event]) -> tuple[Event | None, Event | None]:
        """The last with the state, and the last with variables; ``events`` begin with the last."""
        state = variables = None
        for event in events:
            tells_state = state is None and (event.quick_name or event.name).startswith("CHANNEL_")
            if (tells_state or variables is None) and event.is_about(self.uuid):
                if tells_state and event.get("Channel-State") in STATES:
                    state = event
                if variables is None and event.has_variables:
                    variables = event
                if state is not None and variables is not None:
                    break
        return state, variables

    # Executing

    def do(self, application: str, argument: str, timeout: float | None) -> None:
        """Execute an application and wait until it completes. ``argument`` is plain text."""
        self.execute(application, as_it_is(argument), _nothing, timeout=timeout)

    def do_text(self, application: str, argument: str, timeout: float | None) -> None:
        """As `do`, for an argument that may have line breaks."""
        self.execute(application, as_text(argument), _nothing, timeout=timeout)

    def run(
        self,
        application: str,
        argument: str,
        result: Callable[[Event], T],
        lock: bool,
        timeout: float | None,
    ) -> T:
        """As `do`; return ``result(event)`` of the completion, CHANNEL_EXECUTE_COMPLETE.

        Raises RuntimeError with ``events=False``, as no completion comes.
        """
        if not self.conversation.subscription.completions:
            raise RuntimeError(
                f"{application}: the outcome would never arrive, since CHANNEL_EXECUTE_COMPLETE "
                "doesn't: the call was taken with events=False, or events were switched off"
            )

        def told(event: Event | None) -> T:
            assert event is not None
            return result(event)

        return self.execute(application, as_it_is(argument), told, lock, timeout=timeout)

    @overload
    def execute(
        self,
        application: str,
        argument: str,
        result: Callable[[Event | None], T],
        lock: bool = ...,
        *,
        timeout: float | None = ...,
    ) -> T: ...

    @overload
    def execute(
        self,
        application: str,
        argument: str,
        result: Callable[[Event | None], T],
        lock: bool = ...,
        block: bool = ...,
        timeout: float | None = ...,
    ) -> T | Execution[T]: ...

    def execute(
        self,
        application: str,
        argument: str,
        result: Callable[[Event | None], T],
        lock: bool = False,
        block: bool = True,
        timeout: float | None = None,
    ) -> T | Execution[T]:
        """Execute an application; return ``result(event)`` of its completion.

        With ``events=False`` the event is None. The argument is in the dialplan's own language;
        `as_it_is` quotes plain text. For the rest, and what it raises, see `Channel.execute`.
        """
        conversation = self.conversation
        if block:
            conversation.check_thread()
        elif not conversation.subscription.is_async:
            conversation.warn_sync(f"block=False waits until {application} has completed")
        deadline = None if timeout is None else conversation.clock.deadline(timeout)
        quiet = block and conversation.subscription.completions
        under_way = self._send(application, argument, lock, quiet, timeout)
        under_way.result = result
        try:
            if block:
                return result(under_way.wait(deadline))
            return Execution(under_way, result)
        finally:
            if REASON in argument:
                self.own_reason = True
            if self.borrowed.ours and under_way.facts.sets and not under_way.refused:
                self.borrowed.forget(argument)

    def start(self, application: str, argument: str = "", timeout: float | None = None) -> UnderWay:
        """As `do`, but wait only for the reply that it is queued."""
        return self._send(application, as_text(argument), False, False, timeout)

    def hang_up(self, cause: str, timeout: float | None) -> NoReturn:
        """Execute ``hangup``, wait for the leg's end, and raise the Hangup.

        A far end's Reason header, which mod_sofia would send on in place of the cause, is unset
        first (mod_sofia.c, sofia_on_hangup).
        """
        conversation = self.conversation
        conversation.check_thread()
        deadline = conversation.deadline(timeout)
        conversation.raise_if_gone(self)
        reason = self.known.variables.get(REASON)
        if reason and not self.own_reason and reason != conversation.context.variables.get(REASON):
            self.start("unset", REASON, timeout)
        under_way = self._send("hangup", cause, False, True, timeout)
        killed = False
        while conversation.full and not killed:
            patience = conversation.clock.deadline(HANGUP_PATIENCE)
            try:
                under_way.await_end_of_leg(sooner(patience, deadline))
            except TimeoutError:
                if patience is None or (deadline is not None and deadline <= patience):
                    raise
            killed = not any(each.lock for each in self.under_way)
            if killed:  # its thread is stuck, or calls somebody, and doesn't look at its queue
                conversation.commands.exchange(f"api uuid_kill {self.uuid} {cause}")
        under_way.await_end_of_leg(deadline)

    # What a hangup has ended

    @property
    def outcomes(self) -> tuple[object, ...]:
        """The results of what its hangup, or somebody else's transfer, has ended."""
        if not (self.ended or self.unfinished):
            return ()
        results = [each.result(each.event) for each in self.ended if each.result is not None]
        end = self.transferred or self.hangup_event
        results += [outcome(end) for outcome in self.unfinished]
        return tuple(each for each in results if each is not None)

    def forget(self) -> None:
        """Keep only what can be asked after the call: see `Conversation.let_go`."""
        self.unfinished[:] = [lambda _, each=each: each for each in self.outcomes]  # type: ignore[misc]
        self.ended.clear()
        self.digit_handlers.clear()
        self.collecting = self.answers = None

    @contextmanager
    def tells_at_hangup(self, outcome: Callable[[Event | None], object]) -> Iterator[None]:
        """If this block ends with a hangup or transfer, ``outcome(event)`` is an outcome of it."""
        gone = self.hangup_event is not None or self.transferred is not None
        self.unfinished.append(outcome)
        try:
            yield
        except (Hangup, Transferred):
            if gone:  # what begins after the end is told by its own exception only
                self._finish(outcome)
            raise
        except BaseException:
            self._finish(outcome)
            raise
        self._finish(outcome)

    def _finish(self, outcome: Callable[[Event | None], object]) -> None:
        if outcome in self.unfinished:  # else it was let go, with a handler that was stuck
            self.unfinished.remove(outcome)

    def hangs_up_with(self, cause: HangupCause) -> bool:
        """True if it has hung up, with this cause."""
        return self.hangup_event is not None and self.hangup_event.hangup_cause is cause

    @property
    def under_way(self) -> list[UnderWay]:
        """The applications that were sent and have not completed, in the order of sending."""
        return [each for each in [*self.conversation.under_way.values()] if each.leg is self]

    def drop_queued(self) -> None:
        """Note that the switch has broken off, or dropped, everything that was sent to it."""
        for each in self.under_way:
            each.dropped = True

    @property
    def plays_on(self) -> bool:
        """True while something plays, records or waits on it that was sent to it."""
        running = [each.facts for each in self.under_way]
        return self.may_play or any(not (each.joins or each.prepares) for each in running)

    @property
    def plays_for_ever(self) -> bool:
        """True if what runs on it would not end by itself."""
        return self.may_play_for_ever or any(each.endless for each in self.under_way)

    @property
    def collects_digits(self) -> bool:
        """True while an application that collects digits is under way."""
        return any(each.takes_digits for each in self.under_way)

    def _send(
        self, application: str, argument: str, lock: bool, quiet: bool, timeout: float | None
    ) -> UnderWay:
        """Send an application, and wait for the reply unless ``quiet`` (see `Pending`)."""
        conversation = self.conversation
        ending = conversation.ending
        if conversation.connection.has_news:
            conversation.arrivals.look()
        if (
            ending.stage is not UP
            or ending.failure is not None
            or self.hangup_event is not None
            or self.transferred is not None
        ):
            self.check_here()
            conversation.raise_if_gone(self)
        under_way = UnderWay(self, application, argument, conversation.commands.new_id(), lock)
        note_execution(self, application, argument)
        if application == "queue_dtmf":
            digits = argument.partition("@")[0].upper()
            self.queued_digits = (self.queued_digits + digits)[-MAX_QUEUED:]
        if argument.startswith((" ", ARRAY)):  # every command is checked for the rest
            check_header_value("execute-app-arg", argument)
        headers = [("call-command", "execute"), ("execute-app-name", application)]
        body = ""
        if "\n" in argument or "\r" in argument:
            # A body has a length, and so can't end a command or begin another (recording 07e).
            body = check_text(argument)
            headers.append(("content-type", "text/plain"))
        elif argument:
            headers.append(("execute-app-arg", argument))
        if lock:
            headers.append(("event-lock", "true"))
        headers.append(("Event-UUID", under_way.uuid))
        completes = conversation.subscription.completions
        if completes:
            conversation.note_under_way(under_way)
        observed = conversation.observed
        if observed is not None:
            observed.sent(under_way)
        try:
            line = "sendmsg" if self is conversation.own else f"sendmsg {self.uuid}"
            if quiet:
                pending = under_way.pending = conversation.commands.send(
                    line, headers, body, quiet=True
                )
                pending.execution = under_way.uuid
            else:
                self._sendmsg(line, headers, timeout, body)
        except BaseException as error:  # refused, or unknown whether it was taken
            conversation.under_way.pop(under_way.uuid, None)
            if observed is not None:
                observed.raised(under_way.uuid, error)
            raise
        if observed is not None and not completes:
            observed.over(under_way.uuid, "completed")
        return under_way

    def _sendmsg(
        self, line: str, headers: list[tuple[str, str]], timeout: float | None, body: str
    ) -> None:
        try:
            reply = self.conversation.commands.run(line, headers, timeout, body)
        except CommandError as error:
            self.raise_refused(error)
        if isinstance(reply, ApiResponse):
            raise ProtocolError("an api response to a sendmsg")

    def raise_refused(self, error: CommandError) -> NoReturn:
        """Raise the refusal of a message to this leg; or its Hangup, if it is gone."""
        if not self.is_own and "invalid session id" in error.text:
            self.conversation.await_end(self, error)
        try:
            raise error
        finally:
            del error  # breaks a circle through this frame

    def check_here(self) -> None:
        """Raise Transferred if somebody else has taken it away."""
        conversation = self.conversation
        if conversation.connection.has_news:
            conversation.arrivals.look()
        taken = self.transferred
        if taken is not None:
            transferred = Transferred(taken, destination(taken), self.outcomes)
            conversation.note_raising(self, transferred)
            try:
                raise transferred
            finally:
                del transferred  # breaks a circle through this frame

    # Other commands about it

    def api(self, command: str, timeout: float | None) -> None:
        """Send an api command about this leg. Raises its Hangup if it is gone."""
        self.check_here()
        try:
            self.conversation.commands.api(command, timeout)
        except CommandError as error:
            if not any(each in error.text.lower() for each in ("no such channel", "invalid uuid")):
                raise
            self.conversation.await_end(self, error)

    def ask_variable(self, name: str, timeout: float | None) -> str | None:
        """Ask the switch for a variable; None if it is not set. See `Channel.get_variable`."""
        conversation = self.conversation
        self.check_here()
        if conversation.full:
            command = f"api uuid_getvar {self.uuid} {name}"
            reply = conversation.commands.exchange(command, timeout=timeout)
            if reply.body == "_undef_":
                return None
            if reply.body != "-ERR No such channel!\n":
                return "" if reply.body == NOTHING else reply.body
            if not self.is_own:
                raise CommandError(command, reply, reply.body.strip())
        # The api no longer knows a channel that has hung up, but getvar does.
        return conversation.commands.getvar(name, timeout)

    # Digits

    def typed_ahead(self) -> list[Event]:
        """The digits that no wait has taken, the oldest first."""
        return self.conversation.typeahead.untaken(self)

    def comes_back(self, event: Event) -> bool:
        """True for a digit that `queue_dtmf` has queued, and nobody has pressed (recording 33k)."""
        if not self.queued_digits or event.get("DTMF-Source") != "APP":
            return False
        # those before it went elsewhere
        _, found, rest = self.queued_digits.partition((event.digit or " ").upper())
        if found:
            self.queued_digits = rest
        return bool(found)

    def keys(self, keys: str) -> Keys:
        """Keys that were pressed on this leg, with a `repr` that hides them if they are secret."""
        return Keys(keys, hidden=self.conversation.redact.hides_digits)

    def run_digit_handler(self, event: Event) -> None:
        """Run the handler for a digit, if there is one."""
        if not self.digit_handlers or self.collecting is not None:
            return
        digit = event.digit or ""
        handler = self.digit_handlers.get(digit.upper()) or self.digit_handlers.get(None)
        if handler is not None:
            check_returned("the digit handler", handler(digit))


@lru_cache(maxsize=256)
def check_application(application: str) -> None:
    """Raise ValueError if this can't be the name of an application."""
    check_name("application", application, " ")
    check_value(application)


def as_it_is(argument: str) -> str:
    """Quote an application's argument of one line, so that FreeSWITCH expands nothing in it.

    Raises ValueError if that is impossible.
    """
    if _PLAIN.fullmatch(argument):
        return argument
    check_line(argument)
    return as_text(argument)


def as_text(argument: str) -> str:
    """As `as_it_is`, for an argument that may have line breaks."""
    check_value(argument)
    if argument.startswith(" "):
        raise ValueError(
            "FreeSWITCH strips blanks at the start of an argument; pass it without them"
        )
    if argument.startswith("%") and "[" in argument[1:3]:
        # switch_core_session.c, switch_core_session_exec: variables for this application alone
        raise ValueError(
            f"FreeSWITCH takes {argument[:3]!r} at the start for variables; begin the argument "
            "otherwise, and set variables with channel.set()"
        )
    return literal(argument)


def _nothing(event: Event | None) -> None:
    pass

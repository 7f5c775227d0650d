"""A sent application, and its result on completion."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, Literal, NoReturn, TypeVar

from ..checked import checked
from ..clock import Deadline, sooner
from ..wire.declared import declared
from ..wire.exceptions import CommandError, ProtocolError, TimeoutError
from ..wire.message import ApiResponse, Event
from ..wire.shown import in_a_log
from .connection import Pending
from .endless import never_ends
from .turns import by_callback

if TYPE_CHECKING:
    from .leg import Leg

__all__ = ["Execution", "UnderWay"]

T = TypeVar("T")

#: Seconds in which the hangup follows that ended a playback: a tick of 20 ms, and some more.
HANGUP_FOLLOWS = 0.05

#: What an application that plays responds if its sound could not be played to its end.
CUT = ("PLAYBACK ERROR", "ERROR")

COMPLETION = ("CHANNEL_EXECUTE_COMPLETE",)


class UnderWay:
    """An application that was sent to a leg: queued, running, completed or refused."""

    __slots__ = (
        "application",
        "begun",
        "dropped",
        "endless",
        "event",
        "facts",
        "hung_up",
        "leg",
        "lock",
        "pending",
        "result",
        "uuid",
    )

    def __init__(self, leg: Leg, application: str, argument: str, uuid: str, lock: bool) -> None:
        self.leg = leg
        self.application = application
        #: What that application is.
        self.facts = declared(application)
        self.uuid = uuid
        self.lock = lock
        #: True if it doesn't end by itself.
        self.endless = never_ends(application, argument)
        #: True once its CHANNEL_EXECUTE has arrived; noted of those that collect digits.
        self.begun = False
        #: True once it was broken off; one that was queued never completes.
        self.dropped = False
        #: Its CHANNEL_EXECUTE_COMPLETE, once that has arrived.
        self.event: Event | None = None
        #: True if the channel had hung up when it fired that.
        self.hung_up = False
        #: The command that sent it, unless its reply was waited for.
        self.pending: Pending | None = None
        #: Makes what its method returns of that event; None for one without a result.
        self.result: Callable[[Event | None], object] | None = None

    @property
    def refused(self) -> bool:
        """True once FreeSWITCH has refused that command."""
        return self.pending is not None and self.pending.told

    @property
    def takes_digits(self) -> bool:
        """True while it collects digits: from its beginning, if the switch tells of that."""
        if self.dropped or not self.facts.collects:
            return False
        return self.begun or not self.leg.conversation.arrivals.tells_beginnings

    @property
    def will_collect(self) -> bool:
        """True if it collects digits, but has not begun."""
        return not self.begun and self.facts.collects

    def wait(self, deadline: Deadline | None) -> Event | None:
        """Wait for its completion event, and return that; None with ``events=False``."""
        leg = self.leg
        conversation = leg.conversation
        if not conversation.subscription.completions:
            conversation.check_thread()
            return None

        pending, turns, backlog = self.pending, conversation.turns, conversation.turns.backlog

        def ready(_: Event | None) -> Event | Literal[True] | None:
            event = self.event
            if event is None:
                return True if pending is not None and pending.told else None
            # Inside a callback nothing else has its turn; outside, earlier events go first.
            if (
                turns.inside is not None
                or not backlog.events
                or backlog.first_serial > event.serial
            ):
                # An application that completes after the hangup was ended by it, also if the
                # completion overtakes CHANNEL_HANGUP; likewise after a transfer.
                hangup = leg.hangup_serial
                if hangup is not None and event.serial > hangup:
                    return None
                if self.hung_up and conversation.subscription.hangups:
                    return None
                taken = leg.transferred
                return event if taken is None or event.serial < taken.serial else None
            return None

        try:
            told = conversation.until(self, ready, deadline, leg, COMPLETION)
        except CommandError as error:
            raise by_callback(error) from error
        if not isinstance(told, Event):
            self._raise_refused()
        if self.facts.plays and told.late_header("Application-Response") in CUT:
            self._await_hangup(deadline)
        return told

    def _await_hangup(self, deadline: Deadline | None) -> None:
        """Raise the Hangup if it follows at once: then the file is all right, and the caller gone.

        The caller's side can end the sound a tick before FreeSWITCH knows of the hangup (33l).
        """
        leg = self.leg
        conversation = leg.conversation
        leg.ended.append(self)
        try:
            until = sooner(conversation.deadline(HANGUP_FOLLOWS), deadline)
            conversation.until("the end of the call", lambda _: None, until, leg, ())
        except TimeoutError:
            leg.ended.remove(self)

    def await_end_of_leg(self, deadline: Deadline | None) -> NoReturn:
        """Wait until it has ended its leg, and raise the Hangup."""
        pending, conversation = self.pending, self.leg.conversation
        assert pending is not None
        try:
            conversation.until(
                "the end of the call", lambda _: pending.told or None, deadline, self.leg, ()
            )
        except CommandError as error:
            raise by_callback(error) from error
        self._raise_refused()

    def _raise_refused(self) -> NoReturn:
        pending = self.pending
        assert pending is not None
        assert pending.reply is not None
        if isinstance(pending.reply, ApiResponse):
            raise ProtocolError("an api response to a sendmsg")
        self.leg.raise_refused(self.leg.conversation.commands.refused(pending, pending.reply))


@checked
class Execution(Generic[T]):
    """An application that was sent: queued, running or completed.

    The methods of a channel return it with ``block=False``.
    """

    def __init__(self, under_way: UnderWay, result: Callable[[Event | None], T]) -> None:
        self._under_way = under_way
        self._conversation = under_way.leg.conversation  # which a leg knows only weakly later
        self._result = result

    @property
    def application(self) -> str:
        """Its name."""
        return self._under_way.application

    @property
    def uuid(self) -> str:
        """The Application-UUID of its events."""
        return self._under_way.uuid

    @property
    def event(self) -> Event | None:
        """Its CHANNEL_EXECUTE_COMPLETE, once that has arrived."""
        return self._under_way.event

    @property
    def done(self) -> bool:
        """True once it has completed; always with ``events=False``, as no completion comes.

        Until then, raises Hangup, Disconnected or Transferred once it can't complete any more, as
        `wait` does: a loop until it is done ends.
        """
        leg = self._under_way.leg
        conversation = leg.conversation
        if not conversation.subscription.completions:
            return True
        conversation.arrivals.pull()
        if self.event is None:
            leg.check_here()
            conversation.raise_if_gone(leg)
        return self.event is not None

    def wait(self, timeout: float | None = None) -> T:
        """Wait until it has completed; return what the application's method returns.

        Callbacks run meanwhile. With ``events=False`` it returns at once. Raises TimeoutError
        after ``timeout`` seconds (the application continues), and Hangup or Disconnected when
        the leg or the connection ends first.
        """
        deadline = self._under_way.leg.conversation.deadline(timeout)
        return self._result(self._under_way.wait(deadline))

    def stop(self, timeout: float | None = None) -> T:
        """Break it off (application ``break``), wait for its end, and return what `wait` does.

        Works for applications that play, record or sleep, even if still queued. FreeSWITCH breaks
        off the innermost running application (switch_ivr_play_say.c, CF_BREAK): raises
        RuntimeError if that is a later one, and for an application with ``lock=True``, behind
        which the ``break`` would wait. ``timeout`` is in seconds; for the rest see `wait`.
        """
        under_way = self._under_way
        leg = under_way.leg
        conversation = leg.conversation
        if not conversation.subscription.completions:
            raise RuntimeError("with events=False nobody knows whether there is something to stop")
        deadline = conversation.deadline(timeout)
        if not self.done:
            if under_way.lock:
                raise RuntimeError(
                    f"{self.application} runs under lock=True: a break would wait, too"
                )
            inner = [each for each in leg.under_way if each.application != "break"][-1]
            if inner is not under_way:
                raise RuntimeError(
                    f"a break would end {inner.application}, which runs inside {self.application}"
                )
            leg.start("break", timeout=timeout)
        try:
            return self._result(under_way.wait(deadline))
        except TimeoutError:
            under_way.dropped = True
            raise

    def __repr__(self) -> str:
        state = "completed" if self.event is not None else "on its way"
        return f"<Execution {in_a_log(self.application)} {state}>"

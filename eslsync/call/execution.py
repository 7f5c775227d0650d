"""An application on its way, and what it returns when it has completed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, Literal, NoReturn, TypeVar

from ..wire.exceptions import ProtocolError
from ..wire.message import ApiResponse, Event
from .connection import Pending

if TYPE_CHECKING:
    from .leg import Leg

__all__ = ["Execution"]

T = TypeVar("T")

COMPLETION = ("CHANNEL_EXECUTE_COMPLETE",)


class Execution(Generic[T]):
    """An application on its way: queued, running or completed.

    What the methods of a channel return under ``block=False``.
    """

    def __init__(
        self,
        leg: Leg,
        application: str,
        uuid: str,
        result: Callable[[Event | None], T],
        lock: bool,
    ) -> None:
        self.application = application
        self.uuid = uuid
        #: Its CHANNEL_EXECUTE_COMPLETE, once that has arrived.
        self.event: Event | None = None
        #: The command that has sent it, where nobody has waited for its reply alone.
        self._pending: Pending | None = None
        self._leg = leg
        self._session = leg._session
        self._result = result
        self._lock = lock

    @property
    def done(self) -> bool:
        """Has it completed? (With ``events=False`` nobody tells, and it counts as done.)"""
        if not self._session._subscription.completions:
            return True
        self._session._pull_available()
        return self.event is not None

    def wait(self, timeout: float | None = None) -> T:
        """Wait until it has completed; return what the application's method returns.

        Callbacks run meanwhile. With ``events=False`` it returns at once. Raises TimeoutError
        after ``timeout`` seconds (the application goes on), and Hangup or Disconnected when the
        leg or the connection ends first.
        """
        return self._wait(self._session._deadline(timeout))

    def stop(self, timeout: float | None = None) -> T:
        """Break it off (application ``break``), wait for its end, and return what `wait` does.

        For what plays, records or sleeps; it may still be queued. FreeSWITCH breaks off what
        runs innermost (switch_ivr_play_say.c, CF_BREAK): raises RuntimeError where that would
        be another application, sent after this one, and for an application that runs under
        ``lock=True``, behind which the ``break`` would wait. For the rest see `wait`.
        """
        if not self._session._subscription.completions:
            raise RuntimeError("with events=False nobody knows whether there is something to stop")
        deadline = self._session._deadline(timeout)
        if self.done:
            return self._wait(deadline)
        if self._lock:
            raise RuntimeError(f"{self.application} runs under lock=True: a break would wait, too")
        inner = [each for each in self._leg._under_way if each.application != "break"][-1]
        if inner is not self:
            raise RuntimeError(
                f"a break would end {inner.application}, which runs inside {self.application}"
            )
        self._leg.execute("break", block=False, timeout=timeout)
        return self._wait(deadline)

    def _wait(self, deadline: float | None) -> T:
        session = self._session
        if not session._subscription.completions:
            session._check_thread()
            return self._result(None)

        pending = self._pending

        def ready(_: Event | None) -> Event | Literal[True] | None:
            event = self.event
            if event is None:
                return True if pending is not None and pending.told else None
            # Inside a callback nothing else has its turn; outside, what came before comes first.
            backlog = session._backlog
            if session._in_callback or not backlog or backlog[0]._serial > event._serial:
                return event if self._leg._before_hangup(event._serial) else None
            return None

        told = session._until(self.application, ready, deadline, self._leg, COMPLETION)
        if not isinstance(told, Event):
            self._raise_refused()
        return self._result(told)

    def _await_end_of_leg(self, deadline: float | None) -> None:
        """Wait until it has ended the leg; that is told as its Hangup."""
        session, what, pending = self._session, "the end of the call", self._pending
        assert pending is not None
        session._until(what, lambda _: pending.told or None, deadline, self._leg, ())
        self._raise_refused()

    @property
    def _refused(self) -> bool:
        return self._pending is not None and self._pending.told

    def _raise_refused(self) -> NoReturn:
        pending = self._pending
        assert pending is not None
        assert pending.reply is not None
        if isinstance(pending.reply, ApiResponse):
            raise ProtocolError("an api response to a sendmsg")
        self._leg._raise_refused(self._session._refused(pending, pending.reply))

    def __repr__(self) -> str:
        state = "completed" if self.event is not None else "on its way"
        return f"<Execution {self.application} {state}>"

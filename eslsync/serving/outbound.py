"""The server that FreeSWITCH's ``socket`` application connects to: what a program uses of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any

from ..call.handover import event_list
from ..clock import REAL, Clock
from ..session import Session
from ..wire.enums import HangupCause
from ..wire.message import Format
from ..wire.redaction import DTMF, Redactor
from .access import LOOPBACK, Access
from .live import LiveCall, report
from .server import CLOSE, Server, logger
from .signals import handling_signals

__all__ = ["Handler", "Outbound", "on_listen"]

#: A function that handles one call.
Handler = Callable[[Session], Any]

#: Seconds that calls have to finish, when a server stops.
DRAIN_TIMEOUT = 10.0

#: The system may hand a signal to any thread, and Python runs its handler in the main one, which
#: looks for that at least so often (seconds).
SIGNAL_INTERVAL = 1.0

#: Seconds that FreeSWITCH can count to: its epoch has 32 bits, of which it has used most.
MAX_DURATION = 10_000_000

#: Bytes of one call's recording, unless another limit is given: some 2,000 events.
RECORD_LIMIT = 10 * 1024 * 1024
#: What a recording takes that says anything: the reply to `connect` may be 10 KB.
MIN_RECORD_LIMIT = 64 * 1024

#: What an `Outbound` is made with.
OPTIONS = (
    "handler",
    "host",
    "port",
    "events",
    "format",
    "linger",
    "allow",
    "max_calls",
    "when_full",
    "max_call_duration",
    "redact",
    "record",
    "record_limit",
    "clock",
)


#: Called with each `Outbound` before it listens. (`eslsync.loading` raises there: a file that it
#: reads for the handler shall not start its server.)
on_listen: list[Callable[[Outbound], None]] = []


class Outbound:
    """Takes the calls that FreeSWITCH hands over (event socket, outbound mode).

    ``handler`` is called with a `Session` for each call, in a thread of its own. When it
    returns, or raises, with the call still up, the call goes back to the dialplan: FreeSWITCH
    goes on with what stands after ``socket`` there, or hangs up where nothing does (recordings
    12c, 12k, 12n). What it raises is logged, Hangup apart, which is a normal end.

    ``host`` and ``port`` say where to listen (port 0: any that is free; see ``port``).
    ``events``: True for every event of the call, a list of event names for those and the few
    that blocking calls rest on, False for none: application methods then return at the reply.
    ``format``: how the switch writes them, "plain", "json" or "xml"; the `Event` is the same,
    and decoded fastest from plain.
    ``linger``: stay connected after the hangup for the final events and the handler's last
    questions, for at most a minute (True) or so many seconds (a number), or not (False).

    ``allow`` names the networks and hosts whose switches may call (``["10.0.0.0/8"]``); by
    default those of this machine alone, whatever ``host`` is. A call from elsewhere is hung up
    with CALL_REJECTED (a connection that is just closed would leave the caller parked for ever,
    recording 14b).

    ``max_calls`` is how many calls there may be at one time (None: as many as come). Those
    beyond are hung up with ``when_full``, a hangup cause. Or ``when_full`` is "close", and nobody
    listens until a call has ended: FreeSWITCH's connect fails, and it tries the next host of
    ``socket host1:port|host2:port`` or, after the last, goes on with the dialplan. (Calls that
    had connected by then are given back to the dialplan. One that connects in the microseconds
    between the last look and the close is reset, and its caller is parked for ever where the
    socket is ``async``: no program can prevent that.)

    ``max_call_duration``: that many seconds after its handler began, and up to 1.5 more,
    FreeSWITCH hangs the call up with ALLOTTED_TIMEOUT, even if the handler is stuck in something
    else (recording 27c). It doesn't apply any more once a call is given back to the dialplan;
    without ``full`` in the dialplan's ``socket`` entry it can't be taken back, and does.

    ``redact`` names headers and channel variables whose values stand in no log, no recording and
    no text of an exception of ours; "DTMF" stands for the digits that are pressed, sent or
    collected. ``record`` is a folder: each call is written there as a recording, a file of what
    went over its connection, in up to ``record_limit`` bytes (docs/recordings.md).
    ``clock`` is for simulators.
    """

    def __init__(
        self,
        handler: Handler,
        host: str = "127.0.0.1",
        port: int = 5000,
        *,
        events: bool | Sequence[str] = True,
        format: Format = "plain",
        linger: bool | int = True,
        allow: Iterable[str] = LOOPBACK,
        max_calls: int | None = None,
        when_full: HangupCause | str = HangupCause.SWITCH_CONGESTION,
        max_call_duration: float | None = None,
        redact: Iterable[str] = (DTMF,),
        record: str | os.PathLike[str] | None = None,
        record_limit: int = RECORD_LIMIT,
        clock: Clock = REAL,
    ) -> None:
        if not callable(handler):
            raise TypeError(f"the handler is a function of one argument, not {handler!r}")
        if isinstance(events, str):
            raise TypeError("events is True, False or a list of event names")
        if not isinstance(events, bool):
            event_list(events)
        if format not in ("plain", "json", "xml"):
            raise ValueError(f'a format is "plain", "json" or "xml", not {format!r}')
        if not 0 <= port <= 65535:
            raise ValueError(f"a port is a number from 0 to 65535, not {port!r}")
        if linger is not True and linger is not False and linger < 0:
            raise ValueError(f"linger is True, False or a number of seconds, not {linger!r}")
        if max_calls is not None and max_calls < 1:
            raise ValueError(f"max_calls is 1 or more, or None for no limit, not {max_calls!r}")
        if when_full != CLOSE and not isinstance(HangupCause.known(when_full), HangupCause):
            raise ValueError(f'when_full is "close" or a hangup cause, not {when_full!r}')
        if max_call_duration is not None and not 0 < max_call_duration < MAX_DURATION:
            raise ValueError(
                f"max_call_duration is a number of seconds up to {MAX_DURATION}, or None for no "
                f"limit, not {max_call_duration!r}"
            )
        if record_limit < MIN_RECORD_LIMIT:
            raise ValueError(
                f"record_limit is {MIN_RECORD_LIMIT} bytes or more, not {record_limit!r}"
            )
        self.handler = handler
        self.host = host
        self.events = events
        self.format = format
        self.linger = linger
        self.max_calls = max_calls
        self.when_full = when_full
        self.max_call_duration = max_call_duration
        self.record = None if record is None else os.fspath(record)
        self.record_limit = record_limit
        self.clock = clock
        self.access = Access(allow)
        self.redactor = Redactor(redact)
        self._port = port
        self._server: Server | None = None
        self._stopping = threading.Lock()  # taken by who stops, and kept
        self._stopper: threading.Thread | None = None
        self._stopped = threading.Event()

    @property
    def allow(self) -> tuple[str, ...]:
        """The networks and hosts whose switches may call."""
        return self.access.allow

    @property
    def redact(self) -> tuple[str, ...]:
        """What is kept out of logs: names of headers and variables, and "DTMF"."""
        return self.redactor.names

    @property
    def port(self) -> int:
        """The port it listens on; before `start`, the one it was told."""
        return self._port if self._server is None else self._server.port

    @property
    def calls(self) -> tuple[LiveCall, ...]:
        """The calls that handlers work on now: who calls, how long, and what each waits for."""
        return () if self._server is None else self._server.calls

    def report(self) -> str:
        """The calls that handlers work on now, with where each handler is, to be printed."""
        return report(self.calls)

    def replace(self, **changes: Any) -> Outbound:
        """Another one, not started, with the same options but for ``changes``."""
        return Outbound(**{**{name: getattr(self, name) for name in OPTIONS}, **changes})

    def start(self, block: bool = True, *, drain: float = DRAIN_TIMEOUT) -> None:
        """Listen, and take calls until `stop`.

        With ``block=True`` it returns after `stop` (called in another thread, say). Ctrl-C, and
        SIGTERM in the main thread of a program that does not handle it otherwise, stop it as
        well, and let calls finish for ``drain`` seconds; a second one cuts at once. SIGUSR1
        prints `report` to standard error. With ``block=False`` it returns at once, and no signal
        is touched.

        Raises OSError if the address can't be listened on, RuntimeError if it has been started
        before.
        """
        if not block:
            self._listen()
            return
        with handling_signals(self.report):
            try:
                self._listen()
                while not self._stopped.wait(SIGNAL_INTERVAL):
                    pass
            except KeyboardInterrupt:
                try:
                    self.stop(drain)
                except KeyboardInterrupt:
                    self.stop(0.0)

    def _listen(self) -> None:
        if self._server is not None:
            raise RuntimeError("this Outbound has been started already")
        for tell in on_listen:
            tell(self)
        self._server = Server(self)
        logger.info("listening on %s port %d", self.host, self.port)
        if self.allow == LOOPBACK and not self.access.permits(self._server.server_address):
            logger.warning("calls from this machine alone are taken: name other hosts in allow=")

    def stop(self, timeout: float = DRAIN_TIMEOUT) -> tuple[LiveCall, ...]:
        """Take no more calls, let those that are up finish, and cut what is left.

        Returns the calls that were cut, as they stood then; they are logged, too. Calls have
        ``timeout`` seconds; then every wait of their handlers raises Disconnected, which leaves
        them 5 seconds to clean up. Calls that are cut, and calls that arrived while it stopped,
        are given back to the dialplan. A handler that is stuck in something else is logged and
        left behind, so it always returns: at most 6 seconds after ``timeout``, and 5 more where
        calls are recorded to a disk that hangs. In a handler, it
        doesn't wait for that handler, whose own call goes on. In a signal's handler it may wait
        for what that has interrupted: raise KeyboardInterrupt there, and stop where it arrives.
        """
        server, me, deadline = self._server, threading.current_thread(), REAL.deadline(timeout)
        if server is None:
            return ()
        if self._stopping.acquire(blocking=False):
            self._stopper = me
            try:
                return server.stop(deadline)
            except BaseException:
                self._stopping.release()  # it was interrupted, and can be done again
                raise
            finally:
                self._stopped.set()
        if me is not self._stopper and not server.serves(me):
            # Not for whom that stop() waits: a handler, or a signal's that interrupted it.
            self._stopped.wait()
        return ()

    def __enter__(self) -> Outbound:
        if self._server is None:
            self.start(block=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

"""A simulated FreeSWITCH, to call handlers without a telephone switch."""

from __future__ import annotations

import random
import re
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from weakref import WeakValueDictionary

from eslsync import HangupCause, LiveCall, Outbound, Session

from ..clockwork.frozen import FrozenTime, start_of_time
from ..clockwork.real_time import RealTime
from ..clockwork.threads import SECOND
from ..clockwork.virtual_time import World
from ..event_socket.listener import Control
from ..ladders.transcript import Party
from ..model.channel import Channel
from ..model.far_legs import Leg
from ..model.switch import Switch
from .call import CALL_TIMEOUT, Call
from .faults import Fault, Tap
from .other_legs import OtherLegs
from .stopping import Stop

__all__ = ["FreeSwitch"]

#: pytest shows the lines of the test that failed, and not ours.
__tracebackhide__ = True

#: Real seconds that a handler has to end after the block is left.
REAL_END_TIMEOUT = 10.0
#: Calls that a switch holds on to after their end: of a thousand, nobody looks at the first.
KEPT = 10

Handler = Callable[[Session], object]
#: What a call is handed to: a handler, or another program's address ("host:port").
App = Handler | Outbound | str


class FreeSwitch:
    """A switch in virtual time, on this machine, for as long as the ``with`` block lasts.

        with FreeSwitch(seed=0, start="2026-01-05T09:00:00") as switch:
            call = switch.call(handler, caller="1001", destination="5000")
            call.hear("ivr/ivr-welcome")
            call.press("1")
            call.hangup()

    Time passes only while a verb of a call waits; datetime, time and time.sleep follow it
    meanwhile, in the handler and in the test. ``start`` is when it begins (default: the time
    the test has frozen, else a Monday morning), ``seed`` what its uuids are drawn from.

    ``prompts`` maps a sound file's name to seconds, ``sounds`` is a folder of WAV files, whose
    lengths are read from them; any other prompt lasts 2 s.

    ``extensions`` is the dialplan that calls are transferred to: a number, or a regular
    expression that all of it must match, to (application, data) pairs, in which ``$1`` is what
    was captured. ``phrases`` are macros: a name to pairs of ``play-file`` or ``say`` and what
    they are given, in which ``$1`` is the macro's argument. ``speech_engines`` name those that
    can speak a text.

    ``patience`` is how many real
    seconds a handler may run, or be stuck in something else, before the simulation fails with
    its stack (None: for ever).

    Leaving the block hangs up what is up, and raises again what a handler raised, Hangup apart;
    the verbs do so too. With ``raises=False`` they don't: see `Call.error`.

    With ``real_time=True`` all of this takes the time it says, no clock is touched, and `dial`
    can call a program of any language.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        start: str | datetime | None = None,
        sounds: str | Path | None = None,
        prompts: Mapping[str, float] | None = None,
        extensions: Mapping[str, Sequence[tuple[str, str]]] | None = None,
        phrases: Mapping[str, Sequence[tuple[str, str]]] | None = None,
        speech_engines: Collection[str] = (),
        patience: float | None = 5.0,
        raises: bool = True,
        real_time: bool = False,
    ) -> None:
        if real_time and start is not None:
            raise ValueError("real time begins now: leave start= out")
        self._world: World | RealTime
        if real_time:
            self._world = RealTime()
        else:
            self._world = World(start_of_time(start), patience=patience)
            self._time = FrozenTime(self._world)
        self._model = Switch(
            self._world,
            random.Random(seed),
            dial=self._dial,
            sounds=sounds,
            prompts=prompts,
            extensions={_pattern(number): each for number, each in (extensions or {}).items()},
            phrases=phrases,
            speech_engines=speech_engines,
        )
        self._servers: dict[Handler | Outbound, Outbound] = {}
        self._stops: dict[Outbound, Stop] = {}  # of servers that a fault has stopped
        self._calls: dict[str, Call] = {}  # by uuid: those that have not ended
        #: what happens on other legs than callers'
        self.legs = OtherLegs(self._calls)
        self._model.on_dial = self.legs.called
        self._made = 0
        self._all: WeakValueDictionary[int, Call] = WeakValueDictionary()  # by number
        self._kept: deque[Call] = deque(maxlen=KEPT)
        self._apps: dict[str, tuple[str, int]] = {}  # and where the app of each listens
        self._raises = raises
        self._raised: BaseException | None = None
        self._entered = False

    def __repr__(self) -> str:
        return f"<FreeSwitch {self._made} calls>"

    def __enter__(self) -> FreeSwitch:
        if isinstance(self._world, World):
            self._time.start()
        self._entered = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._finish()
        except BaseException:
            if error is None:
                raise
        finally:
            self._entered = False
            try:
                self._world.close()
                for server in self._servers.values():
                    if server not in self._stops:
                        server.stop(timeout=0.0)
                for stop in self._stops.values():
                    stop.join()
            finally:
                if isinstance(self._world, World):
                    self._time.stop()

    def _finish(self) -> None:
        """Hang up what is up, and let every handler come to its end; then tell what they raised."""
        if isinstance(self._world, World) and self._world.stuck:
            return  # told already, and no handler will get any further
        for call in list(self._calls.values()):
            self.later(0.0, lambda call=call: call._put_down("NORMAL_CLEARING"))  # type: ignore[misc]
        timeout = CALL_TIMEOUT if isinstance(self._world, World) else REAL_END_TIMEOUT
        deadline = self._world.now + round(timeout * SECOND)
        if not self._world.run(lambda: all(c.ended for c in self._calls.values()), deadline):
            call = next(c for c in self._calls.values() if not c.ended)
            raise call._failed(f"the handler goes on {timeout:g} s after the hangup")
        self._raise_again()

    # What a test uses

    def call(
        self,
        app: App,
        *,
        caller: str = "1001",
        caller_name: str = "",
        destination: str = "5000",
        variables: Mapping[str, str] | None = None,
        socket: str = "async full",
        before: Sequence[tuple[str, str]] = (),
        after: Sequence[tuple[str, str]] = (),
        faults: Sequence[Fault] = (),
    ) -> Call:
        """Somebody calls ``destination``, and the dialplan hands the call to ``app``.

        ``app`` is a handler, or an `Outbound` that has not been started: its handler and
        options serve, on a port of this switch's choice. (Or ``"host:port"``: see `dial`.)
        ``socket`` is what follows host and port in the dialplan's `socket` entry; ``before``
        and ``after`` are (application, data) pairs that stand around it. ``faults`` are to
        happen on the way. The call begins when a verb of a call first waits.
        """
        if not self._entered:
            raise RuntimeError("a FreeSwitch makes calls inside its with block")
        if isinstance(app, str) and any(fault.kind == "stop" for fault in faults):
            raise ValueError("only a handler of this process can be stopped, not another program")
        where = app if isinstance(app, str) else "127.0.0.1:5000"
        channel = self._model.incoming(
            caller_number=caller,
            caller_name=caller_name or caller,
            destination=destination,
            socket=f"{where} {socket}".rstrip(),
            before=before,
            after=after,
            variables=variables,
        )
        return self._begin(app, channel, faults)

    def _begin(self, app: App, channel: Channel, faults: Sequence[Fault] = ()) -> Call:
        """A channel's call, handed to ``app``; it begins when a verb of a call first waits."""
        address = self._locate(app) if isinstance(app, str) else self._serve(app)
        call = Call(self, app, channel, faults)
        for uuid in [uuid for uuid, each in self._calls.items() if each.ended]:
            del self._calls[uuid]
        self._calls[channel.uuid] = call
        self._made += 1
        self._all[self._made] = call
        self._kept.append(call)
        self._apps[channel.uuid] = address
        call._note("caller", f"calls {channel.profile.destination_number}")
        self._world.at(self._world.now, channel.start)
        return call

    def dial(self, address: str, **options: Any) -> Call:
        """As `call`, for a program that listens on ``"host:port"``, in whatever language.

        Only in real time (``FreeSwitch(real_time=True)``): that program has its own clock.
        """
        return self.call(address, **options)

    def endpoint(
        self,
        dial_string: str,
        handler: Handler | Outbound | None = None,
        *,
        answers_after: float | None = 0.0,
        hangs_up_after: float | None = None,
        rejects: HangupCause | str | None = None,
        rings: bool = False,
        presses: Sequence[tuple[float, str]] = (),
        cause: HangupCause | str = HangupCause.NORMAL_CLEARING,
    ) -> None:
        """Say how a far end behaves that is bridged to, originated or transferred to.

        ``dial_string`` is as the handler gives it ("user/1000"). It answers after so many
        simulated seconds (None: never), and hangs up with ``cause`` so many seconds later
        (None: not by itself); or it ``rejects`` with a cause ("USER_BUSY"). ``rings``: it says
        so (CHANNEL_PROGRESS). ``presses`` are (seconds after the answer, keys).

        Or ``handler`` takes the call: it answers (or not), hears the keys that are pressed on
        the other side of the bridge, and each side hangs up with the other. Its call stands
        among `calls`.
        """

        def take(leg: Leg) -> Channel:
            assert handler is not None
            channel = self._model.incoming(
                caller_number=leg.profile.caller_id_number,
                caller_name=leg.profile.caller_id_name,
                destination=dial_string.rpartition("/")[2],
                socket="127.0.0.1:5000 async full",
            )
            call = self._begin(handler, channel)
            leg.on_key_heard = lambda key: call._note("caller", f"presses {key}")
            return channel

        self._model.endpoint(
            dial_string,
            answers_after=answers_after,
            hangs_up_after=hangs_up_after,
            rejects=None if rejects is None else str(rejects),
            rings=rings,
            presses=presses,
            cause=str(cause),
            taken_by=None if handler is None else take,
        )

    @property
    def calls(self) -> dict[int, Call]:
        """The calls made, by number; 1 is the first.

        All that are up, the last `KEPT`, and of the others those that somebody still holds.
        """
        return dict(self._all)

    @property
    def cut(self) -> tuple[LiveCall, ...]:
        """The calls that servers which were stopped (`Fault`) have told that they cut."""
        return tuple(call for stop in self._stops.values() for call in stop.cut)

    @property
    def now(self) -> float:
        """Virtual time: seconds since the epoch."""
        return self._world.now / SECOND

    # What calls use

    @property
    def now_us(self) -> int:
        return self._world.now

    @property
    def idle(self) -> bool:
        """Is nothing due at all, ever?"""
        return self._world.idle

    def later(self, delay: float, action: Callable[[], None]) -> None:
        """Let something happen in ``delay`` simulated seconds."""
        self._world.at(self._world.now + round(delay * SECOND), action)

    def run(self, until: Callable[[], bool], timeout: float | None) -> bool:
        """Let time pass until ``until()``; False if it isn't so within ``timeout`` seconds."""
        deadline = None if timeout is None else self._world.now + round(timeout * SECOND)

        def enough() -> bool:
            return self._raised is not None or until()

        done = self._world.run(enough, deadline)
        self._raise_again()
        return done

    def _raise_again(self) -> None:
        """Raise what a handler has raised, once."""
        raised, self._raised = self._raised, None
        if raised is not None:
            raise raised

    # Inside

    def _locate(self, address: str) -> tuple[str, int]:
        """Host and port of another program."""
        if isinstance(self._world, World):
            raise RuntimeError("another program has its own clock: FreeSwitch(real_time=True)")
        host, colon, port = address.rpartition(":")
        if not host or not colon or not port.isdecimal() or not 0 < int(port) < 65536:
            raise ValueError(f"an address is host:port, not {address!r}")
        return host.strip("[]"), int(port)

    def _serve(self, app: Handler | Outbound) -> tuple[str, int]:
        """Where the server for this app listens; it is started for the first call."""
        server = self._servers.get(app)
        if server is None:
            options = app if isinstance(app, Outbound) else Outbound(app)
            server = options.replace(
                handler=self._watched(options.handler),
                host="127.0.0.1",
                port=0,
                allow=["127.0.0.1"],
                clock=self._world.clock,
            )
            server.start(block=False)
            self._servers[app] = server
        return "127.0.0.1", server.port

    def _watched(self, handler: Handler) -> Handler:
        """The handler, with what it raises kept for the test."""

        def watched(session: Session) -> None:
            call = self._calls[session.uuid]
            call._session = session
            try:
                handler(session)
            except BaseException as error:
                call.outcome = error
                if call.error is not None:
                    call._note("app", f"raises {type(error).__name__}: {error}".rstrip(": "))
                    if self._raises:
                        self._raised = self._raised or error
                raise
            finally:
                if call.cause is None:
                    call.given_back = True
                    call._note("app", "gives the call back")
                self._world.nudge()

        return watched

    def _stop(self, call: Call) -> None:
        """A deploy: the server of the call's app is stopped, and cuts all its calls."""
        assert not isinstance(call.app, str)
        server = self._servers[call.app]
        if server not in self._stops:
            call._note("app", "is stopped")
            self._stops[server] = Stop(server, self._world)

    def _dial(self, channel: Channel, where: str) -> Control | None:
        """The `socket` application connects."""
        call = self._calls[channel.uuid]
        link = self._world.dial(self._apps[channel.uuid])
        if link is None:
            now = self._world.now
            call.transcript.note(now, "switch", "app", f"nobody listens on {where.split()[0]}")
            return None
        call._link = link

        def said(sender: Party, data: bytes) -> None:
            receiver: Party = "app" if sender == "switch" else "switch"
            call.transcript.note(self._world.now, sender, receiver, data)
            if sender == "app":
                self.legs.commanded(call, data)

        link.on_traffic = said
        if not call._faults:
            link.listener = control = Control(channel, link.write, link.close)
            return control
        call._tap = tap = Tap(
            self._world,
            link,
            call._faults,
            {"hangup": lambda: call._put_down("NORMAL_CLEARING"), "stop": lambda: self._stop(call)},
        )
        tap.listener = control = Control(channel, tap.write, tap.close)
        link.listener = tap
        return control


def _pattern(number: str) -> str:
    """A regular expression that an extension's whole number must match."""
    try:
        re.compile(number)
    except re.error as error:
        raise ValueError(f"the extension {number!r} is no regular expression: {error}") from None
    return f"^(?:{number})$"

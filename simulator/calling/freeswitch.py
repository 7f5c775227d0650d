"""A simulated FreeSWITCH, to call handlers without a telephone switch."""

from __future__ import annotations

import random
import re
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from weakref import WeakValueDictionary

from eslsync import HangupCause, LiveCall, Outbound
from eslsync.loading import Handler

from ..applications import API_COMMANDS, APPLICATIONS
from ..clockwork.frozen import FrozenTime, start_of_time
from ..clockwork.real_time import RealTime
from ..clockwork.threads import SECOND
from ..clockwork.virtual_time import World
from ..model.channel import Channel
from ..model.far_legs import Endpoint, FarEnds, FarLeg
from ..model.incoming import incoming
from ..model.switch import Switch
from .apps import Apps
from .call import Call, failed, line_of
from .faults import Fault
from .line import App, Line
from .other_legs import OtherLegs
from .simulation import Simulation

__all__ = ["FreeSwitch", "simulation_of"]

#: pytest shows the lines of the test that failed, and not ours.
__tracebackhide__ = True

#: Calls that a switch holds on to after their end: of a thousand, nobody looks at the first.
KEPT = 10


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
        world: World | RealTime
        self._time: FrozenTime | None = None
        if real_time:
            world = RealTime()
        else:
            world = World(start_of_time(start), patience=patience)
            self._time = FrozenTime(world)
        lines: dict[str, Line] = {}
        legs = OtherLegs(lines)
        apps = Apps(world, lines, legs, raises=raises)
        model = Switch(
            world,
            random.Random(seed),
            applications=APPLICATIONS,
            api_commands=API_COMMANDS,
            dial=apps.connect,
            sounds=sounds,
            prompts=prompts,
            extensions={_pattern(number): each for number, each in (extensions or {}).items()},
            phrases=phrases,
            speech_engines=speech_engines,
        )
        model.state(FarEnds).on_dial = legs.called
        self._simulation = Simulation(world, model, lines, legs, apps)
        self._made = 0
        self._all: WeakValueDictionary[int, Call] = WeakValueDictionary()  # by number
        self._up: dict[str, Call] = {}  # by uuid, as the simulation's lines
        self._kept: deque[Call] = deque(maxlen=KEPT)
        self._entered = False

    def __repr__(self) -> str:
        return f"<FreeSwitch {self._made} calls>"

    def __enter__(self) -> FreeSwitch:
        if self._time is not None:
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
            late = self._simulation.finish()
            if late is not None:
                seconds = self._simulation.time_to_end
                raise failed(late, f"the handler goes on {seconds:g} s after the hangup")
        except BaseException:
            if error is None:
                raise
        finally:
            self._entered = False
            try:
                self._simulation.close()
            finally:
                if self._time is not None:
                    self._time.stop()

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
        channel = incoming(
            self._simulation.model,
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
        line = self._simulation.begin(app, channel, faults)
        call = Call(self, self._simulation, line)
        for uuid in self._up.keys() - self._simulation.lines.keys():
            del self._up[uuid]
        self._up[channel.uuid] = call
        self._made += 1
        self._all[self._made] = call
        self._kept.append(call)
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

        def take(leg: FarLeg) -> Channel:
            assert handler is not None
            channel = incoming(
                self._simulation.model,
                caller_number=leg.profile.caller_id_number,
                caller_name=leg.profile.caller_id_name,
                destination=dial_string.rpartition("/")[2],
                socket="127.0.0.1:5000 async full",
            )
            line = line_of(self._begin(handler, channel))
            leg.on_key_heard = lambda key: line.note("caller", f"presses {key}")
            return channel

        self._simulation.model.state(FarEnds).endpoints[dial_string] = Endpoint(
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
        return self._simulation.apps.cut

    @property
    def now(self) -> float:
        """Virtual time: seconds since the epoch."""
        return self._simulation.now / SECOND


def simulation_of(switch: FreeSwitch) -> Simulation:
    """What a switch stands on, for the rest of the simulator."""
    return switch._simulation


def _pattern(number: str) -> str:
    """A regular expression that an extension's whole number must match."""
    try:
        re.compile(number)
    except re.error as error:
        raise ValueError(f"the extension {number!r} is no regular expression: {error}") from None
    return f"^(?:{number})$"

"""A simulated FreeSWITCH, with which tests call handlers without a telephone switch."""

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
from eslsync.callables import check_function
from eslsync.checked import checked
from eslsync.loading import Handler

from ..applications import API_COMMANDS, APPLICATIONS, tables_of
from ..clockwork.frozen import FrozenTime, start_of_time
from ..clockwork.real_time import RealTime
from ..clockwork.threads import SECOND
from ..clockwork.virtual_time import World
from ..model.allowlist import listed
from ..model.channel import Channel
from ..model.endpoint_modules import OTHERS, check_dial_string
from ..model.evidence import StandsOn
from ..model.far_legs import Endpoint, FarEnds, FarLeg
from ..model.incoming import incoming
from ..model.known_variables import note_variable
from ..model.playing import PHRASE_ACTIONS
from ..model.races import DrawnRaces, Races
from ..model.spelling import hint
from ..model.switch import Switch
from ..model.tables import (
    ApiCommand,
    ApiFunction,
    Application,
    ApplicationFunction,
    with_yours,
)
from ..model.talking import Understands
from ..model.versions import ALLOWLIST, NEWEST, version_named
from .apps import Apps
from .call import Call, check_cause, check_end, failed, line_of
from .far_end import FarEnd
from .faults import Fault
from .given import (
    check_actions,
    check_far_end,
    check_lengths,
    check_names,
    check_new,
    check_recognizers,
    check_seconds,
    check_sounds,
    check_text,
    check_variables,
)
from .line import OWN_ADDRESS, App, Line, normal_address
from .other_legs import OtherLegs
from .outside import At, Fails, Function, Outside, Takes
from .simulation import Simulation
from .standing import Standing, allowable, whole_run
from .witness import Witness

__all__ = ["PATIENCE", "FreeSwitch", "simulation_of"]

#: Has pytest show the lines of the failing test, not these.
__tracebackhide__ = True

#: Real seconds for which a handler may be stuck outside of its call.
PATIENCE = 5.0
#: The number of ended calls that a switch keeps; of a thousand, no test looks at the first.
CALLS_KEPT = 10


@checked
class FreeSwitch:
    """A simulated switch, for as long as the ``with`` block lasts.

        with FreeSwitch(seed=0, start="2026-01-05T09:00:00") as switch:
            call = switch.call(handler, caller="1001", destination="5000")
            call.hear("ivr/ivr-welcome")
            call.press("1")
            call.hangup()

    Time is virtual: it passes only while a verb of a call waits, and datetime, time and
    time.sleep follow it, in the handler and in the test. It begins at ``start`` (default: the
    time that the test has frozen, else 2026-01-05T09:00:00); uuids are drawn from ``seed``
    (default: 0; in real time, another one each time). Any ``seed`` but 0 draws the outcomes of
    FreeSWITCH's races as well: whether the playback fails first when the caller hangs up, or is
    told after the hangup, and which of its first states a called leg is seen in.

    Threads that a handler starts are in this time as well, and ``seed`` decides whose turn it is:
    docs/internals/threads.md says what is promised.

    ``prompts`` maps names of sound files to their lengths in seconds; lengths of others are read
    from the WAV files in the folder ``sounds``; any other prompt lasts 2 s.

    ``extensions`` is the dialplan for transfers: it maps a number, or a regular expression that
    the whole number must match, to (application, data) pairs, in which ``$1`` is the
    expression's first capture. ``phrases`` maps names of phrase macros to pairs of an action
    (``play-file`` or ``say``) and its data, in which ``$1`` is the macro's argument.
    ``speech_engines`` are the engines that can speak, ``recognizers`` those that understand speech
    (default: every name is one). Mapped to phrases, an engine understands those, and nothing else:
    ``{"vosk": ["billing", "sales"]}``, or ``{"vosk": {"departments": ["billing"]}}`` for those of
    each grammar. Mapped to a function, it understands what that returns for the caller's words and
    the grammar.

    What FreeSWITCH has and this switch does not model (an application, an api command, a channel
    variable, an option of an argument) fails the call with `NotModelled`. Model it with
    ``applications`` or ``api_commands``, by name: a function like those in
    `simulator.applications`. Or allow it by its name in ``allow_unmodelled``: then it does
    nothing, and the ladder says so. See docs/guides/testing.md.

    An application that FreeSWITCH does not have either hangs the call up. That fails the test at
    the end of the block, unless it has looked at `Call.cause` by then, or allows the name.

    ``version`` is the FreeSWITCH that it is, "1.10" or "1.11" (the default):
    docs/internals/conformance.md says what differs. ``interface_allowlist`` are the names in 1.11's
    list of what modules may register (``mod_dptools``, ``mod_dptools.answer``,
    ``mod_dptools.answer.app``): what is not on it does not exist. None is a switch without such a
    list.

    With ``hooks=True``, the functions of `Outbound.on_start` and `Outbound.on_stop` are called: at
    the first call to that app, and at the end of the block. By default they are not.

    The simulation fails, with the handler's stack, if a handler does not wait for the call for
    ``patience`` real seconds (None: no limit). A wrong option is a ValueError or TypeError.

    Leaving the block hangs up every call, waits until handlers end, and re-raises a handler's
    exception, except Hangup; so do the verbs. With ``raises=False`` neither does: see
    `Call.error`.

    With ``real_time=True`` calls run in real time, no clock is replaced, and `dial` can call a
    program in any language. Such a program fails the call if it sends nothing for ``patience``
    seconds, or for the 25 s after which FreeSWITCH gives up, or if it speaks another protocol.
    """

    @checked
    def __init__(
        self,
        *,
        seed: int | None = None,
        start: str | datetime | None = None,
        sounds: str | Path | None = None,
        prompts: Mapping[str, float] | None = None,
        extensions: Mapping[str, Sequence[tuple[str, str]]] | None = None,
        phrases: Mapping[str, Sequence[tuple[str, str]]] | None = None,
        speech_engines: Collection[str] = (),
        recognizers: Mapping[str, Understands] | Collection[str] | None = None,
        applications: Mapping[str, ApplicationFunction] | None = None,
        api_commands: Mapping[str, ApiFunction] | None = None,
        allow_unmodelled: Collection[str] = (),
        patience: float | None = PATIENCE,
        raises: bool = True,
        real_time: bool = False,
        version: str = NEWEST.name,
        interface_allowlist: Collection[str] | None = None,
        hooks: bool = False,
    ) -> None:
        if real_time and start is not None:
            raise ValueError("FreeSwitch: real time begins now; leave start= out")
        check_sounds("FreeSwitch: sounds", sounds)
        check_lengths("FreeSwitch: prompts", prompts)
        for what, named in (
            ("speech_engines", speech_engines),
            ("allow_unmodelled", allow_unmodelled),
        ):
            check_names(f"FreeSwitch: {what}", named)
        check_recognizers("FreeSwitch: recognizers", recognizers)
        if patience is not None:
            check_seconds("FreeSwitch: patience", patience)
        if patience == 0:
            raise ValueError("FreeSwitch: patience=0 would give up at once; None has no limit")
        races = DrawnRaces(random.Random(seed)) if seed else Races()
        if seed is None:
            # in real time, the uuids of two processes must differ
            seed = random.SystemRandom().getrandbits(32) if real_time else 0
        self.seed = seed  #: from which uuids are drawn
        world: World | RealTime
        self._time: FrozenTime | None = None
        if real_time:
            world = RealTime()
        else:
            world = World(start_of_time(start), patience=patience, seed=seed)
            self._time = FrozenTime(world)
        of = version_named(version)
        ours, our_commands = tables_of(of)
        if interface_allowlist is not None:
            if not of.has(ALLOWLIST):
                raise ValueError(f"FreeSwitch: {version} knows no interface_allowlist")
            ours = listed(ours, interface_allowlist)
            our_commands = listed(our_commands, interface_allowlist)
        self._allowed = frozenset(name.lower() for name in allow_unmodelled)
        self._check_yours("applications", applications or {}, APPLICATIONS)
        self._check_yours("api_commands", api_commands or {}, API_COMMANDS)
        lines: dict[str, Line] = {}
        legs = OtherLegs(lines)
        apps = Apps(world, lines, legs, raises=raises, patience=patience, hooks=hooks)
        model = Switch(
            world,
            random.Random(self.seed),
            races=races,
            applications=with_yours(Application, ours, applications),
            api_commands=with_yours(ApiCommand, our_commands, api_commands),
            version=of,
            dial=apps.connect,
            sounds=sounds,
            prompts=prompts,
            extensions={_pattern(number): each for number, each in (extensions or {}).items()},
            phrases=phrases,
            speech_engines=speech_engines,
            recognizers=recognizers,
        )
        for number, actions in (extensions or {}).items():
            self._check_actions(model, f"FreeSwitch: the extension {number!r}", actions)
        for macro, actions in (phrases or {}).items():
            check_actions(f"FreeSwitch: the phrase {macro!r}", actions)
            for function, _ in actions:
                if function not in PHRASE_ACTIONS:
                    known = " and ".join(PHRASE_ACTIONS)
                    raise ValueError(
                        f"FreeSwitch: the phrase {macro!r} has the action {function!r}; there are "
                        f"{known}"
                    )
        model.state(FarEnds).on_dial = legs.called
        apps.on_leg = self._take
        apps.on_stranger = failed
        self._witness = Witness(legs, apps)
        self._standing = Standing(legs, apps, allow_unmodelled, model.subclasses)
        model.on_used = self._standing.used
        model.on_unknown = self._standing.unknown
        model.on_awaited = self._standing.awaited
        model.on_failed_job = self._standing.failed_job
        apps.on_expected = self._standing.expected
        apps.on_served = self._standing.served
        outside = Outside(world, lines, self.seed)
        self._simulation = Simulation(world, model, lines, legs, apps, outside)
        self._raises = raises
        self._made = 0
        self._all: WeakValueDictionary[int, Call] = WeakValueDictionary()  # by number
        self._up: dict[str, Call] = {}  # by uuid, as the simulation's lines
        self._kept: deque[Call] = deque(maxlen=CALLS_KEPT)
        self._entered = self._left = False

    def __repr__(self) -> str:
        return f"<FreeSwitch {self._made} calls>"

    def __enter__(self) -> FreeSwitch:
        if self._left:
            raise RuntimeError("a FreeSwitch is entered once: make a new one for each test")
        if self._time is not None:
            self._time.start()
        self._witness.start()
        self._entered = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._simulation.see_out()
            late = self._simulation.finish()
            if error is None:
                model = self._simulation.model
                self._standing.look_back(lambda: allowable(model.applications, model.api_commands))
                self._simulation.apps.raise_again()
            if late is not None:
                seconds = self._simulation.time_to_end
                raise failed(late, f"the handler still runs {seconds:g} s after the hangup")
            for line in (*self._simulation.faulty, *self._simulation.lines.values()):
                check_end(line, raises=self._raises)
            never_asked = self._simulation.outside.never_asked()
            if self._raises and never_asked is not None:
                raise failed(None, never_asked)
        except BaseException:
            if error is None:
                raise
        finally:
            self._entered, self._left = False, True
            self._simulation.outside.close()
            self._witness.stop()
            try:
                self._simulation.close()
                whole_run.add(self.stands_on.parts)
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
        """Have ``caller`` call ``destination``, where the dialplan hands the call to ``app``.

        ``caller_name`` is the caller's Caller-ID name. ``app`` is a handler, or an `Outbound` that
        has not been started, whose handler and options are used on a port that the switch chooses.
        (Or ``"host:port"``: see `dial`.)
        ``socket`` gives the options after host and port in the dialplan's `socket` entry;
        ``before`` and ``after`` are the (application, data) pairs before and after that entry.
        ``variables`` are set on the channel. ``faults`` are injected. The call begins when a
        verb of a call first waits. Raises RuntimeError outside of the block, and ValueError or
        TypeError for an argument that can't be.
        """
        if not self._entered:
            raise RuntimeError("a FreeSwitch makes calls only inside its with block")
        self._simulation.asked = True
        words = socket.lower().split()
        if not {*words} <= {"async", "full"}:
            raise ValueError(f"call: the options of socket are async and full, not {socket!r}")
        for what, text in (("caller", caller), ("caller_name", caller_name)):
            check_text(f"call: {what}", text, empty=True)
        check_text("call: destination", destination)
        check_variables("call: variables", variables)
        for fault in faults:
            if isinstance(app, str) and fault.kind in ("stop", "kill"):
                why = "needs a handler of this process, not another program"
                raise ValueError(f"the fault {fault.kind} {why}")
        for entries, actions in (("before", before), ("after", after)):
            if actions:
                self._check_actions(self._simulation.model, f"call: {entries}", actions)
        where = normal_address(app) if isinstance(app, str) else OWN_ADDRESS
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
        call = self._begin(app, channel, faults)
        for name, value in (variables or {}).items():
            note_variable(channel.switch, channel, name, value)
        if after:
            line_of(call).absence_expected = True
        return call

    def _check_yours(self, what: str, yours: Mapping[str, object], known: Collection[str]) -> None:
        """Raise ValueError for a name that is probably one of FreeSWITCH's, misspelt."""
        new = [name for name in yours if str(name).lower() not in self._allowed]
        check_new(f"FreeSwitch: {what}", new, known)

    def _check_actions(self, model: Switch, where: str, actions: Sequence[tuple[str, str]]) -> None:
        """Raise ValueError for an application that FreeSWITCH does not have and nobody allows."""
        check_actions(where, actions)
        for name, _ in actions:
            if name.lower() not in model.applications and name.lower() not in self._allowed:
                raise ValueError(
                    f"{where} has the application {name!r}, which FreeSWITCH does not have"
                    f"{hint(name, model.applications)}"
                )

    def _begin(self, app: App, channel: Channel, faults: Sequence[Fault] = ()) -> Call:
        """A channel's call, handed to ``app``; it begins when a verb of a call first waits."""
        return self._made_of(self._simulation.begin(app, channel, faults))

    def _take(self, leg: Channel, app: App) -> Line:
        """A leg of the switch that runs `socket` becomes a call of its own."""
        return line_of(self._made_of(self._simulation.take(app, leg)))

    def _made_of(self, line: Line) -> Call:
        call = Call(self, self._simulation, line)
        for uuid in self._up.keys() - self._simulation.lines.keys():
            del self._up[uuid]
        self._up[call.uuid] = call
        self._made += 1
        self._all[self._made] = call
        self._kept.append(call)
        return call

    def dial(self, address: str, **options: Any) -> Call:
        """As `call`, for a program in any language that listens on ``address``, "host:port".

        The ``options`` are those of `call`.

        The test fails at the end of its block if nobody listens there, unless ``after`` says how
        the dialplan continues, or the test has looked at `Call.taken` by then.

        Raises RuntimeError unless time is real (``FreeSwitch(real_time=True)``), since that
        program has its own clock.
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
        transfers: tuple[float, str] | None = None,
        cause: HangupCause | str = HangupCause.NORMAL_CLEARING,
    ) -> None:
        """Set the behaviour of a far end that is bridged to, originated or transferred to.

        ``dial_string`` is written as the handler gives it ("user/1000"); "*" stands for every
        other far end. The far end answers
        after ``answers_after`` simulated seconds (None: never), and hangs up with ``cause``
        ``hangs_up_after`` seconds later (None: not by itself); or it ``rejects`` the call with a
        cause ("USER_BUSY"). With ``rings=True`` it rings first (CHANNEL_PROGRESS). ``presses``
        are pairs of seconds after the answer, and keys. ``transfers`` is such a pair of seconds
        and an extension: its phone then sends whom it is bridged to there (a blind transfer by
        SIP REFER), and the handler of that call meets `eslsync.Transferred`.

        With ``handler``, that handler takes the call instead: it may answer, and gets the keys
        pressed on the other side of the bridge; each side hangs up with the other. Its call is
        among `calls`. Raises ValueError if both it and what the far end does are given.
        """
        if dial_string != OTHERS:
            check_dial_string(dial_string)
        for each in (cause, *([] if rejects is None else [rejects])):
            check_cause(each)
        if handler is not None and not isinstance(handler, Outbound):
            check_function("a far end's handler", handler)
        says_why = str(cause) != str(HangupCause.NORMAL_CLEARING)
        acts = (answers_after, hangs_up_after, rejects, transfers) != (0.0, None, None, None)
        if handler is not None and (acts or rings or presses or says_why):
            raise ValueError("endpoint: with a handler, what the far end does is the handler's")
        check_far_end(
            answers_after=answers_after,
            hangs_up_after=hangs_up_after,
            rejects=rejects is not None,
            presses=presses,
            transfers=transfers,
            says_why=says_why,
        )

        def take(leg: FarLeg) -> Channel:
            assert handler is not None
            channel = incoming(
                self._simulation.model,
                caller_number=leg.profile.caller_id_number,
                caller_name=leg.profile.caller_id_name,
                destination=leg.profile.destination_number
                if dial_string == OTHERS
                else dial_string.rpartition("/")[2],
                socket=f"{OWN_ADDRESS} async full",
            )
            line = line_of(self._begin(handler, channel))
            line.awaited = True  # its caller is the switch
            leg.on_key_heard = lambda key: line.note("caller", f"presses {key}")
            return channel

        self._simulation.model.state(FarEnds).endpoints[dial_string] = Endpoint(
            answers_after=answers_after,
            hangs_up_after=hangs_up_after,
            rejects=None if rejects is None else str(rejects),
            rings=rings,
            presses=presses,
            transfers=transfers,
            cause=str(cause),
            taken_by=None if handler is None else take,
        )

    def far_end(self, dial_string: str, number: int | None = None) -> FarEnd:
        """A far end by hand: it answers, presses keys and hangs up when the test says so.

            switch.endpoint("user/1000", answers_after=None, rings=True)
            agent = switch.far_end("user/1000")
            agent.answer()
            agent.press("1")

        ``dial_string`` is that of `endpoint`. Its verbs are about the last call to it that is up,
        or, with ``number``, about that one of the calls to it (the first is 1).
        """
        check_dial_string(dial_string)
        return FarEnd(self._simulation, dial_string, number)

    def listen(self, address: str, app: App) -> None:
        """Have another app listen on an address that the dialplan may hand calls to.

        ``address`` is written as in the dialplan's `socket` entry (``"10.9.9.9:6000"``), and names
        no machine: ``app`` is served as that of `call` is. Nobody listens on any other address,
        except a call's own app on 127.0.0.1:5000 (or where `dial` called it), and `socket` then
        continues with the next entry of the dialplan. Raises ValueError if
        ``address`` is none.
        """
        if not re.fullmatch(r"\S+:\d+", address):
            raise ValueError(f"listen: an address is host:port, not {address!r}")
        if not isinstance(app, (str, Outbound)):
            check_function("listen: the app", app)
        self._simulation.apps.listeners[normal_address(address)] = app

    def outside(
        self,
        function: Function | str,
        *,
        takes: Takes = 0.0,
        fails: Fails = None,
        at: At = None,
        optional: bool = False,
    ) -> None:
        """Let a handler's calls of a function outside take time, fail or hang, from now on.

        A dotted name ("crm.lookup", "psycopg_pool.ConnectionPool.getconn") is replaced where it
        stands, as by `unittest.mock.patch`: name it as the handler looks it up. A function itself,
        written in Python, is reached however the handler has imported it.

        A call ``takes`` seconds of the call it is made in (a pair: a number between them that the
        seed draws; None: for ever, until the caller is gone), and then calls the function, or
        ``fails``: with an exception, or a class of one; with True, as the function's library does
        if nobody is there (`requests.ConnectionError`); or with a list of these, and None for a
        call that succeeds, by the number of the call. A ``timeout`` of the call itself that is
        shorter ends it, as its library would.

        ``at`` gives the numbers of the calls meant, from 1: ``2``, ``[1, 3]``, ``"2-"``; the last
        `outside` for a call holds. The ladder shows each call. Other threads than the handlers'
        call the function as it is, and so does everybody when the switch ends. The block fails if
        no such call came, unless that is ``optional``. Raises RuntimeError outside of the block.
        See docs/guides/outside.md.
        """
        if not self._entered:
            raise RuntimeError("a FreeSwitch knows what is outside only inside its with block")
        self._simulation.outside.add(function, takes=takes, fails=fails, at=at, optional=optional)

    @property
    def calls(self) -> dict[int, Call]:
        """The calls made, by number; the first is 1.

        Contains the calls that are up, the last 10, and older ones that are still referenced.
        """
        return dict(self._all)

    @property
    def stands_on(self) -> StandsOn:
        """The evidence for what its calls used of FreeSWITCH; ``str()`` of it counts it."""
        return self._standing.stands_on

    @property
    def cut(self) -> tuple[LiveCall, ...]:
        """The calls that servers cut when a `Fault` stopped them."""
        return self._simulation.apps.cut

    @property
    def now(self) -> float:
        """The switch's time, in seconds since the epoch."""
        return self._simulation.now / SECOND


def simulation_of(switch: FreeSwitch) -> Simulation:
    """The simulation behind a switch, for the rest of the simulator."""
    return switch._simulation


def _pattern(number: str) -> str:
    """The regular expression for an extension, which the whole number must match."""
    try:
        re.compile(number)
    except re.error as error:
        raise ValueError(
            f"FreeSwitch: the extension {number!r} is not a regular expression: {error}"
        ) from None
    return f"^(?:{number})$"

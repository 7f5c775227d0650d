"""The apps that calls are handed to: a server for each handler, and other programs."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping

from eslsync import LiveCall, Outbound, Session
from eslsync.callables import check_function, check_returned
from eslsync.loading import Handler
from eslsync.replaced import unreplaced
from eslsync.serving.hooks import Hooks

from ..clockwork.real_time import DIAL_TIMEOUT, RealTime
from ..clockwork.virtual_time import World
from ..event_socket.listener import Control
from ..ladders.transcript import Party
from ..model.channel import Channel
from .faults import Tap
from .line import App, Line, NeverReturned, host_and_port, normal_address
from .other_legs import OtherLegs
from .parting import Wire
from .servers import are_handed_on, leave, server_for
from .stopping import Stop
from .strangers import Stranger

__all__ = ["Apps"]

#: Real seconds for a handler that is stuck to clean up.
STUCK_TIMEOUT = 0.2


class Apps:
    """Serves handlers, and connects calls to them or to other programs.

    With ``raises``, keeps a handler's exception, except Hangup, for `raise_again`.
    """

    def __init__(
        self,
        world: World | RealTime,
        lines: Mapping[str, Line],
        legs: OtherLegs,
        *,
        raises: bool,
        patience: float | None = None,
        hooks: bool = False,
    ) -> None:
        self.raised: BaseException | None = None  #: by a handler; to be re-raised
        self._world = world
        self._lines = lines
        self._legs = legs
        self._raises = raises
        self._patience = patience
        self._hooks = hooks
        #: Handlers and programs besides those that calls are made to, by the address of `socket`.
        self.listeners: dict[str, App] = {}
        #: Makes the failure of a call to what does not speak event socket.
        self.on_stranger: Callable[[Line, str], BaseException] | None = None
        #: Called with a leg that runs `socket`, and the app that it gets to; returns its line.
        self.on_leg: Callable[[Channel, App], Line] | None = None
        #: Called with a line and what its handler expects (see `Session.watch`).
        self.on_expected: Callable[[Line, str], object] = lambda line, what: None
        #: Called with a line whose handler has ended.
        self.on_served: Callable[[Line], object] = lambda line: None
        #: Called with a line whose app has just been killed.
        self.on_killed: Callable[[Line], object] = lambda line: None
        self._servers: dict[Handler | Outbound, Outbound] = {}
        self._dead: set[App] = set()  # those whose process was killed
        self._stops: dict[Outbound, Stop] = {}  # by the server that a fault stopped

    def fail(self, error: BaseException) -> None:
        """Keep an exception for `raise_again`: the first one, and only with ``raises``."""
        if self._raises:
            self.raised = self.raised or error

    def find(self, app: App) -> tuple[str, int]:
        """The host and port where this app listens; starts a handler's server if necessary.

        Raises ValueError for a string that is not an address, and RuntimeError for an address
        while time is virtual.
        """
        if isinstance(app, str):
            return self._locate(app)
        server = self._servers.get(app)
        if server is None:
            server = self._servers[app] = self._started(app)
        return "127.0.0.1", server.port

    def _started(self, app: Handler | Outbound) -> Outbound:
        """A server for a handler, or for another program's options and handler."""
        clock = self._world.clock
        if not isinstance(app, Outbound):
            check_function("a handler", app)
            return server_for(self._watched(app), clock)
        server = app.replace(
            handler=self._watched(app.handler), host="127.0.0.1", port=0, allow=["127.0.0.1"],
            proxy_protocol=(), clock=clock,
        )  # fmt: skip
        if not self._hooks:
            server.hooks = Hooks()
        server.start(block=False)
        return server

    def _locate(self, address: str) -> tuple[str, int]:
        """The host and port of another program."""
        if isinstance(self._world, World):
            raise RuntimeError("another program has its own clock: use FreeSwitch(real_time=True)")
        return host_and_port(address)

    def _watched(self, handler: Handler) -> Handler:
        """The handler, wrapped to report its end to its line."""

        def watched(session: Session) -> None:
            line = self._lines[session.uuid]
            line.session = session
            line.served_by = threading.get_ident()
            session.channel.leg.conversation.on_expected = lambda what: self.on_expected(line, what)
            try:
                check_returned("the handler", handler(session))
            except NeverReturned as error:
                line.outcome = line.outcome or error
            except BaseException as error:
                if line.killed:
                    return  # in a process that is gone
                told = unreplaced(error)
                if line.error is None:
                    line.outcome = told  # the first of several handlers that raises is told
                if told is line.error:
                    line.note("app", f"raises {type(told).__name__}: {told}".rstrip(": "))
                    self.fail(told)
                raise
            finally:
                if not line.channel.hangup_cause and not line.killed:
                    line.given_back = True
                    line.note("app", "gives the call back")
                line.served_by = None
                self.on_served(line)
                self._world.nudge()

        return watched

    def _listening(self, address: str, line: Line | None) -> App | None:
        """The app at an address of the dialplan, for a channel of this call."""
        for each in (line, *self._lines.values()):
            if each is not None and each.address == address:
                return each.app
        return self.listeners.get(address)

    def connect(self, channel: Channel, where: str) -> Control | None:
        """Connect a channel that runs `socket` to the app there; None if nobody listens.

        That is the app of its call, if the address is that app's, or one of `listeners`. No other
        address is called: the dialplan of a test may well name servers that exist.
        """
        line = self._lines.get(channel.uuid)
        called = where.split()[0]
        owner = self._legs.owner(channel)
        app = self._listening(normal_address(called), owner)
        try:
            if app is None or app in self._dead:
                raise ConnectionRefusedError
            address = self.find(app)
            link = self._world.dial(address)
        except OSError as error:
            why = _why_not(error, app if isinstance(app, str) else called)
            if owner is not None:
                owner.unreached = owner.unreached or why
                owner.transcript.note(self._world.now, "switch", "app", why)
            return None
        if line is None:
            assert self.on_leg is not None
            line = self.on_leg(channel, app)
            line.address = normal_address(called)
        elif line.links and app != line.app:
            line.transcript.note(self._world.now, "switch", "app", f"calls {called}")
        line.links.append(link)

        world, note = self._world, line.transcript.note

        def said(sender: Party, data: bytes) -> None:
            if sender == "switch":
                note(world.now, "switch", "app", data)
            else:
                note(world.now, "app", "switch", data)
                self._legs.commanded(line, data)

        link.on_traffic = said
        tap: Tap | None = None
        if line.faults:
            line.tap = tap = Tap(
                self._world,
                link,
                line.faults,
                {
                    "hangup": line.hang_up,
                    "stop": lambda: self._stop(line, app),
                    "kill": lambda: self._kill(app),
                },
                after=line.tap,
            )
        write, close = (link.write, link.close) if tap is None else (tap.write, tap.close)
        if isinstance(app, str) and isinstance(self._world, RealTime):
            wire = line.wire = Wire(link, channel, close, line.executing)
            control = wire.control = Control(channel, write, wire.close)
            control.tells = True
            Stranger(self._world, line, wire, app, address, self._refuse).watch(self._patience)
        else:
            control = Control(channel, write, close)
        if tap is None:
            link.listener = control
        else:
            link.listener, tap.listener = tap, control
        return control

    def _refuse(self, line: Line, why: str) -> None:
        """Have the next verb fail, also without ``raises``: it is no handler's exception."""
        assert self.on_stranger is not None
        self.raised = self.raised or self.on_stranger(line, why)

    def _stop(self, line: Line, app: App) -> None:
        """Stop the server of an app, as a deploy does; it cuts all its calls."""
        assert not isinstance(app, str)
        server = self._servers[app]
        if server not in self._stops:
            line.note("app", "is stopped")
            self._stops[server] = Stop(server, self._world)

    def _kill(self, app: App) -> None:
        """Have the process of an app die: its calls lose their connections, and nobody listens."""
        self._dead.add(app)
        for line in self._lines.values():
            if line.app == app and not line.killed:
                line.killed_at = self._world.now
                line.note("app", "is killed")
                for link in line.links:
                    link.cut()
                self.on_killed(line)

    @property
    def cut(self) -> tuple[LiveCall, ...]:
        """The calls that stopped servers cut."""
        return tuple(call for stop in self._stops.values() for call in stop.cut)

    def raise_again(self) -> None:
        """Re-raise a handler's exception, once."""
        raised, self.raised = self.raised, None
        if raised is not None:
            raise raised

    def close(self) -> None:
        """Stop all servers, or leave them to the next simulation.

        Raises SimulationError if one did not stop in order.
        """
        stuck = isinstance(self._world, World) and self._world.stuck
        over = are_handed_on() and isinstance(self._world, World) and self._world.is_over()
        for app, server in self._servers.items():
            if server in self._stops:
                continue
            if over and not isinstance(app, Outbound):
                leave(server)
            else:
                # A handler that is stuck may never end, so nothing is gained by waiting longer.
                server.stop(timeout=0.0, clean_up=STUCK_TIMEOUT if stuck else None)
        for stop in self._stops.values():
            stop.join()


def _why_not(error: OSError, called: str) -> str:
    """Why nobody could be connected to, in words."""
    if isinstance(error, ConnectionRefusedError):
        return f"nobody listens on {called}"
    if isinstance(error, socket.gaierror):
        return f"{called.rpartition(':')[0]} is not a known host: {error.strerror}"
    if isinstance(error, TimeoutError):
        return f"{called} did not answer within {DIAL_TIMEOUT:g} s"
    return f"can't call {called}: {error.strerror or error}"

"""The thread of one connection: takes the call, runs the handler, gives the call back."""

from __future__ import annotations

import logging
import socket
import threading
from typing import TYPE_CHECKING, NamedTuple

from ..call.connection import Connection
from ..call.conversation import Conversation
from ..call.handover import HANDSHAKE_TIMEOUT, Handover
from ..call.observed import Observed, how_it_ended
from ..call.reader import Reader
from ..callables import check_returned
from ..clock import Peer
from ..logs import logger
from ..observers import End, ObservedCall, Reason
from ..replaced import log_replaced, unreplaced
from ..session import Session
from ..stacks import call_user
from ..wire.enums import HangupCause
from ..wire.exceptions import (
    CommandError,
    Disconnected,
    ESLError,
    Hangup,
    ProtocolError,
    TimeoutError,
)
from ..wire.secrets import Secrets
from .connections import Connections
from .last_line import log_end
from .live import Served
from .proxy_protocol import begins_with_header, receive_header
from .settings import CLOSE, Settings

if TYPE_CHECKING:
    from .observing import Observers
    from .recorder import Recorder

__all__ = ["Reception"]

UNASKED = "it sent a PROXY header; if it is your proxy, list its host in proxy_protocol="


class Origin(NamedTuple):
    """Who is at the other end of a connection, by what a proxy says if there is one."""

    address: Peer
    #: Why they may not call; None if they may.
    why_not: str | None


class Refusal(NamedTuple):
    """Why a call is turned away."""

    reason: Reason
    why: str
    #: The hangup cause; None to give it back to the dialplan.
    cause: HangupCause | None


class Reception:
    """Serves connections, each on the thread that calls `serve`."""

    def __init__(
        self,
        settings: Settings,
        connections: Connections,
        reader: Reader,
        recorder: Recorder | None,
        observers: Observers | None,
    ) -> None:
        self._settings = settings
        self._connections = connections
        self._reader = reader
        self._recorder = recorder
        self._observers = observers

    def serve(self, sock: socket.socket, peer: Peer) -> None:
        """Take the call of one connection, run its handler, and give the call back."""
        connected = self._settings.clock.now()
        origin = self._identify(sock, peer)
        if origin is None:
            return
        call = self._take(sock, peer, origin.address)
        if call is None:
            return
        observed = self._observed(call, origin.address, connected)
        refusal = self._refusal(call, origin)
        if refusal is not None:
            try:
                if observed is not None:
                    observed.tell("turned_away", refusal.reason)
                self._turn_away(call, origin.address, refusal)
            finally:
                call.conversation.let_go()
            return
        session = call.session
        threading.current_thread().name = f"eslsync-call-{session.uuid}"
        how: End = "not called"
        reason = ""
        try:
            if observed is not None:
                observed.tell("taken")
                call.conversation.observe(observed)
            how, reason = self._run(call, observed)
        finally:
            mine = call.handover.claim()  # else it was stuck, and `stop` has done all this
            if mine and observed is not None:
                observed.leave()
            try:
                if mine:
                    call.handover.close()
                else:
                    call.connection.close()
            finally:
                if mine:
                    log_end(call, how, reason)
                self._connections.count_out()
                if mine and observed is not None:
                    observed.end(how)
                call.conversation.let_go()

    def _run(self, call: Served, observed: Observed | None) -> tuple[End, str]:
        """Run the handler of a call; tell how it ended, and the text of what it raised."""
        try:
            if not self._prepare(call):
                return "not called", ""
            if observed is None:
                self._call_handler(call)
            else:
                assert self._observers is not None
                observed.tell("began")
                observed.runs()
                with self._observers.handling(observed.call):
                    self._call_handler(call)
        except BaseException as error:  # noqa: BLE001 - told
            return tell_raised(call, observed, error)
        return "returned", ""

    def _call_handler(self, call: Served) -> None:
        check_returned("the handler", call_user(self._settings.handler, call.session))

    def _observed(self, call: Served, peer: Peer, connected: float) -> Observed | None:
        """What tells the observers of this call; None if there are none."""
        if self._observers is None:
            return None
        context, redact = call.session.context, call.conversation.redact
        clock = self._settings.clock

        def shown(header: str) -> str:
            return redact.value(header, context.get(header, ""))

        told = ObservedCall(
            uuid=call.session.uuid,
            caller=shown("Caller-Caller-ID-Number"),
            destination=shown("Caller-Destination-Number"),
            sip_call_id=shown("variable_sip_call_id"),
            switch=str(peer[0]),
            connected=connected,
            epoch=clock.wall() - clock.now(),
        )
        return Observed(told, self._observers.tell, clock)

    def _identify(self, sock: socket.socket, peer: Peer) -> Origin | None:
        """Find out who is at the other end; None if it is not a call."""
        settings, connections = self._settings, self._connections
        if not settings.proxies.permits(peer):
            return self._judge(peer)
        try:
            with connections.reading(sock):
                origin = self._judge(receive_header(sock, HANDSHAKE_TIMEOUT) or peer)
        except TimeoutError as error:
            # A call all the same: it is hung up, because closing would park the caller (14b).
            origin = Origin(peer, f"its host is among proxy_protocol, and sent {error}")
        except Disconnected as error:
            logger.debug("a connection from the proxy %s was no call: %s", peer, error)
            origin = None
        except ProtocolError as error:
            why = "a connection from the proxy %s was no call: %s"
            connections.log_once(peer[0], "PROXY header", why, peer, error)
            origin = None
        if origin is not None and origin.why_not is not None and not connections.count_stranger():
            connections.too_many(origin.address)
            origin = None
        if origin is None:
            sock.close()
        return origin

    def _judge(self, address: Peer) -> Origin:
        access = self._settings.access
        if access.permits(address):
            return Origin(address, None)
        return Origin(address, f"its host is not among allow={list(access.allow)}")

    def _take(self, sock: socket.socket, peer: Peer, address: Peer) -> Served | None:
        """Take the call of a connection; None if it is not a call."""
        settings, recorder = self._settings, self._recorder
        secrets = Secrets(settings.redactor)
        try:
            connection = Connection(
                sock,
                peer,
                settings.clock,
                self._reader.watch,
                redact=secrets,
                tape=None if recorder is None else recorder.tape(settings.clock),
            )
        except OSError as error:
            logger.debug("a connection from %s was gone at once: %s", address, error)
            sock.close()
            return None
        self._reader.watch(connection)
        conversation = Conversation(connection, settings.clock, secrets)
        handover = Handover(conversation)
        taken = False
        try:
            handover.connect()
            if begins_with_header(conversation.context.head):
                raise ProtocolError(UNASKED, conversation.context.head)
            taken = True
        except (Disconnected, Hangup) as error:
            # Health checks do this many times a minute, and a caller may be gone already
            # (recording 27f).
            logger.debug("a connection from %s was no call: %s", address, error)
        except ESLError as error:
            why = "a connection from %s was no call: %s"
            if isinstance(error, ProtocolError) and begins_with_header(error.data):
                error = ProtocolError(UNASKED, error.data)
            self._connections.log_once(address[0], type(error).__name__, why, address, error)
        finally:
            if not taken:
                connection.close()
                conversation.let_go()
        return Served(Session(conversation, handover), conversation, handover) if taken else None

    def _refusal(self, call: Served, origin: Origin) -> Refusal | None:
        """Why to turn a call away; None if it is counted in."""
        settings, connections = self._settings, self._connections
        if origin.why_not is not None:
            return Refusal("stranger", origin.why_not, HangupCause.CALL_REJECTED)
        call.connection.admit()
        # A late one is given back, as the next server may have room for it.
        if not connections.count_in(call, None if connections.is_late else settings.max_calls):
            cause = None if settings.when_full == CLOSE else HangupCause(settings.when_full)
            return Refusal("full", f"there are max_calls={settings.max_calls}", cause)
        call.connection.record()
        return None

    def _turn_away(self, call: Served, peer: Peer, refusal: Refusal) -> None:
        # A stranger's next ones are hidden, as there may be a flood of them.
        again = logging.DEBUG if refusal.reason == "stranger" else logging.INFO
        facts = {**(call.session.logger.extra or {}), "refused": refusal.reason}
        what, why = "turned away a call from %s: %s", refusal.why
        self._connections.log_once(peer[0], why, what, peer, why, again=again, facts=facts)
        if refusal.cause is None:
            call.handover.close()  # which gives it back
            return
        try:
            call.handover.refuse(refusal.cause)
        except ESLError as error:
            logger.debug("a call from %s was gone before it was turned away: %s", peer, error)
        finally:
            call.connection.close()

    def _prepare(self, call: Served) -> bool:
        """Prepare the call for its handler; False if the handler must not be called.

        A switch that refuses the first commands gets its call back.
        """
        if self._connections.is_late:
            return False
        settings, session = self._settings, call.session
        try:
            call.handover.prepare(
                settings.events, settings.linger, settings.format, settings.max_call_duration
            )
        except (CommandError, TimeoutError) as error:
            session.logger.warning("the handler is not called: %s", error)
            return False
        if session.logger.isEnabledFor(logging.INFO):
            number = call.conversation.redact.value(
                "Caller-Caller-ID-Number", session.caller_number
            )
            session.logger.info("call from %s", number)
        return True


def tell_raised(call: Served, observed: Observed | None, error: BaseException) -> tuple[End, str]:
    """Log what a handler has raised, and tell the observers; return how it ended, and the text."""
    logger = call.session.logger
    failure = unreplaced(error)
    how = how_it_ended(failure)
    if failure is error and how == "failed":
        logger.error("the handler failed", exc_info=error)
    else:
        log_replaced(logger, error)
    if how != "failed":
        return how, str(error)
    if observed is not None:
        observed.tell("failed", failure)
    return how, type(failure).__name__

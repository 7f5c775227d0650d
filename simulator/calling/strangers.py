"""Names what listens on an address if it does not speak event socket.

A program that takes calls speaks first: it sends ``connect``. Some servers greet, and are known by
that. Others wait, such as HTTP servers: after half a second of silence they are sent a line of the
log, which event socket programs skip, and which an HTTP server takes for a request. A TLS server
ends the connection then, and is asked again in its own language.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from typing import Literal

from ..clockwork.agenda import Timer
from ..clockwork.real_time import RealLink, RealTime
from ..clockwork.threads import SECOND
from ..event_socket.listener import FIRST_COMMAND
from .line import Line
from .parting import GIVEN_BACK, Wire, parting, quoted

__all__ = ["Stranger", "name_of"]

#: Seconds of silence after which a program is asked.
SILENCE = 0.5
#: Seconds for a TLS server to answer.
TLS_TIMEOUT = 2.0
#: A line of the log, without text, which is also a request of HTTP.
QUESTION = b"Log-File: / HTTP/1.0\nContent-Type: log/data\nContent-Length: 0\n\n"
#: FreeSWITCH itself, where programs connect to it.
FREESWITCH = "inbound event socket, as FreeSWITCH itself"
#: Who begins like this.
BEGINNINGS = (
    (rb"HTTP/\d", "HTTP"),
    (rb"\s*<(!doctype )?html", "HTTP"),
    (rb"PROXY (TCP|UNKNOWN)|\r\n\r\n\x00\r\nQUIT\n", "the PROXY protocol"),
    (rb"SSH-\d", "SSH"),
    (rb"[\x15\x16]\x03[\x00-\x04]", "TLS"),
    (rb"Content-Type: (auth/request|text/rude-rejection)", FREESWITCH),
    (rb"\S*SIP/2\.0 \d|[A-Z]+ sips?:", "SIP"),
    (rb"RTSP/\d", "RTSP"),
    (rb"220[ -].*(FTP|ftp)", "FTP"),
    (rb"220[ -]", "SMTP"),
    (rb"\* OK", "IMAP"),
    (rb"\+OK", "POP3"),
    (rb"Log-File: / HTTP/1\.0", "the echo protocol"),
    (rb"agi_\w+:", "Asterisk's AGI"),
    (rb"Asterisk Call Manager", "Asterisk's manager interface"),
)
#: The first words of the commands of event socket.
COMMANDS = re.compile(
    rb"(connect|auth|exit|\.\.\.|api|bgapi|sendmsg|sendevent|event|nixevent|noevents|filter|"
    rb"myevents|divert_events|linger|nolinger|log|nolog|getvar|resume)(?![\w-])",
    re.IGNORECASE,
)


class Stranger:
    """Watches the connection to another program, until it has shown what it speaks.

    ``refuse`` is called with the line and the reason if that is not event socket.
    """

    def __init__(
        self,
        world: RealTime,
        line: Line,
        wire: Wire,
        app: str,
        address: tuple[str, int],
        refuse: Callable[[Line, str], None],
    ) -> None:
        self._world = world
        self._line = line
        self._wire = wire
        self._app = app
        self._address = address
        self._refuse = refuse
        self._timers: list[Timer] = []

    def watch(self, patience: float | None) -> None:
        link, world = self._link, self._world
        note, link.on_traffic = link.on_traffic, self._said
        assert note is not None
        self._note = note
        link.on_end, link.on_gone = self._ends, self._gone
        longest = FIRST_COMMAND if patience is None else min(patience, FIRST_COMMAND)
        self._timers = [
            world.at(world.now + round(SILENCE * SECOND), self._ask),
            world.at(world.now + round(longest * SECOND), lambda: self._lose_patience(longest)),
        ]

    @property
    def _link(self) -> RealLink:
        assert isinstance(self._wire.link, RealLink)
        return self._wire.link

    def _said(self, sender: Literal["app", "switch"], data: bytes) -> None:
        wire = self._wire
        if sender == "app" and not wire.connected:
            self._stop_waiting()
            wire.said(data)
            name = name_of(wire.first)
            if name is not None:
                line = wire.first.strip().partition(b"\n")[0].strip()
                self._is_no_app(name, f": it began with {quoted(line)}")
                return
        self._note(sender, data)

    def _ask(self) -> None:
        self._link.ask(QUESTION)

    def _lose_patience(self, seconds: float) -> None:
        if not self._line.hung_up:
            self._line.note("app", "sends nothing")
            self._give_up(
                f"{self._app} sent nothing for {seconds:g} s; a program that takes calls sends "
                "connect at once"
            )

    def _ends(self) -> None:
        self._stop_waiting()
        self._wire.ends()
        if not self._wire.first and self._link.asked and speaks_tls(self._address):
            self._is_no_app("TLS", "")

    def _gone(self) -> None:
        parted = parting(self._line) if self._line.wire is self._wire else None
        if parted is not None and self._wire.up and parted.kind in GIVEN_BACK:
            self._line.given_back = True
        if parted is not None and parted.rung is not None:
            self._line.note("app", parted.rung)

    def _is_no_app(self, name: str, how: str) -> None:
        self._line.note("app", f"speaks {name}")
        self._give_up(f"{self._app} speaks {name}, and not outbound event socket{how}")

    def _give_up(self, why: str) -> None:
        self._stop_waiting()
        self._refuse(self._line, why)
        link, world = self._link, self._world
        link.on_end = link.on_gone = None
        listener = link.listener
        link.give_up()
        if listener is not None:
            world.at(world.now, listener.closed)

    def _stop_waiting(self) -> None:
        for timer in self._timers:
            timer.cancel()


def name_of(data: bytes) -> str | None:
    """The protocol of a program that begins with this data; None if it may be event socket."""
    for beginning, name in BEGINNINGS:
        if re.match(beginning, data):
            return name
    line, newline, _ = data.lstrip(b"\r\n").partition(b"\n")
    text = line.rstrip(b"\r").decode("utf-8", "replace")
    if not text.isprintable() or (newline and not COMMANDS.match(line)):
        return "another protocol"
    return None


def speaks_tls(address: tuple[str, int]) -> bool:
    """True if a TLS server listens there."""
    import ssl  # here, since few calls need it

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(incoming, outgoing, server_hostname=address[0]).do_handshake()
    except ssl.SSLWantReadError:
        pass
    until = time.monotonic() + TLS_TIMEOUT
    try:
        with socket.create_connection(address, TLS_TIMEOUT) as sock:
            sock.sendall(outgoing.read())
            sock.settimeout(max(0.01, until - time.monotonic()))
            return name_of(sock.recv(16)) == "TLS"
    except OSError:
        return False

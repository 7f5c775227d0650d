"""The telephone's web server: one page, its files, and a websocket for what changes.

It listens on this machine only. The address has a token, so that nobody can guess it, and requests
must be for this host and websockets from this page: another site's page can't call the handler,
whatever name of its own it gives this machine (DNS rebinding).
"""

from __future__ import annotations

import re
import secrets
import socket
import struct
import sys
import threading
from contextlib import suppress
from http import HTTPStatus
from importlib.resources import files
from typing import NamedTuple

from eslsync.extras import needs_extra

from .desk import Desk, Telephone
from .protocol import NotACommand, State, dumped, read_command
from .sound import SAID

with needs_extra("phone", "the telephone in the browser"):
    from websockets.datastructures import Headers
    from websockets.exceptions import ConnectionClosed
    from websockets.frames import CloseCode
    from websockets.http11 import Request, Response
    from websockets.sync.server import Server, ServerConnection, serve

__all__ = ["Page", "PhoneServer"]

HOST = "127.0.0.1"
#: Names of this machine in an address.
NAMES = (HOST, "localhost")
#: Seconds for a request to come: browsers also connect to have a connection at hand.
REQUEST_TIMEOUT = 2.0
#: Seconds for a page to say goodbye, when the server ends.
CLOSE_TIMEOUT = 2.0
#: Seconds for a page to take what it is sent, and between two looks at whether it is still there
#: and for its answer. One that doesn't is let go; it connects again when it goes on.
SEND_TIMEOUT = 10.0
PING_INTERVAL, PING_TIMEOUT = 20.0, 20.0
#: Bytes on the way to a page. What doesn't fit waits here, where the latest replaces it.
SEND_BUFFER = 128 * 1024
#: Seconds for which a thread may wait that Ctrl-C is to interrupt everywhere.
INTERRUPTIBLE = 1.0

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".yaml": "application/yaml; charset=utf-8",
    ".py": "text/x-python; charset=utf-8",
    ".wav": "audio/wav",
    ".jsonl": "application/jsonl; charset=utf-8",
}
#: The page's files, by their path below the token; "" is the page.
FILES = (
    *("phone.css", "phone.js", "live.js", "lines.js", "map.js"),
    *("sound.js", "ring.js", "microphone.js", "samples.js"),
)
PAGE = {"": "index.html", **{each: each for each in FILES}}
#: The addresses of what is heard: `Sounds` names its files, and `SAID` what the caller said.
SOUND = re.compile(r"sound/([0-9a-f]+\.wav)")
SAID_BY_CALLER = re.compile("sound/" + SAID.replace(".", r"\.").format(*2 * [r"(\d{1,15})"]))

#: Nothing from another host, and in no frame of another page. (Ladders have their own style.)
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
#: A map has a script of its own, which is somebody else's: it is no page of this server's, for
#: which it could use the telephone.
MAP_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Page(NamedTuple):
    """Something that the server answers with."""

    body: bytes
    type: str
    name: str = ""  #: what it is saved as, if it is to be saved
    policy: str = POLICY  #: what the browser lets it do


class PhoneServer:
    """Serves the telephone; a context manager, at whose end calls and pages end, too.

    All pages show the same call, and each may act. One that is gone for a while is shown all again
    when it is back; the call goes on without it. Raises OSError if the port is taken.
    """

    def __init__(self, telephone: Telephone, port: int = 0) -> None:
        self.token = secrets.token_urlsafe(16)
        self._tabs: set[Tab] = set()
        self._ends = False
        self._lock = threading.Condition()  # for both
        self._server: Server = serve(
            self._join,
            HOST,
            port,
            process_request=self._answer,
            open_timeout=REQUEST_TIMEOUT,
            close_timeout=CLOSE_TIMEOUT,
            ping_interval=PING_INTERVAL,
            ping_timeout=PING_TIMEOUT,
            server_header=None,
        )
        self.port: int = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="telephone")
        self.desk = Desk(telephone, self._tell)
        self._map = telephone.map

    @property
    def address(self) -> str:
        """The page's address."""
        return f"http://{HOST}:{self.port}/{self.token}/"

    @property
    def pages(self) -> int:
        """The number of pages that are connected."""
        with self._lock:
            return len(self._tabs)

    def __enter__(self) -> PhoneServer:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._ends = True
            tabs = list(self._tabs)
        goodbyes = [threading.Thread(target=tab.end, name="goodbye") for tab in tabs]
        for goodbye in goodbyes:
            goodbye.start()
        for goodbye in goodbyes:
            goodbye.join()
        with self._lock:
            self._lock.wait_for(lambda: not self._tabs)
        self._server.shutdown()
        self._thread.join()
        self.desk.__exit__(*error)

    def wait(self) -> None:
        """Wait for Ctrl-C."""
        while self._thread.is_alive():
            self._thread.join(INTERRUPTIBLE)

    # Requests

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """The response to a request; None to one for the websocket."""
        status = self._refusal(request)
        if status is not None:
            return response(status, Page(f"{status.phrase}\n".encode(), "text/plain"))
        path = self._path(request)
        if path == "socket":
            return None
        page = self._page(path)
        if page is None:
            return response(HTTPStatus.NOT_FOUND, Page(b"Not Found\n", "text/plain"))
        return response(HTTPStatus.OK, page)

    def _refusal(self, request: Request) -> HTTPStatus | None:
        hosts = [f"{name}:{self.port}" for name in NAMES]
        if request.headers.get_all("Host") not in [[each] for each in hosts]:
            return HTTPStatus.MISDIRECTED_REQUEST
        given = request.path.partition("?")[0].split("/")[1]
        if not secrets.compare_digest(given.encode(), self.token.encode()):
            return HTTPStatus.FORBIDDEN
        origins = request.headers.get_all("Origin")
        if self._path(request) == "socket" or origins:
            if origins not in [[f"http://{each}"] for each in hosts]:
                return HTTPStatus.FORBIDDEN
        return None

    def _path(self, request: Request) -> str:
        return request.path.partition("?")[0].removeprefix(f"/{self.token}").removeprefix("/")

    def _page(self, path: str) -> Page | None:
        if path in PAGE:
            name = PAGE[path]
            source = files(__package__) / "page" / name
            return Page(source.read_bytes(), TYPES[name[name.rindex(".") :]])
        if path == "map" and self._map is not None:
            return Page(self._map.html.encode(), TYPES[".html"], policy=MAP_POLICY)
        if path.startswith("sound/"):
            return self._sound(path)
        state, stem = self.desk.state, self.desk.stem
        kept = {
            "script.yaml": (state["script"], f"{stem}.call.yaml", ".yaml"),
            "test.py": (state["test"], f"test_{stem}.py", ".py"),
            "ladder.svg": (state["svg"], f"{stem}.svg", ".svg"),
            "recording.jsonl": (self.desk.recording, f"{stem}.jsonl", ".jsonl"),
        }
        if path not in kept:
            return None
        text, name, suffix = kept[path]
        return Page(text.encode(), TYPES[suffix], name)

    def _sound(self, path: str) -> Page | None:
        said = SAID_BY_CALLER.fullmatch(path)
        if said:
            return Page(self.desk.microphone.wav(int(said[1]), int(said[2])), TYPES[".wav"])
        found = SOUND.fullmatch(path)
        try:
            return found and Page((self.desk.sounds / found[1]).read_bytes(), TYPES[".wav"])
        except OSError:
            return None

    # Websockets

    def _join(self, connection: ServerConnection) -> None:
        """Show the state to a page, and do what it wants, until it is gone."""
        with self._lock:
            if self._ends:
                return
            tab = Tab(connection)
            tab.show(self.desk.so_far())
            self._tabs.add(tab)
        try:
            for message in connection:
                try:
                    self.desk.do(read_command(message))
                except NotACommand as error:
                    tab.show({"trouble": f"the page asked for what there isn't: {error}"})
        except ConnectionClosed:
            pass
        finally:
            tab.close()
            with self._lock:
                self._tabs.remove(tab)
                self._lock.notify_all()

    def _tell(self, changed: State) -> None:
        with self._lock:
            for tab in self._tabs:
                tab.show(changed)


class Tab:
    """One page. What it has not been shown yet is kept, the latest of each part.

    So a page that reads slowly, or not at all, keeps nobody waiting.
    """

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        limit_sends(connection.socket, SEND_TIMEOUT)
        self._unseen: State = {}
        self._wakes = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._send, name="page", daemon=True)
        self._thread.start()

    def show(self, changed: State) -> None:
        with self._wakes:
            self._unseen.update(changed)
            self._wakes.notify()

    def end(self) -> None:
        """Say goodbye to the page, because the server ends; one that doesn't listen is cut off."""
        connection = self._connection
        goodbye = threading.Thread(target=connection.close, args=(CloseCode.GOING_AWAY,))
        goodbye.start()
        goodbye.join(2 * CLOSE_TIMEOUT)  # more than it takes, unless it waits to send
        if goodbye.is_alive():
            with suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)
        goodbye.join()

    def close(self) -> None:
        with self._wakes:
            self._closed = True
            self._wakes.notify()
        self._thread.join()

    def _send(self) -> None:
        while True:
            with self._wakes:
                self._wakes.wait_for(lambda: self._unseen or self._closed)
                if self._closed:
                    return
                message, self._unseen = dumped(self._unseen), {}
            try:
                self._connection.send(message)
            except ConnectionClosed:
                return


def limit_sends(sock: socket.socket, seconds: float) -> None:
    """Have sends fail that take too long; `socket.settimeout` would limit receiving as well."""
    if sys.platform == "win32":
        limit = struct.pack("L", round(seconds * 1000))
    else:
        limit = struct.pack("ll", int(seconds), round(seconds % 1 * 1_000_000))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)


def response(status: HTTPStatus, page: Page) -> Response:
    headers = Headers(HEADERS)
    headers["Content-Security-Policy"] = page.policy
    headers["Content-Type"] = page.type
    headers["Content-Length"] = str(len(page.body))
    headers["Connection"] = "close"
    if page.name:
        headers["Content-Disposition"] = f'attachment; filename="{page.name}"'
    return Response(status.value, status.phrase, headers, page.body)

"""The IVR of examples/ivr.py, written with `greenswitch` (gevent).

greenswitch has no callback for a key outside of an application, so the menu is a
`play_and_get_digits`, as in its documentation.

pip install greenswitch
python greenswitch_ivr.py --port 5000
"""

from __future__ import annotations

import gevent.monkey  # type: ignore[import-not-found,import-untyped,unused-ignore]

gevent.monkey.patch_all()

import argparse  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
from typing import Any  # noqa: E402

import greenswitch  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--timeout", type=float, default=10.0, help="seconds to wait for a key")
options = parser.parse_args()


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


class IVR:
    def __init__(self, session: Any) -> None:
        self.session = session

    def run(self) -> None:
        try:
            self.handle()
        except BaseException as error:
            say(f"the handler is ended by {type(error).__name__}: {error}")
            self.session.stop()
            raise
        say("the handler returns")

    def handle(self) -> None:
        session = self.session
        session.myevents()
        session.linger()
        session.answer()
        event = session.playback("ivr/ivr-welcome")
        say(f"playback returns {event.headers.get('Application-Response')}")
        digit = session.play_and_get_digits(
            min_digits=1,
            max_digits=1,
            max_attempts=1,
            timeout=round(options.timeout * 1000),
            terminators="#",
            prompt_file="ivr/ivr-menu",
            error_file="ivr/ivr-invalid",
            variable="choice",
            digits_regex="[12]",
            digit_timeout=1000,
            transfer_on_fail="''",
        )
        say(f"play_and_get_digits returns {digit!r}")
        session.playback(f"ivr/ivr-option-{digit}" if digit else "ivr/ivr-timeout")
        session.hangup()
        session.stop()


def free_port() -> int:
    """Choose a free port, because the server takes port 0 for none."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


if __name__ == "__main__":
    port = options.port or free_port()
    server = greenswitch.OutboundESLServer(
        bind_address="127.0.0.1", bind_port=port, application=IVR
    )
    listening = gevent.spawn(server.listen)
    while not server._running:  # there is no public way to know that it listens
        gevent.sleep(0.01)
    print(port, flush=True)
    listening.join()

"""The app that deploy.py deploys: each call waits for a key, and is hung up."""

from __future__ import annotations

from eslsync import Outbound, Session


def handler(session: Session) -> None:
    session.channel.answer()
    session.channel.wait("DTMF")
    session.channel.hangup()  # its last line: a call that gets there was handled to its end


app = Outbound(handler)

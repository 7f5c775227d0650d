"""The one line of the log that tells the end of a call, as a sentence and as fields."""

from __future__ import annotations

import logging

from ..call.handover import Became
from ..observers import End
from ..wire.shown import in_a_log
from .live import Served

__all__ = ["log_end"]

#: How the handler ended, in words; of those with a reason it stands behind.
HANDLER: dict[End, str] = {
    "returned": "the handler returned",
    "hangup": "it ended the handler",
    "transferred": "",
    "disconnected": "the handler ended: ",
    "cut": "the handler was cut by stop",
    "stuck": "the handler is stuck, and left behind",
    "failed": "the handler failed: ",
    "not called": "the handler was not called",
}
#: What became of the call, in words.
CALL: dict[Became, str] = {
    "hung up": "the call ended",
    "given back": "the call was given back to the dialplan",
    "bridged": "the call was left to its bridge",
    "taken away": "the call was left alone",
    "lost": "the call was lost with its connection",
}


def log_end(call: Served, how: End, reason: str) -> None:
    """Log the end of a call whose handler ended in this way, with the text of what it raised.

    The record's fields are ``ended`` (how the handler ended), ``became`` (of the call), ``cause``
    and ``duration``, in seconds since the call was taken. It is a warning if the connection was
    lost.
    """
    handover, logger = call.handover, call.session.logger
    seconds = call.conversation.clock.now() - handover.began
    cause = None if handover.cause is None else in_a_log(str(handover.cause))
    why = f": {cause or 'no cause given'}" if handover.became == "hung up" else ""
    words = HANDLER[how]
    logger.log(
        logging.WARNING if how == "disconnected" else logging.INFO,
        "%s after %.1f s%s; %s",
        CALL[handover.became],
        seconds,
        why,
        words + reason if not words or words.endswith(": ") else words,
        extra={
            "ended": how,
            "became": handover.became,
            "cause": cause,
            "duration": round(seconds, 3),
        },
    )

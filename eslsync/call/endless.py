"""Which applications would play, or wait, for ever: nobody gives their caller back by waiting."""

from __future__ import annotations

import re

from ..wire.declared import declared

__all__ = ["never_ends"]

#: Applications that end with the call, or by a break.
ENDLESS = frozenset({"delay_echo", "echo", "endless_playback", "park"})
#: Sounds that never end (mod_local_stream.c, mod_tone_stream.c; switch_ivr_play_file).
STREAMS = re.compile(r"local_stream://|silence_stream://-1|loops=-1|portaudio|shout://")


def never_ends(application: str, argument: str) -> bool:
    """True if this application, with this argument, doesn't end by itself."""
    return application in ENDLESS or (
        declared(application).plays and STREAMS.search(argument) is not None
    )

"""FreeSWITCH applications and api commands that change nothing in a call but its own events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model.tables import OK, api, application

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.switch import Switch

__all__: list[str] = []


@application("log", recordings="07l 08a 08b", nomedia=True, zombie=True)
@application("eval", recordings="11l", nomedia=True, zombie=True)
@application("info", recordings="11l", nomedia=True, zombie=True)
@application("stop", source="mod_dptools.c, eval_function", nomedia=True)
@application("session_loglevel", source="mod_dptools.c, session_loglevel_function", nomedia=True)
# a SIP caller is told that the call is queued, and hears nothing of it
@application("acknowledge_call", source="mod_dptools.c, acknowledge_call_function", nomedia=True)
# how well the sound arrives
@application("cng_plc", source="mod_dptools.c, cng_plc_function", nomedia=True)
@application("jitterbuffer", source="mod_dptools.c, jitterbuffer_function", nomedia=True)
@application("debug_media", source="mod_dptools.c, debug_media_function", nomedia=True)
# what happens in FreeSWITCH's memory, and on the line, while nothing else does
@application("clear_speech_cache", source="mod_dptools.c, clear_speech_cache_function")
@application("enable_keepalive", source="mod_dptools.c, enable_keepalive_function", nomedia=True)
# a call without video
@application("novideo", source="mod_dptools.c, novideo_function", nomedia=True)
@application("video_decode", source="mod_dptools.c, video_set_decode_function", nomedia=True)
@application("video_refresh", source="mod_dptools.c, video_refresh_function", nomedia=True)
@application("wait_for_video_ready", source="mod_dptools.c, wait_for_video_ready_function")
def nothing(channel: Channel, data: str) -> None:
    pass


@api("log", recordings="09a")
def log(switch: Switch, argument: str) -> str:
    return OK

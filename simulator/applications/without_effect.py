"""FreeSWITCH applications and api commands that change nothing in a call but its own events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model.tables import OK, api, application, usage

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.switch import Switch

__all__: list[str] = []


@application("log", recordings="07l 08a 08b", nomedia=True, zombie=True)
@application("eval", recordings="11l", nomedia=True, zombie=True)
@application("info", recordings="11l", nomedia=True, zombie=True)
@application("stop", recordings="30d", nomedia=True)
@application("session_loglevel", recordings="30d", nomedia=True)
# a SIP caller is told that the call is queued, and hears nothing of it
@application("acknowledge_call", recordings="30d", nomedia=True)
# how well the sound arrives
@application("cng_plc", recordings="30d", nomedia=True)
@application("jitterbuffer", recordings="30d", nomedia=True)
@application("debug_media", recordings="30d", nomedia=True)
# what happens in FreeSWITCH's memory, and on the line, while nothing else does
@application("clear_speech_cache", recordings="30d")
@application("enable_keepalive", recordings="30d", nomedia=True)
# silence in a recording, which lasts as long
@application("record_session_mask", recordings="21d")
@application("record_session_unmask", recordings="21d")
# a folder: every file can be recorded
@application("mkdir", recordings="30d", nomedia=True)
# a call without video
@application("novideo", recordings="30d", nomedia=True)
@application("video_decode", recordings="30d")
@application("video_refresh", recordings="30d", nomedia=True)
@application("wait_for_video_ready", recordings="30d")
def nothing(channel: Channel, data: str) -> None:
    pass


@api("log", recordings="09a")
def log(switch: Switch, argument: str) -> str:
    return OK


@api("uuid_loglevel", recordings="30b")
def uuid_loglevel(switch: Switch, argument: str) -> str:
    uuid, _, level = argument.partition(" ")
    if not level:
        return usage("<uuid> <level>")
    return OK if switch.locate(uuid) is not None else f"-ERR No such channel {uuid}!\n"

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
def nothing(channel: Channel, data: str) -> None:
    pass


@api("log", recordings="09a")
def log(switch: Switch, argument: str) -> str:
    return OK

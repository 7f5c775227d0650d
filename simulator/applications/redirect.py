"""Redirecting or refusing a caller with the channel's own signalling.

A SIP channel does it (mod_sofia.c, sofia_receive_message). A loopback channel has no signalling,
so nothing happens (mod_loopback.c).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..clockwork.threads import SECOND, Steps
from ..model.arguments import atoi
from ..model.tables import api, application, usage

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.switch import Switch

__all__: list[str] = []

#: Microseconds that deflect waits for media to be acknowledged; on loopback it never is.
MEDIA_ACK = 10 * SECOND

#: Hangup causes of SIP statuses (sofia_glue_sip_cause_to_freeswitch).
CAUSES = {
    int(status): cause
    for cause, statuses in {
        "USER_CHALLENGE": "401",
        "CALL_REJECTED": "402 403 407 603 608",
        "UNALLOCATED_NUMBER": "404",
        "NO_ROUTE_DESTINATION": "485 604",
        "RECOVERY_ON_TIMER_EXPIRE": "408 504",
        "NUMBER_CHANGED": "410",
        "INTERWORKING": "413 414 416 420 421 423 505 513",
        "NO_USER_RESPONSE": "480",
        "NORMAL_TEMPORARY_FAILURE": "400 481 500 503",
        "USER_BUSY": "486 600",
        "INVALID_NUMBER_FORMAT": "484",
        "INCOMPATIBLE_DESTINATION": "488 606",
        "NETWORK_OUT_OF_ORDER": "502",
        "SERVICE_UNAVAILABLE": "405",
        "SERVICE_NOT_IMPLEMENTED": "406 415 501",
        "EXCHANGE_ROUTING_ERROR": "482 483",
        "ORIGINATOR_CANCEL": "487",
    }.items()
    for status in statuses.split()
}


def redirected(channel: Channel, data: str) -> None:
    """Redirect the caller to another URI; after the answer, it has no effect."""
    if data and channel.endpoint == "sofia" and not channel.answered:
        _, _, cause = data.partition(" ")
        channel.hangup(channel.switch.cause(cause, channel) if cause else "NORMAL_UNSPECIFIED")


def deflected(channel: Channel) -> str:
    """Send the caller a REFER, which ends the call; returns the caller's answer."""
    if channel.endpoint != "sofia":
        return ""
    channel.set("sip_refer_reply", "SIP/2.0 202 Accepted")
    channel.hangup("BLIND_TRANSFER")
    return "SIP/2.0 202 Accepted"


@application("redirect", recordings="21p 21q", nomedia=True)
def redirect(channel: Channel, data: str) -> None:
    """``<uri>[,<uri>...] [<cause>]``."""
    redirected(channel, data)


@application("respond", recordings="21p 21q", nomedia=True)
def respond(channel: Channel, data: str) -> None:
    """``<status> [<reason>]``: a refusal ends a call that was not answered."""
    code = atoi(data) or 488
    if code == 302:
        redirected(channel, data.partition(" ")[2])
    elif channel.endpoint == "sofia" and code > 399 and not (channel.answered and code == 488):
        channel.hangup(CAUSES.get(code, "NORMAL_UNSPECIFIED"))


@application("deflect", recordings="21p 21q", nomedia=True)
def deflect(channel: Channel, data: str) -> Steps[None]:
    until = channel.now + MEDIA_ACK
    while channel.endpoint == "loopback" and channel.up and channel.now < until:
        yield until
    if channel.up:
        deflected(channel)


@api("uuid_deflect", recordings="21p 21q")
def uuid_deflect(switch: Switch, argument: str) -> str:
    uuid, _, target = argument.partition(" ")
    if not target:
        return usage("<uuid> <uri>")
    channel = switch.locate(uuid)
    return f"-ERR No such channel {uuid}!\n" if channel is None else f"+OK:{deflected(channel)}\n"


@api("uuid_redirect", recordings="21q")
def uuid_redirect(switch: Switch, argument: str) -> str:
    uuid, _, target = argument.partition(" ")
    if not target:
        return usage("<uuid> <uri>")
    channel = switch.locate(uuid)
    if channel is None:
        return f"-ERR No such channel {uuid}!\n"
    redirected(channel, target)
    return "+OK:\n"

"""Names in events: the subclasses of CUSTOM, and the headers; a misspelt one is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eslsync.protocol import EVENT_NAMES

from .spelling import hint, misspelt

if TYPE_CHECKING:
    from .channel import Channel
    from .switch import Switch

__all__ = ["HEADERS", "SUBCLASSES", "note_filter", "note_subclass"]

#: (switch_event_reserve_subclass in the modules of FreeSWITCH 1.10.12.)
SUBCLASSES = frozenset(
    """
    alsa::ringing avmd::beep avmd::start avmd::stop callcenter::info conference::cdr
    conference::maintenance curl_sendfile::ack cv::video_detect fifo::info filestring::close
    filestring::fail filestring::open imagick::info limit::usage loopback::bowout loopback::direct
    menu::enter menu::exit mod_bert::in_sync mod_bert::lost_sync mod_bert::timeout
    mod_smpp::bind_transceiver_resp multicast::event multicast::peerdown multicast::peerup
    rtmp::attach rtmp::clientcustom rtmp::connect rtmp::custom rtmp::detach rtmp::disconnect
    rtmp::login rtmp::logout rtmp::register rtmp::unregister skinny::alarm skinny::call_state
    skinny::device_to_user skinny::expire skinny::register skinny::unregister skinny::user_to_device
    skinny::xml_alarm snapshot::snap sofia::bye_response sofia::error sofia::expire
    sofia::gateway_add sofia::gateway_delete sofia::gateway_invalid_digest_req sofia::gateway_state
    sofia::intercepted sofia::notify_refer sofia::notify_watched_header sofia::pre_register
    sofia::profile_start sofia::recovery_recovered sofia::recovery_recv sofia::recovery_send
    sofia::register sofia::register_attempt sofia::register_failure sofia::reinvite sofia::replaced
    sofia::sip_user_state sofia::transferee sofia::transferor sofia::unregister
    sofia::wrong_call_state spandsp::rxfaxnegociateresult spandsp::rxfaxpageresult
    spandsp::rxfaxresult spandsp::txfaxnegociateresult spandsp::txfaxpageresult spandsp::txfaxresult
    valet_parking::info verto::client_connect verto::client_disconnect verto::login vm::maintenance
    vmd::beep websocket::stophook
    """.split()
)


#: Headers of events, besides those that describe the channel (`Channel.blocks`).
HEADERS = """
    ANI-II API-Command API-Command-Argument Application Application-Data Application-Response
    Application-UUID Application-UUID-Name Bridge-A-Unique-ID Bridge-B-Unique-ID Bridged-To
    Conference-Name Conference-Size Conference-Unique-ID Content-Type Current-Energy DTMF-Digit
    DTMF-Duration DTMF-Source Event-Calling-File Event-Calling-Function Event-Name Event-Sequence
    Event-Subclass Event-UUID FIFO-Action FIFO-Name Hangup-Cause Job-Command Job-Command-Arg
    Job-Owner-UUID Job-UUID Member-ID Member-Type Old-Unique-ID Original-Channel-Call-State
    Other-Leg-Unique-ID Playback-File-Path Playback-File-Type Playback-Status
    Record-Completion-Cause Record-File-Path Speech-Type Task-Group Task-ID Transfer-Source
    Valet-Extension Valet-Lot-Name variable_
    """.split()
IN_LOWER_CASE = frozenset(map(str.lower, HEADERS))


def note_filter(switch: Switch, channel: Channel | None, header: str, value: str | None) -> None:
    """Report a filter that lets nothing through, since a name in it is misspelt."""
    blocks = () if channel is None else channel.blocks(variables=True)
    name, meant = header.lower(), None
    if name not in IN_LOWER_CASE and all(block.get(name) is None for block in blocks):
        known = {*HEADERS, *(name for block in blocks for name, _ in block.headers)}
        meant = misspelt(header, known)
    if meant is not None:
        why = f"no event has such a header (did you mean {meant!r}?)"
        switch.refused(f"filter {header}", channel, why)
        return
    wanted = (value or "").lstrip("+- ")
    if not wanted or wanted.startswith("/"):
        return
    if header.lower() == "event-name" and wanted.upper() not in EVENT_NAMES:
        why = f"there is no such event{hint(wanted, EVENT_NAMES)}"
        switch.refused(f"filter {header} {value}", channel, why)
    elif header.lower() == "event-subclass":
        note_subclass(switch, channel, wanted)


def note_subclass(switch: Switch, channel: Channel | None, subclass: str) -> None:
    """Report a subclass that a program waits for, if it is misspelt; remember any other."""
    known = subclass.lower() in SUBCLASSES
    meant = None if known else misspelt(subclass, SUBCLASSES)
    if meant is not None:
        why = f"nothing fires it (did you mean 'CUSTOM {meant}'?)"
        switch.refused(f"CUSTOM {subclass}", channel, why)
    elif not known:
        switch.on_awaited(subclass, channel)

"""The subclasses of CUSTOM that FreeSWITCH's modules fire; a misspelt one is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .spelling import misspelt

if TYPE_CHECKING:
    from .channel import Channel
    from .switch import Switch

__all__ = ["SUBCLASSES", "note_subclass"]

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


def note_subclass(switch: Switch, channel: Channel | None, subclass: str) -> None:
    """Report a subclass that a program waits for, if it is misspelt; remember any other."""
    known = subclass.lower() in SUBCLASSES
    meant = None if known else misspelt(subclass, SUBCLASSES)
    if meant is not None:
        why = f"nothing fires it (did you mean 'CUSTOM {meant}'?)"
        switch.refused(f"CUSTOM {subclass}", channel, why)
    elif not known:
        switch.on_awaited(subclass, channel)

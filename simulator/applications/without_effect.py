"""FreeSWITCH applications that no other file models: they leave only their own events.

They are executed, because an unknown application would hang up the call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model.tables import APPLICATIONS, OK, api, application

if TYPE_CHECKING:
    from ..model.channel import Channel
    from ..model.switch import Switch

__all__: list[str] = []


@application("log", nomedia=True, zombie=True)
@application("eval", nomedia=True, zombie=True)
@application("info", nomedia=True, zombie=True)
def nothing(channel: Channel, data: str) -> None:
    pass


def _known(names: str, *, nomedia: bool = False, zombie: bool = False) -> None:
    """Register these, except those that another file has registered."""
    for name in names.split():
        if name not in APPLICATIONS:
            application(name, nomedia=nomedia, zombie=zombie)(nothing)


_known(
    """
    acknowledge_call answer_machine bind_digit_action bind_meta_app blind_transfer_ack block_dtmf
    capture capture_text check_acl clear_digit_action cng_plc curl db debug_media
    deduplicate_dtmf digit_action_set_realm early_hangup enable_keepalive fifo_track_call
    filter_codecs hash jitterbuffer limit_hash limit_hash_execute lua media_reset mkdir mutex
    novideo pickup presence privacy python queue_event recovery_refresh reuse_caller_profile
    send_display send_info session_loglevel set_name set_user set_zombie_exec stop
    unbind_meta_app unblock_dtmf verbose_events video_decode video_refresh wait_for_video_ready
    """,
    nomedia=True,
)
_known(
    "bgsystem bridge_export rename set_media_stats system transfer_vars", nomedia=True, zombie=True
)
_known(
    """
    clear_speech_cache conference_set_auto_outcall delay_echo detect_audio detect_silence
    detect_speech fax_detect ivr native_eavesdrop page play_and_detect_speech preprocess
    remove_bugs set_audio_level set_mute sound_test start_dtmf_generate stop_dtmf_generate
    stop_tone_detect stop_video_write_overlay tone_detect vad_test video_write_overlay
    """
)


@api("log")
def log(switch: Switch, argument: str) -> str:
    return OK

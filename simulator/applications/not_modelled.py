"""FreeSWITCH's applications and api commands that are not modelled, by module.

A call that uses one fails, unless its user has modelled or allowed it (`FreeSwitch`).
"""

from __future__ import annotations

from ..model.tables import not_modelled

__all__: list[str] = []

not_modelled("conference_set_auto_outcall", module="mod_conference")
not_modelled("curl", module="mod_curl", nomedia=True)
not_modelled(
    """
    clear_speech_cache delay_echo detect_audio detect_silence detect_speech fax_detect ivr
    native_eavesdrop page play_and_detect_speech preprocess remove_bugs set_audio_level set_mute
    sound_test start_dtmf_generate stop_dtmf_generate stop_tone_detect stop_video_write_overlay
    tone_detect vad_test video_write_overlay
    """,
    module="mod_dptools",
)
not_modelled(
    """
    acknowledge_call bind_digit_action bind_meta_app blind_transfer_ack block_dtmf capture
    capture_text check_acl clear_digit_action cng_plc debug_media deduplicate_dtmf
    digit_action_set_realm early_hangup enable_keepalive filter_codecs jitterbuffer limit_hash
    limit_hash_execute media_reset mkdir mutex novideo pickup presence privacy recovery_refresh
    reuse_caller_profile send_display send_info session_loglevel set_name set_user
    set_zombie_exec unbind_meta_app unblock_dtmf verbose_events video_decode video_refresh
    wait_for_video_ready
    """,
    module="mod_dptools",
    nomedia=True,
)
not_modelled(
    """
    bgsystem bridge_export rename set_media_stats system transfer_vars
    """,
    module="mod_dptools",
    nomedia=True,
    zombie=True,
)
not_modelled("fifo_track_call", module="mod_fifo", nomedia=True)
not_modelled("lua", module="mod_lua", nomedia=True)
not_modelled("python", module="mod_python3", nomedia=True)

"""The channel variables by which FreeSWITCH's own code decides what it does.

They are grouped by who reads them. ``modelled`` ones do here what they do there. ``not_modelled``
ones would change what a caller or a program notices, and a call that sets one is told so.
``unnoticed`` ones change nothing that a simulated call shows: codecs, video, SIP messages, CDRs,
logs. ``*`` at the end of a name stands for anything, and ``name=value`` is a variable of which only
that value matters.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from .known_values import wrong_value
from .profile import PROFILE_VARIABLES
from .spelling import misspelt

if TYPE_CHECKING:
    from .channel import Channel
    from .switch import Switch

__all__ = [
    "NOT_MODELLED",
    "READERS",
    "Reader",
    "ignored_by",
    "meant",
    "note_reading",
    "note_variable",
]


class Reader(NamedTuple):
    """Those who read some variables, and the files of FreeSWITCH that have them."""

    who: str
    source: str
    modelled: str = ""
    not_modelled: str = ""
    unnoticed: str = ""


READERS = (
    Reader(
        "answer, pre_answer, ring_ready",
        "switch_channel.c",
        modelled="""
            answer_delay api_on_answer* api_on_media* api_on_pre_answer* api_on_ring*
            enable_heartbeat_events execute_on_answer* execute_on_media* execute_on_pre_answer*
            execute_on_ring* heartbeat_fire_on_set heartbeat_use_scheduler
        """,
        unnoticed="answer_flags inherit_codec passthru_ptime_mismatch video_mirror_input",
    ),
    Reader(
        "every application",
        "switch_core_session.c",
        modelled="app_disable_expand_variables app_uuid app_uuid_name disable_app_log",
        unnoticed="verbose_presence",
    ),
    Reader(
        "every event",
        "switch_channel.c, switch_channel_event_set_basic_data",
        modelled="presence_id",
        not_modelled="presence_data presence_data_cols",
        unnoticed="ignore_display_updates presence_call_info presence_privacy",
    ),
    Reader(
        "a command sent to a channel",
        "switch_ivr.c, switch_ivr_parse_event",
        unnoticed="media_reneg_after_broadcast",
    ),
    Reader(
        "the end of a call",
        "switch_core_state_machine.c",
        modelled="api_hangup_hook api_reporting_hook",
        not_modelled="hangup_complete_with_xml",
        unnoticed="""
            exclude_error_log_from_xml_cdr log_audio_stats_on_hangup memory_debug process_cdr
            session_in_hangup_hook skip_cdr_causes
        """,
    ),
    Reader(
        "transfer, uuid_transfer",
        "switch_ivr.c, switch_ivr_session_transfer; mod_dialplan_xml.c",
        modelled="bridge_to",
        not_modelled="""
            execute_on_blind_transfer* force_transfer_context force_transfer_dialplan
            recording_follow_transfer
        """,
        unnoticed="attended_transfer_no_copy auto_hunt timezone tod_tz_offset",
    ),
    Reader(
        "bridge, originate",
        "switch_ivr_originate.c; switch_core_session.c, switch_core_session_outgoing_channel",
        modelled="""
            api_on_originate* api_on_orphaned_bleg* api_on_post_originate* api_on_pre_originate*
            bridge_early_media call_timeout execute_on_orphaned_bleg*
            effective_ani effective_caller_id_name effective_caller_id_number execute_on_originate*
            execute_on_post_originate* execute_on_pre_originate* export_vars fail_on_single_reject
            group_confirm_cancel_timeout group_confirm_error_file group_confirm_file
            group_confirm_key group_confirm_read_timeout group_confirm_timeout ignore_early_media
            ignore_ring_ready import instant_ringback leg_delay_start leg_progress_timeout
            leg_required leg_timeout local_var_clobber max_forwards originate_continue_on_timeout
            originate_delay_start originate_retries originate_retry_min_period_ms
            originate_retry_sleep_ms originate_retry_timeout originate_timeout origination_ani
            origination_callee_id_name origination_callee_id_number origination_caller_id_name
            origination_caller_id_number origination_cancel_key origination_channel_name
            origination_nested_vars origination_uuid preserve_originated_vars progress_timeout
            ring_ready ringback soft_holding_uuid transfer_ringback
        """,
        not_modelled="""
            failed_json_cdr_prefix failed_xml_cdr_prefix group_confirm_early_ok
            hangup_on_single_reject holding_uuid monitor_early_media_fail monitor_early_media_ring
            originate_xfer_zombie return_ring_ready
        """,
        unnoticed="""
            device_id effective_aniii ent_originate_aleg_uuid forked_dial
            monitor_early_media_ring_total monitor_fail_dispo monitor_ring_dispo no_throttle_limits
            origination_aleg_uuid origination_aniii origination_external_id origination_privacy
            push_channel_name session_copy_loglevel
        """,
    ),
    Reader(
        "bridge",
        "mod_dptools.c, audio_bridge_function; switch_ivr_bridge.c; "
        "switch_channel.c, switch_channel_handle_cause",
        modelled="""
            api_after_bridge* api_before_bridge* bridge_export_vars bridge_filter_dtmf
            bridge_pre_execute_aleg_app bridge_pre_execute_aleg_data bridge_pre_execute_app
            bridge_pre_execute_bleg_app bridge_pre_execute_bleg_data bridge_pre_execute_data
            bridge_terminate_key continue_on_fail exec_after_bridge_app exec_after_bridge_arg
            execute_on_post_bridge* execute_on_pre_bridge* failure_causes hangup_after_bridge
            park_after_bridge park_after_early_bridge transfer_after_bridge
            transfer_after_early_bridge transfer_on_fail
        """,
        not_modelled="""
            bypass_media bypass_media_after_bridge campon campon_announce_sound
            campon_fallback_context campon_fallback_dialplan campon_fallback_exten campon_hold_music
            campon_retries campon_sleep campon_stop_key campon_timeout copy_json_cdr copy_xml_cdr
            hold_hangup_xfer_exten proxy_media
        """,
        unnoticed="""
            bridge_answer_timeout bridge_generate_comfort_noise bypass_media_after_bridge_oldschool
            bypass_media_sdp_filter continue_on_answer_timeout video_pre_call_banner
            video_pre_call_banner_bleg
        """,
    ),
    Reader(
        "loopback legs",
        "mod_loopback.c",
        not_modelled="loopback_app loopback_app_arg loopback_bowout loopback_bowout_on_execute "
        "loopback_export",
        unnoticed="loopback_initial_codec loopback_no_pre_answer null_*",
    ),
    Reader(
        "user/ and group/ dial strings",
        "mod_dptools.c, user_outgoing_channel, group_outgoing_channel",
        unnoticed="group_context group_recurse_variables user_context user_recurse_variables",
    ),
    Reader(
        "uuid_bridge, intercept",
        "switch_ivr_bridge.c",
        modelled="""
            intercept_unanswered_only intercept_unbridged_only uuid_bridge_continue_on_cancel
            uuid_bridge_park_on_cancel
        """,
        not_modelled="intercept_pre_bond",
    ),
    Reader(
        "att_xfer, three_way",
        "mod_dptools.c",
        modelled="attxfer_cancel_key attxfer_conf_key attxfer_hangup_key",
        not_modelled="recording_follow_attxfer",
    ),
    Reader(
        "hold, uuid_hold, soft_hold",
        "switch_channel.c, switch_channel_get_hold_music, switch_channel_mark_hold",
        modelled="hold_music temp_hold_music",
        not_modelled="flip_record_on_hold",
    ),
    Reader(
        "park, sleep",
        "switch_ivr.c; mod_dptools.c, sleep_function",
        modelled="park_timeout sleep_eat_digits",
        unnoticed="send_silence_when_idle",
    ),
    Reader(
        "playback and everything that plays",
        "switch_ivr_play_say.c, switch_ivr_play_file; mod_dptools.c, on_dtmf",
        modelled="""
            playback_delimiter playback_sleep_val playback_terminators playback_timeout_as_success
            playback_timeout_sec playback_timeout_sec_cumulative sound_prefix
        """,
        not_modelled="native_backup_extension",
        unnoticed="audio_spool_path stream_prebuffer timer_name youtube_resolver",
    ),
    Reader(
        "say, phrase, speak",
        "switch_ivr.c, switch_ivr_say; switch_ivr_play_say.c; mod_dptools.c, speak_function",
        modelled="tts_engine",
        not_modelled="default_language language pound_replace sound_prefix_enforced star_replace",
        unnoticed="cache_speech_handles tts_voice",
    ),
    Reader(
        "read, play_and_get_digits",
        "switch_ivr_play_say.c",
        modelled="read_terminator_used",
    ),
    Reader(
        "record, record_session, uuid_record",
        "switch_ivr_play_say.c, switch_ivr_record_file_event",
        modelled="""
            api_on_record_start* api_on_record_stop* execute_on_record_start*
            execute_on_record_stop* record_post_process_exec_api record_restart_limit_on_dtmf
        """,
        not_modelled="RECORD_APPEND record_indication RECORD_WRITE_OVER",
        unnoticed="""
            enable_file_write_buffering record_artist record_comment record_copyright record_date
            record_fill_cng record_play_video record_rate record_sample_rate record_software
            record_title record_waste_resources
        """,
    ),
    Reader(
        "record_session, uuid_record",
        "switch_ivr_async.c, switch_ivr_record_session_event",
        modelled="""
            RECORD_CHECK_BRIDGE RECORD_INITIAL_TIMEOUT_MS RECORD_MIN_SEC
            record_post_process_exec_app* RECORD_TOGGLE_ON_REPEAT
        """,
        not_modelled="""
            media_bug_answer_req RECORD_ANSWER_REQ RECORD_BRIDGE_REQ
            RECORD_FINAL_TIMEOUT_MS RECORD_HANGUP_ON_ERROR RECORD_PRE_BUFFER_FRAMES
            RECORD_SILENCE_THRESHOLD
        """,
        unnoticed="""
            record_bleg_video record_concat_video RECORD_READ_ONLY RECORD_STEREO RECORD_STEREO_SWAP
            RECORD_USE_THREAD RECORD_WRITE_ONLY
        """,
    ),
    Reader(
        "detect_speech, play_and_detect_speech",
        "switch_ivr_async.c, switch_ivr_detect_speech",
        modelled="fire_asr_events play_and_detect_speech_close_asr",
        not_modelled="asr_intercept_dtmf",
    ),
    Reader(
        "bind_digit_action, bind_meta_app",
        "mod_dptools.c, bind_to_session; switch_ivr_async.c, switch_ivr_bind_dtmf_meta_session",
        modelled="bda_terminators bind_digit_digit_timeout bind_digit_input_timeout bind_meta_key",
    ),
    Reader(
        "mutex",
        "mod_dptools.c, do_mutex",
        modelled="mutex_feedback mutex_orbit_exten mutex_timeout",
        unnoticed="mutex_orbit_context mutex_orbit_dialplan",
    ),
    Reader(
        "displace_session, uuid_displace",
        "switch_ivr_async.c, switch_ivr_displace_session",
        not_modelled="DISPLACE_HANGUP_ON_ERROR",
    ),
    Reader(
        "eavesdrop",
        "mod_dptools.c, eavesdrop_function; switch_ivr_async.c",
        modelled="eavesdrop_enable_dtmf eavesdrop_group eavesdrop_require_group",
        not_modelled="""
            eavesdrop_announce_id eavesdrop_announce_macro eavesdrop_indicate_failed
            eavesdrop_indicate_idle eavesdrop_indicate_new
        """,
        unnoticed="""
            eavesdrop_bridge_aleg eavesdrop_bridge_bleg eavesdrop_concat_video
            eavesdrop_show_listener_video eavesdrop_video_spy_fmt eavesdrop_whisper_aleg
            eavesdrop_whisper_bleg
        """,
    ),
    Reader(
        "conference",
        "mod_conference.c; conference_member.c",
        modelled="conference_member_flags conference_moderator_pin supplied_pin",
        not_modelled="""
            api_on_conference_create conference_auto_outcall* conference_auto_record
            conference_controls conference_endconference_grace_time conference_enter_sound
            conference_exit_sound conference_flags conference_max_members conference_moh_sound
            conference_permanent_wait_mod_moh conference_perpetual_sound conference_silent_entry
            conference_utils_auto_outcall_flags hangup_after_conference=false
            last_transfered_conference outcall_flags
        """,
        unnoticed="""
            conference_call_key conference_enforce_security conference_force_canvas_size
            conference_force_channels conference_force_interval conference_force_rate
            conference_invite_uri conference_join_energy_level conference_join_volume_in
            conference_join_volume_out conference_position event_channel_cookie video_*
        """,
    ),
    Reader(
        "echo",
        "switch_ivr_async.c, switch_ivr_session_echo",
        unnoticed="echo_decode_audio echo_decode_video",
    ),
    Reader(
        "fifo",
        "mod_fifo.c",
        modelled="""
            fifo_announce fifo_bridge_uuid fifo_caller_exit_key fifo_caller_exit_to_orbit
            fifo_chime_freq fifo_chime_list fifo_consumer_exit_key fifo_consumer_id
            fifo_consumer_wrapup_key fifo_consumer_wrapup_sound fifo_consumer_wrapup_time fifo_music
            fifo_orbit_announce fifo_orbit_context fifo_orbit_dialplan fifo_orbit_exten
            fifo_override_announce fifo_pop_order fifo_priority fifo_record_template fifo_strategy
            fifo_target_skill
        """,
        not_modelled="""
            fifo_bridge_uuid_required fifo_caller_consumer_import fifo_consumer_caller_import
            fifo_destroy_after_use fifo_hold_music fifo_import_prefix fifo_member_wait
            fifo_outbound_announce fifo_outbound_uuid fifo_track_use_count member_wait
        """,
    ),
    Reader(
        "valet_park",
        "mod_valet_parking.c",
        modelled="""
            valet_announce_slot valet_ext_max valet_ext_min valet_ext_prompt valet_ext_to
            valet_hold_music valet_parking_orbit_context valet_parking_orbit_dialplan
            valet_parking_orbit_exit_key valet_parking_orbit_exten valet_parking_timeout
            valet_ticket
        """,
    ),
    Reader(
        "limit, limit_execute",
        "switch_limit.c; mod_dptools.c",
        modelled="limit_backend limit_ignore_transfer",
        unnoticed="switch_limit_backwards_compat_flag",
    ),
    Reader(
        "socket",
        "mod_event_socket.c",
        modelled="socket_resume",
    ),
    Reader(
        "digits",
        "switch_core_io.c; switch_channel.c; switch_core_media.c",
        not_modelled="digits_dialed_filter drop_dtmf_masking_digits drop_dtmf_masking_file",
        unnoticed="sensitive_dtmf",
    ),
    Reader(
        "SIP legs",
        "mod_sofia; switch_core_media.c; switch_rtp.c",
        not_modelled="""
            api_on_sip_extra_headers* drop_dtmf execute_on_audio_change* execute_on_media_timeout*
            execute_on_sip_barge* execute_on_sip_extra_headers* execute_on_sip_reinvite*
            sip_execute_on_image sip_redirect_context sip_redirect_dialplan sip_redirect_fork
        """,
        unnoticed="""
            absolute_codec_string alert_info bypass_media_after_hold bypass_media_resume_on_hold
            codec_string dtmf_type ep_codec_string fax_enable_t38 jitterbuffer_msec media_*
            pass_rfc2833 rtcp_* rtp_* sdp_* sip_* sofia_* srtp_* suppress_cng t38_*
        """,
    ),
)


def names(listed: str) -> Iterator[tuple[str, str]]:
    """The names of a list in lower case, each with the only value that matters, or ""."""
    for name in listed.split():
        yield name.lower().partition("=")[::2]


@lru_cache(maxsize=1)
def _unmodelled() -> tuple[dict[str, tuple[str, str]], tuple[tuple[str, str], ...]]:
    """Who reads each variable that isn't modelled: by name, with a value; and by prefix."""
    whole: dict[str, tuple[str, str]] = {}
    prefixes: list[tuple[str, str]] = []
    for reader in READERS:
        for name, value in names(reader.not_modelled):
            if name.endswith("*"):
                prefixes.append((name[:-1], reader.who))
            else:
                whole[name] = (value, reader.who)
    return whole, tuple(prefixes)


#: Names of FreeSWITCH's own that are one letter from a name above.
ALIKE = frozenset("effective_callee_id_name effective_callee_id_number supress_cng".split())
#: The words of which a switch is one or the other.
WORDS = ("true", "false")
#: The values that leave a variable without effect (switch_false, and no number).
OFF = frozenset(["", "no", "off", "false", "f", "0", "disabled", "inactive", "disallow", "undef"])


def ignored_by(name: str, value: str | None) -> str | None:
    """Who would act on this value in FreeSWITCH and doesn't here; None if nobody."""
    whole, prefixes = _unmodelled()
    key, given = name.lower(), (value or "").lower()
    if key in whole:
        only, who = whole[key]
        effective = given == only if only else given not in OFF
        return who if effective else None
    if not given:
        return None
    return next((who for prefix, who in prefixes if key.startswith(prefix)), None)


@lru_cache(maxsize=1)
def _all_names() -> tuple[frozenset[str], tuple[str, ...]]:
    """All names, and all prefixes of names, in lower case."""
    listed = {
        name
        for reader in READERS
        for each in (reader.modelled, reader.not_modelled, reader.unnoticed)
        for name, _ in names(each)
    }
    prefixes = tuple(name[:-1] for name in listed if name.endswith("*"))
    return frozenset(name for name in listed if not name.endswith("*")), prefixes


#: The names of the variables that are not modelled, without those that are prefixes.
NOT_MODELLED = frozenset(_unmodelled()[0])


def is_known(name: str) -> bool:
    """True for a variable that FreeSWITCH itself reads or sets."""
    whole, prefixes = _all_names()
    key = name.lower()
    return key in whole or key in ALIKE or key in PROFILE_VARIABLES or key.startswith(prefixes)


@lru_cache(maxsize=1024)
def meant(name: str) -> str | None:
    """The variable that FreeSWITCH reads and that a misspelt name was meant for, if any."""
    whole, prefixes = _all_names()
    key = name.lower()
    if key in whole or key in ALIKE or key.startswith(prefixes):
        return None
    return misspelt(key, whole)


def note_variable(switch: Switch, channel: Channel | None, name: str, value: str | None) -> None:
    """Report a variable that a program sets, if it would have an effect in FreeSWITCH, or if
    FreeSWITCH would not read it as it is meant.
    """
    name = name.removeprefix("nolocal:")
    who = ignored_by(name, value)
    if who is not None:
        switch.not_modelled("variable", name, channel, f"read by {who}")
    if not value:
        return
    known = meant(name)
    key = name.lower()
    if known is not None:
        why = f"it reads no such variable (did you mean {known!r}?)"
        switch.refused(f"the variable {name}", channel, why)
    elif key in _all_names()[0] and misspelt(value, WORDS, shortest=4):
        why = f"it is neither true nor false (did you mean {misspelt(value, WORDS, shortest=4)!r}?)"
        switch.refused(f"{name}={value}", channel, why)
    elif wrong := wrong_value(key, value):
        switch.refused(f"{name}={value}", channel, wrong)


def note_reading(switch: Switch, channel: Channel | None, name: str) -> None:
    """Report a variable that a program reads, that is not set, and that is misspelt."""
    known = meant(name) or misspelt(name, PROFILE_VARIABLES)
    if known is not None and name.lower() not in PROFILE_VARIABLES:
        why = f"there is no such variable (did you mean {known!r}?)"
        switch.refused(f"the variable {name}", channel, why)

"""FreeSWITCH's applications and api commands that are not modelled, by module.

A call that uses one fails, unless its user has modelled or allowed it (`FreeSwitch`). The names are
those that FreeSWITCH 1.10.12 and 1.11.3-dev register (SWITCH_ADD_APP and SWITCH_ADD_API in their
source).
"""

from __future__ import annotations

from ..model.tables import not_modelled, not_modelled_api

__all__: list[str] = []

# --- applications

not_modelled(
    """
    blind_transfer_ack detect_audio detect_silence ivr native_eavesdrop page
    preprocess sound_test start_dtmf_generate stop_dtmf_generate
    stop_video_write_overlay vad_test video_write_overlay
    """,
    module="mod_dptools",
)
not_modelled(
    """
    capture_text check_acl early_hangup filter_codecs pickup presence recovery_refresh
    reuse_caller_profile send_display send_info set_user set_zombie_exec
    """,
    module="mod_dptools",
    nomedia=True,
)
not_modelled("bgsystem set_media_stats system", module="mod_dptools", nomedia=True, zombie=True)
not_modelled("msrp_recv_file msrp_send_file", module="core", nomedia=True)
not_modelled("avmd avmd_start avmd_stop", module="mod_avmd")
not_modelled("basic", module="mod_basic")
not_modelled("bert_test", module="mod_bert")
not_modelled("callcenter", module="mod_callcenter")
not_modelled("callcenter_track", module="mod_callcenter", nomedia=True)
not_modelled("cidlookup", module="mod_cidlookup", nomedia=True)
not_modelled("cluechoo", module="mod_cluechoo")
not_modelled("conference_set_auto_outcall", module="mod_conference")
not_modelled("curl curl_sendfile", module="mod_curl", nomedia=True)
not_modelled("cv cv_bug", module="mod_cv")
not_modelled("avoidingdeadlock dial goto", module="mod_dialplan_asterisk", nomedia=True)
not_modelled("directory", module="mod_directory")
not_modelled("distributor", module="mod_distributor", nomedia=True)
not_modelled("easyroute", module="mod_easyroute", nomedia=True)
not_modelled("enum", module="mod_enum", nomedia=True)
not_modelled("erlang erlang_sendmsg", module="mod_erlang_event", nomedia=True)
not_modelled("esf_page_group", module="mod_esf")
not_modelled("fifo_track_call", module="mod_fifo", nomedia=True)
not_modelled("fsk_display fsk_recv fsk_send fsk_simplify", module="mod_fsk")
not_modelled("decode_video play_fsv play_yuv record_fsv", module="mod_fsv")
not_modelled("hiredis_raw", module="mod_hiredis", nomedia=True, zombie=True)
not_modelled("httapi", module="mod_httapi", nomedia=True)
not_modelled("java", module="mod_java", nomedia=True)
not_modelled("ladspa_run", module="mod_ladspa", until="1.10")
not_modelled("lcr", module="mod_lcr", nomedia=True)
not_modelled("unloop", module="mod_loopback")
not_modelled("lua", module="mod_lua", nomedia=True, zombie=True)
not_modelled("managed", module="mod_managed", nomedia=True)
not_modelled("play_mp4", module="mod_mp4", until="1.10")
not_modelled("nibblebill", module="mod_nibblebill", nomedia=True)
not_modelled("oreka_record", module="mod_oreka", until="1.10")
not_modelled("osplookup ospnext", module="mod_osp", nomedia=True)
not_modelled("perl", module="mod_perl", nomedia=True)
not_modelled("python", module="mod_python3", nomedia=True)
not_modelled("auth_function", module="mod_rad_auth", until="1.10", nomedia=True)
not_modelled("rayo", module="mod_rayo", until="1.10", nomedia=True)
not_modelled("rayo-app-exec", module="mod_rayo", until="1.10", nomedia=True, zombie=True)
not_modelled("rss", module="mod_rss", until="1.10")
not_modelled("smpp_send", module="mod_smpp", nomedia=True)
not_modelled("sms_flowroute_send", module="mod_sms_flowroute", until="1.10", nomedia=True)
not_modelled("snapshot", module="mod_snapshot")
not_modelled("sofia_sla", module="mod_sofia")
not_modelled("sofia_stir_shaken_vs", module="mod_sofia", nomedia=True)
not_modelled("sonar", module="mod_sonar", until="1.10")
not_modelled("soundtouch", module="mod_soundtouch", until="1.10")
not_modelled(
    """
    spandsp_detect_tdd spandsp_inject_tdd spandsp_send_tdd spandsp_start_fax_detect
    spandsp_start_tone_detect spandsp_stop_detect_tdd spandsp_stop_fax_detect
    spandsp_stop_inject_tdd spandsp_stop_tone_detect stopfax t38_gateway
    """,
    module="mod_spandsp",
)
not_modelled("rxfax txfax", module="mod_spandsp", nomedia=True)
not_modelled("userspy", module="mod_spy")
not_modelled("stress", module="mod_stress", until="1.10")
not_modelled("translate", module="mod_translate", nomedia=True)
not_modelled("javascript", module="mod_v8", nomedia=True)
not_modelled("chromakey video_replace", module="mod_video_filter")
not_modelled("capture_video play_video", module="mod_vlc")
not_modelled("vmd", module="mod_vmd")
not_modelled("voicemail", module="mod_voicemail")
not_modelled("voicemail_ivr", module="mod_voicemail_ivr")
not_modelled("radius_auth", module="mod_xml_radius", until="1.10", nomedia=True)

# --- api commands

not_modelled_api("interface_allowlist_dump", module="mod_commands", since="1.11")
not_modelled_api(
    """
    acl alias banner bg_spawn bg_system bgapi break complete console_complete
    console_complete_xml db_cache domain_data event_channel_broadcast
    file_exists find_user_xml fsctl getcputime gethost help host_lookup
    interface_ip json list_users load memory nat_map pause pool_stats reg_url reload
    reloadacl say_string shutdown spawn spawn_stream strftime_tz stun system time_test
    timer_test unload
    uuid_capture_text uuid_codec_debug uuid_codec_param uuid_debug_media
    uuid_drop_dtmf uuid_media_3p uuid_media_params
    uuid_media_reneg uuid_outgoing_answer uuid_pause uuid_preprocess
    uuid_recovery_refresh uuid_set_media_stats
    uuid_video_bandwidth uuid_video_bitrate uuid_video_refresh uuid_xfer_zombie
    uuid_zombie_exec xml_flush_cache xml_locate xml_wrap
    """,
    module="mod_commands",
)
not_modelled_api("msrp uuid_msrp_send vpx", module="core")
not_modelled_api("alsa", module="mod_alsa")
not_modelled_api("amqp", module="mod_amqp")
not_modelled_api("amr_debug", module="mod_amr")
not_modelled_api("amrwb_debug", module="mod_amrwb")
not_modelled_api("av", module="mod_av")
not_modelled_api("avmd", module="mod_avmd")
not_modelled_api("basic", module="mod_basic")
not_modelled_api("blacklist", module="mod_blacklist")
not_modelled_api("callcenter_break callcenter_config", module="mod_callcenter")
not_modelled_api("cdr_csv", module="mod_cdr_csv")
not_modelled_api("cidlookup", module="mod_cidlookup")
not_modelled_api("cluechoo", module="mod_cluechoo")
not_modelled_api("console", module="mod_console")
not_modelled_api("curl curl_sendfile", module="mod_curl")
not_modelled_api("cv_bug", module="mod_cv")
not_modelled_api("dahdi_transcode", module="mod_dahdi_codec", until="1.10")
not_modelled_api("distributor distributor_ctl", module="mod_distributor")
not_modelled_api("chat page presence", module="mod_dptools")
not_modelled_api("easyroute", module="mod_easyroute")
not_modelled_api("enum enum_auto", module="mod_enum")
not_modelled_api("erlang", module="mod_erlang_event")
not_modelled_api("single_esl", module="mod_esl")
not_modelled_api("multicast_peers", module="mod_event_multicast")
not_modelled_api("event_sink", module="mod_event_socket")
not_modelled_api("fifo_add_outbound fifo_check_bridge fifo_member", module="mod_fifo")
not_modelled_api(
    """
    gsm gsmopen gsmopen_boost_audio gsmopen_dump gsmopen_sendsms gsmopen_ussd
    """,
    module="mod_gsmopen",
    until="1.10",
)
not_modelled_api("hash_dump hash_remote", module="mod_hash")
not_modelled_api("hiredis_raw", module="mod_hiredis")
not_modelled_api("httapi", module="mod_httapi")
not_modelled_api(
    """
    http_clear_cache http_get http_prefetch http_put http_remove_cache http_tryget
    """,
    module="mod_http_cache",
)
not_modelled_api("uuid_ladspa", module="mod_ladspa", until="1.10")
not_modelled_api("lcr lcr_admin", module="mod_lcr")
not_modelled_api("local_stream", module="mod_local_stream")
not_modelled_api("lua luarun", module="mod_lua")
not_modelled_api("managed managedlist managedreload managedrun", module="mod_managed")
not_modelled_api("memcache", module="mod_memcache")
not_modelled_api("mongo_find_n mongo_find_one mongo_mapreduce", module="mod_mongo")
not_modelled_api("nibblebill", module="mod_nibblebill")
not_modelled_api("opus_debug", module="mod_opus")
not_modelled_api("opusfile_debug", module="mod_opusfile")
not_modelled_api("osp", module="mod_osp")
not_modelled_api("perl perlrun", module="mod_perl")
not_modelled_api("uuid_write_png", module="mod_png")
not_modelled_api("pa", module="mod_portaudio", until="1.10")
not_modelled_api("prefix", module="mod_prefix")
not_modelled_api("pyrun python", module="mod_python3")
not_modelled_api("fileman rayo rayo_cpa", module="mod_rayo", until="1.10")
not_modelled_api("rtmp rtmp_contact", module="mod_rtmp")
not_modelled_api("sangoma_codec", module="mod_sangoma_codec", until="1.10")
not_modelled_api("telecast", module="mod_shout")
not_modelled_api("signalwire", module="mod_signalwire")
not_modelled_api("skel", module="mod_skel")
not_modelled_api("skel_sayhi", module="mod_skel_codec")
not_modelled_api("skinny", module="mod_skinny")
not_modelled_api("sk skypopen skypopen_chat", module="mod_skypopen", until="1.10")
not_modelled_api("smpp_debug smpp_send", module="mod_smpp")
not_modelled_api("sms_flowroute_debug sms_flowroute_send", module="mod_sms_flowroute", until="1.10")
not_modelled_api("uuid_snapshot", module="mod_snapshot")
not_modelled_api("sndfile_debug", module="mod_sndfile")
not_modelled_api("snom_bind_key snom_command snom_url", module="mod_snom", until="1.10")
not_modelled_api(
    """
    sofia sofia_contact sofia_count_reg sofia_dig sofia_gateway_data sofia_presence_data
    sofia_username_of
    """,
    module="mod_sofia",
)
not_modelled_api("soundtouch", module="mod_soundtouch", until="1.10")
not_modelled_api(
    """
    spandsp_start_tone_detect spandsp_stop_tone_detect start_tdd_detect stop_tdd_detect
    uuid_send_tdd
    """,
    module="mod_spandsp",
)
not_modelled_api("userspy_show", module="mod_spy")
not_modelled_api("translate", module="mod_translate")
not_modelled_api("jsapi jskill jsmon jsps jsrun", module="mod_v8")
not_modelled_api("verto verto_contact", module="mod_verto")
not_modelled_api("chromakey uuid_video_replace", module="mod_video_filter")
not_modelled_api("vmd", module="mod_vmd")
not_modelled_api(
    """
    vm_boxcount vm_delete vm_fsdb_auth_login vm_fsdb_msg_count vm_fsdb_msg_delete
    vm_fsdb_msg_email vm_fsdb_msg_forward vm_fsdb_msg_get vm_fsdb_msg_list vm_fsdb_msg_purge
    vm_fsdb_msg_save vm_fsdb_msg_undelete vm_fsdb_pref_greeting_get vm_fsdb_pref_greeting_set
    vm_fsdb_pref_password_set vm_fsdb_pref_recname_set vm_inject vm_list vm_prefs vm_read
    voicemail voicemail_inject
    """,
    module="mod_voicemail",
)
not_modelled_api("xml_curl", module="mod_xml_curl")
not_modelled_api("xml_ldap", module="mod_xml_ldap")
not_modelled_api("xml_radius_debug", module="mod_xml_radius", until="1.10")
not_modelled_api("xml_scgi", module="mod_xml_scgi")

"""What random scenarios are made of: sounds, variables, commands, applications, far ends.

In all texts, KEY stands for the scenario's own key, and LEG for one of its legs, its own channel,
or nobody. ``{{uuid}}`` is the call's channel, as in every scenario.
"""

from __future__ import annotations

__all__ = [
    "ANSWER",
    "AT_ONCE",
    "AWAY",
    "CONFERENCE",
    "DIGITS",
    "FOR_ALL",
    "FOR_A_WHILE",
    "FOR_ONE",
    "MESSAGES",
    "NOBODY",
    "OF_THE_SWITCH",
    "PRESS",
    "PROMPTS",
    "REFUSE",
    "SOCKET",
    "SOUNDS",
    "TO_A_LEG",
    "VARIABLES",
]

#: Sound files of the scenarios, and their seconds.
PROMPTS = {
    "asked/short.wav": 0.7,
    "asked/welcome.wav": 1.5,
    "asked/question.wav": 2.1,
    "asked/long.wav": 10.0,
}
#: A uuid that no channel has.
NOBODY = "deadbeef-0000-4000-8000-000000000000"


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


ANSWER = "hold bye930 bye2270 ring730 ring1330 ring630bye1130 early730".split()
PRESS = "press-730-1 press-930-52 press-630-*".split()
REFUSE = "busy reject-CALL_REJECTED reject-NO_USER_RESPONSE noanswer nobody".split()

SOUNDS = (
    *PROMPTS,
    *PROMPTS,
    *_lines("""
    asked/none.wav
    tone_stream://%(400,200,500);loops=2
    silence_stream://600
    silence_stream://900,1400
    file_string://asked/short.wav!asked/welcome.wav
    file_string://asked/none.wav!asked/short.wav
    {timeout=700}asked/long.wav
    asked/short.wav@@1000
    asked/long.wav@@72000
    asked/welcome
    nosuch://x
"""),
)

VARIABLES = _lines("""
    execute_on_answer=set a=b
    execute_on_answer=playback asked/short.wav
    execute_on_media=set m=1
    execute_on_pre_answer=set pa=1
    execute_on_ring=set ri=1
    execute_on_originate=set xx=1
    execute_on_pre_bridge=set pb=1
    execute_on_post_bridge=set pob=1
    api_on_answer=uuid_setvar {{uuid}} ap 1
    api_before_bridge=uuid_setvar {{uuid}} bb 1
    api_after_bridge=uuid_setvar {{uuid}} ab 1
    api_hangup_hook=global_setvar hook_KEY=1
    bridge_pre_execute_aleg_app=playback
    bridge_pre_execute_aleg_data=asked/short.wav
    bridge_pre_execute_bleg_app=set
    bridge_pre_execute_bleg_data=q=1
    exec_after_bridge_app=playback
    exec_after_bridge_arg=asked/short.wav
    transfer_after_bridge=bye930
    hangup_after_bridge=true
    park_after_bridge=true
    continue_on_fail=true
    continue_on_fail=USER_BUSY,NO_ANSWER
    failure_causes=USER_BUSY
    transfer_on_fail=USER_BUSY bye930 XML eslsync
    bridge_terminate_key=*
    bridge_filter_dtmf=true
    origination_cancel_key=#
    call_timeout=2
    originate_timeout=1
    originate_retries=2
    ignore_early_media=true
    group_confirm_key=1
    ringback=tone_stream://%(2000,4000,440,480)
    transfer_ringback=asked/long.wav
    hold_music=asked/question.wav
    effective_caller_id_name=Zed
    effective_caller_id_number=999
    max_forwards=1
    preserve_originated_vars=false
    park_timeout=1
    park_timeout=1:USER_BUSY
    playback_terminators=#
    playback_terminators=none
    playback_sleep_val=600
    playback_timeout_sec=1
    sleep_eat_digits=true
    read_terminator_used=x
    enable_heartbeat_events=1
    app_disable_expand_variables=true
    disable_app_log=true
    app_uuid=my-KEY
    verbose_events=true
    socket_resume=true
    x=${caller_id_number}
    x=${caller_id_number:1}
    x=${cond(${a} == b ? yes : no)}
    x=${strftime(%Y)}
    x=${regex(1001|^(.)0|%1)}
    x=${toupper(abc)}
    x=${uuid_getvar({{uuid}} answer_state)}
    x=\\${y}
    x=${nosuch}
    x=${channel_name}-${uuid}
    x=
    x
""")

#: In {} or <> before a dial string, and in [] before a phone.
FOR_ALL = _lines("""
    ignore_early_media=true
    originate_timeout=2
    originate_retries=2
    originate_delay_start=400
    originate_continue_on_timeout=true
    fail_on_single_reject=true
    fail_on_single_reject=USER_BUSY
    group_confirm_key=1
    group_confirm_file=asked/question.wav
    leg_timeout=1
    call_timeout=2
    progress_timeout=1
    ignore_ring_ready=true
    instant_ringback=true
    ringback=asked/long.wav
    origination_caller_id_number=555
    hangup_after_bridge=true
    park_after_bridge=true
    bridge_terminate_key=*
    execute_on_originate=set here=1
    api_on_originate='uuid_setvar {{uuid}} orig 1'
""")
FOR_ONE = _lines("""
    leg_timeout=1
    leg_timeout=2
    leg_delay_start=1
    leg_progress_timeout=1
    ignore_early_media=true
    group_confirm_key=1
    hangup_after_bridge=true
    origination_caller_id_name=Bob
    origination_callee_id_name=Carol
    execute_on_answer=set answered_by=bob
    api_on_answer='uuid_setvar {{uuid}} seen yes'
""")

#: What is done to a leg, whatever it does.
TO_A_LEG = _lines("""
    uuid_hold LEG
    uuid_hold off LEG
    uuid_hold toggle LEG
    uuid_break LEG
    uuid_break LEG all
    uuid_broadcast LEG asked/short.wav
    uuid_broadcast LEG asked/welcome.wav aleg
    uuid_broadcast LEG asked/welcome.wav bleg
    uuid_broadcast LEG asked/short.wav both
    uuid_broadcast LEG playback::asked/short.wav holdb
    uuid_broadcast LEG set::x=y
    uuid_broadcast LEG playback!user_busy::asked/short.wav
    uuid_broadcast LEG asked/none.wav
    uuid_transfer LEG hold
    uuid_transfer LEG bye930
    uuid_transfer LEG nowhere
    uuid_transfer LEG park
    uuid_transfer LEG set:a=b,playback:asked/short.wav inline
    uuid_transfer LEG -bleg hold
    uuid_transfer LEG -bleg bye930
    uuid_transfer LEG -both hold
    uuid_transfer LEG -both bye930
    uuid_dual_transfer LEG hold bye930
    uuid_kill LEG
    uuid_kill LEG USER_BUSY
    uuid_kill LEG nonsense
    uuid_park LEG
    uuid_record LEG start /tmp/KEY-1.wav
    uuid_record LEG start /tmp/KEY-1.wav 1
    uuid_record LEG stop /tmp/KEY-1.wav
    uuid_record LEG mask /tmp/KEY-1.wav
    uuid_record LEG unmask /tmp/KEY-1.wav
    uuid_displace LEG start asked/short.wav
    uuid_displace LEG start asked/long.wav 1
    uuid_displace LEG start asked/long.wav 0 mux
    uuid_displace LEG stop asked/long.wav
    uuid_send_dtmf LEG 12
    uuid_send_dtmf LEG 5@300
    uuid_recv_dtmf LEG 12
    uuid_recv_dtmf LEG 5@300
    uuid_flush_dtmf LEG
    uuid_setvar LEG x y
    uuid_setvar LEG x
    uuid_setvar LEG hangup_after_bridge true
    uuid_setvar LEG park_after_bridge true
    uuid_setvar_multi LEG x=y;z=1
    uuid_setvar_multi LEG nothing
    uuid_getvar LEG bridge_uuid
    uuid_getvar LEG signal_bond
    uuid_getvar LEG call_uuid
    uuid_getvar LEG nosuch
    uuid_getvar LEG
    uuid_dump LEG
    uuid_dump LEG json
    uuid_exists LEG
    uuid_media LEG
    uuid_media off LEG
    uuid_session_heartbeat LEG 1
    uuid_loglevel LEG debug
    uuid_ring_ready LEG
    uuid_answer LEG
    uuid_pre_answer LEG
    uuid_deflect LEG sip:x@y
    uuid_redirect LEG sip:x@y
    uuid_limit LEG hash rKEY a 1
    uuid_limit_release LEG hash rKEY a
""")

#: What is asked of the switch.
OF_THE_SWITCH = _lines("""
    expand ${hostname}x
    expand uuid:{{uuid}} ${answer_state}
    eval uuid:{{uuid}} ${caller_id_number}
    cond 1 == 1 ? a : b
    cond a != a ? a : b
    cond 1 2
    regex 123|^(\\d)|%1
    regex abc|x
    regex a
    url_encode a b&c
    url_decode a%20b
    md5 x
    toupper abc
    tolower ABC
    echo hi  there
    quote_shell_arg a'b
    sql_escape a'b
    replace abc|b|x
    module_exists mod_dptools
    module_exists mod_none
    is_lan_addr 10.0.0.1
    global_getvar nosuch
    global_setvar gKEY=1
    strftime %Y
    nosuchcommand
    nosuch a b
    hash select/rKEY/k
    hash insert/rKEY/k/z
    hash delete/rKEY/none
    db select/rKEY/k
    db exists/rKEY/k
    limit_usage hash rKEY k
    hupall NORMAL_CLEARING nv_KEY 1
    sched_del {{uuid}}
    sched_del none-KEY
    sched_hangup +2 {{uuid}}
    sched_hangup +1 {{uuid}} USER_BUSY
    sched_transfer +1 {{uuid}} bye930
    sched_broadcast +1 {{uuid}} asked/short.wav aleg
    sched_api +1 gKEY uuid_setvar {{uuid}} sch 1
    uuid_kill
    uuid_transfer {{uuid}}
    uuid_break
    uuid_broadcast {{uuid}}
    uuid_bridge {{uuid}}
    uuid_bridge {{uuid}} deadbeef-0000-4000-8000-000000000000
    uuid_record {{uuid}}
    uuid_send_dtmf {{uuid}}
    originate
    originate loopback/busy/eslsync &park
    originate error/USER_BUSY &park
""")

#: Applications that are done at once.
AT_ONCE = _lines("""
    hash insert/rKEY/k/v
    hash insert_ifempty/rKEY/k/w
    hash delete/rKEY/k
    db insert/rKEY/k/v
    db delete/rKEY/k
    set x=${hash(select/rKEY/k)}
    set x=${db(select/rKEY/k)}
    limit hash rKEY k 1
    limit hash rKEY k 0
    limit hash rKEY k 1 bye930
    limit_hash rKEY k 1
    limit db rKEY k 2
    sched_hangup +1
    sched_hangup +2 USER_BUSY
    sched_hangup +3
    sched_transfer +1 bye930
    sched_transfer +1 nowhere
    sched_broadcast +1 asked/short.wav
    sched_broadcast +1 playback!normal_clearing::asked/short.wav
    sched_broadcast +1 set::later=1
    sched_cancel
    enable_heartbeat 1
    enable_heartbeat 0
    eval ${uuid}
    eval
    log info hi
    event Event-Subclass=a::b,Event-Name=CUSTOM,x=y
    info
    strftime %Y
    privacy full
    session_loglevel debug
    verbose_events true
    set_name nKEY
    set_profile_var caller_id_name=Zoe
    set_profile_var nosuch=1
    set_global gKEY=1
    acknowledge_call
    cng_plc
    media_reset
    remove_bugs
    unhold
    wait_for_answer
    capture abc|^a(.)c|cap
    transfer_vars a
    multiunset a b
    unshift ar=x
    push ar=y
    bridge_export be=1
    export ex=1
    export nolocal:ex=2
    limit
    nosuchapp x
    three_way deadbeef-0000-4000-8000-000000000000
    eavesdrop deadbeef-0000-4000-8000-000000000000
    intercept deadbeef-0000-4000-8000-000000000000
    set
    set novalue
    block_dtmf
    unblock_dtmf
    queue_dtmf 12
    send_dtmf 12
    flush_dtmf
    bind_meta_app 1 a s playback::asked/short.wav
    bind_meta_app 2 ab i set::m=1
    bind_meta_app 1
    unbind_meta_app 1
    bind_digit_action r,1,exec:playback,asked/short.wav
    bind_digit_action r,~^2,exec:set,two=1
    bind_digit_action r,12,api:uuid_setvar,{{uuid}} tw 1
    bind_digit_action r,3,exec[i]:set,x=y
    bind_digit_action r
    digit_action_set_realm r
    clear_digit_action all
    record_session /tmp/KEY-1.wav
    record_session /tmp/KEY-2.wav +2
    stop_record_session /tmp/KEY-1.wav
    stop_record_session all
    record_session_mask /tmp/KEY-1.wav
    record_session_pause /tmp/KEY-1.wav
    record_session_unmask /tmp/KEY-1.wav
    record_session_resume /tmp/KEY-2.wav
    displace_session asked/short.wav
    displace_session asked/long.wav mux
    stop_displace_session asked/long.wav
    mutex mKEY on
    mutex mKEY off
    park_state
    break
""")

#: Applications that take their time.
FOR_A_WHILE = _lines("""
    sleep 430
    sleep 2130
    record /tmp/KEY-3.wav 1
    record /tmp/KEY-3.wav 5 200 1
    say en number iterated 12
    say en items pronounced 3
    say en
    phrase nosuch
    speak flite|x|hello
    gentones %(300,100,400)|2
    loop_playback +2 asked/short.wav
    endless_playback asked/short.wav
    echo
    delay_echo 500
    limit_execute hash rKEY x 1 playback asked/short.wav
    limit_hash_execute rKEY x 0 playback asked/short.wav
    wait_for_silence 200 15 2 1500
    broadcast {{uuid}} asked/short.wav
    valet_park vKEY 8001
    valet_park vKEY auto in 8001 8003
    valet_park vKEY ask 1 4 1500 asked/short.wav
    fifo qKEY in
    fifo qKEY in undef asked/long.wav
    fifo qKEY in asked/short.wav
    fifo qKEY out nowait
    fifo qKEY out wait
    conference cKEY@default
    conference cKEY@default++flags{mute}
    conference cKEY@default++flags{endconf|moderator}
    park
    execute_extension bye930
""")

#: Those that leave the app.
AWAY = _lines("""
    transfer hold
    transfer bye930 XML eslsync
    transfer nowhere
    transfer set:a=b,playback:asked/short.wav inline
    transfer -bleg hold
    transfer -both hold
    deflect sip:x@y
    redirect sip:x@y
    respond 486
    hangup USER_BUSY
    hangup nonsense
""")

DIGITS = _lines("""
    read 1 1 asked/short.wav got 1000 #
    read 1 3 asked/question.wav got 1500 none 600
    read 2 4 silence_stream://250 got 1500 # 600
    read 0 2 asked/none.wav got 0 *
    play_and_get_digits 1 1 1 1200 # asked/short.wav asked/short.wav got [1-5]
    play_and_get_digits 1 3 2 2000 *# asked/question.wav '' got .+ 400
    play_and_get_digits 2 4 2 1200 # silence_stream://250 silence_stream://200 got \\d+ 900
    play_and_get_digits 0 2 1 1200 '' asked/none.wav '' '' .+
""")

CONFERENCE = _lines("""
    list count
    kick all
    kick last
    hup all
    mute all
    unmute all
    tmute all
    deaf all
    undeaf all
    hold all
    unhold all
    play asked/short.wav
    play asked/none.wav
    stop all
    lock
    unlock
    dtmf all 12
    get count
    energy all 200
    volume_in all 1
    pin 12
    nopin
    record /tmp/KEY-4.wav
    norecord all
    mute non_moderator
    nosuch
""")

SOCKET = _lines("""
    filter Event-Name DTMF
    filter
    nixevent DTMF
    nixevent CHANNEL_STATE CHANNEL_CALLSTATE
    event json DTMF
    event plain DTMF PLAYBACK_START
    event plain CUSTOM a::b
    event plain CHANNEL_ANSWER nosuchevent
    event
    myevents
    divert_events on
    divert_events off
    getvar caller_id_number
    getvar nosuch
    nosuch
    linger 3
    nolinger
    resume
    connect
    api
    bgapi
    sendevent
    log 0
    nolog
""")
#: The same, of several lines.
MESSAGES = (
    "sendevent CUSTOM\nEvent-Subclass: a::b\nx: y",
    "sendevent NOTIFY\nx: y",
    "sendmsg {{uuid}}\ncall-command: execute\nexecute-app-name: set\nexecute-app-arg: x=1",
    "sendmsg {{uuid}}\ncall-command: nonsense",
    f"sendmsg {NOBODY}\ncall-command: execute\nexecute-app-name: set\nexecute-app-arg: a=b",
    "sendmsg\ncall-command: execute\nexecute-app-name: playback",
    "sendmsg\ncall-command: xferext\napplication: playback asked/short.wav\napplication: hangup",
)

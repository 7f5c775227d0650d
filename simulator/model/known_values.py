"""How FreeSWITCH reads the values of its variables; one that it can't use is told.

It reads a number as C's atoi does: ``twenty`` as 0, ``20s`` as 20. It takes any word that isn't
true for false.
"""

from __future__ import annotations

import re

from eslsync import HangupCause
from eslsync.wire.arguments import are_keys

from .arguments import atoi
from .spelling import hint
from .variables import is_false, is_true

__all__ = ["as_milliseconds", "as_number", "as_seconds", "wrong_value"]

#: Variables that are read as numbers (atoi, strtol or switch_atoui of them in FreeSWITCH's code).
NUMBERS = frozenset(
    """
    fifo_chime_freq fifo_priority max_forwards originate_retries valet_ext_max valet_ext_min
    valet_ext_to
    """.split()
)
#: ... of milliseconds.
MILLISECONDS = frozenset(
    """
    answer_delay bind_digit_digit_timeout bind_digit_input_timeout group_confirm_read_timeout
    originate_retry_min_period_ms originate_retry_sleep_ms playback_sleep_val
    record_initial_timeout_ms
    """.split()
)
#: ... of seconds.
SECONDS = frozenset(
    """
    fifo_consumer_wrapup_time fifo_timeout group_confirm_timeout leg_delay_start mutex_timeout
    originate_delay_start originate_retry_timeout park_timeout playback_timeout_sec
    playback_timeout_sec_cumulative record_min_sec valet_parking_timeout
    """.split()
)
#: Seconds to ring for; an hour is more than anybody waits, and what is greater is milliseconds.
RINGING = frozenset(
    """
    call_timeout leg_progress_timeout leg_timeout originate_timeout progress_timeout
    """.split()
)
LONGEST_RINGING = 3600
#: Variables that are true or not (switch_true, switch_channel_var_true).
BOOLEANS = frozenset(
    """
    app_disable_expand_variables bridge_filter_dtmf eavesdrop_enable_dtmf
    fifo_caller_exit_to_orbit fire_asr_events hangup_after_bridge ignore_ring_ready
    intercept_unanswered_only intercept_unbridged_only leg_required local_var_clobber
    originate_continue_on_timeout origination_nested_vars park_after_bridge
    play_and_detect_speech_close_asr playback_timeout_as_success record_restart_limit_on_dtmf
    record_toggle_on_repeat ring_ready sleep_eat_digits socket_resume
    uuid_bridge_continue_on_cancel uuid_bridge_park_on_cancel valet_announce_slot
    """.split()
)
#: Variables that have words of their own beside true and false.
WORDS = {"ignore_early_media": ("ring_ready", "consume")}
#: Variables that list hangup causes, by name or number, or are true.
CAUSES = frozenset("continue_on_fail fail_on_single_reject failure_causes transfer_on_fail".split())
#: Variables that are a key, or several.
KEYS = frozenset(
    """
    attxfer_cancel_key attxfer_conf_key attxfer_hangup_key bda_terminators bind_meta_key
    bridge_terminate_key fifo_caller_exit_key fifo_consumer_exit_key fifo_consumer_wrapup_key
    origination_cancel_key playback_terminators valet_parking_orbit_exit_key
    """.split()
)
#: Nobody waits for so few milliseconds, nor for so many seconds.
MINUTE = 60
DAY = 86_400


def as_number(text: str) -> str:
    """Why a text is no number to FreeSWITCH, in words; "" if it is one."""
    if re.fullmatch(r"\s*[+-]?\d+\s*", text):
        return ""
    return f"{text!r} is no whole number, and is read as {atoi(text)}"


def as_seconds(text: str) -> str:
    """Why a text is no number of seconds; "" if it may be one."""
    why, number = as_number(text), atoi(text)
    if why or number < 5000:
        return why
    thousands = number % 1000 == 0 and number % 3600 != 0
    if not thousands and number <= DAY:
        return ""
    return f"it counts seconds, and {number} are {number / 3600:.1f} hours"


def as_milliseconds(text: str) -> str:
    """Why a text is no number of milliseconds to wait for somebody; "" if it may be one."""
    why, number = as_number(text), atoi(text)
    if why or not 0 < number <= MINUTE:
        return why
    return f"it counts milliseconds, and {number} are {number / 1000:g} s"


def wrong_value(name: str, value: str) -> str:
    """Why FreeSWITCH can't use a variable's value; "" if it can. ``name`` is in lower case."""
    if name in NUMBERS:
        return as_number(value)
    if name in MILLISECONDS:
        return as_number(value)
    if name in SECONDS:
        return as_seconds(value.partition(":")[0])  # park_timeout=30:NO_ANSWER
    if name in RINGING:
        number = atoi(value)
        hours = f"it counts seconds, and {value} are {number / 3600:.1f} hours"
        return as_number(value) or (hours if number > LONGEST_RINGING else "")
    if name in CAUSES:
        return _wrong_cause(value)
    if name in KEYS:
        keys = are_keys(value) or value.lower() in ("any", "none")
        return "" if keys else f"{value!r} are not keys of a telephone, as in 1 or *#"
    words = WORDS.get(name, ())
    if name not in BOOLEANS and not words:
        return ""
    if is_true(value) or is_false(value) or value.lower() in words:
        return ""
    known = ("true", "false", *words)
    neither = "is neither true nor false" if not words else f"is none of {', '.join(known)}"
    return f"it {neither}{hint(value, known)}"


def _wrong_cause(value: str) -> str:
    """Why a list names a cause that FreeSWITCH does not have; "" if it names none such."""
    listed = value.split(" ")[0]  # the extension of transfer_on_fail follows
    for each in filter(None, (word.strip() for word in listed.split(","))):
        known = each.upper() in HangupCause.__members__ or each.isdigit()
        if not (known or is_true(each) or is_false(each)):
            return f"{each} is no hangup cause{hint(each, HangupCause.__members__)}"
    return ""

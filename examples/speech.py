"""Ask the caller what they call about, and connect them to that department.

"Please state your name and the reason for your call": whoever says "billing", "sales" or "support"
is connected there. A caller who says nothing, or something else, is asked again, and after three
tries is connected to the operator, as is one who presses 0 instead. If nobody takes the call,
the caller hears "I'm sorry", and it ends.

It needs a recognizer in FreeSWITCH, here mod_vosk, and the phrases in its grammar.

python examples/speech.py                      # serve it to FreeSWITCH
eslsync call --script examples/speech.call.yaml
"""

from eslsync import Channel, Outbound, Session

ENGINE, GRAMMAR = "vosk", "departments"
#: In milliseconds, from the end of the question.
TIMES = {"start-input-timers": False, "no-input-timeout": 4000}
TRIES = 3
DEPARTMENTS = {"billing": "user/1001", "sales": "user/1002", "support": "user/1003"}
OPERATOR_KEY, OPERATOR = "0", "user/1000"
RING_SECONDS = 20


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    phone = DEPARTMENTS.get(ask_for_department(channel), OPERATOR)
    channel.playback("ivr/ivr-hold_connect_call")
    if not channel.bridge(phone, ring_timeout=RING_SECONDS).answered:
        channel.playback("ivr/ivr-im_sorry")
    channel.hangup()


def ask_for_department(channel: Channel) -> str:
    """Return what the caller said, or "" if they press 0 or say nothing useful."""
    for _ in range(TRIES):
        speech = channel.play_and_detect_speech(
            "ivr/ivr-please_state_your_name_and_reason_for_calling",
            ENGINE,
            GRAMMAR,
            parameters=TIMES,
            terminators=OPERATOR_KEY,
        )
        if speech in DEPARTMENTS or speech.terminator == OPERATOR_KEY:
            return str(speech)
        if not speech.timed_out:
            channel.playback("ivr/ivr-im_sorry")
        channel.playback("ivr/ivr-please_try_again")
    return ""


if __name__ == "__main__":
    Outbound(handler, "127.0.0.1", 5000).start()

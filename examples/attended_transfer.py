"""An operator, and transfer with consultation.

The caller is connected to the operator and says what the call is about. The operator dials a
three-digit extension and hangs up. The caller hears music while that phone rings. Whoever picks it
up hears "you have a call from ..." and the number, and presses 1 to accept the call or 2 to decline
it. The caller is then connected, or hears that the person is not available and returns to the
operator.

FreeSWITCH's own application for this is `att_xfer`, for an operator who stays on the line, speaks
to the other party, and connects the two by hanging up. It needs no program and tells a program
little. Here the program asks, and knows the answer.

python examples/attended_transfer.py                          # serve it to FreeSWITCH
eslsync call --script examples/attended_transfer.call.yaml    # or call it, without FreeSWITCH
"""

from eslsync import Channel, CommandError, Hangup, Outbound, Session

OPERATOR = "user/1000"
EXTENSION_LENGTH = 3
RING_SECONDS = 20.0
MUSIC = "local_stream://moh"
ACCEPT_KEY = "1"


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    while extension := speak_to_operator(session):
        music = channel.playback(MUSIC, block=False)
        callee = consult(session, f"user/{extension}")
        music.stop()
        if callee is not None and channel.bridge(callee).answered:
            break
        channel.playback("voicemail/vm-not_available_no_voicemail")
    channel.hangup()


def speak_to_operator(session: Session) -> str:
    """Return the extension that the operator dialled, or ""."""
    channel = session.channel
    music = channel.playback(MUSIC, block=False)
    operator = call(session, OPERATOR)
    music.stop()
    if operator is None:
        channel.playback("voicemail/vm-not_available_no_voicemail")
        return ""
    dialled: list[str] = []

    @operator.on_dtmf()
    def dial(digit: str) -> None:
        dialled.append(digit)

    spoke = channel.bridge(operator)  # until one of them hangs up
    if not spoke.answered:  # the operator was gone by then
        channel.playback("voicemail/vm-not_available_no_voicemail")
    return "".join(dialled[:EXTENSION_LENGTH])


def consult(session: Session, dial_string: str) -> Channel | None:
    """Call somebody and ask; return their channel if they accept the call."""
    callee = call(session, dial_string)
    if callee is None:
        return None
    try:
        callee.playback("ivr/ivr-call_from")
        number = session.caller_number
        if number.isdecimal():
            callee.say(number, "telephone_number", "iterated")
        else:
            callee.playback("ivr/ivr-anonymous_caller")
        if callee.get_digits("ivr/ivr-accept_reject", timeout=10.0) == ACCEPT_KEY:
            return callee
        callee.hangup()
    except Hangup:
        if not session.channel.is_up:
            raise  # the caller hung up
    return None


def call(session: Session, dial_string: str) -> Channel | None:
    number = session.caller_number
    try:
        return session.originate(dial_string, ring_timeout=RING_SECONDS, caller_id_number=number)
    except CommandError as error:  # busy, no answer, nobody there
        session.logger.info("%s: %s", dial_string, error.cause)
        return None


if __name__ == "__main__":
    Outbound(handler, "127.0.0.1", 5000).start()

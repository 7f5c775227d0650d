"""An IVR: a menu of four options, chosen by a key during or after the welcome prompt.

python examples/ivr.py                    # serve it to FreeSWITCH on 127.0.0.1 port 5000
eslsync call examples/ivr.py --press 1    # or call it, without FreeSWITCH
"""

from eslsync import Outbound, Session, TimeoutError


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()

    @channel.on_dtmf("1")
    def option1(digit: str) -> None:
        channel.playback("ivr/ivr-option-1")

    @channel.on_dtmf("2")
    def option2(digit: str) -> None:
        channel.playback("ivr/ivr-option-2")

    @channel.on_dtmf("3")
    def option3(digit: str) -> None:
        channel.playback("ivr/ivr-option-3")

    @channel.on_dtmf("4")
    def option4(digit: str) -> None:
        channel.playback("ivr/ivr-option-4")

    channel.playback("ivr/ivr-welcome")
    try:
        channel.wait("DTMF", timeout=10.0)  # the option has been played by then
    except TimeoutError:
        channel.playback("ivr/ivr-timeout")
    channel.hangup()


if __name__ == "__main__":
    Outbound(handler, "127.0.0.1", 5000).start()

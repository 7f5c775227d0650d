"""The smallest call: answer, play a prompt, hang up.

python examples/basic.py        # serve it to FreeSWITCH on 127.0.0.1 port 5000
eslsync call examples/basic.py  # or call it, without FreeSWITCH
"""

from eslsync import Outbound, Session


def handler(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("ivr/ivr-welcome")
    session.channel.hangup()


if __name__ == "__main__":
    Outbound(handler, "127.0.0.1", 5000).start()

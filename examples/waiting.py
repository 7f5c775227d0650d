"""A queue: callers hear music while they wait for an agent, and their position every 20 seconds.

The caller hears "your call will be answered in the order it was received", then music, and every
20 seconds "you are number 2 in line". A caller who presses 1 leaves and will be called back. The
first in line is connected as soon as an agent is free. If that agent is busy or doesn't answer, the
caller hears music again, and another try follows 10 seconds later.

FreeSWITCH has its own queue, mod_fifo: ``channel.fifo("support")`` is all that a caller needs
there, and ``channel.fifo("support", "out")`` all that an agent needs. Write the queue in Python if
your program decides who is next, or must know who is waiting.

python examples/waiting.py                    # serve it to FreeSWITCH on 127.0.0.1 port 5000
eslsync call examples/waiting.py --press 1    # or call it, without FreeSWITCH
"""

import time
from collections import deque
from threading import Lock

from eslsync import Outbound, Session, TimeoutError

AGENTS = ("user/1000",)
RING_SECONDS = 15.0
RETRY_SECONDS = 10.0
ANNOUNCE_SECONDS = 20.0
#: Seconds between a caller's looks whether it is their turn.
LOOK_SECONDS = 1.0
CALL_BACK_KEY = "1"
MUSIC = "local_stream://moh"


class Line:
    """The waiting callers and the free agents, shared by the threads of all calls.

    The lock is held for a moment only. No thread waits for its turn in here, because it would not
    notice its caller's hangup.
    """

    def __init__(self, agents: tuple[str, ...]) -> None:
        self.to_call_back: list[str] = []
        self._lock = Lock()
        self._waiting: deque[str] = deque()
        self._free = deque(agents)

    def join(self, uuid: str) -> None:
        with self._lock:
            self._waiting.append(uuid)

    def leave(self, uuid: str) -> None:
        with self._lock:
            if uuid in self._waiting:
                self._waiting.remove(uuid)

    def position(self, uuid: str) -> int:
        with self._lock:
            return self._waiting.index(uuid) + 1

    def take_agent(self, uuid: str) -> str | None:
        """Return an agent for this caller if they are first in line and one is free."""
        with self._lock:
            return self._free.popleft() if self._free and self._waiting[0] == uuid else None

    def give_agent_back(self, agent: str) -> None:
        with self._lock:
            self._free.append(agent)


line = Line(AGENTS)


def handler(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.playback("ivr/ivr-call_answered_order_received")
    line.join(session.uuid)
    try:
        wait_in_line(session)
    finally:  # a caller who is gone must not block the line
        line.leave(session.uuid)
    channel.hangup()


def wait_in_line(session: Session) -> None:
    channel = session.channel
    music = channel.playback(MUSIC, block=False)
    announce_at = time.monotonic() + ANNOUNCE_SECONDS
    try_at = time.monotonic()
    while True:
        agent = line.take_agent(session.uuid) if time.monotonic() >= try_at else None
        if agent is not None:
            try:
                music.stop()
                if channel.bridge(agent, ring_timeout=RING_SECONDS).answered:
                    return
            finally:
                line.give_agent_back(agent)
            try_at = time.monotonic() + RETRY_SECONDS
        elif time.monotonic() >= announce_at:
            announce_at = time.monotonic() + ANNOUNCE_SECONDS
            announce(session)  # nested in the music, which pauses
        if music.done:  # stopped for the agent, or the file has ended
            music = channel.playback(MUSIC, block=False)
        try:
            digit = channel.wait("DTMF", timeout=LOOK_SECONDS).digit
        except TimeoutError:
            continue
        if digit == CALL_BACK_KEY:
            line.to_call_back.append(session.caller_number)
            music.stop()
            channel.playback("ivr/ivr-we_will_return_your_call_at_this_number")
            return


def announce(session: Session) -> None:
    channel = session.channel
    channel.playback("ivr/ivr-you_are_number")
    channel.say(str(line.position(session.uuid)))
    channel.playback("ivr/ivr-in_line")
    channel.playback("ivr/ivr-if_you_would_like_us_to_call_back")
    channel.say(CALL_BACK_KEY)


if __name__ == "__main__":
    Outbound(handler, "127.0.0.1", 5000).start()

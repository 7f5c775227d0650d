"""A handler that does a bit of everything and looks at everything it is given."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from eslsync import Event, Hangup, Session, TimeoutError
from eslsync.protocol import Message

Step = Callable[[Session], object]

FAR_END = "00000000-0000-4000-8000-000000000001"


def look_at(message: Message) -> None:
    """Read every header, and everything that is decoded from them."""
    for name, value in message.items():
        assert isinstance(value, str), name
    for name in ("Unique-ID", next(iter(message), "")):
        assert (name in message) == (message.get(name) is not None)
    message.get_all("variable_push")
    repr(message)
    assert isinstance(message.body, str)
    if isinstance(message, Event):
        assert isinstance(message.name, str)
        assert isinstance(message.has_variables, bool)
        dict(message.variables)
        assert message.duration is None or message.duration >= 0
        assert message.billsec is None or message.billsec >= 0
        for kept in (message.channel_state, message.call_state, message.answer_state):
            assert kept is None or isinstance(kept, str)
        for kept in (message.hangup_cause, message.dtmf_source, message.digit):
            assert kept is None or isinstance(kept, str)


def until_digit(session: Session) -> None:
    try:
        session.channel.wait("DTMF", timeout=3.0)
    except TimeoutError:
        pass


def one_of_several(session: Session) -> None:
    try:
        session.wait(["CHANNEL_EXECUTE", "DTMF", "CUSTOM a::b"], timeout=1.0)
    except RuntimeError:
        pass  # a switch that says nothing of `full`: no CUSTOM event would come


def in_background(session: Session) -> None:
    session.bgapi("status").wait()


def stopped(session: Session) -> None:
    try:
        session.channel.playback("b.wav", terminators="", block=False).stop()
    except RuntimeError:
        pass  # what a callback plays runs inside it


def type_ahead(session: Session) -> None:
    try:
        session.channel.get_digits("d.wav", max=2, timeout=2.0)
    except RuntimeError:
        pass  # a sync socket


def another_leg(session: Session) -> None:
    leg = session.leg(FAR_END)
    look_at(leg.leg.latest)
    leg.playback("c.wav")


STEPS: list[Step] = [
    lambda session: session.channel.answer(),
    lambda session: session.channel.playback("a.wav"),
    lambda session: session.channel.playback("a.wav", terminators="12#"),
    lambda session: session.channel.play_and_get_digits("d.wav", min=1, max=4),
    lambda session: session.channel.read("d.wav", max=3),
    lambda session: session.channel.record("e.wav", terminators="#"),
    lambda session: session.channel.bridge("user/1001"),
    lambda session: session.channel.sleep(1.0),
    lambda session: session.channel.set("name", "value"),
    lambda session: session.channel.get_variable("name"),
    lambda session: session.channel.flush_digits(),
    lambda session: session.api("status"),
    lambda session: session.getvar("name"),
    lambda session: session.originate("user/1002", timeout=20.0),
    one_of_several,
    lambda session: session.wait(lambda event: event.name == "HEARTBEAT", timeout=1.0),
    until_digit,
    in_background,
    stopped,
    type_ahead,
    another_leg,
]

LAST: list[Step] = [
    lambda session: session.channel.hangup(),
    lambda session: list(session.events()),
    lambda session: session.channel.wait("CHANNEL_HANGUP_COMPLETE"),
    lambda session: session.exit(),
    lambda session: None,
]


def handler(session: Session, chance: Random) -> None:
    """Do some of it, in some order."""
    channel = session.channel
    look_at(session.context)
    session.on("ALL", look_at)

    @channel.on_dtmf()
    def pressed(digit: str) -> None:
        on_its_way = channel.playback("f.wav", block=False)
        if chance.random() < 0.5:
            on_its_way.wait()

    @session.on_hangup
    def over(hangup: Hangup) -> None:
        if hangup.event is not None:
            look_at(hangup.event)

    for step in chance.sample(STEPS, chance.randint(0, 8)):
        try:
            step(session)
        except TimeoutError:
            pass
    chance.choice(LAST)(session)

"""Observers never hurt a call, whatever they do."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import pytest

from eslsync import Outbound, Session
from eslsync.observers import End, ObservedCall, Observer
from eslsync.serving import observing
from simulator import FreeSwitch
from tests.support.peer import PATIENCE
from tests.support.servers import messages, nothing


def test_what_an_observer_raises_is_logged_once_a_method_and_the_next_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[str] = []

    class Fails(Observer):
        def taken(self, call: ObservedCall, at: float) -> None:
            raise ValueError("no room")

    class Second(Observer):
        def taken(self, call: ObservedCall, at: float) -> None:
            told.append(call.destination)

    with FreeSwitch() as switch:
        app = Outbound(nothing, observers=[Fails(), Second()])
        for destination in ("5000", "5001"):
            switch.call(app, destination=destination).wait()
    assert told == ["5000", "5001"]
    errors = messages(caplog, logging.ERROR)
    assert errors == ["an observer has failed, and the call goes on: Fails.taken"]


current: ContextVar[str] = ContextVar("current", default="nothing")


class Around(Observer):
    """Sets a context variable around the handler."""

    def __init__(self, fails: str = "") -> None:
        self.fails = fails
        self.saw: list[Any] = []

    @contextmanager
    def around(self, call: ObservedCall) -> Iterator[None]:
        if self.fails == "enter":
            raise ValueError("enter")
        token = current.set(call.uuid)
        try:
            yield
        except BaseException as error:
            self.saw.append(error)
            if self.fails != "swallow":
                raise
        finally:
            current.reset(token)
            if self.fails == "exit":
                raise ValueError("exit")

    def handling(self, call: ObservedCall) -> Any:
        return self.around(call)


def test_the_handler_and_its_callbacks_run_inside_of_what_handling_returns() -> None:
    seen: list[str] = []

    def handler(session: Session) -> None:
        session.on("CHANNEL_ANSWER", lambda event: seen.append(current.get()))
        session.channel.answer()
        seen.append(current.get())

    with FreeSwitch() as switch:
        call = switch.call(Outbound(handler, observers=[Around()]))
        call.wait()
    assert seen == [call.uuid, call.uuid]


@pytest.mark.parametrize("fails", ["enter", "exit", "swallow"])
def test_handling_can_neither_stop_a_handler_nor_swallow_its_exception(fails: str) -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        raise KeyError("the handler's own")

    around = Around(fails)
    with FreeSwitch(raises=False) as switch:
        call = switch.call(Outbound(handler, observers=[around]))
        call.wait()
    assert isinstance(call.error, KeyError)
    assert [type(each) for each in around.saw] == ([] if fails == "enter" else [KeyError])


def test_a_stuck_observer_costs_no_call_and_what_it_misses_is_counted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(observing, "PENDING", 3)
    monkeypatch.setattr(observing, "STOP_TIMEOUT", 0.0)
    stuck, go_on, told = threading.Event(), threading.Event(), []

    class Stuck(Observer):
        def taken(self, call: ObservedCall, at: float) -> None:
            stuck.set()
            assert go_on.wait(PATIENCE)

        def digit(self, call: ObservedCall, at: float) -> None:
            told.append("digit")

        def ended(self, call: ObservedCall, how: str, at: float) -> None:
            told.append(how)

    observers = observing.Observers([Stuck()], Outbound(nothing).clock, "observers of a test")
    observers.tell("taken", None, 0.0)
    assert stuck.wait(PATIENCE)
    for _ in range(5):
        observers.tell("digit", None, 0.0)  # none of these waits
    observers.tell("ended", None, "returned", 0.0)  # told however many wait
    observers.stop()
    go_on.set()
    thread = next(each for each in threading.enumerate() if each.name == "observers of a test")
    thread.join(PATIENCE)
    assert told == ["digit"] * 3 + ["returned"]
    assert messages(caplog, logging.WARNING) == [
        "observers are too slow: 3 moments wait, and further ones are dropped",
        "stop: an observer is stuck, and left behind with 5 moments",
        "observers were not told of 2 moments",
    ]


def test_a_server_tells_its_observers_of_all_before_stop_returns() -> None:
    told: list[str] = []

    class Sees(Observer):
        def taken(self, call: ObservedCall, at: float) -> None:
            told.append(threading.current_thread().name)

        def ended(self, call: ObservedCall, how: str, at: float) -> None:
            told.append(how)

    with Outbound(nothing, port=0, observers=[Sees()]) as app, FreeSwitch(real_time=True) as switch:
        switch.dial(f"127.0.0.1:{app.port}").wait()
    assert told == [f"eslsync-observers-{app.port}", "returned"]


def test_observers_are_observers() -> None:
    with pytest.raises(TypeError, match="must be an Observer, not the class Observer"):
        Outbound(nothing, observers=[Observer])  # type: ignore[list-item]


@pytest.mark.parametrize("raised", [SystemExit, KeyboardInterrupt])
def test_an_observer_that_exits_ends_nothing(
    raised: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []

    class Exits(Observer):
        def handling(self, call: ObservedCall) -> None:
            raise raised

        def taken(self, call: ObservedCall, at: float) -> None:
            raise raised

        def ended(self, call: ObservedCall, how: End, at: float) -> None:
            told.append(how)

    app = Outbound(nothing, port=0, observers=[Exits()])
    with app, FreeSwitch(real_time=True) as switch:
        switch.dial(f"127.0.0.1:{app.port}").wait()
    assert told == ["returned"]
    what = "an observer has failed, and the call goes on: Exits."
    assert set(messages(caplog, logging.ERROR)) == {what + "taken", what + "handling"}


def test_an_observer_may_stop_the_server(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []

    class Stops(Observer):
        def ended(self, call: ObservedCall, how: End, at: float) -> None:
            assert app.stop() == ()
            told.append(how)

    app = Outbound(nothing, port=0, observers=[Stops()])
    with app, FreeSwitch(real_time=True) as switch:
        switch.dial(f"127.0.0.1:{app.port}").wait()
    assert told == ["returned"]
    assert not messages(caplog, logging.ERROR)


@pytest.mark.parametrize("raised", [ValueError, SystemExit])
def test_start_raises_what_an_observer_does_when_it_is_asked(raised: type[BaseException]) -> None:
    class Fails(Observer):
        def observes(self) -> bool:
            raise raised

    app = Outbound(nothing, port=0, observers=[Fails()])
    with pytest.raises(raised):
        app.start(block=False)
    assert not app.ready

"""What goes wrong beside a handler."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest

from eslsync import Hangup, Session
from simulator import FreeSwitch


def handler_with_thread(work: Callable[[], object]) -> Callable[[Session], None]:
    def handler(session: Session) -> None:
        session.channel.answer()
        thread = threading.Thread(target=work, name="mailer")
        thread.start()
        thread.join()
        session.channel.playback("welcome")
        session.channel.hangup()

    return handler


def divide() -> None:
    _ = 1 / 0


def test_an_exception_in_a_thread_fails_the_test() -> None:
    with pytest.raises(ZeroDivisionError), FreeSwitch() as switch:
        switch.call(handler_with_thread(divide)).wait()


def test_without_raises_the_call_has_it_and_the_ladder_says_who() -> None:
    hook, make = threading.excepthook, logging.getLogRecordFactory()
    with FreeSwitch(raises=False) as switch:
        call = switch.call(handler_with_thread(divide))
        call.wait()
    assert isinstance(call.error, ZeroDivisionError)
    assert call.outcome is None
    assert "mailer raises ZeroDivisionError: division by zero" in str(call.transcript)
    assert (threading.excepthook, logging.getLogRecordFactory()) == (hook, make)


def test_a_thread_may_end_with_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang_up() -> None:
        raise Hangup

    told: list[object] = []
    monkeypatch.setattr(threading, "excepthook", told.append)
    with FreeSwitch() as switch:
        switch.call(handler_with_thread(hang_up)).wait()
    assert len(told) == 1


def test_an_error_that_a_handler_logs_is_told_in_its_call() -> None:
    def handler(session: Session) -> None:
        session.channel.answer()
        try:
            divide()
        except ArithmeticError:
            session.logger.exception("can't divide")
        session.logger.warning("never mind")
        session.channel.hangup()

    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.wait()
        logging.getLogger("elsewhere").error("not of a call")
    told = [entry.text for entry in call.transcript.entries if "logs" in entry.text]
    assert told == ["logs ERROR: can't divide (ZeroDivisionError: division by zero)"]

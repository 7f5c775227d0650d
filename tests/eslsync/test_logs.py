"""What a program's logging filter raises costs no call."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest

from eslsync import Disconnected, Hangup, Outbound, Session
from simulator import FreeSwitch
from tests.support.peer import Watched
from tests.support.servers import Beside, dialled, refused, until


class Failing(logging.Filter):
    """Raises at messages that begin so."""

    def __init__(self, beginning: str, error: BaseException) -> None:
        super().__init__()
        self._beginning, self._error = beginning, error

    def filter(self, record: logging.LogRecord) -> bool:
        if record.getMessage().startswith(self._beginning):
            raise self._error
        return True


@pytest.mark.parametrize("error", [KeyError("request_id"), SystemExit(1)])
@pytest.mark.parametrize("beginning", ["stopping", "stop: the call is cut", "full:"])
def test_a_filter_that_raises_costs_no_call(
    beginning: str, error: BaseException, capfd: pytest.CaptureFixture[str]
) -> None:
    def handler(session: Session) -> None:
        with pytest.raises(Disconnected):
            session.wait("DTMF")
        cleaned_up.append(session.uuid)

    cleaned_up: list[str] = []
    app = Outbound(handler, port=0, max_calls=1, when_full="close", clock=Watched())
    logger, failing = logging.getLogger("eslsync"), Failing(beginning, error)
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addFilter(failing)
    try:
        app.start(block=False)
        with dialled(app) as peer:
            peer.handshake()
            peer.settle()
            until(lambda: refused(app))  # it is full
            stopping = Beside(lambda: app.stop(0))
            peer.run("set")
            assert peer.hear_end() == []
            peer.end()
            stopping.join()
    finally:
        logger.removeFilter(failing)
        logger.setLevel(level)
        app.stop(0)
    assert cleaned_up == [peer.uuid]
    assert type(error).__name__ in capfd.readouterr().err


@pytest.fixture
def failing() -> Iterator[Callable[[str], None]]:
    """Adds a filter that raises at messages which begin so."""
    logger, level = logging.getLogger("eslsync"), logging.getLogger("eslsync").level
    logger.setLevel(logging.DEBUG)
    filters: list[Failing] = []

    def add(beginning: str) -> None:
        filters.append(Failing(beginning, KeyError("request_id")))
        logger.addFilter(filters[0])

    yield add
    logger.setLevel(level)
    for each in filters:
        logger.removeFilter(each)


@pytest.mark.parametrize("beginning", ["call from", "the call ended", "the handler", "mine"])
def test_a_filter_that_raises_in_a_calls_thread_skips_nothing_of_the_call(
    beginning: str, failing: Callable[[str], None], capfd: pytest.CaptureFixture[str]
) -> None:
    done: list[str] = []

    def handler(session: Session) -> None:
        @session.on_hangup
        def bill(hangup: Hangup) -> None:
            done.append(str(hangup.cause))

        session.logger.info("mine, %s", "logged in the handler", extra={"order": 1})
        done.append("handler")
        session.channel.execute("hangup", block=False)
        raise ValueError("mine")

    failing(beginning)
    with pytest.raises(ValueError, match="mine"), FreeSwitch() as switch:
        switch.call(handler).wait()
    assert done == ["handler", "NORMAL_CLEARING"]
    assert "request_id" in capfd.readouterr().err


def test_a_record_of_a_calls_logger_has_its_callers_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "eslsync")

    def handler(session: Session) -> None:
        session.logger.info("here")
        session.logger.log(logging.INFO, "here", stacklevel=1)

    with FreeSwitch() as switch:
        switch.call(handler).wait()
    records = [each for each in caplog.records if each.getMessage() == "here"]
    assert [(each.filename, each.funcName) for each in records] == [("test_logs.py", "handler")] * 2
    assert all(each.uuid for each in records)  # type: ignore[attr-defined]

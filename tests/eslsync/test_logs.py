"""Log records of a call: whose they are; and what a program's filter raises costs no call."""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from eslsync import Disconnected, Event, Hangup, Outbound, Session
from eslsync.logs import FACTS, CallFilter
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


@pytest.fixture
def records() -> Iterator[list[logging.LogRecord]]:
    """What a program's own handler with a `CallFilter` gets."""
    found: list[logging.LogRecord] = []

    class Keeps(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record)

    keeps = Keeps()
    keeps.addFilter(CallFilter())
    loggers = [logging.getLogger(name) for name in ("ivr", "eslsync")]
    for each in loggers:
        each.addHandler(keeps)
        each.setLevel(logging.INFO)
    yield found
    for each in loggers:
        each.removeHandler(keeps)
        each.setLevel(logging.NOTSET)


def facts(record: logging.LogRecord) -> tuple[str, ...]:
    return tuple(getattr(record, name) for name in FACTS)


def test_every_record_of_a_calls_thread_says_whose_it_is(records: list[logging.LogRecord]) -> None:
    log = logging.getLogger("ivr")

    def handler(session: Session) -> None:
        log.info("in the handler")

        @session.on("CHANNEL_ANSWER")
        def answered(event: Event) -> None:
            log.info("in a callback")

        @session.on_hangup
        def bill(hangup: Hangup) -> None:
            log.info("at the hangup", extra={"uuid": "an order's"})

        session.channel.answer()
        session.logger.info("the library's logger", extra={"order": 17})
        with ThreadPoolExecutor(1) as pool:
            pool.submit(contextvars.copy_context().run, log.info, "in a copy").result()
            pool.submit(log.info, "elsewhere").result()
        session.channel.hangup()

    with FreeSwitch() as switch:
        for caller in ("1001", "1002"):
            switch.call(handler, caller=caller, destination="5000").wait()
            log.info("in the test")
    told: dict[str, list[tuple[str, ...]]] = {}
    for record in records:
        told.setdefault(record.getMessage(), []).append(facts(record))
    both = [(told["in the handler"][i][0], f"100{i + 1}", "5000") for i in (0, 1)]
    assert both[0][0]
    for message in ("in the handler", "in a callback", "the library's logger", "in a copy"):
        assert told[message] == both
    assert told["at the hangup"] == [("an order's", *each[1:]) for each in both]
    assert told["elsewhere"] == told["in the test"] == [("", "", "")] * 2
    orders = [getattr(each, "order", None) for each in records if each.name == "eslsync"]
    assert orders.count(17) == 2


def test_what_redact_hides_is_hidden_in_records(records: list[logging.LogRecord]) -> None:
    def handler(session: Session) -> None:
        logging.getLogger("ivr").info("here")

    with FreeSwitch() as switch:
        app = Outbound(handler, redact=["Caller-Caller-ID-Number"])
        switch.call(app, caller="15550199").wait()
    [record] = [each for each in records if each.name == "ivr"]
    assert facts(record)[1:] == ("***", "5000")
    assert not [each for each in records if "15550199" in str(vars(each))]

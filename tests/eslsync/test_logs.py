"""What a program's logging filter raises costs no call."""

from __future__ import annotations

import logging

import pytest

from eslsync import Disconnected, Outbound, Session
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

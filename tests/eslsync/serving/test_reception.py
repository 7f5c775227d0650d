"""Which connections become calls, and what it costs if one does not."""

from __future__ import annotations

import logging

import pytest

from eslsync import Session
from eslsync.call import connection, handover
from tests.support.peer import call, event, quiet_call, reply
from tests.support.servers import dialled, messages, nothing, serving


def test_a_health_check_logs_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "eslsync")
    with serving(nothing) as app, dialled(app) as peer:
        peer.end()
        assert [command.line for command in peer.hear_end()] in ([], ["connect"])
    assert messages(caplog, logging.INFO) == [
        f"listening on 127.0.0.1 port {app.port}",
        "stopping; calls that are up: 0",
    ]
    assert any("was no call" in each for each in messages(caplog, logging.DEBUG))


def test_a_health_check_that_resets_logs_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "eslsync")
    with serving(nothing) as app, dialled(app) as peer:
        peer.reset()
    assert messages(caplog, logging.WARNING) == []


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        reply("+OK"),
        reply("-ERR"),
        reply("+OK") * 2,
        b"Event-Name: CHANNEL_DATA\nUnique-ID: a%0A%0Aexit\nContent-Type: command/reply\n\n",
        b"Event-Name: CHANNEL_DATA\nUnique-ID: a\nEvent-Sequence: 1%0Aexit\n"
        b"Content-Type: command/reply\n\n",
        b"Event-Name: CHANNEL_DATA\nContent-Type: command/reply\n\n",
        event({"Event-Name": "DTMF", "Unique-ID": "", "DTMF-Digit": "1"}) + reply("+OK"),
        event({"Event-Name": "CHANNEL_HANGUP"}) + reply("+OK"),
        b"Content-Type: text/rude-rejection\n\nContent-Type: bogus\n\n",
        b"\0" * 100 + b"\n\n",
    ],
)
def test_a_peer_that_is_no_switch_costs_one_line_in_the_log(
    said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(nothing) as app, dialled(app) as peer:
        peer.hear("connect")
        peer.say(said)
        peer.hear_end()
    [record] = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert "was no call" in record.getMessage()
    assert record.exc_info is None


def test_a_silent_peer_is_dropped_after_a_while(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(handover, "HANDSHAKE_TIMEOUT", 0.01)
    monkeypatch.setattr(connection, "CLOSE_TIMEOUT", 0.01)  # it says nothing of its end, either
    with serving(nothing) as app, dialled(app) as peer:
        peer.hear("connect")
        peer.hear_end()
    assert "no reply to 'connect' within 0.01 s" in messages(caplog, logging.WARNING)[0]


def test_a_hangup_before_the_handler_begins_is_a_normal_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "eslsync")
    with call(nothing) as peer:
        peer.connect()
        peer.serve("linger 60")
        peer.serve(f"filter Unique-ID {peer.uuid}")
        peer.hear("event plain all")
        peer.say(peer.notice(lingers=False))
        peer.end()
    assert peer.returned is None
    assert not peer.ended.is_set()
    assert messages(caplog, logging.WARNING) == []


def test_a_handler_that_raises_is_logged_with_its_traceback_and_other_calls_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def handler(session: Session) -> None:
        if session.channel.wait("DTMF")["DTMF-Digit"] == "1":
            raise LookupError("a defect in the handler")
        session.channel.playback("x")

    with serving(handler) as app, dialled(app) as bad, dialled(app, name="03g") as good:
        bad.handshake()
        good.handshake()
        bad.say(bad.digit("1"))
        bad.run("set")
        bad.hear_end()
        good.say(good.digit("2"))
        good.run("playback")
        good.hear_end()
    [record] = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert record.getMessage() == "the handler failed"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], LookupError)
    assert vars(record)["uuid"] == bad.uuid


@pytest.mark.parametrize(
    "leave",
    [SystemExit, KeyboardInterrupt, GeneratorExit],
)
def test_sys_exit_in_a_handler_ends_only_its_call(
    leave: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    def handler(session: Session) -> None:
        raise leave

    with quiet_call(handler) as peer:
        peer.connect()
    assert "the handler failed" in messages(caplog)


def test_a_hangup_that_a_handler_does_not_catch_is_a_normal_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "eslsync")
    with call(lambda session: session.channel.playback("x")) as peer:
        peer.handshake()
        peer.execute("playback")
        peer.say(*peer.tail())
        assert peer.hear_end() == []
    assert messages(caplog, logging.WARNING) == []
    assert ": NORMAL_CLEARING; it ended the handler" in " ".join(messages(caplog))


def test_a_broken_connection_logs_a_warning_without_a_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with call(lambda session: session.channel.playback("x")) as peer:
        peer.handshake()
        peer.execute("playback")
        peer.reset()
    [record] = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert "the handler ended: the connection broke" in record.getMessage()
    assert record.exc_info is None

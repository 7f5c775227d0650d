"""Who may call, and what becomes of the others."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from eslsync import Outbound, Session
from eslsync.serving.access import LOOPBACK, Access
from eslsync.serving.connections import Connections
from tests.support.cases import for_each
from tests.support.peer import reply
from tests.support.servers import dialled, is_turned_away, messages, serving

ELSEWHERE = ["10.0.0.0/8"]


def nobody(session: Session) -> None:
    raise AssertionError("who may not call never comes here")


@for_each(
    ("allow", "host", "may_call"),
    [
        (LOOPBACK, "127.0.0.1", True),
        (LOOPBACK, "127.1.2.3", True),
        (LOOPBACK, "::1", True),
        (LOOPBACK, "::ffff:127.0.0.1", True),
        (LOOPBACK, "10.0.0.1", False),
        (LOOPBACK, "::2", False),
        (["10.0.0.0/8"], "10.255.0.1", True),
        (["10.0.0.0/8"], "::ffff:10.255.0.1", True),
        (["10.0.0.0/8"], "11.0.0.1", False),
        (["10.0.0.0/8"], "127.0.0.1", False),
        (["192.0.2.7", "2001:db8::/32"], "192.0.2.7", True),
        (["192.0.2.7", "2001:db8::/32"], "192.0.2.8", False),
        (["192.0.2.7", "2001:db8::/32"], "2001:db8::1", True),
        (["fe80::/10"], "fe80::1%eth0", True),
        ([], "127.0.0.1", False),
    ],
)
def test_the_networks_and_hosts_of_a_list_may_call(
    allow: list[str], host: str, may_call: bool
) -> None:
    assert Access(allow).permits((host, 12345)) is may_call


@for_each(
    ("allow", "error", "said"),
    [
        ("10.0.0.0/8", TypeError, "must be a list, not str: put it in brackets"),
        (["10.0.0.1/8"], ValueError, "host bits set"),
        (["switch.example.com"], ValueError, "write a network"),
        (["10.0.0.0/33"], ValueError, "write a network"),
        (["fe80::1%eth0"], ValueError, "leave out the scope"),
    ],
)
def test_an_invalid_network_is_refused(allow: list[str], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        Outbound(nobody, allow=allow)


def test_a_strangers_call_is_hung_up_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with serving(nobody, allow=ELSEWHERE) as app:
        for _ in range(3):
            with dialled(app, name="04a") as peer:
                is_turned_away(peer, "CALL_REJECTED")
    [told] = messages(caplog, logging.WARNING)
    assert "127.0.0.1" in told
    assert "its host is not among allow=['10.0.0.0/8']" in told


def test_a_stranger_that_has_hung_up_meanwhile_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with serving(nobody, allow=ELSEWHERE) as app, dialled(app, name="04a") as peer:
        peer.connect()
        peer.hear("sendmsg")
        peer.say(reply("-ERR invalid session id [x]"))
        peer.hear_end()
        peer.end()
    [told] = messages(caplog, logging.WARNING)
    assert "turned away" in told


def test_a_stranger_whose_switch_never_closes_is_dropped_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("eslsync.call.ending.GIVE_BACK_TIMEOUT", 0.01)
    monkeypatch.setattr("eslsync.call.connection.CLOSE_TIMEOUT", 0.01)
    with serving(nobody, allow=ELSEWHERE) as app, dialled(app, name="04a") as peer:
        peer.connect()
        peer.hear("sendmsg")
        peer.hear_end()


def test_too_many_strangers_at_once_are_just_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise they could keep everybody else out."""
    monkeypatch.setattr("eslsync.serving.connections.MAX_STRANGERS", 1)
    with serving(nobody, allow=ELSEWHERE) as app, dialled(app, name="04a") as peer:
        peer.hear("connect")
        with dialled(app) as other:
            assert other.hear_end() == []
        peer.say(peer.connect_reply)
        peer.serve("sendmsg")
        peer.say(peer.notice(lingers=False))
        peer.end()
        peer.hear_end()


def test_strangers_who_come_again_and_again_are_just_disconnected(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each call that is turned away takes a thread and some commands."""
    monkeypatch.setattr("eslsync.serving.connections.STRANGERS_A_SECOND", (3, 1000.0))
    with serving(nobody, allow=ELSEWHERE) as app:
        for time in range(6):
            with dialled(app, name="04a") as peer:
                if time < 3:
                    peer.hear("connect")
                    peer.end()
                assert peer.hear_end() == []
    [told] = [each for each in messages(caplog, logging.WARNING) if "too many" in each]
    assert "127.0.0.1" in told


def test_the_warnings_of_strangers_do_not_fill_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("eslsync.serving.connections.WARNINGS_A_MINUTE", (3, 1000.0))
    caplog.set_level(logging.DEBUG, "eslsync")
    connections = Connections(lambda: None)
    for host in range(10):
        connections.log_once(f"192.0.2.{host}", "why", "told of %d", host)
    assert len(messages(caplog, logging.WARNING)) == 3
    assert len(messages(caplog, logging.DEBUG)) == 10


def test_a_stranger_can_not_write_lines_of_its_own_into_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with serving(nobody, allow=ELSEWHERE) as app, dialled(app) as peer:
        peer.hear("connect")
        peer.say(b"Content-Type: command/reply\nReply-Text: -ERR x\nforged line\n\n")
        peer.end()
        peer.hear_end()
    assert not [each for each in messages(caplog) if "\n" in each]


def test_input_from_a_stranger_is_bounded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Parsing 16 MB of anything would take seconds, during which no other call is served."""
    with serving(nobody, allow=ELSEWHERE) as app, dialled(app) as peer:
        peer.hear("connect")
        peer.say(b"Content-Type: log/data\nContent-Length: 70000\n\n")
        peer.hear_end()
    [told] = messages(caplog, logging.WARNING)
    assert "a Content-Length of 70000, over 65536" in told


@pytest.mark.parametrize(
    ("host", "options", "warns"),
    [
        ("0.0.0.0", {}, True),
        ("0.0.0.0", {"allow": ELSEWHERE}, False),
        ("127.0.0.1", {}, False),
        ("::1", {}, False),
    ],
)
def test_a_server_that_listens_to_all_but_admits_nobody_is_warned(
    host: str, options: dict[str, Any], warns: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(nobody, host=host, **options):
        pass
    assert ("allow=" in " ".join(messages(caplog, logging.WARNING))) is warns
